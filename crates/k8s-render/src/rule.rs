//! Rules as data: what [`crate::validate`] and [`crate::lint`] look for, and what they found.

use std::fmt::{self, Display};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use crate::finding::Source;

/// A rule for rendered objects.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What infra.toml and waivers call it: `area/name`.
    pub code: &'static str,
    /// How serious its findings are by default; `None` for a rule that is only applied where the configuration gives it a level.
    pub severity: Option<Severity>,
    /// What it finds and why that matters, in one sentence.
    pub summary: &'static str,
    /// What to do instead.
    pub help: &'static str,
    /// What other linters call the same: `kube-linter latest-tag`.
    pub peers: &'static [&'static str],
}

impl Rule {
    /// The code without its area, as waivers in annotations write it.
    pub fn name(&self) -> &'static str {
        self.code.split_once('/').map_or(self.code, |(_, name)| name)
    }
}

/// What a rule has found in an object.
#[derive(Debug, Clone)]
pub struct RuleFinding {
    /// The rule.
    pub rule: &'static Rule,
    /// How serious it is; the rule's own severity unless a case of it is milder.
    pub severity: Severity,
    /// Kind, namespace and name of the object.
    pub object: String,
    /// What is found.
    pub message: String,
    /// What to do, where more is known than the rule says.
    pub advice: Option<String>,
    /// What is said at the place.
    pub label: String,
    /// The file that set the value.
    pub src: Source,
    /// The place in it.
    pub span: SourceSpan,
}

impl Display for RuleFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RuleFinding {}

impl Diagnostic for RuleFinding {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.rule.code))
    }
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.advice.as_deref().unwrap_or(self.rule.help)))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.src)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = (!self.label.is_empty()).then(|| self.label.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, self.span))))
    }
}
