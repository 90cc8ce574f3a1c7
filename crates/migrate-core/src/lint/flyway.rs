//! Text that Flyway cuts differently, or loses, so that a tree cannot be run by both tools.

use miette::Severity::Warning;

use super::statement::Statement;
use super::{Report, Rule, View};
use crate::script::lexer::TokenKind;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "flyway/bare-executable-comment",
        severity: Warning,
        summary: "Flyway takes an executable comment without a five-digit version for a plain one and never runs it",
        help: "write the SQL without the comment, or with a version: /*!50000 … */",
        peers: &[],
    },
    Rule {
        code: "flyway/nested-comment",
        severity: Warning,
        summary: "Flyway counts a second /* in a comment and loses the SQL up to a second end",
        help: "remove the inner /*",
        peers: &[],
    },
    Rule {
        code: "flyway/dashes-without-space",
        severity: Warning,
        summary: "Flyway takes two dashes for a comment where the server reads two signs",
        help: "put a space or parentheses between them",
        peers: &[],
    },
    Rule {
        code: "flyway/definer-program",
        severity: Warning,
        summary: "Flyway does not see a program behind this DEFINER and cuts it at its first semicolon",
        help: "put it between DELIMITER // and DELIMITER ;",
        peers: &[],
    },
    Rule {
        code: "flyway/or-replace-program",
        severity: Warning,
        summary: "Flyway does not see a program behind OR REPLACE and cuts it at its first semicolon",
        help: "put it between DELIMITER // and DELIMITER ;",
        peers: &[],
    },
    Rule {
        code: "flyway/for-loop",
        severity: Warning,
        summary: "Flyway does not know FOR … END FOR and cuts the program in the wrong place",
        help: "put it between DELIMITER // and DELIMITER ;",
        peers: &[],
    },
    Rule {
        code: "flyway/delimiter-comment",
        severity: Warning,
        summary: "Flyway takes the whole rest of the line for the delimiter, the comment included",
        help: "put the comment on a line of its own",
        peers: &[],
    },
    Rule {
        code: "flyway/client-terminator",
        severity: Warning,
        summary: "\\G and \\g end a statement in the command-line client only",
        help: "end it with the delimiter",
        peers: &[],
    },
];

pub(super) fn check(statement: &Statement<'_>, report: &mut Report) {
    if statement.delimiter.starts_with('\\') {
        let end = statement.range.end;
        let rest = statement.text.get(end..).unwrap_or_default();
        let at = rest.find('\\').map_or(end, |at| end + at);
        report.hit("flyway/client-terminator", at..(at + 2).min(statement.text.len()));
    }
    for index in 1..statement.len() {
        let adjoin = match (statement.tokens.get(index - 1), statement.tokens.get(index)) {
            (Some(first), Some(second)) => first.end == second.start,
            _ => false,
        };
        if adjoin && statement.is(index - 1, "- -") {
            report.hit("flyway/dashes-without-space", statement.span(index - 1, index));
        }
    }
    // To Flyway an executable comment is one token, in which it sees no semicolons.
    let is_in_comment =
        statement.text.get(statement.range.clone()).is_some_and(|written| written.contains("/*!"));
    if is_in_comment || !statement.is_program() || statement.delimiter != ";" {
        return;
    }
    let body = 0..statement.len();
    if let Some(index) = statement.find(body.clone(), "END FOR") {
        report.hit("flyway/for-loop", statement.span(index, index + 1));
    }
    let Some(kind) = statement.created_kind().filter(|_| statement.find(body, "BEGIN").is_some()) else {
        return;
    };
    if statement.is(1, "OR REPLACE") {
        report.hit("flyway/or-replace-program", statement.span(0, kind));
    } else if statement.find(0..kind, "DEFINER =").is_some() && is_unseen(statement, kind) {
        report.hit("flyway/definer-program", statement.span(0, kind));
    }
}

/// Flyway allows DEFINER before procedures, functions and events only, and only with an account that has an `@`.
fn is_unseen(statement: &Statement<'_>, kind: usize) -> bool {
    let has_host = (0..kind).any(|index| statement.at(index).starts_with('@'));
    statement.is(kind, "TRIGGER") || !has_host
}

pub(super) fn check_file(view: &View<'_>, report: &mut Report) {
    let text = view.text;
    for (index, token) in view.tokens.iter().enumerate() {
        let written = text.get(token.range()).unwrap_or_default();
        match token.kind {
            TokenKind::ExecutableComment => {
                let inside = token.executable(text);
                if inside.is_some_and(|inside| inside.mariadb_only || inside.version.is_none()) {
                    let mark = if written.starts_with("/*M!") { 4 } else { 3 };
                    report.hit("flyway/bare-executable-comment", token.start..token.start + mark);
                }
            }
            TokenKind::BlockComment => {
                if let Some(at) = written.get(2..).and_then(|inside| inside.find("/*")) {
                    let start = token.start + 2 + at;
                    report.hit("flyway/nested-comment", start..start + 2);
                }
            }
            TokenKind::Word if written.eq_ignore_ascii_case("DELIMITER") => {
                let line_end = text
                    .get(token.end..)
                    .and_then(|rest| rest.find('\n'))
                    .map_or(text.len(), |at| token.end + at);
                let begins_line = text
                    .get(..token.start)
                    .is_some_and(|before| before.rsplit('\n').next().unwrap_or_default().trim().is_empty());
                let comment = view
                    .tokens
                    .iter()
                    .skip(index + 1)
                    .take_while(|next| next.start < line_end)
                    .find(|next| next.is_comment());
                if let Some(comment) = comment.filter(|_| begins_line) {
                    report.hit("flyway/delimiter-comment", comment.range());
                }
            }
            _ => {}
        }
    }
}
