//! Every rule with a platform that breaks it; the same platform without the flaw is clean.

mod manifests;

use manifests::facts;
use proptest::prelude::*;

use super::*;
use crate::version::{Scheme, Suffix};

/// Clean under [`COMPATIBILITY`] on [`today`].
const PLATFORM: &str = "\
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments:
  - {name: dev, kubernetes: 1.36.1}
  - {name: prod, kubernetes: 1.35.4, after: [dev], production: true}
components:
  - name: db
    kind: database
    version: 8.4.6
    image: db
    provides: [{name: sql, port: 3306}]
    database: {migrations: infra/db/migrations}
  - name: migrate
    kind: job
    version: 0.1.0
    depends_on: [{component: db, phase: migrate}]
  - name: api
    kind: service
    version: {dev: 2.4.0, prod: 2.3.2}
    image: registry:5000/api
    provides: [{name: http, port: 8080, api: {name: orders, versions: [v1, v2]}}]
    depends_on:
      - {component: db, version: '>=8.4 <9', schema: '>=012'}
  - name: web
    kind: service
    version: 1.0.0
    provides: [{name: http, port: 8080}]
    depends_on:
      - {component: api, version: ^2, api: {name: orders, versions: [v2]}}
    egress:
      - {name: mail, cidrs: [198.51.100.25/32], ports: [587/TCP], reason: mails}
";

const COMPATIBILITY: &str = "\
apiVersion: infra/v1
kind: Compatibility
constraints:
  - id: web-needs-api
    when: {component: web, version: '>=1'}
    require: {component: api, version: '>=2.3'}
    reason: of a new field
known_bad:
  - {id: slow, all: [{component: db, version: 8.4.1}, {component: api, version: '>=2'}], reason: it hangs}
pins:
  - {component: db, environment: prod, version: 8.4.6, reason: the vendor}
support:
  - {component: db, version: 8.4.x, eol: 2032-04-30}
releases:
  - {component: db, versions: [{version: 8.4.6}, {version: 8.4.7}, {version: 9.0.1, digests: ['sha256:aa']}]}
";

fn today() -> Date {
    Date::new(2026, 11, 23).unwrap()
}

fn all_findings(platform: &str, compatibility: &str, facts: Option<&Facts>) -> (Vec<Finding>, Report) {
    let (platform, findings) =
        Platform::load(("platform.yaml", platform), Some(("compatibility.yaml", compatibility)));
    let report = check(&platform, facts, &Options::new(today()));
    (findings, report)
}

/// All findings as "rule: message", those of reading first.
fn messages(platform: &str, compatibility: &str, facts: Option<&Facts>) -> Vec<String> {
    let (findings, report) = all_findings(platform, compatibility, facts);
    findings.iter().chain(&report.findings).map(|finding| format!("{}: {finding}", finding.rule())).collect()
}

/// The platform with one text replaced by another, which must be there.
#[track_caller]
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1)
}

#[track_caller]
fn check_platform(old: &str, new: &str, expected: &[&str]) {
    assert_eq!(messages(&with(PLATFORM, old, new), COMPATIBILITY, None), expected);
}

#[track_caller]
fn check_compatibility(old: &str, new: &str, expected: &[&str]) {
    assert_eq!(messages(PLATFORM, &with(COMPATIBILITY, old, new), None), expected);
}

/// `addition` at the end of compatibility.yaml.
#[track_caller]
fn check_rule(addition: &str, expected: &[&str]) {
    assert_eq!(messages(PLATFORM, &format!("{COMPATIBILITY}{addition}"), None), expected);
}

#[test]
fn the_platform_itself_is_clean() {
    assert_eq!(messages(PLATFORM, COMPATIBILITY, None), [""; 0]);
}

#[test]
fn versions_outside_a_range() {
    check_platform(
        "'>=8.4 <9'",
        "'>=8.4.7 <9'",
        &["compat/version-unsatisfied: `api` needs `db` >=8.4.7 <9, but `dev` and `prod` have 8.4.6"],
    );
    check_platform(
        "^2, api",
        "'>=2.4', api",
        &["compat/version-unsatisfied: `web` needs `api` >=2.4, but `prod` has 2.3.2"],
    );
}

