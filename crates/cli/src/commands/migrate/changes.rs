//! `infra migrate changes`.

use std::collections::BTreeMap;
use std::sync::Arc;

use migrate_core::history::HistoryStore as _;
use migrate_core::info::{Target, info};
use migrate_core::mysql::MySqlDatabase;
use migrate_core::{Migration, MigrationKind, MigrationVersion};
use schema_baseline::Finding;
use schema_baseline::applied::applied;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::changes::{Change, Fate, changes, data_statements};
use schema_baseline::dialect::Dialect;
use schema_baseline::live::empty;
use schema_baseline::place::Source;
use schema_baseline::replay::{expanded, replay_onto};
use serde_json::json;

use super::database::{block_on, session};
use super::diff::{coloured, unified};
use super::files;
use super::live::{Place, Prepared, set_placeholders, target, version};
use crate::args::MigrateChanges;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::tree::Tree;
use crate::ui::{BAD, DIM, GOOD, ODD, STRONG, count, styled};

/// What is applied and what is to come, as texts.
struct Scripts {
    empty: Catalogue,
    applied: Vec<Arc<Source>>,
    pending: Vec<Arc<Source>>,
}

/// What the pending migrations do.
struct Report {
    files: Vec<String>,
    changes: Vec<Change>,
    rows: BTreeMap<(String, String), usize>,
}

/// Replays what is applied, then what is pending, and shows what the latter changes.
pub(crate) fn show(arguments: &MigrateChanges, place: Place<'_>) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let scripts = match &arguments.from {
        Some(from) => from_files(arguments, &version(from)?, place, &mut outcome)?,
        None => from_server(arguments, place, &mut outcome)?,
    };
    let Some(Scripts { empty, applied, pending }) = scripts else { return Ok(outcome) };
    let dialect = empty.dialect();
    let mut before = empty;
    let _ = replay_onto(&mut before, applied);
    let mut after = before.clone();
    let found = replay_onto(&mut after, pending.iter().cloned());
    outcome.extend(found.into_iter().filter(|finding| is_of(finding, &pending)));
    let mut rows = BTreeMap::new();
    for source in &pending {
        for (what, number) in data_statements(source, dialect) {
            *rows.entry(what).or_default() += number;
        }
    }
    let files = pending.iter().map(|source| source.name().to_owned()).collect();
    let report = Report { files, changes: changes(&before, &after), rows };
    outcome.summary = if arguments.markdown { report.markdown() } else { report.human() };
    outcome.summary_is_result = arguments.markdown;
    report.details(&mut outcome);
    Ok(outcome)
}

/// Whether a finding is about one of these texts. What the applied ones leave open is no news.
fn is_of(finding: &Finding, sources: &[Arc<Source>]) -> bool {
    use miette::Diagnostic as _;
    let place = finding.labels().and_then(|mut labels| labels.next());
    let (Some(code), Some(place)) = (finding.source_code(), place) else { return true };
    code.read_span(place.inner(), 0, 0)
        .is_ok_and(|text| sources.iter().any(|source| text.name() == Some(source.name())))
}

/// By the history of a server.
fn from_server(
    arguments: &MigrateChanges,
    place: Place<'_>,
    outcome: &mut Outcome,
) -> Result<Option<Scripts>, Failure> {
    let prepared = Prepared::new(&arguments.connection, place)?;
    let is_broken = prepared.files_are_broken();
    let Prepared { options, migrations, plan, outcome: found } = prepared;
    *outcome = found;
    if is_broken {
        return Ok(None);
    }
    let (rows, empty) = block_on(async {
        let mut database =
            MySqlDatabase::open_with(&options, &session(&arguments.connection.database)).await?;
        let rows = database.rows(-1).await?.unwrap_or_default();
        let empty = empty(&mut database).await?;
        database.close().await?;
        Ok((rows, empty))
    })?;
    let info = info(&migrations, &rows, &plan.info);
    if let Target::Version { version, optional: false } = &plan.info.target
        && !info.contains(version)
    {
        return Err(migrate_core::Error::MissingTarget { version: version.to_string() }.into());
    }
    let ran = applied(&info, &migrations);
    outcome.extend(ran.doubts);
    let text = |migration: &&Migration| expanded(migration, &plan.placeholders);
    let pending = info.pending().map(|migration| text(&migration)).collect();
    Ok(Some(Scripts { empty, applied: ran.migrations.iter().map(text).collect(), pending }))
}

