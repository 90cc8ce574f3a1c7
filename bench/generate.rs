//! Large inputs, the same bytes on every machine.

use std::path::Path;

use infra_tests::random::Random;

/// Writes `count` versioned migrations: tables, columns, indexes, rows, views and procedures, in a mix as projects have it.
pub(crate) fn migrations(directory: &Path, count: usize) {
    let mut random = Random::new(7);
    let mut tables = 0;
    for version in 1..=count {
        let kind = if tables == 0 { 0 } else { random.below(10) };
        let table = random.below(tables.max(1));
        let (name, sql) = match kind {
            0..3 => {
                tables += 1;
                (
                    "table",
                    create_table(
                        &format!("t{:05}", tables - 1),
                        (tables > 1).then(|| format!("t{table:05}")),
                        &mut random,
                    ),
                )
            }
            3..5 => {
                ("column", format!("ALTER TABLE t{table:05} ADD COLUMN c{version} INT NOT NULL DEFAULT 0;\n"))
            }
            5 => ("index", format!("CREATE INDEX i{version} ON t{table:05} (amount, created_at);\n")),
            6 => (
                "view",
                format!(
                    "CREATE OR REPLACE VIEW v{version} AS SELECT id, name, amount FROM t{table:05} WHERE amount > 0;\n"
                ),
            ),
            7 => (
                "procedure",
                format!(
                    "DELIMITER //\nCREATE PROCEDURE p{version}(IN wanted BIGINT)\nBEGIN\n    UPDATE t{table:05} SET amount = amount + 1 WHERE id = wanted;\n    SELECT ROW_COUNT();\nEND//\nDELIMITER ;\n"
                ),
            ),
            _ => {
                let rows = (0..20)
                    .map(|row| format!("    ('name {version} {row}; it''s', {}.50)", random.below(1000)));
                (
                    "rows",
                    format!(
                        "INSERT INTO t{table:05} (name, amount) VALUES\n{};\n",
                        rows.collect::<Vec<_>>().join(",\n")
                    ),
                )
            }
        };
        write(&directory.join(format!("V{version:04}__{name}.sql")), &sql);
    }
}

/// Writes a schema directory of `count` objects: seven tables in ten with foreign keys, views on tables and views, procedures and triggers.
pub(crate) fn schema(directory: &Path, count: usize) {
    let mut random = Random::new(11);
    let tables = count * 7 / 10;
    for number in 0..tables {
        let other = (number > 0).then(|| format!("t{:05}", random.below(tables)));
        write(
            &directory.join(format!("tables/t{number:05}.sql")),
            &create_table(&format!("t{number:05}"), other, &mut random),
        );
    }
    let views = count * 3 / 20;
    for number in 0..views {
        let from = if number > 0 && random.below(3) == 0 {
            format!("v{:05}", random.below(number))
        } else {
            format!("t{:05}", random.below(tables))
        };
        let joined = format!("t{:05}", random.below(tables));
        let sql = format!(
            "CREATE VIEW v{number:05} AS\nSELECT a.id AS id, a.name AS name, a.amount AS amount\nFROM {from} a\nJOIN {joined} b ON b.id = a.id\nWHERE b.amount > 0;\n"
        );
        write(&directory.join(format!("views/v{number:05}.sql")), &sql);
    }
    let procedures = count / 10;
    for number in 0..procedures {
        let table = random.below(tables);
        let sql = format!(
            "DELIMITER $$\nCREATE PROCEDURE p{number:05}(IN wanted BIGINT UNSIGNED)\n    MODIFIES SQL DATA\nBEGIN\n    UPDATE t{table:05} SET amount = amount + 1 WHERE id = wanted;\nEND$$\nDELIMITER ;\n"
        );
        write(&directory.join(format!("procedures/p{number:05}.sql")), &sql);
    }
    for number in 0..count - tables - views - procedures {
        let table = random.below(tables);
        let sql = format!(
            "CREATE TRIGGER g{number:05} BEFORE UPDATE ON t{table:05} FOR EACH ROW SET NEW.created_at = CURRENT_TIMESTAMP;\n"
        );
        write(&directory.join(format!("triggers/g{number:05}.sql")), &sql);
    }
}

/// Writes `count` tables as a schema directory. When `changed`, one in twenty has another column, one in fifty is not there and as many
/// are new.
pub(crate) fn tables(directory: &Path, count: usize, changed: bool) {
    let mut random = Random::new(19);
    for number in 0..count {
        let table = create_table(&format!("t{number:05}"), None, &mut random);
        let table = match (changed, number % 50) {
            (true, 7) => create_table(&format!("n{number:05}"), None, &mut Random::new(3)),
            (true, 3 | 23) => {
                table.replacen("    PRIMARY KEY", "    added INT NOT NULL DEFAULT 0,\n    PRIMARY KEY", 1)
            }
            _ => table,
        };
        let name = table.split(' ').nth(2).expect("CREATE TABLE and a name");
        write(&directory.join(format!("tables/{name}.sql")), &table);
    }
}

