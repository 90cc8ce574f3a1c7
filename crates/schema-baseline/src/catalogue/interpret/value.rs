//! Values of a program, and expressions over them.

use std::collections::BTreeMap;

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, SetExpr, UnaryOperator,
    Value as Literal,
};

use super::information::{Row, select};
use crate::catalogue::Catalogue;
use crate::served::text::{is_at_end, parser, prepared};

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// It depends on rows of tables, or on what is not understood.
    Unknown,
    Null,
    Int(i64),
    Text(String),
}

impl Value {
    pub(super) fn is_true(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Null => Some(false),
            Self::Int(value) => Some(*value != 0),
            Self::Text(text) => Some(text.trim().parse::<f64>().is_ok_and(|value| value != 0.0)),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Int(value) => Some(value.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Unknown | Self::Null => None,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

/// What names mean where an expression stands.
pub(super) struct Scope<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) variables: &'a BTreeMap<String, Value>,
    pub(super) session: &'a BTreeMap<String, Value>,
    /// The row that a `WHERE` looks at.
    pub(super) row: Option<&'a Row>,
}

/// The value of an expression.
pub(super) fn evaluate(text: &str, scope: &Scope<'_>) -> Value {
    let text = prepared(text);
    let parsed = parser(&text).and_then(|mut parser| {
        let expr = parser.parse_expr().ok()?;
        is_at_end(&mut parser)?;
        Some(expr)
    });
    parsed.map_or(Value::Unknown, |expr| scope.value(&expr))
}

impl Scope<'_> {
    pub(super) fn value(&self, expr: &Expr) -> Value {
        match expr {
            Expr::Nested(inner) => self.value(inner),
            Expr::Value(literal) => match &literal.value {
                Literal::Number(number, _) => {
                    number.parse().map_or_else(|_| Value::Text(number.clone()), Value::Int)
                }
                Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text) => {
                    Value::Text(text.clone())
                }
                Literal::Boolean(value) => Value::from(*value),
                Literal::Null => Value::Null,
                _ => Value::Unknown,
            },
            Expr::Identifier(name) => self.name(&name.value),
            Expr::CompoundIdentifier(parts) => {
                let column = parts.last().map(|part| part.value.to_lowercase()).unwrap_or_default();
                self.row.and_then(|row| row.get(column.as_str())).cloned().unwrap_or(Value::Unknown)
            }
            Expr::Exists { subquery, negated } => match select(subquery, self) {
                Some(rows) => Value::from(rows.is_empty() == *negated),
                None => Value::Unknown,
            },
            Expr::Subquery(query) => match select(query, self) {
                Some(rows) => rows
                    .into_iter()
                    .next()
                    .map_or(Value::Null, |row| row.into_iter().next().unwrap_or(Value::Null)),
                None => self.constant_query(&query.body),
            },
            Expr::IsNull(inner) => self.null_test(inner, true),
            Expr::IsNotNull(inner) => self.null_test(inner, false),
            Expr::InList { expr, list, negated } => {
                let value = self.value(expr);
                let tests: Vec<Value> =
                    list.iter().map(|one| equal(expr, &value, &self.value(one))).collect();
                let found = tests.contains(&Value::Int(1));
                if !found && tests.contains(&Value::Unknown) {
                    return Value::Unknown;
                }
                Value::from(found != *negated)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let value = self.value(expr);
                let Some(rows) = select(subquery, self) else { return Value::Unknown };
                let found = rows
                    .iter()
                    .filter_map(|row| row.first())
                    .any(|one| equal(expr, &value, one) == Value::Int(1));
                Value::from(found != *negated)
            }
            Expr::Like { negated, expr, pattern, escape_char: None, any: false } => {
                match (self.value(expr).text(), self.value(pattern).text()) {
                    (Some(text), Some(pattern)) => {
                        Value::from(like(&text.to_lowercase(), &pattern.to_lowercase()) != *negated)
                    }
                    _ => Value::Unknown,
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => {
                self.value(expr).is_true().map_or(Value::Unknown, |value| Value::from(!value))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.value(expr) {
                Value::Int(value) => Value::Int(-value),
                _ => Value::Unknown,
            },
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::Function(function) => {
                let name = function.name.to_string().replace('`', "").to_lowercase();
                let FunctionArguments::List(list) = &function.args else { return self.name(&name) };
                let arguments: Vec<Value> = list
                    .args
                    .iter()
                    .map(|argument| match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.value(expr),
                        _ => Value::Unknown,
                    })
                    .collect();
                self.function(&name, &arguments)
            }
            Expr::Case { operand: None, conditions, else_result, .. } => {
                for case in conditions {
                    match self.value(&case.condition).is_true() {
                        Some(true) => return self.value(&case.result),
                        Some(false) => {}
                        None => return Value::Unknown,
                    }
                }
                else_result.as_ref().map_or(Value::Null, |other| self.value(other))
            }
            Expr::Collate { expr, .. } | Expr::Cast { expr, .. } => self.value(expr),
            Expr::Prefixed { value, .. } => self.value(value),
            _ => Value::Unknown,
        }
    }

    /// `(SELECT DATABASE())`, a query of no table.
    fn constant_query(&self, body: &SetExpr) -> Value {
        let SetExpr::Select(select) = body else { return Value::Unknown };
        match select.projection.as_slice() {
            [sqlparser::ast::SelectItem::UnnamedExpr(expr)] if select.from.is_empty() => self.value(expr),
            _ => Value::Unknown,
        }
    }

    fn name(&self, name: &str) -> Value {
        let lower = name.to_lowercase();
        if lower.starts_with('@') {
            return self.session.get(&lower).cloned().unwrap_or(if lower.starts_with("@@") {
                Value::Unknown
            } else {
                Value::Null
            });
        }
        // A variable hides a column of that name.
        if let Some(value) = self.variables.get(&lower) {
            return value.clone();
        }
        if let Some(value) = self.row.and_then(|row| row.get(lower.as_str())) {
            return value.clone();
        }
        Value::Unknown
    }

    fn null_test(&self, expr: &Expr, is_null: bool) -> Value {
        match self.value(expr) {
            Value::Unknown => Value::Unknown,
            value => Value::from((value == Value::Null) == is_null),
        }
    }

    fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Value {
        use BinaryOperator as Op;
        let (a, b) = (self.value(left), self.value(right));
        let number = |value: &Value| match value {
            Value::Int(value) => Some(*value),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Unknown | Value::Null => None,
        };
        match op {
            Op::And => match (a.is_true(), b.is_true()) {
                (Some(false), _) | (_, Some(false)) => Value::Int(0),
                (Some(true), Some(true)) => Value::Int(1),
                _ => Value::Unknown,
            },
            Op::Or => match (a.is_true(), b.is_true()) {
                (Some(true), _) | (_, Some(true)) => Value::Int(1),
                (Some(false), Some(false)) => Value::Int(0),
                _ => Value::Unknown,
            },
            Op::Eq => {
                let column = if matches!(left, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    left
                } else {
                    right
                };
                equal(column, &a, &b)
            }
            Op::NotEq => match equal(left, &a, &b) {
                Value::Int(equal) => Value::Int(1 - equal),
                other => other,
            },
            Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Plus | Op::Minus | Op::Multiply => {
                if a == Value::Null || b == Value::Null {
                    return Value::Null;
                }
                let (Some(a), Some(b)) = (number(&a), number(&b)) else { return Value::Unknown };
                match op {
                    Op::Lt => Value::from(a < b),
                    Op::LtEq => Value::from(a <= b),
                    Op::Gt => Value::from(a > b),
                    Op::GtEq => Value::from(a >= b),
                    Op::Plus => a.checked_add(b).map_or(Value::Unknown, Value::Int),
                    Op::Minus => a.checked_sub(b).map_or(Value::Unknown, Value::Int),
                    _ => a.checked_mul(b).map_or(Value::Unknown, Value::Int),
                }
            }
            _ => Value::Unknown,
        }
    }

    fn function(&self, name: &str, arguments: &[Value]) -> Value {
        match (name, arguments) {
            ("database" | "schema", []) => {
                // A schema that has no name yet is the one that the rows of the catalogue bear.
                Value::Text(self.catalogue.schema().unwrap_or_default().to_owned())
            }
            ("concat", all) => {
                if all.contains(&Value::Unknown) {
                    return Value::Unknown;
                }
                let texts: Option<Vec<String>> = all.iter().map(Value::text).collect();
                texts.map_or(Value::Null, |texts| Value::Text(texts.concat()))
            }
            ("ifnull" | "coalesce", all) => {
                all.iter().find(|value| **value != Value::Null).cloned().unwrap_or(Value::Null)
            }
            ("if", [condition, yes, no]) => match condition.is_true() {
                Some(true) => yes.clone(),
                Some(false) => no.clone(),
                None => Value::Unknown,
            },
            ("lower" | "lcase", [Value::Text(text)]) => Value::Text(text.to_lowercase()),
            ("upper" | "ucase", [Value::Text(text)]) => Value::Text(text.to_uppercase()),
            ("trim", [Value::Text(text)]) => Value::Text(text.trim_matches(' ').to_owned()),
            ("quote", [Value::Text(text)]) => {
                Value::Text(format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")))
            }
            ("length" | "char_length", [Value::Text(text)]) => {
                i64::try_from(text.chars().count()).map_or(Value::Unknown, Value::Int)
            }
            ("replace", [Value::Text(text), Value::Text(from), Value::Text(to)]) if !from.is_empty() => {
                Value::Text(text.replace(from.as_str(), to))
            }
            _ => Value::Unknown,
        }
    }
}

/// Names of tables and schemas are compared with their case, everything else without.
fn equal(column: &Expr, left: &Value, right: &Value) -> Value {
    let name = match column {
        Expr::Identifier(name) => name.value.to_lowercase(),
        Expr::CompoundIdentifier(parts) => {
            parts.last().map(|part| part.value.to_lowercase()).unwrap_or_default()
        }
        _ => String::new(),
    };
    let exact = matches!(name.as_str(), "table_name" | "table_schema" | "referenced_table_name");
    match (left, right) {
        (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Int(left), Value::Int(right)) => Value::from(left == right),
        (Value::Text(left), Value::Text(right)) if exact => Value::from(left == right),
        (Value::Text(left), Value::Text(right)) => Value::from(left.to_lowercase() == right.to_lowercase()),
        (Value::Int(number), Value::Text(text)) | (Value::Text(text), Value::Int(number)) => {
            Value::from(text.trim().parse::<i64>().unwrap_or(0) == *number)
        }
    }
}

/// `LIKE` with `%`, `_` and backslash.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('%') => {
                retry = Some((of, at));
                of += 1;
            }
            Some('\\') if pattern.get(of + 1) == Some(&text[at]) => {
                (at, of) = (at + 1, of + 2);
            }
            Some(mark) if *mark == '_' || *mark == text[at] => (at, of) = (at + 1, of + 1),
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    (at, of) = (from + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|mark| *mark == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_like_does() {
        assert!(like("fk_orders_1", "fk%1") && like("abc", "a_c") && like("a%", "a\\%") && like("", "%"));
        assert!(!like("abc", "a_") && !like("ab", "a\\%") && !like("abc", "b%"));
    }
}
