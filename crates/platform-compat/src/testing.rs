//! Small random platforms, with a model of their rules that shares no code with the crate: what the planner and the solver are
//! held against.

use proptest::prelude::*;

use crate::{
    Date, EnvironmentId, Finding, Options, Part, Platform, Space, Target, What, check,
    version::{Scheme, Suffix, Version},
};

/// A platform of a few components with a few versions each.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    /// For each component the count of its versions, 1.0.0 and up, and which one is live.
    pub(crate) components: Vec<(usize, usize)>,
    /// How each of them takes over, as an index of [`ROLLOUTS`].
    pub(crate) rollouts: Vec<usize>,
    /// Consumer, its version if the release says so by itself, provider, and the accepted versions.
    pub(crate) needs: Vec<(usize, usize, usize, Vec<usize>)>,
    /// Members with the versions that must not all be live.
    pub(crate) bad: Vec<Vec<(usize, Vec<usize>)>>,
    /// When this version of the first, then one of those of the second.
    pub(crate) constraints: Vec<(usize, usize, usize, Vec<usize>)>,
}

pub(crate) const ROLLOUTS: [&str; 4] = ["rolling", "recreate", "blue-green", "atomic"];

pub(crate) const TODAY: (u16, u8, u8) = (2026, 11, 23);

pub(crate) fn today() -> Date {
    Date::new(TODAY.0, TODAY.1, TODAY.2).unwrap()
}

fn some(versions: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::btree_set(0..versions, 1..=versions).prop_map(|set| set.into_iter().collect())
}

impl Small {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        (2_usize..=4, 2_usize..=3).prop_flat_map(|(count, versions)| {
            let components = prop::collection::vec((Just(versions), 0..versions), count);
            let rollouts = prop::collection::vec(0_usize..4, count);
            let needs = prop::collection::vec((0..count, 0..versions, 0..count, some(versions)), 0..6);
            let member = (0..count, some(versions));
            let bad = prop::collection::vec(prop::collection::vec(member, 2..=3), 0..4);
            let constraints = prop::collection::vec((0..count, 0..versions, 0..count, some(versions)), 0..3);
            let all = (components, rollouts, needs, bad, constraints);
            all.prop_map(|(components, rollouts, needs, bad, constraints)| Self {
                components,
                rollouts,
                needs: needs.into_iter().filter(|(user, _, used, _)| user != used).collect(),
                bad,
                constraints,
            })
        })
    }

    /// Whether old and new versions of a component meet while it rolls out.
    pub(crate) fn is_mixed(&self, component: usize) -> bool {
        matches!(ROLLOUTS[self.rollouts[component]], "rolling" | "blue-green")
    }

    /// Whether live versions of all components break no rule.
    pub(crate) fn is_fine(&self, live: &[Vec<usize>]) -> bool {
        let any = |component: usize, of: &[usize]| live[component].iter().any(|version| of.contains(version));
        let outside = |component: usize, of: &[usize]| live[component].iter().any(|v| !of.contains(v));
        self.needs.iter().all(|(user, version, used, accepted)| {
            !live[*user].contains(version) || !outside(*used, accepted)
        }) && self.bad.iter().all(|members| !members.iter().all(|(component, of)| any(*component, of)))
            && self.constraints.iter().all(|(first, version, then, accepted)| {
                !live[*first].contains(version) || !outside(*then, accepted)
            })
    }

    pub(crate) fn texts(&self, live: &[Vec<usize>]) -> (String, String) {
        let mut platform = "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: small, owner: team}\nenvironments: [{name: prod}]\ncomponents:\n".to_owned();
        for (component, versions) in live.iter().enumerate() {
            platform += &format!(
                "  - {{name: c{component}, kind: library, version: [{}], rollout: {}}}\n",
                list(versions),
                ROLLOUTS[self.rollouts[component]]
            );
        }
        let mut rules = "apiVersion: infra/v1\nkind: Compatibility\nreleases:\n".to_owned();
        for (component, (versions, _)) in self.components.iter().enumerate() {
            rules += &format!("  - component: c{component}\n    versions:\n");
            for version in 0..*versions {
                let needs: Vec<String> = self
                    .needs
                    .iter()
                    .filter(|(user, of, ..)| *user == component && *of == version)
                    .map(|(.., used, accepted)| {
                        format!("{{component: c{used}, version: '{}'}}", range(accepted))
                    })
                    .collect();
                let needs = needs.join(", ");
                rules += &format!("      - {{version: {}, depends_on: [{needs}]}}\n", text(version));
            }
        }
        rules += "known_bad:\n";
        for (number, members) in self.bad.iter().enumerate() {
            let members: Vec<String> = members
                .iter()
                .map(|(component, of)| format!("{{component: c{component}, version: '{}'}}", range(of)))
                .collect();
            rules += &format!("  - {{id: bad{number}, all: [{}], reason: it is}}\n", members.join(", "));
        }
        rules += "constraints:\n";
        for (number, (first, version, then, accepted)) in self.constraints.iter().enumerate() {
            rules += &format!(
                "  - {{id: rule{number}, when: {{component: c{first}, version: {}}}, require: {{component: c{then}, version: '{}'}}, reason: it is}}\n",
                text(*version),
                range(accepted)
            );
        }
        (platform, rules)
    }

    pub(crate) fn now(&self) -> Vec<Vec<usize>> {
        self.components.iter().map(|(_, live)| vec![*live]).collect()
    }

    pub(crate) fn platform(&self, live: &[Vec<usize>]) -> Platform {
        let (platform, rules) = self.texts(live);
        let (platform, findings) =
            Platform::load(("platform.yaml", &platform), Some(("compatibility.yaml", &rules)));
        assert!(findings.is_empty(), "{findings:?}");
        platform
    }

    /// Broken rules as `check` sees them.
    pub(crate) fn findings(&self, live: &[Vec<usize>]) -> Vec<Finding> {
        check(&self.platform(live), None, &Options::new(today())).findings
    }
}

pub(crate) fn prod(platform: &Platform) -> EnvironmentId {
    platform.environment("prod").unwrap()
}

pub(crate) fn space(platform: &Platform) -> Space<'_> {
    Space::new(platform, None, prod(platform), today(), &[])
}

/// A version for each component, as a target.
pub(crate) fn target(platform: &Platform, versions: &[usize]) -> Target {
    let of = |component: usize| platform.component(&format!("c{component}")).unwrap();
    let version = |version: usize| Version::parse(&text(version), Scheme::Semver, Suffix::Compare).unwrap();
    versions
        .iter()
        .enumerate()
        .map(|(component, at)| (What::Part(Part::Component(of(component))), vec![version(*at)]))
        .collect()
}

pub(crate) fn text(version: usize) -> String {
    format!("{}.0.0", version + 1)
}

/// The index of a version that [`text`] has written.
pub(crate) fn index(text: &str) -> usize {
    text.split('.').next().unwrap().parse::<usize>().unwrap() - 1
}

fn list(versions: &[usize]) -> String {
    versions.iter().map(|version| text(*version)).collect::<Vec<_>>().join(", ")
}

fn range(versions: &[usize]) -> String {
    versions.iter().map(|version| text(*version)).collect::<Vec<_>>().join(" || ")
}

/// How many random cases a law is tried on: many where someone asks for them.
pub(crate) fn cases() -> ProptestConfig {
    let asked = option_env!("INFRA_PROPTEST_CASES").and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(300);
    // Most random platforms are broken as they are, and some laws are about those that are not.
    ProptestConfig { cases, max_global_rejects: cases * 50, ..ProptestConfig::default() }
}
