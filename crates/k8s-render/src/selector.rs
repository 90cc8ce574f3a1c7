//! Which objects a patch or replacement is for: anchored patterns and Kubernetes' label selectors.

use regex::bytes::{Regex, RegexBuilder};

use crate::fault::{Fault, Outcome, Rule};
use crate::id::{Gvk, Id};
use crate::kustomization::Selector;
use crate::object::Object;

/// A text that must match a pattern from end to end; the empty pattern matches everything.
#[derive(Debug)]
enum Pattern {
    Any,
    Literal(String),
    Regex(Regex),
}

/// Compiles a pattern as written; Unicode classes that this build does not carry fall back to bytes.
pub(crate) fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).or_else(|_| RegexBuilder::new(pattern).unicode(false).build()).ok()
}

impl Pattern {
    fn new(text: &str, selector: &Selector) -> Outcome<Self> {
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/') {
            return Ok(Self::Literal(text.to_owned()));
        }
        regex(&format!("^(?:{text})$")).map(Self::Regex).ok_or_else(|| {
            let problem = format!("`{text}` is no regular expression");
            let fault =
                Fault::new(Rule::Patch, problem, "escape the characters that have a meaning in patterns");
            fault.or_at(selector.origin.as_ref())
        })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(literal) => literal == text,
            Self::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }
}

/// A selector that is ready to be asked.
#[derive(Debug)]
pub(crate) struct Matcher {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Outcome<Self> {
        let requirements = |text: &str| {
            parse_requirements(text).ok_or_else(|| {
                let fault = Fault::new(
                    Rule::Patch,
                    format!("`{text}` is no label selector"),
                    "write for example `app=web,tier!=db,env in (dev,prod),!canary`",
                );
                fault.or_at(selector.origin.as_ref())
            })
        };
        Ok(Self {
            group: Pattern::new(&selector.group, selector)?,
            version: Pattern::new(&selector.version, selector)?,
            kind: Pattern::new(&selector.kind, selector)?,
            name: Pattern::new(&selector.name, selector)?,
            namespace: Pattern::new(&selector.namespace, selector)?,
            labels: requirements(&selector.labels)?,
            annotations: requirements(&selector.annotations)?,
        })
    }

    fn matches_gvk(&self, gvk: &Gvk) -> bool {
        self.kind.matches(&gvk.kind) && self.group.matches(&gvk.group) && self.version.matches(&gvk.version)
    }

    /// As a patch's target: name and namespace may be the original or the current ones.
    pub(crate) fn selects(&self, object: &Object) -> bool {
        if !self.kind.matches(object.kind()) {
            return false;
        }
        let (current, original) = (object.id(), object.original_id());
        self.matches_gvk(&current.gvk)
            && (self.name.matches(&original.name) || self.name.matches(&current.name))
            && (self.namespace.matches(original.effective_namespace())
                || self.namespace.matches(current.effective_namespace()))
            && self.matches_metadata(object)
    }

    /// As a replacement's target: one id must match in every part.
    pub(crate) fn matches_id(&self, id: &Id) -> bool {
        self.matches_gvk(&id.gvk)
            && self.name.matches(&id.name)
            && self.namespace.matches(if id.namespace.is_empty() { "default" } else { &id.namespace })
    }

    pub(crate) fn matches_metadata(&self, object: &Object) -> bool {
        let all = |requirements: &[Requirement], field: &str| {
            requirements.iter().all(|requirement| {
                let value = object.metadata_texts(field).find(|(key, _)| *key == requirement.key);
                requirement.is_met(value.map(|(_, value)| value))
            })
        };
        all(&self.labels, "labels") && all(&self.annotations, "annotations")
    }
}

/// One condition of a label selector.
#[derive(Debug, PartialEq)]
struct Requirement {
    key: String,
    condition: Condition,
}

#[derive(Debug, PartialEq)]
enum Condition {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl Requirement {
    fn is_met(&self, value: Option<&str>) -> bool {
        let number = |value: Option<&str>| value.and_then(|value| value.parse::<i64>().ok());
        match &self.condition {
            Condition::Exists => value.is_some(),
            Condition::Absent => value.is_none(),
            Condition::In(list) => value.is_some_and(|value| list.iter().any(|wanted| wanted == value)),
            Condition::NotIn(list) => value.is_none_or(|value| list.iter().all(|wanted| wanted != value)),
            Condition::Greater(limit) => number(value).is_some_and(|value| value > *limit),
            Condition::Less(limit) => number(value).is_some_and(|value| value < *limit),
        }
    }
}

/// Kubernetes' selector syntax; `None` when the text is not in it.
fn parse_requirements(text: &str) -> Option<Vec<Requirement>> {
    let mut requirements = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        // A comma within parentheses does not end the requirement.
        let open = rest.find('(').filter(|&open| rest.find(',').is_none_or(|comma| open < comma));
        let end = match open {
            Some(open) => open + rest[open..].find(')')? + 1,
            None => rest.find(',').unwrap_or(rest.len()),
        };
        requirements.push(parse_requirement(rest[..end].trim())?);
        rest = rest[end..].trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            if rest.is_empty() {
                return None;
            }
        } else if !rest.is_empty() {
            return None;
        }
    }
    Some(requirements)
}

fn parse_requirement(text: &str) -> Option<Requirement> {
    let values =
        |list: &str| -> Vec<String> { list.split(',').map(|value| value.trim().to_owned()).collect() };
    let (key, condition) = if let Some(key) = text.strip_prefix('!') {
        (key, Condition::Absent)
    } else if let Some((head, list)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let (key, word) = head.trim().rsplit_once(char::is_whitespace)?;
        match word {
            "in" => (key, Condition::In(values(list))),
            "notin" => (key, Condition::NotIn(values(list))),
            _ => return None,
        }
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Condition::NotIn(values(value)))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Condition::In(values(value)))
    } else if let Some((key, value)) = text.split_once('>') {
        (key, Condition::Greater(value.trim().parse().ok()?))
    } else if let Some((key, value)) = text.split_once('<') {
        (key, Condition::Less(value.trim().parse().ok()?))
    } else {
        (text, Condition::Exists)
    };
    let key = key.trim();
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    (!key.is_empty() && key.bytes().all(valid)).then(|| Requirement { key: key.to_owned(), condition })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(selector: &str, labels: &[(&str, &str)]) -> bool {
        parse_requirements(selector).unwrap().iter().all(|requirement| {
            requirement
                .is_met(labels.iter().find(|(key, _)| *key == requirement.key).map(|(_, value)| *value))
        })
    }

    #[test]
    fn label_selectors() {
        let labels = [("app", "web"), ("n", "5")];
        for selector in
            ["", "app", "app=web", "app==web,n!=6", "app in (db, web)", "x notin (a),!y", "n>4,n<6", "z!=1"]
        {
            assert!(met(selector, &labels), "{selector}");
        }
        for selector in ["x", "app=db", "app!=web", "app notin (web)", "!app", "n>5"] {
            assert!(!met(selector, &labels), "{selector}");
        }
        for selector in ["a b", "a in x", "a in (x", "=x", "a,"] {
            assert!(parse_requirements(selector).is_none(), "{selector}");
        }
    }

    #[test]
    fn patterns_are_anchored() {
        let pattern = |text: &str| Pattern::new(text, &Selector::default()).unwrap();
        assert!(pattern("a.*|b").matches("abc") && !pattern("a|b").matches("ab") && pattern("").matches("x"));
        assert!(Pattern::new("(", &Selector::default()).is_err());
    }
}
