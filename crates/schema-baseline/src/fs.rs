//! Reads the schema directory: the only place of this crate that touches files.

use std::fs;
use std::path::Path;

use crate::ast::ObjectKind;
use crate::error::Error;
use crate::finding::Finding;
use crate::load::SchemaFile;

/// Reads the `.sql` files of a schema directory's folders. `shown` is the directory as the user should see it. A
/// directory that does not exist is a finding; folders for kinds of objects that the schema lacks need not exist.
///
/// # Errors
/// When something that exists cannot be read.
pub fn read_schema(directory: &Path, shown: &str) -> Result<(Vec<SchemaFile>, Vec<Finding>), Error> {
    let mut files = Vec::new();
    if !directory.is_dir() {
        return Ok((files, vec![Finding::MissingDirectory { path: shown.to_owned() }]));
    }
    let mut folders = 0;
    for kind in ObjectKind::ALL {
        let folder = directory.join(kind.folder());
        if folder.is_dir() {
            folders += 1;
            read_folder(&folder, kind.folder(), shown, &mut files)?;
        }
    }
    if folders == 0 {
        let path = format!("{shown}/{}", ObjectKind::Table.folder());
        return Ok((files, vec![Finding::MissingDirectory { path }]));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, Vec::new()))
}

fn read_folder(folder: &Path, name: &str, shown: &str, files: &mut Vec<SchemaFile>) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::Read { path: path.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(|source| failed(folder, source))? {
        let entry = entry.map_err(|source| failed(folder, source))?;
        let path = entry.path();
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if file_name.starts_with('.')
            || path.extension().is_none_or(|extension| extension != "sql")
            || !path.is_file()
        {
            continue;
        }
        let bytes = fs::read(&path).map_err(|source| failed(&path, source))?;
        files.push(SchemaFile {
            path: format!("{name}/{file_name}"),
            shown: format!("{shown}/{name}/{file_name}"),
            bytes,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_folders_and_passes_over_everything_else() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("tables")).unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        for file in ["tables/b.sql", "tables/a.sql", "tables/notes.md", "other/c.sql", "baseline.sql"] {
            fs::write(root.path().join(file), file).unwrap();
        }
        let (files, findings) = read_schema(root.path(), "schema").unwrap();
        assert!(findings.is_empty());
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["tables/a.sql", "tables/b.sql"]);
        assert_eq!(files[0].shown, "schema/tables/a.sql");
        assert_eq!(files[0].bytes, b"tables/a.sql");
    }

    #[test]
    fn a_missing_directory_is_a_finding() {
        let root = tempfile::tempdir().unwrap();
        let (files, findings) = read_schema(&root.path().join("none"), "none").unwrap();
        assert!(files.is_empty());
        assert!(matches!(findings.as_slice(), [Finding::MissingDirectory { path }] if path == "none"));
        let (_, findings) = read_schema(root.path(), "schema").unwrap();
        assert!(
            matches!(findings.as_slice(), [Finding::MissingDirectory { path }] if path == "schema/tables")
        );
    }
}
