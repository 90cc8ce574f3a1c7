//! The baseline: the whole schema as one script that loads into an empty database.
//!
//! Statements are copied from their files, never printed from a tree, so that nothing of them is lost. Only what
//! depends on who loads them or when is left out: definers and the next value of a counter.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::ast::{ObjectKind, StatementKind, TableElement};
use crate::definer::{Definers, room};
use crate::dialect::Vendor;
use crate::finding::{Finding, at};
use crate::load::{Schema, SchemaObject};
use crate::place::{Place, Source, Span};

/// The mode that statements are read in, spelt out because servers differ; both vendors know all of these.
const SQL_MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// MariaDB's own: views and dates that the other would refuse are usual there.
const SQL_MODE_OF_MARIADB: &str =
    "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION";

const TITLE: &str = "-- The whole schema in one script, for an empty database. Generated from the files beside it\n\
-- by: infra baseline build. Do not edit.\n";

/// What the head of a baseline says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The newest migration that it contains.
    pub version: Option<String>,
    /// The tool that wrote it, with its version.
    pub tool: String,
}

/// A baseline.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The script.
    pub text: String,
    /// The SHA-256 of its statements, in hexadecimal.
    pub content_hash: String,
}

/// How a baseline is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What its head says.
    pub header: Header,
    /// What becomes of the accounts that objects run as.
    pub definers: Definers,
    /// Whether it has tables, their foreign keys, and the sequences that their defaults may need only.
    pub tables_only: bool,
}

/// How a baseline is cut into several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// One for each kind of object.
    Kind,
    /// One for each object.
    Object,
}

/// A file of a baseline that is several.
#[derive(Debug, Clone)]
pub struct Part {
    /// The file's name; files load in the order of their names.
    pub name: String,
    /// What is in it.
    pub baseline: Baseline,
}

/// A statement of a baseline.
struct Piece<'a> {
    /// What the part of the baseline is called in it, and in names of files.
    section: (&'static str, &'static str),
    name: &'a str,
    sql: String,
}

/// The heading for foreign keys of cycles, once all tables exist.
const DEFERRED: (&str, &str) = ("foreign keys between tables that need each other", "foreign_keys");

/// Writes the baseline of a schema, for the server whose rules the schema follows. The findings are about what a baseline needs beyond
/// a correct schema.
pub fn build(schema: &Schema, header: &Header) -> (Baseline, Vec<Finding>) {
    build_with(schema, &Options { header: header.clone(), ..Options::default() })
}

/// As [`build`], with everything that can be chosen.
pub fn build_with(schema: &Schema, options: &Options) -> (Baseline, Vec<Finding>) {
    let findings = schema.order.objects.iter().filter_map(|&index| charset_finding(&schema.objects[index]));
    let pieces = pieces(schema, options);
    (framed(&pieces, &options.header, sql_mode(schema)), findings.collect())
}

/// The baseline of a schema as several files, each of which can be loaded by itself once those before it are.
pub fn parts(schema: &Schema, options: &Options, split: Split) -> Vec<Part> {
    let pieces = pieces(schema, options);
    let together = |a: &Piece<'_>, b: &Piece<'_>| split == Split::Kind && a.section == b.section;
    let chunks: Vec<&[Piece<'_>]> = pieces.chunk_by(together).collect();
    let digits = chunks.len().to_string().len();
    let part = |(index, chunk): (usize, &&[Piece<'_>])| {
        let first = chunk.first()?;
        let name = if split == Split::Object { format!("_{}", safe(first.name)) } else { String::new() };
        let name = format!("{:0digits$}_{}{name}.sql", index + 1, first.section.1);
        Some(Part { name, baseline: framed(chunk, &options.header, sql_mode(schema)) })
    };
    chunks.iter().enumerate().filter_map(part).collect()
}

/// A name of which no sign leads out of a directory.
fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "_-$ ".contains(c) { c } else { '_' }).collect()
}

fn sql_mode(schema: &Schema) -> &'static str {
    match schema.catalogue.dialect().vendor {
        Vendor::MySql => SQL_MODE,
        Vendor::MariaDb => SQL_MODE_OF_MARIADB,
    }
}

/// The statements in their order.
fn pieces<'a>(schema: &'a Schema, options: &Options) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut deferred: Vec<Piece<'a>> = Vec::new();
    for &index in &schema.order.objects {
        let object = &schema.objects[index];
        if !matches!(object.kind, ObjectKind::Sequence | ObjectKind::Table) {
            pieces.append(&mut deferred);
            if options.tables_only {
                break;
            }
        }
        let cut = schema.order.deferred.get(&index).map_or(&[][..], Vec::as_slice);
        let sql = delimited(&statement_text(object, cut, &options.definers), is_compound(object));
        let folder = object.kind.folder();
        pieces.push(Piece { section: (folder, folder), name: &object.name, sql });
        if !cut.is_empty() {
            let mut sql = String::new();
            push_deferred(&mut sql, object, cut);
            deferred.push(Piece { section: DEFERRED, name: &object.name, sql });
        }
    }
    pieces.append(&mut deferred);
    pieces
}

