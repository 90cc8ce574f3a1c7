//! `infra baseline verify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrate_core::location::Location;
use migrate_core::{Migration, MigrationKind};
use schema_baseline::Finding;
use schema_baseline::ast::ObjectKind;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::dialect::Dialect;
use schema_baseline::load::Schema;
use schema_baseline::place::{Place, Source};
use schema_baseline::replay::{expanded, replay_scripts};
use schema_baseline::show::create;
use schema_baseline::verify::{Difference, Sides, differences};
use serde_json::{Value, json};

use super::engine;
use crate::args::BaselineVerify;
use crate::commands::migrate::diff::{coloured, unified};
use crate::commands::migrate::files;
use crate::failure::{Failure, Problem};
use crate::finding::severity;
use crate::outcome::Outcome;
use crate::schema::{self, BASELINE};
use crate::tree::{Tree, read_if_present, tidy};
use crate::ui::{BAD, GOOD, ODD, Ui, count, styled};

/// The files of the three sides.
pub(super) struct Files {
    directory: PathBuf,
    locations: Option<PathBuf>,
    baseline: PathBuf,
    tree: Option<Tree>,
}

/// What the files of the three sides give in memory.
pub(super) struct Read {
    pub(super) schema: Schema,
    pub(super) migrations: Vec<Migration>,
    /// The migrations' texts in the order in which they run; none when there are no migrations to hold the directory against.
    pub(super) scripts: Option<Vec<Arc<Source>>>,
    pub(super) replayed: Option<Catalogue>,
    pub(super) baseline: Option<(Arc<Source>, Catalogue)>,
    /// Whether something is so wrong with a side that a comparison would only show its consequences.
    pub(super) broken: bool,
}

/// Holds the schema directory against the migrations and against the baseline, object by object.
pub(crate) fn run(arguments: &BaselineVerify, root: Option<&Path>, ui: &Ui) -> Result<Outcome, Failure> {
    let files = Files::of(arguments, root)?;
    let mut outcome = Outcome::default();
    if arguments.engine != "memory" {
        return engine::verify(arguments, &files, root, ui);
    }
    let read = files.read(arguments.dialect, &mut outcome)?;
    if read.broken {
        return Ok(outcome);
    }
    let mut report = Report::new("memory".to_owned());
    let sides = [
        (read.replayed.as_ref(), Sides::DIRECTORY_AND_MIGRATIONS),
        (read.baseline.as_ref().map(|(_, catalogue)| catalogue), Sides::DIRECTORY_AND_BASELINE),
    ];
    for (other, sides) in sides {
        let Some(other) = other else { continue };
        report.compared(sides);
        match differences(&read.schema.catalogue, other, sides) {
            Err(finding) => {
                report.not_checked.push("the schema".to_owned());
                outcome.extend([*finding]);
            }
            Ok(found) => {
                for difference in found {
                    let text = |catalogue| create(catalogue, difference.kind, &difference.name);
                    let texts = (text(&read.schema.catalogue), text(other));
                    report.add(difference, (&read.schema.catalogue, other), texts, sides, &mut outcome);
                }
            }
        }
    }
    report.finish(read.schema.objects.len(), &mut outcome);
    Ok(outcome)
}

impl Files {
    fn of(arguments: &BaselineVerify, root: Option<&Path>) -> Result<Self, Failure> {
        // A directory of one's own needs no tree, and has migrations beside it or none.
        let tree = match &arguments.schema_dir {
            Some(_) => None,
            None => Some(Tree::open(root)?),
        };
        let of_tree = |path: fn(&Tree) -> &PathBuf| tree.as_ref().map(|tree| tree.path(path(tree)));
        let directory =
            arguments.schema_dir.clone().or_else(|| of_tree(|tree| &tree.configuration.paths.schema));
        let directory = directory.unwrap_or_default();
        let named = arguments.locations.clone();
        let locations = named.or_else(|| of_tree(|tree| &tree.configuration.paths.migrations));
        let beside = Some(directory.join("../migrations")).filter(|path| path.is_dir());
        let baseline = arguments.file.clone().unwrap_or_else(|| directory.join(BASELINE));
        Ok(Self { directory, locations: locations.or(beside), baseline, tree })
    }

