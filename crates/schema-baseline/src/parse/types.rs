//! Data types.

use super::cursor::{Cursor, Parsed};
use crate::ast::DataType;
use crate::catalogue::smallest;
use crate::dialect::{Dialect, Vendor, charset_name};

/// What may stand in the parentheses behind a type's name.
#[derive(Clone, Copy, PartialEq)]
enum Arguments {
    None,
    /// A display width, which means nothing but for `tinyint(1)` and `ZEROFILL`.
    Width,
    /// One number; absent, it is this one.
    Length(Option<u32>),
    /// Precision and scale.
    Decimal,
    Float,
    Members,
}

use Arguments::{Decimal, Float, Length, Members, None as Nothing, Width};

/// Names of one word, and what they are to the server.
const TYPES: [(&str, &str, Arguments); 66] = [
    ("bigint", "bigint", Width),
    ("binary", "binary", Length(Some(1))),
    ("bit", "bit", Length(Some(1))),
    ("blob", "blob", Length(None)),
    ("bool", "tinyint", Nothing),
    ("boolean", "tinyint", Nothing),
    ("char", "char", Length(Some(1))),
    ("character", "char", Length(Some(1))),
    ("date", "date", Nothing),
    ("datetime", "datetime", Length(None)),
    ("dec", "decimal", Decimal),
    ("decimal", "decimal", Decimal),
    ("double", "double", Float),
    ("enum", "enum", Members),
    ("fixed", "decimal", Decimal),
    ("float", "float", Float),
    ("float4", "float", Float),
    ("float8", "double", Float),
    ("geomcollection", "geomcollection", Nothing),
    ("geometry", "geometry", Nothing),
    ("geometrycollection", "geomcollection", Nothing),
    ("inet4", "inet4", Nothing),
    ("inet6", "inet6", Nothing),
    ("int", "int", Width),
    ("int1", "tinyint", Width),
    ("int2", "smallint", Width),
    ("int3", "mediumint", Width),
    ("int4", "int", Width),
    ("int8", "bigint", Width),
    ("integer", "int", Width),
    ("json", "json", Nothing),
    ("linestring", "linestring", Nothing),
    ("long", "mediumtext", Nothing),
    ("longblob", "longblob", Nothing),
    ("longtext", "longtext", Nothing),
    ("mediumblob", "mediumblob", Nothing),
    ("mediumint", "mediumint", Width),
    ("mediumtext", "mediumtext", Nothing),
    ("middleint", "mediumint", Width),
    ("multilinestring", "multilinestring", Nothing),
    ("multipoint", "multipoint", Nothing),
    ("multipolygon", "multipolygon", Nothing),
    ("nchar", "char", Length(Some(1))),
    ("number", "decimal", Decimal),
    ("numeric", "decimal", Decimal),
    ("nvarchar", "varchar", Length(None)),
    ("point", "point", Nothing),
    ("polygon", "polygon", Nothing),
    ("raw", "varbinary", Length(None)),
    ("real", "double", Float),
    ("serial", "bigint", Nothing),
    ("set", "set", Members),
    ("smallint", "smallint", Width),
    ("text", "text", Length(None)),
    ("time", "time", Length(None)),
    ("timestamp", "timestamp", Length(None)),
    ("tinyblob", "tinyblob", Nothing),
    ("tinyint", "tinyint", Width),
    ("tinytext", "tinytext", Nothing),
    ("uuid", "uuid", Nothing),
    ("varbinary", "varbinary", Length(None)),
    ("varchar", "varchar", Length(None)),
    ("varchar2", "varchar", Length(None)),
    ("varcharacter", "varchar", Length(None)),
    ("vector", "vector", Length(None)),
    ("year", "year", Width),
];

