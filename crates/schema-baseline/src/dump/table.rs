//! Tables: what every column shares with its table is said once.

use migrate_core::script::lexer::{Lexer, TokenKind};

use super::text::Edit;
use crate::ast::{CreateTable, TableElement};
use crate::dialect::{Dialect, charset_name, charset_of};
use crate::place::Span;

/// A character set and a collation as a column writes them, with their places.
#[derive(Default)]
struct Clauses {
    charset: Option<(String, Span)>,
    collation: Option<(String, Span)>,
}

/// Brings the character sets of columns to one form. A server remembers whether they were written, so that what it shows
/// would otherwise not be what it shows of the copy.
pub(super) fn edits(def: &CreateTable, text: &str, dialect: Dialect) -> Vec<Edit> {
    let option = |name: &str| def.options.iter().find(|option| option.name == name);
    let value = |name: &str| option(name).map(|option| charset_name(&option.value));
    let Some(charset) =
        value("charset").or_else(|| value("collate").map(|name| charset_of(&name).to_owned()))
    else {
        return Vec::new();
    };
    let default = || dialect.default_collation(&charset).map(str::to_owned);
    let Some(collation) = value("collate").or_else(default) else { return Vec::new() };
    let columns = def.elements.iter().filter(|(element, _)| matches!(element, TableElement::Column(_)));
    columns.flat_map(|(_, span)| column(*span, text, (&charset, &collation), dialect)).collect()
}

fn column(span: Span, text: &str, (charset, collation): (&str, &str), dialect: Dialect) -> Vec<Edit> {
    let clauses = clauses(span, text);
    let (own_charset, own_collation) = match (&clauses.charset, &clauses.collation) {
        (None, None) => return Vec::new(),
        (Some((charset, _)), Some((collation, _))) => (charset.clone(), collation.clone()),
        (None, Some((collation, _))) => (charset_of(collation).to_owned(), collation.clone()),
        (Some((charset, _)), None) => match dialect.default_collation(charset) {
            Some(collation) => (charset.clone(), collation.to_owned()),
            None => return Vec::new(),
        },
    };
    let wanted = match (own_charset == charset, own_collation == collation) {
        (true, true) => String::new(),
        (true, false) => format!("COLLATE {own_collation}"),
        _ => format!("CHARACTER SET {own_charset} COLLATE {own_collation}"),
    };
    let mut spans: Vec<Span> =
        [clauses.charset, clauses.collation].into_iter().flatten().map(|(_, span)| span).collect();
    spans.sort_unstable();
    let mut edits: Vec<Edit> = spans.into_iter().map(|span| Edit::cut(with_blank(span, text))).collect();
    if let Some(first) = edits.first_mut().filter(|_| !wanted.is_empty()) {
        first.text = format!(" {wanted}");
    }
    edits
}

/// Takes along the blank in front.
fn with_blank(span: Span, text: &str) -> Span {
    Span { start: text[..span.start].trim_end_matches(' ').len(), end: span.end }
}

fn clauses(span: Span, text: &str) -> Clauses {
    let mut clauses = Clauses::default();
    let mut depth = 0_usize;
    let mut lexer = Lexer::at(&text[..span.end], span.start);
    while let Some(token) = lexer.next() {
        if token.kind == TokenKind::Symbol {
            match token.text(text) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth > 0 || token.kind != TokenKind::Word {
            continue;
        }
        if token.is_word(text, "character") {
            let mut ahead = lexer.clone();
            if ahead.next().is_some_and(|next| next.is_word(text, "set"))
                && let Some(value) = ahead.next()
            {
                let place = Span { start: token.start, end: value.end };
                clauses.charset = Some((charset_name(value.text(text)), place));
            }
        } else if token.is_word(text, "collate")
            && let Some(value) = lexer.clone().next()
        {
            let place = Span { start: token.start, end: value.end };
            clauses.collation = Some((charset_name(value.text(text)), place));
        }
    }
    clauses
}
