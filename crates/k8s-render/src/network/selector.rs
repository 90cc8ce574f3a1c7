//! Label selectors.

use std::fmt;

/// A conjunction of requirements on labels; the empty one matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Selector<'a> {
    requirements: Vec<Requirement<'a>>,
}

/// What a selector demands of one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement<'a> {
    /// The key.
    pub key: &'a str,
    /// What holds for its value.
    pub test: Test<'a>,
}

/// A test of a label's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Test<'a> {
    /// The label exists and has one of these values.
    In(Vec<&'a str>),
    /// The label is absent or has none of these values.
    NotIn(Vec<&'a str>),
    /// The label exists.
    Exists,
    /// The label does not exist.
    DoesNotExist,
}

impl<'a> Selector<'a> {
    /// A selector in canonical order, so that equal demands compare as equal.
    pub fn new(requirements: impl IntoIterator<Item = Requirement<'a>>) -> Self {
        let mut requirements: Vec<_> = requirements.into_iter().collect();
        for requirement in &mut requirements {
            if let Test::In(values) | Test::NotIn(values) = &mut requirement.test {
                values.sort_unstable();
                values.dedup();
            }
        }
        requirements.sort_unstable();
        requirements.dedup();
        Self { requirements }
    }

    /// Labels that must all be there, as in `matchLabels`.
    pub fn labels(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::new(labels.into_iter().map(|(key, value)| Requirement { key, test: Test::In(vec![value]) }))
    }

    /// The requirements in canonical order.
    pub fn requirements(&self) -> &[Requirement<'a>] {
        &self.requirements
    }

    /// Whether an object with these labels (sorted by key) is selected.
    pub fn matches(&self, labels: &[(&str, &str)]) -> bool {
        self.requirements.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement<'_> {
    /// Whether labels (sorted by key) satisfy the requirement.
    pub fn holds(&self, labels: &[(&str, &str)]) -> bool {
        let value = labels.binary_search_by_key(&self.key, |(key, _)| key).ok().map(|index| labels[index].1);
        match &self.test {
            Test::In(values) => value.is_some_and(|value| values.contains(&value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(&value)),
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
        }
    }
}

/// `app=web`, `app in (web,api)`, `app notin (web)`, `app`, `!app`, as kubectl writes them.
impl fmt::Display for Requirement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key;
        match &self.test {
            Test::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            Test::In(values) => write!(f, "{key} in ({})", values.join(",")),
            Test::NotIn(values) => write!(f, "{key} notin ({})", values.join(",")),
            Test::Exists => write!(f, "{key}"),
            Test::DoesNotExist => write!(f, "!{key}"),
        }
    }
}

/// The requirements joined by commas; `everything` for the empty selector.
impl fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.requirements.is_empty() {
            return f.write_str("everything");
        }
        let texts: Vec<_> = self.requirements.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement<'a>(key: &'a str, test: Test<'a>) -> Requirement<'a> {
        Requirement { key, test }
    }

    #[test]
    fn operators_on_present_and_absent_labels() {
        let labels = [("app", "web"), ("tier", "front")];
        let cases = [
            (requirement("app", Test::In(vec!["web", "api"])), true),
            (requirement("app", Test::In(vec!["api"])), false),
            (requirement("zone", Test::In(vec!["a"])), false),
            (requirement("app", Test::NotIn(vec!["api"])), true),
            (requirement("app", Test::NotIn(vec!["web"])), false),
            (requirement("zone", Test::NotIn(vec!["a"])), true),
            (requirement("app", Test::Exists), true),
            (requirement("zone", Test::Exists), false),
            (requirement("app", Test::DoesNotExist), false),
            (requirement("zone", Test::DoesNotExist), true),
        ];
        for (requirement, expected) in cases {
            assert_eq!(Selector::new([requirement.clone()]).matches(&labels), expected, "{requirement}");
        }
    }

    #[test]
    fn all_requirements_must_hold_and_none_matches_everything() {
        let both = Selector::labels([("app", "web"), ("tier", "back")]);
        assert!(!both.matches(&[("app", "web"), ("tier", "front")]));
        assert!(both.matches(&[("app", "web"), ("tier", "back")]));
        assert!(Selector::default().matches(&[]));
    }

    #[test]
    fn equal_demands_are_equal() {
        let a =
            Selector::new([requirement("b", Test::Exists), requirement("a", Test::In(vec!["2", "1", "2"]))]);
        let b = Selector::new([requirement("a", Test::In(vec!["1", "2"])), requirement("b", Test::Exists)]);
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "a in (1,2),b");
    }
}
