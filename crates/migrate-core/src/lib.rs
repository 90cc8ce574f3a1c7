//! Flyway-compatible MySQL and MariaDB migrations: files, checksums, script splitter, history, plan, executor.
