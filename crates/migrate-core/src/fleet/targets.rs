//! The databases of a fleet, from a file or from the rows of a query.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::finding::Finding;
use super::mask::masked;
use crate::finding::Source;

/// A database of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<T> {
    /// What it is called: the name that the list gives it, else that of its database.
    pub name: String,
    /// How it is reached.
    pub address: T,
}

/// Reads one target a line: the name of a database, a URL, or a name and a URL; what follows a `#` is a comment. `resolve` makes of
/// a database's name or URL what identifies the database, and how it is reached; or says why it cannot, without secrets.
pub fn targets<T>(
    file: &str,
    text: &str,
    resolve: impl FnMut(&str) -> Result<(String, T), String>,
) -> (Vec<Target<T>>, Vec<Finding>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut list = List::new(file, text, resolve);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let words = words(line, start);
        start += line.len();
        match words.as_slice() {
            [] => {}
            [database] => list.add(None, database.clone()),
            [name, url] if text[url.clone()].contains("://") => list.add(Some(name.clone()), url.clone()),
            [_, second] => list.refuse(second.clone(), "what follows a name must be a URL"),
            [_, _, third, ..] => list.refuse(third.clone(), "a line has at most a name and a URL"),
        }
    }
    list.end()
}

/// Reads one target a row, which holds the name of a database or a URL; `None` is NULL.
pub fn targets_of_rows<T>(
    query: &str,
    rows: &[Option<String>],
    resolve: impl FnMut(&str) -> Result<(String, T), String>,
) -> (Vec<Target<T>>, Vec<Finding>) {
    let shown: Vec<&str> = rows.iter().map(|row| row.as_deref().unwrap_or("NULL")).collect();
    let text = shown.join("\n");
    let mut list = List::new(query, &text, resolve);
    let mut start = 0;
    for (row, shown) in rows.iter().zip(&shown) {
        let range = start..start + shown.len();
        match row {
            Some(_) => list.add(None, range),
            None => list.refuse(range, "the first column of this row is NULL"),
        }
        start += shown.len() + 1;
    }
    list.end()
}

/// The places of the words of a line before its comment.
fn words(line: &str, offset: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in line.split_inclusive(char::is_whitespace) {
        let length = word.trim_end().len();
        if word.starts_with('#') {
            break;
        }
        if length > 0 {
            words.push(offset + at..offset + at + length);
        }
        at += word.len();
    }
    words
}

struct List<'a, F, T> {
    text: &'a str,
    /// What findings show.
    source: Source,
    resolve: F,
    targets: Vec<Target<T>>,
    findings: Vec<Finding>,
    names: HashMap<String, Range<usize>>,
    databases: HashMap<String, Range<usize>>,
    is_empty: bool,
}

impl<'a, T, F: FnMut(&str) -> Result<(String, T), String>> List<'a, F, T> {
    fn new(name: &str, text: &'a str, resolve: F) -> Self {
        Self {
            text,
            source: Source::new(name, masked(text).into()),
            resolve,
            targets: Vec::new(),
            findings: Vec::new(),
            names: HashMap::new(),
            databases: HashMap::new(),
            is_empty: true,
        }
    }

    fn add(&mut self, name: Option<Range<usize>>, database: Range<usize>) {
        self.is_empty = false;
        let text = self.text;
        let written = &text[database.clone()];
        let (key, address) = match (self.resolve)(written) {
            Ok(resolved) => resolved,
            Err(reason) => return self.refuse(database, &reason),
        };
        let src = || self.source.clone();
        let name_place = name.clone().unwrap_or_else(|| database.clone());
        let name = match name {
            Some(name) => text[name].to_owned(),
            // A URL may hold a password, which is no part of a name.
            None if written.contains("://") => key.clone(),
            None => written.to_owned(),
        };
        let span = |place: &Range<usize>| (place.start, place.len()).into();
        match (self.databases.entry(key), self.names.entry(name.clone())) {
            (Entry::Occupied(first), _) => self.findings.push(Finding::DuplicateDatabase {
                database: first.key().clone(),
                src: src(),
                span: span(&database),
                first: span(first.get()),
            }),
            (_, Entry::Occupied(first)) => self.findings.push(Finding::DuplicateName {
                name,
                src: src(),
                span: span(&name_place),
                first: span(first.get()),
            }),
            (Entry::Vacant(key), Entry::Vacant(free)) => {
                key.insert(database);
                free.insert(name_place);
                self.targets.push(Target { name, address });
            }
        }
    }

