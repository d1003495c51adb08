//! To remove it: delete this file, and `mod short_copies;` in `src/server/tuning/mod.rs`.
//!
//! Copies of a few bytes, for the static binary that `make build` leaves on x86-64: musl's `memcpy`
//! starts up the processor's string instruction for any length, which takes longer than a short
//! copy itself. JSON is unescaped by a copy between each two escapes: an order of 40 KiB of JSON
//! takes a third less processor time with this one.

#![cfg(all(release_binary, target_arch = "x86_64"))]

use std::arch::asm;
use std::ffi::c_void;

/// Takes the place of the C library's function of that name: the linker takes the first of several
/// definitions.
///
/// # Safety
/// As for C's: `length` bytes can be read at `from` and written at `to`, and they do not overlap.
// SAFETY: it is what its name says, with the signature of C, and calls nothing, not even itself: no
// copy below is by a function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut c_void, from: *const c_void, length: usize) -> *mut c_void {
    let (target, source) = (to.cast::<u8>(), from.cast::<u8>());
    // SAFETY: every access lies within the `length` bytes: two of half the length or more, from the
    // start and to the end, which may share bytes in the middle. What is read is read before the
    // first of it is written.
    unsafe {
        match length {
            0 => {}
            1..=3 => {
                let (first, middle, last) =
                    (*source, *source.add(length / 2), *source.add(length - 1));
                *target = first;
                *target.add(length / 2) = middle;
                *target.add(length - 1) = last;
            }
            4..=7 => copy_ends::<u32>(target, source, length),
            8..=15 => copy_ends::<u64>(target, source, length),
            16..=32 => copy_ends::<u128>(target, source, length),
            _ => {
                // Eight bytes at a time; the last eight may have been written already.
                let end = length - size_of::<u64>();
                let last = source.add(end).cast::<u64>().read_unaligned();
                asm!(
                    "rep movsq",
                    inout("rcx") length / size_of::<u64>() => _, inout("rdi") target => _, inout("rsi") source => _,
                    options(nostack, preserves_flags)
                );
                if !length.is_multiple_of(size_of::<u64>()) {
                    target.add(end).cast::<u64>().write_unaligned(last);
                }
            }
        }
    }
    to
}

/// # Safety
/// As for [`memcpy`], and `length` is the size of a `T` at least, and twice that at most.
#[inline(always)]
unsafe fn copy_ends<T>(to: *mut u8, from: *const u8, length: usize) {
    let end = length - size_of::<T>();
    // SAFETY: as the caller promises, both accesses lie within the bytes.
    unsafe {
        let (first, last) = (
            from.cast::<T>().read_unaligned(),
            from.add(end).cast::<T>().read_unaligned(),
        );
        to.cast::<T>().write_unaligned(first);
        to.add(end).cast::<T>().write_unaligned(last);
    }
}
