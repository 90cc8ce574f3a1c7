//! What a change of a column can lose. The rules are those of Skeema's `allow-unsafe`.

use crate::ast::DataType;
use crate::catalogue::Column;
use crate::dialect::bytes_per_character;

/// Why a column's new type may not hold what the old one holds.
pub(super) fn of_change(from: &Column, to: &Column) -> Option<String> {
    let name = &from.name;
    if from.generated.as_ref().is_some_and(|generated| !generated.stored) {
        return None;
    }
    if from.generated.is_none() && to.generated.is_some() {
        return Some(format!("the values of column `{name}`, which becomes a generated one"));
    }
    narrows(&from.data_type, &to.data_type).map(|why| format!("values of column `{name}`: {why}"))
}

fn narrows(from: &DataType, to: &DataType) -> Option<String> {
    if let (Some(old), Some(new)) = (&from.charset, &to.charset)
        && old != new
        && !(old == "utf8mb3" && new == "utf8mb4" || old == "ascii")
    {
        return Some(format!("characters that {new} does not have"));
    }
    if let (Some(old), Some(new)) = (size(from), size(to)) {
        return (new < old).then(|| "the new type is shorter".to_owned());
    }
    if let (Some(old), Some(new)) = (integer(from.name), integer(to.name)) {
        let shrinks = new < old || (new == old && from.unsigned != to.unsigned);
        let signs = to.unsigned && !from.unsigned || (from.unsigned && !to.unsigned && new <= old);
        return (shrinks || signs).then(|| "the new type has a smaller range".to_owned());
    }
    if from.name != to.name {
        let wider = matches!((from.name, to.name), ("float", "double") | ("date", "datetime"));
        return (!wider).then(|| format!("{} does not become {} without change", from.name, to.name));
    }
    match from.name {
        "enum" | "set" => (!to.members.starts_with(&from.members))
            .then(|| "members are gone or have another number".to_owned()),
        "decimal" => {
            let digits = |of: &DataType| {
                let precision = of.numbers.first().copied().unwrap_or(10);
                let scale = of.numbers.get(1).copied().unwrap_or(0);
                (precision.saturating_sub(scale), scale)
            };
            let ((old, old_scale), (new, new_scale)) = (digits(from), digits(to));
            (new < old || new_scale < old_scale || (to.unsigned && !from.unsigned))
                .then(|| "the new type has fewer digits".to_owned())
        }
        "bit" | "time" | "datetime" | "timestamp" => {
            let digits = |of: &DataType| of.numbers.first().copied().unwrap_or(0);
            (digits(to) < digits(from)).then(|| "the new type has fewer digits".to_owned())
        }
        _ => None,
    }
}

/// The most bytes that a type of text or bytes holds.
fn size(of: &DataType) -> Option<u64> {
    let length = || u64::from(of.numbers.first().copied().unwrap_or(1));
    let per_character = of.charset.as_deref().map_or(1, bytes_per_character);
    Some(match of.name {
        "char" | "varchar" => length() * per_character,
        "binary" | "varbinary" => length(),
        "tinytext" | "tinyblob" => 255,
        "text" | "blob" => 65_535,
        "mediumtext" | "mediumblob" => 16_777_215,
        "longtext" | "longblob" => 4_294_967_295,
        _ => return None,
    })
}

fn integer(name: &str) -> Option<u8> {
    ["tinyint", "smallint", "mediumint", "int", "bigint"]
        .iter()
        .zip(0..)
        .find(|(own, _)| **own == name)
        .map(|(_, rank)| rank)
}
