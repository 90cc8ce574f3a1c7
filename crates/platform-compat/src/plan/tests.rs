use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::{
    Facts, Migration, Platform, Schema,
    testing::{Small, cases, index, prod, space, target, today},
};

/// The fewest steps over known releases, by breadth: independent of the planner.
fn fewest(small: &Small, goal: &[usize]) -> Option<usize> {
    let start: Vec<usize> = small.components.iter().map(|(_, live)| *live).collect();
    let mut distance = HashMap::from([(start.clone(), 0)]);
    let mut queue = VecDeque::from([start.clone()]);
    while let Some(at) = queue.pop_front() {
        if at == goal {
            return Some(distance[&at]);
        }
        for component in 0..at.len() {
            let (low, high) = (start[component].min(goal[component]), start[component].max(goal[component]));
            for version in low..=high {
                let forwards = (version > at[component]) == (goal[component] > start[component]);
                if version == at[component] || !forwards {
                    continue;
                }
                // What lies between is a way only upwards.
                if goal[component] < start[component] && version != goal[component] {
                    continue;
                }
                let mut next = at.clone();
                next[component] = version;
                let mut meanwhile: Vec<Vec<usize>> = next.iter().map(|version| vec![*version]).collect();
                if small.is_mixed(component) {
                    meanwhile[component].push(at[component]);
                }
                if !distance.contains_key(&next) && small.is_fine(&meanwhile) {
                    distance.insert(next.clone(), distance[&at] + 1);
                    queue.push_back(next);
                }
            }
        }
    }
    None
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_state_on_the_way_passes_the_check_and_no_way_is_shorter(
        small in Small::any(),
        goal in prop::collection::vec(0_usize..3, 4),
    ) {
        let goal: Vec<usize> = small.components.iter().zip(&goal).map(|((versions, _), at)| *at.min(&(versions - 1))).collect();
        let wanted: Vec<Vec<usize>> = goal.iter().map(|version| vec![*version]).collect();
        prop_assume!(small.is_fine(&small.now()));
        let platform = small.platform(&small.now());
        let space = space(&platform);
        let shortest = fewest(&small, &goal);
        match plan(&space, &target(&platform, &goal)) {
            Ok(plan) => {
                prop_assert_eq!(Some(plan.steps.len()), shortest);
                let mut live = small.now();
                for step in &plan.steps {
                    for change in &step.moves {
                        let of = change.name[1..].parse::<usize>().unwrap();
                        let to = index(&change.to[0]);
                        let mut mixed = live.clone();
                        mixed[of].push(to);
                        if small.is_mixed(of) {
                            prop_assert_eq!(small.findings(&mixed).len(), 0, "{:?}", step);
                        }
                        live[of] = vec![to];
                        prop_assert_eq!(small.findings(&live).len(), 0, "{:?}", step);
                    }
                }
                prop_assert_eq!(live, wanted);
            }
            Err(problem) => match *problem {
                NoPlan::Target(causes) => {
                    prop_assert!(!small.is_fine(&wanted));
                    prop_assert!(!causes.is_empty());
                }
                NoPlan::Locked(locked) => {
                    prop_assert!(small.is_fine(&wanted));
                    prop_assert_eq!(shortest, None);
                    prop_assert!(locked.proven && !locked.causes.is_empty());
                }
            },
        }
    }
}

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: prod}]
components:
  - {name: mysql, kind: database, version: 8.4.6, database: {migrations: sql}}
  - {name: orders, kind: service, version: 2.7.1, depends_on: [{component: mysql, version: ^8}]}
  - {name: web, kind: service, version: 1.0.0, depends_on: [{component: orders, version: ^2}]}
";

/// The example of an expanding and a contracting migration with a deployment between them.
const RULES: &str = "
apiVersion: infra/v1
kind: Compatibility
schema:
  - database: mysql
    steps:
      - {version: '042', phase: expand, adds: [orders.discount_cents]}
      - {version: '045', phase: contract, drops: [orders.discount], needs: [{component: orders, version: '>=2.8'}]}
releases:
  - component: orders
    versions:
      - {version: 2.7.1, depends_on: [{component: mysql, version: '>=8.0.35 <10', schema: '>=038 <045'}]}
      - {version: 2.8.0, depends_on: [{component: mysql, version: '>=8.4 <10', schema: '>=042'}]}
