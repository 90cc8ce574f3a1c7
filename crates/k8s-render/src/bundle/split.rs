//! Files into parts that a `ConfigMap` can hold, so that a new migration changes the last part alone.

use std::cmp::Ordering;

use sha2::{Digest as _, Sha256};

/// What one part may cost. The API server refuses more than 1,048,576 bytes of values, and etcd, which also keeps keys and
/// their owners, requests above 1.5 MiB; this leaves room for both.
pub(super) const LIMIT: usize = 900 * 1024;

/// What a file costs beyond its bytes: its key in the data, in the `managedFields` of every manager, and in requests.
const OVERHEAD: usize = 64;

/// Keys of a `ConfigMap` may be this long.
const KEY_BYTES: usize = 253;

/// One file of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Where it is, relative to the directory, with `/`.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

impl File {
    /// What it takes of a part.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + 4 * self.path.len() + OVERHEAD
    }

    /// Its key in the `ConfigMap`: the path itself where that is allowed, else what is allowed of it and a hash of the path.
    pub(super) fn key(&self) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.path.len() <= KEY_BYTES && self.path.chars().all(allowed) && !self.path.starts_with("..") {
            return self.path.clone();
        }
        // The end of the path is kept, because the extension is there.
        let skipped = self.path.chars().count().saturating_sub(120);
        let name: String =
            self.path.chars().skip(skipped).map(|c| if allowed(c) { c } else { '-' }).collect();
        format!("{}-{name}", hex(&Sha256::digest(self.path.as_bytes())[..8]))
    }

    /// The order of files: baselines, versions and undo files by version, so that the newest comes last.
    fn order(&self) -> (Option<Version>, &str) {
        (Version::of(&self.path), &self.path)
    }
}

/// What a file name says of its version: the numbers, and the rank of `B`, `V` and `U` among equals.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(Vec<Digits>, u8);

/// A number of any length, without leading zeros.
#[derive(Debug, PartialEq, Eq)]
struct Digits(String);

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl Version {
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let rank = ["B", "V", "U"].iter().position(|prefix| name.starts_with(prefix))?;
        let version = name.get(1..)?.split("__").next()?;
        let mut numbers = Vec::new();
        for part in version.split(['.', '_']) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            numbers.push(Digits(part.trim_start_matches('0').to_owned()));
        }
        while numbers.last().is_some_and(|number| number.0.is_empty()) {
            numbers.pop();
        }
        Some(Self(numbers, u8::try_from(rank).ok()?))
    }
}

/// Some files that one `ConfigMap` holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'f> {
    /// What the name of the `ConfigMap` ends in.
    pub(super) suffix: String,
    pub(super) files: Vec<&'f File>,
}

/// Splits files into parts of at most `limit`; a file that costs more has a part of its own, for the caller to refuse.
///
/// Versioned files and the others (repeatable migrations, callbacks, configuration) are two series, because the others
/// change in place. In each a part is filled in order until the next file does not fit, so what comes after a full part
/// never changes it.
pub(super) fn split(files: &[File], limit: usize) -> Vec<Part<'_>> {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by_cached_key(|file| file.order());
    let (versioned, others): (Vec<&File>, Vec<&File>) =
        sorted.into_iter().partition(|file| Version::of(&file.path).is_some());
    let mut parts = Vec::new();
    for (series, files) in [("", others), ("v", versioned)] {
        let (mut used, mut number) = (0, 0);
        for file in files {
            let cost = file.cost();
            let fits = number > 0 && used + cost <= limit;
            if let Some(part) = parts.last_mut().filter(|_| fits) {
                let Part { files, .. } = part;
                files.push(file);
                used += cost;
                continue;
            }
            number += 1;
            used = cost;
            let suffix = if series.is_empty() { format!("r{number}") } else { format!("{series}{number}") };
            parts.push(Part { suffix, files: vec![file] });
        }
    }
    parts
}

