//! What would stop a plan midway, found before anything runs: a server that takes no changes, privileges that the account
//! lacks, transactions that keep tables from being changed, a disk that is too full, replicas.
//!
//! Nothing is refused on a guess. Where roles or privileges on single tables leave it open, the finding is a warning.

mod room;

use std::collections::BTreeSet;

use miette::{Diagnostic, Severity};
use thiserror::Error as ThisError;

use crate::database::{Blocker, Source, Standing};
use crate::lint::statement::Statement;
use crate::plan::Step;
use crate::predict::{awaits, tables};
use crate::script::effect::Object;
use crate::script::lexer::{Lexer, TokenKind};

use room::size;
pub(crate) use room::{Rebuilt, altered_tables, largest_rebuilt};

/// Transactions that are younger than this will be over soon.
const LONG: u64 = 10;

/// Something in the way of a plan.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Obstacle {
    /// The server takes no changes from us.
    #[error("the server refuses changes: {} is on", variables.join(", "))]
    ReadOnly {
        /// The variables that are on.
        variables: Vec<String>,
        /// No role can make an exception.
        certain: bool,
    },
    /// The account may not do what the plan does.
    #[error(
        "the account {} {} on `{schema}`",
        if *certain { "lacks" } else { "may lack" },
        privileges.join(", ")
    )]
    MissingPrivileges {
        /// The SQL words.
        privileges: Vec<&'static str>,
        /// The schema.
        schema: String,
        /// No role and no privilege on a single table can make up for it.
        certain: bool,
    },
    /// A transaction that has been open for long.
    #[error("a change of tables will wait: {blocker}")]
    LongTransaction {
        /// Whose it is.
        blocker: Blocker,
    },
    /// The server follows another one.
    #[error(
        "this server is a replica{}, and what is changed here does not reach {}",
        behind.map_or(String::new(), |seconds| format!(", {seconds} s behind")),
        source_host.as_deref().unwrap_or("its source")
    )]
    Replica {
        /// The host that it follows.
        source_host: Option<String>,
        /// By how many seconds it is late; absent when it does not run or does not tell.
        behind: Option<u64>,
    },
    /// The copy of a table may fill the disk.
    #[error(
        "`{table}` will be written anew, which takes about {}, and the server's disk has {} free",
        size(*bytes),
        size(*free)
    )]
    NoRoom {
        /// The table.
        table: String,
        /// Its data and indexes.
        bytes: u64,
        /// What is free.
        free: u64,
    },
    /// The server does not tell how full its disk is.
    #[error("`{table}` will be written anew; that {} are free was not checked, since the server does not tell", size(*bytes))]
    RoomNotChecked {
        /// The table.
        table: String,
        /// Its data and indexes.
        bytes: u64,
    },
    /// A script with more definitions than are looked at.
    #[error(
        "`{path}` is so large that not all of its statements were looked at for what may be in their way"
    )]
    NotAllLookedAt {
        /// The script's path.
        path: String,
    },
    /// Replicas repeat what takes long.
    #[error(
        "{} `{table}` ({}) anew once this server has, and fall behind as long as that takes",
        if *count == 1 { "1 replica writes".to_owned() } else { format!("{count} replicas write") },
        size(*bytes)
    )]
    Replicas {
        /// How many.
        count: usize,
        /// The table.
        table: String,
        /// Its data and indexes.
        bytes: u64,
    },
}

impl Obstacle {
    /// Whether the plan cannot succeed.
    pub fn is_error(&self) -> bool {
        self.severity() == Some(Severity::Error)
    }

    /// Whether it is only for those who want to know everything.
    pub fn is_advice(&self) -> bool {
        self.severity() == Some(Severity::Advice)
    }
}

