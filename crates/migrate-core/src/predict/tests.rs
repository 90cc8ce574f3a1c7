use super::*;
use crate::script::effect::ObjectKind;

const MYSQL: &str = "9.7.4";
const MARIADB: &str = "10.11.19-MariaDB";

/// `t` as both servers would describe it: everything is known, and nothing is special.
fn facts() -> TableFacts {
    let text = |column_type: &str, characters: u64| ColumnFacts {
        column_type: column_type.to_owned(),
        collation: Some("utf8mb4_general_ci".to_owned()),
        length: Some((characters, characters * 4)),
        nullable: true,
        ..ColumnFacts::default()
    };
    let number = |column_type: &str| ColumnFacts {
        column_type: column_type.to_owned(),
        nullable: true,
        ..ColumnFacts::default()
    };
    let columns = [
        (
            "id",
            ColumnFacts {
                extra: "auto_increment".into(),
                nullable: false,
                indexed: true,
                ..number("int(11)")
            },
        ),
        ("a", number("int")),
        ("b", ColumnFacts { indexed: true, ..number("int") }),
        ("c", text("varchar(20)", 20)),
        ("d", text("varchar(40)", 40)),
        ("e", text("enum('a','b')", 1)),
    ];
    TableFacts {
        engine: Some("InnoDB".into()),
        row_format: Some("Dynamic".into()),
        collation: Some("utf8mb4_general_ci".into()),
        specials: Some(Specials::default()),
        primary_key: Some(true),
        instant_versions: Some(0),
        columns: columns.into_iter().map(|(name, facts)| (name.to_owned(), facts)).collect(),
        ..TableFacts::default()
    }
}

fn table(name: &str) -> Object {
    Object { kind: ObjectKind::Table, schema: None, name: name.to_owned() }
}

fn known(facts: TableFacts) -> Known {
    Known { tables: [(table("t"), facts)].into(), ..Known::default() }
}

/// `INPLACE NONE`, with `rebuild` behind it where that is so.
fn shown(sql: &str, version: &str, known: &Known) -> String {
    let server = Server::parse(version);
    let prediction = predict(sql, &server, known);
    let rebuild = if prediction.algorithm == Algorithm::Rebuild { " rebuild" } else { "" };
    format!("{} {}{rebuild}", prediction.algorithm.name(server.dialect), prediction.lock.name())
}

#[track_caller]
fn check(sql: &str, mysql: &str, mariadb: &str) {
    let known = known(facts());
    assert_eq!(shown(sql, MYSQL, &known), mysql, "MySQL: {sql}");
    assert_eq!(shown(sql, MARIADB, &known), mariadb, "MariaDB: {sql}");
}

#[track_caller]
fn check_on(version: &str, sql: &str, expected: &str) {
    assert_eq!(shown(sql, version, &known(facts())), expected, "{version}: {sql}");
}

const INSTANT: &str = "INSTANT NONE";
const IN_PLACE: &str = "INPLACE NONE";
const NO_COPY: &str = "NOCOPY NONE";
const REBUILD: &str = "INPLACE NONE rebuild";
const COPY: &str = "COPY SHARED";

#[test]
fn columns_come_and_go() {
    check("ALTER TABLE t ADD COLUMN z INT", INSTANT, INSTANT);
    check("ALTER TABLE t ADD z INT DEFAULT (UUID())", COPY, COPY);
    check("ALTER TABLE t ADD z INT AS (a + 1) STORED", COPY, COPY);
    check("ALTER TABLE t ADD z INT AS (a + 1)", INSTANT, INSTANT);
    check("ALTER TABLE t ADD z INT CHECK (z > 0)", COPY, INSTANT);
    check("ALTER TABLE t ADD z INT UNIQUE", REBUILD, REBUILD);
    check("ALTER TABLE t ADD (y INT, INDEX (a))", REBUILD, REBUILD);
    check("ALTER TABLE t DROP COLUMN a", INSTANT, INSTANT);
    check("ALTER TABLE t DROP COLUMN b", REBUILD, NO_COPY);
    check("ALTER TABLE t DROP COLUMN unheard_of", REBUILD, NO_COPY);
    check("ALTER TABLE t ADD z INT, COMMENT = 'x'", REBUILD, INSTANT);
    check("ALTER TABLE t ADD z INT PARTITION BY HASH (id)", COPY, COPY);
}

