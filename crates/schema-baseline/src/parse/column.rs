//! Column definitions.

use migrate_core::script::lexer::{Token, TokenKind};

use super::canonical::expression;
use super::cursor::{Cursor, Parsed};
use crate::ast::{CheckDef, ColumnDef, DefaultValue, Expr, Ident, Literal};
use crate::catalogue::versioning;
use crate::dialect::Vendor;

impl Cursor<'_> {
    /// `name type attributes…`.
    pub(super) fn column_def(&mut self) -> Parsed<ColumnDef> {
        let start = self.position();
        let name = self.name("the name of a column")?;
        let serial = self.is_word("serial");
        let data_type = self.data_type()?;
        let mut column = ColumnDef {
            name,
            data_type,
            nullable: None,
            default: None,
            on_update: false,
            auto_increment: false,
            primary: false,
            unique: false,
            comment: String::new(),
            generated: None,
            invisible: false,
            srid: None,
            references: None,
            checks: Vec::new(),
            other: Vec::new(),
            span: self.span_from(start),
        };
        if serial {
            column.data_type.unsigned = true;
            column.serial();
        }
        let mut has_attributes = false;
        while !(self.is_at_end() || self.is_symbol(",") || self.is_symbol(")")) {
            self.check_generated(column.generated.is_some(), has_attributes)?;
            has_attributes |= !self.is_word("collate");
            if !self.column_attribute(&mut column)? {
                break;
            }
        }
        column.span = self.span_from(start);
        Ok(column)
    }

    /// One attribute; false when what follows is none, as `FIRST` in `ALTER TABLE`.
    fn column_attribute(&mut self, column: &mut ColumnDef) -> Parsed<bool> {
        let start = self.position();
        if self.eat_words(&["not", "null"]) {
            column.nullable = Some(false);
        } else if self.eat_words(&["not", "secondary"]) {
        } else if self.eat("null") {
            column.nullable = Some(true);
        } else if self.eat("default") {
            column.default = Some(self.default_value()?);
        } else if self.eat_words(&["on", "update"]) {
            if !self.now_function() {
                return self.expected("CURRENT_TIMESTAMP");
            }
            column.on_update = true;
        } else if self.eat("auto_increment") {
            column.auto_increment = true;
        } else if self.eat_words(&["serial", "default", "value"]) {
            column.serial();
        } else if self.eat("unique") {
            self.eat("key");
            column.unique = true;
        } else if self.eat("primary") {
            self.expect("key")?;
            column.primary = true;
        } else if self.eat("key") {
            column.primary = true;
        } else if self.eat("comment") {
            column.comment = self.string("the comment, a string")?;
        } else if self.eat("collate") {
            self.eat_symbol("=");
            column.data_type.collation = Some(self.charset_value()?);
        } else if self.eat_words(&["generated", "always", "as"]) || self.eat("as") {
            if self.dialect.vendor == Vendor::MariaDb && self.eat("row") {
                let attribute = match self.eat_any(&["start", "end"]) {
                    Some("start") => versioning::ROW_START,
                    Some(_) => versioning::ROW_END,
                    None => return self.expected("START or END"),
                };
                column.other.push((attribute.to_owned(), String::new()));
            } else {
                column.generated = Some(self.generated()?);
            }
        } else if self.is_word("references") {
            let references = self.references()?;
            column.references = Some((references, self.span_from(start)));
        } else if self.is_word("constraint") || self.is_word("check") {
            return self.column_constraint(column, start);
        } else if self.eat("invisible") {
            column.invisible = true;
        } else if self.eat("visible") {
            column.invisible = false;
        } else if self.dialect.vendor == Vendor::MySql && self.eat("srid") {
            column.srid = Some(self.number("a spatial reference system")?.to_string());
        } else if self.eat("ref_system_id") {
            self.eat_symbol("=");
            column.srid = Some(self.number("a spatial reference system")?.to_string());
        } else if self.dialect.vendor == Vendor::MariaDb && self.eat_words(&["with", "system", "versioning"])
        {
            column.other.push((versioning::WITH.to_owned(), String::new()));
        } else if self.dialect.vendor == Vendor::MariaDb
            && self.eat_words(&["without", "system", "versioning"])
        {
            column.other.push((versioning::WITHOUT.to_owned(), String::new()));
        } else {
            return self.other_attribute(column);
        }
        Ok(true)
    }

    /// Attributes with a value that the model keeps as text.
    fn other_attribute(&mut self, column: &mut ColumnDef) -> Parsed<bool> {
        if self.eat("compressed") {
            if self.eat_symbol("=") {
                self.next();
            }
            column.other.push(("compressed".to_owned(), String::new()));
            return Ok(true);
        }
        let known = ["column_format", "storage", "engine_attribute", "secondary_engine_attribute"];
        let is_option = self.is_name() && self.is_symbol_at(1, "=");
        if !is_option && !known.iter().any(|word| self.is_word(word)) {
            if self.is_word("first") || self.is_word("after") || self.begins_partitioning() {
                return Ok(false);
            }
            return self.expected("an attribute of the column, `,` or `)`");
        }
        let name = self.loose_name("the name of an attribute")?.text.to_lowercase();
        self.eat_symbol("=");
        let value = self.option_value()?;
        if !value.eq_ignore_ascii_case("default") {
            column.other.push((name, value));
        }
        Ok(true)
    }

    fn column_constraint(&mut self, column: &mut ColumnDef, start: usize) -> Parsed<bool> {
        let name = self.constraint_name()?;
        if self.is_word("check") {
            let check = self.check_def(name, start)?;
            column.checks.push(check);
            return Ok(true);
        }
        if self.is_word("references") {
            let references = self.references()?;
            column.references = Some((references, self.span_from(start)));
            return Ok(true);
        }
        if ["unique", "primary", "not", "null"].iter().any(|word| self.is_word(word)) {
            return Ok(true);
        }
        self.expected("CHECK")
    }

    /// `CONSTRAINT [name]`.
    pub(super) fn constraint_name(&mut self) -> Parsed<Option<Ident>> {
        if !self.eat("constraint") {
            return Ok(None);
        }
        let unnamed = ["primary", "unique", "foreign", "check", "references", "not", "null"];
        if unnamed.iter().any(|word| self.is_word(word)) {
            return Ok(None);
        }
        self.name("the name of the constraint").map(Some)
    }

    /// `CHECK (condition) [[NOT] ENFORCED]`.
    pub(super) fn check_def(&mut self, name: Option<Ident>, start: usize) -> Parsed<CheckDef> {
        self.expect("check")?;
        let expr = self.in_parentheses()?;
        let enforced = !self.eat_words(&["not", "enforced"]);
        if enforced {
            self.eat("enforced");
        }
        Ok(CheckDef { name, expr, enforced, span: self.span_from(start) })
    }

    /// `(expression)`.
    pub(super) fn in_parentheses(&mut self) -> Parsed<Expr> {
        let start = self.position();
        self.skip_parentheses()?;
        let tokens = self.since(start);
        if tokens.len() == 2 {
            self.seek(start + 1);
            return self.expected("an expression");
        }
        Ok(expression(self.text, tokens))
    }

    /// What stands behind `DEFAULT`.
    pub(super) fn default_value(&mut self) -> Parsed<DefaultValue> {
        let start = self.position();
        if self.eat("null") {
            return Ok(DefaultValue::Null);
        }
        if self.now_function() {
            return Ok(DefaultValue::Now);
        }
        if self.is_symbol("(") {
            let expr = self.in_parentheses()?;
            return Ok(simple_default(self.text, self.since(start)).unwrap_or(DefaultValue::Expr(expr)));
        }
        if self.eat("true") {
            return Ok(DefaultValue::Literal(Literal::Number("1".to_owned())));
        }
        if self.eat("false") {
            return Ok(DefaultValue::Literal(Literal::Number("0".to_owned())));
        }
        let introducer = ["date", "time", "timestamp"].iter().any(|word| self.is_word(word))
            || self.peek().is_some_and(|token| token.text(self.text).starts_with('_'));
        if introducer && self.peek_at(1).is_some_and(|token| token.kind == TokenKind::String) {
            let is_typed = self.peek().is_some_and(|token| token.kind == TokenKind::Word)
                && !self.peek().is_some_and(|token| token.text(self.text).starts_with('_'));
            if is_typed && self.dialect.vendor == Vendor::MySql {
                return self.expected("a default without DATE, TIME or TIMESTAMP before it");
            }
            self.next();
        }
        if self.is_string() {
            return Ok(DefaultValue::Literal(Literal::Text(self.string("a string")?)));
        }
        let signed = self.is_symbol("-") || self.is_symbol("+");
        match self.peek_at(usize::from(signed)).map(|token| token.kind) {
            Some(TokenKind::Number | TokenKind::HexString | TokenKind::BitString) => {
                let negative = self.is_symbol("-");
                if signed {
                    self.next();
                }
                let token = self.next();
                let written = token.map_or("", |token| token.text(self.text));
                Ok(DefaultValue::Literal(number_or_bytes(written, negative)))
            }
            // MariaDB takes functions without parentheses around them.
            Some(TokenKind::Word | TokenKind::QuotedIdentifier) if !signed => self.default_call(start),
            _ => self.expected("a default value"),
        }
    }

    fn default_call(&mut self, start: usize) -> Parsed<DefaultValue> {
        if self.eat_words(&["next", "value", "for"]) || self.eat_words(&["previous", "value", "for"]) {
            self.object_name("the name of a sequence")?;
        } else {
            let token = self.peek();
            let is_call =
                self.is_symbol_at(1, "(") || token.is_some_and(|token| is_niladic(token.text(self.text)));
            let is_column = self.dialect.vendor == Vendor::MariaDb && self.is_name();
            if !is_call && !is_column {
                return self.expected("a default value");
            }
            self.next();
            if is_call && self.is_symbol("(") {
                self.skip_parentheses()?;
            }
        }
        Ok(DefaultValue::Expr(expression(self.text, self.since(start))))
    }

    /// `CURRENT_TIMESTAMP` by any of its names, with or without parentheses.
    fn now_function(&mut self) -> bool {
        if self.eat_any(&["current_timestamp", "localtime", "localtimestamp"]).is_some() {
            if self.is_symbol("(") {
                return self.skip_parentheses().is_ok();
            }
            return true;
        }
        if self.is_word("now") && self.is_symbol_at(1, "(") {
            self.next();
            return self.skip_parentheses().is_ok();
        }
        false
    }

    /// The text of the tokens since a position, in one spelling.
    pub(super) fn spelled_since(&self, start: usize) -> String {
        super::canonical::canonical(self.text, self.since(start))
    }
}

