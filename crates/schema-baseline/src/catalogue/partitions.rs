//! Partitions of a table.

use migrate_core::history::quoted;

use super::table::{Partitioning, Table};
use crate::ast::{
    Expr, PartitionBy, PartitionChange, PartitionDef, PartitionKey, PartitionMethod, PartitionValues,
};
use crate::dialect::Dialect;
use crate::parse::{canonical_text, partition_by, partition_change};

/// Why a list of partitions stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotChanged {
    /// Nobody can say what the list becomes.
    NotUnderstood,
    /// There is no partition of that name.
    Missing(String),
    /// There is a partition of that name already.
    Taken(String),
    /// There are no partitions at all.
    NoPartitions,
    /// None would be left.
    NoneLeft,
}

impl Table {
    /// `PARTITION BY …`.
    pub(super) fn partition(&mut self, by: &Expr, dialect: Dialect) {
        self.partitioning = Partitioning::By(one_spelling(&by.canonical));
        self.partitions = partition_by(&by.written, dialect);
    }

    /// Changes the list of partitions as an action of `ALTER TABLE` says.
    pub(super) fn change_partitions(&mut self, action: &str, dialect: Dialect) -> Result<(), NotChanged> {
        let change = partition_change(action, dialect).ok_or(NotChanged::NotUnderstood)?;
        if self.partitioning == Partitioning::None {
            return Err(NotChanged::NoPartitions);
        }
        let partitions = self.partitions.as_mut().ok_or(NotChanged::NotUnderstood)?;
        partitions.change(change)?;
        self.partitioning = Partitioning::By(one_spelling(&canonical_text(&partitions.to_sql(), dialect)));
        Ok(())
    }
}

/// The last partition of a range may be written with parentheses or without.
pub(super) fn one_spelling(canonical: &str) -> String {
    canonical.replace("less than ( maxvalue )", "less than maxvalue")
}

impl PartitionBy {
    fn change(&mut self, mut change: PartitionChange) -> Result<(), NotChanged> {
        let same = |one: &PartitionDef, name: &String| one.name.eq_ignore_ascii_case(name);
        let named = |names: &[String], one: &PartitionDef| names.iter().any(|name| same(one, name));
        let missing = |all: &[PartitionDef], names: &[String]| {
            let missing = names.iter().find(|name| !all.iter().any(|one| same(one, name)));
            missing.map_or(Ok(()), |name| Err(NotChanged::Missing(name.clone())))
        };
        let kept: Vec<&PartitionDef> = match &change {
            PartitionChange::Drop(names) | PartitionChange::Reorganize(names, _) => {
                missing(&self.partitions, names)?;
                self.partitions.iter().filter(|one| !named(names, one)).collect()
            }
            _ => self.partitions.iter().collect(),
        };
        if let PartitionChange::Add(more) | PartitionChange::Reorganize(_, more) = &change
            && let Some(taken) = more.iter().find(|one| kept.iter().any(|kept| same(kept, &one.name)))
        {
            return Err(NotChanged::Taken(taken.name.clone()));
        }
        self.name_subpartitions(&mut change)?;
        match change {
            PartitionChange::Add(more) => self.partitions.extend(more),
            PartitionChange::AddCount(more) if self.partitions.is_empty() => {
                self.count = Some(self.count.unwrap_or(1).saturating_add(more));
            }
            PartitionChange::Coalesce(fewer) if self.partitions.is_empty() => {
                let left = self.count.unwrap_or(1).checked_sub(fewer).filter(|left| *left > 0);
                self.count = Some(left.ok_or(NotChanged::NoneLeft)?);
            }
            PartitionChange::Drop(names) if self.partitions.iter().all(|one| named(&names, one)) => {
                return Err(NotChanged::NoneLeft);
            }
            PartitionChange::Drop(names) => self.partitions.retain(|one| !named(&names, one)),
            PartitionChange::Reorganize(names, into) => {
                let at = self.partitions.iter().position(|one| named(&names, one)).unwrap_or(0);
                self.partitions.retain(|one| !named(&names, one));
                let at = at.min(self.partitions.len());
                self.partitions.splice(at..at, into);
            }
            PartitionChange::AddCount(_) | PartitionChange::Coalesce(_) => {
                return Err(NotChanged::NotUnderstood);
            }
        }
        Ok(())
    }

    /// As soon as the subpartitions of one partition have names, the server names those of the others after their partitions.
    fn name_subpartitions(&mut self, change: &mut PartitionChange) -> Result<(), NotChanged> {
        let (PartitionChange::Add(more) | PartitionChange::Reorganize(_, more)) = change else {
            return Ok(());
        };
        let all = || self.partitions.iter().chain(more.iter());
        let Some(count) = all().map(|one| one.sub.len()).find(|count| *count > 0) else { return Ok(()) };
        let written = self.sub.as_ref().and_then(|(_, count)| *count);
        let is_other = written.is_some_and(|written| usize::try_from(written) != Ok(count));
        if is_other || all().any(|one| !one.sub.is_empty() && one.sub.len() != count) {
            return Err(NotChanged::NotUnderstood);
        }
        for one in self.partitions.iter_mut().chain(more.iter_mut()).filter(|one| one.sub.is_empty()) {
            let name = |number: usize| PartitionDef {
                name: format!("{}sp{number}", one.name),
                values: PartitionValues::None,
                options: Vec::new(),
                sub: Vec::new(),
            };
            one.sub = (0..count).map(name).collect();
        }
        if let Some((_, written)) = &mut self.sub {
            *written = None;
        }
        Ok(())
    }

