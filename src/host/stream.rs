//! Answers whose body is written while it is sent.

use super::error::Error;
use std::fmt;
use std::io::{self, Write};

/// The longest stream that is collected before it is sent, in bytes.
pub const COLLECTED_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Writes the body to its argument.
type WriteBody = dyn FnOnce(&mut dyn Write) -> Result<(), Error>;

/// A body that is not written yet.
pub struct Stream(pub Box<WriteBody>);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a stream")
    }
}

impl Stream {
    /// The whole body. Errors if writing it fails, or if it is longer than `most` bytes.
    pub fn collect(self, most: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        let mut out = Out::new(&mut body, most);
        (self.0)(&mut out)?;
        // A function may go on after a write that failed.
        match out.error {
            Some(error) => Err(error.into()),
            None => Ok(body),
        }
    }
}

/// What a body is written to. It keeps its first own error, which is not the function's.
pub struct Out<'a> {
    to: &'a mut dyn Write,
    /// How many more bytes may be written.
    room: usize,
    pub error: Option<io::Error>,
}

impl<'a> Out<'a> {
    /// Writes to `to`, at most `most` bytes.
    pub fn new(to: &'a mut dyn Write, most: usize) -> Self {
        Self {
            to,
            room: most,
            error: None,
        }
    }

    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let again = io::Error::new(error.kind(), error.to_string());
            self.error.get_or_insert(error);
            again
        })
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self.room.checked_sub(bytes.len()) {
            Some(_) => self.to.write(bytes),
            None => Err(io::Error::other(
                "the answer is longer than 16 MiB, the limit for a stream that is collected",
            )),
        };
        self.room -= written.as_ref().ok().copied().unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    type Write = fn(&mut dyn io::Write) -> Result<(), Error>;

    fn collect(most: usize, write: Write) -> Result<Vec<u8>, Error> {
        Stream(Box::new(write)).collect(most)
    }

    #[test]
    fn a_stream_is_collected_up_to_its_limit() {
        let whole = collect(4, |out| Ok(write!(out, "ab{}", 10)?));
        assert_eq!(whole.unwrap(), b"ab10");
        assert_eq!(collect(4, |_| Ok(())).unwrap(), b"");
        let error = |write: Write| format!("{:?}", collect(3, write));
        assert!(error(|out| Ok(write!(out, "ab{}", 10)?)).contains("longer than 16 MiB"));
        let deaf = error(|out| {
            let _ = out.write_all(b"abcd");
            Ok(())
        });
        assert!(deaf.contains("longer than 16 MiB"));
        assert!(error(|_| Err("no more".into())).contains("no more"));
    }
}
