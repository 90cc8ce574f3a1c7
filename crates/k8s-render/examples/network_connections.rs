//! Who may connect to whom: prints the allowed connections of manifests held in memory, and the reason for one.
//!
//! `cargo run -p k8s-render --example network_connections`

use std::sync::Arc;

use k8s_render::inspect::{Facts, Protocol, Sources};
use k8s_render::network::explain::{Verdict, explain};
use k8s_render::network::listing::{Families, connections};
use k8s_render::network::{Connectivity, End, HostNetwork, Model};
use k8s_render::{Resource, Source, yaml};

const MANIFESTS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, ports: [{name: sql, containerPort: 3306}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: sql}]
";

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    let text: Arc<str> = Arc::from(MANIFESTS);
    let (nodes, _) = yaml::parse(&Source::new("shop.yaml", Arc::clone(&text)));
    let resources: Vec<_> = nodes.into_iter().map(|node| Resource { node }).collect();

    let lookup = |file: &str| (file == "shop.yaml").then(|| Arc::clone(&text));
    let facts = Facts::read(&resources);
    let (model, findings) = Model::read(&facts, &[], Sources::new(&lookup));
    for finding in findings {
        println!("{finding}");
    }

    let relation = Connectivity::new(&model, HostNetwork::Node);
    for connection in connections(&relation, Families::V4) {
        println!("{connection}");
    }
    let answer = explain(&relation, End::Pods(0), End::Pods(1), Protocol::Tcp, 22);
    if let Verdict::Denied { nearest, .. } = &answer.ingress {
        for miss in nearest {
            println!("denied by {}: {miss}", miss.rule.display(&model));
        }
    }
}
