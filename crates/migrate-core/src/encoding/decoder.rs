//! Texts that come in blocks.

use encoding_rs::DecoderResult;

use super::Encoding;

/// Decodes as [`Encoding::decode`] does, block by block.
pub(crate) struct Decoder {
    way: Way,
    /// Bytes that were taken and not decoded yet: the beginning of a character.
    pending: Vec<u8>,
    /// How many bytes came before `pending`.
    before: u64,
}

enum Way {
    Utf8,
    Ascii,
    Latin1,
    /// The first two bytes say which.
    Utf16,
    Other(Box<encoding_rs::Decoder>),
}

impl Decoder {
    pub(crate) fn new(encoding: Encoding) -> Self {
        let way = match encoding {
            Encoding::Utf8 => Way::Utf8,
            Encoding::Ascii => Way::Ascii,
            Encoding::Latin1 => Way::Latin1,
            Encoding::Utf16 => Way::Utf16,
            Encoding::Other(encoding) => Way::other(encoding),
        };
        Self { way, pending: Vec::new(), before: 0 }
    }

    /// Appends the characters that are complete. The `last` block must leave none incomplete.
    ///
    /// # Errors
    /// The offset, in all that came so far, of the first byte that the set does not have.
    pub(crate) fn decode(&mut self, block: &[u8], last: bool, text: &mut String) -> Result<(), u64> {
        self.pending.extend_from_slice(block);
        if matches!(self.way, Way::Utf16) {
            match self.pending.as_slice() {
                [0xFF, 0xFE, ..] => {
                    self.pass(2);
                    self.way = Way::other(encoding_rs::UTF_16LE);
                }
                [_, _, ..] => self.way = Way::other(encoding_rs::UTF_16BE),
                _ if last => self.way = Way::other(encoding_rs::UTF_16BE),
                _ => return Ok(()),
            }
        }
        let bytes = self.pending.as_slice();
        let done = match &mut self.way {
            Way::Utf8 | Way::Utf16 => match std::str::from_utf8(bytes) {
                Ok(whole) => {
                    text.push_str(whole);
                    bytes.len()
                }
                Err(error) if error.error_len().is_some() || last => {
                    return Err(self.before + error.valid_up_to() as u64);
                }
                Err(error) => {
                    let (whole, _) = bytes.split_at(error.valid_up_to());
                    text.push_str(std::str::from_utf8(whole).unwrap_or_default());
                    whole.len()
                }
            },
            Way::Ascii => {
                if let Some(offset) = bytes.iter().position(|byte| !byte.is_ascii()) {
                    return Err(self.before + offset as u64);
                }
                text.push_str(std::str::from_utf8(bytes).unwrap_or_default());
                bytes.len()
            }
            Way::Latin1 => {
                text.extend(bytes.iter().copied().map(char::from));
                bytes.len()
            }
            Way::Other(decoder) => {
                let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
                text.reserve(room.unwrap_or(bytes.len()));
                let (result, read) = decoder.decode_to_string_without_replacement(bytes, text, last);
                match result {
                    DecoderResult::InputEmpty => read,
                    DecoderResult::Malformed(length, after) => {
                        let bad = u64::from(length) + u64::from(after);
                        return Err((self.before + read as u64).saturating_sub(bad));
                    }
                    // The room was computed for the whole of it.
                    DecoderResult::OutputFull => return Err(self.before + read as u64),
                }
            }
        };
        self.pass(done);
        Ok(())
    }

    fn pass(&mut self, count: usize) {
        self.pending.drain(..count);
        self.before += count as u64;
    }
}

impl Way {
    fn other(encoding: &'static encoding_rs::Encoding) -> Self {
        Self::Other(Box::new(encoding.new_decoder_without_bom_handling()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_blocks(encoding: Encoding, bytes: &[u8], block: usize) -> Result<String, u64> {
        let (mut decoder, mut text) = (Decoder::new(encoding), String::new());
        for block in bytes.chunks(block) {
            decoder.decode(block, false, &mut text)?;
        }
        decoder.decode(&[], true, &mut text)?;
        Ok(text)
    }

    proptest! {
        #[test]
        fn blocks_are_decoded_as_the_whole(text in "[aé日😀]{0,12}", bytes: Vec<u8>, block in 1_usize..9) {
            for name in ["UTF-8", "UTF-16", "UTF-16LE", "US-ASCII", "ISO-8859-1", "Shift_JIS", "GB18030", "Big5"] {
                let encoding: Encoding = name.parse().unwrap();
                for bytes in [text.as_bytes(), &bytes] {
                    let whole = encoding.decode(bytes).map(String::from).map_err(|offset| offset as u64);
                    prop_assert_eq!(in_blocks(encoding, bytes, block), whole, "{}", name);
                }
            }
        }
    }

    #[test]
    fn the_mark_of_utf_16_decides_wherever_it_is_cut() {
        for bytes in [b"\xFF\xFEa\0".as_slice(), b"\xFE\xFF\0a", b"\0a", b"a", b""] {
            for block in 1..4 {
                let whole = Encoding::Utf16.decode(bytes).map(String::from).map_err(|offset| offset as u64);
                assert_eq!(in_blocks(Encoding::Utf16, bytes, block), whole, "{bytes:?}");
            }
        }
    }
}
