//! Everything this crate has to say about scripts, schemas and baselines.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::ast::ObjectKind;
use crate::place::{Place, Source};

/// Something that is wrong, or worth knowing, with its place.
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// A statement that no server can read.
    #[error("expected {expected}, found {found}")]
    #[diagnostic(
        code("sql/syntax"),
        severity(Error),
        help("the server would refuse this statement with a syntax error; correct it here")
    )]
    Syntax {
        /// What may stand here.
        expected: String,
        /// What stands here.
        found: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },

    /// A statement whose effect on the schema is not known.
    #[error("{what} is not understood, so what it touches is not checked")]
    #[diagnostic(
        code("sql/not-understood"),
        severity(Warning),
        help("check by hand that the schema directory reflects it; a server comparison can settle it")
    )]
    NotUnderstood {
        /// The statement or clause.
        what: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("this has no effect on the modelled schema")]
        span: SourceSpan,
    },

    /// A query that looks wrong, though a server may accept it.
    #[error("this may be a mistake: {message}")]
    #[diagnostic(
        code("sql/doubtful"),
        severity(Advice),
        help("check the query; a server has the last word on it")
    )]
    Doubtful {
        /// What a general SQL parser expected.
        message: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },

    /// A statement needs a table that is not there.
    #[error("there is no table `{name}`")]
    #[diagnostic(code("schema/unknown-table"), severity(Error))]
    UnknownTable {
        /// The missing table.
        name: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("not a table at this point")]
        span: SourceSpan,
    },

    /// A statement needs a column that is not there.
    #[error("table `{table}` has no column `{name}`")]
    #[diagnostic(code("schema/unknown-column"), severity(Error))]
    UnknownColumn {
        /// The table.
        table: String,
        /// The missing column.
        name: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("not a column at this point")]
        span: SourceSpan,
    },

    /// A statement needs a key or constraint that is not there.
    #[error("table `{table}` has no {kind} `{name}`")]
    #[diagnostic(code("schema/unknown-key"), severity(Error))]
    UnknownKey {
        /// The table.
        table: String,
        /// Key, foreign key or check constraint.
        kind: &'static str,
        /// The missing name.
        name: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("no such name at this point")]
        span: SourceSpan,
    },

    /// A statement needs a view, trigger, routine or event that is not there.
    #[error("there is no {kind} `{name}`")]
    #[diagnostic(code("schema/unknown-object"), severity(Error))]
    UnknownObject {
        /// The kind of object.
        kind: ObjectKind,
        /// The missing object.
        name: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("does not exist at this point")]
        span: SourceSpan,
    },

    /// An object is created that exists already.
    #[error("there is already a {kind} `{name}`")]
    #[diagnostic(
        code("schema/duplicate-object"),
        severity(Error),
        help("drop or rename one of the two; the server accepts only one")
    )]
    DuplicateObject {
        /// The kind of the object that exists.
        kind: ObjectKind,
        /// The name.
        name: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("created a second time here")]
        span: SourceSpan,
        /// Where it was created first.
        #[related]
        first: Vec<Finding>,
    },

    /// A column is added that exists already.
    #[error("table `{table}` already has a column `{name}`")]
    #[diagnostic(
        code("schema/duplicate-column"),
        severity(Error),
        help("the server refuses this; remove the second definition or use MODIFY COLUMN")
    )]
    DuplicateColumn {
        /// The table.
        table: String,
        /// The column.
        name: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("defined a second time here")]
        span: SourceSpan,
        /// Where it was defined first.
        #[related]
        first: Vec<Finding>,
    },

    /// A key or constraint is added whose name is taken.
    #[error("the name `{name}` is already taken by {holder}")]
    #[diagnostic(
        code("schema/duplicate-key"),
        severity(Error),
        help("choose another name, or drop the earlier one first")
    )]
    DuplicateKey {
        /// The name.
        name: String,
        /// What has it.
        holder: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("named a second time here")]
        span: SourceSpan,
        /// Where it was named first.
        #[related]
        first: Vec<Finding>,
    },

    /// A definition that the server refuses for a reason of its own.
    #[error("{reason}")]
    #[diagnostic(code("schema/invalid-definition"), severity(Error))]
    InvalidDefinition {
        /// Why.
        reason: String,
        /// What to do.
        #[help]
        help: &'static str,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("the server refuses this")]
        span: SourceSpan,
    },

    /// A column, key or table is dropped or changed that something else needs.
    #[error("{what} is used by {user}")]
    #[diagnostic(code("schema/still-in-use"), severity(Error), help("drop or change {user} first"))]
    StillInUse {
        /// The thing that goes.
        what: String,
        /// The thing that needs it.
        user: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("the server refuses this")]
        span: SourceSpan,
        /// Where the user is defined.
        #[related]
        used: Vec<Finding>,
    },

    /// A column is dropped that is part of a unique key with other columns.
    #[error("dropping column `{column}` silently narrows unique key `{key}` of `{table}`")]
    #[diagnostic(
        code("schema/narrowed-key"),
        severity(Warning),
        help("drop the key in the same statement and add the one that is meant; MariaDB refuses this")
    )]
    NarrowedKey {
        /// The table.
        table: String,
        /// The column that goes.
        column: String,
        /// The key that stays without it.
        key: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("the key stays, over fewer columns")]
        span: SourceSpan,
    },

    /// The columns of a foreign key do not fit those of the parent.
    #[error("foreign key `{name}` of `{table}`: {reason}")]
    #[diagnostic(code("schema/foreign-key"), severity(Error))]
    ForeignKey {
        /// The child table.
        table: String,
        /// The constraint.
        name: String,
        /// What does not fit.
        reason: String,
        /// What to do.
        #[help]
        help: &'static str,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("the server refuses this")]
        span: SourceSpan,
        /// Where the other side is defined.
        #[related]
        parent: Vec<Finding>,
    },

    /// A foreign key names a table of another schema.
    #[error("`{name}` is in another schema, so it is not checked")]
    #[diagnostic(
        code("schema/other-schema"),
        severity(Warning),
        help("keep references within one schema; the other one must exist before this is loaded")
    )]
    OtherSchema {
        /// The qualified name.
        name: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("outside of this schema")]
        span: SourceSpan,
    },

    /// A view, trigger, routine or event uses something that does not exist.
    #[error("{user} uses {kind} `{name}`, which does not exist")]
    #[diagnostic(code("schema/missing-reference"), severity(Error))]
    MissingReference {
        /// The object that uses it.
        user: String,
        /// What kind of thing it uses.
        kind: &'static str,
        /// The missing name.
        name: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("does not exist")]
        span: SourceSpan,
        /// The object that comes nearest.
        #[related]
        nearest: Vec<Finding>,
    },

    /// A second place that explains a finding.
    #[error("{what}")]
    #[diagnostic(code("schema/see-also"), severity(Advice))]
    SeeAlso {
        /// What is there.
        what: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },

    /// The schema directory, or one that it must have, is not there.
    #[error("the schema directory `{path}` does not exist")]
    #[diagnostic(
        code("schema/missing-directory"),
        severity(Error),
        help("create it with one CREATE statement per file: tables/NAME.sql, views/NAME.sql and so on")
    )]
    MissingDirectory {
        /// The directory.
        path: String,
    },

    /// A file that is not text.
    #[error("the file is not UTF-8 text: byte {byte:#04x} at offset {offset}")]
    #[diagnostic(code("schema/not-utf8"), severity(Error), help("save the file as UTF-8"))]
    NotUtf8 {
        /// The offending byte.
        byte: u8,
        /// Its offset.
        offset: usize,
        /// The text, with replacement characters.
        #[source_code]
        src: Source,
        /// The place in it.
        #[label("here")]
        span: SourceSpan,
    },

    /// A file without a statement.
    #[error("the file holds no statement")]
    #[diagnostic(
        code("schema/empty-file"),
        severity(Error),
        help("write the object's CREATE statement, or delete the file")
    )]
    EmptyFile {
        /// The text.
        #[source_code]
        src: Source,
        /// Its beginning.
        #[label("nothing here")]
        span: SourceSpan,
    },

    /// A file with more than one statement.
    #[error("the file holds more than one statement")]
    #[diagnostic(
        code("schema/more-than-one-statement"),
        severity(Error),
        help("keep one CREATE statement per file; give the other object a file of its own")
    )]
    MoreThanOneStatement {
        /// The text.
        #[source_code]
        src: Source,
        /// The second statement.
        #[label("the second one begins here")]
        span: SourceSpan,
    },

    /// A file of the schema directory that does not create an object.
    #[error("the file does not create an object of the schema")]
    #[diagnostic(
        code("schema/not-an-object"),
        severity(Error),
        help(
            "schema files hold CREATE TABLE, VIEW, TRIGGER, PROCEDURE, FUNCTION or EVENT; data and changes belong into migrations"
        )
    )]
    NotAnObject {
        /// The text.
        #[source_code]
        src: Source,
        /// The statement.
        #[label("not a CREATE statement of an object")]
        span: SourceSpan,
    },

    /// A file in the folder of another kind of object.
    #[error("{kind} `{name}` is in the folder `{folder}`")]
    #[diagnostic(
        code("schema/wrong-folder"),
        severity(Error),
        help("move the file to `{expected}/{name}.sql`")
    )]
    WrongFolder {
        /// The kind of the object.
        kind: ObjectKind,
        /// The object.
        name: String,
        /// Where the file is.
        folder: String,
        /// Where it belongs.
        expected: &'static str,
        /// The text.
        #[source_code]
        src: Source,
        /// The name.
        #[label("this creates a {kind}")]
        span: SourceSpan,
    },

    /// A file that is not named after its object.
    #[error("the file creates {kind} `{name}`, but is named `{file}`")]
    #[diagnostic(code("schema/wrong-file-name"), severity(Error), help("rename the file to `{name}.sql`"))]
    WrongFileName {
        /// The kind of the object.
        kind: ObjectKind,
        /// The object.
        name: String,
        /// The file's name.
        file: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The name.
        #[label("the object's name")]
        span: SourceSpan,
    },

    /// An object qualified by a schema.
    #[error("`{name}` is qualified by a schema")]
    #[diagnostic(
        code("schema/qualified-name"),
        severity(Warning),
        help("write the name alone, so that the baseline loads into any database")
    )]
    QualifiedName {
        /// The name as written.
        name: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The name.
        #[label("names a schema")]
        span: SourceSpan,
    },

    /// A table that leaves its character set to the server.
    #[error("table `{table}` does not say its {missing}")]
    #[diagnostic(
        code("schema/no-charset"),
        severity(Warning),
        help(
            "servers have different defaults; write `DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci` or what the table is meant to have"
        )
    )]
    NoCharset {
        /// The table.
        table: String,
        /// Character set, collation or both.
        missing: &'static str,
        /// The text.
        #[source_code]
        src: Source,
        /// The table's name.
        #[label("depends on the server it is loaded into")]
        span: SourceSpan,
    },

    /// Views that need each other.
    #[error("views need each other: {cycle}")]
    #[diagnostic(
        code("schema/view-cycle"),
        severity(Error),
        help("no order can create them; take one reference out of the cycle")
    )]
    ViewCycle {
        /// `a → b → a`.
        cycle: String,
        /// The text of the first.
        #[source_code]
        src: Source,
        /// Its reference into the cycle.
        #[label("part of the cycle")]
        span: SourceSpan,
        /// The others.
        #[related]
        others: Vec<Finding>,
    },

    /// The schema directory has something else than the migrations produce.
    #[error("{object} differs between {left} and {right}: {what}")]
    #[diagnostic(code("schema/differs-from-migrations"), severity(Error))]
    Differs {
        /// Which object.
        object: String,
        /// One side.
        left: &'static str,
        /// The other side.
        right: &'static str,
        /// The difference.
        what: String,
        /// What to do.
        #[help]
        help: &'static str,
        /// The text of the left side.
        #[source_code]
        src: Source,
        /// The place in it.
        #[label("{left}")]
        span: SourceSpan,
        /// The other side.
        #[related]
        other: Vec<Finding>,
    },

    /// An object that only one side has.
    #[error("{object} is in {present} but not in {absent}")]
    #[diagnostic(code("schema/only-on-one-side"), severity(Error))]
    OnlyOnOneSide {
        /// Which object.
        object: String,
        /// The side that has it.
        present: &'static str,
        /// The side that has not.
        absent: &'static str,
        /// What to do.
        #[help]
        help: &'static str,
        /// The text.
        #[source_code]
        src: Source,
        /// Where it is defined.
        #[label("only here")]
        span: SourceSpan,
    },

    /// An object could not be compared, since a statement that touches it was not understood.
    #[error("{object} is not compared: a statement that touches it was not understood")]
    #[diagnostic(code("schema/not-checked"), severity(Warning), help("compare it by hand or on a server"))]
    NotChecked {
        /// Which object.
        object: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The statement.
        #[label("here")]
        span: SourceSpan,
    },

    /// An object of a server whose definition is not read.
    #[error("{object} is not checked: {reason}")]
    #[diagnostic(
        code("schema/not-read"),
        severity(Warning),
        help(
            "compare it by hand; the account may need more privileges (SHOW VIEW, TRIGGER, EVENT, SHOW_ROUTINE)"
        )
    )]
    NotRead {
        /// Which object.
        object: String,
        /// Why.
        reason: String,
    },

    /// The baseline file is not what the schema directory gives.
    #[error("the baseline is stale from line {line} on")]
    #[diagnostic(
        code("schema/stale-baseline"),
        severity(Error),
        help("it should read `{expected}`; run `infra baseline build` and commit the result")
    )]
    StaleBaseline {
        /// The first line that differs, from 1.
        line: usize,
        /// What should stand there.
        expected: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The line.
        #[label("differs")]
        span: SourceSpan,
    },

    /// The baseline file is not there.
    #[error("the baseline `{path}` does not exist")]
    #[diagnostic(
        code("schema/missing-baseline"),
        severity(Error),
        help("run `infra baseline build` and commit the result")
    )]
    MissingBaseline {
        /// The file.
        path: String,
    },

    /// A step from one schema to another that loses data.
    #[error("this loses {what}")]
    #[diagnostic(
        code("schema/loses-data"),
        severity(Error),
        help("if it may go, say --allow-destructive; if it has another name now, say so with --rename")
    )]
    LosesData {
        /// What is lost.
        what: String,
        /// The text.
        #[source_code]
        src: Source,
        /// Its definition.
        #[label("defined here")]
        span: SourceSpan,
    },

    /// Something that definitions do not take back.
    #[error("this cannot be taken back by a script made for it: {why}")]
    #[diagnostic(
        code("schema/no-inverse"),
        severity(Error),
        help("write the undo script of this version by hand")
    )]
    NoInverse {
        /// Why not.
        why: String,
        /// The text.
        #[source_code]
        src: Source,
        /// The statement.
        #[label("here")]
        span: SourceSpan,
    },

    /// Data that went when a script ran, and that no inverse of it brings back.
    #[error("taking the script back does not bring back {what}")]
    #[diagnostic(
        code("schema/lost-before"),
        severity(Warning),
        help("what is made anew is empty; the data may be in a backup")
    )]
    LostBefore {
        /// What is gone.
        what: String,
        /// The text.
        #[source_code]
        src: Source,
        /// Its definition before.
        #[label("defined here")]
        span: SourceSpan,
    },

    /// A difference that the statements do not carry over.
    #[error("{object} would still differ: {what}")]
    #[diagnostic(
        code("schema/not-carried"),
        severity(Error),
        help("write this part of the change by hand; the other statements can be used")
    )]
    NotCarried {
        /// Which object.
        object: String,
        /// What differs.
        what: String,
        /// The text.
        #[source_code]
        src: Source,
        /// Its definition.
        #[label("defined here")]
        span: SourceSpan,
    },

    /// A name that cannot be changed.
    #[error("`{old}` cannot become `{new}`: {why}")]
    #[diagnostic(
        code("schema/cannot-rename"),
        severity(Error),
        help("correct the argument of --rename, or leave it out when the change is made already")
    )]
    CannotRename {
        /// The old name.
        old: String,
        /// The new name.
        new: String,
        /// Why not.
        why: String,
    },
}

impl Finding {
    /// What statements do not carry over of an object.
    pub(crate) fn not_carried(object: String, what: String, place: Option<&Place>) -> Self {
        let nowhere = || (Source::new("", "".into()), SourceSpan::from(0));
        let (src, span) = place.map_or_else(nowhere, at);
        Self::NotCarried { object, what, src, span }
    }

    /// A second place for another finding.
    pub(crate) fn see_also(what: impl Into<String>, place: &Place) -> Self {
        Self::SeeAlso { what: what.into(), src: place.source.as_ref().clone(), span: place.span.into() }
    }
}

/// The text of a place, in the form that findings carry.
pub fn at(place: &Place) -> (Source, SourceSpan) {
    (place.source.as_ref().clone(), place.span.into())
}
