//! `helmCharts`: charts, rendered by Helm as kustomize has them rendered.

use std::path::{Path, PathBuf};

use crate::accumulate::Layer;
use crate::decode::{Decoder, Fields, Text};
use crate::fault::{Fault, Rule};
use crate::load::{Checked, Session};
use crate::merge::merge;
use crate::object::Object;
use crate::outside::{Helm, Invocation, Unavailable};
use crate::schema::Schema;
use crate::yaml::{Dialect, Node, Origin, Value, emit};

/// Flags of a chart in the order in which Helm gets them, with the fields that ask for them.
const FLAGS: [(&str, &str); 5] = [
    ("includeCRDs", "--include-crds"),
    ("skipTests", "--skip-tests"),
    ("skipHooks", "--no-hooks"),
    ("debug", "--debug"),
    ("devel", "--devel"),
];

const FIELDS: &[&str] = &[
    "name",
    "version",
    "repo",
    "releaseName",
    "namespace",
    "additionalValuesFiles",
    "valuesFile",
    "valuesInline",
    "valuesMerge",
    "includeCRDs",
    "skipHooks",
    "apiVersions",
    "kubeVersion",
    "nameTemplate",
    "skipTests",
    "debug",
    "devel",
    "chartHome",
    "configHome",
];

/// `helmGlobals`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Globals {
    chart_home: String,
    config_home: String,
}

/// How the values in the kustomization and those of the file become one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Merging {
    #[default]
    Override,
    Merge,
    Replace,
}

/// An entry of `helmCharts`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Chart {
    name: Text,
    version: String,
    repository: String,
    release: String,
    namespace: String,
    name_template: String,
    kube_version: String,
    api_versions: Vec<String>,
    values: Text,
    more_values: Vec<Text>,
    inline: Option<Node>,
    merging: Merging,
    flags: Vec<&'static str>,
    globals: Globals,
    pub(crate) origin: Option<Origin>,
}

impl Globals {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Self {
        let Some(node) = node else { return Self::default() };
        let fields = decoder.fields(node, &["chartHome", "configHome"]);
        Self {
            chart_home: decoder.text(fields.get("chartHome")),
            config_home: decoder.text(fields.get("configHome")),
        }
    }
}

