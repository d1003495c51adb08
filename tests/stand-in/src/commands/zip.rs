//! Writes a zip: files as they are, each with its mode, which Azure needs to execute the handler.

use std::io::{self, Write};

/// A zip that is written to `out`, file by file.
pub struct Zip<W> {
    out: W,
    /// How many bytes are written.
    at: u32,
    files: u16,
    directory: Vec<u8>,
}

impl<W: Write> Zip<W> {
    pub fn new(out: W) -> Self {
        Self {
            out,
            at: 0,
            files: 0,
            directory: Vec::new(),
        }
    }

    /// Adds a file. `name` has slashes on every system; `mode` is as in `stat`: `0o755`. Errors if
    /// the format's limits of 4 GB and 65,535 files are passed.
    pub fn add(&mut self, name: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
        const REGULAR: u32 = 0o100_000;
        const UNIX: u16 = 3 << 8;
        let limit = |_| io::Error::other("a zip holds at most 4 GB and names of 65,535 bytes");
        let size = u32::try_from(bytes.len()).map_err(limit)?.to_le_bytes();
        let name_size = u16::try_from(name.len()).map_err(limit)?.to_le_bytes();
        // Version 2.0; the name is UTF-8; stored; 1980-01-01, so that equal files make equal zips.
        let mut head = [20_u16, 1 << 11, 0, 0, 0x21].map(u16::to_le_bytes).concat();
        head.extend(crc32(bytes).to_le_bytes());
        head.extend([size, size].concat());
        head.extend([name_size, [0; 2]].concat());
        let directory = &mut self.directory;
        directory.extend(b"PK\x01\x02");
        directory.extend((UNIX | 20).to_le_bytes());
        directory.extend(&head);
        // No comment, the first disk, not a text.
        directory.extend([0; 6]);
        directory.extend(((REGULAR | mode) << 16).to_le_bytes());
        directory.extend(self.at.to_le_bytes());
        directory.extend(name.as_bytes());
        let full = || io::Error::other("a zip holds at most 65,535 files");
        self.files = self.files.checked_add(1).ok_or_else(full)?;
        self.write(&[b"PK\x03\x04", &head, name.as_bytes(), bytes])
    }

    /// Writes the directory, without which it is not a zip. Gives the zip's size in bytes.
    pub fn finish(mut self) -> io::Result<u32> {
        let (start, directory) = (self.at, std::mem::take(&mut self.directory));
        let size = u32::try_from(directory.len()).unwrap_or(u32::MAX);
        let files = [self.files, self.files].map(u16::to_le_bytes).concat();
        let place = [size, start].map(u32::to_le_bytes).concat();
        let end = [b"PK\x05\x06", &[0; 4][..], &files, &place, &[0; 2]];
        self.write(&[&directory, &end.concat()])?;
        self.out.flush()?;
        Ok(self.at)
    }

    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        for part in parts {
            self.out.write_all(part)?;
            let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
            let full = || io::Error::other("a zip holds at most 4 GB");
            self.at = self.at.checked_add(size).ok_or_else(full)?;
        }
        Ok(())
    }
}

/// The checksum that a zip has of each file.
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let (mut table, mut index) = ([0; 256], 0);
        while index < 256 {
            let (mut value, mut bit) = (index as u32, 0);
            while bit < 8 {
                value = (value >> 1) ^ (0xEDB8_8320 * (value & 1));
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, byte| {
        (sum >> 8) ^ TABLE[((sum ^ u32::from(*byte)) & 0xff) as usize]
    })
}
