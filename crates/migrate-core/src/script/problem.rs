//! What can be wrong with a script before any server sees it.

use std::ops::Range;

use super::lexer::Unterminated;

/// A place in a script that cannot be what its author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitProblem {
    /// The text ends within quotes or a comment that opens here.
    Unterminated {
        /// What was opened.
        what: Unterminated,
        /// The opening mark.
        range: Range<usize>,
    },
    /// The text ends within a block that opens here.
    IncompleteBlock {
        /// The word that opens the block.
        range: Range<usize>,
    },
    /// A `DELIMITER` line within a statement that was not ended.
    DelimiterInsideStatement {
        /// The word `DELIMITER`.
        range: Range<usize>,
        /// The first token of the statement.
        statement: Range<usize>,
    },
    /// A `DELIMITER` without an argument.
    MissingDelimiter {
        /// The word `DELIMITER`.
        range: Range<usize>,
    },
    /// Flyway's parser does not get past this, and by its rules there are no statements from here on: a digit outside
    /// ASCII keeps it busy for ever, and a string or the end of the text in `BEGIN NOT ATOMIC` makes it fail.
    FlywayFails {
        /// The digit, the string, or the word that opens the block.
        range: Range<usize>,
    },
    /// A command of the server's client, which no server understands.
    ClientCommand {
        /// The command.
        range: Range<usize>,
    },
    /// A carriage return without line feed ends a comment: old editors mean a new line, the server does not.
    LoneCarriageReturn {
        /// The comment.
        range: Range<usize>,
    },
    /// A parenthesis without its partner in the same statement.
    UnbalancedParenthesis {
        /// The parenthesis.
        range: Range<usize>,
    },
}

impl SplitProblem {
    /// The place, in bytes of the text that was split.
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Unterminated { range, .. }
            | Self::IncompleteBlock { range }
            | Self::DelimiterInsideStatement { range, .. }
            | Self::MissingDelimiter { range }
            | Self::FlywayFails { range }
            | Self::ClientCommand { range }
            | Self::LoneCarriageReturn { range }
            | Self::UnbalancedParenthesis { range } => range.clone(),
        }
    }
}
