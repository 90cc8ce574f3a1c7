//! What is known of tables without a server: enough to predict how a statement is carried out.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::predict::{ColumnFacts, Known, Specials, TableFacts, tables_in};
use migrate_core::script::effect::{Object, ObjectKind};
use migrate_core::server::{self, Server};

use crate::ast::{KeyKind, KeyPartOf};
use crate::catalogue::{Catalogue, Column, Table};
use crate::dialect::{Vendor, bytes_per_character};

/// The tables that a statement touches.
pub fn tables(sql: &str, server: &Server) -> Vec<Object> {
    tables_in(sql, server)
}

/// Facts of those of some tables that a schema has; sizes are not known.
pub fn known(catalogue: &Catalogue, tables: &BTreeSet<Object>) -> Known {
    let of_table = |object: &Object| Some((object.clone(), facts(catalogue.table(&object.name)?)));
    let tables = tables.iter().filter(|object| object.kind == ObjectKind::Table && object.schema.is_none());
    Known { tables: tables.filter_map(of_table).collect(), ..Known::default() }
}

fn facts(table: &Table) -> TableFacts {
    let has = |kind| table.keys.iter().any(|key| key.kind == kind);
    let row_format = table.options.get("row_format").cloned().unwrap_or_else(|| "Dynamic".to_owned());
    TableFacts {
        engine: Some(table.options.get("engine").cloned().unwrap_or_else(|| "InnoDB".to_owned())),
        row_format: Some(row_format),
        collation: Some(table.collation.clone()),
        specials: Some(Specials {
            fulltext: has(KeyKind::Fulltext),
            spatial: has(KeyKind::Spatial),
            generated: table.columns.iter().any(|column| column.generated.is_some()),
        }),
        primary_key: Some(table.primary_key().is_some()),
        columns: table
            .columns
            .iter()
            .map(|own| (own.name.to_lowercase(), column(table, own)))
            .collect::<BTreeMap<_, _>>(),
        ..TableFacts::default()
    }
}

fn column(table: &Table, column: &Column) -> ColumnFacts {
    let data_type = &column.data_type;
    let mut column_type = data_type.name.to_owned();
    if !data_type.members.is_empty() {
        let members: Vec<String> =
            data_type.members.iter().map(|member| format!("'{}'", member.replace('\'', "''"))).collect();
        column_type += &format!("({})", members.join(","));
    } else if !data_type.numbers.is_empty() {
        let numbers: Vec<String> = data_type.numbers.iter().map(u32::to_string).collect();
        column_type += &format!("({})", numbers.join(","));
    }
    column_type += if data_type.unsigned { " unsigned" } else { "" };
    let length = data_type.numbers.first().map(|length| {
        let bytes = data_type.charset.as_deref().map_or(1, bytes_per_character);
        (u64::from(*length), u64::from(*length) * bytes)
    });
    let is_text = matches!(data_type.name, "char" | "varchar" | "binary" | "varbinary");
    let uses = |key: &crate::catalogue::Key| {
        key.parts.iter().any(|part| matches!(&part.of, KeyPartOf::Column(name) if name.same(&column.name)))
    };
    let extra = match &column.generated {
        Some(generated) if generated.stored => "STORED GENERATED",
        Some(_) => "VIRTUAL GENERATED",
        None if column.auto_increment => "auto_increment",
        None => "",
    };
    ColumnFacts {
        column_type,
        collation: data_type.collation.clone(),
        length: length.filter(|_| is_text),
        nullable: column.nullable,
        extra: extra.to_owned(),
        indexed: table.keys.iter().any(uses),
    }
}

impl From<&Catalogue> for Server {
    fn from(catalogue: &Catalogue) -> Self {
        let dialect = catalogue.dialect();
        let part = |factor: u32| u16::try_from(dialect.version / factor % 100).unwrap_or_default();
        Self {
            dialect: match dialect.vendor {
                Vendor::MySql => server::Dialect::MySql,
                Vendor::MariaDb => server::Dialect::MariaDb,
            },
            version: (part(10_000), part(100), part(1)),
        }
    }
}
