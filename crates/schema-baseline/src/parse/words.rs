//! Reserved words.

use crate::dialect::{Dialect, Vendor};

/// Words that both MySQL and MariaDB reserve, so that they are no names without quotes; sorted.
#[rustfmt::skip]
const RESERVED: [&str; 222] = [
    "ADD", "ALL", "ALTER", "ANALYZE", "AND", "AS", "ASC", "BEFORE", "BETWEEN", "BIGINT", "BINARY",
    "BLOB", "BOTH", "BY", "CALL", "CASCADE", "CASE", "CHANGE", "CHAR", "CHARACTER", "CHECK", "COLLATE",
    "COLUMN", "CONDITION", "CONSTRAINT", "CONTINUE", "CONVERT", "CREATE", "CROSS", "CURRENT_DATE",
    "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURSOR", "DATABASE", "DATABASES", "DAY_HOUR",
    "DAY_MICROSECOND", "DAY_MINUTE", "DAY_SECOND", "DEC", "DECIMAL", "DECLARE", "DEFAULT", "DELAYED",
    "DELETE", "DESC", "DESCRIBE", "DETERMINISTIC", "DISTINCT", "DISTINCTROW", "DIV", "DOUBLE", "DROP",
    "DUAL", "EACH", "ELSE", "ELSEIF", "ENCLOSED", "ESCAPED", "EXISTS", "EXIT", "EXPLAIN", "FALSE",
    "FETCH", "FLOAT", "FLOAT4", "FLOAT8", "FOR", "FORCE", "FOREIGN", "FROM", "FULLTEXT", "GRANT",
    "GROUP", "HAVING", "HIGH_PRIORITY", "HOUR_MICROSECOND", "HOUR_MINUTE", "HOUR_SECOND", "IF",
    "IGNORE", "IN", "INDEX", "INFILE", "INNER", "INOUT", "INSENSITIVE", "INSERT", "INT", "INT1", "INT2",
    "INT3", "INT4", "INT8", "INTEGER", "INTERVAL", "INTO", "IS", "ITERATE", "JOIN", "KEY", "KEYS",
    "KILL", "LEADING", "LEAVE", "LEFT", "LIKE", "LIMIT", "LINEAR", "LINES", "LOAD", "LOCALTIME",
    "LOCALTIMESTAMP", "LOCK", "LONG", "LONGBLOB", "LONGTEXT", "LOOP", "LOW_PRIORITY", "MATCH",
    "MAXVALUE", "MEDIUMBLOB", "MEDIUMINT", "MEDIUMTEXT", "MIDDLEINT", "MINUTE_MICROSECOND",
    "MINUTE_SECOND", "MOD", "MODIFIES", "NATURAL", "NOT", "NO_WRITE_TO_BINLOG", "NULL", "NUMERIC", "ON",
    "OPTIMIZE", "OPTION", "OPTIONALLY", "OR", "ORDER", "OUT", "OUTER", "OUTFILE", "PRECISION",
    "PRIMARY", "PROCEDURE", "PURGE", "RANGE", "READ", "READS", "REAL", "REFERENCES", "REGEXP",
    "RELEASE", "RENAME", "REPEAT", "REPLACE", "REQUIRE", "RESIGNAL", "RESTRICT", "RETURN", "REVOKE",
    "RIGHT", "RLIKE", "SCHEMA", "SCHEMAS", "SECOND_MICROSECOND", "SELECT", "SENSITIVE", "SEPARATOR",
    "SET", "SHOW", "SIGNAL", "SMALLINT", "SPATIAL", "SPECIFIC", "SQL", "SQLEXCEPTION", "SQLSTATE",
    "SQLWARNING", "SQL_BIG_RESULT", "SQL_CALC_FOUND_ROWS", "SQL_SMALL_RESULT", "SSL", "STARTING",
    "STRAIGHT_JOIN", "TABLE", "TERMINATED", "THEN", "TINYBLOB", "TINYINT", "TINYTEXT", "TO", "TRAILING",
    "TRIGGER", "TRUE", "UNDO", "UNION", "UNIQUE", "UNLOCK", "UNSIGNED", "UPDATE", "USAGE", "USE",
    "USING", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "VALUES", "VARBINARY", "VARCHAR", "VARCHARACTER",
    "VARYING", "WHEN", "WHERE", "WHILE", "WITH", "WRITE", "XOR", "YEAR_MONTH", "ZEROFILL",
];

/// Words that MySQL has reserved since 8.0, sorted.
#[rustfmt::skip]
const MYSQL: [&str; 33] = [
    "CUBE", "CUME_DIST", "DENSE_RANK", "EMPTY", "EXCEPT", "FIRST_VALUE", "FUNCTION", "GENERATED", "GET",
    "GROUPING", "GROUPS", "INTERSECT", "JSON_TABLE", "LAG", "LAST_VALUE", "LATERAL", "LEAD", "NTH_VALUE",
    "NTILE", "OF", "OPTIMIZER_COSTS", "OVER", "PARTITION", "PERCENT_RANK", "RANK", "RECURSIVE", "ROW", "ROWS",
    "ROW_NUMBER", "STORED", "SYSTEM", "VIRTUAL", "WINDOW",
];

/// Words that MariaDB reserves beside those that both do, with the version since which, sorted.
const MARIADB: [(&str, u32); 13] = [
    ("CURRENT_ROLE", 100_000),
    ("EXCEPT", 100_300),
    ("INTERSECT", 100_300),
    ("OFFSET", 100_600),
    ("OVER", 100_200),
    ("PAGE_CHECKSUM", 100_000),
    ("PARTITION", 100_000),
    ("RECURSIVE", 100_200),
    ("REF_SYSTEM_ID", 100_100),
    ("RETURNING", 100_000),
    ("ROWS", 100_200),
    ("ROW_NUMBER", 100_700),
    ("SLOW", 100_000),
];

/// Whether a word is no name without quotes on that server, though it is one on others.
pub(super) fn is_reserved_by(word: &str, dialect: Dialect) -> bool {
    if word.len() > 15 {
        return false;
    }
    let word = word.to_ascii_uppercase();
    match dialect.vendor {
        Vendor::MySql => dialect.version >= 80_000 && MYSQL.binary_search(&word.as_str()).is_ok(),
        Vendor::MariaDb => MARIADB
            .binary_search_by(|(reserved, _)| (*reserved).cmp(word.as_str()))
            .is_ok_and(|index| dialect.version >= MARIADB[index].1),
    }
}

/// Whether a word is no name without quotes.
pub(crate) fn is_reserved(word: &str) -> bool {
    word.len() <= 19
        && RESERVED
            .binary_search_by(|reserved| {
                reserved.bytes().cmp(word.bytes().map(|byte| byte.to_ascii_uppercase()))
            })
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_found_in_any_case() {
        assert!(RESERVED.is_sorted() && MYSQL.is_sorted() && MARIADB.is_sorted());
        let mariadb = Dialect { vendor: Vendor::MariaDb, version: 101_119 };
        assert!(is_reserved_by("window", Dialect::default()) && !is_reserved_by("window", mariadb));
        assert!(is_reserved_by("offset", mariadb) && !is_reserved_by("offset", Dialect::default()));
        assert!(is_reserved("order") && is_reserved("Key") && is_reserved("CURRENT_TIMESTAMP"));
        assert!(!is_reserved("orders") && !is_reserved("status") && !is_reserved(""));
    }
}