";

fn facts(level: u32) -> Facts {
    let migration =
        |version: u32| Migration { version: format!("{version:03}"), script: format!("V{version:03}.sql") };
    let schema = |environment: &str, last: u32| Schema {
        environment: environment.to_owned(),
        database: "mysql".to_owned(),
        migrations: (1..=last).map(migration).collect(),
    };
    Facts { schemas: vec![schema("prod", level), schema("elsewhere", 46)], ..Facts::default() }
}

fn load(platform: &str, rules: &str) -> Platform {
    let (platform, findings) = Platform::load(("platform.yaml", platform), Some(("rules.yaml", rules)));
    assert!(findings.is_empty(), "{findings:?}");
    platform
}

fn to(platform: &Platform, name: &str, version: &str) -> (What, Vec<Version>) {
    let id = platform.component(name).unwrap();
    let version = Version::parse(version, platform[id].scheme, platform[id].suffix).unwrap();
    (What::Part(Part::Component(id)), vec![version])
}

fn level(platform: &Platform, version: &str) -> (What, Vec<Version>) {
    let version =
        Version::parse(version, crate::version::Scheme::Flyway, crate::version::Suffix::Compare).unwrap();
    (What::Schema(platform.component("mysql").unwrap()), vec![version])
}

fn lines(plan: &Plan) -> Vec<String> {
    let told = |step: &Step| {
        let moves: Vec<String> = step
            .moves
            .iter()
            .map(|change| format!("{} {} → {}", change.name, change.from.join("+"), change.to.join("+")))
            .collect();
        format!("{}: {}", step.wave, moves.join(", "))
    };
    plan.steps.iter().map(told).collect()
}

#[test]
fn a_schema_expands_before_its_user_and_contracts_after_it() {
    let platform = load(PLATFORM, RULES);
    let space = Space::new(&platform, Some(&facts(41)), prod(&platform), today(), &[]);
    let plan = plan(&space, &vec![to(&platform, "orders", "2.8.0"), level(&platform, "046")]).unwrap();
    assert_eq!(
        lines(&plan),
        ["1: schema of mysql 041 → 044", "2: orders 2.7.1 → 2.8.0", "3: schema of mysql 044 → 046"]
    );
    let reasons: Vec<&str> = plan.steps[1].reasons.iter().map(|cause| &*cause.text).collect();
    assert_eq!(reasons, ["`orders` 2.8.0 needs `mysql` with schema >=042"]);
}

/// Each of two needs the other's new version: the version deadlock.
const DEADLOCK: &str = "
apiVersion: infra/v1
kind: Compatibility
releases:
  - component: orders
    versions:
      - {version: 2.7.1, depends_on: [{component: web, version: ^1}]}
      - {version: 3.0.0, depends_on: [{component: web, version: ^2}]}
  - component: web
    versions:
      - {version: 1.0.0, depends_on: [{component: orders, version: ^2}]}
      - {version: 2.0.0, depends_on: [{component: orders, version: ^3}]}
";

#[test]
fn a_version_deadlock_is_proven_and_the_rules_to_relax_are_tried() {
    let platform = load(PLATFORM, DEADLOCK);
    let target = vec![to(&platform, "orders", "3.0.0"), to(&platform, "web", "2.0.0")];
    let NoPlan::Locked(locked) = *plan(&space(&platform), &target).unwrap_err() else { panic!() };
    assert!(locked.proven);
    assert_eq!(locked.together, ["orders", "web"]);
    assert_eq!(locked.circle.len(), 2);
    assert_eq!(locked.causes.len(), 2, "{:?}", locked.causes);
}

