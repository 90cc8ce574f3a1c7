//! Every option of Flyway: what it is called, what it means here, and why one is refused or passed over.

use Effect::{Idle, Refused, Used};
use Key as K;
use Kind::{Flag, List, Number, Text};
use Scope::{CommandLine, Connection, General};

/// An option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "Flyway's names, explained by its own documentation and by `OPTIONS`")]
pub enum Key {
    Url,
    User,
    Password,
    Schemas,
    ConnectRetries,
    ConnectRetriesInterval,
    InitSql,
    Driver,
    DisplayName,
    Provisioner,
    Environment,
    DefaultSchema,
    Table,
    Tablespace,
    Locations,
    CallbackLocations,
    FailOnMissingLocations,
    Encoding,
    DetectEncoding,
    SqlMigrationPrefix,
    RepeatableSqlMigrationPrefix,
    BaselineMigrationPrefix,
    UndoSqlMigrationPrefix,
    SqlMigrationSeparator,
    SqlMigrationSuffixes,
    ValidateMigrationNaming,
    PlaceholderReplacement,
    PlaceholderPrefix,
    PlaceholderSuffix,
    PlaceholderSeparator,
    Target,
    FailOnMissingTarget,
    CherryPick,
    OutOfOrder,
    Mixed,
    Group,
    ExecuteInTransaction,
    SkipExecutingMigrations,
    SkipDefaultCallbacks,
    OutputQueryResults,
    InstalledBy,
    ValidateOnMigrate,
    IgnoreMigrationPatterns,
    BaselineOnMigrate,
    BaselineVersion,
    BaselineDescription,
    CleanDisabled,
    CreateSchemas,
    LockRetryCount,
    Batch,
    Stream,
    JarDirs,
    Loggers,
    LicenseKey,
    Email,
    Token,
    KerberosConfigFile,
    CommunityDbSupportEnabled,
    PowershellExecutable,
    ScriptPlaceholderPrefix,
    ScriptPlaceholderSuffix,
    OutputProgress,
    ReportFilename,
    Configurations,
    ReportEnabled,
    PublishResult,
    OutputLogsInJson,
    Callbacks,
    Resolvers,
    MigrationResolvers,
    SkipDefaultResolvers,
    ErrorOverrides,
    DryRunOutput,
    CleanOnValidationError,
    ProvisionMode,
    PropertyResolvers,
    OutputType,
    Color,
    OutputFile,
    WorkingDirectory,
    ConfigFiles,
    ConfigFileEncoding,
    InfoSinceDate,
    InfoUntilDate,
    InfoSinceVersion,
    InfoUntilVersion,
    InfoOfState,
}

/// What values an option has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A count.
    Number,
    /// Several texts, separated by commas outside TOML.
    List,
}

/// Where an option may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere; in TOML below `[flyway]`.
    General,
    /// Everywhere; in TOML below `[environments.NAME]`.
    Connection,
    /// Only among the arguments.
    CommandLine,
}

/// What an option does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// What it does in Flyway.
    Used,
    /// Nothing, since it changes nothing that is executed.
    Idle(&'static str),
    /// Any value but the default is an error: what it asks for cannot be had, and to go on without would do something else.
    Refused(&'static str),
}

/// What is known of an option.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// Which one it is.
    pub key: Key,
    /// Its name without `flyway.`.
    pub name: &'static str,
    /// What values it has.
    pub kind: Kind,
    /// Its value when nothing sets it; lists with commas.
    pub default: &'static str,
    /// Where it may stand.
    pub scope: Scope,
    /// What it does here.
    pub effect: Effect,
}

const fn described(
    key: Key,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    scope: Scope,
    effect: Effect,
) -> Described {
    Described { key, name, kind, default, scope, effect }
}

const JAVA: &str = "Java classes cannot be loaded; write it in SQL";

