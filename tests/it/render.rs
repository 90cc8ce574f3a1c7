//! `infra render`: trees of rendered manifests, environments, differences, and what lies beyond the tree.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use infra_tests::oracle;
use infra_tests::run::run;
use infra_tests::sandbox::Sandbox;

use crate::harness::{findings, infra};

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - name: http\n    port: 80\n";

/// A sandbox with a kustomization of one service in `app`.
fn app() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "app/kustomization.yaml",
        "resources: [service.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=1]\n",
    );
    sandbox.write("app/service.yaml", SERVICE);
    sandbox
}

/// The names of the files in a directory, hidden ones left out.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("the directory can be listed");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_tree_has_the_files_of_kustomize() {
    let sandbox = Sandbox::reference();
    let directory = "infra/mysql/k8s/overlays/prod";
    let _: String = infra(&sandbox).run(&["render", directory, "--output", "ours"]).output();
    std::fs::create_dir(sandbox.path("theirs")).expect("a directory can be made");
    let mut stock = Command::new(infra_tests::tools::kustomize());
    let _: String =
        run(stock.arg("build").arg(sandbox.path(directory)).arg("-o").arg(sandbox.path("theirs"))).output();
    let files = names(&sandbox.path("theirs"));
    assert!(files.len() >= 3, "{files:?}");
    assert_eq!(names(&sandbox.path("ours")), files);
    for file in files {
        assert_eq!(sandbox.read(&format!("ours/{file}")), sandbox.read(&format!("theirs/{file}")), "{file}");
    }
}

#[test]
fn a_tree_loses_what_is_gone_and_nothing_else() {
    let sandbox = app();
    let render = || infra(&sandbox).run(&["render", "app", "-o", "out"]);
    let _: String = render().output();
    let first = names(&sandbox.path("out"));
    assert_eq!(first.len(), 2, "{first:?}");
    sandbox.write("out/notes.yaml", "mine: true\n").replace("app/kustomization.yaml", "a=1", "a=2");
    sandbox.write("keep.yaml", "mine: true\n");
    // A list that was tampered with leads nowhere else.
    sandbox.append("out/.infra-rendered", "../keep.yaml\n/etc/hostname\n");
    let _: String = render().output();
    let second = names(&sandbox.path("out"));
    assert_eq!(second.len(), 3, "the old ConfigMap is gone, the new one and the notes are there: {second:?}");
    assert!(second.contains(&"notes.yaml".to_owned()) && sandbox.path("keep.yaml").exists());
    assert_ne!(first, second);
}

#[test]
fn a_stale_tree_is_shown_with_its_differences() {
    let sandbox = app();
    let check = || infra(&sandbox).run(&["render", "app", "--output", "out", "--check"]);
    let missing = check().exits(1);
    assert!(missing.stdout.contains("--- /dev/null\n+++ b/v1_service_web.yaml"), "{}", missing.stdout);
    assert!(!sandbox.path("out").exists());
    let _: String = infra(&sandbox).run(&["render", "app", "--output", "out"]).output();
    let _: String = check().output();
    sandbox.replace("app/service.yaml", "port: 80", "port: 81");
    let stale = check().exits(1);
    assert!(stale.stdout.contains("-    port: 80\n+    port: 81"), "{}", stale.stdout);
    let json =
        infra(&sandbox).run(&["render", "app", "-o", "out", "--check", "--format", "json"]).exits(1).json();
    assert_eq!(json["changed"], serde_json::json!(["v1_service_web.yaml"]));
    assert_eq!(findings(&json)[0]["rule"], "render/stale");
    let _: String = infra(&sandbox).run(&["render", "app", "--output", "out"]).output();
    let _: String = check().output();
}

#[test]
fn an_environment_is_a_directory_for_each_component() {
    let sandbox = Sandbox::reference();
    let _: String = infra(&sandbox).run(&["render", "dev", "-o", "out"]).output();
    let components = names(&sandbox.path("out"));
    assert!(
        components.contains(&"redis".to_owned()) && components.contains(&"mysql".to_owned()),
        "{components:?}"
    );
    assert!(names(&sandbox.path("out/redis")).iter().all(|name| name.strip_suffix(".yaml").is_some()));
    let _: String = infra(&sandbox).run(&["render", "dev", "-o", "out", "--check"]).output();
}

