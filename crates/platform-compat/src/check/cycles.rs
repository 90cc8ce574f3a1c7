//! Circles of dependencies.

use super::{Checker, Subject};
use crate::{
    finding::Finding,
    model::{ComponentId, Dependency, DependencyKind, EnvironmentSet},
    place::Place,
};

impl Checker<'_> {
    pub(super) fn cycles(&mut self) {
        let startup = |dependency: &Dependency| dependency.kind == DependencyKind::Startup;
        let starting = self.circles(startup);
        for (members, environments) in &starting {
            self.circle("compat/startup-cycle", members, *environments, startup);
        }
        let running = self.circles(needed);
        let declared = &self.platform.compatibility().cycles;
        for (members, environments) in &running {
            let told =
                starting.iter().any(|(caught, _)| caught.iter().all(|member| members.contains(member)));
            if !told && !declared.iter().any(|cycle| cycle.members == *members) {
                self.circle("compat/cycle", members, *environments, needed);
            }
        }
        for cycle in declared {
            if !running.iter().any(|(members, _)| *members == cycle.members) {
                let names: Vec<&str> =
                    cycle.members.iter().map(|id| &*self.platform[*id].name.value).collect();
                let members = crate::decode::list(&names);
                self.findings.push(cycle.place, |src, span| Finding::UnusedCycle { src, span, members });
            }
        }
    }

    /// Circles within one environment, each with the environments that have it. Edges of different environments
    /// never close one.
    fn circles(&self, keep: impl Fn(&Dependency) -> bool + Copy) -> Vec<(Vec<ComponentId>, EnvironmentSet)> {
        let mut found: Vec<(Vec<ComponentId>, EnvironmentSet)> = Vec::new();
        // Most platforms have no circle at all, which one look at all edges together tells.
        if self.platform.circles(keep).is_empty() {
            return found;
        }
        for environment in self.scope.iter() {
            let here =
                |dependency: &Dependency| keep(dependency) && dependency.environments.contains(environment);
            for members in self.platform.circles(here) {
                match found.iter_mut().find(|(known, _)| *known == members) {
                    Some((_, environments)) => environments.insert(environment),
                    None => found.push((members, environment.only())),
                }
            }
        }
        found
    }

    fn circle(
        &mut self,
        rule: &'static str,
        members: &[ComponentId],
        environments: EnvironmentSet,
        keep: impl Fn(&Dependency) -> bool,
    ) {
        let platform = self.platform;
        let Some(environment) = environments.iter().next() else { return };
        let here =
            |dependency: &Dependency| keep(dependency) && dependency.environments.contains(environment);
        let Some((circle, closing)) = platform.shortest_circle(members, here) else { return };
        let name = |id: &ComponentId| platform[*id].name.value.to_string();
        let mut names: Vec<String> = circle.iter().map(name).collect();
        let subject = names[0].clone();
        names.push(subject.clone());
        let path = names.join(" → ");
        let more = match members.len() - circle.len() {
            0 => String::new(),
            1 => " (and one more component is caught in it)".to_owned(),
            more => format!(" (and {more} more components are caught in it)"),
        };
        let place: Place = closing.place;
        self.report(rule, Subject::component(&subject), environments, place, |src, span, _| {
            let (path, more) = (path.clone(), more.clone());
            if rule == "compat/cycle" {
                Finding::Cycle { src, span, path, more }
            } else {
                Finding::StartupCycle { src, span, path, more }
            }
        });
    }
}

/// Edges that a component cannot do without.
fn needed(dependency: &Dependency) -> bool {
    matches!(dependency.kind, DependencyKind::Runtime | DependencyKind::Startup)
}
