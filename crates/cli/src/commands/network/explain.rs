//! `infra network explain`: which policies allow or deny a connection, and where they stand.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use k8s_render::inspect::{Facts, Place, Protocol, Sources};
use k8s_render::network::explain::{AdminPath, Explanation, RulePath, Verdict, explain};
use k8s_render::network::{Connectivity, Direction, End, Model, focus};
use serde_json::{Value, json};

use super::load::Loaded;
use crate::args::NetworkExplain;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::ui::{BAD, GOOD, styled};

/// Explains one connection.
pub(super) fn run(
    arguments: &NetworkExplain,
    root: Option<&Path>,
    environment: Option<&str>,
) -> Result<Outcome, Failure> {
    let what = arguments.what.as_deref().or(environment).ok_or(Problem::WhichEnvironment)?;
    let (name, port) = destination(&arguments.destination)?;
    let mut loaded = Loaded::open(what, root)?;
    let mut outcome = Outcome::default();
    outcome.findings.append(&mut loaded.findings);
    let text = |name: &str| loaded.text(name);
    let sources = Sources::new(&text);
    let facts = Facts::read(&loaded.resources);
    let model = loaded.model(&facts, sources, &mut outcome.findings);
    let (from, to) = (end(&model, &arguments.source)?, end(&model, name)?);
    let relation = Connectivity::new(&model, arguments.host_network.into());
    let called = |end: End| match end {
        End::Pods(pods) => model.label(pods),
        End::Address(address) => address.to_string(),
    };
    let all = relation.allowed(from, to);
    let ports = port.map_or_else(|| declared(&model, to), |port| vec![port]);
    let mut answers = Vec::new();
    outcome.summary = format!("{} => {} : {all}\n", called(from), called(to));
    let mut denied = port.is_none() && all.is_empty();
    for (protocol, port) in ports {
        let explanation = explain(&relation, from, to, protocol, port);
        let allowed = explanation.allowed();
        denied |= !allowed;
        let verdict = if allowed { styled(GOOD, "allowed") } else { styled(BAD, "denied") };
        let _ = writeln!(outcome.summary, "\n{protocol} {port} is {verdict}");
        let telling = Telling { model: &model, sources, from: called(from), to: called(to) };
        outcome.summary += &telling.text(&explanation);
        answers.push(json!({
            "protocol": protocol.as_str(),
            "port": port,
            "allowed": allowed,
            "egress": telling.json(&explanation.egress),
            "ingress": telling.json(&explanation.ingress),
        }));
    }
    outcome.details.insert("source".to_owned(), json!(called(from)));
    outcome.details.insert("destination".to_owned(), json!(called(to)));
    outcome.details.insert("connections".to_owned(), json!(all.to_string()));
    outcome.details.insert("ports".to_owned(), Value::Array(answers));
    outcome.summary_is_result = true;
    if denied {
        outcome.exit = Some(Exit::Findings);
    }
    Ok(outcome)
}

type Port = (Protocol, u16);

/// Takes `DST`, `DST:PORT` or `DST:PORT/PROTOCOL` apart; an IPv6 address with a port stands in brackets.
fn destination(text: &str) -> Result<(&str, Option<Port>), Failure> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text, None));
    }
    let Some((name, port)) = text.rsplit_once(':') else { return Ok((text, None)) };
    let name = name.trim_matches(['[', ']']);
    let (number, protocol) = port.split_once('/').unwrap_or((port, "TCP"));
    let number = number.parse().ok().filter(|port| *port != 0);
    match number.zip(Protocol::parse(&protocol.to_uppercase())) {
        Some((port, protocol)) => Ok((name, Some((protocol, port)))),
        None => Err(Problem::Port {
            text: port.to_owned(),
            expected: "a port",
            example: "`DST:8080` or `DST:53/UDP`",
        }
        .into()),
    }
}

