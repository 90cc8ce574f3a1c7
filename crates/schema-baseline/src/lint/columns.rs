//! Columns and their types.

use miette::Severity::{Advice, Warning};

use super::{Report, Rule};
use crate::ast::{DefaultValue, Literal};
use crate::catalogue::{Column, Table};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "schema-lint/auto-increment-type",
        severity: Some(Advice),
        summary: "a counter of this type runs out one day, and changing it then rebuilds the table",
        help: "use BIGINT UNSIGNED",
        peers: &["skeema auto-inc", "spirit auto_inc_capacity"],
    },
    Rule {
        code: "schema-lint/auto-increment-signed",
        severity: Some(Advice),
        summary: "half of the numbers of a signed counter are never used",
        help: "use an unsigned type",
        peers: &["skeema auto-inc"],
    },
    Rule {
        code: "schema-lint/auto-increment-float",
        severity: Some(Warning),
        summary: "a counter of a floating type repeats itself once numbers are large, and is deprecated",
        help: "use BIGINT UNSIGNED",
        peers: &[],
    },
    Rule {
        code: "schema-lint/mixed-collation",
        severity: Some(Advice),
        summary: "this column has another collation of its character set than the table, so that comparing the two uses no index",
        help: "leave the collation out, or say in a suppression why it must be another",
        peers: &["spirit type_pedantic"],
    },
    Rule {
        code: "schema-lint/float-money",
        severity: Some(Warning),
        summary: "FLOAT and DOUBLE cannot hold amounts of money exactly",
        help: "use DECIMAL, or an integer of the smallest unit",
        peers: &["skeema has-float", "spirit has_float"],
    },
    Rule {
        code: "schema-lint/has-float",
        severity: None,
        summary: "this column is of a floating type",
        help: "use DECIMAL where values must be exact",
        peers: &["skeema has-float", "spirit has_float"],
    },
    Rule {
        code: "schema-lint/timestamp-2038",
        severity: Some(Advice),
        summary: "TIMESTAMP ends in January 2038 on most servers and depends on the time zone of the session",
        help: "use DATETIME, in UTC",
        peers: &["skeema has-time", "spirit has_timestamp"],
    },
    Rule {
        code: "schema-lint/zero-date",
        severity: Some(Warning),
        summary: "a zero date is no date: strict servers refuse it, and drivers fail on it",
        help: "use NULL, or a date that means something",
        peers: &["skeema zero-date", "spirit zero_date"],
    },
    Rule {
        code: "schema-lint/has-enum",
        severity: None,
        summary: "ENUM and SET keep values in the schema: a new one needs an ALTER TABLE, and sorting goes by position",
        help: "use a lookup table, or VARCHAR with a CHECK",
        peers: &["skeema has-enum"],
    },
    Rule {
        code: "schema-lint/set-type",
        severity: Some(Advice),
        summary: "a SET is a list in one value: it has no index over its members and no foreign key",
        help: "use a table of its own with one row a member",
        peers: &["skeema has-enum"],
    },
    Rule {
        code: "schema-lint/zerofill",
        severity: Some(Advice),
        summary: "ZEROFILL is deprecated and makes the column unsigned besides",
        help: "pad numbers where they are shown",
        peers: &["skeema display-width"],
    },
    Rule {
        code: "schema-lint/long-char",
        severity: Some(Advice),
        summary: "a CHAR is filled with blanks up to its length, in every row and every index",
        help: "use VARCHAR",
        peers: &[],
    },
    Rule {
        code: "schema-lint/short-year",
        severity: Some(Advice),
        summary: "YEAR holds 1901 to 2155 only",
        help: "use SMALLINT UNSIGNED",
        peers: &[],
    },
    Rule {
        code: "schema-lint/column-comment",
        severity: None,
        summary: "this column has no comment",
        help: "say in one what it holds, and in which unit",
        peers: &[],
    },
    Rule {
        code: "schema-lint/nullable",
        severity: None,
        summary: "this column may be NULL",
        help: "make it NOT NULL, with a default where there is one",
        peers: &["skeema nullable"],
    },
    Rule {
        code: "schema-lint/id-type",
        severity: None,
        summary: "this column is called an identifier and is no BIGINT UNSIGNED",
        help: "use BIGINT UNSIGNED for every number that identifies a row",
        peers: &["skeema ids"],
    },
    Rule {
        code: "schema-lint/invisible-column",
        severity: Some(Advice),
        summary: "this column is invisible: SELECT * and plain INSERTs pass it over",
        help: "make it visible once programs know it, or drop it",
        peers: &[],
    },
];

