use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::Source;
use crate::yaml::parse;

fn string(text: &str) -> String {
    let node = Node::from(Value::Mapping(IndexMap::from([("k".to_owned(), Node::text(text))])));
    emit(&node)
}

fn round(text: &str) -> String {
    let (documents, findings) = parse(&Source::new("a.yaml", Arc::from(text)));
    assert!(findings.is_empty(), "{findings:?}");
    to_yaml(&documents)
}

#[test]
fn texts_that_would_read_back_as_something_else_are_double_quoted() {
    for text in [
        "",
        "~",
        "null",
        "y",
        "No",
        "on",
        "true",
        "12",
        "0x1F",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        "12:30:45",
        "2001-01-01",
    ] {
        assert_eq!(string(text), format!("k: \"{text}\"\n"));
    }
    for text in ["1e", "0x", "1.2.3", "1,000", "NaN", "1e400", "=", "<<", "a:b", "-a", "?a", "a#b"] {
        assert_eq!(string(text), format!("k: {text}\n"));
    }
}

#[test]
fn texts_that_cannot_stand_plain_are_single_quoted() {
    for text in ["#a", "*", "- ", "-", "a: b", "a:", "a #b", "---x", "it's: ", " lead", "@x"] {
        assert_eq!(string(text), format!("k: '{}'\n", text.replace('\'', "''")));
    }
}

#[test]
fn several_lines_are_blocks_unless_a_line_ends_with_a_blank() {
    assert_eq!(string("a\nb\n"), "k: |\n  a\n  b\n");
    assert_eq!(string("a\nb"), "k: |-\n  a\n  b\n");
    assert_eq!(string("a\n\n"), "k: |+\n  a\n\n");
    assert_eq!(string(" a\nb\n"), "k: |2\n   a\n  b\n");
    assert_eq!(string("a \nb\n"), "k: \"a \\nb\\n\"\n");
    assert_eq!(string("a\tb\nc"), "k: \"a\\tb\\nc\"\n");
    assert_eq!(string("\u{1F600}"), "k: \"\\U0001F600\"\n");
}

/// As stock kustomize was seen to print it.
#[test]
fn behind_a_byte_order_mark_at_the_beginning_everything_is_escaped() {
    assert_eq!(
        string("\u{feff}se a\"b\\\té\n"),
        "k: \"\\uFEFF\\x73\\x65\\x20\\x61\\\"\\x62\\\\\\t\\xE9\\n\"\n"
    );
    assert_eq!(string("a\u{feff}se\u{1} a"), "k: \"a\\uFEFFse\\x01 a\"\n");
}

#[test]
fn long_lines_break_after_column_80() {
    let word = "word ".repeat(30);
    let printed = string(word.trim_end());
    let first = printed.lines().next().unwrap();
    assert!(first.len() > 80 && first.len() < 90, "{first}");
    assert!(printed.lines().nth(1).unwrap().starts_with("  word"));
}

#[test]
fn keys_stand_in_natural_order_and_sequences_are_not_indented() {
    let text = "b: [1, [2, 3], {c: d, a: []}]\na10: {}\na9: 1\n_x: 1\n\"\": 1\nB: 1\n\"01\": 1\n\"1\": 1\n";
    let expected =
        "\"\": 1\n_x: 1\n\"1\": 1\n\"01\": 1\nB: 1\na9: 1\na10: {}\nb:\n- 1\n- - 2\n  - 3\n- a: []\n  c: d\n";
    assert_eq!(round(text), expected);
}

#[test]
fn long_keys_stand_on_lines_of_their_own() {
    let key = "x".repeat(129);
    let node = Node::from(Value::Mapping(IndexMap::from([(key.clone(), Node::text("v"))])));
    assert_eq!(emit(&node), format!("? {key}\n: v\n"));
}

#[test]
fn orders_that_are_not_transitive_do_not_panic() {
    let text = (0..60).map(|n| format!("a{n}b{}: 1\na{n}: 1", n * 7 % 13)).collect::<Vec<_>>().join("\n");
    assert_eq!(round(&round(&text)), round(&text));
}

proptest! {
    #[test]
    fn every_text_reads_back(text in any::<String>(), key in any::<String>()) {
        // The printer copies these three line separators raw, as go-yaml does, and no reader gives them back.
        prop_assume!(!text.contains(['\u{85}', '\u{2028}', '\u{2029}']) && !key.contains(['\u{85}', '\u{2028}', '\u{2029}']));
        let inner = Node::from(Value::Sequence(vec![Node::text(text.clone())]));
        let node = Node::from(Value::Mapping(IndexMap::from([(key, inner)])));
        let printed = emit(&node);
        let (documents, findings) = parse(&Source::new("a.yaml", Arc::from(printed.as_str())));
        prop_assert!(findings.is_empty(), "{findings:?}\n{printed}");
        prop_assert_eq!(&documents[0], &node, "{}", printed);
    }

    #[test]
    fn lines_read_back(text in "([ a-z:#'\"-]{0,90}\n?){0,6}") {
        let node = Node::from(Value::Mapping(IndexMap::from([("key".to_owned(), Node::text(text))])));
        let printed = emit(&node);
        let (documents, findings) = parse(&Source::new("a.yaml", Arc::from(printed.as_str())));
        prop_assert!(findings.is_empty(), "{findings:?}\n{printed}");
        prop_assert_eq!(&documents[0], &node, "{}", printed);
    }
}