/// Statements with head and foot.
fn framed(pieces: &[Piece<'_>], header: &Header, sql_mode: &str) -> Baseline {
    let mut body = String::new();
    let mut last = None;
    for piece in pieces {
        if last != Some(piece.section) {
            let _ = writeln!(body, "-- {}\n", piece.section.0);
            last = Some(piece.section);
        }
        body.push_str(&piece.sql);
        body.push('\n');
    }
    let content_hash = Sha256::digest(body.as_bytes()).iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    });
    let mut text = String::with_capacity(body.len() + 1024);
    text.push_str(TITLE);
    let version = header.version.as_deref().unwrap_or("none");
    let _ = writeln!(
        text,
        "-- version: {version}\n-- content: sha256:{content_hash}\n-- tool: {}\n",
        header.tool
    );
    text.push_str(
        "SET @infra_character_set_client = @@character_set_client,\n    \
         @infra_character_set_results = @@character_set_results,\n    \
         @infra_collation_connection = @@collation_connection,\n    \
         @infra_sql_mode = @@sql_mode,\n    \
         @infra_time_zone = @@time_zone;\n\
         SET NAMES utf8mb4;\n",
    );
    let _ = writeln!(text, "SET sql_mode = '{sql_mode}',\n    time_zone = '+00:00';\n");
    text.push_str(&body);
    text.push_str(
        "SET character_set_client = @infra_character_set_client,\n    \
         character_set_results = @infra_character_set_results,\n    \
         collation_connection = @infra_collation_connection,\n    \
         sql_mode = @infra_sql_mode,\n    \
         time_zone = @infra_time_zone;\n",
    );
    Baseline { text, content_hash }
}

impl Header {
    /// Reads the head of a baseline; none when the text is no baseline.
    pub fn read(text: &str) -> Option<Self> {
        let mut header = Self::default();
        let mut is_baseline = false;
        for line in text.lines().take_while(|line| line.starts_with("--")) {
            if let Some(version) = line.strip_prefix("-- version: ") {
                header.version = (version != "none").then(|| version.to_owned());
                is_baseline = true;
            } else if let Some(tool) = line.strip_prefix("-- tool: ") {
                tool.clone_into(&mut header.tool);
            }
        }
        is_baseline.then_some(header)
    }
}

impl Baseline {
    /// Compares with the file that is there; `path` is what the user calls it. The version of the tool does not count.
    pub fn stale(&self, path: &str, existing: Option<&[u8]>) -> Option<Finding> {
        let Some(existing) = existing else {
            return Some(Finding::MissingBaseline { path: path.to_owned() });
        };
        let existing = String::from_utf8_lossy(existing);
        let mut offset = 0;
        let mut wanted = self.text.split_inclusive('\n');
        let mut found = existing.split_inclusive('\n');
        for line in 1.. {
            let (wanted, found) = (wanted.next(), found.next());
            if wanted.is_none() && found.is_none() {
                return None;
            }
            let is_tool = |text: Option<&str>| text.is_some_and(|text| text.starts_with("-- tool: "));
            if wanted != found && !(is_tool(wanted) && is_tool(found)) {
                let length = found.unwrap_or_default().trim_end().len();
                let src = Source::new(path, existing.as_ref().into());
                let expected = wanted.map_or("the end of the file", |line| line.trim_end()).to_owned();
                return Some(Finding::StaleBaseline { line, expected, src, span: (offset, length).into() });
            }
            offset += found.map_or(0, str::len);
        }
        None
    }
}

/// A statement with its delimiter, which is another one for bodies that hold semicolons.
pub(crate) fn delimited(sql: &str, compound: bool) -> String {
    if !compound {
        return format!("{sql};\n");
    }
    let numbered = (1..).map(|n| format!("$$_{n}"));
    let mut candidates = ["$$", "//", ";;"].map(ToOwned::to_owned).into_iter().chain(numbered);
    let delimiter = candidates.find(|delimiter| !sql.contains(delimiter.as_str())).unwrap_or_default();
    format!("DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;\n")
}

fn is_compound(object: &SchemaObject) -> bool {
    match &object.statement.kind {
        StatementKind::CreateTrigger(def) => def.body.compound,
        StatementKind::CreateRoutine(def) => def.body.compound,
        StatementKind::CreateEvent(def) => def.change.body.as_ref().is_some_and(|body| body.compound),
        _ => false,
    }
}

