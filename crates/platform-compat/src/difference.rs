//! What two readings of the files say differently: models are compared, not texts.

use std::collections::BTreeMap;

use crate::{
    compatibility::{Condition, Rule, Side},
    model::{Api, Component, Dependency, DependencyKind, EnvironmentSet, Lifecycle, Visibility},
    platform::Platform,
};

/// Something that was added, taken away, or is said differently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What it is about: "component `orders`", "`orders` needs `mysql`".
    pub what: String,
    /// What was said; nothing when it is new.
    pub before: Option<String>,
    /// What is said; nothing when it is gone.
    pub after: Option<String>,
}

/// Everything that two platforms say differently, in the order of what it is about. Order and comments of the files do
/// not count.
pub fn difference(before: &Platform, after: &Platform) -> Vec<Difference> {
    let (before, after) = (statements(before), statements(after));
    let mut found = Vec::new();
    for (what, old) in &before {
        let new = after.get(what);
        if new != Some(old) {
            found.push(Difference { what: what.clone(), before: Some(old.clone()), after: new.cloned() });
        }
    }
    for (what, new) in after.iter().filter(|(what, _)| !before.contains_key(*what)) {
        found.push(Difference { what: what.clone(), before: None, after: Some(new.clone()) });
    }
    found.sort();
    found
}

/// Every statement of a platform: what it is about, and what is said.
struct Statements<'p> {
    platform: &'p Platform,
    said: BTreeMap<String, String>,
}

fn statements(platform: &Platform) -> BTreeMap<String, String> {
    let mut statements = Statements { platform, said: BTreeMap::new() };
    for environment in platform.environments() {
        let mut text = format!("namespace {}", environment.namespace.value);
        if environment.production {
            text += ", production";
        }
        if let Some(version) = &environment.kubernetes {
            text += &format!(", Kubernetes {}", version.value);
        }
        if !environment.after.is_empty() {
            text += &format!(", after {}", platform.names(environment.after));
        }
        statements.say(format!("environment `{}`", environment.name.value), text);
    }
    for component in platform.components() {
        statements.component(component);
    }
    for (consumer, provider, dependency) in platform.dependencies() {
        let (consumer, provider) = (&platform[consumer], &platform[provider]);
        let what = format!("`{}` needs `{}`", consumer.name.value, provider.name.value);
        let text = statements.dependency(consumer, provider, dependency);
        statements.say(what, text);
    }
    statements.rules();
    statements.said
}

