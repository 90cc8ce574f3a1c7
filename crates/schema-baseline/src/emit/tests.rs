use super::{Header, Options, Split, build, build_with, parts};
use crate::Finding;
use crate::definer::Definers;
use crate::load::tests::schema;

fn text(texts: &[(&str, &str)]) -> String {
    let (baseline, _) =
        build(&schema(texts), &Header { version: Some("7".into()), tool: "infra 0.1.0".into() });
    let body = baseline.text.split_once("'+00:00';\n\n").unwrap().1;
    body.split_once("SET character_set_client").unwrap().0.to_owned()
}

#[test]
fn statements_are_copied_without_what_depends_on_the_loader() {
    let table = "CREATE TABLE t (\r\n  a INT AUTO_INCREMENT PRIMARY KEY -- counts\r\n) ENGINE=InnoDB AUTO_INCREMENT=5 COLLATE=utf8mb4_bin;\r\n";
    assert_eq!(
        text(&[("tables/t.sql", table)]),
        "-- tables\n\nCREATE TABLE t (\n  a INT AUTO_INCREMENT PRIMARY KEY -- counts\n) ENGINE=InnoDB COLLATE=utf8mb4_bin;\n\n"
    );
    let last = "CREATE TABLE t (a INT) COLLATE=utf8mb4_bin, AUTO_INCREMENT = 9";
    assert!(text(&[("tables/t.sql", last)]).contains("(a INT) COLLATE=utf8mb4_bin;\n"));
    let view = "CREATE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1";
    assert!(text(&[("views/v.sql", view)]).contains("\nCREATE SQL SECURITY INVOKER VIEW v AS SELECT 1;\n"));
    let gated = "/*!50003 CREATE*/ /*!50020 DEFINER=`a`@`%`*/ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */";
    assert!(
        text(&[("functions/f.sql", gated)])
            .contains("\n/*!50003 CREATE*/ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */;\n")
    );
}

#[test]
fn compound_bodies_get_a_delimiter_that_they_do_not_hold() {
    let body = |inner: &str| format!("CREATE PROCEDURE p() BEGIN SELECT {inner}; END");
    let of = |inner: &str| text(&[("procedures/p.sql", &body(inner))]);
    assert_eq!(
        of("1"),
        "-- procedures\n\nDELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\nDELIMITER ;\n\n"
    );
    assert!(of("'$$'").contains("DELIMITER //\n"));
    assert!(of("'$$', '//', ';;'").contains("DELIMITER $$_1\n"));
    assert!(!text(&[("procedures/p.sql", "CREATE PROCEDURE p() SELECT 1")]).contains("DELIMITER"));
}

#[test]
fn foreign_keys_of_cycles_are_cut_out_and_added_later() {
    let a = "CREATE TABLE a (\n  id INT PRIMARY KEY,\n  b INT,\n  CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id),\n  KEY k (b)\n) COLLATE utf8mb4_bin;";
    let b = "CREATE TABLE b (\n  id INT PRIMARY KEY,\n  a INT,\n  CONSTRAINT ba FOREIGN KEY (a) REFERENCES a (id)\n) COLLATE utf8mb4_bin;";
    assert_eq!(
        text(&[("tables/a.sql", a), ("tables/b.sql", b), ("views/v.sql", "CREATE VIEW v AS SELECT 1")]),
        format!(
            "-- tables\n\nCREATE TABLE a (\n  id INT PRIMARY KEY,\n  b INT,\n  KEY k (b)\n) COLLATE utf8mb4_bin;\n\n{b}\n\n\
             -- foreign keys between tables that need each other\n\nALTER TABLE a\n    ADD CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id);\n\n\
             -- views\n\nCREATE VIEW v AS SELECT 1;\n\n"
        )
    );
}

#[test]
fn tables_without_character_set_are_told() {
    let findings = |sql: &str| build(&schema(&[("tables/t.sql", sql)]), &Header::default()).1;
    let missing = |sql: &str| match findings(sql).as_slice() {
        [Finding::NoCharset { missing, .. }] => Some(*missing),
        [] => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing("CREATE TABLE t (a INT)"), Some("character set and collation"));
    assert_eq!(missing("CREATE TABLE t (a INT) CHARSET utf8mb4"), Some("collation"));
    assert_eq!(missing("CREATE TABLE t (a INT) CHARSET utf8mb4 COLLATE utf8mb4_bin"), None);
}

