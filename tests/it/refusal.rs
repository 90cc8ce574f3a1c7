//! Bad input: each case breaks one thing in a copy of the reference tree, and `infra check` must name the file, the place, what is wrong and
//! what to do.

use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::{MIGRATIONS, findings, infra};

/// One way to break the tree.
struct Case {
    what: &'static str,
    edit: fn(&Sandbox) -> &Sandbox,
    /// The exit code.
    code: i32,
    rule: &'static str,
    /// The end of the path that the finding names; empty when it names none.
    file: &'static str,
    place: Place,
}

/// Where a finding must point.
enum Place {
    /// At the first occurrence of a text in the edited file.
    Text(&'static str),
    /// At a line and column.
    At(u64, u64),
    /// Somewhere in the file.
    Somewhere,
    /// A path alone: there is no file to point into.
    Nowhere,
}
use Place::{At, Nowhere, Somewhere, Text};

const BACKFILL: &str = "infra/mysql/migrations/V006__backfill_product_slug.sql";
const REVIEWS: &str = "infra/mysql/migrations/V022__product_reviews.sql";
const COUPONS: &str = "infra/mysql/schema/tables/coupons.sql";
const RATINGS: &str = "infra/mysql/schema/views/product_ratings.sql";
const BASELINE: &str = "infra/mysql/schema/baseline.sql";
const PLATFORM: &str = "platform/platform.yaml";
const COMPATIBILITY: &str = "platform/compatibility.yaml";
const NETWORK: &str = "infra/shared/k8s/base/network/kustomization.yaml";
const SERVICE: &str = "infra/redis/k8s/base/service.yaml";
const ORDERS_PROD: &str = "infra/orders/k8s/overlays/prod/kustomization.yaml";

/// Adds a migration, to the bundle as well.
fn add_migration<'a>(tree: &'a Sandbox, name: &str, content: &str) -> &'a Sandbox {
    let listed = "      - V022__product_reviews.sql\n";
    tree.write(&format!("{MIGRATIONS}/{name}"), content).replace(
        &format!("{MIGRATIONS}/kustomization.yaml"),
        listed,
        &format!("{listed}      - {name}\n"),
    )
}

