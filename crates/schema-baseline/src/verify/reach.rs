//! What a script could reach outside of the schema that it is run in: asked before it is run on a server that has other schemas.

use std::collections::HashSet;
use std::sync::Arc;

use miette::{Diagnostic, SourceSpan};
use migrate_core::script::lexer::{Lexer, Token, TokenKind};
use migrate_core::script::{SplitOptions, split};
use thiserror::Error;

use crate::place::Source;

/// A part of a script that may touch something outside of its schema.
#[derive(Debug, Clone, Error, Diagnostic)]
#[error("{what}, so the script is not run on the server")]
#[diagnostic(
    code("verify/reaches-out"),
    severity(Error),
    help(
        "verify it in memory, or on a server of its own that has no such schema; what belongs to the server and not to the schema belongs into no migration"
    )
)]
pub struct ReachesOut {
    /// What it does.
    pub what: String,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The place.
    #[label("reaches outside of the schema")]
    pub span: SourceSpan,
}

/// Statements that are about the server, by the word that they begin with.
const OF_THE_SERVER: [&str; 19] = [
    "backup",
    "binlog",
    "change",
    "clone",
    "flush",
    "grant",
    "import",
    "install",
    "kill",
    "purge",
    "rename user",
    "reset",
    "restart",
    "revoke",
    "shutdown",
    "start replica",
    "start slave",
    "stop",
    "uninstall",
];

/// What `CREATE`, `ALTER` and `DROP` do to the server.
const THINGS_OF_THE_SERVER: [&str; 8] =
    ["user", "role", "server", "tablespace", "logfile", "instance", "resource", "undo"];

/// Everything in a script that may touch another schema among `schemas` (names in lower case), the server's settings or its
/// accounts. Nothing is taken for harmless that is not: an alias that is called as a schema of the server counts.
pub fn reaches_out<S: std::hash::BuildHasher>(
    source: &Arc<Source>,
    schemas: &HashSet<String, S>,
) -> Vec<ReachesOut> {
    let text: &str = source.inner();
    let mut tokens = Vec::new();
    let mut beginnings = HashSet::new();
    for statement in split(text, &SplitOptions::default()).0 {
        beginnings.insert(tokens.len());
        collect(text, statement.start, statement.range.end, &mut tokens);
    }
    let is_schema = |name: &str| {
        let name = name.to_lowercase();
        name != "information_schema" && schemas.contains(&name)
    };
    let runs_text = tokens
        .iter()
        .any(|token| ["prepare", "execute", "immediate"].iter().any(|word| token.is_word(text, word)));
    let mut found = Vec::new();
    let mut report = |token: &Token, what: String| {
        let span = (token.start, token.end - token.start).into();
        found.push(ReachesOut { what, src: source.as_ref().clone(), span });
    };
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let at = |ahead: usize| tokens.get(index + ahead);
        let word = |ahead: usize| {
            at(ahead)
                .filter(|token| token.kind == TokenKind::Word)
                .map_or(String::new(), |token| token.text(text).to_lowercase())
        };
        match token.kind {
            TokenKind::String | TokenKind::DoubleQuoted if runs_text => {
                if let Some(schema) = named_inside(token.text(text), &is_schema) {
                    report(token, format!("SQL that is put together here may name schema `{schema}`"));
                }
            }
            TokenKind::Word | TokenKind::QuotedIdentifier => {
                let name = token.text(text).trim_matches('`').replace("``", "`");
                let is_qualifier = at(1).is_some_and(|next| next.is_symbol(text, "."))
                    && !before.is_some_and(|before| before.is_symbol(text, "."));
                if is_qualifier && is_schema(&name) {
                    report(token, format!("this names schema `{name}`, which the server has"));
                }
            }
            _ => {}
        }
        if token.kind != TokenKind::Word {
            continue;
        }
        let (first, second) = (word(0), word(1));
        if runs_text && first == "schemata" {
            report(token, "SQL that is put together here may name any schema".to_owned());
        }
        if ["create", "alter", "drop"].contains(&first.as_str()) {
            let own_defaults = ["character", "charset", "default", "collate"].contains(&word(2).as_str());
            if ["database", "schema"].contains(&second.as_str()) && !(first == "alter" && own_defaults) {
                report(token, format!("this is about a whole schema: {first} {second}"));
            }
            let thing = if first == "create" && second == "or" { word(3) } else { second.clone() };
            if THINGS_OF_THE_SERVER.contains(&thing.as_str()) {
                report(token, format!("this changes the server: {first} {thing}"));
            }
        }
        if first == "into" && ["outfile", "dumpfile"].contains(&second.as_str()) {
            report(token, "this writes a file on the server".to_owned());
        }
        if !beginnings.contains(&index) && !begins_statement(text, before) {
            continue;
        }
        let both = format!("{first} {second}");
        if OF_THE_SERVER.iter().any(|head| *head == first || *head == both) {
            report(token, format!("this is about the server: {first}"));
        }
        if first == "use" && !["index", "key"].contains(&second.as_str()) {
            report(token, "this changes to another schema".to_owned());
        }
        if first == "set" {
            let statement = tokens[index..].iter().take_while(|token| !token.is_symbol(text, ";"));
            let is_global = statement.clone().any(|token| {
                ["global", "persist", "persist_only", "password"].iter().any(|word| token.is_word(text, word))
                    || ["@@global", "@@persist", "@@persist_only"]
                        .iter()
                        .any(|name| token.text(text).eq_ignore_ascii_case(name))
            });
            if is_global {
                report(token, "this sets something for the whole server".to_owned());
            }
        }
    }
    found
}

