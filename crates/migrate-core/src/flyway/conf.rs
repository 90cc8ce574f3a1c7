//! `flyway.conf`: Java properties as Flyway reads them.
//!
//! `key=value`, `key:value` or `key value`, without the white space around; lines that begin with `#` or `!` are comments. A
//! backslash at the end of a line continues it, unless an empty line or the next option follows, which saves paths that end with
//! one; every other backslash is a backslash. `${NAME}` in a value is an environment variable, and nothing if that is not set.

use std::collections::BTreeMap;

use miette::SourceSpan;

use super::assignment::{Assignment, Place, Value, shown};
use super::problem::Problem;

/// What separates a key from its value besides `=` and `:`.
const BLANK: [char; 3] = [' ', '\t', '\u{c}'];

/// Reads a file. Names that no option has are found by [`super::Settings::merge`]; here only what is no option at all.
pub fn read(path: &str, text: &str, variables: &BTreeMap<String, String>) -> (Vec<Assignment>, Vec<Problem>) {
    let src = shown(path, text);
    let (mut assignments, mut problems) = (Vec::new(), Vec::new());
    for Pair { key, span, value } in pairs(text) {
        let place = Place::File { src: src.clone(), span, has_tables: false };
        match key.strip_prefix("flyway.") {
            Some(name) => {
                let value = Value::text(expand(&value, variables));
                assignments.push(Assignment { name: name.to_owned(), value, place });
            }
            None => problems.push(
                Problem::new(
                    "flyway/unknown-option",
                    format!("`{key}` is no option of Flyway: their names begin with `flyway.`"),
                    "write `flyway.NAME=value`, or `#` before the line if it is a comment",
                )
                .at(&place),
            ),
        }
    }
    (assignments, problems)
}

/// A property and the place of its key.
struct Pair<'t> {
    key: &'t str,
    span: SourceSpan,
    value: String,
}

fn pairs(text: &str) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let mut lines = lines(text).peekable();
    while let Some((start, line)) = lines.next() {
        let text = trim(line);
        if text.is_empty() || text.starts_with(['#', '!']) {
            continue;
        }
        let at = start + line.len() - line.trim_start_matches(is_space).len();
        let (mut first, mut part) = (text, text);
        let mut whole = String::new();
        while let Some(continued) = part.strip_suffix('\\') {
            let Some((_, next)) = lines.next_if(|(_, next)| continues(next)) else { break };
            if whole.is_empty() {
                first = first.strip_suffix('\\').unwrap_or(first);
            }
            whole.push_str(continued);
            part = trim(next);
        }
        whole.push_str(part);
        // A key ends with its line at the latest.
        let key_end = first.find(|c| c == '=' || c == ':' || BLANK.contains(&c)).unwrap_or(first.len());
        let key = &first[..key_end];
        let value = whole[key.len()..].trim_start_matches(BLANK);
        let value = value.strip_prefix(['=', ':']).unwrap_or(value).trim_start_matches(BLANK);
        pairs.push(Pair { key, span: (at, key.len()).into(), value: value.to_owned() });
    }
    pairs
}

/// Whether a line goes on with the one before, which ends with a backslash.
fn continues(line: &str) -> bool {
    !(line.is_empty() || trim(line).starts_with("flyway.") && line.contains('='))
}

fn trim(line: &str) -> &str {
    line.trim_matches(is_space)
}

/// What Java trims.
fn is_space(letter: char) -> bool {
    letter <= ' '
}

/// The lines with their offsets, without their ends: LF, CR or both.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut at = text.len() - body.len();
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        let start = at;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some((start, text));
        };
        let width = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        at += end + width;
        rest = Some(&text[end + width..]);
        Some((start, &text[..end]))
    })
}