const MIGRATION_CASES: &[Case] = &[
    Case {
        what: "no directory of migrations",
        edit: |tree| tree.remove(MIGRATIONS),
        code: 1,
        rule: "check/missing",
        file: MIGRATIONS,
        place: Nowhere,
    },
    Case {
        what: "an empty migration",
        edit: |tree| tree.write(BACKFILL, ""),
        code: 0,
        rule: "migrate/empty-file",
        file: BACKFILL,
        place: At(1, 1),
    },
    Case {
        what: "a migration in another encoding",
        edit: |tree| tree.write(BACKFILL, b"SELECT 1;\n-- caf\xe9\n"),
        code: 1,
        rule: "migrate/encoding",
        file: BACKFILL,
        place: At(2, 7),
    },
    Case {
        what: "a migration with a byte-order mark",
        edit: |tree| tree.write(BACKFILL, format!("\u{feff}{}", tree.read(BACKFILL))),
        code: 0,
        rule: "migrate/byte-order-mark",
        file: BACKFILL,
        place: At(1, 1),
    },
    Case {
        what: "an error after a byte-order mark and carriage returns",
        edit: |tree| tree.write(BACKFILL, "\u{feff}SELECT 1;\r\n\r\n  CREATE TABEL t (id INT);\r\n"),
        code: 1,
        rule: "sql/syntax",
        file: BACKFILL,
        place: At(3, 10),
    },
    Case {
        what: "two migrations of one version",
        edit: |tree| add_migration(tree, "V22__again.sql", "SELECT 1;\n"),
        code: 1,
        rule: "migrate/duplicate-version",
        file: "",
        place: At(1, 1),
    },
    Case {
        what: "a name with one underscore",
        edit: |tree| tree.write("infra/mysql/migrations/V023_wrapping.sql", "SELECT 1;\n"),
        code: 1,
        rule: "migrate/bad-name",
        file: "infra/mysql/migrations/V023_wrapping.sql",
        place: At(1, 1),
    },
    Case {
        what: "a name without a version",
        edit: |tree| tree.write("infra/mysql/migrations/wrapping.sql", "SELECT 1;\n"),
        code: 1,
        rule: "migrate/bad-name",
        file: "infra/mysql/migrations/wrapping.sql",
        place: At(1, 1),
    },
    Case {
        what: "a misspelt word",
        edit: |tree| tree.append(REVIEWS, "\nCREATE TABEL wrapping (id INT PRIMARY KEY);\n"),
        code: 1,
        rule: "sql/syntax",
        file: REVIEWS,
        place: Text("TABEL"),
    },
    Case {
        what: "a column list that does not close",
        edit: |tree| tree.append(REVIEWS, "\nALTER TABLE products ADD COLUMN weight DECIMAL(10,3 NULL;\n"),
        code: 1,
        rule: "sql/unbalanced-parenthesis",
        file: REVIEWS,
        place: Text("(10,3 NULL"),
    },
    Case {
        what: "a string that does not close",
        edit: |tree| tree.append(REVIEWS, "\nUPDATE products SET name = 'open;\n"),
        code: 1,
        rule: "sql/unterminated",
        file: REVIEWS,
        place: Text("'open"),
    },
    Case {
        what: "a change to a table that is not there",
        edit: |tree| tree.append(REVIEWS, "\nALTER TABLE prodcts ADD COLUMN weight INT;\n"),
        code: 1,
        rule: "schema/unknown-table",
        file: REVIEWS,
        place: Text("prodcts"),
    },
    Case {
        what: "a change to a column that is not there",
        edit: |tree| tree.append(REVIEWS, "\nALTER TABLE products DROP COLUMN wieght;\n"),
        code: 1,
        rule: "schema/unknown-column",
        file: REVIEWS,
        place: Text("wieght"),
    },
    Case {
        what: "a table that exists already",
        edit: |tree| tree.append(REVIEWS, "\nCREATE TABLE coupons (id INT PRIMARY KEY);\n"),
        code: 1,
        rule: "schema/duplicate-object",
        file: REVIEWS,
        place: Text("coupons (id"),
    },
    Case {
        what: "a migration that the schema directory does not know of",
        edit: |tree| {
            add_migration(tree, "V023__weight.sql", "ALTER TABLE coupons ADD COLUMN weight INT NULL;\n")
        },
        code: 1,
        rule: "schema/differs-from-migrations",
        file: COUPONS,
        place: Somewhere,
    },
    Case {
        what: "a migration that the bundle does not list",
        edit: |tree| tree.write("infra/mysql/migrations/V023__note.sql", "SELECT 1;\n"),
        code: 1,
        rule: "check/bundle-incomplete",
        file: "infra/mysql/migrations/V023__note.sql",
        place: At(1, 1),
    },
];

