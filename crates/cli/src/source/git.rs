//! Files as they were at a revision, read through the `git` program.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::failure::{Failure, Problem};

/// A revision of the repository that holds a directory.
pub(crate) struct Revision<'a> {
    root: Option<&'a Path>,
    name: &'a str,
}

impl<'a> Revision<'a> {
    /// A revision, which has to exist. The repository is that of `root`, or of the working directory.
    pub(crate) fn new(root: Option<&'a Path>, name: &'a str) -> Result<Self, Failure> {
        let revision = Self { root, name };
        let commit = format!("{name}^{{commit}}");
        revision.run(
            &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit],
            "there is no such revision",
        )?;
        Ok(revision)
    }

    /// As it was named.
    pub(crate) fn name(&self) -> &str {
        self.name
    }

    /// Copies a file or directory of the working tree as it was into a temporary directory; gives that directory and the
    /// place in it.
    pub(crate) fn fetch(&self, path: &Path) -> Result<(tempfile::TempDir, PathBuf), Failure> {
        self.fetch_where(path, |_| true)
    }

    /// The same for those files of a directory whose path, relative to it, is wanted.
    pub(crate) fn fetch_where(
        &self,
        path: &Path,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<(tempfile::TempDir, PathBuf), Failure> {
        let top = self.run(&["rev-parse", "--show-toplevel"], "there is no repository here")?;
        let top = PathBuf::from(String::from_utf8_lossy(&top.stdout).trim_end());
        let here = std::env::current_dir().map_err(|error| Failure::read(Path::new("."), error))?;
        let inside = normal(&here.join(path));
        let inside = inside.strip_prefix(&top).map(Path::to_owned).map_err(|_| {
            self.problem(format!("`{}` is not in the repository `{}`", path.display(), top.display()))
        })?;
        let pathspec = inside.to_string_lossy();
        let mut list = vec!["ls-tree", "-r", "-z", "--full-tree", self.name];
        if !pathspec.is_empty() {
            list.extend(["--", &*pathspec]);
        }
        let listed = self.run(&list, "its files cannot be listed")?;
        let directory =
            tempfile::tempdir().map_err(|error| Failure::write(Path::new("a temporary directory"), error))?;
        let mut files: Vec<(String, PathBuf)> = Vec::new();
        for entry in listed.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let entry = String::from_utf8_lossy(entry).into_owned();
            let Some((head, name)) = entry.split_once('\t') else { continue };
            let mut words = head.split(' ');
            // Symbolic links and submodules hold no SQL.
            if let (Some("100644" | "100755"), Some("blob"), Some(id)) =
                (words.next(), words.next(), words.next())
            {
                let name = PathBuf::from(name);
                if name.strip_prefix(&inside).is_ok_and(&wanted) {
                    files.push((id.to_owned(), name));
                }
            }
        }
        if files.is_empty() {
            return Err(self.problem(format!("it has no `{}`", inside.display())).into());
        }
        self.copy(&files, directory.path())?;
        let place = directory.path().join(inside);
        Ok((directory, place))
    }

    /// Writes blobs as files, all through one process.
    fn copy(&self, files: &[(String, PathBuf)], into: &Path) -> Result<(), Failure> {
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| self.problem(format!("git does not run: {error}")))?;
        let ids = files.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join("\n") + "\n";
        let stdin = child.stdin.take();
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(ids.as_bytes())));
        let output = child.wait_with_output().map_err(|error| self.problem(error.to_string()))?;
        let _ = writer.join();
        let mut rest = output.stdout.as_slice();
        for (id, path) in files {
            let torn = || self.problem(format!("git does not give blob {id}"));
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(torn)?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size: usize = head.rsplit(' ').next().and_then(|size| size.parse().ok()).ok_or_else(torn)?;
            let contents = rest.get(end + 1..end + 1 + size).ok_or_else(torn)?;
            rest = rest.get(end + 2 + size..).unwrap_or_default();
            let target = normal(&into.join(path));
            if !target.starts_with(into) {
                return Err(self.problem(format!("`{}` leaves the repository", path.display())).into());
            }
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(|error| Failure::write(parent, error))?;
            }
            // Nobody else looks into this directory, and it goes away with the command.
            std::fs::write(&target, contents).map_err(|error| Failure::write(&target, error))?;
        }
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        if let Some(root) = self.root {
            command.arg("-C").arg(root);
        }
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str], problem: &str) -> Result<Output, Failure> {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.problem(format!("git does not run: {error}")))?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or_default();
        let reason = if said.is_empty() { problem.to_owned() } else { format!("{problem}: {said}") };
        Err(self.problem(reason).into())
    }

    fn problem(&self, reason: String) -> Problem {
        Problem::Revision { revision: self.name.to_owned(), reason }
    }
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
