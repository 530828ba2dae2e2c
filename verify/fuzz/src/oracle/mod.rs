//! A second, simple implementation of what the library does. It shares no code with the library.

pub(crate) mod json;
pub(crate) mod record;
pub(crate) mod set_cookie;
pub(crate) mod token;
