//! A schema as a server shows it.

#[cfg(feature = "mysql")]
mod read;
#[cfg(feature = "mysql")]
mod scratch;
#[cfg(test)]
mod tests;

use std::sync::Arc;

#[cfg(feature = "mysql")]
pub(crate) use read::listed;
#[cfg(feature = "mysql")]
pub use read::{empty, read, shown};
#[cfg(feature = "mysql")]
pub use scratch::{Scratch, Tried};

use crate::ast::{Ident, ObjectKind, StatementKind};
use crate::catalogue::{Catalogue, key_of};
use crate::finding::Finding;
use crate::load::created;
use crate::parse::parse_one;
use crate::place::{Place, Source, Span};

/// The definition of an object in the words of the server.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// Of a trigger, its table's present name.
    pub table: Option<String>,
    /// What `SHOW CREATE` answers; an error says why there is no answer.
    pub definition: Result<String, String>,
    /// The SQL mode that a stored program runs in.
    pub sql_mode: Option<String>,
}

/// A live schema, and what of it could not be read.
#[derive(Debug, Clone)]
pub struct Live {
    /// The schema; every object has its place in the text that the server shows for it.
    pub catalogue: Catalogue,
    /// One finding for each object that is not in the catalogue.
    pub not_read: Vec<Finding>,
    /// Kinds of objects of which the account sees none, and might not see any.
    pub hidden: Vec<ObjectKind>,
}

impl Live {
    /// Puts the objects of a server into an empty schema. Triggers must come in the order in which they fire.
    pub fn of(mut catalogue: Catalogue, objects: &[Shown]) -> Self {
        catalogue.defer_foreign_key_checks();
        let mut live = Self { catalogue, not_read: Vec::new(), hidden: Vec::new() };
        for object in objects {
            live.add(object);
        }
        // What it shows of a sequence is where it began.
        live.catalogue.forget_counters();
        // Views come in the order of their names, so that what one stands on may have come after it.
        live.catalogue.views.values_mut().for_each(|view| view.kept = None);
        live
    }

    fn add(&mut self, object: &Shown) {
        let called = format!("{} `{}`", object.kind, object.name);
        let name = format!("SHOW CREATE {} `{}`", object.kind.noun().to_uppercase(), object.name);
        let text = match &object.definition {
            Ok(text) => text.as_str(),
            Err(reason) => {
                return self.leave_out(object, &Arc::new(Source::new(name, "".into())), called, reason);
            }
        };
        let source = Arc::new(Source::new(name, text.into()));
        let (statement, findings) = parse_one(&source, self.catalogue.dialect());
        let kind = statement.as_ref().and_then(created).map(|(kind, _)| kind);
        let Some(mut statement) = statement.filter(|_| kind == Some(object.kind)) else {
            let reason = findings.first().map_or("it is not understood".to_owned(), ToString::to_string);
            return self.leave_out(object, &source, called, &reason);
        };
        if let StatementKind::CreateTrigger(definition) = &mut statement.kind {
            let definition = Arc::make_mut(definition);
            // The server lists triggers in their order; what it was when one was created need not hold any more.
            definition.order = None;
            if let Some(table) = &object.table {
                definition.table.schema = None;
                definition.table.name = Ident { text: table.clone(), span: definition.table.name.span };
            }
        }
        self.catalogue.apply(&statement, &source, &mut Vec::new());
    }

    /// Says that an object is not checked, and sees to it that it does not pass for missing.
    fn leave_out(&mut self, object: &Shown, source: &Arc<Source>, called: String, reason: &str) {
        self.not_read.push(Finding::NotRead { object: called, reason: reason.to_owned() });
        let place = Place::new(source, Span { start: 0, end: source.inner().len() });
        self.catalogue.unknown.insert((object.kind, key_of(object.kind, &object.name)), place);
    }
}
