use std::sync::Arc;

use super::{reconcile, returns_the_same, schedules};
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::dialect::{Dialect, Vendor};
use crate::place::Source;
use crate::replay::replay_scripts;
use crate::verify::{Difference, Sides, differences};

const TABLES: &str = "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), created TIMESTAMP NULL, n DECIMAL(10,2), b TINYINT(1));
     CREATE TABLE u (id INT PRIMARY KEY, t_id INT, v INT);\n";

const MARIADB: Dialect = Dialect { vendor: Vendor::MariaDb, version: 101_119 };

fn schema(text: &str, dialect: Dialect) -> Catalogue {
    let (catalogue, findings) = replay_scripts([Arc::new(Source::new("a.sql", text.into()))], dialect);
    assert!(catalogue.unsure().is_none(), "{findings:?}");
    catalogue
}

fn compared(ours: &str, shown: &str, dialect: Dialect) -> Vec<Difference> {
    let (mut ours, mut live) = (schema(ours, dialect), schema(shown, dialect));
    reconcile(&mut ours, &mut live);
    differences(&ours, &live, Sides::MIGRATIONS_AND_DATABASE).unwrap()
}

fn views(ours: &str, shown: &str) -> Vec<Difference> {
    let view = |query: &str| format!("{TABLES}CREATE VIEW w AS {query};");
    compared(&view(ours), &view(shown), Dialect::default())
}

/// What a view was written as, and how servers show it.
#[track_caller]
fn same(ours: &str, shown: &[&str]) {
    for shown in shown {
        let found = views(ours, shown);
        assert!(found.is_empty(), "{ours}\n{shown}\n{found:#?}");
    }
}

#[track_caller]
fn different(ours: &str, shown: &str) {
    let found = format!("{:?}", views(ours, shown));
    assert!(found.contains("Differs"), "{ours}\n{shown}\n{found}");
}

#[test]
fn columns_get_their_tables_and_results_their_names() {
    same(
        "SELECT * FROM t",
        &[
            "select `t`.`id` AS `id`,`t`.`name` AS `name`,`t`.`created` AS `created`,`t`.`n` AS `n`,`t`.`b` AS `b` from `t`",
        ],
    );
    same(
        "SELECT t.id, COUNT(*), LENGTH(name), v DIV 2, -v, TRUE FROM t, u WHERE t.id = t_id GROUP BY 1 HAVING COUNT(*) > 1 ORDER BY 1 DESC LIMIT 5",
        &[
            "select `t`.`id` AS `id`,count(0) AS `COUNT(*)`,length(`t`.`name`) AS `LENGTH(name)`,(`u`.`v` DIV 2) AS `v DIV 2`,-(`u`.`v`) AS `-v`,true AS `TRUE` from (`t` join `u`) where (`t`.`id` = `u`.`t_id`) group by `t`.`id` having (count(0) > 1) order by `t`.`id` desc limit 5",
            "select `t`.`id` AS `id`,count(0) AS `COUNT(*)`,octet_length(`t`.`name`) AS `LENGTH(name)`,`u`.`v` DIV 2 AS `v DIV 2`,-`u`.`v` AS `-v`,1 AS `TRUE` from (`t` join `u`) where `t`.`id` = `u`.`t_id` group by `t`.`id` having count(0) > 1 order by 1 desc limit 5",
        ],
    );
    different("SELECT name AS a FROM t", "select `t`.`name` AS `b` from `t`");
    different("SELECT id FROM t", "select `u`.`id` AS `id` from `u`");
    different("SELECT id FROM t LIMIT 5", "select `t`.`id` AS `id` from `t` limit 6");
    different("SELECT id FROM t ORDER BY name", "select `t`.`id` AS `id` from `t` order by `t`.`name` desc");
}

