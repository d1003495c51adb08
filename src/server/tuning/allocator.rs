//! To remove it: delete this file, and in `src/server/tuning/mod.rs` the lines `pub mod allocator;`
//! and `$crate::allocator!();`.
//!
//! The allocator on Linux: the system's allocator, with a cache of freed blocks by size in front of
//! it, at most 7 MiB.
//!
//! The static build is linked with musl, whose allocator has one lock for all threads and holds it
//! while it gives freed memory back to the kernel. tiny_http allocates on each connection's thread,
//! so with 16 connections most of these threads wait for that lock most of the time: an order of 40
//! KiB then took four times as long, an echo of 4 KiB twice. No thread waits for a lock of this
//! cache: one that finds a list in use goes to the system's allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::{self, NonNull};
use std::sync::Mutex;

/// Blocks come in classes, each twice as large as the one before it: 16 bytes to 128 KiB.
const SMALLEST_BYTES: usize = 16;
const CLASSES: usize = 14;

/// From this class on, 512 bytes, blocks are aligned to 128 bytes, because the standard library's
/// channels ask for that and tiny_http makes two channels per request. Smaller ones are aligned to
/// 16.
const WIDE_CLASS: usize = 5;
const WIDE_ALIGN_BYTES: usize = 128;

/// The most that each class keeps, in bytes. What is freed beyond it goes back to the system.
const KEPT_BYTES: usize = 512 * 1024;

/// Names the allocator, in a binary for Linux.
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

/// The system's allocator, with the kept blocks in front of it.
pub struct Allocator([Mutex<Kept>; CLASSES]);

/// The free blocks of one class: a list, each block of which holds the address of the next.
struct Kept {
    first: Option<NonNull<Link>>,
    bytes: usize,
}

struct Link {
    next: Option<NonNull<Link>>,
}

// SAFETY: the blocks in the list are its own, and no block is bound to a thread.
unsafe impl Send for Kept {}

impl Allocator {
    /// An allocator that keeps nothing yet.
    pub const fn empty() -> Self {
        Self(
            [const {
                Mutex::new(Kept {
                    first: None,
                    bytes: 0,
                })
            }; CLASSES],
        )
    }

    /// A kept block, unless there is none or another thread is at the list.
    fn take(&self, class: usize) -> Option<*mut u8> {
        let mut kept = self.0[class].try_lock().ok()?;
        let block = kept.first?;
        // SAFETY: what is in the list is a block of at least 16 bytes, aligned to 16 or more, in
        // which `keep` has written a link.
        kept.first = unsafe { block.read() }.next;
        kept.bytes -= SMALLEST_BYTES << class;
        Some(block.as_ptr().cast())
    }

    /// Keeps a block; false where the class has enough, or another thread is at the list.
    ///
    /// # Safety
    /// The block is one of the class, from [`System`], and no longer in use.
    unsafe fn keep(&self, class: usize, block: *mut u8) -> bool {
        let (Ok(mut kept), Some(block)) =
            (self.0[class].try_lock(), NonNull::new(block.cast::<Link>()))
        else {
            return false;
        };
        let bytes = kept.bytes + (SMALLEST_BYTES << class);
        if bytes > KEPT_BYTES {
            return false;
        }
        // SAFETY: it is not in use, at least 16 bytes long and aligned to 16 or more, which is
        // enough for a link.
        unsafe { block.write(Link { next: kept.first }) };
        *kept = Kept {
            first: Some(block),
            bytes,
        };
        true
    }
}

/// The class in which a block for `layout` is found, and that block's own layout.
fn class(layout: Layout) -> Option<(usize, Layout)> {
    let class =
        (usize::BITS - (layout.size().saturating_sub(1) / SMALLEST_BYTES).leading_zeros()) as usize;
    let align = if class < WIDE_CLASS {
        SMALLEST_BYTES
    } else {
        WIDE_ALIGN_BYTES
    };
    if class >= CLASSES || layout.align() > align {
        return None;
    }
    Some((
        class,
        Layout::from_size_align(SMALLEST_BYTES << class, align).ok()?,
    ))
}

