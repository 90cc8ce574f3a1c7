//! One spelling for everything that means the same: no comments, no white space, keywords in lower case, names without
//! quotes unless they need them, `<>` for `!=`, strings in single quotes, no redundant parentheses.

use migrate_core::history::quoted;
use migrate_core::script::lexer::{Lexer, Token, TokenKind};

use super::cursor::{unquote_name, unquote_string};
use crate::ast::{Expr, Ident};
use crate::place::Span;

/// How strongly an operator binds; the numbers follow the manual's table of operator precedence.
type Strength = u8;

const LOOSEST: Strength = 0;
const AND: Strength = 4;
const COMPARISON: Strength = 7;
const UNARY: Strength = 14;
const TIGHTEST: Strength = 17;

/// An expression with its canonical form.
pub(super) fn expression(text: &str, tokens: &[Token]) -> Expr {
    let span = match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => Span { start: first.start, end: last.end },
        _ => Span::default(),
    };
    let words = names(text, tokens);
    if let Some(calls) = sequence_calls(text, tokens) {
        return Expr { canonical: canonical_of(&calls), written: calls.into(), words, span };
    }
    let written = tokens.iter().map(|token| token.text(text)).collect::<Vec<_>>().join(" ").into();
    Expr { canonical: canonical(text, tokens), written, words, span }
}

/// The words that may name columns.
fn names(text: &str, tokens: &[Token]) -> Vec<Ident> {
    let follows =
        |index: usize, symbol| tokens.get(index + 1).is_some_and(|token| token.is_symbol(text, symbol));
    let is_name = |&(index, token): &(usize, &Token)| match token.kind {
        TokenKind::QuotedIdentifier => !follows(index, "."),
        TokenKind::Word => {
            !follows(index, "(") && !follows(index, ".") && !super::words::is_reserved(token.text(text))
        }
        _ => false,
    };
    let name = |(_, token): (usize, &Token)| Ident {
        text: unquote_name(token.text(text)),
        span: token.range().into(),
    };
    tokens.iter().enumerate().filter(is_name).map(name).collect()
}

fn canonical_of(text: &str) -> String {
    let tokens: Vec<Token> = Lexer::new(text).collect();
    canonical(text, &tokens)
}

/// The tokens with a blank between any two, `NEXT VALUE FOR s` and `PREVIOUS VALUE FOR s` become the calls that they stand for; none when
/// there are no such words.
pub(crate) fn sequence_calls(text: &str, tokens: &[Token]) -> Option<String> {
    let call = |index: usize| {
        let [first, value, of, ..] = tokens.get(index..)? else { return None };
        let name = match first {
            next if next.is_word(text, "next") => "nextval",
            previous if previous.is_word(text, "previous") => "lastval",
            _ => return None,
        };
        (value.is_word(text, "value") && of.is_word(text, "for")).then_some(name)
    };
    let mut index = (0..tokens.len()).find(|index| call(*index).is_some()).map(|_| 0)?;
    let mut words = Vec::with_capacity(tokens.len());
    while index < tokens.len() {
        let Some(name) = call(index) else {
            words.push(tokens[index].text(text));
            index += 1;
            continue;
        };
        words.extend([name, "("]);
        let is_qualified = tokens.get(index + 4).is_some_and(|token| token.is_symbol(text, "."));
        let end = (index + if is_qualified { 6 } else { 4 }).min(tokens.len());
        words.extend(tokens[index + 3..end].iter().map(|token| token.text(text)));
        words.push(")");
        index = end;
    }
    Some(words.join(" "))
}

/// Tokens in one spelling.
pub(super) fn canonical(text: &str, tokens: &[Token]) -> String {
    if let Some(calls) = sequence_calls(text, tokens) {
        return canonical_of(&calls);
    }
    let redundant = redundant_parentheses(text, tokens);
    let mut out = String::with_capacity(tokens.last().map_or(0, |last| last.end - tokens[0].start));
    for (index, token) in tokens.iter().enumerate() {
        if redundant[index] {
            continue;
        }
        let next = tokens.get(index + 1);
        if token.kind == TokenKind::Word && is_introducer(token.text(text), next) {
            continue;
        }
        let is_part = index > 0 && tokens[index - 1].is_symbol(text, ".");
        if !out.is_empty() {
            out.push(' ');
        }
        if token.kind == TokenKind::QuotedIdentifier {
            spell_name(token.text(text), is_part, &mut out);
        } else {
            spell(text, *token, next, &mut out);
        }
    }
    out
}

/// `_utf8mb4` before a string says what is the case anyway, in a session whose character set it is.
fn is_introducer(word: &str, next: Option<&Token>) -> bool {
    word.eq_ignore_ascii_case("_utf8mb4")
        && next.is_some_and(|next| matches!(next.kind, TokenKind::String | TokenKind::DoubleQuoted))
}

