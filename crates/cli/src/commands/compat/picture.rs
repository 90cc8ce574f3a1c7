//! `infra compat graph`.

use platform_compat::{Cluster, Scope, Style, View};
use serde_json::json;

use super::{Asked, find_environment, load, target};
use crate::args::{ClusterBy, Format, Graph};
use crate::failure::Failure;
use crate::outcome::Outcome;

/// Draws the graph in the format that is asked for.
pub(super) fn graph(asked: &Asked<'_>, arguments: &Graph, format: Format) -> Result<Outcome, Failure> {
    let (platform, findings) = load(asked.tree)?;
    let environment = asked.environment.map(|name| find_environment(&platform, name)).transpose()?;
    let view = View {
        scope: Scope { environment, build: arguments.build },
        focus: arguments.focus.as_deref().map(|name| target::component(&platform, name)).transpose()?,
        depth: arguments.depth,
        reverse: arguments.reverse,
        owner: arguments.owner.as_deref(),
        cluster: match arguments.cluster_by {
            None => Cluster::None,
            Some(ClusterBy::Owner) => Cluster::Owner,
            Some(ClusterBy::Environment) => Cluster::Environment,
            Some(ClusterBy::Kind) => Cluster::Kind,
        },
    };
    let picture = platform.picture(&view);
    let summary = match format {
        Format::Dot => picture.dot(),
        Format::Mermaid => picture.mermaid(),
        Format::Svg => picture.svg(),
        _ => picture.tree(arguments.reverse),
    };
    let mut outcome = Outcome {
        summary,
        summary_is_result: true,
        drawn: format.is_picture().then_some(format),
        ..Outcome::default()
    };
    let nodes = picture.nodes.iter().map(|node| {
        json!({
            "name": node.name, "versions": node.versions, "kind": node.kind.word(),
            "group": node.group.and_then(|group| picture.groups.get(group)),
        })
    });
    let edges = picture.edges.iter().map(|edge| {
        let style = match edge.style {
            Style::Needed => "needed",
            Style::Optional => "optional",
            Style::Build => "build",
        };
        json!({"from": edge.from, "to": edge.to, "style": style})
    });
    outcome.details.insert("nodes".to_owned(), nodes.collect());
    outcome.details.insert("edges".to_owned(), edges.collect());
    outcome.details.insert("groups".to_owned(), json!(picture.groups));
    outcome.extend(findings);
    Ok(outcome)
}
