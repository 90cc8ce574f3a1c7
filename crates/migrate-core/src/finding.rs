//! What this crate has to say about migrations: one variant per rule.

use std::sync::Arc;

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::encoding::Encoding;
use crate::naming::NameError;
use crate::script::SplitProblem;
use crate::script::lexer::Unterminated;

/// Text with the path that its reader knows it by.
pub type Source = miette::NamedSource<Arc<str>>;

/// A finding about migration files, scripts or the history of a database.
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// Two files claim one version.
    #[error("{kind} version {version} is used twice: `{first}` and `{second}`")]
    #[diagnostic(code("migrate/duplicate-version"), help("give one of the two files the next free version"))]
    DuplicateVersion {
        /// `versioned`, `baseline` or `undo`.
        kind: &'static str,
        /// The version as the first file writes it.
        version: String,
        /// The path of the first file.
        first: String,
        /// The path of the second file.
        second: String,
        /// The second file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file comes second")]
        span: SourceSpan,
        /// The first file.
        #[related]
        others: Vec<Finding>,
    },
    /// Two repeatable migrations or callbacks have one description.
    #[error("{kind} `{description}` exists twice: `{first}` and `{second}`")]
    #[diagnostic(code("migrate/duplicate-repeatable"), help("give one of the two files another description"))]
    DuplicateRepeatable {
        /// `repeatable migration` or `callback`.
        kind: &'static str,
        /// The description that both have.
        description: String,
        /// The path of the first file.
        first: String,
        /// The path of the second file.
        second: String,
        /// The second file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file comes second")]
        span: SourceSpan,
        /// The first file.
        #[related]
        others: Vec<Finding>,
    },
    /// The other place of a duplicate.
    #[error("the other one is `{path}`")]
    #[diagnostic(code("migrate/duplicate-place"), severity(Advice))]
    DuplicatePlace {
        /// Its path.
        path: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file comes first")]
        span: SourceSpan,
    },
    /// A name that no migration may have, where names are checked.
    #[error("`{path}` is not a migration's name: {reason}")]
    #[diagnostic(
        code("migrate/bad-name"),
        help("rename it, for example to `{suggestion}`, or move it out of the location")
    )]
    BadName {
        /// The path.
        path: String,
        /// What is wrong.
        reason: NameError,
        /// A right name.
        suggestion: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file would never run")]
        span: SourceSpan,
    },
    /// A name that no migration may have: the file is passed over, as Flyway does.
    #[error("`{path}` is not run: {reason}")]
    #[diagnostic(
        code("migrate/skipped-name"),
        severity(Warning),
        help("rename it, for example to `{suggestion}`, or move it out of the location")
    )]
    SkippedName {
        /// The path.
        path: String,
        /// What is wrong.
        reason: NameError,
        /// A right name.
        suggestion: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file never runs")]
        span: SourceSpan,
    },
    /// A suffix in capitals, which is taken all the same.
    #[error("the suffix of `{path}` is not written in the usual case")]
    #[diagnostic(
        code("migrate/suffix-case"),
        severity(Advice),
        help("rename it so that tools which compare exactly find it, too")
    )]
    SuffixCase {
        /// The path.
        path: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("runs like any other migration")]
        span: SourceSpan,
    },
    /// A migration that is a program.
    #[error("`{path}` is a program, and only SQL migrations are run")]
    #[diagnostic(
        code("migrate/program"),
        help("move what it does to SQL or to a job of its own, and the file out of the location")
    )]
    Program {
        /// The path.
        path: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("Flyway would execute this file")]
        span: SourceSpan,
    },
    /// A setting of a single script that is not understood.
    #[error("`{path}`: {problem}")]
    #[diagnostic(
        code("migrate/script-setting"),
        help("the settings of a script are `executeInTransaction`, `placeholderReplacement` and `encoding`")
    )]
    ScriptSetting {
        /// The path of the settings.
        path: String,
        /// What is wrong.
        problem: String,
        /// The settings.
        #[source_code]
        src: Source,
        /// The setting.
        #[label("here")]
        span: SourceSpan,
    },
    /// Settings of a script that is not there.
    #[error("`{path}` holds the settings of a script that is not there")]
    #[diagnostic(
        code("migrate/orphan-settings"),
        severity(Warning),
        help("name it as the script, with `.conf` at the end, or remove it")
    )]
    OrphanSettings {
        /// The path of the settings.
        path: String,
        /// The settings.
        #[source_code]
        src: Source,
        /// Their beginning.
        #[label("these settings have no effect")]
        span: SourceSpan,
    },
    /// Bytes that are no text in the script's encoding.
    #[error("`{path}` is not {encoding}: line {line}, byte {offset} of the file")]
    #[diagnostic(
        code("migrate/encoding"),
        help(
            "save it as {encoding}, or say what it is in `{path}.conf`, as in `encoding=ISO-8859-1`; UTF-8 is best"
        )
    )]
    BadEncoding {
        /// The path.
        path: String,
        /// How it was read.
        encoding: Encoding,
        /// 1-based line of the first bad byte.
        line: usize,
        /// Its 0-based offset in the file.
        offset: usize,
        /// The file, bad bytes replaced.
        #[source_code]
        src: Source,
        /// The first bad byte.
        #[label("the first byte that {encoding} does not have")]
        span: SourceSpan,
    },
    /// A byte-order mark at the beginning.
    #[error("`{path}` begins with a byte-order mark")]
    #[diagnostic(
        code("migrate/byte-order-mark"),
        severity(Advice),
        help("it is ignored, and its removal does not change the checksum")
    )]
    ByteOrderMark {
        /// The path.
        path: String,
        /// The file without the mark.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("before this")]
        span: SourceSpan,
    },
    /// A migration with nothing in it.
    #[error("migration `{path}` is empty")]
    #[diagnostic(
        code("migrate/empty-file"),
        severity(Warning),
        help("write its SQL; once applied, any change to it is a checksum mismatch")
    )]
    EmptyFile {
        /// The path.
        path: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("nothing but white space")]
        span: SourceSpan,
    },
    /// A file larger than a script may be.
    #[error("`{path}` has {size} bytes, more than the limit of {limit}")]
    #[diagnostic(
        code("migrate/too-large"),
        help("split it, or load bulk data by other means than a migration")
    )]
    TooLarge {
        /// The path.
        path: String,
        /// Bytes of the file.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A script that is too large for what was asked.
    #[error("`{path}` is read piece by piece and was not looked at as a whole")]
    #[diagnostic(code("migrate/not-held"), help("split it: what was asked needs the whole text at once"))]
    NotHeld {
        /// The path.
        path: String,
    },
    /// A large script that was not looked at to its end.
    #[error(
        "`{path}` was not looked at to its end: it has too many problems, the last in the part from line {line}"
    )]
    #[diagnostic(code("migrate/too-many-problems"), help("mend the others first"))]
    TooManyProblems {
        /// The path.
        path: String,
        /// Where the last part that was looked at begins.
        line: usize,
    },
    /// A location that lies within another.
    #[error("location `{inner}` lies within `{outer}` and is left out")]
    #[diagnostic(code("migrate/nested-location"), severity(Warning), help("name only one of the two"))]
    NestedLocation {
        /// The one that is left out.
        inner: String,
        /// The one around it.
        outer: String,
    },
    /// A location that does not exist, where that is allowed.
    #[error("there is no location `{location}`")]
    #[diagnostic(
        code("migrate/no-location"),
        severity(Warning),
        help("nothing is read from it; set failOnMissingLocations to make this an error")
    )]
    MissingLocation {
        /// The location.
        location: String,
    },
    /// A placeholder that nothing gives a value to.
    #[error("no value for placeholder `{name}`")]
    #[diagnostic(
        code("sql/unknown-placeholder"),
        help("give it a value, or switch replacement off if it is data (known: {known})")
    )]
    UnknownPlaceholder {
        /// The name as first written.
        name: String,
        /// The names that have a value.
        known: String,
        /// The script.
        #[source_code]
        src: Source,
        /// All its places.
        #[label(collection, "used here")]
        spans: Vec<SourceSpan>,
    },
    /// A placeholder without its end.
    #[error("this placeholder has no end")]
    #[diagnostic(
        code("sql/unterminated-placeholder"),
        help("close it, or switch replacement off if it is data")
    )]
    UnterminatedPlaceholder {
        /// The script.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("opened here")]
        span: SourceSpan,
    },
    /// A migration that did not end well.
    #[error("migration {name} failed when it was applied")]
    #[diagnostic(
        code("migrate/failed"),
        help(
            "mend the statement that failed, then run `infra migrate repair`; the next run goes on with that statement"
        )
    )]
    Failed {
        /// Version and description.
        name: String,
        /// Whether it is a repeatable one.
        repeatable: bool,
    },
    /// An applied migration without a script that takes it back.
    #[error("migration {name} cannot be taken back: it has no undo script")]
    #[diagnostic(code("migrate/no-undo"), help("write `U{version}__….sql`"))]
    NoUndo {
        /// Version and description.
        name: String,
        /// The version.
        version: String,
    },
    /// An applied migration without a file.
    #[error("migration {name} was applied, but no file has it")]
    #[diagnostic(code("migrate/missing"), help("bring back `{script}`, or ignore missing migrations"))]
    Missing {
        /// Version and description.
        name: String,
        /// The script that the history names.
        script: String,
        /// Whether it is a repeatable one.
        repeatable: bool,
    },
    /// A file that was not applied where everything should be.
    #[error("migration {name} was not applied to the database")]
    #[diagnostic(code("migrate/pending"), help("apply it"))]
    Pending {
        /// Version and description.
        name: String,
        /// Whether it is a repeatable one.
        repeatable: bool,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file is pending")]
        span: SourceSpan,
    },
    /// A file below what is applied already.
    #[error("migration {name} was not applied, although a later version was")]
    #[diagnostic(
        code("migrate/ignored"),
        help(
            "give it a version above the newest applied one, or allow it out of order with `--out-of-order`"
        )
    )]
    Ignored {
        /// Version and description.
        name: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file came too late")]
        span: SourceSpan,
    },
    /// A repeatable migration whose text changed.
    #[error("repeatable migration `{description}` changed since it was applied")]
    #[diagnostic(code("migrate/outdated"), help("apply it again"))]
    Outdated {
        /// Its description.
        description: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file changed")]
        span: SourceSpan,
    },
    /// A versioned migration whose text changed.
    #[error(
        "migration {name} changed after it was applied: its checksum is {resolved}, the history has {applied}"
    )]
    #[diagnostic(
        code("migrate/checksum-mismatch"),
        help("bring its old text back and put the change into a new migration")
    )]
    ChecksumMismatch {
        /// Version and description.
        name: String,
        /// Checksum in the history, or `null`.
        applied: String,
        /// Checksum of the file.
        resolved: i32,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file changed")]
        span: SourceSpan,
    },
    /// A versioned migration whose name changed.
    #[error("migration {name} was applied as `{applied}` and is now `{resolved}`")]
    #[diagnostic(code("migrate/description-mismatch"), help("give the file its old name back"))]
    DescriptionMismatch {
        /// The version.
        name: String,
        /// Description in the history.
        applied: String,
        /// Description of the file.
        resolved: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("this file was renamed")]
        span: SourceSpan,
    },
    /// A history that contradicts itself.
    #[error("the history marks migration {name} as deleted more than once")]
    #[diagnostic(code("migrate/duplicate-delete"), help("remove the surplus DELETE row from the history"))]
    DuplicateDelete {
        /// Version or description.
        name: String,
    },
    /// Quotes or a comment without an end.
    #[error("this {what} is not closed before the end of the file")]
    #[diagnostic(code("sql/unterminated"), help("{help}"))]
    Unterminated {
        /// What was opened.
        what: &'static str,
        /// How to close it.
        help: &'static str,
        /// The script.
        #[source_code]
        src: Source,
        /// The opening mark.
        #[label("opened here")]
        span: SourceSpan,
    },
    /// A block without its `END`.
    #[error("this block has no END before the end of the file")]
    #[diagnostic(
        code("sql/incomplete-block"),
        help(
            "end it, or put the statement between `DELIMITER //` and `DELIMITER ;` if the word is a name here"
        )
    )]
    IncompleteBlock {
        /// The script.
        #[source_code]
        src: Source,
        /// The word that opens the block.
        #[label("opened here")]
        span: SourceSpan,
    },
    /// `DELIMITER` before the statement was ended.
    #[error("the delimiter changes inside a statement")]
    #[diagnostic(
        code("sql/delimiter-inside-statement"),
        help("end the statement with the current delimiter first")
    )]
    DelimiterInsideStatement {
        /// The script.
        #[source_code]
        src: Source,
        /// The word `DELIMITER`.
        #[label("changed here")]
        span: SourceSpan,
        /// The beginning of the statement.
        #[label("this statement is not ended")]
        statement: SourceSpan,
    },
    /// `DELIMITER` without argument.
    #[error("DELIMITER has no argument")]
    #[diagnostic(
        code("sql/missing-delimiter"),
        help("write the new delimiter on the same line: `DELIMITER //`")
    )]
    MissingDelimiter {
        /// The script.
        #[source_code]
        src: Source,
        /// The word `DELIMITER`.
        #[label("nothing follows")]
        span: SourceSpan,
    },
    /// A command of the command-line client.
    #[error("`{command}` is a command of the mysql client, not SQL")]
    #[diagnostic(code("sql/client-command"), help("put the statements themselves into the migration"))]
    ClientCommand {
        /// The command.
        command: String,
        /// The script.
        #[source_code]
        src: Source,
        /// The command.
        #[label("no server understands this")]
        span: SourceSpan,
    },
    /// A comment that only half of the tools see the end of.
    #[error("a carriage return without line feed ends this comment")]
    #[diagnostic(
        code("sql/lone-carriage-return"),
        help(
            "the server goes on reading the comment to the next line feed; convert the line ends of the file"
        )
    )]
    LoneCarriageReturn {
        /// The script.
        #[source_code]
        src: Source,
        /// The comment.
        #[label("what follows it on this line would not run")]
        span: SourceSpan,
    },
    /// Flyway's parser fails or never ends, where its rules for splitting are asked for.
    #[error("Flyway's parser does not get past this")]
    #[diagnostic(
        code("sql/flyway-fails"),
        help("set flyway_quirks = false, so that statements are split as the server's client does")
    )]
    FlywayFails {
        /// The script.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A parenthesis without its partner.
    #[error("this parenthesis has no partner in its statement")]
    #[diagnostic(
        code("sql/unbalanced-parenthesis"),
        help("a statement ends at its delimiter, even inside parentheses")
    )]
    UnbalancedParenthesis {
        /// The script.
        #[source_code]
        src: Source,
        /// The parenthesis.
        #[label("here")]
        span: SourceSpan,
    },
}

