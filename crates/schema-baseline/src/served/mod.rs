//! What a server adds to definitions and how it rewrites them, taken out again in one place, so that a live schema can be
//! held against a replay.
//!
//! Expressions and queries of both sides are brought to the server's spelling. What cannot be brought there is marked as
//! unknown: it counts as not compared.

mod expression;
mod from;
mod functions;
mod names;
mod query;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::sync::Arc;

use crate::ast::{DefaultValue, Expr, KeyPartOf, ObjectKind, RoutineKind};
use crate::catalogue::{Catalogue, Check, Column, Partitioning, Table, View};
use crate::dialect::Vendor;
use crate::parse::parse_type;
pub(crate) use expression::{opposite_comparison, opposite_of};
use query::Reader;
pub(crate) use query::Spelled;

/// The query of a view in the spelling of servers, by the schema as it is now.
pub(crate) fn spell_view(catalogue: &Catalogue, view: &View) -> Option<Spelled> {
    Reader::new(catalogue).view(view)
}

/// Makes the two sides comparable: `ours` as statements made it, `live` as a server shows it.
pub fn reconcile(ours: &mut Catalogue, live: &mut Catalogue) {
    for side in [&mut *ours, &mut *live] {
        if side.dialect().vendor == Vendor::MariaDb {
            let has_json = |table: &Table| table.checks.iter().any(|check| json_column(check).is_some());
            let tables = side.tables.values_mut().filter(|table| has_json(table));
            tables.for_each(|table| restore_json(Arc::make_mut(table)));
        }
        let partitioned = |table: &Table| matches!(table.partitioning, Partitioning::By(_));
        let tables = side.tables.values_mut().filter(|table| partitioned(table));
        tables.for_each(|table| drop_engines(Arc::make_mut(table)));
        spell_tables(side);
    }
    let (our_views, live_views) = (spell_views(ours), spell_views(live));
    for name in our_views.into_iter().chain(live_views) {
        let is_in_both = ours.views.contains_key(&name) && live.views.contains_key(&name);
        if is_in_both && let Some(place) = ours.views.get(&name).map(|view| view.place.clone()) {
            ours.unknown.entry((ObjectKind::View, name)).or_insert(place);
        }
    }
    let functions = ours.routines(RoutineKind::Function).clone();
    let dialect = ours.dialect();
    for (name, function) in live.routines_mut(RoutineKind::Function) {
        let Some(own) = functions.get(name).map(|own| own.definition.signature.as_str()) else { continue };
        if returns_the_same(own, &function.definition.signature, dialect) {
            own.clone_into(&mut Arc::make_mut(&mut function.definition).signature);
        }
    }
    for (name, event) in &mut ours.events {
        let Some(other) = live.events.get_mut(name) else { continue };
        if let (Some(own), Some(shown)) = (&mut event.clauses.schedule, &mut other.clauses.schedule) {
            (*own, *shown) = schedules(own, shown);
        }
    }
}

/// The column that MariaDB's check of a JSON is about.
fn json_column(check: &Check) -> Option<&str> {
    check.expr.canonical.strip_prefix("json_valid ( ").and_then(|rest| rest.strip_suffix(" )"))
}

/// MariaDB's JSON is a text with a check, which it shows as such.
fn restore_json(table: &mut Table) {
    let columns = &mut table.columns;
    table.checks.retain(|check| {
        let column = json_column(check);
        let json = columns.iter_mut().find(|column_of| {
            column.is_some_and(|name| column_of.name.to_lowercase() == name)
                && matches!(column_of.data_type.name, "longtext" | "json")
                && column_of.data_type.collation.as_deref().is_none_or(|collation| collation == "utf8mb4_bin")
        });
        let Some(json) = json else { return true };
        json.data_type.name = "json";
        (json.data_type.charset, json.data_type.collation) = (None, None);
        false
    });
}

/// Every partition has its table's engine, which servers write out.
fn drop_engines(table: &mut Table) {
    if let Partitioning::By(text) = &mut table.partitioning
        && let Some(engine) = table.options.get("engine")
    {
        *text = text.replace(&format!(" engine = {engine}"), "");
    }
}

