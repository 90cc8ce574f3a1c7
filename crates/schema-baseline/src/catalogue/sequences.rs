//! Sequences of MariaDB. They share their names with tables and views.

use std::collections::BTreeMap;
use std::sync::Arc;

use migrate_core::script::lexer::Token;

use super::apply::Run;
use super::{Catalogue, Table};
use crate::ast::{
    AlterAction, AlterSequence, AlterTable, Counting, CreateSequence, DefaultValue, Expr, Ident, ObjectKind,
    ObjectName, TableOption,
};
use crate::dialect::Dialect;
use crate::finding::{Finding, at};
use crate::nearest::advice;
use crate::parse::{tokens_of, unquoted};
use crate::place::{Place, Span};

/// How many values a sequence reserves at once unless it says otherwise.
const CACHE: i64 = 1000;

/// The columns that a sequence shows when it is read like a table.
pub(crate) const COLUMNS: [&str; 8] = [
    "next_not_cached_value",
    "minimum_value",
    "maximum_value",
    "start_value",
    "increment",
    "cache_size",
    "cycle_option",
    "cycle_count",
];

/// A sequence.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// Its first value.
    pub start: i64,
    /// Its smallest value.
    pub minimum: i64,
    /// Its largest value.
    pub maximum: i64,
    /// The distance between two values; 0 stands for the server's `auto_increment_increment`.
    pub increment: i64,
    /// How many values are reserved at once; 0 is none.
    pub cache: i64,
    /// Whether it begins again at its end.
    pub cycle: bool,
    /// Engine and comment.
    pub options: BTreeMap<String, String>,
    /// Where it was created.
    pub place: Place,
}

impl Sequence {
    /// The sequence that `CREATE SEQUENCE` makes, every default filled in.
    fn new(counting: &Counting, options: &[TableOption], place: Place) -> Self {
        let increment = counting.increment.unwrap_or(1);
        let (lowest, highest) = if increment < 0 { (Counting::SMALLEST, -1) } else { (1, Counting::LARGEST) };
        let minimum = counting.minimum.unwrap_or(lowest);
        let maximum = counting.maximum.unwrap_or(highest);
        let mut sequence = Self {
            start: counting.start.unwrap_or(if increment < 0 { maximum } else { minimum }),
            minimum,
            maximum,
            increment,
            cache: counting.cache.unwrap_or(CACHE),
            cycle: counting.cycle.unwrap_or(false),
            options: BTreeMap::from([("engine".to_owned(), "innodb".to_owned())]),
            place,
        };
        sequence.set_options(options);
        sequence
    }

    fn change(&mut self, counting: &Counting) {
        self.start = counting.start.unwrap_or(self.start);
        self.minimum = counting.minimum.unwrap_or(self.minimum);
        self.maximum = counting.maximum.unwrap_or(self.maximum);
        self.increment = counting.increment.unwrap_or(self.increment);
        self.cache = counting.cache.unwrap_or(self.cache);
        self.cycle = counting.cycle.unwrap_or(self.cycle);
    }

    fn set_options(&mut self, options: &[TableOption]) {
        for option in options {
            match option.name.as_str() {
                "engine" => self.options.insert(option.name.clone(), option.value.to_lowercase()),
                "comment" if option.value.is_empty() => self.options.remove("comment"),
                "comment" => self.options.insert(option.name.clone(), option.value.clone()),
                _ => continue,
            };
        }
    }

    /// Whether the server takes these values together (`sequence_definition::check_and_adjust`).
    fn is_in_range(&self, next: i64) -> bool {
        // What stands behind 0 is a setting of the server, 1 as a rule.
        let step = if self.increment == 0 { 1 } else { self.increment.checked_abs().unwrap_or(i64::MAX) };
        let is_reachable = if self.increment < 0 { next <= self.maximum } else { next >= self.minimum };
        self.minimum < self.maximum
            && (self.minimum..=self.maximum).contains(&self.start)
            && self.maximum != i64::MAX
            && self.minimum != i64::MIN
            && self.cache >= 0
            && self.cache < (i64::MAX - step) / step
            && is_reachable
    }
}

