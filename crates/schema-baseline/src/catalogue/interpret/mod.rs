//! Procedures that look at `information_schema` before they change a table, and SQL that is put together as strings: run
//! on the catalogue, as far as what they do depends on nothing else.
//!
//! What depends on rows of tables is unknown. An unknown condition is no harm where neither branch changes a definition;
//! otherwise the run is given up, and the caller says so.

mod information;
mod syntax;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use miette::{Diagnostic as _, Severity};

use super::apply::Run;
use super::key_of;
use crate::ast::{Ident, ObjectKind, Statement, StatementKind};
use crate::parse::{parse_all, parse_span, references_in};
use crate::place::{Source, Span};
use syntax::Step;
use value::{Scope, Value, evaluate};

/// Statements that one `CALL` may run.
const LONGEST: usize = 20_000;

/// Longer statements give no variable its value.
const LONGEST_ASSIGNMENT: usize = 64 * 1024;

/// How deep procedures may call each other.
const DEEPEST: usize = 20;

/// What belongs to a session: its variables and prepared statements.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    variables: BTreeMap<String, Value>,
    /// The text of each; none when it is not known.
    prepared: BTreeMap<String, Option<String>>,
}

/// Why a run was given up.
struct Lost;

/// How a statement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Flow {
    Next,
    Leave(String),
    Iterate(String),
    /// A handler ends the block in which it stands.
    Exit,
    /// An error that no handler takes.
    Failed,
}

impl Run<'_> {
    /// Runs a statement of the script that calls a procedure, sets variables or executes a string; false when what it
    /// does is not understood.
    pub(super) fn interpret(&mut self, span: Span) -> bool {
        let source = Arc::clone(self.source);
        let Some(steps) = syntax::read(source.inner(), span, self.catalogue.dialect) else { return false };
        let before = self.findings.len();
        let mut budget = LONGEST;
        let mut machine = Machine {
            run: Run { catalogue: self.catalogue, source: &source, findings: self.findings },
            source: &source,
            variables: BTreeMap::new(),
            cursors: BTreeMap::new(),
            handlers: Vec::new(),
            budget: &mut budget,
            depth: 0,
        };
        let understood = machine.steps(&steps).is_ok();
        if !understood {
            self.findings.truncate(before);
        }
        understood
    }
}

impl Run<'_> {
    /// Notes what a `SET`, a `PREPARE` or a `SELECT … INTO` does to variables, on which a later statement may depend.
    pub(super) fn interpret_quietly(&mut self, span: Span) {
        let text = span.of(self.source.inner());
        let names_one =
            text.contains('@') || text.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("prepare"));
        if !names_one || text.len() > LONGEST_ASSIGNMENT {
            return;
        }
        let Some(steps) = syntax::read(text, Span { start: 0, end: text.len() }, self.catalogue.dialect)
        else {
            return;
        };
        // Anything else has been applied already.
        let sets =
            |step: &Step| matches!(step, Step::Set(_) | Step::Prepare { .. } | Step::SelectInto { .. });
        if steps.iter().all(sets) {
            let _understood = self.interpret(span);
        }
    }
}

/// A cursor: its query, and its rows while it is open.
struct Cursor {
    query: Span,
    rows: Option<std::vec::IntoIter<Vec<Value>>>,
}

fn is_error(finding: &crate::Finding) -> bool {
    finding.severity().unwrap_or(Severity::Error) == Severity::Error
}

struct Machine<'a, 'r> {
    run: Run<'r>,
    source: &'a Arc<Source>,
    variables: BTreeMap<String, Value>,
    cursors: BTreeMap<String, Cursor>,
    /// Whether it ends its block, whether it is for the end of a cursor, and what it does.
    handlers: Vec<(bool, bool, Step)>,
    budget: &'a mut usize,
    depth: usize,
}

