//! Generated columns: where their expression stands among the attributes of a column, and which of those they may have.

use super::cursor::{Cursor, Parsed};
use crate::ast::Generated;
use crate::dialect::Vendor;

/// What MySQL knows of other columns and refuses of generated ones.
const NOT_ON_MYSQL: [&str; 9] =
    ["default", "on", "auto_increment", "serial", "virtual", "stored", "persistent", "generated", "as"];

/// All that MariaDB reads behind the expression.
const ON_MARIADB: [&str; 8] =
    ["unique", "comment", "invisible", "check", "constraint", "references", "with", "without"];

impl Cursor<'_> {
    /// Refuses the next attribute where it does not go with a generated column. `is_generated` says that its expression has been
    /// read, `has_attributes` that something but a collation has been.
    pub(super) fn check_generated(&self, is_generated: bool, has_attributes: bool) -> Parsed<()> {
        let any = |words: &[&str]| words.iter().any(|word| self.is_word(word));
        if !is_generated {
            let begins = self.is_word("generated")
                || self.is_word("as")
                    && !(self.dialect.vendor == Vendor::MariaDb && self.is_word_at(1, "row"));
            let is_row = self.is_word("generated") && self.is_word_at(3, "row");
            return if begins && !is_row && has_attributes {
                self.expected("no GENERATED ALWAYS AS: it stands right behind the type")
            } else {
                Ok(())
            };
        }
        let fits = match self.dialect.vendor {
            Vendor::MySql => !any(&NOT_ON_MYSQL),
            // The word that says where a new column goes is none of its attributes.
            Vendor::MariaDb => any(&ON_MARIADB) || any(&["first", "after"]) || self.begins_partitioning(),
        };
        if fits { Ok(()) } else { self.expected("an attribute that a generated column may have, `,` or `)`") }
    }

    /// `(expression) [VIRTUAL | STORED]`; MariaDB also says `PERSISTENT`.
    pub(super) fn generated(&mut self) -> Parsed<Generated> {
        let expr = self.in_parentheses()?;
        let stored = self.eat("stored") || self.dialect.vendor == Vendor::MariaDb && self.eat("persistent");
        if !stored {
            self.eat("virtual");
        }
        Ok(Generated { expr, stored })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    /// Whether MySQL and MariaDB read the attributes of a column.
    fn read(attributes: &str) -> [bool; 2] {
        testing::read(&format!("CREATE TABLE t (a INT, b INT {attributes})"))
    }

    #[test]
    fn some_attributes_go_with_an_expression() {
        for attributes in [
            "AS (a + 1)",
            "GENERATED ALWAYS AS (a) STORED UNIQUE KEY COMMENT 'k'",
            "AS (a) VIRTUAL INVISIBLE",
            "AS (a) CHECK (b > 0)",
        ] {
            assert_eq!(read(attributes), [true, true], "{attributes}");
        }
        for attributes in
            ["AS (a) NULL", "AS (a) NOT NULL", "AS (a) STORED PRIMARY KEY", "AS (a) COLLATE latin1_bin"]
        {
            assert_eq!(read(attributes), [true, false], "{attributes}");
        }
        for attributes in [
            "AS (a) DEFAULT 5",
            "AS (a) AUTO_INCREMENT",
            "AS (a) ON UPDATE NOW()",
            "AS (a) STORED STORED",
            "AS (a) UNIQUE VIRTUAL",
            "NOT NULL AS (a)",
            "COMMENT 'x' GENERATED ALWAYS AS (a)",
        ] {
            assert_eq!(read(attributes), [false, false], "{attributes}");
        }
        assert_eq!(read("AS (a) PERSISTENT"), [false, true]);
    }

    #[test]
    fn words_of_one_vendor_are_refused_by_the_other() {
        let read = testing::read;
        for text in [
            "ALTER TABLE t DROP CHECK c",
            "ALTER TABLE t ALTER CHECK c ENFORCED",
            "ALTER TABLE t ALTER COLUMN a SET INVISIBLE",
            "ALTER TABLE t ALTER INDEX k INVISIBLE",
            "CREATE TABLE t (a INT, KEY (a) VISIBLE)",
            "CREATE TABLE t (p POINT SRID 4326)",
            "CREATE VIEW v AS SELECT d->'$.a' FROM t",
            "INSERT INTO t SELECT d->>'$.a' FROM u",
        ] {
            assert_eq!(read(text), [true, false], "{text}");
        }
        for text in [
            "ALTER TABLE IF EXISTS t ADD x INT",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT",
            "ALTER TABLE t DROP COLUMN IF EXISTS x",
            "ALTER TABLE t ADD INDEX IF NOT EXISTS k (a)",
            "ALTER TABLE t ALTER INDEX k IGNORED",
            "CREATE INDEX IF NOT EXISTS k ON t (a)",
            "DROP INDEX IF EXISTS k ON t",
            "CREATE TABLE t (a INT, KEY (a) IGNORED)",
            "CREATE OR REPLACE TABLE t (a INT)",
            "CREATE OR REPLACE PROCEDURE p() SELECT 1",
            "RENAME TABLE IF EXISTS t TO u",
        ] {
            assert_eq!(read(text), [false, true], "{text}");
        }
        assert_eq!(read("CREATE OR REPLACE VIEW v AS SELECT '->' AS a"), [true, true]);
    }
}
