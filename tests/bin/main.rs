//! The binary under test: exactly what `infra` runs.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
