//! Parents before children; statements in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::parse::parse_one;
use crate::place::Source;

/// The tables among `names`, each behind those that it points to; in a cycle, the first by name comes first.
pub(super) fn parents_first<'a>(catalogue: &'a Catalogue, names: &BTreeSet<&str>) -> Vec<&'a str> {
    let tables = catalogue.tables().iter().filter(|(name, _)| names.contains(name.as_str()));
    let needs = tables.map(|(name, table)| {
        let keys = table.foreign_keys.iter().filter(|key| key.parent_schema.is_none());
        let parents = keys.map(|key| key.parent.as_str()).filter(|parent| names.contains(parent));
        (name.as_str(), parents.filter(|parent| *parent != name).collect())
    });
    sorted(needs.collect())
}

/// Names, each behind those that it needs, by name otherwise; in a cycle, the first by name comes first.
pub(super) fn sorted<'a>(mut needs: BTreeMap<&'a str, BTreeSet<&str>>) -> Vec<&'a str> {
    let mut users: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
    for (name, needed) in &needs {
        for other in needed {
            users.entry((*other).to_owned()).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&'a str> =
        needs.iter().filter(|(_, needed)| needed.is_empty()).map(|(name, _)| *name).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(name) = ready.pop_first().or_else(|| needs.keys().next().copied()) {
        if needs.remove(name).is_none() {
            continue;
        }
        order.push(name);
        for user in users.get(name).into_iter().flatten() {
            if let Some(needed) = needs.get_mut(user) {
                needed.remove(name);
                if needed.is_empty() {
                    ready.insert(user);
                }
            }
        }
    }
    order
}

/// Runs a statement in memory.
pub(super) fn run(catalogue: &mut Catalogue, sql: &str) {
    let source = Arc::new(Source::new("the statements", sql.into()));
    if let (Some(statement), _) = parse_one(&source, catalogue.dialect()) {
        catalogue.apply(&statement, &source, &mut Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_cycles_end() {
        let needs = |of: &[(&'static str, &[&'static str])]| {
            of.iter().map(|(name, needed)| (*name, needed.iter().copied().collect())).collect()
        };
        assert_eq!(sorted(needs(&[("a", &["c"]), ("b", &[]), ("c", &["b"])])), ["b", "c", "a"]);
        assert_eq!(sorted(needs(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"])])), ["a", "b", "c"]);
    }
}
