//! Flyway's checksum: CRC-32 (IEEE) over the text without line terminators, taken as a signed 32-bit number.
//!
//! Carriage returns, line feeds and one leading byte-order mark do not count; every other byte does. For UTF-8
//! files this equals what Flyway 4 and later store in the `checksum` column of the history table.

use memchr::memchr2;

/// The UTF-8 byte-order mark, of which one at the very beginning of a file is ignored.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The checksum of a file's bytes as they are on disk.
///
/// ```
/// assert_eq!(migrate_core::checksum::of_file(b"SELECT 1;\r\n"), 78_787_420);
/// ```
pub fn of_file(bytes: &[u8]) -> i32 {
    of_bytes(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))
}

/// The checksum of text whose byte-order mark is already gone, for example after placeholders were replaced.
pub fn of_text(text: &str) -> i32 {
    of_bytes(text.as_bytes())
}

fn of_bytes(bytes: &[u8]) -> i32 {
    let mut checksum = Checksum::default();
    checksum.update(bytes);
    checksum.finish()
}

/// The checksum of a text that comes in blocks.
#[derive(Debug)]
pub struct Checksum {
    hasher: crc32fast::Hasher,
    /// Lines are gathered, because the hasher is fast on long pieces only.
    gathered: [u8; 4096],
    length: usize,
}

impl Default for Checksum {
    fn default() -> Self {
        Self { hasher: crc32fast::Hasher::new(), gathered: [0; 4096], length: 0 }
    }
}

impl Checksum {
    /// Takes the next block, which may begin and end anywhere.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            if line.len() > self.gathered.len() - self.length {
                self.hasher.update(&self.gathered[..self.length]);
                self.length = 0;
            }
            match self.gathered.get_mut(self.length..self.length + line.len()) {
                Some(place) => {
                    place.copy_from_slice(line);
                    self.length += line.len();
                }
                None => self.hasher.update(line),
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }

    /// The checksum of all blocks.
    pub fn finish(mut self) -> i32 {
        self.hasher.update(&self.gathered[..self.length]);
        self.hasher.finalize().cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equals_the_recorded_values() {
        let Some(corpus) = crate::corpora::directory("flyway-mysql/checksum") else { return };
        let expected = std::fs::read_to_string(corpus.join("expected.tsv")).unwrap();
        let mut compared = 0;
        for line in expected.lines() {
            let (file, value) = line.split_once('\t').unwrap();
            let bytes = std::fs::read(corpus.join(file)).unwrap();
            let actual = std::str::from_utf8(&bytes).ok().map(|_| of_file(&bytes));
            assert_eq!(actual, value.parse::<i32>().ok(), "{file}");
            compared += 1;
        }
        assert!(compared >= 20);
    }

    #[test]
    fn only_one_leading_mark_is_ignored() {
        assert_eq!(of_file(b"\xEF\xBB\xBFSELECT 1;\n"), 78_787_420);
        assert_eq!(of_file(b"\xEF\xBB\xBF\xEF\xBB\xBFSELECT 1;\n"), -1_606_921_097);
        assert_eq!(of_text("\u{feff}SELECT 1;\n"), -1_606_921_097);
        assert_eq!(of_file(b""), 0);
    }

    #[test]
    fn lines_of_any_length_count_alike() {
        for length in [0, 1, 4000, 4095, 4096, 4097, 10_000] {
            let lines = ["a".repeat(length), "b".repeat(100), "c".repeat(length)];
            let expected = crc32fast::hash(lines.concat().as_bytes()).cast_signed();
            assert_eq!(of_text(&lines.join("\r\n")), expected, "{length}");
        }
    }

    proptest! {
        #[test]
        fn blocks_count_as_the_whole(blocks in proptest::collection::vec("[a\r\n]{0,9}", 0..8)) {
            let mut checksum = Checksum::default();
            for block in &blocks {
                checksum.update(block.as_bytes());
            }
            prop_assert_eq!(checksum.finish(), of_text(&blocks.concat()));
        }

        #[test]
        fn terminators_do_not_count(lines in proptest::collection::vec("[^\r\n\u{feff}]{0,20}", 0..8)) {
            let joined = of_text(&lines.concat());
            for terminator in ["\n", "\r\n", "\r"] {
                prop_assert_eq!(of_file(lines.join(terminator).as_bytes()), joined);
            }
        }
    }
}