#[test]
fn the_head_says_what_it_is_and_staleness_has_a_line() {
    let header = Header { version: Some("014.2".into()), tool: "infra 0.1.0".into() };
    let (baseline, _) = build(&schema(&[("tables/t.sql", "CREATE TABLE t (a INT)")]), &header);
    assert_eq!(Header::read(&baseline.text), Some(header));
    assert_eq!(Header::read("CREATE TABLE t (a INT);"), None);
    assert!(baseline.text.contains(&format!("-- content: sha256:{}\n", baseline.content_hash)));
    let stale = |existing: &str| baseline.stale("baseline.sql", Some(existing.as_bytes()));
    assert!(stale(&baseline.text).is_none());
    assert!(stale(&baseline.text.replace("infra 0.1.0", "infra 0.2.0")).is_none());
    let Some(Finding::StaleBaseline { line, expected, .. }) = stale(&baseline.text.replace("a INT", "b INT"))
    else {
        panic!()
    };
    assert_eq!(baseline.text.lines().nth(line - 1), Some("CREATE TABLE t (a INT);"));
    assert_eq!(expected, "CREATE TABLE t (a INT);");
    assert!(matches!(stale(""), Some(Finding::StaleBaseline { line: 1, .. })));
    assert!(matches!(stale(&format!("{}x", baseline.text)), Some(Finding::StaleBaseline { .. })));
    assert!(matches!(baseline.stale("b.sql", None), Some(Finding::MissingBaseline { .. })));
}

#[test]
fn accounts_stay_or_make_room_for_another_when_that_is_wanted() {
    let of = |definers: Definers, view: &str| {
        let options = Options { definers, ..Options::default() };
        build_with(&schema(&[("views/v.sql", view)]), &options).0.text
    };
    let owned = "CREATE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1";
    assert!(of(Definers::Keep, owned).contains(owned));
    let app = || Definers::Replace("`app`@`%`".to_owned());
    assert!(
        of(app(), owned).contains("CREATE ALGORITHM=MERGE DEFINER=`app`@`%` SQL SECURITY INVOKER VIEW v")
    );
    let nobody = "CREATE OR REPLACE ALGORITHM = MERGE VIEW v AS SELECT 1";
    assert!(of(app(), nobody).contains("\nCREATE OR REPLACE ALGORITHM = MERGE DEFINER=`app`@`%` VIEW v AS"));
    assert!(of(app(), "/* x */ create view v as select 1").contains("create DEFINER=`app`@`%` view v as"));
}

#[test]
fn the_mode_is_that_of_the_server_it_is_for() {
    let table = ("tables/t.sql", "CREATE TABLE t (a INT) COLLATE=utf8mb4_bin");
    let of = |dialect: &str| {
        let file =
            crate::load::SchemaFile { path: table.0.into(), shown: table.0.into(), bytes: table.1.into() };
        let (schema, _) = crate::load::load(vec![file], dialect.parse().unwrap());
        build_with(&schema, &Options::default()).0.text
    };
    assert!(of("mysql-8.4").contains("SET sql_mode = 'ONLY_FULL_GROUP_BY,"));
    assert!(
        of("mariadb-11.4")
            .contains("SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,")
    );
}

#[test]
fn parts_are_the_whole() {
    let schema = schema(&[
        (
            "tables/a.sql",
            "CREATE TABLE a (i INT PRIMARY KEY, b INT, CONSTRAINT x FOREIGN KEY (b) REFERENCES b (i)) COLLATE=utf8mb4_bin",
        ),
        (
            "tables/b.sql",
            "CREATE TABLE b (i INT PRIMARY KEY, a INT, CONSTRAINT y FOREIGN KEY (a) REFERENCES a (i)) COLLATE=utf8mb4_bin",
        ),
        ("views/v.sql", "CREATE VIEW v AS SELECT i FROM a"),
    ]);
    let options =
        Options { header: Header { version: Some("7".into()), tool: "t".into() }, ..Options::default() };
    let names =
        |split: Split| parts(&schema, &options, split).into_iter().map(|part| part.name).collect::<Vec<_>>();
    assert_eq!(names(Split::Kind), ["1_tables.sql", "2_foreign_keys.sql", "3_views.sql"]);
    assert_eq!(
        names(Split::Object),
        ["1_tables_a.sql", "2_tables_b.sql", "3_foreign_keys_a.sql", "4_views_v.sql"]
    );
    let whole = build_with(&schema, &options).0.text;
    for part in parts(&schema, &options, Split::Object) {
        assert_eq!(Header::read(&part.baseline.text).unwrap().version.as_deref(), Some("7"));
        let body = part.baseline.text.split_once("'+00:00';\n\n").unwrap().1;
        let body = body.split_once("SET character_set_client").unwrap().0;
        let statement = body.split_once("\n\n").unwrap().1;
        assert!(whole.contains(statement), "{statement}");
    }
    let tables = build_with(&schema, &Options { tables_only: true, ..options }).0.text;
    assert!(tables.contains("FOREIGN KEY (b)") && !tables.contains("VIEW"));
}