#[test]
fn columns_change() {
    check("ALTER TABLE t MODIFY a INTEGER NULL COMMENT 'NOT NULL'", INSTANT, INSTANT);
    check("ALTER TABLE t MODIFY a INT NOT NULL", REBUILD, REBUILD);
    check("ALTER TABLE t MODIFY a BIGINT", COPY, COPY);
    check("ALTER TABLE t MODIFY unheard_of INT", COPY, COPY);
    check("ALTER TABLE t MODIFY c VARCHAR(63)", IN_PLACE, INSTANT);
    check("ALTER TABLE t MODIFY c VARCHAR(64)", COPY, INSTANT);
    check("ALTER TABLE t MODIFY d VARCHAR(64)", COPY, COPY);
    check("ALTER TABLE t MODIFY c VARCHAR(10)", COPY, COPY);
    check("ALTER TABLE t MODIFY e ENUM('a','b','c')", INSTANT, INSTANT);
    check("ALTER TABLE t MODIFY e ENUM('b','a')", COPY, COPY);
    check("ALTER TABLE t MODIFY c VARCHAR(20) COLLATE utf8mb4_bin", IN_PLACE, INSTANT);
    check("ALTER TABLE t MODIFY c VARCHAR(20) CHARACTER SET latin1", COPY, COPY);
    check("ALTER TABLE t CHANGE a z INT", INSTANT, INSTANT);
    check("ALTER TABLE t MODIFY c VARCHAR(20) FIRST", REBUILD, INSTANT);
    check("ALTER TABLE t MODIFY id INT NOT NULL", COPY, INSTANT);
    check("ALTER TABLE t RENAME COLUMN a TO z", INSTANT, INSTANT);
    check("ALTER TABLE t ALTER a SET DEFAULT 1", INSTANT, INSTANT);
}

#[test]
fn a_collation_matters_to_indexes() {
    let mut facts = facts();
    facts.columns.get_mut("c").unwrap().indexed = true;
    let known = known(facts);
    let sql = "ALTER TABLE t MODIFY c VARCHAR(20) COLLATE utf8mb4_bin";
    assert_eq!(shown(sql, MYSQL, &known), COPY);
    assert_eq!(shown(sql, MARIADB, &known), NO_COPY);
}

#[test]
fn keys_and_indexes() {
    check("ALTER TABLE t ADD INDEX (a)", IN_PLACE, NO_COPY);
    check("CREATE UNIQUE INDEX i ON t (a)", IN_PLACE, NO_COPY);
    check("DROP INDEX i ON t", IN_PLACE, NO_COPY);
    check("CREATE FULLTEXT INDEX i ON t (c)", "INPLACE SHARED rebuild", "INPLACE SHARED rebuild");
    check("ALTER TABLE t ADD SPATIAL INDEX (a)", "INPLACE SHARED", "NOCOPY SHARED");
    check("ALTER TABLE t ADD PRIMARY KEY (a)", REBUILD, REBUILD);
    check("ALTER TABLE t DROP PRIMARY KEY", COPY, COPY);
    check("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a)", REBUILD, REBUILD);
    check("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)", COPY, COPY);
    check("ALTER TABLE t DROP FOREIGN KEY f", IN_PLACE, INSTANT);
    check("ALTER TABLE t ADD CHECK (a > 0)", COPY, COPY);
    check("ALTER TABLE t DROP CHECK c", INSTANT, INSTANT);
    check("ALTER TABLE t RENAME INDEX i TO j", IN_PLACE, INSTANT);
}

