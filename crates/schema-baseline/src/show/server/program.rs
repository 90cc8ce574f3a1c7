//! Triggers, routines and events: their heads are printed anew, their bodies stay as they were written.

use migrate_core::history::quoted;

use super::Style;
use super::literal::{string, time};
use crate::ast::{CreateRoutine, RoutineKind, TriggerEvent, TriggerTiming};
use crate::catalogue::{Catalogue, Event, Routine, Trigger, is_text};

impl Style<'_> {
    fn definer(self, written: Option<&String>) -> String {
        format!("CREATE DEFINER={}", written.map_or(self.account, String::as_str))
    }

    pub(super) fn trigger(self, trigger: &Trigger) -> String {
        let def = &trigger.definition;
        let source = trigger.place.source.inner();
        let head = self.definer(def.definer.as_ref());
        if !self.is_mysql() && trigger.table == def.table.text() {
            return format!("{head} {}", def.span.of(source));
        }
        if !self.is_mysql() {
            // When the table got another name, the server wrote its name and what follows anew.
            let before = source.get(def.span.start..def.table.span().start).unwrap_or_default();
            let behind = source.get(def.table.span().end..def.body.span.start).unwrap_or_default();
            let lower = behind.to_ascii_lowercase();
            // It keeps nothing of what says in which order triggers fire.
            let order = ["follows", "precedes"].iter().find_map(|word| lower.find(word));
            let behind = &behind[..order.unwrap_or(behind.len())];
            return format!("{head} {before}{}{behind}{}", quoted(&trigger.table), def.body.span.of(source));
        }
        let timing = match def.timing {
            TriggerTiming::Before => "BEFORE",
            TriggerTiming::After => "AFTER",
        };
        let event = match def.event {
            TriggerEvent::Insert => "INSERT",
            TriggerEvent::Update => "UPDATE",
            TriggerEvent::Delete => "DELETE",
        };
        format!(
            "{head} TRIGGER {} {timing} {event} ON {} FOR EACH ROW {}",
            quoted(def.name.text()),
            quoted(&trigger.table),
            def.body.span.of(source)
        )
    }

    pub(super) fn routine(self, routine: &Routine, catalogue: &Catalogue) -> String {
        let def = &routine.definition;
        let source = routine.place.source.inner();
        let kind = if def.kind == RoutineKind::Function { "FUNCTION" } else { "PROCEDURE" };
        let mut text = format!(
            "{} {kind} {}({})",
            self.definer(def.definer.as_ref()),
            quoted(def.name.text()),
            def.parameters.of(source)
        );
        text += &self.returns(def, catalogue);
        text.push('\n');
        let has = |wanted: &str| routine.characteristics.iter().any(|one| one == wanted);
        for (words, shown) in [
            ("no sql", "NO SQL"),
            ("reads sql data", "READS SQL DATA"),
            ("modifies sql data", "MODIFIES SQL DATA"),
            ("deterministic", "DETERMINISTIC"),
            ("sql security invoker", "SQL SECURITY INVOKER"),
        ] {
            if has(words) {
                text += &format!("    {shown}\n");
            }
        }
        let comment = routine.characteristics.iter().find_map(|one| one.strip_prefix("comment '"));
        if let Some(comment) = comment.and_then(|comment| comment.strip_suffix('\'')) {
            text += &format!("    COMMENT {}\n", string(&comment.replace("''", "'")));
        }
        text + def.body.span.of(source)
    }

    fn returns(self, def: &CreateRoutine, catalogue: &Catalogue) -> String {
        let Some(data_type) = &def.returns else { return String::new() };
        let mut text = format!(" RETURNS {}", self.data_type(data_type));
        if is_text(data_type.name) {
            let (charset, collation) = catalogue.resolve(data_type);
            text += &format!(" CHARSET {charset}");
            let is_default = self.dialect.default_collation(&charset) == Some(collation.as_str());
            if !self.is_mysql() || !is_default {
                text += &format!(" COLLATE {collation}");
            }
        }
        text
    }

    pub(super) fn event(self, event: &Event) -> String {
        let clauses = &event.clauses;
        let mut text = format!(
            "{} EVENT {} ON SCHEDULE {}",
            self.definer(event.definition.definer.as_ref()),
            quoted(&event.name),
            schedule(clauses.schedule.as_deref().unwrap_or_default())
        );
        text += if clauses.preserve == Some(true) {
            " ON COMPLETION PRESERVE"
        } else {
            " ON COMPLETION NOT PRESERVE"
        };
        text += match clauses.status.as_deref() {
            Some("disable") => " DISABLE",
            Some("disable on replica") if self.is_mysql() => " DISABLE ON REPLICA",
            Some("disable on replica") => " DISABLE ON SLAVE",
            _ => " ENABLE",
        };
        if let Some(comment) = clauses.comment.as_ref().filter(|comment| !comment.is_empty()) {
            text += &format!(" COMMENT {}", string(comment));
        }
        if let Some(body) = &clauses.body {
            text += &format!(" DO {}", body.span.of(event.place.source.inner()));
        }
        text
    }
}

/// A schedule as servers print it: points in time that are days have an hour.
fn schedule(written: &str) -> String {
    let pieces = written.split('\'').enumerate().map(|(index, piece)| match index % 2 {
        1 if piece.contains('-') => time("datetime", 0, piece),
        1 => piece.to_owned(),
        _ => piece.to_uppercase(),
    });
    pieces.collect::<Vec<_>>().join("'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_a_schedule_begin_at_midnight() {
        assert_eq!(
            schedule("every 2 week starts '2030-01-01' ends '2031-01-01 10:00:00'"),
            "EVERY 2 WEEK STARTS '2030-01-01 00:00:00' ENDS '2031-01-01 10:00:00'"
        );
        assert_eq!(schedule("every '1:30' hour_minute"), "EVERY '1:30' HOUR_MINUTE");
    }
}
