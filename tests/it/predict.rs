//! Predictions of `infra migrate plan` against what servers do: each statement is run with the predicted algorithm and lock
//! stated, which the server refuses when they do not suffice, and before with cheaper ones, which it must refuse.

use std::collections::{BTreeMap, BTreeSet};

use infra_tests::run::run_with_input;
use infra_tests::servers::{Database, Engine};
use serde_json::Value;

use crate::harness::{infra, migrations, on_each_engine};

/// A table to try a statement on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One with a bit of everything, and this column or index besides.
    Plain(&'static str),
    /// Without primary key.
    Keyless,
    /// With UNIQUE indexes over NOT NULL, and without primary key.
    Unique,
    /// With nothing but a primary key.
    Small,
    /// Partitioned by range.
    Range,
    /// Partitioned by hash.
    Hash,
}

/// How a case is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// On both engines, and nothing cheaper will do.
    Exact,
    /// On one engine alone: the other has no such statement.
    Only(Engine),
    /// The worst is predicted, since what it depends on is not looked at.
    Worst,
    /// What is predicted for MariaDB is the worst.
    WorstOn(Engine),
    /// The engine lets no algorithm be stated.
    Unstated(Engine),
}

use Check::{Exact, Only, Unstated, Worst, WorstOn};
use Engine::{MariaDb, MySql};
use Layout::{Hash, Keyless, Plain, Range, Small, Unique};

const FULLTEXT: Layout = Plain("FULLTEXT (b),");
const VIRTUAL: Layout = Plain("g INT AS (a + 1) VIRTUAL,");
const SPATIAL: Layout = Plain("sp POINT NOT NULL, SPATIAL INDEX (sp),");
const PLAIN: Layout = Plain("");

