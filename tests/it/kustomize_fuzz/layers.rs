//! Kustomizations in layers: bases, components and overlays that use every field.

use std::collections::BTreeMap;

use super::objects::{IMAGES, KINDS, NAMES, NAMESPACES, TEXTS, object, scalar};
use infra_tests::random::Random;

type Object = (&'static str, &'static str, String);

/// The files of one case; the kustomization to build is in `top`.
pub(crate) fn case(seed: u64) -> BTreeMap<String, String> {
    let mut maker = Maker { random: Random::new(seed), files: BTreeMap::new() };
    let mut objects = maker.layer("base", &[], &[], false);
    let mut below = vec!["../base".to_owned()];
    if maker.random.one_in(3) {
        objects.extend(maker.layer("other", &[], &[], false));
        below.push("../other".to_owned());
    }
    if maker.random.one_in(2) {
        objects.extend(maker.layer("middle", &below, &objects, false));
        below = vec!["../middle".to_owned()];
    }
    if maker.random.one_in(3) {
        maker.layer("component", &[], &objects, true);
        below.push("!../component".to_owned());
    }
    maker.layer("top", &below, &objects, false);
    maker.files
}

struct Maker {
    random: Random,
    files: BTreeMap<String, String>,
}

impl Maker {
    /// One kustomization with objects of its own over those that are known below it; gives its own objects.
    fn layer(&mut self, dir: &str, below: &[String], known: &[Object], component: bool) -> Vec<Object> {
        let mut own: Vec<Object> = Vec::new();
        let mut text = String::new();
        if component {
            text += "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
        }
        let mut resources: Vec<String> =
            below.iter().filter(|path| !path.starts_with('!')).cloned().collect();
        let number =
            if below.is_empty() && !component { 2 + self.random.below(5) } else { self.random.below(2) };
        for at in 0..number {
            let kind = *self.random.pick(&KINDS);
            let name = (*self.random.pick(&NAMES)).to_owned();
            let taken = own.iter().chain(known).any(|(_, other, known)| *other == kind.1 && *known == name);
            if taken && !self.random.one_in(40) {
                continue;
            }
            let made = object(&mut self.random, kind, &name);
            let file = format!("{}{}.yaml", kind.1.to_lowercase(), at % 3);
            let path = format!("{dir}/{file}");
            if let Some(text) = self.files.get_mut(&path) {
                *text += &format!("---\n{made}");
            } else {
                self.files.insert(path, made);
                resources.push(file);
            }
            own.push((kind.0, kind.1, name));
        }
        let components: Vec<String> =
            below.iter().filter_map(|path| Some(path.strip_prefix('!')?.to_owned())).collect();
        for (field, list) in [("resources", &resources), ("components", &components)] {
            if !list.is_empty() {
                text += &format!(
                    "{field}:\n{}",
                    list.iter().map(|path| format!("- {path}\n")).collect::<String>()
                );
            }
        }
        let all: Vec<Object> = known.iter().chain(&own).cloned().collect();
        let fields = 1 + self.random.below(5);
        let mut used = std::collections::BTreeSet::new();
        for _ in 0..fields {
            let which = self.random.below(22);
            if used.insert(which) {
                text += &self.field(dir, which, &all, component);
            }
        }
        if text.is_empty() {
            text += "namePrefix: p-\n";
        }
        self.files.insert(format!("{dir}/kustomization.yaml"), text);
        own
    }

    fn target(&mut self, all: &[Object]) -> Object {
        if all.is_empty() || self.random.one_in(25) {
            return ("apps/v1", "Deployment", "absent".to_owned());
        }
        self.random.pick(all).clone()
    }

