//! Bad input: every flaw is told with line and column, all at once, and without cascades.

use std::fmt::Write;

use miette::Diagnostic;
use proptest::prelude::*;

use crate::{
    finding::Finding,
    model::{DependencyKind, Kind, Visibility},
    platform::{Platform, Texts},
    version::Scheme,
};

const HEAD: &str = "\
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod, production: true}]
components:
";

/// A platform with every part of the model that has no finding.
pub(crate) const WHOLE: &str = "\
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod, production: true}]
components:
  - name: a
    kind: external
    description: a vendor
    provides: [{name: https, port: 443, end_port: 445, protocol: UDP, port_name: x, service_port: 80, fqdn: a.example, cidrs: [203.0.113.0/24], visibility: public}]
  - name: b
    kind: queue
    version: 2026.04.1
    scheme: calver
    lifecycle: experimental
    rollout: blue-green
    namespace: own
    workload: {selector: {b: '2', a: '1'}, names: [b-0], service_account: b}
    peers: [{port: 4369}]
    depends_on:
      - a
      - {component: a, kind: startup, phase: app, optional: true, environments: dev}\n";

const RULES_HEAD: &str = "apiVersion: infra/v1\nkind: Compatibility\n";

/// "line `underlined text` rule: message" of each finding.
fn told(findings: &[Finding]) -> Vec<String> {
    let place = |finding: &Finding| {
        let label = finding.labels().unwrap().next().unwrap();
        let contents = finding.source_code().unwrap().read_span(label.inner(), 0, 0).unwrap();
        format!("{} `{}`", contents.line() + 1, String::from_utf8_lossy(contents.data()))
    };
    findings.iter().map(|finding| format!("{} {}: {finding}", place(finding), finding.rule())).collect()
}

fn load(text: &str) -> (Platform, Vec<Finding>) {
    Platform::load(("platform.yaml", text), None)
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(told(&load(text).1), expected);
}

/// Components under [`HEAD`], which has five lines.
#[track_caller]
fn check_components(components: &str, expected: &[&str]) {
    check(&format!("{HEAD}{components}"), expected);
}

/// Rules under [`RULES_HEAD`], which has two lines, for a platform with `db` and `api`.
#[track_caller]
fn check_rules(rules: &str, expected: &[&str]) {
    let platform = format!(
        "{HEAD}  - {{name: db, kind: database, version: 8.4.6, database: {{migrations: m}}}}
  - {{name: api, kind: service, version: 1.2, provides: [{{name: http, port: 80, api: {{name: orders, versions: [v1]}}}}]}}\n"
    );
    let rules = format!("{RULES_HEAD}{rules}");
    let (_, findings) = Platform::load(("platform.yaml", &platform), Some(("compatibility.yaml", &rules)));
    assert_eq!(told(&findings), expected);
}

fn help(components: &str) -> String {
    load(&format!("{HEAD}{components}")).1[0].help().unwrap().to_string()
}

#[test]
fn yaml_that_is_none() {
    let (platform, findings) = load("apiVersion: infra/v1\nkind: [Platform\nmetadata: {}\n");
    assert!(platform.components().is_empty());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule(), "compat/yaml-syntax");
    assert!(told(&findings)[0].starts_with("3 "), "{:?}", told(&findings));
    let (_, findings) = load(
        "kind: 'é'
name: 'é' x
",
    );
    assert!(
        told(&findings)[0].starts_with("2 `x` compat/yaml-syntax: this is not YAML: "),
        "{:?}",
        told(&findings)
    );
}

#[test]
fn files_that_hold_nothing() {
    for text in ["", "# only a comment\n", "---\n", "~", "\u{feff}"] {
        let (_, findings) = load(text);
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["the file holds nothing"],
            "{text}"
        );
    }
    check(
        "just a text",
        &["1 `just a text` compat/wrong-shape: platform.yaml must be a map, not a single value"],
    );
}

#[test]
fn yaml_that_is_not_read() {
    let component = "  - {name: a, kind: library, version: 1}\n";
    check(
        &format!("{HEAD}{component}---\na: 1\n"),
        &["7 `---` compat/yaml-unsupported: a second document is not read here"],
    );
    check_components(
        "  - {name: !mine a, kind: library, version: !!str 1}\n",
        &["6 `a` compat/yaml-unsupported: a tag is not read here"],
    );
    check_components(
        "  - {name: a, kind: library, version: 1, [x]: 1}\n",
        &["6 `[x]` compat/yaml-unsupported: a key that is no text is not read here"],
    );
    check_components(
        "  - &a {name: a, kind: library, version: 1}\n  - {<<: *a, name: b, kind: library, version: 1}\n",
        &["7 `<<` compat/unknown-key: `<<` is no key of a component"],
    );
}

