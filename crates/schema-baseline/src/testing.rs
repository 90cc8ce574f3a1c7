//! What the two vendors accept, for tests of rules in which they differ.

use std::sync::Arc;

use crate::dialect::Dialect;
use crate::parse::parse;
use crate::place::Source;
use crate::replay::replay_scripts;

fn on_both(is_fine: impl Fn(Arc<Source>, Dialect) -> bool, text: &str) -> [bool; 2] {
    let source = Arc::new(Source::new("a.sql", text.into()));
    ["mysql-9.7", "mariadb-10.11"].map(|server| is_fine(Arc::clone(&source), server.parse().unwrap()))
}

/// Whether MySQL 9.7 and MariaDB 10.11 execute the statements.
pub(crate) fn accepted(text: &str) -> [bool; 2] {
    on_both(|source, dialect| replay_scripts([source], dialect).1.is_empty(), text)
}

/// Whether MySQL 9.7 and MariaDB 10.11 read the statements.
pub(crate) fn read(text: &str) -> [bool; 2] {
    on_both(|source, dialect| parse(&source, dialect).1.is_empty(), text)
}
