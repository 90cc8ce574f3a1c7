//! What tables, columns, keys and constraints are called.

use miette::Severity::{Advice, Warning};

use super::{Report, Rule};
use crate::catalogue::Table;
use crate::parse::is_reserved;
use crate::place::Place;

/// How long a name may be on servers, less what tools put before and behind it.
const LONG_NAME: usize = 56;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "schema-lint/reserved-name",
        severity: Some(Advice),
        summary: "this name is a reserved word and must be quoted everywhere",
        help: "choose another name",
        peers: &["skeema reserved-word", "spirit reserved_words"],
    },
    Rule {
        code: "schema-lint/name-case",
        severity: Some(Advice),
        summary: "whether the case of a table's name counts depends on the server and its file system",
        help: "write names in lower case, with underscores",
        peers: &["skeema name-case", "spirit name_case"],
    },
    Rule {
        code: "schema-lint/name-characters",
        severity: Some(Warning),
        summary: "a name with other signs than letters, digits and underscores must be quoted everywhere, and breaks tools",
        help: "choose a name of letters, digits and underscores that does not begin with a digit",
        peers: &["Atlas NM101"],
    },
    Rule {
        code: "schema-lint/long-name",
        severity: Some(Advice),
        summary: "servers know names up to 64 signs, and tools for online changes put some of their own around them",
        help: "choose a shorter name",
        peers: &["Atlas NM102"],
    },
    Rule {
        code: "schema-lint/name-prefix",
        severity: Some(Advice),
        summary: "what kind of object it is need not be in its name, and is wrong as soon as a table becomes a view",
        help: "leave the prefix out",
        peers: &[],
    },
    Rule {
        code: "schema-lint/unnamed-constraint",
        severity: None,
        summary: "a constraint without a name gets one that may be another on another server, so that no migration can drop it",
        help: "write CONSTRAINT name",
        peers: &["Atlas NM103"],
    },
];

pub(super) fn check(table: &Table, report: &mut Report<'_>) {
    name(report, "table", &table.name, &table.place);
    if table.name.chars().any(char::is_uppercase) {
        let message = format!("table `{}` has capitals in its name", table.name);
        report.hit("schema-lint/name-case", &table.place, message);
    }
    let lower = table.name.to_lowercase();
    if ["tbl_", "table_", "t_", "tab_"].iter().any(|prefix| lower.starts_with(prefix)) {
        let message = format!("table `{}` says in its name that it is one", table.name);
        report.hit("schema-lint/name-prefix", &table.place, message);
    }
    for column in &table.columns {
        name(report, "column", &column.name, &column.place);
    }
    for key in table.keys.iter().filter(|key| key.name != "PRIMARY" && !key.implicit) {
        characters(report, "key", &key.name, &key.place);
    }
    let constraints = table.foreign_keys.iter().map(|key| (key.generated_name, &key.name, &key.place));
    let checks = table.checks.iter().map(|check| (check.generated_name, &check.name, &check.place));
    for (generated, own, place) in constraints.chain(checks) {
        if generated {
            let message = format!("a constraint of `{}` has no name of its own", table.name);
            report.hit("schema-lint/unnamed-constraint", place, message);
        } else {
            characters(report, "constraint", own, place);
        }
    }
}

fn name(report: &mut Report<'_>, what: &str, name: &str, place: &Place) {
    characters(report, what, name, place);
    if is_reserved(name) {
        report.hit(
            "schema-lint/reserved-name",
            place,
            format!("{what} `{name}` is called by a reserved word"),
        );
    }
}

fn characters(report: &mut Report<'_>, what: &str, name: &str, place: &Place) {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_plain {
        report.hit(
            "schema-lint/name-characters",
            place,
            format!("{what} `{name}` has a name that must be quoted"),
        );
    }
    if name.chars().count() > LONG_NAME {
        report.hit("schema-lint/long-name", place, format!("{what} `{name}` has a very long name"));
    }
}
