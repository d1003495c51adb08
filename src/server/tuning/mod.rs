//! What only makes the handler faster or smaller. To remove one of these, delete its file and the
//! lines that the file's first comment names.

pub mod allocator;
mod no_backtraces;
pub mod thread_priority;

/// Names the global allocator. Only a binary may, for a library's users would get it unasked: see
/// `src/main.rs`.
#[doc(hidden)]
#[macro_export]
macro_rules! global_allocator {
    () => {
        $crate::allocator!();
    };
}
