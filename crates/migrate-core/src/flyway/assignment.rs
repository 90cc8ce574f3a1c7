//! One value that a source gives an option, and where it stands.

use std::fmt::{self, Display};
use std::sync::Arc;

use miette::SourceSpan;
use secrecy::{ExposeSecret, SecretString};

use crate::finding::Source;
use crate::script::position_at;

/// A value for an option.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// `table`, `placeholders.NAME`, `environments.NAME.url`, `environments.NAME.flyway.table`.
    pub name: String,
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// A text, or a list of texts.
#[derive(Debug, Clone)]
pub struct Value {
    items: Vec<SecretString>,
    is_list: bool,
}

/// Where something stands.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file.
    File {
        /// The file, without the values that may be secrets.
        src: Source,
        /// The place in it.
        span: SourceSpan,
        /// Whether connections have tables of their own in it, as in TOML.
        has_tables: bool,
    },
    /// An environment variable.
    Variable(String),
    /// An argument, by its name.
    Argument(String),
}

impl Value {
    /// One text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { items: vec![SecretString::from(text.into())], is_list: false }
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = String>) -> Self {
        Self { items: items.into_iter().map(SecretString::from).collect(), is_list: true }
    }

    /// The text, unless it is a list.
    pub fn as_text(&self) -> Option<&str> {
        if self.is_list { None } else { self.items.first().map(ExposeSecret::expose_secret) }
    }

    /// The items of a list; those between the commas of a text.
    pub fn items(&self) -> Vec<&str> {
        let items = self.items.iter().map(ExposeSecret::expose_secret);
        if self.is_list {
            return items.collect();
        }
        items.flat_map(|text| text.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    /// The same with every text changed; the first error ends it.
    pub(super) fn try_map<E>(&self, change: impl Fn(&str) -> Result<String, E>) -> Result<Self, E> {
        let items = self.items.iter().map(|item| change(item.expose_secret()).map(SecretString::from));
        Ok(Self { items: items.collect::<Result<_, _>>()?, is_list: self.is_list })
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { src, span, .. } => {
                let (line, column) = position_at(src.inner(), span.offset());
                write!(f, "{}:{line}:{column}", src.name())
            }
            Self::Variable(name) => f.write_str(name),
            Self::Argument(name) => write!(f, "-{name}"),
        }
    }
}

/// Words beside which a secret may stand.
const SECRETIVE: [&str; 8] =
    ["password", "url", "secret", "token", "key", "placeholder", "jdbc", "credential"];

/// A configuration file as problems may show it: where a line says that it holds a secret, what stands after its first `=` or
/// `:` is hidden, and with it the lines that continue it. No byte changes its place.
pub(super) fn shown(path: &str, text: &str) -> Source {
    let mut shown = String::with_capacity(text.len());
    let mut open: Option<&str> = None;
    let mut section = false;
    for line in text.split_inclusive(['\n', '\r']) {
        let lower = line.to_lowercase();
        let secretive = SECRETIVE.iter().any(|word| lower.contains(word));
        if line.trim_start().starts_with('[') {
            section = secretive;
        }
        let from = match open {
            Some(_) => 0,
            None if secretive || section => line.find(['=', ':']).map_or(line.len(), |at| at + 1),
            None => line.len(),
        };
        let (plain, hidden) = line.split_at(from);
        open = match open {
            // A line feed after a carriage return is a piece of its own.
            Some("\\") if !ends_open(line) && !line.trim().is_empty() => None,
            Some(quotes) if quotes != "\\" && hidden.contains(quotes) => None,
            Some(quotes) => Some(quotes),
            None if hidden.is_empty() => None,
            None if ends_open(hidden) => Some("\\"),
            None => ["\"\"\"", "'''"].into_iter().find(|quotes| hidden.matches(quotes).count() == 1),
        };
        shown.push_str(plain);
        for letter in hidden.chars() {
            if letter.is_whitespace() {
                shown.push(letter);
            } else {
                shown.extend(std::iter::repeat_n('*', letter.len_utf8()));
            }
        }
    }
    Source::new(path, Arc::from(shown))
}

fn ends_open(line: &str) -> bool {
    line.trim_end().ends_with('\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(shown("x", text).inner().as_ref(), expected);
    }

    #[test]
    fn secrets_are_hidden_and_nothing_moves() {
        check("flyway.password=pä x\nflyway.table=t\n", "flyway.password=*** *\nflyway.table=t\n");
        check("flyway.url = jdbc:x?password=y\n", "flyway.url = *****************\n");
        check("FLYWAY.PASSWORD=a\\\nb\nc=d\n", "FLYWAY.PASSWORD=**\n*\nc=d\n");
        check("flyway.password=a\\ \r\nb\nc=d\n", "flyway.password=** \r\n*\nc=d\n");
        check("password = \"\"\"a\nb\"\"\"\nc = 1\n", "password = ****\n****\nc = 1\n");
        check("[a.placeholders]\nx = 1\n[b]\ny = 2\n", "[a.placeholders]\nx = *\n[b]\ny = 2\n");
        check("default = { password = 'x' }", "default = * ******** * *** *");
    }

    #[test]
    fn values_are_not_shown() {
        let value = Assignment {
            name: "password".into(),
            value: Value::text("s3cr3t"),
            place: Place::Variable("FLYWAY_PASSWORD".into()),
        };
        assert!(!format!("{value:?}").contains("s3cr3t"));
    }

    proptest! {
        #[test]
        fn hiding_keeps_every_place(text in "([a-z=:'\"\\\\ \\n\\r\\[é]|password|\"\"\"){0,40}") {
            let shown = shown("x", &text);
            let lines = |text: &str| text.split(['\n', '\r']).map(str::len).collect::<Vec<_>>();
            prop_assert_eq!(lines(shown.inner()), lines(&text));
        }
    }
}
