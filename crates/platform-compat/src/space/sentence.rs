//! Rules in words.

use super::{Cause, Need, Nogood, Reason, Space, What};
use crate::{
    compatibility::{Condition, Part, Rule},
    decode::list,
    model::Api,
};

impl Space<'_> {
    /// A rule as a sentence with its place.
    pub(crate) fn cause(&self, nogood: &Nogood<'_>) -> Cause {
        let place = nogood.reason.place();
        let sources = &self.platform.sources;
        let src = sources.get(place.file as usize).or_else(|| sources.first()).cloned();
        Cause {
            rule: nogood.reason.rule(),
            text: self.sentence(&nogood.reason),
            src: src.unwrap_or_else(|| crate::place::Source::new("", "".into())),
            span: place.span(),
        }
    }

    fn sentence(&self, reason: &Reason<'_>) -> String {
        let platform = self.platform;
        let name = |part: Part| platform.name_of(part);
        match reason {
            Reason::Dependency(consumer, provider, dependency, need) => {
                let what = match need {
                    Need::Version => dependency.version.as_ref().map(|range| range.value.to_string()),
                    Need::Api => dependency.api.as_ref().map(|api| accepted(api)),
                    Need::Schema => {
                        dependency.schema.as_ref().map(|range| format!("with schema {}", range.value))
                    }
                };
                let (consumer, provider) =
                    (name(Part::Component(*consumer)), name(Part::Component(*provider)));
                format!("`{consumer}` needs `{provider}` {}", what.unwrap_or_default())
            }
            Reason::Release(release, condition, need) => {
                let what = match need {
                    Need::Version => condition.version.as_ref().map(|range| range.value.to_string()),
                    Need::Api => condition.api.as_ref().map(accepted),
                    Need::Schema => {
                        condition.schema.as_ref().map(|range| format!("with schema {}", range.value))
                    }
                };
                format!(
                    "`{}` {} needs `{}` {}",
                    name(Part::Component(release.component)),
                    release.version.value,
                    name(condition.part),
                    what.unwrap_or_else(|| "to be absent".to_owned())
                )
            }
            Reason::Constraint(constraint) => match &constraint.rule {
                Rule::Implication { when, require, forbid } => {
                    let told = |conditions: &[Condition]| {
                        let told: Vec<String> =
                            conditions.iter().map(|condition| self.condition(condition)).collect();
                        told.join(" and ")
                    };
                    let then = if require.is_empty() {
                        format!("forbids {}", told(forbid))
                    } else {
                        format!("requires {}", told(require))
                    };
                    format!("constraint `{}`: {} {then}", constraint.id.value, told(when))
                }
                Rule::Skew { .. } => {
                    format!("constraint `{}`: versions may be only so far apart", constraint.id.value)
                }
            },
            Reason::KnownBad(known) => {
                let members: Vec<String> =
                    known.all.iter().map(|condition| self.condition(condition)).collect();
                format!(
                    "known to be bad, `{}`: {} ({})",
                    known.id.value,
                    members.join(" with "),
                    known.reason.value
                )
            }
            Reason::Pin(pin) => format!(
                "`{}` is pinned to {} ({})",
                name(Part::Component(pin.component)),
                pin.version.value,
                pin.reason.value
            ),
            Reason::Contract(step, need) => format!(
                "schema {} of `{}` takes away {} and needs {} everywhere",
                step.version.value,
                name(Part::Component(step.database)),
                if step.drops.is_empty() {
                    "something".to_owned()
                } else {
                    list(&step.drops.iter().map(|object| &*object.value).collect::<Vec<_>>())
                },
                self.condition(need)
            ),
        }
    }

    fn condition(&self, condition: &Condition) -> String {
        let mut text = match condition.present {
            Some(false) => format!("no `{}`", self.platform.name_of(condition.part)),
            _ => format!("`{}`", self.platform.name_of(condition.part)),
        };
        if let Some(range) = &condition.version {
            text += &format!(" {}", range.value);
        }
        if let Some(api) = &condition.api {
            text += &format!(" {}", accepted(api));
        }
        if let Some(range) = &condition.schema {
            text += &format!(" with schema {}", range.value);
        }
        text
    }

    /// The name of a subject.
    pub(crate) fn name(&self, subject: usize) -> String {
        match self.subjects[subject].what {
            What::Part(part) => self.platform.name_of(part).to_owned(),
            What::Schema(database) => format!("schema of {}", self.platform[database].name.value),
        }
    }

    /// Versions of a subject in a state, as text.
    pub(crate) fn versions(&self, subject: usize, live: &[usize]) -> Vec<String> {
        live.iter().map(|at| self.subjects[subject].candidates[*at].version.to_string()).collect()
    }
}

impl Reason<'_> {
    /// The rule's code.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Release(..) => "compat/release-unsatisfied",
            Self::Dependency(_, _, _, need) => match need {
                Need::Version => "compat/version-unsatisfied",
                Need::Api => "compat/api-unsatisfied",
                Need::Schema => "compat/schema-unsatisfied",
            },
            Self::Constraint(constraint) => match constraint.rule {
                Rule::Implication { .. } => "compat/constraint",
                Rule::Skew { .. } => "compat/skew",
            },
            Self::KnownBad(_) => "compat/known-bad",
            Self::Pin(_) => "compat/pin-violated",
            Self::Contract(..) => "compat/schema-contract-too-early",
        }
    }
}

fn accepted(api: &Api) -> String {
    let versions: Vec<&str> = api.versions.iter().map(|version| &*version.value).collect();
    if versions.is_empty() {
        return format!("with API `{}`", api.name.value);
    }
    format!("with API `{}` {}", api.name.value, list(&versions))
}
