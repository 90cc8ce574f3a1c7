//! Expressions in the spelling of a server.

use sqlparser::ast::{
    BinaryOperator, CeilFloorKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Interval, UnaryOperator, Value, WindowSpec,
    WindowType,
};

use super::functions::present_name;
use super::query::{Reader, lower};

impl Reader<'_> {
    /// An expression of which only the truth counts: servers add and drop comparisons with 0 there.
    pub(super) fn truth(&mut self, expr: &Expr) -> Option<String> {
        if let Expr::Nested(inner) = expr {
            return self.truth(inner);
        }
        if let Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } = expr {
            if is_zero(left) {
                return self.expression(right);
            }
            if is_zero(right) {
                return self.expression(left);
            }
        }
        self.expression(expr)
    }

    pub(super) fn expression(&mut self, expr: &Expr) -> Option<String> {
        Some(match expr {
            Expr::Nested(inner) => return self.expression(inner),
            Expr::Identifier(name) => return self.column(&lower(name)),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] | [_, table, column] if !self.is_bare => {
                    format!("{}.{}", lower(table), lower(column))
                }
                [.., column] => lower(column),
                [] => return None,
            },
            Expr::Value(value) => literal(&value.value)?,
            // Servers write the character set of the connection before strings.
            Expr::Prefixed { prefix, value } => match lower(prefix).as_str() {
                "_utf8mb4" | "_utf8mb3" | "_utf8" => return self.expression(value),
                other => format!("{other}{}", self.expression(value)?),
            },
            Expr::IsNull(inner) => format!("({} is null)", self.expression(inner)?),
            Expr::IsNotNull(inner) => format!("({} is not null)", self.expression(inner)?),
            Expr::IsTrue(inner) => format!("({} is true)", self.truth(inner)?),
            Expr::IsNotTrue(inner) => format!("({} is not true)", self.truth(inner)?),
            Expr::IsFalse(inner) => format!("({} is false)", self.truth(inner)?),
            Expr::IsNotFalse(inner) => format!("({} is not false)", self.truth(inner)?),
            Expr::InList { expr, list, negated } => {
                let left = self.expression(expr)?;
                let list = self.list(list)?;
                match (list.as_slice(), negated) {
                    ([one], false) => format!("({left} = {one})"),
                    ([one], true) => format!("({left} <> {one})"),
                    (_, negated) => format!("({left}{} in ({}))", not(*negated), list.join(", ")),
                }
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let left = self.expression(expr)?;
                format!("({left}{} in ({}))", not(*negated), self.query(subquery, &[])?.text)
            }
            Expr::Between { expr, negated, low, high } => {
                let (expr, low, high) =
                    (self.expression(expr)?, self.expression(low)?, self.expression(high)?);
                format!("({expr}{} between {low} and {high})", not(*negated))
            }
            Expr::Like { negated, expr, pattern, escape_char, any: false } => {
                let (expr, pattern) = (self.expression(expr)?, self.expression(pattern)?);
                let escape = match escape_char {
                    Some(escape) => format!(" escape {}", self.expression(escape)?),
                    None => String::new(),
                };
                format!("({expr}{} like {pattern}{escape})", not(*negated))
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                let call = format!("regexp_like({}, {})", self.expression(expr)?, self.expression(pattern)?);
                if *negated { format!("({call} = 0)") } else { call }
            }
            Expr::BinaryOp { left, op, right } => return self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Not | UnaryOperator::BangNot => return self.negated(expr),
                UnaryOperator::Minus => format!("-{}", self.expression(expr)?),
                UnaryOperator::BitwiseNot => format!("~{}", self.expression(expr)?),
                UnaryOperator::Plus => return self.expression(expr),
                _ => return None,
            },
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut text = "(case".to_owned();
                if let Some(operand) = operand {
                    text += &format!(" {}", self.expression(operand)?);
                }
                for case in conditions {
                    let when = if operand.is_some() {
                        self.expression(&case.condition)?
                    } else {
                        self.truth(&case.condition)?
                    };
                    text += &format!(" when {when} then {}", self.expression(&case.result)?);
                }
                if let Some(other) = else_result {
                    text += &format!(" else {}", self.expression(other)?);
                }
                text + " end)"
            }
            Expr::Exists { subquery, negated } => {
                // What it selects means nothing; servers write something else there.
                let text = self.query(subquery, &[])?.text;
                let text = text.strip_suffix(" limit 1").unwrap_or(&text);
                let from = text.find(" from ").map_or(text, |from| &text[from + 1..]);
                format!("{}exists({from})", if *negated { "not " } else { "" })
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
                let Expr::Subquery(query) = right.as_ref() else { return None };
                format!("({} in ({}))", self.expression(left)?, self.query(query, &[])?.text)
            }
            Expr::Subquery(query) => format!("({})", self.query(query, &[])?.text),
            Expr::Tuple(list) => format!("({})", self.list(list)?.join(", ")),
            Expr::Function(function) => return self.function(function),
            Expr::Cast { expr, data_type, .. } => self.cast(expr, data_type)?,
            Expr::Convert { expr, data_type: Some(data_type), charset: None, .. } => {
                self.cast(expr, data_type)?
            }
            Expr::Convert { expr, charset: Some(charset), data_type: None, .. } => {
                format!("convert({} using {})", self.expression(expr)?, charset.to_string().to_lowercase())
            }
            Expr::Collate { expr, collation } => {
                format!(
                    "({} collate {})",
                    self.expression(expr)?,
                    collation.to_string().replace('`', "").to_lowercase()
                )
            }
            Expr::Extract { field, expr, .. } => {
                format!("extract({} from {})", field.to_string().to_lowercase(), self.expression(expr)?)
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(_) } => {
                format!("ceiling({})", self.expression(expr)?)
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(_) } => {
                format!("floor({})", self.expression(expr)?)
            }
            Expr::Position { expr, r#in } => {
                format!("locate({}, {})", self.expression(expr)?, self.expression(r#in)?)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut parts = vec![self.expression(expr)?];
                for part in [substring_from, substring_for].into_iter().flatten() {
                    parts.push(self.expression(part)?);
                }
                format!("substr({})", parts.join(", "))
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters: None } => {
                let side =
                    trim_where.as_ref().map_or_else(String::new, |side| format!("{side} ").to_lowercase());
                let side = if side == "both " && trim_what.is_some() { String::new() } else { side };
                let what = match trim_what {
                    Some(what) => format!("{side}{} from ", self.expression(what)?),
                    None => side,
                };
                format!("trim({what}{})", self.expression(expr)?)
            }
            Expr::Interval(interval) => self.interval(interval)?,
            _ => return None,
        })
    }

    fn list(&mut self, list: &[Expr]) -> Option<Vec<String>> {
        list.iter().map(|expr| self.expression(expr)).collect()
    }

    fn interval(&mut self, interval: &Interval) -> Option<String> {
        let unit = interval.leading_field.as_ref()?.to_string().to_lowercase();
        let odd = interval.last_field.is_some() || interval.leading_precision.is_some();
        if odd {
            return None;
        }
        // The number may be written as a string.
        let value = self.expression(&interval.value)?;
        let bare = value.trim_matches('\'');
        let value = if bare.bytes().all(|byte| byte.is_ascii_digit()) { bare } else { &value };
        Some(format!("interval {value} {unit}"))
    }

    fn cast(&mut self, expr: &Expr, data_type: &DataType) -> Option<String> {
        let mut data_type = data_type.to_string().to_lowercase();
        match data_type.as_str() {
            "decimal" => data_type += "(10,0)",
            "signed integer" => "signed".clone_into(&mut data_type),
            "unsigned integer" => "unsigned".clone_into(&mut data_type),
            _ => {}
        }
        Some(format!("cast({} as {data_type})", self.expression(expr)?))
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<String> {
        use BinaryOperator as Op;
        let word = match op {
            Op::And | Op::Or => {
                let mut operands = Vec::new();
                self.operands(left, op, &mut operands)?;
                self.operands(right, op, &mut operands)?;
                return Some(format!("({})", operands.join(if *op == Op::And { " and " } else { " or " })));
            }
            Op::Xor => return Some(format!("({} xor {})", self.truth(left)?, self.truth(right)?)),
            // Concatenation or OR, as the session's SQL mode will have it.
            Op::StringConcat => return None,
            Op::Arrow => {
                return Some(format!(
                    "json_extract({}, {})",
                    self.expression(left)?,
                    self.expression(right)?
                ));
            }
            Op::LongArrow => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                return Some(format!("json_unquote(json_extract({left}, {right}))"));
            }
            Op::Eq => "=".to_owned(),
            Op::NotEq => "<>".to_owned(),
            other => other.to_string().to_lowercase(),
        };
        let is_literal = |expr: &Expr| matches!(expr, Expr::Value(_));
        let is_row = |expr: &Expr| matches!(expr, Expr::Tuple(_));
        if is_row(left) || is_row(right) {
            return None;
        }
        // `NOT a` becomes `0 = a` or `a = 0`.
        let is_turned = matches!(op, Op::Eq | Op::NotEq) && is_literal(left) && !is_literal(right);
        let swapped = is_turned || (*op == Op::Plus && matches!(left, Expr::Interval(_)));
        let (left, right) = if swapped { (right, left) } else { (left, right) };
        Some(format!("({} {word} {})", self.expression(left)?, self.expression(right)?))
    }

    fn operands(&mut self, expr: &Expr, of: &BinaryOperator, out: &mut Vec<String>) -> Option<()> {
        match expr {
            Expr::Nested(inner) => self.operands(inner, of, out),
            Expr::BinaryOp { left, op, right } if op == of => {
                self.operands(left, of, out)?;
                self.operands(right, of, out)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => match bare(inner) {
                Expr::BinaryOp { left, op, right } if opposite_of(op).as_ref() == Some(of) => {
                    self.operands(&negation(left), of, out)?;
                    self.operands(&negation(right), of, out)
                }
                _ => {
                    out.push(self.truth(expr)?);
                    Some(())
                }
            },
            other => {
                out.push(self.truth(other)?);
                Some(())
            }
        }
    }

    /// `NOT expr`, which servers push inwards.
    fn negated(&mut self, expr: &Expr) -> Option<String> {
        use BinaryOperator as Op;
        let opposite = match expr {
            Expr::Nested(inner) => return self.negated(inner),
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => {
                return self.truth(expr);
            }
            Expr::BinaryOp { left, op: op @ (Op::And | Op::Or), right } => {
                return self.binary(&negation(left), &opposite_of(op)?, &negation(right));
            }
            Expr::BinaryOp { left, op, right } => {
                return match opposite_comparison(op) {
                    Some(op) => self.binary(left, &op, right),
                    None => Some(format!("({} = 0)", self.expression(expr)?)),
                };
            }
            Expr::IsNull(inner) => Expr::IsNotNull(inner.clone()),
            Expr::IsNotNull(inner) => Expr::IsNull(inner.clone()),
            Expr::InList { expr, list, negated } => {
                Expr::InList { expr: expr.clone(), list: list.clone(), negated: !negated }
            }
            Expr::InSubquery { expr, subquery, negated } => {
                Expr::InSubquery { expr: expr.clone(), subquery: subquery.clone(), negated: !negated }
            }
            Expr::Between { expr, negated, low, high } => {
                Expr::Between { expr: expr.clone(), negated: !negated, low: low.clone(), high: high.clone() }
            }
            Expr::Like { negated, any, expr, pattern, escape_char } => Expr::Like {
                negated: !negated,
                any: *any,
                expr: expr.clone(),
                pattern: pattern.clone(),
                escape_char: escape_char.clone(),
            },
            Expr::RLike { negated, expr, pattern, regexp } => Expr::RLike {
                negated: !negated,
                expr: expr.clone(),
                pattern: pattern.clone(),
                regexp: *regexp,
            },
            Expr::Exists { subquery, negated } => {
                Expr::Exists { subquery: subquery.clone(), negated: !negated }
            }
            other => return Some(format!("({} = 0)", self.expression(other)?)),
        };
        self.expression(&opposite)
    }

    fn function(&mut self, function: &Function) -> Option<String> {
        let name = function.name.0.last()?.as_ident().map(lower)?;
        if !function.within_group.is_empty() || function.filter.is_some() || function.null_treatment.is_some()
        {
            return None;
        }
        let (mut arguments, mut distinct, mut tail) = (Vec::new(), "", String::new());
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => return None,
            FunctionArguments::List(list) => {
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                    distinct = "distinct ";
                }
                for argument in &list.args {
                    arguments.push(self.argument(&name, arguments.len(), argument)?);
                }
                let mut separator =
                    if name == "group_concat" { " separator ','".to_owned() } else { String::new() };
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(order) => {
                            tail = format!(" order by {}", self.order_list(order, false)?);
                        }
                        FunctionArgumentClause::Separator(value) => {
                            separator = format!(" separator {}", literal(&value.value)?);
                        }
                        _ => return None,
                    }
                }
                tail += &separator;
            }
        }
        let call = present_name(&name, &arguments, distinct, &tail)?;
        match &function.over {
            None => Some(call),
            Some(WindowType::WindowSpec(window)) => Some(format!("{call} over ({})", self.window(window)?)),
            Some(WindowType::NamedWindow(_)) => None,
        }
    }

    fn argument(&mut self, function: &str, index: usize, argument: &FunctionArg) -> Option<String> {
        let FunctionArg::Unnamed(argument) = argument else { return None };
        let counts = matches!(function, "nextval" | "lastval" | "setval");
        match argument {
            FunctionArgExpr::Expr(Expr::Identifier(sequence)) if counts && index == 0 => {
                Some(lower(sequence))
            }
            FunctionArgExpr::Expr(Expr::CompoundIdentifier(parts)) if counts && index == 0 => {
                let [schema, sequence] = parts.as_slice() else { return None };
                let is_own = self.is_own(&schema.value);
                Some(if is_own { lower(sequence) } else { format!("{}.{}", lower(schema), lower(sequence)) })
            }
            FunctionArgExpr::Expr(Expr::Value(value)) if counts && index == 2 => match &value.value {
                Value::Boolean(is_used) => Some(i32::from(*is_used).to_string()),
                other => literal(other),
            },
            FunctionArgExpr::Wildcard => Some("0".to_owned()),
            FunctionArgExpr::Expr(Expr::Identifier(unit))
                if index == 0 && matches!(function, "timestampdiff" | "timestampadd") =>
            {
                Some(lower(unit))
            }
            FunctionArgExpr::Expr(expr) if index == 0 && function == "if" => self.truth(expr),
            FunctionArgExpr::Expr(expr) => self.expression(expr),
            _ => None,
        }
    }

    fn window(&mut self, window: &WindowSpec) -> Option<String> {
        if window.window_name.is_some() {
            return None;
        }
        let mut parts = Vec::new();
        if !window.partition_by.is_empty() {
            parts.push(format!("partition by {}", self.list(&window.partition_by)?.join(", ")));
        }
        if !window.order_by.is_empty() {
            parts.push(format!("order by {}", self.order_list(&window.order_by, false)?));
        }
        if window.window_frame.is_some() {
            let frame = WindowSpec { partition_by: Vec::new(), order_by: Vec::new(), ..window.clone() };
            parts.push(frame.to_string().to_lowercase());
        }
        Some(parts.join(" "))
    }
}

