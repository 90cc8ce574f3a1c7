use miette::Diagnostic;

use super::{Schema, SchemaFile, load};
use crate::Finding;
use crate::dialect::Dialect;

pub(crate) fn files(texts: &[(&str, &str)]) -> Vec<SchemaFile> {
    let file = |(path, text): &(&str, &str)| SchemaFile {
        path: (*path).to_owned(),
        shown: format!("schema/{path}"),
        bytes: text.as_bytes().to_vec(),
    };
    texts.iter().map(file).collect()
}

/// A schema without findings.
#[track_caller]
pub(crate) fn schema(texts: &[(&str, &str)]) -> Schema {
    let (schema, findings) = load(files(texts), Dialect::default());
    assert!(findings.is_empty(), "{findings:?}");
    schema
}

fn codes(texts: &[(&str, &str)]) -> Vec<String> {
    let (_, findings) = load(files(texts), Dialect::default());
    findings.iter().map(|finding| finding.code().unwrap().to_string()).collect()
}

#[test]
fn objects_come_from_their_files() {
    let schema = schema(&[
        ("tables/t.sql", "\u{feff}-- a table\r\nCREATE TABLE t (a INT);\r\n"),
        (
            "triggers/g.sql",
            "DELIMITER $$\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END$$\nDELIMITER ;",
        ),
        ("procedures/p.sql", "CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;"),
        ("views/README.md", "not SQL"),
    ]);
    let names: Vec<_> = schema.objects.iter().map(|object| object.name.as_str()).collect();
    assert_eq!(names, ["t", "p", "g"]);
}

#[test]
fn files_that_are_wrong_are_told_apart() {
    assert_eq!(codes(&[("tables/a.sql", "CREATE TABLE b (a INT);")]), ["schema/wrong-file-name"]);
    assert_eq!(codes(&[("views/a.sql", "CREATE TABLE a (a INT);")]), ["schema/wrong-folder"]);
    assert_eq!(codes(&[("tables/a.sql", " -- nothing\n")]), ["schema/empty-file"]);
    assert_eq!(
        codes(&[("tables/a.sql", "CREATE TABLE a (a INT); CREATE TABLE b (a INT);")]),
        ["schema/more-than-one-statement"]
    );
    assert_eq!(codes(&[("tables/a.sql", "INSERT INTO a VALUES (1);")]), ["schema/not-an-object"]);
    assert_eq!(codes(&[("tables/a.sql", "CREATE TABLE a (a INT")]), ["sql/syntax"]);
    assert_eq!(codes(&[("tables/a.sql", "CREATE TABLE a (a INTT);")]), ["sql/syntax"]);
    assert_eq!(codes(&[("tables/a.sql", "CREATE TABLE s.a (a INT);")]), ["schema/qualified-name"]);
    let file = SchemaFile { path: "tables/a.sql".into(), shown: "a".into(), bytes: b"CREATE \xff".to_vec() };
    let (_, findings) = load(vec![file], Dialect::default());
    assert!(matches!(findings.as_slice(), [Finding::NotUtf8 { byte: 0xff, offset: 7, .. }]), "{findings:?}");
}

#[test]
fn two_objects_of_one_name_are_shown_both() {
    let texts = [("tables/a.sql", "CREATE TABLE a (a INT);"), ("views/a.sql", "CREATE VIEW a AS SELECT 1;")];
    let (_, findings) = load(files(&texts), Dialect::default());
    let [Finding::DuplicateObject { src, first, .. }] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(src.name(), "schema/views/a.sql");
    let [Finding::SeeAlso { src, .. }] = first.as_slice() else { panic!() };
    assert_eq!(src.name(), "schema/tables/a.sql");
}

#[test]
fn the_schema_must_hold_together() {
    let child = "CREATE TABLE a (x INT, CONSTRAINT f FOREIGN KEY (x) REFERENCES b (x));";
    assert_eq!(codes(&[("tables/a.sql", child)]), ["schema/unknown-table"]);
    let parent = "CREATE TABLE b (x BIGINT PRIMARY KEY);";
    assert_eq!(codes(&[("tables/a.sql", child), ("tables/b.sql", parent)]), ["schema/foreign-key"]);
    assert_eq!(
        codes(&[("views/v.sql", "CREATE VIEW v AS SELECT 1 FROM nope;")]),
        ["schema/missing-reference"]
    );
}
