//! What a script does beside definitions of its schema. Only what is known to do nothing else passes.

use std::sync::Arc;

use migrate_core::script::lexer::{Lexer, Token, TokenKind};

use crate::ast::{AlterAction, ObjectName, Statement, StatementKind};
use crate::finding::{Finding, at};
use crate::place::{Place, Source, Span};

const ROWS: &str = "it changes rows";
const HIDDEN: &str = "what it runs may change rows";
const SERVER: &str = "it changes more than tables, views and programs";
const ELSEWHERE: &str = "it is about another schema";

/// First words of statements after which rows, accounts and settings of the server are as before.
const HARMLESS: [&str; 24] = [
    "set",
    "do",
    "lock",
    "unlock",
    "begin",
    "start",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "show",
    "describe",
    "desc",
    "explain",
    "analyze",
    "check",
    "checksum",
    "optimize",
    "prepare",
    "deallocate",
    "drop",
    "help",
    "use",
    "signal",
];

/// A finding at each statement that definitions alone cannot take back.
pub(super) fn found(statements: &[Statement], source: &Arc<Source>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for statement in statements {
        let mut report = |span: Span, why: &'static str| {
            let (src, span) = at(&Place::new(source, span));
            findings.push(Finding::NoInverse { why: why.to_owned(), src, span });
        };
        let text = statement.span.of(source.inner());
        match &statement.kind {
            StatementKind::Data { .. } if !only_reads(text) => report(statement.span, ROWS),
            StatementKind::Call { .. } | StatementKind::Execute { .. } => report(statement.span, HIDDEN),
            StatementKind::NotUnderstood { .. } => report(statement.span, "it is not understood"),
            StatementKind::NoEffect if !is_harmless(text) => report(statement.span, SERVER),
            StatementKind::Data { .. } | StatementKind::NoEffect if calls(text) => {
                report(statement.span, HIDDEN);
            }
            StatementKind::AlterDatabase { .. } | StatementKind::DropDatabase(_) => {
                report(statement.span, SERVER);
            }
            StatementKind::Use(_) => report(statement.span, ELSEWHERE),
            StatementKind::AlterTable(alter) => {
                for action in &alter.actions {
                    if moves_rows(&action.action, action.span.of(source.inner())) {
                        report(action.span, ROWS);
                    }
                }
                foreign(&alter.name, &mut report);
            }
            StatementKind::CreateTable(table) => foreign(&table.name, &mut report),
            StatementKind::CreateTableLike { name, .. } => foreign(name, &mut report),
            StatementKind::CreateSequence(sequence) => foreign(&sequence.name, &mut report),
            StatementKind::AlterSequence(alter) => {
                if alter.restart.is_some() {
                    report(statement.span, ROWS);
                }
                foreign(&alter.name, &mut report);
            }
            StatementKind::DropTable { names, .. } | StatementKind::DropSequence { names, .. } => {
                for name in names {
                    foreign(name, &mut report);
                }
            }
            _ => {}
        }
    }
    findings
}

/// A schema that is named may be this one; that it is, nobody knows here.
fn foreign(name: &ObjectName, report: &mut impl FnMut(Span, &'static str)) {
    if name.schema.is_some() {
        report(name.span(), ELSEWHERE);
    }
}

fn words(text: &str) -> impl Iterator<Item = (Token, &str)> {
    Lexer::new(text).filter(|token| !token.is_comment()).map(|token| (token, token.text(text)))
}

fn is(word: &str, names: &[&str]) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// What stands in it depends on the server's version.
fn has_executable_comment(text: &str) -> bool {
    words(text).any(|(token, _)| token.kind == TokenKind::ExecutableComment)
}

/// A query that writes nothing, to files neither.
fn only_reads(text: &str) -> bool {
    let writes = ["insert", "replace", "update", "delete", "truncate", "load", "outfile", "dumpfile"];
    let mut of_words = words(text).filter(|(token, _)| token.kind == TokenKind::Word);
    // `REPLACE` and `INSERT` are functions, too; `FOR UPDATE` locks. A statement too many is refused then, none too few.
    !has_executable_comment(text) && of_words.all(|(_, word)| !is(word, &writes))
}

/// Whether a function is called that is not known to be the server's own.
fn calls(text: &str) -> bool {
    let own = [
        "count", "max", "min", "sum", "coalesce", "if", "ifnull", "concat", "now", "version", "database",
        "sleep",
    ];
    let keywords = [
        "in", "from", "join", "and", "or", "not", "on", "as", "select", "where", "using", "values", "exists",
        "any", "all", "union", "with",
    ];
    let mut before: Option<(Token, &str)> = None;
    for (token, text) in words(text) {
        let opens = text == "(";
        if opens
            && let Some((called, name)) = &before
            && matches!(called.kind, TokenKind::Word | TokenKind::QuotedIdentifier)
            && !is(name, &own)
            && !is(name, &keywords)
        {
            return true;
        }
        before = Some((token, text));
    }
    false
}

fn is_harmless(text: &str) -> bool {
    let mut of_words = words(text);
    let Some((_, first)) = of_words.next() else { return true };
    if !is(first, &HARMLESS) || has_executable_comment(text) {
        return false;
    }
    if is(first, &["drop"]) {
        return of_words.next().is_some_and(|(_, second)| is(second, &["prepare"]));
    }
    let reaches_server = |word: &str| {
        let name = word.trim_start_matches('@');
        let scope = name.split('.').next().unwrap_or(name);
        is(scope, &["global", "persist", "persist_only", "password", "role"])
    };
    !is(first, &["set"]) || !of_words.any(|(_, word)| reaches_server(word))
}

/// Partitions and tablespaces that come and go with their rows.
fn moves_rows(action: &AlterAction, text: &str) -> bool {
    if matches!(action, AlterAction::Add(..) | AlterAction::Modify(..) | AlterAction::Change(..)) {
        return false;
    }
    let mut of_words = words(text).map(|(_, word)| word);
    let first = of_words.next().unwrap_or_default();
    let second = of_words.next().unwrap_or_default();
    is(first, &["truncate", "exchange", "discard", "import", "convert"]) && !is(second, &["to"])
        || is(first, &["drop"]) && is(second, &["partition"])
}