const SCHEMA_CASES: &[Case] = &[
    Case {
        what: "no schema directory",
        edit: |tree| tree.remove("infra/mysql/schema"),
        code: 1,
        rule: "check/missing",
        file: "infra/mysql/schema",
        place: Nowhere,
    },
    Case {
        what: "an empty schema file",
        edit: |tree| tree.write(COUPONS, ""),
        code: 1,
        rule: "schema/empty-file",
        file: COUPONS,
        place: At(1, 1),
    },
    Case {
        what: "a schema file in another encoding",
        edit: |tree| tree.write(COUPONS, b"-- \xff\nCREATE TABLE coupons (id INT);\n"),
        code: 1,
        rule: "schema/not-utf8",
        file: COUPONS,
        place: At(1, 4),
    },
    Case {
        what: "a view of a table that is not there",
        edit: |tree| {
            tree.write(RATINGS, tree.read(RATINGS).replace("FROM product_reviews", "FROM product_revues"))
        },
        code: 1,
        rule: "schema/missing-reference",
        file: RATINGS,
        place: Text("product_revues"),
    },
    Case {
        what: "a broken CREATE TABLE",
        edit: |tree| tree.replace(COUPONS, "PRIMARY KEY (code),", "PRIMARY KEY code,"),
        code: 1,
        rule: "sql/syntax",
        file: COUPONS,
        place: Somewhere,
    },
    Case {
        what: "a file under another name",
        edit: |tree| {
            let text = tree.read(COUPONS);
            tree.remove(COUPONS).write("infra/mysql/schema/tables/coupon.sql", text)
        },
        code: 1,
        rule: "schema/wrong-file-name",
        file: "infra/mysql/schema/tables/coupon.sql",
        place: Text("coupons"),
    },
    Case {
        what: "a column that no migration adds",
        edit: |tree| tree.replace(COUPONS, "description VARCHAR(200)", "description VARCHAR(300)"),
        code: 1,
        rule: "schema/differs-from-migrations",
        file: COUPONS,
        place: Text("description"),
    },
    Case {
        what: "an object that no migration creates",
        edit: |tree| {
            tree.write(
                "infra/mysql/schema/tables/wrapping.sql",
                "CREATE TABLE wrapping (\n    id INT NOT NULL,\n    PRIMARY KEY (id)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;\n",
            )
        },
        code: 1,
        rule: "schema/only-on-one-side",
        file: "infra/mysql/schema/tables/wrapping.sql",
        place: Text("wrapping"),
    },
    Case {
        what: "an edited baseline",
        edit: |tree| {
            tree.write(
                BASELINE,
                tree.read(BASELINE).replacen("percent_off TINYINT", "percent_off SMALLINT", 1),
            )
        },
        code: 1,
        rule: "schema/stale-baseline",
        file: BASELINE,
        place: Somewhere,
    },
    Case {
        what: "no baseline",
        edit: |tree| tree.remove(BASELINE),
        code: 1,
        rule: "schema/missing-baseline",
        file: BASELINE,
        place: Nowhere,
    },
];

const MANIFEST_CASES: &[Case] = &[
    Case {
        what: "a manifest that is not YAML",
        edit: |tree| {
            tree.write(
                SERVICE,
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: redis\n  labels: [a, b\nspec: {}\n",
            )
        },
        code: 1,
        rule: "k8s/yaml-syntax",
        file: SERVICE,
        place: At(6, 5),
    },
    Case {
        what: "a key that stands twice",
        edit: |tree| {
            tree.write(SERVICE, "apiVersion: v1\nkind: Service\nmetadata:\n  name: redis\n  name: redis\n")
        },
        code: 1,
        rule: "k8s/duplicate-key",
        file: SERVICE,
        place: At(5, 3),
    },
    Case {
        what: "a resource that is not there",
        edit: |tree| tree.remove(SERVICE),
        code: 1,
        rule: "k8s/load",
        file: "infra/redis/k8s/base/kustomization.yaml",
        place: Text("service.yaml"),
    },
    Case {
        what: "an overlay with another version than platform.yaml",
        edit: |tree| {
            tree.write(ORDERS_PROD, tree.read(ORDERS_PROD).replace("newTag: 2.3.2", "newTag: 2.9.9"))
        },
        code: 1,
        rule: "compat/image-mismatch",
        file: "",
        place: Somewhere,
    },
    Case {
        what: "no policy for a declared edge",
        edit: |tree| {
            tree.remove("infra/shared/k8s/base/network/payments.yaml").replace(
                NETWORK,
                "  - payments.yaml\n",
                "",
            )
        },
        code: 1,
        rule: "network/missing-edge",
        file: "",
        place: Somewhere,
    },
    Case {
        what: "a policy for an edge that nobody declared",
        edit: |tree| {
            let policy = "infra/shared/k8s/base/network/payments.yaml";
            tree.replace(policy, "app.kubernetes.io/name: orders", "app.kubernetes.io/part-of: shop")
        },
        code: 1,
        rule: "network/undeclared-edge",
        file: "infra/shared/k8s/base/network/payments.yaml",
        place: Somewhere,
    },
    Case {
        what: "no default deny",
        edit: |tree| {
            tree.remove("infra/shared/k8s/base/network/default-deny.yaml").replace(
                NETWORK,
                "  - default-deny.yaml\n",
                "",
            )
        },
        code: 1,
        rule: "network/no-default-deny",
        file: "",
        place: Somewhere,
    },
    Case {
        what: "aliases that multiply",
        edit: |tree| {
            let level =
                |(one, next)| format!("{next}: &{next} [{}]\n", vec![format!("*{one}"); 9].join(", "));
            let levels: Vec<_> = ('a'..='i').zip('b'..='j').map(level).collect();
            let bomb = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: bomb}}\na: &a [x, x, x]\n{}",
                levels.concat()
            );
            tree.write(SERVICE, bomb)
        },
        code: 1,
        rule: "k8s/yaml-limit",
        file: SERVICE,
        place: Somewhere,
    },
];