/// A name in quotes, without them where it is the same name all the same: behind a dot every word is one.
fn spell_name(written: &str, is_part: bool, out: &mut String) {
    let name = unquote_name(written).to_lowercase();
    let mut tokens = Lexer::at(&name, 0);
    let is_word =
        tokens.next().is_some_and(|token| token.kind == TokenKind::Word && token.range() == (0..name.len()));
    if is_word && (is_part || !super::words::is_reserved(&name)) && !name.starts_with('_') {
        out.push_str(&name);
    } else {
        out.push_str(&quoted(&name));
    }
}

fn spell(text: &str, token: Token, next: Option<&Token>, out: &mut String) {
    let written = token.text(text);
    match token.kind {
        TokenKind::String | TokenKind::DoubleQuoted => {
            out.push('\'');
            out.push_str(&unquote_string(written).replace('\\', "\\\\").replace('\'', "''"));
            out.push('\'');
        }
        TokenKind::Word => {
            let start = out.len();
            out.push_str(written);
            out[start..].make_ascii_lowercase();
            if matches!(&out[start..], "current_timestamp" | "localtime" | "localtimestamp") {
                out.truncate(start);
                out.push_str("now");
                if !next.is_some_and(|next| next.is_symbol(text, "(")) {
                    out.push_str(" ( )");
                }
            }
        }
        TokenKind::Symbol => out.push_str(match written {
            "!=" => "<>",
            "&&" => "and",
            other => other,
        }),
        _ => out.push_str(&written.to_ascii_lowercase()),
    }
}

/// A pair of parentheses that is open.
struct Open {
    index: usize,
    /// The weakest operator directly inside.
    weakest: Strength,
    /// A list or a query, whose parentheses mean something.
    keeps: bool,
    /// `BETWEEN`s that still wait for their `AND`.
    between: usize,
}

/// For each token, whether it is a parenthesis that changes nothing: what is inside binds at least as strongly as what
/// stands beside it.
fn redundant_parentheses(text: &str, tokens: &[Token]) -> Vec<bool> {
    let mut redundant = vec![false; tokens.len()];
    let mut open: Vec<Open> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.is_symbol(text, "(") {
            open.push(Open { index, weakest: TIGHTEST, keeps: false, between: 0 });
            continue;
        }
        if token.is_symbol(text, ")") {
            let Some(pair) = open.pop() else { continue };
            if !pair.keeps && pair.index + 1 < index && is_redundant(text, tokens, &pair, index) {
                (redundant[pair.index], redundant[index]) = (true, true);
                if let Some(outer) = open.last_mut() {
                    outer.weakest = outer.weakest.min(pair.weakest);
                }
            }
            continue;
        }
        let Some(pair) = open.last_mut() else { continue };
        let is_query = || ["select", "with", "values", "table"].iter().any(|word| token.is_word(text, word));
        let is_list = token.is_symbol(text, ",") || token.is_symbol(text, ";");
        if is_list || index == pair.index + 1 && is_query() {
            pair.keeps = true;
        } else if token.is_word(text, "between") {
            pair.between += 1;
            pair.weakest = pair.weakest.min(COMPARISON);
        } else if token.is_word(text, "and") && pair.between > 0 {
            pair.between -= 1;
        } else if let Some(strength) = strength(text, tokens, index) {
            pair.weakest = pair.weakest.min(strength);
        }
    }
    redundant
}

fn is_redundant(text: &str, tokens: &[Token], pair: &Open, close: usize) -> bool {
    let left = match pair.index.checked_sub(1) {
        None => LOOSEST,
        Some(before) => match strength_before(text, tokens, before) {
            Some(strength) => strength,
            None => return false,
        },
    };
    // Half an expression is no operand: without its parentheses it would take part in what stands beside it.
    let is_whole = pair.between == 0 && strength_before(text, tokens, close - 1).is_none();
    if !is_whole || tokens.get(close + 1).is_some_and(|next| next.is_symbol(text, "(")) {
        return false;
    }
    let right = match tokens.get(close + 1) {
        Some(_) => strength(text, tokens, close + 1).unwrap_or(LOOSEST),
        None => LOOSEST,
    };
    let associative = left <= AND && left != 3;
    (pair.weakest > left || (pair.weakest == left && associative)) && pair.weakest >= right
}

/// How strongly the token before a parenthesis binds it; `None` when the two belong together, as in a call.
fn strength_before(text: &str, tokens: &[Token], index: usize) -> Option<Strength> {
    let token = tokens[index];
    match token.kind {
        TokenKind::Word => {
            const LOOSE: [&str; 17] = [
                "by", "case", "default", "distinct", "else", "elseif", "having", "on", "return", "select",
                "then", "until", "when", "where", "while", "limit", "set",
            ];
            if LOOSE.iter().any(|word| token.is_word(text, word)) {
                return Some(LOOSEST);
            }
            // `IN (…)` is one thing.
            if token.is_word(text, "in") || token.is_word(text, "interval") || token.is_word(text, "binary") {
                return None;
            }
            strength(text, tokens, index)
        }
        TokenKind::Symbol => match token.text(text) {
            "(" | "," | ";" => Some(LOOSEST),
            ")" => None,
            _ => strength(text, tokens, index),
        },
        _ => None,
    }
}