// SAFETY: all memory is from `System`. A layout that has a class is allocated and freed there by
// the layout of the class, which follows from the layout alone. It is at least as large and as
// aligned, so any free block of the class will do. `take` gives a block to one caller only, because
// the block leaves the list under the lock. Other layouts are left to `System`. Nothing here panics:
// sizes are at most `isize::MAX`, and `bytes` is the size of the list. On Linux a `Mutex` is a
// futex: `try_lock` is one exchange, which neither allocates nor waits.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            // SAFETY: the block's size is not zero.
            Some((class, block)) => self
                .take(class)
                .unwrap_or_else(|| unsafe { System.alloc(block) }),
            // SAFETY: as the caller promises.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if class(layout).is_none() {
            // SAFETY: as the caller promises. Its pages are zero from the start, and stay
            // untouched.
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

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        match class(layout) {
            // SAFETY: it was allocated with this layout, so it is a block of this class, and the
            // caller has done with it.
            Some((class, block)) => unsafe {
                if !self.keep(class, address) {
                    System.dealloc(address, block);
                }
            },
            // SAFETY: as the caller promises.
            None => unsafe { System.dealloc(address, layout) },
        }
    }

    unsafe fn realloc(&self, address: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that `bytes`, rounded up to the alignment, is no more than
        // `isize::MAX`.
        let to = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (class(layout), class(to)) {
            // SAFETY: as the caller promises.
            (None, None) => unsafe { System.realloc(address, layout, bytes) },
            (Some((from, _)), Some((to, _))) if from == to => address,
            // SAFETY: both blocks hold as many bytes as are copied, and they are not the same.
            _ => unsafe {
                let moved = self.alloc(to);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(address, moved, layout.size().min(bytes));
                    self.dealloc(address, layout);
                }
                moved
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).unwrap()
    }

    // SAFETY of the tests: they use no more of a block than they have asked for, and free it at
    // most once, by the layout that they have asked with.

    fn filled(allocator: &Allocator, bytes: usize, byte: u8) -> *mut u8 {
        let block = unsafe { allocator.alloc(layout(bytes)) };
        assert!(!block.is_null() && block.addr().is_multiple_of(8));
        unsafe { block.write_bytes(byte, bytes) };
        block
    }

    fn free(allocator: &Allocator, block: *mut u8, bytes: usize) {
        unsafe { allocator.dealloc(block, layout(bytes)) };
    }

    fn holds(block: *const u8, bytes: usize, byte: u8) -> bool {
        unsafe { std::slice::from_raw_parts(block, bytes) }
            .iter()
            .all(|found| *found == byte)
    }

    fn kept(allocator: &Allocator, bytes: usize) -> usize {
        let (class, _) = class(layout(bytes)).unwrap();
        allocator.0[class].lock().unwrap().bytes
    }

    #[test]
    fn freed_blocks_are_used_again_in_their_class() {
        let allocator = Allocator::empty();
        for (bytes, again, other) in [
            (1, 16, 17),
            (17, 32, 16),
            (65, 128, 129),
            (70_000, 128 * 1024, 64 * 1024),
        ] {
            let blocks = [1, 2, 3].map(|byte| filled(&allocator, bytes, byte));
            blocks
                .iter()
                .for_each(|block| free(&allocator, *block, bytes));
            let elsewhere = filled(&allocator, other, 4);
            assert!(!blocks.contains(&elsewhere));
            for block in blocks.into_iter().rev() {
                assert_eq!(filled(&allocator, again, 5), block);
            }
            assert!(!blocks.contains(&filled(&allocator, again, 6)));
            assert!(blocks.iter().all(|block| holds(*block, again, 5)));
            assert!(holds(elsewhere, other, 4));
        }
    }

    #[test]
    fn a_class_keeps_no_more_than_its_share() {
        let allocator = Allocator::empty();
        for bytes in [16, 1024, 128 * 1024] {
            let count = KEPT_BYTES / bytes + 3;
            let blocks: Vec<_> = (0..count).map(|_| filled(&allocator, bytes, 1)).collect();
            for (count, block) in blocks.into_iter().enumerate() {
                free(&allocator, block, bytes);
                assert_eq!(kept(&allocator, bytes), KEPT_BYTES.min(bytes * (count + 1)));
            }
        }
    }

    #[test]
    fn a_block_is_aligned_as_asked() {
        let allocator = Allocator::empty();
        let aligned = |bytes, align| Layout::from_size_align(bytes, align).unwrap();
        for (bytes, align) in [(1, 16), (256, 16), (257, 128), (512, 64), (10_000, 128)] {
            let before = [(); 9].map(|()| filled(&allocator, bytes, 1));
            before
                .iter()
                .for_each(|block| free(&allocator, *block, bytes));
            for count in 0..=before.len() {
                let block = unsafe { allocator.alloc(aligned(bytes, align)) };
                assert!(block.addr().is_multiple_of(align), "{bytes} bytes");
                assert_eq!(before.contains(&block), count < before.len());
            }
        }
        // These are left to the system.
        for layout in [layout(128 * 1024 + 1), aligned(256, 32), aligned(512, 256)] {
            assert_eq!(class(layout), None);
            let block = unsafe { allocator.alloc(layout) };
            assert!(block.addr().is_multiple_of(layout.align()));
            unsafe { allocator.dealloc(block, layout) };
        }
    }

    #[test]
    fn used_blocks_are_zeroed_and_moved_whole() {
        let allocator = Allocator::empty();
        for bytes in [24, 4096, 200_000] {
            free(&allocator, filled(&allocator, bytes, 7), bytes);
            let zeroed = unsafe { allocator.alloc_zeroed(layout(bytes)) };
            assert!(holds(zeroed, bytes, 0));
        }
        let sizes = [1, 16, 17, 1000, 131_072, 131_073, 3_000_000, 300_000, 40, 3];
        let mut block = filled(&allocator, sizes[0], 9);
        for step in sizes.windows(2) {
            let (from, to) = (step[0], step[1]);
            let moved = unsafe { allocator.realloc(block, layout(from), to) };
            assert!(holds(moved, from.min(to), 9), "{from} to {to}");
            let is_kept = class(layout(from)).is_some_and(|_| kept(&allocator, from) > 0);
            let is_freed = moved != block && class(layout(from)).is_some();
            assert_eq!(is_kept, is_freed, "{from} to {to}");
            block = moved;
            unsafe { block.write_bytes(9, to) };
        }
    }

    #[test]
    fn no_thread_waits_for_a_list_that_another_uses() {
        let allocator = Allocator::empty();
        let block = filled(&allocator, 64, 1);
        let (class, _) = class(layout(64)).unwrap();
        let busy = allocator.0[class].lock().unwrap();
        let other = filled(&allocator, 64, 2);
        free(&allocator, block, 64);
        assert_eq!(busy.bytes, 0);
        drop(busy);
        free(&allocator, other, 64);
        assert_eq!(kept(&allocator, 64), 64);
    }

    #[test]
    fn threads_that_free_each_others_blocks_never_share_one() {
        let allocator = Allocator::empty();
        let (give, take) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let (allocator, give) = (&allocator, give.clone());
                scope.spawn(move || {
                    for i in 0..5000 {
                        let bytes = 1 + (i * 37 + usize::from(thread)) % 300;
                        let block = filled(allocator, bytes, thread);
                        give.send((block.expose_provenance(), bytes, thread))
                            .unwrap();
                    }
                });
            }
            drop(give);
            for (block, bytes, thread) in take {
                let block = std::ptr::with_exposed_provenance_mut(block);
                assert!(holds(block, bytes, thread));
                free(&allocator, block, bytes);
            }
        });
    }
}
