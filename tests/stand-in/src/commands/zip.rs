//! Writes a zip with modes: Azure needs an executable handler.

use std::num::TryFromIntError;

#[derive(Default)]
pub struct Zip {
    files: Vec<u8>,
    directory: Vec<u8>,
    count: usize,
}

impl Zip {
    /// `name` has slashes on every system; `mode` is such as `0o755`. Errors beyond the
    /// format's limits.
    pub fn add(&mut self, name: &str, mode: u32, bytes: &[u8]) -> Result<(), String> {
        let name = name.as_bytes();
        let limit = |_| "a zip holds at most 4 GB and names of 65,535 bytes".to_owned();
        let place = size(&self.files).map_err(limit)?;
        let bytes_size = size(bytes).map_err(limit)?;
        let name_size = u16::try_from(name.len()).map_err(limit)?;
        // Version 2.0; UTF-8 name; stored; 1980-01-01, so that equal files give equal zips.
        let mut head = b"\x14\0\0\x08\0\0\0\0\x21\0".to_vec();
        head.extend(crc32(bytes).to_le_bytes());
        head.extend([bytes_size, bytes_size].concat());
        head.extend(name_size.to_le_bytes());
        head.extend([0; 2]);
        // A regular file of Unix.
        let attributes = ((0o100_000 | mode) << 16).to_le_bytes();
        // By version 2.0 for Unix; no comment, the first disk, not a text.
        let entry = [
            b"PK\x01\x02\x14\x03",
            &head[..],
            &[0; 6],
            &attributes,
            &place,
            name,
        ];
        self.directory.extend(entry.concat());
        self.files
            .extend([b"PK\x03\x04", &head[..], name, bytes].concat());
        self.count += 1;
        Ok(())
    }

    pub fn finish(self) -> Result<Vec<u8>, String> {
        let limit = |_| "a zip holds at most 65,535 files and 4 GB".to_owned();
        let count = u16::try_from(self.count).map_err(limit)?.to_le_bytes();
        let place = size(&self.files).map_err(limit)?;
        let directory_size = size(&self.directory).map_err(limit)?;
        let end = [
            b"PK\x05\x06",
            &[0; 4][..],
            &count,
            &count,
            &directory_size,
            &place,
            &[0; 2],
        ];
        Ok([self.files, self.directory, end.concat()].concat())
    }
}

fn size(bytes: &[u8]) -> Result<[u8; 4], TryFromIntError> {
    u32::try_from(bytes.len()).map(u32::to_le_bytes)
}

/// CRC-32/ISO-HDLC.
pub fn crc32(bytes: &[u8]) -> u32 {
    let shifted = |value: u32, _| (value >> 1) ^ (0xEDB8_8320 * (value & 1));
    let table: [u32; 256] = std::array::from_fn(|index| (0..8).fold(index as u32, shifted));
    !bytes.iter().fold(!0, |sum, byte| {
        (sum >> 8) ^ table[usize::from(sum as u8 ^ byte)]
    })
}
