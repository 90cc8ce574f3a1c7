//! Ranges of versions.
//!
//! Grammar: `alternative ("||" alternative)*`, then optionally `+pre`. An alternative is a list of comparators,
//! separated by spaces or commas, that must all hold, or `A - B` (both included). A comparator is one of
//! `= != > >= < <= ^ ~` (or none) before a version that may be partial (`8`, `8.4`, `8.4.x`, `*`).
//!
//! | text | means |
//! | --- | --- |
//! | `8.4`, `8.4.x` | `>=8.4.0 <8.5.0` |
//! | `8.4.6` | exactly that |
//! | `^1.2.3`, `^0.2.3`, `^0.0.3` | `<2.0.0`, `<0.3.0`, `<0.0.4` and not below what is written |
//! | `~1.2`, `~1.2.3` | `<1.3.0` and not below what is written |
//! | `>1.2`, `<=1.2` | `>=1.3.0`, `<1.3.0` (the rule of npm) |
//!
//! A pre-release is in a range only if the range has a bound that is a pre-release of the same numbers, or ends
//! in `+pre`. Schema levels ([`Scheme::Flyway`]) are whole numbers of a sequence: `042` is exactly that level,
//! `>042` every later one, and `^`, `~` and `x` have no meaning. Calendar versions are never partial after an
//! operator; alone they are prefixes (`2026.04` holds for `2026.04.1`). Opaque versions know `=`, `!=` and `*`.

use std::{
    fmt,
    ops::{self, Bound},
    sync::Arc,
};

use crate::version::{self, Key, Scheme, Stage, Version};

/// A set of versions.
#[derive(Debug, Clone)]
pub struct Range {
    text: Arc<str>,
    intervals: Vec<Interval>,
    /// Numbers of the pre-releases that are mentioned; all pre-releases are in when there are none to ask for.
    pre_releases: PreReleases,
}

#[derive(Debug, Clone)]
enum PreReleases {
    All,
    Of(Vec<Vec<u64>>),
}

/// Why a text is no range, and which bytes of it are to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeError {
    /// What is wrong.
    pub problem: RangeProblem,
    /// First byte.
    pub start: usize,
    /// Count of bytes.
    pub length: usize,
}

/// What is wrong with a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeProblem {
    /// An alternative without a comparator.
    #[error("a version must stand here; `*` stands for every version")]
    Missing,
    /// Not one of the operators.
    #[error("this is none of the operators `=`, `!=`, `>`, `>=`, `<`, `<=`, `^` and `~`")]
    Operator,
    /// An operator that the scheme of the component does not have.
    #[error("this has no meaning for versions of this scheme")]
    Meaningless,
    /// Not a version of the scheme.
    #[error("this is no version of the component's scheme")]
    Version,
    /// No version can be in it.
    #[error("no version can be in this range")]
    Empty,
}

#[derive(Debug, Clone)]
struct Interval {
    low: Bound<Key>,
    high: Bound<Key>,
}

