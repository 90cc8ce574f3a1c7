//! Changes that programs of the previous release, or the rows that are there, do not survive.

use std::ops::Range;

use miette::Severity::{Advice, Warning};

use super::statement::Statement;
use super::table::{Change, alter_existing, clause_columns};
use super::{Report, Rule, View};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "lint/rename-table",
        severity: Warning,
        summary: "this renames a table, and programs that use the old name fail at once",
        help: "leave a view under the old name until the last program has moved",
        peers: &["Atlas BC101", "squawk renaming-table", "strong_migrations rename_table"],
    },
    Rule {
        code: "lint/rename-column",
        severity: Warning,
        summary: "this renames a column, and programs that use the old name fail at once",
        help: "add the new column, fill both, move the programs, then drop the old one",
        peers: &["Atlas BC102", "squawk renaming-column", "strong_migrations rename_column"],
    },
    Rule {
        code: "lint/modify-type",
        severity: Advice,
        summary: "this redefines a column: values may not fit, the table may be copied, and what is not repeated is lost",
        help: "repeat every attribute of the column, and compare the old type with the new one",
        peers: &["squawk changing-column-type", "strong_migrations change_column"],
    },
    Rule {
        code: "lint/set-not-null",
        severity: Warning,
        summary: "this makes a column NOT NULL, which fails on NULLs and on programs that still write them",
        help: "fill the column and deploy programs that always write it first",
        peers: &["Atlas MF104", "strong_migrations change_column_null"],
    },
    Rule {
        code: "lint/add-not-null",
        severity: Warning,
        summary: "this adds a NOT NULL column without DEFAULT, so that INSERTs of the previous release fail",
        help: "give it a DEFAULT, or add it nullable, fill it and tighten it later",
        peers: &["Atlas MF103", "squawk adding-required-field"],
    },
    Rule {
        code: "lint/drop-primary-key",
        severity: Warning,
        summary: "this drops a primary key: the table is copied and its rows lose their identity",
        help: "name the new primary key in the same ALTER TABLE",
        peers: &[],
    },
    Rule {
        code: "lint/drop-index",
        severity: Advice,
        summary: "this drops an index, and queries that relied on it scan the table",
        help: "make it INVISIBLE first and watch",
        peers: &[],
    },
    Rule {
        code: "lint/drop-foreign-key",
        severity: Advice,
        summary: "this drops a foreign key, and rows without parent may appear",
        help: "say who keeps the rows consistent from now on",
        peers: &["Atlas CD101"],
    },
    Rule {
        code: "lint/drop-default",
        severity: Warning,
        summary: "this drops a default, and INSERTs that leave the column out fail",
        help: "deploy programs that write the column first",
        peers: &[],
    },
    Rule {
        code: "lint/add-unique",
        severity: Advice,
        summary: "this adds a unique key to a table with rows, which fails on the first duplicate",
        help: "look for duplicates in every environment first",
        peers: &["Atlas MF101"],
    },
    Rule {
        code: "lint/inline-references",
        severity: Warning,
        summary: "MySQL before 9.0 reads REFERENCES at a column and ignores it: there is no foreign key",
        help: "write CONSTRAINT name FOREIGN KEY (column) REFERENCES …",
        peers: &["Atlas MY102"],
    },
];

pub(super) fn check(view: &View<'_>, statement: &Statement<'_>, report: &mut Report) {
    if statement.is(0, "RENAME TABLE") {
        report.hit("lint/rename-table", statement.span(0, statement.len()));
    }
    if statement.is(0, "DROP INDEX") {
        report.hit("lint/drop-index", statement.span(0, statement.len()));
    }
    if statement.is(0, "CREATE UNIQUE INDEX") {
        let on = statement.find(3..statement.len(), "ON").unwrap_or(statement.len());
        if !view.is_new(&statement.name(on + 1).0, statement) {
            report.hit("lint/add-unique", statement.span(1, 2));
        }
    }
    for column in super::table::columns(statement) {
        if let Some(index) = statement.find_outside(column.definition.clone(), "REFERENCES") {
            report.hit("lint/inline-references", statement.span(index, index));
        }
    }
    let clauses = alter_existing(view, statement).unwrap_or_default();
    let adds_primary = clauses.iter().any(|clause| {
        statement.is(clause.start, "ADD") && statement.find(clause.clone(), "PRIMARY KEY").is_some()
    });
    for clause in &clauses {
        let (start, whole) = (clause.start, statement.span(clause.start, clause.end.saturating_sub(1)));
        if statement.is_any(start, &["RENAME COLUMN", "RENAME INDEX", "RENAME KEY"]) {
            if statement.is(start, "RENAME COLUMN") {
                report.hit("lint/rename-column", whole);
            }
        } else if statement.is(start, "RENAME") {
            report.hit("lint/rename-table", whole);
        } else if statement.is(start, "DROP PRIMARY KEY") {
            if !adds_primary {
                report.hit("lint/drop-primary-key", whole);
            }
        } else if statement.is_any(start, &["DROP INDEX", "DROP KEY"]) {
            report.hit("lint/drop-index", whole);
        } else if statement.is(start, "DROP FOREIGN KEY") {
            report.hit("lint/drop-foreign-key", whole);
        } else if statement.is(start, "ALTER") && statement.find(clause.clone(), "DROP DEFAULT").is_some() {
            report.hit("lint/drop-default", whole);
        } else if statement.is(start, "ADD") {
            let unique = statement.find(start..clause.end.min(start + 4), "UNIQUE");
            if let Some(index) = unique {
                report.hit("lint/add-unique", statement.span(index, index));
            }
        }
        columns(statement, clause, report);
    }
}

fn columns(statement: &Statement<'_>, clause: &Range<usize>, report: &mut Report) {
    let not_null = |within: &Range<usize>| statement.find_outside(within.clone(), "NOT NULL");
    for column in clause_columns(statement, clause) {
        let name = statement.span(column.name, column.name);
        if column.change == Change::Modified {
            let renamed = statement.is(clause.start, "CHANGE")
                && statement.name(column.name).0 != statement.name(column.name.saturating_sub(1)).0;
            let code = if renamed { "lint/rename-column" } else { "lint/modify-type" };
            report.hit(code, name);
            if let Some(index) = not_null(&column.definition) {
                report.hit("lint/set-not-null", statement.span(index, index + 1));
            }
        } else if let Some(index) = not_null(&column.definition) {
            let filled = ["DEFAULT", "AUTO_INCREMENT", "AS", "GENERATED"]
                .iter()
                .any(|word| statement.find(column.definition.clone(), word).is_some());
            if !filled {
                report.hit("lint/add-not-null", statement.span(index, index + 1));
            }
        }
    }
}
