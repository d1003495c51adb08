//! `src/server/tuning/allocator.rs`

use app::tuning::allocator::{Allocator, KEPT_BYTES, class};
use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::mpsc;

// SAFETY: the tests use no more of a block than they asked for, and free it once.

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
    // Freed, found among it, and not found.
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
    // `realloc` frees the old block.
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
