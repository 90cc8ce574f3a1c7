//! What a statement leaves behind when client or server die around it: whether it commits with the transaction, and if
//! not, by which objects its outcome can be told.
//!
//! The list of statements that commit implicitly is that of the MySQL manual, "Statements That Cause an Implicit Commit".

use super::lexer::{Lexer, Token, TokenKind};

/// Something whose definition the server can show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The schema that the statement names, if it does.
    pub schema: Option<String>,
    /// Its name, without quotes.
    pub name: String,
}

/// What an [`Object`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the SQL words")]
pub enum ObjectKind {
    /// A table, view or sequence: they share their names.
    Table,
    Trigger,
    Procedure,
    Function,
    Event,
    Database,
}

/// How a statement's outcome can be told afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Commits with the transaction that it runs in, and is undone with it. So do assignments to user variables alone: their
    /// values are kept, since computing them again may write again.
    Transactional,
    /// Changes settings of the session: repeated when a session takes over from one that died.
    Session,
    /// Leaves a temporary table that dies with the session.
    Temporary,
    /// Commits at once; see [`Commit`].
    Commits(Commit),
    /// Runs the body of this procedure.
    Call(Object),
    /// Names a statement whose text is in a literal or a user variable.
    Prepare {
        /// The statement's name.
        name: String,
        /// Its text: a literal or a user variable, as written.
        text: String,
    },
    /// Runs the prepared statement of this name.
    Execute(String),
    /// Forgets the prepared statement of this name.
    Deallocate(String),
    /// From here on every statement commits at once.
    Autocommit,
    /// From here on no other table can be written.
    LockTables,
    /// All tables can be written again.
    UnlockTables,
}

/// A statement that commits by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The objects that it changes, in the order of the text.
    pub objects: Vec<Object>,
    /// Nothing changes for a second run, so it may be repeated when only a part of `objects` changed.
    pub idempotent: bool,
    /// It may have run although the objects look as before, so nothing follows from that.
    pub invisible: bool,
}

impl Effect {
    /// A statement that commits and of which nothing can be told.
    pub fn opaque() -> Self {
        Self::Commits(Commit { invisible: true, ..Commit::default() })
    }

    fn repeatable() -> Self {
        Self::Commits(Commit { idempotent: true, ..Commit::default() })
    }

    /// Whether nothing is committed before the transaction is.
    pub fn is_part_of_transaction(&self) -> bool {
        matches!(
            self,
            Self::Transactional
                | Self::Session
                | Self::Temporary
                | Self::Prepare { .. }
                | Self::Deallocate(_)
        )
    }

    /// Whether the server commits what is open before it begins with this statement, which it does for definitions of what can
    /// be shown. A statement that it cannot parse commits nothing, nor does one in a comment for other versions.
    pub fn commits_first(&self, sql: &str) -> bool {
        let first = Lexer::new(sql).find(|token| !token.is_comment());
        first.is_some_and(|token| token.kind == TokenKind::Word)
            && matches!(self, Self::Commits(commit) if !commit.objects.is_empty())
    }

    /// The effect of one statement.
    pub fn of(sql: &str) -> Self {
        // Bulk data is not read to its end.
        let first = Lexer::new(sql).find(|token| !token.is_comment());
        if first.is_some_and(|token| is_data(token.text(sql))) {
            return Self::Transactional;
        }
        let mut words = Words::new(sql);
        let Some(first) = words.next_word() else { return Self::Transactional };
        if is_data(&first) {
            return Self::Transactional;
        }
        match first.to_ascii_uppercase().as_str() {
            "USE" => Self::Session,
            "DEALLOCATE" => deallocate(&mut words),
            "LOCK" if !words.contains("INSTANCE") => Self::LockTables,
            "UNLOCK" if !words.contains("INSTANCE") => Self::UnlockTables,
            "SET" => set(&words),
            "PREPARE" => prepare(&words),
            "EXECUTE" => words.next_name().map_or_else(Self::opaque, |(_, name)| Self::Execute(name)),
            "CALL" => match words.next_name() {
                Some((schema, name)) => Self::Call(Object { kind: ObjectKind::Procedure, schema, name }),
                None => Self::opaque(),
            },
            "CREATE" | "ALTER" | "DROP" => definition(&mut words, &first),
            "RENAME" => rename(&mut words),
            "BEGIN" if words.contains("ATOMIC") => Self::opaque(),
            "TRUNCATE" | "GRANT" | "REVOKE" | "ANALYZE" | "OPTIMIZE" | "REPAIR" | "CHECK" | "FLUSH"
            | "CACHE" | "START" | "BEGIN" | "COMMIT" | "RESET" | "KILL" | "INSTALL" | "UNINSTALL" => {
                Self::repeatable()
            }
            _ => Self::opaque(),
        }
    }
}

