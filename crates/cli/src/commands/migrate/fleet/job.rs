//! A fleet as an Indexed Job: pod I of N takes every N-th database of the list, as `--shard I/N` does.

use migrate_core::Migration;
use migrate_core::fleet::Limit;
use serde_json::json;

use super::problem::Problem;
use crate::args::{Connection, Database, Files, Ignore, Lock, MigrateApply, Scripts};
use crate::commands::migrate::Place;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::tree::Tree;

/// What Kubernetes takes of a `ConfigMap`, less some room for its names.
const MAX_LIST: usize = 1_000_000;

/// The list as the Job gets it.
pub(super) struct List<'a> {
    pub(super) text: &'a str,
    /// The URL that names in it are relative to.
    pub(super) base: Option<&'a str>,
    pub(super) targets: usize,
}

/// Prints the Job and the `ConfigMap` with its list. Both are named after their content, so that what has changed runs, and what has
/// not does not run again.
pub(super) fn render(
    arguments: &MigrateApply,
    list: &List<'_>,
    migrations: &[Migration],
    digest: &str,
    place: Place<'_>,
) -> Result<Outcome, Failure> {
    if list.text.len() > MAX_LIST {
        return Err(Failure::usage(Problem::Size { bytes: list.text.len(), limit: MAX_LIST }));
    }
    let read_again = migrate_core::fleet::targets("", list.text, |text| Ok((text.to_owned(), ())));
    if read_again.0.len() != list.targets {
        // Only the rows of a query can hold what a line cannot.
        let row = list.text.lines().find(|row| row.contains(|c: char| c.is_whitespace() || c == '#'));
        return Err(Failure::usage(Problem::Row { row: row.unwrap_or_default().to_owned() }));
    }
    let pods = (arguments.fleet.pods.shards as usize).min(list.targets);
    let flags = flags(arguments, pods, place);
    let newest = migrations.iter().filter_map(|migration| migration.version.as_ref()).max();
    let version =
        newest.map_or_else(String::new, |version| format!("-v{}", version.as_str().replace(['.', '_'], "-")));
    let content =
        [list.text, list.base.unwrap_or_default(), &arguments.fleet.pods.image, &flags.join("\n"), digest];
    let suffix = migrate_core::fleet::digest(&[], &content);
    let suffix = &suffix[..8];
    let manifests = manifest(
        &format!("mysql-fleet-{suffix}"),
        &format!("mysql-fleet{version}-{suffix}"),
        list,
        &arguments.fleet.pods.image,
        (pods, most_failed(arguments.fleet.max_failures, pods)),
        &flags,
    );
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.details.insert("databases".to_owned(), json!(list.targets));
    outcome.details.insert("manifests".to_owned(), json!(manifests));
    outcome.summary = manifests;
    Ok(outcome)
}

/// How many pods may fail before the others are ended: one less than the failures that end a run.
fn most_failed(limit: Limit, pods: usize) -> usize {
    (1..=pods).find(|failed| limit.is_reached(*failed, pods)).map_or(pods, |failed| failed - 1)
}

/// The command line of a pod: that of the run, with the paths of the pod. An option that is new has to be thought of here, so that
/// the Job does what the run would do.
fn flags(arguments: &MigrateApply, pods: usize, place: Place<'_>) -> Vec<String> {
    let MigrateApply {
        connection: Connection { database, scripts },
        ignore: Ignore { ignore_migration_patterns },
        lock: Lock { lock_timeout },
        lock_wait_timeout,
        lock_wait_total,
        installed_by,
        skip_executing,
        no_create_schemas,
        baseline_on_migrate,
        baseline_version,
        settle: _,
        online: _,
        results: _,
        fleet,
    } = arguments;
    let Database { url: _, table, schemas: _, default_schema: _, connect_timeout, connect_retries } =
        database;
    let Scripts { files, target, out_of_order } = scripts;
    let Files { locations: _, placeholders: _, no_placeholders, skip_callbacks } = files;
    let mut flags = ["migrate", "apply", "--locations", "/migrations", "--fleet", "/fleet/fleet.txt"]
        .map(str::to_owned)
        .to_vec();
    let mut add = |flag: &str, value: &str| flags.extend([flag.to_owned(), escaped(value)]);
    add("--parallel", &fleet.parallel.to_string());
    add("--canary", &fleet.canary.to_string());
    add("--canary-timeout", &fleet.canary_timeout.as_secs().to_string());
    add("--max-failures", &fleet.max_failures.to_string());
    add("--table", table);
    add("--connect-timeout", &connect_timeout.to_string());
    add("--connect-retries", &connect_retries.to_string());
    add("--lock-wait-timeout", &lock_wait_timeout.to_string());
    add("--lock-wait-total", &lock_wait_total.to_string());
    add("--ignore-migration-patterns", &ignore_migration_patterns.join(","));
    add("--baseline-version", baseline_version);
    for (flag, value) in [
        ("--target", target),
        ("--env", &place.environment.map(str::to_owned)),
        ("--installed-by", installed_by),
        ("--lock-timeout", &lock_timeout.map(|seconds| seconds.to_string())),
    ] {
        if let Some(value) = value {
            add(flag, value);
        }
    }
    for placeholder in placeholders(files, place) {
        add("--placeholder", &placeholder);
    }
    let switches = [
        ("--out-of-order", out_of_order),
        ("--no-placeholders", no_placeholders),
        ("--skip-callbacks", skip_callbacks),
        ("--skip-executing", skip_executing),
        ("--no-create-schemas", no_create_schemas),
        ("--baseline-on-migrate", baseline_on_migrate),
    ];
    flags.extend(switches.into_iter().filter(|(_, on)| **on).map(|(flag, _)| flag.to_owned()));
    flags.extend(["--shard".to_owned(), format!("$(JOB_COMPLETION_INDEX)/{pods}")]);
    flags
}

