//! Comments that keep a rule silent: `-- infra:allow lint/drop-column: reason`.

use std::ops::Range;

use miette::Severity::Warning;

use super::{Hit, Report, Rule, View, rule};
use crate::script::line_at;

const MARK: &str = "infra:allow";

pub(super) const RULES: &[Rule] = &[Rule {
    code: "lint/suppression",
    severity: Warning,
    summary: "this suppression has no reason, names no rule, or suppresses nothing",
    help: "write `-- infra:allow lint/rule: reason` on the line of the finding or above its statement",
    peers: &[],
}];

/// One rule that a comment keeps silent.
struct Allowed<'a> {
    code: &'a str,
    /// The comment.
    range: Range<usize>,
    /// Where it works, in bytes.
    covers: Range<usize>,
    used: bool,
}

/// Leaves out what is suppressed and adds what is wrong with suppressions.
pub(super) fn apply(view: &View<'_>, hits: Vec<Hit>) -> Vec<Hit> {
    let mut report = Report::default();
    let mut problem = |range: Range<usize>, message: String| {
        report.hit("lint/suppression", range);
        if let Some(hit) = report.hits.last_mut() {
            hit.message = message;
        }
    };
    let mut allowed = Vec::new();
    for (index, token) in view.tokens.iter().enumerate().filter(|(_, token)| token.is_comment()) {
        let Some(content) = content(view.text.get(token.range()).unwrap_or_default()) else { continue };
        let (codes, reason) = content.split_once(':').unwrap_or((content, ""));
        if reason.trim().is_empty() {
            problem(token.range(), "this suppression gives no reason".to_owned());
            continue;
        }
        for code in codes.split(',').map(str::trim) {
            if code == "lint/suppression" || rule(code).is_none() {
                problem(token.range(), format!("there is no rule `{code}` that could be suppressed"));
            } else {
                let covers = covered(view, index);
                allowed.push(Allowed { code, range: token.range(), covers, used: false });
            }
        }
    }
    let mut kept = Vec::new();
    for hit in hits {
        let mut silent = false;
        for allow in &mut allowed {
            if allow.code == hit.rule.code && allow.covers.contains(&hit.range.start) {
                allow.used = true;
                silent = true;
            }
        }
        if !silent {
            kept.push(hit);
        }
    }
    for allow in allowed.into_iter().filter(|allow| !allow.used) {
        problem(allow.range, format!("`{}` finds nothing here that could be suppressed", allow.code));
    }
    kept.extend(report.hits);
    kept
}

/// What follows the mark in a comment that begins with it.
fn content(comment: &str) -> Option<&str> {
    let inside = comment.trim_start_matches(['-', '#', '/', '*', ' ', '\t']);
    let rest = inside.strip_prefix(MARK)?;
    Some(rest.trim_end_matches("*/").trim())
}

/// Behind code, a comment works on its line; alone on a line, on the statement or line that follows.
fn covered(view: &View<'_>, index: usize) -> Range<usize> {
    let Some(comment) = view.tokens.get(index) else { return 0..0 };
    let line = line_of(view.text, comment.start);
    let is_behind = index
        .checked_sub(1)
        .and_then(|before| view.tokens.get(before))
        .is_some_and(|before| before.end > line.start);
    if is_behind {
        return line;
    }
    let Some(next) = view.tokens.iter().skip(index + 1).find(|token| !token.is_comment()) else {
        return line;
    };
    // Only further comments may stand between.
    let gap = view.tokens.iter().skip(index).take_while(|token| token.start < next.start);
    let mut last_line = line_at(view.text, comment.start);
    for token in gap {
        if line_at(view.text, token.start) > last_line + 1 {
            return line;
        }
        last_line = line_at(view.text, token.end);
    }
    if line_at(view.text, next.start) > last_line + 1 {
        return line;
    }
    let statement = view.statements.iter().find(|statement| statement.range.start == next.start);
    statement.map_or_else(|| line_of(view.text, next.start), |statement| statement.range.clone())
}

/// The line of a byte, without its end.
fn line_of(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    start..end
}
