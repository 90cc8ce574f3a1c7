//! Compound statements: how deep inside `BEGIN … END` and its relatives a statement is.
//!
//! A `;` ends a statement only outside all blocks. The server's own client does not look into statements, it wants
//! `DELIMITER` lines; Flyway counts `BEGIN`, `CASE` and `END`. This follows the grammar instead, so that loops, `IF`
//! without `BEGIN`, names such as `t.end` and comments between `END` and `IF` are all understood.

use super::lexer::{Lexer, Token, TokenKind};

/// A word or other token beside the one in question.
type Neighbour<'a> = Option<(TokenKind, &'a str)>;

/// The open blocks of one statement.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    head: Head,
    frames: Vec<Frame>,
}

/// How far the beginning of a statement has been recognised.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Head {
    #[default]
    Start,
    Create,
    /// After `DEFINER =`: one token is the account.
    Account,
    Alter,
    Begin,
    BeginNot,
    /// A stored program or compound statement: blocks count.
    Program,
    /// Anything else: blocks do not exist.
    Plain,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: FrameKind,
    start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Block,
    /// `awaits_then`: a `WHEN` was read whose `THEN` was not.
    Case {
        awaits_then: bool,
    },
    /// An `IF` that may be a statement, the function or `IF EXISTS`: a `THEN` decides.
    MaybeIf,
    /// `awaits_then`: an `ELSEIF` was read whose `THEN` was not.
    If {
        awaits_then: bool,
    },
    /// `LOOP`, `WHILE`, `REPEAT`, `FOR`; `in_head`: its `DO` or `LOOP` was not read yet.
    Loop {
        in_head: bool,
    },
    Package {
        routine: Routine,
    },
}

/// What the current routine of a package has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Routine {
    None,
    Declared,
    /// `AS` or `IS` was read: declarations and `BEGIN` follow.
    Body,
}

impl Blocks {
    /// Forgets everything: a new statement begins.
    pub(super) fn reset(&mut self) {
        self.head = Head::Start;
        self.frames.clear();
    }

    /// Whether blocks cannot exist, so that no token needs to be looked at.
    pub(super) fn is_plain(&self) -> bool {
        self.head == Head::Plain
    }

    /// Whether blocks count, so that no token needs to be looked at but what [`is_block_word`] says.
    pub(super) fn is_program(&self) -> bool {
        self.head == Head::Program
    }

    /// A delimiter was read. Returns whether it ends the statement.
    pub(super) fn delimiter(&mut self) -> bool {
        if self.head != Head::Program {
            self.frames.clear();
        }
        self.drop_undecided();
        if let Some(FrameKind::Package { routine: routine @ Routine::Declared }) = self.top() {
            *routine = Routine::None;
        }
        self.frames.is_empty()
    }

    /// Where the innermost open block begins.
    pub(super) fn open(&self) -> Option<usize> {
        self.frames.iter().rev().find(|frame| frame.kind != FrameKind::MaybeIf).map(|frame| frame.start)
    }

    /// Takes the next token that is not a comment and stands outside parentheses, the one before it and a lexer after
    /// it. Returns true when the next word belongs to this one (`END IF`) and must not be given.
    pub(super) fn token(&mut self, token: Token, previous: Option<Token>, after: &Lexer<'_>) -> bool {
        match self.head {
            Head::Plain => false,
            Head::Program => token.kind == TokenKind::Word && self.program_word(token, previous, after),
            _ => {
                self.head_token(token, after.source());
                false
            }
        }
    }