impl Machine<'_, '_> {
    fn steps(&mut self, steps: &[Step]) -> Result<Flow, Lost> {
        for step in steps {
            let flow = self.step(step)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn step(&mut self, step: &Step) -> Result<Flow, Lost> {
        *self.budget = self.budget.checked_sub(1).ok_or(Lost)?;
        match step {
            Step::Block { label, steps } => {
                let handlers = self.handlers.len();
                let flow = self.steps(steps)?;
                self.handlers.truncate(handlers);
                return Ok(match flow {
                    Flow::Exit => Flow::Next,
                    Flow::Leave(name) if Some(&name) == label.as_ref() => Flow::Next,
                    other => other,
                });
            }
            Step::Declare { names, value } => {
                let value = value.map_or(Value::Null, |text| self.value(text));
                self.variables.extend(names.iter().map(|name| (name.clone(), value.clone())));
            }
            Step::Cursor { name, query } => {
                self.cursors.insert(name.clone(), Cursor { query: *query, rows: None });
            }
            Step::Handler { exits, on_end, step } => {
                self.handlers.push((*exits, *on_end, step.as_ref().clone()));
            }
            Step::Set(all) => {
                for (name, text) in all {
                    let flow = self.reads(*text)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                    let value = self.value(*text);
                    self.assign(name, value);
                }
            }
            Step::If { branches, otherwise } => return self.branch(branches, otherwise),
            Step::Loop { label, condition, until, steps } => {
                return self.repeat(label.as_ref(), *condition, *until, steps);
            }
            Step::Leave(label) => return Ok(Flow::Leave(label.clone())),
            Step::Iterate(label) => return Ok(Flow::Iterate(label.clone())),
            Step::Open(name) => {
                let query = self.cursors.get(name).ok_or(Lost)?.query;
                let flow = self.statement(query)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
                let rows = self.rows(query.of(self.source.inner()));
                self.cursors.entry(name.clone()).and_modify(|cursor| cursor.rows = rows.map(Vec::into_iter));
            }
            Step::Fetch { cursor, into } => return self.fetch(cursor, into),
            Step::Prepare { name, from } => {
                let text = match self.value(*from) {
                    Value::Text(text) => Some(text),
                    _ => None,
                };
                self.run.catalogue.session.prepared.insert(name.clone(), text);
            }
            Step::Execute(name) => {
                let text = self.run.catalogue.session.prepared.get(name).cloned().flatten().ok_or(Lost)?;
                let called = format!("{} (SQL in a string)", self.source.name());
                let source = Arc::new(Source::new(called, text.into()));
                let (statements, findings) = parse_all(&source, self.run.catalogue.dialect);
                let before = self.run.findings.len();
                self.run.findings.extend(findings);
                self.apply(&source, &statements);
                return self.after(before);
            }
            Step::Call { name, at, arguments } => return self.call(name, *at, arguments),
            Step::SelectInto { whole, items, rest, into } => {
                let flow = self.statement(*whole)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
                let text = self.source.inner();
                let query = format!("{} {}", items.of(text), rest.of(text));
                let row = self.rows(&query).and_then(|rows| rows.into_iter().next());
                for (index, name) in into.iter().enumerate() {
                    let value =
                        row.as_ref().and_then(|row| row.get(index).cloned()).unwrap_or(Value::Unknown);
                    self.assign(name, value);
                }
            }
            Step::Signal => {
                return if self.handlers.is_empty() { Ok(Flow::Failed) } else { Err(Lost) };
            }
            Step::Statement(span) => return self.statement(*span),
        }
        Ok(Flow::Next)
    }

    /// Applies a statement that stands in the program.
    fn statement(&mut self, span: Span) -> Result<Flow, Lost> {
        let (statement, findings) = parse_span(self.source, span, self.run.catalogue.dialect);
        let before = self.run.findings.len();
        // Doubts about it have been said where it is defined, if they were.
        let is_doubt = |finding: &crate::Finding| finding.severity() == Some(Severity::Advice);
        self.run.findings.extend(findings.into_iter().filter(|finding| !is_doubt(finding)));
        self.apply(&Arc::clone(self.source), statement.as_slice());
        self.after(before)
    }

    fn apply(&mut self, source: &Arc<Source>, statements: &[Statement]) {
        let mut run = Run { catalogue: self.run.catalogue, source, findings: self.run.findings };
        for statement in statements {
            let before = run.findings.len();
            let table = match &statement.kind {
                StatementKind::AlterTable(alter) => Some(alter.name.text()),
                StatementKind::CreateTable(table) => Some(table.name.text()),
                _ => None,
            };
            let saved = table.map(|name| (name, run.catalogue.tables.get(name).cloned()));
            match &statement.kind {
                // What it gives to variables has been seen to.
                StatementKind::Data { uses } => run.data(uses),
                _ => run.statement(statement),
            }
            // The program may go on behind a statement that failed, which did nothing.
            if let Some((name, table)) = saved
                && run.findings[before..].iter().any(is_error)
            {
                run.catalogue.put_back(name, table);
            }
        }
    }

    /// What an error among the findings since then leads to.
    fn after(&mut self, before: usize) -> Result<Flow, Lost> {
        if !self.run.findings[before..].iter().any(is_error) {
            return Ok(Flow::Next);
        }
        let Some((exits, _, step)) = self.handlers.iter().rev().find(|(_, on_end, _)| !on_end).cloned()
        else {
            return Ok(Flow::Failed);
        };
        self.run.findings.truncate(before);
        let flow = self.step(&step)?;
        Ok(if exits && flow == Flow::Next { Flow::Exit } else { flow })
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            catalogue: self.run.catalogue,
            variables: &self.variables,
            session: &self.run.catalogue.session.variables,
            row: None,
        }
    }

    fn value(&self, text: Span) -> Value {
        evaluate(text.of(self.source.inner()), &self.scope())
    }

    fn rows(&self, query: &str) -> Option<Vec<Vec<Value>>> {
        use crate::served::text::{is_at_end, parser, prepared};
        let text = prepared(query);
        let mut parser = parser(&text)?;
        let query = parser.parse_query().ok()?;
        is_at_end(&mut parser)?;
        let scope = self.scope();
        match information::select(&query, &scope) {
            Some(rows) => Some(rows),
            None => information::without_table(&query, &scope),
        }
    }

    fn assign(&mut self, name: &str, value: Value) {
        let to = if name.starts_with('@') {
            &mut self.run.catalogue.session.variables
        } else {
            &mut self.variables
        };
        to.insert(name.to_owned(), value);
    }

    /// Holds the tables that an expression reads against those that exist.
    fn reads(&mut self, text: Span) -> Result<Flow, Lost> {
        let has_query = text.of(self.source.inner()).to_ascii_lowercase().contains("select");
        if !has_query {
            return Ok(Flow::Next);
        }
        let uses = references_in(self.source.inner(), text, self.run.catalogue.dialect);
        let before = self.run.findings.len();
        let source = Arc::clone(self.source);
        Run { catalogue: self.run.catalogue, source: &source, findings: self.run.findings }.data(&uses);
        self.after(before)
    }

    fn branch(&mut self, branches: &[(Span, Vec<Step>)], otherwise: &[Step]) -> Result<Flow, Lost> {
        for (index, (condition, steps)) in branches.iter().enumerate() {
            let flow = self.reads(*condition)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
            match self.value(*condition).is_true() {
                Some(true) => return self.steps(steps),
                Some(false) => {}
                None => {
                    let rest = branches[index..].iter().flat_map(|(_, steps)| steps).chain(otherwise);
                    return self.skip(rest);
                }
            }
        }
        self.steps(otherwise)
    }

    /// Leaves out statements of which it is not known whether they run: what they set is unknown then.
    fn skip<'s>(&mut self, steps: impl Iterator<Item = &'s Step>) -> Result<Flow, Lost> {
        let mut assigned = Vec::new();
        for step in steps {
            if step.defines(self.source.inner()) {
                return Err(Lost);
            }
            step.assigned(&mut assigned);
        }
        for name in assigned {
            self.assign(&name, Value::Unknown);
        }
        Ok(Flow::Next)
    }

