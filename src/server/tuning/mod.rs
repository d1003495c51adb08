//! What only makes the handler faster or smaller. The first comment of each says how to remove it.

pub mod allocator;
mod no_backtraces;
pub mod thread_priority;

/// Names the global allocator, for `src/main.rs`: a library must not.
#[doc(hidden)]
#[macro_export]
macro_rules! global_allocator {
    () => {
        $crate::allocator!();
    };
}
