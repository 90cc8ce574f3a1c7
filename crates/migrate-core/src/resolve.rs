//! From the files of a location to the migrations in them, in the order in which they run.

use std::cmp::Ordering;
use std::sync::Arc;

use miette::SourceSpan;

use crate::checksum::{self, BYTE_ORDER_MARK};
use crate::finding::{Finding, Source};
use crate::migration::{Migration, MigrationKind};
use crate::naming::{Naming, PROGRAM_SUFFIXES, strip_suffix_ignoring_case};

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

/// How files are told apart.
#[derive(Debug, Clone, Default)]
pub struct ResolveOptions {
    /// Prefixes, separator and suffixes.
    pub naming: Naming,
    /// Whether a migration suffix without a migration's name is an error instead of a warning.
    pub validate_naming: bool,
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
    let mut findings = Vec::new();
    let mut migrations: Vec<Migration> =
        files.into_iter().filter_map(|file| read(file, options, &mut findings)).collect();
    migrations.sort_by(|a, b| order(a, b).then_with(|| a.script.cmp(&b.script)));
    for pair in migrations.windows(2) {
        if pair[0].kind == pair[1].kind && order(&pair[0], &pair[1]).is_eq() {
            findings.push(duplicate(&pair[0], &pair[1]));
        }
    }
    (migrations, findings)
}

fn read(file: LocationFile, options: &ResolveOptions, findings: &mut Vec<Finding>) -> Option<Migration> {
    let naming = &options.naming;
    let file_name = file.script.rsplit('/').next().unwrap_or(&file.script);
    let Some(stem) = naming.strip_suffix(file_name) else {
        findings.extend(refuse_other_file(&file, file_name, naming));
        return None;
    };
    let span = SourceSpan::from(0..0);
    let name = match naming.parse(stem) {
        Ok(name) => name,
        Err(reason) => {
            let (path, suggestion, src) = (file.path.clone(), naming.suggest(stem), lossy_source(&file));
            findings.push(if options.validate_naming {
                Finding::BadName { path, reason, suggestion, src, span }
            } else {
                Finding::SkippedName { path, reason, suggestion, src, span }
            });
            return None;
        }
    };
    let checksum = checksum::of_file(&file.bytes);
    let has_mark = file.bytes.starts_with(BYTE_ORDER_MARK);
    let text = match std::str::from_utf8(&file.bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            findings.push(not_utf8(&file, error.valid_up_to()));
            return None;
        }
    };
    let src = Source::new(&file.path, Arc::from(text));
    let path = || file.path.clone();
    if !naming.suffixes.iter().any(|suffix| file_name.ends_with(suffix.as_str())) {
        findings.push(Finding::SuffixCase { path: path(), src: src.clone(), span });
    }
    if has_mark {
        findings.push(Finding::ByteOrderMark { path: path(), src: src.clone(), span });
    }
    if text.trim_ascii().is_empty() {
        findings.push(Finding::EmptyFile { path: path(), src: src.clone(), span });
    }
    let (kind, version, description) = (name.kind, name.version, name.description);
    if let MigrationKind::Callback(event) = kind {
        findings.push(Finding::Callback { path: path(), event, src: src.clone(), span });
    }
    let script = file.script;
    Some(Migration { kind, version, description, script, source: src, checksum, replaced_checksum: None })
}

/// Files that Flyway would execute or obey although they are no SQL must not be passed over in silence.
fn refuse_other_file(file: &LocationFile, file_name: &str, naming: &Naming) -> Option<Finding> {
    let (path, span) = (file.path.clone(), SourceSpan::from(0..0));
    let program = PROGRAM_SUFFIXES.iter().find_map(|suffix| strip_suffix_ignoring_case(file_name, suffix));
    if program.is_some_and(|stem| naming.parse(stem).is_ok()) {
        return Some(Finding::Program { path, src: lossy_source(file), span });
    }
    let configured =
        strip_suffix_ignoring_case(file_name, ".conf").and_then(|script| naming.strip_suffix(script));
    configured.is_some().then(|| Finding::ScriptConfiguration { path, src: lossy_source(file), span })
}

fn lossy_source(file: &LocationFile) -> Source {
    Source::new(&file.path, Arc::from(String::from_utf8_lossy(&file.bytes)))
}

fn not_utf8(file: &LocationFile, offset: usize) -> Finding {
    let line = file.bytes[..offset].split(|byte| *byte == b'\n').count();
    let span = SourceSpan::from((offset, '\u{fffd}'.len_utf8()));
    Finding::NotUtf8 { path: file.path.clone(), line, offset, src: lossy_source(file), span }
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
