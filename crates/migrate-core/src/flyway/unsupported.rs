//! Options that the engine does not obey yet. A line goes when its part of the engine comes.

use super::option::{Key, Kind};
use super::problem::Problem;
use super::settings::Settings;

/// What only the default of can be had so far.
const MISSING: [Key; 13] = [
    Key::CallbackLocations,
    Key::CherryPick,
    Key::ConnectRetries,
    Key::DefaultSchema,
    Key::DetectEncoding,
    Key::Encoding,
    Key::ExecuteInTransaction,
    Key::Group,
    Key::InitSql,
    Key::Mixed,
    Key::PlaceholderSeparator,
    Key::Schemas,
    Key::Tablespace,
];

/// A problem for each option whose value would not be obeyed.
pub fn unsupported(settings: &Settings) -> Vec<Problem> {
    let obeyed = |key: Key| match (key, key.described().kind) {
        (Key::Encoding, _) => ["utf-8", "utf8"].contains(&settings.text(key).to_ascii_lowercase().as_str()),
        (_, Kind::List) => settings.list(key).is_empty(),
        _ => settings.text(key).trim() == key.described().default,
    };
    MISSING
        .into_iter()
        .filter(|key| !obeyed(*key))
        .filter_map(|key| {
            let place = settings.place(key)?;
            let message = format!("`{}` is not supported yet, given by {place}", key.name());
            let help = "leave it out, or give it its default";
            Some(Problem::new("flyway/not-supported", message, help).at(place))
        })
        .collect()
}
