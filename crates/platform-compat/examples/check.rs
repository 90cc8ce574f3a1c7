//! Checks a platform: `cargo run -p platform-compat --example check -- platform.yaml [compatibility.yaml [TODAY]]`.

use std::{fmt::Write, process::ExitCode};

use miette::{Diagnostic, NarratableReportHandler};
use platform_compat::{Date, Options, Platform, check};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [platform, rest @ ..] = arguments.as_slice() else {
        return Err("usage: check platform.yaml [compatibility.yaml [TODAY]]".into());
    };
    let platform = (platform.as_str(), std::fs::read_to_string(platform)?);
    let compatibility = match rest.first() {
        Some(path) => Some((path.as_str(), std::fs::read_to_string(path)?)),
        None => None,
    };
    let today = rest.get(1).map_or("2026-11-23", String::as_str).parse::<Date>()?;

    let (loaded, mut findings) = Platform::load(
        (platform.0, &platform.1),
        compatibility.as_ref().map(|(name, text)| (*name, text.as_str())),
    );
    let report = check(&loaded, None, &Options::new(today));
    findings.extend(report.findings);

    let mut text = String::new();
    for finding in &findings {
        NarratableReportHandler::new().render_report(&mut text, finding as &dyn Diagnostic)?;
    }
    for environment in loaded.environment_ids() {
        let order: Vec<&str> =
            loaded.deploy_order(environment).into_iter().map(|id| &*loaded[id].name.value).collect();
        writeln!(text, "{}: {}", loaded[environment].name.value, order.join(", "))?;
    }
    writeln!(
        text,
        "{} components, {} dependencies, {} findings, {} accepted",
        loaded.components().len(),
        loaded.graph().edge_count(),
        findings.len(),
        report.suppressed.len()
    )?;
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
