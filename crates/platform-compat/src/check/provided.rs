//! APIs that releases serve otherwise than platform.yaml says of their component.

use std::collections::HashMap;

use crate::{
    compatibility::Release,
    model::{Api, ComponentId},
    platform::Platform,
    version::{Key, Version},
};

/// Releases with `provides`, by component and version.
pub(super) struct Provided<'p>(HashMap<(ComponentId, &'p Key), (&'p Release, &'p [Api])>);

impl<'p> Provided<'p> {
    pub(super) fn new(platform: &'p Platform) -> Self {
        let releases = platform.compatibility().releases.iter();
        let provided = releases.filter_map(|release| {
            let apis = release.provides.as_deref()?;
            Some(((release.component, release.version.value.key()), (release, apis)))
        });
        Self(provided.collect())
    }

    /// What a version says by itself: its release, and the APIs of that name.
    pub(super) fn get(
        &self,
        component: ComponentId,
        version: &Version,
        api: &str,
    ) -> Option<(&'p Release, Vec<&'p Api>)> {
        let (release, apis) = self.0.get(&(component, version.key()))?;
        Some((release, apis.iter().filter(|served| *served.name.value == *api).collect()))
    }
}

/// Whether a release that serves these is of use to one who accepts an API: one that it does not name is gone.
pub(super) fn suffice(own: &[&Api], accepted: &Api) -> bool {
    !own.is_empty() && accepted.accepts(own)
}
