use super::*;

#[test]
fn reads_blocks_without_host_bits() {
    for text in ["10.20.8.0/28", "0.0.0.0/0", "198.51.100.25/32", "fd00::/8", "::/0", "::1/128"] {
        assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
    }
    for text in [
        "10.20.8.1/28",
        "10.0.0.0",
        "10.0.0.0/33",
        "fd00::1/8",
        "::/129",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "a/8",
    ] {
        assert_eq!(text.parse::<Cidr>(), Err(NotACidr), "{text}");
    }
}

#[test]
fn reads_ports_with_protocol_and_span() {
    for (text, shown) in [("443", "443/TCP"), ("53/UDP", "53/UDP"), ("8000-8100/SCTP", "8000-8100/SCTP")] {
        assert_eq!(text.parse::<Port>().unwrap().to_string(), shown);
    }
    for text in ["0", "65536", "443/tcp", "9-8", "", "-1", "443/TCP/UDP"] {
        assert_eq!(text.parse::<Port>(), Err(NotAPort), "{text}");
    }
}

const PLATFORM: &str = "\
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments:
  - {name: dev}
  - {name: prod, production: true, network: {deny_cidrs: [10.0.0.0/8], dns: none}}
defaults:
  network: {ingress: open, dns: {namespace: dns, ports: [5353/UDP], node_local: true}}
components:
  - name: db
    kind: database
    version: 8.4.6
    provides: [{name: sql, port: 3306}, {name: admin, port: 33062}]
    peers: [{endpoint: sql}, {port: 33061}]
    managed:
      - {environments: [prod], fqdn: db.example.net, cidrs: [10.40.8.0/28]}
  - {name: migrate, kind: job, version: 1, depends_on: [{component: db, endpoint: sql, phase: migrate}]}
  - {name: nginx, kind: ingress, version: 1}
  - {name: cards, kind: external, provides: [{name: https, port: 443, cidrs: [203.0.113.16/28]}]}
  - name: api
    kind: service
    version: 1
    provides: [{name: http, port: 8080}]
    exposed: [{through: nginx, endpoint: http, hosts: [shop.example]}]
    depends_on:
      - {component: db, endpoints: [sql, admin]}
      - cards
      - {component: web, kind: build}
    egress: [{name: mail, cidrs: [198.51.100.25/32], ports: [587/TCP], reason: mails, environments: [dev]}]
  - name: web
    kind: service
    version: {dev: 1}
    provides: [{name: http, port: 3000}]
    depends_on: [{component: api, kind: scrape}]
";

/// "consumer > provider:port reason" of edges, then "consumer > target blocks ports" of those to outside.
fn told(environment: &str) -> Vec<String> {
    let (platform, findings) = Platform::load(("platform.yaml", PLATFORM), None);
    assert!(findings.is_empty(), "{findings:?}");
    let connectivity = platform.connectivity(platform.environment(environment).unwrap());
    let name = |id: ComponentId| &*platform[id].name.value;
    let list = |items: Vec<String>| items.join(" ");
    let edges = connectivity.edges.iter().map(|edge| {
        format!("{} > {}:{} {:?}", name(edge.consumer), name(edge.provider), edge.port, edge.reason)
    });
    let external = connectivity.external.iter().map(|edge| {
        let cidrs = list(edge.cidrs.iter().map(Cidr::to_string).collect());
        let ports = list(edge.ports.iter().map(Port::to_string).collect());
        format!("{} > {} {cidrs} {ports}", name(edge.consumer), edge.target)
    });
    let peers = connectivity.peers.iter().map(|(id, port)| format!("{} peers {port}", name(*id)));
    edges.chain(external).chain(peers).collect()
}

#[test]
fn edges_are_those_that_are_declared() {
    assert_eq!(
        told("dev"),
        [
            "api > db:3306/TCP Dependency(Runtime)",
            "api > db:33062/TCP Dependency(Runtime)",
            "migrate > db:3306/TCP Migration",
            "nginx > api:8080/TCP Exposure",
            "web > api:8080/TCP Dependency(Scrape)",
            "api > cards 203.0.113.16/28 443/TCP",
            "api > mail 198.51.100.25/32 587/TCP",
            "db peers 3306/TCP",
            "db peers 33061/TCP",
        ]
    );
}

#[test]
fn a_managed_service_is_outside() {
    assert_eq!(
        told("prod"),
        [
            "nginx > api:8080/TCP Exposure",
            "api > cards 203.0.113.16/28 443/TCP",
            "api > db 10.40.8.0/28 3306/TCP",
            "api > db 10.40.8.0/28 33062/TCP",
            "migrate > db 10.40.8.0/28 3306/TCP",
        ]
    );
}

#[test]
fn an_environment_replaces_single_settings() {
    let (platform, _) = Platform::load(("platform.yaml", PLATFORM), None);
    let [dev, prod] = platform.environments() else { panic!("two environments") };
    assert_eq!((dev.network.ingress, dev.network.egress), (Openness::Open, Openness::Open));
    assert_eq!((prod.network.ingress, prod.network.egress), (Openness::Open, Openness::Declared));
    let dns = dev.network.dns.as_ref().unwrap();
    assert_eq!(
        (&*dns.namespace, dns.ports[0].to_string(), dns.node_local),
        ("dns", "5353/UDP".to_owned(), true)
    );
    assert_eq!((&prod.network.dns, prod.network.deny_cidrs.len()), (&None, 1));
}
