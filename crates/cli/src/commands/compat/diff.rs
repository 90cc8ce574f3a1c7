//! `infra compat diff`.

use platform_compat::{Difference, Options, Platform, check, difference};
use serde_json::json;

use super::check::{compare, shown, told};
use super::{Asked, find_environment, load, source, today};
use crate::args::Day;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::ui::{GOOD, STRONG, styled};

/// What changed, and which findings came and went with it.
pub(super) fn diff(asked: &Asked<'_>, from: &str, to: Option<&str>, day: &Day) -> Result<Outcome, Failure> {
    let (before, before_findings) = source::load(asked.tree, from)?;
    let (after, after_findings) = match to {
        Some(to) => source::load(asked.tree, to)?,
        None => load(asked.tree)?,
    };
    let today = today(day)?;
    let checked = |platform: &Platform| -> Result<Vec<platform_compat::Finding>, Failure> {
        let mut options = Options::new(today);
        options.environment = asked.environment.map(|name| find_environment(platform, name)).transpose()?;
        Ok(check(platform, None, &options).findings)
    };
    let old = [before_findings, checked(&before)?].concat();
    let new = [after_findings, checked(&after)?].concat();
    let (introduced, mended) = compare(&old, &new);
    let changes = difference(&before, &after);
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    if changes.is_empty() {
        outcome.summary = format!("{}  nothing that is declared has changed\n", styled(GOOD, "diff"));
    }
    for change in &changes {
        outcome.summary += &line(change);
    }
    if !(introduced.is_empty() && mended.is_empty()) {
        outcome.summary += &format!("\n{}", told(&mended, introduced.len()));
    }
    let items = changes
        .iter()
        .map(|change| json!({"what": change.what, "before": change.before, "after": change.after}));
    outcome.details.insert("changes".to_owned(), items.collect());
    outcome.details.insert("introduced".to_owned(), introduced.iter().map(|f| shown(f)).collect());
    outcome.details.insert("mended".to_owned(), mended.iter().map(|f| shown(f)).collect());
    outcome.extend(introduced.into_iter().cloned());
    Ok(outcome)
}

fn line(change: &Difference) -> String {
    let what = styled(STRONG, &change.what);
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ {what}  {after}\n"),
        (Some(before), None) => format!("- {what}  {before}\n"),
        (Some(before), Some(after)) => format!("~ {what}  {before} → {after}\n"),
        (None, None) => String::new(),
    }
}