impl Range {
    /// Reads a range for versions of a scheme.
    ///
    /// # Errors
    /// [`RangeError`] with the bytes that are to blame; an alternative that no version can satisfy is one.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, RangeError> {
        let mut pre_releases = Vec::new();
        let trimmed = text.trim_end();
        let (body, all) = match trimmed.strip_suffix("+pre") {
            Some(body) if body.ends_with(char::is_whitespace) => (body, true),
            _ => (trimmed, false),
        };
        let mut intervals = Vec::new();
        let mut start = 0;
        for alternative in body.split("||") {
            let parser = Alternative { text, end: start + alternative.len(), scheme };
            let found = parser.parse(start, &mut pre_releases)?;
            if found.is_empty() {
                return Err(parser.error(RangeProblem::Empty, start));
            }
            intervals.extend(found);
            start += alternative.len() + 2;
        }
        let pre_releases = if all { PreReleases::All } else { PreReleases::Of(pre_releases) };
        Ok(Self { text: text.into(), intervals, pre_releases })
    }

    /// Whether the version is in the range.
    pub fn contains(&self, version: &Version) -> bool {
        self.admits(version) && self.intervals.iter().any(|interval| interval.contains(version.key()))
    }

    /// Whether the version is no pre-release, or one that the range speaks of.
    pub(crate) fn admits(&self, version: &Version) -> bool {
        match (version.key(), &self.pre_releases) {
            (Key::Numeric(numbers, Stage::Pre(_)), PreReleases::Of(mentioned)) => mentioned.contains(numbers),
            _ => true,
        }
    }

    /// Where, among versions in ascending order, those lie that are in the range or pre-releases that it does not admit.
    pub(crate) fn runs<T>(&self, sorted: &[T], key: impl Fn(&T) -> &Key) -> Vec<ops::Range<usize>> {
        let run = |interval: &Interval| {
            let from = sorted.partition_point(|item| match &interval.low {
                Bound::Included(low) => key(item) < low,
                Bound::Excluded(low) => key(item) <= low,
                Bound::Unbounded => false,
            });
            let to = sorted.partition_point(|item| match &interval.high {
                Bound::Included(high) => key(item) <= high,
                Bound::Excluded(high) => key(item) < high,
                Bound::Unbounded => true,
            });
            from..to
        };
        self.intervals.iter().map(run).collect()
    }

    /// Whether the version lies above every version of the range.
    pub fn is_below(&self, version: &Version) -> bool {
        self.intervals.iter().all(|interval| match &interval.high {
            Bound::Included(high) => version.key() > high,
            Bound::Excluded(high) => version.key() >= high,
            Bound::Unbounded => false,
        })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Interval {
    const ALL: Self = Self { low: Bound::Unbounded, high: Bound::Unbounded };

    fn contains(&self, key: &Key) -> bool {
        std::ops::RangeBounds::contains(&(self.low.as_ref(), self.high.as_ref()), key)
    }

    /// What is in both, when anything can be.
    fn and(&self, other: &Self) -> Option<Self> {
        let low = tighter(&self.low, &other.low, |left, right| left > right);
        let high = tighter(&self.high, &other.high, |left, right| left < right);
        let possible = match (&low, &high) {
            (Bound::Included(low), Bound::Included(high)) => low <= high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => {
                low < high
            }
            _ => true,
        };
        possible.then_some(Self { low, high })
    }
}

/// The bound that lets less through.
fn tighter(left: &Bound<Key>, right: &Bound<Key>, beats: impl Fn(&Key, &Key) -> bool) -> Bound<Key> {
    let left_wins = match (left, right) {
        (_, Bound::Unbounded) => true,
        (Bound::Unbounded, _) => false,
        (Bound::Included(l) | Bound::Excluded(l), Bound::Included(r) | Bound::Excluded(r)) => {
            if l == r {
                matches!(left, Bound::Excluded(_))
            } else {
                beats(l, r)
            }
        }
    };
    if left_wins { left.clone() } else { right.clone() }
}

/// One of the texts between `||`.
struct Alternative<'t> {
    /// The whole range, so that positions are positions in it.
    text: &'t str,
    end: usize,
    scheme: Scheme,
}

/// The version of a comparator, perhaps with parts left open.
enum Operand {
    Any,
    Opaque(Key),
    Numeric {
        numbers: Vec<u64>,
        stage: Stage,
        /// `.x` or `.*` stood at the end.
        open: bool,
    },
}