impl Statements<'_> {
    /// Adds a statement; a second one about the same gets a number.
    fn say(&mut self, mut what: String, text: String) {
        let length = what.len();
        let mut number = 1;
        while self.said.contains_key(&what) {
            number += 1;
            what.truncate(length);
            what += &format!(" ({number})");
        }
        self.said.insert(what, text);
    }

    fn component(&mut self, component: &Component) {
        let name = &component.name.value;
        let mut text = component.kind.word().to_owned();
        if let Some(owner) = &component.owner {
            text += &format!(" of {}", owner.value);
        }
        match component.lifecycle.value {
            Lifecycle::Production => {}
            Lifecycle::Experimental => text += ", experimental",
            Lifecycle::Deprecated => text += ", deprecated",
            Lifecycle::Retired => text += ", retired",
        }
        if let Some(image) = &component.image {
            text += &format!(", image {}", image.value);
        }
        self.say(format!("component `{name}`"), text);
        for environment in self.platform.environment_ids() {
            let versions: Vec<&str> =
                component.versions(environment).iter().map(|version| version.value.as_str()).collect();
            if component.environments.contains(environment) && !versions.is_empty() {
                let environment = &self.platform[environment].name.value;
                self.say(format!("version of `{name}` in {environment}"), versions.join(" and "));
            }
        }
        for endpoint in &component.provides {
            let mut text = endpoint.port.to_string();
            text += &endpoint.api.as_ref().map_or_else(String::new, |api| format!(", {}", api_text(api)));
            match &endpoint.visibility.value {
                Visibility::Platform => {}
                Visibility::Private => text += ", private",
                Visibility::Public => text += ", public",
                Visibility::Only(users) => {
                    let mut users: Vec<&str> = users.iter().map(|user| &*user.value).collect();
                    users.sort_unstable();
                    text += &format!(", only for {}", users.join(", "));
                }
            }
            self.say(format!("endpoint `{}` of `{name}`", endpoint.name.value), text);
        }
        for egress in &component.egress {
            let cidrs: Vec<String> = egress.cidrs.iter().map(ToString::to_string).collect();
            let ports: Vec<String> = egress.ports.iter().map(ToString::to_string).collect();
            let host = egress.fqdn.as_ref().map_or("", |host| &*host.value);
            let text = format!("{host} {} {}", cidrs.join(" "), ports.join(" "));
            self.say(format!("egress `{}` of `{name}`", egress.name.value), text.trim().to_owned());
        }
    }

    fn dependency(&self, consumer: &Component, provider: &Component, dependency: &Dependency) -> String {
        let mut text = dependency
            .version
            .as_ref()
            .map_or_else(|| "any version".to_owned(), |range| range.value.to_string());
        text += &dependency.api.as_ref().map_or_else(String::new, |api| format!(", {}", api_text(api)));
        text +=
            &dependency.schema.as_ref().map_or_else(String::new, |range| format!(", schema {}", range.value));
        let endpoints: Vec<&str> = dependency
            .endpoints
            .iter()
            .filter_map(|at| provider.provides.get(*at as usize))
            .map(|endpoint| &*endpoint.name.value)
            .collect();
        if provider.provides.len() > 1 && !endpoints.is_empty() {
            text += &format!(", endpoint {}", endpoints.join(", "));
        }
        text += match dependency.kind {
            DependencyKind::Runtime => "",
            DependencyKind::Startup => ", to start",
            DependencyKind::Scrape => ", scraped",
            DependencyKind::Build => ", to build",
        };
        if dependency.optional {
            text += ", optional";
        }
        if dependency.environments != consumer.environments {
            text += &format!(", in {}", self.platform.names(dependency.environments));
        }
        text
    }

    fn rules(&mut self) {
        let platform = self.platform;
        let rules = platform.compatibility();
        let everywhere = EnvironmentSet::first(platform.environments().len());
        let within = |environments: EnvironmentSet| {
            if environments == everywhere {
                String::new()
            } else {
                format!(" in {}", platform.names(environments))
            }
        };
        for constraint in &rules.constraints {
            let text = match &constraint.rule {
                Rule::Implication { when, require, forbid } => {
                    let list = |conditions: &[Condition]| {
                        conditions
                            .iter()
                            .map(|condition| self.condition(condition))
                            .collect::<Vec<_>>()
                            .join(" and ")
                    };
                    let mut text = format!("when {}", list(when));
                    if !require.is_empty() {
                        text += &format!(", require {}", list(require));
                    }
                    if !forbid.is_empty() {
                        text += &format!(", forbid {}", list(forbid));
                    }
                    text
                }
                Rule::Skew { leader, follower, older, newer, unit } => {
                    let side = |side: &Side| match side {
                        Side::Declared(part) => platform.name_of(*part).to_owned(),
                        Side::Probe(name) => format!("probe:{}", name.value),
                    };
                    let unit = ["major", "minor", "patch"][(*unit).min(2)];
                    format!(
                        "{} at most {older} {unit} behind and {newer} ahead of {}",
                        side(follower),
                        side(leader)
                    )
                }
            };
            let expires =
                constraint.expires.as_ref().map_or_else(String::new, |day| format!(", until {}", day.value));
            let text = format!("{text}{}{expires}", within(constraint.environments));
            self.say(format!("constraint `{}`", constraint.id.value), text);
        }
        for known in &rules.known_bad {
            let members: Vec<String> = known.all.iter().map(|member| self.condition(member)).collect();
            let text = format!("{}{}", members.join(" with "), within(known.environments));
            self.say(format!("known bad `{}`", known.id.value), text);
        }
        for pin in &rules.pins {
            let name = &platform[pin.component].name.value;
            let text = format!("{}{}", pin.version.value, within(pin.environments));
            self.say(format!("pin of `{name}`"), text);
        }
        for support in &rules.support {
            let what = format!("support of `{}` {}", platform.name_of(support.part), support.version.value);
            self.say(what, format!("until {}", support.end()));
        }
        for end in &rules.apis {
            let day = |day: &Option<crate::place::Spanned<crate::date::Date>>| {
                day.as_ref().map_or_else(|| "never".to_owned(), |day| day.value.to_string())
            };
            let text =
                format!("deprecated {}, removed after {}", day(&end.deprecated), day(&end.removed_after));
            self.say(format!("API `{}` {}", end.name.value, end.version.value), text);
        }
        for exclusion in &rules.exclusions {
            let until =
                exclusion.expires.as_ref().map_or_else(String::new, |day| format!(" until {}", day.value));
            self.say(
                format!("exclusion `{}`", exclusion.id.value),
                format!("{}{until}", exclusion.rule.value),
            );
        }
        for release in &rules.releases {
            let what =
                format!("release {} of `{}`", release.version.value, platform[release.component].name.value);
            let mut text = match &release.depends_on {
                Some(needs) => {
                    let needs: Vec<String> = needs.iter().map(|need| self.condition(need)).collect();
                    format!(
                        "needs {}",
                        if needs.is_empty() { "nothing".to_owned() } else { needs.join(" and ") }
                    )
                }
                None => "known".to_owned(),
            };
            if let Some(reason) = &release.withdrawn {
                text += &format!(", withdrawn: {}", reason.value);
            }
            self.say(what, text);
        }
    }

    fn condition(&self, condition: &Condition) -> String {
        let mut text = self.platform.name_of(condition.part).to_owned();
        if let Some(range) = &condition.version {
            text += &format!(" {}", range.value);
        }
        if let Some(api) = &condition.api {
            text += &format!(" {}", api_text(api));
        }
        if let Some(range) = &condition.schema {
            text += &format!(" schema {}", range.value);
        }
        match condition.present {
            Some(true) => text += " present",
            Some(false) => text += " absent",
            None => {}
        }
        text
    }
}

