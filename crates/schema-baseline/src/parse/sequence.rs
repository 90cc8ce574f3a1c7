//! `CREATE SEQUENCE`, `ALTER SEQUENCE`, `DROP SEQUENCE`, which only MariaDB has.

use std::sync::Arc;

use migrate_core::script::lexer::TokenKind;

use super::cursor::{Cursor, Parsed};
use crate::ast::{AlterSequence, Bound, Counting, CreateSequence, ObjectKind, StatementKind, ValueType};
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
        let start = self.here();
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
        let alone = Counting { value_type: counting.value_type, ..Counting::default() };
        if counting.value_type.is_some() && (counting != alone || restart.is_some()) {
            let expected = "the type of the sequence by a statement of its own";
            return Err(super::cursor::Failure::Syntax { expected, span: start });
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
            "as",
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
        let typed = self.dialect.has_typed_sequences();
        if self.is_word("as") && !typed {
            return Ok(false);
        }
        let Some(word) = self.eat_any(&words) else { return Ok(false) };
        let taken = match word {
            "as" => counting.value_type.is_some(),
            "start" => counting.start.is_some(),
            "increment" => counting.increment.is_some(),
            // Before 11.5 the server took a second bound below when it was a number.
            "minvalue" if !no && !typed => false,
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
            "as" => counting.value_type = Some(self.value_type()?),
            "start" => {
                let _ = self.eat("with") || self.eat_symbol("=");
                counting.start = Some(self.value()?);
            }
            "increment" => {
                let _ = self.eat("by") || self.eat_symbol("=");
                counting.increment = Some(self.whole()?);
            }
            "minvalue" | "maxvalue" if !no => {
                self.eat_symbol("=");
                let bound = Some(if typed { self.any_number()? } else { Bound::At(self.value()?) });
                *(if word == "minvalue" { &mut counting.minimum } else { &mut counting.maximum }) = bound;
            }
            "minvalue" | "nominvalue" => counting.minimum = Some(Bound::No),
            "maxvalue" | "nomaxvalue" => counting.maximum = Some(Bound::No),
            "cache" => {
                self.eat_symbol("=");
                counting.cache = Some(self.whole()?);
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

    /// Behind `AS`.
    fn value_type(&mut self) -> Parsed<ValueType> {
        const NAMES: [(&str, u32); 12] = [
            ("tinyint", 8),
            ("int1", 8),
            ("smallint", 16),
            ("int2", 16),
            ("mediumint", 24),
            ("middleint", 24),
            ("int3", 24),
            ("int", 32),
            ("integer", 32),
            ("int4", 32),
            ("bigint", 64),
            ("int8", 64),
        ];
        let Some((name, bits)) = NAMES.iter().find(|(name, _)| self.is_word(name)) else {
            return self.expected("TINYINT, SMALLINT, MEDIUMINT, INT or BIGINT");
        };
        self.eat(name);
        let unsigned = self.eat("unsigned");
        let _ = unsigned || self.eat("signed");
        Ok(ValueType { bits: *bits, unsigned })
    }

    /// A sign, and whether it is a minus.
    fn is_negative(&mut self) -> bool {
        let negative = self.is_symbol("-");
        if negative || self.is_symbol("+") {
            self.next();
        }
        negative
    }

    /// A whole number with or without a sign, of the size that a value can have.
    fn value(&mut self) -> Parsed<i128> {
        let negative = self.is_negative();
        let token = self.peek().filter(|token| token.kind == TokenKind::Number);
        let number = token.and_then(|token| token.text(self.text).parse::<u64>().ok()).map(i128::from);
        let largest = match (self.dialect.has_typed_sequences(), negative) {
            (true, false) => u64::MAX.into(),
            (true, true) => -i128::from(i64::MIN),
            (false, _) => i64::MAX.into(),
        };
        let Some(number) = number.filter(|number| *number <= largest) else {
            return self.expected("a whole number of 64 bits");
        };
        self.next();
        Ok(if negative { -number } else { number })
    }

    /// A whole number of 64 bits with or without a sign.
    fn whole(&mut self) -> Parsed<i64> {
        let (at, value) = (self.position(), self.value()?);
        let Ok(value) = i64::try_from(value) else {
            self.seek(at);
            return self.expected("a whole number of 64 bits");
        };
        Ok(value)
    }

    /// Any number without an exponent, as bounds may be since 11.5: what is no whole number of 64 bits is beyond all others.
    fn any_number(&mut self) -> Parsed<Bound> {
        let negative = self.is_negative();
        let token = self.peek().filter(|token| token.kind == TokenKind::Number);
        let text = token.map(|token| token.text(self.text));
        let is_plain = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let Some(text) = text.filter(is_plain) else { return self.expected("a number") };
        let number = text.parse::<u64>().map_or(i128::MAX, i128::from);
        self.next();
        Ok(Bound::At(if negative { -number } else { number }))
    }
}
