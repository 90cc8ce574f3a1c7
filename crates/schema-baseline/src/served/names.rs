//! What a name stands for: which table has a column, and which columns a relation has.

use std::ops::ControlFlow;

use super::query::Reader;
use crate::catalogue::sequences;

/// How deep views may lie on views before their columns count as unknown.
const VIEW_LIMIT: usize = 32;

impl Reader<'_> {
    /// The columns of a table, a view or a common table expression.
    pub(super) fn columns(&mut self, name: &str) -> Option<Vec<String>> {
        if let Some((_, columns)) =
            self.common.iter().rev().find(|(common, _)| *common == name.to_lowercase())
        {
            return Some(columns.clone());
        }
        if let Some(table) = self.catalogue.tables().get(name) {
            let known = table.unknown.is_none();
            let visible = table.columns.iter().filter(|column| !column.invisible);
            return known.then(|| visible.map(|column| column.name.to_lowercase()).collect());
        }
        if self.catalogue.sequences().contains_key(name) {
            return Some(sequences::COLUMNS.map(ToOwned::to_owned).to_vec());
        }
        let view = self.catalogue.views().get(name)?;
        if self.depth >= VIEW_LIMIT {
            return None;
        }
        let mut reader = Reader { depth: self.depth + 1, ..Reader::new(self.catalogue) };
        reader.view(view).map(|spelled| spelled.columns)
    }

    /// Whether a name's schema is the one at hand.
    pub(super) fn is_own(&self, schema: &str) -> bool {
        self.schema == Some(schema)
    }

    /// A column by its own name, with the table that has it.
    pub(super) fn column(&self, name: &str) -> Option<String> {
        let found = self.scopes.iter().rev().try_for_each(|scope| {
            let mut unknown = false;
            for relation in &scope.relations {
                match &relation.columns {
                    Some(columns) if columns.iter().any(|column| column == name) => {
                        let qualified =
                            if self.is_bare { name.to_owned() } else { format!("{}.{name}", relation.name) };
                        return ControlFlow::Break(Some(qualified));
                    }
                    Some(_) => {}
                    None if scope.relations.len() == 1 => {
                        return ControlFlow::Break(Some(format!("{}.{name}", relation.name)));
                    }
                    None => unknown = true,
                }
            }
            if let Some((_, spelled)) = scope.results.iter().find(|(result, _)| result == name) {
                return ControlFlow::Break(Some(spelled.clone()));
            }
            if unknown { ControlFlow::Break(None) } else { ControlFlow::Continue(()) }
        });
        match found {
            ControlFlow::Break(found) => found,
            ControlFlow::Continue(()) => None,
        }
    }
}