/// `{t}` is the table; `{a}` the place for ALGORITHM and LOCK, by default the end.
const CASES: &[(Layout, &str, Check)] = &[
    // Columns that come and go.
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT", Exact),
    (PLAIN, "ALTER TABLE {t} ADD z INT NOT NULL DEFAULT -1", Exact),
    (PLAIN, "ALTER TABLE {t} ADD (z INT, y VARCHAR(10))", Exact),
    (PLAIN, "ALTER TABLE {t} ADD (z INT, INDEX (a))", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT FIRST", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT DEFAULT (1 + 1)", WorstOn(MariaDb)),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z VARCHAR(40) DEFAULT (UUID())", Only(MariaDb)),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT, ADD INDEX (z)", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT, RENAME INDEX kj TO kk", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT, COMMENT = 'x'", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT UNIQUE", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT CHECK (z > 0)", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT REFERENCES p (id)", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT AS (a + 1) VIRTUAL", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT AS (a + 1) VIRTUAL, ADD INDEX (z)", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT AS (a + 1) VIRTUAL, ADD INDEX (a)", Worst),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT AS (a + 1) VIRTUAL, ADD COLUMN y INT", Exact),
    (PLAIN, "ALTER TABLE {t} ADD COLUMN z INT AS (a + 1) STORED", Exact),
    (Keyless, "ALTER TABLE {t} ADD COLUMN z INT NOT NULL AUTO_INCREMENT PRIMARY KEY", Exact),
    (Keyless, "ALTER TABLE {t} ADD COLUMN z INT NOT NULL AUTO_INCREMENT UNIQUE", Exact),
    (Keyless, "ALTER TABLE {t} ADD COLUMN z INT NOT NULL PRIMARY KEY", Exact),
    (PLAIN, "ALTER TABLE {t} DROP COLUMN c", Exact),
    (PLAIN, "ALTER TABLE {t} DROP c, ADD z INT", Exact),
    (PLAIN, "ALTER TABLE {t} DROP COLUMN c, ADD INDEX (a)", Exact),
    (PLAIN, "ALTER TABLE {t} DROP COLUMN c, DROP INDEX kj", Exact),
    (PLAIN, "ALTER TABLE {t} DROP COLUMN j", Exact),
    (VIRTUAL, "ALTER TABLE {t} DROP COLUMN g", Exact),
    (VIRTUAL, "ALTER TABLE {t} ADD COLUMN z INT", Exact),
    (VIRTUAL, "ALTER TABLE {t} ADD COLUMN z INT FIRST", Exact),
    (FULLTEXT, "ALTER TABLE {t} ADD COLUMN z INT", Exact),
    (FULLTEXT, "ALTER TABLE {t} DROP COLUMN c", Exact),
    (FULLTEXT, "ALTER TABLE {t} DROP COLUMN j", Exact),
    (FULLTEXT, "ALTER TABLE {t} ADD COLUMN z INT AS (a + 1) VIRTUAL", Exact),
    (SPATIAL, "ALTER TABLE {t} ADD COLUMN z INT", Exact),
    (Range, "ALTER TABLE {t} ADD COLUMN z INT", Exact),
    (Plain("q INT) ROW_FORMAT=COMPRESSED -- "), "ALTER TABLE {t} ADD COLUMN z INT", Exact),
    // Columns that change.
    (PLAIN, "ALTER TABLE {t} ALTER COLUMN b SET DEFAULT 'y'", Exact),
    (PLAIN, "ALTER TABLE {t} ALTER b DROP DEFAULT", Exact),
    (PLAIN, "ALTER TABLE {t} ALTER COLUMN c SET INVISIBLE", Only(MySql)),
    (PLAIN, "ALTER TABLE {t} RENAME COLUMN c TO cc", Exact),
    (PLAIN, "ALTER TABLE {t} RENAME COLUMN c TO cc, ADD INDEX (a)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) COMMENT 'x'", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) DEFAULT 'x'", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) INVISIBLE", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY COLUMN c VARCHAR(30)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(63)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(64)", Exact),
    (Plain("w VARCHAR(40),"), "ALTER TABLE {t} MODIFY w VARCHAR(64)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY d VARCHAR(100)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(10)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c TEXT", Exact),
    (Plain("w VARBINARY(20),"), "ALTER TABLE {t} MODIFY w VARBINARY(200)", Exact),
    (Plain("w VARBINARY(20),"), "ALTER TABLE {t} MODIFY w VARBINARY(300)", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY b VARCHAR(20) DEFAULT 'x'", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY a INT NOT NULL", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY a INTEGER", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY a BIGINT", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY a INT UNSIGNED", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY e ENUM('a','b','c')", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY e ENUM('c','a','b')", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) COLLATE utf8mb4_bin", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) CHARACTER SET latin1", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY u VARCHAR(20) CHARACTER SET utf8mb4", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY u VARCHAR(80) CHARACTER SET utf8mb4", Exact),
    (Plain("w VARCHAR(10), KEY (w),"), "ALTER TABLE {t} MODIFY w VARCHAR(20)", Exact),
    (Plain("w VARCHAR(10), KEY (w),"), "ALTER TABLE {t} MODIFY w VARCHAR(10) COLLATE utf8mb4_bin", Exact),
    (Plain("w TEXT,"), "ALTER TABLE {t} MODIFY w MEDIUMTEXT", Exact),
    (Plain("w TEXT,"), "ALTER TABLE {t} MODIFY w TEXT COLLATE utf8mb4_bin", Exact),
    (Plain("w CHAR(5),"), "ALTER TABLE {t} MODIFY w CHAR(6)", Exact),
    (Plain("w DECIMAL(10,2),"), "ALTER TABLE {t} MODIFY w NUMERIC(10,2) COMMENT 'x'", Exact),
    (Plain("w DECIMAL(10,2),"), "ALTER TABLE {t} MODIFY w DECIMAL(12,2)", Exact),
    (Plain("w DATETIME,"), "ALTER TABLE {t} MODIFY w DATETIME(6)", Exact),
    (Plain("w JSON,"), "ALTER TABLE {t} MODIFY w JSON COMMENT 'x'", WorstOn(MariaDb)),
    (Plain("w BOOLEAN,"), "ALTER TABLE {t} MODIFY w TINYINT(1) COMMENT 'x'", Exact),
    (
        Plain("w TIMESTAMP NULL,"),
        "ALTER TABLE {t} MODIFY w TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP",
        Exact,
    ),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) FIRST", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(30) AFTER id", Exact),
    (VIRTUAL, "ALTER TABLE {t} MODIFY c VARCHAR(20) AFTER id", WorstOn(MariaDb)),
    (FULLTEXT, "ALTER TABLE {t} MODIFY c VARCHAR(20) FIRST", Exact),
    (PLAIN, "ALTER TABLE {t} CHANGE c cc VARCHAR(20)", Exact),
    (PLAIN, "ALTER TABLE {t} CHANGE COLUMN c cc VARCHAR(30) NULL COMMENT 'x'", Exact),
    (PLAIN, "ALTER TABLE {t} CHANGE c cc TEXT", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) UNIQUE", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY c VARCHAR(20) CHECK (c <> 'z')", Exact),
    (PLAIN, "ALTER TABLE {t} MODIFY id INT NOT NULL", Exact),
    (Small, "ALTER TABLE {t} MODIFY id INT NOT NULL AUTO_INCREMENT", Exact),
    (VIRTUAL, "ALTER TABLE {t} MODIFY g INT AS (a + 2) VIRTUAL", WorstOn(MariaDb)),
    (FULLTEXT, "ALTER TABLE {t} MODIFY a INT NOT NULL", Exact),
    (FULLTEXT, "ALTER TABLE {t} MODIFY c VARCHAR(30)", Exact),
    // Indexes and keys.
    (PLAIN, "ALTER TABLE {t} ADD INDEX (a)", Exact),
    (PLAIN, "CREATE INDEX ia ON {t} (a)", Exact),
    (PLAIN, "CREATE UNIQUE INDEX ia ON {t} (a)", Exact),
    (PLAIN, "DROP INDEX kj ON {t}", Unstated(MariaDb)),
    (PLAIN, "ALTER TABLE {t} ADD UNIQUE KEY (a)", Exact),
    (Keyless, "ALTER TABLE {t} ADD UNIQUE (a)", Exact),
    (Unique, "ALTER TABLE {t} DROP INDEX ua", Exact),
    (Unique, "ALTER TABLE {t} DROP INDEX ub", Worst),
    (PLAIN, "ALTER TABLE {t} ADD FULLTEXT INDEX (c)", Exact),
    (PLAIN, "CREATE FULLTEXT INDEX ic ON {t} (c)", Exact),
    (PLAIN, "ALTER TABLE {t} ADD FULLTEXT (c), ADD FULLTEXT (d)", Exact),
    (FULLTEXT, "ALTER TABLE {t} ADD FULLTEXT (c)", Exact),
    (FULLTEXT, "ALTER TABLE {t} ADD INDEX (a)", Exact),
    (Plain("sp POINT NOT NULL,"), "ALTER TABLE {t} ADD SPATIAL INDEX (sp)", Exact),
    (SPATIAL, "ALTER TABLE {t} FORCE", Exact),
    (SPATIAL, "ALTER TABLE {t} ADD INDEX (a)", Exact),
    (PLAIN, "ALTER TABLE {t} DROP INDEX kj", Exact),
    (PLAIN, "ALTER TABLE {t} DROP INDEX kj, ADD INDEX kj (a)", Exact),
    (PLAIN, "ALTER TABLE {t} RENAME INDEX kj TO kk", Exact),
    (PLAIN, "ALTER TABLE {t} ALTER INDEX kj INVISIBLE", Only(MySql)),
    (PLAIN, "ALTER TABLE {t} ALTER INDEX kj IGNORED", Only(MariaDb)),
    (Keyless, "ALTER TABLE {t} ADD PRIMARY KEY (a)", Exact),
    (Small, "ALTER TABLE {t} DROP PRIMARY KEY", Exact),
    (Small, "ALTER TABLE {t} DROP PRIMARY KEY, ADD PRIMARY KEY (id, v)", Exact),
    (Small, "ALTER TABLE {t} ADD FOREIGN KEY (v) REFERENCES p (id)", Exact),
    (PLAIN, "ALTER TABLE {t} DROP FOREIGN KEY fk_{t}", Exact),
    (PLAIN, "ALTER TABLE {t} ADD CONSTRAINT c2_{t} CHECK (n >= 0)", Exact),
    (PLAIN, "ALTER TABLE {t} ADD CONSTRAINT c2_{t} CHECK (n >= 0) NOT ENFORCED", Only(MySql)),
    (PLAIN, "ALTER TABLE {t} ALTER CHECK ck_{t} NOT ENFORCED", Only(MySql)),
    (PLAIN, "ALTER TABLE {t} DROP CHECK ck_{t}", Only(MySql)),
    (PLAIN, "ALTER TABLE {t} DROP CONSTRAINT ck_{t}", Worst),
    (PLAIN, "ALTER TABLE {t} DROP CONSTRAINT ku", Exact),
    // The table as a whole.
    (PLAIN, "ALTER TABLE {t} FORCE", Exact),
    (PLAIN, "ALTER TABLE {t} ENGINE = InnoDB", Exact),
    (FULLTEXT, "ALTER TABLE {t} ENGINE = InnoDB", Exact),
    (PLAIN, "ALTER TABLE {t} ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8", Exact),
    (PLAIN, "ALTER TABLE {t} ROW_FORMAT = DYNAMIC COMMENT = 'x'", Exact),
    (PLAIN, "ALTER TABLE {t} COMMENT 'x', AUTO_INCREMENT = 100", Exact),
    (PLAIN, "ALTER TABLE {t} STATS_PERSISTENT = 1 STATS_SAMPLE_PAGES = 30", Exact),
    (PLAIN, "ALTER TABLE {t} COMPRESSION = 'zlib'", Only(MySql)),
    (PLAIN, "ALTER TABLE {t} PAGE_COMPRESSED = 1", Only(MariaDb)),
    (PLAIN, "ALTER TABLE {t} DEFAULT CHARACTER SET latin1", Exact),
    (PLAIN, "ALTER TABLE {t} COLLATE = utf8mb4_bin", Exact),
    (PLAIN, "ALTER TABLE {t} CONVERT TO CHARACTER SET latin1", Exact),
    (Keyless, "ALTER TABLE {t} ENGINE = MyISAM", WorstOn(MariaDb)),
    (PLAIN, "ALTER TABLE {t} DISABLE KEYS", Exact),
    (PLAIN, "ALTER TABLE {t} ADD SYSTEM VERSIONING", Only(MariaDb)),
    // Partitions.
    (Small, "ALTER TABLE {t} {a} PARTITION BY HASH (id) PARTITIONS 2", Unstated(MariaDb)),
    (Range, "ALTER TABLE {t} {a} REMOVE PARTITIONING", Unstated(MariaDb)),
    (Range, "ALTER TABLE {t} {a}, ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))", Unstated(MariaDb)),
    (Range, "ALTER TABLE {t} {a}, DROP PARTITION p1", Unstated(MariaDb)),
    (
        Range,
        "ALTER TABLE {t} {a}, REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (15), PARTITION p2 VALUES LESS THAN (20))",
        Unstated(MariaDb),
    ),
    (Range, "ALTER TABLE {t} {a}, REBUILD PARTITION p1", Unstated(MariaDb)),
    (Hash, "ALTER TABLE {t} {a}, ADD PARTITION PARTITIONS 2", Unstated(MariaDb)),
    (Hash, "ALTER TABLE {t} {a}, COALESCE PARTITION 2", Unstated(MariaDb)),
];

