//! The character sets that scripts may be written in.
//!
//! As in Flyway, bytes that the set does not have are an error and never replaced, and the checksum is that of the text in
//! UTF-8, so that converting a file does not change it.

mod decoder;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use encoding_rs::DecoderResult;

pub(crate) use decoder::Decoder;

/// A character set. `Default` is UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16 with the byte order that its mark says, big-endian without one.
    Utf16,
    /// The 128 characters of ASCII and no other.
    Ascii,
    /// ISO 8859-1 as Java has it: each byte is the character of its number.
    Latin1,
    /// Any other set of the WHATWG's encoding standard.
    Other(&'static encoding_rs::Encoding),
}

/// A name that is no character set's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no character set that is known here")]
pub struct UnknownEncoding {
    /// The name.
    pub name: String,
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    /// Reads a name in any case, as Java and the WHATWG spell it: `UTF-8`, `ISO-8859-1`, `windows-1252`, `Shift_JIS`.
    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        let plain: String = name.trim().to_ascii_lowercase().replace('_', "-");
        Ok(match plain.as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "utf-16" => Self::Utf16,
            "us-ascii" | "ascii" => Self::Ascii,
            "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" => Self::Latin1,
            // Java's names of sets that the standard knows by others.
            "cp1250" | "cp1251" | "cp1252" | "cp1253" | "cp1254" | "cp1255" | "cp1256" | "cp1257"
            | "cp1258" => {
                let label = plain.replace("cp", "windows-");
                return Self::of_label(&label, name);
            }
            label => return Self::of_label(label, name).or_else(|_| Self::of_label(name.trim(), name)),
        })
    }
}

impl Encoding {
    fn of_label(label: &str, name: &str) -> Result<Self, UnknownEncoding> {
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())
            .map(Self::Other)
            .ok_or_else(|| UnknownEncoding { name: name.to_owned() })
    }

    /// Guesses as Flyway does: by the mark of UTF-16, else UTF-8 if it is, UTF-16 if there are bytes of zero, or ISO 8859-1.
    pub fn detect(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\xFE\xFF") || bytes.starts_with(b"\xFF\xFE") {
            return Self::Utf16;
        }
        let pairs_with_zero = bytes.len().is_multiple_of(2) && bytes.contains(&0);
        match std::str::from_utf8(bytes) {
            _ if pairs_with_zero => Self::Utf16,
            Ok(_) => Self::Utf8,
            Err(_) => Self::Latin1,
        }
    }

    /// The text, with its byte-order mark if it has one.
    ///
    /// # Errors
    /// The offset of the first byte that the set does not have.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| error.valid_up_to()),
            Self::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
                Some(offset) => Err(offset),
                None => Self::Utf8.decode(bytes),
            },
            Self::Latin1 if bytes.is_ascii() => Self::Utf8.decode(bytes),
            Self::Latin1 => Ok(bytes.iter().copied().map(char::from).collect::<String>().into()),
            Self::Utf16 => match bytes.strip_prefix(b"\xFF\xFE") {
                Some(rest) => strictly(encoding_rs::UTF_16LE, rest).map_err(|offset| offset + 2),
                None => strictly(encoding_rs::UTF_16BE, bytes),
            },
            Self::Other(encoding) => strictly(encoding, bytes),
        }
    }
}

fn strictly<'a>(encoding: &'static encoding_rs::Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
    let mut text = String::with_capacity(room);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text.into()),
        DecoderResult::Malformed(length, after) => {
            Err(read.saturating_sub(usize::from(length) + usize::from(after)))
        }
        // The room was computed for the whole of it.
        DecoderResult::OutputFull => Err(read),
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Ascii => "US-ASCII",
            Self::Latin1 => "ISO-8859-1",
            Self::Other(encoding) => encoding.name(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(name: &str) -> Encoding {
        name.parse().unwrap()
    }

    #[test]
    fn names_are_javas_and_the_standards() {
        for (name, encoding) in [
            ("UTF-8", "UTF-8"),
            ("utf8", "UTF-8"),
            ("UTF-16", "UTF-16"),
            ("UTF-16LE", "UTF-16LE"),
            ("ISO_8859_1", "ISO-8859-1"),
            ("latin1", "ISO-8859-1"),
            ("ISO-8859-15", "ISO-8859-15"),
            ("US-ASCII", "US-ASCII"),
            ("Cp1252", "windows-1252"),
            ("windows-1251", "windows-1251"),
            ("Shift_JIS", "Shift_JIS"),
            ("EUC-KR", "EUC-KR"),
            ("GB18030", "gb18030"),
        ] {
            assert_eq!(named(name).to_string(), encoding, "{name}");
        }
        assert_eq!("EBCDIC-X".parse::<Encoding>(), Err(UnknownEncoding { name: "EBCDIC-X".to_owned() }));
        assert!("replacement".parse::<Encoding>().is_err());
    }

    #[test]
    fn texts_are_decoded() {
        for (name, bytes, text) in [
            ("UTF-8", "é".as_bytes(), "é"),
            ("ISO-8859-1", b"\xE9\x80", "é\u{80}"),
            ("windows-1252", b"\x80", "€"),
            ("UTF-16", b"\xFE\xFF\0a", "\u{feff}a"),
            ("UTF-16", b"\xFF\xFEa\0", "a"),
            ("UTF-16", b"\0a\xD8\x3D\xDE\x00", "a😀"),
            ("UTF-16LE", b"a\0", "a"),
            ("Shift_JIS", b"\x93\xFA", "日"),
        ] {
            assert_eq!(named(name).decode(bytes).unwrap(), text, "{name}");
        }
    }

    #[test]
    fn what_a_set_does_not_have_is_an_error_with_its_offset() {
        for (name, bytes, offset) in [
            ("UTF-8", b"ab\xE9'".as_slice(), 2),
            ("US-ASCII", b"abc\x80", 3),
            ("UTF-16BE", b"\0a\xDC\x00\0b", 2),
            ("Shift_JIS", b"abcd\xFF", 4),
        ] {
            assert_eq!(named(name).decode(bytes), Err(offset), "{name}");
        }
    }

    #[test]
    fn guesses_are_flyways() {
        for (bytes, guess) in [
            ("é".as_bytes(), Encoding::Utf8),
            (b"\xE9", Encoding::Latin1),
            (b"\xFF\xFEa\0", Encoding::Utf16),
            (b"\0a", Encoding::Utf16),
            (b"", Encoding::Utf8),
        ] {
            assert_eq!(Encoding::detect(bytes), guess, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_say_where_they_do_not(bytes: Vec<u8>) {
            for name in ["UTF-8", "UTF-16", "ISO-8859-1", "Shift_JIS", "GB18030", "Big5", "ISO-2022-JP"] {
                if let Err(offset) = named(name).decode(&bytes) {
                    prop_assert!(offset <= bytes.len());
                }
            }
            prop_assert!(named("ISO-8859-1").decode(&bytes).is_ok());
        }
    }
}
