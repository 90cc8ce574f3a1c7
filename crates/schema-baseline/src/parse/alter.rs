//! `ALTER TABLE`, `CREATE INDEX`, `DROP INDEX`.

use super::cursor::{Cursor, Parsed};
use crate::ast::{
    AlterAction, AlterTable, ColumnDef, KeyKind, ObjectKind, ObjectName, Position, StatementKind,
    TableAction, TableElement, TableOption,
};
use crate::catalogue::versioning;
use crate::dialect::Vendor;
use crate::place::Span;

impl Cursor<'_> {
    /// Behind `ALTER [IGNORE] TABLE`.
    pub(super) fn alter_table(&mut self) -> Parsed<StatementKind> {
        let if_exists = self.if_exists_inside();
        let name = self.object_name("the name of the table")?;
        self.touches.push((ObjectKind::Table, name.clone()));
        if self.eat("wait") {
            self.next();
        } else {
            self.eat("nowait");
        }
        let mut actions = Vec::new();
        while !self.is_at_end() {
            self.alter_actions(&mut actions)?;
            // Partitioning follows the other actions without a comma.
            if !self.eat_symbol(",") {
                let tail = self.is_word("partition") || self.is_word("remove");
                if !self.is_at_end() && !tail && !ends_with_options(&actions) {
                    return self.expected("`,` or the end of the statement");
                }
            } else if self.is_at_end() {
                return self.expected("an action of ALTER TABLE");
            }
        }
        Ok(StatementKind::AlterTable(AlterTable { name, if_exists, actions }))
    }

    fn alter_actions(&mut self, actions: &mut Vec<TableAction>) -> Parsed<()> {
        let start = self.position();
        if self.is_word("add") && !self.is_word_at(1, "partition") {
            self.next();
            return self.add_actions(start, actions);
        }
        let (action, if_exists) = self.alter_action()?;
        actions.push(TableAction { action, if_exists, span: self.span_from(start) });
        Ok(())
    }

    /// Whether `PARTITION BY` or `REMOVE PARTITIONING` is next, which need no comma before them.
    pub(super) fn begins_partitioning(&self) -> bool {
        self.is_word("partition") && self.is_word_at(1, "by")
            || self.is_word("remove") && self.is_word_at(1, "partitioning")
    }

    /// `ADD SYSTEM VERSIONING`, or `DROP` without a value.
    fn versioning(&self, start: usize, value: &str) -> TableAction {
        let span = self.span_from(start);
        let option = TableOption { name: versioning::OPTION.to_owned(), value: value.to_owned(), span };
        TableAction { action: AlterAction::Options(vec![option]), if_exists: false, span }
    }

    fn add_actions(&mut self, start: usize, actions: &mut Vec<TableAction>) -> Parsed<()> {
        if self.dialect.vendor == Vendor::MariaDb && self.eat_words(&["system", "versioning"]) {
            actions.push(self.versioning(start, "yes"));
            return Ok(());
        }
        let keyed = ["constraint", "fulltext", "spatial", "unique", "primary", "foreign", "check"];
        let is_key = keyed.iter().any(|word| self.is_word(word))
            || self.is_period()
            || (self.is_word("key") || self.is_word("index")) && !self.is_symbol_at(1, ".")
            || self.is_word("vector") && (self.is_word_at(1, "key") || self.is_word_at(1, "index"));
        if is_key {
            let if_exists = self.says_if_not_exists();
            if let Some(element) = self.key_or_constraint()? {
                let action = AlterAction::Add(element, None);
                actions.push(TableAction { action, if_exists, span: self.span_from(start) });
            }
            return Ok(());
        }
        self.eat("column");
        let if_exists = self.if_not_exists_inside();
        if !self.eat_symbol("(") {
            let column = self.column_def()?;
            let position = self.column_position()?;
            let action = AlterAction::Add(TableElement::Column(Box::new(column)), position);
            actions.push(TableAction { action, if_exists, span: self.span_from(start) });
            return Ok(());
        }
        loop {
            let start = self.position();
            let element = match self.key_or_constraint()? {
                Some(element) => element,
                None => TableElement::Column(Box::new(self.column_def()?)),
            };
            let action = AlterAction::Add(element, None);
            actions.push(TableAction { action, if_exists, span: self.span_from(start) });
            if !self.eat_symbol(",") {
                return self.expect_symbol(")", "`,` or `)`");
            }
        }
    }

    /// Whether `IF NOT EXISTS` stands within the next few words of a key's definition.
    fn says_if_not_exists(&self) -> bool {
        (1..=4).any(|ahead| {
            self.is_word_at(ahead, "if")
                && self.is_word_at(ahead + 1, "not")
                && self.is_word_at(ahead + 2, "exists")
        })
    }

    fn column_position(&mut self) -> Parsed<Option<Position>> {
        if self.eat("first") {
            return Ok(Some(Position::First));
        }
        if self.eat("after") {
            return Ok(Some(Position::After(self.name("the name of a column")?)));
        }
        Ok(None)
    }

    fn alter_action(&mut self) -> Parsed<(AlterAction, bool)> {
        let start = self.position();
        if self.eat("drop") {
            return self.drop_action();
        }
        if self.eat("modify") {
            self.eat("column");
            let if_exists = self.if_exists_inside();
            let column: Box<ColumnDef> = Box::new(self.column_def()?);
            let position = self.column_position()?;
            return Ok((AlterAction::Modify(column, position), if_exists));
        }
        if self.eat("change") {
            self.eat("column");
            let if_exists = self.if_exists_inside();
            let old = self.name("the name of a column")?;
            let column = Box::new(self.column_def()?);
            let position = self.column_position()?;
            return Ok((AlterAction::Change(old, column, position), if_exists));
        }
        if self.eat("rename") {
            return self.rename_action();
        }
        if self.eat("alter") {
            return self.alter_column().map(|action| (action, false));
        }
        if self.eat_words(&["convert", "to"]) {
            return self.convert_to().map(|action| (action, false));
        }
        if self.is_word("partition") && self.is_word_at(1, "by") {
            return Ok((AlterAction::Partition(Some(self.partition_by()?)), false));
        }
        if self.eat_words(&["remove", "partitioning"]) {
            return Ok((AlterAction::Partition(None), false));
        }
        self.other_action(start).map(|action| (action, false))
    }

    /// Actions that change no definition, changes of partitions, and table options.
    fn other_action(&mut self, start: usize) -> Parsed<AlterAction> {
        if self.eat("algorithm") || self.eat("lock") {
            self.eat_symbol("=");
            self.option_value()?;
            return Ok(AlterAction::NoEffect);
        }
        if self.eat("force")
            || self.eat_words(&["enable", "keys"])
            || self.eat_words(&["disable", "keys"])
            || self.eat_words(&["discard", "tablespace"])
            || self.eat_words(&["import", "tablespace"])
            || self.eat_words(&["with", "validation"])
            || self.eat_words(&["without", "validation"])
            || self.eat("secondary_load")
            || self.eat("secondary_unload")
        {
            return Ok(AlterAction::NoEffect);
        }
        if self.eat_words(&["order", "by"]) {
            loop {
                self.object_name("the name of a column")?;
                let _ = self.eat("asc") || self.eat("desc");
                if !self.eat_symbol(",") {
                    return Ok(AlterAction::NoEffect);
                }
            }
        }
        let maintenance = ["analyze", "check", "optimize", "rebuild", "repair"];
        let changes =
            ["add", "coalesce", "discard", "drop", "exchange", "import", "reorganize", "truncate", "convert"];
        if self.is_word_at(1, "partition") {
            let changed = changes.iter().any(|word| self.is_word(word));
            if changed || maintenance.iter().any(|word| self.is_word(word)) {
                // Rows move, the list of partitions stays.
                let keeps =
                    ["exchange", "truncate", "discard", "import"].iter().any(|word| self.is_word(word));
                while self.next().is_some() {}
                let changed = changed && !keeps;
                return Ok(if changed { AlterAction::ChangePartitions } else { AlterAction::NoEffect });
            }
        }
        let mut options = Vec::new();
        while !self.is_at_end()
            && !self.is_symbol(",")
            && !self.is_word("partition")
            && !self.is_word("remove")
        {
            match self.table_option() {
                Ok(option) => options.extend(option),
                Err(_) if self.position() == start => return self.expected("an action of ALTER TABLE"),
                Err(failure) => return Err(failure),
            }
        }
        // `PARTITION` without `BY`, a comma without anything before it.
        if self.position() == start {
            return self.expected("an action of ALTER TABLE");
        }
        Ok(AlterAction::Options(options))
    }

    fn drop_action(&mut self) -> Parsed<(AlterAction, bool)> {
        if self.eat_words(&["primary", "key"]) {
            return Ok((AlterAction::DropPrimaryKey, false));
        }
        if self.eat_words(&["foreign", "key"]) {
            let if_exists = self.if_exists_inside();
            return Ok((AlterAction::DropForeignKey(self.name("the name of the foreign key")?), if_exists));
        }
        if self.eat("constraint") {
            let if_exists = self.if_exists_inside();
            return Ok((AlterAction::DropConstraint(self.name("the name of the constraint")?), if_exists));
        }
        if self.is_word("check") && self.dialect.vendor == Vendor::MySql {
            self.next();
            return Ok((AlterAction::DropCheck(self.name("the name of the check constraint")?), false));
        }
        if self.is_word("key") || self.is_word("index") {
            self.next();
            let if_exists = self.if_exists_inside();
            // The primary key may be dropped by its name, in quotes.
            return Ok((AlterAction::DropKey(self.name("the name of the key")?), if_exists));
        }
        if self.eat("partition") {
            while self.next().is_some() {}
            return Ok((AlterAction::ChangePartitions, false));
        }
        if self.dialect.vendor == Vendor::MariaDb {
            let start = self.position();
            if self.eat_words(&["system", "versioning"]) {
                return Ok((self.versioning(start, "").action, false));
            }
            if self.is_period() {
                self.next();
                let if_exists = self.if_exists_inside();
                self.expect("for")?;
                let name = self.loose_name("the name of the period")?;
                return Ok((AlterAction::DropPeriod(name), if_exists));
            }
        }
        self.eat("column");
        let if_exists = self.if_exists_inside();
        let name = self.name("the name of a column")?;
        let _ = self.eat("restrict") || self.eat("cascade");
        Ok((AlterAction::DropColumn(name), if_exists))
    }

    fn rename_action(&mut self) -> Parsed<(AlterAction, bool)> {
        if self.eat("column") {
            let if_exists = self.if_exists_inside();
            let from = self.name("the name of a column")?;
            self.expect("to")?;
            return Ok((
                AlterAction::RenameColumn(from, self.name("the new name of the column")?),
                if_exists,
            ));
        }
        if self.eat("index") || self.eat("key") {
            let if_exists = self.if_exists_inside();
            let from = self.name("the name of the key")?;
            self.expect("to")?;
            return Ok((AlterAction::RenameKey(from, self.name("the new name of the key")?), if_exists));
        }
        let _ = self.eat("to") || self.eat("as") || self.eat_symbol("=");
        Ok((AlterAction::RenameTo(self.object_name("the new name of the table")?), false))
    }

    /// Behind `ALTER` within `ALTER TABLE`.
    fn alter_column(&mut self) -> Parsed<AlterAction> {
        if self.eat("index") || self.eat("key") {
            self.if_exists_inside();
            let name = self.name("the name of the key")?;
            return match self.key_visibility() {
                Some(hidden) => Ok(AlterAction::HideKey(name, hidden)),
                None if self.dialect.vendor == Vendor::MySql => self.expected("VISIBLE or INVISIBLE"),
                None => self.expected("IGNORED or NOT IGNORED"),
            };
        }
        let is_mysql = self.dialect.vendor == Vendor::MySql;
        if is_mysql && (self.is_word("check") || self.is_word("constraint")) && self.next().is_some() {
            let name = self.name("the name of the check constraint")?;
            let enforced = !self.eat("not");
            self.expect("enforced")?;
            return Ok(AlterAction::EnforceCheck(name, enforced));
        }
        self.eat("column");
        self.if_exists_inside();
        let name = self.name("the name of a column")?;
        if self.eat_words(&["drop", "default"]) {
            return Ok(AlterAction::SetDefault(name, None));
        }
        self.expect("set")?;
        if self.eat("default") {
            return Ok(AlterAction::SetDefault(name, Some(self.default_value()?)));
        }
        if !is_mysql {
            return self.expected("DEFAULT");
        }
        match self.eat_any(&["visible", "invisible"]) {
            Some(word) => Ok(AlterAction::HideColumn(name, word == "invisible")),
            None => self.expected("DEFAULT, VISIBLE or INVISIBLE"),
        }
    }

    fn convert_to(&mut self) -> Parsed<AlterAction> {
        if !(self.eat("charset") || self.eat_words(&["character", "set"])) {
            return self.expected("CHARACTER SET");
        }
        let charset = self.charset_value()?;
        let charset = (charset != "default").then_some(charset);
        let collation = if self.eat("collate") {
            self.eat_symbol("=");
            Some(self.charset_value()?)
        } else {
            None
        };
        Ok(AlterAction::ConvertTo { charset, collation })
    }

    /// Behind `CREATE [OR REPLACE]`, at `UNIQUE`, `FULLTEXT`, `SPATIAL` or `INDEX`: an `ALTER TABLE` by another name.
    pub(super) fn create_index(&mut self) -> Parsed<StatementKind> {
        let start = self.position();
        let kind = match self.eat_any(&["unique", "fulltext", "spatial", "vector"]) {
            Some("unique") => KeyKind::Unique,
            Some("fulltext") => KeyKind::Fulltext,
            Some("spatial") => KeyKind::Spatial,
            Some(_) => KeyKind::Vector,
            None => KeyKind::Plain,
        };
        self.expect("index")?;
        let if_exists = self.if_not_exists_inside();
        let index = self.name("the name of the key")?;
        let before = self.position();
        while !self.is_word("on") && !self.is_at_end() && !self.is_symbol("(") {
            self.next();
        }
        let using = self.since(before).last().is_some_and(|token| token.is_word(self.text, "hash"));
        self.expect("on")?;
        let name = self.object_name("the name of the table")?;
        self.touches.push((ObjectKind::Table, name.clone()));
        let mut key = self.key_def(kind, Some(index), start)?;
        if using {
            key.options.push(("using".to_owned(), "hash".to_owned()));
        }
        let action = AlterAction::Add(TableElement::Key(key), None);
        self.index_tail(name, action, if_exists, start)
    }

    /// Behind `DROP INDEX`.
    pub(super) fn drop_index(&mut self, start: usize) -> Parsed<StatementKind> {
        let if_exists = self.if_exists_inside();
        let index = self.name("the name of the key")?;
        self.expect("on")?;
        let name = self.object_name("the name of the table")?;
        self.touches.push((ObjectKind::Table, name.clone()));
        self.index_tail(name, AlterAction::DropKey(index), if_exists, start)
    }

    fn index_tail(
        &mut self,
        name: ObjectName,
        action: AlterAction,
        if_exists: bool,
        start: usize,
    ) -> Parsed<StatementKind> {
        let span: Span = self.span_from(start);
        loop {
            if self.eat("algorithm") || self.eat("lock") {
                self.eat_symbol("=");
                self.option_value()?;
            } else if self.eat("wait") {
                self.next();
            } else if !self.eat("nowait") {
                break;
            }
        }
        if !self.is_at_end() {
            return self.expected("an option of the key or the end of the statement");
        }
        let actions = vec![TableAction { action, if_exists, span }];
        Ok(StatementKind::AlterTable(AlterTable { name, if_exists: false, actions }))
    }
}

/// Table options may follow each other without commas.
fn ends_with_options(actions: &[TableAction]) -> bool {
    matches!(actions.last().map(|action| &action.action), Some(AlterAction::Options(options)) if !options.is_empty())
}
