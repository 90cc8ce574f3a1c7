//! platform.yaml.

use super::{Holds, Key, Shape, optional, required};
use crate::read::words;

const ENVIRONMENTS: Holds = Holds::Some(&Holds::Label);
const CIDRS: Holds = Holds::List(&Holds::Cidr);
const PORTS: Holds = Holds::List(&Holds::Port);
const PORT: Holds = Holds::Number(1, 65_535);

pub(crate) const PLATFORM: Shape = Shape {
    what: "platform.yaml",
    keys: &[
        API_VERSION,
        required("kind", Holds::Exactly("Platform"), "What the file is."),
        required("metadata", Holds::Map(&METADATA), "Of the platform as a whole."),
        required(
            "environments",
            Holds::List(&Holds::Map(&ENVIRONMENT)),
            "Where the platform runs; in this order they are shown.",
        ),
        optional("defaults", Holds::Map(&DEFAULTS), "What applies where an entry says nothing."),
        required(
            "components",
            Holds::List(&Holds::Map(&COMPONENT)),
            "Everything that runs or is run against.",
        ),
    ],
};

pub(crate) const PLATFORM_PART: Shape = Shape {
    what: "a part of platform.yaml",
    keys: &[
        API_VERSION,
        required("kind", Holds::Exactly("Platform"), "What the file is."),
        required("components", Holds::List(&Holds::Map(&COMPONENT)), "Further components of the platform."),
    ],
};

pub(super) const API_VERSION: Key =
    required("apiVersion", Holds::Exactly("infra/v1"), "The version of the file's format.");

pub(crate) const METADATA: Shape = Shape {
    what: "`metadata`",
    keys: &[
        required("name", Holds::Label, "The platform's name."),
        optional("owner", Holds::Text, "Who owns what has no owner of its own."),
    ],
};

pub(crate) const DEFAULTS: Shape = Shape {
    what: "`defaults`",
    keys: &[
        optional("owner", Holds::Text, "Who owns a component that names nobody."),
        optional(
            "selector_label",
            Holds::Text,
            "The label that carries a component's name; `app.kubernetes.io/name` unless said otherwise.",
        ),
        optional("network", Holds::Map(&NETWORK), "What every environment's network lets through."),
    ],
};

pub(crate) const ENVIRONMENT: Shape = Shape {
    what: "an environment",
    keys: &[
        required("name", Holds::Label, "Its name, and that of its overlays."),
        optional("namespace", Holds::Label, "The namespace; its name unless said otherwise."),
        optional("overlay", Holds::Text, "The directory of its overlays; its name unless said otherwise."),
        optional("after", ENVIRONMENTS, "Where a version must have been before it comes here."),
        optional("production", Holds::Boolean, "Whether warnings about production are errors here."),
        optional("kubernetes", Holds::Version, "The version of its cluster."),
        optional("context", Holds::Text, "The kubeconfig context for questions to the cluster."),
        optional("network", Holds::Map(&NETWORK), "What its network lets through, instead of the defaults."),
    ],
};

pub(crate) const NETWORK: Shape = Shape {
    what: "`network`",
    keys: &[
        optional(
            "ingress",
            Holds::Word(|| words(&crate::read::INGRESS)),
            "Whether only declared callers reach a component.",
        ),
        optional(
            "egress",
            Holds::Word(|| words(&crate::read::EGRESS)),
            "Whether a component reaches only what is declared; so in production unless said otherwise.",
        ),
        optional(
            "dns",
            Holds::Either(&[Holds::Exactly("none"), Holds::Map(&DNS)]),
            "Where names are resolved; kube-dns in kube-system unless said otherwise.",
        ),
        optional("node_cidrs", CIDRS, "The addresses of nodes."),
        optional("pod_cidrs", CIDRS, "The addresses of pods."),
        optional("service_cidrs", CIDRS, "The addresses of Services."),
        optional("deny_cidrs", CIDRS, "What is cut out of every wide block."),
        optional(
            "allow",
            Holds::List(&Holds::Map(&ALLOWANCE)),
            "Traffic of what is no component: webhooks, a mesh, backups.",
        ),
    ],
};

