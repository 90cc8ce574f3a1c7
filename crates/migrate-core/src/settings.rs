//! The settings of a single script, which a file beside it holds: `V1__x.sql.conf`.

use crate::encoding::Encoding;
use crate::finding::{Finding, Source};
use crate::placeholder::Placeholders;

/// What a script says about itself; absent: what is set for the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScriptSettings {
    /// Whether the script's data is committed in one piece with its row of the history, and not statement by statement.
    pub execute_in_transaction: Option<bool>,
    /// Whether placeholders are replaced.
    pub placeholder_replacement: Option<bool>,
    /// How the script's bytes are read.
    pub encoding: Option<Encoding>,
}

impl ScriptSettings {
    /// Reads lines of `key=value`. Lines that begin with `#` or `!` are comments; placeholders in values are replaced.
    pub fn parse(source: &Source, placeholders: &Placeholders) -> (Self, Vec<Finding>) {
        let (mut settings, mut findings) = (Self::default(), Vec::new());
        let text: &str = source.inner();
        let mut start = 0;
        for line in text.split_inclusive(['\n', '\r']) {
            let at = start;
            start += line.len();
            let setting = line.trim();
            if setting.is_empty() || setting.starts_with(['#', '!']) {
                continue;
            }
            let offset = at + (line.len() - line.trim_start().len());
            let problem = match setting.split_once(['=', ':']) {
                Some((key, value)) => {
                    let value = Source::new(source.name(), value.trim().into());
                    let (value, unknown) = placeholders.expand(&value, source.name());
                    match unknown.first() {
                        Some(unknown) => Some(unknown.to_string()),
                        None => settings.set(key.trim(), &value.text).err(),
                    }
                }
                None => Some(format!("`{setting}` has no `=`")),
            };
            findings.extend(problem.map(|problem| Finding::ScriptSetting {
                path: source.name().to_owned(),
                problem,
                src: source.clone(),
                span: (offset, setting.len()).into(),
            }));
        }
        (settings, findings)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "executeInTransaction" => self.execute_in_transaction = Some(boolean(key, value)?),
            "placeholderReplacement" => self.placeholder_replacement = Some(boolean(key, value)?),
            "encoding" => {
                self.encoding =
                    Some(value.parse().map_err(|error: crate::encoding::UnknownEncoding| error.to_string())?);
            }
            _ => return Err(format!("`{key}` is no setting of a script")),
        }
        Ok(())
    }
}

fn boolean(key: &str, value: &str) -> Result<bool, String> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(format!("`{key}` is `true` or `false`, not `{value}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> (ScriptSettings, Vec<Finding>) {
        let mut placeholders = Placeholders::default();
        placeholders.set("replace", "false");
        ScriptSettings::parse(&Source::new("V1__x.sql.conf", text.into()), &placeholders)
    }

    #[test]
    fn settings_are_read() {
        let (settings, findings) = parse(
            "# why\r\nexecuteInTransaction = False\n\n! more\nplaceholderReplacement=${replace}\nencoding: Cp1252\n",
        );
        assert!(findings.is_empty(), "{findings:?}");
        let encoding = Some("windows-1252".parse().unwrap());
        let expected = ScriptSettings {
            execute_in_transaction: Some(false),
            placeholder_replacement: Some(false),
            encoding,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn everything_wrong_is_said_with_its_place() {
        let text = "shouldExecute=false\n  executeInTransaction=maybe\nencoding=klingon\nnothing\nencoding=${nope}\n";
        let (settings, findings) = parse(text);
        assert_eq!(settings, ScriptSettings::default());
        let said: Vec<(String, &str)> = findings
            .iter()
            .map(|finding| match finding {
                Finding::ScriptSetting { problem, span, .. } => {
                    (problem.clone(), &text[span.offset()..span.offset() + span.len()])
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            ("`shouldExecute` is no setting of a script", "shouldExecute=false"),
            ("`executeInTransaction` is `true` or `false`, not `maybe`", "executeInTransaction=maybe"),
            ("`klingon` is no character set that is known here", "encoding=klingon"),
            ("`nothing` has no `=`", "nothing"),
            ("no value for placeholder `nope`", "encoding=${nope}"),
        ];
        assert_eq!(said, expected.map(|(problem, place)| (problem.to_owned(), place)));
    }

    proptest! {
        #[test]
        fn never_panics(text in "([a-zA-Z=:#!${}\n\r \u{e9}]|encoding|executeInTransaction){0,40}") {
            let _ = parse(&text);
        }
    }
}
