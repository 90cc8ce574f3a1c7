//! `infra migrate drift` and `infra migrate changes`.

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine};
use serde_json::Value;

use crate::harness::{findings, infra, migrations, on_each_engine};

const LOCATIONS: [&str; 3] = ["--locations", "migrations", "--no-placeholders"];

fn migrate(sandbox: &Sandbox, database: &Database, arguments: &[&str]) -> Outcome {
    infra(sandbox).on(database).run(&[&["migrate"], arguments, &LOCATIONS].concat())
}

fn drift(sandbox: &Sandbox, database: &Database, code: i32) -> Value {
    migrate(sandbox, database, &["drift", "--format", "json"]).exits(code).json()
}

/// `changed table t` and so on.
fn named(result: &Value) -> Vec<String> {
    let word = |object: &Value, key: &str| object[key].as_str().expect("a word").to_owned();
    let objects = result["drift"].as_array().expect("a list of objects");
    objects
        .iter()
        .map(|object| format!("{} {} {}", word(object, "change"), word(object, "kind"), word(object, "name")))
        .collect()
}

/// Every kind of object that both servers know, with what servers rewrite.
const EVERYTHING: &str = "
CREATE TABLE customers (
    id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(40) NOT NULL DEFAULT 'nobody',
    state ENUM('new', 'old') DEFAULT 'new',
    balance DECIMAL(10, 2) DEFAULT 1.5,
    is_active BOOL NOT NULL DEFAULT TRUE,
    shout VARCHAR(50) AS (CONCAT(UPPER(name), '!')) STORED,
    settings JSON,
    born DATE DEFAULT (CURRENT_DATE),
    seen DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    note TEXT COMMENT 'it''s free',
    KEY by_name (name(10), balance DESC),
    UNIQUE KEY (name, born),
    CHECK (is_active IN (0, 1) OR NOT is_active),
    CONSTRAINT named CHECK (CHAR_LENGTH(name) BETWEEN 1 AND 40)
) AUTO_INCREMENT = 100 COMMENT = 'who buys';
CREATE TABLE orders (
    id BIGINT NOT NULL, customer INT UNSIGNED, placed DATE NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARSET = latin1;
CREATE TABLE log (id INT, at DATE NOT NULL)
    PARTITION BY RANGE (YEAR(at)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE VIEW everything AS SELECT * FROM orders;
CREATE SQL SECURITY INVOKER VIEW totals (who, number) AS
    SELECT c.name, COUNT(*) FROM orders o RIGHT JOIN customers c ON c.id = o.customer
    WHERE placed > CURRENT_DATE - INTERVAL 30 DAY OR NOT (c.is_active AND name LIKE 'a%') GROUP BY c.name HAVING COUNT(*) > 1 ORDER BY 2 DESC LIMIT 10;
CREATE VIEW active AS SELECT id FROM customers WHERE is_active AND id IN (SELECT customer FROM orders) WITH CHECK OPTION;
CREATE FUNCTION label(who INT, what VARCHAR(10)) RETURNS VARCHAR(60) DETERMINISTIC RETURN CONCAT(who, what);
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log WHERE id = 1;
CREATE EVENT once ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL 1 YEAR DISABLE DO DELETE FROM log;
CREATE TRIGGER late BEFORE INSERT ON orders FOR EACH ROW SET NEW.placed = CURRENT_DATE;
CREATE TRIGGER early BEFORE INSERT ON orders FOR EACH ROW PRECEDES late SET NEW.id = NEW.id + 1;
DELIMITER //
CREATE PROCEDURE settle(IN who INT, OUT number INT) READS SQL DATA SQL SECURITY INVOKER COMMENT 'does it'
BEGIN
    DECLARE i INT DEFAULT 0; -- counts
    WHILE i < who DO SET i = i + 1; END WHILE;
    SELECT COUNT(*) INTO number FROM orders WHERE customer = who;
END//
DELIMITER ;
RENAME TABLE log TO logs;
ALTER TABLE orders ADD COLUMN amount DECIMAL(12, 2) NOT NULL DEFAULT 0 AFTER customer, ADD INDEX by_day (placed);
";

fn everything() -> Sandbox {
    migrations(&[
        ("V1__everything.sql", EVERYTHING),
        ("R__report.sql", "CREATE OR REPLACE VIEW report AS SELECT number FROM totals;\n"),
        ("V2__pending.sql", "CREATE TABLE later (id INT PRIMARY KEY);\n"),
    ])
}

fn applied(engine: Engine) -> (Sandbox, Database) {
    let (sandbox, database) = (everything(), engine.database());
    let _ = migrate(&sandbox, &database, &["apply", "--target", "1"]).exits(0);
    (sandbox, database)
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_was_just_applied_has_not_drifted() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let database = engine.database();
        let _ = infra(&sandbox).on(&database).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
        let command = ["migrate", "drift", "--no-placeholders", "--format", "json"];
        let result = infra(&sandbox).on(&database).run(&command).exits(0).json();
        assert_eq!(result["not_checked"], serde_json::json!([]), "{result}");
        assert!(result["objects"].as_u64().is_some_and(|objects| objects > 35), "{result}");

        let (sandbox, database) = applied(engine);
        let result = drift(&sandbox, &database, 0);
        assert_eq!(
            (findings(&result).len(), &result["not_checked"]),
            (0, &serde_json::json!([])),
            "{result}"
        );
        let said = migrate(&sandbox, &database, &["drift"]).exits(0).stdout;
        assert!(said.starts_with("no drift  "), "{said}");
    });
}

