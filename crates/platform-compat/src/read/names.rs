//! References to things by name.

use std::{collections::HashMap, sync::Arc};

use crate::{
    decode::{Decoder, Fields, list},
    finding::Finding,
    model::{Component, ComponentId, EnvironmentId, EnvironmentSet},
    place::{Spanned, Text},
    range::{Range, RangeProblem},
    suggest,
    version::{Scheme, Suffix, Version},
    yaml::Node,
};

/// Unknown names for which a nearest one is looked up: the search reads all names each time.
const MAX_SUGGESTIONS: usize = 100;

/// What names stand for, and the ranges that were already read.
pub(crate) struct Names<'p> {
    pub(crate) environments: &'p HashMap<Arc<str>, EnvironmentId>,
    ranges: HashMap<(Arc<str>, Scheme), Arc<Range>>,
    suggestions: usize,
}

impl<'p> Names<'p> {
    pub(crate) fn new(environments: &'p HashMap<Arc<str>, EnvironmentId>) -> Self {
        Self { environments, ranges: HashMap::new(), suggestions: 0 }
    }

    /// "did you mean …", or what there is.
    pub(crate) fn help<'c>(
        &mut self,
        name: &str,
        candidates: impl Iterator<Item = &'c str> + Clone,
    ) -> String {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS {
            return "declare it, or correct the name".to_owned();
        }
        if let Some(nearest) = suggest::nearest(name, candidates.clone()) {
            return format!("did you mean `{nearest}`?");
        }
        let mut known: Vec<&str> = candidates.collect();
        known.sort_unstable();
        match known.len() {
            0 => "there are none: declare it first".to_owned(),
            1..=12 => format!("known are {}", list(&known)),
            _ => "declare it, or correct the name".to_owned(),
        }
    }

    /// The component with a name.
    pub(crate) fn component(
        &mut self,
        decoder: &mut Decoder<'_>,
        name: &Text,
        by_name: &HashMap<Arc<str>, ComponentId>,
    ) -> Option<ComponentId> {
        let found = by_name.get(&name.value).copied();
        if found.is_none() {
            let help = self.help(&name.value, by_name.keys().map(|known| &**known));
            let text = name.value.to_string();
            decoder.findings.push(name.place, |src, span| Finding::UnknownComponent {
                src,
                span,
                name: text,
                whose: String::new(),
                help,
            });
        }
        found
    }

    /// The environment with a name.
    pub(crate) fn environment(
        &mut self,
        decoder: &mut Decoder<'_>,
        node: &Node<'_>,
    ) -> Option<EnvironmentId> {
        let name = decoder.text(node)?;
        self.environment_named(decoder, &name)
    }

    pub(crate) fn environment_named(
        &mut self,
        decoder: &mut Decoder<'_>,
        name: &Text,
    ) -> Option<EnvironmentId> {
        let found = self.environments.get(&name.value).copied();
        if found.is_none() {
            let help = self.help(&name.value, self.environments.keys().map(|known| &**known));
            let text = name.value.to_string();
            decoder.findings.push(name.place, |src, span| Finding::UnknownEnvironment {
                src,
                span,
                name: text,
                whose: String::new(),
                help,
            });
        }
        found
    }

    /// All environments.
    pub(crate) fn everywhere(&self) -> EnvironmentSet {
        self.environments.values().copied().collect()
    }

    /// The environments under a key: one or a list; nothing when the key is absent.
    pub(crate) fn environment_set(
        &mut self,
        decoder: &mut Decoder<'_>,
        fields: &Fields<'_, '_>,
        key: &'static str,
    ) -> Option<EnvironmentSet> {
        fields.get(key)?;
        Some(
            decoder
                .one_or_many(fields, key, |decoder, node| self.environment(decoder, node))
                .into_iter()
                .collect(),
        )
    }

    /// The endpoint of a component with a name, as its index.
    pub(crate) fn endpoint(
        &mut self,
        decoder: &mut Decoder<'_>,
        name: &Text,
        of: &Component,
    ) -> Option<usize> {
        let found = of.provides.iter().position(|endpoint| endpoint.name.value == name.value);
        if found.is_none() {
            let help = self.help(&name.value, of.provides.iter().map(|endpoint| &*endpoint.name.value));
            let (text, whose) = (name.value.to_string(), format!(" of `{}`", of.name.value));
            decoder.findings.push(name.place, |src, span| Finding::UnknownEndpoint {
                src,
                span,
                name: text,
                whose,
                help,
            });
        }
        found
    }

    /// The range that a text means for versions of a scheme.
    pub(crate) fn range(
        &mut self,
        decoder: &mut Decoder<'_>,
        text: Text,
        scheme: Scheme,
    ) -> Option<Spanned<Arc<Range>>> {
        let key = (text.value.clone(), scheme);
        if let Some(range) = self.ranges.get(&key) {
            return Some(text.map(|_| range.clone()));
        }
        match Range::parse(&text.value, scheme) {
            Ok(range) => {
                let range = Arc::new(range);
                self.ranges.insert(key, range.clone());
                Some(text.map(|_| range))
            }
            Err(error) => {
                let place = text.part(error.start, error.length);
                let range = text.value.to_string();
                decoder.findings.push(place, |src, span| match error.problem {
                    RangeProblem::Empty => Finding::RangeEmpty { src, span, range },
                    problem => Finding::RangeSyntax { src, span, range, problem },
                });
                None
            }
        }
    }
}

/// A version of a component.
pub(crate) fn version(
    decoder: &mut Decoder<'_>,
    text: &Spanned<&str>,
    component: &str,
    scheme: Scheme,
    suffix: Suffix,
) -> Option<Spanned<Version>> {
    match Version::parse(text.value, scheme, suffix) {
        Ok(version) => Some(Spanned { value: version, place: text.place }),
        Err(problem) => {
            let (value, component) = (text.value.to_string(), component.to_owned());
            decoder.findings.push(text.place, |src, span| Finding::InvalidVersion {
                src,
                span,
                value,
                component,
                problem,
            });
            None
        }
    }
}
