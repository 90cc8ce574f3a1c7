//! What is declared against the manifests that environments render.

use std::collections::HashSet;

use super::{Checker, Subject};
use crate::{
    decode::list,
    facts::{Image, Overlays, Workload},
    finding::Finding,
    image,
    model::{Component, ComponentId, EnvironmentId, EnvironmentSet, Selection},
    selectors::Selectors,
    suggest,
};

impl Checker<'_> {
    pub(super) fn manifests(&mut self) {
        let Some(facts) = self.facts else { return };
        for overlays in &facts.overlays {
            self.overlays(overlays);
        }
        let platform = self.platform;
        let selectors = Selectors::new(platform.components());
        let mut owned: HashSet<(ComponentId, EnvironmentId)> = HashSet::new();
        for workload in &facts.workloads {
            let Some(environment) = platform.environment(&workload.environment) else { continue };
            if !self.scope.contains(environment) {
                continue;
            }
            let owners: Vec<ComponentId> = selectors
                .candidates(workload.labels.iter().map(|(key, value)| (&**key, &**value)))
                .filter(|id| self.owns(&platform[*id], workload, environment))
                .collect();
            owned.extend(owners.iter().map(|owner| (*owner, environment)));
            if owners.len() > 1 {
                self.overlap(&owners, workload, environment);
            }
            self.images(owners.first().copied(), workload, environment);
        }
        for (id, component) in platform.ids() {
            let missing: EnvironmentSet = self
                .scope
                .iter()
                .filter(|environment| {
                    self.is_rendered(*environment)
                        && component.is_rendered_in(*environment)
                        && !owned.contains(&(id, *environment))
                })
                .collect();
            let name = &component.name;
            let rule = "compat/no-workload";
            self.report(
                rule,
                Subject::component(&name.value),
                missing,
                name.place,
                |src, span, environments| {
                    let labels: Vec<String> = component
                        .workload
                        .selector
                        .iter()
                        .map(|(key, value)| format!("{key}: {value}"))
                        .collect();
                    let selector = list(&labels);
                    Finding::NoWorkload {
                        src,
                        span,
                        component: name.value.to_string(),
                        environments: platform.names(environments),
                        selector,
                    }
                },
            );
        }
    }

    /// Whether the manifests of an environment are known.
    pub(super) fn is_rendered(&self, environment: EnvironmentId) -> bool {
        let name = &*self.platform[environment].name.value;
        self.facts.is_some_and(|facts| facts.rendered.iter().any(|rendered| rendered == name))
    }

    fn owns(&self, component: &Component, workload: &Workload, environment: EnvironmentId) -> bool {
        let Selection { selector, names, rendered, .. } = &component.workload;
        let here = &self.platform[environment];
        let namespace = component.namespace.as_ref().unwrap_or(&here.namespace);
        *rendered
            && component.environments.contains(environment)
            && (workload.namespace.is_empty() || *workload.namespace == *namespace.value)
            && (names.is_empty() || names.iter().any(|name| *name.value == *workload.name))
            && selector
                .iter()
                .all(|(key, value)| workload.labels.iter().any(|(k, v)| **k == **key && **v == **value))
    }

    fn overlap(&mut self, owners: &[ComponentId], workload: &Workload, environment: EnvironmentId) {
        let platform = self.platform;
        let names: Vec<&str> = owners.iter().map(|owner| &*platform[*owner].name.value).collect();
        let place = (workload.src.clone(), workload.span);
        let subject = Subject::component(names[0]);
        self.report_at(
            "compat/workload-overlap",
            subject,
            environment.only(),
            place,
            |src, span, environments| {
                let (workload, environment) = (described(workload), platform.names(environments));
                Finding::WorkloadOverlap { src, span, workload, environment, components: list(&names) }
            },
        );
    }

    /// Every image whose repository a component declares must be one of its live versions.
    fn images(&mut self, owner: Option<ComponentId>, workload: &Workload, environment: EnvironmentId) {
        let platform = self.platform;
        let declares = |id: ComponentId, repository: &str| {
            platform[id].image.as_ref().is_some_and(|image| *image.value == *repository)
        };
        let mut seen = HashSet::new();
        for image in &workload.images {
            let (repository, ..) = image.parts();
            let owner = owner.filter(|id| declares(*id, repository));
            let of = owner.or_else(|| platform.ids().map(|(id, _)| id).find(|id| declares(*id, repository)));
            if let Some(of) = of.filter(|_| seen.insert(&image.reference)) {
                self.image(of, image, workload, environment);
            }
        }
        // A workload that runs nothing of what its component declares runs something else.
        let Some(owner) = owner.filter(|owner| platform[*owner].image.is_some()) else { return };
        if let Some(image) = workload.images.first()
            && !workload.images.iter().any(|image| declares(owner, image.parts().0))
        {
            let declared = platform[owner].image.as_ref().map_or("", |image| &*image.value);
            let help = format!("run `{declared}`, or correct `image` of the component");
            self.image_mismatch(owner, image, workload, environment, &help);
        }
    }

    fn image(&mut self, of: ComponentId, image: &Image, workload: &Workload, environment: EnvironmentId) {
        let platform = self.platform;
        let component = &platform[of];
        let live = component.versions(environment);
        let (_, tag, digest) = image.parts();
        // A version that could not be read has a finding of its own.
        if image::is_declared(platform, of, environment, &image.reference)
            || live.is_empty() && component.environments.contains(environment)
        {
            return;
        }
        let help = match (tag, live.first()) {
            (_, None) => "remove it from the manifests, or declare a version for this environment".to_owned(),
            (None, Some(_)) if digest.is_none() => "add the declared version as tag".to_owned(),
            (None, Some(_)) => {
                "enter the digest under `releases` in compatibility.yaml, or name the tag too".to_owned()
            }
            (Some(_), Some(version)) => {
                let flavour = tag.is_some_and(|tag| tag.starts_with(&format!("{}-", version.value)));
                let hint =
                    if flavour { "; `version_suffix: ignore` lets a flavour follow the version" } else { "" };
                format!("set the tag to {}, or declare what runs{hint}", version.value)
            }
        };
        self.image_mismatch(of, image, workload, environment, &help);
    }

    fn image_mismatch(
        &mut self,
        of: ComponentId,
        image: &Image,
        workload: &Workload,
        environment: EnvironmentId,
        help: &str,
    ) {
        let platform = self.platform;
        let component = &platform[of];
        let live = component.versions(environment);
        let place = live.first().map_or(component.name.place, |version| version.place);
        let related = self.findings.note(place, "declared here");
        let declared = match live {
            [] => "nowhere here".to_owned(),
            live => live.iter().map(|version| version.value.to_string()).collect::<Vec<_>>().join(" and "),
        };
        let name = &component.name.value;
        let at = (image.src.clone(), image.span);
        let subject = Subject::component(name);
        self.report_at(
            "compat/image-mismatch",
            subject,
            environment.only(),
            at,
            |src, span, environments| Finding::ImageMismatch {
                src,
                span,
                workload: described(workload),
                image: image.reference.clone(),
                environment: platform.names(environments),
                component: name.to_string(),
                declared: declared.clone(),
                help: help.to_owned(),
                related: related.clone(),
            },
        );
    }

    /// Directories and environments must name the same set.
    fn overlays(&mut self, overlays: &Overlays) {
        let platform = self.platform;
        let component = overlays.component.as_deref().and_then(|name| platform.component(name));
        let needed = component.map_or(self.scope, |id| platform[id].environments.and(self.scope));
        let subject = Subject { component: overlays.component.as_deref(), ..Subject::default() };
        for environment in needed.iter() {
            let overlay = &platform[environment].overlay;
            if overlays.overlays.iter().any(|present| **present == *overlay.value) {
                continue;
            }
            self.report(
                "compat/overlay-missing",
                subject,
                environment.only(),
                overlay.place,
                |src, span, environments| {
                    let (directory, overlay) = (overlays.directory.clone(), overlay.value.to_string());
                    Finding::OverlayMissing {
                        src,
                        span,
                        directory,
                        overlay,
                        environment: platform.names(environments),
                    }
                },
            );
        }
        let known = || platform.environments().iter().map(|environment| &*environment.overlay.value);
        let Some(place) = platform.environments_place else { return };
        for overlay in overlays.overlays.iter().filter(|overlay| !known().any(|known| known == *overlay)) {
            let help = match suggest::nearest(overlay, known()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "remove it, or declare its environment".to_owned(),
            };
            self.report("compat/unknown-overlay", subject, self.scope, place, |src, span, _| {
                let (directory, overlay) = (overlays.directory.clone(), overlay.clone());
                Finding::UnknownOverlay { src, span, directory, overlay, help: help.clone() }
            });
        }
    }
}

fn described(workload: &Workload) -> String {
    format!("{} `{}`", workload.kind, workload.name)
}
