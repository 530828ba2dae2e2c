//! A session driver for SQLite, written by an outsider from the public docs.
