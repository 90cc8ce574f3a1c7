//! Sequences of MariaDB. They share their names with tables and views.

mod apply;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::BTreeMap;

pub(crate) use uses::sequences_in;

use crate::ast::{Bound, Counting, TableOption, ValueType};
use crate::dialect::Dialect;
use crate::place::Place;

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
    /// The type of its values.
    pub value_type: ValueType,
    /// Its first value.
    pub start: i128,
    /// Its smallest value.
    pub minimum: i128,
    /// Its largest value.
    pub maximum: i128,
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
    /// The value that it gives next.
    counter: Counter,
}

/// The value that a sequence gives next.
#[derive(Debug, Clone, Copy)]
struct Counter {
    value: i128,
    /// The state of [`super::Catalogue::counted`] at that time: what may have counted since makes the value uncertain.
    at: u64,
}

impl Sequence {
    /// The sequence that `CREATE SEQUENCE` makes, every default filled in.
    fn new(
        counting: &Counting,
        options: &[TableOption],
        place: Place,
        dialect: Dialect,
        counted: u64,
    ) -> Self {
        let increment = counting.increment.unwrap_or(1);
        let value_type = counting.value_type.unwrap_or_default();
        let (mut minimum, mut maximum) = match (increment < 0, value_type.unsigned) {
            (_, true) => (value_type.smallest(), value_type.largest()),
            (true, false) => (value_type.smallest(), -1),
            (false, false) => (1, value_type.largest()),
        };
        // Before types came, a sequence without a bound had the one of those that go up.
        let is_said = |bound: &&Bound| !dialect.has_typed_sequences() || **bound != Bound::No;
        if let Some(bound) = counting.minimum.as_ref().filter(is_said) {
            minimum = lower(*bound, value_type, dialect);
        }
        if let Some(bound) = counting.maximum.as_ref().filter(is_said) {
            maximum = upper(*bound, value_type, dialect);
        }
        let start = counting.start.unwrap_or(if increment < 0 { maximum } else { minimum });
        let mut sequence = Self {
            value_type,
            start,
            minimum,
            maximum,
            increment,
            cache: counting.cache.unwrap_or(CACHE),
            cycle: counting.cycle.unwrap_or(false),
            options: BTreeMap::from([("engine".to_owned(), "innodb".to_owned())]),
            place,
            counter: Counter { value: start, at: counted },
        };
        sequence.set_options(options);
        sequence
    }

    /// `ALTER SEQUENCE` but for its type and where it begins again.
    fn change(&mut self, counting: &Counting, dialect: Dialect) {
        self.start = counting.start.unwrap_or(self.start);
        let minimum = counting.minimum.unwrap_or(Bound::At(self.minimum));
        self.minimum = lower(minimum, self.value_type, dialect);
        let maximum = counting.maximum.unwrap_or(Bound::At(self.maximum));
        self.maximum = upper(maximum, self.value_type, dialect);
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
    fn is_in_range(&self) -> bool {
        // What stands behind 0 is a setting of the server, 1 as a rule.
        let step = if self.increment == 0 { 1 } else { self.increment.checked_abs().unwrap_or(i64::MAX) };
        self.minimum < self.maximum
            && (self.minimum..=self.maximum).contains(&self.start)
            && self.maximum <= self.value_type.largest()
            && self.minimum >= self.value_type.smallest()
            && self.cache >= 0
            && self.cache < (i64::MAX - step) / step
    }

    /// Whether the sequence can go on from a value: it may have left the end that it goes to, not the one it comes from.
    fn is_reachable(&self, next: i128) -> bool {
        if self.increment < 0 { next <= self.maximum } else { next >= self.minimum }
    }

    /// The value that it gives next, when nothing can have counted since that was said; `counted` is the catalogue's.
    fn next(&self, counted: u64) -> Option<i128> {
        (self.counter.at == counted).then_some(self.counter.value)
    }

    /// Whether all its values are numbers of a type.
    pub(crate) fn fits(&self, value_type: ValueType) -> bool {
        let numbers = value_type.minimum()..=value_type.maximum();
        [self.start, self.minimum, self.maximum].iter().all(|value| numbers.contains(value))
    }
}

fn lower(bound: Bound, value_type: ValueType, dialect: Dialect) -> i128 {
    match bound {
        Bound::No => 1,
        Bound::At(value) if dialect.has_typed_sequences() => value.max(value_type.smallest()),
        Bound::At(value) => value,
    }
}

/// As [`lower`]. No bound is that of signed numbers of 64 bits, as far as the type has it.
fn upper(bound: Bound, value_type: ValueType, dialect: Dialect) -> i128 {
    match bound {
        Bound::No => ValueType::default().largest().min(value_type.largest()),
        Bound::At(value) if dialect.has_typed_sequences() => value.min(value_type.largest()),
        Bound::At(value) => value,
    }
}
