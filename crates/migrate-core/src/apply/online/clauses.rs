//! What of a statement goes to an online tool: the clauses of an `ALTER TABLE`.

use std::ops::Range;

use crate::lint::statement::Statement;
use crate::lint::table;
use crate::predict::{Algorithm, Prediction};

/// The clauses that mean the same on the copy of a table as on the table.
const CARRIED: [&str; 21] = [
    "ADD",
    "ALGORITHM",
    "ALTER",
    "AUTO_INCREMENT",
    "CHANGE",
    "CHARACTER SET",
    "CHARSET",
    "COLLATE",
    "COMMENT",
    "CONVERT TO",
    "DEFAULT",
    "DROP",
    "ENGINE",
    "FORCE",
    "KEY_BLOCK_SIZE",
    "LOCK",
    "MODIFY",
    "RENAME COLUMN",
    "RENAME INDEX",
    "RENAME KEY",
    "ROW_FORMAT",
];

/// Of those that begin alike, the ones that do not: they are about rows, which the tool copies anew.
const NOT_CARRIED: [&str; 6] =
    ["ADD PARTITION", "DROP PARTITION", "ADD PERIOD", "DROP PERIOD", "ADD SYSTEM", "DROP SYSTEM"];

/// What a tool is given of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clauses {
    /// Without comments.
    pub(super) text: String,
    /// Whether it builds an index.
    pub(super) builds_index: bool,
    /// What the tools would not do as the server does.
    pub(super) hazard: Option<Hazard>,
    /// Whether the definition stays as it is: the table is only written anew.
    pub(super) only_rebuilds: bool,
}

/// What the tools do otherwise than the server, and do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hazard {
    /// Rows that have to differ and do not are dropped.
    Unique,
    /// Foreign keys are lost, or get other names.
    ForeignKeys,
}

impl Hazard {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unique => {
                "must not make a key unique: of rows that are alike in it, all but one would be lost without a word"
            }
            Self::ForeignKeys => "must not change a table with foreign keys, which would be lost or renamed",
        }
    }
}

impl Clauses {
    /// Whether the server would be at it for long: it writes the table anew or builds an index. An index alone whose values
    /// must differ is left to the server, which builds it beside other work and checks it.
    pub(super) fn is_long(&self, prediction: &Prediction) -> bool {
        let algorithm = prediction.algorithm;
        algorithm.rebuilds()
            || algorithm == Algorithm::InPlace && self.builds_index && self.hazard != Some(Hazard::Unique)
    }
}

/// The clauses of `ALTER TABLE`, `CREATE INDEX` or `DROP INDEX`; `None`: it is something else, or a tool would do something else.
pub(super) fn clauses(statement: &Statement<'_>) -> Option<Clauses> {
    if let Some((name, parts)) = table::alter(statement) {
        return of_alter(statement, name, parts);
    }
    of_index(statement)
}

fn of_alter(statement: &Statement<'_>, name: usize, mut parts: Vec<Range<usize>>) -> Option<Clauses> {
    let first = parts.first_mut()?;
    // How long to wait is the tool's affair.
    first.start += match () {
        () if statement.is(first.start, "NOWAIT") => 1,
        () if statement.is(first.start, "WAIT") => 2,
        () => 0,
    };
    let start = first.start;
    let carried = |part: &Range<usize>| {
        statement.is_any(part.start, &CARRIED) && !statement.is_any(part.start, &NOT_CARRIED)
    };
    if statement.find(0..name, "IGNORE").is_some() || start >= statement.len() || !parts.iter().all(carried) {
        return None;
    }
    let has = |part: &Range<usize>, words: &[&str]| {
        part.clone().any(|index| statement.is_any(index, words) && statement.at(index.wrapping_sub(1)) != ".")
    };
    let adds = |part: &&Range<usize>| !statement.is_any(part.start, &["DROP", "RENAME", "ALTER"]);
    let added: Vec<_> = parts.iter().filter(adds).collect();
    let any = |words: &[&str]| added.iter().any(|part| has(part, words));
    let only_rebuilds =
        parts.iter().all(|part| statement.is_any(part.start, &["ENGINE", "FORCE", "ALGORITHM", "LOCK"]));
    Some(Clauses {
        text: text(statement, start..statement.len()),
        builds_index: any(&["INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL"]),
        hazard: if any(&["UNIQUE", "PRIMARY"]) {
            Some(Hazard::Unique)
        } else {
            let foreign = parts.iter().any(|part| has(part, &["FOREIGN KEY", "REFERENCES"]));
            foreign.then_some(Hazard::ForeignKeys)
        },
        only_rebuilds,
    })
}

/// `CREATE [kind] INDEX name ON table (…)` as `ADD [kind] INDEX name (…)`.
fn of_index(statement: &Statement<'_>) -> Option<Clauses> {
    let creates = statement.is(0, "CREATE");
    if !creates && !statement.is(0, "DROP") || statement.is(1, "OR REPLACE") {
        return None;
    }
    let kind = if statement.is_any(1, &["ONLINE", "OFFLINE"]) { 2 } else { 1 };
    let has_kind = creates && statement.is_any(kind, &["UNIQUE", "FULLTEXT", "SPATIAL"]);
    let index = kind + usize::from(has_kind);
    if !statement.is(index, "INDEX") {
        return None;
    }
    let on = statement.find(index + 1..statement.len(), "ON")?;
    let (_, after) = statement.name(on + 1);
    let mut words = vec![if creates { "ADD".to_owned() } else { "DROP".to_owned() }];
    words.push(text(statement, kind..on));
    if creates {
        // These are clauses of their own there, and bind the server, not the tool.
        let end = (after..statement.len())
            .find(|at| statement.is_any(*at, &["ALGORITHM", "LOCK", "WAIT", "NOWAIT"]));
        words.push(text(statement, after..end.unwrap_or(statement.len())));
    }
    Some(Clauses {
        text: words.join(" "),
        builds_index: creates,
        hazard: (creates && statement.is(kind, "UNIQUE")).then_some(Hazard::Unique),
        only_rebuilds: false,
    })
}

