//! Two schemas of one server held against each other by what it shows of them: what is not understood is compared too.

use std::collections::BTreeMap;

use super::{Difference, Sides, differences};
use crate::ast::ObjectKind;
use crate::catalogue::{Catalogue, key_of};
use crate::finding::{Finding, at};

/// What a server shows of a schema, ready to be compared: without accounts and the next values of counters.
pub type Texts = BTreeMap<(ObjectKind, String), String>;

/// One side: the schema as the server has it, and as the files made it, which is where differences are shown.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Read from the server.
    pub served: &'a Catalogue,
    /// What the server shows.
    pub texts: &'a Texts,
    /// The same schema in memory.
    pub files: &'a Catalogue,
}

/// The objects that differ. Two texts that are equal need no understanding; two that are not are the same object when nothing
/// differs that counts, as the order of keys does not.
pub fn on_server(left: Side<'_>, right: Side<'_>, sides: Sides) -> Vec<Difference> {
    let mut found: BTreeMap<(ObjectKind, String), Vec<Finding>> = BTreeMap::new();
    // Nothing that a server shows makes a whole schema uncertain.
    for difference in differences(left.served, right.served, sides).unwrap_or_default() {
        found.insert((difference.kind, difference.name), difference.findings);
    }
    let mut keys: Vec<_> = left.texts.keys().chain(right.texts.keys()).chain(found.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let mut differing = Vec::new();
    for key in keys {
        let (a, b) = (left.texts.get(&key), right.texts.get(&key));
        if a.is_some() && a == b {
            continue;
        }
        let (kind, name) = key;
        let object = format!("{kind} `{name}`");
        let reasons = found.remove(&(kind, name.clone())).unwrap_or_default();
        let understood = |finding: &&Finding| !matches!(finding, Finding::NotChecked { .. });
        let unknown = |side: Side<'_>| side.served.unknown(kind, &name).is_some();
        let mut findings: Vec<Finding> = reasons
            .iter()
            .filter(understood)
            .map(|finding| placed(finding.clone(), kind, &name, left, right))
            .collect();
        let both = a.is_some() && b.is_some();
        if findings.is_empty() && both && (!reasons.is_empty() || unknown(left) || unknown(right)) {
            let finding = different(object, left, right, (kind, &name), sides);
            findings.extend(finding);
        }
        if !findings.is_empty() {
            differing.push(Difference { kind, name, findings });
        }
    }
    differing
}

/// The same finding at the places in the files that made the object.
fn placed(finding: Finding, kind: ObjectKind, name: &str, left: Side<'_>, right: Side<'_>) -> Finding {
    let (a, b) = (left.files.place_of(kind, name), right.files.place_of(kind, name));
    match finding {
        Finding::Differs { object, left: side, right: other_side, what, help, src, span, .. } => {
            let (src, span) = a.map_or((src, span), at);
            let other =
                b.map(|place| Finding::see_also(format!("{other_side}, line {}", place.line()), place));
            let other = other.into_iter().collect();
            Finding::Differs { object, left: side, right: other_side, what, help, src, span, other }
        }
        Finding::OnlyOnOneSide { object, present, absent, help, src, span } => {
            let (src, span) = a.or(b).map_or((src, span), at);
            Finding::OnlyOnOneSide { object, present, absent, help, src, span }
        }
        other => other,
    }
}

/// Texts that differ in a way that is not understood.
fn different(
    object: String,
    left: Side<'_>,
    right: Side<'_>,
    (kind, name): (ObjectKind, &str),
    sides: Sides,
) -> Option<Finding> {
    let unknown = |side: Side<'_>| side.served.unknown.get(&(kind, key_of(kind, name))).cloned();
    let place =
        left.files.place_of(kind, name).cloned().or_else(|| unknown(left)).or_else(|| unknown(right))?;
    let (src, span) = at(&place);
    let what = "the server shows another definition".to_owned();
    let (left_name, right_name, help) = (sides.left, sides.right, sides.help);
    let other = right.files.place_of(kind, name);
    let other = other.map(|place| Finding::see_also(format!("{right_name}, line {}", place.line()), place));
    let other = other.into_iter().collect();
    Some(Finding::Differs { object, left: left_name, right: right_name, what, help, src, span, other })
}
