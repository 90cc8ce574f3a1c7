//! Rows of `information_schema`, from the catalogue.

use std::collections::BTreeMap;

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArguments, Query, Select, SelectItem, SetExpr, TableFactor,
};

use super::value::{Scope, Value};
use crate::ast::{KeyKind, KeyPartOf};
use crate::catalogue::{Catalogue, Key, Table};

/// Columns of a row by name, in lower case.
pub(super) type Row = BTreeMap<&'static str, Value>;

/// What a query of `information_schema` gives; none when it is not understood or what it asks for is uncertain.
pub(super) fn select(query: &Query, scope: &Scope<'_>) -> Option<Vec<Vec<Value>>> {
    if query.with.is_some() {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let [from] = select.from.as_slice() else { return None };
    if !from.joins.is_empty() || select.having.is_some() {
        return None;
    }
    let TableFactor::Table { name, .. } = &from.relation else { return None };
    let name = name.to_string().replace('`', "").to_lowercase();
    let view = name.strip_prefix("information_schema.")?;
    let wanted = select.selection.as_ref().and_then(|condition| table_of(condition, scope));
    let rows = rows(scope.catalogue, view, wanted.as_deref())?;
    let mut found = Vec::new();
    for row in &rows {
        let scope = Scope { row: Some(row), ..*scope };
        let holds = match &select.selection {
            Some(condition) => scope.value(condition).is_true()?,
            None => true,
        };
        if holds {
            found.push(row);
        }
    }
    project(select, &found, scope)
}

fn project(select: &Select, found: &[&Row], scope: &Scope<'_>) -> Option<Vec<Vec<Value>>> {
    let counts = |expr: &Expr| {
        matches!(expr, Expr::Function(function)
            if function.name.to_string().eq_ignore_ascii_case("count")
                && matches!(function.args, FunctionArguments::List(_)))
    };
    let exprs: Vec<Option<&Expr>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        })
        .collect();
    if let [Some(expr)] = exprs.as_slice() {
        let (compared, with) = match expr {
            Expr::BinaryOp { left, .. } if counts(left) => (true, Some(*expr)),
            other => (counts(other), None),
        };
        if compared {
            let count = Value::Int(i64::try_from(found.len()).ok()?);
            let value = match with {
                Some(Expr::BinaryOp { op, right, .. }) => {
                    let (Value::Int(left), Value::Int(right)) = (&count, scope.value(right)) else {
                        return None;
                    };
                    Value::from(match op {
                        BinaryOperator::Gt => *left > right,
                        BinaryOperator::GtEq => *left >= right,
                        BinaryOperator::Lt => *left < right,
                        BinaryOperator::Eq => *left == right,
                        BinaryOperator::NotEq => *left != right,
                        _ => return None,
                    })
                }
                _ => count,
            };
            return Some(vec![vec![value]]);
        }
    }
    let mut all: Vec<Vec<Value>> = Vec::new();
    for row in found {
        let scope = Scope { row: Some(row), ..*scope };
        let values: Vec<Value> =
            exprs.iter().map(|expr| expr.map_or(Value::Int(1), |expr| scope.value(expr))).collect();
        if select.distinct.is_none() || !all.contains(&values) {
            all.push(values);
        }
    }
    Some(all)
}

