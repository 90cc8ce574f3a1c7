//! Renders the directory given as the first argument, as `kustomize build` would.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::path::Path;
use std::process::ExitCode;

use k8s_render::{Disk, Error, RenderOptions, render};
use miette::Diagnostic;

fn show(finding: &dyn Diagnostic) {
    eprintln!("{}: {finding}", finding.severity().unwrap_or(miette::Severity::Error) as u8);
    for label in finding.labels().into_iter().flatten() {
        if let Some(place) =
            finding.source_code().and_then(|source| source.read_span(label.inner(), 0, 0).ok())
        {
            let name = place.name().unwrap_or_default();
            eprintln!("  {name}:{}:{}", place.line() + 1, place.column() + 1);
        }
    }
    if let Some(help) = finding.help() {
        eprintln!("  help: {help}");
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".to_owned());
    let options = RenderOptions {
        restrict_loads: arguments.next().is_none_or(|flag| flag != "--no-restriction"),
        ..RenderOptions::default()
    };
    let disk = match Disk::new(Path::new(".")) {
        Ok(disk) => disk,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match render(&disk, Path::new(&directory), &options) {
        Ok(rendered) => {
            for warning in &rendered.warnings {
                show(warning);
            }
            print!("{}", rendered.to_yaml());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            if let Error::Refused { findings, .. } = &error {
                for finding in findings {
                    show(finding);
                }
            }
            ExitCode::FAILURE
        }
    }
}