/// Those of infra.toml, which a pod does not have, before those of the command line, which override them.
fn placeholders(files: &Files, place: Place<'_>) -> Vec<String> {
    let configured = Tree::open(place.root).map(|tree| tree.configuration.placeholders).unwrap_or_default();
    let configured = configured.iter().map(|(name, value)| format!("{name}={value}"));
    configured.chain(files.placeholders.iter().cloned()).collect()
}

/// Kubernetes replaces `$(NAME)` in arguments, and takes `$$` for a dollar.
fn escaped(value: &str) -> String {
    value.replace("$(", "$$(")
}

/// In double quotes, as JSON and YAML both have them.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

/// The list as a block, so that people can read it.
fn block(text: &str) -> String {
    if text.chars().any(|c| c.is_control() && !['\n', '\r', '\t'].contains(&c)) || text.contains('\u{feff}') {
        return quoted(text);
    }
    let lines: String =
        text.lines().fold(String::new(), |lines, line| lines + "    " + line.trim_end() + "\n");
    // With a digit, blanks at the beginning of the first line are its own.
    format!("|2\n{}", lines.trim_end_matches('\n'))
}

fn manifest(
    config: &str,
    job: &str,
    list: &List<'_>,
    image: &str,
    (pods, most_failed): (usize, usize),
    flags: &[String],
) -> String {
    let list_text = block(list.text);
    let flags =
        flags.iter().fold(String::new(), |lines, flag| lines + "            - " + &quoted(flag) + "\n");
    let base = list.base.map_or_else(String::new, |url| {
        format!("            - name: INFRA_MYSQL_URL\n              value: {}\n", quoted(&escaped(url)))
    });
    let image = quoted(image);
    format!(
        r#"# Written by `infra migrate apply --fleet … --render-job`. Beside it the namespace needs the ConfigMap
# mysql-migrations with the migrations, the Secret mysql-migrator with the password, and the ServiceAccount
# mysql-migrate.
apiVersion: v1
kind: ConfigMap
metadata:
  name: {config}
  labels: {{app.kubernetes.io/name: mysql-migrate}}
immutable: true
data:
  fleet.txt: {list_text}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {job}
  labels: {{app.kubernetes.io/name: mysql-migrate}}
  annotations:
    infra/allow.job-without-deadline: "how long a fleet takes depends on its databases; waiting is bounded for each"
spec:
  # Pod I of N takes every N-th database of the list, as `--shard I/N` does. All wait for the canaries at its
  # beginning.
  completionMode: Indexed
  completions: {pods}
  parallelism: {pods}
  backoffLimitPerIndex: 4
  # One failure more ends the pods that still run.
  maxFailedIndexes: {most_failed}
  # A new pod only when the old one is gone for good.
  podReplacementPolicy: Failed
  # `infra` says with its exit code whether trying again can help. The first rule that matches decides.
  podFailurePolicy:
    rules:
      # The node was drained: not our failure, and not one of the attempts.
      - action: Ignore
        onPodConditions: [{{type: DisruptionTarget, status: "True"}}]
      # 1: the files cannot be applied. 2: wrong usage or configuration. 4: a migration failed.
      - action: FailIndex
        onExitCodes: {{containerName: migrate, operator: In, values: [1, 2, 4]}}
      # 3: a server could not be reached, or the canaries took too long. It may go better in a minute.
      - action: Count
        onExitCodes: {{containerName: migrate, operator: In, values: [3]}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: mysql-migrate}}
    spec:
      restartPolicy: Never # podFailurePolicy asks for it
      # Time to end the statements in flight, write the histories and release the locks.
      terminationGracePeriodSeconds: 120
      serviceAccountName: mysql-migrate
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: migrate
          image: {image}
          args:
{flags}          env:
{base}            # A file, because an environment shows up in crash reports and an argument in the process list.
            - {{name: INFRA_MYSQL_PASSWORD_FILE, value: /run/secrets/mysql-migrator/password}}
          volumeMounts:
            - {{name: migrations, mountPath: /migrations, readOnly: true}}
            - {{name: fleet, mountPath: /fleet, readOnly: true}}
            - {{name: credentials, mountPath: /run/secrets/mysql-migrator, readOnly: true}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
          resources:
            requests: {{cpu: 50m, memory: 64Mi, ephemeral-storage: 16Mi}}
            limits: {{memory: 256Mi, ephemeral-storage: 64Mi}}
          # Keeps the error in `kubectl describe pod`, after the log is gone too.
          terminationMessagePolicy: FallbackToLogsOnError
      volumes:
        - name: migrations
          configMap: {{name: mysql-migrations, defaultMode: 0444}}
        - name: fleet
          configMap: {{name: {config}, defaultMode: 0444}}
        - name: credentials
          secret: {{secretName: mysql-migrator, defaultMode: 0440}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_may_fail_one_time_less_than_ends_a_run() {
        for (limit, pods, most) in [
            (Limit::Count(1), 8, 0),
            (Limit::Count(3), 8, 2),
            (Limit::Count(20), 8, 8),
            (Limit::Percent(25), 8, 1),
            (Limit::Percent(1), 8, 0),
            (Limit::Percent(100), 8, 7),
        ] {
            assert_eq!(most_failed(limit, pods), most, "{limit} of {pods}");
        }
    }

    #[test]
    fn the_list_stays_what_it_is() {
        assert_eq!(block("a\r\n  b # c\n"), "|2\n    a\n      b # c");
        assert_eq!(block("a\u{1}b"), r#""a\u0001b""#);
        assert_eq!(escaped("$(X) $Y"), "$$(X) $Y");
    }
}