/// The tokens of a stretch without comments, executable ones unwrapped.
fn collect(text: &str, start: usize, end: usize, tokens: &mut Vec<Token>) {
    let mut stack = vec![(Lexer::at(&text[..end], start), end)];
    while let Some((lexer, _)) = stack.last_mut() {
        let Some(token) = lexer.next() else {
            stack.pop();
            continue;
        };
        if let Some(inside) = token.executable(text) {
            let end = inside.start + inside.sql.len();
            // Such comments do not nest.
            if stack.len() == 1 {
                stack.push((Lexer::at(&text[..end], inside.start), end));
            }
        } else if !token.is_comment() {
            tokens.push(token);
        }
    }
}

/// Whether a word behind `before` begins a statement, perhaps one inside of a body.
fn begins_statement(text: &str, before: Option<&Token>) -> bool {
    let Some(before) = before else { return true };
    if before.kind == TokenKind::Symbol {
        // Whatever the delimiter is, its last sign is none of those that stand inside of a statement.
        return ![",", "(", ")", ".", "=", "<", ">", "+", "-", "*", "%", "@", ":="]
            .contains(&before.text(text));
    }
    ["begin", "then", "else", "do", "loop", "repeat"].iter().any(|word| before.is_word(text, word))
}

/// A schema that the inside of a string names in front of a dot.
fn named_inside(text: &str, is_schema: &impl Fn(&str) -> bool) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '-';
    text.match_indices('.').find_map(|(at, _)| {
        let before = text[..at].trim_end_matches('`');
        let start = before
            .rfind(|c: char| !is_part(c))
            .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
        let name = &before[start..];
        is_schema(name).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let schemas: HashSet<String> =
            ["shop", "mysql", "information_schema"].iter().map(ToString::to_string).collect();
        let source = Arc::new(Source::new("V1.sql", text.into()));
        reaches_out(&source, &schemas).iter().map(|finding| finding.what.clone()).collect()
    }

    #[test]
    fn what_stays_inside_is_left_alone() {
        for text in [
            "CREATE TABLE t (a INT, shop INT); INSERT INTO t (shop) VALUES (1.5), ('shop.t'); SELECT t.shop FROM t;",
            "ALTER DATABASE CHARACTER SET utf8mb4; SET foreign_key_checks = 0; SET NAMES utf8mb4;",
            "SELECT * FROM information_schema.tables; SELECT a FROM t USE INDEX (i); -- USE shop\n# GRANT",
            "CREATE TABLE `user` (role INT, server INT); DROP TABLE user_role; CREATE VIEW v AS SELECT a.shop FROM a;",
            "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SET @a = 1; UPDATE t SET a = 1; END$$\nDELIMITER ;\nSTART TRANSACTION;",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_reaches_out_is_found_wherever_it_hides() {
        for text in [
            "USE shop;",
            "SELECT 1; use other",
            "DROP DATABASE IF EXISTS x",
            "CREATE SCHEMA x;",
            "DELETE FROM shop.orders",
            "DELETE FROM `shop` . orders",
            "INSERT INTO MySQL.user VALUES (1)",
            "/*!50003 DROP TABLE shop.t */",
            "DELIMITER $$\nCREATE PROCEDURE p() BEGIN DROP TABLE shop.t; END$$\nDELIMITER ;",
            "CREATE PROCEDURE p() BEGIN SET GLOBAL max_connections = 1; END",
            "DELIMITER $$\nSELECT 1$$\nFLUSH TABLES$$\nDELIMITER ;",
            "SET @a = 1, @@global.sort_buffer_size = 1",
            "SET PERSIST x = 1",
            "GRANT ALL ON *.* TO x",
            "CREATE USER x",
            "CREATE OR REPLACE ROLE x",
            "FLUSH PRIVILEGES",
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "SET @s = CONCAT('DROP TABLE shop.', @t); PREPARE s FROM @s; EXECUTE s;",
            "SET @s = (SELECT schema_name FROM information_schema.schemata LIMIT 1); PREPARE s FROM @s;",
        ] {
            assert_eq!(found(text).len(), 1, "{text}: {:?}", found(text));
        }
    }
}
