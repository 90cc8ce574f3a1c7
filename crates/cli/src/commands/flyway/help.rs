//! `help` and `version`.

use migrate_core::flyway::option::{Effect, OPTIONS};
use serde_json::{Value, json};

use super::FLYWAY_VERSION;
use super::log::Log;

const USAGE: &str = "\
Usage
    infra flyway [options] [command]...

Commands
    migrate    Applies pending migrations
    info       Shows every migration with its state
    validate   Compares the applied migrations with the files
    repair     Repairs the schema history table
    baseline   Takes everything up to baselineVersion for applied, in a database without history
    clean      Drops everything in the schema, unless cleanDisabled
    version    Prints the version
    help       Prints this

Flags
    -X             More detail
    -q             Only warnings and errors
    -migrationIds  info prints nothing but the versions
    -v, --version  The version
    -h, -?, --help This

Options (-key=value; also flyway.toml, flyway.conf and FLYWAY_KEY)
";

/// The whole help.
pub(super) fn usage() -> String {
    let mut usage = USAGE.to_owned();
    for option in OPTIONS.iter().filter(|option| option.effect == Effect::Used) {
        let default = match option.default {
            "" => String::new(),
            default => format!(" [default: {default}]"),
        };
        usage.push_str(&format!("    {}{default}\n", option.name));
    }
    usage.push_str("    placeholders.NAME\n    environments.NAME.KEY\n    jdbcProperties.NAME\n\n");
    usage.push_str("Example\n    infra flyway -url=jdbc:mysql://db:3306/shop -user=shop -locations=filesystem:sql info migrate\n");
    usage
}

/// Prints the version.
pub(super) fn version(log: &Log<'_>) -> Value {
    let own = env!("CARGO_PKG_VERSION");
    log.info(&format!("infra {own}, with the command line of Flyway {FLYWAY_VERSION}"));
    json!({ "operation": "version", "version": FLYWAY_VERSION, "infraVersion": own })
}
