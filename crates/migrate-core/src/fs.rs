//! Reads the files of locations: the only place of this crate, beside its like for build scripts, that touches the file system.

mod reader;
mod streamed;

use std::path::Path;

use crate::error::Error;
use crate::finding::Finding;
use crate::location::Location;
use crate::migration::Migration;
use crate::naming::Naming;
use crate::resolve::{LocationFile, ResolveOptions, Resolver, StreamedFile};
use reader::{ReadFile, Reader, read_whole, too_large};

/// Larger files are a finding where they would have to be held in memory.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// From this size on it pays not to hold a script: a value for [`ResolveOptions::stream_from`].
pub const STREAM_FROM: u64 = 4 * 1024 * 1024;

/// Deeper directories are an error: they are a loop of symbolic links.
pub const MAX_DEPTH: usize = 32;

/// Reads locations as [`read_locations`] does, each of which must exist, and resolves what they hold.
///
/// # Errors
/// When a location does not exist or something in it cannot be read.
pub fn load(
    locations: &[Location],
    root: Option<&Path>,
    options: &ResolveOptions,
) -> Result<(Vec<Migration>, Vec<Finding>), Error> {
    load_with(locations, root, options, Missing::Fail)
}

/// Reads locations as [`read_locations`] does and resolves what they hold.
///
/// # Errors
/// When a location that must exist does not, or something in one cannot be read.
pub fn load_with(
    locations: &[Location],
    root: Option<&Path>,
    options: &ResolveOptions,
    missing: Missing,
) -> Result<(Vec<Migration>, Vec<Finding>), Error> {
    // The whole of a text is needed to tell its encoding.
    let stream_from = options.stream_from.filter(|_| !options.detect_encoding);
    let (files, streamed, mut findings) = read_all(locations, root, &options.naming, missing, stream_from)?;
    let mut resolver = Resolver::new(options);
    resolver.read(files);
    for file in streamed {
        resolver.stream(file)?;
    }
    let (migrations, resolved) = resolver.end();
    findings.extend(resolved);
    Ok((migrations, findings))
}

/// What to do about a location that does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// [`Error::MissingLocation`].
    #[default]
    Fail,
    /// [`Finding::MissingLocation`], as Flyway does by default.
    Warn,
}

/// Reads all files that may be migrations, location by location and sorted by path in each. Relative locations lie below `root`,
/// but findings name them as they are given. One that lies within another is left out with a finding.
///
/// As in Flyway, directories whose name begins with a dot are skipped and symbolic links followed, which is what
/// makes the layout of a mounted ConfigMap work: its files are links into `..data`.
///
/// # Errors
/// When a location does not exist or something in it cannot be read.
pub fn read_locations(
    locations: &[Location],
    root: Option<&Path>,
    naming: &Naming,
    missing: Missing,
) -> Result<(Vec<LocationFile>, Vec<Finding>), Error> {
    let (files, _, findings) = read_all(locations, root, naming, missing, None)?;
    Ok((files, findings))
}

type Found = (Vec<LocationFile>, Vec<StreamedFile>, Vec<Finding>);

