//! Definitions of objects side by side, as differences of lines.

use crate::ui::{BAD, DIM, GOOD, styled};

/// A unified diff of two definitions; one that is absent is an empty text.
pub(crate) fn unified(old: Option<&str>, new: Option<&str>, (from, to): (&str, &str)) -> String {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    similar::TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(from, to).to_string()
}

/// A diff as a terminal shows it, without the names of the sides.
pub(crate) fn coloured(diff: &str) -> String {
    let line = |line: &str| {
        let style = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => DIM,
            _ => return format!("    {line}\n"),
        };
        format!("    {}\n", styled(style, line))
    };
    diff.lines().skip(2).map(line).collect()
}