/// The table, in the order of [`Key`].
#[rustfmt::skip]
pub const OPTIONS: [Described; 87] = [
    described(K::Url, "url", Text, "", Connection, Used),
    described(K::User, "user", Text, "", Connection, Used),
    described(K::Password, "password", Text, "", Connection, Used),
    described(K::Schemas, "schemas", List, "", Connection, Used),
    described(K::ConnectRetries, "connectRetries", Number, "0", Connection, Used),
    described(K::ConnectRetriesInterval, "connectRetriesInterval", Number, "120", Connection, Used),
    described(K::InitSql, "initSql", Text, "", Connection, Used),
    described(K::Driver, "driver", Text, "", Connection, Idle("no driver is loaded")),
    described(K::DisplayName, "displayName", Text, "", Connection, Idle("it is for a graphical interface")),
    described(K::Provisioner, "provisioner", Text, "", Connection, Refused("databases are not provisioned; make them before")),
    described(K::Environment, "environment", Text, "default", General, Used),
    described(K::DefaultSchema, "defaultSchema", Text, "", General, Used),
    described(K::Table, "table", Text, "flyway_schema_history", General, Used),
    described(K::Tablespace, "tablespace", Text, "", General, Used),
    described(K::Locations, "locations", List, "", General, Used),
    described(K::CallbackLocations, "callbackLocations", List, "", General, Used),
    described(K::FailOnMissingLocations, "failOnMissingLocations", Flag, "false", General, Used),
    described(K::Encoding, "encoding", Text, "UTF-8", General, Used),
    described(K::DetectEncoding, "detectEncoding", Flag, "false", General, Used),
    described(K::SqlMigrationPrefix, "sqlMigrationPrefix", Text, "V", General, Used),
    described(K::RepeatableSqlMigrationPrefix, "repeatableSqlMigrationPrefix", Text, "R", General, Used),
    described(K::BaselineMigrationPrefix, "baselineMigrationPrefix", Text, "B", General, Used),
    described(K::UndoSqlMigrationPrefix, "undoSqlMigrationPrefix", Text, "U", General, Used),
    described(K::SqlMigrationSeparator, "sqlMigrationSeparator", Text, "__", General, Used),
    described(K::SqlMigrationSuffixes, "sqlMigrationSuffixes", List, ".sql", General, Used),
    described(K::ValidateMigrationNaming, "validateMigrationNaming", Flag, "false", General, Used),
    described(K::PlaceholderReplacement, "placeholderReplacement", Flag, "true", General, Used),
    described(K::PlaceholderPrefix, "placeholderPrefix", Text, "${", General, Used),
    described(K::PlaceholderSuffix, "placeholderSuffix", Text, "}", General, Used),
    described(K::PlaceholderSeparator, "placeholderSeparator", Text, ":", General, Used),
    described(K::Target, "target", Text, "latest", General, Used),
    described(K::FailOnMissingTarget, "failOnMissingTarget", Flag, "false", General, Idle("the `?` after a target says the same, and Flyway obeys that")),
    described(K::CherryPick, "cherryPick", List, "", General, Used),
    described(K::OutOfOrder, "outOfOrder", Flag, "false", General, Used),
    described(K::Mixed, "mixed", Flag, "false", General, Idle("on MySQL and MariaDB Flyway does not mind it either")),
    described(K::Group, "group", Flag, "false", General, Idle("the lock is held for the whole run, and a migration that took place is recorded, whatever becomes of the next one")),
    described(K::ExecuteInTransaction, "executeInTransaction", Flag, "true", General, Used),
    described(K::SkipExecutingMigrations, "skipExecutingMigrations", Flag, "false", General, Used),
    described(K::SkipDefaultCallbacks, "skipDefaultCallbacks", Flag, "false", General, Used),
    described(K::OutputQueryResults, "outputQueryResults", Flag, "true", General, Used),
    described(K::InstalledBy, "installedBy", Text, "", General, Used),
    described(K::ValidateOnMigrate, "validateOnMigrate", Flag, "true", General, Used),
    described(K::IgnoreMigrationPatterns, "ignoreMigrationPatterns", List, "*:future", General, Used),
    described(K::BaselineOnMigrate, "baselineOnMigrate", Flag, "false", General, Used),
    described(K::BaselineVersion, "baselineVersion", Text, "1", General, Used),
    described(K::BaselineDescription, "baselineDescription", Text, "<< Flyway Baseline >>", General, Used),
    described(K::CleanDisabled, "cleanDisabled", Flag, "true", General, Used),
    described(K::CreateSchemas, "createSchemas", Flag, "true", General, Used),
    described(K::LockRetryCount, "lockRetryCount", Number, "50", General, Idle("Flyway itself does not count retries on MySQL and MariaDB")),
    described(K::Batch, "batch", Flag, "false", General, Idle("it changes how statements travel, not which")),
    described(K::Stream, "stream", Flag, "false", General, Idle("it changes how much memory Flyway takes")),
    described(K::JarDirs, "jarDirs", List, "", General, Idle("no Java classes are loaded")),
    described(K::Loggers, "loggers", List, "auto", General, Idle("there is one logger")),
    described(K::LicenseKey, "licenseKey", Text, "", General, Idle("nothing here needs a licence")),
    described(K::Email, "email", Text, "", General, Idle("nothing here needs a licence")),
    described(K::Token, "token", Text, "", General, Idle("nothing here needs a licence")),
    described(K::KerberosConfigFile, "kerberosConfigFile", Text, "", General, Idle("Flyway uses it with Oracle alone")),
    described(K::CommunityDbSupportEnabled, "communityDBSupportEnabled", Flag, "true", General, Idle("MySQL and MariaDB are not community databases")),
    described(K::PowershellExecutable, "powershellExecutable", Text, "", General, Idle("migrations that are programs are refused where they are found")),
    described(K::ScriptPlaceholderPrefix, "scriptPlaceholderPrefix", Text, "FP__", General, Idle("migrations that are programs are refused where they are found")),
    described(K::ScriptPlaceholderSuffix, "scriptPlaceholderSuffix", Text, "__", General, Idle("migrations that are programs are refused where they are found")),
    described(K::OutputProgress, "outputProgress", Flag, "false", General, Idle("progress is shown anyway")),
    described(K::ReportFilename, "reportFilename", Text, "report", General, Idle("reportEnabled decides whether there is a report")),
    described(K::Configurations, "configurations", Text, "", General, Idle("it is for Gradle")),
    described(K::ReportEnabled, "reportEnabled", Flag, "false", General, Refused("no HTML report is written; `-outputType=json` has the same facts")),
    described(K::PublishResult, "publishResult", Flag, "false", General, Refused("results are not published; `-outputType=json` has the same facts")),
    described(K::OutputLogsInJson, "outputLogsInJson", Flag, "false", General, Refused("log lines are text; `-outputType=json` gives the result as JSON")),
    described(K::Callbacks, "callbacks", List, "", General, Refused(JAVA)),
    described(K::Resolvers, "resolvers", List, "", General, Refused(JAVA)),
    described(K::MigrationResolvers, "migrationResolvers", List, "", General, Refused(JAVA)),
    described(K::SkipDefaultResolvers, "skipDefaultResolvers", Flag, "false", General, Refused("without the default resolvers there are no SQL migrations")),
    described(K::ErrorOverrides, "errorOverrides", List, "", General, Refused("an error of the server stays an error; open Flyway accepts this option and ignores it")),
    described(K::DryRunOutput, "dryRunOutput", Text, "", General, Refused("open Flyway accepts this option and migrates all the same; leave it out or run `infra migrate info` to see what is pending")),
    described(K::CleanOnValidationError, "cleanOnValidationError", Flag, "false", General, Refused("a failed validation never drops a schema; Flyway has removed this option, too")),
    described(K::ProvisionMode, "provisionMode", Text, "provision", General, Refused("databases are not provisioned; make them before")),
    described(K::PropertyResolvers, "propertyResolvers", Text, "", General, Refused("values come from `${env.NAME}` or stand in the file")),
    described(K::OutputType, "outputType", Text, "", General, Used),
    described(K::Color, "color", Text, "auto", General, Used),
    described(K::OutputFile, "outputFile", Text, "", CommandLine, Used),
    described(K::WorkingDirectory, "workingDirectory", Text, "", CommandLine, Used),
    described(K::ConfigFiles, "configFiles", List, "", CommandLine, Used),
    described(K::ConfigFileEncoding, "configFileEncoding", Text, "UTF-8", CommandLine, Used),
    described(K::InfoSinceDate, "infoSinceDate", Text, "", CommandLine, Used),
    described(K::InfoUntilDate, "infoUntilDate", Text, "", CommandLine, Used),
    described(K::InfoSinceVersion, "infoSinceVersion", Text, "", CommandLine, Used),
    described(K::InfoUntilVersion, "infoUntilVersion", Text, "", CommandLine, Used),
    described(K::InfoOfState, "infoOfState", List, "", CommandLine, Used),
];

