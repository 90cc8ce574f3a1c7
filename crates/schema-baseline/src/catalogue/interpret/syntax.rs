//! The statements of a stored program, as far as it takes to see which definitions it changes.

use migrate_core::script::lexer::{Token, TokenKind};

use crate::dialect::Dialect;
use crate::parse::{tokens_of, unquoted};
use crate::place::Span;

/// A stretch of the program's text.
pub(super) type Text = Span;

/// One statement of a program.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Block {
        label: Option<String>,
        steps: Vec<Step>,
    },
    Declare {
        names: Vec<String>,
        value: Option<Text>,
    },
    Cursor {
        name: String,
        query: Text,
    },
    Handler {
        exits: bool,
        on_end: bool,
        step: Box<Step>,
    },
    Set(Vec<(String, Text)>),
    If {
        branches: Vec<(Text, Vec<Step>)>,
        otherwise: Vec<Step>,
    },
    Loop {
        label: Option<String>,
        condition: Option<Text>,
        until: Option<Text>,
        steps: Vec<Step>,
    },
    Leave(String),
    Iterate(String),
    Open(String),
    Fetch {
        cursor: String,
        into: Vec<String>,
    },
    Prepare {
        name: String,
        from: Text,
    },
    Execute(String),
    Call {
        name: String,
        at: Text,
        arguments: Vec<Text>,
    },
    SelectInto {
        whole: Text,
        items: Text,
        rest: Text,
        into: Vec<String>,
    },
    /// Ends the program with an error.
    Signal,
    /// Any other statement: it is applied like one of a script.
    Statement(Text),
}

/// Reads the body of a program; none when its structure is not understood.
pub(super) fn read(source: &str, body: Span, dialect: Dialect) -> Option<Vec<Step>> {
    let tokens = tokens_of(source, body, dialect);
    let mut reader = Reader { source, tokens: &tokens, at: 0, depth: 0 };
    let mut steps = Vec::new();
    while reader.at < tokens.len() {
        if reader.symbol(";") {
            reader.at += 1;
            continue;
        }
        steps.push(reader.step()?);
    }
    Some(steps)
}

/// How deep blocks may be nested.
const DEEPEST: usize = 60;

