//! The state of every migration: files against history, by the rules of Flyway's `info`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::history::{HistoryRow, RowKind};
use crate::migration::{Migration, MigrationKind, display_name};
use crate::version::MigrationVersion;

/// Up to where migrations are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Target {
    /// All of them.
    #[default]
    Latest,
    /// Those up to the newest applied version.
    Current,
    /// One more than is applied.
    Next,
    /// Those up to a version.
    Version {
        /// The version.
        version: MigrationVersion,
        /// Whether it may be absent from files and history (written with a `?`).
        optional: bool,
    },
}

impl Target {
    /// Reads `latest`, `current`, `next`, `V` or `V?`.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, crate::version::VersionError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "latest" => Self::Latest,
            "current" => Self::Current,
            "next" => Self::Next,
            _ => {
                let (version, optional) =
                    text.strip_suffix('?').map_or((text, false), |version| (version, true));
                Self::Version { version: MigrationVersion::parse(version)?, optional }
            }
        })
    }
}

/// What decides over states besides files and history.
#[derive(Debug, Clone, Default)]
pub struct InfoOptions {
    /// Up to where migrations are wanted.
    pub target: Target,
    /// Whether a version below the newest applied one may still be applied.
    pub out_of_order: bool,
}

/// The state of a migration. `Display` gives Flyway's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Flyway's names, explained by its own documentation")]
pub enum State {
    Pending,
    AboveTarget,
    BelowBaseline,
    IgnoredBaseline,
    Baseline,
    Ignored,
    Missing,
    MissingFailed,
    Success,
    Undone,
    Available,
    Failed,
    OutOfOrder,
    Future,
    FutureFailed,
    Outdated,
    Superseded,
    Deleted,
}

impl State {
    /// Whether the migration took place, well or badly.
    pub fn is_applied(self) -> bool {
        !matches!(
            self,
            Self::Pending
                | Self::AboveTarget
                | Self::BelowBaseline
                | Self::IgnoredBaseline
                | Self::Ignored
                | Self::Available
        )
    }

    /// Whether it failed.
    pub fn is_failed(self) -> bool {
        matches!(self, Self::Failed | Self::MissingFailed | Self::FutureFailed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Pending => "Pending",
            Self::AboveTarget => "Above Target",
            Self::BelowBaseline => "Below Baseline",
            Self::IgnoredBaseline => "Ignored (Baseline)",
            Self::Baseline => "Baseline",
            Self::Ignored => "Ignored",
            Self::Missing => "Missing",
            Self::MissingFailed => "Failed (Missing)",
            Self::Success => "Success",
            Self::Undone => "Undone",
            Self::Available => "Available",
            Self::Failed => "Failed",
            Self::OutOfOrder => "Out of Order",
            Self::Future => "Future",
            Self::FutureFailed => "Failed (Future)",
            Self::Outdated => "Outdated",
            Self::Superseded => "Superseded",
            Self::Deleted => "Deleted",
        })
    }
}

/// One line of `info`: a file, a row, or both.
#[derive(Debug, Clone)]
pub struct Entry<'m, 'r> {
    /// The file.
    pub migration: Option<&'m Migration>,
    /// The row.
    pub row: Option<&'r HistoryRow>,
    /// What the two make of it.
    pub state: State,
}

impl Entry<'_, '_> {
    /// The version, from the row if there is one.
    pub fn version(&self) -> Option<&MigrationVersion> {
        match (self.row, self.migration) {
            (Some(row), _) => row.version.as_ref(),
            (None, Some(migration)) => migration.version.as_ref(),
            (None, None) => None,
        }
    }

    /// The description, from the row if there is one.
    pub fn description(&self) -> &str {
        match (self.row, self.migration) {
            (Some(row), _) => &row.description,
            (None, Some(migration)) => &migration.description,
            (None, None) => "",
        }
    }

    /// The type as the history names it.
    pub fn kind(&self) -> &str {
        match (self.row, self.migration.map(|migration| migration.kind)) {
            (Some(row), _) => row.kind.as_str(),
            (None, Some(MigrationKind::Baseline)) => RowKind::SQL_BASELINE,
            _ => RowKind::SQL,
        }
    }

