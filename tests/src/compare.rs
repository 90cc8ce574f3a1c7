//! Making outputs comparable.

/// Insists that two texts are the same to the byte and shows the first line where they are not.
#[track_caller]
pub fn assert_same(what: &str, ours: &str, theirs: &str) {
    if ours == theirs {
        return;
    }
    let (ours_lines, theirs_lines): (Vec<_>, Vec<_>) =
        (ours.split('\n').collect(), theirs.split('\n').collect());
    let first = ours_lines.iter().zip(&theirs_lines).take_while(|(a, b)| a == b).count();
    let around = |lines: &[&str]| {
        lines.iter().skip(first.saturating_sub(3)).take(8).copied().collect::<Vec<_>>().join("\n")
    };
    panic!(
        "{what}: different from line {} on\n--- ours\n{}\n--- expected\n{}\n",
        first + 1,
        around(&ours_lines),
        around(&theirs_lines)
    );
}

/// Replaces what differs from run to run: times become `<time>`, each path of `names` becomes its name.
pub fn normalise(text: &str, names: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (value, name) in names {
        text = text.replace(value, name);
    }
    let lines: Vec<_> = text.lines().map(|line| without_times(line).trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A number followed by a unit of time, with the blanks that align it.
fn without_times(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let number =
            rest[start..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - start);
        let after = &rest[start + number..];
        let unit = after.trim_start_matches(' ');
        let word = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
        let is_time = matches!(&unit[..word], "s" | "ms" | "µs" | "us" | "ns")
            && !rest[..start].ends_with(char::is_alphabetic);
        if is_time {
            result.push_str(rest[..start].trim_end_matches(' '));
            result.push_str(" <time>");
            rest = &unit[word..];
        } else {
            result.push_str(&rest[..start + number]);
            rest = after;
        }
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_replaced_and_counts_kept() {
        assert_eq!(normalise("migrations   24 files   1.3 ms", &[]), "migrations   24 files <time>");
        assert_eq!(normalise("24 files in 12ms, 3 s", &[]), "24 files in <time>, <time>");
        assert_eq!(normalise("V1 seconds 3 statements", &[]), "V1 seconds 3 statements");
        assert_eq!(normalise("at /tmp/x/a.sql  ", &[("/tmp/x", "ROOT")]), "at ROOT/a.sql");
    }
}
