use std::collections::BTreeMap;

use super::*;
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::definer::Definers;
use crate::dialect::Dialect;
use crate::live::{Live, Shown};
use crate::load::{SchemaFile, load_into};

fn shown(kind: ObjectKind, name: &str, text: &str) -> Shown {
    let table = (kind == ObjectKind::Trigger).then(|| "t".to_owned());
    Shown { kind, name: name.to_owned(), table, definition: Ok(text.to_owned()), sql_mode: None }
}

fn file(kind: ObjectKind, text: &str) -> String {
    let (mut files, findings) = written(&[shown(kind, "x", text)], Dialect::default(), &Definers::Strip);
    assert!(findings.is_empty(), "{findings:?}");
    files.remove(0).text
}

#[test]
fn a_column_says_only_what_its_table_does_not() {
    let text = file(
        ObjectKind::Table,
        "CREATE TABLE `x` (\n  `a` varchar(9) COLLATE utf8mb4_bin DEFAULT NULL,\n  \
         `b` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\n  \
         `c` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci,\n  `d` char(3) CHARACTER SET latin1,\n  \
         `e` int COMMENT 'COLLATE x',\n  `f` text GENERATED ALWAYS AS ((`a` collate utf8mb4_general_ci))\n\
         ) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
    );
    assert_eq!(
        text,
        "CREATE TABLE `x` (\n  `a` varchar(9) DEFAULT NULL,\n  `b` varchar(9) NOT NULL,\n  \
         `c` varchar(9) COLLATE utf8mb4_0900_ai_ci,\n  `d` char(3) CHARACTER SET latin1 COLLATE latin1_swedish_ci,\n  \
         `e` int COMMENT 'COLLATE x',\n  `f` text GENERATED ALWAYS AS ((`a` collate utf8mb4_general_ci))\n\
         ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;\n"
    );
}

#[test]
fn the_lines_of_a_query_change_nothing_but_white_space() {
    let query = "select distinct `a`.`x` AS `x`,left(`a`.`y`,2) AS `y`,(select max(`z`.`z`) from `z` left join `w` on((1 = 1)) where 1) AS `m` \
         from ((`a` left join `b` on((`a`.`x` = `b`.`x`))) join (select 1 AS `q` from `c` join `d`) `e` on((`e`.`q` = `a`.`x`))) \
         where ((`a`.`x` > 1) and (`b`.`y` = ' from ')) group by `a`.`x` order by `a`.`x` limit 3 union all select 1,2,3 from `t`";
    let text = file(
        ObjectKind::View,
        &format!("CREATE ALGORITHM=UNDEFINED DEFINER=`r`@`%` SQL SECURITY DEFINER VIEW `x` AS {query}"),
    );
    let lines: Vec<&str> = text.trim_end_matches(";\n").lines().collect();
    assert_eq!(lines[0], "CREATE VIEW `x` AS");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace(", ", ",");
    assert_eq!(words(&lines[1..].join("\n")), words(query));
    for line in [
        "    `a`.`x` AS `x`,",
        "    left(`a`.`y`,2) AS `y`,",
        "    left join `b` on((`a`.`x` = `b`.`x`)))",
        "group by `a`.`x`",
        "union all",
        "select",
        "from `t`",
    ] {
        assert!(lines.contains(&line), "{line}\n{text}");
    }
    assert!(lines.iter().any(|line| line.contains("from `c` join `d`")), "{text}");
}

#[test]
fn triggers_say_whom_they_follow_only_where_names_do_not() {
    let trigger = |name: &str| {
        shown(
            ObjectKind::Trigger,
            name,
            &format!(
                "CREATE DEFINER=`r`@`%` trigger shop.{name} before insert on shop.t for each row SET @a = 1"
            ),
        )
    };
    let texts = |names: &[&str]| {
        let shown: Vec<Shown> = names.iter().map(|name| trigger(name)).collect();
        written(&shown, Dialect::default(), &Definers::Strip)
            .0
            .into_iter()
            .map(|file| file.text)
            .collect::<Vec<_>>()
    };
    let head = |name: &str| format!("CREATE TRIGGER `{name}`\nBEFORE INSERT ON `t`\nFOR EACH ROW\n");
    assert_eq!(texts(&["a", "b"]), [head("a") + "SET @a = 1;\n", head("b") + "SET @a = 1;\n"]);
    assert_eq!(texts(&["b", "a"]), [head("b") + "SET @a = 1;\n", head("a") + "FOLLOWS `b`\nSET @a = 1;\n"]);
}

