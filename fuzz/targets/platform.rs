//! Any two files are read or refused, whatever was understood can be checked and drawn, and every place lies in its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use miette::Diagnostic;
use platform_compat::{Cluster, Date, Finding, Options, Platform, View, check};

/// What a text without this line is read against, so that compatibility.yaml has something to speak of.
const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod, after: [dev], production: true}]
components:
  - {name: db, kind: database, version: 8.4.6, provides: [{name: sql, port: 1}], database: {migrations: sql}}
  - {name: api, kind: service, version: {dev: 2.0.0, prod: 1.0.0}, depends_on: [{component: db, version: ^8}]}
";

fn places(findings: &[Finding]) {
    for finding in findings {
        for label in finding.labels().into_iter().flatten() {
            let span = *label.inner();
            let source = finding.source_code().expect("what has a label has a file");
            assert!(source.read_span(&span, 0, 0).is_ok(), "{finding}: {span:?}");
        }
    }
}

fuzz_target!(|text: &str| {
    let is_platform = text.contains("kind: Platform");
    let (platform, findings) = if is_platform {
        Platform::load(("platform.yaml", text), None)
    } else {
        Platform::load(("platform.yaml", PLATFORM), Some(("compatibility.yaml", text)))
    };
    places(&findings);
    let today = Date::new(2026, 11, 23).expect("a day");
    places(&check(&platform, None, &Options::new(today)).findings);
    for cluster in [Cluster::None, Cluster::Environment] {
        let picture = platform.picture(&View { cluster, ..View::default() });
        let _ = (picture.svg(), picture.dot(), picture.mermaid(), picture.tree(false));
    }
});
