//! The statements of a migration, all at once or, of a text that is not held, a few at a time.

use std::borrow::Cow;

use crate::error::Error;
use crate::plan::{PlanOptions, Step};
use crate::script::Script;
use crate::script::effect::Effect;
use crate::script::stream::Parts;

/// A step whose script has the next statements, and what each of them leaves behind.
type Piece<'s, 'm> = (Cow<'s, Step<'m>>, Vec<Effect>);

/// Goes once through a migration.
pub(super) struct Pieces<'s, 'm> {
    step: &'s Step<'m>,
    /// Of a text that is not held.
    parts: Option<Parts<'s>>,
    ended: bool,
}

impl<'s, 'm> Pieces<'s, 'm> {
    /// At the beginning of a migration.
    ///
    /// # Errors
    /// When its text cannot be opened, or is not what it was.
    pub(super) fn of(step: &'s Step<'m>, options: &'s PlanOptions) -> Result<Self, Error> {
        let parts = Parts::of(step.migration, &options.placeholders, &options.split)?;
        Ok(Self { step, parts, ended: false })
    }

    /// The next statements; what was wrong with them was said when the plan was made.
    ///
    /// # Errors
    /// When the text cannot be read, or is at its end not what it was.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'s, 'm>>, Error> {
        let step = match &mut self.parts {
            None if std::mem::replace(&mut self.ended, true) => return Ok(None),
            None => Cow::Borrowed(self.step),
            Some(parts) => {
                let Some(part) = parts.next()? else { return Ok(None) };
                let script = part.script.of(self.step.script.total());
                Cow::Owned(Step { script, ..*self.step })
            }
        };
        let effects = effects(&step.script).collect();
        Ok(Some((step, effects)))
    }

    /// Whether there is more than one, so that what is known of the statements of one goes with it.
    pub(super) fn is_in_parts(&self) -> bool {
        self.parts.is_some()
    }
}

/// What the statements of a script leave behind.
pub(super) fn effects(script: &Script<'_>) -> impl Iterator<Item = Effect> {
    script.statements.iter().map(|statement| Effect::of(script.sql(statement)))
}
