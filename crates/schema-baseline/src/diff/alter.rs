//! `ALTER TABLE`: one statement a table, as far as servers allow.

use migrate_core::history::quoted;

use super::columns::staying;
use super::foreign::Foreign;
use super::print::{Printer, option};
use super::work::{Work, alter};
use super::{Loss, Step, loss, partition};
use crate::ast::{KeyKind, ObjectKind, same_name};
use crate::catalogue::versioning;
use crate::catalogue::{Check, Column, Key, Table};
use crate::dialect::Vendor;
use crate::place::Place;
use crate::verify::spell;

/// What one `ALTER TABLE` is made of.
#[derive(Default)]
struct Clauses {
    texts: Vec<String>,
    losses: Vec<Loss>,
    place: Option<Place>,
}

impl Clauses {
    fn push(&mut self, place: &Place, text: String) {
        self.place.get_or_insert_with(|| place.clone());
        self.texts.push(text);
    }
}

impl Work<'_> {
    /// The statements that bring a table of both schemas to its new form, foreign keys aside.
    pub(super) fn alter(&self, name: &str, foreign: &Foreign<'_>) -> Vec<Step> {
        let (from, to) = (&self.from.tables()[name], &self.to.tables()[name]);
        let (ours, theirs) = (&self.ours.tables()[name], &self.theirs.tables()[name]);
        let table =
            Sides { from, to, ours, theirs, printer: Printer { dialect: self.to.dialect(), table: to } };
        let mut clauses = Clauses::default();
        table.drop_checks(&mut clauses);
        let late = table.drop_keys(&mut clauses);
        table.columns(&mut clauses);
        let more = table.add_keys(late, foreign, &mut clauses);
        table.add_checks(&mut clauses);
        table.options(&mut clauses);
        let mut steps = Vec::new();
        if !clauses.texts.is_empty() {
            let place = clauses.place.as_ref().unwrap_or(&to.place);
            let mut step = Step::new(ObjectKind::Table, name, place, alter(name, &clauses.texts));
            step.losses = clauses.losses;
            steps.push(step);
        }
        for (place, clause) in more {
            steps.push(Step::new(ObjectKind::Table, name, &place, alter(name, &[clause])));
        }
        if let Some((clause, gone)) = partition::change(ours, theirs, table.printer) {
            let mut step = Step::new(ObjectKind::Table, name, &to.place, alter(name, &[clause]));
            step.losses.extend(gone.into_iter().map(|partition| Loss {
                what: format!("the rows of partition `{partition}` of table `{name}`"),
                place: from.place.clone(),
            }));
            steps.push(step);
        }
        steps
    }
}

/// One table before and after, as it stands and in the spelling of servers.
struct Sides<'a> {
    from: &'a Table,
    to: &'a Table,
    ours: &'a Table,
    theirs: &'a Table,
    printer: Printer<'a>,
}

