//! Rules that compare what is declared with what is rendered.

use super::*;
use crate::facts::{Image, Migration, Overlays, Schema, Workload};

fn source(name: &str, text: &str) -> Source {
    Source::new(name, text.into())
}

fn workload(environment: &str, name: &str, image: &str) -> Workload {
    Workload {
        environment: environment.into(),
        kind: "Deployment".into(),
        name: name.into(),
        namespace: environment.into(),
        labels: vec![("app.kubernetes.io/name".into(), name.into())],
        images: vec![Image {
            reference: image.into(),
            src: source("k.yaml", "newTag: 1"),
            span: (0, 6).into(),
        }],
        src: source("d.yaml", "kind: Deployment"),
        span: (0, 4).into(),
    }
}

fn schema(environment: &str, versions: &[&str]) -> Schema {
    let migration =
        |version: &&str| Migration { version: (*version).into(), script: format!("V{version}__step.sql") };
    Schema {
        environment: environment.into(),
        database: "db".into(),
        migrations: versions.iter().map(migration).collect(),
    }
}

/// What the platform's manifests would be.
pub(super) fn facts() -> Facts {
    let mut facts = Facts { rendered: vec!["dev".into(), "prod".into()], ..Facts::default() };
    for (environment, api) in [("dev", "2.4.0"), ("prod", "v2.3.2")] {
        facts.schemas.push(schema(environment, &["012", "2", "11"]));
        for (name, image) in [
            ("db", "db:8.4.6"),
            ("migrate", "infra:1"),
            ("web", "web"),
            ("api", &format!("registry:5000/api:{api}")),
        ] {
            facts.workloads.push(workload(environment, name, image));
        }
    }
    facts.overlays.push(Overlays {
        directory: "infra/api/k8s/overlays".into(),
        component: Some("api".into()),
        overlays: vec!["dev".into(), "prod".into()],
    });
    facts
}

#[track_caller]
fn check_facts(change: impl FnOnce(&mut Facts), expected: &[&str]) {
    let mut facts = facts();
    change(&mut facts);
    assert_eq!(messages(PLATFORM, COMPATIBILITY, Some(&facts)), expected);
}

#[test]
fn facts_that_agree_are_clean() {
    check_facts(|_| {}, &[]);
}

#[test]
fn schemas_below_above_and_unknown() {
    check_facts(
        |facts| facts.schemas[1] = schema("prod", &["011"]),
        &["compat/schema-unsatisfied: `api` needs the schema of `db` at >=012, but `prod` has 011"],
    );
    check_facts(
        |facts| drop(facts.schemas.remove(1)),
        &["compat/schema-unknown: `api` needs a schema of `db`, but `prod` has no migrations"],
    );
    check_facts(
        |facts| {
            facts.schemas.clear();
            facts.rendered.clear();
            facts.workloads.clear();
        },
        &[],
    );
    let help = |range: &str, prod: &[&str]| {
        let mut facts = facts();
        facts.schemas[1] = schema("prod", prod);
        let (_, report) = all_findings(&with(PLATFORM, "'>=012'", range), COMPATIBILITY, Some(&facts));
        miette::Diagnostic::help(&report.findings[0]).unwrap().to_string()
    };
    assert_eq!(
        help("'>=012'", &["011"]),
        "add `V012__step.sql` to the bundle there, or accept the older schema"
    );
    assert_eq!(help("'>=020'", &["011"]), "write the migration, or correct `schema`");
    let beyond = help("'>=011 <013'", &["012", "014", "013"]);
    assert_eq!(
        beyond,
        "`V013__step.sql` goes beyond it: deploy a version that accepts it first, then widen `schema`"
    );
}

#[test]
fn contracts_wait_for_the_last_user() {
    let step = "schema: [{database: db, steps: [{version: 012, phase: contract, drops: [t.c], needs: [{component: api, version: '>=2.4'}]}]}]\n";
    let text = format!("{COMPATIBILITY}{step}");
    let told =
        "compat/schema-contract-too-early: the migration 012 of `db` is in `prod`, where `api` 2.3.2 is live";
    assert_eq!(messages(PLATFORM, &text, Some(&facts())), [told]);
    assert_eq!(messages(PLATFORM, &text.replace("version: 012", "version: 013"), Some(&facts())), [""; 0]);
    assert_eq!(messages(PLATFORM, &text.replace("contract", "expand"), Some(&facts())), [""; 0]);
}

