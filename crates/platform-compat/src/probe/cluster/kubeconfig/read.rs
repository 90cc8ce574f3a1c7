//! The text of a kubeconfig to what is needed of it.

use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miette::Diagnostic as _;
use secrecy::SecretString;

use super::{Cluster, Context, Exec, Interactive, Kubeconfig, Pem, User};
use crate::finding::Finding;
use crate::findings::Findings;
use crate::place::{Place, Source};
use crate::yaml::{self, Key, Node, Value};

/// The extension of a cluster that is meant for programs that give credentials.
const FOR_PROGRAMS: &str = "client.authentication.k8s.io/exec";
/// Versions of `ExecCredential` that `kubectl` still asks for.
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

type Entries<'n, 't> = &'n [(Key<'t>, Node<'t>)];

/// Reads a kubeconfig. Relative paths in it begin at the directory of its `path`.
///
/// # Errors
/// All mistakes in it, each as `PATH:LINE:COLUMN: what is wrong`.
pub(in super::super) fn read(text: &str, path: &Path) -> Result<Kubeconfig, Vec<String>> {
    let name = path.display().to_string();
    let mut reader = Reader::new(text, &name);
    let root = reader.root();
    let directory = path.parent().unwrap_or(Path::new(""));
    let found = root.and_then(|root| reader.kubeconfig(&root, directory)).unwrap_or_default();
    if reader.problems.is_empty() { Ok(found) } else { Err(reader.into_problems()) }
}

/// Reads fields out of YAML, or of JSON, which is YAML too.
pub(in super::super) struct Reader<'t> {
    text: &'t str,
    name: &'t str,
    /// What is wrong, with the byte where it stands.
    problems: Vec<(usize, String)>,
}

impl<'t> Reader<'t> {
    /// A reader of a text that the user knows by a name.
    pub(in super::super) fn new(text: &'t str, name: &'t str) -> Self {
        Self { text: text.strip_prefix('\u{feff}').unwrap_or(text), name, problems: Vec::new() }
    }

