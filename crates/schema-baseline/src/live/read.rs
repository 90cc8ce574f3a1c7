//! Asks a server for every object of its schema.

use migrate_core::database::Database as _;
use migrate_core::history::quoted;
use migrate_core::mysql::MySqlDatabase;

use super::{Live, Shown};
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::finding::Finding;

/// What the reading of the catalogue is called in messages.
const ACTION: &str = "read the schema";

/// Everything in the schema, in an order in which it can be created. Triggers come as they fire. The bodies of packages go
/// with their packages.
const OBJECTS: &str = "SELECT CASE TABLE_TYPE WHEN 'VIEW' THEN 'view' WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END, \
     TABLE_NAME, NULL, CASE TABLE_TYPE WHEN 'VIEW' THEN 3 WHEN 'SEQUENCE' THEN 0 ELSE 1 END AS place, 0 AS number \
     FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
     UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, NULL, 2, 0 FROM information_schema.ROUTINES \
     WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE <> 'PACKAGE BODY' \
     UNION ALL SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE, 4, ACTION_ORDER FROM information_schema.TRIGGERS \
     WHERE TRIGGER_SCHEMA = DATABASE() \
     UNION ALL SELECT 'event', EVENT_NAME, NULL, 5, 0 FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() \
     ORDER BY place, number, 2";

/// What the account may do here. Privileges that it has by a role are not among them.
const GRANTED: &str = "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES \
     WHERE GRANTEE = CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))) \
     UNION SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES \
     WHERE DATABASE() LIKE TABLE_SCHEMA \
     AND GRANTEE = CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))";

