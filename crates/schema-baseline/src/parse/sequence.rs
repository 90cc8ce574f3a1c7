//! `CREATE SEQUENCE`, `ALTER SEQUENCE`, `DROP SEQUENCE`, which only MariaDB has.

use std::sync::Arc;

use migrate_core::script::lexer::TokenKind;

use super::cursor::{Cursor, Parsed};
use crate::ast::{AlterSequence, Counting, CreateSequence, ObjectKind, StatementKind};
use crate::dialect::Vendor;

/// What is said when an option comes again.
const ONCE: &str = "each option of the sequence once";

impl Cursor<'_> {
    /// Whether the next word is `SEQUENCE`, on a server that has such things.
    pub(super) fn is_sequence(&self) -> bool {
        self.dialect.vendor == Vendor::MariaDb && self.is_word("sequence")
    }

    /// Behind `CREATE [OR REPLACE] [TEMPORARY] SEQUENCE`.
    pub(super) fn create_sequence(&mut self, or_replace: bool, temporary: bool) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        if or_replace && if_not_exists {
            return self.expected("a sequence that is replaced, or one that is kept");
        }
        let name = self.object_name("the name of the sequence")?;
        if !temporary {
            self.touches.push((ObjectKind::Sequence, name.clone()));
        }
        if self.is_word("as") {
            return self.unknown("the type of a sequence");
        }
        let mut counting = Counting::default();
        while self.counting(&mut counting)? {}
        let mut options = Vec::new();
        while !self.is_at_end() {
            options.extend(self.table_option()?);
            self.eat_symbol(",");
        }
        let sequence = CreateSequence { name, temporary, or_replace, if_not_exists, counting, options };
        Ok(StatementKind::CreateSequence(Arc::new(sequence)))
    }

    /// Behind `ALTER SEQUENCE`.
    pub(super) fn alter_sequence(&mut self) -> Parsed<StatementKind> {
        let if_exists = self.if_exists();
        let name = self.object_name("the name of the sequence")?;
        self.touches.push((ObjectKind::Sequence, name.clone()));
        if self.is_at_end() {
            return self.expected("what changes of the sequence");
        }
        let (mut counting, mut restart) = (Counting::default(), None);
        loop {
            if self.is_word("restart") {
                if restart.is_some() {
                    return self.expected(ONCE);
                }
                self.next();
                let says = self.eat("with") || self.eat_symbol("=");
                restart = Some(if says || self.is_value() { Some(self.value()?) } else { None });
            } else if !self.counting(&mut counting)? {
                break;
            }
        }
        Ok(StatementKind::AlterSequence(AlterSequence { name, if_exists, counting, restart }))
    }

    /// Behind `DROP [TEMPORARY] SEQUENCE`.
    pub(super) fn drop_sequence(&mut self, temporary: bool) -> Parsed<StatementKind> {
        let if_exists = self.if_exists();
        let names = self.object_names("the name of the sequence")?;
        let _ = self.eat("restrict") || self.eat("cascade");
        Ok(StatementKind::DropSequence { names, if_exists, temporary })
    }

    /// One clause about counting; false when what follows is none.
    fn counting(&mut self, counting: &mut Counting) -> Parsed<bool> {
        let (start, at) = (self.here(), self.position());
        let no = self.is_word("no") && (self.is_word_at(1, "minvalue") || self.is_word_at(1, "maxvalue"));
        if no {
            self.next();
        }
        let words = [
            "start",
            "increment",
            "minvalue",
            "maxvalue",
            "nominvalue",
            "nomaxvalue",
            "cache",
            "nocache",
            "cycle",
            "nocycle",
        ];
        let Some(word) = self.eat_any(&words) else { return Ok(false) };
        let taken = match word {
            "start" => counting.start.is_some(),
            "increment" => counting.increment.is_some(),
            // The server takes a second bound below when it is a number.
            "minvalue" if !no => false,
            "minvalue" | "nominvalue" => counting.minimum.is_some(),
            "maxvalue" | "nomaxvalue" => counting.maximum.is_some(),
            "cache" | "nocache" => counting.cache.is_some(),
            _ => counting.cycle.is_some(),
        };
        if taken {
            self.seek(at);
            return Err(super::cursor::Failure::Syntax { expected: ONCE, span: start });
        }
        match word {
            "start" => {
                let _ = self.eat("with") || self.eat_symbol("=");
                counting.start = Some(self.value()?);
            }
            "increment" => {
                let _ = self.eat("by") || self.eat_symbol("=");
                counting.increment = Some(self.value()?);
            }
            "minvalue" | "maxvalue" if !no => {
                self.eat_symbol("=");
                let bound = Some(self.value()?);
                *(if word == "minvalue" { &mut counting.minimum } else { &mut counting.maximum }) = bound;
            }
            "minvalue" | "nominvalue" => counting.minimum = Some(1),
            "maxvalue" | "nomaxvalue" => counting.maximum = Some(Counting::LARGEST),
            "cache" => {
                self.eat_symbol("=");
                counting.cache = Some(self.value()?);
            }
            "nocache" => counting.cache = Some(0),
            other => counting.cycle = Some(other == "cycle"),
        }
        Ok(true)
    }

    fn is_value(&self) -> bool {
        self.is_symbol("-")
            || self.is_symbol("+")
            || self.peek().is_some_and(|token| token.kind == TokenKind::Number)
    }

    /// A whole number of 64 bits with or without a sign.
    fn value(&mut self) -> Parsed<i64> {
        let negative = self.is_symbol("-");
        if negative || self.is_symbol("+") {
            self.next();
        }
        let token = self.peek().filter(|token| token.kind == TokenKind::Number);
        let number = token.and_then(|token| token.text(self.text).parse::<i64>().ok());
        let Some(number) = number else { return self.expected("a whole number of 64 bits") };
        self.next();
        Ok(if negative { -number } else { number })
    }
}