/// The objects of a schema directory as migrations: one a file, tables first and foreign keys checked last.
pub(crate) fn as_migrations(schema: &Path, directory: &Path) {
    let mut version = 0;
    for kind in ["tables", "views", "procedures", "triggers"] {
        let entries = std::fs::read_dir(schema.join(kind)).expect("the schema was written");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        for file in files {
            version += 1;
            let text = std::fs::read_to_string(&file).expect("a generated file can be read");
            let off = if kind == "tables" { "SET foreign_key_checks = 0;\n" } else { "" };
            write(&directory.join(format!("V{version:06}__{kind}.sql")), &format!("{off}{text}"));
        }
    }
}

/// Writes `count` migrations of `tables` tables whose columns come and go.
pub(crate) fn churn(directory: &Path, count: usize, tables: usize) {
    let mut random = Random::new(23);
    for version in 1..=count {
        let table = version % tables;
        let sql = if version <= tables {
            create_table(&format!("t{table:05}"), None, &mut random)
        } else {
            let change =
                if (version / tables) % 2 == 1 { "ADD COLUMN extra INT NULL" } else { "DROP COLUMN extra" };
            format!("ALTER TABLE t{table:05} {change};\n")
        };
        write(&directory.join(format!("V{version:06}__change.sql")), &sql);
    }
}

/// Writes a kustomization of `count` Deployments that mount a `ConfigMap` each.
pub(crate) fn pairs(root: &Path, count: usize) {
    objects(root, count);
    write(
        &root.join("kustomization.yaml"),
        "namePrefix: team-\nnamespace: shop\nlabels:\n  - pairs: {app.kubernetes.io/part-of: shop}\nimages:\n  - {name: registry.example.com/app, newTag: 2.0.0}\nresources: [objects.yaml]\n",
    );
}

/// Writes `pairs` Deployments and as many `ConfigMaps` into objects.yaml.
pub(crate) fn objects(root: &Path, pairs: usize) {
    let mut text = String::new();
    for number in 0..pairs {
        text += &format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{number}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: app-{number}}}\n  template:\n    metadata:\n      labels: {{app: app-{number}}}\n    spec:\n      containers:\n        - name: app\n          image: registry.example.com/app:1.0.0\n          ports:\n            - {{name: http, containerPort: 8080}}\n          envFrom:\n            - configMapRef: {{name: settings-{number}}}\n          resources:\n            requests: {{cpu: 100m, memory: 128Mi}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{number}\ndata:\n  LEVEL: info\n  NUMBER: \"{number}\"\n---\n"
        );
    }
    write(&root.join("objects.yaml"), &text);
}

/// Writes `count` workloads in namespaces of a hundred, and policies that each let one group of them reach another.
pub(crate) fn policies(root: &Path, workloads: usize, policies: usize) {
    let mut random = Random::new(29);
    let namespaces = workloads.div_ceil(100);
    let mut text = String::new();
    for number in 0..namespaces {
        text += &format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns-{number}\n  labels: {{team: team-{}}}\n---\n",
            number % 5
        );
    }
    for number in 0..workloads {
        text += &format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{number}\n  namespace: ns-{}\nspec:\n  selector:\n    matchLabels: {{app: app-{number}}}\n  template:\n    metadata:\n      labels: {{app: app-{number}, tier: tier-{}}}\n    spec:\n      containers:\n        - name: app\n          image: app\n          ports: [{{containerPort: 8080}}]\n---\n",
            number % namespaces,
            number % 10
        );
    }
    for number in 0..policies {
        text += &format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: policy-{number}\n  namespace: ns-{}\nspec:\n  podSelector:\n    matchLabels: {{tier: tier-{}}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - namespaceSelector:\n            matchLabels: {{team: team-{}}}\n          podSelector:\n            matchLabels: {{tier: tier-{}}}\n      ports: [{{port: 8080}}]\n---\n",
            number % namespaces,
            random.below(10),
            random.below(5),
            random.below(10)
        );
    }
    write(&root.join("cluster.yaml"), &text);
}

/// A text of about `size` bytes as dumps and projects have it: by size, three parts each of tables, of rows one by one and
/// of rows a thousand at a time, and one part of programs.
pub(crate) fn mix(size: usize) -> String {
    let mut random = Random::new(13);
    let mut text = String::with_capacity(size + size / 8);
    let mut parts = [0; 4];
    while text.len() < size {
        // Whatever has the least of its share comes next.
        let kind = (0..4).min_by_key(|kind| parts[*kind] * if *kind == 3 { 3 } else { 1 }).unwrap_or(0);
        let before = text.len();
        let number = before;
        match kind {
            0 => {
                text.push_str("-- What customers order.\n");
                text.push_str(&create_table(&format!("`t{number}`"), None, &mut random));
                text.push_str(&format!("ALTER TABLE `t{number}` ADD COLUMN `c{number}` INT NOT NULL DEFAULT 0 COMMENT 'it''s; new' AFTER `name`;\n"));
            }
            1 => text.push_str(&format!(
                "INSERT INTO t{:05} (id, name, amount) VALUES ({number}, 'name {number}; it''s', {}.50);\n",
                random.below(1000),
                random.below(1000)
            )),
            2 => rows(&mut text, "`t`", number, 1000, &mut random),
            _ => {
                let marks = [("DELIMITER //\n", "//\nDELIMITER ;\n"), ("", ";\n")];
                let (first, last) = marks[random.below(2)];
                text.push_str(&format!("{first}{}{last}", procedure(number)));
            }
        }
        parts[kind] += text.len() - before;
    }
    text
}