const PLATFORM_CASES: &[Case] = &[
    Case {
        what: "no platform.yaml",
        edit: |tree| tree.remove(PLATFORM),
        code: 1,
        rule: "check/missing",
        file: PLATFORM,
        place: Nowhere,
    },
    Case {
        what: "an empty platform.yaml",
        edit: |tree| tree.write(PLATFORM, ""),
        code: 1,
        rule: "compat/empty-document",
        file: PLATFORM,
        place: At(1, 1),
    },
    Case {
        what: "a platform.yaml that is not YAML",
        edit: |tree| {
            tree.write(
                PLATFORM,
                "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: shop\ncomponents: []\n",
            )
        },
        code: 1,
        rule: "compat/yaml-syntax",
        file: PLATFORM,
        place: Somewhere,
    },
    Case {
        what: "an unknown component",
        edit: |tree| {
            tree.replace(PLATFORM, "{component: catalog, version: ^5,", "{component: katalog, version: ^5,")
        },
        code: 1,
        rule: "compat/unknown-component",
        file: PLATFORM,
        place: Text("katalog"),
    },
    Case {
        what: "an unknown key",
        edit: |tree| tree.replace(PLATFORM, "    kind: cache\n", "    kind: cache\n    verison: 7\n"),
        code: 1,
        rule: "compat/unknown-key",
        file: PLATFORM,
        place: Text("verison"),
    },
    Case {
        what: "a version that a dependency does not accept",
        edit: |tree| {
            tree.replace(PLATFORM, "{component: catalog, version: ^5,", "{component: catalog, version: ^6,")
        },
        code: 1,
        rule: "compat/version-unsatisfied",
        file: PLATFORM,
        place: Text("^6"),
    },
    Case {
        what: "a range that is no range",
        edit: |tree| {
            tree.replace(
                PLATFORM,
                "{component: catalog, version: ^5,",
                "{component: catalog, version: '>=<5',",
            )
        },
        code: 1,
        rule: "compat/range-syntax",
        file: PLATFORM,
        place: Somewhere,
    },
    Case {
        what: "a schema level that no migration reaches",
        edit: |tree| tree.replace(PLATFORM, "schema: \">=016\"", "schema: \">=400\""),
        code: 1,
        rule: "compat/schema-unsatisfied",
        file: PLATFORM,
        place: Text("\">=400\""),
    },
    Case {
        what: "no compatibility.yaml is fine, a broken one is not",
        edit: |tree| tree.write(COMPATIBILITY, "apiVersion: infra/v1\nkind: Compatibilty\n"),
        code: 1,
        rule: "compat/unsupported-version",
        file: COMPATIBILITY,
        place: Text("Compatibilty"),
    },
];