#[test]
fn what_a_file_cannot_say_is_found() {
    let mut program = shown(ObjectKind::Procedure, "p", "CREATE PROCEDURE `p`() SELECT 1");
    program.sql_mode = Some("ANSI_QUOTES,STRICT_TRANS_TABLES,PIPES_AS_CONCAT".to_owned());
    let odd = shown(ObjectKind::Event, "e", "CREATE EVENT `e` ON WHIM DO SELECT 1");
    let names =
        ["a/b", "..", "", "a\nb", "\\"].map(|name| shown(ObjectKind::Table, name, "CREATE TABLE x (a INT)"));
    let all: Vec<Shown> = names.into_iter().chain([program, odd]).collect();
    let (files, findings) = written(&all, Dialect::default(), &Definers::Strip);
    assert_eq!(
        files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
        ["procedures/p.sql", "events/e.sql"]
    );
    assert!(
        findings[..5].iter().all(|finding| matches!(finding, DumpFinding::FileName { .. })),
        "{findings:?}"
    );
    assert!(
        matches!(&findings[5], DumpFinding::SqlMode { mode, .. } if mode == "ANSI_QUOTES,PIPES_AS_CONCAT")
    );
    assert!(matches!(&findings[6], DumpFinding::NotUnderstood { .. }));
    assert_eq!(findings.len(), 7);
}

#[test]
fn an_update_knows_what_is_new_other_same_and_gone() {
    let files: Vec<SchemaFile> = [
        ("tables/same.sql", "-- mine\ncreate table same (a int) default charset=utf8mb4 collate=utf8mb4_bin"),
        ("tables/other.sql", "CREATE TABLE other (a INT)"),
        ("views/gone.sql", "CREATE VIEW gone AS SELECT a FROM same"),
        ("events/hidden.sql", "CREATE EVENT hidden ON SCHEDULE EVERY 1 DAY DO SELECT 1"),
        ("procedures/unwanted.sql", "CREATE PROCEDURE unwanted() SELECT 1"),
    ]
    .map(|(path, text)| SchemaFile { path: path.into(), shown: path.into(), bytes: text.into() })
    .into();
    let empty = Catalogue::named(Dialect::default(), "shop", "utf8mb4", "utf8mb4_bin");
    let (schema, _) = load_into(files, empty.clone());
    let shown = [
        shown(
            ObjectKind::Table,
            "same",
            "CREATE TABLE `same` (\n  `a` int DEFAULT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        ),
        shown(ObjectKind::Table, "other", "CREATE TABLE `other` (`b` int)"),
        shown(ObjectKind::Table, "fresh", "CREATE TABLE `fresh` (`b` int)"),
    ];
    let mut live = Live::of(empty, &shown);
    live.hidden.push(ObjectKind::Event);
    let paths: Vec<String> = schema.objects.iter().map(|object| object.source.name().to_owned()).collect();
    let (written, _) = written(&shown, Dialect::default(), &Definers::Strip);
    let (changes, findings) = plan(&schema, &paths, &live, written, &|_, name| name != "unwanted");
    assert!(findings.is_empty(), "{findings:?}");
    let fates: BTreeMap<&str, Fate> =
        changes.iter().map(|change| (change.name.as_str(), change.fate)).collect();
    let expected =
        [("same", Fate::Kept), ("other", Fate::Updated), ("fresh", Fate::Created), ("gone", Fate::Gone)];
    assert_eq!(fates, BTreeMap::from(expected));
    assert!(
        changes
            .iter()
            .all(|change| change.text.is_some() == matches!(change.fate, Fate::Created | Fate::Updated))
    );
}
