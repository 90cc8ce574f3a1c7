//! Waits for tables that others use without making everybody else wait behind.
//!
//! A change of a table waits until no transaction uses it, and every statement that comes later queues behind the change,
//! so one forgotten transaction and one `ALTER TABLE` stop a whole application. The session therefore waits only shortly,
//! steps aside, and tries again. A change that timed out did not run, so it may be repeated; a statement that waited for
//! rows may not, and is left alone.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::Run;
use crate::database::{Blocker, Database, Event, Executed, Failure, Progress};
use crate::error::{Blocked, Error};
use crate::lint::statement::Statement as Tokens;
use crate::plan::Step;
use crate::predict::{awaits, tables};
use crate::preflight::{Obstacle, Rebuilt, altered_tables, changed_tables, largest_rebuilt, preflight};
use crate::script::Script;
use crate::script::effect::Effect;

/// How long to wait for tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Seconds of one attempt, during which others queue behind.
    pub attempt: u64,
    /// Seconds altogether.
    pub total: u64,
}

impl Default for Patience {
    /// Five seconds, and ten minutes altogether.
    fn default() -> Self {
        Self { attempt: 5, total: 600 }
    }
}

/// `ER_LOCK_WAIT_TIMEOUT`.
const TIMEOUT: u16 = 1205;

/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

impl<D: Database, P: Progress> Run<'_, D, P> {
    /// Looks at server and account, once, before anything runs.
    ///
    /// # Errors
    /// [`Error::Preflight`] with everything that would stop the plan.
    pub(super) async fn preflight(&mut self, steps: &[Step<'_>]) -> Result<(), Error> {
        if steps.is_empty() || self.options.skip_executing || std::mem::replace(&mut self.looked_around, true)
        {
            return Ok(());
        }
        let standing = self.database.standing(&changed_tables(steps)).await?;
        let rebuilt = self.largest_rebuilt(steps).await;
        let mut found = preflight(steps, self.database.schema(), &standing, rebuilt.as_ref());
        let heeded = |bytes: u64| self.options.online.as_ref().is_some_and(|online| bytes > online.over);
        found.retain(|obstacle| !matches!(obstacle, Obstacle::Replicas { bytes, .. } if heeded(*bytes)));
        let (errors, warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Obstacle::is_error);
        for obstacle in &warnings {
            self.progress.event(Event::Obstacle(obstacle));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Error::Preflight { obstacles: errors.into_iter().chain(warnings).collect() })
        }
    }

    /// Nothing follows from what cannot be read.
    async fn largest_rebuilt(&mut self, steps: &[Step<'_>]) -> Option<Rebuilt> {
        let altered = altered_tables(steps);
        if altered.is_empty() {
            return None;
        }
        let (server, known) = self.database.grounds(&altered).await.ok()?;
        largest_rebuilt(steps, &altered, &server, known)
    }

    /// Bounds the wait of a statement that may have to wait for tables; `None`: it does not, or says itself how long it does.
    ///
    /// # Errors
    /// When the session cannot be asked how long it waits by default.
    pub(super) async fn bound(
        &mut self,
        sql: &str,
        effect: &Effect,
        patience: Option<Patience>,
    ) -> Result<Option<Patience>, Error> {
        let (Some(patience), Effect::Commits(_)) = (patience, effect) else { return Ok(None) };
        let tokens = Tokens::whole(sql);
        if !awaits(&tokens) || decides_itself(&tokens) {
            return Ok(None);
        }
        if self.usual_wait.is_none() {
            let usual = self.database.value("@@SESSION.lock_wait_timeout").await?;
            self.usual_wait = Some(usual.unwrap_or_else(|| "DEFAULT".to_owned()));
        }
        self.wait_for(&patience.attempt.to_string());
        Ok(Some(patience))
    }

    /// Lets what comes wait as long as ever.
    pub(super) fn unbound(&mut self) {
        if let Some(usual) = self.usual_wait.clone() {
            self.wait_for(&usual);
        }
    }

    fn wait_for(&mut self, seconds: &str) {
        self.database.prepend(format!("SET SESSION lock_wait_timeout = {seconds}"));
    }

    /// Runs a statement, if its wait was bounded however often it takes until its tables are free.
    ///
    /// # Errors
    /// [`Error::Blocked`] when they are not in time, [`Error::Stopped`] when somebody asks to stop meanwhile. The inner
    /// result is that of the statement.
    pub(super) async fn run_patiently(
        &mut self,
        step: &Step<'_>,
        at: usize,
        patience: Option<Patience>,
    ) -> Result<Result<Executed, Failure>, Error> {
        let Some(statement) = step.script.statement(at) else { return Ok(Ok(Executed::default())) };
        let sql = step.script.sql(statement);
        match patience {
            None => Ok(self.database.execute(sql).await),
            Some(patience) => self.attempt(step, at, sql, patience).await,
        }
    }

    async fn attempt(
        &mut self,
        step: &Step<'_>,
        at: usize,
        sql: &str,
        patience: Patience,
    ) -> Result<Result<Executed, Failure>, Error> {
        let Step { migration, script, .. } = step;
        let (line, _) = script.statement(at).map_or((1, 1), |one| script.position(script.span(one)));
        let (mut waited, mut next) = (Duration::ZERO, PAUSES.0);
        loop {
            let begun = Instant::now();
            let result = self.database.execute(sql).await;
            match &result {
                Err(failure) if failure.code == TIMEOUT => {}
                _ => return Ok(result),
            }
            let took = begun.elapsed();
            waited += took;
            let blockers = self.database.standing(&tables(&Tokens::whole(sql))).await?.blockers;
            // Who waited at the end has done the work in vain, and would do it again.
            let lost_work = took > Duration::from_secs(2 * patience.attempt + 1);
            let seconds = waited.as_secs();
            if lost_work || seconds >= patience.total {
                return Err(blocked(step, at, line, seconds, blockers, lost_work));
            }
            self.progress.event(Event::Blocked { migration, line, seconds, blockers: &blockers });
            let pause = with_jitter(next);
            self.database.pause(pause).await;
            waited += pause;
            next = (next * 2).min(PAUSES.1);
            if self.progress.stop() {
                let total = script.total();
                return Err(Error::Stopped { name: migration.name(), applied: at, total });
            }
        }
    }
}

