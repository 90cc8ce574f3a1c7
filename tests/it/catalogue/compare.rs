//! One unit on a server and in a catalogue, statement by statement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_tests::servers::{Database, PASSWORD, USER};
use miette::{Diagnostic as _, Severity};
use migrate_core::database::Database as _;
use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use migrate_core::script::{SplitOptions, split};
use schema_baseline::Finding;
use schema_baseline::ast::{ObjectKind, StatementKind};
use schema_baseline::catalogue::Catalogue;
use schema_baseline::live;
use schema_baseline::parse::parse;
use schema_baseline::place::Source;
use schema_baseline::served::reconcile;
use schema_baseline::show::show_create;
use schema_baseline::verify::{Sides, compare};

use super::corpora::Unit;

/// Refusals for what stands in the rows, which a catalogue does not have: duplicates, missing parents, values out of range
/// or of the wrong kind, and more of that sort.
const BY_ROWS: [u16; 19] = [
    1048, 1062, 1136, 1242, 1264, 1265, 1292, 1364, 1365, 1366, 1367, 1406, 1411, 1451, 1452, 1586, 1690,
    3819, 4025,
];

/// What came of a corpus.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) statements: usize,
    pub(crate) same_statements: usize,
    /// Statements that the server refused for its rows; they are not among the others.
    by_rows: usize,
    not_understood: usize,
    pub(crate) shown: usize,
    pub(crate) same_shown: usize,
    /// Views whose text differs and whose meaning does not.
    same_meaning: usize,
    /// Each difference, with both sides.
    pub(crate) differences: BTreeMap<String, String>,
}

impl Tally {
    /// For people, and for the table of the document.
    pub(crate) fn line(&self, engine: &str, corpus: &str) -> String {
        format!(
            "| {engine} | {corpus} | {} of {} | {} | {} | {} of {} | {} |",
            self.same_statements,
            self.statements,
            self.by_rows,
            self.not_understood,
            self.same_shown,
            self.shown,
            self.same_meaning
        )
    }

    fn differs(&mut self, what: String, sides: String) {
        self.differences.entry(what).or_insert(sides);
    }
}

/// A server on which units are run.
pub(crate) struct Session {
    options: ConnectOptions,
    runtime: tokio::runtime::Runtime,
    /// Makes the databases.
    administrator: MySqlDatabase,
}

impl Session {
    pub(crate) fn open(database: &Database) -> Self {
        let url = format!("mysql://{USER}@127.0.0.1:{}/{}", database.server().port(), database.name());
        let mut options = ConnectOptions::parse(&url).expect("the URL of a test is one");
        options.password = Some(PASSWORD.into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let administrator = runtime.block_on(MySqlDatabase::open(&options, None));
        Self { administrator: administrator.expect("the server is there"), options, runtime }
    }

    /// Runs a unit on both sides.
    pub(crate) fn run(&mut self, unit: &Unit, tally: &mut Tally) {
        let Self { options, runtime, administrator } = self;
        let name = unit.database;
        options.database = Some(name.to_owned());
        runtime.block_on(async {
            for statement in [
                format!("DROP DATABASE IF EXISTS {name}"),
                format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            ] {
                administrator.texts("begin a unit", &statement).await.expect("a database can be made");
            }
            let mut connection = Connection { options, server: None };
            unit_on(&mut connection, unit, tally).await;
            connection.close().await;
        });
    }
}

/// A connection that scripts use one after the other unless they leave something in it.
struct Connection<'a> {
    options: &'a ConnectOptions,
    server: Option<MySqlDatabase>,
}

impl Connection<'_> {
    async fn server(&mut self) -> &mut MySqlDatabase {
        if self.server.is_none() {
            self.server = Some(MySqlDatabase::open(self.options, None).await.expect("the server is there"));
        }
        self.server.as_mut().expect("it has been opened")
    }

    async fn close(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Rows of one script are there for the next.
            server.texts("end the session", "COMMIT").await.expect("the server answers");
            server.close().await.expect("the server takes leave");
        }
    }
}

