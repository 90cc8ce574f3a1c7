//! `flyway.toml`: `[flyway]`, `[flyway.placeholders]`, `[environments.NAME]` and `[environments.NAME.flyway]`.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::assignment::{Assignment, Place, Value, shown};
use super::option::FOREIGN;
use super::problem::Problem;
use super::suggest::nearest;
use crate::finding::Source;

/// What other programs of the vendor keep in the same file.
const OF_OTHERS: [&str; 5] = ["databaseType", "flywayDesktop", "id", "name", "redgateCompare"];

/// Reads a file. A file that is no TOML gives problems only.
pub fn read(path: &str, text: &str) -> (Vec<Assignment>, Vec<Problem>) {
    let src = shown(path, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { src, assignments: Vec::new(), problems: Vec::new() };
    if errors.is_empty() {
        for (key, value) in root.get_ref() {
            reader.section(key, value);
        }
    }
    for error in errors {
        let place = reader.place(error.span().unwrap_or_default());
        let help = "see https://toml.io for the syntax; strings stand in quotes";
        reader.problems.push(Problem::new("flyway/toml", error.message(), help).at(&place));
    }
    // The parser sorts by name.
    reader.assignments.sort_by_key(|assignment| match &assignment.place {
        Place::File { span, .. } => span.offset(),
        Place::Variable(_) | Place::Argument(_) => 0,
    });
    (reader.assignments, reader.problems)
}

struct Reader {
    src: Source,
    assignments: Vec<Assignment>,
    problems: Vec<Problem>,
}

impl Reader {
    fn place(&self, range: std::ops::Range<usize>) -> Place {
        Place::File { src: self.src.clone(), span: range.into(), has_tables: true }
    }

    fn section(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("flyway", DeValue::Table(table)) => self.table("", table),
            ("environments", DeValue::Table(table)) => self.table("environments.", table),
            (name, _) if OF_OTHERS.contains(&name) => {}
            (name, _) => {
                let known = ["flyway", "environments"];
                let help = match nearest(name, known) {
                    Some(known) => format!("did you mean `[{known}]`?"),
                    None => {
                        "options stand below `[flyway]`, connections below `[environments.NAME]`".to_owned()
                    }
                };
                let message = format!("`{name}` is no section of Flyway's configuration");
                let place = self.place(key.span());
                self.problems.push(Problem::new("flyway/unknown-option", message, help).at(&place));
            }
        }
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let is_foreign = |name: &str| FOREIGN.iter().any(|start| format!("{name}.").starts_with(start));
            let option = name.splitn(3, '.').last().filter(|_| name.starts_with("environments."));
            if is_foreign(&name) || option.is_some_and(is_foreign) {
                continue;
            }
            if let DeValue::Table(table) = value.get_ref() {
                self.table(&format!("{name}."), table);
                continue;
            }
            let place = self.place(key.span());
            match read_value(value.get_ref()) {
                Ok(value) => self.assignments.push(Assignment { name, value, place }),
                Err(what) => self.problems.push(
                    Problem::new(
                        "flyway/value",
                        format!("`{name}` cannot be {what}"),
                        "write it in quotes: versions and other texts are strings",
                    )
                    .at(&place),
                ),
            }
        }
    }
}

fn read_value(value: &DeValue<'_>) -> Result<Value, &'static str> {
    match value {
        DeValue::Array(items) => {
            Ok(Value::list(items.iter().map(|item| scalar(item.get_ref())).collect::<Result<Vec<_>, _>>()?))
        }
        value => scalar(value).map(Value::text),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        DeValue::Boolean(value) => Ok(value.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Integer(_) => Err("a number with another base than ten"),
        // 1.10 would become 1.1.
        DeValue::Float(_) => Err("a number with a fraction"),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::Array(_) => Err("a list in a list"),
        DeValue::Table(_) => Err("a list of tables"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<(String, Vec<String>)> {
        let (assignments, problems) = read("flyway.toml", text);
        assert!(problems.is_empty(), "{problems:?}");
        let items = |a: &Assignment| a.value.items().into_iter().map(str::to_owned).collect();
        assignments.iter().map(|assignment| (assignment.name.clone(), items(assignment))).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &[&str])]) {
        let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let expected: Vec<_> =
            expected.iter().map(|(name, items)| ((*name).to_owned(), owned(items))).collect();
        assert_eq!(names(text), expected);
    }

    #[test]
    fn sections_become_names() {
        check(
            "[flyway]\ntarget = 7\nlocations = [\"filesystem:a,b\", 'c']\noutOfOrder = true\n[flyway.placeholders]\nx.y = 'z'\n\
             [environments.prod]\nurl = 'jdbc:x'\nflyway.table = 't'\n",
            &[
                ("target", &["7"]),
                ("locations", &["filesystem:a,b", "c"]),
                ("outOfOrder", &["true"]),
                ("placeholders.x.y", &["z"]),
                ("environments.prod.url", &["jdbc:x"]),
                ("environments.prod.flyway.table", &["t"]),
            ],
        );
    }

    #[test]
    fn what_is_for_other_programs_is_passed_over() {
        check(
            "id = 'x'\n[flywayDesktop]\na = 1.5\n[flyway.check]\nmajorRules = [1.0]\n[[redgateCompare.x]]\ny = 1\n\
             [environments.a.resolvers.vault]\nurl = 'x'\n",
            &[],
        );
    }

    #[test]
    fn every_problem_has_its_place() {
        let text = "[flywy]\n[flyway]\ntarget = 1.10\nencoding = 2026-01-01\nlocations = [[]]\n";
        let (_, problems) = read("flyway.toml", text);
        let mut found: Vec<_> = problems
            .iter()
            .map(|problem| {
                let label = miette::Diagnostic::labels(problem).unwrap().next().unwrap();
                &text[label.offset()..label.offset() + label.len()]
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, ["encoding", "flywy", "locations", "target"]);
    }

    #[test]
    fn all_syntax_errors_are_reported_and_secrets_are_not() {
        let (assignments, problems) =
            read("flyway.toml", "[flyway\ntable = t\n[environments.a]\npassword = s3cr3t\n");
        assert!(assignments.is_empty());
        assert!(problems.len() > 1, "{problems:?}");
        for problem in &problems {
            let place = miette::Diagnostic::labels(problem).unwrap().next().unwrap();
            let source = miette::Diagnostic::source_code(problem).unwrap();
            let seen = source.read_span(place.inner(), 9, 9).unwrap();
            assert!(!String::from_utf8_lossy(seen.data()).contains("s3cr3t"));
            assert!(!problem.to_string().contains("s3cr3t"), "{problem}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[flyway.=\\[\\]\"' \\n1a{},é]{0,60}|.{0,60}") {
            let _ = read("x", &text);
        }
    }
}
