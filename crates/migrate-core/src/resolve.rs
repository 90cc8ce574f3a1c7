//! From the files of a location to the migrations in them, in the order in which they run.

mod streamed;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use miette::SourceSpan;

use crate::checksum;
use crate::encoding::Encoding;
use crate::finding::{Finding, Source};
use crate::migration::{Migration, MigrationKind};
use crate::naming::{Naming, PROGRAM_SUFFIXES, ParsedName, strip_suffix_ignoring_case};
use crate::placeholder::Placeholders;
use crate::settings::ScriptSettings;

pub(crate) use streamed::StreamedFile;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file of a location, read.
#[derive(Debug, Clone)]
pub struct LocationFile {
    /// Path relative to the location, with `/`.
    pub script: String,
    /// The path as the user should see it.
    pub path: String,
    /// The whole content.
    pub bytes: Vec<u8>,
}

/// How files are told apart and read.
#[derive(Debug, Clone, Default)]
pub struct ResolveOptions {
    /// Prefixes, separator and suffixes.
    pub naming: Naming,
    /// Whether a migration suffix without a migration's name is an error instead of a warning.
    pub validate_naming: bool,
    /// How bytes become text, where a script does not say it itself.
    pub encoding: Encoding,
    /// Whether each file's encoding is guessed instead.
    pub detect_encoding: bool,
    /// What stands for `${…}` in the settings of scripts.
    pub placeholders: Placeholders,
    /// Of how many bytes on the text of a versioned, baseline or undo script is not held but read whenever it is needed; `None`:
    /// all are held. Only what applies, undoes, compares and lists migrations can do without the text; to everything else it is
    /// [`Finding::NotHeld`].
    pub stream_from: Option<u64>,
}

/// [`resolve_with`] Flyway's default names, where a wrong name is a warning.
pub fn resolve(files: Vec<LocationFile>) -> (Vec<Migration>, Vec<Finding>) {
    resolve_with(files, &ResolveOptions::default())
}

/// Reads names and texts. Files that are no migrations at all are passed over in silence.
///
/// The migrations come sorted: versioned and baseline ones by version, repeatable ones by description, undo ones by
/// version, callbacks by event and description. The findings come in the order of the files, duplicates last.
pub fn resolve_with(files: Vec<LocationFile>, options: &ResolveOptions) -> (Vec<Migration>, Vec<Finding>) {
    let mut resolver = Resolver::new(options);
    resolver.read(files);
    resolver.end()
}

/// Takes files in, and orders what they hold at the end.
pub(crate) struct Resolver<'o> {
    options: &'o ResolveOptions,
    settings: Settings,
    migrations: Vec<Migration>,
    findings: Vec<Finding>,
}

/// What a file's name says, and the file beside it.
struct Named {
    name: ParsedName,
    settings: ScriptSettings,
}

impl<'o> Resolver<'o> {
    pub(crate) fn new(options: &'o ResolveOptions) -> Self {
        Self { options, settings: Settings::default(), migrations: Vec::new(), findings: Vec::new() }
    }

    /// Takes files in that are held, with the settings of all.
    pub(crate) fn read(&mut self, files: Vec<LocationFile>) {
        let naming = &self.options.naming;
        let (beside, scripts): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| configured_script(file, naming).is_some());
        for file in &beside {
            self.settings.read(file, self.options, &mut self.findings);
        }
        for file in scripts {
            self.read_script(file);
        }
    }

    /// The migrations in order, and everything that is wrong.
    pub(crate) fn end(self) -> (Vec<Migration>, Vec<Finding>) {
        let Self { settings, mut migrations, mut findings, .. } = self;
        findings.extend(settings.0.into_values().map(|(_, src)| Finding::OrphanSettings {
            path: src.name().to_owned(),
            src,
            span: (0..0).into(),
        }));
        migrations.sort_by(|a, b| order(a, b).then_with(|| a.script.cmp(&b.script)));
        for pair in migrations.windows(2) {
            if pair[0].kind == pair[1].kind && order(&pair[0], &pair[1]).is_eq() {
                findings.push(duplicate(&pair[0], &pair[1]));
            }
        }
        (migrations, findings)
    }

    /// What a file is by its name, if it is a migration.
    fn name(&mut self, file: &LocationFile) -> Option<Named> {
        let naming = &self.options.naming;
        let file_name = file_name(&file.script);
        let Some(stem) = naming.strip_suffix(file_name) else {
            self.findings.extend(refuse_program(file, file_name, naming));
            return None;
        };
        let settings = self.settings.0.remove(&file.path).map(|(settings, _)| settings).unwrap_or_default();
        match naming.parse(stem) {
            Ok(name) => Some(Named { name, settings }),
            Err(reason) => {
                let span = SourceSpan::from(0..0);
                let (path, suggestion, src) = (file.path.clone(), naming.suggest(stem), lossy_source(file));
                self.findings.push(if self.options.validate_naming {
                    Finding::BadName { path, reason, suggestion, src, span }
                } else {
                    Finding::SkippedName { path, reason, suggestion, src, span }
                });
                None
            }
        }
    }

    fn read_script(&mut self, file: LocationFile) {
        let Some(Named { name, settings }) = self.name(&file) else { return };
        let options = self.options;
        let guess = || if options.detect_encoding { Encoding::detect(&file.bytes) } else { options.encoding };
        let encoding = settings.encoding.unwrap_or_else(guess);
        let decoded = match encoding.decode(&file.bytes) {
            Ok(text) => text,
            Err(offset) => {
                self.findings.push(bad_encoding(&file, encoding, offset));
                return;
            }
        };
        let text = decoded.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&decoded);
        let source = Source::new(&file.path, Arc::from(text));
        self.remark(&file.script, &source, text.len() < decoded.len(), text.trim_ascii().is_empty());
        self.migrations.push(Migration {
            kind: name.kind,
            version: name.version,
            description: name.description,
            script: file.script,
            checksum: checksum::of_text(text),
            source,
            streamed: None,
            replaced_checksum: None,
            settings,
        });
    }

    /// What is odd about a file, although it can be read.
    fn remark(&mut self, script: &str, src: &Source, has_mark: bool, is_blank: bool) {
        let (path, span) = (|| src.name().to_owned(), SourceSpan::from(0..0));
        let name = file_name(script);
        if !self.options.naming.suffixes.iter().any(|suffix| name.ends_with(suffix.as_str())) {
            self.findings.push(Finding::SuffixCase { path: path(), src: src.clone(), span });
        }
        if has_mark {
            self.findings.push(Finding::ByteOrderMark { path: path(), src: src.clone(), span });
        }
        if is_blank {
            self.findings.push(Finding::EmptyFile { path: path(), src: src.clone(), span });
        }
    }
}