impl Sides<'_> {
    fn is_mysql(&self) -> bool {
        self.printer.dialect.vendor == Vendor::MySql
    }

    fn drop_checks(&self, clauses: &mut Clauses) {
        let word = if self.is_mysql() { "DROP CHECK" } else { "DROP CONSTRAINT" };
        for check in unmatched_checks(self.ours, self.theirs) {
            clauses.push(&check.place, format!("{word} {}", quoted(&check.name)));
        }
    }

    fn add_checks(&self, clauses: &mut Clauses) {
        for check in unmatched_checks(self.theirs, self.ours) {
            let same = |own: &&Check| own.column.is_none() && same_name(&own.name, &check.name);
            if let Some(check) = self.to.checks.iter().find(same) {
                clauses.push(&check.place, format!("ADD {}", self.printer.check(check)));
            }
        }
    }

    /// Drops keys that are gone or others; gives the names of those that get another name or visibility instead.
    fn drop_keys(&self, clauses: &mut Clauses) -> Vec<String> {
        let mut late = Vec::new();
        for key in &self.ours.keys {
            if self.successor(key).is_some() {
                late.push(key.name.clone());
                continue;
            }
            if self.theirs.key(&key.name).is_some_and(|other| spell::key(other) == spell::key(key)) {
                continue;
            }
            let text = match key.kind {
                KeyKind::Primary => "DROP PRIMARY KEY".to_owned(),
                _ => format!("DROP INDEX {}", quoted(&key.name)),
            };
            clauses.push(&key.place, text);
        }
        late
    }

    /// A key that is the same but for its name or its visibility.
    fn successor(&self, key: &Key) -> Option<&Key> {
        if key.kind == KeyKind::Primary {
            return None;
        }
        if let Some(own) = self.theirs.key(&key.name) {
            let seen = |key: &Key| spell::key(&Key { invisible: false, ..key.clone() });
            return (own.invisible != key.invisible && seen(own) == seen(key)).then_some(own);
        }
        let text = spell::key(key);
        let free = |other: &&Key| self.ours.key(&other.name).is_none() && spell::key(other) == text;
        let found = self.theirs.keys.iter().find(free)?;
        // Of several that are alike, the first takes it.
        let first =
            self.ours.keys.iter().find(|own| self.theirs.key(&own.name).is_none() && spell::key(own) == text);
        first.is_some_and(|first| first.name == key.name).then_some(found)
    }

    /// Adds keys, and gives those that need a statement of their own: `InnoDB` builds one full-text key at a time.
    fn add_keys(
        &self,
        late: Vec<String>,
        foreign: &Foreign<'_>,
        clauses: &mut Clauses,
    ) -> Vec<(Place, String)> {
        let mut taken: Vec<&str> = Vec::new();
        for name in late {
            let Some((key, next)) = self.ours.key(&name).and_then(|key| Some((key, self.successor(key)?)))
            else {
                continue;
            };
            taken.push(&next.name);
            let text = if same_name(&key.name, &next.name) {
                let word = match (self.is_mysql(), next.invisible) {
                    (true, true) => "INVISIBLE",
                    (true, false) => "VISIBLE",
                    (false, true) => "IGNORED",
                    (false, false) => "NOT IGNORED",
                };
                format!("ALTER INDEX {} {word}", quoted(&key.name))
            } else {
                format!("RENAME INDEX {} TO {}", quoted(&key.name), quoted(&next.name))
            };
            clauses.push(&next.place, text);
        }
        let mut more = Vec::new();
        let mut fulltext = false;
        for (key, shown) in self.to.keys.iter().zip(&self.theirs.keys) {
            let same = self.ours.key(&key.name).is_some_and(|own| spell::key(own) == spell::key(shown));
            if same
                || taken.iter().any(|name| same_name(name, &key.name))
                || foreign.makes(&self.to.name, key)
            {
                continue;
            }
            let text = format!("ADD {}", self.printer.key(key));
            if key.kind == KeyKind::Fulltext && std::mem::replace(&mut fulltext, true) {
                more.push((key.place.clone(), text));
            } else {
                clauses.push(&key.place, text);
            }
        }
        more
    }

    fn columns(&self, clauses: &mut Clauses) {
        for column in self.from.columns.iter().filter(|column| self.to.column(&column.name).is_none()) {
            clauses.push(&column.place, format!("DROP COLUMN {}", quoted(&column.name)));
            if column.generated.as_ref().is_none_or(|generated| generated.stored) {
                let what = format!("column `{}` of table `{}` with its values", column.name, self.from.name);
                clauses.losses.push(Loss { what, place: column.place.clone() });
            }
        }
        let place_in =
            |table: &Table, name: &str| table.columns.iter().position(|column| same_name(&column.name, name));
        let numbers: Vec<Option<usize>> =
            self.to.columns.iter().map(|column| place_in(self.from, &column.name)).collect();
        let common: Vec<usize> = numbers.iter().flatten().copied().collect();
        let stay = staying(&common);
        let last_common = numbers.iter().rposition(Option::is_some);
        let mut seen = 0;
        for (at, column) in self.to.columns.iter().enumerate() {
            let position = match at.checked_sub(1) {
                None => " FIRST".to_owned(),
                Some(before) => format!(" AFTER {}", quoted(&self.to.columns[before].name)),
            };
            let Some(old) = numbers[at] else {
                let position = if last_common.is_none_or(|last| at > last) { "" } else { &position };
                clauses.push(&column.place, format!("ADD COLUMN {}{position}", self.printer.column(column)));
                continue;
            };
            let moves = !stay.contains(&seen);
            seen += 1;
            let (was, will) = (&self.ours.columns[old], &self.theirs.columns[at]);
            // The name may be the same in another case only.
            let alike = was.name == will.name
                && spell::column(was) == spell::column(will)
                && inline_checks(self.ours, was) == inline_checks(self.theirs, will);
            if alike && !moves {
                continue;
            }
            if !alike && let Some(lost) = loss::of_change(was, will) {
                let what = format!("{lost} (table `{}`)", self.from.name);
                clauses.losses.push(Loss { what, place: self.from.columns[old].place.clone() });
            }
            let text = self.replaced(old, at, moves.then_some(position.as_str()));
            clauses.push(&column.place, text);
        }
    }

    /// `MODIFY COLUMN`; where the server cannot turn a column into the new one, it is dropped and made anew.
    fn replaced(&self, old: usize, at: usize, position: Option<&str>) -> String {
        let (was, will) = (&self.ours.columns[old], &self.theirs.columns[at]);
        let column = &self.to.columns[at];
        let stored = |column: &Column| column.generated.as_ref().map(|generated| generated.stored);
        // No server turns a column that is computed when it is read into one that is kept, or back.
        let is_virtual = |column: &Column| stored(column) == Some(false);
        let convertible = is_virtual(was) == is_virtual(will);
        let definition = self.printer.column(column);
        if convertible {
            return format!("MODIFY COLUMN {definition}{}", position.unwrap_or_default());
        }
        let place = match at.checked_sub(1) {
            None => " FIRST".to_owned(),
            Some(before) => format!(" AFTER {}", quoted(&self.to.columns[before].name)),
        };
        format!("DROP COLUMN {},\n    ADD COLUMN {definition}{place}", quoted(&self.from.columns[old].name))
    }

    fn options(&self, clauses: &mut Clauses) {
        let place = &self.to.place;
        let (from, to) = (self.ours, self.theirs);
        if (&from.charset, &from.collation) != (&to.charset, &to.collation) {
            clauses.push(place, format!("DEFAULT CHARACTER SET={} COLLATE={}", to.charset, to.collation));
        }
        for (name, value) in &to.options {
            if from.options.get(name) != Some(value) {
                let text = if name == versioning::OPTION {
                    "ADD SYSTEM VERSIONING".to_owned()
                } else if name.starts_with(versioning::PERIOD) {
                    format!("ADD {}", versioning::clause(name, value))
                } else {
                    option(name, value)
                };
                clauses.push(place, text);
            }
        }
        // The period of system versioning goes with its columns.
        let goes = |name: &&String| *name != versioning::SYSTEM_PERIOD && !to.options.contains_key(*name);
        for name in from.options.keys().filter(goes) {
            clauses.push(place, without(name));
        }
    }
}

