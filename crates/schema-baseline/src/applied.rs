//! Which files made a database what it is, by its history.

use std::collections::BTreeSet;

use miette::Diagnostic;
use migrate_core::history::RowKind;
use migrate_core::info::{Entry, Info, State};
use migrate_core::{Migration, MigrationKind, MigrationVersion};
use thiserror::Error;

/// The migrations that a history shows as applied.
#[derive(Debug, Default)]
pub struct Applied<'m> {
    /// In the order in which they ran. A repeatable one stands wherever it ran, always with its present text.
    pub migrations: Vec<&'m Migration>,
    /// Why their replay may not give what the database has.
    pub doubts: Vec<Doubt>,
    /// Whether there was something before the first of them that no file describes.
    pub starts_unknown: bool,
}

/// Why a replay of the files may differ from the database without anybody having changed it by hand.
#[derive(Debug, Clone, Error, Diagnostic, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// There is no file for something that was applied.
    #[error("migration {name} was applied, but its file `{script}` is not here")]
    #[diagnostic(
        code("drift/missing-file"),
        severity(Warning),
        help(
            "what it did is compared as if nobody had asked for it, so it shows as drift; restore the file, or name its directory with --locations"
        )
    )]
    MissingFile {
        /// The migration.
        name: String,
        /// The file.
        script: String,
    },

    /// Somebody has said that a file is gone for good.
    #[error(
        "migration {name} was applied and marked as deleted since, so its file `{script}` is not replayed"
    )]
    #[diagnostic(
        code("drift/deleted-file"),
        severity(Warning),
        help("what it did is still in the database and shows as drift, unless something has undone it")
    )]
    Deleted {
        /// The migration.
        name: String,
        /// The file.
        script: String,
    },

    /// A file is not what was applied.
    #[error("`{path}` was edited after migration {name} was applied")]
    #[diagnostic(
        code("drift/edited-file"),
        severity(Warning),
        help(
            "the database is compared with the file as it is now: what was edited shows as drift; `infra migrate validate` names both checksums"
        )
    )]
    Edited {
        /// The migration.
        name: String,
        /// The file.
        path: String,
    },

    /// A migration that stopped on its way.
    #[error("migration {name} failed, so it is not replayed")]
    #[diagnostic(
        code("drift/failed-migration"),
        severity(Warning),
        help(
            "what it did before it failed shows as drift; finish it by `infra migrate apply`, or repair the history"
        )
    )]
    Failed {
        /// The migration.
        name: String,
    },

    /// The history begins in the middle.
    #[error(
        "the history begins with a baseline at version {version}, and no file says what was there before"
    )]
    #[diagnostic(
        code("drift/unknown-start"),
        severity(Warning),
        help(
            "objects that only the database has are not checked; write the migration `B{version}__….sql` from a dump to have them checked"
        )
    )]
    UnknownStart {
        /// The version.
        version: String,
    },
}

/// Tells from a history, and the files beside it, what was run.
pub fn applied<'m>(info: &Info<'m, '_>, migrations: &'m [Migration]) -> Applied<'m> {
    let mut applied = Applied::default();
    for entry in &info.entries {
        let Some(row) = entry.row else { continue };
        if row.kind.is(RowKind::SCHEMA) || row.kind.is(RowKind::DELETE) {
            continue;
        }
        if row.kind.is(RowKind::BASELINE) {
            applied.baseline(row.version.as_ref(), migrations);
        } else if !row.success {
            applied.doubts.push(Doubt::Failed { name: row.name() });
        } else if row.kind.is_undo() {
            applied.undo(entry, migrations);
        } else {
            applied.migration(entry);
        }
    }
    applied
}

impl<'m> Applied<'m> {
    fn migration(&mut self, entry: &Entry<'m, '_>) {
        let Some(row) = entry.row else { return };
        let script = row.script.clone();
        match (entry.state, entry.migration) {
            (State::Deleted, _) => self.doubts.push(Doubt::Deleted { name: row.name(), script }),
            // An earlier run of a repeatable migration; the last one says that the file is gone.
            (State::Superseded, None) => {}
            (_, None) => self.doubts.push(Doubt::MissingFile { name: row.name(), script }),
            (state, Some(migration)) => {
                if state != State::Superseded && !migration.has_checksum(row.checksum) {
                    let path = migration.path().to_owned();
                    self.doubts.push(Doubt::Edited { name: row.name(), path });
                }
                self.migrations.push(migration);
            }
        }
    }

    /// A migration was reversed by the undo file of its version.
    fn undo(&mut self, entry: &Entry<'m, '_>, migrations: &'m [Migration]) {
        let Some(row) = entry.row else { return };
        let file = migrations
            .iter()
            .find(|file| file.kind == MigrationKind::Undo && file.version.as_ref() == row.version.as_ref());
        match file {
            Some(file) => self.migrations.push(file),
            None => self.doubts.push(Doubt::MissingFile { name: row.name(), script: row.script.clone() }),
        }
    }

    /// Everything up to a version was taken for applied: the files say what that is, if they reach back so far.
    fn baseline(&mut self, version: Option<&MigrationVersion>, migrations: &'m [Migration]) {
        let Some(version) = version else { return };
        let known: BTreeSet<_> = self.migrations.iter().filter_map(|file| file.version.as_ref()).collect();
        let of = |kind: MigrationKind| {
            let wanted = move |file: &&Migration| file.kind == kind;
            migrations
                .iter()
                .filter(wanted)
                .filter(|file| file.version.as_ref().is_some_and(|own| own <= version))
        };
        let mut files: Vec<_> = of(MigrationKind::Versioned)
            .filter(|file| file.version.as_ref().is_some_and(|own| !known.contains(own)))
            .collect();
        if files.is_empty() && known.is_empty() {
            files.extend(of(MigrationKind::Baseline).max_by_key(|file| file.version.clone()));
        }
        files.sort_by_key(|file| file.version.clone());
        if files.is_empty() && known.is_empty() {
            self.starts_unknown = true;
            self.doubts.push(Doubt::UnknownStart { version: version.to_string() });
        }
        self.migrations.extend(files);
    }
}

