//! Scripts that are not held: their checksum, and what can be said of them on the way.

use std::io::Read;
use std::sync::Arc;

use miette::SourceSpan;

use super::{LocationFile, Named, Resolver};
use crate::encoding::Encoding;
use crate::error::Error;
use crate::finding::{Finding, Source};
use crate::migration::Migration;
use crate::script::stream::{Content, ReadError, Streamed, TextReader};

/// How many bytes are shown before the one that is wrong.
const SHOWN: usize = 256;

/// A file of a location whose text is not held.
pub(crate) struct StreamedFile {
    /// Path relative to the location, with `/`.
    pub(crate) script: String,
    /// The path as the user should see it.
    pub(crate) path: String,
    /// The bytes.
    pub(crate) content: Arc<dyn Content>,
    /// How many they are.
    pub(crate) size: u64,
}

impl Resolver<'_> {
    /// Reads a file once from beginning to end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn stream(&mut self, file: StreamedFile) -> Result<(), Error> {
        let StreamedFile { script, path, content, size } = file;
        let named = LocationFile { script, path, bytes: Vec::new() };
        let Some(Named { name, settings }) = self.name(&named) else { return Ok(()) };
        let LocationFile { script, path, .. } = named;
        let encoding = settings.encoding.unwrap_or(self.options.encoding);
        let mut reader = TextReader::new(content.open()?, encoding);
        let (mut text, mut is_blank) = (String::new(), true);
        loop {
            text.clear();
            match reader.read(&mut text) {
                Ok(true) => is_blank &= text.trim_ascii().is_empty(),
                Ok(false) => break,
                Err(ReadError::Io(source)) => return Err(Error::io(path.as_ref(), source)),
                Err(ReadError::Encoding(offset)) => {
                    self.findings.push(bad_encoding(&path, content.as_ref(), encoding, offset)?);
                    return Ok(());
                }
            }
        }
        let source = Source::new(&path, "".into());
        self.remark(&script, &source, reader.has_mark(), is_blank);
        self.migrations.push(Migration {
            kind: name.kind,
            version: name.version,
            description: name.description,
            script,
            source,
            streamed: Some(Streamed { content, encoding, size }),
            checksum: reader.checksum(),
            replaced_checksum: None,
            settings,
        });
        Ok(())
    }
}

/// Says where the first bad byte is, and shows what is around it.
fn bad_encoding(
    path: &str,
    content: &dyn Content,
    encoding: Encoding,
    offset: u64,
) -> Result<Finding, Error> {
    let io = |source| Error::io(path.as_ref(), source);
    let mut bytes = content.open()?;
    let (mut lines, mut left) = (0, offset);
    let (mut block, mut before) = (vec![0; 64 * 1024], Vec::new());
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        let Some(wanted) = block.get_mut(..wanted) else { break };
        let count = bytes.read(wanted).map_err(io)?;
        if count == 0 {
            break;
        }
        let read = &wanted[..count];
        lines += memchr::memchr_iter(b'\n', read).count();
        before.extend_from_slice(read);
        before.drain(..before.len().saturating_sub(SHOWN));
        left -= count as u64;
    }
    let start = memchr::memrchr(b'\n', &before).map_or(0, |end| end + 1);
    let mut rest = Vec::new();
    bytes.take(SHOWN as u64).read_to_end(&mut rest).map_err(io)?;
    let shown = "\n".repeat(lines) + &String::from_utf8_lossy(&before[start..]);
    let span = SourceSpan::from((shown.len(), '\u{fffd}'.len_utf8()));
    let src = Source::new(path, Arc::from(shown + &String::from_utf8_lossy(&rest)));
    let (path, line) = (path.to_owned(), lines + 1);
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    Ok(Finding::BadEncoding { path, encoding, line, offset, src, span })
}