#[test]
fn options_of_the_table() {
    check("ALTER TABLE t COMMENT 'x', AUTO_INCREMENT = 7", IN_PLACE, INSTANT);
    check("ALTER TABLE t COMMENT = 'x' ROW_FORMAT = COMPRESSED", REBUILD, REBUILD);
    check("ALTER TABLE t ENGINE = InnoDB", REBUILD, REBUILD);
    check("ALTER TABLE t ENGINE = MyISAM", COPY, COPY);
    check("ALTER TABLE t CONVERT TO CHARACTER SET latin1", COPY, COPY);
    check("ALTER TABLE t RENAME TO u", INSTANT, INSTANT);
    check("OPTIMIZE TABLE t", REBUILD, REBUILD);
    check("TRUNCATE t", "metadata EXCLUSIVE", "metadata EXCLUSIVE");
    check("DROP TABLE t", "metadata EXCLUSIVE", "metadata EXCLUSIVE");
    check("CREATE TABLE u (a INT)", "metadata NONE", "metadata NONE");
}

#[test]
fn partitions() {
    check("ALTER TABLE t REMOVE PARTITIONING", COPY, COPY);
    check("ALTER TABLE t ADD PARTITION PARTITIONS 2", "INPLACE SHARED rebuild", "INPLACE SHARED rebuild");
    check("ALTER TABLE t ADD PARTITION (PARTITION p VALUES LESS THAN (9))", IN_PLACE, "NOCOPY EXCLUSIVE");
    check("ALTER TABLE t DROP PARTITION p", IN_PLACE, "NOCOPY EXCLUSIVE");
    check("ALTER TABLE t TRUNCATE PARTITION p", "INSTANT EXCLUSIVE", "INSTANT EXCLUSIVE");
    check("ALTER TABLE t DISCARD TABLESPACE", "unknown EXCLUSIVE", "unknown EXCLUSIVE");
}

#[test]
fn rows_and_sessions() {
    check("UPDATE t SET a = 1", "data rows", "data rows");
    check("SET foreign_key_checks = 0", "session NONE", "session NONE");
    check("SELECT 1", "session NONE", "session NONE");
    check("LOCK TABLES t WRITE", "session EXCLUSIVE", "session EXCLUSIVE");
    check("WITH x AS (SELECT 1) DELETE FROM t WHERE a IN (SELECT * FROM x)", "data rows", "data rows");
}

#[test]
fn what_is_not_understood_is_never_cheap() {
    for sql in [
        "CALL p()",
        "EXECUTE s",
        "ALTER TABLE t FROBNICATE",
        "ALTER TABLE t ADD z INT, FROBNICATE a",
        "FROBNICATE TABLE t",
        "BEGIN NOT ATOMIC DROP TABLE t; END",
        "",
    ] {
        check(sql, "unknown unknown", "unknown unknown");
    }
}

#[test]
fn versions_differ() {
    check_on("8.0.11", "ALTER TABLE t ADD z INT", REBUILD);
    check_on("8.0.12", "ALTER TABLE t ADD z INT", INSTANT);
    check_on("8.0.28", "ALTER TABLE t ADD z INT FIRST", REBUILD);
    check_on("8.0.29", "ALTER TABLE t ADD z INT FIRST", INSTANT);
    check_on("8.0.28", "ALTER TABLE t DROP a", REBUILD);
    check_on("8.0.27", "ALTER TABLE t RENAME COLUMN a TO z", IN_PLACE);
    check_on("8.0.28", "ALTER TABLE t RENAME COLUMN a TO z", INSTANT);
    check_on("11.8.2-MariaDB", "ALTER TABLE t MODIFY a BIGINT", "COPY NONE");
    check_on("11.1.2-MariaDB", "ALTER TABLE t MODIFY a BIGINT", COPY);
    check_on("9.7.4", "/*!99999 ALTER TABLE t FORCE */", "unknown unknown");
    check_on("9.7.4", "ALTER TABLE t ADD z INT /*!80012 , ALGORITHM=COPY */", COPY);
    check_on(MARIADB, "ALTER TABLE t ADD z INT /*!80012 , ALGORITHM=COPY */", INSTANT);
}

