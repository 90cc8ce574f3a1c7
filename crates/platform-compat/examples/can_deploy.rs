//! Asks whether a version may go to production, and what stands in its way: two texts in, an answer out.
//!
//! `cargo run -p platform-compat --example can_deploy`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use platform_compat::{Date, Part, Platform, Space, Verdict, What, can_deploy, version::Version};

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team-platform}
environments: [{name: staging}, {name: prod, after: [staging], production: true}]
components:
  - {name: mysql, kind: database, version: {staging: 8.4.6, prod: 8.0.36}}
  - name: orders
    kind: service
    version: {staging: 2.4.0, prod: 2.3.2}
    depends_on: [{component: mysql, version: '>=8.0'}]
";

const COMPATIBILITY: &str = "
apiVersion: infra/v1
kind: Compatibility
releases:
  - component: orders
    versions: [{version: 2.4.0, depends_on: [{component: mysql, version: '>=8.4'}]}]
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (platform, findings) =
        Platform::load(("platform.yaml", PLATFORM), Some(("compatibility.yaml", COMPATIBILITY)));
    for finding in &findings {
        println!("{finding}");
    }
    let prod = platform.environment("prod").ok_or("no such environment")?;
    let orders = platform.component("orders").ok_or("no such component")?;
    let of = &platform.components()[orders.index()];
    let version = Version::parse("2.4.0", of.scheme, of.suffix)?;
    let candidate = (What::Part(Part::Component(orders)), version);
    let space = Space::new(&platform, None, prod, Date::new(2026, 11, 23)?, std::slice::from_ref(&candidate));
    let decision = can_deploy(&space, &vec![(candidate.0, vec![candidate.1])], false);
    println!("may orders 2.4.0 go to prod? {:?}", decision.verdict);
    for row in decision.rows.iter().filter(|row| row.verdict == Verdict::No) {
        println!("{}, but it has {}", row.cause, row.partner_versions.join(" and "));
    }
    // The graph itself is petgraph's, for questions of one's own.
    println!("{} components, {} dependencies", platform.graph().node_count(), platform.graph().edge_count());
    Ok(())
}