/// The table that a condition asks for by `table_name = …`.
fn table_of(condition: &Expr, scope: &Scope<'_>) -> Option<String> {
    match condition {
        Expr::Nested(inner) => table_of(inner, scope),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            table_of(left, scope).or_else(|| table_of(right, scope))
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            let is_table = match left.as_ref() {
                Expr::Identifier(name) => name.value.eq_ignore_ascii_case("table_name"),
                Expr::CompoundIdentifier(parts) => {
                    parts.last().is_some_and(|part| part.value.eq_ignore_ascii_case("table_name"))
                }
                _ => false,
            };
            match scope.value(right) {
                Value::Text(text) if is_table => Some(text),
                _ => None,
            }
        }
        _ => None,
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn number(value: usize) -> Value {
    i64::try_from(value).map_or(Value::Unknown, Value::Int)
}

fn rows(catalogue: &Catalogue, view: &str, wanted: Option<&str>) -> Option<Vec<Row>> {
    if catalogue.unsure().is_some() {
        return None;
    }
    let schema = catalogue.schema().unwrap_or_default().to_owned();
    let base = |table: &str| Row::from([("table_schema", text(schema.clone())), ("table_name", text(table))]);
    let tables: Vec<&Table> = match wanted {
        Some(name) => catalogue.table(name).into_iter().collect(),
        None => catalogue.tables().values().map(AsRef::as_ref).collect(),
    };
    let mut rows = Vec::new();
    if view == "tables" {
        for table in &tables {
            let mut row = base(&table.name);
            row.insert("table_type", text("BASE TABLE"));
            row.insert("engine", table.options.get("engine").map_or(Value::Unknown, text));
            row.insert("table_collation", text(table.collation.clone()));
            rows.push(row);
        }
        for name in catalogue.views().keys().filter(|name| wanted.is_none_or(|wanted| wanted == *name)) {
            let mut row = base(name);
            row.insert("table_type", text("VIEW"));
            rows.push(row);
        }
        for name in catalogue.sequences().keys().filter(|name| wanted.is_none_or(|wanted| wanted == *name)) {
            let mut row = base(name);
            row.insert("table_type", text("SEQUENCE"));
            rows.push(row);
        }
        return Some(rows);
    }
    if view == "views" {
        return Some(catalogue.views().keys().map(|name| base(name)).collect());
    }
    if tables.iter().any(|table| table.unknown.is_some()) {
        return None;
    }
    for table in tables {
        match view {
            "columns" => columns(table, &base(&table.name), &mut rows),
            "statistics" => statistics(table, &base(&table.name), &mut rows),
            "table_constraints" => constraints(table, &base(&table.name), &mut rows),
            "key_column_usage" => usage(table, &base(&table.name), &mut rows),
            "referential_constraints" => {
                for key in &table.foreign_keys {
                    let mut row = base(&table.name);
                    row.insert("constraint_schema", text(schema.clone()));
                    row.insert("constraint_name", text(key.name.clone()));
                    row.insert("referenced_table_name", text(key.parent.clone()));
                    rows.push(row);
                }
            }
            _ => return None,
        }
    }
    for row in &mut rows {
        let schema = row.get("table_schema").cloned().unwrap_or(Value::Unknown);
        row.entry("constraint_schema").or_insert(schema);
    }
    Some(rows)
}

fn columns(table: &Table, base: &Row, rows: &mut Vec<Row>) {
    for (index, column) in table.columns.iter().enumerate() {
        let mut row = base.clone();
        row.insert("column_name", text(column.name.clone()));
        row.insert("ordinal_position", number(index + 1));
        row.insert("is_nullable", text(if column.nullable { "YES" } else { "NO" }));
        row.insert("data_type", text(column.data_type.name));
        let length = match column.data_type.name {
            "char" | "varchar" | "binary" | "varbinary" => column
                .data_type
                .numbers
                .first()
                .map_or(Value::Unknown, |length| Value::Int(i64::from(*length))),
            _ => Value::Unknown,
        };
        row.insert("character_maximum_length", length);
        let collation = |value: &Option<String>| value.clone().map_or(Value::Null, Value::Text);
        row.insert("collation_name", collation(&column.data_type.collation));
        row.insert("character_set_name", collation(&column.data_type.charset));
        row.insert("extra", text(if column.auto_increment { "auto_increment" } else { "" }));
        row.insert("column_comment", text(column.comment.clone()));
        // A prefix of the column serves as the column does.
        let leads = |key: &&Key| matches!(key.parts.first().map(|part| &part.of), Some(KeyPartOf::Column(name)) if name.same(&column.name));
        let alone = |key: &Key| key.kind == KeyKind::Unique && key.parts.len() == 1;
        let key = if table.primary_key().is_some_and(|key| key.has_column(&column.name)) {
            "PRI"
        } else if table.keys.iter().filter(leads).any(alone) {
            "UNI"
        } else if table.keys.iter().any(|key| leads(&key)) {
            "MUL"
        } else {
            ""
        };
        row.insert("column_key", text(key));
        rows.push(row);
    }
}

fn statistics(table: &Table, base: &Row, rows: &mut Vec<Row>) {
    for key in &table.keys {
        let unique = matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
        for (index, part) in key.parts.iter().enumerate() {
            let mut row = base.clone();
            row.insert("index_schema", row["table_schema"].clone());
            row.insert("index_name", text(key.name.clone()));
            row.insert("non_unique", Value::from(!unique));
            row.insert("seq_in_index", number(index + 1));
            row.insert(
                "column_name",
                match &part.of {
                    KeyPartOf::Column(name) => text(name.text.clone()),
                    KeyPartOf::Expr(_) => Value::Null,
                },
            );
            rows.push(row);
        }
    }
}

fn constraints(table: &Table, base: &Row, rows: &mut Vec<Row>) {
    let mut add = |name: &str, kind: &str| {
        let mut row = base.clone();
        row.insert("constraint_name", text(name));
        row.insert("constraint_type", text(kind));
        rows.push(row);
    };
    for key in &table.keys {
        match key.kind {
            KeyKind::Primary => add("PRIMARY", "PRIMARY KEY"),
            KeyKind::Unique => add(&key.name, "UNIQUE"),
            _ => {}
        }
    }
    table.foreign_keys.iter().for_each(|key| add(&key.name, "FOREIGN KEY"));
    table.checks.iter().for_each(|check| add(&check.name, "CHECK"));
}

fn usage(table: &Table, base: &Row, rows: &mut Vec<Row>) {
    let mut add = |name: &str, column: &str, parent: Option<(&str, &str)>| {
        let mut row = base.clone();
        row.insert("constraint_name", text(name));
        row.insert("column_name", text(column));
        row.insert("referenced_table_name", parent.map_or(Value::Null, |(table, _)| text(table)));
        row.insert("referenced_column_name", parent.map_or(Value::Null, |(_, column)| text(column)));
        row.insert("referenced_table_schema", parent.map_or(Value::Null, |_| base["table_schema"].clone()));
        rows.push(row);
    };
    for key in table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique)) {
        for part in &key.parts {
            if let KeyPartOf::Column(column) = &part.of {
                add(&key.name, &column.text, None);
            }
        }
    }
    for key in &table.foreign_keys {
        for (column, parent) in key.columns.iter().zip(&key.parent_columns) {
            add(&key.name, column, Some((&key.parent, parent)));
        }
    }
}

/// The one row of a query that reads no table.
pub(super) fn without_table(query: &Query, scope: &Scope<'_>) -> Option<Vec<Vec<Value>>> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    if !select.from.is_empty() || select.selection.is_some() {
        return None;
    }
    let value = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(scope.value(expr)),
        _ => None,
    };
    let row: Option<Vec<Value>> = select.projection.iter().map(value).collect();
    Some(vec![row?])
}
