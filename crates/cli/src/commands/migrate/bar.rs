//! The migration in flight, and the line that says how far it is.

mod watch;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anstyle::Style;
use migrate_core::Migration;
use migrate_core::mysql::Stage;
use migrate_core::script::lexer::{Lexer, TokenKind};
use unicode_width::UnicodeWidthChar as _;

pub(crate) use self::watch::watched;
use crate::ui::{DIM, GOOD, ODD, STRONG, styled};

/// How long a migration runs before it is drawn: one that is gone at once would only flicker.
const QUICK: Duration = Duration::from_millis(200);
/// How long a statement runs before the server is asked about it.
const SHORT: Duration = Duration::from_secs(2);
/// How many seconds a statement runs before it is told of where nothing is redrawn.
const LONG: u64 = 10;
/// How many bytes of a statement are kept, or a few more.
const WORDS: usize = 120;
/// In how many of its bytes they are looked for.
const LOOK: usize = 4096;
/// Columns left free, for the `^C` that a terminal echoes.
const MARGIN: usize = 3;

/// What is in flight: the run tells it, and what draws reads it.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    /// The server's number of the connection that runs it.
    connection: Cell<Option<u64>>,
    migration: RefCell<Option<InFlight>>,
}

/// A migration that has begun and not ended.
#[derive(Debug)]
struct InFlight {
    script: String,
    total: usize,
    /// Statements that ran.
    done: usize,
    begun: Instant,
    statement: Option<Running>,
}

/// A statement that the server has not answered yet.
#[derive(Debug)]
struct Running {
    words: String,
    begun: Instant,
    stage: Option<Stage>,
    /// The seconds when it was last told of.
    told: u64,
}

impl Flight {
    /// Tells whom the server is to be asked about.
    pub(crate) fn runs_on(&self, connection: u64) {
        self.connection.set(Some(connection));
    }

    /// A migration begins.
    pub(super) fn migration(&self, migration: &Migration, total: usize) {
        let script = migration.script.clone();
        let begun = Instant::now();
        *self.migration.borrow_mut() = Some(InFlight { script, total, done: 0, begun, statement: None });
    }

    /// A statement begins, counted from 1.
    pub(super) fn statement(&self, number: usize, sql: &str) {
        if let Some(migration) = &mut *self.migration.borrow_mut() {
            migration.done = number.saturating_sub(1);
            migration.statement =
                Some(Running { words: first_words(sql), begun: Instant::now(), stage: None, told: 0 });
        }
    }

    /// The statement has run.
    pub(super) fn executed(&self) {
        if let Some(migration) = &mut *self.migration.borrow_mut()
            && migration.statement.take().is_some()
        {
            migration.done += 1;
        }
    }

    /// The migration has ended.
    pub(super) fn ended(&self) {
        *self.migration.borrow_mut() = None;
    }

    /// The connection to ask about, and when its statement began.
    fn to_ask(&self) -> Option<(u64, Instant)> {
        let migration = self.migration.borrow();
        let begun = migration.as_ref()?.statement.as_ref()?.begun;
        (begun.elapsed() >= SHORT).then_some((self.connection.get()?, begun))
    }

    /// Keeps what the server said about the statement that began at `begun`, unless it has ended meanwhile.
    fn learn(&self, begun: Instant, stage: Option<Stage>) {
        if let Some(migration) = &mut *self.migration.borrow_mut()
            && let Some(statement) = &mut migration.statement
            && statement.begun == begun
        {
            statement.stage = stage;
        }
    }

    /// The line to draw now, if the migration has run for a while.
    fn drawn(&self, columns: usize) -> Option<String> {
        let migration = self.migration.borrow();
        let migration = migration.as_ref().filter(|migration| migration.begun.elapsed() >= QUICK)?;
        Some(migration.drawn(columns, migration.begun.elapsed()))
    }

    /// The line about a statement that has run long and was not told of for a while.
    fn due(&self) -> Option<String> {
        let mut migration = self.migration.borrow_mut();
        let migration = migration.as_mut()?;
        let statement = migration.statement.as_mut()?;
        let seconds = statement.begun.elapsed().as_secs();
        if !is_due(statement.told, seconds) {
            return None;
        }
        statement.told = seconds;
        let stage = statement.stage.as_ref().map(|stage| format!(", {}", at(stage))).unwrap_or_default();
        let (number, total) = (migration.done + 1, migration.total);
        let since = styled(DIM, format!("for {seconds} s"));
        Some(format!("  {} statement {number} of {total} {since}{stage}", styled(ODD, "running")))
    }
}

