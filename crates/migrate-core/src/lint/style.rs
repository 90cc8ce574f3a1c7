//! How tables and views are described.

use miette::Severity::{Advice, Warning};

use super::statement::Statement;
use super::table::{self, Column, Create, columns};
use super::{Report, Rule, View};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "lint/no-primary-key",
        severity: Warning,
        summary: "this table has no primary key: replication and online changes of it are slow or refused",
        help: "give it one",
        peers: &["skeema pk"],
    },
    Rule {
        code: "lint/engine",
        severity: Warning,
        summary: "only InnoDB has transactions, row locks and recovery after a crash",
        help: "use ENGINE=InnoDB",
        peers: &["skeema engine"],
    },
    Rule {
        code: "lint/float-money",
        severity: Warning,
        summary: "FLOAT and DOUBLE cannot hold amounts of money exactly",
        help: "use DECIMAL, or an integer of the smallest unit",
        peers: &["skeema has-float"],
    },
    Rule {
        code: "lint/utf8mb3",
        severity: Warning,
        summary: "utf8 means utf8mb3 here, which has no place for emoji and many characters and is deprecated",
        help: "use utf8mb4",
        peers: &["skeema charset"],
    },
    Rule {
        code: "lint/latin1",
        severity: Warning,
        summary: "latin1 loses every character outside Western Europe",
        help: "use utf8mb4",
        peers: &["skeema charset"],
    },
    Rule {
        code: "lint/enum",
        severity: Advice,
        summary: "ENUM keeps values in the schema: a new one needs an ALTER TABLE, and sorting goes by position",
        help: "use a lookup table, or VARCHAR with a CHECK",
        peers: &["skeema has-enum"],
    },
    Rule {
        code: "lint/display-width",
        severity: Advice,
        summary: "the width of an integer type limits nothing and is deprecated",
        help: "leave it out",
        peers: &["skeema display-width"],
    },
    Rule {
        code: "lint/zerofill",
        severity: Advice,
        summary: "ZEROFILL is deprecated and makes the column unsigned besides",
        help: "pad numbers where they are shown",
        peers: &[],
    },
    Rule {
        code: "lint/timestamp-2038",
        severity: Advice,
        summary: "TIMESTAMP ends in January 2038 on most servers and depends on the time zone of the session",
        help: "use DATETIME, in UTC",
        peers: &["skeema has-time"],
    },
    Rule {
        code: "lint/reserved-name",
        severity: Advice,
        summary: "this name is a reserved word and must be quoted everywhere",
        help: "choose another name",
        peers: &["skeema reserved-word"],
    },
    Rule {
        code: "lint/nullable-unique",
        severity: Advice,
        summary: "a unique key over a column that may be NULL allows any number of rows with NULL",
        help: "make the column NOT NULL, or say that this is meant",
        peers: &[],
    },
    Rule {
        code: "lint/unnamed-constraint",
        severity: Advice,
        summary: "the server invents the name of this constraint, and later migrations cannot be sure of it",
        help: "write CONSTRAINT and a name before it",
        peers: &[],
    },
    Rule {
        code: "lint/create-select",
        severity: Warning,
        summary: "CREATE TABLE … SELECT guesses types, leaves out keys, and reads under locks",
        help: "create the table with its keys, then INSERT … SELECT",
        peers: &[],
    },
    Rule {
        code: "lint/select-star",
        severity: Warning,
        summary: "a view keeps the columns that * meant when it was created",
        help: "name the columns",
        peers: &[],
    },
    Rule {
        code: "lint/if-not-exists",
        severity: Advice,
        summary: "IF NOT EXISTS passes over an object that is there already, however different it is",
        help: "leave it out of versioned migrations: they run once",
        peers: &[],
    },
];

pub(super) fn check(view: &View<'_>, statement: &Statement<'_>, report: &mut Report) {
    if statement.is_program() {
        return;
    }
    if let Some(create) = table::create(statement) {
        whole_table(statement, &create, report);
    }
    for column in columns(statement) {
        types(statement, &column, report);
    }
    let existence = statement.find_outside(0..statement.len(), "IF NOT EXISTS");
    let is_definition = view.migration.is_versioned() && statement.is_any(0, &["CREATE", "ALTER"]);
    if let Some(index) = existence.filter(|_| is_definition) {
        report.hit("lint/if-not-exists", statement.span(index, index + 2));
    }
    if statement.is_any(0, &["CREATE", "ALTER"]) {
        character_sets(statement, report);
        engine(statement, report);
        constraints(statement, report);
    }
    let is_view = statement.created_kind().is_some_and(|kind| statement.is(kind, "VIEW"));
    let star = (0..statement.len()).find(|index| {
        *index > 0 && statement.at(*index) == "*" && {
            statement.is_any(index - 1, &["SELECT", "DISTINCT", "."])
        }
    });
    if let Some(index) = star.filter(|_| is_view) {
        report.hit("lint/select-star", statement.span(index, index));
    }
}

