//! Statements about sequences.

use std::sync::Arc;

use super::{Counter, Sequence};
use crate::ast::{AlterAction, AlterSequence, AlterTable, CreateSequence, ObjectKind, ObjectName, ValueType};
use crate::catalogue::apply::Run;

impl Run<'_> {
    pub(in crate::catalogue) fn create_sequence(&mut self, def: &Arc<CreateSequence>) {
        if !self.own(&def.name) {
            return;
        }
        let place = self.place(def.name.span());
        let (dialect, counted) = (self.catalogue.dialect, self.catalogue.counted);
        let sequence = Sequence::new(&def.counting, &def.options, place, dialect, counted);
        self.require_range(&sequence, &def.name);
        let engine = sequence.options.get("engine").map_or("", String::as_str);
        if ["memory", "heap", "csv"].contains(&engine) {
            let reason = format!("engine `{engine}` has no sequences");
            self.refuse(def.name.span(), reason, "use InnoDB, Aria or MyISAM");
        }
        let name = def.name.text().to_owned();
        if def.temporary {
            self.catalogue.temporary.insert(name);
        } else if self.may_create_relation(&def.name, def.if_not_exists, def.or_replace) {
            self.catalogue.unknown.remove(&(ObjectKind::Sequence, name.clone()));
            self.catalogue.sequences.insert(name, sequence);
        }
    }

    pub(in crate::catalogue) fn alter_sequence(&mut self, alter: &AlterSequence) {
        let name = alter.name.text();
        if !self.own(&alter.name) || self.catalogue.temporary.contains(name) {
            return;
        }
        let Some(mut sequence) = self.catalogue.sequences.get(name).cloned() else {
            self.no_sequence(&alter.name, alter.if_exists);
            return;
        };
        sequence.place = self.place(alter.name.span());
        if let Some(value_type) = alter.counting.value_type {
            self.change_type(&mut sequence, value_type, &alter.name);
        } else {
            sequence.change(&alter.counting, self.catalogue.dialect);
            self.require_range(&sequence, &alter.name);
            self.go_on(&mut sequence, alter);
        }
        self.catalogue.sequences.insert(name.to_owned(), sequence);
    }

    /// `ALTER SEQUENCE … AS`: the values stay.
    fn change_type(&mut self, sequence: &mut Sequence, value_type: ValueType, name: &ObjectName) {
        let numbers = value_type.minimum()..=value_type.maximum();
        let next = sequence.next(self.catalogue.counted);
        if !sequence.fits(value_type) || next.is_some_and(|next| !numbers.contains(&next)) {
            let reason = format!("the values of sequence `{}` do not fit `{value_type}`", name.text());
            self.refuse(
                name.span(),
                reason,
                "change MINVALUE, MAXVALUE and START by a statement before this one",
            );
        }
        sequence.value_type = value_type;
    }

    /// Where a changed sequence goes on: where the statement says, or where it was.
    fn go_on(&mut self, sequence: &mut Sequence, alter: &AlterSequence) {
        let counted = self.catalogue.counted;
        let value = match alter.restart {
            Some(value) => value.unwrap_or(sequence.start),
            None => match sequence.next(counted) {
                Some(value) => value,
                // How far it has come is a matter of rows.
                None => return,
            },
        };
        if !sequence.is_reachable(value) {
            let (name, low) = (alter.name.text(), sequence.increment >= 0);
            let (beyond, bound) = if low { ("below", sequence.minimum) } else { ("above", sequence.maximum) };
            let reason = format!("sequence `{name}` would go on from {value}, which is {beyond} {bound}");
            self.refuse(alter.name.span(), reason, "say RESTART WITH a value within MINVALUE and MAXVALUE");
        }
        sequence.counter = Counter { value, at: counted };
    }

    /// What `ALTER TABLE` can do to a sequence: its name, comment and engine.
    pub(in crate::catalogue) fn alter_sequence_as_table(
        &mut self,
        alter: &AlterTable,
        mut sequence: Sequence,
    ) {
        let mut name = alter.name.clone();
        let place = self.place(alter.name.span());
        for action in &alter.actions {
            match &action.action {
                AlterAction::Options(options) => {
                    sequence.set_options(options);
                    sequence.place = place.clone();
                }
                AlterAction::RenameTo(_) | AlterAction::NoEffect => {}
                _ => {
                    let reason = format!("`{}` is a sequence", alter.name.text());
                    self.refuse(action.span, reason, "a sequence has no columns or keys of its own");
                }
            }
        }
        self.catalogue.sequences.insert(name.text().to_owned(), sequence);
        for action in &alter.actions {
            if let AlterAction::RenameTo(to) = &action.action {
                self.rename_table(&name, to);
                name = to.clone();
            }
        }
    }

    pub(in crate::catalogue) fn drop_sequences(
        &mut self,
        names: &[ObjectName],
        if_exists: bool,
        temporary: bool,
    ) {
        for name in names {
            if !self.own(name) {
                continue;
            }
            let key = (ObjectKind::Sequence, name.text().to_owned());
            if self.catalogue.temporary.remove(name.text()) || temporary {
                continue;
            }
            let was_unknown = self.catalogue.unknown.remove(&key).is_some();
            if self.catalogue.sequences.remove(name.text()).is_none() && !was_unknown && !if_exists {
                self.no_sequence(name, false);
            }
        }
    }

    /// Refuses a name that is none of a sequence; a missing one, unless that is no error.
    fn no_sequence(&mut self, name: &ObjectName, if_exists: bool) {
        if self.catalogue.unknown.contains_key(&(ObjectKind::Sequence, name.text().to_owned())) {
            return;
        }
        let is_other = self.catalogue.views.contains_key(name.text())
            || self.catalogue.tables.get(name.text()).is_some_and(|table| table.unknown.is_none());
        if is_other {
            let reason = format!("`{}` is not a sequence", name.text());
            self.refuse(name.span(), reason, "name a sequence");
        } else if !if_exists {
            self.unknown_object(ObjectKind::Sequence, &name.name);
        }
    }

    fn require_range(&mut self, sequence: &Sequence, name: &ObjectName) {
        if !sequence.is_in_range() {
            let reason = format!("the values of sequence `{}` do not go together", name.text());
            let help = "the first value lies between the smallest and the largest, which differ; \
                what is reserved at once fits 64 bits";
            self.refuse(name.span(), reason, help);
        }
    }
}