/// The clause that gives an option its default.
fn without(name: &str) -> String {
    match name {
        versioning::OPTION => "DROP SYSTEM VERSIONING".to_owned(),
        _ if name.starts_with(versioning::PERIOD) => {
            format!("DROP PERIOD FOR {}", quoted(&name[versioning::PERIOD.len()..]))
        }
        "comment" | "connection" | "engine_attribute" | "secondary_engine_attribute" => {
            format!("{}=''", name.to_uppercase())
        }
        "compression" => "COMPRESSION='NONE'".to_owned(),
        "encryption" => "ENCRYPTION='N'".to_owned(),
        "row_format" | "pack_keys" | "stats_persistent" | "stats_auto_recalc" | "stats_sample_pages" => {
            format!("{}=DEFAULT", name.to_uppercase())
        }
        _ => format!("{}=0", name.to_uppercase()),
    }
}

/// The checks of `table` that `other` does not have. Those in a column's line go with the column.
fn unmatched_checks<'t>(table: &'t Table, other: &Table) -> Vec<&'t Check> {
    let mut rest: Vec<_> = other.checks.iter().collect();
    let mut unmatched = Vec::new();
    for check in &table.checks {
        let text = spell::check(check);
        let same = |own: &&Check| spell::check(own) == text;
        let named = |own: &&Check| same(own) && same_name(&own.name, &check.name);
        let free = |own: &&Check| same(own) && !spell::is_chosen(own) && !spell::is_chosen(check);
        match rest.iter().position(named).or_else(|| rest.iter().position(free)) {
            Some(found) => {
                rest.remove(found);
            }
            None if check.column.is_some() => {}
            None => unmatched.push(check),
        }
    }
    unmatched
}

/// The checks in the line of a column, in one spelling.
fn inline_checks(table: &Table, column: &Column) -> Vec<String> {
    let own = |check: &&Check| check.column.as_deref().is_some_and(|name| same_name(name, &column.name));
    table.checks.iter().filter(own).map(spell::check).collect()
}
