//! The diagram in the language of Graphviz, with a record for each table.

use super::{Diagram, Entity, Mark};
use crate::ast::same_name;

impl Diagram {
    /// A `digraph` from children to parents; every text is quoted.
    pub fn dot(&self) -> String {
        let mut text = "digraph schema {\n  rankdir=RL;\n  node [shape=record, fontname=\"sans-serif\", fontsize=10];\n  edge [dir=both, fontname=\"sans-serif\", fontsize=9];\n".to_owned();
        for (number, table) in self.tables.iter().enumerate() {
            text += &format!("  t{number} [label=\"{}\"];\n", record(table));
        }
        for reference in &self.references {
            let tail = if reference.many { "crowodot" } else { "teeodot" };
            let head = if reference.optional { "teeodot" } else { "teetee" };
            let style = if reference.counts { ", style=dashed" } else { "" };
            text += &format!(
                "  t{}{} -> t{}{} [arrowtail={tail}, arrowhead={head}{style}, tooltip=\"{}\"];\n",
                reference.child,
                port(&self.tables[reference.child], &reference.columns),
                reference.parent,
                port(&self.tables[reference.parent], &reference.parent_columns),
                escaped(&reference.name, "\"\\"),
            );
        }
        text + "}\n"
    }
}

fn record(table: &Entity) -> String {
    let mut label = field(&table.title());
    for (number, column) in table.columns.iter().enumerate() {
        let marks: Vec<&str> = column.marks.iter().copied().map(Mark::short).collect();
        let marks = if marks.is_empty() { String::new() } else { format!("{} ", marks.join(",")) };
        let null = if column.nullable { "?" } else { "" };
        label +=
            &format!("|<c{number}> {marks}{} : {}{null}\\l", field(&column.name), field(&column.data_type));
    }
    label
}

/// Where in a record the first column of a reference is.
fn port(table: &Entity, columns: &[String]) -> String {
    let first = columns.first();
    let is_it = |name: &str| first.is_some_and(|first| same_name(first, name));
    let place = table.columns.iter().position(|column| is_it(&column.name));
    place.map_or_else(String::new, |number| format!(":c{number}"))
}

/// A text in a field of a record.
fn field(text: &str) -> String {
    escaped(text, "\"\\{}|<> ")
}

fn escaped(text: &str, special: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(c) {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { '\u{fffd}' } else { c });
    }
    escaped
}