pub(crate) const DNS: Shape = Shape {
    what: "`dns`",
    keys: &[
        optional("namespace", Holds::Label, "Where the resolver runs."),
        optional("selector", Holds::Labels, "The labels of its pods."),
        optional("ports", PORTS, "Where it listens; 53/UDP and 53/TCP unless said otherwise."),
        optional("node_local", Holds::Boolean, "Whether a cache on every node answers."),
    ],
};

const PARTY: Holds = Holds::Either(&[Holds::Text, Holds::Map(&PODS)]);

pub(crate) const ALLOWANCE: Shape = Shape {
    what: "an entry of `allow`",
    keys: &[
        required("from", PARTY, "Who calls: a component, a block of addresses, or pods."),
        required("to", PARTY, "Who is called: a component, a block of addresses, or pods."),
        optional("ports", PORTS, "On which ports; all when there are none."),
        required("reason", Holds::Text, "Why."),
    ],
};

pub(crate) const PODS: Shape = Shape {
    what: "a group of pods",
    keys: &[
        optional(
            "namespace",
            Holds::Label,
            "Their namespace; that of the environment unless said otherwise.",
        ),
        optional("selector", Holds::Labels, "Their labels; all pods when there are none."),
    ],
};

pub(crate) const COMPONENT: Shape = Shape {
    what: "a component",
    keys: &[
        required("name", Holds::Label, "Its name, which no other has."),
        required("kind", Holds::Word(|| words(&crate::read::KINDS)), "What it is."),
        optional(
            "version",
            Holds::Either(&[VERSIONS, Holds::ByEnvironment(&VERSIONS)]),
            "What lives: a version, several at once, or either of them by environment. Only external ones need none.",
        ),
        optional("scheme", Holds::Word(|| words(&crate::read::SCHEMES)), "How its versions are compared."),
        optional(
            "version_suffix",
            Holds::Word(|| words(&crate::read::SUFFIXES)),
            "Whether what follows the numbers counts.",
        ),
        optional("owner", Holds::Text, "Who answers for it."),
        optional(
            "lifecycle",
            Holds::Word(|| words(&crate::read::LIFECYCLES)),
            "How far it may be depended on.",
        ),
        optional("environments", ENVIRONMENTS, "Where it is; everywhere unless said otherwise."),
        optional("namespace", Holds::Label, "Its namespace, where that is not the environment's."),
        optional("workload", Holds::Map(&WORKLOAD), "How its manifests are recognised."),
        optional("image", Holds::Text, "The repository of its image, without a tag."),
        optional("provides", Holds::List(&Holds::Map(&ENDPOINT)), "Where it listens."),
        optional(
            "depends_on",
            Holds::List(&Holds::Either(&[Holds::Text, Holds::Map(&NEED)])),
            "What it calls, and which versions it gets along with.",
        ),
        optional("peers", Holds::List(&Holds::Map(&PEER)), "Where its own replicas talk to each other."),
        optional("egress", Holds::List(&Holds::Map(&EXTERNAL)), "What it calls outside of the cluster."),
        optional("exposed", Holds::List(&Holds::Map(&EXPOSED)), "Through what it is reached from outside."),
        optional("managed", Holds::Some(&Holds::Map(&MANAGED)), "Where a provider runs it."),
        optional("database", Holds::Map(&DATABASE), "Where its migrations are."),
        optional(
            "rollout",
            Holds::Word(|| words(&crate::read::ROLLOUTS)),
            "How a new version takes over: rolling and blue-green have old and new beside each other, recreate and atomic do not; blue-green and atomic move traffic at once.",
        ),
        optional("description", Holds::Text, "For people."),
    ],
};

const VERSIONS: Holds = Holds::Some(&Holds::Version);

pub(crate) const WORKLOAD: Shape = Shape {
    what: "`workload`",
    keys: &[
        optional("selector", Holds::Labels, "The labels of its pods."),
        optional("names", Holds::List(&Holds::Text), "The names of its workloads."),
        optional("service_account", Holds::Text, "Its service account."),
        optional(
            "rendered",
            Holds::Boolean,
            "Whether its manifests are in this tree; they are unless said otherwise.",
        ),
    ],
};

