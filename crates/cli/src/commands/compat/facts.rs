//! How far the schemas of environments are: what questions about versions need of the manifests.

use platform_compat::{Facts, Platform};

use crate::commands::check::schemas_of;
use crate::commands::migrate::files;
use crate::failure::Failure;
use crate::tree::Tree;

/// The migrations that each environment's bundle holds. What cannot be rendered is not known; `infra check` says why.
pub(super) fn schemas(tree: &Tree, platform: &Platform) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    let directory = &tree.configuration.paths.migrations;
    let kept = platform.components().iter().any(|component| component.database.is_some());
    if !kept || !tree.path(directory).is_dir() {
        return Ok(facts);
    }
    let placeholders = files::offline_placeholders(&tree.configuration.placeholders)?;
    let (migrations, _) = files::load(&[directory.clone().into()], Some(&tree.root), &placeholders)?;
    for environment in platform.environments() {
        let name = environment.name.value.to_string();
        if let Ok(schemas) = schemas_of(tree, platform, &name, &migrations) {
            facts.schemas.extend(schemas);
        }
    }
    Ok(facts)
}
