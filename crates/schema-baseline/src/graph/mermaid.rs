//! The diagram as Mermaid's `erDiagram`.

use super::{Attribute, Diagram, Mark};

/// What the grammar takes for something else than the name of an entity.
const WORDS: [&str; 19] = [
    "erdiagram",
    "title",
    "acctitle",
    "accdescr",
    "direction",
    "style",
    "class",
    "classdef",
    "one",
    "zero",
    "many",
    "only",
    "optionally",
    "to",
    "u",
    "tb",
    "bt",
    "lr",
    "rl",
];

impl Diagram {
    /// Text for Mermaid. Names that its grammar does not take are shown as near to them as it does.
    pub fn mermaid(&self) -> String {
        let mut text = "erDiagram\n".to_owned();
        for (number, table) in self.tables.iter().enumerate() {
            let id = self.id(number);
            let title = table.title();
            let shown = if id == title { id } else { format!("{id}[{}]", quoted(&title)) };
            if table.columns.is_empty() {
                text += &format!("    {shown}\n");
                continue;
            }
            text += &format!("    {shown} {{\n");
            for column in &table.columns {
                text += &attribute(column);
            }
            text += "    }\n";
        }
        for reference in &self.references {
            let parent = if reference.optional { "|o" } else { "||" };
            let child = if reference.many { "o{" } else { "o|" };
            let line = if reference.counts { ".." } else { "--" };
            text += &format!(
                "    {} {parent}{line}{child} {} : {}\n",
                self.id(reference.parent),
                self.id(reference.child),
                quoted(&reference.columns.join(", "))
            );
        }
        text
    }

    /// The table's name, or another one that is no other table's.
    fn id(&self, number: usize) -> String {
        let name = &self.tables[number].name;
        if is_plain(name) && !WORDS.contains(&name.to_lowercase().as_str()) {
            return name.clone();
        }
        let mut id = format!("table_{number}");
        while self.tables.iter().any(|table| table.name == id) {
            id.push('_');
        }
        id
    }
}

fn attribute(column: &Attribute) -> String {
    let name = word(&column.name);
    let marks: Vec<&str> = column.marks.iter().copied().map(Mark::short).collect();
    let mut line = format!("        {} {name}", word(&column.data_type));
    if !marks.is_empty() {
        line += &format!(" {}", marks.join(", "));
    }
    if name != column.name {
        line += &format!(" {}", quoted(&column.name));
    }
    line + "\n"
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One word of the grammar: letters, digits, parentheses and underscores.
fn word(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "()".contains(c) { c } else { '_' };
    let word: String = text.chars().map(kept).collect();
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic());
    // A mark of a key in the place of a name.
    if begins && !["PK", "FK", "UK"].contains(&word.as_str()) { word } else { format!("c_{word}") }
}

/// A text between quotes, which has no way to write some characters.
fn quoted(text: &str) -> String {
    let kept = |c: char| match c {
        '"' => '\'',
        '%' | '\\' => '_',
        c if c.is_control() => ' ',
        c => c,
    };
    format!("\"{}\"", text.chars().map(kept).collect::<String>())
}