    /// `Versioned`, `Repeatable`, `Baseline`, `Undo`, or nothing for marks.
    pub fn category(&self) -> &'static str {
        let kind = RowKind::new(self.kind());
        if kind.is_synthetic() {
            ""
        } else if kind.is_undo() {
            "Undo"
        } else if self.version().is_none() {
            "Repeatable"
        } else if kind.is_baseline() {
            "Baseline"
        } else {
            "Versioned"
        }
    }

    /// `1.2 (add orders)`, for messages.
    pub fn name(&self) -> String {
        display_name(self.version(), self.description())
    }
}

/// All lines, and what follows from them.
#[derive(Debug, Clone)]
pub struct Info<'m, 'r> {
    /// In Flyway's order: what the baseline hides, the history, then the files not applied.
    pub entries: Vec<Entry<'m, 'r>>,
    /// The highest baseline in the history: rows up to it are never compared with files.
    pub applied_baseline: Option<&'r MigrationVersion>,
    /// Rows that mark as deleted what is marked already.
    pub duplicate_deletes: Vec<&'r HistoryRow>,
}

impl<'m, 'r> Info<'m, 'r> {
    /// The version that the schema has, failed migrations included.
    pub fn current(&self) -> Option<&'r MigrationVersion> {
        let counts = |entry: &&Entry<'m, 'r>| {
            entry.state.is_applied() && !matches!(entry.state, State::Deleted | State::Undone)
        };
        self.entries.iter().filter(counts).filter_map(|entry| entry.row?.version.as_ref()).max()
    }

    /// The migrations to apply, in order.
    pub fn pending(&self) -> impl Iterator<Item = &'m Migration> {
        self.entries.iter().filter(|entry| entry.state == State::Pending).filter_map(|entry| entry.migration)
    }

    /// Whether files or history have this version.
    pub fn contains(&self, version: &MigrationVersion) -> bool {
        self.entries.iter().any(|entry| entry.version() == Some(version))
    }
}

/// What later or earlier rows say about a row.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    deleted: bool,
    undone: bool,
    out_of_order: bool,
}

/// Computes the state of everything. `rows` must be sorted by rank; undo files and callbacks take no part.
pub fn info<'m, 'r>(
    migrations: &'m [Migration],
    rows: &'r [HistoryRow],
    options: &InfoOptions,
) -> Info<'m, 'r> {
    let context = Context::new(migrations, rows);
    let limit = context.limit(options);
    let base = context.base(&limit);
    let mut hidden = Vec::new();
    let mut waiting = Vec::new();
    for migration in context.waiting() {
        let state = context.file_state(migration, options.out_of_order, &limit, base);
        let entry = Entry { migration: Some(migration), row: None, state };
        match state {
            State::BelowBaseline | State::IgnoredBaseline => hidden.push(entry),
            _ => waiting.push(entry),
        }
    }
    let listed = rows
        .iter()
        .zip(&context.marks)
        .filter(|(row, _)| !(row.kind.is(RowKind::DELETE) && row.version.is_some()));
    let mut entries = hidden;
    entries.extend(listed.map(|(row, marks)| {
        let migration = context.file_of(row);
        Entry { migration, row: Some(row), state: context.row_state(row, *marks, migration) }
    }));
    entries.append(&mut waiting);
    Info { entries, applied_baseline: context.applied_baseline, duplicate_deletes: context.duplicate_deletes }
}

