//! Policies as YAML, laid out for people to review.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    File,
    plan::{Labels, Peer, Policy, Rule},
};

/// The files: policies by file and namespace, and the kustomization that lists them.
pub(super) fn files(policies: &[Policy], environment: &str) -> Vec<File> {
    let head =
        format!("# Written by `infra network synth {environment}` from platform.yaml; edits are lost.\n");
    let mut by_file: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for policy in policies {
        by_file.entry(&policy.file).or_default().push(manifest(policy));
    }
    let mut files: Vec<_> = by_file
        .into_iter()
        .map(|(name, manifests)| File {
            name: format!("{name}.yaml"),
            text: head.clone() + &manifests.join("---\n"),
        })
        .collect();
    let mut text = head + "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    text += if files.is_empty() { "resources: []\n" } else { "resources:\n" };
    for file in &files {
        let _ = writeln!(text, "  - {}", file.name);
    }
    files.push(File { name: "kustomization.yaml".to_owned(), text });
    files
}

fn manifest(policy: &Policy) -> String {
    let (name, namespace) = (scalar(&policy.name), scalar(&policy.namespace));
    let mut text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n"
    );
    text += &selector("  ", "podSelector", &policy.labels);
    text += "  policyTypes:\n";
    for (kind, rules) in [("Ingress", &policy.ingress), ("Egress", &policy.egress)] {
        if rules.is_some() {
            let _ = writeln!(text, "    - {kind}");
        }
    }
    for (field, peers, rules) in [("ingress", "from", &policy.ingress), ("egress", "to", &policy.egress)] {
        let rules = rules.as_deref().unwrap_or_default();
        if !rules.is_empty() {
            let _ = writeln!(text, "  {field}:");
        }
        for entry in rules {
            text += &rule(peers, entry);
        }
    }
    text
}

fn rule(field: &str, rule: &Rule) -> String {
    let mut text = format!("    - {field}:\n");
    for peer in &rule.peers {
        match peer {
            Peer::Pods { namespace, labels } => {
                let name = namespace.iter().map(|name| ("kubernetes.io/metadata.name".into(), name.clone()));
                let namespaces = selector("          ", "namespaceSelector", &name.collect());
                text += &format!("        - {}", namespaces.trim_start());
                text += &selector("          ", "podSelector", labels);
            }
            Peer::Block { cidr, except } => {
                let _ = write!(text, "        - ipBlock:\n            cidr: {}\n", scalar(&cidr.to_string()));
                if !except.is_empty() {
                    text += "            except:\n";
                }
                for cidr in except {
                    let _ = writeln!(text, "              - {}", scalar(&cidr.to_string()));
                }
            }
        }
    }
    if let Some(ports) = &rule.ports {
        text += "      ports:\n";
        for port in ports {
            let _ = write!(text, "        - protocol: {}\n          port: {}\n", port.protocol, port.first);
            if port.last != port.first {
                let _ = writeln!(text, "          endPort: {}", port.last);
            }
        }
    }
    text
}

fn selector(indent: &str, field: &str, labels: &Labels) -> String {
    if labels.is_empty() {
        return format!("{indent}{field}: {{}}\n");
    }
    let mut text = format!("{indent}{field}:\n{indent}  matchLabels:\n");
    for (key, value) in labels {
        let _ = writeln!(text, "{indent}    {}: {}", scalar(key), scalar(value));
    }
    text
}

/// A text as a YAML scalar: plain where no reader can take it for anything else.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !WORDS.contains(&text.to_lowercase().as_str());
    let cidr = text.split_once('/').is_some_and(|(address, _)| address.parse::<std::net::Ipv4Addr>().is_ok());
    if plain || cidr {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
