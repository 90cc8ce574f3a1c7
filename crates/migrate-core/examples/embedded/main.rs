//! A service that brings its database up to date before it opens its pool: `DATABASE_URL=mysql://user:password@host/database embedded`.

use miette::IntoDiagnostic as _;
use migrate_core::apply::{ApplyOptions, apply};
use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use migrate_core::plan::PlanOptions;
use migrate_core::{Error, Finding, embed, resolve::resolve};

// For a whole directory, `embed::generate` writes this from a build script.
const MIGRATIONS: &[(&str, &[u8])] = &[("V1__orders.sql", include_bytes!("migrations/V1__orders.sql"))];

#[tokio::main(flavor = "current_thread")]
async fn main() -> miette::Result<()> {
    let url = std::env::var("DATABASE_URL").into_diagnostic()?;
    migrate(&url).await?;
    let pool = mysql_async::Pool::new(url.as_str());
    pool.disconnect().await.into_diagnostic()
}

async fn migrate(url: &str) -> Result<(), Error> {
    let (migrations, findings) = resolve(embed::files(MIGRATIONS));
    if findings.iter().any(Finding::is_error) {
        return Err(Error::Invalid { findings });
    }
    let mut database = MySqlDatabase::open(&ConnectOptions::parse(url)?, None).await?;
    let options = ApplyOptions { plan: PlanOptions::validated(), ..ApplyOptions::default() };
    apply(&mut database, &migrations, &options, &mut ()).await?;
    database.close().await
}
