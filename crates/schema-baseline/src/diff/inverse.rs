//! The way back over one script, for scripts that only define.

mod names;
mod rows;

use std::sync::Arc;

use super::{Options, Path, diff};
use crate::catalogue::{Catalogue, View};
use crate::finding::{Finding, at};
use crate::parse::parse_statements;
use crate::place::Source;
use crate::served::spell_view;

/// The statements that take back what `script` made of `before`, which is `after`. What it renamed is named back. Among the
/// findings are errors for all that cannot be taken back by definitions, such as changes of rows, and warnings for rows that the
/// script took away itself.
pub fn inverse(script: &Arc<Source>, before: &Catalogue, after: &Catalogue) -> Path {
    // What cannot be read was found when the script was replayed.
    let (statements, _) = parse_statements(script, after.dialect());
    let mut findings = rows::found(&statements, script);
    let names = names::Names::behind(&statements, script, before);
    let (back, taken) = names.back(before, after);
    findings.extend(taken);
    let mut path = match diff(after, before, &Options { renames: back, ..Options::default() }) {
        Ok(path) => path,
        Err(finding) => Path { findings: vec![*finding], ..Path::default() },
    };
    let forward = Options { renames: names.forward(), ..Options::default() };
    if let Ok(forward) = diff(before, after, &forward) {
        let losses = forward.steps.into_iter().flat_map(|step| step.losses);
        findings.extend(losses.map(|loss| {
            let (src, span) = at(&loss.place);
            Finding::LostBefore { what: loss.what, src, span }
        }));
    }
    findings.extend(broken_views(before, after));
    findings.append(&mut path.findings);
    Path { findings, ..path }
}

