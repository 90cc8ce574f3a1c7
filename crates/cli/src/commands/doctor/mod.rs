//! `infra doctor`: live servers against what is declared.

mod clusters;
mod observe;
mod problem;
mod servers;
mod show;

use std::time::Duration;

use miette::Severity;
use platform_compat::probe::judge::{self, Protocol};
use platform_compat::probe::{Error, Finding, judge::Holds};
use platform_compat::{ComponentId, EnvironmentId, Platform};

use crate::args;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::outcome::{Outcome, relevel};
use crate::platform;
use crate::tree::Tree;
use problem::DoctorProblem;

pub(crate) use observe::{Observed, ObservedCluster, Seen};

/// Asks the servers of one environment, or of all that have any.
pub(crate) fn run(
    arguments: &args::Doctor,
    tree: &Tree,
    environment: Option<&str>,
) -> Result<Outcome, Failure> {
    let environment = arguments.environment.as_deref().or(environment);
    let mut outcome = Outcome::default();
    let platform = platform::load(tree)?.map(|(platform, findings)| {
        outcome.extend(findings);
        platform
    });
    let asking = Asking {
        tree,
        platform: platform.as_ref(),
        environment,
        context: arguments.context.as_deref(),
        limit: Duration::from_secs(arguments.timeout),
    };
    let (observed, clusters) = asking.observe(&mut outcome)?;
    for one in &observed {
        outcome.extend(one.judge(platform.as_ref()));
    }
    for one in &clusters {
        outcome.extend(one.judge(tree, platform.as_ref()));
    }
    if let Some(platform) = &platform {
        outcome.extend(without_connection(platform, &observed));
    }
    outcome.summary = show::summary(platform.as_ref(), &observed, &clusters);
    outcome.details.insert(
        "servers".to_owned(),
        observed.iter().map(|one| show::json(platform.as_ref(), one)).collect(),
    );
    outcome.details.insert("clusters".to_owned(), clusters.iter().map(show::cluster_json).collect());
    outcome.findings = relevel(outcome.findings, &tree.configuration.rules);
    Ok(outcome)
}

/// Who is asked.
pub(crate) struct Asking<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) platform: Option<&'a Platform>,
    /// One environment; absent: all.
    pub(crate) environment: Option<&'a str>,
    /// The context of its cluster, before what files say.
    pub(crate) context: Option<&'a str>,
    pub(crate) limit: Duration,
}

impl Asking<'_> {
    /// Asks every server and cluster of an environment, or of all of them, side by side. One that cannot be asked decides the exit code.
    pub(crate) fn observe(
        &self,
        outcome: &mut Outcome,
    ) -> Result<(Vec<Observed>, Vec<ObservedCluster>), Failure> {
        let servers = servers::of(self.tree, self.platform, self.environment, self.limit)?;
        let clusters = clusters::of(self)?;
        if servers.is_empty() && clusters.is_empty() {
            let of = self.environment.map(str::to_owned);
            return Err(Failure::usage(DoctorProblem::NoConnections { of }));
        }
        for server in &servers {
            if server.shows_password() {
                outcome.extend([Problem::PasswordInUrl]);
            }
            if server.exposes_password() {
                outcome.extend([Finding::new(
                    "probe/unencrypted",
                    Severity::Warning,
                    format!(
                        "the password for {} of `{}` is sent in the clear",
                        server.address(),
                        server.environment
                    ),
                    "write `rediss://` in infra.toml, and let the server speak TLS",
                )]);
            }
        }
        let (servers, clusters) = observe::all(servers, clusters, self.limit)?;
        let errors = servers.iter().filter_map(|one| one.seen.as_ref().err());
        let mut errors = errors.chain(clusters.iter().filter_map(|one| one.seen.as_ref().err())).peekable();
        if errors.peek().is_some() {
            // A kubeconfig that cannot be used is the reader's to mend; beside it nobody was asked in vain.
            let unusable = errors.all(|error| matches!(error, Error::Configuration { .. }));
            outcome.exit = Some(if unusable { Exit::Usage } else { Exit::Unreachable });
        }
        Ok((servers, clusters))
    }
}

/// Stores of an environment that was asked which infra.toml does not say how to reach.
fn without_connection<'p>(
    platform: &'p Platform,
    observed: &'p [Observed],
) -> impl Iterator<Item = Finding> + 'p {
    let asked = |id: EnvironmentId| {
        observed.iter().any(|one| *one.environment == *platform.environments()[id.index()].name.value)
    };
    platform.environment_ids().filter(move |id| asked(*id)).flat_map(move |environment| {
        let name = &platform.environments()[environment.index()].name.value;
        let stores = [Protocol::MySql, Protocol::Redis]
            .into_iter()
            .flat_map(move |protocol| judge::candidates(platform, environment, protocol));
        let is_known = move |component: &ComponentId| {
            observed.iter().any(|one| *one.environment == **name && one.component == Some(*component))
        };
        stores.filter(move |component| !is_known(component)).map(move |component| {
            let text = &platform.components()[component.index()].name;
            Finding::new(
                "probe/no-connection",
                Severity::Advice,
                format!("`{}` of `{name}` was not asked: infra.toml has no connection to it", text.value),
                format!("add [environments.{name}.mysql] or [environments.{name}.redis] with its `url`"),
            )
            .at(platform, text.place, "declared here")
        })
    })
}

impl Observed {
    /// What is wrong with it.
    pub(crate) fn judge(&self, platform: Option<&Platform>) -> Vec<Finding> {
        let declared = platform.zip(self.component).and_then(|(platform, component)| {
            let environment = platform.environment(&self.environment)?;
            Some(judge::Declared { platform, component, environment })
        });
        let fallback = if self.protocol == Protocol::MySql { "MySQL" } else { "Redis" };
        let subject = judge::Subject { environment: &self.environment, fallback, declared };
        match &self.seen {
            Err(error) => vec![subject.unreachable(error)],
            Ok(Seen::MySql(facts)) => judge::mysql(facts, &subject),
            Ok(Seen::Redis(facts)) => {
                let kind = declared.map(|of| of.platform.components()[of.component.index()].kind);
                let holds = self.holds.or(kind.map(Holds::of)).unwrap_or(Holds::Cache);
                judge::redis(facts, holds, &subject)
            }
        }
    }
}