/// Each line becomes a view, which servers spell in their own ways.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn expressions_of_views_are_read_in_the_servers_spelling() {
    let expressions = include_str!("drift/expressions.txt");
    let mut script = "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), created TIMESTAMP NULL, n DECIMAL(10, 2), b BOOL, j JSON);
        CREATE TABLE u (id INT PRIMARY KEY, t_id INT, v INT);\n"
        .to_owned();
    for (number, expression) in expressions.lines().enumerate() {
        script += &format!("CREATE VIEW v{number} AS SELECT {expression} AS x FROM t;\n");
    }
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&[("V1__views.sql", &script)]), engine.database());
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let result = drift(&sandbox, &database, 0);
        assert_eq!(result["not_checked"], serde_json::json!([]), "{result:#}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn every_change_by_hand_is_found_and_named() {
    let cases = [
        (
            "ALTER TABLE customers ADD nick VARCHAR(5)",
            "changed table customers",
            "column `nick` is only in the database",
        ),
        (
            "ALTER TABLE customers DROP COLUMN note",
            "changed table customers",
            "column `note` is only in the migrations",
        ),
        (
            "ALTER TABLE orders DROP INDEX by_day",
            "changed table orders",
            "key `by_day` is only in the migrations",
        ),
        ("ALTER TABLE customers ALTER name SET DEFAULT 'x'", "changed table customers", "column `name` is"),
        (
            "ALTER TABLE customers MODIFY note TEXT COLLATE utf8mb4_bin COMMENT 'it''s free'",
            "changed table customers",
            "utf8mb4_bin",
        ),
        ("ALTER TABLE orders COMMENT = 'x'", "changed table orders", "option comment"),
        ("ALTER TABLE customers DROP CONSTRAINT named", "changed table customers", "check `named`"),
        ("ALTER TABLE orders DROP FOREIGN KEY orders_ibfk_1", "changed table orders", "foreign key"),
        (
            "CREATE TABLE scratch (i INT)",
            "unexpected table scratch",
            "in the database but not in the migrations",
        ),
        ("DROP TABLE logs", "missing table logs", "in the migrations but not in the database"),
        (
            "CREATE OR REPLACE VIEW active AS SELECT id FROM customers WHERE NOT is_active AND id IN (SELECT customer FROM orders) WITH CHECK OPTION",
            "changed view active",
            "its query",
        ),
        ("DROP VIEW everything", "missing view everything", "in the migrations but not"),
        (
            "DROP TRIGGER late; CREATE TRIGGER late BEFORE INSERT ON orders FOR EACH ROW SET NEW.placed = '2020-01-01'",
            "changed trigger late",
            "its body",
        ),
        (
            "DROP TRIGGER early; CREATE TRIGGER early BEFORE INSERT ON orders FOR EACH ROW FOLLOWS late SET NEW.id = NEW.id + 1",
            "changed trigger early",
            "its place among triggers",
        ),
        ("DROP PROCEDURE settle", "missing procedure settle", "in the migrations but not"),
        ("ALTER PROCEDURE settle SQL SECURITY DEFINER", "changed procedure settle", "its characteristics"),
        (
            "DROP FUNCTION label; CREATE FUNCTION label(who INT, what VARCHAR(10)) RETURNS VARCHAR(61) DETERMINISTIC RETURN CONCAT(who, what)",
            "changed function label",
            "its parameters",
        ),
        ("ALTER EVENT nightly ON SCHEDULE EVERY 2 DAY", "changed event nightly", "its schedule"),
        ("ALTER EVENT nightly DISABLE", "changed event nightly", "its status"),
    ];
    on_each_engine(|engine| {
        for (statement, object, said) in cases {
            let (sandbox, database) = applied(engine);
            database.execute(statement);
            let result = drift(&sandbox, &database, 1);
            assert!(named(&result).contains(&object.to_owned()), "{statement}: {result:#}");
            let messages: Vec<_> = findings(&result).iter().map(|finding| &finding["message"]).collect();
            let is_said =
                messages.iter().any(|message| message.as_str().is_some_and(|text| text.contains(said)));
            assert!(is_said, "{statement}: {messages:?}");
            // Nothing else: a trigger that moves makes its neighbour move.
            let others = named(&result).len() - 1;
            assert!(others == 0 || statement.contains("TRIGGER"), "{statement}: {result:#}");
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_difference_shows_both_sides_and_where_ours_comes_from() {
    on_each_engine(|engine| {
        let (sandbox, database) = applied(engine);
        database.execute("ALTER TABLE orders MODIFY amount DECIMAL(14, 2) NOT NULL DEFAULT 0 AFTER customer");
        let result = drift(&sandbox, &database, 1);
        let object = &result["drift"][0];
        assert_eq!(object["file"], "migrations/V1__everything.sql");
        let diff = object["diff"].as_str().expect("a diff");
        assert!(
            diff.contains("\n-  `amount` decimal(12,2)") && diff.contains("\n+  `amount` decimal(14,2)"),
            "{diff}"
        );
        let finding = &findings(&result)[0];
        let line =
            EVERYTHING.lines().position(|line| line.contains("ADD COLUMN amount")).expect("a line") + 1;
        assert_eq!(finding["file"], "migrations/V1__everything.sql");
        assert_eq!(finding["line"].as_u64(), u64::try_from(line).ok());
        let said = migrate(&sandbox, &database, &["drift"]).exits(1).all();
        for part in ["changed  table `orders`", "+  `amount` decimal(14,2)", "SHOW CREATE TABLE `orders`"] {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn files_that_do_not_say_what_ran_are_named() {
    on_each_engine(|engine| {
        let (sandbox, database) = applied(engine);
        sandbox.append("migrations/V1__everything.sql", "CREATE TABLE afterthought (i INT);\n");
        sandbox.remove("migrations/R__report.sql");
        let result = drift(&sandbox, &database, 1);
        let rules: Vec<_> = findings(&result).iter().filter_map(|finding| finding["rule"].as_str()).collect();
        assert!(rules.contains(&"drift/edited-file") && rules.contains(&"drift/missing-file"), "{result:#}");
        assert_eq!(named(&result), ["missing table afterthought", "unexpected view report"]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_cannot_be_compared_is_not_called_fine() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[(
            "V2__b.sql",
            "CREATE TABLE b (i INT);\nCREATE VIEW v AS SELECT CONCAT('a' || 'b') AS x;\n",
        )]);
        database.execute("CREATE TABLE old (i INT)");
        let _ = migrate(&sandbox, &database, &["apply", "--baseline-on-migrate"]).exits(0);
        if engine == Engine::MariaDb {
            database.execute("CREATE SEQUENCE numbers");
        }
        let result = drift(&sandbox, &database, 0);
        let not_checked = result["not_checked"].to_string();
        assert!(not_checked.contains("table `old`") && not_checked.contains("view `v`"), "{result:#}");
        assert_eq!(not_checked.contains("sequence `numbers`"), engine == Engine::MariaDb, "{result:#}");
        let rules: Vec<_> = findings(&result).iter().filter_map(|finding| finding["rule"].as_str()).collect();
        assert!(
            rules.contains(&"drift/unknown-start") && rules.contains(&"schema/not-checked"),
            "{result:#}"
        );
        // What was made since then is checked.
        database.execute("ALTER TABLE b ADD j INT");
        assert_eq!(named(&drift(&sandbox, &database, 1)), ["changed table b"]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_the_account_may_not_see_is_not_called_missing() {
    on_each_engine(|engine| {
        let (sandbox, database) = applied(engine);
        let name = database.name();
        let reader = format!("reader_{name}");
        database.execute(&format!(
            "CREATE USER '{reader}'@'%' IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW ON `{name}`.* TO '{reader}'@'%'"
        ));
        let (_, address) =
            database.url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a user");
        let url = format!("mysql://{reader}@{address}");
        let arguments = [&["migrate", "drift", "--format", "json"], &LOCATIONS[..]].concat();
        let run =
            infra(&sandbox).env("INFRA_MYSQL_URL", url).env("INFRA_MYSQL_PASSWORD", "x").run(&arguments);
        let result = run.exits(0).json();
        let not_checked = result["not_checked"].to_string();
        for object in ["trigger `late`", "procedure `settle`", "function `label`", "event `nightly`"] {
            assert!(not_checked.contains(object), "no {object} in {not_checked}");
        }
        database.execute(&format!("DROP USER '{reader}'@'%'"));
    });
}

fn pending() -> Sandbox {
    migrations(&[
        ("V1__shop.sql", "CREATE TABLE a (i INT);\nCREATE TABLE gone (i INT);\nCREATE TABLE b (i INT);\n"),
        (
            "V2__more.sql",
            "ALTER TABLE a ADD name VARCHAR(20) NOT NULL;\nUPDATE a SET name = 'x';\nUPDATE a SET name = 'y' WHERE i = 1;\n\
             DROP TABLE gone;\nRENAME TABLE b TO c;\nCREATE VIEW v AS SELECT i FROM a;\nINSERT INTO c VALUES (1), (2);\n",
        ),
        ("V3__later.sql", "CREATE TABLE later (i INT);\n"),
    ])
}

#[test]
fn pending_changes_are_shown_without_a_server() {
    let said = infra(&pending())
        .run(&[&["migrate", "changes", "--from", "1", "--target", "2"], &LOCATIONS[..]].concat());
    insta::assert_snapshot!(said.output(), @r"
    1 pending migration
      migrations/V2__more.sql
    altered  table `a`
        @@ -1,3 +1,4 @@
         CREATE TABLE `a` (
        -  `i` int NULL
        +  `i` int NULL,
        +  `name` varchar(20) NOT NULL
         ) ENGINE=innodb DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
    renamed  table `b`, now `c`
        @@ -1,3 +1,3 @@
        -CREATE TABLE `b` (
        +CREATE TABLE `c` (
           `i` int NULL
         ) ENGINE=innodb DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
    dropped  table `gone`
        @@ -1,3 +0,0 @@
        -CREATE TABLE `gone` (
        -  `i` int NULL
        -) ENGINE=innodb DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
    created  view `v`
        @@ -0,0 +1,3 @@
        +CREATE VIEW `v` AS
        +select i
        +from a
    rows  INSERT `c`: 1 statement
    rows  UPDATE `a`: 2 statements
    ");
    let markdown = infra(&pending())
        .run(&[&["migrate", "changes", "--from", "2", "--markdown"], &LOCATIONS[..]].concat());
    insta::assert_snapshot!(markdown.output(), @r"
    ### 1 pending migration

    - `migrations/V3__later.sql`

    | change | object |
    | --- | --- |
    | created | table `later` |

    <details><summary>created table later</summary>

    ```diff
    --- before
    +++ after
    @@ -0,0 +1,3 @@
    +CREATE TABLE `later` (
    +  `i` int NULL
    +) ENGINE=innodb DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
    ```

    </details>
    ");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn pending_changes_are_those_of_the_history() {
    on_each_engine(|engine| {
        let (sandbox, database) = (pending(), engine.database());
        let changes = |arguments: &[&str]| {
            let result =
                migrate(&sandbox, &database, &[&["changes", "--format", "json"], arguments].concat());
            let result = result.exits(0).json();
            let change = |change: &Value| {
                format!(
                    "{} {}",
                    change["change"].as_str().unwrap_or("?"),
                    change["name"].as_str().unwrap_or("?")
                )
            };
            let list: Vec<_> = result["changes"].as_array().expect("changes").iter().map(change).collect();
            (list, result)
        };
        assert_eq!(changes(&[]).0, ["created a", "created c", "created later", "created v"]);
        let _ = migrate(&sandbox, &database, &["apply", "--target", "1"]).exits(0);
        let (list, result) = changes(&["--target", "2"]);
        assert_eq!(list, ["altered a", "renamed c", "dropped gone", "created v"]);
        assert_eq!(result["pending"], serde_json::json!(["migrations/V2__more.sql"]));
        assert_eq!(result["rows"][1], serde_json::json!({ "verb": "UPDATE", "table": "a", "statements": 2 }));
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        assert!(changes(&[]).0.is_empty());
        let said = migrate(&sandbox, &database, &["changes"]).exits(0).stdout;
        assert!(said.contains("nothing is pending"), "{said}");
        let _ = migrate(&sandbox, &database, &["changes", "--target", "9"]).exits(2);
    });
}