/// A circle of three that runs against the order in which its members are declared: web waits for orders, orders for mysql,
/// and mysql for web.
#[test]
fn a_circle_is_told_the_way_it_runs() {
    let rules = "
apiVersion: infra/v1
kind: Compatibility
known_bad:
  - {id: first, all: [{component: mysql, version: 8.4.6}, {component: orders, version: 2.8.0}], reason: it is}
  - {id: second, all: [{component: orders, version: 2.7.1}, {component: web, version: 1.1.0}], reason: it is}
  - {id: third, all: [{component: web, version: 1.0.0}, {component: mysql, version: 8.5.0}], reason: it is}
releases:
  - {component: mysql, versions: [{version: 8.4.6}, {version: 8.5.0}]}
  - {component: orders, versions: [{version: 2.7.1}, {version: 2.8.0}]}
  - {component: web, versions: [{version: 1.0.0}, {version: 1.1.0}]}
";
    let turned = rules
        .replace(
            "version: 8.4.6}, {component: orders, version: 2.8.0}",
            "version: 8.5.0}, {component: orders, version: 2.7.1}",
        )
        .replace(
            "version: 2.7.1}, {component: web, version: 1.1.0}",
            "version: 2.8.0}, {component: web, version: 1.0.0}",
        )
        .replace(
            "version: 1.0.0}, {component: mysql, version: 8.5.0}",
            "version: 1.1.0}, {component: mysql, version: 8.4.6}",
        );
    assert_ne!(rules, turned);
    for rules in [rules, &turned] {
        let platform = load(PLATFORM, rules);
        let target = [("mysql", "8.5.0"), ("orders", "2.8.0"), ("web", "1.1.0")]
            .map(|(name, version)| to(&platform, name, version));
        let NoPlan::Locked(locked) = *plan(&space(&platform), &target.to_vec()).unwrap_err() else {
            panic!()
        };
        let told: Vec<&str> =
            locked.causes.iter().map(|cause| cause.text.split(':').next().unwrap()).collect();
        assert_eq!(told.len(), 3, "{told:?}");
    }
}

#[test]
fn a_release_between_is_a_bridge() {
    let bridge = "      - {version: 2.9.0, depends_on: [{component: web, version: '>=1'}]}\n";
    let rules = DEADLOCK.replace("      - {version: 3.0.0,", &format!("{bridge}      - {{version: 3.0.0,"));
    let rules = rules.replace(
        "version: 2.0.0, depends_on: [{component: orders, version: ^3}",
        "version: 2.0.0, depends_on: [{component: orders, version: '>=2.9'}",
    );
    let platform = load(PLATFORM, &rules);
    let target = vec![to(&platform, "orders", "3.0.0"), to(&platform, "web", "2.0.0")];
    let plan = plan(&space(&platform), &target).unwrap();
    assert_eq!(lines(&plan), ["1: orders 2.7.1 → 2.9.0", "2: web 1.0.0 → 2.0.0", "3: orders 2.9.0 → 3.0.0"]);
}

#[test]
fn what_goes_together_is_one_step_with_a_gap() {
    let rules = format!("{DEADLOCK}order:\n  - {{together: [orders, web], reason: they share a format}}\n");
    let platform = load(PLATFORM, &rules);
    let target = vec![to(&platform, "orders", "3.0.0"), to(&platform, "web", "2.0.0")];
    let plan = plan(&space(&platform), &target).unwrap();
    assert_eq!(lines(&plan), ["1: orders 2.7.1 → 3.0.0, web 1.0.0 → 2.0.0"]);
    assert_eq!(plan.steps[0].gap.len(), 4, "{:?}", plan.steps[0].gap);
}

#[test]
fn a_step_of_several_on_the_way_over_a_bridge_tells_its_gap() {
    // `ads` and `orders` need the bridge; `web` and `mysql` go together meanwhile.
    let platform = format!("{PLATFORM}  - {{name: ads, kind: service, version: 1.0.0}}\n");
    let rules = "
apiVersion: infra/v1
kind: Compatibility
known_bad:
  - {id: early, all: [{component: ads, version: 2.0.0}, {component: orders, version: 2.7.1}], reason: it is}
  - {id: late, all: [{component: ads, version: 1.0.0}, {component: orders, version: 2.9.0}], reason: it is}
  - {id: mixed, all: [{component: web, version: 1.0.0}, {component: mysql, version: 8.5.0}], reason: it is}
order:
  - {together: [web, mysql], reason: they share a format}
releases:
  - {component: orders, versions: [{version: 2.7.1}, {version: 2.8.0}, {version: 2.9.0}]}
  - {component: ads, versions: [{version: 1.0.0}, {version: 2.0.0}]}
  - {component: web, versions: [{version: 1.0.0}, {version: 1.1.0}]}
  - {component: mysql, versions: [{version: 8.4.6}, {version: 8.5.0}]}
";
    let platform = load(&platform, rules);
    let target = [("ads", "2.0.0"), ("orders", "2.9.0"), ("web", "1.1.0"), ("mysql", "8.5.0")]
        .map(|(name, version)| to(&platform, name, version));
    let plan = plan(&space(&platform), &target.to_vec()).unwrap();
    assert_eq!(plan.steps.len(), 4, "{:?}", lines(&plan));
    let joint = plan.steps.iter().find(|step| step.moves.len() == 2).unwrap();
    assert!(joint.gap[0].text.contains("`mixed`"), "{joint:?}");
    assert!(plan.steps.iter().filter(|step| step.moves.len() == 1).all(|step| step.gap.is_empty()));
}

