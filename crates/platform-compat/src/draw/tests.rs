use std::fmt::Write as _;

use super::*;

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod}]
components:
  - {name: db, kind: database, version: 8.4.6, owner: data}
  - {name: lib, kind: library, version: 1.0.0}
  - name: api
    kind: service
    version: {dev: 2.5.0, prod: 2.4.0}
    depends_on: [db, {component: lib, kind: build}]
  - {name: web, kind: service, version: 1.0.0, environments: [prod], depends_on: [api, {component: db, optional: true}]}
";

fn platform() -> Platform {
    let (platform, findings) = Platform::load(("platform.yaml", PLATFORM), None);
    assert!(findings.is_empty(), "{findings:?}");
    platform
}

#[test]
fn a_tree_goes_from_consumers_to_providers() {
    let platform = platform();
    let tree = |view: &View<'_>| platform.picture(view).tree(view.reverse);
    assert_eq!(
        tree(&View::default()),
        "lib 1.0.0
web 1.0.0
├── api dev 2.5.0, prod 2.4.0
│   └── db 8.4.6
└── db 8.4.6 (optional)
"
    );
    let focus = platform.component("db");
    assert_eq!(
        tree(&View { focus, reverse: true, ..View::default() }),
        "db 8.4.6
├── api dev 2.5.0, prod 2.4.0
│   └── web 1.0.0
└── web 1.0.0 (optional)
"
    );
    let dev = Scope { environment: platform.environment("dev"), build: true };
    assert_eq!(
        tree(&View { scope: dev, ..View::default() }),
        "api 2.5.0
├── db 8.4.6
└── lib 1.0.0 (build)
"
    );
}

#[test]
fn a_repeated_subtree_and_a_circle_are_marked() {
    let mut text = PLATFORM.replace("owner: data}", "owner: data, depends_on: [web]}");
    text += "  - {name: ads, kind: service, version: 1.0.0, environments: [prod], depends_on: [api, web]}\n";
    let (platform, _) = Platform::load(("platform.yaml", &text), None);
    assert_eq!(
        platform.picture(&View::default()).tree(false),
        "ads 1.0.0
├── api dev 2.5.0, prod 2.4.0
│   └── db 8.4.6
│       └── web 1.0.0
│           ├── api dev 2.5.0, prod 2.4.0 (*)
│           └── db 8.4.6 (optional) (*)
└── web 1.0.0 (*)
lib 1.0.0
"
    );
    let text = PLATFORM.replace("owner: data}", "owner: data, depends_on: [web]}");
    let (platform, _) = Platform::load(("platform.yaml", &text), None);
    let tree = platform.picture(&View::default()).tree(false);
    for name in ["api", "db", "web", "lib"] {
        assert!(
            tree.lines().any(|line| line.contains(name)),
            "{name} is in a circle and still shown: {tree}"
        );
    }
}

#[test]
fn dot_and_mermaid_name_nodes_only_in_labels() {
    let platform = platform();
    let picture = platform.picture(&View { cluster: Cluster::Owner, ..View::default() });
    assert_eq!(picture.groups, ["data", "team"]);
    let dot = picture.dot();
    assert!(
        dot.contains(
            "subgraph cluster_0 {\n    label=\"data\";\n    n0 [label=\"db\\n8.4.6\", shape=cylinder];"
        ),
        "{dot}"
    );
    assert!(dot.contains("n3 -> n0 [style=dashed];"), "{dot}");
    let mermaid = picture.mermaid();
    assert!(
        mermaid.contains("  subgraph g1[\"team\"]\n    n1[\"api<br/>dev 2.5.0, prod 2.4.0\"]"),
        "{mermaid}"
    );
    assert!(mermaid.contains("  n1 --> n0\n"), "{mermaid}");
}

#[test]
fn texts_cannot_break_out_of_their_quotes() {
    let node = |name: &str| Node {
        name: name.to_owned(),
        versions: String::new(),
        kind: Kind::Service,
        group: None,
    };
    let picture = Picture {
        title: "a\"b".to_owned(),
        nodes: vec![node("x\"]; y <b>&\\")],
        edges: Vec::new(),
        groups: Vec::new(),
    };
    assert!(picture.dot().contains("label=\"x\\\"]; y <b>&\\\\\""), "{}", picture.dot());
    assert!(picture.mermaid().contains("[\"x#quot;]#59; y #lt;b#gt;&\\\"]"), "{}", picture.mermaid());
    assert!(picture.svg().contains(">x&quot;]; y &lt;b&gt;&amp;\\</text>"), "{}", picture.svg());
}

