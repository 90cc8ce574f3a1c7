//! The definition of an object as one text, the same for every spelling of it, so that two of them can be shown as a
//! difference of lines.

mod server;

pub(crate) use server::engine_name;
pub use server::show_create;

use migrate_core::history::quoted;
use migrate_core::script::lexer::{Lexer, Token};

use crate::ast::{ObjectKind, RoutineKind, ValueType};
use crate::catalogue::{Catalogue, Partitioning, Sequence, Table};
use crate::verify::spell;

/// The `CREATE` statement of an object; none when there is no such object. Bodies of programs are shown as they were
/// written, everything else in one spelling.
pub fn create(catalogue: &Catalogue, kind: ObjectKind, name: &str) -> Option<String> {
    Some(match kind {
        ObjectKind::Sequence => sequence(name, catalogue.sequences().get(name)?) + "\n",
        ObjectKind::Table => table(catalogue.tables().get(name)?),
        ObjectKind::View => {
            let view = catalogue.views().get(name)?;
            let parts = spell::view(view);
            let mut text = "CREATE".to_owned();
            if let Some(algorithm) = part(&parts, "algorithm").filter(|algorithm| *algorithm != "undefined") {
                text += &format!(" ALGORITHM={algorithm}");
            }
            if part(&parts, "SQL SECURITY") == Some("invoker") {
                text += " SQL SECURITY INVOKER";
            }
            text += &format!(" VIEW {}", quoted(name));
            if let Some(columns) = part(&parts, "columns").filter(|columns| !columns.is_empty()) {
                text += &format!(" ({columns})");
            }
            text += &format!(" AS\n{}\n", clauses(&view.definition.query.canonical));
            if let Some(option) = &view.definition.check_option {
                text += &format!("WITH {option} CHECK OPTION\n");
            }
            text
        }
        ObjectKind::Trigger => {
            let trigger = catalogue.triggers().get(name)?;
            let parts = spell::trigger(trigger);
            let event = part(&parts, "event").unwrap_or_default().to_uppercase();
            let place =
                if trigger.order > 1 { format!("-- number {}\n", trigger.order) } else { String::new() };
            let body = trigger.definition.body.span.of(trigger.place.source.inner());
            format!(
                "CREATE TRIGGER {} {event} ON {} FOR EACH ROW\n{place}{}\n",
                quoted(name),
                quoted(&trigger.table),
                tidy(body)
            )
        }
        ObjectKind::Function => routine(catalogue, RoutineKind::Function, name)?,
        ObjectKind::Procedure => routine(catalogue, RoutineKind::Procedure, name)?,
        ObjectKind::Event => {
            let event = catalogue.events().get(name)?;
            let mut text = format!("CREATE EVENT {}\n", quoted(name));
            for (name, value) in spell::event(event) {
                match name {
                    "schedule" => text += &format!("ON SCHEDULE {value}\n"),
                    "completion" => text += &format!("ON COMPLETION {value}\n"),
                    "comment" if value.is_empty() => {}
                    "comment" => text += &format!("COMMENT '{value}'\n"),
                    "body" => text += &format!("DO\n{}\n", clauses(&value)),
                    _ => text += &format!("{value}\n"),
                }
            }
            text
        }
    })
}

/// As `SHOW CREATE SEQUENCE` prints it.
pub(crate) fn sequence(name: &str, sequence: &Sequence) -> String {
    let mut text = format!("CREATE SEQUENCE {}", quoted(name));
    for part in counting(sequence).into_iter().filter(|part| !part.is_empty()) {
        text += &format!(" {part}");
    }
    if let Some(engine) = sequence.options.get("engine") {
        text += &format!(" ENGINE={}", engine_name(engine));
    }
    if let Some(comment) = sequence.options.get("comment") {
        text += &format!(" COMMENT={}", server::string(comment));
    }
    text
}

/// How a sequence counts, clause by clause; the first one, its type, is empty when it is the usual one.
pub(crate) fn counting(sequence: &Sequence) -> [String; 7] {
    let value_type = sequence.value_type;
    [
        if value_type == ValueType::default() { String::new() } else { format!("as {value_type}") },
        format!("start with {}", sequence.start),
        format!("minvalue {}", sequence.minimum),
        format!("maxvalue {}", sequence.maximum),
        format!("increment by {}", sequence.increment),
        if sequence.cache == 0 { "nocache".to_owned() } else { format!("cache {}", sequence.cache) },
        if sequence.cycle { "cycle" } else { "nocycle" }.to_owned(),
    ]
}

