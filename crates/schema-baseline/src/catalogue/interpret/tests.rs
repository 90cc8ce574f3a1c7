use std::sync::Arc;

use crate::Finding;
use crate::catalogue::Catalogue;
use crate::dialect::Dialect;
use crate::place::Source;
use crate::replay::replay_scripts;

fn replayed(text: &str) -> (Catalogue, Vec<Finding>) {
    replay_scripts([Arc::new(Source::new("a.sql", text.into()))], Dialect::default())
}

#[track_caller]
fn columns(text: &str, expected: &[&str]) {
    let (catalogue, findings) = replayed(text);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(catalogue.tables()["t"].column_names().collect::<Vec<_>>(), expected);
}

const GUARDED: &str = "USE shop; CREATE TABLE t (a INT, b INT);
    DELIMITER //
    CREATE PROCEDURE add_column(IN tableName VARCHAR(64), IN columnName VARCHAR(64)) BEGIN
        IF NOT EXISTS (SELECT * FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = tableName AND column_name = columnName) THEN
            SET @query = CONCAT('ALTER TABLE `', tableName, '` ADD COLUMN `', columnName, '` INT');
            PREPARE stmt FROM @query;
            EXECUTE stmt;
            DEALLOCATE PREPARE stmt;
        END IF;
    END//
    DELIMITER ;\n";

#[test]
fn a_guard_around_an_alter_is_followed() {
    columns(&format!("{GUARDED} CALL add_column('t', 'a');"), &["a", "b"]);
    columns(&format!("{GUARDED} CALL add_column('t', 'c'); CALL add_column('t', 'c');"), &["a", "b", "c"]);
}

#[test]
fn counts_and_branches_are_followed() {
    let text = |wanted: &str| {
        format!(
            "USE shop; CREATE TABLE t (a INT, KEY k (a));
             DELIMITER //
             CREATE PROCEDURE p() BEGIN
                DECLARE n INT DEFAULT 0;
                SELECT COUNT(*) INTO n FROM information_schema.statistics
                    WHERE table_schema = DATABASE() AND table_name = 't' AND index_name = '{wanted}';
                IF n = 0 THEN ALTER TABLE t ADD COLUMN absent INT;
                ELSEIF n > 5 THEN ALTER TABLE t ADD COLUMN many INT;
                ELSE ALTER TABLE t ADD COLUMN present INT; END IF;
             END//
             DELIMITER ;
             CALL p();"
        )
    };
    columns(&text("k"), &["a", "present"]);
    columns(&text("other"), &["a", "absent"]);
}

#[test]
fn a_cursor_over_definitions_is_followed() {
    let text = "USE shop; CREATE TABLE p (id INT PRIMARY KEY);
        CREATE TABLE t (a INT, CONSTRAINT one FOREIGN KEY (a) REFERENCES p (id));
        DELIMITER //
        CREATE PROCEDURE remove_keys(vTable VARCHAR(64)) BEGIN
            DECLARE done INT DEFAULT FALSE;
            DECLARE cName VARCHAR(64);
            DECLARE cur CURSOR FOR SELECT DISTINCT CONSTRAINT_NAME FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE
                WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = vTable AND REFERENCED_TABLE_NAME IS NOT NULL;
            DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
            OPEN cur;
            read_loop: LOOP
                FETCH cur INTO cName;
                IF done THEN LEAVE read_loop; END IF;
                SET @sql = CONCAT('ALTER TABLE ', vTable, ' DROP FOREIGN KEY ', cName);
                PREPARE stmt FROM @sql;
                EXECUTE stmt;
                DEALLOCATE PREPARE stmt;
            END LOOP;
            CLOSE cur;
        END//
        DELIMITER ;
        CALL remove_keys('t');";
    let (catalogue, findings) = replayed(text);
    assert!(findings.is_empty(), "{findings:?}");
    assert!(catalogue.tables()["t"].foreign_keys.is_empty());
}