    fn field(&mut self, dir: &str, which: usize, all: &[Object], component: bool) -> String {
        let name = *self.random.pick(&NAMES);
        match which {
            0 => format!("namePrefix: {}\n", self.random.pick(&["p-", "dev-", "x"])),
            1 => format!("nameSuffix: {}\n", self.random.pick(&["-s", "-v2"])),
            2 => format!("namespace: {}\n", self.random.pick(&NAMESPACES)),
            3 => {
                let flag = self.random.pick(&["", "  includeSelectors: true\n", "  includeTemplates: true\n", "  fields:\n  - path: spec/extra/labels\n    create: true\n    kind: Widget\n"]);
                format!("labels:\n- pairs:\n    team: {}\n    app: web\n{flag}", self.random.pick(&TEXTS))
            }
            4 => format!("commonLabels:\n  env: {}\n", self.random.pick(&TEXTS)),
            5 => format!("commonAnnotations:\n  who: {}\n  VAR: $(VAR)\n", self.random.pick(&TEXTS)),
            6 => {
                let count = 1 + self.random.below(3);
                "patches:\n".to_owned() + &(0..count).map(|at| self.patch(dir, at, all)).collect::<String>()
            }
            7 => {
                let (api_version, kind, name) = self.target(all);
                let patch = self.merge_patch(api_version, kind, &name);
                self.files.insert(format!("{dir}/merge.yaml"), patch);
                "patchesStrategicMerge: [merge.yaml]\n".to_owned()
            }
            8 => {
                let (api_version, kind, name) = self.target(all);
                let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
                let patch = self.json_patch(kind);
                self.files.insert(format!("{dir}/json.yaml"), patch);
                format!("patchesJson6902:\n- target: {{group: '{group}', version: {version}, kind: {kind}, name: {name}}}\n  path: json.yaml\n")
            }
            9 => {
                let image = self.random.pick(&IMAGES).split(['@']).next().unwrap_or_default();
                let image = image.rsplit_once(':').map_or(image, |(name, tag)| if tag.contains('/') { image } else { name });
                let change = self.random.pick(&["newTag: v9", "newName: mirror/x", "digest: sha256:abcdef", "newTag: '1'\n  newName: host:5000/z", "tagSuffix: -alpine", "newTag: t\n  digest: sha256:ab"]);
                format!("images:\n- name: {image}\n  {change}\n- name: nginx\n  newTag: '2'\n")
            }
            10 => {
                let name = all.iter().find(|(_, kind, _)| matches!(*kind, "Deployment" | "StatefulSet")).map_or(name, |(_, _, name)| name.as_str());
                format!("replicas:\n- name: {name}\n  count: {}\n", self.random.below(9))
            }
            11 => self.replacements(all),
            12 => {
                let (api_version, kind, name) = self.target(all);
                let path = self.random.pick(&["", "  fieldref: {fieldpath: metadata.name}\n", "  fieldref: {fieldPath: metadata.namespace}\n"]);
                format!("vars:\n- name: VAR\n  objref: {{apiVersion: {api_version}, kind: {kind}, name: {name}}}\n{path}")
            }
            13 => {
                let count = 1 + self.random.below(2);
                "configMapGenerator:\n".to_owned() + &(0..count).map(|at| self.generator(dir, at, false)).collect::<String>()
            }
            14 => "secretGenerator:\n".to_owned() + &self.generator(dir, 5, true),
            15 => format!("generatorOptions:\n  {}\n", self.random.pick(&["disableNameSuffixHash: true", "labels: {gen: 'yes'}", "annotations: {a: b}\n  immutable: true"])),
            16 if !component => format!("sortOptions:\n  order: {}\n", self.random.pick(&["fifo", "legacy", "legacy\n  legacySortOptions:\n    orderFirst: [Service, Namespace]\n    orderLast: [Deployment]"])),
            17 => format!("buildMetadata: [{}]\n", self.random.pick(&["originAnnotations", "transformerAnnotations", "originAnnotations, transformerAnnotations"])),
            18 => {
                self.files.insert(format!("{dir}/config.yaml"), (*self.random.pick(&[
                    "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - path: spec/ref/name\n    kind: Widget\n",
                    "commonLabels:\n- path: spec/labels\n  kind: Widget\n  create: true\n",
                    "namePrefix:\n- path: spec/ref/name\n  kind: Widget\n",
                    "images:\n- path: spec/value\n  kind: Widget\nvarReference:\n- path: spec/list\n  kind: Widget\n",
                    "namespace:\n- path: spec/ns\n  create: true\n  kind: Widget\n",
                ])).to_owned());
                "configurations: [config.yaml]\n".to_owned()
            }
            19 => self.plugin(all),
            20 => format!("imageTags:\n- name: busybox\n  newTag: {}\n", self.random.pick(&["'3'", "stable"])),
            _ => "metadata:\n  name: k\n".to_owned(),
        }
    }

