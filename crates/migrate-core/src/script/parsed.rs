//! A migration's text, ready to be executed statement by statement.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use miette::SourceSpan;

use super::{SplitOptions, SplitProblem, Statement, count_lines, position_at, split};
use crate::finding::{Finding, Source};
use crate::placeholder::{Expanded, Placeholders};

/// A script with its placeholders replaced and its statements found. Places lead into the original file.
///
/// Of a file that is too large to be held it is a part, or an outline without the bulk of its data.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    source: Cow<'a, Source>,
    expanded: Expanded<'a>,
    /// The statements, in places of the expanded text.
    pub statements: Vec<Statement>,
    /// What kept others from being found, in places of the expanded text.
    pub(crate) problems: Vec<SplitProblem>,
    extent: Extent,
    /// How many statements the whole has, where that is not the end of this.
    total: Option<usize>,
    outline: Option<Outline>,
}

/// Where a part of a script lies in the whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    /// How many statements are before it.
    pub(super) first: usize,
    /// How many lines end before it.
    pub(super) lines: usize,
    /// How many characters of its first line are before it.
    pub(super) columns: usize,
}

impl Extent {
    /// What is before the part that comes after one of this text with so many statements.
    pub(super) fn after(self, text: &str, statements: usize) -> Self {
        let (columns, last) = match text.rfind('\n') {
            Some(end) => (0, &text[end + 1..]),
            None => (self.columns, text),
        };
        Self {
            first: self.first + statements,
            lines: self.lines + count_lines(text.as_bytes()),
            columns: columns + last.chars().count(),
        }
    }

    /// How many bytes stand for what is before it.
    fn padding(self) -> usize {
        self.lines + self.columns
    }
}

/// What is known of a whole script that is not held.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outline {
    /// How many statements it has.
    pub(super) total: usize,
    /// Whether one may leave something behind in the session.
    pub(super) touches_session: bool,
    /// Whether some were left out that are more than rows.
    pub(super) is_cut: bool,
}

impl<'a> Script<'a> {
    /// Replaces placeholders and splits. `file_name` is the value of `${flyway:filename}`.
    pub fn parse(
        source: &'a Source,
        file_name: &'a str,
        placeholders: &Placeholders,
        options: &SplitOptions,
    ) -> (Self, Vec<Finding>) {
        let (expanded, mut findings) = placeholders.expand(source, file_name);
        let (statements, problems) = split(&expanded.text, options);
        let place = |range: Range<usize>| SourceSpan::from(expanded.original(range));
        findings.extend(problems.iter().map(|problem| Finding::from_split(problem, source, place)));
        let (source, extent) = (Cow::Borrowed(source), Extent::default());
        (Self { source, expanded, statements, problems, extent, total: None, outline: None }, findings)
    }

    /// A part of a script, whose `source` is only the text of that part.
    pub(super) fn part(
        source: Source,
        expanded: Expanded<'a>,
        statements: Vec<Statement>,
        extent: Extent,
    ) -> Self {
        let source = Cow::Owned(source);
        Self { source, expanded, statements, problems: Vec::new(), extent, total: None, outline: None }
    }

    /// What a whole script is known to do that is not held.
    pub(super) fn outlined(
        source: Source,
        text: String,
        statements: Vec<Statement>,
        outline: Outline,
    ) -> Self {
        let script = Self::part(source, Expanded::plain(text), statements, Extent::default());
        Self { total: Some(outline.total), outline: Some(outline), ..script }
    }

    /// The file, or the part of it.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What to show of the file, and where in it a place is: with the lines before a part, so that lines and columns are those of the file.
    pub fn cite(&self, span: SourceSpan) -> (Source, SourceSpan) {
        let Extent { lines, columns, .. } = self.extent;
        if self.extent.padding() == 0 {
            return (self.source().clone(), span);
        }
        let text = "\n".repeat(lines) + &" ".repeat(columns) + self.source.inner();
        (Source::new(self.source.name(), Arc::from(text)), self.cited(span))
    }

    /// The same of the statement of that number; the beginning where it is not in this part.
    pub(crate) fn cite_statement(&self, number: usize) -> (Source, SourceSpan) {
        self.cite(self.statement(number).map_or((0, 0).into(), |statement| self.span(statement)))
    }

    fn cited(&self, span: SourceSpan) -> SourceSpan {
        (span.offset() + self.extent.padding(), span.len()).into()
    }

    /// How many statements the whole script has.
    pub fn total(&self) -> usize {
        self.total.unwrap_or(self.end())
    }

    /// The same part of a script that has so many statements.
    pub(crate) fn of(self, total: usize) -> Self {
        Self { total: Some(total), ..self }
    }

    /// How many statements there are up to the end of this part.
    pub(crate) fn end(&self) -> usize {
        self.extent.first + self.statements.len()
    }