    fn head_token(&mut self, token: Token, text: &str) {
        let mut buffer = [0; LONGEST];
        let upper = match token.kind {
            TokenKind::Word => upper(token.text(text), &mut buffer),
            _ => "",
        };
        self.head = match (self.head, upper) {
            (Head::Account, _) => Head::Create,
            // `/*!50003 CREATE*/ …`: what is inside belongs to the head, but need not be read.
            (head, _) if token.kind == TokenKind::ExecutableComment => head,
            (Head::Start, "CREATE")
            | (Head::Create, "OR" | "REPLACE" | "AGGREGATE" | "DEFINER")
            | (Head::Alter, "DEFINER") => Head::Create,
            (Head::Start, "ALTER") => Head::Alter,
            (Head::Start, "BEGIN") => {
                self.push(FrameKind::Block, token.start);
                Head::Begin
            }
            // MariaDB runs these outside stored programs, too.
            (Head::Start, "IF") => {
                self.push(FrameKind::MaybeIf, token.start);
                Head::Program
            }
            (Head::Start, "CASE") => {
                self.push(FrameKind::Case { awaits_then: false }, token.start);
                Head::Program
            }
            (Head::Start, word @ ("LOOP" | "WHILE" | "REPEAT" | "FOR")) => {
                self.push(FrameKind::Loop { in_head: matches!(word, "WHILE" | "FOR") }, token.start);
                Head::Program
            }
            (Head::Create, "PROCEDURE" | "FUNCTION" | "TRIGGER" | "EVENT") | (Head::Alter, "EVENT") => {
                Head::Program
            }
            (Head::Create, "PACKAGE") => {
                self.push(FrameKind::Package { routine: Routine::None }, token.start);
                Head::Program
            }
            (Head::Create, _) if token.is_symbol(text, "=") || token.is_symbol(text, "@") => Head::Account,
            // `DEFINER = 'a'@'%'` and `CURRENT_USER()`.
            (Head::Create, _) if token.kind == TokenKind::UserVariable || token.is_symbol(text, ")") => {
                Head::Create
            }
            (Head::Begin, "NOT") => Head::BeginNot,
            (Head::BeginNot, "ATOMIC") => Head::Program,
            _ => {
                self.frames.clear();
                Head::Plain
            }
        };
    }

    fn program_word(&mut self, token: Token, previous: Option<Token>, after: &Lexer<'_>) -> bool {
        let text = after.source();
        let mut buffer = [0; LONGEST];
        let word = upper(token.text(text), &mut buffer);
        if word.is_empty() || previous.is_some_and(|previous| previous.is_symbol(text, ".")) {
            return false;
        }
        let previous = previous.map(|token| (token.kind, token.text(text)));
        let next = || {
            let next = after.clone().find(|token| !token.is_comment());
            next.map(|token| (token.kind, token.text(text)))
        };
        let start = token.start;
        match word {
            "BEGIN" if !is_name(previous, next()) => match self.top() {
                // The initialisation part of a package shares the package's END.
                Some(FrameKind::Package { routine: Routine::None }) => {}
                Some(FrameKind::Package { routine }) => {
                    *routine = Routine::None;
                    self.push(FrameKind::Block, start);
                }
                _ => self.push(FrameKind::Block, start),
            },
            "CASE" => self.push(FrameKind::Case { awaits_then: false }, start),
            "WHEN" => {
                self.drop_undecided();
                if let Some(FrameKind::Case { awaits_then }) = self.top() {
                    *awaits_then = true;
                }
            }
            "IF" => self.push(FrameKind::MaybeIf, start),
            "ELSEIF" | "ELSIF" => {
                self.drop_undecided();
                if let Some(FrameKind::If { awaits_then }) = self.top() {
                    *awaits_then = true;
                }
            }
            "THEN" => self.then(),
            "LOOP" => match self.top() {
                Some(FrameKind::Loop { in_head: in_head @ true }) => *in_head = false,
                _ => self.push(FrameKind::Loop { in_head: false }, start),
            },
            "DO" => {
                if let Some(FrameKind::Loop { in_head }) = self.top() {
                    *in_head = false;
                }
            }
            "WHILE" => self.push(FrameKind::Loop { in_head: true }, start),
            "REPEAT" if next().is_none_or(|(_, text)| text != "(") => {
                self.push(FrameKind::Loop { in_head: false }, start);
            }
            "FOR" if begins_loop(previous, next()) => self.push(FrameKind::Loop { in_head: true }, start),
            "PROCEDURE" | "FUNCTION" => self.package_routine(Routine::Declared),
            "AS" | "IS" => {
                if let Some(FrameKind::Package { routine: Routine::Declared }) = self.top() {
                    self.package_routine(Routine::Body);
                }
            }
            "END" => return self.end(previous, next()),
            _ => {}
        }
        false
    }

    /// Returns whether the word after `END` belongs to it.
    fn end(&mut self, previous: Neighbour<'_>, next: Neighbour<'_>) -> bool {
        self.drop_undecided();
        let in_case = matches!(self.top(), Some(FrameKind::Case { .. }));
        if !in_case && is_name(previous, next) {
            return false;
        }
        self.frames.pop();
        let closers = ["IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"];
        next.is_some_and(|(kind, text)| {
            kind == TokenKind::Word && closers.iter().any(|closer| text.eq_ignore_ascii_case(closer))
        })
    }