#[test]
fn the_nearest_release_is_told() {
    let (_, report) = all_findings(&with(PLATFORM, "'>=8.4 <9'", "'>8.4.6'"), COMPATIBILITY, None);
    let help = miette::Diagnostic::help(&report.findings[0]).unwrap().to_string();
    assert_eq!(help, "move `db` to 8.4.7, or accept 8.4.6 in `api`");
}

#[test]
fn an_optional_provider_may_be_absent_but_not_wrong() {
    let optional = with(PLATFORM, "'>=8.4 <9', schema", "'>=9', optional: true, schema");
    assert_eq!(messages(&optional, COMPATIBILITY, None).len(), 1);
    let absent = with(&optional, "version: 8.4.6\n    image", "version: {dev: 9.0.1}\n    image");
    let absent = with(
        &absent,
        "{component: db, phase: migrate}",
        "{component: db, phase: migrate, environments: [dev]}",
    );
    assert_eq!(
        messages(&absent, &with(COMPATIBILITY, "environment: prod, version: 8.4.6", "version: 9.0.1"), None),
        [""; 0]
    );
}

#[test]
fn ranges_that_no_release_is_in() {
    check_platform(
        "'>=8.4 <9'",
        "'>=9.1'",
        &[
            "compat/range-unreachable: no known release of `db` is in `>=9.1`",
            "compat/version-unsatisfied: `api` needs `db` >=9.1, but `dev` and `prod` have 8.4.6",
        ],
    );
}

#[test]
fn a_scraper_needs_no_version() {
    check_platform("version: ^2, api: {name: orders, versions: [v2]}", "version: ^9, kind: scrape", &[]);
}

#[test]
fn apis() {
    check_platform(
        "versions: [v2]}}",
        "versions: [v3]}}",
        &["compat/api-unsatisfied: `web` accepts `v3` of the API `orders`, but `api` serves `v1` and `v2`"],
    );
    let deprecated =
        "apis:\n  - {name: orders, version: v2, deprecated: 2026-11-23, removed_after: 2027-01-01}\n";
    check_rule(
        deprecated,
        &["compat/api-deprecated: `web` uses v2 of the API `orders`, deprecated since 2026-11-23"],
    );
    let removed = deprecated.replace("2027-01-01", "2026-11-22");
    check_rule(
        &removed,
        &["compat/api-removed: `web` uses v2 of the API `orders`, which ended on 2026-11-22"],
    );
    check_rule(&deprecated.replace("2026-11-23", "2026-11-24"), &[]);
    // A version that stays is as good.
    let choice = with(PLATFORM, "versions: [v2]}}", "versions: [v1, v2]}}");
    assert_eq!(messages(&choice, &format!("{COMPATIBILITY}{removed}"), None), [""; 0]);
}

#[test]
fn providers_that_are_not_there() {
    check_platform(
        "{dev: 2.4.0, prod: 2.3.2}",
        "{dev: 2.4.0}",
        &["compat/not-deployed: `web` runs in `prod`, where its dependency `api` does not"],
    );
    let build = with(PLATFORM, "{dev: 2.4.0, prod: 2.3.2}", "{dev: 2.4.0}");
    assert_eq!(messages(&with(&build, "^2, api", "^2, kind: build, api"), COMPATIBILITY, None), [""; 0]);
}

#[test]
fn endpoints_that_are_not_for_all() {
    let not_visible = "compat/not-visible: `web` may not use the endpoint `http` of `api`";
    check_platform("versions: [v1, v2]}}", "versions: [v1, v2]}, visibility: private}", &[not_visible]);
    check_platform("versions: [v1, v2]}}", "versions: [v1, v2]}, visibility: [migrate]}", &[not_visible]);
    check_platform("versions: [v1, v2]}}", "versions: [v1, v2]}, visibility: [web]}", &[]);
}

#[test]
fn lifecycles() {
    check_platform(
        "version: 8.4.6\n",
        "version: 8.4.6\n    lifecycle: deprecated\n",
        &[
            "compat/deprecated-component: `migrate` depends on `db`, which is deprecated",
            "compat/deprecated-component: `api` depends on `db`, which is deprecated",
        ],
    );
    check_platform(
        "image: registry:5000/api\n",
        "lifecycle: retired\n",
        &["compat/retired-component: `web` depends on `api`, which is retired"],
    );
}

