use miette::Diagnostic;
use proptest::prelude::*;

use super::*;

fn file(script: &str, text: &str) -> LocationFile {
    LocationFile { script: script.into(), path: format!("migrations/{script}"), bytes: text.into() }
}

fn codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| finding.code().unwrap().to_string()).collect()
}

fn scripts(migrations: &[Migration]) -> Vec<&str> {
    migrations.iter().map(|migration| migration.script.as_str()).collect()
}

#[test]
fn order_is_flyways() {
    let names = [
        "R__b.sql",
        "U1__undo.sql",
        "V10__ten.sql",
        "afterMigrate.sql",
        "V9__nine.sql",
        "B9__base.sql",
        "R__A.sql",
        "sub/V2__two.sql",
        "V1.5__one.sql",
    ];
    let (migrations, findings) = resolve(names.iter().map(|name| file(name, "SELECT 1;")).collect());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(
        scripts(&migrations),
        [
            "V1.5__one.sql",
            "sub/V2__two.sql",
            "V9__nine.sql",
            "B9__base.sql",
            "V10__ten.sql",
            "R__A.sql",
            "R__b.sql",
            "U1__undo.sql",
            "afterMigrate.sql"
        ]
    );
    assert_eq!(migrations[1].checksum, 78_787_420);
    assert_eq!(migrations[1].path(), "migrations/sub/V2__two.sql");
}

#[test]
fn one_version_in_two_files_names_both() {
    let (migrations, findings) =
        resolve(vec![file("V1__a.sql", "x"), file("sub/V01__b.sql", "y"), file("B1__c.sql", "z")]);
    assert_eq!(migrations.len(), 3);
    let [Finding::DuplicateVersion { first, second, others, version, .. }] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("migrations/V1__a.sql", "migrations/sub/V01__b.sql"));
    assert_eq!((version.as_str(), others.len()), ("1", 1));
}

#[test]
fn one_description_in_two_repeatables_or_callbacks() {
    let names = [
        "R__a.sql",
        "x/R__a.sql",
        "R__A.sql",
        "afterMigrate.sql",
        "x/afterMigrate.sql",
        "afterMigrate__a.sql",
    ];
    let (_, findings) = resolve(names.iter().map(|name| file(name, "x")).collect());
    let duplicates = codes(&findings).iter().filter(|code| *code == "migrate/duplicate-repeatable").count();
    assert_eq!((duplicates, findings.len()), (2, 2));
}

#[test]
fn gaps_are_no_finding() {
    let (_, findings) = resolve(vec![file("V1__a.sql", "x"), file("V7__b.sql", "x\r\ny\r\n")]);
    assert!(findings.is_empty());
}

#[test]
fn wrong_names_warn_or_fail() {
    let files = vec![file("V366_remove.sql", "x"), file("schema.sql", "x"), file("README.md", "x")];
    let (migrations, findings) = resolve(files.clone());
    assert!(migrations.is_empty());
    assert_eq!(codes(&findings), ["migrate/skipped-name", "migrate/skipped-name"]);
    assert!(!findings.iter().any(Finding::is_error));
    assert!(findings[0].help().unwrap().to_string().contains("`V366__remove.sql`"));
    let options = ResolveOptions { validate_naming: true, ..ResolveOptions::default() };
    let (_, findings) = resolve_with(files, &options);
    assert_eq!(codes(&findings), ["migrate/bad-name", "migrate/bad-name"]);
    assert!(findings.iter().all(Finding::is_error));
}

#[test]
fn encodings_are_checked() {
    let mut latin = file("V1__a.sql", "SELECT 1;\nSELECT '");
    latin.bytes.extend(b"\xE9';\n");
    let (migrations, findings) =
        resolve(vec![latin, file("V2__b.SQL", "\u{feff}SELECT 1;"), file("V3__c.sql", " \r\n")]);
    assert_eq!(
        codes(&findings),
        ["migrate/encoding", "migrate/suffix-case", "migrate/byte-order-mark", "migrate/empty-file"]
    );
    let Finding::BadEncoding { line, offset, .. } = findings[0] else { panic!() };
    assert_eq!((line, offset), (2, 18));
    assert_eq!(scripts(&migrations), ["V2__b.SQL", "V3__c.sql"]);
    assert_eq!((migrations[0].text(), migrations[0].checksum), ("SELECT 1;", 78_787_420));
    assert_eq!(findings.iter().filter(|finding| finding.is_error()).count(), 1);
}

