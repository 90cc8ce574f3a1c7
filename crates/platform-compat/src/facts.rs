//! What was seen in manifests and directories, for comparison with what is declared.

use miette::SourceSpan;

use crate::{image, place::Source};

/// Facts about environments, by the names of platform.yaml.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Environments whose manifests could be rendered: only these are compared.
    pub rendered: Vec<String>,
    /// Migrations that environments hold.
    pub schemas: Vec<Schema>,
    /// Workloads that environments render.
    pub workloads: Vec<Workload>,
    /// Directories with overlays.
    pub overlays: Vec<Overlays>,
}

/// The migrations of one database in the bundle that one environment renders.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The environment.
    pub environment: String,
    /// The component whose schema it is.
    pub database: String,
    /// Versioned migrations in any order; the newest is the level of the schema.
    pub migrations: Vec<Migration>,
}

/// A versioned migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its version as text, `042`.
    pub version: String,
    /// The file.
    pub script: String,
}

/// A rendered workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The environment.
    pub environment: String,
    /// Its kind, such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace; the environment's when empty.
    pub namespace: String,
    /// Labels of its pods.
    pub labels: Vec<(String, String)>,
    /// Images of its containers and init containers.
    pub images: Vec<Image>,
    /// The file to show for it.
    pub src: Source,
    /// The bytes of it to show.
    pub span: SourceSpan,
}

/// An image of a container.
#[derive(Debug, Clone)]
pub struct Image {
    /// `REPOSITORY[:TAG][@DIGEST]`.
    pub reference: String,
    /// The file that sets it.
    pub src: Source,
    /// The bytes of it that do.
    pub span: SourceSpan,
}

impl Image {
    /// Repository, tag and digest.
    pub(crate) fn parts(&self) -> (&str, Option<&str>, Option<&str>) {
        image::parts(&self.reference)
    }
}

/// A directory with an overlay for each environment, such as `infra/redis/k8s/overlays`.
#[derive(Debug, Clone)]
pub struct Overlays {
    /// The directory, as the user knows it.
    pub directory: String,
    /// The component that it holds, if it has the name of one: then overlays are needed where that is deployed,
    /// otherwise everywhere.
    pub component: Option<String>,
    /// Names of the overlays.
    pub overlays: Vec<String>,
}
