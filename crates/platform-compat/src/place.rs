//! Where something was written.

use std::sync::Arc;

use miette::SourceSpan;

/// A text with the name under which the user knows it.
pub type Source = miette::NamedSource<Arc<str>>;

/// A range of bytes in one of the files that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of the file in [`Platform::sources`](crate::Platform::sources).
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Place {
    /// The same range as miette wants it.
    pub fn span(self) -> SourceSpan {
        (self.start as usize, (self.end - self.start) as usize).into()
    }
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Spanned<T> {
    /// The value made into another one that was written at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), place: self.place }
    }
}

/// Equality is that of the values: where they were written does not matter.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A text of the user with its place.
pub type Text = Spanned<Arc<str>>;

impl Text {
    /// The place of some bytes of the text; the whole of it where escapes or folding make bytes of the
    /// value differ from bytes of the file.
    pub(crate) fn part(&self, start: usize, length: usize) -> Place {
        let written = (self.place.end - self.place.start) as usize;
        match (written.checked_sub(self.value.len()), u32::try_from(start), u32::try_from(length)) {
            (Some(quotes @ (0 | 2)), Ok(start), Ok(length)) => {
                let start = self.place.start + u32::from(quotes == 2) + start;
                Place { start, end: start + length, ..self.place }
            }
            _ => self.place,
        }
    }
}
