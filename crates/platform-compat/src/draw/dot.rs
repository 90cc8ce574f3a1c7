//! The picture in the language of Graphviz.

use super::{Picture, Style};
use crate::model::Kind;

impl Picture {
    /// A `digraph`; every text is quoted.
    pub fn dot(&self) -> String {
        let mut text = format!(
            "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
            quoted(&self.title)
        );
        let node = |index: usize| {
            let node = &self.nodes[index];
            let label = format!("{}\n{}", node.name, node.versions);
            let shape = match node.kind {
                Kind::Database | Kind::Cache | Kind::Queue => ", shape=cylinder",
                Kind::External => ", style=dashed",
                _ => "",
            };
            format!("n{index} [label={}{shape}];\n", quoted(label.trim_end()))
        };
        for index in (0..self.nodes.len()).filter(|index| self.nodes[*index].group.is_none()) {
            text += &format!("  {}", node(index));
        }
        for (group, name) in self.groups.iter().enumerate() {
            text += &format!("  subgraph cluster_{group} {{\n    label={};\n", quoted(name));
            for index in (0..self.nodes.len()).filter(|index| self.nodes[*index].group == Some(group)) {
                text += &format!("    {}", node(index));
            }
            text += "  }\n";
        }
        for edge in &self.edges {
            let style = match edge.style {
                Style::Needed => "",
                Style::Optional => " [style=dashed]",
                Style::Build => " [style=dotted]",
            };
            text += &format!("  n{} -> n{}{style};\n", edge.from, edge.to);
        }
        text + "}\n"
    }
}

/// A text between quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
