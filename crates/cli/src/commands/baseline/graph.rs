//! `infra baseline graph`: the tables of a schema and what refers to what, as a picture.

use std::path::Path;

use schema_baseline::catalogue::Catalogue;
use schema_baseline::graph::{Attribute, Diagram, Entity, Mark};
use serde_json::{Value, json};

use crate::args::{BaselineGraph, Format};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::source::{Reach, is_broken};

/// Draws the tables of SOURCE, unless there are errors in it.
pub(crate) fn run(
    arguments: &BaselineGraph,
    root: Option<&Path>,
    format: Format,
) -> Result<Outcome, Failure> {
    let reach = Reach::new(root, &arguments.reading);
    let mut outcome = Outcome::default();
    let schema = match reach.served(&arguments.source, &mut outcome)? {
        Some(served) => served.catalogue,
        None => reach.built(&arguments.source, Catalogue::new(arguments.reading.dialect), &mut outcome)?,
    };
    if is_broken(&outcome) {
        return Ok(outcome);
    }
    let diagram = Diagram::of(&schema);
    outcome.summary = match format {
        Format::Dot => diagram.dot(),
        Format::Svg => diagram.svg(),
        _ => diagram.mermaid(),
    };
    outcome.summary_is_result = true;
    outcome.drawn = format.is_picture().then_some(format);
    let references = diagram.references.iter().filter(|reference| !reference.counts).map(|reference| {
        json!({
            "name": reference.name,
            "table": diagram.tables.get(reference.child).map(|table| &table.name),
            "columns": reference.columns,
            "parent": diagram.tables.get(reference.parent).map(|table| &table.name),
            "parent_columns": reference.parent_columns,
            "many": reference.many,
            "optional": reference.optional,
        })
    });
    let tables = diagram.tables.iter().filter(|one| !one.sequence);
    outcome.details.insert("tables".to_owned(), tables.map(table).collect());
    let sequences = diagram.tables.iter().enumerate().filter(|(_, one)| one.sequence);
    let sequences = sequences.map(|(place, sequence)| {
        let used =
            diagram.references.iter().filter(|reference| reference.counts && reference.parent == place);
        let used = used.map(|reference| {
            let table = diagram.tables.get(reference.child).map(|table| &table.name);
            json!({ "table": table, "columns": reference.columns })
        });
        let used: Vec<Value> = used.collect();
        json!({ "name": sequence.name, "certain": !sequence.uncertain, "used_by": used })
    });
    outcome.details.insert("sequences".to_owned(), sequences.collect());
    outcome.details.insert("foreign_keys".to_owned(), references.collect());
    Ok(outcome)
}

fn table(table: &Entity) -> Value {
    let column = |column: &Attribute| {
        json!({
            "name": column.name,
            "type": column.data_type,
            "nullable": column.nullable,
            "keys": column.marks.iter().copied().map(Mark::short).collect::<Vec<_>>(),
        })
    };
    json!({ "name": table.name, "certain": !table.uncertain, "columns": table.columns.iter().map(column).collect::<Vec<_>>() })
}
