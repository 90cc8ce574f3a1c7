//! The picture in the language of Mermaid, as Markdown pages show it.

use super::{Picture, Style};
use crate::model::Kind;

/// Mermaid draws no more edges than this unless it is configured to (`maxEdges`).
const MAX_EDGES: usize = 500;

impl Picture {
    /// A `flowchart`; names stand only in quoted labels, so that no name can be a keyword.
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        if self.edges.len() > MAX_EDGES {
            text += &format!(
                "  %% {} edges: set maxEdges, which is {MAX_EDGES} unless it is configured\n",
                self.edges.len()
            );
        }
        let node = |index: usize| {
            let node = &self.nodes[index];
            let label = match &*node.versions {
                "" => escaped(&node.name),
                versions => format!("{}<br/>{}", escaped(&node.name), escaped(versions)),
            };
            match node.kind {
                Kind::Database | Kind::Cache | Kind::Queue => format!("n{index}[(\"{label}\")]\n"),
                Kind::External => format!("n{index}([\"{label}\"])\n"),
                _ => format!("n{index}[\"{label}\"]\n"),
            }
        };
        for index in (0..self.nodes.len()).filter(|index| self.nodes[*index].group.is_none()) {
            text += &format!("  {}", node(index));
        }
        for (group, name) in self.groups.iter().enumerate() {
            text += &format!("  subgraph g{group}[\"{}\"]\n", escaped(name));
            for index in (0..self.nodes.len()).filter(|index| self.nodes[*index].group == Some(group)) {
                text += &format!("    {}", node(index));
            }
            text += "  end\n";
        }
        for edge in &self.edges {
            let arrow = if edge.style == Style::Needed { "-->" } else { "-.->" };
            text += &format!("  n{} {arrow} n{}\n", edge.from, edge.to);
        }
        text
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped += "#quot;",
            '#' => escaped += "#35;",
            ';' => escaped += "#59;",
            '<' => escaped += "#lt;",
            '>' => escaped += "#gt;",
            c => escaped.push(c),
        }
    }
    escaped
}
