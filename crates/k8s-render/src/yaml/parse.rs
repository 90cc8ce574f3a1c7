//! Text to trees: events of the parser become [`Node`]s with anchors expanded and scalars resolved.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::resolve::{Dialect, Resolved, float_text, resolve};
use super::spelling::{Spelling, remembered};
use super::{Node, Origin, Value};
use crate::finding::{Finding, Source};

/// How many nodes the aliases of one text may stand for before it is refused as an alias bomb.
const ALIAS_BUDGET: usize = 500_000;
/// How many runs of lines with leading tabs a text may have.
const TAB_RUNS: usize = 200;
/// How deep values may nest, aliases included.
const DEPTH_LIMIT: usize = 255;

/// Reads every document of a text as resources are read. Empty documents are left out.
///
/// Problems do not stop the reading where it can go on; after a syntax error the documents before it are returned.
pub fn parse(source: &Source) -> (Vec<Node>, Vec<Finding>) {
    parse_as(source, Dialect::Resource)
}

/// Reads every document of a text in the given dialect. Empty documents are left out.
pub fn parse_as(source: &Source, dialect: Dialect) -> (Vec<Node>, Vec<Finding>) {
    let text: &str = source.inner();
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shift = text.len() - body.len();
    let mut body = Cow::Borrowed(body);
    // Tabs before the lines of a flow collection are blanks to YAML, but not to the parser: it is given blanks.
    for _ in 0..TAB_RUNS {
        match read(source, &body, shift, dialect) {
            Ok(result) => return result,
            Err(line) => body = Cow::Owned(without_leading_tabs(&body, line)),
        }
    }
    read(source, &body, shift, dialect).unwrap_or_else(|line| {
        let problem = "there are too many lines with tabs in flow collections".to_owned();
        let span = (line + shift, 0).into();
        (Vec::new(), vec![Finding::YamlLimit { problem, src: source.clone(), span }])
    })
}

/// The text with blanks for the tabs that its lines begin with, from the line at `start` as long as there are such lines.
fn without_leading_tabs(text: &str, start: usize) -> String {
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..start]);
    let mut lines = text[start..].split_inclusive('\n');
    for line in lines.by_ref() {
        let rest = line.trim_start_matches([' ', '\t']);
        let lead = &line[..line.len() - rest.len()];
        if !lead.contains('\t') {
            out.push_str(line);
            break;
        }
        out.extend(std::iter::repeat_n(' ', lead.len()));
        out.push_str(rest);
    }
    out.extend(lines);
    out
}

/// Reads a text once; the failure is the start of a line within a flow collection that begins with a tab.
fn read(
    source: &Source,
    body: &str,
    shift: usize,
    dialect: Dialect,
) -> Result<(Vec<Node>, Vec<Finding>), usize> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_LIMIT,
        block_nesting_limit: DEPTH_LIMIT,
        block_scalar_eof_without_line_feed: true,
    };
    let mut builder = Builder {
        source,
        file: Arc::from(source.name()),
        dialect,
        frames: Vec::new(),
        flow_depth: 0,
        anchors: HashMap::new(),
        expanded: 0,
        documents: Vec::new(),
        findings: Vec::new(),
    };
    for step in Parser::new_from_str_with_options(body, options) {
        match step {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                if builder.take(event, range.start + shift..range.end + shift).is_err() {
                    break;
                }
            }
            Err(error) => {
                let place = error.marker().byte_offset().unwrap_or(0).min(body.len());
                let line = body.get(..place).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
                let begins_with_tab = body[line..].trim_start_matches(' ').starts_with('\t');
                if builder.flow_depth > 0 && begins_with_tab {
                    return Err(line);
                }
                builder.findings.push(Finding::YamlSyntax {
                    problem: error.info(),
                    src: source.clone(),
                    span: (place + shift, 0).into(),
                });
                break;
            }
        }
    }
    Ok((builder.documents, builder.findings))
}

/// A collection that is being read.
enum Frame {
    Sequence { anchor: usize, range: Range<usize>, items: Vec<Node> },
    Mapping(MappingFrame),
}

struct MappingFrame {
    anchor: usize,
    range: Range<usize>,
    entries: IndexMap<String, Node>,
    /// Where the key of each entry stands.
    keys: Vec<Range<usize>>,
    key: Option<Key>,
    merged: Vec<Node>,
}

enum Key {
    Text(String, Range<usize>),
    Merge,
    /// A key that was refused; its value is read and dropped.
    Refused,
}

/// The text cannot be read any further; the reason is among the findings.
struct Stop;