/// Replaces each `${NAME}` by the variable of that name.
fn expand(value: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let (before, opened) = rest.split_at(start);
        expanded.push_str(before);
        let name_end = opened[2..].find('}').map(|end| end + 2);
        let name = name_end.map(|end| &opened[2..end]).filter(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        if let (Some(name), Some(end)) = (name, name_end) {
            expanded.push_str(variables.get(name).map_or("", String::as_str));
            rest = &opened[end + 1..];
        } else {
            expanded.push_str("${");
            rest = &opened[2..];
        }
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let variables = BTreeMap::from([("HOST".to_owned(), "db\\1".to_owned())]);
        let (assignments, problems) = read("flyway.conf", text, &variables);
        assert!(problems.is_empty(), "{problems:?}");
        let text = |a: &Assignment| a.value.as_text().unwrap_or_default().to_owned();
        assignments.iter().map(|assignment| (assignment.name.clone(), text(assignment))).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(values(text), expected);
    }

    /// Each as Flyway 13's own reader gives it.
    #[test]
    fn files_are_read_as_flyway_reads_them() {
        check(
            "flyway.a=1\n  flyway.b : 2\r\nflyway.c 3\rflyway.d",
            &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "")],
        );
        check("flyway.url = jdbc:x?a=b ", &[("url", "jdbc:x?a=b")]);
        check("# flyway.a=1\n\n ! flyway.b=2\\\nflyway.c=3 # no comment", &[("c", "3 # no comment")]);
        check("flyway.a==x\nflyway.b=:x\nflyway.c : = x", &[("a", "=x"), ("b", ":x"), ("c", "= x")]);
        check("flyway.a\\=b=c", &[("a\\", "b=c")]);
        check("flyway.p=a!b#c", &[("p", "a!b#c")]);
    }

    #[test]
    fn backslashes_are_themselves_except_at_the_end_of_a_line() {
        check("flyway.a=C:\\new\\\\x\\u0041", &[("a", "C:\\new\\\\x\\u0041")]);
        check("flyway.a=x,\\\n   y,\\\r\n\tz\nflyway.b=1", &[("a", "x,y,z"), ("b", "1")]);
        check("flyway.a=x\\\\\ny", &[("a", "x\\y")]);
        check("flyway.a=x\\\n# y\nflyway.b=1", &[("a", "x# y"), ("b", "1")]);
        check("flyway.a\\\n=1", &[("a", "1")]);
        check("flyway.a=x\\\n  \\\n y", &[("a", "xy")]);
        check("flyway.a\\\n  \n", &[("a", "")]);
    }

    #[test]
    fn a_path_that_ends_with_a_backslash_swallows_nothing() {
        check("flyway.a=x\\", &[("a", "x\\")]);
        check("flyway.a=C:\\x\\ \nflyway.b=2", &[("a", "C:\\x\\"), ("b", "2")]);
        check("flyway.a=x\\\n\nflyway.b=2", &[("a", "x\\"), ("b", "2")]);
    }

    #[test]
    fn variables_of_the_environment() {
        check("flyway.a=//${HOST}/${NONE}x${no-name}${", &[("a", "//db\\1/x${no-name}${")]);
        check("flyway.a=${flyway:user}", &[("a", "${flyway:user}")]);
    }

    #[test]
    fn what_is_no_option_is_a_problem_with_its_place() {
        let (_, problems) = read("flyway.conf", "flyway.a=1\n  table=2\n", &BTreeMap::new());
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        assert!(problem.to_string().contains("`table`"));
        let label = miette::Diagnostic::labels(problem).unwrap().next().unwrap();
        assert_eq!((label.offset(), label.len()), (13, 5));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            written in prop::collection::vec(("[a-zA-Z.]{1,8}", "([!-~é][ -~é]{0,12}[!-\\[\\]-~é])?"), 0..6)
        ) {
            let lines: Vec<_> = written.iter().map(|(key, value)| format!("flyway.{key} = {value}\n")).collect();
            let text = lines.concat();
            let (read, problems) = read("x", &text, &BTreeMap::new());
            prop_assert!(problems.is_empty());
            // `=` and `:` at the beginning of a value would be its separator only if there were none before.
            for ((key, value), assignment) in written.iter().zip(&read) {
                prop_assert_eq!(&assignment.name, key);
                if !value.contains("${") {
                    prop_assert_eq!(assignment.value.as_text(), Some(value.as_str()));
                }
            }
            prop_assert_eq!(read.len(), written.len());
        }

        #[test]
        fn any_text_is_read(text in "[flyway.=:\\\\ \\n\\r#!${}é]{0,60}|.{0,60}") {
            let _ = read("x", &text, &BTreeMap::new());
        }
    }
}
