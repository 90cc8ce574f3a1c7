//! Reads the files of a location: the only place of this crate that touches the file system.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::finding::Finding;
use crate::migration::Migration;
use crate::naming::Naming;
use crate::resolve::{LocationFile, ResolveOptions, resolve_with};

/// Larger files are a finding: scripts are held in memory.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Deeper directories are an error: they are a loop of symbolic links.
pub const MAX_DEPTH: usize = 32;

/// Reads a location and resolves it. `shown` is the path of the location as the user should see it.
///
/// # Errors
/// When the location or something in it cannot be read.
pub fn load(
    location: &Path,
    shown: &str,
    options: &ResolveOptions,
) -> Result<(Vec<Migration>, Vec<Finding>), Error> {
    let (files, mut findings) = read_location(location, shown, &options.naming)?;
    let (migrations, resolved) = resolve_with(files, options);
    findings.extend(resolved);
    Ok((migrations, findings))
}

/// Reads all files below a directory that may be migrations, sorted by path.
///
/// As in Flyway, directories whose name begins with a dot are skipped and symbolic links followed, which is what
/// makes the layout of a mounted ConfigMap work: its files are links into `..data`.
///
/// # Errors
/// When the location does not exist or something in it cannot be read.
pub fn read_location(
    location: &Path,
    shown: &str,
    naming: &Naming,
) -> Result<(Vec<LocationFile>, Vec<Finding>), Error> {
    if !location.is_dir() {
        return Err(Error::MissingLocation { path: location.to_owned() });
    }
    let mut reader = Reader { shown, naming, files: Vec::new(), findings: Vec::new() };
    reader.directory(location, "", 0)?;
    reader.files.sort_by(|a, b| a.script.cmp(&b.script));
    Ok((reader.files, reader.findings))
}

struct Reader<'a> {
    shown: &'a str,
    naming: &'a Naming,
    files: Vec<LocationFile>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn directory(&mut self, directory: &Path, relative: &str, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep { path: directory.to_owned(), limit: MAX_DEPTH });
        }
        for entry in fs::read_dir(directory).map_err(|source| Error::io(directory, source))? {
            let entry = entry.map_err(|source| Error::io(directory, source))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let script = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            let kind = fs::metadata(&path).map_err(|source| Error::io(&path, source))?;
            if kind.is_dir() {
                if !name.starts_with('.') {
                    self.directory(&path, &script, depth + 1)?;
                }
            } else if self.naming.is_of_interest(&name) {
                self.file(&path, script, kind.len())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, script: String, size: u64) -> Result<(), Error> {
        let shown = match self.shown.trim_end_matches('/') {
            "" => script.clone(),
            location => format!("{location}/{script}"),
        };
        if let Some(bytes) = content(path, &shown, size, &mut self.findings)? {
            self.files.push(LocationFile { script, path: shown, bytes });
        }
        Ok(())
    }
}

/// As [`read_location`], of one file, whatever its name.
///
/// # Errors
/// When it does not exist, is a directory or cannot be read.
pub fn read_file(path: &Path, shown: &str) -> Result<(Option<LocationFile>, Vec<Finding>), Error> {
    let size = fs::metadata(path).map_err(|source| Error::io(path, source))?.len();
    let script = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut findings = Vec::new();
    let bytes = content(path, shown, size, &mut findings)?;
    Ok((bytes.map(|bytes| LocationFile { script, path: shown.to_owned(), bytes }), findings))
}

/// What a file holds, unless that is too much.
fn content(
    path: &Path,
    shown: &str,
    size: u64,
    findings: &mut Vec<Finding>,
) -> Result<Option<Vec<u8>>, Error> {
    let too_large = |size| Finding::TooLarge { path: shown.to_owned(), size, limit: MAX_FILE_BYTES };
    if size > MAX_FILE_BYTES {
        findings.push(too_large(size));
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| Error::io(path, source))?;
    // A device or pipe does not say how much it holds.
    if bytes.len() as u64 > MAX_FILE_BYTES {
        findings.push(too_large(bytes.len() as u64));
        return Ok(None);
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "SELECT 1;").unwrap();
    }

    fn scripts(root: &Path, shown: &str) -> Vec<(String, String)> {
        let (files, findings) = read_location(root, shown, &Naming::default()).unwrap();
        assert!(findings.is_empty());
        files.into_iter().map(|file| (file.script, file.path)).collect()
    }

    #[test]
    fn files_come_sorted_with_both_paths() {
        let root = tempfile::tempdir().unwrap();
        for path in ["b/V2__x.sql", "V1__x.sql", "README.md", ".git/V3__x.sql", ".hidden.sql"] {
            write(root.path(), path);
        }
        let expected = [
            (".hidden.sql", "m/.hidden.sql"),
            ("V1__x.sql", "m/V1__x.sql"),
            ("b/V2__x.sql", "m/b/V2__x.sql"),
        ];
        assert_eq!(scripts(root.path(), "m/"), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn one_file_is_read_by_its_path() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "b/V2__x.sql");
        let (file, findings) = read_file(&root.path().join("b/V2__x.sql"), "b/V2__x.sql").unwrap();
        assert!(findings.is_empty());
        let file = file.unwrap();
        assert_eq!((file.script.as_str(), file.path.as_str()), ("V2__x.sql", "b/V2__x.sql"));
        assert_eq!(file.bytes, b"SELECT 1;");
        for wrong in ["b", "b/V3__x.sql"] {
            let error = read_file(&root.path().join(wrong), wrong).unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_mounted_config_map_is_read_once() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "..2026_11_23/V1__x.sql");
        symlink("..2026_11_23", root.path().join("..data")).unwrap();
        symlink("..data/V1__x.sql", root.path().join("V1__x.sql")).unwrap();
        assert_eq!(scripts(root.path(), ""), [("V1__x.sql".to_owned(), "V1__x.sql".to_owned())]);
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_and_a_broken_link_are_errors_with_the_path() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        symlink(".", root.path().join("again")).unwrap();
        let error = read_location(root.path(), "", &Naming::default()).unwrap_err();
        assert!(error.to_string().contains("again"), "{error}");
        let root = tempfile::tempdir().unwrap();
        symlink("nowhere", root.path().join("V1__x.sql")).unwrap();
        let error = read_location(root.path(), "", &Naming::default()).unwrap_err();
        assert!(error.to_string().contains("V1__x.sql"), "{error}");
    }

    #[test]
    fn a_missing_location_is_named() {
        let error = load(Path::new("/nowhere/at/all"), "", &ResolveOptions::default()).unwrap_err();
        assert!(
            matches!(&error, Error::MissingLocation { .. }) && error.to_string().contains("/nowhere/at/all")
        );
    }
}
