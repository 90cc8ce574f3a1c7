//! Rules for migrations that are valid SQL and yet lose data, break running programs, block tables or run differently
//! under Flyway. Purely textual: no server and no schema is asked.
//!
//! A comment `-- infra:allow lint/drop-column: reason` at the end of a line, or on the line above a statement, keeps a
//! rule silent there.

mod allow;
mod compat;
mod data;
mod finding;
mod flyway;
pub(crate) mod locking;
mod security;
mod session;
pub(crate) mod statement;
mod style;
pub(crate) mod table;

use std::collections::BTreeMap;
use std::ops::Range;

use miette::Severity;

use crate::migration::Migration;
use crate::placeholder::Placeholders;
use crate::script::lexer::{Lexer, Token};
use crate::script::{Script, SplitOptions};

pub use finding::LintFinding;
use statement::Statement;

/// A rule of the linter.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What infra.toml and suppressions call it.
    pub code: &'static str,
    /// How serious its findings are by default.
    pub severity: Severity,
    /// What it finds and why that matters, in one sentence.
    pub summary: &'static str,
    /// What to do instead.
    pub help: &'static str,
    /// What other linters call the same: `Atlas DS102`.
    pub peers: &'static [&'static str],
}

const GROUPS: [&[Rule]; 8] = [
    data::RULES,
    compat::RULES,
    locking::RULES,
    style::RULES,
    security::RULES,
    session::RULES,
    flyway::RULES,
    allow::RULES,
];

/// Every rule, by subject.
pub const RULES: &[Rule] = &joined();

const COUNT: usize = {
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].len();
        group += 1;
    }
    count
};

const fn joined() -> [Rule; COUNT] {
    let mut rules = [allow::RULES[0]; COUNT];
    let (mut next, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut rule = 0;
        while rule < GROUPS[group].len() {
            rules[next] = GROUPS[group][rule];
            next += 1;
            rule += 1;
        }
        group += 1;
    }
    rules
}

/// The rule with a code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// A migration as the rules see it; places are those of the text after replacement.
struct View<'a> {
    migration: &'a Migration,
    text: &'a str,
    /// All tokens of the file, comments included.
    tokens: Vec<Token>,
    statements: Vec<Statement<'a>>,
    /// Names of the tables that this file creates, and where.
    created: BTreeMap<String, usize>,
}

impl View<'_> {
    /// Whether this file created the table before the statement: then it is empty and nobody uses it yet.
    fn is_new(&self, name: &str, statement: &Statement<'_>) -> bool {
        self.created.get(name).is_some_and(|at| *at < statement.range.start)
    }
}

/// What the rules found.
#[derive(Default)]
struct Report {
    hits: Vec<Hit>,
}

struct Hit {
    rule: &'static Rule,
    range: Range<usize>,
    message: String,
}

impl Report {
    /// A finding of the rule with this code, with the rule's own sentence.
    fn hit(&mut self, code: &str, range: Range<usize>) {
        if let Some(rule) = rule(code) {
            self.hits.push(Hit { rule, range, message: rule.summary.to_owned() });
        }
    }
}

/// Everything that the rules have to say about a migration, in the order of places.
pub fn lint(migration: &Migration, placeholders: &Placeholders) -> Vec<LintFinding> {
    lint_script(migration, &migration.script(placeholders, &SplitOptions::default()).0)
}

/// As [`lint`], where the migration's script is parsed already, by the server's rules.
pub fn lint_script(migration: &Migration, script: &Script<'_>) -> Vec<LintFinding> {
    let text = script.text();
    let statements: Vec<_> =
        script.statements.iter().map(|statement| Statement::new(text, statement)).collect();
    // The first place of each counts.
    let created = statements.iter().rev().filter_map(table::created).collect();
    let tokens = Lexer::new(text).collect();
    let view = View { migration, text, tokens, statements, created };
    let mut report = Report::default();
    for statement in &view.statements {
        data::check(&view, statement, &mut report);
        compat::check(&view, statement, &mut report);
        locking::check(&view, statement, &mut report);
        style::check(&view, statement, &mut report);
        security::check(statement, &mut report);
        session::check(statement, &mut report);
    }
    locking::check_file(&view, &mut report);
    session::check_file(&view, &mut report);
    flyway::check_file(&view, script, &mut report);
    let mut hits = allow::apply(&view, report.hits);
    hits.sort_by_key(|hit| (hit.range.start, hit.rule.code));
    abridge(hits)
        .into_iter()
        .map(|hit| LintFinding {
            rule: hit.rule,
            message: hit.message,
            src: migration.source.clone(),
            span: script.place(hit.range),
        })
        .collect()
}

/// How often a rule is reported in one file.
pub const MAX_PER_RULE: usize = 20;

/// Leaves of each rule the first findings, the last of which says how many more there are: a file of data may break a rule in
/// every line, and nobody reads that.
fn abridge(hits: Vec<Hit>) -> Vec<Hit> {
    let mut kept: Vec<Hit> = Vec::new();
    // Of each rule, how often it was found and where the last one kept is.
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for hit in hits {
        let (count, last) = seen.entry(hit.rule.code).or_default();
        *count += 1;
        if *count <= MAX_PER_RULE {
            *last = kept.len();
            kept.push(hit);
        }
    }
    for (count, last) in seen.into_values().filter(|(count, _)| *count > MAX_PER_RULE) {
        if let Some(hit) = kept.get_mut(last) {
            hit.message += &format!(" (and at {} more places of this file)", count - MAX_PER_RULE);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
