//! Tables held against each other.

use super::{Comparison, spell};
use crate::ast::same_name;
use crate::catalogue::{Check, ForeignKey, Key, Partitioning, Table};
use crate::finding::Finding;
use crate::place::Place;

impl Comparison<'_> {
    pub(super) fn tables(&mut self, left: &Table, right: &Table) {
        let object = format!("table `{}`", left.name);
        self.columns(&object, left, right);
        self.keys(&object, left, right);
        self.foreign_keys(&object, left, right);
        self.checks(&object, left, right);
        self.options(&object, left, right);
    }

    fn columns(&mut self, object: &str, left: &Table, right: &Table) {
        for column in &left.columns {
            let Some(other) = right.column(&column.name) else {
                let what = format!("column `{}` is only in {}", column.name, self.sides.left);
                self.difference(object.to_owned(), what, &column.place, &right.place);
                continue;
            };
            let (a, b) = (spell::column(column), spell::column(other));
            if a != b {
                let what = format!("column `{}` is `{a}` here, `{b}` there", column.name);
                self.difference(object.to_owned(), what, &column.place, &other.place);
            } else if column.name != other.name {
                let what = format!("column `{}` is called `{}` there", column.name, other.name);
                self.difference(object.to_owned(), what, &column.place, &other.place);
            }
        }
        for column in right.columns.iter().filter(|column| left.column(&column.name).is_none()) {
            let what = format!("column `{}` is only in {}", column.name, self.sides.right);
            self.difference(object.to_owned(), what, &left.place, &column.place);
        }
        self.column_order(object, left, right);
    }

    fn column_order(&mut self, object: &str, left: &Table, right: &Table) {
        let in_left = left.columns.iter().filter(|column| right.column(&column.name).is_some());
        let in_right = right.columns.iter().filter(|column| left.column(&column.name).is_some());
        let moved = in_left.zip(in_right).find(|(a, b)| !same_name(&a.name, &b.name));
        if let Some((column, other)) = moved {
            let what = format!("column `{}` stands where the other side has `{}`", column.name, other.name);
            self.difference(object.to_owned(), what, &column.place, &other.place);
        }
    }

    fn keys(&mut self, object: &str, left: &Table, right: &Table) {
        let sides = self.sides;
        let mut differences = Vec::new();
        for key in &left.keys {
            match right.key(&key.name) {
                None => differences.push((only("key", &key.name, sides.left), &key.place, &right.place)),
                Some(other) if spell::key(key) != spell::key(other) => {
                    let what = format!(
                        "key `{}` is `{}` here, `{}` there",
                        key.name,
                        spell::key(key),
                        spell::key(other)
                    );
                    differences.push((what, &key.place, &other.place));
                }
                Some(_) => {}
            }
        }
        for key in right.keys.iter().filter(|key: &&Key| left.key(&key.name).is_none()) {
            differences.push((only("key", &key.name, sides.right), &left.place, &key.place));
        }
        self.report(object, differences);
    }

    /// Foreign keys by what they say; names count when someone chose them.
    fn foreign_keys(&mut self, object: &str, left: &Table, right: &Table) {
        let spelled = |key: &ForeignKey| spell::foreign_key(key);
        let entry = |key: &ForeignKey| Constraint {
            name: key.name.clone(),
            chosen: !key.generated_name && !key.name.contains("_ibfk_"),
            text: spelled(key),
            place: key.place.clone(),
        };
        let (a, b) = (left.foreign_keys.iter().map(entry), right.foreign_keys.iter().map(entry));
        self.constraints("foreign key", object, (left, a.collect()), (right, b.collect()));
    }

    fn checks(&mut self, object: &str, left: &Table, right: &Table) {
        let entry = |check: &Check| Constraint {
            name: check.name.clone(),
            chosen: spell::is_chosen(check),
            text: spell::check(check),
            place: check.place.clone(),
        };
        let (a, b) = (left.checks.iter().map(entry), right.checks.iter().map(entry));
        self.constraints("check", object, (left, a.collect()), (right, b.collect()));
    }

    fn constraints(
        &mut self,
        noun: &str,
        object: &str,
        (left, ours): (&Table, Vec<Constraint>),
        (right, mut theirs): (&Table, Vec<Constraint>),
    ) {
        let sides = self.sides;
        let mut unmatched = Vec::new();
        for own in ours {
            let by_name =
                theirs.iter().position(|other| other.text == own.text && same_name(&other.name, &own.name));
            let found = by_name.or_else(|| theirs.iter().position(|other| other.text == own.text));
            let Some(index) = found else {
                unmatched.push(own);
                continue;
            };
            let other = theirs.remove(index);
            if (own.chosen || other.chosen) && !same_name(&own.name, &other.name) {
                let what =
                    format!("{noun} {} is named `{}` here, `{}` there", own.text, own.name, other.name);
                self.difference(object.to_owned(), what, &own.place, &other.place);
            }
        }
        for own in unmatched {
            if let Some(index) = theirs.iter().position(|other| same_name(&other.name, &own.name)) {
                let other = theirs.remove(index);
                let what = format!("{noun} `{}` is `{}` here, `{}` there", own.name, own.text, other.text);
                self.difference(object.to_owned(), what, &own.place, &other.place);
            } else {
                let what = only(noun, &own.name, sides.left);
                self.difference(object.to_owned(), what, &own.place, &right.place);
            }
        }
        for other in theirs {
            let what = only(noun, &other.name, sides.right);
            self.difference(object.to_owned(), what, &left.place, &other.place);
        }
    }

    fn options(&mut self, object: &str, left: &Table, right: &Table) {
        let mut differences = Vec::new();
        let mut compare = |name: &str, a: &str, b: &str| {
            if a != b {
                let shown =
                    |value: &str| if value.is_empty() { "absent".to_owned() } else { format!("`{value}`") };
                differences.push((
                    format!("{name} is {} here, {} there", shown(a), shown(b)),
                    &left.place,
                    &right.place,
                ));
            }
        };
        compare("the default character set", &left.charset, &right.charset);
        compare("the default collation", &left.collation, &right.collation);
        let value = |table: &Table, name: &str| table.options.get(name).cloned().unwrap_or_default();
        for name in left.options.keys() {
            compare(&format!("option {name}"), &value(left, name), &value(right, name));
        }
        for name in right.options.keys().filter(|name| !left.options.contains_key(*name)) {
            compare(&format!("option {name}"), "", &value(right, name));
        }
        self.report(object, differences);
        self.partitioning(object, left, right);
    }

    fn partitioning(&mut self, object: &str, left: &Table, right: &Table) {
        let text = |partitioning: &Partitioning| match partitioning {
            Partitioning::By(text) => text.clone(),
            Partitioning::None | Partitioning::Unknown => "none".to_owned(),
        };
        if [left, right].iter().any(|table| table.partitioning == Partitioning::Unknown) {
            let (src, span) = crate::finding::at(&left.place);
            let object = format!("partitioning of {object}");
            self.findings.push(Finding::NotChecked { object, src, span });
        } else if left.partitioning != right.partitioning {
            let difference = spell::difference(&text(&left.partitioning), &text(&right.partitioning));
            self.difference(
                object.to_owned(),
                format!("its partitions: {difference}"),
                &left.place,
                &right.place,
            );
        }
    }

    fn report(&mut self, object: &str, differences: Vec<(String, &Place, &Place)>) {
        for (what, left, right) in differences {
            self.difference(object.to_owned(), what, left, right);
        }
    }
}

/// A foreign key or check as it is compared.
struct Constraint {
    name: String,
    /// Whether someone chose the name, rather than the server.
    chosen: bool,
    text: String,
    place: Place,
}

fn only(noun: &str, name: &str, side: &str) -> String {
    format!("{noun} `{name}` is only in {side}")
}
