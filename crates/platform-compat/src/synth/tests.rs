use super::*;

const PLATFORM: &str = "\
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments:
  - name: prod
    production: true
    network:
      ingress: declared
      egress: restricted
      deny_cidrs: [10.1.0.0/16]
      dns: {namespace: kube-system, selector: {k8s-app: kube-dns}, ports: [53/UDP, 53/TCP]}
components:
  - {name: db, kind: database, version: 8.4.6, provides: [{name: sql, port: 3306}]}
  - name: api
    kind: service
    version: 1
    provides: [{name: http, port: 8080}]
    depends_on: [db]
    egress:
      - {name: bank, cidrs: [10.0.0.0/8], ports: [443]}
      - {name: mail, fqdn: mail.example.net, ports: [25]}
";

fn synthesis(text: &str) -> Synthesis {
    let (platform, findings) = Platform::load(("platform.yaml", text), None);
    assert!(findings.is_empty(), "{findings:?}");
    let environment = platform.environment_ids().next().unwrap();
    synthesise(&platform, environment)
}

fn file(synthesis: &Synthesis, name: &str) -> String {
    synthesis.files.iter().find(|file| file.name == name).unwrap().text.clone()
}

#[test]
fn one_file_a_component_beside_deny_and_dns() {
    let synthesis = synthesis(PLATFORM);
    let names: Vec<_> = synthesis.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "allow-dns.yaml",
            "component-api.yaml",
            "component-db.yaml",
            "default-deny.yaml",
            "kustomization.yaml"
        ]
    );
    let api = file(&synthesis, "component-api.yaml");
    assert!(
        api.contains("            cidr: 10.0.0.0/8\n            except:\n              - 10.1.0.0/16\n"),
        "{api}"
    );
    assert!(api.contains("policyTypes:\n    - Egress\n  egress:\n"), "{api}");
    assert!(
        file(&synthesis, "component-db.yaml")
            .contains("  ingress:\n    - from:\n        - namespaceSelector:\n")
    );
    assert!(
        file(&synthesis, "default-deny.yaml")
            .contains("  podSelector: {}\n  policyTypes:\n    - Ingress\n    - Egress\n")
    );
}

#[test]
fn a_host_name_alone_is_told_and_not_allowed() {
    let synthesis = synthesis(PLATFORM);
    let told: Vec<_> = synthesis.findings.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("`mail.example.net`"), "{told:?}");
    assert!(!file(&synthesis, "component-api.yaml").contains("25"));
}

#[test]
fn an_open_direction_gets_no_policy() {
    let open = PLATFORM.replace("egress: restricted", "egress: open");
    let synthesis = synthesis(&open);
    assert!(synthesis.findings.is_empty());
    let names: Vec<_> = synthesis.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["component-db.yaml", "default-deny.yaml", "kustomization.yaml"]);
}

#[test]
fn the_order_of_components_changes_nothing() {
    let (head, components) = PLATFORM.split_once("components:\n").unwrap();
    let (db, api) = components.split_once("  - name: api\n").unwrap();
    let swapped = format!("{head}components:\n  - name: api\n{api}{db}");
    assert_eq!(synthesis(PLATFORM).files, synthesis(&swapped).files);
}
