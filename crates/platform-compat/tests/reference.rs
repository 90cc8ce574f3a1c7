//! The reference tree's two files are what the documentation says they are.

use std::path::Path;

use platform_compat::{Date, Options, Platform, Reason, check};

#[expect(clippy::unwrap_used, reason = "a test that cannot read its input fails")]
fn platform() -> Platform {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../platform");
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let (platform, compatibility) = (read("platform.yaml"), read("compatibility.yaml"));
    let (loaded, findings) = Platform::load(
        ("platform/platform.yaml", &platform),
        Some(("platform/compatibility.yaml", &compatibility)),
    );
    assert!(findings.is_empty(), "{findings:#?}");
    loaded
}

#[test]
fn nothing_is_wrong_with_it_for_months() {
    let platform = platform();
    for today in [(2026, 11, 23), (2027, 5, 1)] {
        let report = check(&platform, None, &Options::new(Date::new(today.0, today.1, today.2).unwrap()));
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        assert_eq!(&*report.suppressed[0].exclusion.value, "gateway-on-catalog-v1");
    }
}

#[test]
fn data_and_migrations_are_deployed_before_services() {
    let platform = platform();
    for environment in platform.environment_ids() {
        let order: Vec<&str> =
            platform.deploy_order(environment).into_iter().map(|id| &*platform[id].name.value).collect();
        assert_eq!(order[..4], ["ingress-nginx", "mysql", "redis", "mysql-migrate"]);
        assert_eq!(order.last(), Some(&"gateway"));
    }
}

#[test]
fn managed_services_move_edges_out_of_the_cluster() {
    let platform = platform();
    let counts = ["dev", "staging", "prod"].map(|name| {
        let connectivity = platform.connectivity(platform.environment(name).unwrap());
        let exposed = connectivity.edges.iter().filter(|edge| edge.reason == Reason::Exposure).count();
        (connectivity.edges.len(), connectivity.external.len(), exposed)
    });
    // 17 dependencies and one exposure; 6 of them go to mysql, 4 to redis; two components leave the cluster.
    assert_eq!(counts, [(18, 2, 1), (12, 8, 1), (8, 12, 1)]);
}
