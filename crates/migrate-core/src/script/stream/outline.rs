//! What a large script does besides filling tables, found in one pass before anything runs.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Parts;
use crate::error::Error;
use crate::finding::{Finding, Source};
use crate::migration::Migration;
use crate::placeholder::Placeholders;
use crate::script::effect::Effect;
use crate::script::lexer::{Lexer, TokenKind};
use crate::script::parsed::Outline;
use crate::script::{Script, SplitOptions, Statement};

/// How much text an outline holds, in bytes.
const LONGEST: usize = 2 * 1024 * 1024;

/// After so many findings the rest of a file is not looked at.
const MAX_FINDINGS: usize = 100;

/// How many tokens at the beginning of a statement say what it is about.
const HEAD: usize = 12;

/// The outline of a migration whose text is not held, and what is wrong with the text; `None`: it is held.
///
/// Of statements that only change rows the outline has the first words, once for each table and way.
///
/// # Errors
/// When the text cannot be read, or is not what it was.
pub(crate) fn outline(
    migration: &Migration,
    placeholders: &Placeholders,
    split: &SplitOptions,
) -> Result<Option<(Script<'static>, Vec<Finding>)>, Error> {
    let Some(mut parts) = Parts::of(migration, placeholders, split)? else { return Ok(None) };
    let mut sketch = Sketch::default();
    let (mut findings, mut unknown) = (Vec::new(), BTreeSet::new());
    while let Some(part) = parts.next()? {
        for finding in part.findings {
            // Once is enough to know what to do about a name.
            let is_new = match &finding {
                Finding::UnknownPlaceholder { name, .. } => unknown.insert(name.clone()),
                _ => true,
            };
            findings.extend(Some(finding).filter(|_| is_new));
        }
        if findings.len() > MAX_FINDINGS {
            let line = part.script.lines_before() + 1;
            findings.push(Finding::TooManyProblems { path: migration.path().to_owned(), line });
            break;
        }
        for statement in &part.script.statements {
            sketch.add(part.script.sql(statement), statement);
        }
        sketch.outline.total = part.script.end();
    }
    let source = Source::new(migration.path(), "".into());
    let Sketch { text, statements, outline, .. } = sketch;
    Ok(Some((Script::outlined(source, text, statements, outline), findings)))
}

#[derive(Default)]
struct Sketch {
    text: String,
    statements: Vec<Statement>,
    heads: BTreeSet<String>,
    outline: Outline,
}

impl Sketch {
    fn add(&mut self, sql: &str, statement: &Statement) {
        self.outline.touches_session |= statement.touches_session;
        if Effect::of(sql) == Effect::Transactional && !statement.touches_session {
            let head = head(sql);
            // Where names differ without end, what can be done with them does not.
            if self.heads.contains(head) || self.text.len() + head.len() > LONGEST {
                return;
            }
            self.heads.insert(head.to_owned());
            self.keep(head, statement);
        } else if self.text.len() + sql.len() > LONGEST {
            self.outline.is_cut = true;
        } else {
            self.keep(sql, statement);
        }
    }

    fn keep(&mut self, sql: &str, statement: &Statement) {
        let start = self.text.len();
        self.text.push_str(sql);
        let range: Range<usize> = start..self.text.len();
        self.text.push('\n');
        self.statements.push(Statement { range, start, ..statement.clone() });
    }
}

/// A statement up to its first value or parenthesis.
fn head(sql: &str) -> &str {
    let tokens = Lexer::new(sql).filter(|token| !token.is_comment()).take(HEAD);
    let (mut start, mut end) = (None, 0);
    for token in tokens {
        let ends = match token.kind {
            TokenKind::Word | TokenKind::QuotedIdentifier | TokenKind::DoubleQuoted => false,
            TokenKind::Symbol => token.is_symbol(sql, "("),
            _ => true,
        };
        if ends {
            break;
        }
        start.get_or_insert(token.start);
        end = token.end;
    }
    sql.get(start.unwrap_or(0)..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Obstacle;
    use crate::script::stream::parts::tests::streamed;

    fn of(text: &str) -> (Script<'static>, Vec<Finding>) {
        let migration = streamed(text);
        outline(&migration, &Placeholders::default(), &SplitOptions::default()).unwrap().unwrap()
    }

    #[test]
    fn rows_are_left_out_and_definitions_kept() {
        let rows = "INSERT INTO t (a) VALUES (1);\n INSERT INTO `t` VALUES ('x');\n".repeat(1000);
        let text = format!(
            "CREATE TABLE t (a INT);\n{rows}SET NAMES utf8mb4;\n/* c */ UPDATE u SET a = 1;\nALTER TABLE t ADD b INT;"
        );
        let (script, findings) = of(&text);
        assert!(findings.is_empty());
        let statements: Vec<_> = script.statements.iter().map(|statement| script.sql(statement)).collect();
        let expected = [
            "CREATE TABLE t (a INT)",
            "INSERT INTO t",
            "INSERT INTO `t` VALUES",
            "SET NAMES utf8mb4",
            "UPDATE u SET a =",
            "ALTER TABLE t ADD b INT",
        ];
        assert_eq!(statements, expected);
        assert_eq!(script.total(), 2004);
        assert!(script.touches_session() && !script.is_cut());
        assert!(!of("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);").0.touches_session());
        assert!(of("INSERT INTO t VALUES (@a := 1);").0.touches_session());
    }

    #[test]
    fn it_does_not_grow_with_the_file() {
        let alter =
            |text: String, n| text + &format!("ALTER TABLE t{n} ADD c INT COMMENT 'as long as it takes';\n");
        let text = (0..60_000).fold(String::new(), alter);
        let (script, _) = of(&text);
        assert!(script.is_cut() && script.text().len() <= LONGEST + script.statements.len());
        assert_eq!(script.total(), 60_000);
        let files = [streamed(&text)];
        let steps = crate::plan::plan(&files, &[], &crate::plan::PlanOptions::default()).unwrap();
        let found = crate::preflight::preflight(&steps, "s", &crate::database::Standing::default(), None);
        let names_it = |obstacle: &Obstacle| matches!(obstacle, Obstacle::NotAllLookedAt { path } if path == "m/V1__x.sql");
        assert!(found.iter().any(names_it), "{found:?}");
    }

    #[test]
    fn a_name_is_asked_for_once_and_problems_end() {
        let (_, findings) = of(&"INSERT INTO t VALUES ('${a} and ${b}');\n".repeat(100_000));
        assert_eq!(findings.len(), 2, "{findings:?}");
        let text = (0..300_000).fold(String::new(), |text, n| text + &format!("SELECT {n});\n"));
        let (_, findings) = of(&text);
        assert!(findings.len() < 150_000, "{}", findings.len());
        assert!(matches!(findings.last(), Some(Finding::TooManyProblems { line: 1, .. })));
    }
}
