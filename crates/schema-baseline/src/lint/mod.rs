//! Rules for schemas that a server accepts and that cause trouble all the same. They look at the catalogue, so that it does not
//! count how a definition is spelt, or in how many steps it came about.
//!
//! A comment `-- infra:allow schema-lint/rule: reason` at the end of a line keeps a rule silent there; alone on a line, it does so
//! for the line that follows, and in front of a statement for the whole of it.

mod allow;
mod columns;
mod finding;
mod foreign_keys;
mod keys;
mod names;
mod programs;
mod tables;
#[cfg(test)]
mod tests;

use miette::Severity;

pub use finding::SchemaLint;

use crate::catalogue::Catalogue;
use crate::place::Place;

/// A rule for schemas.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What infra.toml and suppressions call it.
    pub code: &'static str,
    /// How serious its findings are; none: a policy that not everybody has, silent until infra.toml gives it a level.
    pub severity: Option<Severity>,
    /// What it finds and why that matters, in one sentence.
    pub summary: &'static str,
    /// What to do instead.
    pub help: &'static str,
    /// What other linters call the same: `skeema pk`.
    pub peers: &'static [&'static str],
}

const GROUPS: [&[Rule]; 7] = [
    tables::RULES,
    columns::RULES,
    keys::RULES,
    foreign_keys::RULES,
    names::RULES,
    programs::RULES,
    allow::RULES,
];

/// Every rule, by subject.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    GROUPS.into_iter().flatten()
}

/// What the rules have found so far.
struct Report<'a> {
    enabled: &'a dyn Fn(&str) -> bool,
    found: Vec<SchemaLint>,
}

impl Report<'_> {
    /// Notes what the rule with that code has found.
    fn hit(&mut self, code: &'static str, place: &Place, message: String) {
        let Some(rule) = rules().find(|rule| rule.code == code) else { return };
        if rule.severity.is_some() || (self.enabled)(code) {
            self.found.push(SchemaLint { rule, message, place: place.clone() });
        }
    }
}

/// Applies every rule to a schema; `enabled` names the policies that are wanted too. What is uncertain is left out. Findings come by
/// file and place.
pub fn lint(catalogue: &Catalogue, enabled: &dyn Fn(&str) -> bool) -> Vec<SchemaLint> {
    let mut report = Report { enabled, found: Vec::new() };
    let certain = |table: &&std::sync::Arc<crate::catalogue::Table>| table.unknown.is_none();
    for table in catalogue.tables().values().filter(certain) {
        tables::check(table, &mut report);
        columns::check(table, &mut report);
        keys::check(table, &mut report);
        foreign_keys::check(catalogue, table, &mut report);
        names::check(table, &mut report);
    }
    tables::check_together(catalogue, &mut report);
    programs::check(catalogue, &mut report);
    let mut found = allow::apply(catalogue, report.found);
    found.sort_by(|a, b| {
        let key = |finding: &SchemaLint| {
            (finding.place.file().to_owned(), finding.place.span.start, finding.rule.code)
        };
        key(a).cmp(&key(b))
    });
    found
}
