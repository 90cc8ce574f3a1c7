//! Text that Flyway cuts differently, or loses, so that a tree cannot be run by both tools.
//!
//! Each statement is split by Flyway's rules, too. Only where that gives another result is there a finding, and then the
//! known causes are looked for; what none of them explains is reported all the same.

mod cause;

use std::ops::Range;

use miette::Severity::Warning;

use super::locking::sets;
use super::statement::Statement;
use super::{Report, Rule, View};
use crate::script::lexer::{TokenKind, Unterminated};
use crate::script::{self, Script, SplitOptions, SplitProblem, SplitRules, split};

/// What helps against all that concerns stored programs.
const DELIMITER: &str = "put it between DELIMITER // and DELIMITER ;";

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
        code: "flyway/leading-parenthesis",
        severity: Warning,
        summary: "Flyway loses a parenthesis that begins a statement",
        help: "begin with SELECT * FROM ( … ), or put an empty line before the statement",
        peers: &[],
    },
    Rule {
        code: "flyway/definer-program",
        severity: Warning,
        summary: "Flyway does not see a program behind this DEFINER and cuts it at its first semicolon",
        help: DELIMITER,
        peers: &[],
    },
    Rule {
        code: "flyway/or-replace-program",
        severity: Warning,
        summary: "Flyway does not see a program behind OR REPLACE and cuts it at its first semicolon",
        help: DELIMITER,
        peers: &[],
    },
    Rule {
        code: "flyway/alter-event",
        severity: Warning,
        summary: "Flyway does not see a program in ALTER EVENT and cuts it at its first semicolon",
        help: DELIMITER,
        peers: &[],
    },
    Rule {
        code: "flyway/package",
        severity: Warning,
        summary: "Flyway does not know packages and cuts them at their first semicolon",
        help: DELIMITER,
        peers: &[],
    },
    Rule {
        code: "flyway/body-without-begin",
        severity: Warning,
        summary: "Flyway knows no body but BEGIN … END and cuts this one at its first semicolon",
        help: "put the body between BEGIN and END",
        peers: &[],
    },
    Rule {
        code: "flyway/for-loop",
        severity: Warning,
        summary: "Flyway does not know FOR … END FOR and cuts the program in the wrong place",
        help: DELIMITER,
        peers: &[],
    },
    Rule {
        code: "flyway/comment-after-end",
        severity: Warning,
        summary: "Flyway takes a comment after END for the next word and counts blocks wrongly",
        help: "put the comment before END or behind the semicolon",
        peers: &[],
    },
    Rule {
        code: "flyway/quoted-end",
        severity: Warning,
        summary: "Flyway takes a quoted name `END` for the end of a block",
        help: "choose another name, or write it in lower case",
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
        code: "flyway/delimiter-quotes",
        severity: Warning,
        summary: "Flyway takes the quotes for a part of the delimiter",
        help: "write the delimiter without quotes",
        peers: &[],
    },
    Rule {
        code: "flyway/long-delimiter",
        severity: Warning,
        summary: "Flyway does not find delimiters of more than eight characters",
        help: "use a short one: DELIMITER //",
        peers: &[],
    },
    Rule {
        code: "flyway/delimiter-name",
        severity: Warning,
        summary: "Flyway takes the name for the command DELIMITER and refuses the file",
        help: "put the name between backquotes",
        peers: &[],
    },
    Rule {
        code: "flyway/client-terminator",
        severity: Warning,
        summary: "\\G and \\g end a statement in the command-line client only",
        help: "end it with the delimiter",
        peers: &[],
    },
    Rule {
        code: "flyway/quoting-mode",
        severity: Warning,
        summary: "under this SQL mode the backslash escapes no quote, but Flyway and infra split as if it did",
        help: "leave this mode out, or no backslash before a quote",
        peers: &[],
    },
    Rule {
        code: "flyway/splits-differently",
        severity: Warning,
        summary: "Flyway does not send this statement as the server's client does",
        help: "write it in a way that both read alike",
        peers: &[],
    },
];

/// A statement with what stands before it: comments, and lines that change the delimiter.
struct Passage<'a> {
    range: Range<usize>,
    /// The delimiter in force at the beginning.
    delimiter: &'a str,
    /// What the server's client sends; nothing is left at the end of a file.
    statement: Option<(&'a script::Statement, &'a Statement<'a>)>,
}

pub(super) fn check_file(view: &View<'_>, script: &Script<'_>, report: &mut Report) {
    let (statements, problems) = (&script.statements, &script.problems);
    quoting_mode(view, report);
    let (mut start, mut delimiter) = (0, ";");
    let ends = statements.iter().zip(&view.statements).map(Some).chain([None]);
    for statement in ends {
        let end =
            statement.map_or(view.text.len(), |(statement, _)| end_with_delimiter(view.text, statement));
        // What was in force before \G is not recorded, but it is rarely changed right after.
        let own = statement.map_or(";", |(statement, _)| &*statement.delimiter);
        let passage = Passage {
            range: start..end,
            delimiter: if is_client_terminator(delimiter) { own } else { delimiter },
            statement,
        };
        check_passage(view, &passage, problems, report);
        (start, delimiter) = (end, own);
    }
}

