//! The columns that `CREATE TABLE … SELECT` makes, where they can be told from the catalogue: those of known tables, numbers, and casts whose
//! types do not depend on the session. A string has the collation of the connection, which nobody knows here.

use sqlparser::ast::{
    CastKind, Distinct, Expr, JoinConstraint, JoinOperator, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins, UnaryOperator, Value,
};

use super::Catalogue;
use super::table::{Column, Table, is_text};
use crate::ast::{DataType, DefaultValue, Literal, same_name};
use crate::dialect::Vendor;
use crate::parse::parse_type;
use crate::place::Place;
use crate::served::text::{is_at_end, parser, prepared};

/// The longest query that is looked into.
const LONGEST: usize = 65_536;

/// Why there is no list of columns.
pub(super) enum Stop {
    /// It is not known well enough what the server would make.
    Unknown,
    /// The server refuses the query.
    Refused(String),
}

/// The columns of a query, in its order.
pub(super) fn columns(catalogue: &Catalogue, query: &str, place: &Place) -> Result<Vec<Column>, Stop> {
    if query.len() > LONGEST || !catalogue.is_sure() {
        return Err(Stop::Unknown);
    }
    let text = prepared(query);
    let parsed = parser(&text).and_then(|mut parser| {
        let query = parser.parse_query().ok()?;
        is_at_end(&mut parser)?;
        Some(query)
    });
    let parsed = parsed.ok_or(Stop::Unknown)?;
    let select = plain(&parsed).ok_or(Stop::Unknown)?;
    let mut scope = Scope { catalogue, relations: Vec::new(), place };
    for item in &select.from {
        scope.add(item).ok_or(Stop::Unknown)?;
    }
    let mut columns: Vec<Column> = Vec::new();
    for item in &select.projection {
        for column in scope.item(item)? {
            if columns.iter().any(|other| same_name(&other.name, &column.name)) {
                return Err(Stop::Refused(format!("two columns are called `{}`", column.name)));
            }
            columns.push(column);
        }
    }
    Ok(columns)
}

/// The only `SELECT` of a query; none where more decides about its columns.
fn plain(query: &Query) -> Option<&Select> {
    if query.with.is_some() || query.fetch.is_some() {
        return None;
    }
    match query.body.as_ref() {
        SetExpr::Query(inner) => plain(inner),
        SetExpr::Select(select) => {
            let odd = select.top.is_some()
                || select.into.is_some()
                || select.having.is_some()
                || select.qualify.is_some()
                || select.select_modifiers.is_some()
                || !select.lateral_views.is_empty()
                || !select.named_window.is_empty()
                || matches!(select.distinct, Some(Distinct::On(_)));
            (!odd).then_some(select)
        }
        _ => None,
    }
}

/// What names in a `SELECT` stand for.
struct Scope<'a> {
    catalogue: &'a Catalogue,
    /// Tables by the names that the query gives them.
    relations: Vec<(String, &'a Table)>,
    place: &'a Place,
}

impl<'a> Scope<'a> {
    /// Tables that are joined so that every row has all of them.
    fn add(&mut self, item: &TableWithJoins) -> Option<()> {
        self.factor(&item.relation)?;
        for join in &item.joins {
            match &join.join_operator {
                JoinOperator::Join(JoinConstraint::On(_) | JoinConstraint::None)
                | JoinOperator::Inner(JoinConstraint::On(_) | JoinConstraint::None)
                | JoinOperator::CrossJoin(JoinConstraint::On(_) | JoinConstraint::None) => {}
                _ => return None,
            }
            self.factor(&join.relation)?;
        }
        Some(())
    }

