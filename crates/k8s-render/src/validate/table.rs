//! The embedded table of Kubernetes' types; `schemas/table.py` makes it and describes its form.
//!
//! It is unpacked once, and a definition is decoded when an object first needs it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::schema::{Field, ListRule, Schema, Type};

/// More than the table unpacks to by far.
const LIMIT: usize = 1 << 22;

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed = include_bytes!("../../data/openapi.bin");
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, LIMIT).unwrap_or_default()
});
// The table is part of the program, and a test reads all of it.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(&BYTES).unwrap_or_default());

/// The one table.
pub(super) fn get() -> &'static Table {
    &TABLE
}

/// A release whose types are known.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) minor: u16,
    /// The whole version: `1.37.2`.
    pub(super) text: &'static str,
}

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Unknown,
    Namespaced,
    Cluster,
}

/// A kind of a group and version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) definition: usize,
    /// The releases that have it.
    pub(super) mask: u16,
    pub(super) scope: Scope,
}

/// Group, version, kind.
pub(super) type Name<'t> = (&'t str, &'t str, &'t str);

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) releases: Vec<Release>,
    strings: Vec<&'static str>,
    masks: Vec<u16>,
    definitions: Vec<&'static [u8]>,
    pub(super) kinds: HashMap<Name<'static>, Kind>,
}

impl Table {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let mut reader = Reader { bytes };
        let mut table = Self::default();
        for _ in 0..reader.number()? {
            let minor = u16::try_from(reader.number()?).ok()?;
            table.releases.push(Release { minor, text: reader.text()? });
        }
        for _ in 0..reader.number()? {
            table.strings.push(reader.text()?);
        }
        for _ in 0..reader.number()? {
            table.masks.push(u16::try_from(reader.number()?).ok()?);
        }
        for _ in 0..reader.number()? {
            let length = reader.number()?;
            table.definitions.push(reader.take(length)?);
        }
        for _ in 0..reader.number()? {
            let (group, version, kind) =
                (table.string(&mut reader)?, table.string(&mut reader)?, table.string(&mut reader)?);
            let (definition, mask) = (reader.number()?, table.mask(&mut reader)?);
            let scope = match reader.byte()? {
                1 => Scope::Namespaced,
                2 => Scope::Cluster,
                _ => Scope::Unknown,
            };
            table.kinds.insert((group, version, kind), Kind { definition, mask, scope });
        }
        reader.bytes.is_empty().then_some(table)
    }

    fn string(&self, reader: &mut Reader) -> Option<&'static str> {
        self.strings.get(reader.number()?).copied()
    }

    fn mask(&self, reader: &mut Reader) -> Option<u16> {
        self.masks.get(reader.number()?).copied()
    }

    /// The number of definitions.
    pub(super) fn len(&self) -> usize {
        self.definitions.len()
    }

    /// The bit of a release in every mask.
    pub(super) fn bit(&self, minor: u16) -> u16 {
        self.releases.iter().position(|release| release.minor == minor).map_or(0, |at| 1 << at)
    }

    /// The releases of a mask as people say them: `1.31 to 1.34`.
    pub(super) fn span(&self, mask: u16) -> String {
        let has = |at: &usize| mask & (1 << at) != 0;
        let (first, last) = ((0..self.releases.len()).find(has), (0..self.releases.len()).rfind(has));
        let name = |at: usize| format!("1.{}", self.releases[at].minor);
        match (first, last) {
            (Some(first), Some(last)) if last + 1 == self.releases.len() => format!("{} on", name(first)),
            (Some(first), Some(last)) if first == last => format!("{} only", name(first)),
            (Some(first), Some(last)) => format!("{} to {}", name(first), name(last)),
            _ => "no release".to_owned(),
        }
    }

    /// The fields that a definition has in the releases of `mask`.
    pub(super) fn decode(&self, definition: usize, mask: u16) -> Type<'static> {
        let fields = self.definitions.get(definition).and_then(|bytes| self.fields(bytes, mask));
        Type::new(fields.unwrap_or_default())
    }

    /// The releases in which a definition has a field.
    pub(super) fn releases_of(&self, definition: usize, name: &str) -> u16 {
        let count = u16::try_from(self.releases.len()).unwrap_or(0);
        let has = |bit: &u16| self.decode(definition, *bit).field(name).is_some();
        (0..count).map(|at| 1 << at).filter(has).fold(0, |mask, bit| mask | bit)
    }

    fn fields(&self, bytes: &'static [u8], wanted: u16) -> Option<Vec<Field<'static>>> {
        let mut reader = Reader { bytes };
        let mut fields = Vec::new();
        for _ in 0..reader.number()? {
            let name = self.string(&mut reader)?;
            let mask = self.mask(&mut reader)?;
            let required = reader.byte()? == 1;
            let schema = self.schema(&mut reader)?;
            if mask & wanted != 0 {
                fields.push(Field { name, required, schema });
            }
        }
        Some(fields)
    }

    fn schema(&self, reader: &mut Reader) -> Option<Schema<'static>> {
        Some(match reader.byte()? {
            0 => Schema::Any,
            1 => Schema::Text,
            2 => Schema::Int32,
            3 => Schema::Int64,
            4 => Schema::Number,
            5 => Schema::Boolean,
            6 => Schema::Object,
            7 => Schema::Definition(reader.number()?),
            8 => {
                let rule = match reader.byte()? {
                    0 => ListRule::Plain,
                    1 => ListRule::Set,
                    _ => ListRule::Keys(self.texts(reader)?),
                };
                Schema::List(rule, Box::new(self.schema(reader)?))
            }
            9 => Schema::Map(Box::new(self.schema(reader)?)),
            10 => Schema::OneOf(self.texts(reader)?),
            11 => Schema::Bytes,
            12 => Schema::Time,
            13 => Schema::IntOrText,
            14 => Schema::Quantity,
            _ => return None,
        })
    }

    fn texts(&self, reader: &mut Reader) -> Option<Vec<&'static str>> {
        (0..reader.number()?).map(|_| self.string(reader)).collect()
    }
}