#[cfg(test)]
mod tests {
    use migrate_core::history::HistoryRow;
    use migrate_core::info::{InfoOptions, info};
    use migrate_core::resolve::ResolveOptions;

    use super::*;

    fn files(names: &[&str]) -> Vec<Migration> {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(root.path().join(name), "SELECT 1;").unwrap();
        }
        let location = root.path().to_owned().into();
        migrate_core::fs::load(&[location], None, &ResolveOptions::default()).unwrap().0
    }

    /// Rows as `kind version description`; `!` in front is a failed one, `?` one whose text was another.
    fn rows(lines: &[&str]) -> Vec<HistoryRow> {
        let checksum = files(&["V1__a.sql"])[0].checksum;
        let row = |(rank, line): (usize, &&str)| {
            let words: Vec<&str> = line.trim_start_matches(['!', '?']).split(' ').collect();
            HistoryRow {
                installed_rank: i32::try_from(rank).unwrap() + 1,
                version: (words[1] != "-").then(|| MigrationVersion::parse(words[1]).unwrap()),
                description: words[2].to_owned(),
                kind: RowKind::new(words[0]),
                script: format!("{}.sql", words[2]),
                checksum: (words[0] != "BASELINE").then_some(if line.starts_with('?') {
                    7
                } else {
                    checksum
                }),
                installed_by: "me".to_owned(),
                installed_on: String::new(),
                execution_time: 0,
                success: !line.starts_with('!'),
            }
        };
        lines.iter().enumerate().map(row).collect()
    }

    #[track_caller]
    fn check(names: &[&str], lines: &[&str], expected: &[&str]) -> Vec<Doubt> {
        let (files, rows) = (files(names), rows(lines));
        let info = info(&files, &rows, &InfoOptions::default());
        let applied = applied(&info, &files);
        let ran: Vec<_> = applied.migrations.iter().map(|file| file.file_name()).collect();
        assert_eq!(ran, expected);
        assert_eq!(
            applied.starts_unknown,
            applied.doubts.iter().any(|d| matches!(d, Doubt::UnknownStart { .. }))
        );
        applied.doubts
    }

    #[test]
    fn files_come_as_they_ran() {
        let names = ["V1__a.sql", "V2__b.sql", "V3__c.sql", "R__r.sql"];
        let doubts = check(
            &names,
            &["SQL 1 a", "SQL - r", "SQL 3 c", "SQL 2 b", "SQL - r"],
            &["V1__a.sql", "R__r.sql", "V3__c.sql", "V2__b.sql", "R__r.sql"],
        );
        assert!(doubts.is_empty(), "{doubts:?}");
        let doubts = check(&names, &["SQL 1 a"], &["V1__a.sql"]);
        assert!(doubts.is_empty(), "what is pending is not applied: {doubts:?}");
    }

    #[test]
    fn what_cannot_be_replayed_is_said() {
        let names = ["V1__a.sql", "V2__b.sql", "V3__c.sql"];
        let doubts = check(
            &names,
            &["?SQL 1 a", "SQL 2 b", "DELETE 2 b", "!SQL 3 c", "SQL 4 d", "SQL - gone"],
            &["V1__a.sql"],
        );
        let kinds: Vec<String> = doubts.iter().map(|doubt| doubt.code().unwrap().to_string()).collect();
        let expected = ["edited-file", "deleted-file", "failed-migration", "missing-file", "missing-file"];
        assert_eq!(kinds, expected.map(|kind| format!("drift/{kind}")));
    }

    #[test]
    fn a_baseline_stands_for_the_files_up_to_it() {
        let doubts = check(
            &["V1__a.sql", "V2__b.sql", "V3__c.sql"],
            &["BASELINE 2 base", "SQL 3 c"],
            &["V1__a.sql", "V2__b.sql", "V3__c.sql"],
        );
        assert!(doubts.is_empty(), "{doubts:?}");
        let doubts =
            check(&["B2__b.sql", "V3__c.sql"], &["SQL_BASELINE 2 b", "SQL 3 c"], &["B2__b.sql", "V3__c.sql"]);
        assert!(doubts.is_empty(), "{doubts:?}");
        let doubts = check(&["B2__b.sql"], &["BASELINE 2 base"], &["B2__b.sql"]);
        assert!(doubts.is_empty(), "{doubts:?}");
        let doubts = check(&["V3__c.sql"], &["BASELINE 2 base", "SQL 3 c"], &["V3__c.sql"]);
        assert_eq!(doubts, [Doubt::UnknownStart { version: "2".to_owned() }]);
    }

    #[test]
    fn what_was_undone_is_replayed_and_undone() {
        let doubts = check(
            &["V1__a.sql", "V2__b.sql", "U2__b.sql"],
            &["SQL 1 a", "SQL 2 b", "UNDO_SQL 2 b"],
            &["V1__a.sql", "V2__b.sql", "U2__b.sql"],
        );
        assert!(doubts.is_empty(), "{doubts:?}");
    }
}