impl Diagnostic for Obstacle {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(match self {
            Self::ReadOnly { .. } => "migrate/read-only",
            Self::MissingPrivileges { .. } => "migrate/missing-privileges",
            Self::LongTransaction { .. } => "migrate/long-transaction",
            Self::Replica { .. } => "migrate/replica",
            Self::NoRoom { .. } => "migrate/no-room",
            Self::RoomNotChecked { .. } => "migrate/room-not-checked",
            Self::Replicas { .. } => "migrate/replicas",
            Self::NotAllLookedAt { .. } => "migrate/not-all-looked-at",
        }))
    }

    fn severity(&self) -> Option<Severity> {
        match self {
            Self::ReadOnly { certain: true, .. } | Self::MissingPrivileges { certain: true, .. } => {
                Some(Severity::Error)
            }
            Self::RoomNotChecked { .. } => Some(Severity::Advice),
            _ => Some(Severity::Warning),
        }
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(match self {
            Self::ReadOnly { .. } => {
                "connect to the primary: a replica, or a server under maintenance, is read-only".to_owned()
            }
            Self::MissingPrivileges { privileges, schema, .. } => {
                format!(
                    "an administrator runs: GRANT {} ON `{schema}`.* TO the account",
                    privileges.join(", ")
                )
            }
            Self::LongTransaction { blocker } => {
                format!("end it, or KILL {}, if it is idle by mistake", blocker.holder.connection)
            }
            Self::Replica { .. } => {
                "connect to the primary, unless this replica is meant to differ from it".to_owned()
            }
            Self::NoRoom { .. } => "make room first: a server whose disk is full stops working".to_owned(),
            Self::RoomNotChecked { .. } => {
                "look yourself; MariaDB tells once its plugin `disks` is installed and the account has FILE"
                    .to_owned()
            }
            Self::Replicas { .. } => {
                "let gh-ost or pt-online-schema-change do it, which heed replicas: `--online`".to_owned()
            }
            Self::NotAllLookedAt { .. } => "split it, if it is more than rows".to_owned(),
        }))
    }
}

