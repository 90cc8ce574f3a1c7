use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::yaml::{emit, to_yaml};

fn source(text: &str) -> Source {
    Source::new("a.yaml", Arc::from(text))
}

fn printed(text: &str) -> String {
    let (documents, findings) = parse(&source(text));
    assert!(findings.is_empty(), "{findings:?}");
    to_yaml(&documents)
}

#[test]
fn values_know_their_bytes() {
    let text = "\u{feff}é: ü # note\nlist:\n- a\n- {b: c}\n";
    let (documents, _) = parse(&source(text));
    let at = |node: &Node| {
        let origin = node.origin.clone().unwrap();
        &text[origin.start..origin.end]
    };
    assert_eq!(at(documents[0].get("é").unwrap()), "ü");
    assert_eq!(at(&documents[0].get("list").unwrap().items()[1]), "{b: c}");
}

#[test]
fn aliases_and_merges_are_expanded() {
    let text = "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo:\n  <<: [{z: 9}, *b]\nagain: *b\n";
    assert_eq!(
        printed(text),
        "again:\n  x: 1\n  \"y\": 2\nbase:\n  x: 1\n  \"y\": 2\none:\n  x: 1\n  \"y\": 3\ntwo:\n  x: 1\n  \"y\": 2\n  z: 9\n"
    );
}

#[test]
fn documents_line_ends_and_tags() {
    assert_eq!(
        printed("a: 1\r\n---\r\n# none\r\n---\r\nb: |\r\n  x\r\n  y\r\n"),
        "a: 1\n---\nb: |\n  x\n  y\n"
    );
    assert_eq!(printed("a: !!str 1\nb: !x 2\nc: !!binary aGk=\n"), "a: \"1\"\nb: \"2\"\nc: hi\n");
    assert_eq!(printed("a: yes\nb: 'true'\n"), "a: \"yes\"\nb: \"true\"\n");
}

#[test]
fn equal_keys_are_refused_with_both_places() {
    let (_, findings) = parse(&source("a: 1\nb: 2\na: 3\n"));
    let [Finding::DuplicateKey { key, first, span, .. }] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((key.as_str(), first.offset(), span.offset()), ("a", 0, 10));
}

#[test]
fn the_configuration_dialect_keeps_the_last_of_equal_keys() {
    let (documents, findings) = parse_as(&source("a: 1\n1: yes\na: 3\n"), Dialect::Configuration);
    assert!(findings.is_empty());
    assert_eq!(emit(&documents[0]), "\"1\": true\na: 3\n");
}

#[test]
fn keys_that_are_not_text_are_refused_and_reading_goes_on() {
    let (documents, findings) = parse(&source("1: x\n? [a, b]\n: y\nc: d\n"));
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert_eq!(emit(&documents[0]), "c: d\n");
}

#[test]
fn syntax_errors_have_a_place() {
    let (_, findings) = parse(&source("a: 1\nb: [x\nc: 2\n"));
    let [Finding::YamlSyntax { span, .. }] = &findings[..] else { panic!("{findings:?}") };
    assert!(span.offset() > 5);
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let uses = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{uses}]").unwrap();
    }
    let (_, findings) = parse(&source(&bomb));
    assert!(matches!(findings[..], [Finding::YamlLimit { .. }]), "{findings:?}");
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    assert_eq!(parse(&source(&deep)).1.len(), 1);
    let mut ladder = "a0: &a0 [x]\n".to_owned();
    for level in 1..400 {
        writeln!(ladder, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(matches!(parse(&source(&ladder)).1[..], [Finding::YamlLimit { .. }]));
    assert!(matches!(parse(&source("a: &a [*a]\n")).1[..], [Finding::YamlLimit { .. }]));
}

proptest! {
    #[test]
    fn nothing_panics(text in "[-a:\\[\\]{}&*!|>'\"#%@` \n\t,?<0-9]{0,60}") {
        let (documents, _) = parse(&source(&text));
        let once = to_yaml(&documents);
        let (again, findings) = parse(&source(&once));
        prop_assert!(findings.is_empty(), "{findings:?}\n{once}");
        prop_assert_eq!(once, to_yaml(&again));
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let _ = parse(&source(&text));
    }
}

#[test]
fn a_tab_is_a_blank_within_flow_collections_and_an_error_as_indentation() {
    let text = "x: [\n\ta,\t{b:\tc},\n \t\td\t]\ny:\n  z: {\n\t\tk: v\n\t}\nt: |\n  \tkept\n";
    assert_eq!(printed(text), "t: \"\\tkept\\n\"\nx:\n- a\n- b: c\n- d\n\"y\":\n  z:\n    k: v\n");
    let (documents, _) = parse(&source(text));
    let origin = documents[0].at(&["y", "z", "k"]).unwrap().origin.clone().unwrap();
    assert_eq!(&text[origin.start..origin.end], "v");
    let (_, findings) = parse(&source("x:\n\ta: b\n"));
    assert!(matches!(findings[..], [Finding::YamlSyntax { .. }]), "{findings:?}");
}

#[test]
fn what_is_hostile_is_refused_within_bounds() {
    let refused = |text: &str| {
        let (_, findings) = parse(&source(text));
        assert!(!findings.is_empty(), "{}", &text[..text.len().min(80)]);
    };
    refused(&format!("x: {}{}", "[".repeat(100_000), "]".repeat(100_000)));
    refused(&(0..100_000).map(|_| "- ").collect::<String>());
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let _ = writeln!(bomb, "a{level}: &a{level} [*a{0}, *a{0}]", level - 1);
    }
    refused(&bomb);
    let tabs: String = (0..400).fold(String::new(), |text, at| text + &format!("k{at}: [\n\ta\n  ]\n"));
    refused(&tabs);
}

#[test]
fn large_documents_are_read() {
    let words = "some words ".repeat(2_000);
    let mut text = String::with_capacity(11 << 20);
    while text.len() < 10 << 20 {
        let at = text.len();
        let _ = writeln!(text, "key-{at}: {{name: value, list: [1, 2, 3], text: '{words}'}}");
    }
    let (documents, findings) = parse(&source(&text));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(documents[0].entries().count(), text.lines().count());
}

#[test]
fn an_absent_value_is_null_in_every_style() {
    assert_eq!(printed("a:\nb: {c, d: , e: ''}\n"), "a: null\nb:\n  c: null\n  d: null\n  e: \"\"\n");
}
