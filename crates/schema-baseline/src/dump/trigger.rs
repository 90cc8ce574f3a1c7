//! Triggers: one server keeps the head as it was written, so it is written anew.

use std::sync::Arc;

use migrate_core::history::quoted;

use super::text::ByName;
use crate::ast::{CreateTrigger, StatementKind, TriggerEvent, TriggerTiming};
use crate::dialect::Dialect;
use crate::live::Shown;
use crate::parse::parse_one;
use crate::place::{Source, Span};

fn moment(def: &CreateTrigger) -> (&'static str, &'static str) {
    let timing = match def.timing {
        TriggerTiming::Before => "BEFORE",
        TriggerTiming::After => "AFTER",
    };
    let event = match def.event {
        TriggerEvent::Insert => "INSERT",
        TriggerEvent::Update => "UPDATE",
        TriggerEvent::Delete => "DELETE",
    };
    (timing, event)
}

/// The `CREATE TRIGGER` of a trigger of that name and table.
pub(super) fn text(
    def: &CreateTrigger,
    (name, table): (&str, &str),
    text: &str,
    definer: Option<&str>,
    follows: Option<&str>,
) -> String {
    let definer = definer.map_or_else(String::new, |definer| format!(" {definer}"));
    let (timing, event) = moment(def);
    let follows = follows.map_or_else(String::new, |other| format!("\nFOLLOWS {}", quoted(other)));
    // From where the body begins to the very end, comments included.
    let body = Span { start: def.body.span.start, end: text.len() }.of(text).trim_end();
    format!(
        "CREATE{definer} TRIGGER {}\n{timing} {event} ON {}\nFOR EACH ROW{follows}\n{body}",
        quoted(name),
        quoted(table)
    )
}

/// For triggers that share table, time and event and that fire in another order than that of their names: the one before.
pub(super) fn predecessors(shown: &[Shown], dialect: Dialect) -> ByName<'_> {
    let mut groups: std::collections::BTreeMap<(String, &str, &str), Vec<&str>> =
        std::collections::BTreeMap::new();
    for object in shown {
        let Ok(text) = &object.definition else { continue };
        let Some(table) = &object.table else { continue };
        let source = Arc::new(Source::new("", text.as_str().into()));
        let (Some(statement), _) = parse_one(&source, dialect) else { continue };
        if let StatementKind::CreateTrigger(def) = &statement.kind {
            let (timing, event) = moment(def);
            groups.entry((table.clone(), timing, event)).or_default().push(&object.name);
        }
    }
    let mut before = ByName::new();
    for group in groups.into_values().filter(|group| !group.is_sorted()) {
        for pair in group.windows(2) {
            before.insert(pair[1], pair[0].to_owned());
        }
    }
    before
}
