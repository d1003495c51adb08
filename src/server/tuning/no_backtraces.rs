//! To remove it: delete this file, and `mod no_backtraces;` in `src/server/tuning/mod.rs`.
//!
//! No backtraces in the static binary, which is stripped: they would name none of its functions,
//! and the code for them would be a quarter of it. The compiler sees here that walking the stack
//! finds nothing, and leaves out the code that prints it. The linker takes the first of several
//! definitions (`-z muldefs`), so the unwinder's own is not used. Panics unwind by other functions.

#![cfg(release_binary)]

use std::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK` [Itanium C++ ABI: Exception Handling, level I].
const END_OF_STACK: c_int = 5;

/// Calls `_trace` for no frame, and says that these were all: GCC's extension of that interface.
// SAFETY: it takes the place of the function of that name and signature, and does nothing.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}
