//! Kubeconfigs: which clusters there are and who one is to them.
//!
//! They are read by the same reader as platform.yaml, so that a mistake is told with its line and column, and never with the text
//! that stands there: that may be a secret. Fields that only concern other programs are passed over.

mod read;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

pub(super) use read::{Reader, read};

/// One file, or several that were merged.
#[derive(Debug, Default)]
pub(super) struct Kubeconfig {
    /// The context that counts when none is named.
    pub(super) current: Option<String>,
    pub(super) contexts: BTreeMap<String, Context>,
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) users: BTreeMap<String, User>,
}

impl Kubeconfig {
    /// Adds what a later file of `KUBECONFIG` has more. An earlier file has the first word about each name, as a whole.
    pub(super) fn merge(&mut self, later: Self) {
        fn add<T>(to: &mut BTreeMap<String, T>, later: BTreeMap<String, T>) {
            for (name, one) in later {
                to.entry(name).or_insert(one);
            }
        }
        if self.current.is_none() {
            self.current = later.current;
        }
        add(&mut self.contexts, later.contexts);
        add(&mut self.clusters, later.clusters);
        add(&mut self.users, later.users);
    }
}

/// A cluster and who one is to it, by their names.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) cluster: String,
    /// Nothing: nobody in particular.
    pub(super) user: Option<String>,
}

/// Where a cluster is.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    pub(super) server: Option<String>,
    /// The name that its certificate is for, where that is not the server's.
    pub(super) certificate_name: Option<String>,
    /// Who signs its certificate; absent: whom the system trusts.
    pub(super) authority: Option<Pem>,
    /// `insecure-skip-tls-verify`.
    pub(super) insecure: bool,
    pub(super) proxy: Option<String>,
    /// Whether it has settings for programs that give credentials.
    pub(super) extended: bool,
}

/// Certificates or a key.
#[derive(Debug, Clone)]
pub(super) enum Pem {
    /// Its text.
    Text(SecretString),
    /// The file that holds it.
    File(PathBuf),
}

/// Who one is.
#[derive(Debug, Default)]
pub(super) struct User {
    pub(super) token: Option<SecretString>,
    pub(super) token_file: Option<PathBuf>,
    /// Name and password.
    pub(super) basic: Option<(String, SecretString)>,
    pub(super) certificate: Option<Pem>,
    pub(super) key: Option<Pem>,
    /// The program that gives credentials.
    pub(super) exec: Option<Exec>,
    /// A way to log in that `kubectl` had built in, by its name.
    pub(super) provider: Option<String>,
    /// Headers that ask to be somebody else.
    pub(super) impersonation: Vec<(String, String)>,
}

/// A program that gives credentials.
#[derive(Debug, Default, Clone)]
pub(super) struct Exec {
    /// The version of the `ExecCredential` that it is asked for and prints.
    pub(super) version: String,
    pub(super) command: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    /// What its author says to those who do not have it.
    pub(super) hint: Option<String>,
    pub(super) interactive: Interactive,
    /// Whether it wants to know the cluster.
    pub(super) wants_cluster: bool,
}

/// Whether a program may ask the person at the terminal.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interactive {
    /// It does not.
    Never,
    /// It does where there is one.
    #[default]
    IfAvailable,
    /// It cannot do without.
    Always,
}