struct Context<'m, 'r> {
    migrations: &'m [Migration],
    /// By version, and whether it is a baseline migration.
    versioned: BTreeMap<(&'m MigrationVersion, bool), &'m Migration>,
    repeatable: BTreeMap<&'m str, &'m Migration>,
    /// One per row.
    marks: Vec<Marks>,
    duplicate_deletes: Vec<&'r HistoryRow>,
    /// Rank of the newest run of each repeatable that was not deleted.
    latest_run: BTreeMap<&'r str, &'r HistoryRow>,
    /// What versioned files were applied and neither deleted nor undone.
    applied: BTreeSet<(&'r MigrationVersion, bool)>,
    applied_baseline: Option<&'r MigrationVersion>,
    last_applied: Option<&'r MigrationVersion>,
    last_resolved: Option<&'m MigrationVersion>,
}

impl<'m, 'r> Context<'m, 'r> {
    fn new(migrations: &'m [Migration], rows: &'r [HistoryRow]) -> Self {
        let mut versioned = BTreeMap::new();
        let mut repeatable = BTreeMap::new();
        for migration in migrations {
            match (migration.kind, &migration.version) {
                (MigrationKind::Versioned | MigrationKind::Baseline, Some(version)) => {
                    versioned
                        .entry((version, migration.kind == MigrationKind::Baseline))
                        .or_insert(migration);
                }
                (MigrationKind::Repeatable, _) => {
                    repeatable.entry(migration.description.as_str()).or_insert(migration);
                }
                _ => {}
            }
        }
        let last_resolved = versioned.keys().next_back().map(|(version, _)| *version);
        let (marks, duplicate_deletes) = mark(rows);
        let mut context = Self {
            migrations,
            versioned,
            repeatable,
            marks,
            duplicate_deletes,
            latest_run: BTreeMap::new(),
            applied: BTreeSet::new(),
            applied_baseline: None,
            last_applied: None,
            last_resolved,
        };
        context.read_rows(rows);
        context
    }

    fn read_rows(&mut self, rows: &'r [HistoryRow]) {
        for (row, marks) in rows.iter().zip(&mut self.marks) {
            let Some(version) = &row.version else {
                if !marks.deleted && !row.kind.is_synthetic() {
                    self.latest_run.insert(&row.description, row);
                }
                continue;
            };
            if row.kind.is_baseline() {
                self.applied_baseline = self.applied_baseline.max(Some(version));
            }
            if self.last_applied.is_some_and(|last| version <= last) {
                marks.out_of_order = true;
            } else if !marks.deleted && !marks.undone && !row.kind.is(RowKind::DELETE) && !row.kind.is_undo()
            {
                self.last_applied = Some(version);
            }
            if !marks.deleted && !marks.undone && is_file(row) {
                self.applied.insert((version, row.kind.is(RowKind::SQL_BASELINE)));
            }
        }
    }

    fn file_of(&self, row: &HistoryRow) -> Option<&'m Migration> {
        if !is_file(row) {
            return None;
        }
        match &row.version {
            Some(version) => self.versioned.get(&(version, row.kind.is(RowKind::SQL_BASELINE))).copied(),
            None => self.repeatable.get(row.description.as_str()).copied().or_else(|| {
                // The history holds long descriptions abbreviated.
                let long = |migration: &&Migration| {
                    migration.description.len() > 197
                        && crate::history::abbreviate_description(&migration.description) == row.description
                };
                self.repeatable.values().copied().find(long)
            }),
        }
    }

    /// Files without a live row, versioned ones first.
    fn waiting(&self) -> impl Iterator<Item = &'m Migration> {
        self.migrations.iter().filter(|migration| match (migration.kind, &migration.version) {
            (MigrationKind::Versioned, Some(version)) => !self.applied.contains(&(version, false)),
            (MigrationKind::Baseline, Some(version)) => !self.applied.contains(&(version, true)),
            (MigrationKind::Repeatable, _) => {
                let description = crate::history::abbreviate_description(&migration.description);
                let latest = self.latest_run.get(description.as_str());
                !latest.is_some_and(|row| migration.has_checksum(row.checksum))
            }
            _ => false,
        })
    }

    fn row_state(&self, row: &HistoryRow, marks: Marks, migration: Option<&Migration>) -> State {
        if marks.deleted {
            return State::Deleted;
        }
        if marks.undone {
            return State::Undone;
        }
        if row.kind.is(RowKind::DELETE) || row.kind.is(RowKind::SCHEMA) || row.kind.is_undo() {
            return State::Success;
        }
        if row.kind.is(RowKind::BASELINE) {
            return State::Baseline;
        }
        if row.kind.is_baseline() {
            return match (row.success, migration) {
                (false, _) => State::Failed,
                (true, None) => self.unresolved(row),
                (true, Some(_)) => State::Baseline,
            };
        }
        let is_latest = self.latest_run.get(row.description.as_str()).is_some_and(|latest| *latest == row);
        if migration.is_none() && (row.version.is_some() || is_latest) {
            return self.unresolved(row);
        }
        if !row.success {
            return State::Failed;
        }
        if row.version.is_none() {
            return match migration {
                Some(migration) if is_latest && migration.has_checksum(row.checksum) => State::Success,
                _ if is_latest => State::Outdated,
                _ => State::Superseded,
            };
        }
        if marks.out_of_order { State::OutOfOrder } else { State::Success }
    }