#[test]
fn aliases_are_read_and_bombs_are_not() {
    let (platform, findings) = load(&format!(
        "{HEAD}  - {{name: a, kind: library, version: &v 042}}\n  - {{name: b, kind: library, version: *v}}\n"
    ));
    assert!(findings.is_empty());
    assert_eq!(platform.components()[1].versions[0].1[0].value.as_str(), "042");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    let (_, findings) = load(&bomb);
    assert_eq!(findings[0].to_string(), "the file has anchors and aliases for more than 100000 values");
    check(
        "a: &a [*a]\n",
        &["1 `*a` compat/yaml-unsupported: an alias inside its own anchor is not read here"],
    );
}

#[test]
fn nesting_is_bounded() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        let (_, findings) = load(&text);
        assert_eq!(findings.iter().map(Finding::rule).collect::<Vec<_>>(), ["compat/yaml-syntax"]);
    }
}

#[test]
fn versions_keep_their_text() {
    let (platform, findings) = load(&format!(
        "{HEAD}  - {{name: a, kind: database, scheme: flyway, version: 042}}
  - {{name: b, kind: library, version: 1.30}}
  - {{name: c, kind: library, version: {{dev: 8.4, prod: [8.4, \"8.40\"]}}}}
  - {{name: d, kind: library, version: 1e3, scheme: opaque}}
  - {{name: e, kind: library, version: 0o17, scheme: opaque}}
  - {{name: f, kind: library, version: 99999999999999999999999, scheme: opaque}}\r\n"
    ));
    assert_eq!(told(&findings), [""; 0]);
    let prod = platform.environment("prod").unwrap();
    let texts: Vec<String> = platform
        .components()
        .iter()
        .flat_map(|component| component.versions(prod).iter().map(|version| version.value.to_string()))
        .collect();
    assert_eq!(texts, ["042", "1.30", "8.4", "8.40", "1e3", "0o17", "99999999999999999999999"]);
}

#[test]
fn places_are_bytes_even_behind_wide_letters() {
    let (_, findings) = load(&format!(
        "# é ü\r\n{HEAD}  - {{name: a, description: 'é ü', kind: library, version: 1, ownr: x}}\r\n"
    ));
    assert_eq!(told(&findings), ["7 `ownr` compat/unknown-key: `ownr` is no key of a component"]);
}

#[test]
fn unknown_missing_and_duplicate_keys() {
    check_components(
        "  - {name: a, kind: library, version: 1, ownr: x}\n  - {kind: library, version: 1}\n  - {name: b, kind: service}\n",
        &[
            "6 `ownr` compat/unknown-key: `ownr` is no key of a component",
            "7 `kind` compat/missing-key: a component needs the key `name`",
            "8 `b` compat/missing-key: a component needs the key `version`",
        ],
    );
    assert_eq!(help("  - {name: a, kind: library, version: 1, ownr: x}\n"), "did you mean `owner`?");
    check_components(
        "  - {name: a, kind: library, version: 1, name: b}\n",
        &["6 `name` compat/duplicate-key: the key `name` is written twice"],
    );
    let many = (0..40).map(|n| format!("k{n}: v, ")).collect::<Vec<_>>().concat();
    let text =
        format!("  - {{name: a, kind: library, version: 1, workload: {{selector: {{{many}k3: v}}}}}}\n");
    assert_eq!(load(&format!("{HEAD}{text}")).1.len(), 1);
    let (_, findings) = load("{}");
    let missing: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let needs = |key: &str| format!("platform.yaml needs the key `{key}`");
    assert_eq!(missing, ["apiVersion", "components", "environments", "kind", "metadata"].map(needs));
}

#[test]
fn headers_of_other_files() {
    check(
        &HEAD
            .replace("infra/v1", "infra/v2")
            .replace("Platform", "Deployment")
            .replace("components:", "components: []"),
        &[
            "1 `infra/v2` compat/unsupported-version: `infra/v2` cannot be read as `apiVersion`",
            "2 `Deployment` compat/unsupported-version: `Deployment` cannot be read as `kind`",
        ],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    check_components(
        "  - {name: [a], kind: library, version: 1}
  - {name: A_b, kind: servise, version: 1.x, environments: [dev]}
  - {name: c, kind: service, version: 1, provides: {name: http}, peers: [{port: 0}], egress: [{name: e, cidrs: [10.0.0.1/8], ports: [99999]}]}
  - {name: d, kind: library, version: 1, provides: [{name: http, port: 80, end_port: 79}], workload: {rendered: 1}}\n",
        &[
            "6 `[a]` compat/wrong-shape: this must be a text, not a list",
            "7 `A_b` compat/invalid-value: `A_b` cannot stand here",
            "7 `servise` compat/invalid-value: `servise` cannot stand here",
            "7 `1.x` compat/invalid-version: `1.x` is no version of `A_b`: a number must stand at character 3",
            "8 `{name` compat/wrong-shape: this must be a list, not a map",
            "8 `0` compat/invalid-value: `0` cannot stand here",
            "8 `10.0.0.1/8` compat/invalid-value: `10.0.0.1/8` cannot stand here",
            "8 `99999` compat/invalid-value: `99999` cannot stand here",
            "9 `79` compat/invalid-value: `79` cannot stand here",
            "9 `1` compat/invalid-value: `1` cannot stand here",
        ],
    );
}

#[test]
fn a_component_with_a_flaw_can_still_be_referred_to() {
    check_components(
        "  - {name: Bad_Name, kind: nonsense, version: x, provides: [{name: http, port: 80}]}
  - {name: b, kind: service, version: 1, depends_on: [{component: Bad_Name, endpoint: http, version: '>=1'}]}\n",
        &[
            "6 `Bad_Name` compat/invalid-value: `Bad_Name` cannot stand here",
            "6 `nonsense` compat/invalid-value: `nonsense` cannot stand here",
            "6 `x` compat/invalid-version: `x` is no version of `Bad_Name`: a number must stand at character 1",
        ],
    );
}

#[test]
fn names_that_nothing_has() {
    check_components(
        "  - {name: orders, kind: service, version: {dev: 1, prd: 1}, environments: [stage]}
  - name: web
    kind: service
    version: 1
    provides: [{name: http, port: 80, api: {name: shop, versions: [v1]}, visibility: [gatway]}, {name: admin, port: 81}]
    exposed: [{through: nginx, endpoint: htp}]
    peers: [{endpoint: gossip}]
    depends_on:
      - {component: ordres, version: '>=1', api: {name: x}}
      - {component: web, endpoint: https}
      - {component: web, endpoint: http, api: {name: shp}}\n",
        &[
            "6 `prd` compat/unknown-environment: there is no environment `prd`",
            "6 `stage` compat/unknown-environment: there is no environment `stage`",
            "10 `gatway` compat/unknown-component: there is no component `gatway`",
            "11 `nginx` compat/unknown-component: there is no component `nginx`",
            "11 `htp` compat/unknown-endpoint: there is no endpoint `htp` of `web`",
            "12 `gossip` compat/unknown-endpoint: there is no endpoint `gossip` of `web`",
            "14 `ordres` compat/unknown-component: there is no component `ordres`",
            "15 `https` compat/unknown-endpoint: there is no endpoint `https` of `web`",
            "16 `shp` compat/unknown-api: there is no API `shp` of `web`",
        ],
    );
    assert_eq!(
        help("  - {name: orders, kind: service, version: 1, depends_on: [ordres]}\n"),
        "did you mean `orders`?"
    );
    assert_eq!(
        help("  - {name: orders, kind: service, version: 1, depends_on: [mysql]}\n"),
        "known are `orders`"
    );
}

#[test]
fn environments_have_flaws_too() {
    let text = |environments: &str| {
        HEAD.replace("[{name: dev}, {name: prod, production: true}]", environments)
            .replace("components:", "components: []")
    };
    check(
        &text("[{name: dev, after: [prdo]}, {name: dev}, {name: prod, kubernetes: new}]"),
        &[
            "4 `prdo` compat/unknown-environment: there is no environment `prdo`",
            "4 `dev` compat/duplicate-environment: the environment `dev` is declared twice",
            "4 `new` compat/invalid-version: `new` is no version of `kubernetes`: a number must stand at character 1",
        ],
    );
    let many: Vec<String> = (0..65).map(|n| format!("{{name: e{n}}}")).collect();
    let (platform, findings) = load(&text(&format!("[{}]", many.join(", "))));
    assert_eq!(
        (platform.environments().len(), findings[0].rule()),
        (64, "compat/too-many-environments".into())
    );
    check(
        &text("[{name: dev, network: {dns: some, ingress: shut, allow: [{from: nobody, to: 10.0.0.0/33}]}}]"),
        &[
            "4 `some` compat/invalid-value: `some` cannot stand here",
            "4 `shut` compat/invalid-value: `shut` cannot stand here",
            "4 `from` compat/missing-key: an entry of `allow` needs the key `reason`",
            "4 `10.0.0.0/33` compat/invalid-value: `10.0.0.0/33` cannot stand here",
        ],
    );
    check(
        &text("[{name: dev, network: {allow: [{from: nobody, to: 10.0.0.0/8, reason: r}]}}]"),
        &["4 `nobody` compat/unknown-component: there is no component `nobody`"],
    );
}

#[test]
fn duplicates_show_both_places() {
    let (platform, findings) = load(&format!(
        "{HEAD}  - {{name: a, kind: library, version: 1}}\n  - {{name: a, kind: service, version: 2, provides: [{{name: x, port: 1}}, {{name: x, port: 2}}]}}\n"
    ));
    assert_eq!(
        told(&findings),
        [
            "7 `a` compat/duplicate-component: the component `a` is declared twice",
            "7 `x` compat/duplicate-endpoint: the endpoint `x` is declared twice",
        ]
    );
    assert_eq!(findings[0].labels().unwrap().count(), 2);
    assert_eq!((platform.components().len(), platform.components()[0].kind), (1, Kind::Library));
}

#[test]
fn ranges_are_blamed_at_the_bytes() {
    check_components(
        "  - {name: a, kind: library, version: 1}
  - {name: b, kind: library, version: 1, depends_on: [{component: a, version: '>=1 <<2'}]}
  - {name: c, kind: library, version: 1, depends_on: [{component: a, version: \">2 <1\"}]}
  - {name: d, kind: library, version: 1, depends_on: [{component: a, version: >2 <1, schema: '>1'}]}\n"
            .replace("version: >2 <1,", "version: =>2,")
            .as_str(),
        &[
            "7 `<<` compat/range-syntax: `>=1 <<2` is no range of versions: this is none of the operators `=`, `!=`, `>`, `>=`, `<`, `<=`, `^` and `~`",
            "8 `>2 <1` compat/range-empty: no version can be in the range `>2 <1`",
            "9 `=>` compat/range-syntax: `=>2` is no range of versions: this is none of the operators `=`, `!=`, `>`, `>=`, `<`, `<=`, `^` and `~`",
            "9 `'>1'` compat/not-a-database: `a` has no migrations, so no schema can be required of it",
        ],
    );
}

#[test]
fn an_endpoint_must_be_named_among_several() {
    let provider =
        "  - {name: a, kind: service, version: 1, provides: [{name: x, port: 1}, {name: y, port: 2}]}\n";
    check_components(
        &format!("{provider}  - {{name: b, kind: job, version: 1, depends_on: [a]}}\n"),
        &["7 `a` compat/ambiguous-endpoint: `a` has several endpoints and none is named"],
    );
    check_components(
        &format!(
            "{provider}  - {{name: b, kind: job, version: 1, depends_on: [{{component: a, kind: build}}]}}\n"
        ),
        &[],
    );
    check_components(
        &format!(
            "{provider}  - {{name: b, kind: job, version: 1, depends_on: [{{component: a, endpoint: [x, y]}}]}}\n"
        ),
        &[],
    );
}

#[test]
fn rules_have_flaws_too() {
    check_rules(
        "constraints:
  - {id: a, when: {component: web}, require: {component: db, version: '>2 <1'}, reason: r}
  - {id: a, when: {component: db}, reason: r}
  - {id: b, require: {component: db}, reason: r, expires: soon, severity: fatal}
  - {id: c, skew: {leader: db, follower: api}, when: {component: db}, reason: r}
known_bad: [{id: b, all: [{component: api, version: 1, environment: prd}]}]
apis: [{name: order, version: v1}]
pins: [{component: db, version: x, reason: r}]
exclusions: [{id: e, rule: compat/orphans, reason: r}]
order: [{before: db, reason: r}]
cycles: {}
schema: [{database: db, steps: [{version: 1-2, phase: grow}]}]
support: [{component: db, version: 8, eol: 2026-02-30}]
releases: [{component: api, versions: [{version: v}]}]
extra: 1
",
        &[
            "4 `web` compat/unknown-component: there is no component `web`",
            "4 `>2 <1` compat/range-empty: no version can be in the range `>2 <1`",
            "5 `id` compat/missing-key: a constraint needs the key `require`",
            "5 `a` compat/duplicate-id: the id `a` is used twice",
            "6 `id` compat/missing-key: a constraint needs the key `when`",
            "6 `soon` compat/invalid-value: `soon` cannot stand here",
            "6 `fatal` compat/invalid-value: `fatal` cannot stand here",
            "7 `leader` compat/missing-key: `skew` needs the key `unit`",
            "7 `{component: db}` compat/invalid-value: `when` cannot stand here",
            "8 `id` compat/missing-key: an entry of `known_bad` needs the key `reason`",
            "8 `b` compat/duplicate-id: the id `b` is used twice",
            "8 `prd` compat/unknown-environment: there is no environment `prd`",
            "9 `order` compat/unknown-api: there is no API `order`",
            "10 `x` compat/invalid-version: `x` is no version of `db`: a number must stand at character 1",
            "11 `compat/orphans` compat/unknown-rule: there is no rule `compat/orphans` that could be excluded",
            "12 `before` compat/missing-key: an entry of `order` needs the key `after`",
            "13 `{}` compat/wrong-shape: this must be a list, not a map",
            "14 `1-2` compat/invalid-version: `1-2` is no version of `db`: what follows the numbers, at character 2, is no `-PRERELEASE` or `+BUILD`",
            "14 `grow` compat/invalid-value: `grow` cannot stand here",
            "15 `2026-02-30` compat/invalid-value: `2026-02-30` cannot stand here",
            "16 `v` compat/invalid-version: `v` is no version of `api`: a number must stand at character 2",
            "17 `extra` compat/unknown-key: `extra` is no key of compatibility.yaml",
        ],
    );
}

#[test]
fn without_a_platform_no_reference_is_unknown() {
    let rules = format!("{RULES_HEAD}pins: [{{component: db, version: 1, reason: r}}]\n");
    let (_, findings) = Platform::load(("platform.yaml", "["), Some(("compatibility.yaml", &rules)));
    assert_eq!(findings.iter().map(Finding::rule).collect::<Vec<_>>(), ["compat/yaml-syntax"]);
}

#[test]
fn the_whole_model_is_read() {
    let (platform, findings) = load(WHOLE);
    assert_eq!(told(&findings), [""; 0]);
    let [a, b] = platform.components() else { panic!("two components") };
    assert_eq!((a.kind, a.provides[0].port.to_string()), (Kind::External, "443-445/UDP".to_owned()));
    assert_eq!(a.provides[0].visibility.value, Visibility::Public);
    assert_eq!((b.scheme, b.peers[0].to_string()), (Scheme::Calver, "4369/TCP".to_owned()));
    assert_eq!(b.workload.selector[0], ("a".into(), "1".into()));
    let kinds: Vec<_> =
        platform.dependencies().map(|(.., dependency)| (dependency.kind, dependency.optional)).collect();
    assert_eq!(kinds, [(DependencyKind::Runtime, false), (DependencyKind::Startup, true)]);
}

#[test]
fn many_components_load_and_long_chains_do_not_overflow() {
    let count = 20_000;
    let mut text = HEAD.to_owned();
    for n in 0..count {
        let next = if n + 1 < count { format!("[c{}]", n + 1) } else { "[]".to_owned() };
        writeln!(text, "  - {{name: c{n}, kind: service, version: 1.2.3, depends_on: {next}}}").unwrap();
    }
    let (platform, findings) = load(&text);
    assert!(findings.is_empty());
    assert_eq!(platform.graph().edge_count(), count - 1);
    let report = crate::check(&platform, None, &crate::Options::new(crate::Date::new(2026, 11, 23).unwrap()));
    assert!(report.findings.is_empty());
    let order = platform.deploy_order(platform.environment("dev").unwrap());
    assert_eq!((order.len(), order[0].index()), (count, count - 1));
}

proptest! {
    #[test]
    fn loading_never_panics(text in "(apiVersion|kind|name|components|version|[ \\n:\\-{}\\[\\],&*!|>'\"#é0-9.])*") {
        let _ = Platform::load(("platform.yaml", &text), Some(("compatibility.yaml", &text)));
    }

    /// Keys of a map may stand in any order.
    #[test]
    fn results_do_not_depend_on_the_order_of_keys(order in Just(vec!["name: a", "kind: service", "version: 1", "ownr: x", "depends_on: [b]", "provides: [{port: 1, name: Y}]"]).prop_shuffle()) {
        let messages = |keys: &[&str]| {
            let (_, findings) = load(&format!("{HEAD}  - {{{}}}\n", keys.join(", ")));
            let mut messages: Vec<String> = findings.iter().map(|finding| format!("{} {finding}", finding.rule())).collect();
            messages.sort();
            messages
        };
        let expected = messages(&["name: a", "kind: service", "version: 1", "ownr: x", "depends_on: [b]", "provides: [{name: Y, port: 1}]"]);
        prop_assert_eq!(expected.len(), 3);
        prop_assert_eq!(messages(&order), expected);
    }
}

#[test]
fn lists_inside_maps_inside_lists_keep_their_own_items() {
    let text = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod, after: [dev]}]
components:
  - name: api
    kind: service
    version: {dev: [1.0.0, 1.1.0], prod: 1.0.0}
    provides: [{name: http, port: 80, api: {name: a, versions: [v1, v2]}, visibility: [web]}, {name: grpc, port: 90}]
  - {name: web, kind: service, version: 1.0.0, depends_on: [{component: api, endpoints: [http, grpc]}]}
";
    let (platform, findings) = Platform::load(("platform.yaml", text), None);
    assert!(findings.is_empty(), "{findings:?}");
    let api = &platform.components()[0];
    assert_eq!(api.versions(platform.environment("dev").unwrap()).len(), 2);
    assert_eq!(api.provides.len(), 2);
    assert_eq!(api.provides[0].api.as_ref().unwrap().versions.len(), 2);
    let (_, _, dependency) = platform.dependencies().next().unwrap();
    assert_eq!(*dependency.endpoints, [0, 1]);
}

const MAIN: &str = "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: shop, owner: team}\n\
    environments: [{name: prod}]\ncomponents:\n  - {name: web, kind: service, version: 1.0.0, depends_on: [db]}\n";
const PART: &str = "apiVersion: infra/v1\nkind: Platform\ncomponents:\n  - {name: db, kind: database, version: 8.4.0, provides: [{name: sql, port: 3306}]}\n";

#[test]
fn components_and_rules_of_several_files_know_each_other() {
    let head = "apiVersion: infra/v1\nkind: Compatibility\n";
    let pin = format!("{head}pins: [{{component: db, version: 8.4.0, reason: r}}]\n");
    let twice = format!("{head}known_bad: [{{id: a, all: [{{component: web}}], reason: r}}]\n");
    let rules = [("c1", &*pin), ("c2", &*twice), ("c3", &*twice)];
    let texts = Texts { platform: ("p", MAIN), parts: &[("d/db.yaml", PART)], rules: &rules };
    let (platform, findings) = Platform::load_texts(&texts);
    assert_eq!(platform.components().len(), 2);
    let db = platform.component("db").unwrap();
    assert_eq!(platform[db].owner.as_ref().map(|owner| &*owner.value), Some("team"), "defaults are shared");
    assert_eq!((platform.compatibility.pins.len(), platform.compatibility.known_bad.len()), (1, 2));
    // The file of the second is named, not that of the first.
    let [duplicate] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(matches!(duplicate, Finding::DuplicateId { src, .. } if src.name() == "c3"), "{duplicate:?}");
    assert_eq!(platform.sources()[platform[db].name.place.file as usize].name(), "d/db.yaml");
}

#[test]
fn a_part_holds_components_and_nothing_else() {
    let text = format!("{PART}environments: [{{name: dev}}]\n");
    let texts = Texts { platform: ("p", MAIN), parts: &[("d", &text)], rules: &[] };
    let (_, findings) = Platform::load_texts(&texts);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(matches!(finding, Finding::UnknownKey { key, .. } if key == "environments"), "{finding:?}");
    let texts = Texts { platform: ("p", MAIN), parts: &[("d", PART), ("e", PART)], rules: &[] };
    let (_, findings) = Platform::load_texts(&texts);
    assert!(
        matches!(findings.as_slice(), [Finding::DuplicateComponent { src, .. }] if src.name() == "e"),
        "{findings:?}"
    );
}