    /// Reads all of them; what is wrong with them is in the outcome.
    pub(super) fn read(&self, dialect: Dialect, outcome: &mut Outcome) -> Result<Read, Failure> {
        if !self.directory.is_dir() {
            return Err(Failure::read(&self.directory, std::io::ErrorKind::NotFound.into()));
        }
        let (schema, findings) = schema::read(&self.directory, &self.directory, dialect)?;
        outcome.extend(findings);
        let values =
            self.tree.as_ref().map(|tree| tree.configuration.placeholders.clone()).unwrap_or_default();
        let placeholders = files::offline_placeholders(&values)?;
        let mut migrations = Vec::new();
        let mut scripts = None;
        if let Some(directory) = &self.locations {
            if !directory.is_dir() {
                return Err(Problem::Missing { path: directory.clone() }.into());
            }
            let location = Location::from(tidy(directory));
            let (found, findings) = files::load(&[location], None, &placeholders)?;
            outcome.extend(findings);
            let of_kind = |kind| found.iter().filter(move |migration| migration.kind == kind);
            let order = of_kind(MigrationKind::Versioned).chain(of_kind(MigrationKind::Repeatable));
            scripts = Some(order.map(|migration| expanded(migration, &placeholders)).collect::<Vec<_>>());
            migrations = found;
        }
        let replayed = scripts.as_ref().map(|scripts| {
            let (catalogue, findings) = replay_scripts(scripts.iter().cloned(), dialect);
            outcome.extend(findings);
            catalogue
        });
        let shown = tidy(&self.baseline).display().to_string();
        let baseline = match read_if_present(&self.baseline)? {
            None => {
                outcome.extend([Finding::MissingBaseline { path: shown }]);
                None
            }
            Some(bytes) => {
                let text =
                    String::from_utf8(bytes).map_err(|error| Failure::not_utf8(&self.baseline, &error))?;
                let source = Arc::new(Source::new(shown, text.into()));
                let (catalogue, findings) = replay_scripts([Arc::clone(&source)], dialect);
                outcome.extend(findings);
                Some((source, catalogue))
            }
        };
        let is_error = |finding: &&crate::finding::BoxedFinding| {
            let code = finding.code().map(|code| code.to_string()).unwrap_or_default();
            severity(finding.as_ref()) == miette::Severity::Error && code != "schema/missing-baseline"
        };
        let broken = outcome.findings.iter().find(is_error).is_some();
        Ok(Read { schema, migrations, scripts, replayed, baseline, broken })
    }
}

/// The differences as people and programs read them.
pub(super) struct Report {
    engine: String,
    pairs: Vec<(&'static str, &'static str)>,
    differences: Vec<Value>,
    text: String,
    pub(super) not_checked: Vec<String>,
}

impl Report {
    pub(super) fn new(engine: String) -> Self {
        let (pairs, differences, not_checked) = (Vec::new(), Vec::new(), Vec::new());
        Self { engine, pairs, differences, text: String::new(), not_checked }
    }

    /// Notes that two sides were held against each other.
    pub(super) fn compared(&mut self, sides: Sides) {
        self.pairs.push((sides.left, sides.right));
    }

    /// Adds an object that is not the same on both sides, with the text that each has for it.
    pub(super) fn add(
        &mut self,
        difference: Difference,
        (left, right): (&Catalogue, &Catalogue),
        (before, after): (Option<String>, Option<String>),
        sides: Sides,
        outcome: &mut Outcome,
    ) {
        let Difference { kind, name, findings } = difference;
        let object = format!("{kind} `{name}`");
        let unknown = |finding: &Finding| matches!(finding, Finding::NotChecked { .. });
        if findings.iter().any(unknown) && !self.not_checked.contains(&object) {
            self.not_checked.push(object.clone());
        }
        if !findings.iter().all(unknown) {
            let places = (left.place_of(kind, &name), right.place_of(kind, &name));
            self.show(kind, &name, places, (before.as_deref(), after.as_deref()), sides);
        }
        outcome.extend(findings);
    }

    fn show(
        &mut self,
        kind: ObjectKind,
        name: &str,
        (left, right): (Option<&Place>, Option<&Place>),
        (before, after): (Option<&str>, Option<&str>),
        sides: Sides,
    ) {
        let word = match (left, right) {
            (Some(_), None) => "only in",
            (None, Some(_)) => "missing in",
            _ => "differs",
        };
        let at = |place: Option<&Place>| {
            place.map_or("nowhere".to_owned(), |place| format!("{}:{}", place.file(), place.line()))
        };
        let diff = unified(before, after, (sides.left, sides.right));
        let side = if word == "differs" { String::new() } else { format!(" {}", sides.left) };
        self.text += &format!(
            "{}  {kind} `{name}`\n    - {}: {}\n    + {}: {}\n{}",
            styled(BAD, format!("{word}{side}")),
            sides.left,
            at(left),
            sides.right,
            at(right),
            coloured(&diff)
        );
        let place = |side: &str, place: Option<&Place>| json!({"side": side, "file": place.map(Place::file), "line": place.map(Place::line)});
        self.differences.push(json!({
            "kind": kind.noun(),
            "name": name,
            "left": place(sides.left, left),
            "right": place(sides.right, right),
            "diff": diff,
        }));
    }

    /// Puts everything where it is printed.
    pub(super) fn finish(self, objects: usize, outcome: &mut Outcome) {
        let compared: Vec<&str> = self
            .pairs
            .first()
            .map(|(left, _)| *left)
            .into_iter()
            .chain(self.pairs.iter().map(|(_, right)| *right))
            .collect();
        let head = match self.differences.len() {
            0 if self.not_checked.is_empty() => styled(GOOD, "one schema"),
            0 => styled(ODD, "no difference found"),
            number => styled(BAD, count(number, "difference")),
        };
        let objects_text = count(objects, "object");
        outcome.summary =
            format!("{}{head}  {objects_text} in {} ({})\n", self.text, compared.join(", "), self.engine);
        if !self.not_checked.is_empty() {
            outcome.summary += &format!("{}  {}\n", styled(ODD, "not checked"), self.not_checked.join(", "));
        }
        outcome.details.insert("engine".to_owned(), json!(self.engine));
        outcome.details.insert("objects".to_owned(), json!(objects));
        outcome.details.insert("sides".to_owned(), json!(compared));
        outcome.details.insert("differences".to_owned(), Value::Array(self.differences));
        outcome.details.insert("not_checked".to_owned(), json!(self.not_checked));
    }
}
