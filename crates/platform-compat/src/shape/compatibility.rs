//! compatibility.yaml.

use super::{API, Holds, Shape, optional, platform::API_VERSION, required};
use crate::read::words;

const ENVIRONMENTS: Holds = Holds::Some(&Holds::Label);
const CONDITIONS: Holds = Holds::Some(&Holds::Map(&CONDITION));
const ID: &str = "Its name, which no other rule has.";
const REASON: &str = "Why; it is shown with every finding.";
const REFERENCE: &str = "Where to read more: a ticket, a page.";

pub(crate) const COMPATIBILITY: Shape = Shape {
    what: "compatibility.yaml",
    keys: &[
        API_VERSION,
        required("kind", Holds::Exactly("Compatibility"), "What the file is."),
        optional("metadata", Holds::Map(&LABELLED), "Of the file as a whole."),
        optional("constraints", Holds::List(&Holds::Map(&CONSTRAINT)), "What must hold between components."),
        optional("known_bad", Holds::List(&Holds::Map(&KNOWN_BAD)), "Versions that do not work together."),
        optional("apis", Holds::List(&Holds::Map(&API_END)), "The ends of versions of APIs."),
        optional("pins", Holds::List(&Holds::Map(&PIN)), "Versions that must stay."),
        optional("exclusions", Holds::List(&Holds::Map(&EXCLUSION)), "Findings that are accepted."),
        optional("order", Holds::List(&Holds::Map(&ORDER)), "What is deployed before what, or at once."),
        optional("cycles", Holds::List(&Holds::Map(&CYCLE)), "Cycles of dependencies that are meant."),
        optional(
            "schema",
            Holds::List(&Holds::Map(&SCHEMA)),
            "What migrations mean for who uses the database.",
        ),
        optional("support", Holds::List(&Holds::Map(&SUPPORT)), "Until when versions are supported."),
        optional("releases", Holds::List(&Holds::Map(&RELEASES)), "The versions that there are, for plans."),
    ],
};

pub(crate) const LABELLED: Shape = Shape {
    what: "`metadata`",
    keys: &[
        optional("name", Holds::Text, "For people."),
        optional("owner", Holds::Text, "Who answers for the rules."),
    ],
};

pub(crate) const CONSTRAINT: Shape = Shape {
    what: "a constraint",
    keys: &[
        required("id", Holds::Label, ID),
        optional("when", CONDITIONS, "The constraint holds for what all of these are true of."),
        optional("require", CONDITIONS, "All of these must then be true."),
        optional("forbid", CONDITIONS, "None of these may then be true."),
        optional("skew", Holds::Map(&SKEW), "How far two versions may be apart, instead of conditions."),
        optional("environments", ENVIRONMENTS, "Where; everywhere unless said otherwise."),
        optional(
            "severity",
            Holds::Word(|| words(&crate::read::SEVERITIES)),
            "How bad it is; an error unless said otherwise.",
        ),
        required("reason", Holds::Text, REASON),
        optional("reference", Holds::Text, REFERENCE),
        optional("owner", Holds::Text, "Who answers for it."),
        optional("expires", Holds::Day, "The last day on which it counts."),
    ],
};

pub(crate) const SKEW: Shape = Shape {
    what: "`skew`",
    keys: &[
        required(
            "leader",
            Holds::Text,
            "The component that goes first, or `probe:` and `kubelet`, `kubernetes` or a component for what really runs.",
        ),
        required("follower", Holds::Text, "The component that follows, or `probe:…` likewise."),
        optional("older", Holds::Number(0, u32::MAX), "How much older the follower may be."),
        optional("newer", Holds::Number(0, u32::MAX), "How much newer the follower may be."),
        required("unit", Holds::Word(|| words(&crate::read::UNITS)), "Which number of the version is meant."),
    ],
};

pub(crate) const CONDITION: Shape = Shape {
    what: "a condition",
    keys: &[
        required("component", Holds::Text, "Which component, or `kubernetes`."),
        optional("version", Holds::Version, "The range that its version is in."),
        optional("api", Holds::Map(&API), "The API that it serves."),
        optional("schema", Holds::Version, "The range that the level of its schema is in."),
        optional("present", Holds::Boolean, "Whether it is there at all."),
        optional("environment", ENVIRONMENTS, "In which environments."),
    ],
};

pub(crate) const KNOWN_BAD: Shape = Shape {
    what: "an entry of `known_bad`",
    keys: &[
        required("id", Holds::Label, ID),
        required("all", CONDITIONS, "All of these at once are bad; one alone is a bad release."),
        optional("environments", ENVIRONMENTS, "Where; everywhere unless said otherwise."),
        required("reason", Holds::Text, REASON),
        optional("reference", Holds::Text, REFERENCE),
    ],
};

