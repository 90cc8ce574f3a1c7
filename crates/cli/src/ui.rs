//! The one door to the terminal: results to standard output, everything else to standard error.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, SourceCode, SourceSpan, ThemeCharacters, ThemeStyles,
};

use crate::args::{Color, Global};
use crate::finding::{BoxedFinding, Finding};

/// Where and how this process prints.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    color_out: bool,
    color_err: bool,
    volume: Volume,
}

/// How much is said besides results, findings and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Volume {
    Quiet,
    Summary,
    /// Line by line.
    Progress,
    /// On a terminal, where a line can be drawn again.
    Drawn,
}

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
            color_out: color(std::io::stdout().is_terminal()),
            color_err: color(std::io::stderr().is_terminal()),
            volume: match (global.quiet, global.no_progress) {
                (true, _) => Volume::Quiet,
                (false, true) => Volume::Summary,
                (false, false) if std::io::stderr().is_terminal() => Volume::Drawn,
                (false, false) => Volume::Progress,
            },
        }
    }

    /// Prints a result; a reader that has gone away is not an error.
    pub(crate) fn result(&self, text: &str) {
        write(std::io::stdout().lock(), adapt(text, self.color_out));
    }

    /// Prints the human summary of a result, which `--quiet` leaves out.
    pub(crate) fn summary(&self, text: &str) {
        if self.volume >= Volume::Summary {
            self.result(text);
        }
    }

    /// Prints a line of progress.
    pub(crate) fn progress(&self, line: &str) {
        if self.volume >= Volume::Progress {
            write(std::io::stderr().lock(), adapt(&format!("{line}\n"), self.color_err));
        }
    }

    /// Whether a line of progress can be drawn again in its place.
    pub(crate) fn redraws(&self) -> bool {
        self.volume == Volume::Drawn
    }

    /// Draws a line in place of the one drawn last. The cursor stays before it, so that whatever is printed next replaces it.
    pub(crate) fn redraw(&self, line: &str) {
        if self.redraws() {
            let line = adapt(line, self.color_err);
            write(std::io::stderr().lock(), [b"\r\x1b[2K", line.as_slice(), b"\r"].concat());
        }
    }

    /// Prints findings as reports with their source underlined.
    pub(crate) fn findings(&self, findings: &[&BoxedFinding]) {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme {
            characters: ThemeCharacters::unicode(),
            styles: if self.color_err { ThemeStyles::ansi() } else { ThemeStyles::none() },
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
        write(std::io::stderr().lock(), text.as_bytes());
    }

    /// Prints a closing line on standard error.
    pub(crate) fn closing(&self, line: &str) {
        write(std::io::stderr().lock(), adapt(&format!("{line}\n"), self.color_err));
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
    if color { text.as_bytes().to_vec() } else { anstream::adapter::strip_str(text).to_string().into_bytes() }
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
