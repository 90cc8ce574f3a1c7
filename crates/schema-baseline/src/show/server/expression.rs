//! Expressions of defaults, generated columns, checks, functional keys and partitions, as servers print them: MySQL puts
//! parentheses around every operator and a character set before every string, MariaDB only parentheses that matter.

use migrate_core::history::quoted;
use sqlparser::ast::{
    BinaryOperator, CeilFloorKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Interval, UnaryOperator, Value,
};

use super::Style;
use super::literal::string;
use crate::served::text::{is_at_end, parser, prepared};
use crate::served::{opposite_comparison, opposite_of};

/// How strongly what was printed binds; MariaDB puts parentheses around what binds less than its surroundings ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Or,
    Xor,
    And,
    Not,
    Compare,
    Between,
    In,
    BitOr,
    BitAnd,
    Shift,
    Interval,
    Add,
    Multiply,
    BitXor,
    Negate,
    Collate,
    Whole,
}

impl Binds {
    /// What the right operand must bind like, so that it needs no parentheses.
    fn more(self) -> Self {
        match self {
            Self::Or => Self::Xor,
            Self::Xor => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Compare,
            Self::Compare => Self::Between,
            Self::Between => Self::In,
            Self::In => Self::BitOr,
            Self::BitOr => Self::BitAnd,
            Self::BitAnd => Self::Shift,
            Self::Shift => Self::Interval,
            Self::Interval => Self::Add,
            Self::Add => Self::Multiply,
            Self::Multiply => Self::BitXor,
            Self::BitXor => Self::Negate,
            Self::Negate => Self::Collate,
            Self::Collate | Self::Whole => Self::Whole,
        }
    }
}

type Printed = Option<(String, Binds)>;

