//! Definitions in one spelling, for comparing and for messages.

use std::fmt::Write as _;

use super::Parts;
use crate::ast::{Action, DataType, DefaultValue, KeyPart, KeyPartOf, Literal, TriggerEvent, TriggerTiming};
use crate::catalogue::{Check, Column, Event, ForeignKey, Key, Routine, Sequence, Trigger, View};
use crate::show::counting;

pub(crate) fn sequence(sequence: &Sequence) -> Parts {
    let option = |name: &str| sequence.options.get(name).cloned().unwrap_or_default();
    let [value_type, start, minimum, maximum, increment, cache, cycle] = counting(sequence);
    vec![
        ("type", value_type),
        ("first value", start),
        ("smallest value", minimum),
        ("largest value", maximum),
        ("increment", increment),
        ("cache", cache),
        ("end", cycle),
        ("engine", option("engine")),
        ("comment", option("comment")),
    ]
}

pub(crate) fn view(view: &View) -> Parts {
    let def = &view.definition;
    let columns: Vec<String> = def.columns.iter().map(|column| column.text.to_lowercase()).collect();
    vec![
        ("columns", columns.join(", ")),
        ("query", def.query.canonical.clone()),
        ("algorithm", def.algorithm.clone()),
        ("SQL SECURITY", if def.invoker { "invoker" } else { "definer" }.to_owned()),
        ("check option", def.check_option.clone().unwrap_or_else(|| "none".to_owned())),
    ]
}

pub(crate) fn trigger(trigger: &Trigger) -> Parts {
    let def = &trigger.definition;
    let timing = match def.timing {
        TriggerTiming::Before => "before",
        TriggerTiming::After => "after",
    };
    let event = match def.event {
        TriggerEvent::Insert => "insert",
        TriggerEvent::Update => "update",
        TriggerEvent::Delete => "delete",
    };
    vec![
        ("table", trigger.table.clone()),
        ("event", format!("{timing} {event}")),
        ("place among triggers of the same event", trigger.order.to_string()),
        ("body", def.body.canonical.clone()),
    ]
}

pub(crate) fn routine(routine: &Routine) -> Parts {
    vec![
        ("parameters", routine.definition.signature.clone()),
        ("characteristics", routine.characteristics.join(", ")),
        ("body", routine.definition.body.canonical.clone()),
    ]
}

pub(crate) fn event(event: &Event) -> Parts {
    let clauses = &event.clauses;
    vec![
        ("schedule", clauses.schedule.clone().unwrap_or_default()),
        ("completion", if clauses.preserve == Some(true) { "preserve" } else { "not preserve" }.to_owned()),
        ("status", clauses.status.clone().unwrap_or_else(|| "enable".to_owned())),
        ("comment", clauses.comment.clone().unwrap_or_default()),
        ("body", clauses.body.as_ref().map(|body| body.canonical.clone()).unwrap_or_default()),
    ]
}

/// A column's definition as one line of SQL.
pub(crate) fn column(column: &Column) -> String {
    let mut text = data_type(&column.data_type);
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        let _ = write!(text, " AS ({}) {kind}", generated.expr.canonical);
    }
    text.push_str(if column.nullable { " NULL" } else { " NOT NULL" });
    if let Some(default) = column.default.as_ref().filter(|default| **default != DefaultValue::Null) {
        let _ = write!(text, " DEFAULT {}", default_value(default, &column.data_type));
    }
    for (set, words) in [
        (column.on_update, " ON UPDATE CURRENT_TIMESTAMP"),
        (column.auto_increment, " AUTO_INCREMENT"),
        (column.invisible, " INVISIBLE"),
    ] {
        text.push_str(if set { words } else { "" });
    }
    if let Some(srid) = &column.srid {
        let _ = write!(text, " SRID {srid}");
    }
    for (name, value) in &column.other {
        let _ = write!(text, " {name} {value}");
    }
    if !column.comment.is_empty() {
        let _ = write!(text, " COMMENT '{}'", column.comment);
    }
    text
}

fn data_type(data_type: &DataType) -> String {
    let mut text = data_type.name.to_owned();
    if !data_type.members.is_empty() {
        let members: Vec<String> = data_type.members.iter().map(|member| format!("'{member}'")).collect();
        let _ = write!(text, "({})", members.join(","));
    } else if !data_type.numbers.is_empty() {
        let numbers: Vec<String> = data_type.numbers.iter().map(u32::to_string).collect();
        let _ = write!(text, "({})", numbers.join(","));
    }
    text.push_str(if data_type.unsigned { " unsigned" } else { "" });
    text.push_str(if data_type.zerofill { " zerofill" } else { "" });
    if let (Some(charset), Some(collation)) = (&data_type.charset, &data_type.collation) {
        let _ = write!(text, " CHARACTER SET {charset} COLLATE {collation}");
    }
    text
}