impl Run<'_> {
    pub(super) fn create_sequence(&mut self, def: &Arc<CreateSequence>) {
        if !self.own(&def.name) {
            return;
        }
        let sequence = Sequence::new(&def.counting, &def.options, self.place(def.name.span()));
        self.require_range(&sequence, sequence.start, &def.name);
        let engine = sequence.options.get("engine").map_or("", String::as_str);
        if ["memory", "heap", "csv"].contains(&engine) {
            let reason = format!("engine `{engine}` has no sequences");
            self.refuse(def.name.span(), reason, "use InnoDB, Aria or MyISAM");
        }
        let name = def.name.text().to_owned();
        if def.temporary {
            self.catalogue.temporary.insert(name);
        } else if self.may_create_relation(&def.name, def.if_not_exists, def.or_replace) {
            self.catalogue.unknown.remove(&(ObjectKind::Sequence, name.clone()));
            self.catalogue.sequences.insert(name, sequence);
        }
    }

    pub(super) fn alter_sequence(&mut self, alter: &AlterSequence) {
        let name = alter.name.text();
        if !self.own(&alter.name) || self.catalogue.temporary.contains(name) {
            return;
        }
        let Some(mut sequence) = self.catalogue.sequences.get(name).cloned() else {
            self.no_sequence(&alter.name, alter.if_exists);
            return;
        };
        sequence.change(&alter.counting);
        sequence.place = self.place(alter.name.span());
        // How far it has counted is a matter of rows, unless the statement says it.
        let within = if sequence.increment < 0 { sequence.maximum } else { sequence.minimum };
        let next = alter.restart.map_or(within, |restart| restart.unwrap_or(sequence.start));
        self.require_range(&sequence, next, &alter.name);
        self.catalogue.sequences.insert(name.to_owned(), sequence);
    }

    /// What `ALTER TABLE` can do to a sequence: its name, comment and engine.
    pub(super) fn alter_sequence_as_table(&mut self, alter: &AlterTable, mut sequence: Sequence) {
        let mut name = alter.name.clone();
        let place = self.place(alter.name.span());
        for action in &alter.actions {
            match &action.action {
                AlterAction::Options(options) => {
                    sequence.set_options(options);
                    sequence.place = place.clone();
                }
                AlterAction::RenameTo(_) | AlterAction::NoEffect => {}
                _ => {
                    let reason = format!("`{}` is a sequence", alter.name.text());
                    self.refuse(action.span, reason, "a sequence has no columns or keys of its own");
                }
            }
        }
        self.catalogue.sequences.insert(name.text().to_owned(), sequence);
        for action in &alter.actions {
            if let AlterAction::RenameTo(to) = &action.action {
                self.rename_table(&name, to);
                name = to.clone();
            }
        }
    }

    pub(super) fn drop_sequences(&mut self, names: &[ObjectName], if_exists: bool, temporary: bool) {
        for name in names {
            if !self.own(name) {
                continue;
            }
            let key = (ObjectKind::Sequence, name.text().to_owned());
            if self.catalogue.temporary.remove(name.text()) || temporary {
                continue;
            }
            let was_unknown = self.catalogue.unknown.remove(&key).is_some();
            if self.catalogue.sequences.remove(name.text()).is_none() && !was_unknown && !if_exists {
                self.no_sequence(name, false);
            }
        }
    }

    /// Refuses a name that is none of a sequence; a missing one, unless that is no error.
    fn no_sequence(&mut self, name: &ObjectName, if_exists: bool) {
        if self.catalogue.unknown.contains_key(&(ObjectKind::Sequence, name.text().to_owned())) {
            return;
        }
        let is_other = self.catalogue.views.contains_key(name.text())
            || self.catalogue.tables.get(name.text()).is_some_and(|table| table.unknown.is_none());
        if is_other {
            let reason = format!("`{}` is not a sequence", name.text());
            self.refuse(name.span(), reason, "name a sequence");
        } else if !if_exists {
            self.unknown_object(ObjectKind::Sequence, &name.name);
        }
    }

    fn require_range(&mut self, sequence: &Sequence, next: i64, name: &ObjectName) {
        if !sequence.is_in_range(next) {
            let reason = format!("the values of sequence `{}` do not go together", name.text());
            let help = "the first value lies between the smallest and the largest, which differ, and so does the next; \
                what is reserved at once fits 64 bits";
            self.refuse(name.span(), reason, help);
        }
    }

    /// Refuses a table with a default that counts by a sequence which is not there.
    pub(super) fn require_sequences(&mut self, table: &mut Table) {
        if self.catalogue.any_order || !self.catalogue.is_sure() {
            return;
        }
        for column in &mut table.columns {
            let Some(DefaultValue::Expr(expr)) = &column.default else { continue };
            let Some(missing) = self.catalogue.missing_sequence(expr) else { continue };
            self.unknown_object(ObjectKind::Sequence, &missing);
            // It has been said; nobody else need say it.
            column.default = None;
        }
    }
}

