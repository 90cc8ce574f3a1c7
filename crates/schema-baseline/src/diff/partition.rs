//! Changes of partitions: the cheapest statement that does it.

use super::print::{Printer, list};
use crate::ast::{PartitionBy, PartitionDef};
use crate::catalogue::{Partitioning, Table};

/// What `ALTER TABLE` is told, and which partitions go with their rows; none when nothing changes.
pub(super) fn change(from: &Table, to: &Table, printer: Printer<'_>) -> Option<(String, Vec<String>)> {
    if from.partitioning == to.partitioning {
        return None;
    }
    let Some(whole) = printer.partitions() else {
        return Some(("REMOVE PARTITIONING".to_owned(), Vec::new()));
    };
    let (Some(old), Some(new)) = (&from.partitions, &to.partitions) else {
        return Some((whole, Vec::new()));
    };
    if from.partitioning == Partitioning::None
        || old.sub.is_some()
        || new.sub.is_some()
        || old.method != new.method
    {
        return Some((whole, Vec::new()));
    }
    Some(step(old, new).unwrap_or((whole, Vec::new())))
}

fn step(old: &PartitionBy, new: &PartitionBy) -> Option<(String, Vec<String>)> {
    if old.partitions.is_empty() && new.partitions.is_empty() {
        let (old, new) = (old.count.unwrap_or(1), new.count.unwrap_or(1));
        return Some(match new.checked_sub(old) {
            Some(more) => (format!("ADD PARTITION PARTITIONS {more}"), Vec::new()),
            None => (format!("COALESCE PARTITION {}", old - new), Vec::new()),
        });
    }
    let same =
        |a: &PartitionDef, b: &PartitionDef| a.name.eq_ignore_ascii_case(&b.name) && a.values == b.values;
    let pairs = old.partitions.iter().zip(&new.partitions);
    let head = pairs.take_while(|(a, b)| same(a, b)).count();
    let (old, new) = (&old.partitions[head..], &new.partitions[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| same(a, b)).count();
    let (gone, come) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let names = |of: &[PartitionDef]| of.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let defs = |of: &[PartitionDef]| of.iter().map(PartitionDef::to_sql).collect::<Vec<_>>().join(", ");
    Some(match (gone.is_empty(), come.is_empty()) {
        (true, true) => return None,
        (true, false) if tail == 0 => (format!("ADD PARTITION ({})", defs(come)), Vec::new()),
        // Rows of the next partition may belong to the new ones.
        (true, false) => {
            let next = &old[..1];
            (
                format!("REORGANIZE PARTITION {} INTO ({})", list(&names(next)), defs(&new[..=come.len()])),
                Vec::new(),
            )
        }
        (false, true) => (format!("DROP PARTITION {}", list(&names(gone))), names(gone)),
        (false, false) => {
            (format!("REORGANIZE PARTITION {} INTO ({})", list(&names(gone)), defs(come)), Vec::new())
        }
    })
}