/// A default by value: `'5'`, `5` and `5.0` are one number to a numeric column.
fn default_value(default: &DefaultValue, data_type: &DataType) -> String {
    let numeric = matches!(
        data_type.name,
        "tinyint"
            | "smallint"
            | "mediumint"
            | "int"
            | "bigint"
            | "decimal"
            | "float"
            | "double"
            | "bit"
            | "year"
    );
    match default {
        DefaultValue::Null => "NULL".to_owned(),
        DefaultValue::Now => "CURRENT_TIMESTAMP".to_owned(),
        DefaultValue::Expr(expr) => format!("({})", expr.canonical),
        DefaultValue::Literal(Literal::Number(number) | Literal::Text(number)) if numeric => {
            plain_number(number)
        }
        DefaultValue::Literal(Literal::Bytes(bytes)) if numeric => {
            bytes.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte)).to_string()
        }
        DefaultValue::Literal(Literal::Number(text) | Literal::Text(text)) => match data_type.name {
            "datetime" | "timestamp" | "time" => format!("'{}'", at_precision(text, data_type)),
            _ => format!("'{text}'"),
        },
        DefaultValue::Literal(Literal::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("'{text}'"),
            Err(_) => format!("{bytes:x?}"),
        },
    }
}

/// A point in time without the digits that its type does not keep.
fn at_precision<'a>(text: &'a str, data_type: &DataType) -> &'a str {
    let digits = data_type.numbers.first().copied().unwrap_or(0) as usize;
    match text.find('.') {
        Some(point) if digits == 0 => &text[..point],
        Some(point) => text.get(..=point + digits).unwrap_or(text),
        None => text,
    }
}

/// A number without what does not count: a plus, leading zeros, zeros behind the point.
fn plain_number(number: &str) -> String {
    let number = number.trim().trim_start_matches('+');
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return format!("'{number}'");
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction {
        "" if whole == "0" => "0".to_owned(),
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// A key's definition as one line of SQL, without its name.
pub(crate) fn key(key: &Key) -> String {
    let parts: Vec<String> = key.parts.iter().map(key_part).collect();
    let mut text = format!("{} ({})", key.kind.noun(), parts.join(", "));
    text.push_str(if key.invisible { " INVISIBLE" } else { "" });
    for (name, value) in &key.options {
        let _ = write!(text, " {name} {value}");
    }
    text
}

fn key_part(part: &KeyPart) -> String {
    let mut text = match &part.of {
        KeyPartOf::Column(name) => name.text.to_lowercase(),
        KeyPartOf::Expr(expr) => format!("({})", expr.canonical),
    };
    if let Some(length) = part.length {
        let _ = write!(text, "({length})");
    }
    text.push_str(if part.descending { " DESC" } else { "" });
    text
}

/// A foreign key's definition as one line of SQL, without its name.
pub(crate) fn foreign_key(key: &ForeignKey) -> String {
    let list = |columns: &[String]| columns.join(", ").to_lowercase();
    let schema = key.parent_schema.as_ref().map(|schema| format!("{schema}.")).unwrap_or_default();
    let mut text =
        format!("({}) REFERENCES {schema}{} ({})", list(&key.columns), key.parent, list(&key.parent_columns));
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            Action::Restrict => continue,
            Action::Cascade => "CASCADE",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
        };
        let _ = write!(text, " ON {event} {action}");
    }
    text
}

/// Whether someone chose the name of a check, rather than the server.
pub(crate) fn is_chosen(check: &Check) -> bool {
    !check.generated_name && !check.name.contains("_chk_") && !check.name.starts_with("CONSTRAINT_")
}

/// A check's definition as one line of SQL, without its name.
pub(crate) fn check(check: &Check) -> String {
    format!("({}){}", check.expr.canonical, if check.enforced { "" } else { " NOT ENFORCED" })
}

/// Both sides around the first place where they differ.
pub(crate) fn difference(left: &str, right: &str) -> String {
    const BEFORE: usize = 20;
    const LENGTH: usize = 60;
    let same = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    let start = same.saturating_sub(BEFORE);
    let excerpt = |text: &str| {
        let part: String = text.chars().skip(start).take(LENGTH).collect();
        let rest = text.chars().count() > start + LENGTH;
        format!("`{}{part}{}`", if start > 0 { "…" } else { "" }, if rest { "…" } else { "" })
    };
    format!("{} here, {} there", excerpt(left), excerpt(right))
}