struct Case {
    table: String,
    layout: Layout,
    statement: &'static str,
    check: Check,
}

impl Case {
    fn create(&self) -> String {
        let t = &self.table;
        match self.layout {
            Plain(more) => format!(
                "CREATE TABLE {t} (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT NULL, b VARCHAR(20) NOT NULL DEFAULT 'x', \
                 c VARCHAR(20), d VARCHAR(80), e ENUM('a','b'), n INT NOT NULL DEFAULT 0, i INT, j INT, \
                 u VARCHAR(20) CHARACTER SET utf8mb3, KEY kj (j), UNIQUE KEY ku (n), \
                 CONSTRAINT fk_{t} FOREIGN KEY (i) REFERENCES p (id), CONSTRAINT ck_{t} CHECK (a > 0), {more}\n KEY last (d));\n"
            )
            .replace(", q INT) ROW_FORMAT=COMPRESSED -- \n KEY last (d));", ", q INT) ROW_FORMAT=COMPRESSED;"),
            Keyless => format!("CREATE TABLE {t} (a INT NOT NULL, b INT, c VARCHAR(20));\n"),
            Unique => format!("CREATE TABLE {t} (a INT NOT NULL, b INT NOT NULL, UNIQUE ua (a), UNIQUE ub (b));\n"),
            Small => format!("CREATE TABLE {t} (id INT NOT NULL PRIMARY KEY, v INT NOT NULL);\n"),
            Range => format!(
                "CREATE TABLE {t} (id INT NOT NULL PRIMARY KEY, v INT) PARTITION BY RANGE (id) \
                 (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));\n"
            ),
            Hash => format!(
                "CREATE TABLE {t} (id INT NOT NULL PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4;\n"
            ),
        }
    }

