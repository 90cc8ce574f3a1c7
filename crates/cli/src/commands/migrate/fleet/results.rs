//! The file of results: one JSON object a line, added as each database ends, so that a run that dies can be taken up.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use migrate_core::fleet::{Ended, Finding, Record};
use serde_json::{Value, json};

use super::problem::{Problem, first_of};
use crate::failure::Failure;

/// What a line begins with; by it half a line is known for one.
const START: &str = "{\"target\":\"";

/// The file, held against other runs.
pub(super) struct Results {
    path: PathBuf,
    file: File,
    /// Those of earlier runs.
    pub(super) records: Vec<Record>,
}

impl Results {
    /// Opens or creates the file. Half a line at its end, left by a run that was killed, is taken away.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |source: std::io::Error| Failure::write(path, source);
        let options = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(failed)?;
        // A process that is just being started holds the lock of its parent for a moment.
        let mut locked = file.try_lock();
        for _ in 0..20 {
            if !matches!(locked, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
            locked = file.try_lock();
        }
        match locked {
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(Problem::InUse { path: path.to_owned() }));
            }
            locked => locked.map_err(|error| failed(error.into()))?,
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|source| Failure::read(path, source))?;
        let text = String::from_utf8(bytes).map_err(|error| Failure::not_utf8(path, &error))?;
        let whole = match text.rsplit_once('\n') {
            Some((lines, rest)) if is_torn(rest) => lines.len() + 1,
            None if is_torn(&text) => 0,
            _ => text.len(),
        };
        let records = read(path, &text[..whole])?;
        file.set_len(whole as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, records })
    }

    /// Adds a record, and waits until the disk has it.
    pub(super) fn append(&mut self, record: &Record) -> Result<(), Failure> {
        let line = format!("{}\n", to_json(record));
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|source| Failure::write(&self.path, source))
    }
}

/// Whether it is the beginning of a line that we write.
fn is_torn(rest: &str) -> bool {
    rest.starts_with(START) || START.starts_with(rest)
}

fn read(path: &Path, text: &str) -> Result<Vec<Record>, Failure> {
    let (mut records, mut findings, mut start) = (Vec::new(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        match from_json(line) {
            Ok(record) => records.push(record),
            Err(reason) => findings.push((reason, (start, line.trim_end().len()).into())),
        }
        start += line.len();
    }
    if findings.is_empty() {
        return Ok(records);
    }
    let src = migrate_core::Source::new(path.display().to_string(), text.into());
    let finding = |(reason, span)| Finding::Result { reason, src: src.clone(), span };
    let (count, findings) = first_of(findings.into_iter().map(finding).collect());
    Err(Failure::usage(Problem::Results { path: path.to_owned(), count, findings }))
}

/// A record as the file and `--format json` show it.
pub(super) fn to_json(record: &Record) -> Value {
    json!({
        "target": record.target,
        "url": record.url,
        "outcome": record.ended.name(),
        "initial_version": record.initial_version,
        "version": record.version,
        "migrations": record.applied,
        "milliseconds": record.milliseconds,
        "error": record.error,
        "digest": record.migrations_digest,
    })
}

fn from_json(line: &str) -> Result<Record, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let optional = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let text = |key: &str| optional(key).ok_or_else(|| format!("it has no text `{key}`"));
    let outcome = text("outcome")?;
    let ended = Ended::ALL.into_iter().find(|ended| ended.name() == outcome);
    let applied = value.get("migrations").and_then(Value::as_array).into_iter().flatten();
    Ok(Record {
        target: text("target")?,
        url: text("url")?,
        migrations_digest: text("digest")?,
        ended: ended.ok_or_else(|| format!("its outcome `{outcome}` is not known"))?,
        initial_version: optional("initial_version"),
        version: optional("version"),
        applied: applied.filter_map(Value::as_str).map(str::to_owned).collect(),
        milliseconds: value.get("milliseconds").and_then(Value::as_u64).unwrap_or_default(),
        error: optional("error"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(target: &str, ended: Ended) -> Record {
        Record {
            target: target.to_owned(),
            url: format!("mysql://u@h:3306/{target}"),
            migrations_digest: "d".to_owned(),
            ended,
            initial_version: None,
            version: Some("2".to_owned()),
            applied: vec!["V2__b.sql".to_owned()],
            milliseconds: 7,
            error: Some("no \"such\"\ntable".to_owned()),
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_half_a_line_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("r.jsonl");
        let records = [record("a", Ended::Failed), record("b", Ended::Succeeded)];
        let mut results = Results::open(&path).unwrap();
        assert!(Results::open(&path).is_err_and(|failure| failure.to_string().contains("another run")));
        for record in &records {
            results.append(record).unwrap();
        }
        drop(results);
        let whole = std::fs::read_to_string(&path).unwrap();
        assert!(whole.lines().all(|line| line.starts_with(START)), "{whole}");
        let first = whole.find('\n').unwrap() + 1;
        for end in first..=whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let mut results = Results::open(&path).unwrap();
            let kept = 1 + usize::from(end == whole.len());
            assert_eq!(results.records, records[..kept], "{end} bytes");
            results.append(&records[1]).unwrap();
            drop(results);
            assert_eq!(Results::open(&path).unwrap().records.len(), kept + 1);
        }
    }

    #[test]
    fn a_file_of_others_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("r.jsonl");
        for text in ["berlin\nparis", "berlin", "{}\n", "{\"target\":\"a\",\"outcome\":\"odd\"}\n", "\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(Results::open(&path).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
