//! The files of a render, behind one trait: a real directory or a tree in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::outside::{Invocation, Remote, Unavailable};

/// What a render asks of the place where its files are. Every path is absolute or relative to the root.
pub trait FileSystem {
    /// The bytes of a file.
    ///
    /// # Errors
    /// When there is no such file, it is a directory, or it cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names of what a directory holds, in any order.
    ///
    /// # Errors
    /// When it is no directory, cannot be listed or holds a name that is not UTF-8; by itself a file system lists nothing.
    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether the path names a directory, symbolic links followed.
    fn is_dir(&self, path: &Path) -> bool;

    /// Whether the path names anything, symbolic links followed.
    fn exists(&self, path: &Path) -> bool;

    /// The one absolute path of a file or directory, without `..` and symbolic links.
    ///
    /// # Errors
    /// When nothing is there.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// The path as findings should show it.
    fn name(&self, path: &Path) -> String;

    /// Where something of the network is: the root directory of a checked-out repository, or a file. Nothing may be written there.
    ///
    /// # Errors
    /// When it is not to be had; by itself a file system has nothing of the network.
    fn remote(&self, _: &Remote) -> Result<PathBuf, Unavailable> {
        Err(Unavailable::new(
            "it is on the network",
            "fetch it into the tree, and name the directory or file",
        ))
    }

    /// Runs a program to its end and gives its standard output.
    ///
    /// # Errors
    /// When it cannot be run or fails; by itself a file system runs none.
    fn run(&self, invocation: &Invocation) -> Result<Vec<u8>, Unavailable> {
        Err(Unavailable::new(
            format!("`{}` is not run here", invocation.program),
            "render what it prints into the tree",
        ))
    }
}

/// The files below a directory of this machine; findings name them relative to it.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The file system rooted at `root`.
    ///
    /// # Errors
    /// When `root` does not exist.
    pub fn new(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }
}

impl FileSystem for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.root.join(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<std::fs::DirEntry>| {
            entry?.file_name().into_string().map_err(|name| {
                let problem = format!("the name `{}` is not UTF-8", name.to_string_lossy());
                io::Error::new(io::ErrorKind::InvalidData, problem)
            })
        };
        std::fs::read_dir(self.root.join(path))?.map(name).collect()
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.root.join(path).is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        self.root.join(path).exists()
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.root.join(path).canonicalize()
    }

    fn name(&self, path: &Path) -> String {
        relative_name(&self.root, path)
    }
}

/// Files held in memory: for tests and for programs that embed the renderer.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Memory {
    /// An empty file system.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file; its directories exist by that.
    pub fn insert(&mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(absolute(path.as_ref()), bytes.into());
    }

    fn has_dir(&self, path: &Path) -> bool {
        let next = self.files.range(path.to_path_buf()..).next();
        path == Path::new("/") || next.is_some_and(|(file, _)| file.starts_with(path) && file != path)
    }
}

impl<P: AsRef<Path>, B: Into<Vec<u8>>> FromIterator<(P, B)> for Memory {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let mut memory = Self::new();
        for (path, bytes) in files {
            memory.insert(path, bytes);
        }
        memory
    }
}

impl FileSystem for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&absolute(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let path = absolute(path);
        let below = self.files.range(path.clone()..).map_while(|(file, _)| file.strip_prefix(&path).ok());
        let mut names: Vec<String> = below
            .filter_map(|rest| Some(rest.components().next()?.as_os_str().to_string_lossy().into_owned()))
            .collect();
        names.dedup();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.has_dir(&absolute(path))
    }

    fn exists(&self, path: &Path) -> bool {
        let path = absolute(path);
        self.files.contains_key(&path) || self.has_dir(&path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let path = absolute(path);
        if self.exists(&path) { Ok(path) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn name(&self, path: &Path) -> String {
        relative_name(Path::new("/"), path)
    }
}

/// The path from `/` with `.` and `..` worked out.
fn absolute(path: &Path) -> PathBuf {
    let mut parts = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(name) => parts.push(name),
            _ => {}
        }
    }
    parts
}

fn relative_name(root: &Path, path: &Path) -> String {
    let shown = path.strip_prefix(root).unwrap_or(path);
    let mut parts: Vec<Component> = Vec::new();
    for part in shown.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.last(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let clean: PathBuf = parts.iter().collect();
    if clean.as_os_str().is_empty() { ".".to_owned() } else { clean.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_behaves_like_a_directory() {
        let files = Memory::from_iter([("a/b/c.yaml", "x"), ("a/bc", "y")]);
        assert!(
            files.is_dir(Path::new("a/b"))
                && files.is_dir(Path::new("a"))
                && !files.is_dir(Path::new("a/bc"))
        );
        assert!(!files.exists(Path::new("a/x")) && files.exists(Path::new("a/b/../bc")));
        assert_eq!(files.read(Path::new("a/./b/c.yaml")).unwrap(), b"x");
        assert_eq!(files.canonical(Path::new("a/b/..")).unwrap(), Path::new("/a"));
        assert_eq!(files.name(Path::new("/a/b/../bc")), "a/bc");
        assert!(files.canonical(Path::new("zz")).is_err());
    }

    #[test]
    fn disk_is_rooted() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/f"), "1").unwrap();
        let disk = Disk::new(dir.path()).unwrap();
        assert_eq!(disk.read(Path::new("d/f")).unwrap(), b"1");
        let canonical = disk.canonical(Path::new("d/../d/f")).unwrap();
        assert_eq!(disk.name(&canonical), "d/f");
        assert!(disk.is_dir(Path::new("d")) && disk.exists(Path::new("d/f")) && !disk.exists(Path::new("x")));
    }
}
