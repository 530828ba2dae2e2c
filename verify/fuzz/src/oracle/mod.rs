//! What the library should do, said a second time: simply, and without its code.

pub(crate) mod json;
pub(crate) mod record;
pub(crate) mod set_cookie;
pub(crate) mod token;
