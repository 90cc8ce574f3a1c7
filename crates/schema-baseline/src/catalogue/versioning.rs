//! System versioning and periods (MariaDB).
//!
//! A server keeps them with the table, as it does options: [`Table::options`] has [`OPTION`] and, for each period, its
//! name behind [`PERIOD`] with the names of its two columns.

#[cfg(test)]
mod tests;

use migrate_core::history::quoted;

use super::apply::Run;
use super::table::{Key, Table};
use crate::ast::{Ident, KeyDef, KeyKind, KeyPart, KeyPartOf, PeriodDef, same_name};
use crate::finding::Finding;
use crate::place::{Place, Span};

/// The option of a versioned table.
pub(crate) const OPTION: &str = "system versioning";
/// What an option with a period begins with.
pub(crate) const PERIOD: &str = "period for ";
/// The option with the period of system versioning.
pub(crate) const SYSTEM_PERIOD: &str = "period for system_time";
/// The attribute of a column that makes a table versioned; it is not kept.
pub(crate) const WITH: &str = "with system versioning";
/// The attribute of a column whose changes make no history.
pub(crate) const WITHOUT: &str = "without system versioning";
/// The attribute of the column that says since when a row holds.
pub(crate) const ROW_START: &str = "generated always as row start";
/// The attribute of the column that says until when a row holds.
pub(crate) const ROW_END: &str = "generated always as row end";
/// The option of a key with the period in which its values do not overlap.
pub(crate) const WITHOUT_OVERLAPS: &str = "without overlaps";

/// The attribute that makes a column a bound of a row's time.
pub(crate) fn row_bound(attributes: &[(String, String)]) -> Option<&str> {
    attributes.iter().map(|(name, _)| name.as_str()).find(|name| [ROW_START, ROW_END].contains(name))
}

pub(super) fn is_row_bound(attributes: &[(String, String)]) -> bool {
    row_bound(attributes).is_some()
}

/// The columns of the period of system versioning, and the name and columns of the application's own, quoted.
pub(crate) fn periods(table: &Table) -> (Option<&str>, Option<(&str, &str)>) {
    let own = table.options.iter().find(|(name, _)| name.starts_with(PERIOD) && *name != SYSTEM_PERIOD);
    (
        table.options.get(SYSTEM_PERIOD).map(String::as_str),
        own.map(|(name, columns)| (&name[PERIOD.len()..], columns.as_str())),
    )
}

/// An option with a period as a clause.
pub(crate) fn clause(option: &str, columns: &str) -> String {
    let name = &option[PERIOD.len()..];
    if option == SYSTEM_PERIOD {
        return format!("PERIOD FOR SYSTEM_TIME ({columns})");
    }
    format!("PERIOD FOR {} ({columns})", quoted(name))
}

/// The clauses of all periods.
pub(crate) fn clauses(table: &Table) -> impl Iterator<Item = String> {
    let periods = table.options.iter().filter(|(name, _)| name.starts_with(PERIOD));
    periods.map(|(name, columns)| clause(name, columns))
}

impl Table {
    fn is_versioned(&self) -> bool {
        self.options.contains_key(OPTION)
    }

    /// The column with that attribute.
    fn bound(&self, attribute: &str) -> Option<&str> {
        let column =
            self.columns.iter().find(|column| column.other.iter().any(|(name, _)| name == attribute))?;
        Some(&column.name)
    }

    /// The application's period, when a column bounds it.
    pub(super) fn period_over(&self, column: &str) -> Option<(String, Place)> {
        let (name, columns) = periods(self).1?;
        let bounds = columns.to_lowercase().contains(&quoted(column).to_lowercase());
        bounds.then(|| (format!("period `{name}`"), self.place.clone()))
    }

    /// A unique key of a table with bounds of rows tells the old states of a row apart by their end.
    pub(super) fn extend_over_history(&self, key: &mut Key) {
        let unique = matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
        let Some(end) = self.bound(ROW_END).filter(|end| unique && !key.has_column(end)) else { return };
        if self.options.contains_key(SYSTEM_PERIOD) {
            let of = KeyPartOf::Column(Ident { text: end.to_owned(), span: key.place.span });
            key.parts.push(KeyPart { of, length: None, descending: false });
        }
    }
}

