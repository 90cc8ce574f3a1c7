//! From bytes to text, with the checksum of what was read.

use std::io::{self, Read};

use crate::checksum::Checksum;
use crate::encoding::{Decoder, Encoding};

/// How many bytes are read at once.
const BLOCK: usize = 128 * 1024;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a text cannot be read on.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The system says so.
    Io(io::Error),
    /// The offset of the first byte that the character set does not have.
    Encoding(u64),
}

/// A text that is read block by block, without its byte-order mark.
pub(crate) struct TextReader {
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    checksum: Checksum,
    block: Vec<u8>,
    begun: bool,
    has_mark: bool,
}

impl TextReader {
    pub(crate) fn new(bytes: Box<dyn Read + Send>, encoding: Encoding) -> Self {
        Self {
            bytes,
            decoder: Decoder::new(encoding),
            checksum: Checksum::default(),
            block: vec![0; BLOCK],
            begun: false,
            has_mark: false,
        }
    }

    /// Appends the next block to a text. Returns false at the end.
    pub(crate) fn read(&mut self, text: &mut String) -> Result<bool, ReadError> {
        let count = loop {
            match self.bytes.read(&mut self.block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(ReadError::Io)?,
            }
        };
        let from = text.len();
        let block = self.block.get(..count).unwrap_or_default();
        self.decoder.decode(block, count == 0, text).map_err(ReadError::Encoding)?;
        if !self.begun && text.len() > from {
            self.begun = true;
            if text[from..].starts_with(BYTE_ORDER_MARK) {
                self.has_mark = true;
                text.drain(from..from + BYTE_ORDER_MARK.len_utf8());
            }
        }
        self.checksum.update(&text.as_bytes()[from..]);
        Ok(count > 0)
    }

    /// Whether the text began with a byte-order mark.
    pub(crate) fn has_mark(&self) -> bool {
        self.has_mark
    }

    /// Flyway's checksum of what was read.
    pub(crate) fn checksum(self) -> i32 {
        self.checksum.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, now and then none for an interruption.
    struct Slow(&'static [u8], bool);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            (buffer[0], self.0) = (*first, rest);
            Ok(1)
        }
    }

    fn read(bytes: &'static [u8]) -> Result<(String, bool, i32), ReadError> {
        let mut reader = TextReader::new(Box::new(Slow(bytes, false)), Encoding::Utf8);
        let mut text = String::new();
        while reader.read(&mut text)? {}
        Ok((text, reader.has_mark(), reader.checksum()))
    }

    #[test]
    fn one_mark_goes_and_the_checksum_is_that_of_the_file() {
        let bytes = "\u{feff}\u{feff}SELECT 'é';\r\n".as_bytes();
        let (text, has_mark, checksum) = read(bytes).unwrap();
        assert_eq!((text.as_str(), has_mark), ("\u{feff}SELECT 'é';\r\n", true));
        assert_eq!(checksum, crate::checksum::of_file(bytes));
        assert_eq!(read(b"").unwrap(), (String::new(), false, 0));
    }

    #[test]
    fn bytes_that_are_no_text_are_told_by_their_offset() {
        assert!(matches!(read(b"ab\xE9'"), Err(ReadError::Encoding(2))));
        assert!(matches!(read(b"ab\xE9"), Err(ReadError::Encoding(2))));
    }
}