/// Whether a statement that begins with this word commits with its transaction.
fn is_data(first: &str) -> bool {
    const WORDS: [&str; 22] = [
        "INSERT",
        "UPDATE",
        "DELETE",
        "REPLACE",
        "SELECT",
        "WITH",
        "DO",
        "VALUES",
        "TABLE",
        "(",
        "EXPLAIN",
        "DESCRIBE",
        "DESC",
        "SHOW",
        "SAVEPOINT",
        "RELEASE",
        "GET",
        "SIGNAL",
        "HANDLER",
        "HELP",
        "ROLLBACK",
        "LOAD",
    ];
    WORDS.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Whether the body of a procedure may commit, by itself or through what it calls.
pub fn may_commit(body: &str) -> bool {
    const WORDS: [&str; 18] = [
        "COMMIT",
        "START",
        "AUTOCOMMIT",
        "ALTER",
        "CREATE",
        "DROP",
        "TRUNCATE",
        "RENAME",
        "CALL",
        "PREPARE",
        "EXECUTE",
        "LOCK",
        "GRANT",
        "REVOKE",
        "ANALYZE",
        "OPTIMIZE",
        "REPAIR",
        "FLUSH",
    ];
    Words::new(body)
        .tokens
        .iter()
        .any(|word| WORDS.iter().any(|name| word.text.trim_start_matches('@').eq_ignore_ascii_case(name)))
}

/// The names of the user variables in a statement, as written.
pub fn user_variables(sql: &str) -> Vec<String> {
    // Bulk data seldom has any, and need not become words to tell.
    if memchr::memchr(b'@', sql.as_bytes()).is_none() {
        return Vec::new();
    }
    let words = Words::new(sql);
    let variables = words.tokens.iter().filter(|word| word.kind == TokenKind::UserVariable);
    variables.map(|word| word.text.to_owned()).collect()
}

fn set(words: &Words<'_>) -> Effect {
    let is_autocommit = |word: &Word<'_>| {
        word.text.trim_start_matches('@').eq_ignore_ascii_case("autocommit")
            && matches!(word.kind, TokenKind::Word | TokenKind::SystemVariable)
    };
    if words.rest().iter().any(is_autocommit) {
        return Effect::Autocommit;
    }
    if words.assigns_variables_only() {
        return Effect::Transactional;
    }
    if words.rest().first().is_some_and(|word| word.is("PASSWORD")) {
        Effect::repeatable()
    } else {
        Effect::Session
    }
}

fn prepare(words: &Words<'_>) -> Effect {
    match words.rest() {
        [name, from, text] if from.is("FROM") => {
            Effect::Prepare { name: unquoted(name.text), text: text.text.to_owned() }
        }
        _ => Effect::opaque(),
    }
}

/// `PREPARE name`, after `DEALLOCATE` or `DROP`.
fn deallocate(words: &mut Words<'_>) -> Effect {
    if !words.skip_word("PREPARE") {
        return Effect::opaque();
    }
    words.next_name().map_or_else(Effect::opaque, |(_, name)| Effect::Deallocate(name))
}

