//! What runs in a cluster against what platform.yaml declares for an environment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use miette::Severity::{Advice, Error, Warning};

use super::{covers, overlay};
use crate::check::Probed;
use crate::compatibility::{Part, Rule, Side};
use crate::decode::list;
use crate::image::{self, parts};
use crate::model::{Component, ComponentId, EnvironmentId, Kind};
use crate::platform::Platform;
use crate::probe::cluster::{Container, Facts, Pod};
use crate::probe::{Finding, Unseen};
use crate::selectors::Selectors;
use crate::version::{Scheme, Suffix, Version};

/// Names that a message gives of many.
const SHOWN: usize = 3;

/// The environment that a cluster is looked at for.
#[derive(Debug, Clone, Copy)]
pub struct Here<'p> {
    /// Its name.
    pub environment: &'p str,
    /// The platform that declares it.
    pub declared: Option<(&'p Platform, EnvironmentId)>,
    /// The workloads that its overlays render; absent where they do not.
    pub rendered: Option<&'p [crate::Workload]>,
}

/// Compares a cluster with declarations and overlays. What could not be seen is not judged.
pub fn judge(facts: &Facts, here: &Here<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((platform, environment)) = here.declared {
        let of = Declared { platform, environment, name: here.environment };
        findings.extend(of.kubernetes(&facts.version));
        let owned = Owned::new(facts, platform, environment);
        for (id, component) in platform.ids() {
            let pods = owned.pods.get(&id).map_or(&[][..], Vec::as_slice);
            if pods.is_empty() {
                findings.extend(of.absent(facts, component));
            } else {
                findings.extend(of.images(id, pods));
                findings.extend(of.readiness(component, pods));
            }
        }
        findings.extend(owned.strangers.iter().map(|(owner, pods)| of.stranger(owner, pods)));
        findings.extend(overlay::compare(facts, here, &platform[environment].namespace.value));
    }
    findings.extend(facts.unseen.iter().map(|unseen| not_seen(unseen, here.environment)));
    findings
}

/// The versions that live pods run, for components whose images tell it; the cluster's own is not among them.
pub fn versions(
    facts: &Facts,
    platform: &Platform,
    environment: EnvironmentId,
) -> Vec<(ComponentId, Vec<Version>)> {
    let owned = Owned::new(facts, platform, environment);
    let of = |(id, component): (ComponentId, &Component)| {
        let mut found: Vec<Version> = Vec::new();
        for container in owned.pods.get(&id)?.iter().flat_map(|pod| own(component, pod)) {
            // With a version that nobody can tell the others would be half of the truth.
            let version = image::version(platform, id, &container.image, container.digest.as_deref())?;
            if !found.contains(&version) {
                found.push(version);
            }
        }
        (!found.is_empty()).then_some((id, found))
    };
    platform.ids().filter_map(of).collect()
}

/// Whether a rule of compatibility.yaml is about kubelets.
pub fn needs_kubelets(platform: &Platform) -> bool {
    let is_kubelet = |side: &Side| matches!(side, Side::Probe(name) if *name.value == *Side::KUBELET);
    platform.compatibility().constraints.iter().any(|constraint| {
        matches!(&constraint.rule, Rule::Skew { leader, follower, .. } if is_kubelet(leader) || is_kubelet(follower))
    })
}

/// What rules about `probe:kubelet` and `probe:kubernetes` are told.
pub fn probed(facts: &Facts, environment: EnvironmentId) -> Vec<Probed> {
    let kubelets = facts.kubelets.iter().flatten().map(|version| (Side::KUBELET, version));
    let all = kubelets.chain([(Part::KUBERNETES, &facts.version)]);
    // Vendors write what they like behind the numbers.
    let read = |(name, version): (&str, &String)| {
        let version = Version::parse(version, Scheme::Semver, Suffix::Ignore).ok()?;
        Some(Probed { environment, name: name.to_owned(), version })
    };
    all.filter_map(read).collect()
}

/// The namespaces that hold an environment's components.
pub fn namespaces(platform: &Platform, environment: EnvironmentId) -> BTreeSet<String> {
    let runs = |component: &&Component| {
        component.environments.contains(environment)
            && component.managed_in(environment).is_none()
            && !matches!(component.kind, Kind::External | Kind::Library | Kind::Platform)
    };
    let of = platform.components().iter().filter(runs);
    let of = of.map(|component| namespace_of(platform, component, environment).to_owned());
    of.chain([platform[environment].namespace.value.to_string()]).collect()
}

/// The containers of a pod that are its component's own: those with the declared image, else the only one.
fn own<'f>(component: &Component, pod: &'f Pod) -> Vec<&'f Container> {
    match &component.image {
        Some(image) => pod.containers.iter().filter(|one| *parts(&one.image).0 == *image.value).collect(),
        None => pod.containers.iter().filter(|_| pod.containers.len() == 1).collect(),
    }
}