    fn repeat(
        &mut self,
        label: Option<&String>,
        condition: Option<Span>,
        until: Option<Span>,
        steps: &[Step],
    ) -> Result<Flow, Lost> {
        loop {
            *self.budget = self.budget.checked_sub(1).ok_or(Lost)?;
            match condition.map(|condition| self.value(condition).is_true()) {
                Some(Some(false)) => return Ok(Flow::Next),
                Some(None) => return self.skip(steps.iter()),
                Some(Some(true)) | None => {}
            }
            // A cursor over rows that are not known: nobody can say how often.
            let blind = steps.iter().any(|step| {
                matches!(step, Step::Fetch { cursor, .. }
                    if self.cursors.get(cursor).is_none_or(|cursor| cursor.rows.is_none()))
            });
            if blind {
                return self.skip(steps.iter());
            }
            match self.steps(steps)? {
                Flow::Next => {}
                Flow::Iterate(name) if Some(&name) == label => {}
                Flow::Leave(name) if Some(&name) == label => return Ok(Flow::Next),
                other => return Ok(other),
            }
            match until.map(|until| self.value(until).is_true()) {
                Some(Some(true)) => return Ok(Flow::Next),
                Some(None) => return Err(Lost),
                _ => {}
            }
        }
    }

    fn fetch(&mut self, name: &str, into: &[String]) -> Result<Flow, Lost> {
        let rows = self.cursors.get_mut(name).and_then(|cursor| cursor.rows.as_mut()).ok_or(Lost)?;
        if let Some(row) = rows.next() {
            for (name, value) in into.iter().zip(row) {
                self.assign(name, value);
            }
            return Ok(Flow::Next);
        }
        let handler = self.handlers.iter().rev().find(|(_, on_end, _)| *on_end).cloned();
        let Some((exits, _, step)) = handler else { return Ok(Flow::Failed) };
        let flow = self.step(&step)?;
        Ok(if exits && flow == Flow::Next { Flow::Exit } else { flow })
    }