const COUNTED: [&str; 4] = ["tinyint", "smallint", "mediumint", "int"];

pub(super) fn check(table: &Table, report: &mut Report<'_>) {
    for column in &table.columns {
        let hit = |report: &mut Report<'_>, code, what: &str| {
            report.hit(code, &column.place, format!("column `{}` of `{}` {what}", column.name, table.name));
        };
        let data_type = &column.data_type;
        let is_float = matches!(data_type.name, "float" | "double");
        if column.auto_increment {
            if COUNTED.contains(&data_type.name) {
                hit(report, "schema-lint/auto-increment-type", &format!("counts in {}", data_type.name));
            }
            if is_float {
                hit(report, "schema-lint/auto-increment-float", &format!("counts in {}", data_type.name));
            } else if !data_type.unsigned {
                hit(report, "schema-lint/auto-increment-signed", "counts in a signed type");
            }
        }
        let collation = data_type.collation.as_ref();
        let same_charset = data_type.charset.as_ref() == Some(&table.charset);
        if same_charset && let Some(collation) = collation.filter(|name| **name != table.collation) {
            let what = format!("has the collation {collation}, its table {}", table.collation);
            hit(report, "schema-lint/mixed-collation", &what);
        }
        if is_float {
            hit(report, "schema-lint/has-float", &format!("is a {}", data_type.name));
            if is_money(&column.name) {
                hit(report, "schema-lint/float-money", &format!("is money in a {}", data_type.name));
            }
        }
        match data_type.name {
            "timestamp" => hit(report, "schema-lint/timestamp-2038", "is a TIMESTAMP"),
            "enum" | "set" => {
                hit(report, "schema-lint/has-enum", &format!("is of type {}", data_type.name));
                if data_type.name == "set" {
                    hit(report, "schema-lint/set-type", "is a SET");
                }
            }
            "year" => hit(report, "schema-lint/short-year", "is a YEAR"),
            "char" if data_type.numbers.first().is_some_and(|length| *length > 64) => {
                hit(report, "schema-lint/long-char", "is a long CHAR");
            }
            _ => {}
        }
        if data_type.zerofill {
            hit(report, "schema-lint/zerofill", "is filled with zeros");
        }
        if is_zero_date(column) {
            hit(report, "schema-lint/zero-date", "has a zero date as its default");
        }
        if column.comment.is_empty() {
            hit(report, "schema-lint/column-comment", "has no comment");
        }
        if column.nullable && column.generated.is_none() {
            hit(report, "schema-lint/nullable", "may be NULL");
        }
        let name = column.name.to_lowercase();
        let is_integer = COUNTED.contains(&data_type.name) || data_type.name == "bigint";
        if (name == "id" || name.ends_with("_id"))
            && is_integer
            && !(data_type.name == "bigint" && data_type.unsigned)
        {
            hit(report, "schema-lint/id-type", "is an identifier and no BIGINT UNSIGNED");
        }
        if column.invisible {
            hit(report, "schema-lint/invisible-column", "is invisible");
        }
    }
}

fn is_money(name: &str) -> bool {
    let name = name.to_lowercase();
    ["price", "amount", "total", "cost", "balance", "salary", "fee"]
        .iter()
        .any(|word| name.split('_').any(|part| part == *word || part == format!("{word}s")))
}

fn is_zero_date(column: &Column) -> bool {
    matches!(column.data_type.name, "date" | "datetime" | "timestamp")
        && matches!(&column.default, Some(DefaultValue::Literal(Literal::Text(text) | Literal::Number(text)))
            if text.starts_with("0000-00-00") || text == "0")
}
