//! A migration's text, ready to be executed statement by statement.

use std::ops::Range;

use miette::SourceSpan;

use super::{SplitOptions, SplitProblem, Statement, position_at, split};
use crate::finding::{Finding, Source};
use crate::placeholder::{Expanded, Placeholders};

/// A script with its placeholders replaced and its statements found. Places lead into the original file.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    source: &'a Source,
    expanded: Expanded<'a>,
    /// The statements, in places of the expanded text.
    pub statements: Vec<Statement>,
    /// What kept others from being found, in places of the expanded text.
    pub(crate) problems: Vec<SplitProblem>,
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
        (Self { source, expanded, statements, problems }, findings)
    }

    /// The file.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// The whole text with placeholders replaced, which the ranges of the statements are places of.
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
        position_at(self.source.inner(), span.offset())
    }

    /// Whether a statement may leave something behind in the session that the next migration must not see.
    pub fn touches_session(&self) -> bool {
        self.statements.iter().any(|statement| statement.touches_session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

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