/// `CREATE`, `ALTER` and `DROP` of whatever follows.
fn definition(words: &mut Words<'_>, verb: &str) -> Effect {
    let mut kind = None;
    while let Some(word) = words.next_word() {
        let upper = word.to_ascii_uppercase();
        kind = match upper.as_str() {
            "TEMPORARY" if verb.eq_ignore_ascii_case("CREATE") => return Effect::Temporary,
            "TEMPORARY" => return Effect::Session,
            "PREPARE" => {
                words.at -= 1;
                return deallocate(words);
            }
            "TABLE" | "TABLES" | "VIEW" | "SEQUENCE" => Some(ObjectKind::Table),
            "TRIGGER" => Some(ObjectKind::Trigger),
            "PROCEDURE" => Some(ObjectKind::Procedure),
            "FUNCTION" => Some(ObjectKind::Function),
            "EVENT" => Some(ObjectKind::Event),
            "DATABASE" | "SCHEMA" => Some(ObjectKind::Database),
            "INDEX" => {
                words.skip_past("ON");
                Some(ObjectKind::Table)
            }
            // A second run is refused by the server, never done twice.
            "USER" | "ROLE" | "SERVER" | "TABLESPACE" | "INSTANCE" | "LOGFILE" => {
                return Effect::repeatable();
            }
            "PACKAGE" => return Effect::opaque(),
            _ => None,
        };
        if kind.is_some() {
            break;
        }
    }
    let Some(kind) = kind else { return Effect::opaque() };
    let mut idempotent = words.skip_if_exists();
    let mut objects: Vec<Object> = Vec::new();
    while let Some((schema, name)) = words.next_name() {
        objects.push(Object { kind, schema, name });
        if !verb.eq_ignore_ascii_case("DROP") || !words.skip_symbol(",") {
            break;
        }
        idempotent |= words.skip_if_exists();
    }
    let mut invisible = false;
    if verb.eq_ignore_ascii_case("ALTER") {
        // Two partitions that change places look the same.
        invisible = words.contains("EXCHANGE");
        if let Some((schema, name)) = words.new_name() {
            objects.push(Object { kind, schema, name });
        }
    }
    Effect::Commits(Commit { objects, idempotent, invisible })
}

fn rename(words: &mut Words<'_>) -> Effect {
    match words.next_word() {
        Some(word) if ["TABLE", "TABLES"].iter().any(|kind| word.eq_ignore_ascii_case(kind)) => {}
        _ => return Effect::repeatable(),
    }
    words.skip_if_exists();
    let mut objects: Vec<Object> = Vec::new();
    let mut swaps = false;
    while let Some((schema, name)) = words.next_name() {
        let object = Object { kind: ObjectKind::Table, schema, name };
        swaps |= objects.contains(&object);
        objects.push(object);
        if !words.skip_symbol(",") && !words.skip_word("TO") {
            break;
        }
    }
    Effect::Commits(Commit { objects, idempotent: false, invisible: swaps })
}

pub(crate) fn unquoted(text: &str) -> String {
    match text.as_bytes() {
        [quote @ (b'`' | b'"'), .., last] if quote == last => {
            let quote = char::from(*quote);
            text[1..text.len() - 1].replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        _ => text.to_owned(),
    }
}

struct Word<'a> {
    kind: TokenKind,
    text: &'a str,
}

impl Word<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The tokens that are executed, those in executable comments included.
struct Words<'a> {
    tokens: Vec<Word<'a>>,
    at: usize,
}

impl<'a> Words<'a> {
    fn new(sql: &'a str) -> Self {
        let mut tokens = Vec::new();
        collect(sql, &mut tokens);
        Self { tokens, at: 0 }
    }

    fn rest(&self) -> &[Word<'a>] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    fn next_word(&mut self) -> Option<String> {
        let text = self.rest().first()?.text.to_owned();
        self.at += 1;
        Some(text)
    }

    /// `name` or `schema.name`.
    fn next_name(&mut self) -> Option<(Option<String>, String)> {
        let first = self.name_part()?;
        let dotted = self.rest().first().is_some_and(|word| word.text == ".");
        if !dotted {
            return Some((None, first));
        }
        self.at += 1;
        let second = self.name_part()?;
        Some((Some(first), second))
    }

