//! Integration tests of the built binary.