fn file_name(script: &str) -> &str {
    script.rsplit('/').next().unwrap_or(script)
}

/// The settings of scripts that were not met yet, by the script's path.
#[derive(Default)]
struct Settings(BTreeMap<String, (ScriptSettings, Source)>);

impl Settings {
    fn read(&mut self, file: &LocationFile, options: &ResolveOptions, findings: &mut Vec<Finding>) {
        let src = lossy_source(file);
        let (settings, problems) = ScriptSettings::parse(&src, &options.placeholders);
        findings.extend(problems);
        let script = strip_suffix_ignoring_case(&file.path, ".conf").unwrap_or(&file.path);
        self.0.insert(script.to_owned(), (settings, src));
    }
}

/// The script that a file holds the settings of.
fn configured_script<'a>(file: &'a LocationFile, naming: &Naming) -> Option<&'a str> {
    strip_suffix_ignoring_case(&file.script, ".conf").filter(|script| naming.strip_suffix(script).is_some())
}

/// Files that Flyway would execute although they are no SQL must not be passed over in silence.
fn refuse_program(file: &LocationFile, file_name: &str, naming: &Naming) -> Option<Finding> {
    let program = PROGRAM_SUFFIXES.iter().find_map(|suffix| strip_suffix_ignoring_case(file_name, suffix));
    program.is_some_and(|stem| naming.parse(stem).is_ok()).then(|| Finding::Program {
        path: file.path.clone(),
        src: lossy_source(file),
        span: (0..0).into(),
    })
}

fn lossy_source(file: &LocationFile) -> Source {
    Source::new(&file.path, Arc::from(String::from_utf8_lossy(&file.bytes)))
}

fn bad_encoding(file: &LocationFile, encoding: Encoding, offset: usize) -> Finding {
    let line = file.bytes[..offset].split(|byte| *byte == b'\n').count();
    let (path, src) = (file.path.clone(), lossy_source(file));
    let span = SourceSpan::from((offset, '\u{fffd}'.len_utf8()));
    Finding::BadEncoding { path, encoding, line, offset, src, span }
}

/// Flyway's order, extended to the kinds that it keeps apart.
fn order(a: &Migration, b: &Migration) -> Ordering {
    let group = |migration: &Migration| match migration.kind {
        MigrationKind::Versioned | MigrationKind::Baseline => 0,
        MigrationKind::Repeatable => 1,
        MigrationKind::Undo => 2,
        MigrationKind::Callback(_) => 3,
    };
    let event = |migration: &Migration| match migration.kind {
        MigrationKind::Callback(event) => Some(event),
        _ => None,
    };
    group(a)
        .cmp(&group(b))
        .then_with(|| a.version.cmp(&b.version))
        .then_with(|| (a.kind == MigrationKind::Baseline).cmp(&(b.kind == MigrationKind::Baseline)))
        .then_with(|| event(a).cmp(&event(b)))
        .then_with(|| match a.version {
            Some(_) => Ordering::Equal,
            None => a.description.encode_utf16().cmp(b.description.encode_utf16()),
        })
}

fn duplicate(first: &Migration, second: &Migration) -> Finding {
    let span = SourceSpan::from(0..0);
    let place = Finding::DuplicatePlace { path: first.path().to_owned(), src: first.source.clone(), span };
    let (first_path, second_path) = (first.path().to_owned(), second.path().to_owned());
    let (src, others) = (second.source.clone(), vec![place]);
    let kind = match second.kind {
        MigrationKind::Versioned => "versioned",
        MigrationKind::Baseline => "baseline",
        MigrationKind::Undo => "undo",
        MigrationKind::Repeatable => "repeatable migration",
        MigrationKind::Callback(_) => "callback",
    };
    match &first.version {
        Some(version) => Finding::DuplicateVersion {
            kind,
            version: version.to_string(),
            first: first_path,
            second: second_path,
            src,
            span,
            others,
        },
        None => Finding::DuplicateRepeatable {
            kind,
            description: match second.kind {
                MigrationKind::Callback(event) if second.description.is_empty() => event.to_owned(),
                _ => second.description.clone(),
            },
            first: first_path,
            second: second_path,
            src,
            span,
            others,
        },
    }
}

#[cfg(test)]
mod tests;
