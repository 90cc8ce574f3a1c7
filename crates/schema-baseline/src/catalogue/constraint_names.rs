//! Names of constraints: which ones servers make, and which ones may stand only once.

use std::sync::Arc;

use super::Catalogue;
use super::apply::Run;
use super::table::{Check, ForeignKey, Table};
use crate::ast::{AlterAction, AlterTable, ForeignKeyDef, Ident, KeyKind, TableElement, same_name};
use crate::dialect::Vendor;
use crate::finding::{Finding, at};
use crate::place::{Place, Span};

/// Constraints whose names are unique in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unique {
    ForeignKey,
    /// On MySQL.
    Check,
}

/// The last numbers in names that one statement makes.
pub(super) struct Numbers {
    foreign_keys: usize,
    checks: usize,
}

impl Numbers {
    /// `CREATE TABLE` counts from one, whatever names are written; `ALTER TABLE` from the highest number that the
    /// table has.
    pub(super) fn of(table: &Table) -> Self {
        let names = table.foreign_keys.iter().map(|key| key.name.as_str());
        let checks = table.checks.iter().map(|check| check.name.as_str());
        Self {
            foreign_keys: table.highest_number("ibfk", names),
            checks: table.highest_number("chk", checks),
        }
    }

    pub(super) fn foreign_key(&mut self, table: &Table) -> String {
        self.foreign_keys += 1;
        format!("{}_ibfk_{}", table.name, self.foreign_keys)
    }

    pub(super) fn check(&mut self, table: &Table) -> String {
        self.checks += 1;
        format!("{}_chk_{}", table.name, self.checks)
    }
}

impl Table {
    /// The highest `N` of `TABLE_suffix_N` among `names`.
    fn highest_number<'a>(&self, suffix: &str, names: impl Iterator<Item = &'a str>) -> usize {
        let prefix = format!("{}_{suffix}_", self.name).to_lowercase();
        names.filter_map(|name| name.to_lowercase().strip_prefix(&prefix)?.parse().ok()).max().unwrap_or(0)
    }
}

impl Catalogue {
    /// Notes the names of a table's constraints, so that no other table takes them. Names stay when their constraints go:
    /// what is found is looked for in its table.
    pub(super) fn file_constraints(&mut self, table: &Table) {
        let mut file = |of, name: &str| {
            self.constraints.insert((of, name.to_lowercase()), table.name.clone());
        };
        table.foreign_keys.iter().for_each(|key| file(Unique::ForeignKey, &key.name));
        if self.dialect.vendor == Vendor::MySql {
            table.checks.iter().for_each(|check| file(Unique::Check, &check.name));
        }
    }

    /// Where another table than `own` has a constraint of that name.
    pub(super) fn constraint_elsewhere(&self, of: Unique, name: &str, own: &str) -> Option<&Place> {
        let table = self.constraints.get(&(of, name.to_lowercase())).filter(|table| *table != own)?;
        let table = self.table(table).filter(|table| table.is_certain(self))?;
        let foreign_key = |key: &&ForeignKey| same_name(&key.name, name);
        let check = |check: &&Check| same_name(&check.name, name);
        match of {
            Unique::ForeignKey => table.foreign_keys.iter().find(foreign_key).map(|key| &key.place),
            Unique::Check => table.checks.iter().find(check).map(|check| &check.place),
        }
    }
}