#[test]
fn joins_are_one_tree() {
    same(
        "SELECT a.id, b.v FROM t a JOIN u b USING (id) WHERE b.v = (SELECT MAX(v) FROM u WHERE u.t_id = a.id)",
        &[
            "select `a`.`id` AS `id`,`b`.`v` AS `v` from (`t` `a` join `u` `b` on((`a`.`id` = `b`.`id`))) where (`b`.`v` = (select max(`u`.`v`) from `u` where (`u`.`t_id` = `a`.`id`)))",
        ],
    );
    same(
        "SELECT t.id x FROM t JOIN u ON u.t_id = t.id LEFT JOIN (SELECT id AS tid FROM t) q ON q.tid = t.id RIGHT JOIN u u3 ON u3.id = t.id",
        &[
            "select `t`.`id` AS `x` from (`u` `u3` left join ((`t` join `u` on((`u`.`t_id` = `t`.`id`))) left join (select `t`.`id` AS `tid` from `t`) `q` on((`q`.`tid` = `t`.`id`))) on((`u3`.`id` = `t`.`id`)))",
        ],
    );
    different(
        "SELECT t.id FROM t LEFT JOIN u ON u.id = t.id",
        "select `t`.`id` AS `id` from (`t` join `u` on((`u`.`id` = `t`.`id`)))",
    );
}

#[test]
fn conditions_lose_what_servers_add() {
    same(
        "SELECT id FROM u WHERE v IS NOT NULL AND (v > 3 OR v < 2 AND NOT v = 7) AND v IN (1) AND v NOT IN (4,5) AND NOT EXISTS (SELECT * FROM t WHERE t.id = u.id)",
        &[
            "select `u`.`id` AS `id` from `u` where ((`u`.`v` is not null) and ((`u`.`v` > 3) or ((`u`.`v` < 2) and (`u`.`v` <> 7))) and (`u`.`v` = 1) and (`u`.`v` not in (4,5)) and (not(exists(select 1 from `t` where (`t`.`id` = `u`.`id`)))))",
            "select `u`.`id` AS `id` from `u` where `u`.`v` is not null and (`u`.`v` > 3 or `u`.`v` < 2 and `u`.`v` <> 7) and `u`.`v` = 1 and `u`.`v` not in (4,5) and !exists(select 1 from `t` where `t`.`id` = `u`.`id` limit 1)",
        ],
    );
    same(
        "SELECT NOT b x, id XOR b y FROM t WHERE b",
        &[
            "select (0 = `t`.`b`) AS `x`,((0 <> `t`.`id`) xor (0 <> `t`.`b`)) AS `y` from `t` where (0 <> `t`.`b`)",
            "select `t`.`b` = 0 AS `x`,`t`.`id` xor `t`.`b` AS `y` from `t` where `t`.`b` <> 0",
        ],
    );
    different("SELECT id FROM u WHERE v > 3", "select `u`.`id` AS `id` from `u` where (`u`.`v` >= 3)");
    different(
        "SELECT id FROM u WHERE v = 1 OR v = 2",
        "select `u`.`id` AS `id` from `u` where ((`u`.`v` = 1) and (`u`.`v` = 2))",
    );
    different("SELECT id FROM u", "select `u`.`id` AS `id` from `u` where (0 <> `u`.`v`)");
}