/// The ports that pods declare.
fn declared(model: &Model<'_>, end: End) -> Vec<(Protocol, u16)> {
    let End::Pods(pods) = end else { return Vec::new() };
    let mut ports: Vec<_> = model.pods[pods].ports.iter().map(|port| (port.protocol, port.port)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The end of a connection that a user names.
fn end(model: &Model<'_>, name: &str) -> Result<End, Failure> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(End::Address(address));
    }
    let found = focus::find(model, name);
    match found.as_slice() {
        // Pods of one owner are alike: the first stands for them.
        [first, rest @ ..] if rest.iter().all(|pods| model.label(*pods) == model.label(*first)) => {
            Ok(End::Pods(*first))
        }
        found => {
            let labels = |pods: &[usize]| pods.iter().map(|pods| model.label(*pods)).collect::<Vec<_>>();
            let known = if found.is_empty() {
                labels(&(0..model.pods.len()).collect::<Vec<_>>())
            } else {
                labels(found)
            };
            Err(Problem::UnknownWorkload { name: name.to_owned(), known }.into())
        }
    }
}

/// Puts verdicts into words.
struct Telling<'t, 'a> {
    model: &'t Model<'a>,
    sources: Sources<'t>,
    from: String,
    to: String,
}

impl Telling<'_, '_> {
    fn text(&self, explanation: &Explanation) -> String {
        let mut text = String::new();
        for (direction, verdict, subject) in [
            (Direction::Egress, &explanation.egress, &self.from),
            (Direction::Ingress, &explanation.ingress, &self.to),
        ] {
            let field = direction.field();
            match verdict {
                Verdict::Outside => {
                    let _ = writeln!(text, "  {field}: no policy speaks for the address {subject}");
                }
                Verdict::NotIsolated => {
                    let kind = direction.policy_type();
                    let _ = writeln!(
                        text,
                        "  {field}: no policy with type {kind} selects {subject}, so everything is allowed"
                    );
                }
                Verdict::Decided { by, allows } => {
                    let verb = if *allows { "allowed" } else { "denied" };
                    let (rule, place) = (by.display(self.model), self.admin_place(by));
                    let _ = writeln!(text, "  {field}: {verb} by {rule} ({place})");
                }
                Verdict::Allowed(rules) => {
                    for rule in rules {
                        let place = self.place_of(rule);
                        let _ =
                            writeln!(text, "  {field}: allowed by {} ({place})", rule.display(self.model));
                    }
                }
                Verdict::Denied { isolating, nearest } => {
                    for policy in isolating {
                        let name = self.model.policies[*policy].to_string();
                        let place = self.policy_place(*policy);
                        let _ = writeln!(text, "  {field}: isolated by policy {name} ({place})");
                    }
                    let _ = writeln!(text, "  {field}: denied, no rule of theirs allows it");
                    for miss in nearest {
                        let place = self.place_of(&miss.rule);
                        let rule = miss.rule.display(self.model);
                        let _ = writeln!(text, "    {rule} ({place}) does not: {miss}");
                    }
                }
            }
        }
        text
    }

    fn json(&self, verdict: &Verdict) -> Value {
        let rule = |rule: &RulePath| json!({"rule": rule.display(self.model), "place": self.place_of(rule)});
        match verdict {
            Verdict::Outside => json!({"verdict": "outside"}),
            Verdict::NotIsolated => json!({"verdict": "not isolated"}),
            Verdict::Decided { by, allows } => json!({
                "verdict": if *allows { "allowed" } else { "denied" },
                "rules": [{"rule": by.display(self.model), "place": self.admin_place(by)}],
            }),
            Verdict::Allowed(rules) => {
                json!({"verdict": "allowed", "rules": rules.iter().map(rule).collect::<Vec<_>>()})
            }
            Verdict::Denied { isolating, nearest } => json!({
                "verdict": "denied",
                "isolated_by": isolating.iter().map(|policy| json!({
                    "policy": self.model.policies[*policy].to_string(),
                    "place": self.policy_place(*policy),
                })).collect::<Vec<_>>(),
                "nearest": nearest.iter().map(|miss| json!({
                    "rule": miss.rule.display(self.model),
                    "place": self.place_of(&miss.rule),
                    "reasons": miss.reasons,
                })).collect::<Vec<_>>(),
            }),
        }
    }

    fn place_of(&self, path: &RulePath) -> String {
        let object = self.model.policies[path.policy].object.node;
        let node = path.find(self.model).map_or(object, |rule| rule.node);
        line(&self.sources.place(node, object))
    }

    fn admin_place(&self, path: &AdminPath) -> String {
        let object = self.model.admin[path.policy].object.node;
        let node = path.find(self.model).map_or(object, |rule| rule.node);
        line(&self.sources.place(node, object))
    }

    fn policy_place(&self, policy: usize) -> String {
        let object = self.model.policies[policy].object.node;
        let name = object.at(&["metadata", "name"]).unwrap_or(object);
        line(&self.sources.place(name, object))
    }
}

/// `file:line`
fn line(place: &Place) -> String {
    let before = place.src.inner().get(..place.span.offset()).unwrap_or_default();
    format!("{}:{}", place.src.name(), before.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_with_and_without_a_port() {
        let read = |text| destination(text).ok();
        assert_eq!(read("shop/api"), Some(("shop/api", None)));
        assert_eq!(read("api:80"), Some(("api", Some((Protocol::Tcp, 80)))));
        assert_eq!(read("dns:53/udp"), Some(("dns", Some((Protocol::Udp, 53)))));
        assert_eq!(read("fd00::1"), Some(("fd00::1", None)));
        assert_eq!(read("[fd00::1]:443"), Some(("fd00::1", Some((Protocol::Tcp, 443)))));
        for wrong in ["api:0", "api:x", "api:80/icmp", "api:70000"] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
