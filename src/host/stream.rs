//! Answers whose body is written while it is sent.

use super::error::Error;
use std::fmt;
use std::io::{self, Write};

/// The longest stream that is collected before it is sent.
const COLLECTED_MAX_BYTES: usize = 16 * 1024 * 1024;

type WriteBody = dyn FnOnce(&mut dyn Write) -> Result<(), Error>;

/// A body that is not written yet.
pub struct Stream(pub Box<WriteBody>);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a stream")
    }
}

impl Stream {
    /// The whole body. Errors if writing it fails, or if it is longer than 16 MiB.
    pub fn collect(self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        let mut out = Out::new(&mut body, COLLECTED_MAX_BYTES);
        (self.0)(&mut out)?;
        // A function may go on after a write that failed.
        match out.error {
            Some(error) => Err(error.into()),
            None => Ok(body),
        }
    }
}

/// What a body is written to. It keeps its own first error, which is not the function's.
pub struct Out<'a> {
    to: &'a mut dyn Write,
    /// How many more bytes may be written.
    room: usize,
    pub error: Option<String>,
}

impl<'a> Out<'a> {
    pub fn new(to: &'a mut dyn Write, room: usize) -> Self {
        let error = None;
        Self { to, room, error }
    }

    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let (Err(error), None) = (&result, &self.error) {
            self.error = Some(error.to_string());
        }
        result
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if bytes.len() <= self.room {
            self.to.write(bytes)
        } else {
            let what = "the answer is longer than 16 MiB, the limit for a stream that is collected";
            Err(io::Error::other(what))
        };
        self.room -= *written.as_ref().unwrap_or(&0);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.noted(flushed)
    }

    /// In one write. By default `write!` makes a write of each of its parts.
    fn write_fmt(&mut self, text: fmt::Arguments) -> io::Result<()> {
        self.write_all(fmt::format(text).as_bytes())
    }
}