/// The tables that a plan changes while others may use them.
pub(crate) fn changed_tables(steps: &[Step<'_>]) -> Vec<Object> {
    let mut found = BTreeSet::new();
    for step in steps {
        for statement in &step.script.statements {
            let statement = Statement::whole(step.script.sql(statement));
            if awaits(&statement) {
                found.extend(tables(&statement));
            }
        }
    }
    found.into_iter().collect()
}

/// Everything that is in the way of a plan, which writes the `rebuilt` table anew.
pub(crate) fn preflight(
    steps: &[Step<'_>],
    schema: &str,
    standing: &Standing,
    rebuilt: Option<&Rebuilt>,
) -> Vec<Obstacle> {
    let grants = Grants::read(&standing.grants, schema);
    let mut obstacles = Vec::new();
    let binding: Vec<String> = standing
        .read_only
        .iter()
        .filter(|variable| *variable != "read_only" || !grants.overrides_read_only())
        .cloned()
        .collect();
    if !binding.is_empty() {
        let certain = grants.complete || binding.iter().any(|variable| variable != "read_only");
        obstacles.push(Obstacle::ReadOnly { variables: binding, certain });
    }
    let mut needed = BTreeSet::new();
    for step in steps {
        let mut temporary = BTreeSet::new();
        for statement in &step.script.statements {
            let sql = step.script.sql(statement);
            // What is in executable comments is not for every server.
            if Lexer::new(sql).any(|token| token.kind == TokenKind::ExecutableComment) {
                continue;
            }
            let statement = Statement::whole(sql);
            let tables = tables(&statement);
            // Those who make a temporary table may do anything with it.
            if statement.find(0..4, "TEMPORARY").is_some() {
                temporary.extend(tables);
            } else if !tables.iter().any(|table| temporary.contains(table) || is_elsewhere(table, schema)) {
                needed.extend(needs(&statement));
            }
        }
    }
    obstacles.extend(
        steps
            .iter()
            .filter(|step| step.script.is_cut())
            .map(|step| Obstacle::NotAllLookedAt { path: step.migration.path().to_owned() }),
    );
    let missing: Vec<&'static str> = needed.into_iter().filter(|privilege| !grants.have(privilege)).collect();
    if !missing.is_empty() && grants.known {
        let certain = grants.complete;
        obstacles.push(Obstacle::MissingPrivileges {
            privileges: missing,
            schema: schema.to_owned(),
            certain,
        });
    }
    let long = standing
        .blockers
        .iter()
        .filter(|blocker| blocker.holder.seconds.is_some_and(|seconds| seconds >= LONG));
    obstacles.extend(long.map(|blocker| Obstacle::LongTransaction { blocker: blocker.clone() }));
    if let Some(Source { host, behind }) = &standing.source {
        obstacles.push(Obstacle::Replica { source_host: host.clone(), behind: *behind });
    }
    obstacles.extend(rebuilt.into_iter().flat_map(|rebuilt| room::obstacles(rebuilt, standing)));
    obstacles
}

fn is_elsewhere(table: &Object, schema: &str) -> bool {
    table.schema.as_deref().is_some_and(|other| !other.eq_ignore_ascii_case(schema))
}

/// The privilege on the schema that a statement takes for certain.
fn needs(statement: &Statement<'_>) -> Option<&'static str> {
    let is = |words: &[&str]| statement.is_any(0, words);
    let created = |kind: &str| statement.created_kind().is_some_and(|at| statement.is(at, kind));
    match statement.at(0).to_ascii_uppercase().as_str() {
        "INSERT" => Some("INSERT"),
        "UPDATE" => Some("UPDATE"),
        "DELETE" => Some("DELETE"),
        "TRUNCATE" => Some("DROP"),
        "ALTER" if crate::lint::table::alter(statement).is_some() => Some("ALTER"),
        "DROP" if is(&["DROP TABLE", "DROP VIEW"]) => Some("DROP"),
        "DROP" if is(&["DROP INDEX"]) => Some("INDEX"),
        "DROP" if is(&["DROP TRIGGER"]) => Some("TRIGGER"),
        "DROP" if is(&["DROP EVENT"]) => Some("EVENT"),
        "CREATE" if created("TABLE") => Some("CREATE"),
        "CREATE" if created("INDEX") => Some("INDEX"),
        "CREATE" if created("VIEW") => Some("CREATE VIEW"),
        "CREATE" if created("TRIGGER") => Some("TRIGGER"),
        "CREATE" if created("PROCEDURE") || created("FUNCTION") => Some("CREATE ROUTINE"),
        "CREATE" if created("EVENT") => Some("EVENT"),
        _ => None,
    }
}

/// The privileges of an account on a schema.
#[derive(Debug, Default)]
struct Grants {
    privileges: BTreeSet<String>,
    global: BTreeSet<String>,
    /// The server showed them.
    known: bool,
    /// There is nothing else, such as roles, that may give more.
    complete: bool,
}

impl Grants {
    fn read(lines: &[String], schema: &str) -> Self {
        let mut grants = Self { known: !lines.is_empty(), complete: !lines.is_empty(), ..Self::default() };
        for line in lines {
            let Some((privileges, rest)) =
                line.strip_prefix("GRANT ").and_then(|rest| rest.split_once(" ON "))
            else {
                // A role, or what was taken back of a global privilege.
                grants.complete = false;
                continue;
            };
            let on = rest.split(" TO ").next().unwrap_or_default().trim();
            let list = privileges.split(',').map(|privilege| privilege.trim().to_uppercase());
            if on == "*.*" {
                grants.global.extend(list.clone());
                grants.privileges.extend(list);
            } else if let Some(pattern) = on.strip_suffix(".*") {
                if matches(unquote(pattern).as_bytes(), schema.as_bytes()) {
                    grants.privileges.extend(list);
                }
            } else if !privileges.starts_with("PROXY") {
                // On a table, a column or a routine.
                grants.complete = false;
            }
        }
        grants
    }

    fn have(&self, privilege: &str) -> bool {
        [privilege, "ALL PRIVILEGES", "ALL"].iter().any(|wanted| self.privileges.contains(*wanted))
    }

    fn overrides_read_only(&self) -> bool {
        ["ALL PRIVILEGES", "SUPER", "CONNECTION_ADMIN", "READ_ONLY ADMIN", "READ ONLY ADMIN"]
            .iter()
            .any(|privilege| self.global.contains(*privilege))
    }
}

fn unquote(name: &str) -> String {
    name.trim_matches('`').replace("``", "`")
}

/// `LIKE`: `%`, `_` and backslashes before them.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        ([b'%', rest @ ..], _) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        ([b'_', rest @ ..], [_, others @ ..]) => matches(rest, others),
        ([b'\\', wanted, rest @ ..] | [wanted, rest @ ..], [found, others @ ..]) => {
            wanted.eq_ignore_ascii_case(found) && matches(rest, others)
        }
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Holder;
    use crate::plan::{PlanOptions, plan};
    use crate::resolve::{LocationFile, resolve};

    fn obstacles(sql: &str, standing: &Standing) -> Vec<(String, bool)> {
        let file = LocationFile { script: "V1__x.sql".into(), path: "V1__x.sql".into(), bytes: sql.into() };
        let (files, _) = resolve(vec![file]);
        let steps = plan(&files, &[], &PlanOptions::default()).unwrap();
        let found = preflight(&steps, "shop_1", standing, None);
        found.iter().map(|obstacle| (obstacle.to_string(), obstacle.is_error())).collect()
    }

    fn with_grants(grants: &[&str]) -> Standing {
        Standing { grants: grants.iter().map(|&grant| grant.to_owned()).collect(), ..Standing::default() }
    }

    const SQL: &str = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); ALTER TABLE t ADD b INT; \
                       CREATE VIEW v AS SELECT 1; DELETE FROM other.t;";

    #[test]
    fn missing_privileges_are_named_together() {
        let missing = obstacles(SQL, &with_grants(&["GRANT CREATE, SELECT ON `shop\\_1`.* TO `u`@`%`"]));
        assert_eq!(missing, [("the account lacks ALTER, CREATE VIEW, INSERT on `shop_1`".to_owned(), true)]);
    }

    #[test]
    fn enough_is_enough() {
        for grants in [
            &["GRANT USAGE ON *.* TO `u`@`%`", "GRANT ALL PRIVILEGES ON `shop%`.* TO `u`@`%`"][..],
            &["GRANT ALL PRIVILEGES ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*X'"],
            &["GRANT ALTER, CREATE, CREATE VIEW ON *.* TO `u`@`%`", "GRANT INSERT ON `shop_1`.* TO `u`@`%`"],
            &[],
        ] {
            assert_eq!(obstacles(SQL, &with_grants(grants)), [], "{grants:?}");
        }
    }

    #[test]
    fn temporary_tables_take_no_privileges_of_their_own() {
        let standing = with_grants(&["GRANT CREATE TEMPORARY TABLES ON *.* TO `u`@`%`"]);
        let sql = "CREATE TEMPORARY TABLE x (a INT); INSERT INTO x VALUES (1); ALTER TABLE x ADD b INT; DROP TEMPORARY TABLE x;";
        assert_eq!(obstacles(sql, &standing), []);
        assert_eq!(obstacles("/*!80000 CREATE VIEW v AS SELECT 1 */;", &standing), []);
    }

    #[test]
    fn what_is_not_certain_is_a_warning() {
        for more in ["GRANT `writer`@`%` TO `u`@`%`", "GRANT INSERT ON `shop_1`.`t` TO `u`@`%`"] {
            let found = obstacles(
                "INSERT INTO t VALUES (1);",
                &with_grants(&["GRANT USAGE ON *.* TO `u`@`%`", more]),
            );
            assert_eq!(found, [("the account may lack INSERT on `shop_1`".to_owned(), false)], "{more}");
        }
        let other = ["GRANT INSERT ON `shopx1`.* TO `u`@`%`", "GRANT INSERT ON `shop\\_2`.* TO `u`@`%`"];
        assert!(obstacles("INSERT INTO t VALUES (1);", &with_grants(&other))[0].1);
    }

    #[test]
    fn read_only_binds_who_may_not_override_it() {
        let with = |variable: &str, grant: &str| Standing {
            read_only: vec![variable.to_owned()],
            ..with_grants(&[grant])
        };
        let some = "GRANT ALTER, CREATE, SUPER ON *.* TO `u`@`%`";
        let plain = "GRANT CREATE ON *.* TO `u`@`%`";
        let sql = "CREATE TABLE t (a INT);";
        assert_eq!(obstacles(sql, &with("read_only", some)), []);
        assert!(obstacles(sql, &with("super_read_only", some))[0].1);
        assert_eq!(
            obstacles(sql, &with("read_only", plain))[0].0,
            "the server refuses changes: read_only is on"
        );
    }

    #[test]
    fn a_replica_is_no_place_for_changes() {
        let source = Some(Source { host: Some("db1".into()), behind: Some(12) });
        let found = obstacles("CREATE TABLE t (a INT);", &Standing { source, ..Standing::default() });
        let expected = "this server is a replica, 12 s behind, and what is changed here does not reach db1";
        assert_eq!(found, [(expected.to_owned(), false)]);
    }

    #[test]
    fn transactions_that_last_are_reported() {
        let blocker = |seconds| Blocker {
            holder: Holder { connection: 7, seconds: Some(seconds), ..Holder::default() },
            certain: true,
        };
        let standing = Standing { blockers: vec![blocker(3), blocker(30)], ..Standing::default() };
        let found = obstacles("ALTER TABLE t ADD a INT;", &standing);
        assert_eq!(
            found,
            [("a change of tables will wait: connection 7 uses it, for 30 s".to_owned(), false)]
        );
    }
}
