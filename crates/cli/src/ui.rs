//! The one door to the terminal: results to standard output, everything else to standard error.

use std::cell::RefCell;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::rc::Rc;

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, SourceCode, SourceSpan, ThemeCharacters, ThemeStyles,
};

use crate::args::{Color, Format, Global};
use crate::environment::terminal_is_dumb;
use crate::finding::{BoxedFinding, Finding};

/// Where and how this process prints.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    color: Colored,
    /// Whether people watch a line on standard error that is redrawn.
    redraws: bool,
    /// That line, as long as it stands there: one for all who print.
    drawn: Rc<RefCell<Vec<u8>>>,
    volume: Volume,
    verbose: bool,
}

/// Which streams take colours.
#[derive(Debug, Clone, Copy)]
struct Colored {
    out: bool,
    err: bool,
}

/// How much is said besides results, findings and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Volume {
    Quiet,
    Summary,
    Progress,
    Detail,
}

/// Takes the cursor to the first column and empties the line.
const ERASE: &str = "\r\x1b[K";
/// The width of a terminal that does not tell it.
const USUAL_COLUMNS: usize = 80;

/// Green, for what is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Red, for what must change.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Yellow, for what should be looked at.
pub(crate) const ODD: Style = AnsiColor::Yellow.on_default();
/// Grey, for what can be passed over.
pub(crate) const DIM: Style = AnsiColor::BrightBlack.on_default();
/// Bold, for headings.
pub(crate) const STRONG: Style = Style::new().bold();

impl Ui {
    /// Colours only on a terminal unless forced; `NO_COLOR` is obeyed.
    pub(crate) fn new(global: &Global, no_color: bool) -> Self {
        let color = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !no_color,
        };
        Self {
            color: Colored {
                out: color(std::io::stdout().is_terminal()),
                err: color(std::io::stderr().is_terminal()),
            },
            redraws: std::io::stderr().is_terminal() && !terminal_is_dumb() && global.format == Format::Human,
            drawn: Rc::default(),
            volume: match (global.quiet, global.no_progress) {
                (true, _) => Volume::Quiet,
                (false, true) => Volume::Summary,
                (false, false) if global.verbose => Volume::Detail,
                (false, false) => Volume::Progress,
            },
            verbose: global.verbose,
        }
    }

    /// Whether more detail is wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Prints a result; a reader that has gone away is not an error.
    pub(crate) fn result(&self, text: &str) {
        self.erase();
        let mut out = BufWriter::new(std::io::stdout().lock());
        // A result can be large: it is not copied to be adapted.
        if self.color.out {
            write(out, text);
        } else {
            // A closed pipe ends the output, not the command.
            let written = strip_str(text).try_for_each(|part| out.write_all(part.as_bytes()));
            let _ = written.and_then(|()| out.flush());
        }
    }

    /// Prints the human summary of a result, which `--quiet` leaves out.
    pub(crate) fn summary(&self, text: &str) {
        if self.volume >= Volume::Summary {
            self.result(text);
        }
    }

    /// Whether lines of progress are printed at all.
    pub(crate) fn shows_progress(&self) -> bool {
        self.volume >= Volume::Progress
    }

    /// Prints a line of progress.
    pub(crate) fn progress(&self, line: &str) {
        if self.shows_progress() {
            self.closing(line);
        }
    }

    /// Prints a line of progress that only `--verbose` asks for.
    pub(crate) fn detail(&self, line: &str) {
        if self.volume == Volume::Detail {
            self.closing(line);
        }
    }

    /// The columns of the terminal, if progress can be redrawn on it.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = || terminal_size::terminal_size_of(std::io::stderr());
        (self.redraws && self.shows_progress())
            .then(|| size().map_or(USUAL_COLUMNS, |(width, _)| usize::from(width.0)))
    }

    /// Draws a line in the place of the one that was drawn before; it is gone when anything else is printed.
    pub(crate) fn redraw(&self, line: &str) {
        let line = adapt(line, self.color.err);
        if *self.drawn.borrow() == line {
            return;
        }
        // In one piece, and what was longer is emptied last: nothing flickers.
        write(std::io::stderr().lock(), [b"\r", line.as_slice(), b"\x1b[K"].concat());
        self.drawn.replace(line);
    }

    /// Takes back the line that is redrawn.
    pub(crate) fn erase(&self) {
        if !self.drawn.borrow().is_empty() {
            self.print(&[]);
        }
    }

    /// Prints on standard error, where the line that is redrawn stood.
    fn print(&self, bytes: &[u8]) {
        let drawn = !self.drawn.take().is_empty();
        let erase = if drawn { ERASE } else { "" };
        write(std::io::stderr().lock(), [erase.as_bytes(), bytes].concat());
    }

    /// Prints findings as reports with their source underlined.
    pub(crate) fn findings(&self, findings: &[&BoxedFinding]) {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme {
            characters: ThemeCharacters::unicode(),
            styles: if self.color.err { ThemeStyles::ansi() } else { ThemeStyles::none() },
        })
        .with_width(110)
        .with_links(false);
        let mut text = String::new();
        for finding in findings {
            let mut report = String::new();
            if is_drawable(finding.as_ref()) && handler.render_report(&mut report, finding.as_ref()).is_ok() {
                text.push_str(&report);
            } else {
                text.push_str(&without_source(finding.as_ref()));
            }
            text.push('\n');
        }
        self.print(text.as_bytes());
    }

    /// Prints a closing line on standard error.
    pub(crate) fn closing(&self, line: &str) {
        self.print(&adapt(&format!("{line}\n"), self.color.err));
    }
}

