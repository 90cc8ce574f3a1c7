//! Real schemas and migrations: everything parses, and nothing that a server accepted is called wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, Severity};
use schema_baseline::Finding;
use schema_baseline::dialect::Dialect;
use schema_baseline::place::Source;
use schema_baseline::replay::replay_scripts;

fn corpora() -> Option<PathBuf> {
    let root = std::env::var_os("INFRA_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
        PathBuf::from,
    );
    if !root.is_dir() {
        eprintln!("SKIPPED: there are no corpora at {}", root.display());
        return None;
    }
    Some(root)
}

fn source(path: &Path) -> Arc<Source> {
    let bytes = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    Arc::new(Source::new(path.file_name().unwrap().to_string_lossy(), text.trim_start_matches('\u{feff}').into()))
}

fn describe(finding: &Finding) -> String {
    let code = finding.code().map(|code| code.to_string()).unwrap_or_default();
    let place = finding.labels().and_then(|mut labels| labels.next()).map(|label| *label.inner());
    let file = finding.source_code().zip(place).and_then(|(source, place)| {
        let contents = source.read_span(&place, 0, 0).ok()?;
        let text = String::from_utf8_lossy(contents.data()).chars().take(60).collect::<String>();
        Some(format!("{}:{}: {text}", contents.name().unwrap_or_default(), contents.line() + 1))
    });
    format!("{code}: {finding} [{}]", file.unwrap_or_default())
}

#[test]
fn try_all() {
    let Some(root) = corpora() else { return };
    let d = Dialect { version: 90704, ..Dialect::default() };
    for (dir, dump) in [("migrations-fineract/core_db","migrations-fineract/expected/schema-mysql-9.7.sql"), ("migrations-uaa/mysql","migrations-uaa/expected/schema-mysql-9.7.sql")] {
        let mut files: Vec<PathBuf> = fs::read_dir(root.join(dir)).unwrap().map(|e| e.unwrap().path()).collect();
        files.retain(|p| !p.to_string_lossy().contains("V366_remove"));
        files.sort_by_key(|p| {
            let n = p.file_name().unwrap().to_string_lossy().into_owned();
            let v = n.trim_start_matches('V').split("__").next().unwrap().split('-').next().unwrap().to_owned();
            v.split('_').map(|x| x.parse::<u64>().unwrap_or(999999)).collect::<Vec<_>>()
        });
        let all: Vec<_> = files.iter().map(|p| source(p)).collect();
        let t = std::time::Instant::now();
        let (catalogue, findings) = replay_scripts(all, d);
        println!("== {dir}: {} tables, {} findings {:?}", catalogue.tables().len(), findings.len(), t.elapsed());
        for f in &findings { println!("{}", describe(f)); }
        let s = source(&root.join(dump));
        let mut c = schema_baseline::catalogue::Catalogue::new(d);
        c.defer_foreign_key_checks();
        let (st, mut findings) = schema_baseline::parse::parse(&s, d);
        for x in &st { c.apply(x, &s, &mut findings); }
        c.check(&mut findings);
        for f in &findings { println!("D {}", describe(f)); }
        let diff = schema_baseline::verify::compare(&c, &catalogue, schema_baseline::verify::Sides::DIRECTORY_AND_MIGRATIONS);
        println!("== {} differences", diff.len());
        for f in diff.iter() { println!("{}", describe(f)); }
    }
    let tree = Path::new("/work/main/infra/mysql");
    let mut files: Vec<PathBuf> = fs::read_dir(tree.join("migrations")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort_by_key(|p| p.file_name().unwrap().to_string_lossy().replace("R__","W__"));
    let (catalogue, findings) = replay_scripts(files.iter().map(|p| source(p)), Dialect::default());
    println!("== reference: {} tables, {} findings", catalogue.tables().len(), findings.len());
    for f in &findings { println!("{}", describe(f)); }
    let (files, f) = schema_baseline::fs::read_schema(&tree.join("schema"), "schema").unwrap();
    for f in &f { println!("{}", describe(f)); }
    let (schema, f) = schema_baseline::load::load(files, Dialect::default());
    for f in &f { println!("{}", describe(f)); }
    let diff = schema_baseline::verify::compare(&schema.catalogue, &catalogue, schema_baseline::verify::Sides::DIRECTORY_AND_MIGRATIONS);
    println!("== {} differences", diff.len());
    for f in diff.iter() { println!("{}", describe(f)); }
    let (b, f) = schema_baseline::emit::build(&schema, &Default::default());
    for f in &f { println!("{}", describe(f)); }
    fs::write("/tmp/h2-baseline.sql", &b.text).unwrap();
    let s = Arc::new(Source::new("baseline.sql", b.text.as_str().into()));
    let (c, f) = replay_scripts([s], Dialect::default());
    for f in &f { println!("B {}", describe(f)); }
    let diff = schema_baseline::verify::compare(&schema.catalogue, &c, schema_baseline::verify::Sides::DIRECTORY_AND_BASELINE);
    println!("== {} differences with baseline", diff.len());
    for f in diff.iter() { println!("{}", describe(f)); }
}