/// Views that came from elsewhere and need what the script made: a repeatable migration ran after it.
fn broken_views(before: &Catalogue, after: &Catalogue) -> Vec<Finding> {
    let is_broken = |name: &&String| {
        let works = |of: &Catalogue| of.views().get(*name).and_then(|view| spell_view(of, view)).is_some();
        works(after) && !works(before)
    };
    let finding = |(name, view): (&String, &View)| {
        let (src, span) = at(&view.place);
        let why = format!("view `{name}`, which comes from another script, needs what this one makes");
        Finding::NoInverse { why, src, span }
    };
    before.views().iter().filter(|(name, _)| is_broken(name)).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic as _;

    use super::*;
    use crate::dialect::Dialect;
    use crate::replay::replay_onto;

    const BEFORE: &str = "CREATE TABLE t (i INT NOT NULL PRIMARY KEY, a INT, b VARCHAR(9), KEY k (a)); \
        CREATE PROCEDURE p() SELECT 1;";

    /// The statements back, then the codes of the findings.
    fn back(script: &str) -> (Vec<String>, Vec<String>) {
        let source = |name: &str, text: &str| Arc::new(Source::new(name, text.into()));
        let mut before = Catalogue::new(Dialect::default());
        assert!(replay_onto(&mut before, [source("V1.sql", BEFORE)]).is_empty());
        let (mut after, script) = (before.clone(), source("V2.sql", script));
        let _ = replay_onto(&mut after, [Arc::clone(&script)]);
        let path = inverse(&script, &before, &after);
        let codes = path.findings.iter().map(|finding| finding.code().unwrap().to_string()).collect();
        (path.steps.into_iter().map(|step| step.sql).collect(), codes)
    }

    #[test]
    fn definitions_are_taken_back() {
        let (steps, findings) = back("ALTER TABLE t ADD c INT, DROP KEY k; CREATE TABLE u (i INT);");
        assert_eq!(findings, [""; 0]);
        assert!(steps.iter().any(|sql| sql == "DROP TABLE `u`"), "{steps:?}");
        assert!(steps.iter().any(|sql| sql.contains("DROP COLUMN `c`")), "{steps:?}");
        assert!(steps.iter().any(|sql| sql.contains("KEY `k` (`a`)")), "{steps:?}");
        assert_eq!(back("DO 1; SET @x = 1; SELECT 1; LOCK TABLES t WRITE; UNLOCK TABLES;"), (vec![], vec![]));
    }

    #[test]
    fn what_was_renamed_is_named_back() {
        let (steps, findings) = back(
            "RENAME TABLE t TO x; ALTER TABLE x CHANGE a aa INT, RENAME KEY k TO l, RENAME TO u; \
             ALTER TABLE u RENAME COLUMN aa TO z;",
        );
        assert_eq!(findings, [""; 0]);
        assert_eq!(
            steps,
            [
                "RENAME TABLE `u` TO `t`",
                "ALTER TABLE `t` RENAME COLUMN `z` TO `a`",
                "ALTER TABLE `t` RENAME INDEX `l` TO `k`",
            ]
        );
    }

    #[test]
    fn a_name_that_was_taken_is_not_given_back() {
        let (steps, findings) = back("ALTER TABLE t RENAME COLUMN a TO c; ALTER TABLE t ADD a INT;");
        assert_eq!(findings[0], "schema/no-inverse", "{steps:?}");
        let (_, findings) = back("RENAME TABLE t TO u; CREATE TABLE t (i INT);");
        assert_eq!(findings[0], "schema/no-inverse");
    }

    #[test]
    fn what_changes_more_than_definitions_is_refused() {
        for script in [
            "INSERT INTO t VALUES (1, 1, '')",
            "insert into t values (1, 1, '')",
            "REPLACE INTO t VALUES (1, 1, '')",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "TRUNCATE t",
            "LOAD DATA INFILE 'x' INTO TABLE t",
            "WITH c AS (SELECT 1 AS i) UPDATE t, c SET a = 1",
            "WITH c AS (SELECT 1 AS i) DELETE FROM t WHERE i IN (SELECT i FROM c)",
            "SELECT 1 INTO OUTFILE 'x'",
            "SELECT f(1)",
            "CALL p()",
            "SET @s = 'DELETE FROM t'; PREPARE s FROM @s; EXECUTE s",
            "GRANT SELECT ON t TO me",
            "CREATE USER me",
            "SET GLOBAL max_connections = 1",
            "SET @@persist.max_connections = 1",
            "DO release_all()",
            "ALTER TABLE t TRUNCATE PARTITION p0",
            "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u",
            "ALTER TABLE t DROP PARTITION p0",
            "ALTER DATABASE CHARACTER SET latin1",
            "CREATE DATABASE other",
            "HANDLER t OPEN",
            "CREATE TABLE other.t (i INT)",
            "/*!50000 DELETE FROM t */",
        ] {
            let (_, findings) = back(script);
            assert!(findings.iter().any(|code| code == "schema/no-inverse"), "{script}: {findings:?}");
        }
    }

    #[test]
    fn views_of_others_that_need_it_are_in_the_way() {
        let source = |name: &str, text: &str| Arc::new(Source::new(name, text.into()));
        let (first, second) = (source("V1.sql", BEFORE), source("V2.sql", "ALTER TABLE t ADD c INT;"));
        let view = source("R.sql", "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT c FROM t;");
        let of = |scripts: &[&Arc<Source>]| {
            let mut catalogue = Catalogue::new(Dialect::default());
            let _ = replay_onto(&mut catalogue, scripts.iter().map(|source| Arc::clone(source)));
            catalogue
        };
        let path = inverse(&second, &of(&[&first, &view]), &of(&[&first, &second, &view]));
        let said: Vec<String> = path.findings.iter().map(ToString::to_string).collect();
        assert!(said.len() == 1 && said[0].contains("view `w`"), "{said:?}");
    }

    #[test]
    fn rows_that_are_gone_are_told_of() {
        let (steps, findings) = back("ALTER TABLE t DROP COLUMN b;");
        assert_eq!(findings, ["schema/lost-before"]);
        assert!(steps[0].contains("ADD COLUMN `b`"), "{steps:?}");
    }
}