/// A hash of all files: of their paths and bytes, each with its length before it, in the order of the paths.
pub(super) fn content_hash(files: &[File]) -> String {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for file in sorted {
        for bytes in [file.path.as_bytes(), &file.bytes] {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(path: &str, size: usize) -> File {
        File { path: path.to_owned(), bytes: vec![b'x'; size] }
    }

    fn names(parts: &[Part<'_>]) -> Vec<(String, Vec<String>)> {
        parts
            .iter()
            .map(|part| (part.suffix.clone(), part.files.iter().map(|file| file.path.clone()).collect()))
            .collect()
    }

    #[test]
    fn files_come_by_version_and_the_others_apart() {
        let files: Vec<File> = [
            "V10__c.sql",
            "R__r.sql",
            "U2__b.sql",
            "V2__b.sql",
            "B002__b.sql",
            "sub/V1.5__x.sql",
            "V1__a.sql",
        ]
        .map(|path| file(path, 1))
        .into();
        let parts = split(&files, LIMIT);
        assert_eq!(
            names(&parts),
            [
                ("r1".to_owned(), vec!["R__r.sql".to_owned()]),
                (
                    "v1".to_owned(),
                    ["V1__a.sql", "sub/V1.5__x.sql", "B002__b.sql", "V2__b.sql", "U2__b.sql", "V10__c.sql"]
                        .map(str::to_owned)
                        .into()
                )
            ]
        );
    }

    #[test]
    fn keys_are_allowed_and_differ() {
        assert_eq!(file("V1__a.sql", 0).key(), "V1__a.sql");
        let long = "x".repeat(300);
        let odd = ["a/b.sql", "a-b.sql", "a b.sql", "ä.sql", "..a.sql", "...", &long];
        let keys: std::collections::BTreeSet<String> = odd.iter().map(|path| file(path, 0).key()).collect();
        assert_eq!(keys.len(), odd.len());
        for key in keys {
            assert!(key.len() <= KEY_BYTES && !key.starts_with(".."), "{key}");
            assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{key}");
        }
    }

    #[test]
    fn the_hash_sees_where_a_name_ends() {
        let with = |path: &str, text: &str| File { path: path.to_owned(), bytes: text.into() };
        assert_ne!(content_hash(&[with("a", "bc")]), content_hash(&[with("ab", "c")]));
        let (a, b) = (with("a", "1"), with("b", "2"));
        assert_eq!(content_hash(&[a.clone(), b.clone()]), content_hash(&[b, a]));
    }

    fn directory() -> impl Strategy<Value = Vec<File>> {
        let name = (0..3usize, 0..40u32, 0..3usize).prop_map(|(kind, version, dir)| {
            let dir = ["", "sub/", "ü/"][dir];
            match kind {
                0 => format!("{dir}R__r{version}.sql"),
                1 => format!("{dir}U{version}__u.sql"),
                _ => format!("{dir}V{version}__v.sql"),
            }
        });
        proptest::collection::btree_map(name, 0..700usize, 0..40)
            .prop_map(|files| files.into_iter().map(|(path, size)| file(&path, size)).collect())
    }

    proptest! {
        #[test]
        fn parts_are_the_directory_within_the_limit(files in directory(), seed in any::<u64>()) {
            let parts = split(&files, 1024);
            let mut back: Vec<&File> = parts.iter().flat_map(|part| part.files.iter().copied()).collect();
            back.sort_by(|a, b| a.path.cmp(&b.path));
            let mut all: Vec<&File> = files.iter().collect();
            all.sort_by(|a, b| a.path.cmp(&b.path));
            prop_assert_eq!(back, all);
            for part in &parts {
                prop_assert!(part.files.iter().map(|file| file.cost()).sum::<usize>() <= 1024);
            }
            let mut shuffled = files.clone();
            let len = shuffled.len().max(1);
            for at in 0..shuffled.len() {
                shuffled.swap(at, usize::try_from((seed >> (at % 32)) % 97).unwrap() % len);
            }
            prop_assert_eq!(names(&split(&shuffled, 1024)), names(&parts));
        }

        #[test]
        fn the_newest_migration_changes_only_the_last_part(files in directory(), size in 0..700usize) {
            let before = split(&files, 1024);
            let mut more = files.clone();
            more.push(file("V99__newest.sql", size));
            let after = split(&more, 1024);
            let changed = names(&after).into_iter().zip(names(&before)).filter(|(a, b)| a != b).count();
            let added = after.len() - before.len();
            prop_assert!(changed + added == 1, "{changed} changed, {added} added");
            prop_assert_eq!(&after[..before.len().saturating_sub(1)], &before[..before.len().saturating_sub(1)]);
        }
    }
}