/// Sessions that `web` 1 writes, `web` 3 cannot read.
const SESSIONS: &str = "
apiVersion: infra/v1
kind: Compatibility
known_bad:
  - {id: sessions, all: [{component: web, version: <2}, {component: web, version: '>=3'}], reason: sessions are lost}
";

fn rolling_out(rollout: &str, releases: &[&str]) -> Result<Vec<String>, Box<NoPlan>> {
    let platform = PLATFORM.replace("name: web,", &format!("name: web, rollout: {rollout},"));
    let releases: Vec<String> = releases.iter().map(|version| format!("{{version: {version}}}")).collect();
    let rules = format!("{SESSIONS}releases:\n  - {{component: web, versions: [{}]}}\n", releases.join(", "));
    let platform = load(&platform, &rules);
    let space = space(&platform);
    plan(&space, &vec![to(&platform, "web", "3.0.0")]).map(|plan| lines(&plan))
}

#[test]
fn versions_that_cannot_live_beside_each_other_need_a_release_between_or_a_rollout_that_keeps_them_apart() {
    for rollout in ["rolling", "blue-green"] {
        let NoPlan::Locked(locked) = *rolling_out(rollout, &["1.0.0", "3.0.0"]).unwrap_err() else {
            panic!()
        };
        assert!(locked.proven);
        assert_eq!(locked.circle, ["web"]);
        assert_eq!(locked.together, [""; 0]);
        assert!(locked.causes[0].text.contains("`sessions`"), "{:?}", locked.causes);
        assert_eq!(locked.relax.len(), 1);
        let over = rolling_out(rollout, &["1.0.0", "2.0.0", "3.0.0"]).unwrap();
        assert_eq!(over, ["1: web 1.0.0 → 2.0.0", "2: web 2.0.0 → 3.0.0"]);
    }
    for rollout in ["recreate", "atomic"] {
        let direct = rolling_out(rollout, &["1.0.0", "2.0.0", "3.0.0"]).unwrap();
        assert_eq!(direct, ["1: web 1.0.0 → 3.0.0"]);
    }
}

#[test]
fn what_moves_at_once_leaves_no_gap() {
    let gap = |orders: &str, web: &str| {
        let platform = PLATFORM
            .replace("name: orders,", &format!("name: orders, rollout: {orders},"))
            .replace("name: web,", &format!("name: web, rollout: {web},"));
        let rules =
            format!("{DEADLOCK}order:\n  - {{together: [orders, web], reason: they share a format}}\n");
        let platform = load(&platform, &rules);
        let target = vec![to(&platform, "orders", "3.0.0"), to(&platform, "web", "2.0.0")];
        plan(&space(&platform), &target).unwrap().steps[0].gap.len()
    };
    assert_eq!(gap("blue-green", "blue-green"), 0);
    assert_eq!(gap("atomic", "blue-green"), 0);
    assert_eq!(gap("rolling", "blue-green"), 4);
    assert_eq!(gap("recreate", "recreate"), 4);
}

