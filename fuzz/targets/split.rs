//! Statements are slices of the text in order, cutting one again changes nothing, and only line ends do not count for the
//! checksum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_core::checksum;
use migrate_core::script::{SplitOptions, line_at, split};

fuzz_target!(|text: &str| {
    let (statements, problems) = split(text, &SplitOptions::default());
    let (mut end, mut line, mut counted) = (0, 1, 0);
    for statement in &statements {
        assert!(statement.range.start >= end && statement.range.contains(&statement.start));
        assert_eq!(statement.text(text).trim_ascii(), statement.text(text));
        line += line_at(&text[counted..], statement.start - counted) - 1;
        counted = statement.start;
        assert_eq!(statement.line, line);
        end = statement.range.end;
    }
    for problem in &problems {
        assert!(text.get(problem.range()).is_some_and(|place| !place.is_empty()));
    }
    if problems.is_empty() {
        for statement in &statements {
            let alone = statement.text(text);
            // What follows decides whether `--` is a comment, only at the beginning a mark is one, and `\G` ends one
            // statement without being the delimiter.
            if !matches!(&*statement.delimiter, "\\G" | "\\g")
                && !alone.ends_with("--")
                && !alone.contains('\u{feff}')
            {
                let options =
                    SplitOptions { delimiter: statement.delimiter.clone(), ..SplitOptions::default() };
                let (again, _) = split(alone, &options);
                assert_eq!(again.iter().map(|one| one.text(alone)).collect::<Vec<_>>(), [alone]);
            }
        }
    }
    let joined: String = text.strip_prefix('\u{feff}').unwrap_or(text).split(['\n', '\r']).collect();
    assert_eq!(checksum::of_file(text.as_bytes()), checksum::of_text(&joined));
});