#[test]
fn an_environment_has_its_own_copies() {
    let picture = platform().picture(&View { cluster: Cluster::Environment, ..View::default() });
    let of = |group| {
        let members = picture.nodes.iter().filter(|node| node.group == Some(group));
        members.map(|node| format!("{} {}", node.name, node.versions)).collect::<Vec<_>>()
    };
    assert_eq!(of(0), ["api 2.5.0", "db 8.4.6", "lib 1.0.0"]);
    assert_eq!(of(1), ["api 2.4.0", "db 8.4.6", "lib 1.0.0", "web 1.0.0"]);
    for edge in &picture.edges {
        assert_eq!(picture.nodes[edge.from].group, picture.nodes[edge.to].group);
    }
}

/// Layers of services that depend on some of the layer below, and on one from far below.
fn layered(layers: usize, width: usize) -> Platform {
    let mut text = "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: big, owner: team}\nenvironments: [{name: dev}]\ncomponents:\n".to_owned();
    for layer in 0..layers {
        for at in 0..width {
            let mut below = Vec::new();
            if layer > 0 {
                below.push(format!("s{}-{}", layer - 1, (at * 7 + layer) % width));
                below.push(format!("s{}-{}", layer - 1, at));
                below.push(format!("s0-{}", (at + 3) % width));
                below.sort();
                below.dedup();
            }
            let _ = writeln!(
                text,
                "  - {{name: s{layer}-{at}, kind: service, version: 1.0.0, depends_on: [{}]}}",
                below.join(", ")
            );
        }
    }
    Platform::load(("platform.yaml", &text), None).0
}

/// Boxes of nodes in an SVG: those with rounded corners of 5.
fn boxes(svg: &str) -> Vec<[usize; 4]> {
    let number = |line: &str, key: &str| {
        let start = line.find(&format!(" {key}=\"")).unwrap() + key.len() + 3;
        line[start..].split('"').next().unwrap().parse::<usize>().unwrap()
    };
    svg.lines()
        .filter(|line| line.starts_with("<rect x=") && line.contains("rx=\"5\""))
        .map(|line| ["x", "y", "width", "height"].map(|key| number(line, key)))
        .collect()
}

#[test]
fn sixty_nodes_do_not_overlap_and_edges_lead_to_the_right() {
    let platform = layered(5, 12);
    for cluster in [Cluster::None, Cluster::Owner, Cluster::Kind, Cluster::Environment] {
        let picture = platform.picture(&View { cluster, ..View::default() });
        let svg = picture.svg();
        let boxes = boxes(&svg);
        assert_eq!(boxes.len(), 60);
        for (index, [x, y, width, height]) in boxes.iter().enumerate() {
            for [x2, y2, width2, height2] in &boxes[..index] {
                let apart = x + width <= *x2 || x2 + width2 <= *x || y + height <= *y2 || y2 + height2 <= *y;
                assert!(apart, "two nodes cover each other");
            }
        }
        for edge in &picture.edges {
            assert!(boxes[edge.from][0] < boxes[edge.to][0], "providers stand to the right of consumers");
        }
        assert_eq!(svg.matches("<path d=\"M").count(), picture.edges.len() + 1);
    }
}

#[test]
fn pictures_do_not_depend_on_the_order_of_components() {
    let (head, components) = PLATFORM.split_once("components:\n").unwrap();
    let mut items: Vec<String> = components
        .split("  - ")
        .filter(|item| !item.trim().is_empty())
        .map(|item| format!("  - {item}"))
        .collect();
    items.reverse();
    let turned = format!("{head}components:\n{}", items.concat());
    let (turned, findings) = Platform::load(("platform.yaml", &turned), None);
    assert!(findings.is_empty());
    let view = View { cluster: Cluster::Owner, ..View::default() };
    assert_eq!(turned.picture(&view), platform().picture(&view));
}

#[test]
fn circles_have_a_picture_too() {
    let text = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}]
components:
  - {name: a, kind: service, version: 1.0.0, depends_on: [b]}
  - {name: b, kind: service, version: 1.0.0, depends_on: [a, b]}
";
    let (platform, _) = Platform::load(("platform.yaml", text), None);
    let picture = platform.picture(&View::default());
    assert_eq!(boxes(&picture.svg()).len(), 2);
    assert_eq!(picture.tree(false), "a 1.0.0\n└── b 1.0.0\n    ├── a 1.0.0 (*)\n    └── b 1.0.0 (*)\n");
}