#[test]
fn owners_and_orphans() {
    assert_eq!(
        messages(&with(PLATFORM, ", owner: team", ""), COMPATIBILITY, None).last().unwrap(),
        "compat/no-owner: `web` has no owner"
    );
    check_platform(
        "  - name: web",
        "  - {name: alone, kind: service, version: 1}\n  - name: web",
        &["compat/orphan: nothing depends on `alone`, and it depends on nothing"],
    );
}

#[test]
fn ways_out() {
    check_platform(
        ", reason: mails",
        "",
        &[
            "compat/egress-without-reason: the egress `mail` of `web` leads out of production without a reason",
        ],
    );
    check_platform(
        "cidrs: [198.51.100.25/32], ",
        "",
        &["compat/egress-without-target: the egress `mail` of `web` has neither `cidrs` nor `fqdn`"],
    );
    check_platform(
        "cidrs: [198.51.100.25/32]",
        "fqdn: mail.example.net",
        &[
            "compat/fqdn-not-enforceable: `mail.example.net` cannot be allowed in `prod`, where egress is restricted",
        ],
    );
    check_platform(
        "    database:",
        "    managed: [{environments: [prod], fqdn: db.example.net}]\n    database:",
        &[
            "compat/fqdn-not-enforceable: `db.example.net` cannot be allowed in `prod`, where egress is restricted",
        ],
    );
}

#[test]
fn circles() {
    let circle = with(PLATFORM, "schema: '>=012'}\n", "schema: '>=012'}\n      - {component: web}\n");
    let told = "compat/cycle: components depend on each other in a circle: api → web → api";
    assert_eq!(messages(&circle, COMPATIBILITY, None), [told]);
    let declared = format!("{COMPATIBILITY}cycles: [{{members: [web, api], reason: history, start: api}}]\n");
    assert_eq!(messages(&circle, &declared, None), [""; 0]);
    check_rule(
        "cycles: [{members: [web, api], reason: history}]\n",
        &["compat/unused-cycle: there is no circle of exactly `api` and `web`"],
    );
    let startup = circle
        .replace("{component: web}", "{component: web, kind: startup}")
        .replace("^2, api", "^2, kind: startup, api");
    let told = "compat/startup-cycle: components wait for each other to start: api → web → api";
    assert_eq!(messages(&startup, COMPATIBILITY, None), [told]);
    assert_eq!(messages(&startup, &declared, None), [told]);
    let apart = circle
        .replace("{component: web}", "{component: web, environments: [dev]}")
        .replace("^2, api", "^2, environments: [prod], api");
    assert_eq!(messages(&apart, COMPATIBILITY, None), [""; 0]);
    check_platform(
        "{component: api, version",
        "{component: web}\n      - {component: api, version",
        &["compat/cycle: components depend on each other in a circle: web → web"],
    );
}

#[test]
fn the_shortest_circle_is_told_with_the_rest_counted() {
    let circle = with(
        PLATFORM,
        "schema: '>=012'}\n",
        "schema: '>=012'}\n      - {component: web}\n      - {component: x}\n",
    );
    let extra = "  - {name: x, kind: service, version: 1, depends_on: [web]}\n  - name: web";
    assert_eq!(
        messages(&with(&circle, "  - name: web", extra), COMPATIBILITY, None),
        [
            "compat/cycle: components depend on each other in a circle: api → web → api (and one more component is caught in it)"
        ]
    );
}

#[test]
fn environments_in_order() {
    let newer = "compat/promotion-order: `api` 2.5.0 is in `prod` but `dev` has 2.4.0";
    check_platform("prod: 2.3.2", "prod: 2.5.0", &[newer]);
    let absent = "compat/promotion-order: `api` 2.3.2 is in `prod` but `dev` has none of it";
    let only_prod = with(PLATFORM, "{dev: 2.4.0, prod: 2.3.2}", "{prod: 2.3.2}");
    assert!(messages(&only_prod, COMPATIBILITY, None).contains(&absent.to_owned()));
    let meant = with(PLATFORM, "version: 1.0.0\n", "version: 1.0.0\n    environments: [prod]\n");
    assert_eq!(messages(&meant, COMPATIBILITY, None), [""; 0]);
    check_platform(
        "{name: dev, ",
        "{name: dev, after: [prod], ",
        &["compat/promotion-cycle: environments come after each other in a circle: dev → prod → dev"],
    );
    let shared = "compat/shared-namespace: the environments `dev` and `prod` share the namespace `dev`";
    check_platform("{name: prod, ", "{name: prod, namespace: dev, ", &[shared]);
    check_platform("{name: prod, ", "{name: prod, namespace: dev, context: other, ", &[]);
}