/// Whether a script may leave something in its session that the next one must not find: settings, variables, prepared
/// statements, temporary tables, locks or an open transaction.
fn leaves_traces(text: &str) -> bool {
    let text = text.to_lowercase();
    ["@", "set ", "set\t", "prepare", "temporary", "lock", "begin", "start transaction", "foreign_key_checks"]
        .iter()
        .any(|trace| text.contains(trace))
}

async fn unit_on(connection: &mut Connection<'_>, unit: &Unit, tally: &mut Tally) {
    let mut catalogue = live::empty(connection.server().await).await.expect("the server answers");
    let mut before = BTreeMap::new();
    let last = unit.scripts.len().saturating_sub(1);
    for (index, (name, text)) in unit.scripts.iter().enumerate() {
        let label = format!("{} {name}", unit.name);
        script(connection.server().await, &mut catalogue, &label, text, tally).await;
        catalogue.end_session();
        if leaves_traces(text) {
            connection.close().await;
        }
        // After the last one everything is looked at.
        if index == last {
            before = shown(&catalogue);
            break;
        }
        let after = shown(&catalogue);
        for (key, own) in after.iter().filter(|(key, own)| before.get(*key) != Some(*own)) {
            if key.0 != ObjectKind::View {
                let theirs = shown_by(connection.server().await, key, own.as_deref()).await;
                hold(&label, key, own.as_deref(), theirs.as_deref(), tally);
            }
        }
        before = after;
    }
    let live = live::read(connection.server().await).await.expect("the server shows its schema");
    let mut theirs = live.catalogue;
    let keys: BTreeSet<(ObjectKind, String)> =
        theirs.objects().into_iter().chain(before.keys().cloned()).collect();
    for key in keys.iter().filter(|key| key.0 != ObjectKind::View) {
        let text = theirs.place_of(key.0, &key.1).map(|place| place.source.inner().to_string());
        // What is read of a live schema does not say its name.
        let own = before.get(key).cloned().flatten();
        let own = own.map(|own| own.replace(&format!("`{}`.", unit.database), ""));
        hold(&unit.name, key, own.as_deref(), text.as_deref(), tally);
    }
    views(catalogue, &mut theirs, &unit.name, tally);
}

/// Views are kept parsed by servers, so they are held against each other by what they mean.
fn views(mut ours: Catalogue, theirs: &mut Catalogue, unit: &str, tally: &mut Tally) {
    let names: BTreeSet<String> = ours.views().keys().chain(theirs.views().keys()).cloned().collect();
    if names.is_empty() {
        return;
    }
    reconcile(&mut ours, theirs);
    let found = compare(&ours, theirs, Sides::DIRECTORY_AND_MIGRATIONS);
    for name in names {
        tally.shown += 1;
        let differs = found.iter().find(|finding| finding.to_string().contains(&format!("view `{name}`")));
        if let Some(finding) = differs {
            tally.differs(format!("{unit} view {name}"), finding.to_string());
        } else {
            tally.same_shown += 1;
            tally.same_meaning += 1;
        }
    }
}

