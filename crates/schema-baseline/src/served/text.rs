//! The general parser, and the text that it can read.

use migrate_core::script::lexer::{Lexer, Token, TokenKind};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

use crate::parse::sequence_calls;

/// Nesting that the general parser may follow; it recurses.
const RECURSION_LIMIT: usize = 50;

pub(crate) fn parser(text: &str) -> Option<Parser<'_>> {
    Parser::new(&MySqlDialect {}).with_recursion_limit(RECURSION_LIMIT).try_with_sql(text).ok()
}

pub(crate) fn is_at_end(parser: &mut Parser<'_>) -> Option<()> {
    (parser.peek_token().token == sqlparser::tokenizer::Token::EOF).then_some(())
}

/// The text without what the general parser does not know: comments, `NEXT VALUE FOR`, `MOD` between its operands, `!` for
/// `NOT`, and the character set that a server adds to `CAST(… AS CHAR)`.
pub(crate) fn prepared(text: &str) -> String {
    let mut tokens: Vec<_> = Lexer::new(text).filter(|token| !token.is_comment()).collect();
    let calls = sequence_calls(text, &tokens);
    let text = calls.as_deref().unwrap_or(text);
    if calls.is_some() {
        tokens = Lexer::new(text).collect();
    }
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    let mut skip = 0;
    let mut closing: Vec<usize> = Vec::new();
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
        } else if let Some(last) = not_up_to(text, &tokens, index) {
            closing.push(last);
            out.push_str("(not ");
        } else if token.kind == TokenKind::Word && token.is_word(text, "mod") && !next_is("(") {
            out.push('%');
        } else {
            out.push_str(token.text(text));
        }
        let closes = closing.iter().filter(|last| **last == index).count();
        out.push_str(&")".repeat(closes));
    }
    out
}

/// For a `!`, the last token of its operand, where that is plain: parentheses, a call or a name.
fn not_up_to(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    if !tokens[at].is_symbol(text, "!") {
        return None;
    }
    let mut last = at + 1;
    let is_name = matches!(tokens.get(last)?.kind, TokenKind::Word | TokenKind::QuotedIdentifier);
    while is_name && tokens.get(last + 1).is_some_and(|dot| dot.is_symbol(text, ".")) {
        last += 2;
    }
    let open = if is_name { last + 1 } else { last };
    if !tokens.get(open).is_some_and(|token| token.is_symbol(text, "(")) {
        return is_name.then_some(last);
    }
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is_symbol(text, "(") {
            depth += 1;
        } else if token.is_symbol(text, ")") {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}
