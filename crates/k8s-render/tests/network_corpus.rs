//! The connectivity relation beside the expected results of netpol-analyzer, and policies of a recipe collection.
//!
//! The corpora are not part of the project: `INFRA_CORPORA` names their directory, else `../shared/corpora` beside the
//! workspace is tried, and without them these tests say so on stderr.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_render::inspect::{Facts, Protocol, Sources};
use k8s_render::network::difference::difference;
use k8s_render::network::focus::Focus;
use k8s_render::network::listing::{Connection, Families, connections};
use k8s_render::network::print::{self, Format, List};
use k8s_render::network::{Connectivity, Direction, End, HostNetwork, Model};
use k8s_render::{Resource, Source, inspect, yaml};
use miette::{Diagnostic, Severity};
use serde_json::Value;

/// Tags of inputs with objects that are refused rather than evaluated.
const OUT_OF_SCOPE: [&str; 2] = ["multi-network", "virtual-machine"];

/// Directories whose result differs, with the reason.
const DIFFERENT: [(&str, &str); 1] = [(
    "acs-security-demos-added-workloads",
    "a tab stands in place of indentation inside a flow sequence: YAML 1.2 forbids it, go-yaml reads it",
)];

fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let directory = std::env::var_os("INFRA_CORPORA").map_or(beside, PathBuf::from);
    if directory.is_dir() {
        return Some(directory);
    }
    eprintln!("SKIPPED: no corpora at {}; set INFRA_CORPORA", directory.display());
    None
}

/// Every document below a path, in the order of the files' names, and how many problems reading gave.
fn read(path: &Path) -> (Vec<Resource>, usize) {
    let mut files = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path
            .extension()
            .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known))
        {
            files.push(path);
        }
    }
    files.sort();
    let (mut resources, mut problems) = (Vec::new(), 0);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let (nodes, findings) = yaml::parse(&Source::new(file.to_string_lossy(), Arc::from(text)));
        problems += findings.len();
        resources.extend(nodes.into_iter().map(|node| Resource { node }));
    }
    (resources, problems)
}

fn no_text(_: &str) -> Option<Arc<str>> {
    None
}

/// The listing of a directory.
fn list(path: &Path) -> Vec<Connection> {
    let (resources, _) = read(path);
    let facts = Facts::read(&resources);
    let (model, _) = Model::read(&facts, &[], Sources::new(&no_text));
    connections(&Connectivity::new(&model, HostNetwork::Pod), Families::V4)
}

/// The codes of everything of severity error that is said about a directory.
fn errors(path: &Path) -> Vec<String> {
    let (resources, problems) = read(path);
    let facts = Facts::read(&resources);
    let (_, findings) = Model::read(&facts, &[], Sources::new(&no_text));
    let judged = inspect::check(&facts, Sources::new(&no_text));
    let duplicates =
        judged.iter().filter(|finding| matches!(finding, inspect::Finding::DuplicateObject { .. }));
    let all = findings.iter().map(|f| f as &dyn Diagnostic).chain(duplicates.map(|f| f as &dyn Diagnostic));
    let errors = all.filter(|finding| finding.severity().is_none_or(|severity| severity == Severity::Error));
    let mut codes: Vec<_> = errors.filter_map(|finding| Some(finding.code()?.to_string())).collect();
    codes.extend(vec!["k8s/yaml".to_owned(); problems]);
    codes
}

struct Case {
    id: String,
    verb: String,
    dirs: Vec<String>,
    options: Value,
    whole: Value,
}

