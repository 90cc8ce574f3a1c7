use proptest::prelude::*;

use super::*;
use crate::{
    Part, Platform,
    testing::{Small, cases, prod, target, today},
    version::Version,
};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_rules_around_one_candidate_decide_as_all_do(small in Small::any(), version in 0_usize..3) {
        let platform = small.platform(&small.now());
        let wanted = target(&platform, &[version.min(small.components[0].0 - 1)]);
        let extra: Vec<(What, Version)> =
            wanted.iter().map(|(what, versions)| (*what, versions[0].clone())).collect();
        let told = |space: &Space<'_>| format!("{:?}", can_deploy(space, &wanted, false));
        let all = Space::new(&platform, None, prod(&platform), today(), &extra);
        let around = Space::around(&platform, None, prod(&platform), today(), &extra);
        prop_assert!(around.nogoods.len() <= all.nogoods.len());
        prop_assert_eq!(told(&around), told(&all));
    }
}

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod}]
components:
  - {name: db, kind: database, version: 8.4.6}
  - name: api
    kind: service
    version: {dev: 2.5.0, prod: 2.4.0}
    provides: [{name: http, port: 80, api: {name: orders, versions: [v1, v2]}}]
    depends_on: [{component: db, version: '>=8.4 <9'}]
  - name: web
    kind: service
    version: {dev: 1.1.0, prod: 1.0.0}
    depends_on: [{component: api, version: '>=2', api: {name: orders, versions: [v1]}}]
";

const RULES: &str = "
apiVersion: infra/v1
kind: Compatibility
known_bad:
  - {id: lost-orders, all: [{component: api, version: 2.5.0}, {component: web, version: <1.1}], reason: orders are lost}
releases:
  - component: api
    versions:
      - {version: 2.6.0, provides: [{name: orders, versions: [v2]}]}
      - {version: 2.7.0, withdrawn: it burns}
";

fn decide(candidates: &[(&str, &str)], together: bool) -> (Verdict, Vec<String>) {
    let (platform, findings) = Platform::load(("platform.yaml", PLATFORM), Some(("rules.yaml", RULES)));
    assert!(findings.is_empty(), "{findings:?}");
    let extra: Vec<(What, Version)> = candidates
        .iter()
        .map(|(name, version)| {
            let id = platform.component(name).unwrap();
            let version = Version::parse(version, platform[id].scheme, platform[id].suffix).unwrap();
            (What::Part(Part::Component(id)), version)
        })
        .collect();
    let space = Space::new(&platform, None, prod(&platform), today(), &extra);
    let target = extra.into_iter().map(|(what, version)| (what, vec![version])).collect();
    let decision = can_deploy(&space, &target, together);
    let told = |row: &Row| {
        let partner = row.partner.as_deref().unwrap_or("-");
        format!(
            "{:?} {} {} with {partner} {}: {}",
            row.verdict,
            row.subject,
            row.versions.join("+"),
            row.partner_versions.join("+"),
            row.cause.rule
        )
    };
    (decision.verdict, decision.rows.iter().map(told).collect())
}

#[test]
fn a_version_that_fits_may_go() {
    let (verdict, rows) = decide(&[("web", "1.1.0")], false);
    assert_eq!(verdict, Verdict::Yes);
    assert_eq!(
        rows,
        [
            "Yes web 1.1.0 with api 2.4.0: compat/version-unsatisfied",
            "Yes web 1.1.0 with api 2.4.0: compat/api-unsatisfied",
            "Yes api 2.4.0 with web 1.1.0: compat/known-bad",
        ]
    );
}

#[test]
fn a_broken_rule_comes_first() {
    let (verdict, rows) = decide(&[("api", "2.5.0")], false);
    assert_eq!(verdict, Verdict::No);
    assert_eq!(rows[0], "No api 2.5.0 with web 1.0.0: compat/known-bad");
    assert_eq!(rows.iter().filter(|row| row.starts_with("No")).count(), 1, "{rows:?}");
}

#[test]
fn a_release_that_stops_serving_an_api_breaks_its_users() {
    let (verdict, rows) = decide(&[("api", "2.6.0")], false);
    assert_eq!(verdict, Verdict::No);
    assert_eq!(rows[0], "No web 1.0.0 with api 2.6.0: compat/api-unsatisfied");
}

#[test]
fn of_an_undeclared_version_nobody_knows() {
    let (verdict, rows) = decide(&[("api", "2.9.9")], false);
    assert_eq!(verdict, Verdict::Unknown);
    assert_eq!(rows[0], "Unknown api 2.9.9 with - : compat/unknown-release");
}

#[test]
fn a_withdrawn_release_may_not_go() {
    let (verdict, rows) = decide(&[("api", "2.7.0")], false);
    assert_eq!((verdict, &*rows[0]), (Verdict::No, "No api 2.7.0 with - : compat/withdrawn"));
}

#[test]
fn several_go_if_there_is_an_order_for_them() {
    assert_eq!(decide(&[("api", "2.5.0"), ("web", "1.1.0")], false).0, Verdict::Yes);
}

#[test]
fn old_and_new_beside_each_other_must_be_allowed_unless_they_never_meet() {
    let verdict = |rollout: &str, candidates: &[(&str, &str)]| {
        let platform = PLATFORM.replace("- name: api\n", &format!("- name: api\n    rollout: {rollout}\n"));
        let rules = "
apiVersion: infra/v1
kind: Compatibility
known_bad:
  - {id: sessions, all: [{component: api, version: <2.5}, {component: api, version: '>=2.5'}], reason: sessions are lost}
";
        let (platform, findings) = Platform::load(("platform.yaml", &platform), Some(("rules.yaml", rules)));
        assert!(findings.is_empty(), "{findings:?}");
        let target: Target = candidates
            .iter()
            .map(|(name, version)| {
                let id = platform.component(name).unwrap();
                let version = Version::parse(version, platform[id].scheme, platform[id].suffix).unwrap();
                (What::Part(Part::Component(id)), vec![version])
            })
            .collect();
        let decision = can_deploy(&Space::new(&platform, None, prod(&platform), today(), &[]), &target, true);
        let row = &decision.rows[0];
        (decision.verdict, row.versions.join("+"), row.partner_versions.join("+"), row.cause.rule)
    };
    let no = (Verdict::No, "2.5.0".to_owned(), "2.4.0".to_owned(), "compat/known-bad");
    assert_eq!(verdict("rolling", &[("api", "2.5.0")]), no);
    assert_eq!(verdict("blue-green", &[("api", "2.5.0"), ("web", "1.1.0")]), no);
    assert_eq!(verdict("recreate", &[("api", "2.5.0")]).0, Verdict::Yes);
    assert_eq!(verdict("atomic", &[("api", "2.5.0"), ("web", "1.1.0")]).0, Verdict::Yes);
}
