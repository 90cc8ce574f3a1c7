//! Each component alone.

use super::{Checker, Subject};
use crate::{
    finding::Finding,
    model::{Component, EnvironmentSet, Kind},
    network::{Cidr, Openness},
    place::Text,
    platform::node,
};

impl Checker<'_> {
    pub(super) fn components(&mut self) {
        let platform = self.platform;
        let users = self.users_of_exposed();
        for (id, component) in platform.ids() {
            let here = component.environments.and(self.scope);
            let name = &component.name;
            if component.owner.is_none() {
                self.report(
                    "compat/no-owner",
                    Subject::component(&name.value),
                    self.scope,
                    name.place,
                    |src, span, _| Finding::NoOwner { src, span, name: name.value.to_string() },
                );
            }
            let alone = platform.graph.neighbors_undirected(node(id)).next().is_none()
                && component.exposed.is_empty()
                && component.egress.is_empty()
                && !users.contains(&id);
            if alone && matches!(component.kind, Kind::Service | Kind::Job) {
                self.report(
                    "compat/orphan",
                    Subject::component(&name.value),
                    self.scope,
                    name.place,
                    |src, span, _| Finding::Orphan { src, span, name: name.value.to_string() },
                );
            }
            for egress in &component.egress {
                let reach = Reach { name: &egress.name, fqdn: egress.fqdn.as_ref(), cidrs: &egress.cidrs };
                self.outside(component, &reach, egress.environments.and(here));
                let production = egress.environments.and(here).and(self.production());
                if egress.reason.is_none() {
                    let rule = "compat/egress-without-reason";
                    self.report(
                        rule,
                        Subject::component(&name.value),
                        production,
                        egress.name.place,
                        |src, span, _| {
                            let (component, name) = (name.value.to_string(), egress.name.value.to_string());
                            Finding::EgressWithoutReason { src, span, component, name }
                        },
                    );
                }
            }
            for managed in &component.managed {
                let reach = Reach { name, fqdn: managed.fqdn.as_ref(), cidrs: &managed.cidrs };
                self.outside(component, &reach, managed.environments.and(here));
            }
            if component.kind == Kind::External {
                for endpoint in &component.provides {
                    let reach =
                        Reach { name: &endpoint.name, fqdn: endpoint.fqdn.as_ref(), cidrs: &endpoint.cidrs };
                    self.outside(component, &reach, here);
                }
            }
        }
    }

    /// Environments that users depend on.
    pub(super) fn production(&self) -> EnvironmentSet {
        self.scope.iter().filter(|id| self.platform[*id].production).collect()
    }

    fn users_of_exposed(&self) -> std::collections::HashSet<crate::model::ComponentId> {
        let exposures = self.platform.components().iter().flat_map(|component| &component.exposed);
        exposures.map(|exposure| exposure.through).collect()
    }

    /// Something outside the cluster must have an address where egress is restricted.
    fn outside(&mut self, component: &Component, reach: &Reach<'_>, environments: EnvironmentSet) {
        let platform = self.platform;
        let subject = Subject::component(&component.name.value);
        if !reach.cidrs.is_empty() {
            return;
        }
        let Some(fqdn) = reach.fqdn else {
            self.report(
                "compat/egress-without-target",
                subject,
                environments,
                reach.name.place,
                |src, span, _| {
                    let (component, name) = (component.name.value.to_string(), reach.name.value.to_string());
                    Finding::EgressWithoutTarget { src, span, component, name }
                },
            );
            return;
        };
        let restricted: EnvironmentSet =
            environments.iter().filter(|id| platform[*id].network.egress == Openness::Declared).collect();
        self.report(
            "compat/fqdn-not-enforceable",
            subject,
            restricted,
            fqdn.place,
            |src, span, environments| {
                let environments = platform.names(environments);
                Finding::FqdnNotEnforceable { src, span, fqdn: fqdn.value.to_string(), environments }
            },
        );
    }
}

/// What is known of something outside the cluster.
struct Reach<'c> {
    name: &'c Text,
    fqdn: Option<&'c Text>,
    cidrs: &'c [Cidr],
}
