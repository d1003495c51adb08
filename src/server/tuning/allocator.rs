//! To remove it: delete this file, and in `src/server/tuning/mod.rs` the lines `pub mod allocator;`
//! and `$crate::allocator!();`.
//!
//! The allocator on Linux: the system's, with a cache of freed blocks by size in front of it, at
//! most 7 MiB. That of musl, with which the static build is linked, has one lock for all threads,
//! and tiny_http allocates on each connection's thread: with 16 connections an order of 40 KiB took
//! four times as long. No thread waits for this cache: one that finds a list in use goes to the
//! system's allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::Mutex;

/// Blocks come in classes, each twice as large as the one before it: 16 bytes to 128 KiB.
const SMALLEST_BYTES: usize = 16;
const CLASSES: usize = 14;

/// From this class on, 512 bytes, blocks are aligned to 128 bytes instead of 16: the standard
/// library's channels ask for that, and tiny_http makes two per request.
const WIDE_CLASS: usize = 5;

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

/// The system's allocator, with the free blocks of each class in front of it.
pub struct Allocator([Mutex<Kept>; CLASSES]);

/// The free blocks of one class: a list, each block of which begins with the address of the next.
struct Kept {
    first: *mut u8,
    bytes: usize,
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
fn class(layout: Layout) -> Option<(usize, Layout)> {
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
// layout of the class, which follows from the layout alone and is at least as large and as aligned.
// A block is given to one caller only, because it leaves the list under the lock. Nothing here
// panics: `bytes` is the size of the list. On Linux `try_lock` is one exchange, which neither
// allocates nor waits.
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
            // SAFETY: as the caller promises. Fresh pages are zero, and stay untouched.
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
            // SAFETY: the caller has done with it, and it has room for an address, and is aligned.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    // SAFETY of the tests: they use no more of a block than they asked for, and free it once.

    fn layout((bytes, align): (usize, usize)) -> Layout {
        Layout::from_size_align(bytes, align).unwrap()
    }

    fn filled(allocator: &Allocator, layout: Layout, byte: u8) -> *mut u8 {
        let block = unsafe { allocator.alloc(layout) };
        assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()));
        unsafe { block.write_bytes(byte, layout.size()) };
        block
    }

    fn assert_holds(block: *const u8, bytes: usize, byte: u8) {
        let found = unsafe { std::slice::from_raw_parts(block, bytes) };
        assert!(found.iter().all(|found| *found == byte), "{bytes} bytes");
    }

    fn kept(allocator: &Allocator, layout: Layout) -> usize {
        class(layout).map_or(0, |(class, _)| allocator.0[class].lock().unwrap().bytes)
    }

    #[test]
    fn a_class_keeps_its_freed_blocks_up_to_its_share_and_uses_them_again() {
        // What is freed, what is found among it, and what is not.
        for layouts in [
            [(1, 8), (16, 16), (17, 16)],
            [(17, 8), (32, 16), (16, 16)],
            [(256, 16), (200, 8), (257, 128)],
            [(257, 128), (512, 64), (256, 16)],
            [(70_000, 8), (131_072, 128), (65_536, 8)],
        ] {
            let (allocator, [freed, found, other]) = (Allocator::empty(), layouts.map(layout));
            let share = KEPT_BYTES / class(freed).unwrap().1.size();
            let blocks = (0..share + 3).map(|_| filled(&allocator, freed, 1));
            let mut blocks: Vec<_> = blocks.collect();
            for block in &blocks {
                unsafe { allocator.dealloc(*block, freed) };
            }
            assert_eq!(kept(&allocator, freed), KEPT_BYTES);
            blocks.truncate(share);
            assert!(!blocks.contains(&filled(&allocator, other, 2)));
            let again = (0..share).map(|_| filled(&allocator, found, 3));
            assert!(again.eq(blocks.iter().rev().copied()));
            assert!(!blocks.contains(&filled(&allocator, found, 4)));
        }
        for of_the_system in [(131_073, 8), (256, 32), (512, 256)].map(layout) {
            assert_eq!(class(of_the_system), None);
        }
    }

    #[test]
    fn a_list_that_is_in_use_is_passed_by() {
        let (allocator, layout) = (Allocator::empty(), layout((64, 8)));
        let block = filled(&allocator, layout, 1);
        let busy = allocator.0[class(layout).unwrap().0].lock().unwrap();
        unsafe { allocator.dealloc(filled(&allocator, layout, 2), layout) };
        assert_eq!(busy.bytes, 0);
        drop(busy);
        unsafe { allocator.dealloc(block, layout) };
        assert_eq!(kept(&allocator, layout), 64);
        // What is moved away from is free again.
        unsafe { allocator.realloc(filled(&allocator, layout, 3), layout, 100) };
        assert_eq!(kept(&allocator, layout), 64);
    }

    #[test]
    fn blocks_are_zeroed_and_moved_whole_and_never_shared() {
        const SIZES: [usize; 9] = [1, 16, 17, 40, 300, 4096, 131_072, 131_073, 300_000];
        let allocator = &Allocator::empty();
        let (give, take) = mpsc::sync_channel(100);
        std::thread::scope(|scope| {
            for thread in 1..5 {
                let give = give.clone();
                scope.spawn(move || {
                    for i in 0..324 {
                        let [from, to] = [i, i / 9].map(|i| layout((SIZES[i % 9], 8)));
                        let block = unsafe { allocator.alloc_zeroed(from) };
                        assert_holds(block, from.size(), 0);
                        unsafe { block.write_bytes(thread, from.size()) };
                        let block = unsafe { allocator.realloc(block, from, to.size()) };
                        assert_holds(block, from.size().min(to.size()), thread);
                        unsafe { block.write_bytes(thread, to.size()) };
                        give.send((block.expose_provenance(), to, thread)).unwrap();
                    }
                });
            }
            drop(give);
            for (block, layout, thread) in take {
                let block = ptr::with_exposed_provenance_mut(block);
                assert_holds(block, layout.size(), thread);
                unsafe { allocator.dealloc(block, layout) };
            }
        });
    }
}