#[test]
fn ends_of_support() {
    check_compatibility(
        "2032-04-30",
        "2026-11-23",
        &[
            "compat/eol: `db` 8.4.6 in `dev` is not supported since 2026-11-23",
            "compat/eol: `db` 8.4.6 in `prod` is not supported since 2026-11-23",
        ],
    );
    let severities: Vec<_> = all_findings(PLATFORM, &COMPATIBILITY.replace("2032-04-30", "2026-01-01"), None)
        .1
        .findings
        .iter()
        .map(|finding| miette::Diagnostic::severity(finding).unwrap())
        .collect();
    assert_eq!(severities, [miette::Severity::Warning, miette::Severity::Error]);
    check_compatibility(
        "2032-04-30",
        "2027-02-21",
        &["compat/eol-soon: support of `db` 8.4.6 in `dev` and `prod` ends in 90 days, on 2027-02-21"],
    );
    check_compatibility("2032-04-30", "2027-02-22", &[]);
    check_compatibility("eol: 2032-04-30", "eol: 2026-01-01, extended: 2032-04-30", &[]);
    check_compatibility(
        "{component: db, version: 8.4.x, eol: 2032-04-30}",
        "{component: kubernetes, version: 1.36.x, eol: 2026-11-01}",
        &["compat/eol: `kubernetes` 1.36.1 in `dev` is not supported since 2026-11-01"],
    );
}

#[test]
fn constraints() {
    check_compatibility(
        "'>=2.3'}",
        "'>=2.4'}",
        &[
            "compat/constraint: `web-needs-api` is broken in `prod`: with `web` 1.0.0, `api` must be >=2.4 but is 2.3.2",
        ],
    );
    check_compatibility("version: '>=1'}", "version: '>=2'}", &[]);
    check_compatibility(
        "require: {component: api, version: '>=2.3'}",
        "forbid: {component: api, version: 2.4.x}",
        &["compat/constraint: `web-needs-api` is broken in `dev`: `api` 2.4.0 must not be with `web` 1.0.0"],
    );
    check_compatibility(
        "version: '>=2.3'}",
        "present: false}",
        &[
            "compat/constraint: `web-needs-api` is broken in `dev` and `prod`: with `web` 1.0.0, `api` must not be deployed",
        ],
    );
    check_compatibility(
        "version: '>=2.3'}",
        "api: {name: orders, versions: [v3]}}",
        &[
            "compat/constraint: `web-needs-api` is broken in `dev` and `prod`: with `web` 1.0.0, `api` must serve `v3` of the API `orders`",
        ],
    );
    let broken = COMPATIBILITY.replace("'>=2.3'}", "'>=3'}");
    let only = |addition: &str| {
        let text = broken
            .replace("    reason: of a new field", &format!("    reason: of a new field\n    {addition}"));
        all_findings(PLATFORM, &text, None).1.findings
    };
    assert_eq!(miette::Diagnostic::severity(&only("severity: warning")[0]), Some(miette::Severity::Warning));
    assert!(only("environments: [dev]")[0].to_string().contains("in `dev`: "));
    assert_eq!(
        only("expires: 2026-11-22")[0].to_string(),
        "the constraint `web-needs-api` expired on 2026-11-22 and is ignored"
    );
    assert_eq!(only("expires: 2026-11-23").len(), 2, "one for each version of api");
}

