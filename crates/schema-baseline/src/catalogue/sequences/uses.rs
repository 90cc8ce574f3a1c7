//! What counts by sequences: defaults of columns.

use migrate_core::script::lexer::Token;

use crate::ast::{DefaultValue, Expr, Ident, ObjectKind, ObjectName};
use crate::catalogue::apply::Run;
use crate::catalogue::{Catalogue, Table};
use crate::dialect::Dialect;
use crate::finding::{Finding, at};
use crate::nearest::advice;
use crate::parse::{tokens_of, unquoted};
use crate::place::Span;

impl Run<'_> {
    /// Refuses a table with a default that counts by a sequence which is not there.
    pub(in crate::catalogue) fn require_sequences(&mut self, table: &mut Table) {
        if self.catalogue.any_order || !self.catalogue.is_sure() {
            return;
        }
        for column in &mut table.columns {
            let Some(DefaultValue::Expr(expr)) = &column.default else { continue };
            let Some(missing) = self.catalogue.missing_sequence(expr) else { continue };
            self.unknown_object(ObjectKind::Sequence, &missing);
            // It has been said; nobody else need say it.
            column.default = None;
        }
    }
}

impl Catalogue {
    /// The first sequence that an expression counts by and that is not there.
    pub(in crate::catalogue) fn missing_sequence(&self, expr: &Expr) -> Option<Ident> {
        let is_missing = |name: &ObjectName| {
            let own = name.schema.as_ref().is_none_or(|schema| Some(&schema.text) == self.schema.as_ref());
            let is_unknown = self.unknown.contains_key(&(ObjectKind::Sequence, name.text().to_owned()))
                || self.tables.get(name.text()).is_some_and(|table| table.unknown.is_some());
            own && !is_unknown && !self.sequences.contains_key(name.text())
        };
        sequences_in(expr, self.dialect).into_iter().find(is_missing).map(|name| name.name)
    }

    /// Reports defaults that count by a sequence which is not there.
    pub(in crate::catalogue) fn check_sequences(&self, table: &Table, findings: &mut Vec<Finding>) {
        if !self.is_sure() {
            return;
        }
        for column in &table.columns {
            let Some(DefaultValue::Expr(expr)) = &column.default else { continue };
            let Some(missing) = self.missing_sequence(expr) else { continue };
            let known = self.sequences.keys().map(String::as_str);
            let help = advice(&missing.text, known, "create it, or take the reference out");
            let (src, span) = at(&column.place.at(missing.span));
            findings.push(Finding::MissingReference {
                user: format!("table `{}`", table.name),
                kind: "sequence",
                name: missing.text,
                help,
                src,
                span,
                nearest: Vec::new(),
            });
        }
    }
}

/// The sequences that an expression counts by: the first arguments of `nextval`, `lastval` and `setval`. Both other spellings of
/// these have become calls when the expression was read.
pub(crate) fn sequences_in(expr: &Expr, dialect: Dialect) -> Vec<ObjectName> {
    const CALLS: [&str; 3] = ["nextval", "lastval", "setval"];
    if !CALLS.iter().any(|call| expr.canonical.contains(call)) {
        return Vec::new();
    }
    let text = &expr.written;
    let tokens = tokens_of(text, Span { start: 0, end: text.len() }, dialect);
    let name = |token: &Token| {
        let name = unquoted(token.text(text));
        let word = expr.words.iter().find(|word| word.text == name);
        Ident { span: word.map_or(expr.span, |word| word.span), text: name }
    };
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let opens = tokens.get(index + 1).is_some_and(|next| next.is_symbol(text, "("));
        if !opens || !CALLS.iter().any(|call| token.is_word(text, call)) {
            continue;
        }
        let Some(first) = tokens.get(index + 2) else { continue };
        let dot = tokens.get(index + 3).is_some_and(|next| next.is_symbol(text, "."));
        match tokens.get(index + 4).filter(|_| dot) {
            Some(second) => found.push(ObjectName { schema: Some(name(first)), name: name(second) }),
            None => found.push(ObjectName { schema: None, name: name(first) }),
        }
    }
    found
}