struct Reader<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn word_at(&self, ahead: usize, word: &str) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| token.is_word(self.source, word))
    }

    fn word(&self, word: &str) -> bool {
        self.word_at(0, word)
    }

    fn symbol(&self, symbol: &str) -> bool {
        self.symbol_at(0, symbol)
    }

    fn symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| token.is_symbol(self.source, symbol))
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Option<()> {
        self.eat(word).then_some(())
    }

    fn name(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(unquoted(token.text(self.source)).to_lowercase())
    }

    fn text(&self, start: usize, end: usize) -> Option<Text> {
        let tokens = self.tokens.get(start..end)?;
        Some(Span { start: tokens.first()?.start, end: tokens.last()?.end })
    }

    /// Goes on to a symbol or word outside of parentheses and `CASE … END`, and gives the text before it.
    fn until(&mut self, stops: impl Fn(&Self) -> bool) -> Option<Text> {
        let start = self.at;
        let (mut depth, mut cases) = (0_usize, 0_usize);
        while self.at < self.tokens.len() {
            if depth == 0 && cases == 0 && stops(self) {
                break;
            }
            if self.symbol("(") {
                depth += 1;
            } else if self.symbol(")") {
                depth = depth.checked_sub(1)?;
            } else if self.word("case") {
                cases += 1;
            } else if self.word("end") && cases > 0 {
                cases -= 1;
            }
            self.at += 1;
        }
        self.text(start, self.at)
    }

    fn up_to_semicolon(&mut self) -> Option<Text> {
        self.until(|reader| reader.symbol(";"))
    }

    /// Statements up to one of these words.
    fn steps(&mut self, ends: &[&str]) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            while self.symbol(";") {
                self.at += 1;
            }
            if self.at >= self.tokens.len() {
                return None;
            }
            if ends.iter().any(|end| self.word(end)) {
                return Some(steps);
            }
            steps.push(self.step()?);
        }
    }

    fn step(&mut self) -> Option<Step> {
        self.depth += 1;
        let step = if self.depth > DEEPEST { None } else { self.any_step() };
        self.depth -= 1;
        step
    }

    fn any_step(&mut self) -> Option<Step> {
        let label = if self.symbol_at(1, ":") && !self.symbol_at(2, "=") {
            let label = self.name()?;
            self.at += 1;
            Some(label)
        } else {
            None
        };
        if self.eat("begin") {
            if self.eat("not") {
                self.expect("atomic")?;
            }
            let steps = self.steps(&["end"])?;
            self.at += 1;
            self.end_label();
            return Some(Step::Block { label, steps });
        }
        if self.eat("declare") {
            return self.declare();
        }
        if self.eat("if") {
            return self.branches();
        }
        if self.eat("while") {
            let condition = self.until(|reader| reader.word("do"))?;
            self.expect("do")?;
            let steps = self.block_of("while")?;
            return Some(Step::Loop { label, condition: Some(condition), until: None, steps });
        }
        if self.eat("loop") {
            let steps = self.block_of("loop")?;
            return Some(Step::Loop { label, condition: None, until: None, steps });
        }
        if self.word("repeat") && !self.symbol_at(1, "(") {
            self.at += 1;
            let steps = self.steps(&["until"])?;
            self.at += 1;
            let until = self.until(|reader| reader.word("end"))?;
            self.expect("end")?;
            self.expect("repeat")?;
            self.end_label();
            return Some(Step::Loop { label, condition: None, until: Some(until), steps });
        }
        if self.word("case") {
            return None;
        }
        self.simple_step()
    }

    fn simple_step(&mut self) -> Option<Step> {
        let step = if self.eat("leave") {
            Step::Leave(self.name()?)
        } else if self.eat("iterate") {
            Step::Iterate(self.name()?)
        } else if self.eat("open") {
            Step::Open(self.name()?)
        } else if self.eat("close") {
            self.name()?;
            Step::Set(Vec::new())
        } else if self.eat("fetch") {
            let _ = self.eat("next");
            let _ = self.eat("from");
            let cursor = self.name()?;
            self.expect("into")?;
            Step::Fetch { cursor, into: self.names()? }
        } else if self.eat("signal") {
            self.up_to_semicolon()?;
            Step::Signal
        } else if self.word("set") && self.is_assignment() {
            self.at += 1;
            self.assignments()?
        } else if self.eat("prepare") {
            let name = self.name()?;
            self.expect("from")?;
            Step::Prepare { name, from: self.up_to_semicolon()? }
        } else if self.word("execute") && !self.word_at(1, "immediate") {
            self.at += 1;
            let name = self.name()?;
            self.up_to_semicolon();
            Step::Execute(name)
        } else if self.word("deallocate") || self.word("drop") && self.word_at(1, "prepare") {
            self.up_to_semicolon()?;
            Step::Set(Vec::new())
        } else if self.eat("call") {
            let at = self.text(self.at, self.at + 1)?;
            let name = self.name()?;
            Step::Call { name, at, arguments: self.arguments()? }
        } else {
            let start = self.at;
            let text = self.up_to_semicolon()?;
            self.select_into(start, text).unwrap_or(Step::Statement(text))
        };
        Some(step)
    }

    fn end_label(&mut self) {
        if self.at < self.tokens.len() && !self.symbol(";") && !self.symbol("$$") {
            self.at += 1;
        }
    }

    fn block_of(&mut self, word: &str) -> Option<Vec<Step>> {
        let steps = self.steps(&["end"])?;
        self.at += 1;
        self.expect(word)?;
        self.end_label();
        Some(steps)
    }

    fn branches(&mut self) -> Option<Step> {
        let mut branches = Vec::new();
        loop {
            let condition = self.until(|reader| reader.word("then"))?;
            self.expect("then")?;
            branches.push((condition, self.steps(&["elseif", "else", "end"])?));
            if !self.eat("elseif") {
                break;
            }
        }
        let otherwise = if self.eat("else") { self.steps(&["end"])? } else { Vec::new() };
        self.expect("end")?;
        self.expect("if")?;
        Some(Step::If { branches, otherwise })
    }

    fn declare(&mut self) -> Option<Step> {
        if self.word("continue") || self.word("exit") || self.word("undo") {
            let exits = !self.word("continue");
            self.at += 1;
            self.expect("handler")?;
            self.expect("for")?;
            let mut on_end = false;
            loop {
                if self.word("not") && self.word_at(1, "found") {
                    on_end = true;
                    self.at += 2;
                } else if self.eat("sqlstate") {
                    let _ = self.eat("value");
                    on_end |= self.tokens.get(self.at)?.text(self.source).contains("02000");
                    self.at += 1;
                } else {
                    on_end |= self.tokens.get(self.at)?.text(self.source) == "1329";
                    self.at += 1;
                }
                if !self.symbol(",") {
                    break;
                }
                self.at += 1;
            }
            return Some(Step::Handler { exits, on_end, step: Box::new(self.step()?) });
        }
        if self.word_at(1, "cursor") {
            let name = self.name()?;
            self.at += 1;
            self.expect("for")?;
            return Some(Step::Cursor { name, query: self.up_to_semicolon()? });
        }
        if self.word_at(1, "condition") {
            self.up_to_semicolon()?;
            return Some(Step::Set(Vec::new()));
        }
        let mut names = vec![self.name()?];
        while self.symbol(",") {
            self.at += 1;
            names.push(self.name()?);
        }
        self.until(|reader| reader.symbol(";") || reader.word("default"));
        let value = if self.eat("default") { Some(self.up_to_semicolon()?) } else { None };
        Some(Step::Declare { names, value })
    }

    fn names(&mut self) -> Option<Vec<String>> {
        let mut names = vec![self.name()?];
        while self.symbol(",") {
            self.at += 1;
            names.push(self.name()?);
        }
        Some(names)
    }

    /// Whether a `SET` gives values to variables rather than to settings of the session.
    fn is_assignment(&self) -> bool {
        let Some(token) = self.tokens.get(self.at + 1) else { return false };
        let is_variable = token.kind == TokenKind::UserVariable
            || token.text(self.source).starts_with('@') && !token.text(self.source).starts_with("@@");
        let is_setting = [
            "session",
            "global",
            "names",
            "character",
            "local",
            "persist",
            "foreign_key_checks",
            "sql_mode",
            "autocommit",
            "unique_checks",
            "sql_log_bin",
            "sql_safe_updates",
            "password",
            "transaction",
            "time_zone",
        ]
        .iter()
        .any(|word| self.word_at(1, word));
        is_variable
            || token.kind != TokenKind::SystemVariable
                && !is_setting
                && (self.symbol_at(2, "=") || self.symbol_at(2, ":="))
    }

    fn assignments(&mut self) -> Option<Step> {
        let mut all = Vec::new();
        loop {
            let name = self.name()?;
            if !self.symbol("=") && !self.symbol(":=") {
                return None;
            }
            self.at += 1;
            let value = self.until(|reader| reader.symbol(";") || reader.symbol(","))?;
            all.push((name, value));
            if !self.symbol(",") {
                return Some(Step::Set(all));
            }
            self.at += 1;
        }
    }

    fn arguments(&mut self) -> Option<Vec<Text>> {
        let mut arguments = Vec::new();
        if !self.symbol("(") {
            return Some(arguments);
        }
        self.at += 1;
        while !self.symbol(")") {
            arguments.push(self.until(|reader| reader.symbol(",") || reader.symbol(")"))?);
            self.at += usize::from(self.symbol(","));
            if self.at >= self.tokens.len() {
                return None;
            }
        }
        self.at += 1;
        Some(arguments)
    }

    /// `SELECT … INTO variables …`, which begins at a token and has been read already.
    fn select_into(&self, start: usize, whole: Text) -> Option<Step> {
        let mut inner = Reader { source: self.source, tokens: &self.tokens[..self.at], at: start, depth: 0 };
        if !inner.word("select") {
            return None;
        }
        let items = inner.until(|reader| reader.word("into") || reader.word("from"))?;
        let from = if inner.word("from") { inner.until(|reader| reader.word("into")) } else { None };
        inner.eat("into").then_some(())?;
        if inner.word("outfile") || inner.word("dumpfile") {
            return None;
        }
        let into = inner.names()?;
        let rest = match from {
            Some(from) => from,
            None => {
                inner.text(inner.at, inner.tokens.len()).unwrap_or(Span { start: items.end, end: items.end })
            }
        };
        Some(Step::SelectInto { whole, items, rest, into })
    }
}

