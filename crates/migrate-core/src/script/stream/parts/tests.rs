use std::io::{Cursor, Read};

use proptest::prelude::*;

use super::*;
use crate::checksum;
use crate::encoding::Encoding;
use crate::resolve::{LocationFile, resolve};
use crate::script::stream::Content;

/// What a file would hold, and how much of it is read at once.
#[derive(Debug)]
struct Bytes(Vec<u8>, usize);

impl Content for Bytes {
    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        Ok(Box::new(Slow(Cursor::new(self.0.clone()), self.1)))
    }
}

struct Slow(Cursor<Vec<u8>>, usize);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.1);
        self.0.read(&mut buffer[..count])
    }
}

/// A migration whose text is not held.
pub(crate) fn streamed(text: &str) -> Migration {
    slowly(text, 100_000)
}

fn slowly(text: &str, at_once: usize) -> Migration {
    let (script, path) = ("V1__x.sql".to_owned(), "m/V1__x.sql".to_owned());
    let file = LocationFile { script, path, bytes: Vec::new() };
    let migration = resolve(vec![file]).0.remove(0);
    let content = Arc::new(Bytes(text.as_bytes().to_vec(), at_once));
    let streamed = Streamed { content, encoding: Encoding::Utf8, size: text.len() as u64 };
    Migration { streamed: Some(streamed), checksum: checksum::of_text(text), ..migration }
}

/// Number, line, column and text of each statement, and the messages with their lines.
type Found = (Vec<(usize, usize, usize, String)>, Vec<(String, usize)>);

fn line(finding: &Finding) -> usize {
    let diagnostic: &dyn miette::Diagnostic = finding;
    let label = diagnostic.labels().unwrap().next().unwrap();
    diagnostic.source_code().unwrap().read_span(label.inner(), 0, 0).unwrap().line()
}

fn found(script: &Script<'_>, findings: &[Finding], into: &mut Found) {
    for (number, statement) in script.numbered() {
        let (line, column) = script.position(script.span(statement));
        into.0.push((number, line, column, script.sql(statement).to_owned()));
    }
    into.1.extend(findings.iter().map(|finding| (finding.to_string(), line(finding))));
}

fn in_parts(text: &str, window: usize, placeholders: &Placeholders) -> Found {
    let migration = slowly(text, window / 2 + 1);
    let mut parts = Parts::of(&migration, placeholders, &SplitOptions::default()).unwrap().unwrap();
    parts.window = window;
    let mut result = Found::default();
    while let Some(part) = parts.next().unwrap() {
        found(&part.script, &part.findings, &mut result);
    }
    result
}

fn whole(text: &str, placeholders: &Placeholders) -> Found {
    let source = Source::new("m/V1__x.sql", Arc::from(text));
    let (script, findings) = Script::parse(&source, "V1__x.sql", placeholders, &SplitOptions::default());
    let mut result = Found::default();
    found(&script, &findings, &mut result);
    result
}

fn placeholders() -> Placeholders {
    let mut placeholders = Placeholders::default();
    placeholders.set("two", "1; SELECT 'of two'");
    placeholders.set("none", "");
    placeholders
}

/// Text whose beginnings do not show what it will be.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("SELECT 1;\n".to_owned()),
        Just("INSERT INTO t VALUES ('a;\nb', \"c;\", `d;`);".to_owned()),
        Just("SELECT ${two};".to_owned()),
        Just("${none}".to_owned()),
        Just("SELECT '${two}'".to_owned()),
        Just("-- it; isn't\n".to_owned()),
        Just("/* one; two\n */".to_owned()),
        Just("/*!50003 SELECT 1; */;".to_owned()),
        Just("DELIMITER //\n".to_owned()),
        Just("//\n".to_owned()),
        Just("DELIMITER ;\n".to_owned()),
        Just("CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; END;\n".to_owned()),
        Just("BEGIN; SELECT 2; END; COMMIT;".to_owned()),
        Just("SELECT (1;\n".to_owned()),
        Just("DO 1 \\G".to_owned()),
        Just("${unknown};".to_owned()),
        Just("é日;".to_owned()),
        "[ -~\n]{0,40}",
        (1_usize..3000).prop_map(|length| format!("SELECT '{}';\n", "x;".repeat(length / 2))),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn parts_are_those_of_the_whole(text in pieces(), window in 1_usize..4000) {
        let placeholders = placeholders();
        let (mut parts, mut whole) = (in_parts(&text, window, &placeholders), whole(&text, &placeholders));
        // Names that have no value are told of once a part.
        parts.1.sort();
        parts.1.dedup_by(|a, b| a.0 == b.0 && a.0.contains("placeholder"));
        whole.1.sort();
        prop_assert_eq!(parts, whole);
    }
}

#[test]
fn many_parts_are_made_of_a_long_text() {
    let text = "INSERT INTO t VALUES (1, 'some words; and more');\n".repeat(2000);
    let migration = slowly(&text, 1000);
    let placeholders = Placeholders::default();
    let mut parts = Parts::of(&migration, &placeholders, &SplitOptions::default()).unwrap().unwrap();
    parts.window = 8192;
    let (mut count, mut longest) = (0, 0);
    while let Some(part) = parts.next().unwrap() {
        count += 1;
        longest = longest.max(part.script.text().len());
    }
    assert!(longest < 10_000 && count >= text.len() / 10_000, "{count} parts, {longest} bytes");
}

#[test]
fn a_text_that_is_not_that_of_the_checksum_is_refused_at_its_end() {
    let migration = Migration { checksum: 7, ..streamed("SELECT 1;") };
    let placeholders = Placeholders::default();
    let mut parts = Parts::of(&migration, &placeholders, &SplitOptions::default()).unwrap().unwrap();
    assert!(matches!(parts.next(), Err(Error::Changed { path }) if path == "m/V1__x.sql"));
}

#[test]
fn flyways_rules_are_followed_too() {
    let migration = streamed("SELECT 1; /*! SELECT 2 */; SELECT 3--1;");
    let placeholders = Placeholders::default();
    let split = SplitOptions { rules: SplitRules::FlywayMySql, ..SplitOptions::default() };
    let part = Parts::of(&migration, &placeholders, &split).unwrap().unwrap().next().unwrap().unwrap();
    assert_eq!(part.script.statements.len(), 2);
}
