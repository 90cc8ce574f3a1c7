//! Prints the baseline of a schema directory: `cargo run -p schema-baseline --example baseline -- infra/mysql/schema`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::path::Path;
use std::process::ExitCode;

use schema_baseline::dialect::Dialect;
use schema_baseline::emit::{Header, build};
use schema_baseline::{fs::read_schema, load::load};

fn main() -> ExitCode {
    let Some(directory) = std::env::args().nth(1) else {
        eprintln!("usage: baseline SCHEMA-DIRECTORY");
        return ExitCode::from(2);
    };
    let (files, mut findings) = match read_schema(Path::new(&directory), &directory) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let (schema, found) = load(files, Dialect::default());
    findings.extend(found);
    let (baseline, found) = build(&schema, &Header { version: None, tool: "example".to_owned() });
    findings.extend(found);
    for finding in &findings {
        eprintln!("{finding}");
    }
    print!("{}", baseline.text);
    ExitCode::SUCCESS
}