/// Runs `infra check` on every broken tree and reports all cases that go wrong.
#[track_caller]
fn assert_refused(cases: &[Case]) {
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|case| verdict(case).err().map(|why| format!("{}: {why}", case.what)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

fn verdict(case: &Case) -> Result<(), String> {
    let tree = Sandbox::reference();
    (case.edit)(&tree);
    let outcome = infra(&tree).run(&["check", "--format", "json"]);
    let result: Value = serde_json::from_str(&outcome.stdout)
        .map_err(|error| format!("no JSON ({error})\n{}{}", outcome.stdout, outcome.stderr))?;
    let all = findings(&result);
    let shown = || all.iter().map(|finding| format!("\n  {finding}")).collect::<Vec<_>>().concat();
    let finding = all
        .iter()
        .find(|finding| finding["rule"] == case.rule && named(finding, case).ends_with(case.file))
        .ok_or_else(|| {
            format!("exit {}, no {} at `{}` among{}", outcome.code, case.rule, case.file, shown())
        })?;
    if outcome.code != case.code {
        return Err(format!("exit {} instead of {}:{}", outcome.code, case.code, shown()));
    }
    if finding["help"].as_str().is_none_or(str::is_empty) {
        return Err(format!("no help: {finding}"));
    }
    let place = (finding["line"].as_u64(), finding["column"].as_u64());
    let expected = match case.place {
        Nowhere => return Ok(()),
        Somewhere => return place.0.and(place.1).map(drop).ok_or_else(|| format!("no place: {finding}")),
        At(line, column) => (line, column),
        Text(text) => position(&tree.read(case.file), text)?,
    };
    if place != (Some(expected.0), Some(expected.1)) {
        return Err(format!("{}:{} expected: {finding}", expected.0, expected.1));
    }
    Ok(())
}

/// The file of a finding; one that cannot point into a file names the path in its message.
fn named<'a>(finding: &'a Value, case: &Case) -> &'a str {
    match (finding["file"].as_str(), &case.place) {
        (Some(file), _) => file,
        (None, Nowhere) if finding["message"].as_str().is_some_and(|message| message.contains(case.file)) => {
            case.file
        }
        _ => "",
    }
}

/// Line and column of the first occurrence of a text, from 1 and in characters.
fn position(text: &str, needle: &str) -> Result<(u64, u64), String> {
    let offset = text.find(needle).ok_or_else(|| format!("the edited file does not hold {needle:?}"))?;
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Ok((line as u64, column as u64))
}

#[test]
fn broken_migrations() {
    assert_refused(MIGRATION_CASES);
}

#[test]
fn broken_schema_directories() {
    assert_refused(SCHEMA_CASES);
}

#[test]
fn broken_manifests() {
    assert_refused(MANIFEST_CASES);
}

#[test]
fn broken_platforms() {
    assert_refused(PLATFORM_CASES);
}

#[test]
fn nothing_makes_it_panic_or_hang() {
    let deep_sql = format!("SELECT {}1{};\n", "(".repeat(100_000), ")".repeat(100_000));
    let deep_yaml = format!("a: {}\n", "[".repeat(100_000));
    let many_begins = format!("CREATE PROCEDURE p() {}\n", "BEGIN ".repeat(100_000));
    let contents: [&[u8]; 10] = [
        b"",
        b"\0\0\0",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf",
        b"'",
        b"/*",
        b"---\n---\n",
        deep_sql.as_bytes(),
        deep_yaml.as_bytes(),
        many_begins.as_bytes(),
    ];
    let files = [
        BACKFILL,
        COUPONS,
        RATINGS,
        BASELINE,
        PLATFORM,
        COMPATIBILITY,
        SERVICE,
        NETWORK,
        ORDERS_PROD,
        "infra.toml",
    ];
    for file in files {
        let tree = Sandbox::reference();
        for content in contents {
            tree.write(file, content);
            let outcome = infra(&tree).run(&["check"]);
            let start = String::from_utf8_lossy(&content[..content.len().min(20)]).into_owned();
            assert!(
                (0..=2).contains(&outcome.code),
                "`{file}` with {start:?}: exit {}\n{}",
                outcome.code,
                outcome.stderr
            );
            assert!(!outcome.stderr.contains("panicked"), "`{file}` with {start:?}:\n{}", outcome.stderr);
            assert!(outcome.elapsed.as_secs() < 10, "`{file}` with {start:?} took {:?}", outcome.elapsed);
        }
    }
}
