//! Whether disk and replicas bear a plan that writes whole tables anew.

use std::collections::BTreeSet;

use super::Obstacle;
use crate::database::Standing;
use crate::lint::statement::Statement;
use crate::lint::table;
use crate::plan::Step;
use crate::predict::{Known, predict, tables};
use crate::script::effect::Object;
use crate::server::Server;

/// From this size on replicas fall behind for long.
const LARGE: u64 = 1 << 30;

/// A table that a plan writes anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rebuilt {
    /// Its name.
    pub(crate) table: String,
    /// Its data and indexes.
    pub(crate) bytes: u64,
}

/// The tables that a plan alters and did not make itself.
pub(crate) fn altered_tables(steps: &[Step<'_>]) -> BTreeSet<Object> {
    let (mut made, mut altered) = (BTreeSet::new(), BTreeSet::new());
    for step in steps {
        for statement in &step.script.statements {
            let statement = Statement::whole(step.script.sql(statement));
            if table::create(&statement).is_some() {
                made.extend(tables(&statement));
            } else if may_rebuild(&statement) {
                altered.extend(tables(&statement).into_iter().filter(|table| !made.contains(table)));
            }
        }
    }
    altered
}

fn may_rebuild(statement: &Statement<'_>) -> bool {
    statement.is_any(0, &["ALTER", "CREATE", "DROP", "OPTIMIZE"]) && !statement.is_program()
}

/// The largest of these tables that a plan writes anew. One is written after the other, so the largest needs the most room.
pub(crate) fn largest_rebuilt(
    steps: &[Step<'_>],
    altered: &BTreeSet<Object>,
    server: &Server,
    mut known: Known,
) -> Option<Rebuilt> {
    let mut largest: Option<Rebuilt> = None;
    for step in steps {
        for statement in &step.script.statements {
            let sql = step.script.sql(statement);
            let statement = Statement::on(server, sql);
            let first = tables(&statement).into_iter().next().filter(|table| altered.contains(table));
            let (Some(table), true) = (first, may_rebuild(&statement)) else { continue };
            let bytes = known.tables.get(&table).and_then(|facts| facts.size.bytes).unwrap_or(0);
            if bytes > largest.as_ref().map_or(0, |largest| largest.bytes)
                && predict(sql, server, &known).algorithm.rebuilds()
            {
                largest = Some(Rebuilt { table: table.name, bytes });
            }
            known.after(server, sql);
        }
    }
    largest
}

/// What is against writing a table anew.
pub(super) fn obstacles(rebuilt: &Rebuilt, standing: &Standing) -> Vec<Obstacle> {
    let Rebuilt { table, bytes } = rebuilt.clone();
    let mut found = Vec::new();
    match standing.free_bytes {
        Some(free) if free > bytes => {}
        Some(free) => found.push(Obstacle::NoRoom { table: table.clone(), bytes, free }),
        None => found.push(Obstacle::RoomNotChecked { table: table.clone(), bytes }),
    }
    if bytes >= LARGE && standing.replicas > 0 {
        found.push(Obstacle::Replicas { count: standing.replicas, table, bytes });
    }
    found
}

/// As a person writes it.
pub(super) fn size(bytes: u64) -> String {
    let mut rest = bytes;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if rest < 10_240 {
            return format!("{rest} {unit}");
        }
        rest /= 1024;
    }
    format!("{rest} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{PlanOptions, plan};
    use crate::predict::{Size, Specials, TableFacts};
    use crate::resolve::{LocationFile, resolve};

    fn largest(sql: &str) -> (Vec<String>, Option<Rebuilt>) {
        let file = LocationFile { script: "V1__x.sql".into(), path: "V1__x.sql".into(), bytes: sql.into() };
        let (files, _) = resolve(vec![file]);
        let steps = plan(&files, &[], &PlanOptions::default()).unwrap();
        let altered = altered_tables(&steps);
        let facts = |name: &str| TableFacts {
            size: Size { rows: None, bytes: Some(if name == "big" { 2 * LARGE } else { LARGE }) },
            engine: Some("InnoDB".into()),
            row_format: Some("Dynamic".into()),
            specials: Some(Specials::default()),
            instant_versions: Some(0),
            ..TableFacts::default()
        };
        let known = altered.iter().map(|table| (table.clone(), facts(&table.name))).collect();
        let known = Known { tables: known, ..Known::default() };
        let names = altered.iter().map(|table| table.name.clone()).collect();
        (names, largest_rebuilt(&steps, &altered, &Server::parse("8.4.3"), known))
    }

    #[test]
    fn the_largest_table_that_is_written_anew_counts() {
        let (altered, rebuilt) = largest(
            "ALTER TABLE small FORCE; ALTER TABLE big FORCE; OPTIMIZE TABLE small; CREATE TABLE own (a INT); ALTER TABLE own FORCE;",
        );
        assert_eq!(altered, ["big", "small"]);
        assert_eq!(rebuilt, Some(Rebuilt { table: "big".into(), bytes: 2 * LARGE }));
        let (_, rebuilt) =
            largest("ALTER TABLE small FORCE; ALTER TABLE big ADD a INT; UPDATE big SET a = 1;");
        assert_eq!(rebuilt, Some(Rebuilt { table: "small".into(), bytes: LARGE }));
        assert_eq!(largest("INSERT INTO big VALUES (1);"), (vec![], None));
    }

    #[test]
    fn room_and_replicas_are_looked_at() {
        let said = |bytes, free_bytes, replicas| {
            let rebuilt = Rebuilt { table: "t".into(), bytes };
            let found = obstacles(&rebuilt, &Standing { free_bytes, replicas, ..Standing::default() });
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(said(100, Some(101), 3), "");
        assert_eq!(
            said(20_480, Some(100), 0),
            "`t` will be written anew, which takes about 20 KiB, and the server's disk has 100 bytes free"
        );
        assert!(said(100, None, 0).contains("not checked"));
        assert_eq!(
            said(20 * LARGE, Some(u64::MAX), 2),
            "2 replicas write `t` (20 GiB) anew once this server has, and fall behind as long as that takes"
        );
    }
}
