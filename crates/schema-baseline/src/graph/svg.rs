//! The diagram as SVG, drawn here: no other program is needed.

use super::{Diagram, Entity, Mark, Reference, layout};

const ROW: usize = 18;
const HEADING: usize = 26;
const GAP_X: usize = 110;
const GAP_Y: usize = 24;
const MARGIN: usize = 20;
/// Width of a letter of 12 px sans-serif, somewhat generously.
const LETTER: usize = 7;
/// Room for the marks of keys before a column's name.
const MARKS: usize = 64;
/// Height at which a column of tables goes on beside itself.
const TALLEST: usize = 1400;

#[derive(Debug, Clone, Copy, Default)]
struct Rectangle {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Diagram {
    /// A picture of its own size: tables in columns, parents to the left of their children; references end in crow's feet where
    /// there may be several rows, in a circle where there may be none.
    pub fn svg(&self) -> String {
        let (boxes, width, height) = self.boxes();
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        for reference in &self.references {
            text += &self.line(reference, &boxes);
        }
        for (table, at) in self.tables.iter().zip(&boxes) {
            text += &entity(table, *at);
        }
        text + "</svg>\n"
    }

    /// The box of each table, and the size of the whole.
    fn boxes(&self) -> (Vec<Rectangle>, usize, usize) {
        let references: Vec<_> = self.references.iter().map(|one| (one.child, one.parent)).collect();
        let mut boxes = vec![Rectangle::default(); self.tables.len()];
        let (mut x, mut bottom) = (MARGIN, MARGIN);
        for column in layout::columns(self.tables.len(), &references) {
            let width = column.iter().map(|table| width(&self.tables[*table])).max().unwrap_or(0);
            let mut y = MARGIN;
            for table in column {
                let height = HEADING + ROW * self.tables[table].columns.len() + 4;
                if y > MARGIN && y + height > TALLEST {
                    x += width + GAP_X;
                    y = MARGIN;
                }
                boxes[table] = Rectangle { x, y, width, height };
                y += height + GAP_Y;
                bottom = bottom.max(y);
            }
            x += width + GAP_X;
        }
        (boxes, x, bottom)
    }

    /// A curve between the rows of a reference's first columns.
    fn line(&self, reference: &Reference, boxes: &[Rectangle]) -> String {
        let (child, parent) = (boxes[reference.child], boxes[reference.parent]);
        let y1 = child.y + row(&self.tables[reference.child], &reference.columns);
        let y2 = parent.y + row(&self.tables[reference.parent], &reference.parent_columns);
        // To the facing side where there is room between the boxes, and otherwise around their right sides.
        let is_right = child.x >= parent.x + parent.width;
        let (x1, x2) = if is_right {
            (child.x, parent.x + parent.width)
        } else {
            (child.x + child.width, parent.x + parent.width)
        };
        let (a, b) = if is_right {
            (usize::midpoint(x1, x2), usize::midpoint(x1, x2))
        } else {
            (x1.max(x2) + 60, x1.max(x2) + 60)
        };
        let child = format!("{} ({})", self.tables[reference.child].name, reference.columns.join(", "));
        let names = if reference.counts {
            format!("{child} counts by {}", reference.name)
        } else {
            let parent = &self.tables[reference.parent].name;
            format!("{}: {child} → {parent} ({})", reference.name, reference.parent_columns.join(", "))
        };
        let dashes = if reference.counts { " stroke-dasharray=\"4 3\"" } else { "" };
        format!(
            "<g fill=\"none\" stroke=\"#667\"{dashes}><title>{}</title><path d=\"M{x1} {y1}C{a} {y1} {b} {y2} {x2} {y2}\"/>{}{}</g>\n",
            escaped(&names),
            end((x1, y1), !is_right, reference.many, true),
            end((x2, y2), true, false, reference.optional)
        )
    }
}

/// What stands at the end of a line at a table: a crow's foot for many rows or a bar for one; then a circle where there may be
/// none, or another bar. `right`: whether the line leaves to the right.
fn end((x, y): (usize, usize), right: bool, many: bool, none: bool) -> String {
    let out = |distance: usize| if right { x + distance } else { x.saturating_sub(distance) };
    let near = if many {
        format!("<path d=\"M{x} {}L{} {y}L{x} {}\"/>", y - 5, out(10), y + 5)
    } else {
        format!("<path d=\"M{0} {1}V{2}\"/>", out(6), y - 5, y + 5)
    };
    let far = if none {
        format!("<circle cx=\"{}\" cy=\"{y}\" r=\"3.5\" fill=\"#fff\"/>", out(14))
    } else {
        format!("<path d=\"M{0} {1}V{2}\"/>", out(11), y - 5, y + 5)
    };
    near + &far
}

fn width(table: &Entity) -> usize {
    let row = |column: &super::Attribute| {
        MARKS + (column.name.chars().count() + column.data_type.chars().count() + 3) * LETTER
    };
    let widest = table.columns.iter().map(row).max().unwrap_or(0);
    widest.max(table.title().chars().count() * (LETTER + 1)) + 20
}

/// The middle of the row of the first of these columns, or of the heading.
fn row(table: &Entity, columns: &[String]) -> usize {
    let is_it = |name: &str| columns.first().is_some_and(|first| crate::ast::same_name(first, name));
    let place = table.columns.iter().position(|column| is_it(&column.name));
    place.map_or(HEADING / 2, |number| HEADING + ROW * number + ROW / 2)
}

fn entity(table: &Entity, at: Rectangle) -> String {
    let Rectangle { x, y, width, height } = at;
    let mut text = format!(
        "<g><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" fill=\"#fff\" stroke=\"#5b7fc7\"/><path d=\"M{x} {}h{width}\" stroke=\"#5b7fc7\"/><text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n",
        y + HEADING - 2,
        x + 10,
        y + 17,
        escaped(&table.title())
    );
    for (number, column) in table.columns.iter().enumerate() {
        let base = y + HEADING + ROW * number + 13;
        let marks: Vec<&str> = column.marks.iter().copied().map(Mark::short).collect();
        let null = if column.nullable { "?" } else { "" };
        text += &format!(
            "<text x=\"{}\" y=\"{base}\" font-size=\"9\" fill=\"#8a6d1d\">{}</text><text x=\"{}\" y=\"{base}\">{}</text><text x=\"{}\" y=\"{base}\" text-anchor=\"end\" fill=\"#667\">{}{null}</text>\n",
            x + 8,
            marks.join(" "),
            x + MARKS,
            escaped(&column.name),
            x + width - 8,
            escaped(&column.data_type)
        );
    }
    text + "</g>\n"
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
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