impl Catalogue {
    /// The first sequence that an expression counts by and that is not there.
    pub(super) fn missing_sequence(&self, expr: &Expr) -> Option<Ident> {
        let is_missing = |name: &ObjectName| {
            let own = name.schema.as_ref().is_none_or(|schema| Some(&schema.text) == self.schema.as_ref());
            let is_unknown = self.unknown.contains_key(&(ObjectKind::Sequence, name.text().to_owned()))
                || self.tables.get(name.text()).is_some_and(|table| table.unknown.is_some());
            own && !is_unknown && !self.sequences.contains_key(name.text())
        };
        sequences_in(expr, self.dialect).into_iter().find(is_missing).map(|name| name.name)
    }

    /// Reports defaults that count by a sequence which is not there.
    pub(super) fn check_sequences(&self, table: &Table, findings: &mut Vec<Finding>) {
        if !self.is_sure() {
            return;
        }
        for column in &table.columns {
            let Some(DefaultValue::Expr(expr)) = &column.default else { continue };
            let Some(missing) = self.missing_sequence(expr) else { continue };
            let known = self.sequences.keys().map(String::as_str);
            let help = advice(&missing.text, known, "create it, or take the reference out");
            let (src, span) = at(&column.place.at(missing.span));
            findings.push(Finding::MissingReference {
                user: format!("table `{}`", table.name),
                kind: "sequence",
                name: missing.text,
                help,
                src,
                span,
                nearest: Vec::new(),
            });
        }
    }
}

/// The sequences that an expression counts by: the first arguments of `nextval`, `lastval` and `setval`. Both other spellings of
/// these have become calls when the expression was read.
pub(crate) fn sequences_in(expr: &Expr, dialect: Dialect) -> Vec<ObjectName> {
    const CALLS: [&str; 3] = ["nextval", "lastval", "setval"];
    if !CALLS.iter().any(|call| expr.canonical.contains(call)) {
        return Vec::new();
    }
    let text = &expr.written;
    let tokens = tokens_of(text, Span { start: 0, end: text.len() }, dialect);
    let name = |token: &Token| {
        let name = unquoted(token.text(text));
        let word = expr.words.iter().find(|word| word.text == name);
        Ident { span: word.map_or(expr.span, |word| word.span), text: name }
    };
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let opens = tokens.get(index + 1).is_some_and(|next| next.is_symbol(text, "("));
        if !opens || !CALLS.iter().any(|call| token.is_word(text, call)) {
            continue;
        }
        let Some(first) = tokens.get(index + 2) else { continue };
        let dot = tokens.get(index + 3).is_some_and(|next| next.is_symbol(text, "."));
        match tokens.get(index + 4).filter(|_| dot) {
            Some(second) => found.push(ObjectName { schema: Some(name(first)), name: name(second) }),
            None => found.push(ObjectName { schema: None, name: name(first) }),
        }
    }
    found
}

#[cfg(test)]
mod tests;
