//! What a command came to, and how it becomes an exit code and text for people; [`crate::format`] writes the rest.

use std::collections::BTreeMap;

use clap::ValueEnum as _;
use miette::{Diagnostic, Severity};
use serde_json::{Map, Value};

use crate::args::{FailOn, Format, Global};
use crate::configuration::Level;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::finding::{BoxedFinding, severity};
use crate::format::{self, Part};
use crate::ui::{self, BAD, GOOD, ODD, Ui, count, styled};

/// The result of a command that ran to its end.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Everything that was found.
    pub(crate) findings: Vec<BoxedFinding>,
    /// The parts that the findings are of, in their order, when the command judges several.
    pub(crate) parts: Vec<Part>,
    /// What a person reads on standard output.
    pub(crate) summary: String,
    /// The command's own keys of the JSON object.
    pub(crate) details: Map<String, Value>,
    /// Whether the summary is the result itself (rendered manifests), which even `--quiet` prints.
    pub(crate) summary_is_result: bool,
    /// The key under which the JSON object has the summary, too.
    pub(crate) summary_key: Option<&'static str>,
    /// The format in which the summary is written, when it is one that few commands have.
    pub(crate) drawn: Option<Format>,
    /// The exit code, where it is not the findings that decide.
    pub(crate) exit: Option<Exit>,
}

impl Outcome {
    /// Adds findings of any crate.
    pub(crate) fn extend<F: Diagnostic + Send + Sync + 'static>(
        &mut self,
        findings: impl IntoIterator<Item = F>,
    ) {
        self.findings.extend(findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
    }
}

/// A finding whose severity the configuration has changed.
#[derive(Debug)]
struct Relevelled {
    finding: BoxedFinding,
    severity: Severity,
}

impl std::fmt::Display for Relevelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.finding.fmt(f)
    }
}

impl std::error::Error for Relevelled {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.finding.source()
    }
}

impl Diagnostic for Relevelled {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.finding.code()
    }
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.finding.help()
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.finding.source_code()
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.finding.labels()
    }
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.finding.related()
    }
}

/// Gives findings the levels that the configuration asks for and drops those that are off.
pub(crate) fn relevel(findings: Vec<BoxedFinding>, rules: &BTreeMap<String, Level>) -> Vec<BoxedFinding> {
    if rules.is_empty() {
        return findings;
    }
    let level = |finding: &BoxedFinding| rules.get(&finding.code()?.to_string()).copied();
    findings
        .into_iter()
        .filter_map(|finding| {
            let severity = match level(&finding) {
                None => return Some(finding),
                Some(Level::Off) => return None,
                Some(Level::Advice) => Severity::Advice,
                Some(Level::Warning) => Severity::Warning,
                Some(Level::Error) => Severity::Error,
            };
            Some(Box::new(Relevelled { finding, severity }) as BoxedFinding)
        })
        .collect()
}

/// Prints what a command came to and gives the exit code.
pub(crate) fn finish(name: &'static str, result: Result<Outcome, Failure>, global: &Global, ui: &Ui) -> Exit {
    let holds_results = matches!(global.format, Format::Human | Format::Json) || global.format.is_picture();
    if !holds_results && result.as_ref().is_ok_and(|outcome| outcome.summary_is_result) {
        return refuse_format(global, ui);
    }
    let exit = match &result {
        Ok(outcome) => outcome.exit.unwrap_or_else(|| verdict(&outcome.findings, global.fail_on)),
        Err(failure) => failure.exit,
    };
    match (&result, global.format) {
        (Ok(outcome), format)
            if format == Format::Human || format.is_picture() || outcome.drawn == Some(format) =>
        {
            print_human(outcome, global, ui);
        }
        (Err(failure), format) if format == Format::Human || format.is_picture() => {
            ui.findings(&[&failure.diagnostic]);
        }
        _ => ui.result(&format::write(name, exit, result, global).unwrap_or_default()),
    }
    exit
}

