//! Which version of a component an image is.

use crate::{
    model::{ComponentId, EnvironmentId},
    platform::Platform,
    version::Version,
};

/// Repository, tag and digest of `REPOSITORY[:TAG][@DIGEST]`. A colon before the last slash belongs to the registry's port.
pub(crate) fn parts(reference: &str) -> (&str, Option<&str>, Option<&str>) {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag), digest),
        _ => (name, None, digest),
    }
}

/// Whether an image of a component's repository is one of the versions that it declares for an environment: by its tag, or by its
/// digest where it has no tag.
pub(crate) fn is_declared(
    platform: &Platform,
    of: ComponentId,
    environment: EnvironmentId,
    reference: &str,
) -> bool {
    let component = &platform[of];
    let live = component.versions(environment);
    match parts(reference) {
        (_, Some(tag), _) => {
            let version = Version::parse(tag, component.scheme, component.suffix).ok();
            live.iter().any(|live| *live.value.as_str() == *tag || version.as_ref() == Some(&live.value))
        }
        (_, None, Some(digest)) => {
            live.iter().any(|live| digests(platform, of, &live.value).any(|known| known == digest))
        }
        (_, None, None) => false,
    }
}

/// The digests that compatibility.yaml knows for a version.
pub(crate) fn digests<'p>(
    platform: &'p Platform,
    of: ComponentId,
    version: &'p Version,
) -> impl Iterator<Item = &'p str> {
    let releases = platform.compatibility().releases.iter();
    let releases =
        releases.filter(move |release| release.component == of && release.version.value == *version);
    releases.flat_map(|release| &release.digests).map(|digest| &*digest.value)
}

/// The version that a running image is: by its tag, else by the digest that runs.
#[cfg(feature = "probe")]
pub(crate) fn version(
    platform: &Platform,
    of: ComponentId,
    reference: &str,
    running: Option<&str>,
) -> Option<Version> {
    let component = &platform[of];
    let (_, tag, pinned) = parts(reference);
    let tagged = tag.and_then(|tag| Version::parse(tag, component.scheme, component.suffix).ok());
    tagged.or_else(|| {
        let digest = pinned.or(running)?;
        let mut releases = platform.compatibility().releases.iter().filter(|release| release.component == of);
        let release = releases.find(|release| release.digests.iter().any(|known| *known.value == *digest))?;
        Some(release.version.value.clone())
    })
}