#[test]
fn a_script_has_its_own_settings() {
    let mut latin = file("sub/V1__a.sql", "SELECT '");
    latin.bytes.extend(b"\xE9\xFC';\n");
    let settings = |script: &str, text: &str| file(&format!("{script}.conf"), text);
    let (migrations, findings) = resolve(vec![
        latin.clone(),
        settings("sub/V1__a.sql", "encoding=ISO-8859-1\nexecuteInTransaction=false\n"),
        settings("V1__a.sql", "encoding=UTF-8"),
        settings("V2__b.sql", "encodings=UTF-8"),
        file("V2__b.sql", "x"),
    ]);
    assert_eq!(codes(&findings), ["migrate/script-setting", "migrate/orphan-settings"]);
    let Finding::OrphanSettings { path, .. } = &findings[1] else { panic!() };
    assert_eq!(path, "migrations/V1__a.sql.conf");
    assert_eq!(
        (migrations[0].text(), migrations[0].settings.execute_in_transaction),
        ("SELECT 'éü';\n", Some(false))
    );
    assert_eq!(migrations[0].checksum, checksum::of_text("SELECT 'éü';"));
    let detecting = ResolveOptions { detect_encoding: true, ..ResolveOptions::default() };
    assert_eq!(resolve_with(vec![latin.clone()], &detecting).0[0].text(), "SELECT 'éü';\n");
    let latin1 = ResolveOptions { encoding: Encoding::Latin1, ..ResolveOptions::default() };
    assert_eq!(resolve_with(vec![latin], &latin1).0[0].text(), "SELECT 'éü';\n");
}

#[test]
fn a_script_that_wants_no_placeholders_keeps_its_checksum() {
    let conf = file("R__a.sql.conf", "placeholderReplacement=false");
    let (mut migrations, _) = resolve(vec![file("R__a.sql", "${x}"), file("R__b.sql", "${x}"), conf]);
    let mut placeholders = Placeholders::default();
    placeholders.set("x", "y");
    crate::migration::replace_checksums(&mut migrations, &placeholders);
    let recorded: Vec<i32> = migrations.iter().map(Migration::recorded_checksum).collect();
    assert_eq!(recorded, [checksum::of_text("${x}"), checksum::of_text("y")]);
    let (script, findings) = migrations[0].script(&placeholders, &crate::script::SplitOptions::default());
    assert!(findings.is_empty());
    assert_eq!(script.sql(&script.statements[0]), "${x}");
}

#[test]
fn what_flyway_would_obey_is_refused() {
    let names = ["V1__x.sh", "run.sh", "kustomization.yaml", "V1__notes.md"];
    let (migrations, findings) = resolve(names.iter().map(|name| file(name, "x")).collect());
    assert!(migrations.is_empty());
    assert_eq!(codes(&findings), ["migrate/program"]);
}

#[test]
fn real_names_and_checksums_are_read_as_recorded() {
    for (files, expected) in [
        ("migrations-fineract/core_db", "migrations-fineract/expected/core_db.statements.jsonl"),
        ("migrations-fineract/list_db", "migrations-fineract/expected/list_db.statements.jsonl"),
        ("migrations-uaa/mysql", "migrations-uaa/expected/statements.jsonl"),
    ] {
        let Some(directory) = crate::corpora::directory(files) else { return };
        let expected = std::fs::read_to_string(directory.join("..").join("..").join(expected)).unwrap();
        let read = |name: &str| LocationFile {
            script: name.into(),
            path: name.into(),
            bytes: std::fs::read(directory.join(name)).unwrap(),
        };
        let records: Vec<serde_json::Value> =
            expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for record in &records {
            let (migrations, _) = resolve(vec![read(record["file"].as_str().unwrap())]);
            assert_eq!(migrations.len(), usize::from(record["valid"].as_bool().unwrap()), "{record}");
            if let [migration] = migrations.as_slice() {
                assert_eq!(Some(i64::from(migration.checksum)), record["checksum"].as_i64());
                assert_eq!(
                    migration.version.as_ref().map(ToString::to_string).as_deref(),
                    record["version"].as_str()
                );
                assert_eq!(Some(migration.description.as_str()), record["description"].as_str());
            }
        }
        assert!(!records.is_empty());
    }
}

proptest! {
    #[test]
    fn the_order_of_files_does_not_matter(names in proptest::collection::hash_set("[VRBU][0-9]{0,2}__[ab]{0,2}\\.sql", 0..12), seed in any::<u64>()) {
        let mut sorted: Vec<_> = names.iter().map(|name| file(name, "x")).collect();
        sorted.sort_by(|a, b| a.script.cmp(&b.script));
        let mut shuffled = sorted.clone();
        shuffled.sort_by_key(|file| checksum::of_text(&format!("{seed}{}", file.script)));
        let (a, b) = (resolve(sorted).0, resolve(shuffled).0);
        prop_assert_eq!(scripts(&a), scripts(&b));
    }
}
