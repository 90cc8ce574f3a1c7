//! One JSON object: the schema's name, whether all is well, the findings, and the command's own keys.

use serde_json::{Map, Value, json};

use super::Report;
use crate::exit::Exit;
use crate::finding::Finding;

pub(super) fn write(report: Report) -> String {
    let findings: Vec<Finding> = report.failure.into_iter().chain(report.findings).collect();
    let mut object = Map::new();
    object.insert("schema".to_owned(), json!(format!("infra.{}/v1", report.command)));
    object.insert("ok".to_owned(), json!(report.exit == Exit::Ok));
    object.insert("findings".to_owned(), json!(findings));
    object.extend(report.details);
    format!("{}\n", Value::Object(object))
}
