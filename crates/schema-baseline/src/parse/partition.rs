//! Partitions.

use super::cursor::{self, Cursor, Parsed};
use crate::ast::{
    PartitionBy, PartitionChange, PartitionDef, PartitionKey, PartitionMethod, PartitionValues,
};
use crate::dialect::Dialect;

/// Options of partitions.
const OPTIONS: [&str; 9] = [
    "comment",
    "data directory",
    "engine",
    "index directory",
    "max_rows",
    "min_rows",
    "nodegroup",
    "storage engine",
    "tablespace",
];

/// Reads `PARTITION BY …`.
pub(crate) fn partition_by(text: &str, dialect: Dialect) -> Option<PartitionBy> {
    read(text, dialect, |cursor: &mut Cursor<'_>| cursor.partitioning())
}

/// Reads an action of `ALTER TABLE` that changes the list of partitions.
pub(crate) fn partition_change(text: &str, dialect: Dialect) -> Option<PartitionChange> {
    read(text, dialect, |cursor: &mut Cursor<'_>| cursor.partition_change())
}

fn read<T>(text: &str, dialect: Dialect, of: impl FnOnce(&mut Cursor<'_>) -> Parsed<T>) -> Option<T> {
    let mut tokens = Vec::new();
    cursor::tokens(text, 0, text.len(), dialect, &mut tokens);
    let mut cursor = Cursor::new(text, &tokens, text.len(), dialect);
    let read = of(&mut cursor).ok()?;
    cursor.is_at_end().then_some(read)
}

impl Cursor<'_> {
    fn partitioning(&mut self) -> Parsed<PartitionBy> {
        self.expect("partition")?;
        self.expect("by")?;
        let method = self.partition_method()?;
        let count = if self.eat("partitions") { Some(self.number("a number")?) } else { None };
        let mut sub = None;
        if self.eat_words(&["subpartition", "by"]) {
            let method = self.partition_method()?;
            let count = if self.eat("subpartitions") { Some(self.number("a number")?) } else { None };
            sub = Some((method, count));
        }
        let partitions = if self.is_symbol("(") { self.partition_list()? } else { Vec::new() };
        Ok(PartitionBy { method, count, sub, partitions })
    }

    fn partition_method(&mut self) -> Parsed<PartitionMethod> {
        let linear = self.eat("linear");
        let kinds = ["range", "list", "hash", "key", "system_time"];
        let Some(kind) = self.eat_any(&kinds) else {
            return self.expected("RANGE, LIST, HASH or KEY");
        };
        if kind == "system_time" {
            let start = self.position();
            while !self.is_at_end() && !self.is_word("partitions") && !self.is_symbol("(") {
                self.next();
            }
            let by = PartitionKey::Other(self.written_since(start));
            return Ok(PartitionMethod { kind, linear, by });
        }
        if kind == "key" && self.eat("algorithm") {
            self.eat_symbol("=");
            self.number("a number")?;
        }
        let by = if self.eat("columns") || kind == "key" {
            let nothing = self.is_symbol("(") && self.is_symbol_at(1, ")");
            if nothing {
                self.skip_parentheses()?;
                PartitionKey::Columns(Vec::new())
            } else {
                let names = self.names_in_parentheses("the name of a column")?;
                PartitionKey::Columns(names.into_iter().map(|name| name.text).collect())
            }
        } else {
            let start = self.position();
            self.skip_parentheses()?;
            PartitionKey::Expr(self.written_since(start))
        };
        Ok(PartitionMethod { kind, linear, by })
    }

    /// Tokens as written, a blank between any two.
    fn written_since(&self, start: usize) -> String {
        self.since(start).iter().map(|token| token.text(self.text)).collect::<Vec<_>>().join(" ")
    }

    fn partition_list(&mut self) -> Parsed<Vec<PartitionDef>> {
        self.expect_symbol("(", "`(`")?;
        let mut all = Vec::new();
        loop {
            if self.eat_any(&["partition", "subpartition"]).is_none() {
                return self.expected("PARTITION");
            }
            all.push(self.partition_def()?);
            if !self.eat_symbol(",") {
                self.expect_symbol(")", "`,` or `)`")?;
                return Ok(all);
            }
        }
    }

    fn partition_def(&mut self) -> Parsed<PartitionDef> {
        let name = self.loose_name("the name of the partition")?.text;
        let mut partition =
            PartitionDef { name, values: PartitionValues::None, options: Vec::new(), sub: Vec::new() };
        if self.eat("values") {
            if self.eat_words(&["less", "than"]) {
                let values = if self.eat("maxvalue") { vec!["MAXVALUE".to_owned()] } else { self.values()? };
                partition.values = PartitionValues::LessThan(values);
            } else {
                self.expect("in")?;
                partition.values = PartitionValues::In(self.values()?);
            }
        } else if let Some(word) = self.eat_any(&["current", "history", "default"]) {
            partition.values = PartitionValues::Word(word);
        }
        loop {
            let two = [["data", "directory"], ["index", "directory"], ["storage", "engine"]];
            let name = if let Some(words) = two.into_iter().find(|words| self.eat_words(words)) {
                words.join(" ")
            } else if let Some(word) = self.eat_any(&OPTIONS) {
                word.to_owned()
            } else {
                break;
            };
            self.eat_symbol("=");
            let value = self.option_value()?;
            partition.options.push((name.trim_start_matches("storage ").to_owned(), value));
        }
        if self.is_symbol("(") {
            partition.sub = self.partition_list()?;
        }
        Ok(partition)
    }

    /// `(value, (value, value) …)`, each as written.
    fn values(&mut self) -> Parsed<Vec<String>> {
        self.expect_symbol("(", "`(`")?;
        let mut values = Vec::new();
        let mut start = self.position();
        loop {
            if self.is_at_end() {
                return self.expected("`)`");
            }
            if self.is_symbol("(") {
                self.skip_parentheses()?;
            } else if self.is_symbol(",") || self.is_symbol(")") {
                values.push(self.written_since(start));
                let ends = self.is_symbol(")");
                self.next();
                if ends {
                    return Ok(values);
                }
                start = self.position();
            } else {
                self.next();
            }
        }
    }

    fn partition_change(&mut self) -> Parsed<PartitionChange> {
        let Some(word) = self.eat_any(&["add", "drop", "coalesce", "reorganize"]) else {
            return self.expected("ADD, DROP, COALESCE or REORGANIZE");
        };
        self.expect("partition")?;
        let _ = self.if_not_exists() || self.if_exists();
        let _ = self.eat("no_write_to_binlog") || self.eat("local");
        Ok(match word {
            "add" if self.eat("partitions") => PartitionChange::AddCount(self.number("a number")?),
            "add" => PartitionChange::Add(self.partition_list()?),
            "coalesce" => PartitionChange::Coalesce(self.number("a number")?),
            "drop" => PartitionChange::Drop(self.partition_names()?),
            _ => {
                let names = self.partition_names()?;
                self.expect("into")?;
                PartitionChange::Reorganize(names, self.partition_list()?)
            }
        })
    }

    fn partition_names(&mut self) -> Parsed<Vec<String>> {
        let mut names = vec![self.loose_name("the name of a partition")?.text];
        while self.eat_symbol(",") {
            names.push(self.loose_name("the name of a partition")?.text);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_read() {
        let dialect = Dialect::default();
        let text = "PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 \
             (PARTITION a VALUES LESS THAN (2000) COMMENT = 'x', PARTITION b VALUES LESS THAN MAXVALUE)";
        let read = partition_by(text, dialect).unwrap();
        assert_eq!(read.method.by, PartitionKey::Expr("( year ( d ) )".to_owned()));
        assert_eq!(read.partitions[0].options, [("comment".to_owned(), "x".to_owned())]);
        assert_eq!(read.partitions[1].values, PartitionValues::LessThan(vec!["MAXVALUE".to_owned()]));
        assert_eq!(read.sub.unwrap().1, Some(2));
        let change =
            partition_change("REORGANIZE PARTITION a, b INTO (PARTITION c VALUES IN (1, (2)))", dialect);
        let Some(PartitionChange::Reorganize(names, into)) = change else { panic!("{change:?}") };
        assert_eq!(
            (names.len(), into[0].values.clone()),
            (2, PartitionValues::In(vec!["1".into(), "( 2 )".into()]))
        );
        assert_eq!(partition_by("PARTITION BY RANGE (a", dialect), None);
    }
}
