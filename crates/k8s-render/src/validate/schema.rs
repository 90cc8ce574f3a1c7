//! What a value may be.

use std::sync::OnceLock;

use super::table::{self, Kind, Name};
use super::version::KubeVersion;

/// What Kubernetes' own types say of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Schema<'t> {
    Any,
    Text,
    Int32,
    Int64,
    Number,
    Boolean,
    /// An object of any fields.
    Object,
    /// A definition of the table.
    Definition(usize),
    List(ListRule<'t>, Box<Schema<'t>>),
    Map(Box<Schema<'t>>),
    OneOf(Vec<&'t str>),
    /// Bytes as base64.
    Bytes,
    /// RFC 3339.
    Time,
    IntOrText,
    Quantity,
}

/// What must be unique in a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ListRule<'t> {
    Plain,
    Set,
    Keys(Vec<&'t str>),
}

#[derive(Debug, Clone)]
pub(super) struct Field<'t> {
    pub(super) name: &'t str,
    pub(super) required: bool,
    pub(super) schema: Schema<'t>,
}

/// The fields of an object, sorted by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Type<'t> {
    fields: Vec<Field<'t>>,
}

impl<'t> Type<'t> {
    pub(super) fn new(mut fields: Vec<Field<'t>>) -> Self {
        fields.sort_unstable_by_key(|field| field.name);
        Self { fields }
    }

    pub(super) fn field(&self, name: &str) -> Option<&Field<'t>> {
        self.fields.binary_search_by_key(&name, |field| field.name).ok().map(|at| &self.fields[at])
    }

    pub(super) fn required(&self) -> impl Iterator<Item = &Field<'t>> {
        self.fields.iter().filter(|field| field.required)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'t str> {
        self.fields.iter().map(|field| field.name)
    }
}

/// The types of one release. A type is decoded when it is first needed, once for all threads.
#[derive(Debug)]
pub struct Schemas {
    version: KubeVersion,
    bit: u16,
    types: Vec<OnceLock<Type<'static>>>,
}

impl Schemas {
    /// The types of a release.
    pub fn new(version: KubeVersion) -> Self {
        let table = table::get();
        let types = std::iter::repeat_with(OnceLock::new).take(table.len()).collect();
        Self { version, bit: table.bit(version.minor()), types }
    }

    /// The release.
    pub fn version(&self) -> KubeVersion {
        self.version
    }

    pub(super) fn type_of(&self, definition: usize) -> &Type<'static> {
        static NONE: Type<'static> = Type { fields: Vec::new() };
        let cell = self.types.get(definition);
        cell.map_or(&NONE, |cell| cell.get_or_init(|| table::get().decode(definition, self.bit)))
    }

    /// The kind, when this release serves it.
    pub(super) fn kind(&self, name: Name<'_>) -> Option<Kind> {
        table::get().kinds.get(&name).copied().filter(|kind| kind.mask & self.bit != 0)
    }

    /// The type of the metadata of every object.
    pub(super) fn metadata(&self) -> Option<usize> {
        let pod = self.kind(("", "v1", "Pod"))?;
        match self.type_of(pod.definition).field("metadata")?.schema {
            Schema::Definition(at) => Some(at),
            _ => None,
        }
    }
}
