//! Views, triggers, routines and events.

use miette::Severity::{Advice, Warning};

use super::{Report, Rule};
use crate::ast::{ObjectKind, RefKind, RoutineKind};
use crate::catalogue::{Catalogue, View};

/// How many views may stand on each other.
const DEEP: usize = 3;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "schema-lint/view-star",
        severity: Some(Warning),
        summary: "the `*` of a view is frozen to the columns of the day on which it was created",
        help: "name the columns",
        peers: &[],
    },
    Rule {
        code: "schema-lint/view-order",
        severity: Some(Advice),
        summary: "the order of a view is sorted for every query over it, and kept by none that sorts, joins or counts",
        help: "sort where the view is read",
        peers: &[],
    },
    Rule {
        code: "schema-lint/deep-view",
        severity: Some(Advice),
        summary: "views on views on views hide what a query costs, and the optimiser gives up merging them",
        help: "let it stand on tables",
        peers: &[],
    },
    Rule {
        code: "schema-lint/runs-as-definer",
        severity: Some(Advice),
        summary: "this runs with the rights of the account that created it, and not at all once that account is gone",
        help: "write SQL SECURITY INVOKER, or say in a suppression why callers may do more here than they are allowed to",
        peers: &["skeema definer"],
    },
    Rule {
        code: "schema-lint/function-characteristics",
        severity: Some(Warning),
        summary: "with a binary log a server refuses a function that says neither DETERMINISTIC nor NO SQL nor READS SQL DATA",
        help: "say which one it is",
        peers: &[],
    },
    Rule {
        code: "schema-lint/dynamic-sql",
        severity: Some(Advice),
        summary: "SQL that is put together at run time may do anything, and nothing can check it",
        help: "write the statement out, or bind every value by a parameter",
        peers: &[],
    },
    Rule {
        code: "schema-lint/changes-schema",
        severity: Some(Advice),
        summary: "a program that changes tables commits the caller's transaction, and does so outside of every history",
        help: "make the change in a migration",
        peers: &[],
    },
    Rule {
        code: "schema-lint/has-routine",
        severity: None,
        summary: "this is a stored routine",
        help: "keep the logic in the program",
        peers: &["skeema has-routine"],
    },
    Rule {
        code: "schema-lint/has-trigger",
        severity: None,
        summary: "this is a trigger, which tools for online changes bear badly and which nobody sees in the program",
        help: "keep the logic in the program",
        peers: &[],
    },
    Rule {
        code: "schema-lint/has-event",
        severity: None,
        summary: "this is an event, which runs only where the scheduler is on, and on replicas not at all",
        help: "run it by the scheduler of the platform",
        peers: &[],
    },
];

pub(super) fn check(catalogue: &Catalogue, report: &mut Report<'_>) {
    for (name, view) in catalogue.views() {
        let query = format!(" {} ", view.definition.query.canonical);
        if query.contains(" select * ") || query.contains(" . * ") || query.contains(".* ") {
            report.hit("schema-lint/view-star", &view.place, format!("view `{name}` selects `*`"));
        }
        if is_sorted(&query) {
            report.hit("schema-lint/view-order", &view.place, format!("view `{name}` is sorted"));
        }
        if depth(catalogue, view, DEEP + 1) > DEEP {
            report.hit(
                "schema-lint/deep-view",
                &view.place,
                format!("view `{name}` stands on views on views"),
            );
        }
        if !view.definition.invoker {
            let message = format!("view `{name}` runs with its definer's rights");
            report.hit("schema-lint/runs-as-definer", &view.place, message);
        }
    }
    for kind in [RoutineKind::Function, RoutineKind::Procedure] {
        for routine in catalogue.routines(kind).values() {
            let (name, place) = (routine.definition.name.text(), &routine.place);
            let has = |word: &str| routine.characteristics.iter().any(|own| own == word);
            let noun = ObjectKind::from(kind).noun();
            report.hit("schema-lint/has-routine", place, format!("{noun} `{name}` is a stored routine"));
            if !has("sql security invoker") {
                let message = format!("{noun} `{name}` runs with its definer's rights");
                report.hit("schema-lint/runs-as-definer", place, message);
            }
            let says = has("deterministic") || has("no sql") || has("reads sql data");
            if kind == RoutineKind::Function && !says {
                let message = format!("function `{name}` does not say what it does to data");
                report.hit("schema-lint/function-characteristics", place, message);
            }
            let body = &routine.definition.body;
            if body.dynamic {
                let message = format!("{noun} `{name}` puts SQL together at run time");
                report.hit("schema-lint/dynamic-sql", place, message);
            }
            if !body.changes.is_empty() {
                report.hit("schema-lint/changes-schema", place, format!("{noun} `{name}` changes tables"));
            }
        }
    }
    for (name, trigger) in catalogue.triggers() {
        report.hit("schema-lint/has-trigger", &trigger.place, format!("`{name}` is a trigger"));
    }
    for (name, event) in catalogue.events() {
        report.hit("schema-lint/has-event", &event.place, format!("`{name}` is an event"));
    }
}

/// Whether the outermost query is sorted without a limit, for which the order would count.
fn is_sorted(query: &str) -> bool {
    let mut depth = 0_usize;
    let mut sorted = false;
    let words: Vec<&str> = query.split_whitespace().collect();
    for pair in words.windows(2) {
        match pair[0] {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "order" if depth == 0 && pair[1] == "by" => sorted = true,
            "limit" if depth == 0 => return false,
            _ => {}
        }
    }
    sorted
}

/// How many views stand on each other here, as far as `most`.
fn depth(catalogue: &Catalogue, view: &View, most: usize) -> usize {
    if most == 0 {
        return 0;
    }
    let references = view.definition.query.references.iter();
    let relations = references.filter(|reference| reference.kind == RefKind::Relation);
    let below = relations.filter_map(|reference| catalogue.views().get(reference.name.text()));
    1 + below.map(|below| depth(catalogue, below, most - 1)).max().unwrap_or(0)
}