/// Longer lines are not drawn: nobody reads them, and the renderer cannot count further than 65,535 columns.
const MAX_DRAWN_LINE: usize = 4096;

/// Whether the lines that a finding points at, and those around them, can be shown.
fn is_drawable(finding: &dyn Diagnostic) -> bool {
    let short = |source: &dyn SourceCode, span: &SourceSpan| {
        source.read_span(span, 1, 1).is_ok_and(|lines| {
            lines.data().split(|byte| *byte == b'\n').all(|line| line.len() <= MAX_DRAWN_LINE)
        })
    };
    let own = finding.source_code().is_none_or(|source| {
        finding.labels().into_iter().flatten().all(|label| short(source, label.inner()))
    });
    own && finding.related().into_iter().flatten().all(is_drawable)
}

/// A finding with its place in words.
fn without_source(finding: &dyn Diagnostic) -> String {
    let Finding { file, line, column, rule, message, help, .. } = Finding::from(finding);
    let place = [file, line.map(|line| line.to_string()), column.map(|column| column.to_string())];
    let place: Vec<_> = place.into_iter().flatten().collect();
    let mut text = format!("{rule}\n\n  × {message}\n");
    if !place.is_empty() {
        text.push_str(&format!("    at {}\n", place.join(":")));
    }
    if let Some(help) = help {
        text.push_str(&format!("  help: {help}\n"));
    }
    text.extend(finding.related().into_iter().flatten().map(without_source));
    text
}

fn adapt(text: &str, color: bool) -> Vec<u8> {
    if color { text.as_bytes().to_vec() } else { strip_str(text).to_string().into_bytes() }
}

fn write(mut stream: impl std::io::Write, bytes: impl AsRef<[u8]>) {
    // A closed pipe (`infra … | head`) ends the output, not the command.
    let _ = stream.write_all(bytes.as_ref()).and_then(|()| stream.flush());
}

/// `text` in a style; the style is stripped again where it is not wanted.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Problem;

    fn at(text: String, span: (usize, usize)) -> Problem {
        let src = miette::NamedSource::new("infra.toml", text);
        Problem::Configuration { message: "odd".to_owned(), src, span: span.into() }
    }

    #[test]
    fn a_line_too_long_to_draw_is_named_in_words() {
        let problem = at(format!("a = 1\n{}", "x".repeat(70_000)), (70_000, 1));
        assert!(!is_drawable(&problem));
        assert!(without_source(&problem).contains("at infra.toml:2:69995\n  help: "));
        assert!(is_drawable(&at("a = 1\n".to_owned(), (0, 1))));
    }
}