#[test]
fn statements_in_strings_are_followed_outside_of_procedures() {
    columns(
        "USE shop; CREATE TABLE t (a INT);
         SET @n = (SELECT COUNT(*) FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = 't' AND column_name = 'b');
         SET @s = IF(@n > 0, 'SELECT 1', 'ALTER TABLE t ADD COLUMN b INT');
         PREPARE s FROM @s; EXECUTE s; DEALLOCATE PREPARE s;",
        &["a", "b"],
    );
}

#[test]
fn what_depends_on_rows_is_said_and_not_guessed() {
    let text = "CREATE TABLE t (a INT);
        DELIMITER //
        CREATE PROCEDURE p() BEGIN
            IF (SELECT COUNT(*) FROM t) > 3 THEN ALTER TABLE t ADD COLUMN b INT; END IF;
        END//
        DELIMITER ;
        CALL p();";
    let (catalogue, findings) = replayed(text);
    assert!(matches!(findings.as_slice(), [Finding::NotUnderstood { .. }]), "{findings:?}");
    assert!(catalogue.tables()["t"].unknown.is_some());
    // Where neither way changes a definition, it does not matter which one it is.
    columns(&text.replace("ALTER TABLE t ADD COLUMN b INT", "DELETE FROM t"), &["a"]);
}

#[test]
fn an_error_ends_a_procedure_unless_a_handler_takes_it() {
    let text = |handler: &str| {
        format!(
            "CREATE TABLE t (a INT);
             DELIMITER //
             CREATE PROCEDURE p() BEGIN
                {handler}
                ALTER TABLE t DROP COLUMN nope;
                ALTER TABLE t ADD COLUMN b INT;
             END//
             DELIMITER ;
             CALL p();"
        )
    };
    let (catalogue, findings) = replayed(&text(""));
    assert!(matches!(findings.as_slice(), [Finding::UnknownColumn { .. }]), "{findings:?}");
    assert_eq!(catalogue.tables()["t"].columns.len(), 1);
    columns(&text("DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;"), &["a", "b"]);
    columns(&text("DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;"), &["a"]);
}

#[test]
fn a_statement_that_failed_in_a_procedure_did_nothing() {
    columns(
        "CREATE TABLE t (a INT);
         DELIMITER //
         CREATE PROCEDURE p() BEGIN
            DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
            ALTER TABLE t ADD COLUMN b INT, DROP COLUMN nope;
            ALTER TABLE t ADD COLUMN c INT;
            CREATE TABLE u (a INT, a INT);
            IF NOT EXISTS (SELECT * FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'u') THEN
                ALTER TABLE t ADD COLUMN d INT;
            END IF;
         END//
         DELIMITER ;
         CALL p();",
        &["a", "c", "d"],
    );
}

#[test]
fn a_column_that_begins_a_key_is_known_to_be_in_one() {
    let text = |key: &str, kind: &str| {
        format!(
            "CREATE TABLE t (a VARCHAR(300), n INT, {key});
             DELIMITER //
             CREATE PROCEDURE p() BEGIN
                IF EXISTS (SELECT * FROM information_schema.columns WHERE table_schema = DATABASE()
                    AND table_name = 't' AND column_name = 'a' AND column_key = '{kind}') THEN
                    ALTER TABLE t ADD COLUMN b INT;
                END IF;
             END//
             DELIMITER ;
             CALL p();"
        )
    };
    for (key, kind) in [
        ("UNIQUE KEY (a(10), n)", "MUL"),
        ("UNIQUE KEY (a(10))", "UNI"),
        ("KEY (a(10))", "MUL"),
        ("FULLTEXT KEY (a)", "MUL"),
    ] {
        columns(&text(key, kind), &["a", "n", "b"]);
    }
    columns(&text("KEY (n, a)", "MUL"), &["a", "n"]);
}

#[test]
fn a_loop_without_end_is_given_up() {
    let text = "CREATE TABLE t (a INT);
        DELIMITER //
        CREATE PROCEDURE p() BEGIN WHILE 1 DO SET @a = 1; END WHILE; ALTER TABLE t ADD COLUMN b INT; END//
        DELIMITER ;
        CALL p();";
    let (_, findings) = replayed(text);
    assert!(matches!(findings.as_slice(), [Finding::NotUnderstood { .. }]), "{findings:?}");
}
