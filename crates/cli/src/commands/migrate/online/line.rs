//! What the tools are told and what they say: arguments, options file, lines of progress.

use std::path::Path;

use migrate_core::mysql::ConnectOptions;
use migrate_core::online::{Advance, Change};
use secrecy::ExposeSecret as _;

use crate::args::Tool;

/// The arguments for a change, without anything secret.
pub(super) fn arguments(tool: Tool, options: &ConnectOptions, change: &Change, file: &Path) -> Vec<String> {
    let file = file.display();
    let Change { schema, table, clauses } = change;
    match tool {
        Tool::GhOst => {
            let mut arguments = vec![
                format!("--conf={file}"),
                format!("--host={}", options.host),
                format!("--port={}", options.port),
                format!("--database={schema}"),
                format!("--table={table}"),
                format!("--alter={clauses}"),
                "--allow-on-master".to_owned(),
                "--exact-rowcount=false".to_owned(),
                // As after an ALTER TABLE: else the next change of the table would find the old one in its way.
                "--ok-to-drop-table".to_owned(),
                "--execute".to_owned(),
            ];
            if options.is_encrypted() {
                arguments.push("--ssl".to_owned());
                arguments.extend(options.tls_ca.iter().map(|path| format!("--ssl-ca={}", path.display())));
            }
            arguments
        }
        Tool::PtOsc => {
            // A comma ends a part of the DSN.
            let escaped = |text: &str| text.replace(',', "\\,");
            let place = match &options.socket {
                Some(path) => format!("S={}", escaped(&path.display().to_string())),
                None => format!("h={},P={}", escaped(&options.host), options.port),
            };
            vec![
                format!("--defaults-file={file}"),
                format!("--alter={clauses}"),
                "--no-version-check".to_owned(),
                "--progress=time,5".to_owned(),
                "--execute".to_owned(),
                format!("{place},D={},t={},A=utf8mb4", escaped(schema), escaped(table)),
            ]
        }
    }
}

/// The options file with account and password.
pub(super) fn options_file(tool: Tool, options: &ConnectOptions) -> String {
    let quote = match tool {
        Tool::GhOst => quoted_for_go,
        Tool::PtOsc => quoted_for_client,
    };
    let mut text = "[client]\n".to_owned();
    let mut set = |name: &str, value: &str| {
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push('\n');
    };
    if let Some(user) = &options.user {
        set("user", &quote(user));
    }
    if let Some(password) = &options.password {
        set("password", &quote(password.expose_secret()));
    }
    if tool == Tool::PtOsc && options.is_encrypted() {
        // Each of the two client libraries knows only its own words, and passes over the other's.
        // They cannot be told of another name.
        let full = options.tls_name.is_none();
        set("ssl-mode", if full { "VERIFY_IDENTITY" } else { "VERIFY_CA" });
        set("ssl", "1");
        if full {
            set("ssl-verify-server-cert", "1");
        }
        if let Some(path) = &options.tls_ca {
            set("ssl-ca", &quote(&path.display().to_string()));
        }
    }
    text
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.!@^*+,/:?~&".contains(c))
}

/// Between backquotes nothing has a meaning; without any, old versions understand it, too.
fn quoted_for_go(value: &str) -> String {
    if is_plain(value) { value.to_owned() } else { format!("`{value}`") }
}

/// The client libraries take the outer quotes away and know `\\`; only one of them knows `\"`.
fn quoted_for_client(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\");
    match (value.contains('"'), value.contains('\'')) {
        (false, _) => format!("\"{escaped}\""),
        (true, false) => format!("'{escaped}'"),
        (true, true) => format!("\"{}\"", escaped.replace('"', "\\\"")),
    }
}

/// What a line says of the progress.
pub(super) fn advance(tool: Tool, line: &str) -> Option<Advance> {
    let (percent, left) = match tool {
        // Copy: 179000/714541 25.1%; Applied: 37968; …; State: migrating; ETA: 1m26s
        Tool::GhOst => {
            let (percent, rest) = line.strip_prefix("Copy: ")?.split_once('%')?;
            (percent, rest.rsplit_once("ETA: ").map(|(_, left)| left))
        }
        // Copying `shop`.`orders`:  53% 00:51 remain
        Tool::PtOsc => {
            let (percent, rest) = line.strip_prefix("Copying ")?.rsplit_once('%')?;
            (percent, rest.trim().strip_suffix(" remain"))
        }
    };
    let percent = percent.rsplit([' ', ':']).next()?.split('.').next()?;
    let left = left.map(str::trim).filter(|left| !left.is_empty() && *left != "N/A").map(str::to_owned);
    Some(Advance { percent: percent.parse::<u32>().ok()?.min(100).try_into().ok()?, left })
}

