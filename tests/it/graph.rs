//! `infra baseline graph`: pictures of the tables of a schema.

use infra_tests::sandbox::Sandbox;

use crate::harness::infra;

fn graph(sandbox: &Sandbox, arguments: &[&str]) -> infra_tests::run::Outcome {
    infra(sandbox).run(&[&["baseline", "graph"], arguments].concat())
}

#[test]
fn the_reference_schema_is_drawn_in_every_form() {
    let sandbox = Sandbox::reference();
    let json = graph(&sandbox, &["--format", "json"]).exits(0).json();
    assert_eq!(json["schema"], "infra.baseline.graph/v1");
    let tables = json["tables"].as_array().expect("tables");
    let keys = json["foreign_keys"].as_array().expect("foreign keys");
    assert!(tables.len() > 3 && keys.len() > 2, "{json}");
    let mermaid = graph(&sandbox, &[]).exits(0).stdout;
    assert_eq!(mermaid, graph(&sandbox, &["--format", "mermaid"]).exits(0).stdout);
    let dot = graph(&sandbox, &["schema", "--format", "dot"]).exits(0).stdout;
    let svg = graph(&sandbox, &["--format", "svg"]).exits(0).stdout;
    assert!(mermaid.starts_with("erDiagram\n") && dot.starts_with("digraph ") && svg.starts_with("<svg "));
    for table in tables {
        let name = table["name"].as_str().expect("a name");
        assert!(mermaid.contains(&format!("    {name} {{\n")), "{mermaid}");
        assert!(dot.contains(&format!("label=\"{name}|")), "{dot}");
        assert!(svg.contains(&format!(">{name}</text>")), "{svg}");
    }
    let lines = |text: &str, part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines(&mermaid, "--"), keys.len(), "{mermaid}");
    assert_eq!(lines(&dot, " -> "), keys.len(), "{dot}");
    assert_eq!(lines(&svg, "<title>"), keys.len(), "{svg}");
    // What the migrations make is the same schema.
    assert_eq!(graph(&sandbox, &["migrations"]).exits(0).stdout, mermaid);
    let _ = graph(&sandbox, &["--format", "csv"]).exits(2);
}

#[test]
fn a_schema_with_errors_is_not_drawn() {
    let sandbox = Sandbox::empty();
    sandbox
        .write("infra.toml", "")
        .write("a.sql", "CREATE TABLE a (i INT);\nALTER TABLE nowhere ADD i INT;\n");
    let refused = graph(&sandbox, &["file:a.sql"]).exits(1);
    assert!(
        refused.stderr.contains("schema/unknown-table") && !refused.stdout.contains("erDiagram"),
        "{refused:?}"
    );
}

#[test]
fn sakila_is_drawn() {
    let Some(script) = infra_tests::tools::corpus("schemas/sakila/schema.sql") else { return };
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "");
    let source = format!("file:{}", script.display());
    let json = graph(&sandbox, &[&source, "--format", "json"]).exits(0).json();
    let number = |name: &str| json[name].as_array().map(Vec::len);
    assert_eq!((number("tables"), number("foreign_keys")), (Some(16), Some(22)));
    let text = graph(&sandbox, &[&source]).exits(0).stdout;
    for line in [
        "    language |o--o{ film : \"original_language_id\"",
        "    staff ||--o| store : \"manager_staff_id\"",
        "    rental |o--o{ payment : \"rental_id\"",
        "        int_unsigned film_id PK, FK",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
}

#[test]
fn a_statement_that_is_not_understood_is_told_of_beside_the_picture_and_in_it() {
    let sandbox = Sandbox::empty();
    sandbox
        .write("infra.toml", "")
        .write("a.sql", "CREATE TABLE a (i INT);\nCREATE TABLE b AS SELECT f(i) AS x FROM a;\n");
    let drawn = graph(&sandbox, &["file:a.sql"]).exits(0);
    assert!(drawn.stderr.contains("sql/not-understood"), "{drawn:?}");
    assert!(drawn.stdout.contains("b[\"b (not certain)\"]") && drawn.stdout.contains("    a {"), "{drawn:?}");
    let json = graph(&sandbox, &["file:a.sql", "--format", "json"]).exits(0).json();
    let certain: Vec<_> =
        json["tables"].as_array().expect("tables").iter().map(|table| &table["certain"]).collect();
    assert_eq!(certain, [true, false]);
}
