use proptest::prelude::*;

use super::*;
use crate::{
    Part, Platform,
    testing::{Small, cases, index, prod, space, target, today},
};

/// Every choice of versions.
fn choices(small: &Small) -> Vec<Vec<usize>> {
    small.components.iter().fold(vec![Vec::new()], |choices, (versions, _)| {
        let longer = |choice: &Vec<usize>| {
            let choice = choice.clone();
            (0..*versions).map(move |version| [choice.clone(), vec![version]].concat())
        };
        choices.iter().flat_map(longer).collect()
    })
}

fn live(choice: &[usize]) -> Vec<Vec<usize>> {
    choice.iter().map(|version| vec![*version]).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn agrees_with_brute_force(small in Small::any(), wish in prop::option::of(0_usize..3)) {
        let platform = small.platform(&small.now());
        let space = space(&platform);
        let wish = wish.map(|version| version.min(small.components[0].0 - 1));
        let wanted: Target = match wish {
            Some(version) => target(&platform, &[version]),
            None => Vec::new(),
        };
        let fine = |choice: &&Vec<usize>| {
            small.is_fine(&live(choice)) && wish.is_none_or(|version| choice[0] == version)
        };
        let choices = choices(&small);
        let possible = choices.iter().find(fine);
        match solve(&space, &wanted) {
            Ok(solution) => {
                let mut chosen: Vec<usize> = small.components.iter().map(|(_, live)| *live).collect();
                for change in &solution.changes {
                    chosen[change.name[1..].parse::<usize>().unwrap()] = index(change.to.as_str());
                }
                prop_assert!(fine(&&chosen), "{chosen:?}");
                prop_assert_eq!(small.findings(&live(&chosen)).len(), 0);
            }
            Err(conflict) => {
                prop_assert!(possible.is_none(), "{possible:?} {conflict:?}");
                prop_assert!(!conflict.causes.is_empty());
            }
        }
    }

    #[test]
    fn nothing_moves_where_nothing_is_wrong(small in Small::any()) {
        prop_assume!(small.is_fine(&small.now()));
        let platform = small.platform(&small.now());
        prop_assert_eq!(solve(&space(&platform), &Vec::new()).unwrap().changes, []);
    }
}

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: prod}]
components:
  - {name: db, kind: database, version: 8.4.6}
  - {name: api, kind: service, version: 2.4.0, depends_on: [{component: db, version: '>=8.4 <9'}]}
  - {name: web, kind: service, version: 1.0.0, depends_on: [{component: api, version: ^2}]}
";

const RULES: &str = "
apiVersion: infra/v1
kind: Compatibility
releases:
  - {component: db, versions: [{version: 8.4.6}, {version: 9.7.0}, {version: 9.8.0, withdrawn: it loses data}]}
  - component: api
    versions: [{version: 2.4.0}, {version: 3.0.0, depends_on: [{component: db, version: '>=9'}]}]
  - component: web
    versions: [{version: 1.0.0}, {version: 2.0.0, depends_on: [{component: api, version: ^3}]}]
";

fn wanted(platform: &Platform, name: &str, version: &str) -> Target {
    let id = platform.component(name).unwrap();
    let version = Version::parse(version, platform[id].scheme, platform[id].suffix).unwrap();
    vec![(What::Part(Part::Component(id)), vec![version])]
}

fn load(rules: &str) -> Platform {
    let (platform, findings) = Platform::load(("platform.yaml", PLATFORM), Some(("rules.yaml", rules)));
    assert!(findings.is_empty(), "{findings:?}");
    platform
}

fn told(causes: &[Cause]) -> Vec<&str> {
    causes.iter().map(|cause| &*cause.text).collect()
}

#[test]
fn what_is_asked_for_draws_the_rest_along() {
    let platform = load(RULES);
    let solution = solve(&space(&platform), &wanted(&platform, "db", "9.7.0")).unwrap();
    let told: Vec<String> =
        solution.changes.iter().map(|change| format!("{} {}", change.name, change.to)).collect();
    assert_eq!(told, ["db 9.7.0", "api 3.0.0", "web 2.0.0"]);
}

#[test]
fn a_withdrawn_release_is_chosen_by_nobody() {
    let rules = RULES.replace("version: '>=9'", "version: '>=9.8'");
    let platform = load(&rules);
    let conflict = solve(&space(&platform), &wanted(&platform, "api", "3.0.0")).unwrap_err();
    assert_eq!(told(&conflict.causes), ["`api` 3.0.0 needs `db` >=9.8"]);
}

#[test]
fn a_conflict_is_told_from_what_was_asked_for_outwards() {
    let rules = format!(
        "{RULES}pins:\n  - {{component: web, environment: prod, version: 1.0.0, reason: a freeze}}\n"
    );
    let platform = load(&rules);
    let conflict = solve(&space(&platform), &wanted(&platform, "db", "9.7.0")).unwrap_err();
    assert_eq!(conflict.wanted, ["`db` 9.7.0"]);
    assert_eq!(
        told(&conflict.causes),
        ["`api` needs `db` >=8.4 <9", "`web` needs `api` ^2", "`web` is pinned to 1.0.0 (a freeze)"]
    );
    assert_eq!(told(&conflict.relax), told(&conflict.causes), "each of them was tried");
    let place = &conflict.causes[0];
    assert_eq!(&PLATFORM[place.span.offset()..place.span.offset() + place.span.len()], "'>=8.4 <9'");
}

#[test]
fn a_rule_that_has_expired_is_none() {
    let rules = format!(
        "{RULES}pins:\n  - {{component: web, environment: prod, version: 1.0.0, reason: a freeze, expires: 2026-11-01}}\n"
    );
    let platform = load(&rules);
    assert!(solve(&space(&platform), &wanted(&platform, "db", "9.7.0")).is_ok());
    let then = crate::Date::new(2026, 10, 1).unwrap();
    let space = Space::new(&platform, None, prod(&platform), then, &[]);
    assert!(solve(&space, &wanted(&platform, "db", "9.7.0")).is_err());
    assert!(today() > then);
}