impl Chart {
    /// An entry of `helmCharts`, which has the kustomization's `helmGlobals`.
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node, globals: &Globals) -> Self {
        let fields = decoder.fields(node, &FIELDS[..FIELDS.len() - 2]);
        Self { globals: globals.clone(), ..Self::from_fields(decoder, &fields, node) }
    }

    /// The configuration of a `HelmChartInflationGenerator`, which says everything itself.
    pub(crate) fn of_plugin(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, FIELDS);
        let globals = Globals {
            chart_home: decoder.text(fields.get("chartHome")),
            config_home: decoder.text(fields.get("configHome")),
        };
        Self { globals, ..Self::from_fields(decoder, &fields, node) }
    }

    fn from_fields(decoder: &mut Decoder<'_>, fields: &Fields<'_>, node: &Node) -> Self {
        Self {
            name: decoder.placed(fields.get("name")),
            version: decoder.text(fields.get("version")),
            repository: decoder.text(fields.get("repo")),
            release: decoder.text(fields.get("releaseName")),
            namespace: decoder.text(fields.get("namespace")),
            name_template: decoder.text(fields.get("nameTemplate")),
            kube_version: decoder.text(fields.get("kubeVersion")),
            api_versions: decoder
                .texts(fields.get("apiVersions"))
                .into_iter()
                .map(|text| text.text)
                .collect(),
            values: decoder.placed(fields.get("valuesFile")),
            more_values: decoder.texts(fields.get("additionalValuesFiles")),
            inline: inline_values(fields.get("valuesInline")),
            merging: merging(decoder, fields.get("valuesMerge")),
            flags: FLAGS
                .into_iter()
                .filter(|(field, _)| decoder.flag(fields.get(field)))
                .map(|(_, flag)| flag)
                .collect(),
            globals: Globals::default(),
            origin: node.origin.clone(),
        }
    }

    /// An entry of the deprecated `helmChartInflationGenerator`.
    pub(crate) fn decode_deprecated(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(
            node,
            &[
                "chartName",
                "chartVersion",
                "chartRepoUrl",
                "chartHome",
                "chartRepoName",
                "helmBin",
                "helmHome",
                "values",
                "valuesLocal",
                "valuesMerge",
                "releaseName",
                "releaseNamespace",
                "extraArgs",
            ],
        );
        Self {
            name: decoder.placed(fields.get("chartName")),
            version: decoder.text(fields.get("chartVersion")),
            repository: decoder.text(fields.get("chartRepoUrl")),
            release: decoder.text(fields.get("releaseName")),
            values: decoder.placed(fields.get("values")),
            inline: inline_values(fields.get("valuesLocal")),
            merging: merging(decoder, fields.get("valuesMerge")),
            globals: Globals {
                chart_home: decoder.text(fields.get("chartHome")),
                config_home: decoder.text(fields.get("helmHome")),
            },
            origin: node.origin.clone(),
            ..Self::default()
        }
    }

    /// The directory with the charts.
    fn home(&self, root: &Path) -> PathBuf {
        let home = if self.globals.chart_home.is_empty() { "charts" } else { &self.globals.chart_home };
        let home = root.join(home);
        if self.version.is_empty() || self.repository.is_empty() {
            home
        } else {
            home.join(format!("{}-{}", self.name.text, self.version))
        }
    }

    /// Renders the chart.
    pub(crate) fn inflate(&self, session: &mut Session<'_>, layer: &Layer<'_>) -> Checked<Vec<Object>> {
        let fault = |rule: Rule, problem: String, advice: String| {
            Fault::new(rule, problem, advice).or_at(self.origin.as_ref())
        };
        let refuse = |session: &Session<'_>, Unavailable { problem, advice }| {
            vec![session.finding(fault(Rule::Unsupported, problem, advice))]
        };
        let Some(helm) = &session.options().helm else {
            let (problem, advice) =
                ("charts are rendered by Helm, which is not run unasked", "pass `--enable-helm`");
            return Err(refuse(session, Unavailable::new(problem, advice)));
        };
        if self.name.text.is_empty() {
            let problem = "a chart without `name`".to_owned();
            return Err(vec![session.finding(fault(Rule::Kustomization, problem, "name it".to_owned()))]);
        }
        let home = self.home(&layer.root);
        let fs = session.fs();
        let run = |arguments: Vec<String>, input: Vec<u8>| {
            let config_home = &self.globals.config_home;
            let environment = [("CONFIG", ""), ("CACHE", "/.cache"), ("DATA", "/.data")];
            fs.run(&Invocation {
                program: helm.command.clone(),
                arguments,
                environment: environment
                    .into_iter()
                    .filter(|_| !config_home.is_empty())
                    .map(|(kind, below)| (format!("HELM_{kind}_HOME"), format!("{config_home}{below}")))
                    .collect(),
                directory: layer.root.clone(),
                input,
                needs_helm_home: config_home.is_empty(),
            })
        };
        let version = run(vec!["version".into(), "--short".into()], Vec::new())
            .map_err(|error| refuse(session, error))?;
        check_version(&String::from_utf8_lossy(&version)).map_err(|error| refuse(session, error))?;
        if !session.fs().is_dir(&home.join(&self.name.text)) {
            if self.repository.is_empty() {
                let problem =
                    format!("there is no chart `{}` in `{}`", self.name.text, session.fs().name(&home));
                let advice = "correct `name` or `chartHome`, or say where it comes from by `repo`";
                return Err(vec![session.finding(fault(Rule::Load, problem, advice.to_owned()))]);
            }
            run(self.pull(&home), Vec::new()).map_err(|error| refuse(session, error))?;
        }
        let values = self.values(session, layer, &home)?;
        let mut files = Vec::new();
        for file in &self.more_values {
            let read = session.read(&layer.root, file);
            files.push(session.check(read)?.0);
        }
        let output =
            run(self.template(helm, &home, &files), values).map_err(|error| refuse(session, error))?;
        self.objects(session, &output)
    }

    fn pull(&self, home: &Path) -> Vec<String> {
        let mut arguments = vec![
            "pull".to_owned(),
            "--untar".to_owned(),
            "--untardir".to_owned(),
            home.display().to_string(),
        ];
        if self.repository.starts_with("oci://") {
            arguments.push(format!("{}/{}", self.repository.trim_end_matches('/'), self.name.text));
        } else {
            arguments.extend(["--repo".to_owned(), self.repository.clone(), self.name.text.clone()]);
        }
        if !self.version.is_empty() {
            arguments.extend(["--version".to_owned(), self.version.clone()]);
        }
        arguments.extend(self.flags.iter().filter(|flag| **flag == "--devel").map(|flag| (*flag).to_owned()));
        arguments
    }

    /// The values come by standard input, so that nothing is written for them.
    fn template(&self, helm: &Helm, home: &Path, files: &[PathBuf]) -> Vec<String> {
        let release = if self.release.is_empty() { "--generate-name" } else { &self.release };
        let mut arguments =
            vec!["template".to_owned(), release.to_owned(), home.join(&self.name.text).display().to_string()];
        let mut option = |name: &str, value: &str| {
            if !value.is_empty() {
                arguments.extend([name.to_owned(), value.to_owned()]);
            }
        };
        option("--namespace", &self.namespace);
        option("--name-template", &self.name_template);
        option("-f", "-");
        for file in files {
            option("-f", &file.display().to_string());
        }
        let versions = if helm.api_versions.is_empty() { &self.api_versions } else { &helm.api_versions };
        for version in versions {
            option("--api-versions", version);
        }
        option("--kube-version", helm.kube_version.as_ref().unwrap_or(&self.kube_version));
        arguments.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        arguments
    }

    /// The values of the file with those of the kustomization in them.
    fn values(&self, session: &mut Session<'_>, layer: &Layer<'_>, home: &Path) -> Checked<Vec<u8>> {
        if let (Some(inline), Merging::Replace) = (&self.inline, self.merging) {
            return Ok(emit(inline).into_bytes());
        }
        let file = if self.values.text.is_empty() {
            let text = home.join(&self.name.text).join("values.yaml").display().to_string();
            Text { text, origin: self.origin.clone() }
        } else {
            self.values.clone()
        };
        let Some(inline) = self.inline.clone() else {
            let read = session.read(&layer.root, &file);
            return Ok(session.check(read)?.1);
        };
        let source = session.text(&layer.root, &file)?;
        let documents = Session::parse(&source, Dialect::Resource)?;
        let values =
            documents.into_iter().next().unwrap_or_else(|| Value::Mapping(indexmap::IndexMap::new()).into());
        let (base, patch) = if self.merging == Merging::Merge { (inline, values) } else { (values, inline) };
        let merged = session.check(merge(&Schema::default(), base, patch))?;
        Ok(merged.map_or_else(|| "{}\n".to_owned(), |merged| emit(&merged)).into_bytes())
    }

    /// The objects in what Helm printed; it may print messages before the first of them.
    fn objects(&self, session: &mut Session<'_>, output: &[u8]) -> Checked<Vec<Object>> {
        let text = String::from_utf8_lossy(output);
        let mut read = |text: &str| {
            let source = session.inline(&Text { text: text.to_owned(), origin: self.origin.clone() });
            Session::parse(&source, Dialect::Resource).and_then(|documents| session.objects(documents))
        };
        let nodes = match (read(&text), text.find("\n---")) {
            (Err(_), Some(at)) => read(&text[at..])?,
            (result, _) => result?,
        };
        let made = |node| Object { from_helm: true, ..Object::new(node) };
        Ok(nodes.into_iter().map(made).collect())
    }
}

fn inline_values(node: Option<&Node>) -> Option<Node> {
    node.filter(|node| node.entries().next().is_some()).cloned()
}

fn merging(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Merging {
    match &*decoder.text(node) {
        "" | "override" => Merging::Override,
        "merge" => Merging::Merge,
        "replace" => Merging::Replace,
        other => {
            if let Some(node) = node {
                let problem = format!("values cannot be merged by `{other}`");
                decoder.problem(node, problem, "write `merge`, `override` or `replace`");
            }
            Merging::Override
        }
    }
}

/// Kustomize works with Helm 3 and 4.
fn check_version(text: &str) -> Result<(), Unavailable> {
    let digits = text.find(|c: char| c.is_ascii_digit()).map_or("", |at| &text[at..]);
    match digits.split('.').next() {
        Some("3" | "4") => Ok(()),
        _ => Err(Unavailable::new(
            format!("Helm 3 or 4 is needed, but this is `{}`", text.trim()),
            "install Helm 3 or 4, or name it by `--helm-command`",
        )),
    }
}
