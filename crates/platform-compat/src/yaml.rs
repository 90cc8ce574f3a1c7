//! YAML text to a tree that knows where everything stands.
//!
//! Scalars stay the text that was written: `042`, `1.30`, `8.4` and `on` are never numbers or booleans here; the
//! reader of a field decides. Duplicate keys are reported and the first one counts. Bounded: nesting, size, and
//! what aliases expand to.

use std::{borrow::Cow, collections::HashMap};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::{finding::Finding, findings::Findings, place::Place};

mod simple;

/// Deepest nesting of lists and maps; the model needs eight.
const MAX_DEPTH: usize = 64;
/// Longest text in bytes: offsets are 32 bits, and 100,000 components take about 50 MB.
const MAX_BYTES: usize = 1 << 30;
/// Values that all anchors and aliases of a file may repeat.
const MAX_COPIED: usize = 100_000;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'t> {
    pub(crate) value: Value<'t>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'t> {
    /// `~`, `null`, or nothing at all.
    Null,
    Scalar(Cow<'t, str>),
    Sequence(Vec<Node<'t>>),
    Mapping(Vec<(Key<'t>, Node<'t>)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) place: Place,
}

/// Reads the one document of a file. Nothing comes back where there is none, and findings say why.
pub(crate) fn parse<'t>(text: &'t str, file: u32, findings: &mut Findings) -> Option<Node<'t>> {
    let start = Place { file, start: 0, end: 0 };
    if text.len() > MAX_BYTES {
        findings.push(start, |src, span| Finding::YamlBudget { src, span, what: "more than 1 GiB".into() });
        return None;
    }
    simple::parse(text, file).or_else(|| parse_events(text, file, findings))
}

/// Reads any document, by the library's events.
fn parse_events<'t>(text: &'t str, file: u32, findings: &mut Findings) -> Option<Node<'t>> {
    let mut options =
        granit_parser::options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
    options.set_emit_comments(false);
    let builder = Builder {
        parser: Parser::new_from_str_with_options(text, options),
        file,
        length: u32::try_from(text.len()).unwrap_or(u32::MAX),
        findings,
        items: Vec::new(),
        entries: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        copied: 0,
    };
    let document = builder.document();
    if matches!(document, Ok(None)) {
        let start = Place { file, start: 0, end: 0 };
        findings.push(start, |src, span| Finding::EmptyDocument { src, span });
    }
    document.ok().flatten()
}

/// The reading cannot go on; a finding has been pushed.
struct Stop;

struct Builder<'t, 'f> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    file: u32,
    length: u32,
    findings: &'f mut Findings,
    /// Items of the lists, and entries of the maps, that are still open.
    items: Vec<Node<'t>>,
    entries: Vec<(Key<'t>, Node<'t>)>,
    /// Anchored values with the count of their nodes.
    anchors: HashMap<usize, (Node<'t>, usize)>,
    /// Values so far, with those that aliases expand to.
    nodes: usize,
    copied: usize,
}