    fn call(&mut self, name: &str, at: Span, arguments: &[Span]) -> Result<Flow, Lost> {
        if self.depth >= DEEPEST {
            return Err(Lost);
        }
        let key = key_of(ObjectKind::Procedure, name);
        let Some(routine) = self.run.catalogue.procedures.get(&key) else {
            let before = self.run.findings.len();
            let mut run =
                Run { catalogue: self.run.catalogue, source: self.source, findings: self.run.findings };
            run.unknown_object(ObjectKind::Procedure, &Ident { text: name.to_owned(), span: at });
            return self.after(before);
        };
        let (definition, source) = (Arc::clone(&routine.definition), Arc::clone(&routine.place.source));
        let steps =
            syntax::read(source.inner(), definition.body.span, self.run.catalogue.dialect).ok_or(Lost)?;
        let parameters = parameters(definition.parameters.of(source.inner()));
        let mut variables = BTreeMap::new();
        for (index, (is_out, name)) in parameters.iter().enumerate() {
            let value = match arguments.get(index) {
                Some(text) if !is_out => self.value(*text),
                _ => Value::Null,
            };
            variables.insert(name.clone(), value);
        }
        let mut machine = Machine {
            run: Run { catalogue: self.run.catalogue, source: &source, findings: self.run.findings },
            source: &source,
            variables,
            cursors: BTreeMap::new(),
            handlers: Vec::new(),
            budget: self.budget,
            depth: self.depth + 1,
        };
        let flow = machine.steps(&steps)?;
        let results = machine.variables;
        for ((is_out, parameter), text) in parameters.iter().zip(arguments) {
            if *is_out {
                let name = text.of(self.source.inner()).trim().to_lowercase();
                let value = results.get(parameter).cloned().unwrap_or(Value::Unknown);
                self.assign(&name, value);
            }
        }
        Ok(match flow {
            Flow::Failed => Flow::Failed,
            _ => Flow::Next,
        })
    }
}

/// The parameters of a procedure: whether each gives a value back, and its name.
fn parameters(text: &str) -> Vec<(bool, String)> {
    let mut all = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let mut push = |text: &str| {
        let mut words = text.split_whitespace();
        let Some(first) = words.next() else { return };
        let (is_out, name) = match first.to_ascii_lowercase().as_str() {
            "in" => (false, words.next().unwrap_or_default()),
            "out" | "inout" => (true, words.next().unwrap_or_default()),
            _ => (false, first),
        };
        all.push((is_out, name.trim_matches('`').to_lowercase()));
    };
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    push(&text[start..]);
    all
}

#[cfg(test)]
mod tests;