pub(crate) const API_END: Shape = Shape {
    what: "an entry of `apis`",
    keys: &[
        required("name", Holds::Text, "The API's name."),
        required("version", Holds::Version, "The version that ends."),
        optional("deprecated", Holds::Day, "Whoever uses it from then on is warned."),
        optional("removed_after", Holds::Day, "Whoever uses it after that is refused."),
        optional("replaced_by", Holds::Version, "What to use instead."),
    ],
};

pub(crate) const PIN: Shape = Shape {
    what: "a pin",
    keys: &[
        required("component", Holds::Text, "Which component."),
        optional("environment", ENVIRONMENTS, "Where; everywhere unless said otherwise."),
        required("version", Holds::Version, "The version that must stay."),
        required("reason", Holds::Text, REASON),
        optional("expires", Holds::Day, "The last day on which it counts."),
    ],
};

pub(crate) const EXCLUSION: Shape = Shape {
    what: "an exclusion",
    keys: &[
        required("id", Holds::Label, ID),
        required(
            "rule",
            Holds::Word(|| crate::check::RULES.to_vec()),
            "The rule whose findings are accepted.",
        ),
        optional("match", Holds::Map(&MATCH), "Which of its findings; all unless said otherwise."),
        required("reason", Holds::Text, "Why they are accepted."),
        optional("owner", Holds::Text, "Who answers for it."),
        optional("expires", Holds::Day, "The last day on which they are."),
    ],
};

pub(crate) const MATCH: Shape = Shape {
    what: "`match`",
    keys: &[
        optional("component", Holds::Text, "The component that a finding is about."),
        optional("dependency", Holds::Text, "The component that it depends on."),
        optional("environment", Holds::Label, "The environment."),
        optional("constraint", Holds::Text, "The id of the constraint."),
    ],
};

pub(crate) const ORDER: Shape = Shape {
    what: "an entry of `order`",
    keys: &[
        optional("before", Holds::Text, "The component that goes first."),
        optional("after", Holds::Text, "The component that follows."),
        optional("together", Holds::List(&Holds::Text), "Components that only move in one step, instead."),
        required("reason", Holds::Text, REASON),
    ],
};

pub(crate) const CYCLE: Shape = Shape {
    what: "an entry of `cycles`",
    keys: &[
        optional("members", Holds::List(&Holds::Text), "All components of the cycle."),
        required("reason", Holds::Text, REASON),
        optional("start", Holds::Text, "The component that is started first."),
    ],
};

pub(crate) const SCHEMA: Shape = Shape {
    what: "an entry of `schema`",
    keys: &[
        required("database", Holds::Text, "The component that has the database."),
        optional(
            "steps",
            Holds::List(&Holds::Map(&SCHEMA_STEP)),
            "Its migrations, as far as they need words.",
        ),
    ],
};

pub(crate) const SCHEMA_STEP: Shape = Shape {
    what: "a step of a schema",
    keys: &[
        required("version", Holds::Version, "The migration's version."),
        required(
            "phase",
            Holds::Word(|| words(&crate::read::PHASES)),
            "Whether old programs go on (expand), or must be gone (contract).",
        ),
        optional("adds", Holds::List(&Holds::Text), "What it adds: `orders.discount_cents`."),
        optional("drops", Holds::List(&Holds::Text), "What it drops."),
        optional("needs", Holds::List(&Holds::Map(&CONDITION)), "What must be true everywhere before it."),
    ],
};

pub(crate) const SUPPORT: Shape = Shape {
    what: "an entry of `support`",
    keys: &[
        required("component", Holds::Text, "Which component, or `kubernetes`."),
        required("version", Holds::Version, "The range of versions."),
        required("eol", Holds::Day, "The last day of support."),
        optional("extended", Holds::Day, "The last day of support that was bought."),
        optional("source", Holds::Text, "Who says so."),
    ],
};

pub(crate) const RELEASES: Shape = Shape {
    what: "an entry of `releases`",
    keys: &[
        required("component", Holds::Text, "Which component."),
        optional("versions", Holds::List(&Holds::Map(&RELEASE)), "Its versions."),
    ],
};

pub(crate) const RELEASE: Shape = Shape {
    what: "a release",
    keys: &[
        required("version", Holds::Version, "The version."),
        optional("released", Holds::Day, "When it came out."),
        optional(
            "depends_on",
            Holds::List(&Holds::Map(&CONDITION)),
            "What this version needs, where that is not what platform.yaml says.",
        ),
        optional(
            "provides",
            Holds::List(&Holds::Map(&API)),
            "What this version serves, where that is not what platform.yaml says.",
        ),
        optional("digests", Holds::List(&Holds::Text), "The digests of its images."),
        optional("withdrawn", Holds::Text, "Why nobody should move to it."),
    ],
};