    /// The statements with their numbers in the whole script, from 0.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &Statement)> {
        (self.extent.first..).zip(&self.statements)
    }

    /// The statement of that number in the whole script, if it is in this part.
    pub(crate) fn statement(&self, number: usize) -> Option<&Statement> {
        self.statements.get(number.checked_sub(self.extent.first)?)
    }

    /// The statements of these numbers in the whole script, as far as they are in this part.
    pub(crate) fn between(&self, numbers: Range<usize>) -> &[Statement] {
        let index = |number: usize| number.saturating_sub(self.extent.first).min(self.statements.len());
        self.statements.get(index(numbers.start)..index(numbers.end)).unwrap_or_default()
    }

    /// How many lines end before this part.
    pub(crate) fn lines_before(&self) -> usize {
        self.extent.lines
    }

    /// Whether statements that are more than rows were left out of an outline.
    pub(crate) fn is_cut(&self) -> bool {
        self.outline.is_some_and(|outline| outline.is_cut)
    }

    /// What is wrong with a part: problems in it, and those of the findings about its placeholders that lie in it.
    pub(super) fn findings(&self, problems: &[SplitProblem], of_placeholders: Vec<Finding>) -> Vec<Finding> {
        if problems.is_empty() && of_placeholders.is_empty() {
            return Vec::new();
        }
        let (src, _) = self.cite((0..0).into());
        let length = self.source.inner().len();
        let is_inside = |span: &SourceSpan| span.offset() < length;
        let mut findings = Vec::new();
        for finding in of_placeholders {
            match finding {
                Finding::UnknownPlaceholder { name, known, spans, .. } => {
                    let spans: Vec<_> =
                        spans.into_iter().filter(is_inside).map(|span| self.cited(span)).collect();
                    if !spans.is_empty() {
                        findings.push(Finding::UnknownPlaceholder { name, known, src: src.clone(), spans });
                    }
                }
                Finding::UnterminatedPlaceholder { span, .. } if is_inside(&span) => {
                    findings
                        .push(Finding::UnterminatedPlaceholder { src: src.clone(), span: self.cited(span) });
                }
                _ => {}
            }
        }
        let place = |range: Range<usize>| self.cited(self.place(range));
        findings.extend(problems.iter().map(|problem| Finding::from_split(problem, &src, place)));
        findings
    }

    /// The text with placeholders replaced, which the ranges of the statements are places of.
    pub fn text(&self) -> &str {
        &self.expanded.text
    }

    /// The SQL to send.
    pub fn sql(&self, statement: &Statement) -> &str {
        statement.text(&self.expanded.text)
    }

    /// Where a statement, without the comments before it, stands in the file.
    pub fn span(&self, statement: &Statement) -> SourceSpan {
        self.place(statement.start..statement.range.end)
    }

    /// Where a range of the expanded text stands in the file.
    pub fn place(&self, range: Range<usize>) -> SourceSpan {
        self.expanded.original(range).into()
    }

    /// The 1-based line and column of a place in the file.
    pub fn position(&self, span: SourceSpan) -> (usize, usize) {
        let (line, column) = position_at(self.source.inner(), span.offset());
        let before = if line == 1 { self.extent.columns } else { 0 };
        (self.extent.lines + line, before + column)
    }

    /// Whether a statement may leave something behind in the session that the next migration must not see.
    pub fn touches_session(&self) -> bool {
        self.outline.is_some_and(|outline| outline.touches_session)
            || self.statements.iter().any(|statement| statement.touches_session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_file() {
        let source = Source::new("V1__x.sql", Arc::from("-- c\nSELECT ${long};\nSELECT 'é', (2;"));
        let mut placeholders = Placeholders::default();
        placeholders.set("long", "1,\n2,\n3");
        let (script, findings) = Script::parse(&source, "V1__x.sql", &placeholders, &SplitOptions::default());
        let [first, second] = script.statements.as_slice() else { panic!() };
        assert_eq!(script.sql(first), "-- c\nSELECT 1,\n2,\n3");
        let text = |span: SourceSpan| &source.inner()[span.offset()..span.offset() + span.len()];
        assert_eq!(text(script.span(first)), "SELECT ${long}");
        assert_eq!(script.position(script.span(second)), (3, 1));
        let [Finding::UnbalancedParenthesis { span, .. }] = findings.as_slice() else {
            panic!("{findings:?}")
        };
        assert_eq!((text(*span), script.position(*span)), ("(", (3, 13)));
    }

    #[test]
    fn what_stays_in_the_session_is_known() {
        let touches = |text: &str| {
            let source = Source::new("", Arc::from(text));
            let (script, _) = Script::parse(&source, "", &Placeholders::disabled(), &SplitOptions::default());
            script.touches_session()
        };
        for text in [
            "SET sql_mode = ''",
            "USE other",
            "CALL p()",
            "CREATE TEMPORARY TABLE t (a INT)",
            "DELIMITER $$\nCREATE OR REPLACE TEMPORARY TABLE t (a INT)$$",
            "DROP TEMPORARY TABLE t",
            "LOCK TABLES t WRITE",
            "PREPARE s FROM 'x'",
            "/*!40101 SET NAMES latin1 */",
            "SELECT 1 INTO @a",
            "INSERT INTO t VALUES (@x := 1)",
        ] {
            assert!(touches(text), "{text}");
        }
        for text in [
            "CREATE TABLE t (a INT)",
            "-- SET\nINSERT INTO t VALUES ('@a')",
            "ALTER TABLE t ADD b INT",
            "CREATE PROCEDURE p() BEGIN CREATE TEMPORARY TABLE t (a INT); END",
        ] {
            assert!(!touches(text), "{text}");
        }
    }
}