#[test]
fn presence_can_be_required() {
    let absent = with(PLATFORM, "version: 1.0.0\n", "version: 1.0.0\n    environments: [dev]\n");
    let rule = COMPATIBILITY.replace("{component: web, version: '>=1'}", "{component: db}");
    let rule = rule.replace("{component: api, version: '>=2.3'}", "{component: web, present: true}");
    assert_eq!(
        messages(&absent, &rule, None),
        ["compat/constraint: `web-needs-api` is broken in `prod`: with `db` 8.4.6, `web` must be deployed"]
    );
    assert_eq!(
        messages(&absent, &rule.replace("present: true", "version: '>=9'"), None),
        [
            "compat/constraint: `web-needs-api` is broken in `dev`: with `db` 8.4.6, `web` must be >=9 but is 1.0.0",
        ]
    );
}

#[test]
fn known_bad_sets_and_releases() {
    check_compatibility(
        "version: 8.4.1}, {component: api, version: '>=2'}",
        "version: 8.4.6}, {component: api, version: '>=2.4'}",
        &["compat/known-bad: `slow` is broken in `dev`: `db` 8.4.6 and `api` 2.4.0 live together"],
    );
    check_compatibility(
        "{component: db, version: 8.4.1}, ",
        "",
        &[
            "compat/known-bad: `slow` is broken in `dev`: `api` 2.4.0 is live",
            "compat/known-bad: `slow` is broken in `prod`: `api` 2.3.2 is live",
        ],
    );
}

#[test]
fn skews() {
    let skew =
        |sides: &str| format!("  - {{id: skew, skew: {{{sides}, unit: minor}}, reason: policy}}\nknown_bad:");
    let replaced = |sides: &str| messages(PLATFORM, &COMPATIBILITY.replace("known_bad:", &skew(sides)), None);
    assert_eq!(
        replaced("leader: kubernetes, follower: web, older: 40"),
        [
            "compat/skew: `skew` is broken in `prod`: `web` 1.0.0 and `kubernetes` 1.35.4 are too far apart in their minor version: at most 40 behind and 0 ahead are allowed",
        ][1..]
    );
    assert_eq!(
        replaced("leader: kubernetes, follower: web, older: 35"),
        [
            "compat/skew: `skew` is broken in `dev`: `web` 1.0.0 and `kubernetes` 1.36.1 are too far apart in their minor version: at most 35 behind and 0 ahead are allowed",
        ]
    );
    assert_eq!(replaced("leader: web, follower: kubernetes, newer: 36"), [""; 0]);
    assert_eq!(replaced("leader: web, follower: kubernetes, newer: 34, older: 99").len(), 2);
    let major = "compat/skew: `skew` is broken in `dev` and `prod`: `db` 8.4.6 and `web` 1.0.0 are too far apart in their major version: at most 9 behind and 9 ahead are allowed";
    assert_eq!(replaced("leader: web, follower: db, older: 9, newer: 9"), [major]);
    let probe = COMPATIBILITY.replace("known_bad:", &skew("leader: web, follower: 'probe:kubelet'"));
    let (_, report) = all_findings(PLATFORM, &probe, None);
    assert_eq!((report.findings.len(), &*report.unprobed[0].value, report.unprobed.len()), (0, "skew", 1));
}