pub(crate) const ENDPOINT: Shape = Shape {
    what: "an entry of `provides`",
    keys: &[
        required("name", Holds::Label, "The endpoint's name."),
        required("port", PORT, "The port of the container, which policies see."),
        optional("protocol", Holds::Word(|| words(&crate::read::PROTOCOLS)), "TCP unless said otherwise."),
        optional("end_port", PORT, "The last port of a range."),
        optional("port_name", Holds::Label, "The name of the container's port."),
        optional("service_port", PORT, "The port of the Service, where it is another."),
        optional("api", Holds::Map(&API), "What is spoken there."),
        optional(
            "visibility",
            Holds::Either(&[
                Holds::Word(|| vec!["private", "platform", "public"]),
                Holds::List(&Holds::Text),
            ]),
            "Who may depend on it: a word, or components.",
        ),
        optional("fqdn", Holds::Text, "Its name in DNS, where it is external."),
        optional("cidrs", CIDRS, "Its addresses, where it is external."),
    ],
};

pub(crate) const API: Shape = Shape {
    what: "`api`",
    keys: &[
        required("name", Holds::Text, "The API's name."),
        optional("versions", Holds::Some(&Holds::Version), "Its versions."),
    ],
};

pub(crate) const NEED: Shape = Shape {
    what: "an entry of `depends_on`",
    keys: &[
        required("component", Holds::Text, "Which component."),
        optional(
            "endpoint",
            Holds::Some(&Holds::Text),
            "Which of its endpoints; the only one unless said otherwise.",
        ),
        optional("endpoints", Holds::Some(&Holds::Text), "The same as `endpoint`."),
        optional("version", Holds::Version, "The range of versions that it gets along with: `>=8.4 <10`."),
        optional("api", Holds::Map(&API), "The API, and the versions of which one must be there."),
        optional("schema", Holds::Version, "The range of migrations that a database must be at: `>=042`."),
        optional(
            "kind",
            Holds::Word(|| words(&crate::read::DEPENDENCY_KINDS)),
            "When it is needed; to build opens no network.",
        ),
        optional(
            "phase",
            Holds::Word(|| words(&crate::read::DEPENDENCY_PHASES)),
            "Whether a migration needs it.",
        ),
        optional("optional", Holds::Boolean, "Whether it may be absent."),
        optional(
            "environments",
            ENVIRONMENTS,
            "Where it is needed; wherever the component is unless said otherwise.",
        ),
    ],
};

pub(crate) const PEER: Shape = Shape {
    what: "an entry of `peers`",
    keys: &[
        optional("endpoint", Holds::Text, "One of its own endpoints; or a port:"),
        optional("port", PORT, "The port."),
        optional("protocol", Holds::Word(|| words(&crate::read::PROTOCOLS)), "TCP unless said otherwise."),
    ],
};

pub(crate) const EXTERNAL: Shape = Shape {
    what: "an entry of `egress`",
    keys: &[
        required("name", Holds::Label, "What it is called here."),
        optional("fqdn", Holds::Text, "Its name in DNS."),
        optional("cidrs", CIDRS, "Its addresses."),
        optional("ports", PORTS, "Its ports; all when there are none."),
        optional("reason", Holds::Text, "Why; required in production."),
        optional("environments", ENVIRONMENTS, "Where; wherever the component is unless said otherwise."),
    ],
};

pub(crate) const EXPOSED: Shape = Shape {
    what: "an entry of `exposed`",
    keys: &[
        required("through", Holds::Text, "The component of kind ingress."),
        optional("endpoint", Holds::Text, "Which endpoint; the only one unless said otherwise."),
        optional("hosts", Holds::Some(&Holds::Text), "Under which names."),
    ],
};

pub(crate) const MANAGED: Shape = Shape {
    what: "`managed`",
    keys: &[
        optional("environments", ENVIRONMENTS, "In which environments; all unless said otherwise."),
        optional("fqdn", Holds::Text, "Its name in DNS there."),
        optional("cidrs", CIDRS, "Its addresses there."),
    ],
};

pub(crate) const DATABASE: Shape = Shape {
    what: "`database`",
    keys: &[
        optional("name", Holds::Text, "The database's name on its server."),
        required("migrations", Holds::Text, "The directory of its migrations."),
        optional("schema", Holds::Text, "The directory of its schema."),
    ],
};