/// Brings the expressions of tables to the server's spelling, as far as they are understood; others keep their own.
fn spell_tables(side: &mut Catalogue) {
    let mut spelled: Vec<(String, Arc<Table>)> = Vec::new();
    for (name, table) in side.tables.iter().filter(|(_, table)| has_expressions(table)) {
        let mut table = Table::clone(table);
        let columns: Vec<String> = table.column_names().map(str::to_lowercase).collect();
        let mut changed = false;
        let mut spell = |expr: &mut Expr| {
            let found = Reader::new(side).expression_over(&expr.canonical, columns.clone());
            if let Some(found) = found {
                expr.canonical = found;
                changed = true;
            }
        };
        for column in &mut table.columns {
            if let Some(generated) = &mut column.generated {
                spell(&mut generated.expr);
            }
            if let Some(DefaultValue::Expr(expr)) = &mut column.default {
                spell(expr);
            }
        }
        table.checks.iter_mut().for_each(|check| spell(&mut check.expr));
        for part in table.keys.iter_mut().flat_map(|key| &mut key.parts) {
            if let KeyPartOf::Expr(expr) = &mut part.of {
                spell(expr);
            }
        }
        if changed {
            spelled.push((name.clone(), Arc::new(table)));
        }
    }
    side.tables.extend(spelled);
}

fn has_expressions(table: &Table) -> bool {
    let computed =
        |column: &Column| column.generated.is_some() || matches!(column.default, Some(DefaultValue::Expr(_)));
    let mut parts = table.keys.iter().flat_map(|key| &key.parts);
    !table.checks.is_empty()
        || table.columns.iter().any(computed)
        || parts.any(|part| matches!(part.of, KeyPartOf::Expr(_)))
}

/// Brings the queries of views to the server's spelling, and gives the names of those that are not understood.
fn spell_views(side: &mut Catalogue) -> Vec<String> {
    let mut spelled = Vec::new();
    let mut odd = Vec::new();
    for (name, view) in &side.views {
        match spell_view(side, view) {
            Some(query) => spelled.push((name.clone(), query.text)),
            None => odd.push(name.clone()),
        }
    }
    for (name, text) in spelled {
        if let Some(view) = side.views.get_mut(&name) {
            let definition = Arc::make_mut(&mut view.definition);
            definition.query.canonical = text;
            definition.columns.clear();
        }
    }
    odd
}

/// Whether two signatures of a function say the same: the server spells the type returned, and adds a character set.
fn returns_the_same(own: &str, shown: &str, dialect: crate::dialect::Dialect) -> bool {
    let parts = |text: &str| {
        let (parameters, returned) = text.rsplit_once(" returns ")?;
        Some((parameters.to_owned(), parse_type(returned, dialect)?.0))
    };
    let (Some((parameters, own)), Some((others, mut shown))) = (parts(own), parts(shown)) else {
        return false;
    };
    if own.collation.is_none() {
        shown.collation = None;
    }
    if own.charset.is_none() {
        shown.charset.clone_from(&own.charset);
    }
    parameters == others && own == shown
}

/// Two schedules without the times that the server filled in when the event was created.
fn schedules(own: &str, shown: &str) -> (String, String) {
    let is_fixed = |time: &str| {
        time.starts_with('\'') && !time.trim_end_matches('\'').contains(' ') || {
            let inner = time.trim_matches('\'');
            time.starts_with('\'') && inner.len() == "2026-01-01 00:00:00".len()
        }
    };
    if let (Some(at), Some(_)) = (own.strip_prefix("at "), shown.strip_prefix("at "))
        && !is_fixed(at)
    {
        return ("at a time".to_owned(), "at a time".to_owned());
    }
    let (mut own, mut shown) = (own.to_owned(), shown.to_owned());
    for (word, end) in [(" ends ", None), (" starts ", Some(" ends "))] {
        let place = |text: &str| {
            let start = text.find(word)?;
            let length = end.and_then(|end| text[start..].find(end)).unwrap_or(text.len() - start);
            Some(start..start + length)
        };
        let written = place(&own);
        let fixed = written.clone().is_some_and(|range| is_fixed(&own[range.start + word.len()..range.end]));
        if fixed || (written.is_none() && word == " ends ") {
            continue;
        }
        if let Some(range) = written {
            own.replace_range(range, "");
        }
        if let Some(range) = place(&shown) {
            shown.replace_range(range, "");
        }
    }
    (with_time(&own), with_time(&shown))
}

/// A day as a point in time: `'2026-01-01'` is midnight.
fn with_time(schedule: &str) -> String {
    let words = schedule.split(' ').map(|word| {
        let is_day = word.len() == "'2026-01-01'".len() && word.starts_with('\'') && word.ends_with('\'');
        if is_day { format!("{} 00:00:00'", &word[..word.len() - 1]) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}
