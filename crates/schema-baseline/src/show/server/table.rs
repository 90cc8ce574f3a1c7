//! Tables.

use migrate_core::history::quoted;

use super::Style;
use super::literal::string;
use crate::ast::{Action, ActionWord, KeyKind, KeyPartOf};
use crate::catalogue::versioning;
use crate::catalogue::{ForeignKey, Key, Table};

/// Options behind the character set, in the order in which servers print them, and whether their value is a string.
const OPTIONS: [(&str, bool); 18] = [
    ("min_rows", false),
    ("max_rows", false),
    ("avg_row_length", false),
    ("pack_keys", false),
    ("stats_persistent", false),
    ("stats_auto_recalc", false),
    ("stats_sample_pages", false),
    ("checksum", false),
    ("page_checksum", false),
    ("delay_key_write", false),
    ("row_format", false),
    ("transactional", false),
    ("key_block_size", false),
    ("compression", true),
    ("encryption", true),
    ("insert_method", false),
    ("comment", true),
    ("connection", true),
];

impl Style<'_> {
    pub(super) fn table(self, table: &Table) -> Option<String> {
        let mut lines = Vec::new();
        for column in &table.columns {
            lines.push(self.column(table, column)?);
        }
        let (system, own) = versioning::periods(table);
        lines.extend(own.map(|(name, columns)| format!("PERIOD FOR {} ({columns})", quoted(name))));
        for key in sorted_keys(table) {
            lines.push(self.key(table, key)?);
        }
        lines.extend(system.map(|columns| format!("PERIOD FOR SYSTEM_TIME ({columns})")));
        let mut foreign_keys: Vec<&ForeignKey> = table.foreign_keys.iter().collect();
        // MySQL compares names without case, MariaDB byte by byte.
        foreign_keys
            .sort_by_key(|key| if self.is_mysql() { key.name.to_lowercase() } else { key.name.clone() });
        lines.extend(foreign_keys.into_iter().map(|key| self.foreign_key(table, key)));
        self.checks(table, &mut lines)?;
        let mut text = format!("CREATE TABLE {} (\n  {}\n)", quoted(&table.name), lines.join(",\n  "));
        text += &self.options(table);
        text += &self.partitions(table)?;
        Some(text)
    }

    fn checks(self, table: &Table, lines: &mut Vec<String>) -> Option<()> {
        let mut checks: Vec<_> = table.checks.iter().filter(|check| check.column.is_none()).collect();
        if self.is_mysql() {
            checks.sort_by_key(|check| check.name.to_lowercase());
        }
        for check in checks {
            let expr = self.expression(&check.expr)?;
            let not = if check.enforced { "" } else { " /*!80016 NOT ENFORCED */" };
            lines.push(format!("CONSTRAINT {} CHECK ({expr}){not}", quoted(&check.name)));
        }
        Some(())
    }

    fn key(self, table: &Table, key: &Key) -> Option<String> {
        let kind = match key.kind {
            KeyKind::Primary => "PRIMARY KEY".to_owned(),
            kind => {
                let word = match kind {
                    KeyKind::Unique => "UNIQUE ",
                    KeyKind::Fulltext => "FULLTEXT ",
                    KeyKind::Spatial => "SPATIAL ",
                    KeyKind::Vector => "VECTOR ",
                    KeyKind::Primary | KeyKind::Plain => "",
                };
                format!("{word}KEY {}", quoted(&key.name))
            }
        };
        let mut parts = Vec::new();
        for part in &key.parts {
            let mut text = match &part.of {
                KeyPartOf::Column(name) => quoted(own_name(table, &name.text)),
                KeyPartOf::Expr(expr) => format!("({})", self.expression(expr)?),
            };
            if let Some(length) = part.length.filter(|_| key.kind != KeyKind::Spatial) {
                text += &format!("({length})");
            }
            text += if part.descending { " DESC" } else { "" };
            parts.push(text);
        }
        let option =
            |wanted: &str| key.options.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        if let Some(period) = option(versioning::WITHOUT_OVERLAPS) {
            parts.push(format!("{} WITHOUT OVERLAPS", quoted(period)));
        }
        let mut text = format!("{kind} ({})", parts.join(","));
        let has_hash =
            || !self.is_mysql() || table.options.get("engine").is_some_and(|engine| engine == "memory");
        if option("using").is_some_and(|value| value == "hash") && has_hash() {
            text += " USING HASH";
        } else if key.words.btree || option("using").is_some() {
            text += " USING BTREE";
        }
        if let Some(size) = key.words.block_size.filter(|_| !self.is_mysql()) {
            text += &format!(" KEY_BLOCK_SIZE={size}");
        }
        if let Some(comment) = option("comment") {
            text += &format!(" COMMENT {}", string(comment));
        }
        if let Some(parser) = option("parser") {
            text += &format!(" /*!50100 WITH PARSER {} */ ", quoted(parser));
        }
        if key.invisible {
            text += if self.is_mysql() { " /*!80000 INVISIBLE */" } else { " IGNORED" };
        }
        Some(text)
    }

    fn foreign_key(self, table: &Table, key: &ForeignKey) -> String {
        let list =
            |columns: &[String]| columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        let schema = key.parent_schema.as_ref().map_or_else(String::new, |schema| quoted(schema) + ".");
        let mut text = format!(
            "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {schema}{} ({})",
            quoted(&key.name),
            list(&key.columns.iter().map(|name| own_name(table, name).to_owned()).collect::<Vec<_>>()),
            quoted(&key.parent),
            list(&key.parent_columns)
        );
        for (event, action, word) in
            [("DELETE", key.on_delete, key.words.0), ("UPDATE", key.on_update, key.words.1)]
        {
            let action = match (action, word) {
                (Action::Cascade, _) => "CASCADE",
                (Action::SetNull, _) => "SET NULL",
                // MariaDB takes it, and keeps nothing of it.
                (Action::SetDefault, _) if !self.is_mysql() => continue,
                (Action::SetDefault, _) => "SET DEFAULT",
                (Action::Restrict, ActionWord::Restrict) if self.is_mysql() => "RESTRICT",
                (Action::Restrict, ActionWord::NoAction) if !self.is_mysql() => "NO ACTION",
                (Action::Restrict, _) => continue,
            };
            text += &format!(" ON {event} {action}");
        }
        text
    }

    fn options(self, table: &Table) -> String {
        let value = |name: &str| table.options.get(name);
        let mut text = String::new();
        if let Some(engine) = value("engine") {
            text += &format!(" ENGINE={}", engine_name(engine));
        }
        text += &format!(" DEFAULT CHARSET={}", table.charset);
        let is_default = self.dialect.default_collation(&table.charset) == Some(&table.collation);
        if !self.is_mysql() || !is_default || table.charset == "utf8mb4" {
            text += &format!(" COLLATE={}", table.collation);
        }
        for (name, is_string) in OPTIONS {
            let Some(value) = value(name) else { continue };
            let value = if is_string { string(value) } else { value.to_uppercase() };
            text += &format!(" {}={value}", name.to_uppercase());
        }
        if value(versioning::OPTION).is_some() {
            text += " WITH SYSTEM VERSIONING";
        }
        text
    }
}