async fn script(
    server: &mut MySqlDatabase,
    catalogue: &mut Catalogue,
    label: &str,
    text: &str,
    tally: &mut Tally,
) {
    let source = Arc::new(Source::new(label, text.into()));
    let (statements, parsed) = parse(&source, catalogue.dialect());
    let (pieces, _) = split(text, &SplitOptions::default());
    for (number, piece) in (1..).zip(&pieces) {
        let whole = piece.start..piece.range.end;
        let statement =
            statements.iter().find(|one| one.span.start >= whole.start && one.span.end <= whole.end);
        // They would leave the database of the test.
        let leaves = statement.is_some_and(|one| match one.kind {
            StatementKind::Use(_) | StatementKind::DropDatabase(_) => true,
            StatementKind::AlterDatabase { .. } => {
                one.span.of(text).get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"))
            }
            _ => false,
        });
        if leaves {
            continue;
        }
        let refusal = server.execute(&text[whole.clone()]).await.err();
        let starts_here = |finding: &Finding| {
            let place = finding.labels().and_then(|mut labels| labels.next());
            place.is_some_and(|place| (whole.start..=whole.end).contains(&place.inner().offset()))
        };
        let mut findings: Vec<Finding> =
            parsed.iter().filter(|finding| starts_here(finding)).cloned().collect();
        if let Some(statement) = statement {
            if refusal.is_none() {
                catalogue.apply(statement, &source, &mut findings);
            } else {
                let mut after = catalogue.clone();
                after.apply(statement, &source, &mut findings);
                // What a procedure did before it failed stays, when it failed here too.
                if matches!(statement.kind, StatementKind::Call { .. }) && findings.iter().any(is_error) {
                    *catalogue = after;
                }
            }
        }
        if refusal.as_ref().is_some_and(|failure| BY_ROWS.contains(&failure.code)) {
            tally.by_rows += 1;
            continue;
        }
        tally.statements += 1;
        let not_understood = findings.iter().any(|finding| matches!(finding, Finding::NotUnderstood { .. }));
        tally.not_understood += usize::from(not_understood);
        if refusal.is_some() == findings.iter().any(is_error) {
            tally.same_statements += 1;
        } else {
            let server = refusal.map_or("accepted".to_owned(), |failure| failure.message);
            let own: Vec<String> = findings.iter().map(ToString::to_string).collect();
            tally.differs(format!("{label} statement {number}"), format!("server: {server}; here: {own:?}"));
        }
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.severity().unwrap_or(Severity::Error) == Severity::Error
}

/// The definition of every object in the catalogue.
fn shown(catalogue: &Catalogue) -> BTreeMap<(ObjectKind, String), Option<String>> {
    let account = format!("`{USER}`@`%`");
    let show = |(kind, name): (ObjectKind, String)| {
        let text = show_create(catalogue, kind, &name, &account);
        ((kind, name), text)
    };
    catalogue.objects().into_iter().map(show).collect()
}

async fn shown_by(
    server: &mut MySqlDatabase,
    (kind, name): &(ObjectKind, String),
    own: Option<&str>,
) -> Option<String> {
    // Routines are filed in lower case; MariaDB answers with the name as it is asked.
    let is_routine = matches!(kind, ObjectKind::Procedure | ObjectKind::Function);
    let written = own.filter(|_| is_routine).and_then(|own| own.split('`').nth(5));
    let name = written.unwrap_or(name);
    let question = format!("SHOW CREATE {} `{}`", kind.noun(), name.replace('`', "``"));
    let column = match kind {
        ObjectKind::Sequence | ObjectKind::Table | ObjectKind::View => 1,
        ObjectKind::Trigger | ObjectKind::Procedure | ObjectKind::Function => 2,
        ObjectKind::Event => 3,
    };
    let rows = server.texts("show a definition", &question).await.ok()?;
    rows.into_iter().next()?.into_iter().nth(column)?
}

fn hold(
    label: &str,
    (kind, name): &(ObjectKind, String),
    own: Option<&str>,
    theirs: Option<&str>,
    tally: &mut Tally,
) {
    tally.shown += 1;
    let same = match (own, theirs) {
        (Some(own), Some(theirs)) => settled(own, theirs) == settled(theirs, own),
        _ => false,
    };
    if same {
        tally.same_shown += 1;
    } else {
        let sides = format!("here:\n{}\nserver:\n{}", own.unwrap_or("nothing"), theirs.unwrap_or("nothing"));
        tally.differs(format!("{label} {kind} {name}"), sides);
    }
}

/// A definition without what depends on rows and on the clock: the next number, and the time at which an event starts
/// that names none or reckons it from now.
fn settled(text: &str, other: &str) -> String {
    let mut text = text.to_owned();
    if let Some(start) = text.find(" AUTO_INCREMENT=") {
        let digits = text[start + 16..].bytes().take_while(u8::is_ascii_digit).count();
        text.replace_range(start..start + 16 + digits, "");
    }
    let cut = |text: &mut String, from: &str| {
        if let (Some(start), Some(end)) = (text.find(from), text.find(" ON COMPLETION"))
            && start < end
        {
            text.replace_range(start..end, "");
        }
    };
    if text.contains(" EVENT ") {
        if !other.contains(" STARTS ") || !text.contains(" STARTS ") {
            cut(&mut text, " STARTS ");
        }
        if text.contains("NOW ( )") || other.contains("NOW ( )") {
            cut(&mut text, " ON SCHEDULE AT ");
        }
    }
    text
}