/// By a version that is taken for the newest applied one. Repeatable migrations are on both sides.
fn from_files(
    arguments: &MigrateChanges,
    from: &MigrationVersion,
    place: Place<'_>,
    outcome: &mut Outcome,
) -> Result<Option<Scripts>, Failure> {
    let scripts = &arguments.connection.scripts;
    let configured = Tree::open(place.root).map(|tree| tree.configuration.placeholders).unwrap_or_default();
    let mut placeholders = files::offline_placeholders(&configured)?;
    placeholders.enabled = !scripts.files.no_placeholders;
    set_placeholders(&mut placeholders, &scripts.files)?;
    let locations = files::locations(&scripts.files.locations, place.root)?;
    let (migrations, findings) = files::load(&locations, None, &placeholders)?;
    outcome.extend(findings);
    let versioned = || migrations.iter().filter(|migration| migration.kind == MigrationKind::Versioned);
    let newer = |migration: &&Migration| migration.version.as_ref().is_some_and(|own| own > from);
    let mut coming: Vec<&Migration> = versioned().filter(newer).collect();
    match target(scripts)? {
        Target::Latest => {}
        Target::Current => coming.clear(),
        Target::Next => coming.truncate(1),
        Target::Version { version, optional } => {
            if !optional && !versioned().any(|migration| migration.version.as_ref() == Some(&version)) {
                return Err(migrate_core::Error::MissingTarget { version: version.to_string() }.into());
            }
            coming.retain(|migration| migration.version.as_ref().is_some_and(|own| *own <= version));
        }
    }
    let text = |migration: &Migration| expanded(migration, &placeholders);
    let repeatable = migrations.iter().filter(|migration| migration.kind == MigrationKind::Repeatable);
    let older = versioned().filter(|migration| !newer(migration));
    Ok(Some(Scripts {
        empty: Catalogue::new(Dialect::default()),
        applied: older.chain(repeatable).map(text).collect(),
        pending: coming.into_iter().map(text).collect(),
    }))
}

/// The word for a fate, and whether it is one to look at twice.
fn word(fate: &Fate) -> (&'static str, anstyle::Style) {
    match fate {
        Fate::Created => ("created", GOOD),
        Fate::Altered => ("altered", ODD),
        Fate::Renamed { .. } => ("renamed", ODD),
        Fate::Dropped => ("dropped", BAD),
        Fate::Uncertain => ("uncertain", ODD),
    }
}

fn called(change: &Change) -> String {
    match &change.fate {
        Fate::Renamed { from } => format!("{} `{from}`, now `{}`", change.kind, change.name),
        _ => format!("{} `{}`", change.kind, change.name),
    }
}

/// Text in a table of Markdown, whose columns are cut at bars.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn diff(change: &Change) -> String {
    unified(change.before.as_deref(), change.after.as_deref(), ("before", "after"))
}

impl Report {
    fn human(&self) -> String {
        if self.files.is_empty() {
            return format!("{}  nothing is pending\n", styled(GOOD, "up to date"));
        }
        let mut text = format!("{}\n", styled(STRONG, count(self.files.len(), "pending migration")));
        for file in &self.files {
            text += &format!("  {file}\n");
        }
        for change in &self.changes {
            let (word, style) = word(&change.fate);
            text += &format!("{}  {}\n{}", styled(style, word), called(change), coloured(&diff(change)));
        }
        if self.changes.is_empty() {
            text += &format!("{}\n", styled(DIM, "no object of the schema changes"));
        }
        for ((verb, table), number) in &self.rows {
            text += &format!("{}  {verb} `{table}`: {}\n", styled(ODD, "rows"), count(*number, "statement"));
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", count(self.files.len(), "pending migration"));
        for file in &self.files {
            text += &format!("- `{file}`\n");
        }
        if !self.changes.is_empty() {
            text += "\n| change | object |\n| --- | --- |\n";
        }
        for change in &self.changes {
            text += &format!("| {} | {} |\n", word(&change.fate).0, cell(&called(change)));
        }
        if !self.rows.is_empty() {
            text += "\n| statements | table | number |\n| --- | --- | --- |\n";
        }
        for ((verb, table), number) in &self.rows {
            text += &format!("| {verb} | `{}` | {number} |\n", cell(table));
        }
        for change in &self.changes {
            // A body may hold fences of its own, and a summary is HTML.
            let diff = diff(change).replace("```", "` ` `");
            let title = called(change).replace('`', "").replace('&', "&amp;").replace('<', "&lt;");
            text += &format!(
                "\n<details><summary>{} {title}</summary>\n\n```diff\n{diff}```\n\n</details>\n",
                word(&change.fate).0
            );
        }
        text
    }

    fn details(&self, outcome: &mut Outcome) {
        let changes = self.changes.iter().map(|change| {
            let from = match &change.fate {
                Fate::Renamed { from } => Some(from),
                _ => None,
            };
            json!({
                "kind": change.kind.noun(),
                "name": change.name,
                "change": word(&change.fate).0,
                "from": from,
                "before": change.before,
                "after": change.after,
                "diff": diff(change),
            })
        });
        let rows = self
            .rows
            .iter()
            .map(|((verb, table), number)| json!({ "verb": verb, "table": table, "statements": number }));
        outcome.details.insert("pending".to_owned(), json!(self.files));
        outcome.details.insert("changes".to_owned(), changes.collect());
        outcome.details.insert("rows".to_owned(), rows.collect());
    }
}