impl Step {
    /// Whether it may change a definition, when it is run.
    pub(super) fn defines(&self, source: &str) -> bool {
        let any = |steps: &[Self]| steps.iter().any(|step| step.defines(source));
        match self {
            Self::Block { steps, .. } | Self::Loop { steps, .. } => any(steps),
            Self::If { branches, otherwise } => {
                branches.iter().any(|(_, steps)| any(steps)) || any(otherwise)
            }
            Self::Handler { step, .. } => step.defines(source),
            Self::Execute(_) | Self::Call { .. } => true,
            Self::Statement(text) => {
                let first =
                    text.of(source).split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
                matches!(first.as_str(), "create" | "alter" | "drop" | "rename" | "execute")
            }
            _ => false,
        }
    }

    /// The variables that it may give values to.
    pub(super) fn assigned(&self, out: &mut Vec<String>) {
        match self {
            Self::Block { steps, .. } | Self::Loop { steps, .. } => {
                for step in steps {
                    step.assigned(out);
                }
            }
            Self::If { branches, otherwise } => {
                for step in branches.iter().flat_map(|(_, steps)| steps).chain(otherwise) {
                    step.assigned(out);
                }
            }
            Self::Set(all) => out.extend(all.iter().map(|(name, _)| name.clone())),
            Self::SelectInto { into, .. } | Self::Fetch { into, .. } => out.extend(into.iter().cloned()),
            _ => {}
        }
    }
}