    fn patch(&mut self, dir: &str, at: usize, all: &[Object]) -> String {
        let (api_version, kind, name) = self.target(all);
        let is_json = self.random.one_in(3);
        let text = if is_json { self.json_patch(kind) } else { self.merge_patch(api_version, kind, &name) };
        let mut entry = String::new();
        if self.random.one_in(2) {
            let file = format!("patch{at}.yaml");
            self.files.insert(format!("{dir}/{file}"), text);
            entry += &format!("- path: {file}\n");
        } else {
            entry += &format!(
                "- patch: |-\n{}",
                text.lines().map(|line| format!("    {line}\n")).collect::<String>()
            );
        }
        if is_json || self.random.one_in(3) {
            let target = match self.random.below(8) {
                0 => format!("kind: {kind}"),
                1 => format!("kind: {kind}\n    name: {}.*", &name[..1]),
                2 => "labelSelector: app=web".to_owned(),
                3 => format!("kind: {kind}|Service\n    namespace: {}", self.random.pick(&NAMESPACES)),
                4 => format!("kind: {kind}\n    labelSelector: app in (web,api),tier!=back"),
                5 => format!("version: v1\n    kind: {kind}\n    annotationSelector: note"),
                _ => format!("kind: {kind}\n    name: {name}"),
            };
            entry += &format!("  target:\n    {target}\n");
            if self.random.one_in(6) {
                entry += "  options:\n    allowNameChange: true\n    allowKindChange: true\n";
            }
        }
        entry
    }

    fn merge_patch(&mut self, api_version: &str, kind: &str, name: &str) -> String {
        let value = scalar(&mut self.random, 2);
        let text = *self.random.pick(&TEXTS);
        let image = *self.random.pick(&IMAGES);
        let body = match kind {
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => {
                let inner = match self.random.below(9) {
                    0 => format!("      containers:\n      - name: main\n        image: {image}\n        env:\n        - name: B\n          value: {text}\n        - name: A\n          $patch: delete\n"),
                    1 => "      containers:\n      - name: extra\n        image: x\n      - name: main\n        ports:\n        - containerPort: 80\n          protocol: TCP\n          name: patched\n".to_owned(),
                    2 => "      containers:\n      - name: side\n        $patch: delete\n".to_owned(),
                    3 => "      containers:\n      - $patch: replace\n      - name: only\n        image: y\n".to_owned(),
                    4 => "      volumes:\n      - name: v0\n        emptyDir: {}\n        configMap: null\n      - name: v9\n        secret: {secretName: db}\n".to_owned(),
                    5 => "      serviceAccountName: null\n      tolerations:\n      - key: z\n".to_owned(),
                    6 => "      affinity:\n        $patch: replace\n        nodeAffinity: {}\n".to_owned(),
                    7 => "      containers:\n      - name: main\n        volumeMounts:\n        - mountPath: /b\n          name: v2\n        - mountPath: /c\n          name: v3\n        resources:\n          limits: null\n".to_owned(),
                    _ => "      imagePullSecrets:\n      - name: web\n      - name: new\n      hostAliases:\n      - ip: 1.2.3.4\n        hostnames: [a]\n".to_owned(),
                };
                let replicas = if self.random.one_in(3) { "  replicas: 7\n" } else { "" };
                format!("spec:\n{replicas}  template:\n    spec:\n{inner}")
            }
            "Service" => (*self.random.pick(&[
                "spec:\n  ports:\n  - port: 80\n    protocol: TCP\n    targetPort: 8080\n  - port: 81\n",
                "spec:\n  selector: null\n  type: NodePort\n",
                "spec:\n  ports:\n  - $patch: delete\n",
                "spec:\n  ports:\n  - port: 80\n    $patch: delete\n    protocol: UDP\n",
            ]))
            .to_owned(),
            "ConfigMap" => format!("data:\n  key: {value}\n  a: null\n  new: {text}\n"),
            "Secret" => format!("stringData:\n  more: {text}\n"),
            "Widget" => format!("spec:\n  value: {text}\n  list: [z]\n  ref:\n    $patch: delete\n"),
            _ => format!("metadata:\n  labels:\n    patched: {text}\n"),
        };
        let head = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n");
        if self.random.one_in(20) {
            return format!("{head}$patch: delete\n");
        }
        if let Some(labels) = body.strip_prefix("metadata:\n") {
            return head + labels;
        }
        head + &body
    }