#[test]
fn skews_of_what_runs() {
    let rule = "  - {id: skew, skew: {leader: 'probe:kubernetes', follower: 'probe:kubelet', older: 3, unit: minor}, reason: policy}\nknown_bad:";
    let (platform, findings) = Platform::load(
        ("platform.yaml", PLATFORM),
        Some(("compatibility.yaml", &COMPATIBILITY.replace("known_bad:", rule))),
    );
    assert!(findings.is_empty(), "{findings:?}");
    let told = |seen: &[(&str, &str)]| {
        let mut options = Options::new(today());
        let environment = platform.environment("prod").unwrap();
        options.probed = seen
            .iter()
            .map(|(name, version)| {
                let version = Version::parse(version, Scheme::Semver, Suffix::Ignore).unwrap();
                Probed { environment, name: (*name).to_owned(), version }
            })
            .collect();
        let report = check(&platform, None, &options);
        (report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), report.unprobed.len())
    };
    let typo = COMPATIBILITY.replace("known_bad:", &rule.replace("probe:kubelet", "probe:kubelte"));
    assert!(
        messages(PLATFORM, &typo, None)[0].starts_with("compat/unknown-component: "),
        "a typo is found offline"
    );
    // `dev` was not asked.
    assert_eq!(told(&[("kubernetes", "v1.35.4"), ("kubelet", "v1.32.0-eks-1")]), (vec![], 1));
    assert_eq!(told(&[("kubernetes", "v1.35.4")]), (vec![], 1));
    let (found, _) = told(&[("kubernetes", "v1.35.4"), ("kubelet", "v1.31.9"), ("kubelet", "v1.35.0")]);
    assert_eq!(
        found,
        [
            "`skew` is broken in `prod`: `kubelet` v1.31.9 and `kubernetes` v1.35.4 are too far apart in their minor version: at most 3 behind and 0 ahead are allowed"
        ]
    );
    // One minor version ahead of one of two API servers.
    let (found, _) = told(&[("kubernetes", "v1.35.4"), ("kubernetes", "v1.34.0"), ("kubelet", "v1.35.0")]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn what_a_release_provides_counts_instead_of_what_its_component_does() {
    let told = |provides: &str| {
        let releases = format!(
            "{COMPATIBILITY}  - {{component: api, versions: [{{version: 2.3.2, provides: {provides}}}]}}\n"
        );
        messages(PLATFORM, &releases, None)
    };
    assert_eq!(told("[{name: orders, versions: [v2]}]"), [""; 0]);
    assert_eq!(
        told("[{name: orders, versions: [v1]}]"),
        ["compat/api-unsatisfied: `web` accepts `v2` of the API `orders`, but `api` serves `v1`"]
    );
    assert_eq!(
        told("[]"),
        ["compat/api-unsatisfied: `web` accepts `v2` of the API `orders`, but `api` serves none"]
    );
    let needed = |provides: &str| {
        let rule = "  - {id: v1, when: {component: web}, require: {component: api, api: {name: orders, versions: [v1]}}, reason: old clients}\nknown_bad:";
        let releases = format!(
            "{COMPATIBILITY}  - {{component: api, versions: [{{version: 2.3.2, provides: {provides}}}]}}\n"
        );
        messages(PLATFORM, &releases.replace("known_bad:", rule), None)
    };
    assert_eq!(needed("[{name: orders, versions: [v1, v2]}]"), [""; 0]);
    let found = needed("[{name: orders, versions: [v2]}]");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("compat/constraint: `v1` is broken in `prod`"), "{found:?}");
}

#[test]
fn pins() {
    check_compatibility(
        "version: 8.4.6, reason",
        "version: 8.4.5, reason",
        &["compat/pin-violated: `db` is pinned to 8.4.5 in `prod`, but 8.4.6 is declared"],
    );
    check_compatibility(
        "version: 8.4.6, reason: the vendor",
        "version: 8.4.5, reason: the vendor, expires: 2026-11-22",
        &["compat/expired-rule: the pin `db` expired on 2026-11-22 and is ignored"],
    );
}

const EXCLUSION: &str = "exclusions:\n  - {id: known, rule: compat/pin-violated, match: {component: db}, reason: soon, expires: 2027-01-01}\n";

#[test]
fn exclusions_accept_findings_until_they_expire() {
    let broken = COMPATIBILITY.replace("version: 8.4.6, reason", "version: 8.4.5, reason");
    let report = |exclusion: &str| all_findings(PLATFORM, &format!("{broken}{exclusion}"), None).1;
    let accepted = report(EXCLUSION);
    assert_eq!((accepted.findings.len(), accepted.suppressed.len()), (0, 1));
    assert_eq!(&*accepted.suppressed[0].exclusion.value, "known");
    let rules = |exclusion: &str| report(exclusion).findings.iter().map(Finding::rule).collect::<Vec<_>>();
    assert_eq!(
        rules(&EXCLUSION.replace("2027-01-01", "2026-11-22")),
        ["compat/pin-violated", "compat/expired-rule"]
    );
    assert_eq!(rules(&EXCLUSION.replace(", expires: 2027-01-01", "")), ["compat/endless-exclusion"]);
    assert_eq!(
        rules(&EXCLUSION.replace("component: db", "component: api")),
        ["compat/pin-violated", "compat/unused-exclusion"]
    );
    assert_eq!(
        rules(&EXCLUSION.replace("component: db", "environment: dev")),
        ["compat/pin-violated", "compat/unused-exclusion"]
    );
    assert_eq!(rules(&EXCLUSION.replace("component: db", "environment: prod")), [""; 0]);
    check_rule(EXCLUSION, &["compat/unused-exclusion: the exclusion `known` matches no finding"]);
}

