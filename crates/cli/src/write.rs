//! Writing files so that a reader sees the old bytes or the new ones, never half of them.

use std::io::Write as _;
use std::path::Path;

use crate::failure::Failure;

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
    fn a_missing_directory_is_named() {
        let failure = replace(Path::new("/nonexistent/x/baseline.sql"), b"").unwrap_err();
        assert!(failure.to_string().contains("/nonexistent/x/baseline.sql"), "{failure}");
    }
}
