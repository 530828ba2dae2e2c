//! actix-web's headers, which come from an older version of the crate `http`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::ops::{Deref, DerefMut};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use session_tower::{Headers, HeadersMut};

/// The passage of a request whose headers are actix-web's.
pub(crate) type Exchange = session_tower::Exchange<HeaderValue>;

/// Borrowed headers.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: Deref<Target = HeaderMap>> Headers for Fields<T> {
    type Value = HeaderValue;

    fn get_all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a HeaderValue> {
        self.0.get_all(name)
    }
}

impl<T: DerefMut<Target = HeaderMap>> HeadersMut for Fields<T> {
    fn value(
        text: Cow<'static, str>,
        is_sensitive: bool,
    ) -> Result<HeaderValue, Box<dyn StdError + Send + Sync>> {
        let mut value = match text {
            Cow::Borrowed(text) => HeaderValue::from_static(text),
            Cow::Owned(text) => HeaderValue::try_from(text)?,
        };
        value.set_sensitive(is_sensitive);
        Ok(value)
    }

    fn insert(&mut self, name: &'static str, value: HeaderValue) {
        self.0.insert(HeaderName::from_static(name), value);
    }

    fn append(&mut self, name: &'static str, value: HeaderValue) {
        self.0.append(HeaderName::from_static(name), value);
    }
}
