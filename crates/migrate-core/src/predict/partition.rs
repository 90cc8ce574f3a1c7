//! The clauses of `ALTER TABLE` that are about partitions.

use std::ops::Range;

use super::{Algorithm, Lock, Prediction, View};

impl View<'_> {
    /// `None`: the clause is not about partitions.
    pub(super) fn partition(&self, clause: &Range<usize>) -> Option<Prediction> {
        let statement = self.statement;
        let is = |words: &[&str]| statement.is_any(clause.start, words);
        let rebuild =
            |lock| Prediction::new(Algorithm::Rebuild, lock).note("only the partitions that it names");
        // MariaDB lets no algorithm be stated for these, and keeps everybody out while it changes the files.
        let briefly = |lock| Prediction::new(Algorithm::InPlace, self.by_dialect(lock, Lock::Exclusive));
        if is(&["PARTITION BY", "REMOVE PARTITIONING"]) {
            return Some(self.copy().note("all rows move into other files"));
        }
        if is(&["ADD PARTITION"]) {
            let hashed = statement.find(clause.clone(), "VALUES").is_none();
            return Some(if hashed {
                Prediction::new(Algorithm::Rebuild, Lock::Shared).note("all rows are distributed anew")
            } else {
                briefly(Lock::None)
            });
        }
        if is(&["COALESCE PARTITION"]) {
            return Some(
                Prediction::new(Algorithm::Rebuild, Lock::Shared).note("all rows are distributed anew"),
            );
        }
        if is(&["DROP PARTITION"]) {
            return Some(briefly(Lock::None).note("the rows of the partition are gone at once"));
        }
        if is(&["TRUNCATE PARTITION"]) {
            return Some(
                Prediction::new(Algorithm::Instant, Lock::Exclusive)
                    .note("the rows of the partition are gone at once"),
            );
        }
        if is(&["EXCHANGE PARTITION"]) {
            let unchecked = statement.find(clause.clone(), "WITHOUT VALIDATION").is_some();
            return Some(
                Prediction::new(Algorithm::Instant, Lock::Exclusive)
                    .note_if(!unchecked, "every row of the table is checked meanwhile"),
            );
        }
        if is(&["REORGANIZE PARTITION", "REBUILD PARTITION"]) {
            return Some(rebuild(Lock::Shared));
        }
        if is(&["OPTIMIZE PARTITION"]) {
            return Some(self.copy().note("InnoDB rebuilds the whole table"));
        }
        if is(&["ANALYZE PARTITION", "CHECK PARTITION"]) {
            return Some(Prediction::new(Algorithm::Instant, Lock::None));
        }
        if is(&["REPAIR PARTITION"]) {
            return Some(Prediction::new(Algorithm::Instant, Lock::Exclusive));
        }
        if is(&[
            "DISCARD PARTITION",
            "IMPORT PARTITION",
            "DISCARD TABLESPACE",
            "IMPORT TABLESPACE",
            "CONVERT PARTITION",
            "CONVERT TABLE",
        ]) {
            let mut prediction = Prediction::unknown().note("it replaces files of the table");
            prediction.lock = Lock::Exclusive;
            return Some(prediction);
        }
        None
    }
}
