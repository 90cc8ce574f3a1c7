//! Rows that are lost, or that differ from database to database.

use miette::Severity::{Advice, Error, Warning};

use super::statement::Statement;
use super::table::alter_existing;
use super::{Report, Rule, View};
use crate::migration::MigrationKind;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "lint/drop-table",
        severity: Warning,
        summary: "this drops a table, and its rows cannot be brought back",
        help: "stop using the table first and drop it in a later release, with a backup at hand",
        peers: &["Atlas DS102", "squawk ban-drop-table"],
    },
    Rule {
        code: "lint/drop-database",
        severity: Error,
        summary: "this drops a database with everything in it, the migration history perhaps included",
        help: "remove databases by hand, not by a migration",
        peers: &["Atlas DS101", "squawk ban-drop-database"],
    },
    Rule {
        code: "lint/drop-column",
        severity: Warning,
        summary: "this drops a column: its values are lost and programs that name it fail",
        help: "deploy programs that do without the column first",
        peers: &["Atlas DS103", "squawk ban-drop-column", "strong_migrations remove_column"],
    },
    Rule {
        code: "lint/drop-partition",
        severity: Warning,
        summary: "this empties or drops a partition, and its rows cannot be brought back",
        help: "archive the rows first",
        peers: &[],
    },
    Rule {
        code: "lint/drop-view",
        severity: Advice,
        summary: "this drops a view, on which programs and other views may depend",
        help: "replace it with CREATE OR REPLACE VIEW, or look for its users first",
        peers: &[],
    },
    Rule {
        code: "lint/truncate",
        severity: Warning,
        summary: "TRUNCATE removes all rows, commits by itself and runs no triggers",
        help: "delete the rows that are meant, or say why all of them may go",
        peers: &[],
    },
    Rule {
        code: "lint/delete-without-where",
        severity: Warning,
        summary: "this DELETE has no WHERE and removes every row",
        help: "add a WHERE",
        peers: &[],
    },
    Rule {
        code: "lint/update-without-where",
        severity: Warning,
        summary: "this UPDATE has no WHERE and overwrites every row",
        help: "add a WHERE, and go in batches over a large table",
        peers: &[],
    },
    Rule {
        code: "lint/limit-without-order",
        severity: Warning,
        summary: "LIMIT without ORDER BY changes whichever rows the server meets first",
        help: "add an ORDER BY over a unique key",
        peers: &[],
    },
    Rule {
        code: "lint/replace-into",
        severity: Advice,
        summary: "REPLACE deletes the old row first: columns not named and rows that cascade are lost",
        help: "use INSERT … ON DUPLICATE KEY UPDATE",
        peers: &[],
    },
    Rule {
        code: "lint/insert-ignore",
        severity: Advice,
        summary: "IGNORE turns errors into warnings, so that rows are cut or left out in silence",
        help: "use ON DUPLICATE KEY UPDATE where duplicates are expected",
        peers: &[],
    },
    Rule {
        code: "lint/insert-without-columns",
        severity: Warning,
        summary: "this INSERT names no columns and breaks, or fills the wrong ones, when the table changes",
        help: "name the columns",
        peers: &[],
    },
    Rule {
        code: "lint/nondeterministic-value",
        severity: Advice,
        summary: "this value differs with every run, so that databases do not become the same",
        help: "write a constant where the value is reference data",
        peers: &[],
    },
];

pub(super) fn check(view: &View<'_>, statement: &Statement<'_>, report: &mut Report) {
    drops(view, statement, report);
    for clause in alter_existing(view, statement).unwrap_or_default() {
        let start = clause.start;
        let last = clause.end.saturating_sub(1);
        if statement.is_any(start, &["DROP PARTITION", "TRUNCATE PARTITION"]) {
            report.hit("lint/drop-partition", statement.span(start, last));
        } else if statement.is(start, "DROP") && !is_other_drop(statement, start + 1) {
            report.hit("lint/drop-column", statement.span(start, last));
        }
    }
    changes(statement, report);
}

