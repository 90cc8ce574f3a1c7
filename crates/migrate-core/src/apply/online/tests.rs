use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::*;
use crate::apply::{ApplyOptions, Report, apply};
use crate::memory::{MemoryDatabase, run};
use crate::online::{Advance, Changing, OnlineTool};
use crate::plan::PlanOptions;
use crate::predict::{Size, Specials, TableFacts};
use crate::resolve::{LocationFile, resolve};

/// A tool that does what it is told.
#[derive(Debug, Default)]
struct Fake {
    looks: Vec<Look>,
    begun: Mutex<Vec<Change>>,
}

struct Pretending(VecDeque<Look>);

impl OnlineTool for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn begin(&self, change: &Change) -> Result<Box<dyn Changing + Send>, String> {
        self.begun.lock().unwrap().push(change.clone());
        Ok(Box::new(Pretending(self.looks.clone().into())))
    }

    fn leftovers(&self, change: &Change) -> (Vec<String>, Vec<String>) {
        (vec!["left_ins".to_owned()], vec![format!("_{}_left", change.table)])
    }
}

impl Changing for Pretending {
    fn look(&mut self) -> Look {
        self.0.pop_front().unwrap_or_else(|| ended(true))
    }

    fn stop(&mut self) {
        self.0 = [ended(false)].into();
    }
}

fn ended(success: bool) -> Look {
    Look::Ended { success, how: "exited with code 7".into(), lines: vec!["it broke".into()] }
}

fn database(bytes: u64) -> MemoryDatabase {
    let facts = TableFacts {
        size: Size { rows: None, bytes: Some(bytes) },
        engine: Some("InnoDB".into()),
        row_format: Some("Dynamic".into()),
        specials: Some(Specials::default()),
        ..TableFacts::default()
    };
    let table = Object { kind: ObjectKind::Table, schema: None, name: "t".into() };
    let mut database = MemoryDatabase::default();
    database.known.tables.insert(table, facts);
    database.definitions.insert("t".into(), "CREATE TABLE `t` (`a` int)".into());
    database
}

#[derive(Default)]
struct Seen {
    percents: Vec<Option<u8>>,
    obstacles: Vec<String>,
    stop: bool,
}

impl Progress for Seen {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Online { advance, .. } => self.percents.push(advance.map(|advance| advance.percent)),
            Event::Obstacle(obstacle) => self.obstacles.push(obstacle.to_string()),
            _ => {}
        }
    }

    fn stop(&self) -> bool {
        self.stop && !self.percents.is_empty()
    }
}

fn apply_text(
    database: &mut MemoryDatabase,
    text: &str,
    tool: &Arc<Fake>,
    seen: &mut Seen,
) -> Result<Report, Error> {
    let online = Online { over: 100, tool: Arc::clone(tool) as Arc<dyn OnlineTool> };
    apply_with(database, text, Some(online), seen)
}

fn apply_with(
    database: &mut MemoryDatabase,
    text: &str,
    online: Option<Online>,
    seen: &mut Seen,
) -> Result<Report, Error> {
    let file = LocationFile { script: "V1__a.sql".into(), path: "m/V1__a.sql".into(), bytes: text.into() };
    let (files, _) = resolve(vec![file]);
    let options = ApplyOptions { plan: PlanOptions::validated(), online, ..ApplyOptions::default() };
    run(apply(database, &files, &options, seen)).unwrap()
}

const FORCE: &str = "INSERT INTO t VALUES (1);\nALTER TABLE t FORCE;";

#[test]
fn a_large_table_is_changed_by_the_tool() {
    let advance = Advance { percent: 40, left: None };
    let tool =
        Arc::new(Fake { looks: vec![Look::Working(Some(advance)), Look::Working(None)], ..Fake::default() });
    let (mut database, mut seen) = (database(101), Seen::default());
    let _ = apply_text(&mut database, FORCE, &tool, &mut seen).unwrap();
    let change = Change { schema: "memory".into(), table: "t".into(), clauses: "FORCE".into() };
    assert_eq!(*tool.begun.lock().unwrap(), [change]);
    assert_eq!(seen.percents, [None, Some(40)]);
    assert_eq!(database.executed, ["INSERT INTO t VALUES (1)"]);
    assert!(database.journal.is_none());
}