    fn sql(&self, stated: &str) -> String {
        let sql = self.statement.replace("{t}", &self.table);
        match (sql.contains("{a}"), stated) {
            (true, "") => sql.replace("{a}, ", "").replace("{a} ", ""),
            (true, stated) => sql.replace("{a}", stated),
            (false, "") => sql,
            (false, stated) if sql.starts_with("ALTER") => format!("{sql}, {stated}"),
            (false, stated) => format!("{sql} {}", stated.replace(',', "")),
        }
    }
}

/// What identifies the files of each table, one a partition: others after a rebuild.
fn identities(database: &Database) -> BTreeMap<String, BTreeSet<String>> {
    let catalogue = match database.engine() {
        MySql => "INNODB_TABLES",
        MariaDb => "INNODB_SYS_TABLES",
    };
    let rows = database.query(&format!(
        "SELECT SUBSTRING_INDEX(SUBSTRING(NAME, LENGTH(DATABASE()) + 2), '#', 1), TABLE_ID \
         FROM information_schema.{catalogue} WHERE NAME LIKE CONCAT(DATABASE(), '/%')"
    ));
    let mut identities: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        identities.entry(row[0].clone()).or_default().insert(row[1].clone());
    }
    identities
}

/// Runs each statement whatever became of those before, and gives the errors by index.
fn run_all(database: &Database, statements: &[String]) -> BTreeMap<usize, String> {
    let mut client = database.client();
    client.args(["--force", "--batch"]);
    let script = statements.join(";\n") + ";\n";
    let outcome = run_with_input(&mut client, script.as_bytes());
    let error = |line: &str| {
        let (_, rest) = line.split_once(" at line ")?;
        let (number, message) = rest.split_once(": ")?;
        Some((number.parse::<usize>().ok()? - 1, message.to_owned()))
    };
    outcome.stderr.lines().filter(|line| line.starts_with("ERROR")).filter_map(error).collect()
}

