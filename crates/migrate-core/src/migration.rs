//! A migration found in a location.

use std::borrow::Cow;

use crate::checksum;
use crate::error::Error;
use crate::finding::{Finding, Source};
use crate::placeholder::{Expanded, Placeholders};
use crate::script::stream::{self, Streamed};
use crate::script::{Script, SplitOptions};
use crate::settings::ScriptSettings;
use crate::version::MigrationVersion;

/// What a migration file is for, told by its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MigrationKind {
    /// `V`: runs once, in the order of versions.
    Versioned,
    /// `B`: runs on an empty database in place of all versioned ones up to its version.
    Baseline,
    /// `U`: reverses the versioned migration of the same version.
    Undo,
    /// `R`: runs again whenever its text changes, after all versioned ones.
    Repeatable,
    /// Runs at an event, whose name this is.
    Callback(&'static str),
}

/// A migration file, read and named.
#[derive(Debug, Clone)]
pub struct Migration {
    /// What the file is for.
    pub kind: MigrationKind,
    /// Absent for repeatable migrations and callbacks.
    pub version: Option<MigrationVersion>,
    /// From the file name, not abbreviated.
    pub description: String,
    /// Path relative to the location, with `/`: what the history table stores.
    pub script: String,
    /// The text without its byte-order mark, under the name that the user knows it by. Empty if it is not held.
    pub source: Source,
    /// Where the text is, if it is too large to be held.
    pub streamed: Option<Streamed>,
    /// Flyway's checksum of the file as it is, before placeholders are replaced.
    pub checksum: i32,
    /// For repeatable migrations, the checksum after placeholders were replaced: see [`replace_checksums`].
    pub replaced_checksum: Option<i32>,
    /// What the file beside it says.
    pub settings: ScriptSettings,
}

impl Migration {
    /// The checksum that the history stores.
    pub fn recorded_checksum(&self) -> i32 {
        self.replaced_checksum.unwrap_or(self.checksum)
    }

    /// Whether an applied migration with this checksum had the same text.
    pub fn has_checksum(&self, applied: Option<i32>) -> bool {
        applied == Some(self.checksum) || (applied.is_some() && applied == self.replaced_checksum)
    }

    /// `1.2 (add orders)`, for messages.
    pub fn name(&self) -> String {
        display_name(self.version.as_ref(), &self.description)
    }

    /// The name of the file without its directories.
    pub fn file_name(&self) -> &str {
        self.script.rsplit('/').next().unwrap_or(&self.script)
    }

    /// The SQL text; empty if it is not held.
    pub fn text(&self) -> &str {
        self.source.inner()
    }

    /// The path as the user should see it.
    pub fn path(&self) -> &str {
        self.source.name()
    }

    /// The placeholders of the run, as far as this script wants them.
    pub(crate) fn placeholders<'p>(&self, run: &'p Placeholders) -> Cow<'p, Placeholders> {
        match self.settings.placeholder_replacement {
            Some(enabled) if enabled != run.enabled => Cow::Owned(run.with_enabled(enabled)),
            _ => Cow::Borrowed(run),
        }
    }

    /// The text, with placeholders replaced as far as this script wants it.
    ///
    /// That of a text that is not held is empty, with a finding that says so.
    pub fn expand(&self, placeholders: &Placeholders) -> (Expanded<'_>, Vec<Finding>) {
        let (expanded, mut findings) = self.placeholders(placeholders).expand(&self.source, self.file_name());
        findings.extend(self.not_held());
        (expanded, findings)
    }

    /// The statements, with placeholders replaced as far as this script wants it.
    ///
    /// There are none of a text that is not held, and a finding says so; see [`outline`](Self::outline).
    pub fn script(&self, placeholders: &Placeholders, split: &SplitOptions) -> (Script<'_>, Vec<Finding>) {
        let placeholders = self.placeholders(placeholders);
        let (script, mut findings) = Script::parse(&self.source, self.file_name(), &placeholders, split);
        findings.extend(self.not_held());
        (script, findings)
    }

    /// As [`script`](Self::script); of a text that is not held, the statements without the bulk of its data.
    ///
    /// # Errors
    /// When such a text cannot be read, or was changed since its checksum was computed.
    pub fn outline(
        &self,
        placeholders: &Placeholders,
        split: &SplitOptions,
    ) -> Result<(Script<'_>, Vec<Finding>), Error> {
        let outline = stream::outline(self, placeholders, split)?;
        Ok(outline.unwrap_or_else(|| self.script(placeholders, split)))
    }

    fn not_held(&self) -> Option<Finding> {
        self.streamed.as_ref().map(|_| Finding::NotHeld { path: self.path().to_owned() })
    }

    /// Versioned or baseline: takes part in the order of versions.
    pub fn is_versioned(&self) -> bool {
        matches!(self.kind, MigrationKind::Versioned | MigrationKind::Baseline)
    }
}

/// A migration as messages name it: by its version, or the description of a repeatable one.
pub(crate) fn display_name(version: Option<&MigrationVersion>, description: &str) -> String {
    match version {
        Some(version) => format!("{version} ({description})"),
        None => format!("`{description}`"),
    }
}

/// Gives repeatable migrations the checksum of their text after replacement: they run again when a value changes.
pub fn replace_checksums(migrations: &mut [Migration], placeholders: &Placeholders) {
    for migration in migrations.iter_mut().filter(|migration| migration.kind == MigrationKind::Repeatable) {
        if migration.placeholders(placeholders).enabled {
            let (expanded, _) = migration.expand(placeholders);
            migration.replaced_checksum = Some(checksum::of_text(&expanded.text));
        }
    }
}
