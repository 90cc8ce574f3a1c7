//! Script text: tokens, statements, placeholders.

mod blocks;
pub mod client;
pub mod effect;
mod flyway;
pub mod lexer;
mod parsed;
mod problem;
mod scan;
mod split;
pub mod stream;

use miette::SourceSpan;

use crate::finding::{Finding, Source};

pub use parsed::Script;
pub use problem::SplitProblem;
pub use split::{SplitOptions, SplitRules, Splitter, Statement, split};

/// Splits a file's text without replacing anything in it, problems as findings in that file.
pub fn split_source(source: &Source) -> (Vec<Statement>, Vec<Finding>) {
    let (statements, problems) = split(source.inner(), &SplitOptions::default());
    let findings =
        problems.iter().map(|problem| Finding::from_split(problem, source, SourceSpan::from)).collect();
    (statements, findings)
}

/// The 1-based line of a byte offset; a line ends at a line feed.
pub fn line_at(text: &str, offset: usize) -> usize {
    1 + count_lines(&text.as_bytes()[..offset.min(text.len())])
}

/// The 1-based line and column of a byte offset; the column counts characters.
pub fn position_at(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (line_at(text, before.len()), before[line_start..].chars().count() + 1)
}

/// Counts the lines of a text on the way through it: each line once, however many places are asked for.
#[derive(Debug)]
pub(crate) struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> LineCounter<'a> {
    /// At the beginning of a text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The 1-based line of a byte offset, which may not lie before the last one.
    pub(crate) fn line(&mut self, offset: usize) -> usize {
        let offset = offset.clamp(self.at, self.text.len());
        self.line += count_lines(&self.text.as_bytes()[self.at..offset]);
        self.at = offset;
        self.line
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_counted_alike_on_the_way_and_from_the_beginning(text in "[a\u{e9}\n]{0,30}") {
            let mut counter = LineCounter::new(&text);
            for (offset, _) in text.char_indices() {
                prop_assert_eq!(counter.line(offset), position_at(&text, offset).0);
            }
        }
    }
}