#[test]
fn instant_runs_out() {
    let with = |versions| known(TableFacts { instant_versions: Some(versions), ..facts() });
    for (version, limit) in [("8.4.3", 64), ("9.7.4", 255)] {
        let sql = "ALTER TABLE t ADD z INT";
        assert_eq!(shown(sql, version, &with(limit - 1)), INSTANT);
        assert_eq!(shown(sql, version, &with(limit)), REBUILD);
        let prediction = predict(sql, &Server::parse(version), &with(limit - 1));
        assert!(prediction.notes.iter().any(|note| note.contains("few INSTANT")), "{prediction:?}");
    }
}

#[test]
fn special_indexes_and_formats_cost() {
    let special = |specials| known(TableFacts { specials: Some(specials), ..facts() });
    let fulltext = special(Specials { fulltext: true, ..Specials::default() });
    let spatial = special(Specials { spatial: true, ..Specials::default() });
    let generated = special(Specials { generated: true, ..Specials::default() });
    let compressed = known(TableFacts { row_format: Some("Compressed".into()), ..facts() });
    let shared = "INPLACE SHARED rebuild";
    for (sql, known, mysql, mariadb) in [
        ("ALTER TABLE t ADD z INT", &fulltext, COPY, shared),
        ("ALTER TABLE t FORCE", &fulltext, COPY, shared),
        ("ALTER TABLE t ADD FULLTEXT (c)", &fulltext, "INPLACE SHARED", "NOCOPY SHARED"),
        ("ALTER TABLE t FORCE", &spatial, shared, shared),
        ("ALTER TABLE t ADD z INT", &spatial, INSTANT, INSTANT),
        ("ALTER TABLE t ADD z INT FIRST", &generated, INSTANT, COPY),
        ("ALTER TABLE t ADD z INT", &compressed, REBUILD, REBUILD),
    ] {
        assert_eq!(shown(sql, MYSQL, known), mysql, "MySQL: {sql}");
        assert_eq!(shown(sql, MARIADB, known), mariadb, "MariaDB: {sql}");
    }
}

#[test]
fn without_facts_the_worst_is_assumed() {
    let nothing = Known::default();
    let prediction = predict("ALTER TABLE t ADD z INT", &Server::parse(MYSQL), &nothing);
    assert_eq!((prediction.algorithm, prediction.lock), (Algorithm::Copy, Lock::Shared));
    assert!(prediction.notes.iter().any(|note| note.contains("nothing is known")), "{prediction:?}");
    assert_eq!(shown("ALTER TABLE t ADD UNIQUE (a)", MARIADB, &nothing), "INPLACE SHARED rebuild");
    let keyless = known(TableFacts { primary_key: Some(false), ..facts() });
    assert_eq!(shown("DROP INDEX i ON t", MYSQL, &keyless), COPY);
    let other = known(TableFacts { engine: Some("Aria".into()), ..facts() });
    assert_eq!(shown("ALTER TABLE t ADD INDEX (a)", MARIADB, &other), COPY);
}

#[test]
fn what_the_author_states_counts() {
    check("ALTER TABLE t ADD z INT, ALGORITHM=COPY", COPY, COPY);
    check("ALTER TABLE t ADD z INT, ALGORITHM=INPLACE", REBUILD, INSTANT);
    check("ALTER TABLE t ADD INDEX (a), LOCK=EXCLUSIVE", "INPLACE EXCLUSIVE", "NOCOPY EXCLUSIVE");
    check("CREATE INDEX i ON t (a) LOCK=SHARED", "INPLACE SHARED", "NOCOPY SHARED");
    for (sql, refused) in [
        ("ALTER TABLE t MODIFY a BIGINT, ALGORITHM=INPLACE", true),
        ("ALTER TABLE t ADD INDEX (a), ALGORITHM=INSTANT", true),
        ("ALTER TABLE t ADD FULLTEXT (c), LOCK=NONE", true),
        ("ALTER TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=NONE", false),
    ] {
        let notes = predict(sql, &Server::parse(MYSQL), &known(facts())).notes;
        assert_eq!(notes.iter().any(|note| note.contains("refuses")), refused, "{sql}: {notes:?}");
    }
}