    fn factor(&mut self, factor: &TableFactor) -> Option<()> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
        let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        let own = match parts.as_slice() {
            [own] => own,
            [schema, own] if self.catalogue.schema() == Some(schema.value.as_str()) => own,
            _ => return None,
        };
        let table = self.catalogue.tables().get(&own.value).filter(|table| table.unknown.is_none())?;
        let name = alias.as_ref().map_or(&own.value, |alias| &alias.name.value);
        self.relations.push((name.clone(), table));
        Some(())
    }

    fn item(&self, item: &SelectItem) -> Result<Vec<Column>, Stop> {
        match item {
            SelectItem::Wildcard(_) => self.all(None),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let of = name.0.last().and_then(|part| part.as_ident()).ok_or(Stop::Unknown)?;
                self.all(Some(&of.value))
            }
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
                Ok(vec![Column { name: name.value.clone(), ..self.copied(None, &name.value)? }])
            }
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                let [table, name] = parts.as_slice() else { return Err(Stop::Unknown) };
                let column = self.copied(Some(&table.value), &name.value)?;
                Ok(vec![Column { name: name.value.clone(), ..column }])
            }
            // What has no name is named after its text.
            SelectItem::UnnamedExpr(Expr::Value(value)) => match &value.value {
                Value::Number(number, _) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Ok(vec![Column { name: number.clone(), ..self.number(number, false)? }])
                }
                _ => Err(Stop::Unknown),
            },
            SelectItem::ExprWithAlias { expr, alias } => {
                Ok(vec![Column { name: alias.value.clone(), ..self.expression(expr)? }])
            }
            _ => Err(Stop::Unknown),
        }
    }

    /// `*` and `t.*`.
    fn all(&self, of: Option<&str>) -> Result<Vec<Column>, Stop> {
        let mut columns = Vec::new();
        let mut found = false;
        for (_, table) in self.relations.iter().filter(|(name, _)| of.is_none_or(|of| of == name)) {
            found = true;
            for column in table.columns.iter().filter(|column| !column.invisible) {
                columns.push(self.of_column(column)?);
            }
        }
        if found { Ok(columns) } else { Err(Stop::Unknown) }
    }

    fn expression(&self, expr: &Expr) -> Result<Column, Stop> {
        match expr {
            Expr::Nested(inner) => self.expression(inner),
            Expr::Identifier(name) => self.copied(None, &name.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, name] => self.copied(Some(&table.value), &name.value),
                _ => Err(Stop::Unknown),
            },
            Expr::Value(value) => match &value.value {
                Value::Number(number, _) => self.number(number, false),
                Value::Null => {
                    let word = if self.is_mysql() { "varbinary(0)" } else { "binary(0)" };
                    self.made(word, true)
                }
                _ => Err(Stop::Unknown),
            },
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
                Expr::Value(value) => match &value.value {
                    Value::Number(number, _) => self.number(number, true),
                    _ => Err(Stop::Unknown),
                },
                _ => Err(Stop::Unknown),
            },
            Expr::Cast { kind: CastKind::Cast, expr, data_type, .. } => {
                self.cast(expr, &data_type.to_string().to_lowercase())
            }
            _ => Err(Stop::Unknown),
        }
    }

    /// The column of one of the tables that a name means.
    fn find(&self, table: Option<&str>, name: &str) -> Result<&'a Column, Stop> {
        let relations = self.relations.iter().filter(|(own, _)| table.is_none_or(|table| table == own));
        let mut found = relations.filter_map(|(_, table)| table.column(name));
        match (found.next(), found.next()) {
            (Some(column), None) => Ok(column),
            (Some(_), Some(_)) => Err(Stop::Refused(format!("`{name}` is the name of several columns"))),
            (None, _) => Err(Stop::Refused(format!("there is no column `{name}`"))),
        }
    }

    fn copied(&self, table: Option<&str>, name: &str) -> Result<Column, Stop> {
        let column = self.find(table, name)?;
        // Whether what is hidden stays so depends on the way in which it is named.
        if column.invisible { Err(Stop::Unknown) } else { self.of_column(column) }
    }

    /// A column like one of a table: values count, how they come about does not.
    fn of_column(&self, column: &Column) -> Result<Column, Stop> {
        let mut copy = Column { place: self.place.clone(), ..column.clone() };
        if !copy.other.is_empty() || copy.srid.is_some() || (copy.generated.is_some() && !copy.nullable) {
            return Err(Stop::Unknown);
        }
        if copy.auto_increment {
            (copy.auto_increment, copy.default) = (false, Some(zero()));
        }
        if copy.generated.take().is_some() {
            copy.default = Some(DefaultValue::Null);
        }
        match copy.data_type.name {
            "json" if !self.is_mysql() => {
                copy.data_type.name = "longtext";
                copy.data_type.charset = Some("utf8mb4".to_owned());
                copy.data_type.collation = Some("utf8mb4_bin".to_owned());
            }
            // Its default is lost.
            "bit" if self.is_mysql() => match &copy.default {
                Some(DefaultValue::Null) => {}
                Some(_) if copy.nullable => copy.default = Some(DefaultValue::Null),
                Some(_) => copy.default = Some(zero()),
                None => return Err(Stop::Unknown),
            },
            _ => {}
        }
        Ok(copy)
    }

    /// A number as it is written.
    fn number(&self, written: &str, negative: bool) -> Result<Column, Stop> {
        let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_plain(whole) || !is_plain(fraction) || whole.len() + fraction.len() > 18 {
            return Err(Stop::Unknown);
        }
        if written.contains('.') {
            if fraction.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
                return Err(Stop::Unknown);
            }
            let digits = whole.len() + fraction.len();
            return self.made(&format!("decimal({digits},{})", fraction.len()), false);
        }
        let length = whole.len() + usize::from(negative);
        let (long, short) = if self.is_mysql() { (9, 7) } else { (10, 9) };
        // In between, the sign or the value decides.
        let word = match whole.len() {
            digits if digits >= long && !negative => "bigint",
            digits if digits <= short || (digits < long && !negative) => "int",
            _ => return Err(Stop::Unknown),
        };
        let word = if self.is_mysql() { word.to_owned() } else { format!("{word}({length})") };
        self.made(&word, false)
    }

    /// `CAST(column AS type)`.
    fn cast(&self, expr: &Expr, word: &str) -> Result<Column, Stop> {
        let argument = match expr {
            Expr::Identifier(name) => self.find(None, &name.value)?,
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, name] => self.find(Some(&table.value), &name.value)?,
                _ => return Err(Stop::Unknown),
            },
            _ => return Err(Stop::Unknown),
        };
        let nullable = argument.nullable;
        match word {
            // No value of these types need be one.
            _ if word.starts_with("date") || word == "time" || word.starts_with("time(") => {
                self.made(word, true)
            }
            _ if word.starts_with("decimal") => self.made(word, nullable),
            "unsigned" | "unsigned integer" => self.made("bigint unsigned", nullable),
            // MariaDB shows how many digits there can be.
            "signed" | "signed integer" if self.is_mysql() => self.made("bigint", nullable),
            _ => Err(Stop::Unknown),
        }
    }

    /// A column of that type; MySQL gives it a default that is never used.
    fn made(&self, word: &str, nullable: bool) -> Result<Column, Stop> {
        let (data_type, rest) = parse_type(word, self.catalogue.dialect()).ok_or(Stop::Unknown)?;
        if !rest.trim().is_empty() || is_text(data_type.name) {
            return Err(Stop::Unknown);
        }
        let data_type = DataType { charset: None, collation: None, ..data_type };
        let default = match (nullable, self.is_mysql()) {
            (true, _) => Some(DefaultValue::Null),
            (false, true) => Some(zero()),
            (false, false) => None,
        };
        Ok(Column {
            name: String::new(),
            data_type,
            nullable,
            default,
            on_update: false,
            auto_increment: false,
            comment: String::new(),
            generated: None,
            invisible: false,
            srid: None,
            other: Vec::new(),
            place: self.place.clone(),
        })
    }

    fn is_mysql(&self) -> bool {
        self.catalogue.dialect().vendor == Vendor::MySql
    }
}

fn zero() -> DefaultValue {
    DefaultValue::Literal(Literal::Number("0".to_owned()))
}

#[cfg(test)]
mod tests;
