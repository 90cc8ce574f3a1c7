//! Test support: sandboxes, servers and oracles.
