//! The general parser, and the text that it can read.

use migrate_core::script::lexer::{Lexer, TokenKind};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

/// Nesting that the general parser may follow; it recurses.
const RECURSION_LIMIT: usize = 50;

pub(super) fn parser(text: &str) -> Option<Parser<'_>> {
    Parser::new(&MySqlDialect {}).with_recursion_limit(RECURSION_LIMIT).try_with_sql(text).ok()
}

pub(super) fn is_at_end(parser: &mut Parser<'_>) -> Option<()> {
    (parser.peek_token().token == sqlparser::tokenizer::Token::EOF).then_some(())
}

/// The text without what the general parser does not know: comments, `MOD` between its operands, `!` before
/// `EXISTS`, and the character set that a server adds to `CAST(… AS CHAR)`.
pub(super) fn prepared(text: &str) -> String {
    let tokens: Vec<_> = Lexer::new(text).filter(|token| !token.is_comment()).collect();
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    let mut skip = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.start > end {
            out.push(' ');
        }
        end = token.end;
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let next_is_word = |word| tokens.get(index + 1).is_some_and(|next| next.is_word(text, word));
        let next_is = |symbol| tokens.get(index + 1).is_some_and(|next| next.is_symbol(text, symbol));
        let before = index.checked_sub(1).map(|before| &tokens[before]);
        let is_added = token.is_word(text, "charset")
            && before.is_some_and(|before| before.is_word(text, "char") || before.is_symbol(text, ")"));
        if is_added && (next_is_word("utf8mb4") || next_is_word("utf8mb3")) {
            skip = 1;
        } else if token.is_symbol(text, "!") && next_is_word("exists") {
            out.push_str("not ");
        } else if token.kind == TokenKind::Word && token.is_word(text, "mod") && !next_is("(") {
            out.push('%');
        } else {
            out.push_str(token.text(text));
        }
    }
    out
}
