use std::fmt::Write;

use proptest::prelude::*;

use super::*;

/// A platform of services (or `kind:name`), each with what it depends on: "job:m>db! web>api".
fn platform(text: &str, rules: &str) -> Platform {
    let mut yaml = "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: p, owner: o}\nenvironments: [{name: e}, {name: f}]\ncomponents:\n".to_owned();
    for component in text.split_whitespace() {
        let (head, needs) = component.split_once('>').unwrap_or((component, ""));
        let (kind, name) = head.split_once(':').unwrap_or(("service", head));
        let need = |need: &str| match need.strip_suffix('!') {
            Some(database) => format!("{{component: {database}, phase: migrate}}"),
            None => need.to_owned(),
        };
        let needs: Vec<String> = needs.split(',').filter(|need| !need.is_empty()).map(need).collect();
        writeln!(yaml, "  - {{name: {name}, kind: {kind}, version: 1, depends_on: [{}]}}", needs.join(", "))
            .unwrap();
    }
    let rules = format!("apiVersion: infra/v1\nkind: Compatibility\n{rules}");
    let (platform, findings) = Platform::load(("p", &yaml), Some(("c", &rules)));
    assert!(findings.is_empty(), "{findings:?}");
    platform
}

fn order(platform: &Platform) -> Vec<&str> {
    let environment = platform.environment("e").unwrap();
    platform.deploy_order(environment).into_iter().map(|id| &*platform[id].name.value).collect()
}

#[test]
fn providers_come_first_then_kind_and_name() {
    assert_eq!(order(&platform("b>z a>b cache:z database:y queue:q c", "")), ["y", "z", "q", "b", "a", "c"]);
}

#[test]
fn migrations_come_before_everything_else_on_their_database() {
    assert_eq!(order(&platform("a>db job:m>db! database:db b", "")), ["db", "m", "a", "b"]);
    // Not because of its kind.
    assert_eq!(order(&platform("a>db z>db! database:db", "")), ["db", "z", "a"]);
}

#[test]
fn declared_order_is_obeyed() {
    let rules = "order: [{before: b, after: a, reason: r}]\n";
    assert_eq!(order(&platform("a b c", rules)), ["b", "a", "c"]);
}

#[test]
fn circles_are_entered_at_their_start() {
    assert_eq!(order(&platform("a>c b>a c>b d>a", "")), ["a", "b", "c", "d"]);
    let rules = "cycles: [{members: [a, b, c], reason: r, start: b}]\n";
    assert_eq!(order(&platform("a>c b>a c>b d>a", rules)), ["b", "c", "a", "d"]);
}

#[test]
fn only_what_is_deployed_there() {
    let (platform, _) = Platform::load(
        (
            "p",
            "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: p, owner: o}\nenvironments: [{name: e}, {name: f}]\ncomponents: [{name: a, kind: service, version: {f: 1}}, {name: b, kind: service, version: 1, depends_on: [{component: a, optional: true}]}]",
        ),
        None,
    );
    assert_eq!(order(&platform), ["b"]);
}

#[test]
fn the_graph_is_that_of_the_file() {
    let platform = platform("a>b,c b>c c", "");
    let edges: Vec<(usize, usize)> = platform
        .graph()
        .edge_references()
        .map(|edge| (edge.source().index(), edge.target().index()))
        .collect();
    assert_eq!(edges, [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(platform.graph()[node(ComponentId(1))], ComponentId(1));
}

proptest! {
    /// Edges from later to earlier components make no circle: then the order has everything once, and providers first.
    #[test]
    fn without_circles_providers_come_first(edges in prop::collection::vec((0usize..12, 0usize..12), 0..40)) {
        let needs = |from: usize| edges.iter().filter(move |(a, b)| *a == from && *b < from).map(|(_, b)| format!("c{b}")).collect::<Vec<_>>();
        let text: Vec<String> = (0..12).map(|n| format!("c{n}>{}", needs(n).join(","))).collect();
        let platform = platform(&text.join(" "), "");
        let order = order(&platform);
        prop_assert_eq!(order.len(), 12);
        let position = |n: usize| order.iter().position(|name| *name == format!("c{n}")).unwrap();
        for (from, to) in edges.iter().filter(|(from, to)| to < from) {
            prop_assert!(position(*to) < position(*from));
        }
        prop_assert!(platform.circles(|_| true).is_empty());
    }

    /// A set is a circle exactly when its members reach each other.
    #[test]
    fn circles_are_mutual_reachability(edges in prop::collection::vec((0usize..7, 0usize..7), 0..14)) {
        let needs = |from: usize| edges.iter().filter(move |(a, _)| *a == from).map(|(_, b)| format!("c{b}")).collect::<Vec<_>>();
        let text: Vec<String> = (0..7).map(|n| format!("c{n}>{}", needs(n).join(","))).collect();
        let platform = platform(&text.join(" "), "");
        let mut reach = [[false; 7]; 7];
        for (from, to) in &edges {
            reach[*from][*to] = true;
        }
        for via in 0..7 {
            for from in 0..7 {
                for to in 0..7 {
                    reach[from][to] |= reach[from][via] && reach[via][to];
                }
            }
        }
        let circles = platform.circles(|_| true);
        for (from, row) in reach.iter().enumerate() {
            for (to, reached) in row.iter().enumerate() {
                let together = circles.iter().any(|members| {
                    [from, to].iter().all(|n| members.iter().any(|id| id.index() == *n))
                });
                prop_assert_eq!(together, *reached && reach[to][from], "{} {}", from, to);
            }
        }
        for members in &circles {
            let (circle, _) = platform.shortest_circle(members, |_| true).unwrap();
            let follows = |pair: (usize, usize)| edges.contains(&pair);
            for step in circle.windows(2) {
                prop_assert!(follows((step[0].index(), step[1].index())));
            }
            prop_assert!(follows((circle[circle.len() - 1].index(), circle[0].index())));
        }
    }
}
