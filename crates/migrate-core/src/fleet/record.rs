//! What is remembered of a target, so that a run that was cut off can be taken up.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::migration::Migration;

/// How a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything is applied.
    Succeeded,
    /// Something was refused.
    Failed,
    /// The server could not be reached, refused us or did not answer in time.
    Unreachable,
    /// Somebody asked to stop.
    Stopped,
}

impl Ended {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Unreachable, Self::Stopped];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Stopped => "stopped",
        }
    }
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub target: String,
    /// Where it is, without secrets.
    pub url: String,
    /// What was to be applied: see [`digest`].
    pub migrations_digest: String,
    /// How it ended.
    pub ended: Ended,
    /// The version before, where it was seen.
    pub initial_version: Option<String>,
    /// The version after, where it was seen.
    pub version: Option<String>,
    /// The scripts that were applied.
    pub applied: Vec<String>,
    /// How long it took.
    pub milliseconds: u64,
    /// Why it did not succeed.
    pub error: Option<String>,
}

/// A name for these files with these settings: it changes with any of them.
pub fn digest(migrations: &[Migration], settings: &[&str]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for migration in migrations {
        add(migration.script.as_bytes());
        add(migration.text().as_bytes());
        // Of a text that is not held only size and checksum are known.
        let size = migration.streamed.as_ref().map(|streamed| streamed.size);
        add(size.map_or_else(String::new, |size| size.to_string()).as_bytes());
        // Of a repeatable migration it changes with the values of its placeholders.
        add(&migration.recorded_checksum().to_le_bytes());
    }
    // No script has an empty name, so that no setting can be taken for one.
    add(b"");
    for setting in settings {
        add(setting.as_bytes());
    }
    hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The newest record of each target, for those that have succeeded with just these migrations.
pub fn settled<'r>(
    records: &'r [Record],
    migrations_digest: &str,
) -> HashMap<(&'r str, &'r str), &'r Record> {
    let newest: HashMap<_, _> =
        records.iter().map(|record| ((record.target.as_str(), record.url.as_str()), record)).collect();
    newest
        .into_iter()
        .filter(|(_, record)| {
            record.ended == Ended::Succeeded && record.migrations_digest == migrations_digest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::{LocationFile, resolve};

    fn migrations(files: &[(&str, &str)]) -> Vec<Migration> {
        let file = |(script, text): &(&str, &str)| LocationFile {
            script: (*script).to_owned(),
            path: (*script).into(),
            bytes: text.as_bytes().to_vec(),
        };
        resolve(files.iter().map(file).collect()).0
    }

    #[test]
    fn the_digest_changes_with_everything_that_matters() {
        let of = |files: &[(&str, &str)], settings: &[&str]| digest(&migrations(files), settings);
        let all = [
            of(&[("V1__a.sql", "SELECT 1;")], &["latest"]),
            of(&[("V1__a.sql", "SELECT 2;")], &["latest"]),
            // Flyway's checksum passes line ends over; the digest does not.
            of(&[("V1__a.sql", "SELECT 1;\n")], &["latest"]),
            of(&[("V1__b.sql", "SELECT 1;")], &["latest"]),
            of(&[("V1__a.sql", "SELECT 1;")], &["1"]),
            of(&[("V1__a.sql", "SELECT 1;")], &[]),
            of(&[("V1__a.sql", "SELECT 1;"), ("V2__b.sql", "SELECT 1;")], &["latest"]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        assert_eq!(all[0], of(&[("V1__a.sql", "SELECT 1;")], &["latest"]));
    }

    #[test]
    fn the_newest_record_decides() {
        let record = |target: &str, url: &str, ended, digest: &str| Record {
            target: target.to_owned(),
            url: url.to_owned(),
            migrations_digest: digest.to_owned(),
            ended,
            initial_version: None,
            version: None,
            applied: Vec::new(),
            milliseconds: 0,
            error: None,
        };
        let records = [
            record("a", "1", Ended::Failed, "new"),
            record("a", "1", Ended::Succeeded, "new"),
            record("b", "1", Ended::Succeeded, "new"),
            record("b", "1", Ended::Stopped, "new"),
            record("c", "1", Ended::Succeeded, "old"),
        ];
        let settled = settled(&records, "new");
        assert_eq!(settled.keys().copied().collect::<Vec<_>>(), [("a", "1")]);
        assert!(!settled.contains_key(&("a", "2")), "another database under the same name");
    }
}
