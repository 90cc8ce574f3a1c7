//! Measures `infra` beside the tools that do the same work, and prints one table.
//!
//! A row is a whole process from start to exit, its output thrown away, unless it has a rate and no peer; times are medians. Inputs are generated from fixed seeds.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark stops at the first surprise and prints"
)]

mod generate;
mod measure;
mod rows;
mod table;

use std::path::PathBuf;

use measure::Bench;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let binary = PathBuf::from(arguments.next().expect("the path of the binary to measure: use ./bench/run"));
    let binary = binary.canonicalize().expect("the binary to measure exists");
    let words = arguments.map(|word| word.into_string().expect("names are UTF-8")).collect();
    let mut bench = Bench::new(binary, words);
    rows::start(&mut bench);
    rows::check(&mut bench);
    rows::manifests::all(&mut bench);
    rows::schema::all(&mut bench);
    rows::migrations::all(&mut bench);
    rows::platform::compat(&mut bench);
    print!("{}", table::markdown(bench.rows()));
}