#[test]
fn functions_have_one_name() {
    same(
        "SELECT DATE(created) AS day, COALESCE(name, \"n\") c, CAST(id AS CHAR) ca, CURRENT_DATE - INTERVAL 30 DAY e, NOW() nn, UPPER(name) un, SUBSTRING(name, 1, 3) s, DATE_ADD(created, INTERVAL 1 DAY) a, TIMESTAMPDIFF(DAY, created, NOW()) td, DATEDIFF(created, NOW()) dd, EXTRACT(MONTH FROM created) f, TRIM(LEADING 'x' FROM name) k, CEIL(n) o, CONVERT(n, SIGNED) p, POSITION('x' IN name) q, name COLLATE utf8mb4_bin r, 'it''s' t, id MOD 3 m FROM t GROUP BY day, c ORDER BY day",
        &[
            "select cast(`t`.`created` as date) AS `day`,coalesce(`t`.`name`,'n') AS `c`,cast(`t`.`id` as char charset utf8mb4) AS `ca`,(curdate() - interval 30 day) AS `e`,now() AS `nn`,upper(`t`.`name`) AS `un`,substr(`t`.`name`,1,3) AS `s`,(`t`.`created` + interval 1 day) AS `a`,timestampdiff(DAY,`t`.`created`,now()) AS `td`,(to_days(`t`.`created`) - to_days(now())) AS `dd`,extract(month from `t`.`created`) AS `f`,trim(leading 'x' from `t`.`name`) AS `k`,ceiling(`t`.`n`) AS `o`,cast(`t`.`n` as signed) AS `p`,locate('x',`t`.`name`) AS `q`,(`t`.`name` collate utf8mb4_bin) AS `r`,'it\\'s' AS `t`,(`t`.`id` % 3) AS `m` from `t` group by `day`,`c` order by `day`",
            "select cast(`t`.`created` as date) AS `day`,coalesce(`t`.`name`,'n') AS `c`,cast(`t`.`id` as char charset utf8mb4) AS `ca`,curdate() - interval 30 day AS `e`,current_timestamp() AS `nn`,ucase(`t`.`name`) AS `un`,substr(`t`.`name`,1,3) AS `s`,`t`.`created` + interval 1 day AS `a`,timestampdiff(DAY,`t`.`created`,current_timestamp()) AS `td`,to_days(`t`.`created`) - to_days(current_timestamp()) AS `dd`,extract(month from `t`.`created`) AS `f`,trim(leading 'x' from `t`.`name`) AS `k`,ceiling(`t`.`n`) AS `o`,cast(`t`.`n` as signed) AS `p`,locate('x',`t`.`name`) AS `q`,`t`.`name` collate utf8mb4_bin AS `r`,'it\\'s' AS `t`,`t`.`id` MOD 3 AS `m` from `t` group by cast(`t`.`created` as date),coalesce(`t`.`name`,'n') order by cast(`t`.`created` as date)",
        ],
    );
    same(
        "SELECT CONCAT(_utf8' ', name) x FROM t",
        &["select concat(_utf8mb3' ',`t`.`name`) AS `x` from `t`"],
    );
    different(
        "SELECT CONCAT(_latin1' ', name) x FROM t",
        "select concat(_utf8mb3' ',`t`.`name`) AS `x` from `t`",
    );
    different("SELECT UPPER(name) x FROM t", "select lower(`t`.`name`) AS `x` from `t`");
    different("SELECT SUM(v) x FROM u", "select sum(distinct `u`.`v`) AS `x` from `u`");
}

#[test]
fn windows_unions_and_common_tables_are_read() {
    same(
        "WITH c AS (SELECT id, v FROM u) SELECT c.id, SUM(v) OVER (PARTITION BY c.id ORDER BY v) AS w, GROUP_CONCAT(DISTINCT v ORDER BY v SEPARATOR '-') g FROM c UNION ALL SELECT 1, 2, 'x' FROM (SELECT DISTINCT name nm FROM t) d",
        &[
            "with `c` as (select `u`.`id` AS `id`,`u`.`v` AS `v` from `u`) select `c`.`id` AS `id`,sum(`c`.`v`) OVER (PARTITION BY `c`.`id` ORDER BY `c`.`v` )  AS `w`,group_concat(distinct `c`.`v` order by `c`.`v` ASC separator '-') AS `g` from `c` union all select 1 AS `1`,2 AS `2`,'x' AS `x` from (select distinct `t`.`name` AS `nm` from `t`) `d`",
        ],
    );
    different(
        "SELECT id FROM t UNION ALL SELECT id FROM u",
        "select `t`.`id` AS `id` from `t` union select `u`.`id` AS `id` from `u`",
    );
}

#[test]
fn a_view_that_is_not_understood_is_not_compared() {
    for query in ["SELECT name || 'x' AS a FROM t", "SELECT id FROM t NATURAL JOIN u"] {
        let found = format!("{:?}", views(query, "select `t`.`id` AS `id` from `t`"));
        assert!(found.contains("NotChecked") && !found.contains("Differs"), "{found}");
    }
}

