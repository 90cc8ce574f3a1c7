//! Prints the statements that take one schema directory to another:
//! `cargo run -p schema-baseline --example diff -- OLD NEW`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::path::Path;

use schema_baseline::catalogue::Catalogue;
use schema_baseline::dialect::Dialect;
use schema_baseline::diff::{Options, annotated, diff, script};
use schema_baseline::fs::read_schema;
use schema_baseline::load::load;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut directories = std::env::args().skip(1);
    let (Some(old), Some(new)) = (directories.next(), directories.next()) else {
        return Err("name two schema directories".into());
    };
    let (from, to) = (schema(&old)?, schema(&new)?);
    let path = diff(&from, &to, &Options { renames: annotated(&to), ..Options::default() })?;
    for step in &path.steps {
        for loss in &step.losses {
            println!("-- loses {}", loss.what);
        }
        print!("{}", script(step));
    }
    Ok(())
}

fn schema(directory: &str) -> Result<Catalogue, Box<dyn std::error::Error>> {
    let (files, _) = read_schema(Path::new(directory), directory)?;
    let (schema, findings) = load(files, Dialect::default());
    for finding in &findings {
        eprintln!("{finding}");
    }
    Ok(schema.catalogue)
}
