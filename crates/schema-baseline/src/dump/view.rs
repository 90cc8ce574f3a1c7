//! Views: the query is one long line on the server, and gets lines here. Only white space between tokens changes.

use migrate_core::history::quoted;
use migrate_core::script::lexer::{Lexer, Token, TokenKind};

use crate::ast::CreateView;

/// Words that begin a line of the outermost query.
const CLAUSES: [&str; 9] =
    ["from", "where", "group", "having", "order", "limit", "union", "except", "intersect"];

/// Words that begin a join.
const JOINS: [&str; 6] = ["join", "left", "right", "inner", "cross", "straight_join"];

/// The `CREATE VIEW` of a view of that name.
pub(super) fn text(def: &CreateView, name: &str, text: &str, definer: Option<&str>) -> String {
    let mut head = "CREATE".to_owned();
    if def.algorithm != "undefined" {
        head += &format!(" ALGORITHM={}", def.algorithm.to_uppercase());
    }
    if let Some(definer) = definer {
        head += &format!(" {definer}");
    }
    if def.invoker {
        head += " SQL SECURITY INVOKER";
    }
    head += &format!(" VIEW {}", quoted(name));
    if !def.columns.is_empty() {
        let columns: Vec<String> = def.columns.iter().map(|column| quoted(&column.text)).collect();
        head += &format!(" ({})", columns.join(", "));
    }
    let query = lines(def.query.span.of(text));
    let option = def.check_option.as_ref();
    let option =
        option.map_or_else(String::new, |option| format!("\nWITH {} CHECK OPTION", option.to_uppercase()));
    format!("{head} AS\n{query}{option}")
}

/// A query with a line for each clause, column and join.
fn lines(query: &str) -> String {
    let mut result = String::with_capacity(query.len() + query.len() / 8);
    let mut depth = 0_usize;
    let mut from = false;
    // Inside of a derived table nothing is broken.
    let mut inside: Option<usize> = None;
    let mut before: Option<Token> = None;
    let mut lexer = Lexer::new(query);
    while let Some(token) = lexer.next() {
        let text = token.text(query);
        let lower = text.to_ascii_lowercase();
        let is_word = token.kind == TokenKind::Word;
        let behind = before.map(|before| before.text(query).to_ascii_lowercase()).unwrap_or_default();
        let is_clause = is_word && depth == 0 && CLAUSES.contains(&lower.as_str()) && behind != "group";
        if is_clause {
            from = lower == "from";
        }
        let is_join = is_word
            && from
            && inside.is_none()
            && JOINS.contains(&lower.as_str())
            && !JOINS.contains(&behind.as_str())
            && behind != "outer"
            && is_join(&lower, &lexer, query);
        let is_column = depth == 0 && (behind == "," || is_first_column(&behind, &lower)) && !from;
        let break_before = if is_clause || (depth == 0 && is_word && ends_union(&behind) && lower == "select")
        {
            Some("\n")
        } else if is_join || is_column {
            Some("\n    ")
        } else {
            None
        };
        let gap = before.map_or("", |before| &query[before.end..token.start]);
        match break_before.filter(|_| before.is_some()) {
            Some(line) => result.push_str(line),
            None if gap.is_empty() => {}
            None => result.push(' '),
        }
        result.push_str(text);
        match text {
            "(" => depth += 1,
            ")" => {
                depth = depth.saturating_sub(1);
                if inside.is_some_and(|outer| depth < outer) {
                    inside = None;
                }
            }
            _ if is_word && lower == "select" && depth > 0 => {
                inside.get_or_insert(depth);
            }
            _ => {}
        }
        before = Some(token);
    }
    result
}

fn is_first_column(behind: &str, word: &str) -> bool {
    let modifiers = ["distinct", "distinctrow", "all", "straight_join", "sql_small_result", "sql_big_result"];
    (behind == "select" && !modifiers.contains(&word)) || behind == "distinct"
}

fn ends_union(behind: &str) -> bool {
    ["union", "all", "except", "intersect"].contains(&behind)
}

/// `left` and `right` are functions too.
fn is_join(word: &str, lexer: &Lexer<'_>, query: &str) -> bool {
    if !["left", "right"].contains(&word) {
        return true;
    }
    let next = lexer.clone().next();
    next.is_some_and(|next| next.is_word(query, "join") || next.is_word(query, "outer"))
}