/// The clause that states an algorithm and a lock. MySQL takes no lock beside INSTANT.
fn stated(engine: Engine, algorithm: &str, lock: &str) -> String {
    if engine == MySql && algorithm == "INSTANT" {
        "ALGORITHM=INSTANT".to_owned()
    } else {
        format!("ALGORITHM={algorithm}, LOCK={lock}")
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn servers_do_what_is_predicted() {
    on_each_engine(|engine| {
        let database = engine.database();
        let applies = |check: Check| !matches!(check, Only(other) if other != engine);
        let cases: Vec<Case> = CASES
            .iter()
            .filter(|(.., check)| applies(*check))
            .enumerate()
            .map(|(number, (layout, statement, check))| Case {
                table: format!("c{number:03}"),
                layout: *layout,
                statement,
                check: *check,
            })
            .collect();
        let tables: String = cases.iter().map(Case::create).collect();
        database.execute(&format!("CREATE TABLE p (id INT PRIMARY KEY);\n{tables}"));
        let script = cases.iter().map(|case| case.sql("")).collect::<Vec<_>>().join(";\n");
        let sandbox = migrations(&[("V1__all.sql", &script)]);
        let plan = infra(&sandbox)
            .on(&database)
            .run(&[
                "migrate",
                "plan",
                "--locations",
                "migrations",
                "--baseline-on-migrate",
                "--baseline-version",
                "0",
                "--format",
                "json",
            ])
            .exits(0)
            .json();
        let predictions = plan["migrations"][0]["statements"].as_array().expect("a plan has statements");
        assert_eq!(predictions.len(), cases.len());
        let said: Vec<Said> =
            cases.iter().zip(predictions).map(|(case, said)| Said::new(engine, case, said)).collect();
        let mut wrong = Vec::new();
        let mut too_cheap = Vec::new();
        for said in &said {
            too_cheap.extend(said.cheaper(engine).iter().map(|attempt| (said, said.case.sql(attempt))));
        }
        let statements: Vec<String> = too_cheap.iter().map(|(_, attempt)| attempt.clone()).collect();
        let refused = run_all(&database, &statements);
        for (number, (said, attempt)) in too_cheap.iter().enumerate() {
            if !refused.contains_key(&number) {
                wrong.push(format!("{said}: `{attempt}` does as well"));
            }
        }
        let before = identities(&database);
        let statements: Vec<String> = said.iter().map(|said| said.case.sql(&said.stated)).collect();
        for (index, message) in run_all(&database, &statements) {
            wrong.push(format!("{}: {message}", said[index]));
        }
        let after = identities(&database);
        for said in said.iter().filter(|said| said.exact) {
            let (before, after) = (&before[&said.case.table], after.get(&said.case.table));
            // Partitions come and go without a rebuild of those that stay.
            let rebuilt = !after.is_some_and(|after| before.is_subset(after) || after.is_subset(before));
            if rebuilt != said.rebuilds {
                wrong.push(format!("{said}: rebuilt: {rebuilt}"));
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// A prediction.
struct Said<'a> {
    case: &'a Case,
    algorithm: String,
    lock: String,
    rebuilds: bool,
    /// Nothing cheaper will do.
    exact: bool,
    /// What is stated to the server.
    stated: String,
}

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}: {} {}, rebuilds: {}",
            self.case.sql(""),
            self.algorithm,
            self.lock,
            self.rebuilds
        )
    }
}

impl<'a> Said<'a> {
    fn new(engine: Engine, case: &'a Case, said: &Value) -> Self {
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let (algorithm, lock) = (text("algorithm"), text("lock"));
        let unstated = case.check == Unstated(engine);
        let stated = if unstated { String::new() } else { stated(engine, &algorithm, &lock) };
        let exact = !unstated && case.check != Worst && case.check != WorstOn(engine);
        Self { case, algorithm, lock, rebuilds: said["rebuilds"] == true, exact, stated }
    }

    /// What the server must refuse.
    fn cheaper(&self, engine: Engine) -> Vec<String> {
        let mut attempts = Vec::new();
        if !self.exact {
            return attempts;
        }
        let cheaper = match (engine, self.algorithm.as_str(), self.rebuilds) {
            (_, "COPY", _) => Some("INPLACE"),
            (MariaDb, "INPLACE", true) => Some("NOCOPY"),
            (_, "INPLACE" | "NOCOPY", _) => Some("INSTANT"),
            _ => None,
        };
        attempts.extend(cheaper.map(|cheaper| stated(engine, cheaper, "EXCLUSIVE")));
        if self.lock == "SHARED" {
            attempts.push(stated(engine, &self.algorithm, "NONE"));
        }
        attempts
    }
}