/// What an anchor stands for, with its size and depth.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Builder<'a> {
    source: &'a Source,
    file: Arc<str>,
    dialect: Dialect,
    frames: Vec<Frame>,
    /// How many collections in brackets or braces are open.
    flow_depth: usize,
    anchors: HashMap<usize, Anchored>,
    expanded: usize,
    documents: Vec<Node>,
    findings: Vec<Finding>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Stop> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.wants_key() {
                    return self.key(&text, style, tag.as_deref(), anchor, range);
                }
                let value = self.scalar(&text, style, tag.as_deref(), &range)?;
                let mut node = self.node(value, range);
                if style == ScalarStyle::Plain && self.dialect == Dialect::Resource {
                    node.origin = node
                        .origin
                        .map(|origin| Origin { spelling: remembered(&text, &node.value), ..origin });
                }
                self.complete(node, anchor);
            }
            Event::SequenceStart(style, anchor, _) => {
                self.flow_depth += usize::from(style == StructureStyle::Flow);
                self.refuse_collection_key(&range);
                self.frames.push(Frame::Sequence { anchor, range, items: Vec::new() });
            }
            Event::MappingStart(style, anchor, _) => {
                self.flow_depth += usize::from(style == StructureStyle::Flow);
                self.refuse_collection_key(&range);
                self.frames.push(Frame::Mapping(MappingFrame {
                    anchor,
                    range,
                    entries: IndexMap::new(),
                    keys: Vec::new(),
                    key: None,
                    merged: Vec::new(),
                }));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                // A flow collection holds nothing but flow collections.
                let is_flow = self.flow_depth > 0;
                self.flow_depth = self.flow_depth.saturating_sub(1);
                self.close(&range, is_flow);
            }
            Event::Alias(id) => self.alias(id, range)?,
            _ => {}
        }
        Ok(())
    }

    fn node(&self, value: Value, range: Range<usize>) -> Node {
        let origin =
            Origin { file: Arc::clone(&self.file), start: range.start, end: range.end, spelling: None };
        Node { value, origin: Some(origin) }
    }

    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Mapping(mapping)) if mapping.key.is_none())
    }

    fn set_key(&mut self, key: Key) {
        if let Some(Frame::Mapping(mapping)) = self.frames.last_mut() {
            mapping.key = Some(key);
        }
    }

    /// The collection is still read, and [`Self::complete`] makes a refused key of it.
    fn refuse_collection_key(&mut self, range: &Range<usize>) {
        if self.wants_key() {
            self.findings.push(self.key_finding("a list or map", range.clone()));
        }
    }

    fn key_finding(&self, what: &str, range: Range<usize>) -> Finding {
        Finding::KeyNotText { what: what.to_owned(), src: self.source.clone(), span: range.into() }
    }

    fn refuse_key(&mut self, what: &str, range: Range<usize>) {
        self.findings.push(self.key_finding(what, range));
        self.set_key(Key::Refused);
    }

    fn key(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchor: usize,
        range: Range<usize>,
    ) -> Result<(), Stop> {
        if style == ScalarStyle::Plain && text == "<<" && tag.is_none() {
            self.set_key(Key::Merge);
            return Ok(());
        }
        let value = self.scalar(text, style, tag, &range)?;
        if anchor != 0 {
            let node = self.node(value.clone(), range.clone());
            self.anchors.insert(anchor, Anchored { node, nodes: 1, depth: 1 });
        }
        let key = match (value, self.dialect) {
            (Value::String(text), _) | (Value::Number(text), Dialect::Configuration) => Some(text),
            (Value::Bool(value), Dialect::Configuration) => Some(value.to_string()),
            _ => None,
        };
        match key {
            Some(text) => self.set_key(Key::Text(text, range)),
            None => self.refuse_key(&format!("`{text}`"), range),
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        range: &Range<usize>,
    ) -> Result<Value, Stop> {
        let value = match tag.map(|tag| core_tag(tag).unwrap_or_default()) {
            None if style == ScalarStyle::Plain => self.resolved(text),
            Some("binary") => STANDARD
                .decode(text.replace(['\n', ' '], ""))
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map(Value::String),
            Some("null") => Some(Value::Null),
            Some("int" | "float" | "bool" | "timestamp") => self.resolved(text),
            _ => Some(Value::String(text.to_owned())),
        };
        let Some(value) = value else {
            self.findings.push(Finding::YamlSyntax {
                problem: format!("`{text}` cannot be written as JSON"),
                src: self.source.clone(),
                span: range.clone().into(),
            });
            return Err(Stop);
        };
        Ok(value)
    }

    fn resolved(&self, text: &str) -> Option<Value> {
        Some(match resolve(text, self.dialect) {
            Resolved::Null => Value::Null,
            Resolved::Bool(value) => Value::Bool(value),
            Resolved::Integer(value) => Value::Number(value.to_string()),
            Resolved::Float(value) => Value::Number(float_text(value)?),
            Resolved::Timestamp(time) if self.dialect == Dialect::Resource => Value::String(time),
            Resolved::Timestamp(_) | Resolved::Text => Value::String(text.to_owned()),
        })
    }

    fn alias(&mut self, id: usize, range: Range<usize>) -> Result<(), Stop> {
        let problem = match self.anchors.get(&id) {
            None => "the alias stands inside the value that it names".to_owned(),
            Some(anchored) if self.expanded + anchored.nodes > ALIAS_BUDGET => {
                format!("the aliases of this file stand for more than {ALIAS_BUDGET} values")
            }
            Some(anchored) if self.frames.len() + anchored.depth > DEPTH_LIMIT => {
                format!("the aliases nest deeper than {DEPTH_LIMIT} levels")
            }
            Some(anchored) => {
                let (node, nodes) = (anchored.node.clone(), anchored.nodes);
                self.expanded += nodes;
                if self.wants_key() {
                    match node.value {
                        Value::String(text) => self.set_key(Key::Text(text, range)),
                        _ => self.refuse_key("an alias of something else than text", range),
                    }
                } else {
                    self.complete(node, 0);
                }
                return Ok(());
            }
        };
        self.findings.push(Finding::YamlLimit { problem, src: self.source.clone(), span: range.into() });
        Err(Stop)
    }

    fn close(&mut self, end: &Range<usize>, is_flow: bool) {
        let mark = |node: &mut Node| {
            if let Some(origin) = node.origin.as_mut().filter(|_| is_flow) {
                origin.spelling = Some(Box::new(Spelling::Enclosed(true)));
            }
        };
        match self.frames.pop() {
            Some(Frame::Sequence { anchor, range, mut items }) => {
                // Most collections are small and live long.
                items.shrink_to_fit();
                let last =
                    items.last().and_then(|node| node.origin.as_ref()).map_or(end.end, |last| last.end);
                let stop = if range.is_empty() { last } else { end.end };
                let mut node = self.node(Value::Sequence(items), range.start..stop.max(range.start));
                mark(&mut node);
                self.complete(node, anchor);
            }
            Some(Frame::Mapping(mut mapping)) => {
                for merged in std::mem::take(&mut mapping.merged) {
                    self.merge(&mut mapping.entries, merged);
                }
                mapping.entries.shrink_to_fit();
                let last = mapping
                    .entries
                    .values()
                    .filter_map(|node| node.origin.as_ref())
                    .map(|last| last.end)
                    .max();
                let stop = if mapping.range.is_empty() { last.unwrap_or(end.end) } else { end.end };
                let range = mapping.range.start..stop.max(mapping.range.start);
                let mut node = self.node(Value::Mapping(mapping.entries), range);
                mark(&mut node);
                self.complete(node, mapping.anchor);
            }
            None => {}
        }
    }

    /// Adds the entries of a `<<` value for keys that are not yet there.
    fn merge(&mut self, entries: &mut IndexMap<String, Node>, merged: Node) {
        match merged.value {
            Value::Mapping(more) => {
                for (key, node) in more {
                    entries.entry(key).or_insert(node);
                }
            }
            Value::Sequence(items) if items.iter().all(|item| matches!(item.value, Value::Mapping(_))) => {
                for item in items {
                    self.merge(entries, item);
                }
            }
            _ => self.findings.push(Finding::YamlSyntax {
                problem: "`<<` merges a map or a list of maps".to_owned(),
                src: self.source.clone(),
                span: merged.origin.map_or(0..0, |origin| origin.start..origin.end).into(),
            }),
        }
    }

    /// Puts a finished value where it belongs.
    fn complete(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            let (nodes, depth) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        match self.frames.last_mut() {
            None => {
                if node.value != Value::Null {
                    self.documents.push(node);
                }
            }
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping(mapping)) => match mapping.key.take() {
                Some(Key::Text(text, place)) => match mapping.entries.entry(text) {
                    Entry::Vacant(entry) => {
                        mapping.keys.push(place);
                        entry.insert(node);
                    }
                    Entry::Occupied(mut entry) => {
                        if self.dialect == Dialect::Resource {
                            self.findings.push(Finding::DuplicateKey {
                                key: entry.key().clone(),
                                src: self.source.clone(),
                                first: mapping.keys[entry.index()].clone().into(),
                                span: place.into(),
                            });
                        }
                        entry.insert(node);
                    }
                },
                Some(Key::Merge) => mapping.merged.push(node),
                Some(Key::Refused) => {}
                None => mapping.key = Some(Key::Refused),
            },
        }
    }
}

fn core_tag(tag: &Tag) -> Option<&str> {
    let (prefix, suffix) = tag.parts();
    (prefix == "tag:yaml.org,2002:").then_some(suffix)
}

/// The number of values in a tree and its depth.
fn measure(node: &Node) -> (usize, usize) {
    let children: &mut dyn Iterator<Item = &Node> = match &node.value {
        Value::Sequence(items) => &mut items.iter(),
        Value::Mapping(entries) => &mut entries.values(),
        _ => return (1, 1),
    };
    children.map(measure).fold((1, 1), |(nodes, depth), (more, below)| (nodes + more, depth.max(below + 1)))
}

#[cfg(test)]
mod tests;