    /// A row without a file: something from the past or from a newer release.
    fn unresolved(&self, row: &HistoryRow) -> State {
        let past = match (&row.version, self.last_resolved) {
            (None, _) => true,
            (Some(version), Some(last)) => version < last,
            (Some(_), None) => false,
        };
        match (past, row.success) {
            (true, true) => State::Missing,
            (true, false) => State::MissingFailed,
            (false, true) => State::Future,
            (false, false) => State::FutureFailed,
        }
    }

    fn file_state(
        &self,
        migration: &Migration,
        out_of_order: bool,
        limit: &Limit<'_>,
        base: Option<&MigrationVersion>,
    ) -> State {
        let Some(version) = &migration.version else { return State::Pending };
        let is_baseline = migration.kind == MigrationKind::Baseline;
        if base.is_some_and(|base| version < base) {
            return State::BelowBaseline;
        }
        if base == Some(version) && !(is_baseline && self.last_applied.is_none()) {
            return State::IgnoredBaseline;
        }
        if !limit.allows(version) {
            return State::AboveTarget;
        }
        let late = self.last_applied.is_some_and(|last| version < last) && !out_of_order;
        if late || (is_baseline && self.last_applied.is_some()) {
            return State::Ignored;
        }
        State::Pending
    }

    /// The baseline that counts: the one in the history, or where that is empty the newest file of one.
    fn base(&self, limit: &Limit<'_>) -> Option<&MigrationVersion> {
        if self.last_applied.is_some() {
            return self.applied_baseline;
        }
        let mut versions = self.versioned.keys().rev();
        versions
            .find(|(version, is_baseline)| *is_baseline && limit.allows(version))
            .map(|(version, _)| *version)
    }

    fn limit<'a>(&'a self, options: &'a InfoOptions) -> Limit<'a> {
        match &options.target {
            Target::Latest => Limit::None,
            Target::Current => self.last_applied.map_or(Limit::Everything, Limit::Above),
            Target::Version { version, .. } => Limit::Above(version),
            Target::Next => {
                let base = self.base(&Limit::None);
                let next = self.waiting().find(|migration| {
                    self.file_state(migration, options.out_of_order, &Limit::None, base) == State::Pending
                });
                next.and_then(|migration| migration.version.as_ref()).map_or(Limit::None, Limit::Above)
            }
        }
    }
}

/// Which versions are not wanted.
enum Limit<'a> {
    None,
    Above(&'a MigrationVersion),
    Everything,
}

impl Limit<'_> {
    fn allows(&self, version: &MigrationVersion) -> bool {
        match self {
            Self::None => true,
            Self::Above(limit) => version <= *limit,
            Self::Everything => false,
        }
    }
}

/// Rows of SQL files.
fn is_file(row: &HistoryRow) -> bool {
    row.kind.is(RowKind::SQL) || row.kind.is(RowKind::SQL_BASELINE) || row.kind.is("SQL_STATE_SCRIPT")
}

/// Finds what DELETE and undo rows refer to: the latest earlier real row of the same version or description.
fn mark(rows: &[HistoryRow]) -> (Vec<Marks>, Vec<&HistoryRow>) {
    let mut marks = vec![Marks::default(); rows.len()];
    let mut duplicates = Vec::new();
    let mut latest: BTreeMap<(Option<&MigrationVersion>, &str), usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        // Versions identify rows alone, repeatables by description.
        let key = match &row.version {
            Some(version) => (Some(version), ""),
            None => (None, row.description.as_str()),
        };
        let target = latest.get(&key).copied();
        if row.kind.is(RowKind::DELETE) && row.success {
            match target {
                Some(target) if marks[target].deleted => duplicates.push(row),
                Some(target) => marks[target].deleted = true,
                None => {}
            }
        } else if row.kind.is_undo() {
            if let (Some(target), true) = (target, row.success) {
                marks[target].undone = true;
            }
        } else if !row.kind.is_synthetic() {
            latest.insert(key, at);
        }
    }
    (marks, duplicates)
}

#[cfg(test)]
pub(crate) mod tests;