    /// `PARTITION BY …` as a statement.
    pub fn to_sql(&self) -> String {
        let mut text = format!("PARTITION BY {}", self.method.to_sql());
        if let Some(count) = self.count {
            text += &format!(" PARTITIONS {count}");
        }
        if let Some((method, count)) = &self.sub {
            text += &format!(" SUBPARTITION BY {}", method.to_sql());
            if let Some(count) = count {
                text += &format!(" SUBPARTITIONS {count}");
            }
        }
        if !self.partitions.is_empty() {
            let all: Vec<String> = self.partitions.iter().map(PartitionDef::to_sql).collect();
            text += &format!(" ({})", all.join(", "));
        }
        text
    }
}

impl PartitionMethod {
    fn to_sql(&self) -> String {
        let linear = if self.linear { "LINEAR " } else { "" };
        let by = match &self.by {
            PartitionKey::Expr(expr) => expr.clone(),
            PartitionKey::Columns(columns) => {
                let word = if self.kind == "key" { "" } else { "COLUMNS " };
                let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
                format!("{word}({})", names.join(", "))
            }
            PartitionKey::Other(text) => text.clone(),
        };
        format!("{linear}{} {by}", self.kind.to_uppercase())
    }
}

impl PartitionDef {
    pub(crate) fn to_sql(&self) -> String {
        self.spelled("PARTITION")
    }

    fn spelled(&self, word: &str) -> String {
        let mut text = format!("{word} {}", quoted(&self.name));
        text += &match &self.values {
            PartitionValues::None => String::new(),
            PartitionValues::LessThan(values) => format!(" VALUES LESS THAN ({})", values.join(", ")),
            PartitionValues::In(values) => format!(" VALUES IN ({})", values.join(", ")),
            PartitionValues::Word(word) => format!(" {}", word.to_uppercase()),
        };
        for (name, value) in &self.options {
            let value =
                if name == "engine" { value.clone() } else { format!("'{}'", value.replace('\'', "''")) };
            text += &format!(" {} = {value}", name.to_uppercase());
        }
        if !self.sub.is_empty() {
            let all: Vec<String> = self.sub.iter().map(|sub| sub.spelled("SUBPARTITION")).collect();
            text += &format!(" ({})", all.join(", "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::partition_by;

    const NAMED: &str = "PARTITION BY RANGE (a) SUBPARTITION BY KEY (b) \
         (PARTITION p0 VALUES LESS THAN (1) (SUBPARTITION x, SUBPARTITION y))";
    const COUNTED: &str = "PARTITION BY RANGE (a) SUBPARTITION BY HASH (b) SUBPARTITIONS 2 \
         (PARTITION p0 VALUES LESS THAN (1), PARTITION p1 VALUES LESS THAN (2))";

    /// What a list becomes by an action.
    fn changed(by: &str, action: &str) -> Result<String, NotChanged> {
        let mut by = partition_by(by, Dialect::default()).unwrap();
        by.change(partition_change(action, Dialect::default()).unwrap())?;
        // It is a statement that can be read again.
        assert_eq!(partition_by(&by.to_sql(), Dialect::default()).unwrap(), by);
        Ok(by.to_sql())
    }

    #[test]
    fn partitions_with_subpartitions_change_as_others_do() {
        let added = changed(COUNTED, "ADD PARTITION (PARTITION p2 VALUES LESS THAN (3))").unwrap();
        assert!(
            added.contains("SUBPARTITION BY HASH ( b ) SUBPARTITIONS 2") && added.contains("`p2`"),
            "{added}"
        );
        let dropped = changed(COUNTED, "DROP PARTITION P0").unwrap();
        assert!(!dropped.contains("`p0`") && dropped.contains("`p1`"), "{dropped}");
        let named = "ADD PARTITION (PARTITION p2 VALUES LESS THAN (3) (SUBPARTITION q, SUBPARTITION r))";
        assert!(changed(NAMED, named).unwrap().contains("SUBPARTITION `r`"));
    }

    #[test]
    fn subpartitions_are_named_as_soon_as_one_is() {
        let added = changed(NAMED, "ADD PARTITION (PARTITION p2 VALUES LESS THAN (3))").unwrap();
        assert!(added.contains("(SUBPARTITION `p2sp0`, SUBPARTITION `p2sp1`)"), "{added}");
        let named = "ADD PARTITION (PARTITION p2 VALUES LESS THAN (3) (SUBPARTITION q, SUBPARTITION r))";
        let added = changed(COUNTED, named).unwrap();
        for part in ["`p0` VALUES LESS THAN (1) (SUBPARTITION `p0sp0`", "`p1sp1`", "`r`"] {
            assert!(added.contains(part), "{added}");
        }
        assert!(!added.contains("SUBPARTITIONS"), "{added}");
    }

    #[test]
    fn what_cannot_be_changed_is_told_apart() {
        let unnamed = "ADD PARTITION (PARTITION p2 VALUES LESS THAN (3))";
        let three = unnamed.replace("(3))", "(3) (SUBPARTITION q, SUBPARTITION r, SUBPARTITION s))");
        assert_eq!(changed(NAMED, &three), Err(NotChanged::NotUnderstood));
        assert_eq!(changed(COUNTED, "DROP PARTITION p0, nope"), Err(NotChanged::Missing("nope".to_owned())));
        let taken = "ADD PARTITION (PARTITION P1 VALUES LESS THAN (3))";
        assert_eq!(changed(COUNTED, taken), Err(NotChanged::Taken("P1".to_owned())));
        // A partition may be cut into others of which one keeps its name.
        assert!(changed(COUNTED, "REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (5))").is_ok());
    }
}
