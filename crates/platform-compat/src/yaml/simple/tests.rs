use std::path::Path;

use proptest::prelude::*;

use crate::findings::Findings;
use crate::yaml::parse_events;

/// Both readers; the library's tree must be the same where the simple reader has one.
fn is_simple(text: &str) -> bool {
    let Some(ours) = super::parse(text, 0) else { return false };
    let source = miette::NamedSource::new("x.yaml", text.into());
    let mut findings = Findings::new([source].into());
    let theirs = parse_events(text, 0, &mut findings);
    assert_eq!(Some(&ours), theirs.as_ref(), "{text:?}");
    assert_eq!(findings.into_sorted().len(), 0, "{text:?}");
    true
}

#[test]
fn reads_what_these_files_are_written_in() {
    for text in [
        "a: 1",
        "---\n# first\na: b # c\n\nlist:\n  - x\n  - {k: v, w: [1, 2.0, ~]}\n  # between\n  -   deep: 1\n      down: 'two words'\nend: \"q\"\n",
        "a:\n  b:\n    c: >=1 <2\n".replace(": >=", ": ^").as_str(),
        "a:\n- b\n-  c: d\n   e: f\nb:\n  c:\n  - d\n  - - e\nf: g\n",
        "- - a\n  - b: c\n    d: {}\n- []\n",
        "url: http://x:80/y?z\nversion: ~1.2\nnothing: ~\nword: it's # remark\n",
        "name: Größe — fünf\n",
        "a: {b: {c: [d, 'e', \"f\", ],},}",
    ] {
        assert!(is_simple(text), "{text:?}");
    }
}

#[test]
fn leaves_everything_else_to_the_library() {
    for text in [
        "",
        "\n",
        "a:",
        "a: &x 1\nb: *x\n",
        "a: !t 1",
        "a: |\n  b\n",
        "a: b\n  c\n",
        "a: [b,\n  c]\n",
        "a: \"x\\n\"\n",
        "a: 'x''y'\n",
        "\ta: b",
        "a: b\r\n",
        "a: b: c\n",
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "'a': b\n",
        "null: 1\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n b: 2\n",
        "a: -\n",
        "- a\nb: c\n",
        "a: {b}\n",
        "a: @x\n",
        "a: x\u{2028}y\n",
        "a: {b: c d: e}\n",
        "a: {b: x[0]}\n",
        "text\n",
        "a: 'x'y\n",
        "a: b\n...\n",
    ] {
        assert!(super::parse(text, 0).is_none(), "{text:?}");
    }
    assert!(super::parse(&format!("a: {}{}", "[".repeat(100), "]".repeat(100)), 0).is_none());
}

#[test]
fn the_projects_own_files_are_simple() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../platform");
    for name in ["platform.yaml", "compatibility.yaml"] {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        assert!(is_simple(&text), "{name}");
    }
}

/// Pieces of YAML, in an order without sense.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", "1.0", "key: ", "k:", "- ", "-", "\n", "\n", "\n  ", "\n    ", "  ", " ", "{", "}", "[",
        "]", ", ", ",", ": ", ":", "#", " # c", "\"x\"", "'y'", "\"", "'", "~", "null", "<2", ">1", "^", "é",
        "*", "&x ", "!t ", "|", "---\n", "...", "\t", "\\", "?", "? ", "%", "@", "=", "\u{85}", "\r",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Documents that are nearly right.
fn document(depth: u32) -> BoxedStrategy<Vec<String>> {
    let plain = prop::sample::select(vec![
        "v",
        "1.0",
        "two words",
        "a#b",
        "'q'",
        "\"q # q\"",
        "~",
        "{}",
        "[]",
        "[a, 'b', {c: d}]",
        "{a: 1, b: [x y, z]}",
        "a:b",
        "http://h:1/p",
        "x  ",
        "\"a\" ",
        "<1 || >=2",
        "a, b]",
        "(x)",
        "[[a],[b]]",
        "x # c",
    ]);
    let odd =
        prop::sample::select(vec!["{a: b:c}", "[a b,c ]", "'it''s'", "{a: 1,a: 2}", "&a b", "- a", "", "|"]);
    let scalar = prop_oneof![40 => plain, 1 => odd];
    let flat = scalar.prop_map(|scalar| vec![scalar.to_owned()]);
    if depth == 0 {
        return flat.boxed();
    }
    let pairs = prop::collection::vec(
        (
            prop::sample::select(vec!["a", "b", "c-d", "e.f", "g/h", "1", "null"]),
            any::<bool>(),
            1..4usize,
            document(depth - 1),
        ),
        1..4,
    );
    let mapping = pairs.prop_map(|pairs| {
        let mut lines = Vec::new();
        for (key, beside, indent, value) in pairs {
            if value.len() == 1 && (beside || !value[0].contains(": ")) {
                lines.push(format!("{key}: {}", value[0]));
            } else {
                lines.push(format!("{key}:"));
                // A list need not be indented.
                let indent = if value[0].starts_with("- ") { indent - 1 } else { indent };
                lines.extend(value.iter().map(|line| format!("{}{line}", " ".repeat(indent))));
            }
        }
        lines
    });
    let items = prop::collection::vec((1..4usize, document(depth - 1)), 1..4);
    let sequence = items.prop_map(|items| {
        let mut lines = Vec::new();
        for (indent, value) in items {
            for (number, line) in value.iter().enumerate() {
                let head = if number == 0 { "-" } else { " " };
                lines.push(format!("{head}{}{line}", " ".repeat(indent)));
            }
        }
        lines
    });
    prop_oneof![2 => mapping, 2 => sequence, 1 => flat].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn gives_the_librarys_tree_or_gives_up(text in noise()) {
        is_simple(&text);
    }

    #[test]
    fn gives_the_librarys_tree_of_documents(lines in document(3), last in any::<bool>(), noise in noise(), at in any::<prop::sample::Index>()) {
        let mut text = lines.join("\n");
        if last {
            text.push('\n');
        }
        is_simple(&text);
        // The same, damaged somewhere.
        let at = at.index(text.len() + 1);
        if text.is_char_boundary(at) {
            text.insert_str(at, &noise);
            is_simple(&text);
        }
    }
}
