//! Why Flyway splits a passage differently: every known cause that is found in it.

use std::ops::Range;

use super::super::statement::Statement;
use super::super::{Report, View};
use super::{Passage, is_client_terminator};
use crate::script::lexer::{Token, TokenKind};

pub(super) fn check(view: &View<'_>, passage: &Passage<'_>, report: &mut Report) {
    let tokens = between(&view.tokens, &passage.range);
    comments(view.text, tokens, report);
    let Some((statement, parts)) = passage.statement else { return };
    let (before, within) = tokens.split_at(tokens.partition_point(|token| token.start < statement.start));
    delimiter_lines(view.text, before, report);
    delimiter_names(view.text, within, report);
    if parts.at(0) == "(" {
        report.hit("flyway/leading-parenthesis", parts.span(0, 0));
    }
    dashes(parts, report);
    let delimiter = &*statement.delimiter;
    // The last statement of a file may do without.
    let at = passage.range.end.saturating_sub(delimiter.len())..passage.range.end;
    let at = if view.text.get(at.clone()) == Some(delimiter) { at } else { parts.span(0, 0) };
    if is_client_terminator(delimiter) {
        report.hit("flyway/client-terminator", at);
    } else if delimiter.encode_utf16().count() > 8 {
        report.hit("flyway/long-delimiter", at);
    }
    if delimiter == ";" {
        program(view.text, parts, within, report);
    }
}

fn between<'t>(tokens: &'t [Token], range: &Range<usize>) -> &'t [Token] {
    let until = |end: usize| tokens.partition_point(|token| token.start < end);
    tokens.get(until(range.start)..until(range.end)).unwrap_or_default()
}

fn comments(text: &str, tokens: &[Token], report: &mut Report) {
    for token in tokens {
        let written = token.text(text);
        if token.executable(text).is_some_and(|inside| inside.mariadb_only || inside.version.is_none()) {
            let mark = if written.starts_with("/*M!") { 4 } else { 3 };
            report.hit("flyway/bare-executable-comment", token.start..token.start + mark);
        }
        let inner = written.get(2..).and_then(|inside| inside.find("/*"));
        if let (TokenKind::BlockComment, Some(at)) = (token.kind, inner) {
            let start = token.start + 2 + at;
            report.hit("flyway/nested-comment", start..start + 2);
        }
    }
}

/// What stands behind the argument of `DELIMITER`.
fn delimiter_lines(text: &str, before: &[Token], report: &mut Report) {
    for (index, word) in before.iter().enumerate().filter(|(_, token)| token.is_word(text, "DELIMITER")) {
        let rest = text.get(word.end..).unwrap_or_default();
        let line_end = word.end + rest.find('\n').unwrap_or(rest.len());
        let line: Vec<&Token> =
            before.iter().skip(index + 1).take_while(|token| token.start < line_end).collect();
        if let Some(comment) = line.iter().find(|token| token.is_comment()) {
            report.hit("flyway/delimiter-comment", comment.range());
        }
        if let Some(argument) = line.first().filter(|token| token.text(text).starts_with(['\'', '"', '`'])) {
            report.hit("flyway/delimiter-quotes", argument.range());
        }
    }
}

fn delimiter_names(text: &str, within: &[Token], report: &mut Report) {
    if let Some(name) = within.iter().find(|token| token.is_word(text, "DELIMITER")) {
        report.hit("flyway/delimiter-name", name.range());
    }
}

fn dashes(statement: &Statement<'_>, report: &mut Report) {
    for (index, pair) in statement.tokens.windows(2).enumerate() {
        let adjoin = matches!(pair, [first, second] if first.end == second.start);
        if adjoin && statement.is(index, "- -") {
            report.hit("flyway/dashes-without-space", statement.span(index, index + 1));
        }
    }
}

/// Stored programs and other blocks that end at a semicolon.
fn program(text: &str, statement: &Statement<'_>, tokens: &[Token], report: &mut Report) {
    if let Some(kind) = statement.created_kind().filter(|_| statement.is_program()) {
        let head = statement.span(0, kind);
        let unseen = if statement.is(kind, "PACKAGE") {
            Some("flyway/package")
        } else if statement.is(1, "OR REPLACE") {
            Some("flyway/or-replace-program")
        } else if statement.find(0..kind, "DEFINER =").is_some() && is_unseen(statement, kind) {
            Some("flyway/definer-program")
        } else if statement.find(0..statement.len(), "BEGIN").is_none() {
            Some("flyway/body-without-begin")
        } else {
            None
        };
        match unseen {
            Some(code) => report.hit(code, head),
            None => body(text, statement, tokens, report),
        }
    } else if statement.is(0, "ALTER") && statement.find(0..statement.len(), "EVENT").is_some() {
        report.hit("flyway/alter-event", statement.span(0, 0));
    } else if statement.is_any(0, &["IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"]) {
        report.hit("flyway/body-without-begin", statement.span(0, 0));
    } else if statement.is(0, "BEGIN NOT ATOMIC") {
        body(text, statement, tokens, report);
    }
}

/// What makes Flyway miscount the blocks of a program that it has recognised.
fn body(text: &str, statement: &Statement<'_>, tokens: &[Token], report: &mut Report) {
    if let Some(index) = statement.find(0..statement.len(), "END FOR") {
        report.hit("flyway/for-loop", statement.span(index, index + 1));
    }
    for pair in tokens.windows(2) {
        if let [end, comment] = pair
            && end.is_word(text, "END")
            && comment.is_comment()
        {
            report.hit("flyway/comment-after-end", comment.range());
        }
    }
    if let Some(name) = tokens.iter().find(|token| token.text(text) == "`END`") {
        report.hit("flyway/quoted-end", name.range());
    }
}

/// Flyway allows DEFINER before procedures, functions and events only, and only with an account that has an `@`.
fn is_unseen(statement: &Statement<'_>, kind: usize) -> bool {
    let has_host = (0..kind).any(|index| statement.at(index).starts_with('@'));
    statement.is(kind, "TRIGGER") || !has_host
}