fn drops(view: &View<'_>, statement: &Statement<'_>, report: &mut Report) {
    let whole = statement.span(0, statement.len());
    if statement.is(0, "DROP TABLE") {
        let name = statement.skip(2, "IF EXISTS");
        if !view.is_new(&statement.name(name).0, statement) {
            report.hit("lint/drop-table", whole);
        }
    } else if statement.is_any(0, &["DROP DATABASE", "DROP SCHEMA"]) {
        report.hit("lint/drop-database", whole);
    } else if statement.is(0, "DROP VIEW") && view.migration.kind != MigrationKind::Repeatable {
        report.hit("lint/drop-view", whole);
    } else if statement.is(0, "TRUNCATE") {
        let name = statement.skip(1, "TABLE");
        if !view.is_new(&statement.name(name).0, statement) {
            report.hit("lint/truncate", whole);
        }
    }
}

/// Whether `DROP` in an `ALTER TABLE` is followed by something else than a column.
fn is_other_drop(statement: &Statement<'_>, index: usize) -> bool {
    statement.is_any(
        index,
        &[
            "PRIMARY KEY",
            "INDEX",
            "KEY",
            "FOREIGN KEY",
            "CHECK",
            "CONSTRAINT",
            "PARTITION",
            "PERIOD",
            "SYSTEM VERSIONING",
            "DEFAULT",
        ],
    )
}

fn changes(statement: &Statement<'_>, report: &mut Report) {
    let all = 0..statement.len();
    let first = statement.span(0, 0);
    let is_delete = statement.is(0, "DELETE");
    let is_update = statement.is(0, "UPDATE");
    if is_delete || is_update {
        // A join restricts the rows as a WHERE does.
        let restricted = statement.find_outside(all.clone(), "WHERE").is_some()
            || statement.find_outside(all.clone(), "JOIN").is_some();
        let limit = statement.find_outside(all.clone(), "LIMIT");
        if !restricted && limit.is_none() {
            let code = if is_delete { "lint/delete-without-where" } else { "lint/update-without-where" };
            report.hit(code, first.clone());
        }
        if let Some(limit) = limit.filter(|_| statement.find_outside(all.clone(), "ORDER BY").is_none()) {
            report.hit("lint/limit-without-order", statement.span(limit, limit + 1));
        }
    }
    let is_replace = statement.is(0, "REPLACE");
    let is_insert = statement.is(0, "INSERT");
    if is_replace {
        report.hit("lint/replace-into", first);
    }
    if !(is_insert || is_replace) {
        if is_update {
            nondeterministic(statement, report);
        }
        return;
    }
    if let Some(ignore) = statement.find(1..4, "IGNORE").filter(|_| is_insert) {
        report.hit("lint/insert-ignore", statement.span(ignore, ignore));
    }
    let mut name = 1;
    while statement.is_any(name, &["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]) {
        name += 1;
    }
    let (_, after) = statement.name(name);
    let opens = statement.at(after) == "(" && !statement.is_any(after + 1, &["SELECT", "WITH", "("]);
    if !opens && !statement.is(after, "SET") {
        report.hit("lint/insert-without-columns", statement.span(name, after.saturating_sub(1)));
    }
    nondeterministic(statement, report);
}

fn nondeterministic(statement: &Statement<'_>, report: &mut Report) {
    let calls = ["NOW (", "RAND (", "UUID (", "SYSDATE (", "CURDATE (", "UUID_SHORT ("];
    let plain = ["CURRENT_TIMESTAMP", "CURRENT_DATE"];
    let found = (0..statement.len()).find(|index| {
        statement.at(index.wrapping_sub(1)) != "."
            && (statement.is_any(*index, &calls) || statement.is_any(*index, &plain))
    });
    if let Some(index) = found {
        report.hit("lint/nondeterministic-value", statement.span(index, index));
    }
}