#[test]
fn images_are_what_is_declared() {
    let set =
        |image: &'static str| move |facts: &mut Facts| facts.workloads[3].images[0].reference = image.into();
    let told = |image: &str| {
        format!(
            "compat/image-mismatch: Deployment `api` runs `{image}` in `dev`, but platform.yaml declares `api` 2.4.0"
        )
    };
    for image in [
        "registry:5000/api:2.4.1",
        "registry:5000/api",
        "registry:5000/api:latest",
        "registry:5000/api:2.4.0-rc.1",
        "other/api:2.4.0",
        "registry:5000/api@sha256:bb",
    ] {
        check_facts(set(image), &[&told(image)]);
    }
    let digest = |facts: &mut Facts| facts.workloads[0].images[0].reference = "db@sha256:aa".into();
    check_facts(
        digest,
        &[
            "compat/image-mismatch: Deployment `db` runs `db@sha256:aa` in `dev`, but platform.yaml declares `db` 8.4.6",
        ],
    );
    let mut matching = facts();
    digest(&mut matching);
    let known = COMPATIBILITY.replace("{version: 8.4.6}", "{version: 8.4.6, digests: ['sha256:aa']}");
    assert_eq!(messages(PLATFORM, &known, Some(&matching)), [""; 0]);
    // An init container's image belongs to the component that declares it.
    let borrowed = |facts: &mut Facts| {
        let mut image = facts.workloads[3].images[0].clone();
        image.reference = "db:8.0.1".into();
        facts.workloads[3].images.push(image);
    };
    check_facts(
        borrowed,
        &[
            "compat/image-mismatch: Deployment `api` runs `db:8.0.1` in `dev`, but platform.yaml declares `db` 8.4.6",
        ],
    );
}

#[test]
fn workloads_are_there_and_belong_to_one() {
    check_facts(
        |facts| drop(facts.workloads.remove(3)),
        &["compat/no-workload: no rendered workload belongs to `api` in `dev`"],
    );
    check_facts(
        |facts| facts.workloads[3].namespace = "elsewhere".into(),
        &["compat/no-workload: no rendered workload belongs to `api` in `dev`"],
    );
    let both = PLATFORM.replace("    image: db\n", "    image: db\n    workload: {selector: {tier: data}}\n");
    let mut facts = facts();
    for workload in &mut facts.workloads {
        workload.labels.push((
            "tier".into(),
            if ["db", "migrate"].contains(&&*workload.name) { "data" } else { "app" }.into(),
        ));
    }
    facts.workloads.retain(|workload| workload.environment == "dev" || workload.name != "db");
    assert_eq!(
        messages(&both, COMPATIBILITY, Some(&facts))
            .iter()
            .filter(|message| message.starts_with("compat/workload-overlap: Deployment `migrate`"))
            .count(),
        2
    );
    for exempt in
        ["    managed: {environments: [prod], cidrs: [10.0.0.0/28]}\n", "    workload: {rendered: false}\n"]
    {
        let mut facts = self::facts();
        facts.workloads.retain(|workload| workload.environment == "dev" || workload.name != "api");
        assert_eq!(
            messages(
                &PLATFORM.replace("    image: registry:5000/api\n", exempt),
                COMPATIBILITY,
                Some(&facts)
            ),
            [""; 0]
        );
    }
}

#[test]
fn overlays_and_environments_name_the_same_set() {
    check_facts(
        |facts| drop(facts.overlays[0].overlays.pop()),
        &["compat/overlay-missing: infra/api/k8s/overlays has no overlay `prod` for the environment `prod`"],
    );
    check_facts(
        |facts| facts.overlays[0].overlays.push("prdo".into()),
        &["compat/unknown-overlay: infra/api/k8s/overlays has an overlay `prdo` that no environment uses"],
    );
}