    fn refuse(&mut self, place: Range<usize>, reason: &str) {
        self.is_empty = false;
        let span = (place.start, place.len()).into();
        self.findings.push(Finding::Target { reason: reason.to_owned(), src: self.source.clone(), span });
    }

    fn end(mut self) -> (Vec<Target<T>>, Vec<Finding>) {
        if self.is_empty {
            self.findings.push(Finding::Empty { list: format!("`{}`", self.source.name()) });
        }
        (self.targets, self.findings)
    }
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic as _;

    use super::*;

    /// URLs are told by their host and path, names stand for databases of one server.
    fn resolve(text: &str) -> Result<(String, ()), String> {
        match text.split_once("://") {
            Some((_, rest)) if rest.contains("wrong") => Err("it is wrong".to_owned()),
            Some((_, rest)) => Ok((rest.rsplit('@').next().unwrap_or(rest).to_owned(), ())),
            None => Ok((format!("base/{text}"), ())),
        }
    }

    fn names(text: &str) -> Vec<String> {
        let (targets, findings) = targets("fleet.txt", text, resolve);
        assert!(findings.is_empty(), "{findings:?}");
        targets.into_iter().map(|target| target.name).collect()
    }

    /// Code and labelled text of each finding.
    fn marks(text: &str) -> Vec<(String, String)> {
        let (_, findings) = targets("fleet.txt", text, resolve);
        let mark = |finding: &Finding| {
            let label = finding.labels().and_then(|mut labels| labels.next());
            let text = label.map(|label| text[label.offset()..label.offset() + label.len()].to_owned());
            (finding.code().unwrap().to_string(), text.unwrap_or_default())
        };
        findings.iter().map(mark).collect()
    }

    #[test]
    fn lines_are_names_urls_or_both() {
        let text = "\u{feff}# tenants\r\nberlin\r\n\r\n  paris # twice as large\nmysql://u:p@h/rome\neast mysql://u@h/oslo\n#end";
        assert_eq!(names(text), ["berlin", "paris", "h/rome", "east"]);
        assert_eq!(names("a#b"), ["a#b"], "a comment begins a word");
    }

    #[test]
    fn every_wrong_line_is_found_at_its_place() {
        let text = "a\nb c\nd mysql://h/d e\nmysql://wrong/x\na\neast mysql://u@h/z\nmysql://v@h/z\neast mysql://h/y\n";
        let expected = [
            ("fleet/target", "c"),
            ("fleet/target", "e"),
            ("fleet/target", "mysql://wrong/x"),
            ("fleet/duplicate-database", "a"),
            ("fleet/duplicate-database", "mysql://v@h/z"),
            ("fleet/duplicate-name", "east"),
        ];
        assert_eq!(marks(text), expected.map(|(code, text)| (code.to_owned(), text.to_owned())));
        assert_eq!(marks("# nothing\n"), [("fleet/empty".to_owned(), String::new())]);
    }

    #[test]
    fn findings_show_no_password() {
        let (_, findings) = targets("f", "mysql://u:secret@wrong/x\nb mysql://u:secret word@h/d\n", resolve);
        assert_eq!(findings.len(), 2);
        for finding in findings {
            let all = finding.source_code().unwrap().read_span(&(0, 50).into(), 0, 0).unwrap();
            assert!(!String::from_utf8_lossy(all.data()).contains("secret"), "{finding:?}");
        }
    }

    #[test]
    fn rows_are_databases() {
        let rows = ["a b", "c", "mysql://u@h/d"].map(|row| Some(row.to_owned()));
        let (found, findings) = targets_of_rows("SELECT 1", &rows, resolve);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(found.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["a b", "c", "h/d"]);
        let rows = [Some("a".to_owned()), None, Some("a".to_owned())];
        let (_, findings) = targets_of_rows("SELECT 1", &rows, resolve);
        let codes: Vec<_> = findings.iter().map(|finding| finding.code().unwrap().to_string()).collect();
        assert_eq!(codes, ["fleet/target", "fleet/duplicate-database"]);
        assert!(matches!(targets_of_rows("SELECT 1", &[], resolve).1.as_slice(), [Finding::Empty { .. }]));
    }
}
