//! Statements that copy a table or keep others waiting.

use std::collections::BTreeMap;

use miette::Severity::{Advice, Warning};

use super::statement::Statement;
use super::table::{self, Change, alter_existing, clause_columns};
use super::{Report, Rule, View};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "lint/no-algorithm",
        severity: Advice,
        summary: "without ALGORITHM the server silently copies the table when it cannot do better",
        help: "add ALGORITHM=INSTANT, or ALGORITHM=INPLACE, LOCK=NONE: it fails instead of blocking writes",
        peers: &[],
    },
    Rule {
        code: "lint/algorithm-copy",
        severity: Warning,
        summary: "this asks for a copy of the table or a lock on it, and writes wait until it is done",
        help: "use ALGORITHM=INPLACE, LOCK=NONE, or a tool for online schema changes",
        peers: &[],
    },
    Rule {
        code: "lint/add-fulltext",
        severity: Warning,
        summary: "the first FULLTEXT index rebuilds the table and blocks writes",
        help: "add it while nothing writes",
        peers: &[],
    },
    Rule {
        code: "lint/add-spatial",
        severity: Warning,
        summary: "a SPATIAL index is built under a lock that blocks writes",
        help: "add it while nothing writes",
        peers: &[],
    },
    Rule {
        code: "lint/add-primary-key",
        severity: Warning,
        summary: "a new primary key rebuilds the whole table and every index",
        help: "give tables their primary key when they are created",
        peers: &[],
    },
    Rule {
        code: "lint/convert-charset",
        severity: Warning,
        summary: "CONVERT TO CHARACTER SET copies the table and blocks writes; TEXT columns may change type",
        help: "convert small tables, and copy large ones with a tool for online schema changes",
        peers: &[],
    },
    Rule {
        code: "lint/add-foreign-key",
        severity: Warning,
        summary: "a foreign key added while foreign_key_checks is on copies the table and blocks writes",
        help: "prove that no orphans exist, then add it with foreign_key_checks off and switch them on again",
        peers: &["squawk adding-foreign-key-constraint", "strong_migrations add_foreign_key"],
    },
    Rule {
        code: "lint/add-auto-increment",
        severity: Warning,
        summary: "a new AUTO_INCREMENT column rebuilds the table under a lock, in no certain order of rows",
        help: "create the column with the table",
        peers: &[],
    },
    Rule {
        code: "lint/add-stored-column",
        severity: Warning,
        summary: "a STORED generated column is computed for every row, which copies the table and blocks writes",
        help: "make it VIRTUAL and index it",
        peers: &[],
    },
    Rule {
        code: "lint/change-engine",
        severity: Warning,
        summary: "ENGINE or FORCE in ALTER TABLE rebuilds the whole table",
        help: "say why it is needed, and do it while little runs",
        peers: &[],
    },
    Rule {
        code: "lint/optimize-table",
        severity: Warning,
        summary: "OPTIMIZE TABLE rebuilds the whole table, and is no change of the schema",
        help: "do it as maintenance, not in a migration",
        peers: &[],
    },
    Rule {
        code: "lint/lock-tables",
        severity: Warning,
        summary: "LOCK TABLES makes every program wait, and hides unlocked tables from the rest of the script",
        help: "leave locking to the statements",
        peers: &[],
    },
    Rule {
        code: "lint/several-alters",
        severity: Advice,
        summary: "this table was altered earlier in the file, and each ALTER may rebuild it",
        help: "put the changes into one ALTER TABLE",
        peers: &[],
    },
];

/// `SET foreign_key_checks = …`: whether it switches them on.
pub(crate) fn sets(statement: &Statement<'_>, variable: &str) -> Option<bool> {
    if !statement.is(0, "SET") {
        return None;
    }
    let is_it = |index: usize| {
        let name = statement.at(index);
        name.strip_prefix("@@").unwrap_or(name).eq_ignore_ascii_case(variable)
    };
    let is_set = |index: &usize| is_it(*index) && statement.is_any(index + 1, &["=", ":="]);
    let value = (1..statement.len()).find(is_set)? + 2;
    Some(!(statement.at(value) == "0" || statement.is_any(value, &["OFF", "FALSE"])))
}