fn api_text(api: &Api) -> String {
    let mut versions: Vec<&str> = api.versions.iter().map(|version| &*version.value).collect();
    versions.sort_unstable();
    format!("API {} {}", api.name.value, versions.join("|")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod}]
components:
  - {name: db, kind: database, version: 8.4.6, provides: [{name: sql, port: 3306}]}
  - {name: api, kind: service, version: 2.4.0, depends_on: [{component: db, version: '>=8.4 <9'}]}
";
    const RULES: &str = "
apiVersion: infra/v1
kind: Compatibility
constraints:
  - {id: old, when: {component: api}, require: {component: db, version: '>=8'}, reason: it is}
support: [{component: db, version: 8.4.x, eol: 2032-04-30}]
";

    fn told(before: (&str, &str), after: (&str, &str)) -> Vec<String> {
        let load = |(platform, rules)| {
            let (platform, findings) = Platform::load(("p", platform), Some(("c", rules)));
            assert!(findings.is_empty(), "{findings:?}");
            platform
        };
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        difference(&load(before), &load(after))
            .into_iter()
            .map(|d| format!("{}: {} → {}", d.what, dash(d.before), dash(d.after)))
            .collect()
    }

    #[test]
    fn equal_readings_do_not_differ() {
        assert_eq!(told((PLATFORM, RULES), (PLATFORM, RULES)), [""; 0]);
        let commented = format!(
            "# a remark\n{}",
            PLATFORM.replace("{name: dev}, {name: prod}", "{name: dev},   {name: prod}")
        );
        assert_eq!(told((PLATFORM, RULES), (&commented, RULES)), [""; 0]);
    }

    #[test]
    fn what_is_said_differently_is_told() {
        let after = PLATFORM
            .replace("version: 2.4.0", "version: {dev: 2.5.0, prod: 2.4.0}")
            .replace("'>=8.4 <9'", "'>=8.4 <10'")
            .replace("port: 3306", "port: 3307")
            + "  - {name: web, kind: service, version: 1.0.0, depends_on: [api]}\n";
        let rules = RULES.replace("'>=8'", "'>=8.4'").replace("2032-04-30", "2031-04-30");
        assert_eq!(
            told((PLATFORM, RULES), (&after, &rules)),
            [
                "`api` needs `db`: >=8.4 <9 → >=8.4 <10",
                "`web` needs `api`: - → any version",
                "component `web`: - → service of team",
                "constraint `old`: when api, require db >=8 → when api, require db >=8.4",
                "endpoint `sql` of `db`: 3306/TCP → 3307/TCP",
                "support of `db` 8.4.x: until 2032-04-30 → until 2031-04-30",
                "version of `api` in dev: 2.4.0 → 2.5.0",
                "version of `web` in dev: - → 1.0.0",
                "version of `web` in prod: - → 1.0.0",
            ]
        );
    }

    #[test]
    fn both_directions_mirror() {
        let after = PLATFORM.replace("version: 2.4.0", "version: 2.5.0");
        let forwards = told((PLATFORM, RULES), (&after, RULES));
        let back = told((&after, RULES), (PLATFORM, RULES));
        assert_eq!(forwards.len(), back.len());
        assert_eq!(forwards[0], "version of `api` in dev: 2.4.0 → 2.5.0");
        assert_eq!(back[0], "version of `api` in dev: 2.5.0 → 2.4.0");
    }
}
