//! Options of tables.

use super::table::Table;
use crate::ast::TableOption;

/// Options that say nothing about what a table means.
const IGNORED_OPTIONS: [&str; 3] = ["auto_increment", "charset", "collate"];

impl Table {
    /// Takes over table options. The character set is not among them.
    pub(super) fn set_options(&mut self, options: &[TableOption]) {
        for option in options.iter().filter(|option| !IGNORED_OPTIONS.contains(&option.name.as_str())) {
            let value = if option.name == "comment" || option.name.contains("attribute") {
                option.value.clone()
            } else {
                option.value.to_lowercase()
            };
            if value.is_empty() || value == "default" {
                self.options.remove(&option.name);
            } else {
                self.options.insert(option.name.clone(), value);
            }
        }
    }
}

/// The value of the last option of that name.
pub(super) fn option<'a>(options: &'a [TableOption], name: &str) -> Option<&'a str> {
    let option = options.iter().rev().find(|option| option.name == name)?;
    (option.value != "default").then_some(option.value.as_str())
}