/// The name of a column as its definition writes it.
fn own_name<'a>(table: &'a Table, name: &'a str) -> &'a str {
    table.column(name).map_or(name, |column| column.name.as_str())
}

/// Keys as servers sort them: the primary key, unique keys without a column that may be NULL, other unique keys, those
/// over prefixes behind the others, then all others, full-text keys last.
fn sorted_keys(table: &Table) -> Vec<&Key> {
    let mut keys: Vec<&Key> = table.keys.iter().collect();
    keys.sort_by_key(|key| {
        let unique = matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
        let nullable = key.parts.iter().any(|part| match &part.of {
            KeyPartOf::Column(name) => table.column(&name.text).is_some_and(|column| column.nullable),
            KeyPartOf::Expr(_) => true,
        });
        let prefix = key.parts.iter().any(|part| part.length.is_some());
        (
            key.kind != KeyKind::Primary,
            !unique,
            unique && nullable,
            unique && prefix,
            key.kind == KeyKind::Fulltext,
        )
    });
    keys
}

/// The name of a storage engine as it calls itself.
pub(crate) fn engine_name(engine: &str) -> String {
    let known = [
        "InnoDB",
        "MyISAM",
        "MEMORY",
        "ARCHIVE",
        "CSV",
        "Aria",
        "BLACKHOLE",
        "MRG_MyISAM",
        "FEDERATED",
        "SEQUENCE",
        "ndbcluster",
    ];
    let aliases =
        [("heap", "MEMORY"), ("merge", "MRG_MyISAM"), ("innobase", "InnoDB"), ("mrg_myisam", "MRG_MyISAM")];
    let alias =
        aliases.into_iter().find(|(name, _)| engine.eq_ignore_ascii_case(name)).map(|(_, known)| known);
    alias
        .or_else(|| known.into_iter().find(|known| engine.eq_ignore_ascii_case(known)))
        .map_or_else(|| engine.to_owned(), ToOwned::to_owned)
}