    /// The document; nothing where there is none.
    pub(in super::super) fn root(&mut self) -> Option<Node<'t>> {
        let source = Source::new(self.name, Arc::<str>::from(self.text));
        let mut findings = Findings::new(Arc::new([source]));
        let root = yaml::parse(self.text, 0, &mut findings);
        for finding in findings.into_sorted() {
            // A file that says nothing is as good as none.
            if !matches!(finding, Finding::EmptyDocument { .. }) {
                let at = finding.labels().and_then(|mut labels| labels.next());
                self.problems.push((at.map_or(0, |at| at.offset()), finding.to_string()));
            }
        }
        root
    }

    /// Everything that is wrong, as `NAME:LINE:COLUMN: what`, in the order of the text.
    pub(in super::super) fn into_problems(mut self) -> Vec<String> {
        self.problems.sort();
        let place = |at: usize| {
            let before = self.text.get(..at).unwrap_or(self.text);
            let start = before.rfind('\n').map_or(0, |line| line + 1);
            let column = before[start..].chars().count() + 1;
            format!("{}:{}:{column}", self.name, before.matches('\n').count() + 1)
        };
        self.problems.iter().map(|(at, what)| format!("{}: {what}", place(*at))).collect()
    }

    fn problem<T>(&mut self, place: Place, what: impl Into<String>) -> Option<T> {
        self.problems.push((place.start as usize, what.into()));
        None
    }

    /// The entries of a map.
    pub(in super::super) fn map<'n>(&mut self, node: &'n Node<'t>, what: &str) -> Option<Entries<'n, 't>> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            _ => self.problem(node.place, format!("{what} is no map")),
        }
    }

    /// A map inside another one.
    pub(in super::super) fn inner<'n>(&mut self, of: Entries<'n, 't>, key: &str) -> Option<Entries<'n, 't>> {
        self.map(get(of, key)?, &format!("`{key}`"))
    }

    /// A text, of which an empty one says as little as none.
    pub(in super::super) fn text(&mut self, of: Entries<'_, 't>, key: &str) -> Option<String> {
        let text = self.word(get(of, key)?, &format!("`{key}`"))?;
        (!text.is_empty()).then_some(text)
    }

    /// The same as a secret.
    pub(in super::super) fn secret(&mut self, of: Entries<'_, 't>, key: &str) -> Option<SecretString> {
        self.text(of, key).map(SecretString::from)
    }

    fn word(&mut self, node: &Node<'t>, what: &str) -> Option<String> {
        match &node.value {
            Value::Scalar(text) => Some(text.to_string()),
            _ => self.problem(node.place, format!("{what} is no text")),
        }
    }

    /// `true` only where it is said.
    fn boolean(&mut self, of: Entries<'_, 't>, key: &str) -> bool {
        let Some(node) = get(of, key) else { return false };
        // The words of YAML 1.1, which `kubectl` reads.
        match &*self.word(node, &format!("`{key}`")).unwrap_or_default().to_ascii_lowercase() {
            "true" | "yes" | "on" | "y" => true,
            "false" | "no" | "off" | "n" => false,
            _ => self.problem(node.place, format!("`{key}` is neither `true` nor `false`")).unwrap_or(false),
        }
    }

    fn items<'n>(&mut self, of: Entries<'n, 't>, key: &str) -> &'n [Node<'t>] {
        match get(of, key) {
            None => &[],
            Some(Node { value: Value::Sequence(items), .. }) => items,
            Some(other) => self.problem(other.place, format!("`{key}` is no list")).unwrap_or(&[]),
        }
    }

    fn words(&mut self, of: Entries<'_, 't>, key: &str) -> Vec<String> {
        let what = format!("an item of `{key}`");
        self.items(of, key).iter().filter_map(|item| self.word(item, &what)).collect()
    }

    fn kubeconfig(&mut self, root: &Node<'t>, directory: &Path) -> Option<Kubeconfig> {
        let root = self.map(root, "a kubeconfig")?;
        for (key, wanted) in [("kind", "Config"), ("apiVersion", "v1")] {
            if let Some(node) = get(root, key)
                && self.text(root, key).is_some_and(|is| is != wanted)
            {
                self.problem::<()>(node.place, format!("`{key}` of a kubeconfig is `{wanted}`"));
            }
        }
        Some(Kubeconfig {
            current: self.text(root, "current-context"),
            contexts: self.named(root, "contexts", "context", Self::context),
            clusters: self
                .named(root, "clusters", "cluster", |reader, entries| reader.cluster(entries, directory)),
            users: self.named(root, "users", "user", |reader, entries| reader.user(entries, directory)),
        })
    }

    /// A list of `{name: …, KEY: {…}}`.
    fn named<T: Default>(
        &mut self,
        root: Entries<'_, 't>,
        list: &str,
        key: &str,
        read: impl Fn(&mut Self, Entries<'_, 't>) -> T,
    ) -> BTreeMap<String, T> {
        let mut all = BTreeMap::new();
        for item in self.items(root, list) {
            let Some(entries) = self.map(item, &format!("an item of `{list}`")) else { continue };
            let Some(name) = self.text(entries, "name") else {
                self.problem::<()>(item.place, format!("an item of `{list}` has no `name`"));
                continue;
            };
            let one = self.inner(entries, key).map(|inner| read(self, inner)).unwrap_or_default();
            if all.contains_key(&name) {
                self.problem::<()>(item.place, format!("`{list}` has `{name}` twice"));
            }
            all.insert(name, one);
        }
        all
    }

    fn context(&mut self, of: Entries<'_, 't>) -> Context {
        Context { cluster: self.text(of, "cluster").unwrap_or_default(), user: self.text(of, "user") }
    }

    fn cluster(&mut self, of: Entries<'_, 't>, directory: &Path) -> Cluster {
        let extensions = self.words_of(of, "extensions", "name");
        Cluster {
            server: self.text(of, "server"),
            certificate_name: self.text(of, "tls-server-name"),
            authority: self.pem(of, "certificate-authority", directory),
            insecure: self.boolean(of, "insecure-skip-tls-verify"),
            proxy: self.text(of, "proxy-url"),
            extended: extensions.iter().any(|name| name == FOR_PROGRAMS),
        }
    }

    /// One text of each map of a list.
    fn words_of(&mut self, of: Entries<'_, 't>, list: &str, key: &str) -> Vec<String> {
        let mut words = Vec::new();
        for item in self.items(of, list) {
            let entries = self.map(item, &format!("an item of `{list}`"));
            words.extend(entries.and_then(|entries| self.text(entries, key)));
        }
        words
    }

    /// `KEY-data`, which is Base64, before the file of `KEY`.
    fn pem(&mut self, of: Entries<'_, 't>, key: &str, directory: &Path) -> Option<Pem> {
        let (data, file) = (format!("{key}-data"), self.file(of, key, directory).map(Pem::File));
        let Some(node) = get(of, &data) else { return file };
        let Some(text) = self.text(of, &data) else { return file };
        let text: String = text.split_ascii_whitespace().collect();
        match STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(pem) => Some(Pem::Text(pem.into())),
            None => self.problem(node.place, format!("`{data}` is no Base64 of a text in PEM")),
        }
    }

    fn file(&mut self, of: Entries<'_, 't>, key: &str, directory: &Path) -> Option<PathBuf> {
        self.text(of, key).map(|path| directory.join(path))
    }

    fn user(&mut self, of: Entries<'_, 't>, directory: &Path) -> User {
        let mut user = User {
            token: self.secret(of, "token"),
            token_file: self.file(of, "tokenFile", directory),
            certificate: self.pem(of, "client-certificate", directory),
            key: self.pem(of, "client-key", directory),
            ..User::default()
        };
        if let Some(name) = self.text(of, "username") {
            user.basic = Some((name, self.secret(of, "password").unwrap_or_default()));
        }
        user.exec = self.inner(of, "exec").and_then(|exec| self.exec(exec, directory));
        if let Some(provider) = self.inner(of, "auth-provider") {
            let name = self.text(provider, "name").unwrap_or_default();
            // Its token is as good as any other until it expires, which the server says.
            if name == "oidc" && user.token.is_none() {
                let settings = self.inner(provider, "config");
                user.token = settings.and_then(|settings| self.secret(settings, "id-token"));
            }
            user.provider = Some(name).filter(|_| user.token.is_none());
        }
        self.impersonation(of, &mut user.impersonation);
        user
    }

    fn impersonation(&mut self, of: Entries<'_, 't>, headers: &mut Vec<(String, String)>) {
        for (key, header) in [("as", "impersonate-user"), ("as-uid", "impersonate-uid")] {
            headers.extend(self.text(of, key).map(|value| (header.to_owned(), value)));
        }
        let groups = self.words(of, "as-groups");
        headers.extend(groups.into_iter().map(|group| ("impersonate-group".to_owned(), group)));
        for (key, node) in self.inner(of, "as-user-extra").unwrap_or_default() {
            let Value::Sequence(values) = &node.value else {
                self.problem::<()>(node.place, format!("`{}` of `as-user-extra` is no list", key.text));
                continue;
            };
            for value in values {
                let header = format!("impersonate-extra-{}", escape(&key.text.to_lowercase()));
                headers.extend(self.word(value, "what one is besides").map(|value| (header, value)));
            }
        }
    }

    fn exec(&mut self, of: Entries<'_, 't>, directory: &Path) -> Option<Exec> {
        let place = of.first().map(|(key, _)| key.place)?;
        let version = self.text(of, "apiVersion").unwrap_or_default();
        if !VERSIONS.contains(&&*version) {
            let place = get(of, "apiVersion").map_or(place, |node| node.place);
            let what = format!("`apiVersion` of `exec` is neither `{}` nor `{}`", VERSIONS[0], VERSIONS[1]);
            self.problem::<()>(place, what);
        }
        let Some(command) = self.text(of, "command") else {
            return self.problem(place, "`exec` has no `command`");
        };
        let mut environment = Vec::new();
        for item in self.items(of, "env") {
            let Some(entries) = self.map(item, "an item of `env`") else { continue };
            if let Some(name) = self.text(entries, "name") {
                environment.push((name, self.text(entries, "value").unwrap_or_default()));
            }
        }
        Some(Exec {
            version,
            // A bare word is looked up in `PATH`.
            command: if command.contains(MAIN_SEPARATOR) {
                directory.join(command).display().to_string()
            } else {
                command
            },
            arguments: self.words(of, "args"),
            environment,
            hint: self.text(of, "installHint"),
            interactive: self.interactive(of),
            wants_cluster: self.boolean(of, "provideClusterInfo"),
        })
    }

    fn interactive(&mut self, of: Entries<'_, 't>) -> Interactive {
        let Some(node) = get(of, "interactiveMode") else { return Interactive::default() };
        match self.text(of, "interactiveMode").as_deref() {
            Some("Never") => Interactive::Never,
            Some("IfAvailable") | None => Interactive::IfAvailable,
            Some("Always") => Interactive::Always,
            Some(_) => self
                .problem(node.place, "`interactiveMode` is none of `Never`, `IfAvailable` and `Always`")
                .unwrap_or_default(),
        }
    }
}

/// The value of a key; nothing when it is absent or null.
fn get<'n, 't>(of: Entries<'n, 't>, key: &str) -> Option<&'n Node<'t>> {
    let (_, node) = of.iter().find(|(candidate, _)| candidate.text == key)?;
    (!matches!(node.value, Value::Null)).then_some(node)
}

/// Every byte that is no letter, digit, `-`, `.`, `_` or `~` as `%XX`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}