fn blocked(
    step: &Step<'_>,
    at: usize,
    line: usize,
    seconds: u64,
    blockers: Vec<Blocker>,
    lost_work: bool,
) -> Error {
    let (src, span) = step.script.cite_statement(at);
    Error::Blocked(Box::new(Blocked {
        name: step.migration.name(),
        seconds,
        blockers,
        line,
        applied: at,
        total: step.script.total(),
        lost_work,
        src,
        span,
    }))
}

/// Whether a script says itself how long its statements wait.
pub(super) fn names_the_bound(script: &Script<'_>) -> bool {
    const NAME: &[u8] = b"lock_wait_timeout";
    // The name is long, and its only `k` rare.
    let names_it = |sql: &[u8]| {
        memchr::memchr2_iter(b'k', b'K', sql).any(|at| {
            at.checked_sub(3)
                .and_then(|start| sql.get(start..start + NAME.len()))
                .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
        })
    };
    script.statements.iter().any(|statement| names_it(script.sql(statement).as_bytes()))
}

/// Whether the statement says so.
fn decides_itself(statement: &Tokens<'_>) -> bool {
    (0..statement.len()).any(|index| statement.is_any(index, &["NOWAIT", "WAIT"]))
}

/// Between half of a time and all of it, so that several runners do not meet again and again.
fn with_jitter(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 1000;
    let half = time / 2;
    half + half.mul_f64(f64::from(u16::try_from(random).unwrap_or(0)) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{ApplyOptions, Report, apply};
    use crate::database::{Holder, Standing};
    use crate::memory::{MemoryDatabase, run};
    use crate::plan::PlanOptions;
    use crate::resolve::{LocationFile, resolve};

    fn apply_text(database: &mut MemoryDatabase, text: &str, total: u64) -> Result<Report, Error> {
        let file =
            LocationFile { script: "V1__a.sql".into(), path: "m/V1__a.sql".into(), bytes: text.into() };
        let (files, _) = resolve(vec![file]);
        let patience = Some(Patience { attempt: 5, total });
        let options = ApplyOptions { plan: PlanOptions::validated(), patience, ..ApplyOptions::default() };
        run(apply(database, &files, &options, &mut ())).unwrap()
    }

    fn busy(part: &str, pauses: usize) -> MemoryDatabase {
        let failure = Failure {
            code: TIMEOUT,
            state: "HY000".into(),
            message: "timeout".into(),
            connection_lost: false,
        };
        let blocker = Blocker { holder: Holder { connection: 7, ..Holder::default() }, certain: true };
        MemoryDatabase {
            fail_on: Some((part.into(), failure)),
            standing: Standing { blockers: vec![blocker], ..Standing::default() },
            patience: pauses,
            values: [("@@SESSION.lock_wait_timeout".to_owned(), "31536000".to_owned())].into(),
            ..MemoryDatabase::default()
        }
    }

    #[test]
    fn a_change_is_tried_until_its_table_is_free() {
        let mut database = busy("ALTER", 4);
        let _ = apply_text(&mut database, "ALTER TABLE t ADD a INT;", 600).unwrap();
        assert_eq!(database.pauses.len(), 4);
        assert!(database.pauses[3] > database.pauses[0] && database.pauses[0] >= PAUSES.0 / 2);
        assert_eq!(
            database.executed,
            [
                "SET SESSION lock_wait_timeout = 5",
                "ALTER TABLE t ADD a INT",
                "SET SESSION lock_wait_timeout = 31536000"
            ]
        );
    }

    #[test]
    fn patience_ends_and_names_who_is_in_the_way() {
        let mut database = busy("ALTER", usize::MAX);
        let Err(Error::Blocked(error)) = apply_text(&mut database, "ALTER TABLE t ADD a INT;", 3) else {
            panic!("it was not blocked")
        };
        assert!(error.to_string().contains("connection 7 uses it"), "{error}");
        assert_eq!((error.applied, error.lost_work), (0, false));
        // Nothing ran, so nothing failed: the next run simply begins.
        assert_eq!(database.history.as_deref(), Some(&[][..]));
        database.fail_on = None;
        let _ = apply_text(&mut database, "ALTER TABLE t ADD a INT;", 3).unwrap();
    }

    #[test]
    fn what_ran_before_stays_in_force() {
        let mut database = busy("ALTER", usize::MAX);
        let text = "CREATE TABLE t (i INT);\nALTER TABLE t ADD a INT;";
        let Err(Error::Blocked(error)) = apply_text(&mut database, text, 1) else {
            panic!("it was not blocked")
        };
        assert_eq!((error.applied, error.line), (1, 2));
        assert_eq!(database.history.as_deref(), Some(&[][..]), "it did not fail");
        database.fail_on = None;
        let _ = apply_text(&mut database, text, 1).unwrap();
        let created = database.executed.iter().filter(|sql| sql.starts_with("CREATE")).count();
        assert_eq!(created, 1, "{:?}", database.executed);
    }

    #[test]
    fn rows_and_scripts_with_a_will_of_their_own_are_left_alone() {
        for text in [
            "UPDATE t SET a = 1;",
            "SET lock_wait_timeout = 60;\nALTER TABLE t ADD a INT;",
            "SET STATEMENT lock_wait_timeout = 60 FOR ALTER TABLE t ADD a INT;",
            "ALTER TABLE t NOWAIT ADD a INT;",
            "CREATE TABLE u AS SELECT * FROM t;",
        ] {
            let mut database = busy(" t", usize::MAX);
            assert!(matches!(apply_text(&mut database, text, 600), Err(Error::Statement(_))), "{text}");
            assert!(database.pauses.is_empty());
        }
    }
}