impl ColumnDef {
    fn serial(&mut self) {
        self.nullable = Some(false);
        (self.auto_increment, self.unique) = (true, true);
    }
}

/// Functions that are called without parentheses.
fn is_niladic(word: &str) -> bool {
    ["current_date", "current_time", "current_user", "utc_date", "utc_time", "utc_timestamp", "uuid"]
        .iter()
        .any(|name| word.eq_ignore_ascii_case(name))
}

/// A literal or the current time that only stands in parentheses.
fn simple_default(text: &str, tokens: &[Token]) -> Option<DefaultValue> {
    let inside = tokens.strip_prefix(&tokens[..1])?.split_last()?.1;
    match inside {
        [word] if word.is_word(text, "current_timestamp") => Some(DefaultValue::Now),
        [word, ..] if word.is_word(text, "now") && inside.len() == 3 => Some(DefaultValue::Now),
        _ => None,
    }
}

/// A number, or the bytes of `b'…'`, `x'…'`, `0x…`.
fn number_or_bytes(written: &str, negative: bool) -> Literal {
    let lower = written.to_ascii_lowercase();
    let digits = |prefix: &str| lower.strip_prefix(prefix).map(|rest| rest.trim_matches('\'').to_owned());
    let bytes = |digits: &str, radix: u32, per_byte: usize| {
        let padded = format!("{}{digits}", "0".repeat((per_byte - digits.len() % per_byte) % per_byte));
        let byte =
            |chunk: &[u8]| u8::from_str_radix(std::str::from_utf8(chunk).unwrap_or("0"), radix).unwrap_or(0);
        let bytes: Vec<u8> = padded.as_bytes().chunks(per_byte).map(byte).collect();
        Literal::Bytes(bytes.into_iter().skip_while(|&byte| byte == 0).collect())
    };
    if let Some(hex) = digits("x'").or_else(|| digits("0x")) {
        return bytes(&hex, 16, 2);
    }
    if let Some(bits) = digits("b'").or_else(|| digits("0b")) {
        return bytes(&bits, 2, 8);
    }
    Literal::Number(format!("{}{lower}", if negative { "-" } else { "" }))
}
