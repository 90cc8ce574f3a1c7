//! The difference of two relations.

use super::{Format, csv_row, dot, markdown_row, markdown_rule, mermaid};
use crate::network::difference::{Change, Difference};

/// What to write.
pub type Changes<'d> = &'d Difference;

/// Writes a difference; only pictures show what is unchanged. No difference gives no text.
pub fn changes(difference: Changes<'_>, format: Format) -> String {
    match format {
        Format::Text => text(difference),
        Format::Csv => table(difference, csv_row, |_| String::new()),
        Format::Markdown => table(difference, markdown_row, markdown_rule),
        Format::Dot => dot::changes(difference),
        Format::Mermaid => mermaid::changes(difference),
    }
}

fn text(difference: Changes<'_>) -> String {
    let mut text = String::new();
    for change in difference.differing() {
        let Change { kind, source, destination, before, after, workloads } = change;
        if text.is_empty() {
            text.push_str("Connectivity diff:\n");
        }
        let kind = kind.as_str();
        text += &format!(
            "diff-type: {kind}, source: {source}, destination: {destination}, ref1: {before}, ref2: {after}"
        );
        if !workloads.is_empty() {
            text += &format!(", workloads-diff-info: {workloads}");
        }
        text.push('\n');
    }
    text
}

fn table(difference: Changes<'_>, row: fn(&[&str]) -> String, rule: fn(&[&str]) -> String) -> String {
    let heading = ["diff-type", "source", "destination", "ref1", "ref2", "workloads-diff-info"];
    let mut text = row(&heading) + &rule(&heading);
    for Change { kind, source, destination, before, after, workloads } in difference.differing() {
        text +=
            &row(&[kind.as_str(), source, destination, &before.to_string(), &after.to_string(), workloads]);
    }
    text
}