impl Style<'_> {
    /// An expression; none when its form is not known well enough.
    pub(super) fn expression(self, expr: &crate::ast::Expr) -> Option<String> {
        self.expression_text(&expr.written)
    }

    pub(super) fn expression_text(self, written: &str) -> Option<String> {
        let text = prepared(written);
        let mut parser = parser(&text)?;
        let expr = parser.parse_expr().ok()?;
        is_at_end(&mut parser)?;
        self.print(&expr).map(|(text, _)| text)
    }

    /// As MariaDB prints a default: with parentheses around what is an operator.
    pub(super) fn bare_default(self, expr: &crate::ast::Expr) -> Option<String> {
        let text = prepared(&expr.written);
        let mut parser = parser(&text)?;
        let expr = parser.parse_expr().ok()?;
        is_at_end(&mut parser)?;
        let (text, binds) = self.print(&expr)?;
        let is_number =
            text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let is_cast = text.starts_with("cast(") && text.ends_with("signed)");
        let is_bare = is_number || (binds == Binds::Whole && !text.starts_with("case ") && !is_cast);
        Some(if is_bare { text } else { format!("({text})") })
    }

    fn print(self, expr: &Expr) -> Printed {
        let whole = |text: String| Some((text, Binds::Whole));
        match expr {
            Expr::Nested(inner) => self.print(inner),
            Expr::Identifier(name) => match name.value.to_lowercase().as_str() {
                "current_date" if name.quote_style.is_none() => whole("curdate()".to_owned()),
                "current_time" if name.quote_style.is_none() => whole("curtime()".to_owned()),
                "utc_timestamp" | "utc_date" | "utc_time" if name.quote_style.is_none() => {
                    whole(format!("{}()", name.value.to_lowercase()))
                }
                _ => whole(quoted(&name.value)),
            },
            Expr::CompoundIdentifier(parts) => whole(quoted(&parts.last()?.value)),
            Expr::Value(value) => whole(self.value(&value.value)?),
            Expr::Prefixed { prefix, value } => {
                let Expr::Value(inner) = value.as_ref() else { return None };
                let (Value::SingleQuotedString(text) | Value::DoubleQuotedString(text)) = &inner.value else {
                    return None;
                };
                let prefix = prefix.value.to_lowercase();
                let prefix = if prefix == "_utf8" { "_utf8mb3".to_owned() } else { prefix };
                whole(format!("{prefix}{}", string(text)))
            }
            Expr::IsNull(inner) => self.postfix(inner, " is null"),
            Expr::IsNotNull(inner) => self.postfix(inner, " is not null"),
            Expr::IsTrue(inner) => self.postfix(inner, " is true"),
            Expr::IsNotTrue(inner) => self.postfix(inner, " is not true"),
            Expr::IsFalse(inner) => self.postfix(inner, " is false"),
            Expr::IsNotFalse(inner) => self.postfix(inner, " is not false"),
            Expr::InList { expr, list, negated } => {
                let list = self.list(list)?;
                if !self.is_mysql() && !list.contains(',') && list.starts_with('\'') {
                    let op = if *negated { "<>" } else { "=" };
                    let text = format!("{} {op} {list}", self.operand(expr, Binds::Compare)?);
                    return Some((text, Binds::Compare));
                }
                let text = format!("{}{} in ({list})", self.operand(expr, Binds::In)?, not(*negated));
                self.operator(text, Binds::In)
            }
            Expr::Between { expr, negated, low, high } => {
                let text = format!(
                    "{}{} between {} and {}",
                    self.operand(expr, Binds::Between)?,
                    not(*negated),
                    self.operand(low, Binds::In)?,
                    self.operand(high, Binds::In)?
                );
                self.operator(text, Binds::Between)
            }
            Expr::Like { negated, expr, pattern, escape_char, any: false } => {
                let escape = match escape_char {
                    Some(escape) => format!(" escape {}", self.print(escape)?.0),
                    None => String::new(),
                };
                let text = format!(
                    "{}{} like {}{escape}",
                    self.operand(expr, Binds::In)?,
                    // MariaDB writes a blank before every word.
                    if *negated && !self.is_mysql() { "  not" } else { not(*negated) },
                    self.operand(pattern, Binds::BitOr)?
                );
                self.operator(text, Binds::In)
            }
            Expr::RLike { negated, expr, pattern, .. } if self.is_mysql() => {
                let call = format!("regexp_like({},{})", self.print(expr)?.0, self.print(pattern)?.0);
                whole(if *negated { format!("(not({call}))") } else { call })
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                let text = format!(
                    "{}{} regexp {}",
                    self.operand(expr, Binds::In)?,
                    not(*negated),
                    self.operand(pattern, Binds::BitOr)?
                );
                self.operator(text, Binds::In)
            }
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Minus if self.is_mysql() => match self.print(expr)?.0 {
                    text if text.starts_with('(') => whole(format!("-{text}")),
                    text => whole(format!("-({text})")),
                },
                UnaryOperator::Minus => {
                    Some((format!("-{}", self.operand(expr, Binds::Negate)?), Binds::Negate))
                }
                UnaryOperator::Plus => self.print(expr),
                UnaryOperator::BitwiseNot => {
                    self.operator(format!("~{}", self.operand(expr, Binds::Negate)?), Binds::Negate)
                }
                UnaryOperator::Not => self.print(&negated(expr)?),
                _ => None,
            },
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut text = "case".to_owned();
                if let Some(operand) = operand {
                    text += &format!(" {}", self.print(operand)?.0);
                }
                for case in conditions {
                    text += &format!(
                        " when {} then {}",
                        self.print(&case.condition)?.0,
                        self.print(&case.result)?.0
                    );
                }
                if let Some(other) = else_result {
                    text += &format!(" else {}", self.print(other)?.0);
                }
                text += " end";
                whole(if self.is_mysql() { format!("({text})") } else { text })
            }
            Expr::TypedString(typed) => match &typed.value.value {
                Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                    whole(format!("{}{}", typed.data_type.to_string().to_uppercase(), string(text)))
                }
                _ => None,
            },
            Expr::Function(function) => self.function(function),
            Expr::Cast { expr, data_type, .. } => whole(self.cast(expr, data_type)?),
            Expr::Convert { expr, data_type: Some(data_type), charset: None, .. } => {
                whole(self.cast(expr, data_type)?)
            }
            Expr::Convert { expr, charset: Some(charset), data_type: None, .. } => whole(format!(
                "convert({} using {})",
                self.print(expr)?.0,
                charset.to_string().to_lowercase()
            )),
            Expr::Collate { expr, collation } => {
                let collation = collation.to_string().replace('`', "").to_lowercase();
                self.operator(
                    format!("{} collate {collation}", self.operand(expr, Binds::Collate)?),
                    Binds::Collate,
                )
            }
            Expr::Extract { field, expr, .. } => {
                whole(format!("extract({} from {})", field.to_string().to_lowercase(), self.print(expr)?.0))
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(_) } => {
                whole(format!("ceiling({})", self.print(expr)?.0))
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(_) } => {
                whole(format!("floor({})", self.print(expr)?.0))
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut parts = vec![self.print(expr)?.0];
                for part in [substring_from, substring_for].into_iter().flatten() {
                    parts.push(self.print(part)?.0);
                }
                whole(format!("substr({})", parts.join(",")))
            }
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                whole(format!("trim({})", self.print(expr)?.0))
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::Tuple(list) => whole(format!("({})", self.list(list)?)),
            _ => None,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what most arms of `print` end with")]
    /// Around an operator MySQL has parentheses always.
    fn operator(self, text: String, binds: Binds) -> Printed {
        if self.is_mysql() { Some((format!("({text})"), Binds::Whole)) } else { Some((text, binds)) }
    }

    fn operand(self, expr: &Expr, wanted: Binds) -> Option<String> {
        let (text, binds) = self.print(expr)?;
        Some(if binds < wanted { format!("({text})") } else { text })
    }

    fn postfix(self, expr: &Expr, words: &str) -> Printed {
        self.operator(self.operand(expr, Binds::Between)? + words, Binds::Compare)
    }

    fn list(self, list: &[Expr]) -> Option<String> {
        let all: Option<Vec<String>> =
            list.iter().map(|expr| self.print(expr).map(|(text, _)| text)).collect();
        Some(all?.join(","))
    }

    fn interval(self, interval: &Interval) -> Printed {
        let unit = interval.leading_field.as_ref()?.to_string().to_lowercase();
        if interval.last_field.is_some() || interval.leading_precision.is_some() {
            return None;
        }
        Some((format!("interval {} {unit}", self.print(&interval.value)?.0), Binds::Whole))
    }

    fn binary(self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Printed {
        use BinaryOperator as Op;
        let (word, binds) = match op {
            Op::And => ("and", Binds::And),
            Op::Or => ("or", Binds::Or),
            Op::Xor => ("xor", Binds::Xor),
            Op::Eq => ("=", Binds::Compare),
            Op::NotEq => ("<>", Binds::Compare),
            Op::Lt => ("<", Binds::Compare),
            Op::LtEq => ("<=", Binds::Compare),
            Op::Gt => (">", Binds::Compare),
            Op::GtEq => (">=", Binds::Compare),
            Op::Spaceship => ("<=>", Binds::Compare),
            Op::Plus => ("+", Binds::Add),
            Op::Minus => ("-", Binds::Add),
            Op::Multiply => ("*", Binds::Multiply),
            Op::Divide => ("/", Binds::Multiply),
            Op::MyIntegerDivide => ("DIV", Binds::Multiply),
            Op::Modulo => (if self.is_mysql() { "%" } else { "MOD" }, Binds::Multiply),
            Op::BitwiseAnd => ("&", Binds::BitAnd),
            Op::BitwiseOr => ("|", Binds::BitOr),
            Op::BitwiseXor => ("^", Binds::BitXor),
            Op::PGBitwiseShiftLeft => ("<<", Binds::Shift),
            Op::PGBitwiseShiftRight => (">>", Binds::Shift),
            Op::Arrow => {
                let call = format!("json_extract({},{})", self.print(left)?.0, self.print(right)?.0);
                return Some((call, Binds::Whole));
            }
            Op::LongArrow => {
                let call = format!("json_extract({},{})", self.print(left)?.0, self.print(right)?.0);
                return Some((format!("json_unquote({call})"), Binds::Whole));
            }
            _ => return None,
        };
        if self.is_mysql() && matches!(op, Op::And | Op::Or) {
            let mut operands = Vec::new();
            self.operands(left, op, &mut operands)?;
            self.operands(right, op, &mut operands)?;
            return Some((format!("({})", operands.join(&format!(" {word} "))), Binds::Whole));
        }
        let (left, right) = if matches!(left, Expr::Interval(_)) { (right, left) } else { (left, right) };
        let text =
            format!("{} {word} {}", self.operand(left, binds)?, self.operand(right, right_of(op, binds))?);
        self.operator(text, binds)
    }

    /// The operands of one `AND` or `OR`, however it is nested.
    fn operands(self, expr: &Expr, of: &BinaryOperator, out: &mut Vec<String>) -> Option<()> {
        match expr {
            Expr::Nested(inner) => self.operands(inner, of, out),
            Expr::BinaryOp { left, op, right } if op == of => {
                self.operands(left, of, out)?;
                self.operands(right, of, out)
            }
            other => {
                out.push(self.print(other)?.0);
                Some(())
            }
        }
    }

    fn cast(self, expr: &Expr, data_type: &DataType) -> Option<String> {
        let mut data_type = data_type.to_string().to_lowercase();
        match data_type.as_str() {
            "decimal" => data_type += "(10,0)",
            "signed integer" => "signed".clone_into(&mut data_type),
            "unsigned integer" => "unsigned".clone_into(&mut data_type),
            text if text.starts_with("decimal(") && !text.contains(',') => {
                data_type = format!("{},0)", text.trim_end_matches(')'));
            }
            text if text == "char" || text.starts_with("char(") => data_type += " charset utf8mb4",
            _ => {}
        }
        Some(format!("cast({} as {data_type})", self.print(expr)?.0))
    }

    fn function(self, function: &Function) -> Printed {
        if function.over.is_some() || function.filter.is_some() {
            return None;
        }
        let name = function.name.to_string().replace('`', "").to_lowercase();
        let mut arguments = Vec::new();
        if matches!(name.as_str(), "nextval" | "lastval" | "setval") && !self.is_mysql() {
            return Some((self.sequence_call(&name, function)?, Binds::Whole));
        }
        if let FunctionArguments::List(list) = &function.args {
            if !list.clauses.is_empty() || list.duplicate_treatment.is_some() {
                return None;
            }
            for argument in &list.args {
                let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
                arguments.push(expr);
            }
        }
        let printed: Option<Vec<String>> =
            arguments.iter().map(|expr| self.print(expr).map(|(text, _)| text)).collect();
        let printed = printed?;
        let name = match name.as_str() {
            "ucase" if self.is_mysql() => "upper",
            "lcase" if self.is_mysql() => "lower",
            "upper" if !self.is_mysql() => "ucase",
            "lower" if !self.is_mysql() => "lcase",
            "length" if !self.is_mysql() => "octet_length",
            "octet_length" if self.is_mysql() => "length",
            "character_length" => "char_length",
            "ceil" => "ceiling",
            "current_timestamp" | "localtime" | "localtimestamp" | "now" if self.is_mysql() => "now",
            "current_timestamp" | "localtime" | "localtimestamp" | "now" => "current_timestamp",
            "current_date" => "curdate",
            "current_time" => "curtime",
            "substring" | "mid" => "substr",
            "day" => "dayofmonth",
            "power" => "pow",
            other => other,
        };
        // Servers keep some calls as operators.
        let infix = match (name, printed.as_slice()) {
            ("date_add" | "adddate", [_, interval]) if interval.starts_with("interval ") => {
                Some(BinaryOperator::Plus)
            }
            ("date_sub" | "subdate", [_, interval]) if interval.starts_with("interval ") => {
                Some(BinaryOperator::Minus)
            }
            ("mod", [_, _]) => Some(BinaryOperator::Modulo),
            _ => None,
        };
        if let (Some(operator), [left, right]) = (infix, arguments.as_slice()) {
            return self.binary(left, &operator, right);
        }
        let text = match (name, printed.as_slice()) {
            ("date", [value]) => format!("cast({value} as date)"),
            ("isnull", [value]) if self.is_mysql() => format!("({value} is null)"),
            (name, printed) => format!("{name}({})", printed.join(",")),
        };
        Some((text, Binds::Whole))
    }

    /// A call that counts by a sequence: its name comes with its schema, and every argument is written out.
    fn sequence_call(self, name: &str, function: &Function) -> Option<String> {
        let FunctionArguments::List(list) = &function.args else { return None };
        let mut printed = Vec::new();
        for (index, argument) in list.args.iter().enumerate() {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
            printed.push(match expr {
                Expr::Identifier(name) if index == 0 => match self.schema {
                    Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.value)),
                    None => quoted(&name.value),
                },
                Expr::CompoundIdentifier(parts) if index == 0 => {
                    parts.iter().map(|part| quoted(&part.value)).collect::<Vec<_>>().join(".")
                }
                Expr::Value(value) if index == 2 => match &value.value {
                    Value::Boolean(is_used) => i32::from(*is_used).to_string(),
                    other => self.value(other)?,
                },
                other => self.print(other)?.0,
            });
        }
        let defaults = if name == "setval" { &["1", "0"][..] } else { &[] };
        let given = printed.len().saturating_sub(2);
        printed.extend(defaults.iter().skip(given).map(|text| (*text).to_owned()));
        Some(format!("{name}({})", printed.join(",")))
    }

    fn value(self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Number(number, _) => number.clone(),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) if self.is_mysql() => {
                format!("_utf8mb4{}", string(text))
            }
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => string(text),
            Value::HexStringLiteral(digits) => format!("0x{}", digits.to_lowercase()),
            Value::Boolean(value) if !self.is_mysql() => i32::from(*value).to_string(),
            Value::Boolean(value) => if *value { "true" } else { "false" }.to_owned(),
            Value::Null if self.is_mysql() => "NULL".to_owned(),
            Value::Null => "NULL".to_owned(),
            _ => return None,
        })
    }
}

/// What `NOT` makes of an expression, as servers rewrite it; none where they keep the word.
fn negated(expr: &Expr) -> Option<Expr> {
    let boxed = |expr: &Expr| negated(expr).map(|expr| Box::new(Expr::Nested(Box::new(expr))));
    Some(match expr {
        Expr::Nested(inner) => negated(inner)?,
        Expr::IsNull(inner) => Expr::IsNotNull(inner.clone()),
        Expr::IsNotNull(inner) => Expr::IsNull(inner.clone()),
        Expr::BinaryOp { left, op, right } => match opposite_of(op) {
            Some(op) => Expr::BinaryOp { left: boxed(left)?, op, right: boxed(right)? },
            None => Expr::BinaryOp { left: left.clone(), op: opposite_comparison(op)?, right: right.clone() },
        },
        _ => return None,
    })
}

/// `AND` and `OR` of several operands are one to MariaDB.
fn right_of(op: &BinaryOperator, binds: Binds) -> Binds {
    if matches!(op, BinaryOperator::And | BinaryOperator::Or) { binds } else { binds.more() }
}

const fn not(negated: bool) -> &'static str {
    if negated { " not" } else { "" }
}