impl Alternative<'_> {
    fn parse(&self, start: usize, pre_releases: &mut Vec<Vec<u64>>) -> Result<Vec<Interval>, RangeError> {
        let mut found = vec![Interval::ALL];
        let mut at = self.skip(start);
        if at == self.end {
            return Err(self.error(RangeProblem::Missing, start));
        }
        while at < self.end {
            let operator_length = self.rest(at).bytes().take_while(|byte| b"=!<>^~|".contains(byte)).count();
            let operator = &self.text[at..at + operator_length];
            if !["", "=", "!=", ">", ">=", "<", "<=", "^", "~"].contains(&operator) {
                return Err(part(RangeProblem::Operator, at, at + operator_length));
            }
            let version_start = self.skip_spaces(at + operator_length);
            let version_end = self.word(version_start);
            let left = self.operand(version_start, version_end, pre_releases)?;
            let dash = self.skip_spaces(version_end);
            let is_span = operator.is_empty()
                && dash > version_end
                && self.rest(dash).starts_with('-')
                && self.rest(dash + 1).starts_with(char::is_whitespace);
            let (intervals, next) = if is_span {
                let right_start = self.skip_spaces(dash + 1);
                let right_end = self.word(right_start);
                let right = self.operand(right_start, right_end, pre_releases)?;
                let from = self.comparator(">=", &left).map_err(|problem| part(problem, at, version_end))?;
                let to =
                    self.comparator("<=", &right).map_err(|problem| part(problem, right_start, right_end))?;
                (both(&from, &to), right_end)
            } else {
                let blame = if operator.is_empty() { version_end } else { at + operator_length };
                let intervals =
                    self.comparator(operator, &left).map_err(|problem| part(problem, at, blame))?;
                (intervals, version_end)
            };
            found = both(&found, &intervals);
            at = self.skip(next);
        }
        Ok(found)
    }

    fn comparator(&self, operator: &str, operand: &Operand) -> Result<Vec<Interval>, RangeProblem> {
        match operand {
            Operand::Any => match operator {
                "" | "=" => Ok(vec![Interval::ALL]),
                _ => Err(RangeProblem::Meaningless),
            },
            Operand::Opaque(key) => match operator {
                "" | "=" => Ok(vec![exactly(key)]),
                "!=" => Ok(all_but(&exactly(key))),
                _ => Err(RangeProblem::Meaningless),
            },
            Operand::Numeric { numbers, stage, open } => self.numeric(operator, numbers, stage, *open),
        }
    }

    fn numeric(
        &self,
        operator: &str,
        numbers: &[u64],
        stage: &Stage,
        open: bool,
    ) -> Result<Vec<Interval>, RangeProblem> {
        let partial = match self.scheme {
            Scheme::Semver => open || numbers.len() < 3,
            Scheme::Calver => open || operator.is_empty(),
            Scheme::Flyway | Scheme::Opaque => false,
        } && *stage == Stage::Release;
        let key = Key::numeric(numbers, stage.clone());
        let next = Key::numeric(&successor(numbers, numbers.len()), Stage::Release);
        let low = Bound::Included(key.clone());
        let one = |low, high| Ok(vec![Interval { low, high }]);
        let whole = if partial {
            Interval { low: low.clone(), high: below(numbers, numbers.len()) }
        } else {
            exactly(&key)
        };
        match operator {
            "" | "=" => Ok(vec![whole]),
            "!=" => Ok(all_but(&whole)),
            ">=" => one(low, Bound::Unbounded),
            ">" if partial => one(Bound::Included(next), Bound::Unbounded),
            ">" => one(Bound::Excluded(key), Bound::Unbounded),
            "<" if partial => {
                one(Bound::Unbounded, Bound::Excluded(Key::numeric(numbers, Stage::Pre(Vec::new()))))
            }
            "<" => one(Bound::Unbounded, Bound::Excluded(key)),
            "<=" if partial => one(Bound::Unbounded, below(numbers, numbers.len())),
            "<=" => one(Bound::Unbounded, Bound::Included(key)),
            "^" | "~" if self.scheme == Scheme::Flyway => Err(RangeProblem::Meaningless),
            "^" => {
                let kept =
                    numbers.iter().position(|number| *number != 0).map_or(numbers.len(), |first| first + 1);
                one(low, below(numbers, kept))
            }
            "~" => one(low, below(numbers, numbers.len().min(2))),
            _ => Err(RangeProblem::Operator),
        }
    }

    fn operand(
        &self,
        start: usize,
        end: usize,
        pre_releases: &mut Vec<Vec<u64>>,
    ) -> Result<Operand, RangeError> {
        let word = &self.text[start..end];
        let fail = |problem| Err(part(problem, start, end));
        if word.is_empty() {
            return fail(RangeProblem::Missing);
        }
        if matches!(word, "*" | "x" | "X") {
            return Ok(Operand::Any);
        }
        if self.scheme == Scheme::Opaque {
            return Ok(Operand::Opaque(Key::Opaque(word.into())));
        }
        let closed = [".x", ".X", ".*"].iter().find_map(|wild| word.find(wild).map(|at| &word[..at]));
        if let Some(closed) = closed {
            let wildcards = word[closed.len()..].split('.').skip(1);
            if self.scheme == Scheme::Flyway {
                return fail(RangeProblem::Meaningless);
            }
            if !wildcards.clone().all(|part| matches!(part, "x" | "X" | "*")) {
                return fail(RangeProblem::Version);
            }
        }
        let text = closed.unwrap_or(word);
        let text = if self.scheme == Scheme::Semver { text.strip_prefix('v').unwrap_or(text) } else { text };
        let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || b"._".contains(byte)).count();
        let separators: &[char] = if self.scheme == Scheme::Flyway { &['.', '_'] } else { &['.'] };
        let numbers: Option<Vec<u64>> = text[..digits].split(separators).map(version::number).collect();
        let stage = if self.scheme == Scheme::Semver && closed.is_none() {
            version::stage(&text[digits..])
        } else {
            text[digits..].is_empty().then_some(Stage::Release)
        };
        let (Some(numbers), Some(stage)) = (numbers, stage) else { return fail(RangeProblem::Version) };
        if let (Stage::Pre(_), Key::Numeric(mentioned, _)) = (&stage, Key::numeric(&numbers, Stage::Release))
        {
            pre_releases.push(mentioned);
        }
        Ok(Operand::Numeric { numbers, stage, open: closed.is_some() })
    }

    fn rest(&self, at: usize) -> &str {
        &self.text[at.min(self.end)..self.end]
    }

    fn skip(&self, at: usize) -> usize {
        self.end - self.rest(at).trim_start_matches(|c: char| c.is_whitespace() || c == ',').len()
    }

    fn skip_spaces(&self, at: usize) -> usize {
        self.end - self.rest(at).trim_start().len()
    }

    fn word(&self, at: usize) -> usize {
        let ends = |c: char| c.is_whitespace() || ",=!<>^~|".contains(c);
        at + self.rest(at).find(ends).unwrap_or(self.end - at.min(self.end))
    }

    /// An error about the alternative from a byte on.
    fn error(&self, problem: RangeProblem, start: usize) -> RangeError {
        let start = self.skip_spaces(start);
        let length = self.rest(start).trim_end().len();
        RangeError { problem, start, length }
    }
}