pub(super) fn check(view: &View<'_>, statement: &Statement<'_>, report: &mut Report) {
    let whole = || statement.span(0, statement.len());
    if statement.is_any(0, &["OPTIMIZE TABLE", "OPTIMIZE TABLES"]) {
        report.hit("lint/optimize-table", whole());
    }
    if statement.is_any(0, &["LOCK TABLES", "LOCK TABLE", "FLUSH TABLES WITH READ LOCK"]) {
        report.hit("lint/lock-tables", whole());
    }
    let on = statement.find(0..statement.len(), "ON").unwrap_or(statement.len());
    let is_new = view.is_new(&statement.name(on + 1).0, statement);
    if statement.is(0, "CREATE FULLTEXT INDEX") && !is_new {
        report.hit("lint/add-fulltext", statement.span(1, 2));
    }
    if statement.is(0, "CREATE SPATIAL INDEX") && !is_new {
        report.hit("lint/add-spatial", statement.span(1, 2));
    }
    let Some(clauses) = alter_existing(view, statement) else { return };
    let mut is_explicit = false;
    for clause in &clauses {
        let start = clause.start;
        let span = statement.span(start, clause.end.saturating_sub(1));
        if statement.is_any(start, &["ALGORITHM", "LOCK"]) {
            is_explicit = true;
            let value = statement.skip(start + 1, "=");
            if statement.is_any(value, &["COPY", "SHARED", "EXCLUSIVE"]) {
                report.hit("lint/algorithm-copy", span);
            }
        } else if statement.is_any(start, &["CONVERT TO CHARACTER SET", "CONVERT TO CHARSET"]) {
            report.hit("lint/convert-charset", span);
        } else if statement.is_any(start, &["ENGINE", "FORCE"]) {
            report.hit("lint/change-engine", span);
        } else if statement.is(start, "ADD") {
            added(view, statement, clause, report);
        }
    }
    if !is_explicit {
        report.hit("lint/no-algorithm", statement.span(0, 1));
    }
}

fn added(view: &View<'_>, statement: &Statement<'_>, clause: &std::ops::Range<usize>, report: &mut Report) {
    let head = clause.start..clause.end.min(clause.start + 4);
    let keys = [
        ("FULLTEXT", "lint/add-fulltext"),
        ("SPATIAL", "lint/add-spatial"),
        ("PRIMARY KEY", "lint/add-primary-key"),
    ];
    for (words, code) in keys {
        if let Some(index) = statement.find(head.clone(), words) {
            report.hit(code, statement.span(index, index + words.split(' ').count() - 1));
        }
    }
    if let Some(index) = statement.find(head, "FOREIGN KEY") {
        let before = view.statements.iter().take_while(|other| other.range.start < statement.range.start);
        let is_off = before.filter_map(|other| sets(other, "foreign_key_checks")).last() == Some(false);
        if !is_off {
            report.hit("lint/add-foreign-key", statement.span(index, index + 1));
        }
    }
    for column in clause_columns(statement, clause).iter().filter(|column| column.change == Change::Added) {
        let codes = [
            ("AUTO_INCREMENT", "lint/add-auto-increment"),
            ("STORED", "lint/add-stored-column"),
            ("PERSISTENT", "lint/add-stored-column"),
        ];
        for (word, code) in codes {
            if let Some(index) = statement.find_outside(column.definition.clone(), word) {
                report.hit(code, statement.span(index, index));
            }
        }
    }
}

pub(super) fn check_file(view: &View<'_>, report: &mut Report) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (number, statement) in view.statements.iter().enumerate() {
        let Some((name, _)) = table::alter(statement) else {
            // A change of data between two ALTERs needs the first and prepares the second.
            if statement.is_any(0, &["UPDATE", "INSERT", "DELETE", "REPLACE", "CALL"]) {
                seen.clear();
            }
            continue;
        };
        if seen.insert(statement.name(name).0, number).is_some() {
            report.hit("lint/several-alters", statement.span(0, name));
        }
    }
}
