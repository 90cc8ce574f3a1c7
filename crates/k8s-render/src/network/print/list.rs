//! The list of allowed connections.

use std::fmt::Write as _;

use super::{Format, csv_row, dot, markdown_row, markdown_rule, mermaid};
use crate::inspect::Protocol;
use crate::network::listing::Connection;

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct List<'l> {
    /// The connections.
    pub connections: &'l [Connection],
    /// The one port they were narrowed to; it is then said once and not in each line.
    pub port: Option<(Protocol, u16)>,
}

/// Writes a list.
pub fn list(list: List<'_>, format: Format) -> String {
    match format {
        Format::Text => text(list),
        Format::Csv => table(list, csv_row, |_| String::new()),
        Format::Markdown => table(list, markdown_row, markdown_rule),
        Format::Dot => dot::list(list),
        Format::Mermaid => mermaid::list(list),
    }
}

/// The label of a connection in a picture.
pub(super) fn label(list: List<'_>, connection: &Connection) -> String {
    list.port.map_or_else(|| connection.ports.to_string(), |(protocol, port)| format!("{protocol} {port}"))
}

fn text(list: List<'_>) -> String {
    let mut text = String::new();
    if let Some((protocol, port)) = list.port {
        text += &format!("Permitted connections on {protocol} {port}:\n");
    }
    for connection in list.connections {
        let Connection { source, destination, .. } = connection;
        let _ = match list.port {
            Some(_) => writeln!(text, "{source} => {destination}"),
            None => writeln!(text, "{connection}"),
        };
    }
    text
}

fn table(list: List<'_>, row: fn(&[&str]) -> String, rule: fn(&[&str]) -> String) -> String {
    let heading = ["src", "dst", "conn"];
    let columns = if list.port.is_some() { 2 } else { 3 };
    let mut text = row(&heading[..columns]) + &rule(&heading[..columns]);
    for Connection { source, destination, ports } in list.connections {
        let ports = ports.to_string();
        text += &row(&[&**source, destination, &ports][..columns]);
    }
    text
}
