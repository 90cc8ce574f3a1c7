//! Whatever is replaced, every place of the result leads back to a place of the file, in order. The first two lines are
//! the marks.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use migrate_core::Source;
use migrate_core::placeholder::Placeholders;
use migrate_core::script::{Script, SplitOptions};

fuzz_target!(|input: &str| {
    let mut parts = input.splitn(3, '\n');
    let (prefix, suffix) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let text = parts.next().unwrap_or_default();
    let mut placeholders = Placeholders::default();
    if !prefix.is_empty() {
        placeholders.prefix = prefix.to_owned();
        placeholders.suffix = suffix.to_owned();
    }
    for (name, value) in [("p", "VALUE"), ("empty", ""), ("lines", "a;\nb"), ("self", "${self}"), ("é", "ü")]
    {
        assert!(placeholders.set(name, value));
    }
    let source = Source::new("V1__x.sql", Arc::from(text));
    let (expanded, _) = placeholders.expand(&source, "V1__x.sql");
    let mut last = 0;
    for (at, character) in expanded.text.char_indices() {
        let original = expanded.original(at..at + character.len_utf8());
        assert!(text.get(original.clone()).is_some() && original.start >= last);
        last = original.start;
    }
    let (script, findings) = Script::parse(&source, "V1__x.sql", &placeholders, &SplitOptions::default());
    for statement in &script.statements {
        let span = script.span(statement);
        assert!(text.get(span.offset()..span.offset() + span.len()).is_some());
        let _ = script.position(span);
    }
    if findings.is_empty() && !text.contains(&placeholders.prefix) {
        assert_eq!(expanded.text, text);
    }
});
