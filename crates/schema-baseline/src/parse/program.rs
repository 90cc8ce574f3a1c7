//! Views and stored programs.

use std::sync::Arc;

use super::canonical::canonical;
use super::cursor::{Cursor, Parsed, unquote_name, unquote_string};
use super::references::references;
use crate::ast::{
    Body, CreateEvent, CreateRoutine, CreateTrigger, CreateView, EventChange, ObjectKind, RoutineKind,
    StatementKind, TriggerEvent, TriggerOrder, TriggerTiming,
};
use crate::place::Span;

/// What stands between `CREATE` and the kind of object.
#[derive(Default)]
pub(super) struct Head {
    pub(super) or_replace: bool,
    pub(super) temporary: bool,
    algorithm: Option<String>,
    invoker: bool,
    definer: Option<String>,
}

impl Cursor<'_> {
    /// `OR REPLACE`, `ALGORITHM`, `DEFINER`, `SQL SECURITY`, `AGGREGATE`, `TEMPORARY`.
    pub(super) fn head(&mut self) -> Parsed<Head> {
        let mut head = Head::default();
        loop {
            if self.eat_words(&["or", "replace"]) {
                head.or_replace = true;
            } else if self.is_word("algorithm") {
                self.next();
                self.expect_symbol("=", "`=`")?;
                match self.eat_any(&["undefined", "merge", "temptable"]) {
                    Some(algorithm) => head.algorithm = Some(algorithm.to_owned()),
                    None => return self.expected("UNDEFINED, MERGE or TEMPTABLE"),
                }
            } else if self.is_word("definer") {
                head.definer = self.definer()?;
            } else if self.is_word("sql") {
                head.invoker = self.sql_security()?;
            } else if self.eat("temporary") {
                head.temporary = true;
            } else if !self.eat("aggregate") {
                return Ok(head);
            }
        }
    }

    /// `DEFINER = account`, noted as something to leave out.
    fn definer(&mut self) -> Parsed<Option<String>> {
        let start = self.position();
        self.next();
        self.expect_symbol("=", "`=`")?;
        let runner = self.is_word("current_user");
        let user =
            if self.is_string() { self.string("an account")? } else { self.loose_name("an account")?.text };
        let mut host = "%".to_owned();
        if self.is_symbol("(") {
            self.skip_parentheses()?;
        } else if let Some(token) = self.peek().filter(|token| token.text(self.text).starts_with('@')) {
            self.next();
            let written = match token.text(self.text).strip_prefix('@').unwrap_or_default() {
                "" => self.next().map_or("", |token| token.text(self.text)),
                written => written,
            };
            host = unquote_name(written);
            if host.starts_with(['\'', '"']) {
                host = unquote_string(&host);
            }
        }
        self.strip.push(self.span_from(start));
        Ok((!runner).then(|| format!("`{user}`@`{host}`")))
    }

    /// `SQL SECURITY DEFINER|INVOKER`; true for the latter.
    fn sql_security(&mut self) -> Parsed<bool> {
        self.expect("sql")?;
        self.expect("security")?;
        match self.eat_any(&["definer", "invoker"]) {
            Some(word) => Ok(word == "invoker"),
            None => self.expected("DEFINER or INVOKER"),
        }
    }

    /// Behind `CREATE … VIEW` or `ALTER … VIEW`.
    pub(super) fn view(&mut self, head: Head, alter: bool) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.object_name("the name of the view")?;
        self.touches.push((ObjectKind::View, name.clone()));
        let columns =
            if self.is_symbol("(") { self.names_in_parentheses("the name of a column")? } else { Vec::new() };
        self.expect("as")?;
        if !self.begins_query() {
            return self.expected("SELECT");
        }
        let check_option = self.cut_check_option();
        let query = self.body(check_option.as_ref().map_or(0, |(length, _)| *length));
        Ok(StatementKind::CreateView(Arc::new(CreateView {
            name,
            definer: head.definer,
            or_replace: head.or_replace || alter,
            alter,
            if_not_exists,
            algorithm: head.algorithm.unwrap_or_else(|| "undefined".to_owned()),
            invoker: head.invoker,
            columns,
            query,
            check_option: check_option.map(|(_, option)| option),
        })))
    }

    /// `WITH [CASCADED|LOCAL] CHECK OPTION` at the end: how many tokens it takes, and what it says.
    fn cut_check_option(&self) -> Option<(usize, String)> {
        let rest = self.rest();
        let ends_with = |words: &[&str]| {
            rest.len() > words.len()
                && rest[rest.len() - words.len()..]
                    .iter()
                    .zip(words)
                    .all(|(token, word)| token.is_word(self.text, word))
        };
        if ends_with(&["with", "check", "option"]) {
            return Some((3, "cascaded".to_owned()));
        }
        ["cascaded", "local"]
            .into_iter()
            .find(|option| ends_with(&["with", option, "check", "option"]))
            .map(|option| (4, option.to_owned()))
    }

    /// The rest of the statement but its last `without` tokens.
    fn body(&mut self, without: usize) -> Body {
        let rest = self.rest();
        let tokens = &rest[..rest.len() - without.min(rest.len())];
        let found = references(self.text, tokens, false);
        let start = self.position();
        while !self.is_at_end() {
            self.next();
        }
        let span = tokens
            .last()
            .map_or_else(|| self.span_from(start), |last| Span { start: tokens[0].start, end: last.end });
        Body {
            canonical: canonical(self.text, tokens),
            references: found.references,
            changes: found.changes,
            dynamic: found.dynamic,
            compound: tokens.iter().any(|token| token.is_symbol(self.text, ";")),
            span,
        }
    }

    fn program_body(&mut self) -> Parsed<Body> {
        if self.is_at_end() {
            return self.expected("a statement or BEGIN");
        }
        Ok(self.body(0))
    }

    /// Behind `CREATE … TRIGGER`.
    pub(super) fn trigger(&mut self, head: Head) -> Parsed<StatementKind> {
        let start = self.position().saturating_sub(1);
        let if_not_exists = self.if_not_exists();
        let name = self.object_name("the name of the trigger")?;
        self.touches.push((ObjectKind::Trigger, name.clone()));
        let timing = match self.eat_any(&["before", "after"]) {
            Some("before") => TriggerTiming::Before,
            Some(_) => TriggerTiming::After,
            None => return self.expected("BEFORE or AFTER"),
        };
        let event = match self.eat_any(&["insert", "update", "delete"]) {
            Some("insert") => TriggerEvent::Insert,
            Some("update") => TriggerEvent::Update,
            Some(_) => TriggerEvent::Delete,
            None => return self.expected("INSERT, UPDATE or DELETE"),
        };
        if self.is_word("or") || self.is_word("of") {
            return self.unknown("a trigger on several events or on columns");
        }
        self.expect("on")?;
        let table = self.object_name("the name of the table")?;
        self.expect("for")?;
        self.expect("each")?;
        self.expect("row")?;
        let order = match self.eat_any(&["follows", "precedes"]) {
            Some("follows") => Some(TriggerOrder::Follows(self.name("the name of a trigger")?)),
            Some(_) => Some(TriggerOrder::Precedes(self.name("the name of a trigger")?)),
            None => None,
        };
        let body = self.program_body()?;
        let Head { or_replace, definer, .. } = head;
        let span = self.span_from(start);
        Ok(StatementKind::CreateTrigger(Arc::new(CreateTrigger {
            name,
            definer,
            or_replace,
            if_not_exists,
            timing,
            event,
            table,
            order,
            body,
            span,
        })))
    }

    /// Behind `CREATE … PROCEDURE` or `CREATE … FUNCTION`.
    pub(super) fn routine(&mut self, head: Head, kind: RoutineKind) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.object_name("the name of the routine")?;
        if self.is_word("returns") && kind == RoutineKind::Function {
            // A loadable function: not an object of the schema.
            while self.next().is_some() {}
            return Ok(StatementKind::NoEffect);
        }
        self.touches.push((kind.into(), name.clone()));
        let start = self.position();
        self.skip_parentheses()?;
        let whole = self.span_from(start);
        let parameters = Span { start: whole.start + 1, end: whole.end.saturating_sub(1) };
        let mut returns = None;
        if kind == RoutineKind::Function {
            self.expect("returns")?;
            let mut data_type = self.data_type()?;
            if self.eat("collate") {
                data_type.collation = Some(self.charset_value()?);
            }
            returns = Some(data_type);
        }
        let signature = self.spelled_since(start);
        let characteristics = self.characteristics()?;
        let body = self.program_body()?;
        let characteristics = characteristics
            .into_iter()
            .filter(|characteristic| !crate::catalogue::is_default_characteristic(characteristic))
            .collect();
        Ok(StatementKind::CreateRoutine(Arc::new(CreateRoutine {
            kind,
            name,
            definer: head.definer,
            or_replace: head.or_replace,
            if_not_exists,
            signature,
            parameters,
            returns,
            characteristics,
            body,
        })))
    }

    /// Characteristics in one spelling, sorted.
    fn characteristics(&mut self) -> Parsed<Vec<String>> {
        let mut all = Vec::new();
        loop {
            let start = self.position();
            if self.eat("comment") {
                self.string("the comment, a string")?;
            } else if self.is_word("language") {
                self.next();
                if !self.eat("sql") {
                    return self.unknown("a routine in another language");
                }
            } else if self.is_word("sql") && self.is_word_at(1, "security") {
                self.sql_security()?;
            } else if !(self.eat("deterministic")
                || self.eat_words(&["not", "deterministic"])
                || self.eat_words(&["contains", "sql"])
                || self.eat_words(&["no", "sql"])
                || self.eat_words(&["reads", "sql", "data"])
                || self.eat_words(&["modifies", "sql", "data"]))
            {
                all.sort();
                return Ok(all);
            }
            all.push(self.spelled_since(start));
        }
    }

    /// Behind `ALTER PROCEDURE` or `ALTER FUNCTION`.
    pub(super) fn alter_routine(&mut self, kind: RoutineKind) -> Parsed<StatementKind> {
        let name = self.object_name("the name of the routine")?;
        self.touches.push((kind.into(), name.clone()));
        let characteristics = self.characteristics()?;
        Ok(StatementKind::AlterRoutine { kind, name, characteristics })
    }

    /// Behind `CREATE … EVENT`.
    pub(super) fn event(&mut self, head: Head) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.object_name("the name of the event")?;
        self.touches.push((ObjectKind::Event, name.clone()));
        if !(self.is_word("on") && self.is_word_at(1, "schedule")) {
            return self.expected("ON SCHEDULE");
        }
        let change = self.event_clauses()?;
        if change.body.is_none() {
            return self.expected("DO");
        }
        let Head { or_replace, definer, .. } = head;
        let event = CreateEvent { name, definer, or_replace, if_not_exists, change };
        Ok(StatementKind::CreateEvent(Arc::new(event)))
    }

    /// Behind `ALTER … EVENT`.
    pub(super) fn alter_event(&mut self) -> Parsed<StatementKind> {
        let name = self.object_name("the name of the event")?;
        self.touches.push((ObjectKind::Event, name.clone()));
        Ok(StatementKind::AlterEvent { name, change: self.event_clauses()? })
    }

    fn event_clauses(&mut self) -> Parsed<EventChange> {
        let mut change = EventChange::default();
        while !self.is_at_end() {
            if self.eat_words(&["on", "schedule"]) {
                if !self.is_word("at") && !self.is_word("every") {
                    return self.expected("AT or EVERY");
                }
                let start = self.position();
                let stops = ["on", "enable", "disable", "comment", "do", "rename"];
                while !self.is_at_end() && !stops.iter().any(|word| self.is_word(word)) {
                    self.next();
                }
                change.schedule = Some(self.spelled_since(start));
            } else if self.eat_words(&["on", "completion"]) {
                let not = self.eat("not");
                self.expect("preserve")?;
                change.preserve = Some(!not);
            } else if self.eat_words(&["rename", "to"]) {
                change.rename = Some(self.object_name("the new name of the event")?);
            } else if self.eat("enable") {
                change.status = Some("enable".to_owned());
            } else if self.eat("disable") {
                let replica = self.eat_words(&["on", "slave"]) || self.eat_words(&["on", "replica"]);
                change.status = Some(if replica { "disable on replica" } else { "disable" }.to_owned());
            } else if self.eat("comment") {
                change.comment = Some(self.string("the comment, a string")?);
            } else if self.eat("do") {
                change.body = Some(self.program_body()?);
            } else {
                return self.expected("a clause of the event or DO");
            }
        }
        Ok(change)
    }
}
