//! Transactions, and what a script leaves behind in its session.

use miette::Severity::{Advice, Warning};

use super::locking::sets;
use super::statement::Statement;
use super::{Report, Rule, View};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "lint/transaction-control",
        severity: Warning,
        summary: "the migration runs in a transaction of its own, which this ends too early",
        help: "leave transactions to the tool; split the file where a commit is needed",
        peers: &[],
    },
    Rule {
        code: "lint/set-global",
        severity: Warning,
        summary: "this changes the whole server, for every other database and until its restart or beyond",
        help: "configure the server where it is deployed",
        peers: &[],
    },
    Rule {
        code: "lint/use-database",
        severity: Warning,
        summary: "USE leads all that follows, the next migrations included, into another database",
        help: "name the database of the connection in its URL",
        peers: &[],
    },
    Rule {
        code: "lint/sql-mode-leak",
        severity: Warning,
        summary: "the SQL mode is changed and not set back: what follows runs under other rules",
        help: "keep the old one in a variable and set it back at the end",
        peers: &[],
    },
    Rule {
        code: "lint/foreign-key-checks-off",
        severity: Warning,
        summary: "foreign key checks are switched off and not on again: orphans come in unseen",
        help: "SET foreign_key_checks = 1 at the end",
        peers: &[],
    },
    Rule {
        code: "lint/unique-checks-off",
        severity: Warning,
        summary: "unique checks are switched off and not on again: duplicates may come in unseen",
        help: "SET unique_checks = 1 at the end",
        peers: &[],
    },
    Rule {
        code: "lint/mixed-ddl-dml",
        severity: Advice,
        summary: "schema and data change in one file: DDL commits, so that a failure leaves half of it done",
        help: "put the data into the next migration",
        peers: &[],
    },
];

pub(super) fn check(statement: &Statement<'_>, report: &mut Report) {
    let is_end = statement.is_any(0, &["COMMIT", "ROLLBACK", "START TRANSACTION", "BEGIN WORK", "SAVEPOINT"])
        || (statement.is(0, "BEGIN") && statement.len() == 1);
    if is_end || sets(statement, "autocommit").is_some() {
        report.hit("lint/transaction-control", statement.span(0, statement.len()));
    }
    if statement.is(0, "SET") {
        let scope = (1..statement.len()).find(|index| {
            statement.is_any(*index, &["GLOBAL", "PERSIST", "PERSIST_ONLY"])
                || ["@@global", "@@persist", "@@persist_only"]
                    .iter()
                    .any(|scope| statement.at(*index).eq_ignore_ascii_case(scope))
        });
        if let Some(index) = scope.filter(|index| *index == 1 || statement.at(index - 1) == ",") {
            report.hit("lint/set-global", statement.span(index, index));
        }
    }
    if statement.is(0, "USE") {
        report.hit("lint/use-database", statement.span(0, statement.len()));
    }
}

pub(super) fn check_file(view: &View<'_>, report: &mut Report) {
    for (variable, code) in
        [("foreign_key_checks", "lint/foreign-key-checks-off"), ("unique_checks", "lint/unique-checks-off")]
    {
        let last = view.statements.iter().rfind(|statement| sets(statement, variable).is_some());
        if let Some(statement) = last.filter(|statement| sets(statement, variable) == Some(false)) {
            report.hit(code, statement.span(0, statement.len()));
        }
    }
    let modes: Vec<_> =
        view.statements.iter().filter(|statement| sets(statement, "sql_mode").is_some()).collect();
    // Setting it back takes a variable or DEFAULT.
    let is_back = |statement: &Statement<'_>| {
        let last = statement.len().saturating_sub(1);
        statement.len() > 3 && (statement.at(last).starts_with('@') || statement.is(last, "DEFAULT"))
    };
    if let Some(statement) = modes.last().filter(|statement| !is_back(statement)) {
        report.hit("lint/sql-mode-leak", statement.span(0, statement.len()));
    }
    let is_data =
        |statement: &&Statement<'_>| statement.is_any(0, &["INSERT", "UPDATE", "DELETE", "REPLACE"]);
    let is_schema = |statement: &&Statement<'_>| {
        statement.is_any(0, &["ALTER TABLE", "DROP TABLE", "CREATE TABLE", "RENAME TABLE", "CREATE INDEX"])
    };
    let has_schema = view.statements.iter().any(|statement| is_schema(&statement));
    if let Some(statement) = view.statements.iter().find(is_data).filter(|_| has_schema) {
        report.hit("lint/mixed-ddl-dml", statement.span(0, 0));
    }
}