impl<'t> Builder<'t, '_> {
    fn document(mut self) -> Result<Option<Node<'t>>, Stop> {
        let mut document = None;
        while let Some((event, place)) = self.next()? {
            match event {
                Event::DocumentStart(..) if document.is_some() => {
                    self.unsupported(place, "a second document", "keep one document in a file");
                    return Ok(document);
                }
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => {
                    let node = self.node(event, place)?;
                    document = Some(node).filter(|node| !matches!(node.value, Value::Null));
                }
            }
        }
        Ok(document)
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Place)>, Stop> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                let range = span.byte_range().unwrap_or_default();
                Ok(Some((event, self.place(range.start, range.end))))
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                let place = self.place(at, at + 1);
                let problem = error.info();
                self.findings.push(place, |src, span| Finding::YamlSyntax { src, span, problem });
                Err(Stop)
            }
        }
    }

    fn place(&self, start: usize, end: usize) -> Place {
        let bound = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX).min(self.length);
        Place { file: self.file, start: bound(start), end: bound(end.max(start)) }
    }

    fn node(&mut self, event: Event<'t>, start: Place) -> Result<Node<'t>, Stop> {
        let before = self.nodes;
        self.nodes += 1;
        let (value, anchor, tag, end) = match event {
            Event::Alias(anchor) => return self.alias(anchor, start),
            Event::Scalar(text, style, anchor, tag) => {
                let null = style == ScalarStyle::Plain && is_null(&text);
                (if null { Value::Null } else { Value::Scalar(text) }, anchor, tag, start.end)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let (items, end) = self.sequence(style)?;
                (Value::Sequence(items), anchor, tag, end)
            }
            Event::MappingStart(style, anchor, tag) => {
                let (entries, end) = self.mapping(style)?;
                (Value::Mapping(entries), anchor, tag, end)
            }
            _ => (Value::Null, 0, None, start.end),
        };
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            self.unsupported(start, "a tag", "remove the tag: the meaning of every value is fixed here");
        }
        let node = Node { value, place: Place { end: end.max(start.end), ..start } };
        if anchor != 0 {
            let size = self.nodes - before;
            self.copy(size, start)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn sequence(&mut self, style: StructureStyle) -> Result<(Vec<Node<'t>>, u32), Stop> {
        // Millions of small lists and maps are read: each gets exactly the room that it needs.
        let start = self.items.len();
        while let Some((event, place)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                let items = self.items.split_off(start);
                let last = items.last().map(|item| item.place);
                return Ok((items, end(style, last, place)));
            }
            let item = self.node(event, place)?;
            self.items.push(item);
        }
        Err(Stop)
    }

    fn mapping(&mut self, style: StructureStyle) -> Result<(Vec<(Key<'t>, Node<'t>)>, u32), Stop> {
        let start = self.entries.len();
        let mut seen = Keys::default();
        while let Some((event, place)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                let entries = self.entries.split_off(start);
                let last = entries.last().map(|(_, value)| value.place);
                return Ok((entries, end(style, last, place)));
            }
            let key = self.node(event, place)?;
            let Some((event, place)) = self.next()? else { break };
            let value = self.node(event, place)?;
            let Value::Scalar(text) = key.value else {
                self.unsupported(key.place, "a key that is no text", "write a plain word as key");
                continue;
            };
            let key = Key { text, place: key.place };
            let Some(first) = seen.insert(&self.entries[start..], &key) else {
                self.entries.push((key, value));
                continue;
            };
            let (first, text) = (first.span(), key.text.to_string());
            self.findings.push(key.place, |src, span| Finding::DuplicateKey { src, span, first, key: text });
        }
        Err(Stop)
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<Node<'t>, Stop> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            self.unsupported(place, "an alias inside its own anchor", "write the value out");
            return Err(Stop);
        };
        self.copy(size, place)?;
        self.nodes += size;
        Ok(node)
    }

    /// Accounts for values that anchors and aliases repeat.
    fn copy(&mut self, size: usize, place: Place) -> Result<(), Stop> {
        self.copied += size;
        if self.copied <= MAX_COPIED {
            return Ok(());
        }
        let what = format!("anchors and aliases for more than {MAX_COPIED} values");
        self.findings.push(place, |src, span| Finding::YamlBudget { src, span, what });
        Err(Stop)
    }

    fn unsupported(&mut self, place: Place, what: &'static str, help: &'static str) {
        self.findings.push(place, |src, span| Finding::UnsupportedYaml { src, span, what, help });
    }
}

/// Whether a plain scalar stands for nothing.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Where a list or map ends: a block's end is told only where the next thing begins.
fn end(style: StructureStyle, last: Option<Place>, closing: Place) -> u32 {
    match style {
        StructureStyle::Flow => closing.end,
        StructureStyle::Block => last.map_or(closing.start, |last| last.end),
    }
}

/// Finds duplicate keys without hashing the few keys that most maps have.
#[derive(Default)]
struct Keys<'t>(HashMap<Cow<'t, str>, Place>);

impl<'t> Keys<'t> {
    const FEW: usize = 16;

    /// The place of an earlier key with the same text.
    fn insert(&mut self, entries: &[(Key<'t>, Node<'t>)], key: &Key<'t>) -> Option<Place> {
        if entries.len() < Self::FEW {
            return entries.iter().find(|(other, _)| other.text == key.text).map(|(other, _)| other.place);
        }
        if self.0.is_empty() {
            self.0.extend(entries.iter().map(|(key, _)| (key.text.clone(), key.place)));
        }
        if let Some(first) = self.0.get(&key.text) {
            return Some(*first);
        }
        self.0.insert(key.text.clone(), key.place);
        None
    }
}
