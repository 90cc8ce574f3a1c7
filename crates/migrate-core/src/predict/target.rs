//! Which tables a statement names.

use crate::lint::statement::Statement;
use crate::lint::table;
use crate::script::effect::{Object, ObjectKind, unquoted};
use crate::script::lexer::TokenKind;

/// The tables that a statement changes or locks, in the order of the text.
pub(crate) fn tables(statement: &Statement<'_>) -> Vec<Object> {
    let after = |words: &str| Some(statement.skip(0, words)).filter(|index| *index > 0);
    let first_of = |list: &[&str]| list.iter().find_map(|words| after(words));
    let one = |index: Option<usize>| index.and_then(|index| name(statement, index)).map(|(table, _)| table);
    if let Some((index, _)) = table::alter(statement) {
        let mut found: Vec<Object> = one(Some(index)).into_iter().collect();
        if let Some(exchange) = statement.find(index..statement.len(), "EXCHANGE PARTITION") {
            let with = statement.find(exchange..statement.len(), "WITH TABLE").map(|with| with + 2);
            found.extend(one(with));
        }
        return found;
    }
    if let Some(index) = index(statement) {
        let on = statement.find(index..statement.len(), "ON").map(|on| on + 1);
        return one(on).into_iter().collect();
    }
    match statement.at(0).to_ascii_uppercase().as_str() {
        "CREATE" => match kind(statement) {
            Some("TABLE") => {
                table::create(statement).and_then(|create| one(Some(create.name))).into_iter().collect()
            }
            Some("TRIGGER") => {
                let on = statement.find(0..statement.len(), "ON").map(|on| on + 1);
                one(on).into_iter().collect()
            }
            _ => Vec::new(),
        },
        "DROP" => list(
            statement,
            first_of(&["DROP TABLE", "DROP TABLES"]).map(|at| statement.skip(at, "IF EXISTS")),
        ),
        "RENAME" => {
            let mut found = Vec::new();
            let mut next =
                first_of(&["RENAME TABLE", "RENAME TABLES"]).map(|at| statement.skip(at, "IF EXISTS"));
            while let Some((table, after)) = next.and_then(|at| name(statement, at)) {
                if !found.contains(&table) {
                    found.push(table);
                }
                next = statement.is_any(after, &["TO", ","]).then_some(after + 1);
            }
            found
        }
        "TRUNCATE" => one(first_of(&["TRUNCATE TABLE", "TRUNCATE"])).into_iter().collect(),
        "OPTIMIZE" | "ANALYZE" | "CHECK" | "REPAIR" | "LOCK" => {
            let from = statement.find(0..4.min(statement.len()), "TABLE");
            let from = from.or_else(|| statement.find(0..4.min(statement.len()), "TABLES"));
            list(statement, from.map(|from| from + 1))
        }
        "INSERT" | "REPLACE" => {
            let skipped = (1..5).find(|index| {
                !statement.is_any(*index, &["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"])
            });
            one(skipped).into_iter().collect()
        }
        "UPDATE" => {
            let skipped = (1..4).find(|index| !statement.is_any(*index, &["LOW_PRIORITY", "IGNORE"]));
            one(skipped).into_iter().collect()
        }
        "DELETE" => {
            one(statement.find(0..statement.len(), "FROM").map(|from| from + 1)).into_iter().collect()
        }
        "LOAD" => {
            one(statement.find(0..statement.len(), "INTO TABLE").map(|into| into + 2)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// For `CREATE INDEX` and `DROP INDEX`, the index of the word `INDEX`.
pub(super) fn index(statement: &Statement<'_>) -> Option<usize> {
    if !statement.is_any(0, &["CREATE", "DROP"]) {
        return None;
    }
    let at = (1..6).find(|index| {
        !statement.is_any(*index, &["OR", "REPLACE", "ONLINE", "OFFLINE", "UNIQUE", "FULLTEXT", "SPATIAL"])
    })?;
    statement.is(at, "INDEX").then_some(at)
}

/// The kind of object that `CREATE`, `ALTER` or `DROP` is about.
pub(super) fn kind(statement: &Statement<'_>) -> Option<&'static str> {
    const KINDS: [&str; 20] = [
        "TABLE",
        "TABLES",
        "VIEW",
        "TRIGGER",
        "PROCEDURE",
        "FUNCTION",
        "EVENT",
        "DATABASE",
        "SCHEMA",
        "SEQUENCE",
        "USER",
        "ROLE",
        "SERVER",
        "PACKAGE",
        "TABLESPACE",
        "UNDO",
        "LOGFILE",
        "INSTANCE",
        "PREPARE",
        "SPATIAL",
    ];
    (1..statement.len().min(16)).find_map(|index| KINDS.into_iter().find(|kind| statement.is(index, kind)))
}

/// The names between commas; aliases and lock modes are passed over.
fn list(statement: &Statement<'_>, from: Option<usize>) -> Vec<Object> {
    let mut found = Vec::new();
    let mut next = from;
    while let Some((table, after)) = next.and_then(|at| name(statement, at)) {
        found.push(table);
        next = statement.find(after..statement.len(), ",").map(|comma| comma + 1);
    }
    found
}

/// `name` or `schema.name`, and the index after it.
fn name(statement: &Statement<'_>, index: usize) -> Option<(Object, usize)> {
    let part = |index: usize| {
        let is_name = matches!(
            statement.kind(index),
            Some(TokenKind::Word | TokenKind::QuotedIdentifier | TokenKind::DoubleQuoted)
        );
        is_name.then(|| unquoted(statement.at(index)))
    };
    let first = part(index)?;
    if statement.at(index + 1) == "." {
        let name = part(index + 2)?;
        return Some((Object { kind: ObjectKind::Table, schema: Some(first), name }, index + 3));
    }
    Some((Object { kind: ObjectKind::Table, schema: None, name: first }, index + 1))
}

/// Whether a statement changes tables, views or triggers that others may use, so that it has to wait for them.
pub(crate) fn awaits(statement: &Statement<'_>) -> bool {
    if statement.is_any(0, &["RENAME TABLE", "RENAME TABLES", "TRUNCATE", "OPTIMIZE"])
        || index(statement).is_some()
    {
        return true;
    }
    if !statement.is_any(0, &["CREATE", "ALTER", "DROP"]) || statement.is_any(1, &["TEMPORARY"]) {
        return false;
    }
    match kind(statement) {
        // A new table is waited for by nobody, but the one that it refers to is.
        Some("TABLE") if statement.is(0, "CREATE") => {
            let has = |word: &str| statement.find(0..statement.len(), word).is_some();
            (has("REFERENCES") || statement.is(1, "OR REPLACE")) && !has("SELECT")
        }
        Some(kind) => ["TABLE", "TABLES", "VIEW", "TRIGGER"].contains(&kind),
        None => table::alter(statement).is_some(),
    }
}
