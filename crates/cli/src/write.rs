//! Writing files so that a reader sees the old bytes or the new ones, never half of them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::failure::Failure;

/// How many files are written at once: a disk that is asked to keep many files at a time keeps them together.
const AT_ONCE: usize = 16;

/// Replaces `path` by `bytes`: a temporary file in the same directory, synced, then renamed.
///
/// # Errors
/// When the directory cannot be written, the disk is full or the rename fails; the old file is then untouched.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |source: std::io::Error| Failure::write(path, source);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".infra-")
        .suffix(".tmp")
        .permissions(permissions(path))
        .tempfile_in(directory)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Replaces many files, each as [`replace`] does.
///
/// # Errors
/// The failure of the first file, in the order given, that could not be written. Files around it may have been.
pub(crate) fn replace_all(files: &[(PathBuf, &[u8])]) -> Result<(), Failure> {
    let Some((first, _)) = files.first() else { return Ok(()) };
    // The disk is waited for, so that there are more of them than there are cores.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE.min(files.len())).build();
    let pool = pool.map_err(|error| Failure::write(first, std::io::Error::other(error)))?;
    let failure = || files.par_iter().find_map_first(|(path, bytes)| replace(path, bytes).err());
    pool.install(failure).map_or(Ok(()), Err)
}

/// Those of the file that is replaced, else what a new file usually has.
#[cfg(unix)]
fn permissions(path: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .map_or_else(|_| std::fs::Permissions::from_mode(0o644), |metadata| metadata.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_whole_file_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("baseline.sql");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn many_files_are_replaced_and_the_first_that_cannot_be_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = |number: usize| directory.path().join(format!("{number}.sql"));
        let texts: Vec<String> = (0..100).map(|number| format!("-- {number}\n")).collect();
        let files: Vec<(PathBuf, &[u8])> =
            texts.iter().enumerate().map(|(number, text)| (path(number), text.as_bytes())).collect();
        replace_all(&files).unwrap();
        for (number, text) in texts.iter().enumerate() {
            assert_eq!(&std::fs::read_to_string(path(number)).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 100);

        let failure =
            replace_all(&[(path(0), b"new"), (directory.path().join("gone/x.sql"), b"")]).unwrap_err();
        assert!(failure.to_string().contains("gone/x.sql"), "{failure}");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let failure = replace(Path::new("/nonexistent/x/baseline.sql"), b"").unwrap_err();
        assert!(failure.to_string().contains("/nonexistent/x/baseline.sql"), "{failure}");
    }
}
