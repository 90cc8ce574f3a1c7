//! `k8s/service-selects-nothing` and `k8s/service-port-unknown`

use super::{Facts, Finding, Place, Service, ServicePort, Sources, Target, Workload};

/// Every Service must lead to pods, and each of its ports to a port that those pods declare.
pub(super) fn check(facts: &Facts<'_>, sources: Sources<'_>, findings: &mut Vec<Finding>) {
    for service in facts.services.iter().filter(|service| service.selector.is_some()) {
        let selected: Vec<_> = facts.selected_by(service).map(|(_, workload)| workload).collect();
        let object = service.object;
        if selected.is_empty() {
            let node = object.node.at(&["spec", "selector"]).unwrap_or(object.node);
            let Place { src, span } = sources.place(node, object.node);
            findings.push(Finding::ServiceSelectsNothing {
                service: object.to_string(),
                namespace: object.namespace().to_owned(),
                src,
                span,
            });
        }
        for port in &service.ports {
            findings.extend(unknown_port(service, port, &selected, sources));
        }
    }
}

fn unknown_port(
    service: &Service<'_>,
    port: &ServicePort<'_>,
    selected: &[&Workload<'_>],
    sources: Sources<'_>,
) -> Option<Finding> {
    // A number needs no declaration; only containers that declare their ports can contradict it.
    let silent = |workload: &Workload<'_>| workload.ports().next().is_none();
    let numeric = matches!(port.target, Target::Number(_));
    let fits = |workload: &&Workload<'_>| port.is_declared_by(workload) || numeric && silent(workload);
    if selected.is_empty() || selected.iter().any(fits) {
        return None;
    }
    let mut declared: Vec<_> = selected.iter().flat_map(|workload| workload.ports()).collect();
    declared.sort_by_key(|port| (port.port, port.protocol));
    declared.dedup_by_key(|port| (port.port, port.protocol));
    let declared = declared.iter().map(|port| match port.name {
        Some(name) => format!("{} {} (`{name}`)", port.protocol, port.port),
        None => format!("{} {}", port.protocol, port.port),
    });
    let declared: Vec<_> = declared.collect();
    let node = port.node.get("targetPort").unwrap_or(port.node);
    let Place { src, span } = sources.place(node, service.object.node);
    Some(Finding::ServicePortUnknown {
        service: service.object.to_string(),
        target: match port.target {
            Target::Number(number) => number.to_string(),
            Target::Name(name) => name.to_owned(),
        },
        protocol: port.protocol.as_str(),
        declared: if declared.is_empty() { "no port".to_owned() } else { declared.join(", ") },
        src,
        span,
    })
}