#[test]
fn an_exclusion_for_one_environment_leaves_the_others() {
    let broken = with(PLATFORM, "'>=8.4 <9'", "'>=8.4.7'");
    let exclusion = "exclusions:\n  - {id: known, rule: compat/version-unsatisfied, match: {component: api, dependency: db, environment: dev}, reason: soon}\n";
    let (_, report) = all_findings(&broken, &format!("{COMPATIBILITY}{exclusion}"), None);
    assert_eq!(report.findings[0].to_string(), "`api` needs `db` >=8.4.7, but `prod` has 8.4.6");
    assert_eq!(report.suppressed[0].finding.to_string(), "`api` needs `db` >=8.4.7, but `dev` has 8.4.6");
}

#[test]
fn an_exclusion_by_constraint_leaves_other_constraints() {
    let broken = COMPATIBILITY.replace("'>=2.3'}", "'>=2.4'}");
    let exclusion = "exclusions:\n  - {id: known, rule: compat/constraint, match: {constraint: web-needs-api}, reason: soon, expires: 2027-01-01}\n";
    assert_eq!(messages(PLATFORM, &format!("{broken}{exclusion}"), None), [""; 0]);
    assert_eq!(
        messages(PLATFORM, &format!("{broken}{}", exclusion.replace("web-needs-api", "other")), None).len(),
        2
    );
}

#[test]
fn one_environment_can_be_checked_alone() {
    let text = with(PLATFORM, "'>=8.4 <9'", "'>=8.4.7 <9'");
    let (platform, _) = Platform::load(("platform.yaml", &text), None);
    let options = Options { environment: platform.environment("prod"), ..Options::new(today()) };
    let report = check(&platform, None, &options);
    assert_eq!(report.findings[0].to_string(), "`api` needs `db` >=8.4.7 <9, but `prod` has 8.4.6");
}

#[test]
fn every_rule_can_be_excluded_by_its_name() {
    assert!(RULES.is_sorted());
    assert!(RULES_OF_FACTS.iter().all(|rule| RULES.contains(rule)));
}

/// A platform with many flaws, its components in another order for every seed below 24.
fn shuffled(seed: usize) -> String {
    let flawed = PLATFORM
        .replace("'>=8.4 <9'", "'>=9.1'")
        .replace("versions: [v2]}}", "versions: [v3]}}")
        .replace("schema: '>=012'}\n", "schema: '>=013'}\n      - {component: web}\n");
    let mut parts: Vec<&str> = flawed.split("  - name: ").collect();
    let head = parts.remove(0);
    let mut left = seed;
    for index in (1..parts.len()).rev() {
        parts.swap(index, left % (index + 1));
        left /= index + 1;
    }
    std::iter::once(head.to_owned()).chain(parts.iter().map(|part| format!("  - name: {part}"))).collect()
}

proptest! {
    /// Order of components moves findings about, and changes none of them.
    #[test]
    fn results_do_not_depend_on_the_order_of_components(seed in 0usize..24) {
        let sorted = |platform: String| {
            let rules = COMPATIBILITY.replace("2032-04-30", "2026-01-01");
            let mut messages = messages(&platform, &rules, Some(&facts()));
            messages.sort();
            messages
        };
        let (base, other) = (sorted(shuffled(0)), sorted(shuffled(seed)));
        prop_assert!(base.len() >= 5, "{:?}", base);
        prop_assert_eq!(base, other);
    }

    #[test]
    fn neither_loading_nor_checking_panics(cut in 0usize..2000, noise in "[a-z0-9:{}\\[\\],&*!|> '\"-]{0,12}", at in 0usize..2000) {
        let mut text: String = PLATFORM.chars().take(cut).collect();
        let at = at.min(text.len());
        text.insert_str(at, &noise);
        let mut rules = COMPATIBILITY.to_owned();
        rules.insert_str(at.min(rules.len()), &noise);
        let _ = messages(&text, &rules, Some(&facts()));
        let _ = messages(PLATFORM, &rules, Some(&facts()));
    }
}