impl Finding {
    /// The finding for a problem of splitting. `place` takes a range of the split text to the source.
    pub(crate) fn from_split(
        problem: &SplitProblem,
        src: &Source,
        place: impl Fn(std::ops::Range<usize>) -> SourceSpan,
    ) -> Self {
        let span = place(problem.range());
        let src = src.clone();
        match problem {
            SplitProblem::Unterminated { what, .. } => {
                let (what, help) = match what {
                    Unterminated::String => ("string", "close it with `'`; write a quote inside as `''`"),
                    Unterminated::DoubleQuoted => {
                        ("string", "close it with `\"`; write a quote inside as `\"\"`")
                    }
                    Unterminated::Identifier => ("identifier", "close it with a backquote"),
                    Unterminated::Comment => ("comment", "close it with `*/`"),
                    Unterminated::ExecutableComment => (
                        "executable comment",
                        "close it with `*/` outside the strings and comments within it",
                    ),
                };
                Self::Unterminated { what, help, src, span }
            }
            SplitProblem::IncompleteBlock { .. } => Self::IncompleteBlock { src, span },
            SplitProblem::DelimiterInsideStatement { statement, .. } => {
                Self::DelimiterInsideStatement { src, span, statement: place(statement.clone()) }
            }
            SplitProblem::MissingDelimiter { .. } => Self::MissingDelimiter { src, span },
            SplitProblem::FlywayFails { .. } => Self::FlywayFails { src, span },
            SplitProblem::ClientCommand { .. } => {
                let command =
                    src.inner().get(span.offset()..span.offset() + span.len()).unwrap_or_default().to_owned();
                Self::ClientCommand { command, src, span }
            }
            SplitProblem::LoneCarriageReturn { .. } => Self::LoneCarriageReturn { src, span },
            SplitProblem::UnbalancedParenthesis { .. } => Self::UnbalancedParenthesis { src, span },
        }
    }