#[test]
fn a_small_table_an_unknown_one_and_a_cheap_change_are_left_to_the_server() {
    let tool = Arc::default();
    for (bytes, text) in [
        (100, "ALTER TABLE t FORCE;"),
        (101, "ALTER TABLE u FORCE;"),
        (101, "ALTER TABLE t ALTER a SET DEFAULT 1;"),
    ] {
        let mut database = database(bytes);
        let _ = apply_text(&mut database, text, &tool, &mut Seen::default()).unwrap();
        assert_eq!(database.executed, [text.trim_end_matches(';')]);
    }
    assert!(tool.begun.lock().unwrap().is_empty());
}

#[test]
fn after_a_failure_the_next_run_goes_on_with_the_statement() {
    let tool = Arc::new(Fake { looks: vec![ended(false)], ..Fake::default() });
    let mut database = database(101);
    database.definitions.insert("_t_left".into(), "CREATE TABLE …".into());
    let failed = apply_text(&mut database, FORCE, &tool, &mut Seen::default());
    let Err(Error::Online(error)) = failed else { panic!("{failed:?}") };
    assert_eq!((error.applied, error.line, error.reason.as_str()), (1, 2, "exited with code 7"));
    let help = miette::Diagnostic::help(&*error).unwrap().to_string();
    assert!(help.contains("DROP TABLE `memory`.`_t_left`;") && help.contains("it broke"), "{help}");
    assert_eq!(database.history.as_deref(), Some(&[][..]), "the migration did not fail");
    let _ = apply_text(&mut database, FORCE, &Arc::default(), &mut Seen::default()).unwrap();
    assert_eq!(database.executed, ["INSERT INTO t VALUES (1)"]);
}

#[test]
fn a_success_that_changes_nothing_is_none() {
    let mut database = database(101);
    let failed =
        apply_text(&mut database, "ALTER TABLE t MODIFY a TEXT;", &Arc::default(), &mut Seen::default());
    let Err(Error::Online(error)) = failed else { panic!("{failed:?}") };
    assert!(error.reason.contains("the table is as it was"), "{error}");
}

#[test]
fn who_stops_stops_the_tool() {
    let tool = Arc::new(Fake { looks: vec![Look::Working(None); 1000], ..Fake::default() });
    let mut seen = Seen { stop: true, ..Seen::default() };
    let stopped = apply_text(&mut database(101), FORCE, &tool, &mut seen);
    assert!(matches!(stopped, Err(Error::Stopped { applied: 1, total: 2, .. })), "{stopped:?}");
}

#[test]
fn what_would_lose_rows_or_keys_is_refused() {
    let tool = Arc::default();
    let refused = |database: &mut MemoryDatabase, text: &str| match apply_text(
        database,
        text,
        &tool,
        &mut Seen::default(),
    ) {
        Err(Error::Online(error)) => error.reason,
        other => panic!("{other:?}"),
    };
    let mut unique = database(101);
    let reason = refused(&mut unique, "INSERT INTO t VALUES (1);\nALTER TABLE t FORCE, ADD UNIQUE (a);");
    assert!(reason.contains("unique"), "{reason}");
    assert_eq!(unique.executed, ["INSERT INTO t VALUES (1)"], "what ran before is in force");
    let mut related = database(101);
    related.definitions.insert(
        "t".into(),
        "CREATE TABLE `t` (\n CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `u` (`a`))".into(),
    );
    let reason = refused(&mut related, "ALTER TABLE t FORCE;");
    assert!(reason.contains("foreign keys"), "{reason}");
    assert!(tool.begun.lock().unwrap().is_empty());
}

#[test]
fn the_connection_is_kept_awake() {
    let tool = Arc::new(Fake { looks: vec![Look::Working(None); 350], ..Fake::default() });
    let mut database = database(101);
    let _ = apply_text(&mut database, FORCE, &tool, &mut Seen::default()).unwrap();
    assert_eq!(database.asked.iter().filter(|asked| *asked == "1").count(), 3);
}

#[test]
fn replicas_fall_behind_only_where_the_server_does_it() {
    let warned = |online: bool| {
        let mut database = database(1 << 40);
        database.standing.replicas = 2;
        database.standing.free_bytes = Some(u64::MAX);
        let mut seen = Seen::default();
        if online {
            let _ = apply_text(&mut database, FORCE, &Arc::default(), &mut seen).unwrap();
        } else {
            let _ = apply_with(&mut database, FORCE, None, &mut seen).unwrap();
        }
        seen.obstacles
    };
    assert_eq!(warned(true), [""; 0]);
    assert!(warned(false)[0].starts_with("2 replicas write `t` (1024 GiB) anew"));
}