fn part(problem: RangeProblem, start: usize, end: usize) -> RangeError {
    RangeError { problem, start, length: end - start }
}

fn both(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    left.iter().flat_map(|left| right.iter().filter_map(|right| left.and(right))).collect()
}

fn exactly(key: &Key) -> Interval {
    Interval { low: Bound::Included(key.clone()), high: Bound::Included(key.clone()) }
}

fn all_but(interval: &Interval) -> Vec<Interval> {
    let flip = |bound: &Bound<Key>| match bound {
        Bound::Included(key) => Bound::Excluded(key.clone()),
        Bound::Excluded(key) => Bound::Included(key.clone()),
        Bound::Unbounded => Bound::Unbounded,
    };
    vec![
        Interval { low: Bound::Unbounded, high: flip(&interval.low) },
        Interval { low: flip(&interval.high), high: Bound::Unbounded },
    ]
}

/// The first `kept` numbers with the last of them one higher.
fn successor(numbers: &[u64], kept: usize) -> Vec<u64> {
    let mut numbers = numbers[..kept].to_vec();
    if let Some(last) = numbers.last_mut() {
        *last += 1;
    }
    numbers
}

/// Below that successor and all its pre-releases.
fn below(numbers: &[u64], kept: usize) -> Bound<Key> {
    Bound::Excluded(Key::numeric(&successor(numbers, kept), Stage::Pre(Vec::new())))
}

#[cfg(test)]
mod tests;
