//! Queries in the spelling to which a server brings the query of a view: every column with its table, every result with
//! a name, joins and clauses in one form.
//!
//! What the reader does not know makes it give up, so that the query counts as not compared and never as equal.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value, With,
};

use super::text::{is_at_end, parser, prepared};
use crate::catalogue::{Catalogue, View};

/// Longer queries are not worth the time.
const LONGEST: usize = 64 * 1024;

/// A name in `FROM` and the columns it has; none when they are not known.
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) columns: Option<Vec<String>>,
}

/// A `SELECT` whose names are being resolved.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// The names of the results with what they stand for, while `GROUP BY`, `HAVING` and `ORDER BY` are read.
    pub(super) results: Vec<(String, String)>,
}

/// Reads queries in the light of a schema.
pub(super) struct Reader<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) schema: Option<&'a str>,
    pub(super) scopes: Vec<Scope>,
    /// Common table expressions and their columns.
    pub(super) common: Vec<(String, Vec<String>)>,
    /// Columns are written without their table: expressions of a table's own definition.
    pub(super) is_bare: bool,
    pub(super) depth: usize,
}

/// A query in one spelling, and the names of its columns.
#[derive(Debug, Clone)]
pub(crate) struct Spelled {
    pub(super) text: String,
    pub(super) columns: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            schema: catalogue.schema(),
            scopes: Vec::new(),
            common: Vec::new(),
            is_bare: false,
            depth: 0,
        }
    }

    /// The query of a view, with the names that the view gives to its columns.
    pub(super) fn view(&mut self, view: &View) -> Option<Spelled> {
        if let Some(kept) = &view.kept {
            return Some(kept.clone());
        }
        let text = view.definition.query.span.of(view.place.source.inner());
        if text.len() > LONGEST {
            return None;
        }
        let text = prepared(text);
        let mut parser = parser(&text)?;
        let query = parser.parse_query().ok()?;
        let names: Vec<String> =
            view.definition.columns.iter().map(|name| name.text.to_lowercase()).collect();
        is_at_end(&mut parser)?;
        self.query(&query, &names)
    }

    /// An expression of a table's definition, which may name the table's columns.
    pub(super) fn expression_over(&mut self, text: &str, columns: Vec<String>) -> Option<String> {
        let text = prepared(text);
        let mut parser = parser(&text)?;
        let expr = parser.parse_expr().ok()?;
        is_at_end(&mut parser)?;
        self.is_bare = true;
        let relations = vec![Relation { name: String::new(), columns: Some(columns) }];
        self.scopes.push(Scope { relations, results: Vec::new() });
        let spelled = self.truth(&expr);
        self.scopes.pop();
        spelled
    }

    pub(super) fn query(&mut self, query: &Query, names: &[String]) -> Option<Spelled> {
        let odd = query.fetch.is_some()
            || !query.locks.is_empty()
            || query.for_clause.is_some()
            || !query.pipe_operators.is_empty();
        if odd {
            return None;
        }
        let outer = self.common.len();
        let with = query.with.as_ref().map_or_else(|| Some(String::new()), |with| self.with(with));
        let spelled = with.and_then(|with| {
            let mut spelled = self.set(&query.body, names, query.order_by.as_ref())?;
            spelled.text.insert_str(0, &with);
            spelled.text.push_str(&self.limit(query.limit_clause.as_ref())?);
            Some(spelled)
        });
        self.common.truncate(outer);
        spelled
    }

    fn with(&mut self, with: &With) -> Option<String> {
        let mut parts = Vec::new();
        for table in &with.cte_tables {
            let name = lower(&table.alias.name);
            let names: Vec<String> = table.alias.columns.iter().map(|column| lower(&column.name)).collect();
            if with.recursive {
                // Its own name must be known inside of it: the first branch says what it holds.
                let columns =
                    if names.is_empty() { self.first_columns(&table.query.body)? } else { names.clone() };
                self.common.push((name.clone(), columns));
            }
            let spelled = self.query(&table.query, &names)?;
            if !with.recursive {
                self.common.push((name.clone(), spelled.columns));
            }
            parts.push(format!("{name} as ({})", spelled.text));
        }
        Some(format!("with {}{} ", if with.recursive { "recursive " } else { "" }, parts.join(", ")))
    }

    fn first_columns(&mut self, set: &SetExpr) -> Option<Vec<String>> {
        match set {
            SetExpr::SetOperation { left, .. } => self.first_columns(left),
            other => Some(self.set(other, &[], None)?.columns),
        }
    }

    fn set(&mut self, set: &SetExpr, names: &[String], order: Option<&OrderBy>) -> Option<Spelled> {
        match set {
            SetExpr::Select(select) => self.select(select, names, order),
            SetExpr::Query(query) if order.is_none() => self.query(query, names),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let (first, columns) = {
                    let spelled = self.set(left, names, None)?;
                    (spelled.text, spelled.columns)
                };
                let second = self.set(right, &columns, None)?.text;
                let op = match op {
                    SetOperator::Union => "union",
                    SetOperator::Except => "except",
                    SetOperator::Intersect => "intersect",
                    SetOperator::Minus => return None,
                };
                let all = match set_quantifier {
                    SetQuantifier::All => " all",
                    SetQuantifier::Distinct | SetQuantifier::None => "",
                    _ => return None,
                };
                // A later UNION removes duplicates, whatever an earlier one kept.
                let first = if all.is_empty() {
                    first.replace(" union all select ", " union select ")
                } else {
                    first
                };
                let results = columns.iter().map(|name| (name.clone(), name.clone())).collect();
                self.scopes.push(Scope { relations: Vec::new(), results });
                let order = order.map_or_else(|| Some(String::new()), |order| self.order(order));
                self.scopes.pop();
                Some(Spelled { text: format!("{first} {op}{all} {second}{}", order?), columns })
            }
            _ => None,
        }
    }

    fn select(&mut self, select: &Select, names: &[String], order: Option<&OrderBy>) -> Option<Spelled> {
        let odd = select.top.is_some()
            || select.into.is_some()
            || !select.lateral_views.is_empty()
            || !select.named_window.is_empty()
            || select.qualify.is_some()
            || select.select_modifiers.is_some();
        if odd {
            return None;
        }
        self.scopes.push(Scope::default());
        let spelled = self.select_in_scope(select, names, order);
        self.scopes.pop();
        spelled
    }

    fn select_in_scope(
        &mut self,
        select: &Select,
        names: &[String],
        order: Option<&OrderBy>,
    ) -> Option<Spelled> {
        let from = self.from(&select.from)?;
        let mut items = self.items(&select.projection)?;
        if !names.is_empty() && names.len() != items.len() {
            return None;
        }
        let written: Vec<(String, String)> =
            items.iter().map(|(expr, name)| (name.clone().unwrap_or_default(), expr.clone())).collect();
        for (item, name) in items.iter_mut().zip(names) {
            item.1 = Some(name.clone());
        }
        let condition = match &select.selection {
            Some(condition) => format!(" where {}", self.truth(condition)?),
            None => String::new(),
        };
        self.scopes.last_mut()?.results = written;
        let group = self.group(&select.group_by)?;
        let having = match &select.having {
            Some(condition) => format!(" having {}", self.truth(condition)?),
            None => String::new(),
        };
        let order = match order {
            Some(order) => self.order(order)?,
            None => String::new(),
        };
        let distinct = match &select.distinct {
            Some(Distinct::Distinct) => "distinct ",
            None | Some(Distinct::All) => "",
            Some(Distinct::On(_)) => return None,
        };
        // A result without a name is named after its text, which is another on each side.
        let named = |(expr, name): &(String, Option<String>)| match name {
            Some(name) => format!("{expr} as {name}"),
            None => expr.clone(),
        };
        let list: Vec<String> = items.iter().map(named).collect();
        let text = format!("select {distinct}{}{from}{condition}{group}{having}{order}", list.join(", "));
        Some(Spelled { text, columns: items.into_iter().map(|(_, name)| name.unwrap_or_default()).collect() })
    }

    /// What a `SELECT` gives, each with the name that somebody chose for it.
    fn items(&mut self, projection: &[SelectItem]) -> Option<Vec<(String, Option<String>)>> {
        let mut items = Vec::new();
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = match expr {
                        Expr::Identifier(name) => Some(lower(name)),
                        Expr::CompoundIdentifier(parts) => parts.last().map(lower),
                        Expr::Value(value) => match &value.value {
                            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                                Some(text.to_lowercase())
                            }
                            _ => None,
                        },
                        _ => None,
                    };
                    items.push((self.expression(expr)?, name));
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let spelled = self.expression(expr)?;
                    let name = lower(alias);
                    let is_own_text = self.named_after_text(&alias.value).is_some_and(|text| text == spelled);
                    let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                    items.push((spelled, (is_column || !is_own_text).then_some(name)));
                }
                SelectItem::Wildcard(_) => self.columns_of(None, &mut items)?,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let name = name.0.last()?.as_ident().map(lower)?;
                    self.columns_of(Some(&name), &mut items)?;
                }
                _ => return None,
            }
        }
        Some(items)
    }

    /// The expression that a server made a name of, when the name is the text of one.
    fn named_after_text(&mut self, name: &str) -> Option<String> {
        let text = prepared(name);
        let mut parser = parser(&text)?;
        let expr = parser.parse_expr().ok()?;
        is_at_end(&mut parser)?;
        if matches!(expr, Expr::Identifier(_)) {
            return None;
        }
        self.expression(&expr)
    }

    /// `*` and `a.*`.
    fn columns_of(&self, of: Option<&str>, items: &mut Vec<(String, Option<String>)>) -> Option<()> {
        for relation in &self.scopes.last()?.relations {
            if of.is_some_and(|of| of != relation.name) {
                continue;
            }
            for column in relation.columns.as_ref()? {
                items.push((format!("{}.{column}", relation.name), Some(column.clone())));
            }
        }
        Some(())
    }

    fn group(&mut self, group: &GroupByExpr) -> Option<String> {
        let GroupByExpr::Expressions(list, modifiers) = group else { return None };
        if list.is_empty() {
            return Some(String::new());
        }
        let mut parts = Vec::new();
        for expr in list {
            parts.push(self.result_or(expr, false)?);
        }
        let modifiers: Vec<String> = modifiers.iter().map(|word| format!(" {word}").to_lowercase()).collect();
        Some(format!(" group by {}{}", parts.join(", "), modifiers.concat()))
    }

    /// An expression of `GROUP BY` or `ORDER BY`, which may be the name or the number of a result.
    fn result_or(&mut self, expr: &Expr, names_first: bool) -> Option<String> {
        let results = &self.scopes.last()?.results;
        match expr {
            Expr::Value(value) => {
                if let Value::Number(number, _) = &value.value
                    && let Ok(number) = number.parse::<usize>()
                {
                    return results.get(number.checked_sub(1)?).map(|(_, spelled)| spelled.clone());
                }
            }
            Expr::Identifier(name) if names_first => {
                let name = lower(name);
                if let Some((_, spelled)) = results.iter().find(|(result, _)| *result == name) {
                    return Some(spelled.clone());
                }
            }
            _ => {}
        }
        self.expression(expr)
    }

    fn order(&mut self, order: &OrderBy) -> Option<String> {
        let OrderByKind::Expressions(list) = &order.kind else { return None };
        Some(format!(" order by {}", self.order_list(list, true)?))
    }

    pub(super) fn order_list(&mut self, list: &[OrderByExpr], names_first: bool) -> Option<String> {
        let mut parts = Vec::new();
        for item in list {
            let text =
                if names_first { self.result_or(&item.expr, true)? } else { self.expression(&item.expr)? };
            let descending = matches!(item.options.sort, Some(sqlparser::ast::OrderBySort::Desc));
            parts.push(format!("{text}{}", if descending { " desc" } else { "" }));
        }
        Some(parts.join(", "))
    }

    fn limit(&mut self, limit: Option<&LimitClause>) -> Option<String> {
        let (offset, limit) = match limit {
            None => return Some(String::new()),
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(offset), Some(limit)),
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (offset.as_ref().map(|offset| &offset.value), limit.as_ref())
            }
        };
        let offset = match offset {
            Some(offset) => self.expression(offset)? + ",",
            None => String::new(),
        };
        Some(format!(" limit {offset}{}", self.expression(limit?)?))
    }
}

pub(super) fn lower(name: &Ident) -> String {
    name.value.to_lowercase()
}