/// Live pods by the component that selects them.
struct Owned<'f> {
    pods: HashMap<ComponentId, Vec<&'f Pod>>,
    /// Those in the environment's namespace that none selects, by what made them.
    strangers: BTreeMap<&'f (String, String), Vec<&'f Pod>>,
}

impl<'f> Owned<'f> {
    fn new(facts: &'f Facts, platform: &Platform, environment: EnvironmentId) -> Self {
        let selectors = Selectors::new(platform.components());
        let mut owned = Self { pods: HashMap::new(), strangers: BTreeMap::new() };
        for namespace in &facts.namespaces {
            for pod in namespace.pods.iter().flatten().filter(|pod| pod.lives()) {
                let labels = pod.labels.iter().map(|(key, value)| (&**key, &**value));
                let owners: Vec<ComponentId> = selectors
                    .candidates(labels)
                    .filter(|id| owns(platform, *id, environment, &namespace.name, pod))
                    .collect();
                for owner in &owners {
                    owned.pods.entry(*owner).or_default().push(pod);
                }
                if owners.is_empty() && *namespace.name == *platform[environment].namespace.value {
                    owned.strangers.entry(&pod.owner).or_default().push(pod);
                }
            }
        }
        owned
    }
}

fn owns(
    platform: &Platform,
    id: ComponentId,
    environment: EnvironmentId,
    namespace: &str,
    pod: &Pod,
) -> bool {
    let component = &platform[id];
    let names = &component.workload.names;
    *namespace_of(platform, component, environment) == *namespace
        && (names.is_empty() || names.iter().any(|name| *name.value == *pod.owner.1))
        && selects(component, &pod.labels)
}

/// Whether labels are those of a component's pods.
fn selects(component: &Component, labels: &BTreeMap<String, String>) -> bool {
    let carried = |(key, value): &(Arc<str>, Arc<str>)| labels.get(&**key).is_some_and(|is| **is == **value);
    component.workload.selector.iter().all(carried)
}

fn namespace_of<'p>(platform: &'p Platform, component: &'p Component, environment: EnvironmentId) -> &'p str {
    &component.namespace.as_ref().unwrap_or(&platform[environment].namespace).value
}

/// What is declared for an environment.
struct Declared<'p> {
    platform: &'p Platform,
    environment: EnvironmentId,
    name: &'p str,
}

