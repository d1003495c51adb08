//! An answer whose body is written while it is sent.

use super::error::Error;
use std::fmt;
use std::io::{self, Write};

/// Writes the body to what it is given.
type WriteBody = dyn FnOnce(&mut dyn Write) -> Result<(), Error>;

/// A body that is yet to be written.
pub struct Stream(pub Box<WriteBody>);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a stream")
    }
}

impl Stream {
    /// The whole body. Errors where writing it fails, or it is longer than `most` bytes.
    pub fn collect(self, most: usize) -> Result<Vec<u8>, Error> {
        let mut body = Collected { bytes: Vec::new(), most };
        (self.0)(&mut body)?;
        // A function may have gone on after a write that failed.
        if body.bytes.len() > most { Err(Error::fail(too_long(most))) } else { Ok(body.bytes) }
    }
}

fn too_long(most: usize) -> String {
    format!("the answer is longer than {most} bytes, the most of a stream that has to be collected before it is sent")
}

struct Collected {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // One byte too many is kept, as the sign.
        let room = (self.most + 1).saturating_sub(self.bytes.len());
        self.bytes.extend(&bytes[..bytes.len().min(room)]);
        if bytes.len() < room { Ok(bytes.len()) } else { Err(io::Error::other(too_long(self.most))) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(
        most: usize,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Error> + 'static,
    ) -> Result<Vec<u8>, Error> {
        Stream(Box::new(write)).collect(most)
    }

    #[test]
    fn a_stream_is_collected_up_to_its_limit() {
        assert_eq!(collect(4, |out| Ok(write!(out, "ab{}", 10)?)).unwrap(), b"ab10");
        assert_eq!(collect(4, |_| Ok(())).unwrap(), b"");
        assert!(format!("{:?}", collect(3, |out| Ok(write!(out, "ab{}", 10)?))).contains("longer than 3 bytes"));
        let deaf = collect(3, |out| {
            let _ = out.write_all(b"abcd");
            Ok(())
        });
        assert!(format!("{deaf:?}").contains("longer than 3 bytes"));
        assert!(format!("{:?}", collect(3, |_| Err("no more".into()))).contains("no more"));
    }
}