#[test]
fn an_object_of_two_components_is_an_error_with_both_sources() {
    let sandbox = Sandbox::empty();
    for component in ["one", "two"] {
        sandbox.write(
            &format!("infra/{component}/k8s/base/kustomization.yaml"),
            "resources: [s.yaml]\nnamespace: shop\n",
        );
        sandbox.write(&format!("infra/{component}/k8s/base/s.yaml"), SERVICE);
        sandbox.write(
            &format!("infra/{component}/k8s/overlays/dev/kustomization.yaml"),
            "resources: [../../base]\n",
        );
    }
    let refused = infra(&sandbox).run(&["render", "dev"]).exits(1);
    assert_eq!(refused.stdout, "");
    for part in ["`one`", "`two`", "infra/one/k8s/base/s.yaml:1", "infra/two/k8s/base/s.yaml"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    let tree = infra(&sandbox).run(&["render", "dev", "-o", "out"]).exits(1);
    assert!(!sandbox.path("out").exists(), "{tree:?}");
}

#[test]
fn a_difference_names_fields_and_the_lines_that_set_them() {
    let sandbox = app();
    sandbox.write(
        "other/kustomization.yaml",
        "resources: [../app]\nnamespace: shop\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    spec:\n      ports:\n      - port: 80\n        name: https\n- path: p.yaml\nconfigMapGenerator:\n- name: settings\n  behavior: merge\n  literals: [a=2]\n",
    );
    sandbox.write(
        "other/p.yaml",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: NodePort\n",
    );
    sandbox.write(
        "other/kustomization.yaml",
        sandbox.read("other/kustomization.yaml").replace("namespace: shop\n", ""),
    );
    let diff = infra(&sandbox).run(&["render", "diff", "app", "other"]).output();
    assert!(diff.contains("~ ConfigMap settings-"), "{diff}");
    assert!(diff.contains("    data.a: \"1\" → \"2\"  other/kustomization.yaml:15"), "{diff}");
    assert!(diff.contains("    spec.type: (none) → NodePort  other/p.yaml:6"), "{diff}");
    assert!(diff.ends_with("0 objects added, 0 removed, 2 changed\n"), "{diff}");
    let json = infra(&sandbox)
        .run(&["render", "diff", "app", "other", "--format", "json", "--exit-code"])
        .exits(1)
        .json();
    assert_eq!(json["schema"], "infra.render.diff/v1");
    let fields = json["changed"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|object| object["fields"].as_array().expect("a list"));
    let kind = fields.into_iter().find(|field| field["path"] == "spec.type").expect("the type is among them");
    assert_eq!((&kind["to"]["value"], &kind["to"]["line"]), (&"NodePort".into(), &6.into()));
    let same = infra(&sandbox).run(&["render", "diff", "app", "app", "--exit-code"]).output();
    assert_eq!(same, "0 objects added, 0 removed, 0 changed\n");
}

/// Git in a directory, with an identity and no configuration of the user's.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]);
    command
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    run(&mut command).output()
}

fn commit(sandbox: &Sandbox, directory: &str) -> String {
    let directory = sandbox.path(directory);
    git(&directory, &["init", "--quiet"]);
    git(&directory, &["add", "--all"]);
    git(&directory, &["commit", "--quiet", "-m", "x"]);
    git(&directory, &["rev-parse", "HEAD"]).trim().to_owned()
}

#[test]
fn a_revision_is_compared_with_the_files() {
    let sandbox = app();
    commit(&sandbox, ".");
    sandbox.replace("app/service.yaml", "name: web", "name: web2");
    let diff = infra(&sandbox).run(&["render", "diff", "git:HEAD:app", "app"]).output();
    assert!(diff.contains("+ Service web2  app/service.yaml:1\n"), "{diff}");
    assert!(diff.contains("- Service web  app/service.yaml:1\n"), "{diff}");
    let refused = infra(&sandbox).run(&["render", "diff", "git:nonsense:app", "app"]).exits(2);
    assert!(refused.stderr.contains("nonsense"), "{}", refused.stderr);
    let outside = infra(&sandbox).run(&["render", "diff", "git:HEAD:../..", "app"]);
    assert_eq!(outside.code, 2, "{outside:?}");
}

