//! A large script as a row of small ones.

use std::borrow::Cow;
use std::sync::Arc;

use super::{ReadError, Streamed, TextReader};
use crate::error::Error;
use crate::finding::{Finding, Source};
use crate::migration::Migration;
use crate::placeholder::{Expanded, Placeholders};
use crate::script::parsed::Extent;
use crate::script::{Script, SplitOptions, SplitProblem, SplitRules, Splitter, Statement, split};

/// How much of a text is looked at once, in bytes. Longer statements take what they need.
const WINDOW: usize = 1024 * 1024;

/// Where a statement ends is certain only if at least so much of the text after it was there to be looked at.
const MARGIN: usize = 256;

/// Some statements of a large script that follow each other, with what is wrong with them.
pub(crate) struct Part {
    pub(crate) script: Script<'static>,
    pub(crate) findings: Vec<Finding>,
}

/// The parts of a large script, one after the other, in constant memory.
pub(crate) struct Parts<'p> {
    reader: Option<TextReader>,
    path: String,
    file_name: String,
    checksum: i32,
    placeholders: Cow<'p, Placeholders>,
    split: SplitOptions,
    /// How much is read before it is cut.
    window: usize,
    /// What was read and not given out yet.
    text: String,
    /// What was given out: statements and lines.
    extent: Extent,
}

impl<'p> Parts<'p> {
    /// At the beginning of a migration's text; `None`: it is held.
    ///
    /// # Errors
    /// When it cannot be opened, or is not what it was.
    pub(crate) fn of(
        migration: &Migration,
        placeholders: &'p Placeholders,
        split: &SplitOptions,
    ) -> Result<Option<Self>, Error> {
        let Some(Streamed { content, encoding, .. }) = &migration.streamed else { return Ok(None) };
        Ok(Some(Self {
            reader: Some(TextReader::new(content.open()?, *encoding)),
            path: migration.path().to_owned(),
            file_name: migration.file_name().to_owned(),
            checksum: migration.checksum,
            placeholders: migration.placeholders(placeholders),
            split: split.clone(),
            // Flyway's parser is reproduced for whole texts only.
            window: if split.rules == SplitRules::Server { WINDOW } else { usize::MAX },
            text: String::new(),
            extent: Extent::default(),
        }))
    }

    /// The next part, if there is one. The last one may have no statements.
    ///
    /// # Errors
    /// When the text cannot be read, or is at its end not that of the checksum.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, Error> {
        let mut wanted = self.window;
        while self.reader.is_some() {
            self.fill(wanted)?;
            if let Some(part) = self.cut() {
                return Ok(Some(part));
            }
            // A statement that is longer than that.
            wanted = self.text.len().saturating_mul(2).max(self.window);
        }
        Ok(None)
    }

    /// Reads until the text is as long as that, or at its end.
    fn fill(&mut self, wanted: usize) -> Result<(), Error> {
        while self.text.len() < wanted
            && let Some(reader) = &mut self.reader
        {
            let goes_on = reader.read(&mut self.text).map_err(|error| match error {
                ReadError::Io(source) => Error::io(self.path.as_ref(), source),
                // It was decoded before.
                ReadError::Encoding(_) => Error::changed(&self.path),
            })?;
            if !goes_on && self.reader.take().is_some_and(|reader| reader.checksum() != self.checksum) {
                return Err(Error::changed(&self.path));
            }
        }
        Ok(())
    }

    /// The statements that are certain; `None`: there are none, and more of the text is to come.
    fn cut(&mut self) -> Option<Part> {
        let source = Source::new(&self.path, Arc::from(self.text.as_str()));
        let (expanded, of_placeholders) = self.placeholders.expand(&source, &self.file_name);
        let text: &str = &expanded.text;
        let is_last = self.reader.is_none();
        let (end, statements, problems) = if is_last {
            let (statements, problems) = split(text, &self.split);
            (text.len(), statements, problems)
        } else {
            // What is behind a placeholder without end may be part of it.
            let open = of_placeholders.iter().find_map(|finding| match finding {
                Finding::UnterminatedPlaceholder { span, .. } => Some(self.text.len() - span.offset()),
                _ => None,
            });
            let margin = MARGIN.max(self.placeholders.prefix.len()).max(open.unwrap_or(0));
            let (end, delimiter, statements, problems) =
                certain(text, &self.split, &expanded, text.len().saturating_sub(margin))?;
            self.split.delimiter = delimiter;
            (end, statements, problems)
        };
        let original = match expanded.outside(end) {
            Some(original) if !is_last => original,
            _ => self.text.len(),
        };
        let rest = self.text.split_off(original);
        let text = std::mem::replace(&mut self.text, rest);
        let extent = self.extent;
        self.extent = extent.after(&text, statements.len());
        let expanded = expanded.up_to(end);
        let script = Script::part(Source::new(&self.path, text.into()), expanded, statements, extent);
        let findings = script.findings(&problems, of_placeholders);
        Some(Part { script, findings })
    }
}

type Certain = (usize, Arc<str>, Vec<Statement>, Vec<SplitProblem>);

/// The statements that end before `limit`, as far as a cut behind them does not go through the value of a placeholder: where
/// that is, and the delimiter in force there.
fn certain(text: &str, options: &SplitOptions, expanded: &Expanded<'_>, limit: usize) -> Option<Certain> {
    let mut splitter = Splitter::new(text, options);
    let mut statements = Vec::new();
    let mut cut = None;
    while let Some(statement) = splitter.next() {
        let end = splitter.position();
        if end > limit {
            break;
        }
        statements.push(statement);
        if expanded.outside(end).is_some() {
            cut = Some((end, splitter.delimiter(), statements.len()));
        }
    }
    let (end, delimiter, count) = cut?;
    statements.truncate(count);
    let mut problems = splitter.into_problems();
    problems.retain(|problem| problem.range().start < end);
    Some((end, delimiter, statements, problems))
}

#[cfg(test)]
pub(super) mod tests;