#[test]
fn statements_change_what_is_known() {
    let server = Server::parse(MYSQL);
    let after = |statements: &[&str], sql: &str| {
        let mut known = known(facts());
        for statement in statements {
            known.after(&server, statement);
        }
        shown(sql, MYSQL, &known)
    };
    let add_key = "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)";
    assert_eq!(after(&["SET foreign_key_checks = 0"], add_key), IN_PLACE);
    assert_eq!(after(&["SET foreign_key_checks = 0", "SET foreign_key_checks = 1"], add_key), COPY);
    assert_eq!(after(&["ALTER TABLE t MODIFY a BIGINT"], "ALTER TABLE t MODIFY a INT"), COPY);
    assert_eq!(after(&["ALTER TABLE u MODIFY a BIGINT"], "ALTER TABLE t MODIFY a INT"), INSTANT);
    assert_eq!(after(&["CREATE FULLTEXT INDEX i ON t (c)"], "ALTER TABLE t ADD z INT"), COPY);
    assert_eq!(after(&["DROP TABLE t"], "ALTER TABLE t ADD z INT"), COPY);
    let mut fresh = Known::default();
    fresh.after(&server, "CREATE TABLE t (a INT)");
    let add = predict("ALTER TABLE t ADD z INT", &server, &fresh);
    assert_eq!(add.algorithm, Algorithm::Instant);
    let notes = predict("ALTER TABLE t ADD INDEX (a)", &server, &fresh).notes;
    assert!(notes.iter().any(|note| note.contains("this plan creates the table")), "{notes:?}");
}

#[test]
fn tables_are_named() {
    for (sql, names) in [
        ("ALTER TABLE `a``b`.t ADD z INT", "a`b.t"),
        ("CREATE UNIQUE INDEX i ON t (a)", "t"),
        ("DROP TABLE IF EXISTS a, s.b", "a s.b"),
        ("RENAME TABLE a TO b, c TO a", "a b c"),
        ("INSERT IGNORE INTO T VALUES (1)", "T"),
        ("UPDATE LOW_PRIORITY t SET a = 1", "t"),
        ("DELETE FROM t WHERE a = 1", "t"),
        ("LOAD DATA INFILE 'x' INTO TABLE t", "t"),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "t"),
        ("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", "t u"),
        ("LOCK TABLES a READ, b WRITE", "a b"),
        ("TRUNCATE TABLE t", "t"),
        ("SELECT 1", ""),
    ] {
        let tables = predict(sql, &Server::parse(MYSQL), &Known::default()).tables;
        let shown: Vec<String> = tables
            .iter()
            .map(|table| {
                table.schema.iter().fold(table.name.clone(), |name, schema| format!("{schema}.{name}"))
            })
            .collect();
        assert_eq!(shown.join(" "), names, "{sql}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(sql in "(ALTER TABLE|CREATE|DROP|RENAME TABLE|LOCK TABLES)? ?(t|ADD|DROP|COLUMN|INDEX|,|\\(|\\)|a|=|INT|[ -~]| ){0,24}") {
        let _ = predict(&sql, &Server::parse(MARIADB), &known(facts()));
        let _ = predict(&sql, &Server::parse(MYSQL), &Known::default());
    }

    /// More clauses never cost less.
    #[test]
    fn a_further_clause_is_no_relief(first in 0_usize..12, second in 0_usize..12) {
        let clauses = [
            "ADD z INT", "DROP a", "ADD INDEX (a)", "MODIFY c VARCHAR(30)", "COMMENT 'x'", "FORCE", "ADD FULLTEXT (c)",
            "MODIFY a BIGINT", "ADD CHECK (a > 0)", "RENAME INDEX i TO j", "FROBNICATE", "ADD y INT AS (a) VIRTUAL",
        ];
        let facts = known(facts());
        for version in [MYSQL, MARIADB] {
            let server = Server::parse(version);
            let one = |sql: String| predict(&sql, &server, &facts);
            let both = one(format!("ALTER TABLE t {}, {}", clauses[first], clauses[second]));
            for clause in [clauses[first], clauses[second]] {
                let alone = one(format!("ALTER TABLE t {clause}"));
                proptest::prop_assert!(both.algorithm >= alone.algorithm && both.lock >= alone.lock);
            }
        }
    }
}
