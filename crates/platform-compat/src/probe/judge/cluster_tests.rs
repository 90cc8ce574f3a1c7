//! What pods tell of versions, and where they are looked for. Every finding is tried with an API server in tests/it/doctor.

use crate::platform::Platform;
use crate::probe::cluster::{Container, Facts, Namespace, Pod};
use crate::probe::judge;

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: prod, namespace: shop}]
components:
  - {name: web, kind: service, version: 1.2.0, image: 'registry:5000/web', provides: [{name: http, port: 80}]}
  - {name: plain, kind: service, version: 2.0.0}
  - {name: gate, kind: ingress, version: 1.0.0, namespace: gates}
  - {name: store, kind: cache, version: 7.4.5, namespace: stores, managed: {environments: [prod], fqdn: a.example}}
";
const RELEASES: &str = "
apiVersion: infra/v1
kind: Compatibility
releases: [{component: web, versions: [{version: 1.3.0, digests: ['sha256:aa']}]}]
";

/// A pod of a component, with one container for each image and digest.
fn pod(app: &str, images: &[(&str, Option<&str>)]) -> Pod {
    let container = |(image, digest): &(&str, Option<&str>)| Container {
        image: (*image).to_owned(),
        digest: digest.map(str::to_owned),
        ..Container::default()
    };
    Pod {
        labels: [("app.kubernetes.io/name".to_owned(), app.to_owned())].into(),
        phase: "Running".to_owned(),
        containers: images.iter().map(container).collect(),
        ..Pod::default()
    }
}

/// Component and versions that pods in the environment's namespace tell.
fn told(pods: Vec<Pod>) -> Vec<(String, Vec<String>)> {
    let (platform, findings) =
        Platform::load(("platform.yaml", PLATFORM), Some(("compatibility.yaml", RELEASES)));
    assert!(findings.is_empty(), "{findings:?}");
    let namespace = Namespace { name: "shop".to_owned(), pods: Some(pods), workloads: None };
    let facts = Facts { namespaces: vec![namespace], ..Facts::default() };
    let versions = judge::versions(&facts, &platform, platform.environment("prod").unwrap());
    let text = |(id, versions): (crate::ComponentId, Vec<crate::version::Version>)| {
        (platform[id].name.value.to_string(), versions.iter().map(ToString::to_string).collect())
    };
    versions.into_iter().map(text).collect()
}

#[test]
fn a_version_is_the_tags_or_else_the_digests() {
    let of = |image, digest| told(vec![pod("web", &[("side/car:9", None), (image, digest)])]);
    let web = |version: &str| vec![("web".to_owned(), vec![version.to_owned()])];
    assert_eq!(of("registry:5000/web:1.2.0", Some("sha256:aa")), web("1.2.0"));
    assert_eq!(of("registry:5000/web:latest", Some("sha256:aa")), web("1.3.0"));
    assert_eq!(of("registry:5000/web@sha256:aa", None), web("1.3.0"));
    assert_eq!(of("registry:5000/web", Some("sha256:bb")), []);
    assert_eq!(of("other/web:1.2.0", None), []);
}

#[test]
fn versions_are_all_or_none() {
    let web = |tag: &str| pod("web", &[(&format!("registry:5000/web:{tag}"), None)]);
    let both = vec![("web".to_owned(), vec!["1.2.0".to_owned(), "1.3.0".to_owned()])];
    assert_eq!(told(vec![web("1.2.0"), web("1.3.0"), web("1.2.0")]), both);
    assert_eq!(told(vec![web("1.2.0"), web("latest")]), []);
    let ended = Pod { phase: "Failed".to_owned(), ..web("1.1.0") };
    assert_eq!(told(vec![ended]), []);
}

#[test]
fn without_an_image_only_the_one_container_can_be_meant() {
    let plain = vec![("plain".to_owned(), vec!["2.1".to_owned()])];
    assert_eq!(told(vec![pod("plain", &[("x/plain:2.1", None)])]), plain);
    assert_eq!(told(vec![pod("plain", &[("x/plain:2.1", None), ("side/car:9", None)])]), []);
}

#[test]
fn namespaces_are_those_with_pods() {
    let (platform, _) = Platform::load(("platform.yaml", PLATFORM), None);
    let prod = platform.environment("prod").unwrap();
    assert_eq!(Vec::from_iter(judge::namespaces(&platform, prod)), ["gates", "shop"]);
    assert!(!judge::needs_kubelets(&platform));
}