/// `\G` or `\g`.
fn is_client_terminator(delimiter: &str) -> bool {
    matches!(delimiter, "\\G" | "\\g")
}

fn end_with_delimiter(text: &str, statement: &script::Statement) -> usize {
    let end = statement.range.end;
    let rest = text.get(end..).unwrap_or_default();
    let space = rest.len() - rest.trim_start_matches(|space| space <= ' ').len();
    let is_there = rest.get(space..).is_some_and(|rest| rest.starts_with(&*statement.delimiter));
    if is_there { end + space + statement.delimiter.len() } else { text.len() }
}

fn check_passage(view: &View<'_>, passage: &Passage<'_>, problems: &[SplitProblem], report: &mut Report) {
    let text = view.text.get(passage.range.clone()).unwrap_or_default();
    // The two dialects differ in what only MariaDB understands.
    let options = SplitOptions { delimiter: passage.delimiter.into(), rules: SplitRules::FlywayMariaDb };
    let (found, failures) = split(text, &options);
    let in_file = |range: &Range<usize>| range.start + passage.range.start..range.end + passage.range.start;
    let expected = passage.statement.map(|(statement, _)| statement.range.clone());
    if found.iter().map(|statement| in_file(&statement.range)).eq(expected.clone()) && failures.is_empty() {
        return;
    }
    let is_broken = problems.iter().any(|problem| passage.range.contains(&problem.range().start));
    if expected.is_none() && is_broken && !failures.is_empty() {
        return;
    }
    let before = report.hits.len();
    cause::check(view, passage, report);
    if report.hits.len() == before {
        let first = found.first().map(|statement| in_file(&statement.range));
        let place = expected.clone().or(first).unwrap_or(passage.range.clone());
        report.hit("flyway/splits-differently", first_line(view.text, place));
        if let Some(hit) = report.hits.last_mut() {
            let ours =
                expected.map(|range| (range.start - passage.range.start)..(range.end - passage.range.start));
            hit.message = difference(text, ours, &found, !failures.is_empty());
        }
    }
}

/// What Flyway makes of a passage, beside what the server's client sends.
fn difference(text: &str, ours: Option<Range<usize>>, found: &[script::Statement], fails: bool) -> String {
    let theirs = match (found, &ours) {
        ([], _) if fails => return "Flyway's parser fails here and refuses the file".to_owned(),
        ([], _) => "nothing".to_owned(),
        ([one], Some(ours)) if one.range.start == ours.start && one.range.end > ours.end => {
            return format!("Flyway does not end `{}` here, but goes on", beginning(text, ours));
        }
        ([one], _) => format!("`{}`", beginning(text, &one.range)),
        ([one, two, ..], _) => {
            format!("`{}` and then `{}`", beginning(text, &one.range), beginning(text, &two.range))
        }
    };
    let ours = ours.map_or_else(|| "nothing".to_owned(), |ours| format!("`{}`", beginning(text, &ours)));
    format!("Flyway sends {theirs} where the server's client sends {ours}")
}

/// The first characters of a statement, on one line.
fn beginning(text: &str, range: &Range<usize>) -> String {
    const LENGTH: usize = 40;
    let sql = text.get(range.clone()).unwrap_or_default();
    let line = sql.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LENGTH).collect();
    if short.len() < sql.len() {
        short.push('…');
    }
    short
}

fn first_line(text: &str, range: Range<usize>) -> Range<usize> {
    let length = text.get(range.clone()).and_then(|sql| sql.find('\n')).unwrap_or(range.len());
    range.start..range.start + length
}

/// Flyway and this crate read strings in the default mode. Only a backslash before a quote makes a difference.
fn quoting_mode(view: &View<'_>, report: &mut Report) {
    let modes = |statement: &Statement<'_>| {
        let sql = statement.text.get(statement.range.clone()).unwrap_or_default();
        sets(statement, "sql_mode").map(|_| (statement.range.end, sql.to_ascii_uppercase()))
    };
    let changes: Vec<_> = view.statements.iter().filter_map(modes).collect();
    for token in &view.tokens {
        let Some((_, modes)) = changes.iter().rfind(|(end, _)| *end <= token.start) else { continue };
        let has_no_escapes = modes.contains("NO_BACKSLASH_ESCAPES");
        let escaped = match token.kind {
            TokenKind::String | TokenKind::Unterminated(Unterminated::String) if has_no_escapes => "\\'",
            TokenKind::DoubleQuoted | TokenKind::Unterminated(Unterminated::DoubleQuoted)
                if has_no_escapes || modes.contains("ANSI") =>
            {
                "\\\""
            }
            _ => continue,
        };
        if let Some(at) = token.text(view.text).find(escaped) {
            report.hit("flyway/quoting-mode", token.start + at..token.start + at + 2);
        }
    }
}

#[cfg(test)]
mod tests;