    fn then(&mut self) {
        let undecided = self.frames.iter().rev().take_while(|frame| frame.kind == FrameKind::MaybeIf);
        let first_if = undecided.last().map(|frame| frame.start);
        self.drop_undecided();
        match (self.top(), first_if) {
            (Some(FrameKind::Case { awaits_then } | FrameKind::If { awaits_then }), _) if *awaits_then => {
                *awaits_then = false;
            }
            (_, Some(start)) => self.push(FrameKind::If { awaits_then: false }, start),
            _ => {}
        }
    }

    fn package_routine(&mut self, seen: Routine) {
        if let Some(FrameKind::Package { routine }) = self.top() {
            *routine = seen;
        }
    }

    fn drop_undecided(&mut self) {
        while matches!(self.top(), Some(FrameKind::MaybeIf)) {
            self.frames.pop();
        }
    }

    fn push(&mut self, kind: FrameKind, start: usize) {
        self.frames.push(Frame { kind, start });
    }

    fn top(&mut self) -> Option<&mut FrameKind> {
        self.frames.last_mut().map(|frame| &mut frame.kind)
    }
}

/// The length of the longest word that is looked for, `PROCEDURE`.
const LONGEST: usize = 9;

/// A word in capitals, or nothing if it is too long to be looked for.
fn upper<'a>(word: &str, buffer: &'a mut [u8; LONGEST]) -> &'a str {
    let Some(place) = buffer.get_mut(..word.len()) else { return "" };
    place.copy_from_slice(word.as_bytes());
    place.make_ascii_uppercase();
    std::str::from_utf8(place).unwrap_or_default()
}

/// Whether a word can matter to the blocks of a program.
pub(super) fn is_block_word(word: &[u8]) -> bool {
    let words: &[&[u8]] = match word.len() {
        2 => &[b"IF", b"DO", b"AS", b"IS"],
        3 => &[b"END", b"FOR"],
        4 => &[b"THEN", b"CASE", b"WHEN", b"LOOP"],
        5 => &[b"BEGIN", b"WHILE", b"ELSIF"],
        6 => &[b"ELSEIF", b"REPEAT"],
        8 => &[b"FUNCTION"],
        9 => &[b"PROCEDURE"],
        _ => &[],
    };
    words.iter().any(|known| known[0] == word[0].to_ascii_uppercase() && known.eq_ignore_ascii_case(word))
}

/// `BEGIN` and `END` are not reserved: beside an operator, or after a word that wants an expression, they are names.
fn is_name(previous: Neighbour<'_>, next: Neighbour<'_>) -> bool {
    let wants_name = |text: &str| {
        ["SELECT", "AS", "BY", "SET", "WHERE", "AND", "OR", "ON", "DISTINCT", "DECLARE"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
    };
    let after = match previous {
        Some((TokenKind::Symbol, text)) => !matches!(text, ";" | ":" | ")"),
        Some((TokenKind::Word, text)) => wants_name(text),
        _ => false,
    };
    let before = match next {
        Some((TokenKind::Symbol, text)) => !matches!(text, ";" | "(" | "<<"),
        Some((TokenKind::Word, text)) => ["FROM", "AS", "IN", "IS", "LIKE", "AND", "OR", "BETWEEN"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word)),
        _ => false,
    };
    after || before
}

/// A `FOR` loop stands where a statement begins; `CURSOR FOR`, `FOR UPDATE` and the others do not.
fn begins_loop(previous: Neighbour<'_>, next: Neighbour<'_>) -> bool {
    let is_one_of = |text: &str, words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match previous {
        // The end of a routine's parameters, or of an expression in a query.
        Some((TokenKind::Symbol, ")")) => next.is_some_and(|(_, text)| {
            !is_one_of(text, &["UPDATE", "SHARE", "SYSTEM_TIME", "PORTION", "JOIN", "ORDER", "GROUP"])
        }),
        Some((TokenKind::Symbol, text)) => matches!(text, ";" | ":"),
        Some((TokenKind::Word, text)) => {
            is_one_of(text, &["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW"])
        }
        _ => false,
    }
}