/// An expression without the parentheses around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

fn negation(expr: &Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr.clone()) }
}

/// What `AND` and `OR` become when they are negated.
pub(crate) fn opposite_of(op: &BinaryOperator) -> Option<BinaryOperator> {
    match op {
        BinaryOperator::And => Some(BinaryOperator::Or),
        BinaryOperator::Or => Some(BinaryOperator::And),
        _ => None,
    }
}

/// The comparison that holds where another one does not.
pub(crate) fn opposite_comparison(op: &BinaryOperator) -> Option<BinaryOperator> {
    use BinaryOperator as Op;
    Some(match op {
        Op::Eq => Op::NotEq,
        Op::NotEq => Op::Eq,
        Op::Lt => Op::GtEq,
        Op::GtEq => Op::Lt,
        Op::Gt => Op::LtEq,
        Op::LtEq => Op::Gt,
        _ => return None,
    })
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(number, _) if number == "0"))
}

const fn not(negated: bool) -> &'static str {
    if negated { " not" } else { "" }
}

fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Number(number, _) => number.clone(),
        Value::SingleQuotedString(text)
        | Value::DoubleQuotedString(text)
        | Value::NationalStringLiteral(text) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Value::HexStringLiteral(digits) => format!("0x{}", digits.to_lowercase()),
        Value::Boolean(value) => if *value { "1" } else { "0" }.to_owned(),
        Value::Null => "null".to_owned(),
        _ => return None,
    })
}
