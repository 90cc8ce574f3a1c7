//! `infra compat check`.

use std::collections::HashMap;

use platform_compat::{Finding, Options, Platform, check};
use serde_json::{Value, json};

use super::{Asked, find_environment, live, load, target, today};
use crate::args::{Day, Live};
use crate::failure::Failure;
use crate::finding::Finding as Shown;
use crate::outcome::Outcome;
use crate::ui::{BAD, GOOD, STRONG, count, styled};

/// Checks the declared graph by itself; `infra check` holds it against migrations and manifests as well. With changes
/// it says what they would make worse and better.
pub(super) fn check_graph(
    asked: &Asked<'_>,
    day: &Day,
    changes: &[String],
    live: &Live,
) -> Result<Outcome, Failure> {
    let (mut platform, findings) = load(asked.tree)?;
    let mut options = Options::new(today(day)?);
    options.environment = asked.environment.map(|name| find_environment(&platform, name)).transpose()?;
    let wanted = changes.iter().map(|text| target::assignment(&platform, text));
    let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    if live.live {
        options.probed = live::observe(asked, &mut platform, live, &mut outcome)?;
    }
    let mut report = check(&platform, None, &options);
    if !wanted.is_empty() {
        for change in &wanted {
            change.apply(&mut platform);
        }
        let changed = check(&platform, None, &options);
        let (introduced, mended) = compare(&report.findings, &changed.findings);
        outcome.summary = told(&mended, introduced.len());
        outcome.details.insert("introduced".to_owned(), introduced.iter().map(|f| shown(f)).collect());
        outcome.details.insert("mended".to_owned(), mended.iter().map(|f| shown(f)).collect());
        report = changed;
    }
    outcome.summary += &summary(&platform, report.suppressed.len(), report.unprobed.len());
    outcome.details.insert("components".to_owned(), json!(platform.components().len()));
    outcome.details.insert("environments".to_owned(), json!(platform.environments().len()));
    outcome.details.insert("dependencies".to_owned(), json!(platform.dependencies().count()));
    outcome.details.insert("suppressed".to_owned(), json!(report.suppressed.len()));
    let unprobed = report.unprobed.iter().map(|id| &*id.value);
    outcome.details.insert("unprobed".to_owned(), unprobed.collect());
    outcome.extend(report.findings);
    Ok(outcome)
}

/// Findings that came and those that went, by rule and text: places move where files are edited.
pub(super) fn compare<'f>(
    before: &'f [Finding],
    after: &'f [Finding],
) -> (Vec<&'f Finding>, Vec<&'f Finding>) {
    let key = |finding: &Finding| (finding.rule(), finding.to_string());
    let without = |findings: &'f [Finding], others: &[Finding]| {
        let mut known: HashMap<_, usize> = HashMap::new();
        for other in others {
            *known.entry(key(other)).or_default() += 1;
        }
        let left = findings.iter().filter(|finding| match known.get_mut(&key(finding)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
        left.collect()
    };
    (without(after, before), without(before, after))
}

/// A finding for JSON.
pub(super) fn shown(finding: &Finding) -> Value {
    let shown = Shown::from(finding as &dyn miette::Diagnostic);
    json!({"rule": finding.rule(), "message": shown.message})
}

/// What a change mends, and how much it breaks.
pub(super) fn told(mended: &[&Finding], introduced: usize) -> String {
    let mut text = String::new();
    for finding in mended {
        text += &format!("{} {finding}\n", styled(GOOD, "mended:"));
    }
    let style = if introduced == 0 { GOOD } else { BAD };
    text + &format!("{} by the change\n", styled(style, count(introduced, "new finding")))
}

fn summary(platform: &Platform, suppressed: usize, unprobed: usize) -> String {
    let mut line = format!(
        "{}  {}, {}, {}",
        styled(STRONG, platform.name().unwrap_or("platform")),
        count(platform.components().len(), "component"),
        count(platform.environments().len(), "environment"),
        count_dependencies(platform.dependencies().count()),
    );
    if suppressed > 0 {
        line += &format!(", {} accepted", count(suppressed, "finding"));
    }
    if unprobed > 0 {
        line += &format!(", {} about what runs not checked (`--live` does)", count(unprobed, "rule"));
    }
    format!("{}  {line}\n", styled(GOOD, "compat"))
}

fn count_dependencies(number: usize) -> String {
    if number == 1 { "1 dependency".to_owned() } else { format!("{number} dependencies") }
}