impl Cursor<'_> {
    /// A data type with its own attributes: sign, `ZEROFILL`, character set.
    pub(super) fn data_type(&mut self) -> Parsed<DataType> {
        let (name, arguments, national) = self.type_name()?;
        let mut data_type = DataType { name, ..DataType::default() };
        if national {
            data_type.charset = Some("utf8mb3".to_owned());
        }
        if name == "tinyint" && arguments == Nothing {
            // `BOOL` is `tinyint(1)`.
            data_type.numbers.push(1);
            data_type.words.0.width = Some(1);
            return Ok(data_type);
        }
        let width = self.type_arguments(&mut data_type, arguments)?;
        self.type_attributes(&mut data_type)?;
        if arguments == Width {
            let kept = data_type.zerofill || (name == "tinyint" && width == Some(1) && !data_type.unsigned);
            data_type.numbers = width.filter(|_| kept && name != "year").into_iter().collect();
            data_type.words.0.width = width;
        }
        if data_type.name == "blob"
            && let Some(length) = data_type.numbers.pop()
        {
            data_type.name = smallest("blob", u64::from(length));
        }
        Ok(data_type)
    }

    /// The name, what arguments it takes, and whether it is a `NATIONAL` one.
    fn type_name(&mut self) -> Parsed<(&'static str, Arguments, bool)> {
        let national = self.eat("national");
        let word = match self.peek() {
            Some(token) => token.text(self.text).to_ascii_lowercase(),
            None => return self.expected("a data type"),
        };
        let Ok(index) = TYPES.binary_search_by(|(name, ..)| name.cmp(&word.as_str())) else {
            return self.expected("a data type");
        };
        if !self.has_type(&word) {
            return self.expected("a data type of this server and version");
        }
        self.next();
        let (_, name, arguments) = TYPES[index];
        let national = national || word.starts_with('n') && matches!(name, "char" | "varchar");
        Ok(match word.as_str() {
            "char" | "character" | "nchar"
                if self.eat("varying") || self.eat("varchar") || self.eat("varcharacter") =>
            {
                ("varchar", Length(None), national)
            }
            "char" if self.eat("byte") => ("binary", Length(Some(1)), false),
            "long" if self.eat("varbinary") => ("mediumblob", Nothing, false),
            "long" => {
                let _ = self.eat("char") || self.eat("character");
                let _ = self.eat("varchar") || self.eat("varcharacter") || self.eat("varying");
                ("mediumtext", Nothing, false)
            }
            "double" => {
                self.eat("precision");
                (name, arguments, false)
            }
            _ => (name, arguments, national),
        })
    }

    /// Whether the server has the type: some came with a version, some are of one vendor.
    fn has_type(&self, word: &str) -> bool {
        let Dialect { vendor, version } = self.dialect;
        match (word, vendor) {
            ("vector", Vendor::MySql) => version >= 90_000,
            ("vector", Vendor::MariaDb) => version >= 110_700,
            ("uuid" | "inet4" | "inet6" | "number" | "raw" | "varchar2", Vendor::MySql) => false,
            ("uuid", Vendor::MariaDb) => version >= 100_700,
            ("inet4", Vendor::MariaDb) => version >= 101_000,
            ("inet6", Vendor::MariaDb) => version >= 100_500,
            _ => true,
        }
    }

    /// What stands in parentheses. Returns the display width, if that is what it is.
    fn type_arguments(&mut self, data_type: &mut DataType, arguments: Arguments) -> Parsed<Option<u32>> {
        if arguments == Members {
            self.expect_symbol("(", "`(` and the members")?;
            loop {
                data_type.members.push(self.member()?);
                if !self.eat_symbol(",") {
                    break;
                }
            }
            self.expect_symbol(")", "`,` or `)`")?;
            return Ok(None);
        }
        let mut numbers = Vec::new();
        if arguments != Nothing && self.eat_symbol("(") {
            numbers.push(self.number("a number")?);
            if matches!(arguments, Decimal | Float) && self.eat_symbol(",") {
                numbers.push(self.number("a number")?);
            }
            let _ = self.eat("byte") || self.eat("char");
            self.expect_symbol(")", "`)`")?;
        } else if matches!(data_type.name, "varchar" | "varbinary") {
            return self.expected("`(` and a length");
        }
        match arguments {
            Width => return Ok(numbers.first().copied()),
            Decimal => {
                numbers = vec![numbers.first().copied().unwrap_or(10), numbers.get(1).copied().unwrap_or(0)];
            }
            // `float(24)` is a float, `float(25)` a double; neither keeps the number.
            Float if numbers.len() == 1 => {
                if numbers[0] > 24 {
                    data_type.name = "double";
                }
                numbers.clear();
            }
            Length(Some(default)) if numbers.is_empty() => numbers.push(default),
            _ => numbers.retain(|&number| {
                number != 0 || !matches!(data_type.name, "datetime" | "timestamp" | "time")
            }),
        }
        data_type.numbers = numbers;
        Ok(None)
    }

    fn member(&mut self) -> Parsed<String> {
        if self.peek().is_some_and(|token| token.kind == migrate_core::script::lexer::TokenKind::HexString) {
            let token = self.next();
            return Ok(token.map(|token| token.text(self.text).to_lowercase()).unwrap_or_default());
        }
        if !self.is_string() && self.peek().is_some_and(|token| token.text(self.text).starts_with('_')) {
            self.next();
        }
        // Trailing blanks of members do not count.
        Ok(self.string("a string")?.trim_end_matches(' ').to_owned())
    }

    fn type_attributes(&mut self, data_type: &mut DataType) -> Parsed<()> {
        loop {
            if self.eat("unsigned") {
                data_type.unsigned = true;
            } else if self.eat("signed") {
                data_type.unsigned = false;
            } else if self.eat("zerofill") {
                (data_type.zerofill, data_type.unsigned) = (true, true);
            } else if self.eat("ascii") {
                data_type.charset = Some("latin1".to_owned());
            } else if self.eat("unicode") {
                data_type.charset = Some("ucs2".to_owned());
            } else if self.eat("byte") {
                data_type.charset = Some("binary".to_owned());
            } else if self.eat("binary") {
                data_type.binary = true;
            } else if self.eat("charset")
                || self.eat_words(&["character", "set"])
                || self.eat_words(&["char", "set"])
            {
                data_type.charset = Some(self.charset_value()?);
            } else {
                return Ok(());
            }
        }
    }

    /// The name of a character set or collation: a word or a string.
    pub(super) fn charset_value(&mut self) -> Parsed<String> {
        let name = if self.is_string() {
            self.string("a character set")?
        } else if self.eat("binary") {
            "binary".to_owned()
        } else if self.eat("default") {
            "default".to_owned()
        } else {
            self.name("the name of a character set or collation")?.text
        };
        Ok(charset_name(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
