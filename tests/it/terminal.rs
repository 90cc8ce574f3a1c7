//! What a person reads.

use infra_tests::compare::normalise;
use infra_tests::run::run;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Engine;

use crate::harness::{infra, migrations, on_each_engine};

/// Both streams of a run, comparable between runs.
fn shown(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let outcome = infra(sandbox).run(arguments);
    let root = sandbox.root().display().to_string();
    normalise(
        &format!("{}--- stderr, exit {}\n{}", outcome.stdout, outcome.code, outcome.stderr),
        &[(&root, "ROOT")],
    )
}

#[test]
fn the_summary_of_check() {
    insta::assert_snapshot!(shown(&Sandbox::reference(), &["check"]), @r"
    shop infra 0.1.0

    ✓ migrations  25 files, 70 statements, newest 022 <time>
    ✓ schema      40 objects, equal to the replay <time>
    ✓ baseline    626 lines, fresh, at 022 <time>
    ✓ manifests   54 dev objects, 50 staging objects, 59 prod objects <time>
    ✓ network     21 dev edges, 21 staging edges, 21 prod edges <time>
    ✓ platform    10 components, 3 environments, 17 edges <time>

    everything holds in <time>
    --- stderr, exit 0
    65 pieces of advice (shown with -v)
    ");
    assert_eq!(infra(&Sandbox::reference()).run(&["check", "--quiet"]).exits(0).all(), "");
}

#[test]
fn a_finding_shows_its_line_and_what_to_do() {
    let sandbox = Sandbox::reference();
    sandbox.append(
        "infra/mysql/migrations/V022__product_reviews.sql",
        "\nCREATE TABEL wrapping (id INT PRIMARY KEY);\n",
    );
    insta::assert_snapshot!(shown(&sandbox, &["check", "--quiet"]), @r"
    --- stderr, exit 1

    sql/syntax

      × expected TABLE, INDEX, VIEW, TRIGGER, PROCEDURE, FUNCTION, EVENT or DATABASE, found `TABEL`
        ╭─[infra/mysql/migrations/V022__product_reviews.sql:45:8]
     44 │
     45 │ CREATE TABEL wrapping (id INT PRIMARY KEY);
        ·        ──┬──
        ·          ╰── here
        ╰────
      help: the server would refuse this statement with a syntax error; correct it here

    1 error
    ");
}

#[test]
fn colours_and_progress_are_for_terminals() {
    let sandbox = Sandbox::reference();
    sandbox.append("infra/mysql/schema/baseline.sql", "-- edited\n");
    let outcome = infra(&sandbox).run(&["check"]).exits(1);
    assert!(!outcome.all().contains('\u{1b}'), "{}", outcome.all());
    let forced = infra(&sandbox).run(&["check", "--color", "always"]).exits(1);
    assert!(forced.all().contains('\u{1b}'), "{}", forced.all());
}

#[test]
fn a_server_that_is_not_there() {
    let sandbox = migrations(&[("V1__a.sql", "SELECT 1;\n")]);
    // Nothing listens on port 1.
    insta::assert_snapshot!(shown(&sandbox, &["migrate", "info", "--url", "mysql://shop@127.0.0.1:1/shop", "--locations", "migrations"]), @r"
    --- stderr, exit 3
    migrate/unreachable

      × cannot reach 127.0.0.1:1: Connection refused (os error 111)
      help: check host, port and network; the server may still be starting
    ");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_table_of_info() {
    let sandbox = migrations(&[
        ("V1__customers.sql", "CREATE TABLE customers (id INT PRIMARY KEY);\n"),
        ("V2__first_customer.sql", "INSERT INTO customers VALUES (1);\n"),
        ("R__report.sql", "CREATE OR REPLACE VIEW report AS SELECT id FROM customers;\n"),
    ]);
    let database = Engine::MariaDb.database();
    let run = |arguments: &[&str]| infra(&sandbox).on(&database).run(arguments).exits(0);
    let _ = run(&["migrate", "apply", "--locations", "migrations", "--target", "1"]);
    let table = run(&["migrate", "info", "--locations", "migrations"]).stdout;
    insta::assert_snapshot!(undated(&normalise(&table, &[])), @r"
    Category    Version  Description     Type  Installed on         State
    Versioned   1        customers       SQL   9999-99-99 99:99:99  Success
    Repeatable           report          SQL   9999-99-99 99:99:99  Success
    Versioned   2        first customer  SQL                        Pending

    at version 1, 1 pending
    ");
}

/// Days and hours replaced, so that the columns stay where they are.
fn undated(text: &str) -> String {
    let digits =
        |word: &str| word.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
    let is_date = |word: &str| matches!(digits(word).as_str(), "9999-99-99" | "99:99:99");
    text.split_inclusive([' ', '\n'])
        .map(|word| if is_date(word.trim_end()) { digits(word) } else { word.to_owned() })
        .collect()
}

/// Two migrations; a statement of the second takes long enough to be drawn.
fn slow() -> Sandbox {
    migrations(&[
        ("V1__quick.sql", "CREATE TABLE quick (i INT);\n"),
        (
            "V2__注文.sql",
            "CREATE TABLE slow (i INT);\n-- a pause\nDO SLEEP(1), 's3cret';\nDROP TABLE slow;\n",
        ),
    ])
}

const APPLY: [&str; 4] = ["migrate", "apply", "--locations", "migrations"];

/// The lines that stand on a terminal after all this was sent to it.
fn screen(sent: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut rest = sent.chars();
    while let Some(c) = rest.next() {
        let line: &mut Vec<char> = lines.last_mut().expect("there is always a line");
        match c {
            '\n' => lines.push(Vec::new()),
            '\r' => column = 0,
            '\u{1b}' => match rest.find(char::is_ascii_alphabetic) {
                Some('K') => line.truncate(column),
                // Colours.
                other => assert_eq!(other, Some('m'), "{sent:?}"),
            },
            c => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    lines.iter().map(|line| line.iter().collect()).collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_terminal_shows_a_bar_that_is_gone_at_the_end() {
    on_each_engine(|engine| {
        let (sandbox, database) = (slow(), engine.database());
        let mut apply = infra(&sandbox).on(&database).env("NO_COLOR", "1").on_terminal(60, &APPLY);
        let sent = run(&mut apply).exits(0).stdout;
        let drawn = sent.split('\r').find(|line| line.contains("SLEEP")).unwrap_or_default();
        assert!(drawn.starts_with("  █████░░░░░░░░░░ 2/3 0:0"), "{sent:?}");
        assert!(drawn.ends_with(" V2__注文.sql DO SLEEP(1), …\u{1b}[K"), "{sent:?}");
        assert!(!sent.contains("s3cret"), "{sent:?}");
        let shown = normalise(&screen(&sent).join("\n"), &[]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown, @r"
            created the schema history table
            2 migrations to apply
            V1__quick.sql 1 statement
              applied <time>
            V2__注文.sql 3 statements
              applied <time>
            applied  2 migrations, now at version 2
            ");
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn nothing_is_drawn_where_nobody_can_see_it() {
    let sandbox = slow();
    let on = |extra: &[&str], term: &str| {
        let database = Engine::MariaDb.database();
        let infra = infra(&sandbox).on(&database).env("TERM", term);
        let sent = run(&mut infra.on_terminal(60, &[&APPLY[..], extra].concat())).exits(0).stdout;
        sent.contains('█')
    };
    assert!(on(&[], "xterm"));
    for extra in [&["--quiet"][..], &["--no-progress"], &["--format", "json"]] {
        assert!(!on(extra, "xterm"), "{extra:?}");
    }
    assert!(!on(&[], "dumb"));
    let database = Engine::MariaDb.database();
    let piped = infra(&sandbox).on(&database).run(&APPLY).exits(0);
    assert!(!piped.all().contains(['█', '\r']), "{}", piped.all());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn elsewhere_a_statement_that_runs_long_is_told_of() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[("V1__slow.sql", "DO 1;\nDO SLEEP(12);\n")]);
        let database = engine.database();
        let said = infra(&sandbox).on(&database).run(&APPLY).exits(0).stderr;
        assert!(
            said.contains("  running statement 2 of 2 for 1") && said.contains(" s, User sleep\n"),
            "{said}"
        );
        assert_eq!(said.matches("running").count(), 1, "{said}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_failure_takes_the_bar_away() {
    let sandbox = migrations(&[("V1__fails.sql", "DO SLEEP(1);\nDO nonsense();\n")]);
    let database = Engine::MySql.database();
    let mut apply = infra(&sandbox).on(&database).on_terminal(60, &APPLY);
    let sent = run(&mut apply).exits(4).stdout;
    assert!(sent.contains(" 1/2 0:0"), "{sent:?}");
    let shown = screen(&sent).join("\n");
    assert!(!shown.contains(['█', '░']) && shown.contains("migrate/statement-failed"), "{shown}");
}