/// How strongly a token binds as an operator; `None` when it is none.
fn strength(text: &str, tokens: &[Token], index: usize) -> Option<Strength> {
    let token = tokens[index];
    let written = token.text(text);
    if token.kind == TokenKind::Symbol {
        return Some(match written {
            ":=" => 1,
            "||" => 2,
            "&&" => AND,
            "=" | "<=>" | ">=" | ">" | "<=" | "<" | "<>" | "!=" => COMPARISON,
            "|" => 8,
            "&" => 9,
            "<<" | ">>" => 10,
            "+" | "-" if is_prefix(text, tokens, index) => UNARY,
            "+" | "-" => 11,
            "*" | "/" | "%" => 12,
            "^" => 13,
            "~" => UNARY,
            "!" => 15,
            "->" | "->>" | "." => TIGHTEST,
            _ => return None,
        });
    }
    if token.kind != TokenKind::Word || written.len() > 7 {
        return None;
    }
    Some(match written.to_ascii_lowercase().as_str() {
        "or" => 2,
        "xor" => 3,
        "and" => AND,
        "not" => 5,
        "between" | "in" | "is" | "like" | "regexp" | "rlike" | "member" | "sounds" | "escape" => COMPARISON,
        "div" | "mod" => 12,
        "collate" | "binary" => 16,
        _ => return None,
    })
}

/// Whether a sign stands before its only operand.
fn is_prefix(text: &str, tokens: &[Token], index: usize) -> bool {
    let Some(before) = index.checked_sub(1).map(|before| tokens[before]) else { return true };
    match before.kind {
        TokenKind::Symbol => before.text(text) != ")",
        TokenKind::Word => strength_before(text, tokens, index - 1).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        let tokens: Vec<Token> = Lexer::new(text).filter(|token| !token.is_comment()).collect();
        canonical(text, &tokens)
    }

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(of(a), of(b));
    }

    #[test]
    fn spellings_of_one_meaning_are_equal() {
        same("(`a` > 1)", "a>1");
        same("((`a` > 1) AND (`b` < 2))", "A > 1 and b < 2");
        same("a AND (b AND c)", "a and b and c");
        same("x - ((b + c) * d)", "x - (b + c) * d");
        same("(`type` in (_utf8mb4'manga',_utf8mb4'novel'))", "type IN ('manga', \"novel\")");
        same("a != 'it''s'", r"a <> 'it\'s'");
        same("NOW()", "CURRENT_TIMESTAMP");
        same("case when (a = 1) then (b) else (c) end", "CASE WHEN a = 1 THEN b ELSE c END");
        same("(a between 1 and 2) or (c)", "a BETWEEN 1 AND 2 OR c");
        same("-(3)", "-3");
        same("NEXT VALUE FOR s + 1", "nextval(`s`) + 1");
        same("f(PREVIOUS VALUE FOR d.s)", "f(lastval(`d`.s))");
    }

    #[test]
    fn parentheses_that_mean_something_stay() {
        assert_eq!(of("a * (b + c)"), "a * ( b + c )");
        assert_eq!(of("a - (b - c)"), "a - ( b - c )");
        assert_eq!(of("not (a or b)"), "not ( a or b )");
        assert_eq!(of("a and (b or c)"), "a and ( b or c )");
        assert_eq!(of("f(a)"), "f ( a )");
        assert_eq!(of("a in (1)"), "a in ( 1 )");
        assert_eq!(of("(select 1)"), "( select 1 )");
        assert_eq!(of("(a || b) collate utf8mb4_bin"), "( a || b ) collate utf8mb4_bin");
        assert_ne!(of("(a, b)"), of("a, b"));
        assert_eq!(of("(and)(a)a"), "( and ) ( a ) a");
        assert_eq!(of("c-((a*)-b)"), "c - ( ( a * ) - b )");
        assert_eq!(of("not ((a between 1) and 2)"), "not ( ( a between 1 ) and 2 )");
    }

    #[test]
    fn names_are_words_that_are_no_calls_and_no_keywords() {
        let text = "lower(a) + `b` and t.c is null";
        let tokens: Vec<Token> = Lexer::new(text).collect();
        let names: Vec<_> = names(text, &tokens).into_iter().map(|name| name.text).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn names_that_need_quotes_and_backslashes_keep_them() {
        assert_eq!(
            of("`a b` + `C``d` + `From` + t.`from` + `_utf8mb4` + `x`"),
            "`a b` + `c``d` + `from` + t . from + `_utf8mb4` + x"
        );
        assert_eq!(of(r"'a\\b' like 'c\%'"), r"'a\\b' like 'c\\%'");
        for text in ["`a ` + `` + `'`", r"'\\' + '\n' + 'x\_'"] {
            assert_eq!(of(&of(text)), of(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn is_a_fixed_point(text in "([a-c]|\\(|\\)|and|or|not|between|\\+|-|\\*|=|,|in| ){0,24}") {
            let once = of(&text);
            prop_assert_eq!(of(&once).replace(' ', ""), once.replace(' ', ""));
        }
    }
}