/// One migration of about `size` bytes: a table and its rows, a thousand a statement.
pub(crate) fn large(path: &Path, size: usize) {
    let mut random = Random::new(17);
    let mut text = "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, created_at DATETIME NOT NULL, amount DECIMAL(12,2) NOT NULL, note VARCHAR(200) NULL);\n".to_owned();
    for statement in 0.. {
        if text.len() >= size {
            break;
        }
        rows(&mut text, "t", statement * 1000, 1000, &mut random);
    }
    write(path, &text);
}

/// An INSERT as dumps have it.
fn rows(text: &mut String, table: &str, first: usize, count: usize, random: &mut Random) {
    text.push_str(&format!("INSERT INTO {table} VALUES "));
    for number in first..first + count {
        let separator = if number == first { "" } else { "," };
        let note = "all that is known of it; ".repeat(random.below(6));
        text.push_str(&format!(
            "{separator}({number},'name {number}; it\\'s','2024-01-{:02} 10:00:00',{}.50,'{note}')",
            1 + random.below(28),
            random.below(1000)
        ));
    }
    text.push_str(";\n");
}

fn procedure(number: usize) -> String {
    format!(
        "CREATE PROCEDURE p{number}(IN wanted BIGINT)\nBEGIN\n    DECLARE done INT DEFAULT FALSE;\n    IF wanted > 7 THEN\n        UPDATE t SET amount = amount + 1 WHERE id = wanted;\n    ELSE\n        SET done = TRUE;\n    END IF;\n    SELECT ROW_COUNT();\nEND"
    )
}

fn create_table(name: &str, other: Option<String>, random: &mut Random) -> String {
    let columns = (0..random.below(12))
        .map(|number| format!("    c{number:02} VARCHAR({}) NULL,\n", 10 + random.below(200)));
    let columns = columns.collect::<Vec<_>>().concat();
    let reference = other.map_or_else(String::new, |other| {
        format!(",\n    KEY idx_{name}_other (other_id),\n    CONSTRAINT fk_{name} FOREIGN KEY (other_id) REFERENCES {other} (id)")
    });
    format!(
        "CREATE TABLE {name} (\n    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,\n    other_id BIGINT UNSIGNED NULL,\n    name VARCHAR(100) NOT NULL,\n    amount DECIMAL(12,2) NOT NULL DEFAULT 0.00,\n    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,\n{columns}    PRIMARY KEY (id){reference}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;\n"
    )
}

fn write(path: &Path, content: &str) {
    let directory = path.parent().expect("a file has a directory");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, content))
        .expect("a temporary file can be written");
}

/// A platform of `count` components in three environments, each with `needs` dependencies on components before it.
pub(crate) fn platform(root: &Path, count: usize, needs: usize) -> String {
    let mut random = Random::new(11);
    let mut text = "apiVersion: infra/v1\nkind: Platform\nmetadata: {name: large, owner: team}\nenvironments:\n  - {name: dev}\n  - {name: staging, after: [dev]}\n  - {name: prod, after: [staging], production: true}\ncomponents:\n".to_owned();
    for number in 0..count {
        text += &format!(
            "  - name: service-{number}\n    kind: service\n    version: {}.{}.0\n    provides: [{{name: http, port: 8080}}]\n",
            1 + number % 5,
            number % 9
        );
        if number == 0 {
            continue;
        }
        text += "    depends_on:\n";
        for _ in 0..needs {
            let provider = random.below(number);
            text += &format!(
                "      - {{component: service-{provider}, version: \">=1.0 <{}\"}}\n",
                6 + random.below(3)
            );
        }
    }
    write(&root.join("platform/platform.yaml"), &text);
    text
}

/// `versions` releases of each of `count` components.
pub(crate) fn releases(root: &Path, count: usize, versions: usize) {
    let mut text = "apiVersion: infra/v1\nkind: Compatibility\nreleases:\n".to_owned();
    for number in 0..count {
        let list: Vec<String> =
            (0..versions).map(|version| format!("{{version: {}.{version}.0}}", 1 + number % 5)).collect();
        text += &format!("  - component: service-{number}\n    versions: [{}]\n", list.join(", "));
    }
    write(&root.join("platform/compatibility.yaml"), &text);
}