impl Case {
    fn texts(&self, option: &str) -> Vec<String> {
        let texts = self.options[option].as_array().into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The lines of the expected text, sorted; with exposure only those of the list.
    fn expected(&self, corpus: &Path) -> Option<Vec<String>> {
        let file = self.whole["expected"]["txt"].as_str()?;
        let text = fs::read_to_string(corpus.join(file)).unwrap();
        let lines = text.lines().map(str::trim_end).take_while(|line| !line.starts_with("Exposure Analysis"));
        let mut lines: Vec<_> = lines.filter(|line| line.contains("=>")).map(str::to_owned).collect();
        lines.sort();
        Some(lines)
    }
}

fn cases(corpus: &Path) -> Vec<Case> {
    let lines = fs::read_to_string(corpus.join("cases.jsonl")).unwrap();
    let case = |line: &str| {
        let whole: Value = serde_json::from_str(line).unwrap();
        let dirs = whole["dirs"].as_array().unwrap().iter().map(|dir| dir.as_str().unwrap().to_owned());
        Case {
            id: whole["id"].as_str().unwrap().to_owned(),
            verb: whole["verb"].as_str().unwrap().to_owned(),
            dirs: dirs.collect(),
            options: whole["options"].clone(),
            whole,
        }
    };
    lines.lines().map(case).collect()
}

fn in_scope(case: &Case) -> bool {
    let tags = case.whole["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    !tags.into_iter().any(|tag| OUT_OF_SCOPE.contains(&tag))
}

/// What the `focus_…` options of a case ask for.
fn focus(case: &Case) -> Focus {
    let port = case.options["focus_conn"].as_str().map(|text| {
        let (protocol, port) = text.split_once('-').unwrap();
        (Protocol::parse(&protocol.to_uppercase()).unwrap(), port.parse().unwrap())
    });
    let direction = case.options["focus_direction"].as_str().map(|direction| match direction {
        "ingress" => Direction::Ingress,
        _ => Direction::Egress,
    });
    Focus {
        workloads: case.texts("focus_workload"),
        peers: case.texts("focus_workload_peer"),
        direction,
        port,
    }
}

/// The lines of a text, sorted, without empty ones.
fn sorted_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<_> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The formats whose expected files are compared line by line.
const FORMATS: [(&str, Format); 4] =
    [("txt", Format::Text), ("csv", Format::Csv), ("md", Format::Markdown), ("dot", Format::Dot)];

/// Compares all expected texts of a case and gives the names of the formats that were equal.
fn compare(case: &Case, corpus: &Path, print: impl Fn(Format) -> String) -> (usize, Vec<String>) {
    let (mut equal, mut different) = (0, Vec::new());
    for (name, format) in FORMATS {
        let Some(file) = case.whole["expected"][name].as_str() else { continue };
        let expected = sorted_lines(&fs::read_to_string(corpus.join(file)).unwrap());
        let actual = sorted_lines(&print(format));
        if actual == expected {
            equal += 1;
            continue;
        }
        for line in expected.iter().filter(|line| !actual.contains(line)).take(3) {
            eprintln!("{} {name}: missing {line}", case.id);
        }
        for line in actual.iter().filter(|line| !expected.contains(line)).take(3) {
            eprintln!("{} {name}: extra   {line}", case.id);
        }
        different.push(format!("{} {name}", case.id));
    }
    (equal, different)
}

#[test]
fn every_format_of_a_list_is_equal() {
    let Some(corpus) = corpora().map(|corpora| corpora.join("netpol-analyzer")) else { return };
    let (mut equal, mut different) = (0, Vec::new());
    let plain = |case: &&Case| {
        let other = ["exposure", "explain"].iter().any(|option| case.options.get(*option).is_some());
        case.verb == "list"
            && in_scope(case)
            && !other
            && !DIFFERENT.iter().any(|(dir, _)| *dir == case.dirs[0])
    };
    for case in cases(&corpus).iter().filter(plain) {
        let focus = focus(case);
        let list = focus.apply(list(&corpus.join("inputs").join(&case.dirs[0])));
        let port = focus.port;
        let (same, other) =
            compare(case, &corpus, |format| print::list(List { connections: &list, port }, format));
        equal += same;
        different.extend(other);
    }
    eprintln!("{equal} expected files of lists are equal");
    assert_eq!(different, Vec::<String>::new());
    assert!(equal >= 40, "only {equal} files were compared");
}

#[test]
fn every_format_of_a_difference_is_equal() {
    let Some(corpus) = corpora().map(|corpora| corpora.join("netpol-analyzer")) else { return };
    let (mut equal, mut different) = (0, Vec::new());
    let plain =
        |case: &&Case| case.verb == "diff" && in_scope(case) && case.whole["expected"].as_object().is_some();
    for case in cases(&corpus).iter().filter(plain) {
        let resources: Vec<_> =
            case.dirs.iter().map(|dir| read(&corpus.join("inputs").join(dir)).0).collect();
        let facts: Vec<_> = resources.iter().map(|resources| Facts::read(resources)).collect();
        let [(before, _), (after, _)] =
            [&facts[0], &facts[1]].map(|facts| Model::read(facts, &[], Sources::new(&no_text)));
        let found = difference(&before, &after, HostNetwork::Pod, Families::V4);
        let (same, other) = compare(case, &corpus, |format| print::changes(&found, format));
        equal += same;
        different.extend(other);
    }
    eprintln!("{equal} expected files of differences are equal");
    assert_eq!(different, Vec::<String>::new());
    assert!(equal >= 9, "only {equal} files were compared");
}

#[test]
fn lists_are_equal() {
    let Some(corpus) = corpora().map(|corpora| corpora.join("netpol-analyzer")) else { return };
    let (mut equal, mut outside, mut explained, mut different) = (0, 0, 0, Vec::new());
    for case in cases(&corpus).iter().filter(|case| case.verb == "list") {
        let Some(expected) = case.expected(&corpus) else { continue };
        if !in_scope(case) {
            outside += 1;
            continue;
        }
        if case.options.get("explain").is_some() {
            explained += 1;
            continue;
        }
        let focus = focus(case);
        let list = focus.apply(list(&corpus.join("inputs").join(&case.dirs[0])));
        let text = print::list(List { connections: &list, port: focus.port }, Format::Text);
        let mut actual = sorted_lines(&text);
        actual.retain(|line| line.contains("=>"));
        if actual == expected {
            equal += 1;
        } else {
            let (actual, expected): (BTreeSet<_>, BTreeSet<_>) =
                (actual.into_iter().collect(), expected.into_iter().collect());
            for line in expected.difference(&actual).take(5) {
                eprintln!("{}: missing {line}", case.id);
            }
            for line in actual.difference(&expected).take(5) {
                eprintln!("{}: extra   {line}", case.id);
            }
            match DIFFERENT.iter().find(|(dir, _)| *dir == case.dirs[0]) {
                Some((_, reason)) => eprintln!("{}: known to differ: {reason}", case.id),
                None => different.push(case.id.clone()),
            }
        }
    }
    eprintln!(
        "{equal} lists equal; not compared: {outside} with objects that are refused, {explained} explanations"
    );
    assert_eq!(different, Vec::<String>::new());
    assert!(equal >= 110, "only {equal} lists were compared");
}

#[test]
fn single_verdicts_are_equal() {
    let Some(corpus) = corpora().map(|corpora| corpora.join("netpol-analyzer")) else { return };
    let mut asked = 0;
    for case in cases(&corpus).iter().filter(|case| case.verb == "eval" && in_scope(case)) {
        let (resources, _) = read(&corpus.join("inputs").join(&case.dirs[0]));
        let facts = Facts::read(&resources);
        let (model, _) = Model::read(&facts, &[], Sources::new(&no_text));
        let relation = Connectivity::new(&model, HostNetwork::Pod);
        let option = |name: &str| case.options[name].as_str().unwrap();
        let end = |name: &str| {
            let (namespace, name) = option(name).split_once('/').unwrap();
            let here = facts.workloads.iter().map(|workload| workload.object);
            End::Pods(here.into_iter().position(|o| o.namespace() == namespace && o.name() == name).unwrap())
        };
        let protocol = Protocol::parse(&option("protocol").to_uppercase()).unwrap();
        let port = option("port").parse().unwrap();
        let allowed = relation.allowed(end("source"), end("destination"));
        assert_eq!(Some(allowed.contains(protocol, port)), case.whole["allowed"].as_bool(), "{}", case.id);
        asked += 1;
    }
    assert!(asked >= 1);
}

#[test]
fn what_is_fatal_there_is_an_error_here() {
    let Some(corpus) = corpora().map(|corpora| corpora.join("netpol-analyzer")) else { return };
    let (mut found, mut other) = (0, 0);
    for case in cases(&corpus).iter().filter(|case| case.whole.get("fatal").is_some()) {
        let tags = case.whole["tags"].as_array().unwrap();
        let evaluated = |tag: &Value| tag == "network-policy" || tag == "admin-policy";
        if !in_scope(case) || !tags.iter().any(evaluated) {
            other += 1;
            continue;
        }
        // The API server accepts a named port towards addresses: it is a warning here.
        let warned = case.dirs.iter().any(|dir| dir == "bad_netpols/subdir6");
        let errors: Vec<_> =
            case.dirs.iter().flat_map(|dir| errors(&corpus.join("inputs").join(dir))).collect();
        assert_eq!(errors.is_empty(), warned, "{}: {errors:?}", case.id);
        found += 1;
    }
    eprintln!("{found} found; not asked: {other} about refused objects or about reading files");
    assert!(found >= 40, "only {found} cases were asked");
}

#[test]
fn recipes_are_read_without_a_finding() {
    let Some(corpus) = corpora().map(|corpora| corpora.join("netpol-recipes")) else { return };
    let mut policies = 0;
    let mut files: Vec<_> = fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    for file in files {
        let (resources, problems) = read(&file);
        let facts = Facts::read(&resources);
        let (model, findings) = Model::read(&facts, &[], Sources::new(&no_text));
        let codes: BTreeMap<String, usize> =
            findings.iter().map(|f| (f.code().unwrap().to_string(), 1)).collect();
        assert_eq!((problems, codes), (0, BTreeMap::new()), "{}", file.display());
        policies += model.policies.len();
        Connectivity::new(&model, HostNetwork::Node);
    }
    assert!(policies >= 15, "only {policies} policies were read");
}