    fn json_patch(&mut self, kind: &str) -> String {
        let text = *self.random.pick(&TEXTS);
        let name = *self.random.pick(&NAMES);
        let operations = match kind {
            "Deployment" | "StatefulSet" | "DaemonSet" => format!(
                "- op: {}\n  path: /spec/template/spec/containers/0/image\n  value: {}\n- op: add\n  path: /spec/template/spec/containers/-\n  value: {{name: json, image: j}}\n",
                self.random.pick(&["replace", "add"]),
                self.random.pick(&IMAGES)
            ),
            "ConfigMap" => format!(
                "- op: add\n  path: /data/~1a~0b\n  value: {text}\n- {{op: copy, from: /data/~1a~0b, path: /data/copied}}\n"
            ),
            "Service" => {
                "- op: remove\n  path: /spec/ports/0\n- op: test\n  path: /spec/ports/0/port\n  value: 80\n"
                    .to_owned()
            }
            _ if self.random.one_in(4) => {
                format!("- op: replace\n  path: /metadata/name\n  value: renamed-{name}\n")
            }
            _ => format!("- op: add\n  path: /metadata/labels\n  value: {{j: {text}}}\n"),
        };
        if self.random.one_in(6) {
            return operations.replace("- op: add", "- op: remove");
        }
        operations
    }

    fn replacements(&mut self, all: &[Object]) -> String {
        let (_, kind, name) = self.target(all);
        let (_, target, other) = self.target(all);
        let (path, options) = match target {
            "Deployment" | "StatefulSet" => (
                *self.random.pick(&[
                    "spec.template.spec.containers.[name=main].env.[name=A].value",
                    "spec.template.spec.containers.*.image",
                    "spec.replicas",
                ]),
                "",
            ),
            "ConfigMap" => (
                *self.random.pick(&["data.key", "data.config\\.json.db.host", "data.added"]),
                if self.random.one_in(2) { "    options: {create: true}\n" } else { "" },
            ),
            "Widget" => ("spec.list.0", "    options: {delimiter: '-', index: 1}\n"),
            _ => ("metadata.labels.from", "    options: {create: true}\n"),
        };
        let field = self.random.pick(&[
            "",
            "    fieldPath: metadata.name\n",
            "    fieldPath: metadata.labels.app\n",
            "    fieldPath: kind\n    options: {delimiter: e, index: 1}\n",
        ]);
        let select = self.random.pick(&["kind", "kind", "kind-name"]);
        let select = if *select == "kind" {
            format!("kind: {target}")
        } else {
            format!("kind: {target}\n      name: {other}")
        };
        let reject = if self.random.one_in(4) { "    reject:\n    - name: db\n" } else { "" };
        format!(
            "replacements:\n- source:\n    kind: {kind}\n    name: {name}\n{field}  targets:\n  - select:\n      {select}\n{reject}    fieldPaths: [\"{}\"]\n{options}",
            path.replace('\\', "\\\\")
        )
    }

