//! Any file name is read or refused, and what is suggested instead is a right name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_core::naming::Naming;
use migrate_core::resolve::{LocationFile, resolve};

fuzz_target!(|name: &str| {
    let naming = Naming::default();
    let _ = naming.is_of_interest(name);
    if let Some(stem) = naming.strip_suffix(name) {
        assert!(name.starts_with(stem));
        if naming.parse(stem).is_err() {
            let suggested = naming.suggest(stem);
            let parsed = naming.strip_suffix(&suggested).map(|stem| naming.parse(stem));
            assert!(matches!(parsed, Some(Ok(_))), "{suggested}: {parsed:?}");
        }
    }
    let file = LocationFile { script: name.to_owned(), path: name.to_owned(), bytes: b"SELECT 1;".to_vec() };
    let (migrations, findings) = resolve(vec![file]);
    assert!(migrations.len() <= 1);
    let file_name = name.rsplit('/').next().unwrap_or(name);
    if naming.strip_suffix(file_name).is_some() {
        assert!(!(migrations.is_empty() && findings.is_empty()), "passed over in silence");
    }
});
