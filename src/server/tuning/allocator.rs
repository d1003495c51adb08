//! To remove it: delete this file, and in `src/server/tuning/mod.rs` the lines `pub mod allocator;`
//! and `$crate::allocator!();`.
//!
//! The allocator on Linux: the system's, with a cache of freed blocks by size in front of it, at
//! most 7 MiB. That of musl has one lock for all threads, and tiny_http allocates on each
//! connection's thread: with 16 connections an order of 40 KiB took four times as long. No thread
//! waits here: one that finds a list in use goes to the system's allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::Mutex;

/// Blocks come in classes, each twice as large as the one before it: 16 bytes to 128 KiB.
const SMALLEST_BYTES: usize = 16;
const CLASSES: usize = 14;

/// From this class on, 512 bytes, blocks are aligned to 128 bytes instead of 16: the standard
/// library's channels ask for that, and tiny_http makes two per request.
const WIDE_CLASS: usize = 5;

/// The most that each class keeps, in bytes.
pub const KEPT_BYTES: usize = 512 * 1024;

#[doc(hidden)]
#[macro_export]
macro_rules! allocator {
    () => {
        #[cfg(target_os = "linux")]
        #[global_allocator]
        static ALLOCATOR: $crate::tuning::allocator::Allocator =
            $crate::tuning::allocator::Allocator::empty();
    };
}

/// The free blocks of each class, in front of the system's allocator.
pub struct Allocator(pub [Mutex<Kept>; CLASSES]);

/// The free blocks of one class: a list, each block of which begins with the address of the next.
pub struct Kept {
    first: *mut u8,
    pub bytes: usize,
}

// SAFETY: the blocks in the list are its own, and no block is bound to a thread.
unsafe impl Send for Kept {}

impl Allocator {
    pub const fn empty() -> Self {
        const NONE: Kept = Kept {
            first: ptr::null_mut(),
            bytes: 0,
        };
        Self([const { Mutex::new(NONE) }; CLASSES])
    }
}

/// The class of blocks for `layout`, and the layout of those blocks.
pub fn class(layout: Layout) -> Option<(usize, Layout)> {
    let sixteens = layout.size().saturating_sub(1) / SMALLEST_BYTES;
    let class = (usize::BITS - sixteens.leading_zeros()) as usize;
    let align = if class < WIDE_CLASS { 16 } else { 128 };
    if class >= CLASSES || layout.align() > align {
        return None;
    }
    let block = Layout::from_size_align(SMALLEST_BYTES << class, align).ok()?;
    Some((class, block))
}

// SAFETY: all memory is from `System`. A layout that has a class is allocated and freed by the
// layout of the class, which is at least as large and as aligned. A block is given to one caller
// only, because it leaves the list under the lock. Nothing here panics: `bytes` is the size of the
// list. On Linux `try_lock` is one exchange, which neither allocates nor waits.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((class, whole)) = class(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.alloc(layout) };
        };
        if let Ok(mut kept) = self.0[class].try_lock()
            && !kept.first.is_null()
        {
            let block = kept.first;
            // SAFETY: `dealloc` has written an address into each block of the list.
            kept.first = unsafe { block.cast::<*mut u8>().read() };
            kept.bytes -= whole.size();
            return block;
        }
        // SAFETY: its size is not zero.
        unsafe { System.alloc(whole) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if class(layout).is_none() {
            // SAFETY: as the caller promises.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: as the caller promises.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block has that many bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((class, whole)) = class(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.dealloc(block, layout) };
        };
        // The limit is a multiple of each size.
        if let Ok(mut kept) = self.0[class].try_lock()
            && kept.bytes < KEPT_BYTES
        {
            // SAFETY: the caller has done with it, it has room for an address, and is aligned.
            unsafe { block.cast::<*mut u8>().write(kept.first) };
            kept.first = block;
            kept.bytes += whole.size();
            return;
        }
        // SAFETY: it was allocated with this layout, so it is a block of this class.
        unsafe { System.dealloc(block, whole) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that these bytes are a layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (class(layout), class(wanted)) {
            // SAFETY: as the caller promises.
            (None, None) => unsafe { System.realloc(block, layout, bytes) },
            (from, to) if from == to => block,
            // SAFETY: both blocks hold as many bytes as are copied, and they are not the same.
            _ => unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, layout.size().min(bytes));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}
