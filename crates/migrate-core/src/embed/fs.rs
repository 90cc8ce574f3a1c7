//! Lists a directory for a build script.

use std::fs;
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use super::source;
use crate::error::Error;
use crate::finding::Finding;
use crate::fs::{Missing, read_locations};
use crate::location::Location;
use crate::naming::Naming;

/// Writes Rust source with a constant `MIGRATIONS` of every file that [`read_locations`] finds in a directory, names sorted. The
/// contents are included by path, so that the compiler sees when one changes; that files come and go, cargo sees if the build
/// script prints `cargo:rerun-if-changed=DIRECTORY`.
///
/// # Errors
/// When the directory does not exist, something in it cannot be read or has a path that is not UTF-8, or the file cannot be
/// written.
pub fn generate(directory: &Path, out_file: &Path) -> Result<(), Error> {
    let directory = std::path::absolute(directory).map_err(|source| Error::io(directory, source))?;
    let location = Location::from(directory.clone());
    let (files, findings) = read_locations(&[location], None, &Naming::default(), Missing::Fail)?;
    if findings.iter().any(Finding::is_error) {
        return Err(Error::Invalid { findings });
    }
    let mut paths = Vec::new();
    for file in &files {
        let path = directory.join(&file.script);
        // A name that is not UTF-8 was read, but is not what it is called.
        let path = path.to_str().filter(|path| Path::new(path).exists()).map(str::to_owned);
        paths.push(path.ok_or_else(|| {
            Error::io(Path::new(&file.path), IoError::new(ErrorKind::InvalidInput, "its path is not UTF-8"))
        })?);
    }
    let pairs: Vec<_> =
        files.iter().zip(&paths).map(|(file, path)| (file.script.as_str(), path.as_str())).collect();
    write(out_file, &source(&pairs)).map_err(|source| Error::Write { path: out_file.to_owned(), source })
}

/// Whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), IoError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::files;
    use crate::fs::load;
    use crate::resolve::{ResolveOptions, resolve};
    use std::process::Command;

    /// Names that a string literal cannot hold as they are, a byte order mark, and line ends that are not Unix's.
    const FILES: [(&str, &[u8]); 4] = [
        ("R__a \"quoted\" \\ na\u{308}me.sql", b"SELECT 1;\n"),
        ("V1__first.sql", "\u{feff}SELECT 'é';\r\n".as_bytes()),
        ("V1__first.sql.conf", b"executeInTransaction=false\n"),
        ("below/V2__second.sql", b"SELECT 2;\r"),
    ];

    fn directory() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("m/below")).unwrap();
        for (name, content) in FILES {
            fs::write(root.path().join("m").join(name), content).unwrap();
        }
        fs::write(root.path().join("m/README.md"), "no migration").unwrap();
        root
    }

    /// The compiler is what must understand the source.
    const PROGRAM: &str = "include!(\"migrations.rs\"); fn main() { print!(\"{MIGRATIONS:?}\"); }";

    #[test]
    fn what_is_generated_compiles_and_holds_every_file() {
        let root = directory();
        generate(&root.path().join("m"), &root.path().join("migrations.rs")).unwrap();
        fs::write(root.path().join("main.rs"), PROGRAM).unwrap();
        let mut compiler = Command::new("rustc");
        compiler.args(["--edition", "2024", "main.rs", "-o", "program"]).current_dir(root.path());
        assert!(compiler.status().unwrap().success());
        let printed = Command::new(root.path().join("program")).output().unwrap().stdout;
        assert_eq!(String::from_utf8(printed).unwrap(), format!("{FILES:?}"));
    }

    #[test]
    fn embedded_migrations_are_those_that_are_read() {
        let root = directory();
        let options = ResolveOptions::default();
        let (read, _) = load(&["m".parse().unwrap()], Some(root.path()), &options).unwrap();
        let (embedded, _) = resolve(files(&FILES));
        assert_eq!(read.len(), 3);
        for (read, embedded) in read.iter().zip(&embedded) {
            assert_eq!(embedded.script, read.script);
            assert_eq!((embedded.checksum, &embedded.version), (read.checksum, &read.version));
            assert_eq!(embedded.settings, read.settings);
        }
        assert_eq!(embedded.len(), read.len());
    }

    #[test]
    fn what_cannot_be_read_or_written_is_named() {
        let root = directory();
        let error = generate(&root.path().join("n"), &root.path().join("out.rs")).unwrap_err();
        assert!(matches!(&error, Error::MissingLocation { path } if path.ends_with("n")), "{error}");
        let error = generate(&root.path().join("m"), &root.path().join("no/out.rs")).unwrap_err();
        assert!(matches!(&error, Error::Write { path, .. } if path.ends_with("no/out.rs")), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let root = directory();
        let name = std::ffi::OsStr::from_bytes(b"m/V3__\xff.sql");
        fs::write(root.path().join(name), "SELECT 3;").unwrap();
        let error = generate(&root.path().join("m"), &root.path().join("out.rs")).unwrap_err();
        assert!(error.to_string().contains("is not UTF-8"), "{error}");
        assert!(!root.path().join("out.rs").exists());
    }
}
