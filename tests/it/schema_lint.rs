//! `infra baseline lint`: rules, levels and comments that keep one silent.

use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::{findings, infra};

const TABLE: &str = "CREATE TABLE `Odd` (\n  i INT NOT NULL AUTO_INCREMENT,\n  c CHAR(9) CHARACTER SET latin1,\n  f FLOAT,\n  KEY a (i),\n  KEY b (i)\n) ENGINE=MyISAM;\n";

fn rules(result: &Value) -> Vec<(&str, &str)> {
    let mut rules: Vec<_> = findings(result)
        .iter()
        .filter_map(|finding| match (finding["rule"].as_str(), finding["severity"].as_str()) {
            (Some(rule), Some(severity)) => Some((rule, severity)),
            _ => None,
        })
        .collect();
    rules.sort_unstable();
    rules
}

#[test]
fn levels_and_comments_decide_what_is_told() {
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "[paths]\nschema = \"schema\"\n").write("schema/tables/Odd.sql", TABLE);
    let lint = |exit: i32| infra(&sandbox).run(&["baseline", "lint", "--format", "json"]).exits(exit).json();
    let plain = lint(0);
    let told = rules(&plain);
    for rule in ["no-primary-key", "engine", "latin1", "duplicate-key", "auto-increment-type"] {
        let code = format!("schema-lint/{rule}");
        assert!(told.iter().any(|(own, severity)| *own == code && *severity != "error"), "{rule}: {told:?}");
    }
    assert!(findings(&plain).iter().all(|finding| finding["file"] == "schema/tables/Odd.sql"), "{plain}");
    // A comment with a reason silences a rule where it stands.
    sandbox.replace(
        "schema/tables/Odd.sql",
        "CHARACTER SET latin1,",
        "CHARACTER SET latin1, -- infra:allow schema-lint/latin1: codes of one byte",
    );
    let silenced = lint(0);
    assert!(!rules(&silenced).iter().any(|(rule, _)| *rule == "schema-lint/latin1"), "{silenced}");
    sandbox.write(
        "infra.toml",
        "[paths]\nschema = \"schema\"\n[rules]\n\"schema-lint/engine\" = \"error\"\n\"schema-lint/no-primary-key\" = \"off\"\n\"schema-lint/table-comment\" = \"advice\"\n",
    );
    let levelled = lint(1);
    let told = rules(&levelled);
    assert!(told.contains(&("schema-lint/engine", "error")), "{told:?}");
    assert!(told.contains(&("schema-lint/table-comment", "advice")), "a policy that is asked for: {told:?}");
    assert!(!told.iter().any(|(rule, _)| *rule == "schema-lint/no-primary-key"), "{told:?}");
}