#[test]
fn the_columns_of_a_view_are_its_results() {
    let ours = format!("{TABLES}CREATE VIEW w (a, b) AS SELECT id, COUNT(*) FROM t GROUP BY id;");
    for shown in [
        "CREATE VIEW w (`a`,`b`) AS select `t`.`id` AS `id`,count(0) AS `COUNT(*)` from `t` group by `t`.`id`",
        "CREATE VIEW w AS select `t`.`id` AS `a`,count(0) AS `b` from `t` group by `t`.`id`",
    ] {
        let found = compared(&ours, &format!("{TABLES}{shown}"), Dialect::default());
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_view_keeps_the_columns_that_there_were() {
    let ours = format!(
        "{TABLES}CREATE VIEW w AS SELECT * FROM u;\nCREATE VIEW x AS SELECT * FROM w;\nALTER TABLE u ADD y INT AFTER id;"
    );
    let shown = "CREATE TABLE u (id INT PRIMARY KEY, y INT, t_id INT, v INT);\n";
    let live = |columns: &str| {
        format!(
            "{}{shown}CREATE VIEW w AS select {columns} from `u`;\nCREATE VIEW x AS select `w`.`id` AS `id`,`w`.`t_id` AS `t_id`,`w`.`v` AS `v` from `w`;",
            TABLES.lines().next().unwrap()
        )
    };
    let kept = "`u`.`id` AS `id`,`u`.`t_id` AS `t_id`,`u`.`v` AS `v`";
    let found = compared(&ours, &live(kept), Dialect::default());
    assert!(found.is_empty(), "{found:?}");
    let found = compared(&ours, &live(&format!("{kept},`u`.`y` AS `y`")), Dialect::default());
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn expressions_of_tables_are_in_the_servers_spelling() {
    let ours = "CREATE TABLE t (name VARCHAR(20), b BOOL NOT NULL, j JSON, d DATE DEFAULT (CURRENT_DATE), \
        g VARCHAR(30) AS (CONCAT(UPPER(name), 'x')) STORED, CHECK (b IN (0,1) OR NOT b), CHECK (CHAR_LENGTH(name) BETWEEN 1 AND 10))";
    let mysql = "CREATE TABLE t (`name` varchar(20) DEFAULT NULL, `b` tinyint(1) NOT NULL, `j` json DEFAULT NULL, `d` date DEFAULT (curdate()), \
        `g` varchar(30) GENERATED ALWAYS AS (concat(upper(`name`),_utf8mb4'x')) STORED, CONSTRAINT `t_chk_1` CHECK (((`b` in (0,1)) or (0 = `b`))), \
        CONSTRAINT `t_chk_2` CHECK ((char_length(`name`) between 1 and 10)))";
    let mariadb = "CREATE TABLE t (`name` varchar(20) DEFAULT NULL, `b` tinyint(1) NOT NULL, \
        `j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`j`)), `d` date DEFAULT curdate(), \
        `g` varchar(30) GENERATED ALWAYS AS (concat(ucase(`name`),'x')) STORED, CONSTRAINT `CONSTRAINT_1` CHECK (`b` in (0,1) or `b` = 0), \
        CONSTRAINT `CONSTRAINT_2` CHECK (char_length(`name`) between 1 and 10))";
    for (shown, dialect) in [(mysql, Dialect::default()), (mariadb, MARIADB)] {
        let found = compared(ours, shown, dialect);
        assert!(found.is_empty(), "{found:#?}");
        let found = compared(ours, &shown.replace("1 and 10", "1 and 11"), dialect);
        assert!(found.len() == 1 && found[0].kind == ObjectKind::Table, "{found:#?}");
    }
}

#[test]
fn times_that_the_server_filled_in_do_not_count() {
    let check = |own: &str, shown: &str, same: bool| {
        let (a, b) = schedules(own, shown);
        assert_eq!(a == b, same, "{a} / {b}");
    };
    let daily = "every 1 day starts '2026-11-28 00:18:11'";
    check("every 1 day", daily, true);
    check("every 2 day", daily, false);
    check("every 1 day starts now ( ) + interval 1 hour", daily, true);
    check("every 1 day starts '2026-11-28 00:18:11'", daily, true);
    check("every 1 day starts '2026-11-27 00:18:11'", daily, false);
    check("every 1 day starts '2026-11-28'", "every 1 day starts '2026-11-28 00:00:00'", true);
    check("every 1 day", "every 1 day starts '2026-11-28 00:18:11' ends '2027-11-28 00:18:11'", false);
    check("at now ( ) + interval 1 day", "at '2026-11-29 00:18:11'", true);
    check("at '2026-11-30 00:18:11'", "at '2026-11-29 00:18:11'", false);
}

#[test]
fn the_type_that_a_function_returns_is_a_type() {
    let mysql = Dialect::default();
    let same = |own, shown| returns_the_same(own, shown, mysql);
    assert!(same("( a int ) returns varchar ( 100 )", "( a int ) returns varchar ( 100 ) charset utf8mb4"));
    assert!(same("( ) returns boolean", "( ) returns tinyint ( 1 )"));
    assert!(!same("( ) returns varchar ( 10 )", "( ) returns varchar ( 20 ) charset utf8mb4"));
    assert!(!same("( a int ) returns int", "( b int ) returns int"));
    assert!(!same("( ) returns varchar ( 10 ) charset latin1", "( ) returns varchar ( 10 ) charset utf8mb4"));
}
