//! The linter reads every text, and its findings have places in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use miette::Diagnostic;
use migrate_core::lint::lint;
use migrate_core::placeholder::Placeholders;
use migrate_core::resolve::{LocationFile, resolve};

fuzz_target!(|text: &str| {
    let file = LocationFile {
        script: "V1__x.sql".into(),
        path: "migrations/V1__x.sql".into(),
        bytes: text.as_bytes().to_vec(),
    };
    let (migrations, _) = resolve(vec![file]);
    for migration in &migrations {
        for finding in lint(migration, &Placeholders::default()) {
            for label in finding.labels().into_iter().flatten() {
                let place = label.offset()..label.offset() + label.len();
                assert!(migration.text().get(place).is_some(), "{finding}");
            }
        }
    }
});