fn read_all(
    locations: &[Location],
    root: Option<&Path>,
    naming: &Naming,
    missing: Missing,
    stream_from: Option<u64>,
) -> Result<Found, Error> {
    let (mut files, mut streamed, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen: Vec<&Location> = Vec::new();
    let mut sorted: Vec<&Location> = locations.iter().collect();
    sorted.sort();
    for location in sorted {
        if seen.last() == Some(&location) {
            continue;
        }
        if let Some(outer) = seen.iter().find(|outer| location.is_within(outer)) {
            let (inner, outer) = (location.to_string(), outer.to_string());
            findings.push(Finding::NestedLocation { inner, outer });
            continue;
        }
        seen.push(location);
        let directory = root.map_or_else(|| location.root().to_owned(), |root| root.join(location.root()));
        if !directory.is_dir() {
            if missing == Missing::Warn {
                findings.push(Finding::MissingLocation { location: location.to_string() });
                continue;
            }
            return Err(Error::MissingLocation { path: directory });
        }
        for read in (Reader { location, naming, stream_from }).read(&directory)? {
            match read {
                ReadFile::Held(file) => files.push(file),
                ReadFile::Streamed(file) => streamed.push(file),
                ReadFile::Refused(finding) => findings.push(finding),
            }
        }
    }
    Ok((files, streamed, findings))
}

/// As [`read_locations`], of one file, whatever its name.
///
/// # Errors
/// When it does not exist, is a directory or cannot be read.
pub fn read_file(path: &Path, shown: &str) -> Result<(Option<LocationFile>, Vec<Finding>), Error> {
    let script = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(match read_whole(path)? {
        Ok(bytes) => (Some(LocationFile { script, path: shown.to_owned(), bytes }), Vec::new()),
        Err(size) => (None, vec![too_large(shown, size)]),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::placeholder::Placeholders;
    use crate::script::SplitOptions;

    fn write(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "SELECT 1;").unwrap();
    }

    fn read(root: &Path, locations: &[&str]) -> Result<(Vec<LocationFile>, Vec<Finding>), Error> {
        let locations: Vec<Location> = locations.iter().map(|text| text.parse().unwrap()).collect();
        read_locations(&locations, Some(root), &Naming::default(), Missing::Fail)
    }

    fn scripts(root: &Path, locations: &[&str]) -> Vec<(String, String)> {
        let (files, findings) = read(root, locations).unwrap();
        assert!(findings.is_empty());
        files.into_iter().map(|file| (file.script, file.path)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(script, path)| ((*script).to_owned(), (*path).to_owned())).collect()
    }

    #[test]
    fn files_come_sorted_with_both_paths() {
        let root = tempfile::tempdir().unwrap();
        for path in ["m/b/V2__x.sql", "m/V1__x.sql", "m/README.md", "m/.git/V3__x.sql", "m/.hidden.sql"] {
            write(root.path(), path);
        }
        let expected = [
            (".hidden.sql", "m/.hidden.sql"),
            ("V1__x.sql", "m/V1__x.sql"),
            ("b/V2__x.sql", "m/b/V2__x.sql"),
        ];
        assert_eq!(scripts(root.path(), &["m/"]), pairs(&expected));
    }

    #[test]
    fn many_files_come_whole_and_in_order() {
        let root = tempfile::tempdir().unwrap();
        let name = |number: usize| format!("V{number:04}__x.sql");
        for number in 0..700 {
            // Some are larger than what is read at once.
            let text = format!("-- {number}\n").repeat(if number % 100 == 7 { 20_000 } else { 1 });
            fs::write(root.path().join(name(number)), text).unwrap();
        }
        let (files, findings) = read(root.path(), &["."]).unwrap();
        assert!(findings.is_empty() && files.len() == 700);
        for (number, file) in files.iter().enumerate() {
            assert_eq!(file.script, name(number));
            let lines = String::from_utf8(file.bytes.clone()).unwrap();
            assert!(lines.lines().all(|line| line == format!("-- {number}")), "{}", file.script);
            assert_eq!(lines.lines().count(), if number % 100 == 7 { 20_000 } else { 1 });
        }
        fs::remove_file(root.path().join(name(699))).unwrap();
        fs::create_dir(root.path().join("x")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere", root.path().join("x").join(name(699))).unwrap();
        #[cfg(unix)]
        assert!(read(root.path(), &["."]).unwrap_err().to_string().contains("V0699__x.sql"));
    }

    #[test]
    fn patterns_choose_files_and_name_scripts() {
        let root = tempfile::tempdir().unwrap();
        for path in ["m/r1/x/V1__x.sql", "m/r1/x/V1__x.sql.conf", "m/r2/V2__x.sql", "m/old/V3__x.sql"] {
            write(root.path(), path);
        }
        let expected = [
            ("x/V1__x.sql", "m/r1/x/V1__x.sql"),
            ("x/V1__x.sql.conf", "m/r1/x/V1__x.sql.conf"),
            ("V2__x.sql", "m/r2/V2__x.sql"),
        ];
        assert_eq!(scripts(root.path(), &["filesystem:m/r*"]), pairs(&expected));
        let expected =
            [("r1/x/V1__x.sql", "m/r1/x/V1__x.sql"), ("r1/x/V1__x.sql.conf", "m/r1/x/V1__x.sql.conf")];
        assert_eq!(scripts(root.path(), &["m/**/V1*.sql"]), pairs(&expected));
    }

    #[test]
    fn a_location_counts_once() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "m/a/V1__x.sql");
        let (files, findings) = read(root.path(), &["m/a", "m", "m"]).unwrap();
        assert_eq!(files.len(), 1);
        assert!(matches!(findings.as_slice(), [Finding::NestedLocation { .. }]), "{findings:?}");
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
        assert_eq!(scripts(root.path(), &["."]), pairs(&[("V1__x.sql", "V1__x.sql")]));
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_and_a_broken_link_are_errors_with_the_path() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        symlink(".", root.path().join("again")).unwrap();
        let error = read(root.path(), &["."]).unwrap_err();
        assert!(error.to_string().contains("again"), "{error}");
        let root = tempfile::tempdir().unwrap();
        symlink("nowhere", root.path().join("V1__x.sql")).unwrap();
        let error = read(root.path(), &["."]).unwrap_err();
        assert!(error.to_string().contains("V1__x.sql"), "{error}");
    }

    #[test]
    fn a_missing_location_is_named() {
        let error = read(Path::new("/nowhere"), &["at/all"]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
        let locations = ["/nowhere".parse().unwrap()];
        let (files, findings) = read_locations(&locations, None, &Naming::default(), Missing::Warn).unwrap();
        assert!(files.is_empty() && matches!(findings.as_slice(), [Finding::MissingLocation { .. }]));
    }

    fn streaming() -> ResolveOptions {
        ResolveOptions { stream_from: Some(8), ..ResolveOptions::default() }
    }

    fn load_streaming(root: &Path) -> (Vec<Migration>, Vec<Finding>) {
        load(&[".".parse().unwrap()], Some(root), &streaming()).unwrap()
    }

    #[test]
    fn large_scripts_are_not_held_and_told_apart_as_others_are() {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("V1__x.sql", "\u{feff}SELECT 'é';\r\n"),
            ("V2__small.sql", "DO 1"),
            ("V3__blank.sql", "            \n"),
            ("R__r.sql", "SELECT 'repeatable';"),
            ("beforeMigrate.sql", "SELECT 'callback';"),
        ] {
            fs::write(root.path().join(name), text).unwrap();
        }
        fs::write(root.path().join("V4__latin.sql"), b"SELECT '\xE9';").unwrap();
        fs::write(root.path().join("V4__latin.sql.conf"), "encoding=ISO-8859-1").unwrap();
        let (streamed, said) = load_streaming(root.path());
        let (held, also_said) =
            load(&[".".parse().unwrap()], Some(root.path()), &ResolveOptions::default()).unwrap();
        let facts = |migration: &Migration| {
            (migration.kind, migration.script.clone(), migration.description.clone(), migration.checksum)
        };
        assert_eq!(
            streamed.iter().map(facts).collect::<Vec<_>>(),
            held.iter().map(facts).collect::<Vec<_>>()
        );
        let names = |findings: &[Finding]| {
            let mut names: Vec<_> = findings.iter().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(names(&said), names(&also_said));
        let large: Vec<_> =
            streamed.iter().filter(|m| m.streamed.is_some()).map(|m| m.script.as_str()).collect();
        assert_eq!(large, ["V1__x.sql", "V3__blank.sql", "V4__latin.sql"]);
        let (_, findings) = streamed[0].script(&Placeholders::default(), &SplitOptions::default());
        assert!(matches!(findings.as_slice(), [Finding::NotHeld { .. }]));
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_large_scripts_too() {
        let root = tempfile::tempdir().unwrap();
        let bytes = [b"SELECT 1;\n".repeat(20_000).as_slice(), b"SELECT '\xE9';\n"].concat();
        fs::write(root.path().join("V1__x.sql"), bytes).unwrap();
        let (migrations, findings) = load_streaming(root.path());
        let [Finding::BadEncoding { line, offset, src, span, .. }] = findings.as_slice() else {
            panic!("{findings:?}")
        };
        assert!(migrations.is_empty());
        assert_eq!((*line, *offset), (20_001, 200_008));
        assert_eq!(&src.inner()[span.offset()..span.offset() + span.len()], "\u{fffd}");
        assert_eq!(crate::script::position_at(src.inner(), span.offset()), (20_001, 9));
    }

    #[test]
    fn a_large_script_that_was_changed_since_is_not_run() {
        use crate::apply::{ApplyOptions, apply};
        use crate::memory::{MemoryDatabase, run};
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("V1__x.sql");
        fs::write(&path, "SELECT 'as it was';").unwrap();
        let (migrations, _) = load_streaming(root.path());
        fs::write(&path, "SELECT 'as it is now';").unwrap();
        let mut database = MemoryDatabase::default();
        let error =
            run(apply(&mut database, &migrations, &ApplyOptions::default(), &mut ())).unwrap().unwrap_err();
        assert!(matches!(&error, Error::Changed { path } if path.ends_with("V1__x.sql")), "{error:?}");
        assert!(database.executed.is_empty() && database.history.is_none());
    }
}
