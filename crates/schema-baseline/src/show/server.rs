//! Definitions as a server of the catalogue's vendor and version shows them.

mod column;
mod expression;
mod literal;
mod partition;
mod program;
mod table;

pub(crate) use literal::string;
pub(crate) use table::engine_name;

use crate::ast::{ObjectKind, RoutineKind};
use crate::catalogue::Catalogue;
use crate::dialect::{Dialect, Vendor};

/// What `SHOW CREATE` prints of an object, up to `AUTO_INCREMENT`, which depends on the rows; none when there is no such
/// object or its definition is not known. `account` is who created what names no definer, as in `` `root`@`localhost` ``.
///
/// Names of columns and tables in the queries of views are not resolved as a server does it: views are printed in one
/// spelling, see [`super::create`].
pub fn show_create(catalogue: &Catalogue, kind: ObjectKind, name: &str, account: &str) -> Option<String> {
    if catalogue.unsure().is_some() {
        return None;
    }
    let style = Style { dialect: catalogue.dialect(), account, schema: catalogue.schema() };
    match kind {
        ObjectKind::Table => {
            let table = catalogue.tables().get(name)?;
            if table.unknown.is_some() { None } else { style.table(table) }
        }
        ObjectKind::Trigger => catalogue.triggers().get(name).map(|trigger| style.trigger(trigger)),
        ObjectKind::Function | ObjectKind::Procedure => {
            let of =
                if kind == ObjectKind::Function { RoutineKind::Function } else { RoutineKind::Procedure };
            Some(style.routine(catalogue.routines(of).get(&name.to_lowercase())?, catalogue))
        }
        ObjectKind::Event => Some(style.event(catalogue.events().get(&name.to_lowercase())?)),
        ObjectKind::Sequence => Some(super::sequence(name, catalogue.sequences().get(name)?)),
        ObjectKind::View => super::create(catalogue, kind, name),
    }
}

/// Whose way of printing it is.
#[derive(Clone, Copy)]
struct Style<'a> {
    dialect: Dialect,
    account: &'a str,
    /// The schema at hand, which servers write before the names of sequences.
    schema: Option<&'a str>,
}

impl Style<'_> {
    fn is_mysql(self) -> bool {
        self.dialect.vendor == Vendor::MySql
    }
}