/// Whether a statement that runs for `seconds` should be told of again: after ten, twenty, forty, … at least every minute.
fn is_due(told: u64, seconds: u64) -> bool {
    seconds >= told + told.clamp(LONG, 60)
}

impl InFlight {
    /// Cut on the right, where the least important stands.
    fn drawn(&self, columns: usize, elapsed: Duration) -> String {
        let mut line = Line { left: columns.saturating_sub(MARGIN), text: String::new() };
        let width = (columns / 4).clamp(5, 20);
        let filled = self.filled(width);
        line.push(Style::new(), "  ");
        line.push(GOOD, &"█".repeat(filled));
        line.push(DIM, &"░".repeat(width - filled));
        let number = (self.done + 1).min(self.total);
        line.push(Style::new(), &format!(" {number}/{} {} ", self.total, clock(elapsed.as_secs())));
        line.push(STRONG, &self.script);
        if let Some(statement) = &self.statement {
            if let Some(stage) = &statement.stage {
                line.push(ODD, &format!(" {}", at(stage)));
            }
            line.push(DIM, &format!(" {}", statement.words));
        }
        line.text
    }

    /// How much of a bar is full: the statements that ran, and what the server says of the one that runs.
    fn filled(&self, width: usize) -> usize {
        let stage = self.statement.as_ref().and_then(|statement| statement.stage.as_ref()?.percent);
        let percents = self.done * 100 + usize::from(stage.unwrap_or_default());
        (width * percents / (self.total * 100).max(1)).min(width)
    }
}

fn at(stage: &Stage) -> String {
    let percent = stage.percent.map(|percent| format!(" {percent} %")).unwrap_or_default();
    format!("{}{percent}", stage.name)
}

/// Text that ends where the terminal does.
struct Line {
    left: usize,
    text: String,
}

impl Line {
    fn push(&mut self, style: Style, text: &str) {
        let mut fits = String::new();
        for c in text.chars() {
            // Control characters would move the cursor, and have no width.
            let Some(width) = c.width() else { continue };
            if width > self.left {
                self.left = 0;
                break;
            }
            self.left -= width;
            fits.push(c);
        }
        if !fits.is_empty() {
            self.text.push_str(&styled(style, fits));
        }
    }
}

/// A statement in one line without comments, up to its first string: that may be a password.
fn first_words(sql: &str) -> String {
    let sql = &sql[..sql.floor_char_boundary(LOOK)];
    let mut words = String::new();
    let mut end = None;
    for token in Lexer::new(sql).filter(|token| !token.is_comment()) {
        if end.is_some_and(|end| end < token.start) {
            words.push(' ');
        }
        match token.kind {
            TokenKind::Word
            | TokenKind::QuotedIdentifier
            | TokenKind::Number
            | TokenKind::UserVariable
            | TokenKind::SystemVariable
            | TokenKind::Symbol => words.push_str(token.text(sql)),
            _ => {
                words.push('…');
                break;
            }
        }
        if words.len() > WORDS {
            break;
        }
        end = Some(token.end);
    }
    words
}