/// Words as a shell makes them of a line: at blanks, with quotes and backslashes; nothing else has a meaning. `None`: a quote is
/// not closed.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut rest) = (Vec::new(), None::<String>, line.chars());
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '\\') => word.get_or_insert_default().push(rest.next()?),
            (Some('"'), '\\') => {
                let next = rest.next()?;
                let word = word.get_or_insert_default();
                if !matches!(next, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(next);
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change() -> Change {
        Change { schema: "shop".into(), table: "a,b".into(), clauses: "ADD c INT, ADD d INT".into() }
    }

    fn at(url: &str) -> ConnectOptions {
        ConnectOptions::parse(url).unwrap()
    }

    fn line(tool: Tool, url: &str) -> String {
        arguments(tool, &at(url), &change(), Path::new("/t/x.cnf")).join(" ")
    }

    #[test]
    fn gh_ost_gets_the_connection_and_the_clauses() {
        assert_eq!(
            line(Tool::GhOst, "mysql://me:secret@127.0.0.1:3307/shop"),
            "--conf=/t/x.cnf --host=127.0.0.1 --port=3307 --database=shop --table=a,b --alter=ADD c INT, ADD d INT \
             --allow-on-master --exact-rowcount=false --ok-to-drop-table --execute"
        );
        let encrypted = line(Tool::GhOst, "mysql://me@db.example/shop?tls-ca=/ca.pem");
        assert!(encrypted.ends_with("--execute --ssl --ssl-ca=/ca.pem"), "{encrypted}");
    }

    #[test]
    fn pt_osc_gets_a_dsn() {
        assert_eq!(
            line(Tool::PtOsc, "mysql://me:secret@127.0.0.1:3307/shop"),
            "--defaults-file=/t/x.cnf --alter=ADD c INT, ADD d INT --no-version-check --progress=time,5 --execute \
             h=127.0.0.1,P=3307,D=shop,t=a\\,b,A=utf8mb4"
        );
        assert!(line(Tool::PtOsc, "mysql:///shop?socket=/run/s.sock").contains(" S=/run/s.sock,D=shop"));
    }

    #[test]
    fn the_options_file_holds_any_password() {
        let file = |tool, url| options_file(tool, &at(url));
        assert_eq!(
            file(Tool::GhOst, "mysql://me:pl4in!@h/d?tls=off"),
            "[client]\nuser=me\npassword=pl4in!\n"
        );
        assert!(file(Tool::GhOst, "mysql://me:a%23%22%5Cb@h/d").ends_with("password=`a#\"\\b`\n"));
        assert_eq!(
            file(Tool::PtOsc, "mysql://me:a%23%5Cb@h/d?tls=off"),
            "[client]\nuser=\"me\"\npassword=\"a#\\\\b\"\n"
        );
        assert!(file(Tool::PtOsc, "mysql://me:a%22b@h/d?tls=off").contains("password='a\"b'"));
        assert!(file(Tool::PtOsc, "mysql://me:%22%27@h/d?tls=off").contains("password=\"\\\"'\""));
    }

    #[test]
    fn pt_osc_encrypts_as_we_do() {
        let file = |url| options_file(Tool::PtOsc, &at(url));
        let full = file("mysql://me@db.example/d?tls-ca=/ca.pem");
        assert!(
            full.contains("ssl-mode=VERIFY_IDENTITY\nssl=1\nssl-verify-server-cert=1\nssl-ca=\"/ca.pem\"\n"),
            "{full}"
        );
        let authority = file("mysql://me@db.example/d?tls-name=db.internal&tls-ca=/ca.pem");
        assert!(authority.contains("ssl-mode=VERIFY_CA\nssl=1\nssl-ca"), "{authority}");
        assert!(!file("mysql://me@127.0.0.1/d").contains("ssl"));
    }

    #[test]
    fn progress_is_read_from_what_the_tools_print() {
        let gh_ost = |line| advance(Tool::GhOst, line).map(|advance| (advance.percent, advance.left));
        let left = |text: &str| Some(text.to_owned());
        assert_eq!(
            gh_ost(
                "Copy: 179000/714541 25.1%; Applied: 37968; Backlog: 90/1000; Time: 29s(total), 29s(copy); streamer: mysql-bin-changelog.375086:3754180; State: migrating; ETA: 1m26s"
            ),
            Some((25, left("1m26s")))
        );
        assert_eq!(
            gh_ost(
                "Copy: 33559300/30109847 111.5%; Applied: 442632; Backlog: 0/1000; Time: 6h51m30s(total), 6h51m28s(copy); streamer: mysql-bin-changelog.411212:7928536; State: migrating; ETA: due"
            ),
            Some((100, left("due")))
        );
        assert_eq!(
            gh_ost(
                "Copy: 89000/20959400 0.4%; Applied: 1; Backlog: 0/1000; Time: 4s(total), 4s(copy); streamer: mysql-bin.002903:190755821; State: migrating; ETA: N/A"
            ),
            Some((0, None))
        );
        assert_eq!(gh_ost("2017-09-14 10:18:43 INFO Exact number of rows via COUNT: 22417847"), None);
        let pt_osc = |line| advance(Tool::PtOsc, line).map(|advance| (advance.percent, advance.left));
        assert_eq!(pt_osc("Copying `shop`.`or%ders`:  53% 00:51 remain"), Some((53, left("00:51"))));
        assert_eq!(pt_osc("Copying `shop`.`orders`: 100% 00:00 remain"), Some((100, left("00:00"))));
        assert_eq!(pt_osc("2026-11-28T01:00:00 Copying approximately 100 rows..."), None);
    }

    #[test]
    fn arguments_are_split_as_a_shell_does() {
        let words = |line| split(line).map(|words| words.join("|"));
        assert_eq!(
            words(" --max-lag=1  --set 'a b' \"c\\\"\\d\" e\\ f '' "),
            Some("--max-lag=1|--set|a b|c\"\\d|e f|".into())
        );
        assert_eq!(words("a $HOME;`x`"), Some("a|$HOME;`x`".into()));
        assert_eq!(words(""), Some(String::new()));
        assert_eq!((words("'a"), words("a\\")), (None, None));
    }
}
