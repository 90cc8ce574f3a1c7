//! The account that views and stored programs run as.

use migrate_core::script::lexer::{Lexer, Token};

/// What becomes of the account that an object runs as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Definers {
    /// It is left out, so that the account that loads the object owns it.
    #[default]
    Strip,
    /// It stays.
    Keep,
    /// This one takes its place, as it stands in SQL: `` `app`@`%` ``.
    Replace(String),
}

/// Where the clause would stand in the `CREATE` statement of a view or program that has none.
pub(crate) fn room(statement: &str) -> Option<usize> {
    let mut lexer = Lexer::new(statement);
    let mut next = || -> Option<Token> {
        loop {
            let token = lexer.next()?;
            if !token.is_comment() {
                return Some(token);
            }
        }
    };
    let create = next().filter(|token| token.is_word(statement, "create"))?;
    let mut end = create.end;
    let mut token = next()?;
    if token.is_word(statement, "or") {
        end = next()?.end;
        token = next()?;
    }
    if token.is_word(statement, "algorithm") {
        let _ = next()?;
        end = next()?.end;
    }
    Some(end)
}
