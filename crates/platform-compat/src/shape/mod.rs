//! What the two files may hold: one description of every map, which the readers go by and of which editors get a
//! [JSON Schema](json_schema()).

mod compatibility;
mod json_schema;
mod platform;
#[cfg(test)]
mod tests;

pub(crate) use compatibility::*;
pub use json_schema::{File, json_schema};
pub(crate) use platform::*;

/// A map with known keys.
pub(crate) struct Shape {
    /// How a sentence names it: "a component".
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
}

/// A key of a map.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    holds: Holds,
    /// One sentence for whoever writes the file.
    about: &'static str,
    required: bool,
}

/// What stands under a key.
pub(crate) enum Holds {
    Text,
    /// A name of Kubernetes (RFC 1123 label).
    Label,
    Boolean,
    /// A whole number, from the first on and at most the second.
    Number(u32, u32),
    /// A version: a text, even where it looks like a number.
    Version,
    /// A day: `2026-11-30`.
    Day,
    /// A block of addresses.
    Cidr,
    /// A port with or without protocol: `443/TCP`.
    Port,
    /// One text and no other.
    Exactly(&'static str),
    /// One of the words that the reader has.
    Word(fn() -> Vec<&'static str>),
    /// Labels, and their values.
    Labels,
    Map(&'static Shape),
    List(&'static Holds),
    /// One, or a list.
    Some(&'static Holds),
    /// One of several forms.
    Either(&'static [Holds]),
    /// A map from names of environments.
    ByEnvironment(&'static Holds),
}

/// A key that may be left out.
const fn optional(name: &'static str, holds: Holds, about: &'static str) -> Key {
    Key { name, holds, about, required: false }
}

/// A key that must be there.
const fn required(name: &'static str, holds: Holds, about: &'static str) -> Key {
    Key { name, holds, about, required: true }
}

impl Shape {
    /// Whether a key must be there.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.required && key.name == name)
    }

    /// The names of the keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }
}
