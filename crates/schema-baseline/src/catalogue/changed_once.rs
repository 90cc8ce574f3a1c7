//! What one `ALTER TABLE` may do with a column: it is looked for by the name that it had before, and changed once.

use super::apply::Run;
use super::table::Table;
use crate::ast::{AlterAction, Ident, TableAction};
use crate::place::Span;

impl Run<'_> {
    /// Reports a column as missing that the statement changes twice, or by the name that it only gets now: servers take a
    /// column from their list once it has been dealt with.
    pub(super) fn check_changed_once(&mut self, table: &Table, actions: &[TableAction]) {
        let mut changed: Vec<(&Ident, bool)> = Vec::new();
        for action in actions.iter().filter(|action| !action.if_exists) {
            let (name, is_renamed) = match &action.action {
                AlterAction::Modify(def, _) => (&def.name, false),
                AlterAction::Change(name, ..)
                | AlterAction::SetDefault(name, _)
                | AlterAction::HideColumn(name, _) => (name, false),
                AlterAction::RenameColumn(name, _) => (name, true),
                _ => continue,
            };
            let sets = matches!(action.action, AlterAction::SetDefault(..) | AlterAction::HideColumn(..));
            // Whether a new name and a new default go together depends on the server.
            let twice = changed.iter().any(|(other, renamed)| {
                name.same(&other.text) && !(sets && *renamed) && (is_renamed == *renamed || !sets)
            });
            let is_new_name = table.column(&name.text).is_none()
                && actions.iter().any(
                    |other| matches!(&other.action, AlterAction::RenameColumn(_, to) if name.same(&to.text)),
                );
            if twice || is_new_name {
                self.missing_column(table, name);
            } else {
                changed.push((name, is_renamed));
            }
        }
    }

    /// Refuses an `ALTER TABLE` that leaves no column.
    pub(super) fn check_columns_left(&mut self, table: &Table, span: Span) {
        if table.columns.is_empty() && table.is_certain(self.catalogue) {
            let reason = format!("table `{}` would be left without columns", table.name);
            self.refuse(span, reason, "use DROP TABLE, or leave a column");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    /// Whether MySQL 9.7 and MariaDB 10.11 accept these actions.
    fn accepted(actions: &str) -> [bool; 2] {
        testing::accepted(&format!(
            "CREATE TABLE t (a INT, b INT, p INT PRIMARY KEY); ALTER TABLE t {actions}"
        ))
    }

    #[test]
    fn a_column_is_changed_once_and_by_its_old_name() {
        for actions in [
            "RENAME COLUMN a TO x, RENAME COLUMN b TO x",
            "RENAME COLUMN a TO x, RENAME COLUMN a TO y",
            "RENAME COLUMN a TO x, MODIFY x BIGINT",
            "RENAME COLUMN a TO x, MODIFY a BIGINT",
            "RENAME COLUMN a TO x, ADD COLUMN x INT",
            "MODIFY a INT, MODIFY a BIGINT",
            "ALTER a SET DEFAULT 5, MODIFY a BIGINT",
            "ALTER a SET DEFAULT 5, ALTER a DROP DEFAULT",
            "DROP COLUMN a, DROP COLUMN b, DROP COLUMN p",
        ] {
            assert_eq!(accepted(actions), [false, false], "{actions}");
        }
        for actions in [
            "RENAME COLUMN a TO x, ADD COLUMN a INT",
            "RENAME COLUMN a TO b, RENAME COLUMN b TO a",
            "RENAME COLUMN a TO x, ADD KEY (x)",
            "DROP COLUMN a, DROP COLUMN b, DROP COLUMN p, ADD COLUMN c INT",
            "DROP COLUMN a, ADD COLUMN a BIGINT",
        ] {
            assert_eq!(accepted(actions), [true, true], "{actions}");
        }
    }

    #[test]
    fn null_in_a_primary_key_is_refused_by_mysql() {
        for actions in [
            "MODIFY p INT NULL",
            "DROP PRIMARY KEY, MODIFY a INT NULL, ADD PRIMARY KEY (a)",
            "MODIFY p INT DEFAULT NULL",
        ] {
            assert_eq!(accepted(actions), [false, true], "{actions}");
        }
        assert_eq!(accepted("DROP PRIMARY KEY, MODIFY p INT NULL"), [true, true]);
        assert_eq!(accepted("DROP PRIMARY KEY, ADD PRIMARY KEY (a)"), [true, true]);
        assert_eq!(accepted("DROP PRIMARY KEY, ADD c INT DEFAULT NULL PRIMARY KEY"), [false, false]);
    }
}
