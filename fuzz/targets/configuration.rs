//! The readers of configuration: none may panic, show a password, or point outside the text that it read.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use migrate_core::encoding::Encoding;
use migrate_core::finding::Source;
use migrate_core::flyway::{Layers, Settings, arguments, conf, toml, variables};
use migrate_core::location::Location;
use migrate_core::placeholder::Placeholders;
use migrate_core::settings::ScriptSettings;

fuzz_target!(|text: &str| {
    let environment = BTreeMap::from([("NAME".to_owned(), "value".to_owned())]);
    let (file, _) = conf::read("flyway.conf", text, &environment);
    let (tables, _) = toml::read("flyway.toml", text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let (given, _) = arguments::read(&words);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let named = pairs.map(|(name, value)| (format!("FLYWAY_{name}"), value.to_owned())).collect();
    let (variables, _) = variables::read(&named);
    let files = file.into_iter().chain(tables).collect();
    let layers = Layers { files, variables, arguments: given.assignments };
    let (settings, problems) = Settings::merge(&layers, &environment);
    if let Some(password) = settings.password().filter(|_| text.contains("hunter2")) {
        assert!(!format!("{settings:?}{password:?}{problems:?}").contains("hunter2"), "a secret is shown");
    }
    let source = Source::new("V1__x.sql.conf", text.into());
    let (_, findings) = ScriptSettings::parse(&source, &Placeholders::default());
    for finding in findings {
        for label in miette::Diagnostic::labels(&finding).into_iter().flatten() {
            assert!(text.get(label.offset()..label.offset() + label.len()).is_some(), "{finding:?}");
        }
    }
    if let Ok(location) = text.parse::<Location>() {
        let _ = location.script("a/b/V1__x.sql");
    }
    if let Ok(encoding) = text.parse::<Encoding>() {
        let _ = encoding.decode(text.as_bytes());
    }
});
