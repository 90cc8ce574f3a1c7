//! sqldef's cases, read from their files: maps of texts, of which few forms of YAML are used.

use infra_tests::servers::Engine;

/// A pair of schemas.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) current: String,
    pub(super) desired: String,
    flavor: String,
    refused: bool,
}

impl Case {
    /// Whether the case is for servers of this kind, and for what both tools do.
    pub(super) fn is_for(&self, engine: Engine) -> bool {
        let own = match engine {
            Engine::MariaDb => "mariadb",
            Engine::MySql => "mysql",
        };
        let wanted = match self.flavor.strip_prefix('!') {
            Some(other) => other != own,
            None => self.flavor.is_empty() || self.flavor == own,
        };
        wanted && !self.refused
    }
}

/// All cases; none, said loudly, when the corpora are absent.
pub(super) fn read() -> Option<Vec<Case>> {
    let directory = infra_tests::tools::corpus("sqldef-mysql")?;
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("the corpus can be listed")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        cases_of(&std::fs::read_to_string(&file).expect("a file of cases"), &mut cases);
    }
    Some(cases)
}

fn cases_of(text: &str, cases: &mut Vec<Case>) {
    let mut key = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            if let Some(text) = cases.last_mut().and_then(|case| field(case, &key)) {
                text.push('\n');
            }
        } else if indent == 0 && !line.starts_with('#') {
            let name = line.trim_end().trim_end_matches(':').to_owned();
            cases.push(Case { name, ..Case::default() });
            key.clear();
        } else if indent == 2 && !line.trim_start().starts_with('#') {
            let (name, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
            name.clone_into(&mut key);
            let Some(case) = cases.last_mut() else { continue };
            let value = value.trim();
            case.refused |= name == "error";
            if name == "flavor" {
                value.trim_matches(['"', '\'']).clone_into(&mut case.flavor);
            } else if let Some(text) = field(case, name).filter(|_| !value.starts_with(['|', '>'])) {
                text.push_str(value.trim_matches(['"', '\'']));
            }
        } else if let Some(text) = cases.last_mut().and_then(|case| field(case, &key)) {
            text.push_str(line.get(4..).unwrap_or_default());
            text.push('\n');
        }
    }
}

fn field<'a>(case: &'a mut Case, key: &str) -> Option<&'a mut String> {
    match key {
        "current" => Some(&mut case.current),
        "desired" => Some(&mut case.desired),
        _ => None,
    }
}
