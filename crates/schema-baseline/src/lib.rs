//! A MySQL schema as files: in-memory catalogue, replay of migrations, dependency-ordered baseline.