#[test]
fn a_group_on_the_way_over_a_bridge_has_the_gap_of_its_rollouts() {
    let gap = |rollout: &str| {
        let platform = PLATFORM
            .replace("name: web,", &format!("name: web, rollout: {rollout},"))
            .replace("name: orders,", &format!("name: orders, rollout: {rollout},"));
        let platform = format!("{platform}  - {{name: ads, kind: service, version: 1.0.0}}\n");
        let rules = "
apiVersion: infra/v1
kind: Compatibility
known_bad:
  - {id: ads, all: [{component: ads, version: 1.0.0}, {component: ads, version: 3.0.0}], reason: it is}
  - {id: mixed, all: [{component: web, version: 1.0.0}, {component: orders, version: 2.8.0}], reason: it is}
order:
  - {together: [web, orders], reason: they share a format}
releases:
  - {component: ads, versions: [{version: 1.0.0}, {version: 2.0.0}, {version: 3.0.0}]}
  - {component: orders, versions: [{version: 2.7.1}, {version: 2.8.0}]}
  - {component: web, versions: [{version: 1.0.0}, {version: 1.1.0}]}
";
        let platform = load(&platform, rules);
        let target = [("ads", "3.0.0"), ("orders", "2.8.0"), ("web", "1.1.0")]
            .map(|(name, version)| to(&platform, name, version));
        let plan = plan(&space(&platform), &target.to_vec()).unwrap();
        assert_eq!(plan.steps.len(), 3, "{:?}", lines(&plan));
        plan.steps.iter().find(|step| step.moves.len() == 2).unwrap().gap.len()
    };
    assert_eq!(gap("rolling"), 1);
    assert_eq!(gap("recreate"), 1);
    assert_eq!(gap("blue-green"), 0);
    assert_eq!(gap("atomic"), 0);
}

#[test]
fn a_declared_order_is_kept() {
    let order = |before, after| {
        let rules = format!(
            "apiVersion: infra/v1\nkind: Compatibility\norder:\n  - {{before: {before}, after: {after}, reason: habit}}\n"
        );
        let platform = load(PLATFORM, &rules);
        let extra = [("orders", "2.8.0"), ("web", "1.1.0")].map(|(name, version)| {
            let (what, versions) = to(&platform, name, version);
            (what, versions[0].clone())
        });
        let space = Space::new(&platform, None, prod(&platform), today(), &extra);
        let target = extra.iter().map(|(what, version)| (*what, vec![version.clone()])).collect();
        lines(&plan(&space, &target).unwrap())
    };
    assert_eq!(order("orders", "web"), ["1: orders 2.7.1 → 2.8.0", "2: web 1.0.0 → 1.1.0"]);
    assert_eq!(order("web", "orders"), ["1: web 1.0.0 → 1.1.0", "2: orders 2.7.1 → 2.8.0"]);
}

#[test]
fn a_target_that_breaks_a_rule_is_refused_with_the_rule() {
    let platform = load(PLATFORM, "apiVersion: infra/v1\nkind: Compatibility\n");
    let (what, versions) = to(&platform, "orders", "3.0.0");
    let space = Space::new(&platform, None, prod(&platform), today(), &[(what, versions[0].clone())]);
    let NoPlan::Target(causes) = *plan(&space, &vec![(what, versions)]).unwrap_err() else { panic!() };
    assert_eq!(causes[0].text, "`web` needs `orders` ^2");
    assert_eq!(causes.len(), 1);
}

#[test]
fn what_is_broken_already_does_not_stop_a_plan() {
    let platform = load(&PLATFORM.replace("version: ^2}", "version: ^9}"), RULES);
    let space = Space::new(&platform, Some(&facts(44)), prod(&platform), today(), &[]);
    let plan = plan(&space, &vec![to(&platform, "orders", "2.8.0")]).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.broken_before[0].text, "`web` needs `orders` ^9");
}

#[test]
fn a_plan_does_not_depend_on_the_order_of_files() {
    let parts: Vec<&str> = PLATFORM.split_inclusive("components:\n").collect();
    let mut items: Vec<&str> = parts[1].split_inclusive('\n').collect();
    items.reverse();
    let turned = format!("{}{}", parts[0], items.concat());
    let steps = |text: &str| {
        let platform = load(text, RULES);
        let space = Space::new(&platform, Some(&facts(41)), prod(&platform), today(), &[]);
        lines(&plan(&space, &vec![level(&platform, "046"), to(&platform, "orders", "2.8.0")]).unwrap())
    };
    assert_ne!(PLATFORM, turned);
    assert_eq!(steps(PLATFORM), steps(&turned));
}