    /// The code under which Flyway reports the same, where it does.
    pub fn flyway_code(&self) -> Option<&'static str> {
        Some(match self {
            Self::DuplicateVersion { .. } => "DUPLICATE_VERSIONED_MIGRATION",
            Self::DuplicateRepeatable { .. } => "DUPLICATE_REPEATABLE_MIGRATION",
            Self::DuplicateDelete { .. } => "DUPLICATE_DELETED_MIGRATION",
            Self::Failed { repeatable: false, .. } => "FAILED_VERSIONED_MIGRATION",
            Self::Failed { repeatable: true, .. } => "FAILED_REPEATABLE_MIGRATION",
            Self::Missing { repeatable: false, .. } => "APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED",
            Self::Missing { repeatable: true, .. } => "APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED",
            Self::Pending { repeatable: false, .. } | Self::Ignored { .. } => {
                "RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED"
            }
            Self::Pending { repeatable: true, .. } => "RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED",
            Self::Outdated { .. } => "OUTDATED_REPEATABLE_MIGRATION",
            Self::ChecksumMismatch { .. } => "CHECKSUM_MISMATCH",
            Self::DescriptionMismatch { .. } => "DESCRIPTION_MISMATCH",
            _ => return None,
        })
    }

    /// Whether this is an error rather than a warning or advice.
    pub fn is_error(&self) -> bool {
        self.severity().is_none_or(|severity| severity == miette::Severity::Error)
    }
}