fn whole_table(statement: &Statement<'_>, create: &Create, report: &mut Report) {
    let name = statement.span(create.name, create.name);
    if let Some(index) = statement.find(create.options.clone(), "SELECT") {
        if !create.temporary {
            report.hit("lint/create-select", statement.span(index, index));
        }
        return;
    }
    let has_key = create.items.iter().any(|item| statement.find(item.clone(), "PRIMARY KEY").is_some());
    if !create.items.is_empty() && !has_key && !create.temporary {
        report.hit("lint/no-primary-key", name);
    }
    nullable_unique(statement, create, report);
}

fn nullable_unique(statement: &Statement<'_>, create: &Create, report: &mut Report) {
    let nullable: Vec<String> = columns(statement)
        .iter()
        .filter(|column| {
            ["NOT NULL", "PRIMARY KEY", "AUTO_INCREMENT"]
                .iter()
                .all(|words| statement.find_outside(column.definition.clone(), words).is_none())
        })
        .map(|column| statement.name(column.name).0)
        .collect();
    for item in create.items.iter().filter(|item| table::is_key(statement, item.start)) {
        let Some(unique) = statement.find(item.clone(), "UNIQUE") else { continue };
        let Some(open) = item.clone().find(|index| statement.at(*index) == "(") else { continue };
        let parts = statement.parts(open + 1..statement.close(open).min(item.end));
        if let Some(part) = parts.iter().find(|part| nullable.contains(&statement.name(part.start).0)) {
            let is_named = unique < open;
            if is_named {
                report.hit("lint/nullable-unique", statement.span(part.start, part.start));
            }
        }
    }
}

fn types(statement: &Statement<'_>, column: &Column, report: &mut Report) {
    let first = column.definition.start;
    let span = statement.span(first, first);
    let name = statement.name(column.name).0;
    let is_money = ["price", "amount", "total", "cost", "balance", "salary", "fee"]
        .iter()
        .any(|word| name.split('_').any(|part| part.trim_end_matches('s') == *word));
    if is_money && statement.is_any(first, &["FLOAT", "DOUBLE", "REAL"]) {
        report.hit("lint/float-money", span.clone());
    }
    if statement.is(first, "ENUM") {
        report.hit("lint/enum", span.clone());
    }
    if statement.is(first, "TIMESTAMP") {
        report.hit("lint/timestamp-2038", span);
    }
    let integers = ["INT (", "INTEGER (", "BIGINT (", "SMALLINT (", "MEDIUMINT (", "TINYINT ("];
    // TINYINT(1) is how a boolean is written.
    let is_boolean = statement.is(first, "TINYINT (") && statement.at(first + 2) == "1";
    if statement.is_any(first, &integers) && !is_boolean {
        report.hit("lint/display-width", statement.span(first, first + 3));
    }
    if let Some(index) = statement.find_outside(column.definition.clone(), "ZEROFILL") {
        report.hit("lint/zerofill", statement.span(index, index));
    }
    if statement.at(column.name).starts_with('`') && RESERVED.contains(&name.as_str()) {
        report.hit("lint/reserved-name", statement.span(column.name, column.name));
    }
}

/// Reserved words that people like as names of columns.
const RESERVED: [&str; 26] = [
    "group",
    "order",
    "key",
    "keys",
    "index",
    "rank",
    "groups",
    "function",
    "condition",
    "range",
    "read",
    "write",
    "usage",
    "option",
    "limit",
    "desc",
    "default",
    "select",
    "table",
    "column",
    "from",
    "to",
    "system",
    "values",
    "row_number",
    "interval",
];

fn character_sets(statement: &Statement<'_>, report: &mut Report) {
    for index in 0..statement.len() {
        let value = if statement.is(index, "CHARACTER SET") {
            statement.skip(index + 2, "=")
        } else if statement.is_any(index, &["CHARSET", "COLLATE"]) {
            statement.skip(index + 1, "=")
        } else {
            continue;
        };
        let set = statement.at(value).trim_matches(['\'', '"']).to_lowercase();
        let family = set.split('_').next().unwrap_or_default();
        let code = match family {
            "utf8" | "utf8mb3" => "lint/utf8mb3",
            "latin1" => "lint/latin1",
            _ => continue,
        };
        report.hit(code, statement.span(value, value));
    }
}

fn engine(statement: &Statement<'_>, report: &mut Report) {
    let Some(index) = statement.find_outside(0..statement.len(), "ENGINE") else { return };
    let value = statement.skip(index + 1, "=");
    let name = statement.at(value).trim_matches(['\'', '"', '`']);
    if !name.is_empty() && !name.eq_ignore_ascii_case("InnoDB") {
        report.hit("lint/engine", statement.span(value, value));
    }
}

fn constraints(statement: &Statement<'_>, report: &mut Report) {
    let items = match (table::create(statement), table::alter(statement)) {
        (Some(create), _) => create.items,
        (None, Some((_, clauses))) => {
            clauses.into_iter().filter(|clause| statement.is(clause.start, "ADD")).collect()
        }
        (None, None) => return,
    };
    for item in items {
        let start = statement.skip(item.start, "ADD");
        let start = statement.skip(start, "CONSTRAINT");
        if statement.is(start, "FOREIGN KEY") {
            report.hit("lint/unnamed-constraint", statement.span(start, start + 1));
        } else if statement.is(start, "CHECK (") {
            report.hit("lint/unnamed-constraint", statement.span(start, start));
        }
    }
}
