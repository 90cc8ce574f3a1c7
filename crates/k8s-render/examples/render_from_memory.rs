//! Embeds the renderer without a file system: a base and an overlay that stand in this program, with a [`FileSystem`] of
//! its own around them that tells which files a render reads.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use k8s_render::{FileSystem, Memory, RenderOptions, render};

/// Files in memory and the names of those that were read: all that a render does with the world goes through this.
struct Recorded {
    files: Memory,
    read: Mutex<Vec<String>>,
}

impl FileSystem for Recorded {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(path)?;
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(self.files.name(path));
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.files.list(path)
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.files.is_dir(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.files.canonical(path)
    }

    fn name(&self, path: &Path) -> String {
        self.files.name(path)
    }
}

fn main() -> Result<(), k8s_render::Error> {
    let files = Memory::from_iter([
        (
            "base/kustomization.yaml",
            "resources: [service.yaml]\nconfigMapGenerator: [{name: settings, literals: [mode=plain]}]\n",
        ),
        (
            "base/service.yaml",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n",
        ),
        (
            "overlays/staging/kustomization.yaml",
            "resources: [../../base]\nnamespace: staging\nnamePrefix: s-\n",
        ),
    ]);
    let recorded = Recorded { files, read: Mutex::default() };
    let rendered = render(&recorded, Path::new("overlays/staging"), &RenderOptions::default())?;
    print!("{}", rendered.to_yaml());
    for name in recorded.read.into_inner().unwrap_or_else(PoisonError::into_inner) {
        println!("# read {name}");
    }
    Ok(())
}
