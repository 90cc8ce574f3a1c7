//! Applies a directory of migrations: `apply DIRECTORY mysql://user@host/database`, the password in `MYSQL_PASSWORD`.

use miette::IntoDiagnostic as _;
use migrate_core::apply::{ApplyOptions, apply};
use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use migrate_core::plan::PlanOptions;
use migrate_core::resolve::ResolveOptions;
use migrate_core::{Error, fs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> miette::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err(miette::miette!("usage: apply DIRECTORY URL"));
    };
    let (migrations, findings) =
        fs::load(&[directory.parse().into_diagnostic()?], None, &ResolveOptions::default())?;
    if findings.iter().any(migrate_core::Finding::is_error) {
        return Err(Error::Invalid { findings }.into());
    }
    let mut connection = ConnectOptions::parse(&url)?;
    connection.password = std::env::var("MYSQL_PASSWORD").ok().map(Into::into).or(connection.password);
    let mut database = MySqlDatabase::open(&connection, None).await?;
    let options = ApplyOptions { plan: PlanOptions::validated(), ..ApplyOptions::default() };
    let report = apply(&mut database, &migrations, &options, &mut ()).await?;
    #[expect(clippy::print_stdout, reason = "this is the program")]
    {
        println!(
            "{} applied, now at version {}",
            report.applied.len(),
            report.version.as_deref().unwrap_or("none")
        );
    }
    Ok(database.close().await?)
}
