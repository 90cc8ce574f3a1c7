//! `FROM`: joins as a server writes them, which knows neither commas nor `RIGHT JOIN` nor `USING`.

use sqlparser::ast::{JoinConstraint, JoinOperator, TableFactor, TableWithJoins};

use super::query::{Reader, Relation, lower};

impl Reader<'_> {
    /// The clause, and its names put into the scope.
    pub(super) fn from(&mut self, from: &[TableWithJoins]) -> Option<String> {
        let mut text = String::new();
        for item in from {
            let joined = self.joined(item)?;
            text = if text.is_empty() { joined } else { format!("({text} join {joined})") };
        }
        // `DUAL` stands for no table.
        Some(if text.is_empty() || text == "dual" { String::new() } else { format!(" from {text}") })
    }

    fn joined(&mut self, item: &TableWithJoins) -> Option<String> {
        let first = self.scopes.last()?.relations.len();
        let mut text = self.factor(&item.relation)?;
        for join in &item.joins {
            let second = self.scopes.last()?.relations.len();
            let right = self.factor(&join.relation)?;
            let (word, constraint, swapped) = match &join.join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                    ("join", on, false)
                }
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("left join", on, false),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("left join", on, true),
                JoinOperator::StraightJoin(on) => ("straight_join", on, false),
                _ => return None,
            };
            let on = match constraint {
                JoinConstraint::On(condition) => format!(" on {}", self.truth(condition)?),
                JoinConstraint::Using(columns) => {
                    let mut conditions = Vec::new();
                    for column in columns {
                        let column = column.0.last()?.as_ident().map(lower)?;
                        let (left, right) =
                            (self.owner(&column, first, second)?, self.owner(&column, second, usize::MAX)?);
                        conditions.push(format!("({left}.{column} = {right}.{column})"));
                    }
                    match conditions.as_slice() {
                        [one] => format!(" on {one}"),
                        several => format!(" on ({})", several.join(" and ")),
                    }
                }
                JoinConstraint::None => String::new(),
                JoinConstraint::Natural => return None,
            };
            text = if swapped {
                format!("({right} {word} {text}{on})")
            } else {
                format!("({text} {word} {right}{on})")
            };
        }
        Some(text)
    }

    /// The first of the relations from `start` to `end` that has a column.
    fn owner(&self, column: &str, start: usize, end: usize) -> Option<String> {
        let relations = &self.scopes.last()?.relations;
        for relation in relations.get(start..end.min(relations.len()))? {
            if relation.columns.as_ref()?.iter().any(|own| own == column) {
                return Some(relation.name.clone());
            }
        }
        None
    }

    fn factor(&mut self, factor: &TableFactor) -> Option<String> {
        match factor {
            TableFactor::Table { name, alias, args: None, partitions, index_hints, .. }
                if partitions.is_empty() && index_hints.is_empty() =>
            {
                let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
                let (own, schema) = match parts.as_slice() {
                    [own] => (own, None),
                    [schema, own] => (own, (!self.is_own(&schema.value)).then_some(schema)),
                    _ => return None,
                };
                if parts.len() == 1 && own.value.eq_ignore_ascii_case("dual") {
                    return Some("dual".to_owned());
                }
                let columns = if schema.is_none() { self.columns(&own.value) } else { None };
                let named = alias.as_ref().map_or(*own, |alias| &alias.name);
                let name = lower(named);
                self.scopes.last_mut()?.relations.push(Relation { name: name.clone(), columns });
                let schema = schema.map_or_else(String::new, |schema| format!("{}.", schema.value));
                let alias = if named.value == own.value { String::new() } else { format!(" {name}") };
                Some(format!("{schema}{}{alias}", own.value))
            }
            TableFactor::Derived { lateral: false, subquery, alias: Some(alias), .. } => {
                let names: Vec<String> = alias.columns.iter().map(|column| lower(&column.name)).collect();
                // A derived table does not see its neighbours.
                let neighbours = std::mem::take(&mut self.scopes.last_mut()?.relations);
                let spelled = self.query(subquery, &names);
                self.scopes.last_mut()?.relations = neighbours;
                let spelled = spelled?;
                let name = lower(&alias.name);
                let text = format!("({}) {name}", spelled.text);
                self.scopes.last_mut()?.relations.push(Relation { name, columns: Some(spelled.columns) });
                Some(text)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.joined(table_with_joins),
            _ => None,
        }
    }
}
