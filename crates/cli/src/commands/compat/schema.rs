//! `infra compat schema`.

use platform_compat::{File, json_schema};

use crate::args::SchemaOf;
use crate::outcome::Outcome;

/// The JSON Schema of a file.
pub(super) fn schema(of: SchemaOf) -> Outcome {
    let schema = json_schema(match of {
        SchemaOf::Platform => File::Platform,
        SchemaOf::Part => File::Part,
        SchemaOf::Compatibility => File::Compatibility,
    });
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.summary = format!("{schema:#}\n");
    outcome.details.insert("json_schema".to_owned(), schema);
    outcome
}