#[test]
fn a_remote_base_is_fetched_once_pinned_and_checked() {
    let sandbox = app();
    sandbox.write("app/escape/kustomization.yaml", "resources: [../../outside.yaml]\n");
    let pinned = commit(&sandbox, "app");
    let url = format!("file://{}", sandbox.path("app").display());
    sandbox.write("tree/infra.toml", "");
    sandbox.write("tree/top/kustomization.yaml", format!("namePrefix: p-\nresources:\n- {url}?ref=main\n"));
    let cache = sandbox.path("cache");
    let infra = || infra(&sandbox).env("INFRA_CACHE_DIR", cache.clone());
    let offline = infra().run(&["render", "tree/top"]).exits(1);
    assert!(
        offline.stderr.contains("kustomization.yaml:3") && offline.stderr.contains("--fetch"),
        "{}",
        offline.stderr
    );
    let fetched = infra().run(&["render", "tree/top", "--fetch"]).output();
    assert!(fetched.contains("name: p-web"), "{fetched}");
    let lock = sandbox.read("tree/infra.lock");
    assert!(lock.contains(&url) && lock.contains(&pinned) && lock.contains("sha256"), "{lock}");
    // The repository moves on, the pin does not; nothing is needed of the network.
    sandbox.replace("app/service.yaml", "port: 80", "port: 81");
    commit(&sandbox, "app");
    assert_eq!(infra().run(&["render", "tree/top"]).output(), fetched);
    std::fs::remove_dir_all(&cache).expect("the cache can be removed");
    let _: String = git(&sandbox.path("app"), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    assert_eq!(infra().run(&["render", "tree/top", "--fetch"]).output(), fetched);
    assert_eq!(sandbox.read("tree/infra.lock"), lock);
    // What was changed in the cache is not used.
    let entry =
        std::fs::read_dir(&cache).expect("a cache").next().expect("an entry").expect("an entry").path();
    std::fs::write(entry.join("content/service.yaml"), SERVICE.replace("80", "666"))
        .expect("the cache can be written");
    let refused = infra().run(&["render", "tree/top"]).exits(1);
    assert!(refused.stderr.contains("not what was fetched"), "{}", refused.stderr);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_remote_base_renders_as_kustomize_renders_it() {
    let sandbox = app();
    sandbox.write(
        "app/deep/kustomization.yaml",
        "resources: [../base, own.yaml]\nbuildMetadata: [originAnnotations]\n",
    );
    sandbox.write("app/deep/own.yaml", SERVICE.replace("web", "own"));
    sandbox.write("app/base/kustomization.yaml", "resources: [b.yaml]\n");
    sandbox.write("app/base/b.yaml", SERVICE.replace("web", "b"));
    sandbox.write("app/bad/kustomization.yaml", "resources: [../../top]\n");
    commit(&sandbox, "app");
    let url = format!("file://{}", sandbox.path("app").display());
    sandbox.write("top/kustomization.yaml", format!("resources:\n- {url}//deep?ref=main\nnameSuffix: -x\nbuildMetadata: [originAnnotations, transformerAnnotations]\n"));
    let infra = || infra(&sandbox).env("INFRA_CACHE_DIR", sandbox.path("cache"));
    let theirs = oracle::kustomize(&sandbox.path("top")).output();
    assert!(theirs.contains("repo:"), "{theirs}");
    assert_eq!(infra().run(&["render", "top", "--fetch"]).output(), theirs);
    sandbox.write("top/kustomization.yaml", format!("resources:\n- {url}//bad?ref=main\n"));
    assert_ne!(oracle::kustomize(&sandbox.path("top")).code, 0);
    let refused = infra().run(&["render", "top", "--fetch"]).exits(1);
    assert!(refused.stderr.contains("bad/kustomization.yaml:1"), "{}", refused.stderr);
}

/// Writes an executable.
fn script(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.write(path, text);
    std::fs::set_permissions(sandbox.path(path), std::fs::Permissions::from_mode(0o755))
        .expect("a mode can be set");
}

/// Enough of Helm: it shows its arguments and the values that it was given.
const FAKE_HELM: &str = r#"#!/bin/sh
case "$1" in
version) echo v3.99.0; exit 0;;
template) ;;
*) echo "unexpected: $*" >&2; exit 1;;
esac
values=""
while [ $# -gt 0 ]; do
  if [ "$1" = -f ]; then shift; values="$values$(cat "$1")
"; fi
  shift
done
printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: chart\ndata:\n  values: |\n'
printf '%s' "$values" | sed 's/^/    /'
printf -- '---\napiVersion: v1\nkind: Service\nmetadata:\n  name: chart\n'
"#;

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn charts_are_rendered_as_kustomize_has_them_rendered() {
    let sandbox = Sandbox::empty();
    script(&sandbox, "helm", FAKE_HELM);
    sandbox.write("app/charts/c/values.yaml", "a: 1\nlist: [x, y]\nmap: {k: v, l: w}\n");
    sandbox.write("app/mine.yaml", "a: 5\n");
    sandbox.write("app/more.yaml", "more: true\n");
    let helm = sandbox.path("helm");
    let helm = helm.to_str().expect("the path is text");
    for entry in [
        "{name: c, releaseName: r}",
        "{name: c, releaseName: r, namespace: n, valuesFile: mine.yaml, includeCRDs: true, version: '1', apiVersions: [x/v1]}",
        "{name: c, releaseName: r, valuesInline: {a: 2, list: [z], map: {k: n}}, additionalValuesFiles: [more.yaml]}",
        "{name: c, releaseName: r, valuesInline: {a: 2, list: [z], map: {m: n}}, valuesMerge: merge}",
        "{name: c, releaseName: r, valuesInline: {a: 2}, valuesMerge: replace, skipTests: true}",
        "{name: absent, releaseName: r}",
        "{name: c, releaseName: r, valuesMerge: none}",
        "{name: c, releaseName: r, valuesFile: ../outside.yaml}",
    ] {
        sandbox.write(
            "app/kustomization.yaml",
            format!(
                "namespace: ns\nnamePrefix: p-\nbuildMetadata: [originAnnotations]\nhelmCharts:\n- {entry}\n"
            ),
        );
        let mut stock = Command::new(infra_tests::tools::kustomize());
        let theirs =
            run(stock.args(["build", "--enable-helm", "--helm-command", helm]).arg(sandbox.path("app")));
        let ours = infra(&sandbox).run(&["render", "app", "--enable-helm", "--helm-command", helm]);
        assert_eq!(
            (ours.code == 0, &ours.stdout),
            (theirs.code == 0, &theirs.stdout),
            "{entry}\n{}\n{}",
            ours.stderr,
            theirs.stderr
        );
    }
    let unasked = infra(&sandbox).run(&["render", "app"]).exits(1);
    assert!(
        unasked.stderr.contains("--enable-helm") && unasked.stderr.contains("kustomization.yaml:5"),
        "{}",
        unasked.stderr
    );
}

/// A function that sets a label and adds an object, with nothing but a shell: it edits the text that it is given.
const TRANSFORMER: &str = "#!/bin/sh\nsed -e 's/port: 80$/port: 8080/'\n";
const GENERATOR: &str = "#!/bin/sh\ncat >/dev/null\nprintf 'apiVersion: config.kubernetes.io/v1\\nkind: ResourceList\\nitems:\\n- apiVersion: v1\\n  kind: ConfigMap\\n  metadata:\\n    name: made\\n    annotations:\\n      kustomize.config.k8s.io/needs-hash: \"true\"\\n  data: {a: b}\\n'\n";

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn functions_run_where_they_are_allowed_as_in_kustomize() {
    let sandbox = app();
    script(&sandbox, "app/change.sh", TRANSFORMER);
    script(&sandbox, "app/make.sh", GENERATOR);
    script(&sandbox, "app/fail.sh", "#!/bin/sh\necho broken >&2\nexit 1\n");
    let config = |file: &str| {
        format!(
            "apiVersion: example.com/v1\nkind: Function\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: ./{file}\n"
        )
    };
    for file in ["change", "make", "fail"] {
        sandbox.write(&format!("app/{file}.yaml"), config(&format!("{file}.sh")));
    }
    let enabled = ["--enable-alpha-plugins", "--enable-exec"];
    for fields in [
        "transformers: [change.yaml]\n",
        "generators: [make.yaml]\nnamePrefix: p-\n",
        "generators: [make.yaml]\ntransformers: [change.yaml]\nnameSuffix: -s\n",
        "validators: [change.yaml]\n",
        "transformers: [fail.yaml]\n",
    ] {
        sandbox.write("app/kustomization.yaml", format!("resources: [service.yaml]\n{fields}"));
        let mut stock = Command::new(infra_tests::tools::kustomize());
        let theirs = run(stock.arg("build").args(enabled).arg(sandbox.path("app")));
        let ours = infra(&sandbox).run(&["render", "app", enabled[0], enabled[1]]);
        assert_eq!(
            (ours.code == 0, &ours.stdout),
            (theirs.code == 0, &theirs.stdout),
            "{fields}\n{}\n{}",
            ours.stderr,
            theirs.stderr
        );
        for flags in [&enabled[..0], &enabled[..1]] {
            let refused = infra(&sandbox).run(&[&["render", "app"], flags].concat()).exits(1);
            assert!(refused.stderr.contains("--enable-"), "{}", refused.stderr);
        }
    }
    let failed = infra(&sandbox).run(&["render", "app", enabled[0], enabled[1]]).exits(1);
    assert!(failed.stderr.contains("broken") && failed.stderr.contains("fail.yaml"), "{}", failed.stderr);
}