struct Reader {
    bytes: &'static [u8],
}

impl Reader {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// An unsigned LEB128 number.
    fn number(&mut self) -> Option<usize> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= usize::from(byte & 127).checked_shl(shift)?;
            if byte < 128 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn take(&mut self, length: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'static str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_can_be_read() {
        let table = get();
        let minors: Vec<_> = table.releases.iter().map(|release| release.minor).collect();
        assert_eq!(minors, (30..30 + u16::try_from(minors.len()).unwrap()).collect::<Vec<_>>());
        assert!(
            minors.len() >= 8
                && table.releases.iter().all(|r| r.text.starts_with(&format!("1.{}.", r.minor)))
        );
        assert!(table.len() > 800 && table.kinds.len() > 300);
        for definition in &table.definitions {
            let fields = table.fields(definition, u16::MAX).expect("every definition decodes");
            for field in fields {
                assert!(refers_within(&field.schema, table.len()), "{}", field.name);
            }
        }
        assert!(table.kinds.values().all(|kind| kind.mask != 0 && kind.definition < table.len()));
    }

    fn refers_within(schema: &Schema<'_>, count: usize) -> bool {
        match schema {
            Schema::Definition(at) => *at < count,
            Schema::List(_, items) | Schema::Map(items) => refers_within(items, count),
            _ => true,
        }
    }

    #[test]
    fn kinds_come_and_go_with_releases() {
        let table = get();
        let releases = |group, version, kind| table.span(table.kinds[&(group, version, kind)].mask);
        assert_eq!(releases("apps", "v1", "Deployment"), "1.30 on");
        assert_eq!(releases("flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema"), "1.30 to 1.31");
        assert_eq!(releases("resource.k8s.io", "v1", "ResourceClaim"), "1.34 on");
        assert_eq!(table.kinds[&("", "v1", "Namespace")].scope, Scope::Cluster);
        assert_eq!(table.kinds[&("", "v1", "Service")].scope, Scope::Namespaced);
    }

    #[test]
    fn fields_come_with_releases() {
        let table = get();
        let field = |definition: usize, name: &str, minor: u16| {
            let schema =
                table.decode(definition, table.bit(minor)).field(name).map(|field| field.schema.clone());
            schema.and_then(|schema| match schema {
                Schema::Definition(at) => Some(at),
                Schema::List(_, items) => match *items {
                    Schema::Definition(at) => Some(at),
                    _ => None,
                },
                _ => Some(usize::MAX),
            })
        };
        let pod = table.kinds[&("", "v1", "Pod")].definition;
        let spec = field(pod, "spec", 30).unwrap();
        // `spec.resources` is the field of pod-level resources, which came with 1.32.
        assert_eq!(field(spec, "resources", 31), None);
        assert!(field(spec, "resources", 32).is_some());
        assert_eq!(table.span(table.releases_of(spec, "resources")), "1.32 on");
        assert_eq!(table.releases_of(spec, "resurces"), 0);
    }
}