    fn name_part(&mut self) -> Option<String> {
        let word = self.rest().first()?;
        if !matches!(word.kind, TokenKind::Word | TokenKind::QuotedIdentifier | TokenKind::DoubleQuoted) {
            return None;
        }
        let name = unquoted(word.text);
        self.at += 1;
        Some(name)
    }

    fn skip_word(&mut self, expected: &str) -> bool {
        let found = self.rest().first().is_some_and(|word| word.is(expected));
        self.at += usize::from(found);
        found
    }

    fn skip_symbol(&mut self, symbol: &str) -> bool {
        let found = self.rest().first().is_some_and(|word| word.text == symbol);
        self.at += usize::from(found);
        found
    }

    /// `IF EXISTS` or `IF NOT EXISTS`.
    fn skip_if_exists(&mut self) -> bool {
        let found = self.skip_word("IF");
        if found {
            self.skip_word("NOT");
            self.skip_word("EXISTS");
        }
        found
    }

    fn skip_past(&mut self, expected: &str) {
        let found = self.rest().iter().position(|word| word.is(expected));
        self.at += found.map_or(0, |place| place + 1);
    }

    fn contains(&self, expected: &str) -> bool {
        self.rest().iter().any(|word| word.is(expected))
    }

    /// Whether each of the assignments that follow is one to a user variable.
    fn assigns_variables_only(&self) -> bool {
        let (mut depth, mut begins) = (0_usize, true);
        let mut only = !self.rest().is_empty();
        for word in self.rest() {
            if begins {
                only &= word.kind == TokenKind::UserVariable;
            }
            match word.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            begins = depth == 0 && word.text == ",";
        }
        only
    }

    /// The name after `RENAME [TO|AS]`, where it renames the object itself.
    fn new_name(&mut self) -> Option<(Option<String>, String)> {
        let at = self.rest().iter().position(|word| word.is("RENAME"))?;
        self.at += at + 1;
        if ["COLUMN", "INDEX", "KEY"].iter().any(|part| self.rest().first().is_some_and(|word| word.is(part)))
        {
            return None;
        }
        let _ = self.skip_word("TO") || self.skip_word("AS") || self.skip_symbol("=");
        self.next_name()
    }
}