/// The privileges of which one at least lets an account see the objects of a kind.
const VISIBLE_BY: [(ObjectKind, &[&str]); 4] = [
    (ObjectKind::Procedure, &["SHOW_ROUTINE", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE"]),
    (ObjectKind::Function, &["SHOW_ROUTINE", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE"]),
    (ObjectKind::Trigger, &["TRIGGER"]),
    (ObjectKind::Event, &["EVENT"]),
];

/// Reads the schema that the connection is in, without the history table and its journal. Nothing is changed but the
/// session's SQL mode, on which the server's spelling depends.
///
/// # Errors
/// When the server cannot be asked. An object that it does not show is not an error: it is among
/// [`Live::not_read`].
pub async fn read(database: &mut MySqlDatabase) -> Result<Live, Error> {
    let catalogue = empty(database).await?;
    let (objects, not_read) = shown(database, &|_, _| true).await?;
    let mut live = Live::of(catalogue, &objects);
    live.not_read.extend(not_read);
    let granted = database.texts(ACTION, GRANTED).await?;
    let has = |wanted: &[&str]| {
        granted.iter().flatten().flatten().any(|granted| wanted.contains(&granted.as_str()))
    };
    for (kind, privileges) in VISIBLE_BY {
        if !has(privileges) && !objects.iter().any(|object| object.kind == kind) {
            live.hidden.push(kind);
        }
    }
    Ok(live)
}

/// An empty schema with the name and the defaults of the one at hand.
///
/// # Errors
/// When the server cannot be asked.
pub async fn empty(database: &mut MySqlDatabase) -> Result<Catalogue, Error> {
    let defaults = "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA \
         WHERE SCHEMA_NAME = DATABASE()";
    let row = database.texts(ACTION, defaults).await?.into_iter().next().unwrap_or_default();
    let dialect = Dialect::from(database.server());
    let (charset, collation) = match row.as_slice() {
        [Some(charset), Some(collation)] => (charset.as_str(), collation.as_str()),
        _ => dialect.default_charset(),
    };
    Ok(Catalogue::named(dialect, database.schema(), charset, collation))
}

/// What the server shows of each object of the schema that is wanted, and one finding for each that is of a kind which a schema
/// directory has no place for. The history table, its journal and the mark of a load are never wanted.
///
/// # Errors
/// When the server cannot be asked.
pub async fn shown(
    database: &mut MySqlDatabase,
    wanted: &dyn Fn(ObjectKind, &str) -> bool,
) -> Result<(Vec<Shown>, Vec<Finding>), Error> {
    database.texts(ACTION, "SET SESSION sql_mode = '', sql_quote_show_create = 1").await?;
    let mut objects = Vec::new();
    let mut not_read = Vec::new();
    for Listed { kind, name, table } in listed(database).await? {
        match kind {
            Err(word) => {
                let reason = "migrations are not replayed with such objects".to_owned();
                not_read.push(Finding::NotRead { object: format!("{word} `{name}`"), reason });
            }
            Ok(kind) if wanted(kind, &name) => {
                objects.push(Shown { kind, name, table, definition: Err(String::new()), sql_mode: None });
            }
            Ok(_) => {}
        }
    }
    let question = |object: &Shown| {
        format!("SHOW CREATE {} {}", object.kind.noun().to_uppercase(), quoted(&object.name))
    };
    let questions: Vec<String> = objects.iter().map(question).collect();
    let answers = database.texts_of_each(ACTION, &questions).await?;
    let schema = database.schema().to_owned();
    for (object, answer) in objects.iter_mut().zip(answers) {
        let is_program = !matches!(object.kind, ObjectKind::Sequence | ObjectKind::Table | ObjectKind::View);
        let column = match object.kind {
            ObjectKind::Sequence | ObjectKind::Table | ObjectKind::View => 1,
            ObjectKind::Trigger | ObjectKind::Procedure | ObjectKind::Function => 2,
            ObjectKind::Event => 3,
        };
        // The server may answer, but not this: the account may not see it, a view names what is gone.
        object.definition = answer.and_then(|rows| {
            let mut row = rows.into_iter().next().unwrap_or_default();
            if is_program && let Some(mode) = row.get_mut(1) {
                object.sql_mode = mode.take();
            }
            let definition = row.into_iter().nth(column).flatten();
            let definition = definition.map(|text| unqualified(&text, &schema));
            definition.ok_or_else(|| "the server does not show its definition to this account".to_owned())
        });
    }
    Ok((objects, not_read))
}

/// A definition without the name of its own schema, which MariaDB writes before the sequences that a default or a view counts by.
fn unqualified(definition: &str, schema: &str) -> String {
    let mut out = String::with_capacity(definition.len());
    let mut rest = definition;
    let qualifier = format!("{}.", quoted(schema));
    while let Some(at) = rest.find(&qualifier) {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        rest = &behind[qualifier.len()..];
        if !["nextval(", "lastval(", "setval("].iter().any(|call| before.ends_with(call)) {
            out.push_str(&qualifier);
        }
    }
    out + rest
}

/// An object of a schema.
pub(crate) struct Listed {
    /// Its kind; the server's word for one that a schema directory has no place for.
    pub(crate) kind: Result<ObjectKind, String>,
    /// Its name.
    pub(crate) name: String,
    /// Of a trigger, its table.
    table: Option<String>,
}

/// Every object of the schema but the history table, its journal and the mark of a load, in an order in which they can be created.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) async fn listed(database: &mut MySqlDatabase) -> Result<Vec<Listed>, Error> {
    let own = own_tables(database.table());
    let listed = |row: Vec<Option<String>>| {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (word, name, table) = (next().unwrap_or_default(), next().unwrap_or_default(), next());
        let kind = ObjectKind::ALL.into_iter().find(|kind| kind.noun() == word).ok_or(word);
        Listed { kind, name, table }
    };
    let objects = database.texts(ACTION, OBJECTS).await?.into_iter().map(listed);
    let is_own = |object: &Listed| object.kind == Ok(ObjectKind::Table) && own.contains(&object.name);
    Ok(objects.filter(|object| !is_own(object)).collect())
}

/// The tables beside the schema that are ours.
fn own_tables(history: &str) -> [String; 3] {
    [history.to_owned(), format!("{history}_journal"), format!("{history}_load")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sequences_lose_the_schema_that_is_their_own() {
        let text = "a INT DEFAULT nextval(`d`.`s`), b INT DEFAULT (setval(`d`.`s`,1,1,0) + lastval(`e`.`s`)) COMMENT '`d`.`s`'";
        assert_eq!(
            unqualified(text, "d"),
            "a INT DEFAULT nextval(`s`), b INT DEFAULT (setval(`s`,1,1,0) + lastval(`e`.`s`)) COMMENT '`d`.`s`'"
        );
        assert_eq!(unqualified("nextval(`a``b`.`s`)", "a`b"), "nextval(`s`)");
    }
}
