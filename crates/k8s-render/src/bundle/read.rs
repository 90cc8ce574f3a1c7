//! The files of a migrations directory.

use std::path::Path;

use super::split::File;
use crate::decode::Text;
use crate::fault::{Fault, Rule};
use crate::load::{Checked, Session};

/// Directories below the migrations nest no deeper; a link that leads in a circle ends here.
const DEPTH: usize = 16;

/// Reads every migration of the directory that a kustomization in `root` names.
pub(super) fn directory(session: &Session<'_>, root: &Path, asked: &Text) -> Checked<Vec<File>> {
    let fault =
        |problem: String, advice: &str| Fault::new(Rule::Load, problem, advice).or_at(asked.origin.as_ref());
    let refused = |problem: String, advice: &str| Err(vec![session.finding(fault(problem, advice))]);
    let fs = session.fs();
    let joined = root.join(&asked.text);
    let Some(found) = fs.canonical(&joined).ok().filter(|found| fs.is_dir(found)) else {
        return refused(format!("`{}` is no directory", asked.text), "correct the path of the migrations");
    };
    if leaves(session, &found) {
        return refused(format!("`{}` leads out of the tree", asked.text), "name a directory of the tree");
    }
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    let mut queue = vec![(found, String::new(), 0)];
    while let Some((directory, prefix, depth)) = queue.pop() {
        let mut names = match fs.list(&directory) {
            Ok(names) => names,
            Err(error) => {
                let problem = format!("`{}` cannot be listed: {error}", fs.name(&directory));
                findings.push(session.finding(fault(problem, "check its permissions and the names in it")));
                continue;
            }
        };
        names.sort();
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            let place = directory.join(&name);
            let path = format!("{prefix}{name}");
            if fs.is_dir(&place) {
                if depth < DEPTH {
                    queue.push((place, format!("{path}/"), depth + 1));
                } else {
                    let problem = format!("`{path}` is more than {DEPTH} directories deep");
                    findings.push(session.finding(fault(problem, "remove the link that leads in a circle")));
                }
                continue;
            }
            if !is_packed(&name) {
                continue;
            }
            let canonical = fs.canonical(&place).unwrap_or_else(|_| place.clone());
            let read = if leaves(session, &canonical) {
                Err("it is a link that leads out of the tree".to_owned())
            } else {
                fs.read(&canonical).map_err(|error| error.to_string())
            };
            match read {
                Ok(bytes) => files.push(File { path, bytes }),
                Err(error) => {
                    let problem = format!("`{}` cannot be read: {error}", fs.name(&place));
                    findings.push(session.finding(fault(problem, "correct or remove it")));
                }
            }
        }
    }
    if files.is_empty() && findings.is_empty() {
        return refused(
            format!("`{}` holds no migration", asked.text),
            "correct the path, or add a `.sql` file",
        );
    }
    if findings.is_empty() { Ok(files) } else { Err(findings) }
}

/// Whether a path, without links, is outside the tree.
pub(super) fn leaves(session: &Session<'_>, canonical: &Path) -> bool {
    session.fs().canonical(Path::new(".")).is_ok_and(|root| !canonical.starts_with(root))
}

/// Scripts, and the configuration that Flyway reads beside them.
fn is_packed(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let script = lower.strip_suffix(".conf").unwrap_or(&lower);
    script.rsplit_once('.').is_some_and(|(_, extension)| extension == "sql")
}