fn part<'a>(parts: &'a [(&'static str, String)], wanted: &str) -> Option<&'a str> {
    parts.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
}

fn routine(catalogue: &Catalogue, kind: RoutineKind, name: &str) -> Option<String> {
    let routine = catalogue.routines(kind).get(name)?;
    let word = ObjectKind::from(kind).noun().to_uppercase();
    let mut text = format!("CREATE {word} {} {}\n", quoted(name), routine.definition.signature);
    for characteristic in &routine.characteristics {
        text += &format!("    {characteristic}\n");
    }
    Some(text + &tidy(routine.definition.body.span.of(routine.place.source.inner())) + "\n")
}

fn table(table: &Table) -> String {
    let mut lines: Vec<String> = Vec::new();
    for column in &table.columns {
        let mut column = column.clone();
        // What every text column shares with its table is said once.
        if column.data_type.collation.as_ref() == Some(&table.collation) {
            (column.data_type.charset, column.data_type.collation) = (None, None);
        }
        lines.push(format!("`{}` {}", column.name, spell::column(&column)));
    }
    let mut keys: Vec<_> = table.keys.iter().collect();
    keys.sort_by(|a, b| (a.name != "PRIMARY", &a.name).cmp(&(b.name != "PRIMARY", &b.name)));
    for key in keys {
        let spelled = spell::key(key);
        let (kind, rest) = spelled.split_once(" (").unwrap_or((&spelled, ""));
        let name = if key.name == "PRIMARY" { String::new() } else { format!(" `{}`", key.name) };
        lines.push(format!("{}{name} ({rest}", kind.to_uppercase()));
    }
    let mut constraints: Vec<String> = Vec::new();
    for key in &table.foreign_keys {
        constraints.push(format!("CONSTRAINT `{}` FOREIGN KEY {}", key.name, spell::foreign_key(key)));
    }
    for check in &table.checks {
        let name =
            if spell::is_chosen(check) { format!("CONSTRAINT `{}` ", check.name) } else { String::new() };
        constraints.push(format!("{name}CHECK {}", spell::check(check)));
    }
    constraints.sort();
    lines.extend(constraints);
    let mut text = format!("CREATE TABLE `{}` (\n  {}\n)", table.name, lines.join(",\n  "));
    for (name, value) in &table.options {
        let value =
            if name == "comment" { format!("'{}'", value.replace('\'', "''")) } else { value.clone() };
        text += &format!(" {}={value}", name.to_uppercase());
    }
    text += &format!(" DEFAULT CHARSET={} COLLATE={}\n", table.charset, table.collation);
    match &table.partitioning {
        Partitioning::None => {}
        Partitioning::By(by) => text += &format!("{by}\n"),
        Partitioning::Unknown => text += "-- its partitions are not known\n",
    }
    text
}

/// A body without blanks at the ends of its lines.
fn tidy(body: &str) -> String {
    body.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Tokens in one spelling, a line for each clause, statement and result. Strings and names in quotes stay as they are.
fn clauses(canonical: &str) -> String {
    let tokens: Vec<Token> = Lexer::at(canonical, 0).collect();
    let mut out = String::with_capacity(canonical.len() + tokens.len());
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| tokens[before]);
        let is_behind = |symbol| before.is_some_and(|before| before.is_symbol(canonical, symbol));
        let begins = begins_clause(canonical, &tokens, index);
        out.push_str(match before {
            None => "",
            Some(_) if begins || is_behind(";") => "\n",
            Some(_) if is_behind(",") && depth == 0 => "\n  ",
            Some(_) => " ",
        });
        out.push_str(token.text(canonical));
        if token.is_symbol(canonical, "(") {
            depth += 1;
        } else if token.is_symbol(canonical, ")") {
            depth = depth.saturating_sub(1);
        }
    }
    out
}

/// Whether a token is the first of a clause that has a line of its own.
fn begins_clause(text: &str, tokens: &[Token], index: usize) -> bool {
    let is = |index: usize, word| tokens.get(index).is_some_and(|token| token.is_word(text, word));
    let is_behind = |word| index.checked_sub(1).is_some_and(|before| is(before, word));
    // What has a dot before it is a name, whatever it says; what stands at the end begins nothing.
    if index + 1 == tokens.len() || index > 0 && tokens[index - 1].is_symbol(text, ".") {
        return false;
    }
    ["from", "where", "having", "limit", "union", "values", "set"].iter().any(|word| is(index, word))
        || (is(index, "group") || is(index, "order")) && is(index + 1, "by")
        || is(index, "left") && is(index + 1, "join")
        || is(index, "join") && !is_behind("left")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dialect::Dialect;
    use crate::place::Source;
    use crate::replay::replay_scripts;

    fn shown(text: &str, kind: ObjectKind, name: &str) -> String {
        let source = Arc::new(Source::new("a.sql", text.into()));
        let (catalogue, _) = replay_scripts([source], Dialect::default());
        create(&catalogue, kind, name).unwrap()
    }

    #[test]
    fn two_spellings_of_a_table_are_one_text() {
        let one = "CREATE TABLE t (id INTEGER PRIMARY KEY, b VARCHAR(5) DEFAULT 'x', KEY z (b), KEY a (b, id), CHECK (id > 0))";
        let other = "CREATE TABLE `t` (`id` int NOT NULL, `b` varchar(5) NULL DEFAULT \"x\", PRIMARY KEY (`id`), INDEX a (b,id)); \
             ALTER TABLE t ADD INDEX z (b), ADD CONSTRAINT t_chk_7 CHECK ((`id` > 0))";
        let text = shown(one, ObjectKind::Table, "t");
        assert_eq!(text, shown(other, ObjectKind::Table, "t"));
        assert_eq!(
            text,
            "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `b` varchar(5) NULL DEFAULT 'x',\n  PRIMARY KEY (id),\n  \
             KEY `a` (b, id),\n  KEY `z` (b),\n  CHECK (id > 0)\n) ENGINE=innodb DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci\n"
        );
    }

    #[test]
    fn bodies_are_shown_as_they_were_written() {
        let text = shown(
            "CREATE TABLE t (a INT);\nDELIMITER //\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN\n  SET NEW.a = 1; -- why  \nEND//",
            ObjectKind::Trigger,
            "g",
        );
        assert_eq!(
            text,
            "CREATE TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW\nBEGIN\n  SET NEW.a = 1; -- why\nEND\n"
        );
        let text = shown("CREATE VIEW v AS SELECT 1 AS a FROM dual WHERE 1 = 1", ObjectKind::View, "v");
        assert_eq!(text, "CREATE VIEW `v` AS\nselect 1 as a\nfrom dual\nwhere 1 = 1\n");
        let text = shown("CREATE VIEW v AS SELECT 'a from b, it''s c' AS x, 2 AS y", ObjectKind::View, "v");
        assert_eq!(text, "CREATE VIEW `v` AS\nselect 'a from b, it''s c' as x ,\n  2 as y\n");
    }

    #[test]
    fn lines_end_without_blanks_and_names_are_not_broken() {
        let view = |query: &str| shown(&format!("CREATE VIEW v AS {query}"), ObjectKind::View, "v");
        assert_eq!(
            view("SELECT 1 AS `a from `, t.`values` AS x FROM t"),
            "CREATE VIEW `v` AS\nselect 1 as `a from ` ,\n  t . values as x\nfrom t\n"
        );
        assert_eq!(
            view("SELECT 1 , FROM t LEFT JOIN u"),
            "CREATE VIEW `v` AS\nselect 1 ,\nfrom t\nleft join u\n"
        );
        assert_eq!(
            view("SELECT 1 AS a ORDER BY a, `limit`"),
            "CREATE VIEW `v` AS\nselect 1 as a\norder by a ,\n  `limit`\n"
        );
        for query in [
            "SELECT a AS\nFROM t",
            "VALUES LESS",
            "SELECT (a , b) , WHERE ; SET x",
            "SELECT 'a\\\\' FROM `b``c`",
        ] {
            let once = view(query);
            assert_eq!(shown(&once, ObjectKind::View, "v"), once, "{query}");
            assert!(once.lines().all(|line| line.trim_end() == line), "{once}");
        }
    }
}