/// Refuses a format that the command does not have. The format is what is refused, so it is told to people.
pub(crate) fn refuse_format(global: &Global, ui: &Ui) -> Exit {
    let format = global.format.to_possible_value().map(|value| value.get_name().to_owned());
    let failure = Failure::from(Problem::Format { format: format.unwrap_or_default() });
    ui.findings(&[&failure.diagnostic]);
    failure.exit
}

/// From which severity on a finding makes the exit code 1.
pub(crate) const fn lowest(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Advice => Severity::Advice,
    }
}

fn verdict(findings: &[BoxedFinding], fail_on: FailOn) -> Exit {
    if findings.iter().any(|finding| severity(finding.as_ref()) >= lowest(fail_on)) {
        Exit::Findings
    } else {
        Exit::Ok
    }
}

fn print_human(outcome: &Outcome, global: &Global, ui: &Ui) {
    if outcome.summary_is_result {
        ui.result(&outcome.summary);
    } else {
        ui.summary(&outcome.summary);
    }
    let shown: Vec<_> = outcome
        .findings
        .iter()
        .filter(|finding| global.verbose || severity(finding.as_ref()) > Severity::Advice)
        .collect();
    if !shown.is_empty() {
        ui.closing("");
    }
    ui.findings(&shown);
    // Whoever wants it quiet is not told of what is not shown either.
    let counted = if global.quiet { shown } else { outcome.findings.iter().collect() };
    if let Some(line) = tally(&counted, global.verbose) {
        ui.closing(&line);
    }
}

/// `2 errors, 1 warning`; nothing when there is nothing to say.
fn tally(findings: &[&BoxedFinding], verbose: bool) -> Option<String> {
    let number = |wanted| findings.iter().filter(|finding| severity(finding.as_ref()) == wanted).count();
    let hint = if verbose { "" } else { " (shown with -v)" };
    let parts: Vec<_> = [
        (Severity::Error, "error", BAD, ""),
        (Severity::Warning, "warning", ODD, ""),
        (Severity::Advice, "piece", GOOD, hint),
    ]
    .into_iter()
    .filter(|(severity, ..)| number(*severity) > 0)
    .map(|(severity, noun, style, hint)| {
        let of_advice = if noun == "piece" { " of advice" } else { "" };
        styled(style, format!("{}{of_advice}", count(number(severity), noun))) + hint
    })
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A table with aligned columns; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for row in rows {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = width(cell).max(*widest);
        }
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let begun = text.len();
        for (cell, widest) in row.iter().zip(&widths) {
            let blanks = widest - width(cell);
            if number == 0 {
                text += &styled(ui::STRONG, format!("{cell}{:blanks$}", ""));
            } else {
                text += cell;
                text.extend(std::iter::repeat_n(' ', blanks));
            }
            text += "  ";
        }
        text.truncate(begun + text[begun..].trim_end().len());
        text.push('\n');
    }
    text
}

/// How many columns a terminal needs for a text, which may be styled.
fn width(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len();
    }
    anstream::adapter::strip_str(text).to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Problem;

    fn findings() -> Vec<BoxedFinding> {
        vec![Box::new(Problem::NoDatabase)]
    }

    #[test]
    fn a_rule_can_be_turned_down_or_off() {
        let rules = |level| BTreeMap::from([("cli/no-database".to_owned(), level)]);
        assert_eq!(verdict(&findings(), FailOn::Error), Exit::Findings);
        let lowered = relevel(findings(), &rules(Level::Warning));
        assert_eq!(verdict(&lowered, FailOn::Error), Exit::Ok);
        assert_eq!(verdict(&lowered, FailOn::Warning), Exit::Findings);
        assert_eq!(lowered[0].code().unwrap().to_string(), "cli/no-database");
        assert!(relevel(findings(), &rules(Level::Off)).is_empty());
    }

    #[test]
    fn tables_align() {
        let rows = [["a", "bb"], ["ccc", "d"]].map(|row| row.map(str::to_owned).to_vec());
        let text = anstream::adapter::strip_str(&table(&rows)).to_string();
        assert_eq!(text, "a    bb\nccc  d\n");
    }
}
