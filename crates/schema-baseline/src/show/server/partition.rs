//! `PARTITION BY …` behind a table.

use migrate_core::history::quoted;

use super::Style;
use super::literal::string;
use crate::ast::{PartitionBy, PartitionDef, PartitionKey, PartitionMethod, PartitionValues};
use crate::catalogue::{Partitioning, Table};
use crate::parse::is_printed_plain;

impl Style<'_> {
    pub(super) fn partitions(self, table: &Table) -> Option<String> {
        match table.partitioning {
            Partitioning::None => return Some(String::new()),
            Partitioning::Unknown => return None,
            Partitioning::By(_) => {}
        }
        let by = table.partitions.as_ref()?;
        let has_columns = matches!(&by.method.by, PartitionKey::Columns(_)) && by.method.kind != "key";
        let text = self.partition_by(by, table)?;
        Some(match (self.is_mysql(), has_columns) {
            (true, true) => format!("\n/*!50500 {text} */"),
            (true, false) => format!("\n/*!50100 {text} */"),
            (false, _) => format!("\n {text}"),
        })
    }

    fn partition_by(self, by: &PartitionBy, table: &Table) -> Option<String> {
        let mut text = format!("PARTITION BY {}", self.method(&by.method)?);
        if let (Some(count), true) = (by.count, by.partitions.is_empty()) {
            text += &format!("\nPARTITIONS {count}");
        }
        if let Some((method, count)) = &by.sub {
            text += &format!("\nSUBPARTITION BY {}", self.method(method)?);
            if let Some(count) = count {
                text += &format!("\nSUBPARTITIONS {count}");
            }
        }
        if !by.partitions.is_empty() {
            let engine = table.options.get("engine").map_or("innodb", String::as_str);
            let all: Option<Vec<String>> =
                by.partitions.iter().map(|one| self.partition(one, "PARTITION", engine, by)).collect();
            text += &format!("\n({})", all?.join(",\n "));
        }
        Some(text)
    }

    fn method(self, method: &PartitionMethod) -> Option<String> {
        let linear = if method.linear { "LINEAR " } else { "" };
        let kind = method.kind.to_uppercase();
        Some(match &method.by {
            PartitionKey::Expr(expr) => {
                let expr = self.expression_text(expr)?;
                // The parentheses of an operator are those of the method.
                format!("{linear}{kind} ({})", expr.replace("_utf8mb4'", "'"))
            }
            PartitionKey::Columns(columns) => {
                let names: Vec<String> = columns.iter().map(|name| self.part_name(name)).collect();
                let word = if method.kind == "key" { " " } else { "  COLUMNS" };
                format!("{linear}{kind}{word}({})", names.join(","))
            }
            // The blank stands there without limits, too.
            PartitionKey::Other(text) => format!("{kind} {text}"),
        })
    }

    /// MySQL quotes names of partitions only where it must.
    fn part_name(self, name: &str) -> String {
        if self.is_mysql() && is_printed_plain(name, self.dialect) { name.to_owned() } else { quoted(name) }
    }

    fn partition(self, one: &PartitionDef, word: &str, engine: &str, by: &PartitionBy) -> Option<String> {
        let mut text = format!("{word} {}", self.part_name(&one.name));
        let value = |text: &String| -> Option<String> {
            if text.eq_ignore_ascii_case("maxvalue") {
                return Some("MAXVALUE".to_owned());
            }
            if by.method.kind == "list" || matches!(by.method.by, PartitionKey::Columns(_)) {
                let printed = self.expression_text(text)?;
                return Some(printed.replace("_utf8mb4'", "'"));
            }
            number(&self.expression_text(text)?)
        };
        text += &match &one.values {
            PartitionValues::None => String::new(),
            PartitionValues::LessThan(values) => {
                let values: Option<Vec<String>> = values.iter().map(value).collect();
                match values?.join(",") {
                    one if one == "MAXVALUE" && !matches!(by.method.by, PartitionKey::Columns(_)) => {
                        " VALUES LESS THAN MAXVALUE".to_owned()
                    }
                    all => format!(" VALUES LESS THAN ({all})"),
                }
            }
            PartitionValues::In(values) => {
                let mut values: Vec<String> = values.iter().map(value).collect::<Option<_>>()?;
                if matches!(by.method.by, PartitionKey::Expr(_)) {
                    // NULL is a flag of the partition, not one of its numbers.
                    values.sort_by_key(|value| !value.eq_ignore_ascii_case("null"));
                }
                format!(" VALUES IN ({})", values.join(","))
            }
            PartitionValues::Word(word) => format!(" {}", word.to_uppercase()),
        };
        if !one.sub.is_empty() {
            let all: Option<Vec<String>> =
                one.sub.iter().map(|sub| self.partition(sub, "SUBPARTITION", engine, by)).collect();
            return Some(format!("{text}\n ({})", all?.join(",\n  ")));
        }
        for name in ["max_rows", "min_rows", "data directory", "index directory", "comment"] {
            if let Some((_, value)) = one.options.iter().find(|(option, _)| option == name) {
                let value = if name.ends_with("rows") { value.clone() } else { string(value) };
                text += &format!(" {} = {value}", name.to_uppercase());
            }
        }
        Some(format!("{text} ENGINE = {}", super::table::engine_name(engine)))
    }
}

/// A bound of a range, evaluated: a number, or a day counted from the year 0.
fn number(text: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(text.trim_start_matches(['-', '(']).trim_end_matches(')')) {
        return Some(text.replace(['(', ')'], ""));
    }
    let date =
        text.strip_prefix("to_days(")?.strip_suffix(")")?.trim_start_matches("_utf8mb4").trim_matches('\'');
    let mut parts = date.split('-').map(|part| part.get(..part.len().min(4))?.trim().parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    Some(days(year, month, day).to_string())
}

/// `TO_DAYS`: days since the year 0 of the proleptic Gregorian calendar, after Fliegel and Van Flandern.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 12) } else { (year, month) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day + 59
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_to_days_does() {
        assert_eq!(days(2024, 1, 1), 739_251);
        assert_eq!(days(1970, 1, 1), 719_528);
        assert_eq!(number("to_days('2024-01-01')").as_deref(), Some("739251"));
        assert_eq!(number("2022").as_deref(), Some("2022"));
        assert_eq!(number("unix_timestamp('2024-01-01')"), None);
    }
}
