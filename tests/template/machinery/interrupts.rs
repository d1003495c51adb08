//! Ctrl-C in tests. Their parent may ignore interrupts, as a script's background job does.

/// Lets an interrupt end this process and its later children.
#[cfg(unix)]
pub fn heed() {
    use std::ffi::c_int;
    unsafe extern "C" {
        fn signal(signal: c_int, handler: usize) -> usize;
    }
    const INTERRUPT: c_int = 2;
    const DEFAULT: usize = 0;
    // SAFETY: declared as in POSIX, where a handler is a pointer, and SIG_DFL a null one.
    let before = unsafe { signal(INTERRUPT, DEFAULT) };
    assert!(before != usize::MAX, "SIGINT cannot be heeded");
}

#[cfg(not(unix))]
pub fn heed() {}