/// Minutes and seconds, and hours where there are any.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn in_flight(script: &str, stage: Option<Stage>) -> InFlight {
        let words = first_words("ALTER TABLE  orders\n  ADD COLUMN note TEXT");
        let statement = Some(Running { words, begun: Instant::now(), stage, told: 0 });
        InFlight { script: script.to_owned(), total: 4, done: 1, begun: Instant::now(), statement }
    }

    #[track_caller]
    fn check(migration: &InFlight, columns: usize, expected: &str) {
        assert_eq!(plain(&migration.drawn(columns, Duration::from_secs(65))), expected);
    }

    #[test]
    fn a_line_says_what_where_and_how_long_and_is_cut_where_the_terminal_ends() {
        let idle = in_flight("V7__notes.sql", None);
        check(&idle, 80, "  █████░░░░░░░░░░░░░░░ 2/4 1:05 V7__notes.sql ALTER TABLE orders ADD COLUMN n");
        check(&idle, 40, "  ██░░░░░░░░ 2/4 1:05 V7__notes.sql A");
        check(&idle, 4, " ");
        check(&idle, 0, "");
        let stage = Stage { name: "copy to tmp table".to_owned(), percent: Some(50) };
        let copying = in_flight("V7__notes.sql", Some(stage));
        check(&copying, 80, "  ███████░░░░░░░░░░░░░ 2/4 1:05 V7__notes.sql copy to tmp table 50 % ALTER TA");
    }

    #[test]
    fn wide_characters_count_twice_and_control_characters_are_left_out() {
        check(&in_flight("V1__顧客.sql", None), 28, "  █░░░░░░ 2/4 1:05 V1__顧");
        check(&in_flight("V1__\u{1b}[2J顧客.sql", None), 31, "  █░░░░░░ 2/4 1:05 V1__[2J顧");
        for columns in 0..100 {
            let line = plain(&in_flight("V1__顧客の注文.sql", None).drawn(columns, Duration::ZERO));
            let width: usize = line.chars().filter_map(unicode_width::UnicodeWidthChar::width).sum();
            assert!(width <= columns.saturating_sub(MARGIN), "{columns} columns: {line}");
        }
    }

    #[test]
    fn a_statement_is_shown_without_comments_up_to_its_first_string() {
        for (sql, words) in [
            ("CREATE USER app IDENTIFIED BY 's3cret'", "CREATE USER app IDENTIFIED BY …"),
            ("SET PASSWORD = \"s3cret\"", "SET PASSWORD = …"),
            ("SELECT\n\t1", "SELECT 1"),
            ("-- It's new.\n/* so */ SELECT/**/a.`b c`, @x := 1", "SELECT a.`b c`, @x := 1"),
            ("/*! SET PASSWORD = 's3cret' */", "…"),
            ("SELECT x's3cret", "SELECT …"),
        ] {
            assert_eq!(first_words(sql), words);
        }
        assert!(first_words(&"word ".repeat(1000)).len() < WORDS + 10);
        assert_eq!(first_words(&format!("SELECT '{}", "é".repeat(LOOK))), "SELECT …");
    }

    #[test]
    fn a_long_statement_is_told_of_less_and_less_often() {
        let mut told = vec![0];
        for seconds in 1..=200 {
            if is_due(told[told.len() - 1], seconds) {
                told.push(seconds);
            }
        }
        assert_eq!(told, [0, 10, 20, 40, 80, 140, 200]);
    }

    #[test]
    fn what_the_server_said_is_kept_for_the_statement_that_was_asked_about() {
        let flight = Flight::default();
        let now = in_flight("V1__a.sql", None);
        let begun = now.begun.checked_sub(QUICK).unwrap();
        *flight.migration.borrow_mut() = Some(now);
        assert_eq!(flight.drawn(80), None, "it has just begun");
        flight.migration.borrow_mut().as_mut().unwrap().begun = begun;
        let stage = Stage { name: "sorting".to_owned(), percent: None };
        let statement_begun =
            || flight.migration.borrow().as_ref().unwrap().statement.as_ref().unwrap().begun;
        let before = statement_begun();
        flight.statement(3, "SELECT 1");
        assert_ne!(statement_begun(), before);
        flight.learn(before, Some(stage.clone()));
        assert!(!flight.drawn(80).unwrap().contains("sorting"));
        flight.learn(statement_begun(), Some(stage));
        assert!(flight.drawn(80).unwrap().contains("sorting"));
        assert!(plain(&flight.drawn(80).unwrap()).contains(" 3/4 "));
        flight.executed();
        assert!(plain(&flight.drawn(80).unwrap()).contains("███████████████░░░░░ 4/4 "));
        flight.ended();
        assert_eq!(flight.drawn(80), None);
    }

    #[test]
    fn clocks_have_hours_where_there_are_any() {
        assert_eq!([0, 59, 600, 3600, 36_061].map(clock), ["0:00", "0:59", "10:00", "1:00:00", "10:01:01"]);
    }
}