    fn generator(&mut self, dir: &str, at: usize, secret: bool) -> String {
        let name = *self.random.pick(&["gen", "web", "db", "gen"]);
        let mut entry = format!("- name: {name}\n");
        let behavior = self.random.below(8);
        if behavior < 2 {
            entry += &format!("  behavior: {}\n", ["merge", "replace"][behavior]);
        }
        if self.random.one_in(5) {
            entry += &format!("  namespace: {}\n", self.random.pick(&NAMESPACES));
        }
        if self.random.one_in(2) {
            entry += "  literals:\n  - a=1\n  - \"b='quoted'\"\n  - c=x=y\n";
        }
        if self.random.one_in(3) {
            self.files.insert(
                format!("{dir}/e{at}.env"),
                "A=1\n# comment\n  B = two words \nC\nQ=\"q\"\n\n".to_owned(),
            );
            entry += &format!("  envs: [e{at}.env]\n");
        }
        if self.random.one_in(3) {
            let content = *self.random.pick(&[
                "hello\nworld\n",
                "tab\there\n",
                "trailing \nspace\n",
                "",
                "no newline",
                "crlf\r\nline\r\n",
                "\nleading\n",
                "  indented\n",
                "long long long long long long long long long long long long long long long long long line\n",
                "a\n\n\n",
            ]);
            self.files.insert(format!("{dir}/f{at}.txt"), content.to_owned());
            entry += &format!("  files: [f{at}.txt, renamed.txt=f{at}.txt]\n");
        }
        if secret && self.random.one_in(3) {
            entry += "  type: kubernetes.io/tls\n";
        }
        if self.random.one_in(3) {
            entry += &format!(
                "  options:\n    {}\n",
                self.random.pick(&[
                    "disableNameSuffixHash: true",
                    "labels: {l: '1'}\n    annotations: {n: x}",
                    "immutable: true"
                ])
            );
        }
        entry
    }

    fn plugin(&mut self, all: &[Object]) -> String {
        let (_, kind, _) = self.target(all);
        let name = *self.random.pick(&NAMES);
        let body = match self.random.below(8) {
            0 => "kind: NamespaceTransformer\nmetadata: {name: t, namespace: other}\nunsetOnly: true\nfieldSpecs:\n- path: metadata/name\n  kind: Namespace\n  create: true\n".to_owned(),
            1 => "kind: PrefixTransformer\nmetadata: {name: t}\nprefix: t-\nfieldSpecs:\n- path: metadata/name\n".to_owned(),
            2 => "kind: LabelTransformer\nmetadata: {name: t}\nlabels: {x: y}\nfieldSpecs:\n- path: metadata/labels\n  create: true\n".to_owned(),
            3 => format!("kind: PatchTransformer\nmetadata: {{name: t}}\npatch: '[{{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {{\"p\": \"q\"}}}}]'\ntarget: {{kind: {kind}}}\n"),
            4 => "kind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {x: y}\nfieldSpecs:\n- path: metadata/annotations\n  create: true\n".to_owned(),
            5 => "kind: ImageTagTransformer\nmetadata: {name: t}\nimageTag: {name: nginx, newTag: t}\n".to_owned(),
            6 => "kind: NamespaceTransformer\nmetadata: {name: t, namespace: other}\nsetRoleBindingSubjects: allServiceAccounts\nfieldSpecs: []\n".to_owned(),
            _ => format!("kind: ReplicaCountTransformer\nmetadata: {{name: t}}\nreplica: {{name: {name}, count: 3}}\nfieldSpecs:\n- path: spec/replicas\n  create: true\n  kind: Deployment\n"),
        };
        format!(
            "transformers:\n- |-\n  apiVersion: builtin\n{}",
            body.lines().map(|line| format!("  {line}\n")).collect::<String>()
        )
    }
}