/// The tokens as they were written, with one space where there was any.
fn text(statement: &Statement<'_>, within: Range<usize>) -> String {
    let mut text = String::new();
    let mut end = None;
    for index in within {
        let span = statement.span(index, index);
        if end.is_some_and(|end| end < span.start) {
            text.push(' ');
        }
        text.push_str(statement.at(index));
        end = Some(span.end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::{Known, predict};
    use crate::server::Server;

    fn of(sql: &str) -> Option<Clauses> {
        clauses(&Statement::whole(sql))
    }

    fn text_of(sql: &str) -> Option<String> {
        of(sql).map(|clauses| clauses.text)
    }

    #[test]
    fn the_name_and_comments_are_left_out() {
        let sql = "ALTER TABLE `s`.`t`\n  ADD a INT DEFAULT 1, -- why\n  MODIFY b BIGINT COMMENT 'a -- b\nc' /*!80000 , ADD c INT */";
        let expected = "ADD a INT DEFAULT 1, MODIFY b BIGINT COMMENT 'a -- b\nc' , ADD c INT";
        assert_eq!(text_of(sql).unwrap(), expected);
        assert_eq!(text_of("ALTER TABLE t WAIT 3 ADD a INT").unwrap(), "ADD a INT");
        assert_eq!(text_of("alter online table if exists t drop column a").unwrap(), "drop column a");
    }

    #[test]
    fn indexes_are_clauses() {
        assert_eq!(
            text_of("CREATE INDEX i ON s.t (a, b(3)) COMMENT 'x'").unwrap(),
            "ADD INDEX i (a, b(3)) COMMENT 'x'"
        );
        assert_eq!(
            text_of("CREATE FULLTEXT INDEX `on` ON t (a) ALGORITHM=INPLACE LOCK=NONE").unwrap(),
            "ADD FULLTEXT INDEX `on` (a)"
        );
        assert_eq!(text_of("CREATE INDEX i USING BTREE ON t (a)").unwrap(), "ADD INDEX i USING BTREE (a)");
        assert_eq!(text_of("DROP INDEX i ON t").unwrap(), "DROP INDEX i");
        assert_eq!(of("CREATE UNIQUE INDEX i ON t (a)").unwrap().hazard, Some(Hazard::Unique));
        assert_eq!(text_of("CREATE OR REPLACE INDEX i ON t (a)"), None);
    }

    #[test]
    fn what_would_do_something_else_on_a_copy_is_no_change_for_a_tool() {
        for sql in [
            "ALTER TABLE t TRUNCATE PARTITION p",
            "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u",
            "ALTER TABLE t DROP PARTITION p",
            "ALTER TABLE t DISCARD TABLESPACE",
            "ALTER TABLE t ADD a INT, RENAME TO u",
            "ALTER TABLE t RENAME u",
            "ALTER IGNORE TABLE t ADD UNIQUE (a)",
            "ALTER TABLE t ADD SYSTEM VERSIONING",
            "ALTER TABLE t ORDER BY a",
            "CREATE TABLE t (a INT)",
            "DROP TABLE t",
        ] {
            assert_eq!(text_of(sql), None, "{sql}");
        }
    }

    #[test]
    fn keys_that_rows_may_break_are_seen() {
        for (sql, hazard) in [
            ("ALTER TABLE t ADD UNIQUE (a)", Some(Hazard::Unique)),
            ("ALTER TABLE t ADD a INT UNIQUE", Some(Hazard::Unique)),
            ("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a)", Some(Hazard::Unique)),
            ("ALTER TABLE t DROP PRIMARY KEY", None),
            ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (a)", Some(Hazard::ForeignKeys)),
            ("ALTER TABLE t DROP FOREIGN KEY f", Some(Hazard::ForeignKeys)),
            ("ALTER TABLE t ADD `unique` INT COMMENT 'primary'", None),
        ] {
            assert_eq!(of(sql).unwrap().hazard, hazard, "{sql}");
        }
        assert!(of("ALTER TABLE t ENGINE=InnoDB, ALGORITHM=COPY").unwrap().only_rebuilds);
        assert!(!of("ALTER TABLE t ENGINE=InnoDB, ADD a INT").unwrap().only_rebuilds);
    }

    #[test]
    fn only_what_takes_long_is_worth_a_tool() {
        let known = Known {
            tables: [(
                crate::predict::tables(&Statement::whole("ALTER TABLE t FORCE")).remove(0),
                crate::predict::TableFacts {
                    engine: Some("InnoDB".into()),
                    row_format: Some("Dynamic".into()),
                    specials: Some(crate::predict::Specials::default()),
                    primary_key: Some(true),
                    instant_versions: Some(0),
                    ..Default::default()
                },
            )]
            .into(),
            ..Known::default()
        };
        for (sql, long) in [
            ("ALTER TABLE t ADD a INT", false),
            ("ALTER TABLE t MODIFY a BIGINT", true),
            ("ALTER TABLE t FORCE", true),
            ("ALTER TABLE t ADD INDEX (a)", true),
            ("CREATE INDEX i ON t (a)", true),
            ("CREATE UNIQUE INDEX i ON t (a)", false),
            ("DROP INDEX i ON t", false),
            ("ALTER TABLE t RENAME INDEX i TO j", false),
        ] {
            let server = Server::parse("8.4.3");
            assert_eq!(of(sql).unwrap().is_long(&predict(sql, &server, &known)), long, "{sql}");
        }
    }
}
