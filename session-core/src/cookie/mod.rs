//! What the client holds: the cookie, its attributes and its signature.

pub(crate) mod derived_key;
pub(crate) mod header;
pub(crate) mod key_ring;
pub(crate) mod options;
pub(crate) mod secret;
pub(crate) mod set_cookie;
