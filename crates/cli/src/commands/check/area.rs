//! An area of the check: what was counted, what was found, how long it took.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use miette::{Diagnostic, Severity};
use serde_json::{Map, Value, json};

use crate::finding::{BoxedFinding, Finding, severity};
use crate::format::Part;
use crate::ui::{BAD, DIM, GOOD, ODD, count, styled};

/// Measures what an area takes.
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

/// A line of the summary.
#[derive(Debug, Default)]
pub(crate) struct Area {
    pub(super) name: &'static str,
    counts: Vec<(String, usize)>,
    remarks: Vec<String>,
    /// Whether something could not be looked at.
    skipped: bool,
    pub(super) findings: Vec<BoxedFinding>,
    /// Of all threads together.
    time: Duration,
}

impl Area {
    /// An area of which nothing is known yet.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// Adds to a count: `noun` in the singular.
    pub(super) fn count(&mut self, noun: impl Into<String>, number: usize) {
        let noun = noun.into();
        match self.counts.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, total)) => *total += number,
            None => self.counts.push((noun, number)),
        }
    }

    /// Adds something that the line says after the counts.
    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// Says what was not looked at, and why.
    pub(super) fn skip(&mut self, what: impl Into<String>) {
        self.skipped = true;
        self.remark(what);
    }

    /// Adds findings of any crate.
    pub(super) fn extend<F: Diagnostic + Send + Sync + 'static>(
        &mut self,
        findings: impl IntoIterator<Item = F>,
    ) {
        self.findings.extend(findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
    }

    /// Adds a finding.
    pub(super) fn push(&mut self, finding: impl Diagnostic + Send + Sync + 'static) {
        self.findings.push(Box::new(finding));
    }

    /// Adds the time since the watch was started.
    pub(super) fn took(&mut self, watch: &Stopwatch) {
        self.time += watch.0.elapsed();
    }

    /// Adds a part of the same area.
    pub(super) fn absorb(&mut self, part: Self) {
        for (noun, number) in part.counts {
            self.count(noun, number);
        }
        self.remarks.extend(part.remarks);
        self.skipped |= part.skipped;
        self.findings.extend(part.findings);
        self.time += part.time;
    }

    /// Says once what was found in several environments alike.
    pub(super) fn merge_equal(&mut self) {
        let mut seen = BTreeSet::new();
        self.findings.retain(|finding| seen.insert(Finding::from(finding.as_ref() as &dyn Diagnostic)));
    }

    /// Whether an error was found.
    pub(super) fn has_errors(&self) -> bool {
        self.number(Severity::Error) > 0
    }

    fn number(&self, wanted: Severity) -> usize {
        self.findings.iter().filter(|finding| severity(finding.as_ref()) == wanted).count()
    }

    /// The area in the summary: a sign, the name, the counts, the time.
    pub(super) fn line(&self, width: usize) -> String {
        let sign = match (self.has_errors(), self.number(Severity::Warning)) {
            (true, _) => styled(BAD, "✗"),
            _ if self.skipped => styled(DIM, "–"),
            (false, 0) => styled(GOOD, "✓"),
            (false, _) => styled(ODD, "!"),
        };
        let counts = self.counts.iter().map(|(noun, number)| count(*number, noun));
        let text = counts.chain(self.remarks.iter().cloned()).collect::<Vec<_>>().join(", ");
        let time = styled(DIM, format!("{:.1} ms", self.time.as_secs_f64() * 1000.0));
        format!("{sign} {:width$}  {text:<64}  {time}\n", self.name)
    }

    /// The area as a part of the whole.
    pub(super) fn part(&self) -> Part {
        Part { name: self.name, findings: self.findings.len(), skipped: self.skipped, time: Some(self.time) }
    }

    /// The area in the JSON object.
    pub(super) fn json(&self) -> Value {
        let counts: Map<_, _> =
            self.counts.iter().map(|(noun, number)| (noun.clone(), json!(number))).collect();
        json!({
            "name": self.name,
            "ok": !self.has_errors() && !self.skipped,
            "counts": counts,
            "errors": self.number(Severity::Error),
            "warnings": self.number(Severity::Warning),
            "ms": self.time.as_secs_f64() * 1000.0,
        })
    }
}

/// The last line of the summary.
pub(super) fn verdict(areas: &[Area]) -> String {
    let total = |wanted| areas.iter().map(|area| area.number(wanted)).sum::<usize>();
    match (total(Severity::Error), total(Severity::Warning)) {
        (0, 0) => styled(GOOD, "everything holds"),
        (0, warnings) => styled(ODD, format!("holds, with {}", count(warnings, "warning"))),
        (errors, 0) => styled(BAD, count(errors, "error")),
        (errors, warnings) => {
            styled(BAD, format!("{}, {}", count(errors, "error"), count(warnings, "warning")))
        }
    }
}