impl Run<'_> {
    /// `PERIOD FOR`, when the columns are there.
    pub(super) fn add_period(&mut self, table: &mut Table, def: &PeriodDef) {
        let mut types = Vec::new();
        for name in [&def.start, &def.end] {
            match table.column(&name.text) {
                Some(column) => types.push((column.data_type.name, column.data_type.numbers.clone())),
                None => self.missing_column(table, name),
            }
        }
        let [start, end] = types.as_slice() else { return };
        let columns = format!("{}, {}", quoted(&def.start.text), quoted(&def.end.text));
        if def.name.same("system_time") {
            if table.bound(ROW_START).is_none_or(|name| !def.start.same(name))
                || table.bound(ROW_END).is_none_or(|name| !def.end.same(name))
            {
                self.refuse(
                    def.name.span,
                    "the columns of PERIOD FOR SYSTEM_TIME are not the bounds of the rows".to_owned(),
                    "define them GENERATED ALWAYS AS ROW START and AS ROW END",
                );
            }
            table.options.insert(SYSTEM_PERIOD.to_owned(), columns);
            let mut keys = std::mem::take(&mut table.keys);
            for key in &mut keys {
                table.extend_over_history(key);
            }
            table.keys = keys;
            return;
        }
        if periods(table).1.is_some() {
            let reason = format!("table `{}` has a period already", table.name);
            self.refuse(def.name.span, reason, "a table has one period beside that of system versioning");
            return;
        }
        if start != end || !["date", "datetime", "timestamp"].contains(&start.0) {
            let reason = format!("the columns of period `{}` are not of one type with a date", def.name.text);
            self.refuse(def.name.span, reason, "give both the same type: DATE, DATETIME or TIMESTAMP");
        }
        for column in &mut table.columns {
            if def.start.same(&column.name) || def.end.same(&column.name) {
                column.forbid_null();
            }
        }
        table.options.insert(format!("{PERIOD}{}", def.name.text), columns);
    }

    /// `DROP PERIOD FOR`: that of system versioning goes with its columns and not by its name.
    pub(super) fn drop_period(&mut self, table: &mut Table, name: &Ident, if_exists: bool) {
        let found = periods(table).1.map(|(own, _)| own.to_owned()).filter(|own| name.same(own));
        let Some(own) = found else {
            if !if_exists {
                let known = periods(table).1.map(|(own, _)| own.to_owned());
                self.unknown_key(table, "period", name, known.iter().map(String::as_str));
            }
            return;
        };
        table.options.remove(&format!("{PERIOD}{own}"));
        let uses = |key: &&Key| {
            key.options.iter().any(|(option, value)| option == WITHOUT_OVERLAPS && name.same(value))
        };
        if let Some(key) = table.keys.iter().find(uses) {
            let used = vec![Finding::see_also("the key", &key.place)];
            let (what, user) = (format!("period `{own}`"), format!("key `{}`", key.name));
            self.report(name.span, |src, span| Finding::StillInUse { what, user, src, span, used });
        }
    }

    /// The period of `WITHOUT OVERLAPS` must be one of the table.
    pub(super) fn check_overlaps(&mut self, table: &Table, def: &KeyDef) {
        let Some((_, period)) = def.options.iter().find(|(name, _)| name == WITHOUT_OVERLAPS) else { return };
        let name = Ident { text: period.clone(), span: def.span };
        let known = periods(table).1.map(|(own, _)| own.to_owned());
        if known.as_ref().is_none_or(|own| !same_name(own, period)) {
            self.unknown_key(table, "period", &name, known.iter().map(String::as_str));
        }
    }

    /// `ADD SYSTEM VERSIONING` and `DROP SYSTEM VERSIONING`, before it is done.
    pub(super) fn switch_versioning(&mut self, table: &Table, on: bool, span: Span) {
        if table.is_versioned() != on || !table.is_certain(self.catalogue) {
            return;
        }
        let is = if on { "already" } else { "not" };
        let reason = format!("table `{}` is {is} system-versioned", table.name);
        self.refuse(span, reason, "leave the clause out");
    }

    /// What holds of a versioned table once its columns are known. `before` are the columns that it had before the
    /// statement; only `CREATE TABLE` makes a table versioned by the attributes of its columns.
    pub(super) fn settle_versioning(
        &mut self,
        table: &mut Table,
        before: &[String],
        span: Span,
        creates: bool,
    ) {
        let has =
            |attributes: &[(String, String)], wanted: &str| attributes.iter().any(|(name, _)| name == wanted);
        let named = table.columns.iter().any(|column| has(&column.other, WITH));
        if creates && named && !table.is_versioned() {
            table.options.insert(OPTION.to_owned(), "yes".to_owned());
            for column in &mut table.columns {
                if ![WITH, WITHOUT, ROW_START, ROW_END].iter().any(|one| has(&column.other, one)) {
                    column.other.push((WITHOUT.to_owned(), String::new()));
                }
            }
        }
        let versioned = table.is_versioned();
        let says = |attributes: &[(String, String)]| has(attributes, WITH) || has(attributes, WITHOUT);
        let is_new = |name: &str| !before.iter().any(|known| same_name(known, name));
        let misplaced =
            table.columns.iter().any(|column| says(&column.other) && !versioned && is_new(&column.name));
        let mut refuse = |reason: &str, help| {
            self.refuse(span, format!("table `{}` {reason}", table.name), help);
        };
        if misplaced && !creates {
            refuse("is not system-versioned", "add WITH SYSTEM VERSIONING to the table, or leave it out");
        }
        if table.bound(ROW_END).is_none() && table.bound(ROW_START).is_none() {
            table.options.remove(SYSTEM_PERIOD);
        }
        let has_period = table.options.contains_key(SYSTEM_PERIOD);
        if has_period && !versioned {
            refuse(
                "has PERIOD FOR SYSTEM_TIME and is not system-versioned",
                "write WITH SYSTEM VERSIONING; or drop the columns of the period too",
            );
        }
        let bounds = (table.bound(ROW_START).is_some(), table.bound(ROW_END).is_some());
        if bounds != (has_period, has_period) {
            refuse(
                "has bounds of rows without their period",
                "write both columns and PERIOD FOR SYSTEM_TIME (start, end)",
            );
        }
        let fits = |name: &str, numbers: &[u32], unsigned| {
            name == "timestamp" && numbers == [6] || name == "bigint" && unsigned
        };
        if table.columns.iter().any(|column| {
            let data_type = &column.data_type;
            is_row_bound(&column.other) && !fits(data_type.name, &data_type.numbers, data_type.unsigned)
        }) {
            refuse("has a bound of rows of another type", "TIMESTAMP(6) is the type of such columns");
        }
        let counts = |attributes: &[(String, String)]| !has(attributes, WITHOUT) && !is_row_bound(attributes);
        if versioned && table.unknown.is_none() && !table.columns.iter().any(|column| counts(&column.other)) {
            refuse("has no column whose changes make history", "leave one column versioned");
        }
        for column in &mut table.columns {
            column.other.retain(|(name, _)| name != WITH && (versioned || name != WITHOUT));
        }
    }
}