impl Declared<'_> {
    fn kubernetes(&self, running: &str) -> Option<Finding> {
        let declared = self.platform[self.environment].kubernetes.as_ref()?;
        (!running.is_empty() && !covers(declared.value.as_str(), running.trim_start_matches('v'))).then(
            || {
                Finding::new(
                    "probe/version",
                    Error,
                    format!(
                        "the cluster of `{}` is declared as {}, but {running} runs",
                        self.name, declared.value
                    ),
                    "upgrade the cluster, or declare the version that runs",
                )
                .at(self.platform, declared.place, "declared here")
            },
        )
    }

    /// A component that runs nowhere. A job has done its work when it is gone.
    fn absent(&self, facts: &Facts, component: &Component) -> Option<Finding> {
        let namespace = facts.namespace(namespace_of(self.platform, component, self.environment))?;
        namespace.pods.as_ref()?;
        if component.kind == Kind::Job || !component.is_rendered_in(self.environment) {
            return None;
        }
        let mut workloads = namespace.workloads.iter().flatten();
        let workload = workloads.find(|workload| selects(component, &workload.labels));
        let name = &component.name;
        let (severity, message, help) = match workload {
            Some(workload) if workload.wanted == Some(0) => (
                Warning,
                format!("{} `{}` of `{}` is scaled to no pods", workload.kind, workload.name, self.name),
                "scale it up, or take the component out of the environment",
            ),
            Some(workload) => (
                Error,
                format!("{} `{}` of `{}` has no pods", workload.kind, workload.name, self.name),
                "look at its events: `kubectl describe` says why none is made",
            ),
            None => (
                Error,
                format!(
                    "`{}` does not run in `{}`: namespace `{}` has no pod of it",
                    name.value, self.name, namespace.name
                ),
                "apply its manifests, or correct `workload` or `environments` of the component",
            ),
        };
        Some(Finding::new("probe/not-running", severity, message, help).at(
            self.platform,
            name.place,
            "declared here",
        ))
    }

    /// Images that are not the declared version.
    fn images(&self, id: ComponentId, pods: &[&Pod]) -> Vec<Finding> {
        let component = &self.platform[id];
        let live = component.versions(self.environment);
        let Some(first) = live.first() else { return Vec::new() };
        let texts: Vec<&str> = live.iter().map(|version| version.value.as_str()).collect();
        let mut others: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut moved: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        let mut strange: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for pod in pods {
            let own = own(component, pod);
            if own.is_empty() && component.image.is_some() {
                let images = pod.containers.iter().map(|container| &*container.image);
                strange.entry(images.min().unwrap_or_default()).or_default().insert(&pod.name);
            }
            for container in own {
                if !image::is_declared(self.platform, id, self.environment, &container.image) {
                    others.entry(&container.image).or_default().insert(&pod.name);
                } else if let Some(digest) = self.unknown_digest(id, container) {
                    moved.entry((&container.image, digest)).or_default().insert(&pod.name);
                }
            }
        }
        let name = &component.name.value;
        let mut findings = Vec::new();
        for (image, pods) in others {
            // Without an image there is only what the one container happens to run, and without a readable tag nothing to compare.
            let version = image::version(self.platform, id, image, None);
            if version.is_none() && component.image.is_none() {
                continue;
            }
            let message = format!(
                "`{name}` of `{}` is declared as {}, but `{image}` runs in {}",
                self.name,
                list(&texts),
                shown(&pods)
            );
            let help = "deploy the declared version, or declare the one that runs";
            findings.push(Finding::new("probe/version", Error, message, help).at(
                self.platform,
                first.place,
                "declared here",
            ));
        }
        for ((image, digest), pods) in moved {
            let message = format!(
                "`{name}` of `{}` runs `{image}` as {digest} in {}, which is no digest of that release",
                self.name,
                shown(&pods)
            );
            let help = "the tag was moved: deploy the image of the release, or enter the digest under `releases` in compatibility.yaml";
            findings.push(Finding::new("probe/image", Error, message, help).at(
                self.platform,
                first.place,
                "declared here",
            ));
        }
        for (image, pods) in strange {
            let place = component.image.as_ref().map_or(component.name.place, |image| image.place);
            let message = format!(
                "`{name}` of `{}` runs `{image}` in {}, and not its declared image",
                self.name,
                shown(&pods)
            );
            let help = "deploy the declared image, or correct `image` of the component";
            findings.push(Finding::new("probe/image", Error, message, help).at(
                self.platform,
                place,
                "declared here",
            ));
        }
        findings
    }

    /// The digest that runs, where the release of the tag is known to have others.
    fn unknown_digest<'f>(&self, id: ComponentId, container: &'f Container) -> Option<&'f str> {
        let running = container.digest.as_deref()?;
        let version = image::version(self.platform, id, &container.image, None)?;
        let mut known = image::digests(self.platform, id, &version).peekable();
        known.peek()?;
        (!known.any(|digest| digest == running)).then_some(running)
    }

    fn readiness(&self, component: &Component, pods: &[&Pod]) -> Option<Finding> {
        let waiting: BTreeSet<&str> = pods.iter().filter(|pod| !pod.ready).map(|pod| &*pod.name).collect();
        if waiting.is_empty() || component.kind == Kind::Job {
            return None;
        }
        let reasons: BTreeSet<&str> =
            pods.iter().filter(|pod| !pod.ready).flat_map(|pod| pod.waits_for()).collect();
        let reasons = if reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", reasons.into_iter().collect::<Vec<_>>().join(", "))
        };
        let message = format!(
            "{} of {} pods of `{}` in `{}` are not ready, {}{reasons}",
            waiting.len(),
            pods.len(),
            component.name.value,
            self.name,
            shown(&waiting),
        );
        let severity = if waiting.len() == pods.len() { Error } else { Warning };
        Some(
            Finding::new(
                "probe/not-ready",
                severity,
                message,
                "look at their events and logs: `kubectl describe pod`",
            )
            .at(self.platform, component.name.place, "declared here"),
        )
    }

    fn stranger(&self, (kind, name): &(String, String), pods: &[&Pod]) -> Finding {
        let images: BTreeSet<&str> =
            pods.iter().flat_map(|pod| &pod.containers).map(|container| &*container.image).collect();
        Finding::new(
            "probe/undeclared",
            Warning,
            format!("{kind} `{name}` runs {} in `{}`, and no component is it", shown(&images), self.name),
            "declare it in platform.yaml, give its pods the labels of its component, or remove it",
        )
    }
}

fn not_seen(Unseen { what, reason }: &Unseen, environment: &str) -> Finding {
    Finding::new(
        "probe/not-seen",
        Advice,
        format!("the cluster of `{environment}`: not seen {what}: {reason}"),
        "allow the account to list it, or take it as unknown",
    )
}

/// Some names, and how many more there are.
pub(super) fn shown(names: &BTreeSet<&str>) -> String {
    let mut text: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        text.push(format!("{} more", names.len() - SHOWN));
    }
    text.join(", ")
}
