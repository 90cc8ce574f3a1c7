//! Environments: their namespaces, and the way of versions through them.

use std::{cmp::Ordering, collections::HashMap};

use petgraph::{algo::kosaraju_scc, graph::DiGraph};

use super::{Checker, Subject};
use crate::{
    finding::Finding,
    model::{Component, EnvironmentId},
    place::{Place, Spanned},
    version::Version,
};

impl Checker<'_> {
    pub(super) fn environments(&mut self) {
        self.namespaces();
        if self.promotion_is_acyclic() {
            for component in self.platform.components() {
                for environment in self.scope.iter() {
                    self.promotion(component, environment);
                }
            }
        }
    }

    /// Two environments of one cluster would overwrite each other in one namespace.
    fn namespaces(&mut self) {
        let mut owners = HashMap::new();
        for environment in self.platform.environments() {
            let cluster = environment.context.as_ref().map(|context| &context.value);
            let key = (cluster, &environment.namespace.value);
            let Some(first) = owners.insert(key, environment) else { continue };
            let place = environment.namespace.place;
            self.findings.push(place, |src, span| Finding::SharedNamespace {
                src,
                span,
                first: first.namespace.place.span(),
                name: environment.name.value.to_string(),
                first_name: first.name.value.to_string(),
                namespace: environment.namespace.value.to_string(),
            });
        }
    }

    fn promotion_is_acyclic(&mut self) -> bool {
        let platform = self.platform;
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        let nodes: Vec<_> = platform.environments().iter().map(|_| graph.add_node(())).collect();
        for (environment, node) in platform.environments().iter().zip(&nodes) {
            for before in environment.after.iter() {
                graph.add_edge(*node, nodes[before.index()], ());
            }
        }
        let circles = kosaraju_scc(&graph);
        let mut acyclic = true;
        for mut circle in circles {
            circle.sort();
            if circle.len() == 1 && !graph.contains_edge(circle[0], circle[0]) {
                continue;
            }
            acyclic = false;
            let mut names: Vec<&str> =
                circle.iter().map(|node| &*platform.environments()[node.index()].name.value).collect();
            names.push(names[0]);
            let path = names.join(" → ");
            let place: Place = platform.environments()[circle[0].index()].name.place;
            self.findings.push(place, |src, span| Finding::PromotionCycle { src, span, path });
        }
        acyclic
    }

    /// A version comes into an environment from those before it, so one of them has it or a newer one.
    fn promotion(&mut self, component: &Component, environment: EnvironmentId) {
        let platform = self.platform;
        let before = platform[environment].after;
        let Some(newest) = newest(component, environment) else { return };
        let candidates = before.iter().map(|before| (before, self::newest(component, before)));
        let known: Vec<(EnvironmentId, &Spanned<Version>)> =
            candidates.filter_map(|(before, version)| Some((before, version?))).collect();
        let passed =
            known.iter().any(|(_, old)| newest.value.compare(&old.value).is_none_or(Ordering::is_le));
        // Absence from all of them is meant when the component says where it belongs.
        if passed || before.is_empty() || (known.is_empty() && component.limited) {
            return;
        }
        let (older, before) = match known.first() {
            Some((before, older)) => (older.value.to_string(), std::iter::once(*before).collect()),
            None => ("none of it".to_owned(), before),
        };
        let subject = Subject::component(&component.name.value);
        let here = environment.only();
        self.report("compat/promotion-order", subject, here, newest.place, |src, span, environment| {
            Finding::PromotionOrder {
                src,
                span,
                component: component.name.value.to_string(),
                version: newest.value.to_string(),
                environment: platform.names(environment),
                before: platform.names(before),
                older: older.clone(),
            }
        });
    }
}

fn newest(component: &Component, environment: EnvironmentId) -> Option<&Spanned<Version>> {
    component.versions(environment).iter().max_by(|left, right| left.value.key().cmp(right.value.key()))
}
