//! Accounts, rights and secrets.

use miette::Severity::{Error, Warning};

use super::statement::Statement;
use super::{Report, Rule};
use crate::script::lexer::TokenKind;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "lint/definer",
        severity: Warning,
        summary: "this object runs as an account that may not exist, or may do too much, in another environment",
        help: "leave DEFINER out, or use DEFINER = CURRENT_USER or SQL SECURITY INVOKER",
        peers: &["skeema definer"],
    },
    Rule {
        code: "lint/grant",
        severity: Warning,
        summary: "rights differ between environments, and a migration that grants them needs rights of its own",
        help: "manage rights where accounts are managed",
        peers: &[],
    },
    Rule {
        code: "lint/create-user",
        severity: Warning,
        summary: "accounts belong to the server, not to this database, and differ between environments",
        help: "manage accounts outside of migrations",
        peers: &[],
    },
    Rule {
        code: "lint/password-literal",
        severity: Error,
        summary: "this password is readable for everyone who can read the repository",
        help: "remove it and change it; use a placeholder if the statement must stay",
        peers: &[],
    },
];

pub(super) fn check(statement: &Statement<'_>, report: &mut Report) {
    if statement.is_any(0, &["CREATE", "ALTER"]) {
        let end = statement.created_kind().unwrap_or_else(|| statement.len().min(16));
        if let Some(index) = statement.find(0..end, "DEFINER =") {
            let is_current = statement.is_any(index + 2, &["CURRENT_USER", "CURRENT_ROLE"]);
            if !is_current {
                let last = index + 2 + usize::from(statement.at(index + 3).starts_with('@'));
                report.hit("lint/definer", statement.span(index, last));
            }
        }
    }
    if statement.is_any(0, &["GRANT", "REVOKE"]) {
        report.hit("lint/grant", statement.span(0, 0));
    }
    let users =
        ["CREATE USER", "ALTER USER", "DROP USER", "RENAME USER", "CREATE ROLE", "DROP ROLE", "SET PASSWORD"];
    if statement.is_any(0, &users) {
        report.hit("lint/create-user", statement.span(0, 1));
    }
    password(statement, report);
}

fn password(statement: &Statement<'_>, report: &mut Report) {
    if !statement.is_any(0, &["CREATE USER", "ALTER USER", "GRANT", "SET PASSWORD", "CHANGE"]) {
        return;
    }
    let is_text = |index: usize| {
        matches!(statement.kind(index), Some(TokenKind::String | TokenKind::DoubleQuoted))
            // A placeholder without a value here is no secret.
            && !statement.at(index).contains("${")
            && statement.at(index).len() > 2
    };
    for index in 0..statement.len() {
        let introduces = statement.is(index, "BY")
            || statement
                .is_any(index, &["PASSWORD =", "PASSWORD (", "MASTER_PASSWORD =", "SOURCE_PASSWORD ="]);
        if !introduces {
            continue;
        }
        let value = (index + 1..index + 4).find(|index| is_text(*index));
        if let Some(value) = value {
            report.hit("lint/password-literal", statement.span(value, value));
            return;
        }
    }
}
