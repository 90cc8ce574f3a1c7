//! Statements as the server's own client takes them, and as anybody may see them.

use std::borrow::Cow;

use super::lexer::{Lexer, Token, TokenKind, Unterminated};

/// What the client cuts scripts at when `;` will not do, the usual ones first.
const DELIMITERS: [&str; 5] = ["//", "$$", ";;", "@@@@", "~~~~"];

/// A statement with the delimiter behind it, and with `DELIMITER` lines around it where a `;` within would end it early.
pub fn for_client(sql: &str) -> String {
    let sql = sql.trim_end();
    let last = Lexer::new(sql).last();
    let newline = if last.is_some_and(|token| token.kind == TokenKind::LineComment) { "\n" } else { "" };
    if !Lexer::new(sql).any(|token| ends_early(sql, &token)) {
        return format!("{sql}{newline};\n");
    }
    let delimiter = DELIMITERS.into_iter().find(|delimiter| !sql.contains(delimiter)).unwrap_or("<end>");
    format!("DELIMITER {delimiter}\n{sql}{newline}\n{delimiter}\nDELIMITER ;\n")
}

/// Whether the client would end the statement within this token. It takes the inside of executable comments for text.
fn ends_early(sql: &str, token: &Token) -> bool {
    match token.kind {
        TokenKind::Symbol => token.text(sql).contains(';') || token.text(sql).starts_with('\\'),
        TokenKind::ExecutableComment => token.text(sql).contains(';'),
        _ => false,
    }
}

/// The statement with what looks like a password replaced by `'***'`.
pub fn without_secrets(sql: &str) -> Cow<'_, str> {
    let tokens: Vec<Token> = Lexer::new(sql).filter(|token| !token.is_comment()).collect();
    let word = |index: Option<usize>| {
        index
            .and_then(|index| tokens.get(index))
            .map(|token| token.text(sql).to_ascii_uppercase())
            .unwrap_or_default()
    };
    let identifies = tokens.iter().any(|token| token.is_word(sql, "IDENTIFIED"));
    let is_secret = |index: usize| {
        let before = index.checked_sub(1);
        let (first, second) = (word(before), word(before.and_then(|before| before.checked_sub(1))));
        let behind = |word: &str| word.ends_with("PASSWORD");
        (identifies && matches!(first.as_str(), "BY" | "AS" | "USING" | "REPLACE" | "("))
            || behind(&first)
            || (matches!(first.as_str(), "=" | "(" | ":=" | "FOR") && behind(&second))
            || (first == "="
                && tokens.iter().take(index).any(|token| behind(&token.text(sql).to_ascii_uppercase())))
    };
    let mut shown = String::new();
    let mut done = 0;
    for (index, token) in tokens.iter().enumerate() {
        // A text that was cut off may end within one.
        let is_text = matches!(
            token.kind,
            TokenKind::String
                | TokenKind::DoubleQuoted
                | TokenKind::HexString
                | TokenKind::Unterminated(Unterminated::String | Unterminated::DoubleQuoted)
        );
        if is_text && is_secret(index) {
            shown.push_str(&sql[done..token.start]);
            shown.push_str("'***'");
            done = token.end;
        }
    }
    if done == 0 {
        return sql.into();
    }
    shown.push_str(&sql[done..]);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{SplitOptions, split};

    #[test]
    fn the_client_gets_whole_statements() {
        for sql in [
            "SELECT 1",
            "SELECT ';' -- why; not",
            "CREATE PROCEDURE p() BEGIN SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN SELECT '//'; END",
            "/*!50003 CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END */",
            "INSERT INTO t VALUES ('a;b') # c",
        ] {
            let text = for_client(sql);
            let (statements, problems) = split(&text, &SplitOptions::default());
            assert!(problems.is_empty(), "{text}");
            let [statement] = statements.as_slice() else { panic!("{text}") };
            assert!(sql.starts_with(statement.text(&text)), "{text}");
        }
        assert_eq!(for_client("SELECT 1"), "SELECT 1;\n");
        assert_eq!(for_client("SELECT 1 -- one"), "SELECT 1 -- one\n;\n");
        assert!(for_client("BEGIN NOT ATOMIC SELECT 1; END").starts_with("DELIMITER //\n"));
        assert!(for_client("/*! SELECT 1; */").starts_with("DELIMITER //\n"));
    }

    #[test]
    fn passwords_are_not_shown() {
        for sql in [
            "CREATE USER u@'%' IDENTIFIED BY 's3cret'",
            "ALTER USER u IDENTIFIED WITH x AS 's3cret'",
            "CREATE USER u IDENTIFIED VIA ed25519 USING PASSWORD('s3cret')",
            "SET PASSWORD FOR u = 's3cret'",
            "ALTER USER u IDENTIFIED BY 's3cret and cut o",
            "SET PASSWORD = PASSWORD(\"s3cret\")",
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST='h', SOURCE_PASSWORD='s3cret'",
            "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD 's3cret')",
        ] {
            let shown = without_secrets(sql);
            assert!(!shown.contains("s3cret") && shown.contains("'***'"), "{shown}");
        }
        let plain = "INSERT INTO users (password) VALUES ('x')";
        assert_eq!(without_secrets(plain), plain);
        assert_eq!(without_secrets("UPDATE t SET a = 'b'"), "UPDATE t SET a = 'b'");
    }
}