/// The statement as written, line ends normalised, without what a baseline leaves out and without the elements `cut`.
fn statement_text(object: &SchemaObject, cut: &[usize], definers: &Definers) -> String {
    let source: &str = object.source.inner();
    let statement = object.statement.span;
    // Tables have no account: what is cut of them is the next value of a counter.
    let strips =
        matches!(object.kind, ObjectKind::Sequence | ObjectKind::Table) || *definers == Definers::Strip;
    let mut gaps: Vec<Span> = match definers {
        _ if strips => object.statement.strip.iter().map(|&span| widen(source, span, statement)).collect(),
        Definers::Replace(account) => return with_account(object, account),
        _ => Vec::new(),
    };
    if let StatementKind::CreateTable(def) = &object.statement.kind {
        gaps.extend(element_gaps(&def.elements, cut));
    }
    gaps.sort_unstable();
    let mut sql = String::with_capacity(statement.end - statement.start);
    let mut done = statement.start;
    for gap in gaps {
        sql.push_str(&source[done..gap.start.max(done)]);
        done = done.max(gap.end);
    }
    sql.push_str(&source[done..statement.end]);
    if sql.contains('\r') { sql.replace("\r\n", "\n") } else { sql }
}

/// The statement of a view or program that runs as another account.
fn with_account(object: &SchemaObject, account: &str) -> String {
    let source: &str = object.source.inner();
    let statement = object.statement.span;
    let text = statement.of(source);
    let clause = format!("DEFINER={account}");
    let result = match (object.statement.strip.first(), room(text)) {
        (Some(span), _) => {
            let before = Span { start: statement.start, end: span.start };
            let after = Span { start: span.end, end: statement.end };
            format!("{}{clause}{}", before.of(source), after.of(source))
        }
        (None, Some(at)) => format!("{} {clause}{}", &text[..at], &text[at..]),
        (None, None) => text.to_owned(),
    };
    result.replace("\r\n", "\n")
}

/// Takes along what would be left over around a stretch that is left out: white space, a comma, the marks of a
/// versioned comment that holds nothing else.
pub(crate) fn widen(source: &str, span: Span, statement: Span) -> Span {
    let before = source[statement.start..span.start].trim_end();
    let after = &source[span.end..statement.end];
    let next = after.trim_start();
    let end_of = |rest: &str| statement.end - rest.len();
    let mark = before.trim_end_matches(|c: char| c.is_ascii_digit());
    if let (true, Some(rest)) = (mark.ends_with("/*!"), next.strip_prefix("*/")) {
        return Span { start: statement.start + mark.len() - 3, end: end_of(rest.trim_start()) };
    }
    if before.ends_with(',') {
        return Span { start: statement.start + before.len() - 1, end: span.end };
    }
    if let Some(rest) = next.strip_prefix(',') {
        return Span { start: span.start, end: end_of(rest.trim_start()) };
    }
    if next.is_empty() {
        return Span { start: statement.start + before.len(), end: statement.end };
    }
    Span { start: span.start, end: end_of(next) }
}

/// The stretches that hold some elements of a table, each with the comma that joins it to its neighbour.
fn element_gaps(elements: &[(TableElement, Span)], cut: &[usize]) -> Vec<Span> {
    let mut kept_before = false;
    let mut gaps = Vec::new();
    for (index, (element, span)) in elements.iter().enumerate() {
        if !cut.contains(&index) {
            kept_before = true;
        } else if let TableElement::Column(column) = element {
            kept_before = true;
            gaps.extend(column.references.as_ref().map(|(_, span)| *span));
        } else if kept_before {
            gaps.push(Span { start: elements[index - 1].1.end, end: span.end });
        } else if let Some((_, next)) = elements.get(index + 1) {
            gaps.push(Span { start: span.start, end: next.start });
        }
    }
    gaps
}

/// `ALTER TABLE … ADD …` for the elements that were cut.
fn push_deferred(deferred: &mut String, object: &SchemaObject, cut: &[usize]) {
    let StatementKind::CreateTable(def) = &object.statement.kind else { return };
    let source: &str = object.source.inner();
    let clause = |&index: &usize| match &def.elements[index] {
        (TableElement::Column(column), _) => {
            let references = column.references.as_ref().map_or("", |(_, span)| span.of(source));
            format!("    ADD FOREIGN KEY ({}) {references}", column.name.span.of(source))
        }
        (_, span) => format!("    ADD {}", span.of(source)),
    };
    let clauses: Vec<String> = cut.iter().map(clause).collect();
    let name = def.name.span().of(source);
    let _ = writeln!(deferred, "ALTER TABLE {name}\n{};", clauses.join(",\n").replace("\r\n", "\n"));
}

/// A table whose character set depends on the server that it is loaded into.
fn charset_finding(object: &SchemaObject) -> Option<Finding> {
    let StatementKind::CreateTable(def) = &object.statement.kind else { return None };
    let has = |name: &str| def.options.iter().any(|option| option.name == name && option.value != "default");
    let missing = match (has("charset"), has("collate")) {
        (_, true) => return None,
        (true, false) => "collation",
        (false, false) => "character set and collation",
    };
    let (src, span) = at(&Place::new(&object.source, def.name.span()));
    Some(Finding::NoCharset { table: object.name.clone(), missing, src, span })
}