/// Beginnings of names that belong to other databases, other commands or other programs of the vendor: they change nothing
/// that is executed here.
pub const FOREIGN: [&str; 24] = [
    "add.",
    "check.",
    "clickhouse.",
    "dapr.",
    "deploy.",
    "diff.",
    "diffText.",
    "gcsm.",
    "generate.",
    "googlesecretmanager.",
    "init.",
    "model.",
    "mongodb.",
    "oracle.",
    "postgresql.",
    "prepare.",
    "redgateCompare.",
    "resolvers.",
    "snapshot.",
    "snowflake.",
    "sqlfluff.",
    "sqlserver.",
    "vault.",
    "flywayDesktop.",
];

impl Key {
    /// What is known of it.
    pub fn described(self) -> &'static Described {
        &OPTIONS[self as usize]
    }

    /// Its name without `flyway.`.
    pub fn name(self) -> &'static str {
        self.described().name
    }

    /// The option with this name.
    pub fn named(name: &str) -> Option<Self> {
        OPTIONS.iter().find(|option| option.name == name).map(|option| option.key)
    }

    /// The environment variable that sets it.
    pub fn variable(self) -> String {
        match self {
            Self::DryRunOutput => "FLYWAY_DRYRUN_OUTPUT".to_owned(),
            Self::CommunityDbSupportEnabled => "FLYWAY_COMMUNITY_DB_SUPPORT_ENABLED".to_owned(),
            _ => {
                let mut variable = "FLYWAY_".to_owned();
                for letter in self.name().chars() {
                    if letter.is_ascii_uppercase() {
                        variable.push('_');
                    }
                    variable.push(letter.to_ascii_uppercase());
                }
                variable
            }
        }
    }

    /// Whether an empty value is a value; for other options it is as if nothing were set.
    pub(super) fn may_be_empty(self) -> bool {
        matches!(
            self,
            Self::Password
                | Self::IgnoreMigrationPatterns
                | Self::SqlMigrationPrefix
                | Self::RepeatableSqlMigrationPrefix
                | Self::BaselineMigrationPrefix
                | Self::UndoSqlMigrationPrefix
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_keys() {
        for (at, option) in OPTIONS.iter().enumerate() {
            assert_eq!(option.key as usize, at, "{}", option.name);
            assert_eq!(Key::named(option.name), Some(option.key));
        }
    }

    #[test]
    fn variables_have_flyways_names() {
        for (key, variable) in [
            (Key::Url, "FLYWAY_URL"),
            (Key::DefaultSchema, "FLYWAY_DEFAULT_SCHEMA"),
            (Key::RepeatableSqlMigrationPrefix, "FLYWAY_REPEATABLE_SQL_MIGRATION_PREFIX"),
            (Key::DryRunOutput, "FLYWAY_DRYRUN_OUTPUT"),
            (Key::ConfigFileEncoding, "FLYWAY_CONFIG_FILE_ENCODING"),
        ] {
            assert_eq!(key.variable(), variable);
        }
    }

    #[test]
    fn defaults_are_values_of_their_kind() {
        for option in OPTIONS {
            match option.kind {
                Kind::Flag => assert!(option.default.parse::<bool>().is_ok(), "{}", option.name),
                Kind::Number => assert!(option.default.parse::<u32>().is_ok(), "{}", option.name),
                Kind::Text | Kind::List => {}
            }
        }
    }
}
