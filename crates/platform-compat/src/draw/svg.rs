//! The picture as SVG, drawn here: no other program is needed.

use super::{Picture, Style, layout};
use crate::model::Kind;

const HEIGHT: usize = 40;
const GAP_X: usize = 70;
const GAP_Y: usize = 14;
const MARGIN: usize = 20;
/// Space over the nodes of a group for its name.
const HEADING: usize = 26;
/// Width of a letter of 12 px sans-serif, somewhat generously.
const LETTER: usize = 7;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rectangle {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Picture {
    /// A picture of its own size; groups stand one below the other.
    pub fn svg(&self) -> String {
        let mut boxes = vec![Rectangle::default(); self.nodes.len()];
        let edges: Vec<(usize, usize)> = self.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        let mut frames = Vec::new();
        let (mut top, mut width) = (MARGIN, 0);
        let groups = std::iter::once(None).chain((0..self.groups.len()).map(Some));
        for group in groups {
            let members: Vec<usize> =
                (0..self.nodes.len()).filter(|node| self.nodes[*node].group == group).collect();
            if members.is_empty() {
                continue;
            }
            let heading = if group.is_some() { HEADING } else { 0 };
            let (used, height) = self.place(&members, &edges, (2 * MARGIN, top + heading), &mut boxes);
            if let Some(group) = group {
                let frame = Rectangle {
                    x: MARGIN,
                    y: top,
                    width: used + 2 * MARGIN,
                    height: height + heading + MARGIN,
                };
                frames.push((frame, &self.groups[group]));
            }
            width = width.max(used + 4 * MARGIN);
            top += heading + height + 2 * MARGIN;
        }
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{top}\" viewBox=\"0 0 {width} {top}\" font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#667\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            escaped(&self.title)
        );
        for (frame, name) in &frames {
            let Rectangle { x, y, width, height } = frame;
            text += &format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#f6f7f9\" stroke=\"#c8ccd4\"/><text x=\"{}\" y=\"{}\" font-weight=\"bold\" fill=\"#445\">{}</text>\n",
                x + 12,
                y + 18,
                escaped(name)
            );
        }
        for edge in &self.edges {
            let dash = match edge.style {
                Style::Needed => "",
                Style::Optional => " stroke-dasharray=\"6 4\"",
                Style::Build => " stroke-dasharray=\"2 3\"",
            };
            let path = path(boxes[edge.from], boxes[edge.to]);
            text += &format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"#8891a5\"{dash} marker-end=\"url(#a)\"><title>{} → {}</title></path>\n",
                escaped(&self.nodes[edge.from].name),
                escaped(&self.nodes[edge.to].name)
            );
        }
        for (node, at) in self.nodes.iter().zip(&boxes) {
            let Rectangle { x, y, width, height } = at;
            let middle = x + width / 2;
            let (fill, stroke) = colours(node.kind);
            text += &format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\" fill=\"{fill}\" stroke=\"{stroke}\"/><text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text><text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"10\" fill=\"#556\">{}</text>\n",
                y + 17,
                escaped(&node.name),
                y + 32,
                escaped(&node.versions)
            );
        }
        text + "</svg>\n"
    }

    /// Gives the nodes of a group their boxes from a corner on; the width and height that they take.
    fn place(
        &self,
        members: &[usize],
        edges: &[(usize, usize)],
        (left, top): (usize, usize),
        boxes: &mut [Rectangle],
    ) -> (usize, usize) {
        let columns = layout::columns(members, edges);
        let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
        let whole = tallest * (HEIGHT + GAP_Y) - GAP_Y.min(tallest * GAP_Y);
        let mut x = left;
        for column in &columns {
            let widest = |node: &usize| {
                let node = &self.nodes[*node];
                node.name.chars().count().max(node.versions.chars().count() * 6 / 7) * LETTER + 20
            };
            let width = column.iter().map(widest).max().unwrap_or(0);
            let own = column.len() * (HEIGHT + GAP_Y) - GAP_Y.min(column.len() * GAP_Y);
            let mut y = top + (whole - own) / 2;
            for node in column {
                boxes[*node] = Rectangle { x, y, width, height: HEIGHT };
                y += HEIGHT + GAP_Y;
            }
            x += width + GAP_X;
        }
        (x - left - GAP_X.min(x - left), whole)
    }
}

/// A curve from the right side of one box to the left side of another one, or around where it leads back.
fn path(from: Rectangle, to: Rectangle) -> String {
    let (y1, y2) = (from.y + from.height / 2, to.y + to.height / 2);
    if from.x + from.width <= to.x {
        let (x1, x2) = (from.x + from.width, to.x);
        let middle = x1 + (x2 - x1) / 2;
        return format!("M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}");
    }
    let (x1, x2) = (from.x + from.width, to.x + to.width);
    let outer = x1.max(x2) + GAP_X / 2;
    format!("M{x1} {y1}C{outer} {y1} {outer} {y2} {x2} {y2}")
}

fn colours(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Service => ("#e8f0fe", "#5b7fc7"),
        Kind::Job => ("#f3e8fd", "#9061c2"),
        Kind::Database => ("#e6f4ea", "#4b9360"),
        Kind::Cache => ("#fef3e0", "#c58a2a"),
        Kind::Queue => ("#fde8e8", "#c05555"),
        Kind::Ingress => ("#e0f5f7", "#3a8f9c"),
        Kind::Platform => ("#eceff1", "#607d8b"),
        Kind::External => ("#ffffff", "#888888"),
        Kind::Library => ("#f7f7e8", "#8d8d4a"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            // XML has no way to write these.
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
