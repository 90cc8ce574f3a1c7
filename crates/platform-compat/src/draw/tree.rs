//! The picture as a tree for terminals.

use std::collections::BTreeSet;

use super::{Picture, Style};

impl Picture {
    /// Every component under those that depend on it, from those that nothing depends on. A subtree that was written
    /// already is marked `(*)`. With `reverse` every provider comes over its consumers.
    pub fn tree(&self, reverse: bool) -> String {
        let mut below: Vec<Vec<(usize, Style)>> = vec![Vec::new(); self.nodes.len()];
        let mut has_parent = vec![false; self.nodes.len()];
        for edge in &self.edges {
            let (over, under) = if reverse { (edge.to, edge.from) } else { (edge.from, edge.to) };
            below[over].push((under, edge.style));
            has_parent[under] |= over != under;
        }
        for children in &mut below {
            children.sort_by_key(|(child, _)| (&self.nodes[*child].name, self.nodes[*child].group));
        }
        let mut writer = Writer { picture: self, below, written: BTreeSet::new(), text: String::new() };
        let mut group = None;
        let roots = (0..self.nodes.len()).filter(|node| !has_parent[*node]);
        for root in roots.chain(0..self.nodes.len()) {
            // Of a circle that nothing leads into, the first by name is the root.
            if writer.written.contains(&root) {
                continue;
            }
            let own = self.nodes[root].group;
            if own != group {
                group = own;
                if let Some(name) = own.and_then(|own| self.groups.get(own)) {
                    writer.text += &format!("[{name}]\n");
                }
            }
            writer.root(root);
        }
        writer.text
    }
}

struct Writer<'p> {
    picture: &'p Picture,
    below: Vec<Vec<(usize, Style)>>,
    written: BTreeSet<usize>,
    text: String,
}

/// One line that is still to be written: the node, what stands before it, and how it hangs.
struct Line {
    node: usize,
    prefix: String,
    last: Option<bool>,
    style: Style,
}

impl Writer<'_> {
    fn root(&mut self, root: usize) {
        let mut open = vec![Line { node: root, prefix: String::new(), last: None, style: Style::Needed }];
        while let Some(line) = open.pop() {
            let node = &self.picture.nodes[line.node];
            let branch = match line.last {
                None => "",
                Some(true) => "└── ",
                Some(false) => "├── ",
            };
            let remark = match line.style {
                Style::Needed => "",
                Style::Optional => " (optional)",
                Style::Build => " (build)",
            };
            let children = &self.below[line.node];
            let again = !self.written.insert(line.node) && !children.is_empty();
            let mark = if again { " (*)" } else { "" };
            let text = format!("{}{branch}{} {}", line.prefix, node.name, node.versions);
            self.text += &format!("{}{remark}{mark}\n", text.trim_end());
            if again {
                continue;
            }
            let deeper = match line.last {
                None => String::new(),
                Some(true) => line.prefix + "    ",
                Some(false) => line.prefix + "│   ",
            };
            for (number, (child, style)) in children.iter().enumerate().rev() {
                let last = Some(number + 1 == children.len());
                open.push(Line { node: *child, prefix: deeper.clone(), last, style: *style });
            }
        }
    }
}
