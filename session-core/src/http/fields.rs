//! The headers of requests and responses, in whatever type a framework has for them.

use std::borrow::Cow;
use std::error::Error as StdError;

/// The headers of a request: what an [`Exchange`](crate::Exchange) reads.
///
/// With the feature `http`, `http::HeaderMap` implements it. An adapter implements it if its framework has another type.
pub trait Headers {
    /// A header's value. A clone should be cheap, because an exchange keeps some.
    type Value: AsRef<[u8]> + Clone + Send + Sync + 'static;

    /// Returns the values of all headers with this name, in their order. The name is in lower case.
    fn get_all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a Self::Value>;
}

/// The headers of a response: what an [`Exchange`](crate::Exchange) writes.
pub trait HeadersMut: Headers {
    /// Creates a value. A sensitive one must not appear in logs, nor in the compression tables of HTTP/2.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not the value of a header.
    fn value(
        text: Cow<'static, str>,
        is_sensitive: bool,
    ) -> Result<Self::Value, Box<dyn StdError + Send + Sync>>;

    /// Replaces all headers with this name by one.
    fn insert(&mut self, name: &'static str, value: Self::Value);

    /// Adds a header after those with the same name.
    fn append(&mut self, name: &'static str, value: Self::Value);
}

#[cfg(feature = "http")]
mod map {
    use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Cow, Headers, HeadersMut, StdError};

    impl Headers for HeaderMap {
        type Value = HeaderValue;

        fn get_all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a HeaderValue> {
            Self::get_all(self, header_name(name)).iter()
        }
    }

    impl HeadersMut for HeaderMap {
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
            Self::insert(self, header_name(name), value);
        }

        fn append(&mut self, name: &'static str, value: HeaderValue) {
            Self::append(self, header_name(name), value);
        }
    }

    /// Inlined, so that no name is parsed while requests run.
    #[inline(always)]
    fn header_name(name: &'static str) -> HeaderName {
        match name {
            "cache-control" => CACHE_CONTROL,
            "cookie" => COOKIE,
            "set-cookie" => SET_COOKIE,
            "vary" => VARY,
            _ => HeaderName::from_static(name),
        }
    }
}