impl Run<'_> {
    pub(super) fn duplicate_constraint(&mut self, span: Span, name: &str, holder: &Place) {
        let first = vec![Finding::see_also("defined first here", holder)];
        let (name, holder) = (name.to_owned(), "another constraint".to_owned());
        self.report(span, |src, span| Finding::DuplicateKey { name, holder, src, span, first });
    }

    /// Reports foreign keys that one statement drops and adds under the same name, which no server does.
    pub(super) fn check_added_again(&mut self, table: &Table, alter: &AlterTable) {
        let dropped = |name: &Ident| {
            alter.actions.iter().any(|action| match &action.action {
                AlterAction::DropForeignKey(other) | AlterAction::DropConstraint(other) => {
                    name.same(&other.text) && table.foreign_keys.iter().any(|key| other.same(&key.name))
                }
                _ => false,
            })
        };
        for action in &alter.actions {
            if let AlterAction::Add(TableElement::ForeignKey(ForeignKeyDef { name: Some(name), .. }), _) =
                &action.action
                && dropped(name)
            {
                let reason = format!("foreign key `{}` is dropped and added in one statement", name.text);
                self.refuse(name.span, reason, "drop it in a statement of its own, or choose another name");
            }
        }
    }

    /// On MariaDB a check shares its name with no unique key and no foreign key of its table.
    pub(super) fn check_names_of_checks(&mut self, table: &Table) {
        if self.catalogue.dialect.vendor != Vendor::MariaDb {
            return;
        }
        for check in table.checks.iter().filter(|check| check.column.is_none()) {
            let keys = table.keys.iter().filter(|key| key.kind == KeyKind::Unique);
            let others = keys.map(|key| (&key.name, &key.place));
            let mut others = others.chain(table.foreign_keys.iter().map(|key| (&key.name, &key.place)));
            let Some((_, other)) = others.find(|(name, _)| same_name(name, &check.name)) else { continue };
            let is_new = |place: &Place| Arc::ptr_eq(&place.source, self.source);
            let check_is_last =
                is_new(&check.place) && (!is_new(other) || check.place.span.start > other.span.start);
            let (last, first) = if check_is_last { (&check.place, other) } else { (other, &check.place) };
            let ((src, span), first) = (at(last), vec![Finding::see_also("defined first here", first)]);
            let (name, holder) = (check.name.clone(), "another constraint".to_owned());
            self.findings.push(Finding::DuplicateKey { name, holder, src, span, first });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::ast::ObjectKind;
    use crate::catalogue::Catalogue;
    use crate::dialect::Dialect;
    use crate::place::Source;
    use crate::replay::replay_scripts;
    use crate::testing;

    const PARENT: &str = "CREATE TABLE p (id INT PRIMARY KEY, u INT, UNIQUE (u));
        CREATE TABLE c (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id), CONSTRAINT ck CHECK (a > 0));";

    /// Whether MySQL 9.7 and MariaDB 10.11 accept these statements behind [`PARENT`].
    fn accepted(text: &str) -> [bool; 2] {
        testing::accepted(&format!("{PARENT} {text}"))
    }

    #[test]
    fn names_of_foreign_keys_are_unique_in_the_schema() {
        let again = "CREATE TABLE d (a INT, CONSTRAINT F FOREIGN KEY (a) REFERENCES p (id))";
        assert_eq!(accepted(again), [false, false]);
        assert_eq!(accepted(&format!("DROP TABLE c; {again}")), [true, true]);
        assert_eq!(accepted(&format!("ALTER TABLE c DROP FOREIGN KEY f; {again}")), [true, true]);
        assert_eq!(accepted(&format!("RENAME TABLE c TO e; {again}")), [false, false]);
        let add = "CREATE TABLE d (a INT); ALTER TABLE d ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)";
        assert_eq!(accepted(add), [false, false]);
        let unnamed = "CREATE TABLE d (a INT, FOREIGN KEY (a) REFERENCES p (id)); \
             CREATE TABLE D (a INT, FOREIGN KEY (a) REFERENCES p (id))";
        assert_eq!(accepted(unnamed), [false, false]);
        let like = "CREATE TABLE d LIKE c; ALTER TABLE d ADD CONSTRAINT g FOREIGN KEY (a) REFERENCES p (id)";
        assert_eq!(accepted(like), [true, true]);
        for drop in ["FOREIGN KEY", "CONSTRAINT"] {
            let add =
                format!("ALTER TABLE c DROP {drop} f, ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (u)");
            assert_eq!(accepted(&add), [false, false]);
        }
    }

    #[test]
    fn names_of_checks_are_unique_where_the_server_says() {
        assert_eq!(accepted("CREATE TABLE d (a INT, CONSTRAINT CK CHECK (a > 0))"), [false, true]);
        assert_eq!(accepted("CREATE TABLE d (a INT, CONSTRAINT c_chk_1 CHECK (a > 0))"), [true, true]);
        assert_eq!(
            accepted("CREATE TABLE d (a INT CHECK (a > 0), CONSTRAINT d_chk_1 CHECK (a > 0))"),
            [false, true]
        );
        assert_eq!(
            accepted("ALTER TABLE c DROP CONSTRAINT ck, ADD CONSTRAINT ck CHECK (a > 3)"),
            [true, true]
        );
        for add in ["f CHECK (a > 1)", "ck FOREIGN KEY (a) REFERENCES p (id)", "ck UNIQUE (a)"] {
            assert_eq!(accepted(&format!("ALTER TABLE c ADD CONSTRAINT {add}")), [true, false], "{add}");
        }
        assert_eq!(accepted("CREATE TABLE d (a INT, CONSTRAINT x CHECK (a > 0), KEY x (a))"), [true, true]);
    }

    #[test]
    fn a_new_table_counts_from_one() {
        let names = |text: &str, kind: fn(&Catalogue) -> Vec<String>| {
            let source = Arc::new(Source::new("a.sql", format!("{PARENT} {text}").into()));
            let (catalogue, findings) = replay_scripts([source], "mysql-9.7".parse::<Dialect>().unwrap());
            assert!(findings.is_empty(), "{findings:?}");
            assert!(catalogue.place_of(ObjectKind::Table, "t").is_some());
            kind(&catalogue)
        };
        let foreign_keys: fn(&Catalogue) -> Vec<String> =
            |catalogue| catalogue.tables()["t"].foreign_keys.iter().map(|key| key.name.clone()).collect();
        let checks: fn(&Catalogue) -> Vec<String> =
            |catalogue| catalogue.tables()["t"].checks.iter().map(|check| check.name.clone()).collect();
        let t = "CREATE TABLE t (a INT, b INT, CONSTRAINT t_ibfk_3 FOREIGN KEY (a) REFERENCES p (id), FOREIGN KEY (b) REFERENCES p (id))";
        assert_eq!(names(t, foreign_keys), ["t_ibfk_3", "t_ibfk_1"]);
        let t = format!("{t}; ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES p (u)");
        assert_eq!(names(&t, foreign_keys), ["t_ibfk_3", "t_ibfk_1", "t_ibfk_4"]);
        let t = "CREATE TABLE t (a INT, CONSTRAINT t_chk_3 CHECK (a > 0), CHECK (a > 1))";
        assert_eq!(names(t, checks), ["t_chk_3", "t_chk_1"]);
        let taken = "CREATE TABLE t (a INT, CONSTRAINT t_ibfk_1 FOREIGN KEY (a) REFERENCES p (id), FOREIGN KEY (a) REFERENCES p (u))";
        assert_eq!(accepted(taken), [false, false]);
        let added = "CREATE TABLE t (a INT); \
             ALTER TABLE t ADD CONSTRAINT t_ibfk_1 FOREIGN KEY (a) REFERENCES p (id), ADD FOREIGN KEY (a) REFERENCES p (u)";
        assert_eq!(accepted(added), [false, false]);
    }

    #[test]
    fn what_others_refer_to_is_not_truncated() {
        assert_eq!(accepted("TRUNCATE TABLE p"), [false, false]);
        assert_eq!(accepted("SET foreign_key_checks = 0; TRUNCATE p"), [true, true]);
        assert_eq!(accepted("TRUNCATE TABLE c"), [true, true]);
        assert_eq!(accepted("CREATE VIEW v AS SELECT a FROM c; TRUNCATE v"), [false, false]);
        let own = "CREATE TABLE s (a INT PRIMARY KEY, b INT, FOREIGN KEY (b) REFERENCES s (a)); TRUNCATE s";
        assert_eq!(accepted(own), [true, true]);
    }
}
