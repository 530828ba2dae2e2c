//! What middleware needs: a request's passage, and its headers.

pub(crate) mod commit;
pub(crate) mod exchange;
pub(crate) mod fields;
pub(crate) mod headers;
pub(crate) mod transport;
