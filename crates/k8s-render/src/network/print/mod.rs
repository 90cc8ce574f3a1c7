//! Listings and differences as text, CSV, Markdown, Graphviz and Mermaid, in the shapes that netpol-analyzer prints.
//!
//! Mermaid is ours; a picture by netpol-analyzer needs Graphviz.

mod change;
mod dot;
mod list;
mod mermaid;

pub use change::{Changes, changes};
pub use list::{List, list};

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line a connection.
    Text,
    /// Comma-separated values with a heading.
    Csv,
    /// A Markdown table.
    Markdown,
    /// Graphviz.
    Dot,
    /// A Mermaid flow chart.
    Mermaid,
}

/// A row of comma-separated values, quoted where it must be (RFC 4180).
fn csv_row(fields: &[&str]) -> String {
    let quoted: Vec<_> = fields
        .iter()
        .map(|field| {
            if field.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                (*field).to_owned()
            }
        })
        .collect();
    quoted.join(",") + "\n"
}

/// A row of a Markdown table.
fn markdown_row(fields: &[&str]) -> String {
    format!("| {} |\n", fields.join(" | "))
}

/// The line below the heading of a Markdown table.
fn markdown_rule(fields: &[&str]) -> String {
    let lines: Vec<_> = fields.iter().map(|field| "-".repeat(field.len() + 2)).collect();
    format!("|{}|\n", lines.join("|"))
}

/// The peer's namespace and name; none for addresses and the ingress controller, which have no namespace.
fn parts(peer: &str) -> Option<(&str, &str)> {
    if peer.ends_with(super::listing::EXTERNAL) { None } else { peer.split_once('/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_separators_are_quoted() {
        assert_eq!(csv_row(&["a", "TCP 80,UDP 53", "say \"x\""]), "a,\"TCP 80,UDP 53\",\"say \"\"x\"\"\"\n");
        assert_eq!(markdown_row(&["a", "b"]), "| a | b |\n");
        assert_eq!(markdown_rule(&["src", "conn"]), "|-----|------|\n");
    }
}
