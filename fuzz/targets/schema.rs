//! What the catalogue prints of a schema is read again, and gives the same schema.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use miette::{Diagnostic, Severity};
use schema_baseline::Finding;
use schema_baseline::ast::ObjectKind;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::dialect::{Dialect, Vendor};
use schema_baseline::live::{Live, Shown};
use schema_baseline::parse::parse;
use schema_baseline::place::Source;
use schema_baseline::show::show_create;

const ACCOUNT: &str = "`root`@`localhost`";

/// The schema that the accepted statements of a text make, as on a server, which does nothing of what it refuses.
fn replayed(text: &str, dialect: Dialect) -> Catalogue {
    let source = Arc::new(Source::new("fuzz.sql", text.into()));
    let (statements, findings) = parse(&source, dialect);
    places(&findings);
    let mut catalogue = Catalogue::new(dialect);
    for statement in &statements {
        let (before, mut findings) = (catalogue.clone(), Vec::new());
        catalogue.apply(statement, &source, &mut findings);
        places(&findings);
        if findings.iter().any(|finding| finding.severity().is_none_or(|is| is == Severity::Error)) {
            catalogue = before;
        }
    }
    catalogue
}

fn places(findings: &[Finding]) {
    for finding in findings {
        for label in finding.labels().into_iter().flatten() {
            let source = finding.source_code().expect("what has a label has a file");
            assert!(source.read_span(label.inner(), 0, 0).is_ok(), "{finding}: {label:?}");
        }
    }
}

/// Every definition that is known, in an order in which it can be created.
fn printed(catalogue: &Catalogue) -> Vec<Shown> {
    let mut objects = catalogue.objects();
    objects.sort_by_key(|(kind, name)| {
        let order = catalogue.triggers().get(name).filter(|_| *kind == ObjectKind::Trigger);
        (*kind, order.map_or(0, |trigger| trigger.order))
    });
    let shown = |(kind, name): (ObjectKind, String)| {
        let definition = show_create(catalogue, kind, &name, ACCOUNT)?;
        let trigger = catalogue.triggers().get(&name).filter(|_| kind == ObjectKind::Trigger);
        let table = trigger.map(|trigger| trigger.table.clone());
        Some(Shown { kind, name, table, definition: Ok(definition), sql_mode: None })
    };
    objects.into_iter().filter_map(shown).collect()
}

fuzz_target!(|text: &str| {
    for (vendor, version) in [(Vendor::MySql, 90_700), (Vendor::MariaDb, 110_800)] {
        let catalogue = replayed(text, Dialect { vendor, version });
        let once = printed(&catalogue);
        let live = Live::of(catalogue.emptied(), &once);
        assert!(live.not_read.is_empty(), "{:?}\n{once:?}", live.not_read);
        let twice = printed(&live.catalogue);
        let texts = |shown: &[Shown]| -> Vec<String> {
            shown.iter().filter_map(|one| one.definition.clone().ok()).collect()
        };
        assert_eq!(texts(&once), texts(&twice));
    }
});