fn collect<'a>(sql: &'a str, words: &mut Vec<Word<'a>>) {
    for token in Lexer::new(sql) {
        let token: Token = token;
        if token.is_comment() {
            continue;
        }
        match token.executable(sql) {
            Some(comment) => collect(comment.sql, words),
            None => words.push(Word { kind: token.kind, text: token.text(sql) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn commits(sql: &str, names: &[&str]) -> Commit {
        let Effect::Commits(commit) = Effect::of(sql) else { panic!("{sql}: {:?}", Effect::of(sql)) };
        let objects: Vec<_> = commit
            .objects
            .iter()
            .map(|object| {
                object.schema.iter().fold(object.name.clone(), |name, schema| format!("{schema}.{name}"))
            })
            .collect();
        assert_eq!(objects, names, "{sql}");
        commit
    }

    #[test]
    fn definitions_commit_before_they_begin_unless_a_comment_may_hide_them() {
        let commits = |sql: &str| Effect::of(sql).commits_first(sql);
        for sql in
            ["CREATE TABLE t (i INT)", "-- x\nALTER TABLE t ADD j INT", "drop view v", "RENAME TABLE a TO b"]
        {
            assert!(commits(sql), "{sql}");
        }
        for sql in [
            "/*!80000 CREATE TABLE t (i INT) */",
            "/*M!100300 DROP TABLE t */",
            "INSERT INTO t VALUES (1)",
            "CREATE TEMPORARY TABLE t (i INT)",
            "FLUSH TABLES",
            "EXECUTE s",
        ] {
            assert!(!commits(sql), "{sql}");
        }
    }

    #[test]
    fn data_commits_with_its_transaction() {
        for sql in [
            "INSERT INTO t VALUES (1)",
            "-- c\nupdate t set a = 1",
            "(SELECT 1)",
            "ROLLBACK",
            "",
            "DO 1",
            "RELEASE SAVEPOINT a",
            "GET DIAGNOSTICS @n = NUMBER",
        ] {
            assert_eq!(Effect::of(sql), Effect::Transactional, "{sql}");
        }
    }

    #[test]
    fn definitions_name_their_objects() {
        commits("CREATE TABLE IF NOT EXISTS `a``b` (i INT)", &["a`b"]);
        commits("CREATE TABLE s.t LIKE u", &["s.t"]);
        commits("CREATE OR REPLACE DEFINER=`r`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1", &["v"]);
        commits("CREATE UNIQUE INDEX i ON t (a)", &["t"]);
        commits("DROP INDEX i ON `t`", &["t"]);
        commits(
            "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a=1 */",
            &["tr"],
        );
        commits("ALTER TABLE t ADD COLUMN c INT, RENAME COLUMN a TO b", &["t"]);
        commits("ALTER TABLE t RENAME TO u", &["t", "u"]);
        commits("ALTER TABLE t RENAME INDEX a TO b", &["t"]);
        assert!(commits("DROP TABLE IF EXISTS a, s.b", &["a", "s.b"]).idempotent);
        assert!(!commits("DROP TABLE a, b", &["a", "b"]).idempotent);
        commits("RENAME TABLE a TO b, c TO d", &["a", "b", "c", "d"]);
        commits("DROP FUNCTION f", &["f"]);
    }

    #[test]
    fn what_cannot_be_seen_is_known() {
        assert!(commits("RENAME TABLE a TO x, b TO a, x TO b", &["a", "x", "b", "a", "x", "b"]).invisible);
        assert!(commits("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", &["t"]).invisible);
        assert_eq!(Effect::of("LOCK TABLES t WRITE"), Effect::LockTables);
        assert_eq!(Effect::of("UNLOCK TABLES"), Effect::UnlockTables);
        assert!(commits("BEGIN NOT ATOMIC SELECT 1; END", &[]).invisible);
        assert!(commits("TRUNCATE t", &[]).idempotent);
        assert!(commits("COMMIT", &[]).idempotent);
    }

    #[test]
    fn bodies_that_commit_are_known() {
        assert!(!may_commit("BEGIN UPDATE t SET a = 1; INSERT INTO u SELECT * FROM t; END"));
        for body in
            ["BEGIN COMMIT; END", "ALTER TABLE t ADD a INT", "BEGIN CALL q(); END", "SET @@autocommit = 1"]
        {
            assert!(may_commit(body), "{body}");
        }
    }

    #[test]
    fn sessions_can_be_made_again() {
        assert_eq!(Effect::of("SET @a = 1, @b := f(1, 2)"), Effect::Transactional);
        assert_eq!(Effect::of("SET @a = 1, sql_mode = ''"), Effect::Session);
        assert_eq!(Effect::of("DEALLOCATE PREPARE s"), Effect::Deallocate("s".into()));
        assert_eq!(Effect::of("DROP PREPARE s"), Effect::Deallocate("s".into()));
        assert_eq!(Effect::of("/*!40101 SET NAMES utf8mb4 */"), Effect::Session);
        assert_eq!(Effect::of("SET @@session.autocommit = 1"), Effect::Autocommit);
        assert_eq!(Effect::of("SET autocommit = 1"), Effect::Autocommit);
        assert_eq!(Effect::of("CREATE TEMPORARY TABLE t (a INT)"), Effect::Temporary);
        let prepare = Effect::Prepare { name: "s".into(), text: "@sql".into() };
        assert_eq!(Effect::of("PREPARE s FROM @sql"), prepare);
        assert_eq!(Effect::of("EXECUTE s USING @a"), Effect::Execute("s".into()));
        assert_eq!(user_variables("SET @a = @b + @@c"), ["@a", "@b"]);
    }
}
