//! A service that brings its migrations along, beside the binary that reads them.

use infra_tests::servers::PASSWORD;
use migrate_core::apply::{ApplyOptions, apply};
use migrate_core::embed;
use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use migrate_core::resolve::resolve;

use crate::harness::{infra, migrations, on_each_engine};

const EMBEDDED: [(&str, &str); 2] = [
    ("V1__orders.sql", "CREATE TABLE orders (id INT);\r\n"),
    ("R__all.sql", "CREATE VIEW a AS SELECT 1 AS b;\n"),
];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_service_and_the_binary_agree_about_one_history() {
    on_each_engine(|engine| {
        let database = engine.database();
        let files = embed::files(&EMBEDDED.map(|(name, content)| (name, content.as_bytes())));
        let (embedded, findings) = resolve(files);
        assert!(findings.is_empty(), "{findings:?}");
        let mut options = ConnectOptions::parse(&database.url()).expect("the URL of a test is one");
        options.password = Some(PASSWORD.into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let report = runtime.expect("a runtime can be made").block_on(async {
            let mut service = MySqlDatabase::open(&options, None).await?;
            let report = apply(&mut service, &embedded, &ApplyOptions::default(), &mut ()).await?;
            service.close().await.map(|()| report)
        });
        assert_eq!(report.expect("the server applies both").applied.len(), 2);
        let sandbox = migrations(&EMBEDDED);
        let validate = ["migrate", "validate", "--locations", "migrations"];
        let said = infra(&sandbox).on(&database).run(&validate).exits(0).stdout;
        assert!(said.contains("2 migrations"), "{said}");
    });
}
