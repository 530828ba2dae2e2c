//! Filters for requests, where warp alone would accept more or less than the other playgrounds.

use std::collections::HashMap;
use std::str::FromStr;
use std::string::FromUtf8Error;

use playground::page::Form;
use warp::path::FullPath;
use warp::reject::Reject;
use warp::{Filter, Rejection};

/// The fields of a query.
pub(crate) type Query = HashMap<String, String>;

/// A key in a path, with its percent-encoding decoded.
#[derive(Debug, PartialEq)]
pub(crate) struct Key(pub(crate) String);

/// The rejection of a body without a content type.
#[derive(Debug)]
pub(crate) struct NoForm;

/// Accepts `/api/session` and rejects `/api/session/`.
pub(crate) fn exact_path() -> impl Filter<Extract = (), Error = Rejection> + Copy {
    warp::path::full()
        .and_then(|path: FullPath| async move {
            match path.as_str() {
                path if path.len() > 1 && path.ends_with('/') => Err(warp::reject::not_found()),
                _ => Ok(()),
            }
        })
        .untuple_one()
}

/// Accepts `GET` and `HEAD`.
pub(crate) fn get() -> impl Filter<Extract = (), Error = Rejection> + Copy {
    warp::get().or(warp::head()).unify()
}

pub(crate) fn query() -> impl Filter<Extract = (Query,), Error = Rejection> + Copy {
    warp::query()
}

/// Takes a form that has a content type.
pub(crate) fn form() -> impl Filter<Extract = (Form,), Error = Rejection> + Copy {
    warp::header::optional("content-type")
        .and_then(|content_type: Option<String>| async move {
            content_type.map(drop).ok_or(Rejection::from(NoForm))
        })
        .untuple_one()
        .and(warp::body::form())
}

impl Reject for NoForm {}

impl FromStr for Key {
    type Err = FromUtf8Error;

    fn from_str(segment: &str) -> Result<Self, FromUtf8Error> {
        let mut parts = segment.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let escaped = part.split_at_checked(2).and_then(|(digits, rest)| {
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let byte = u8::from_str_radix(digits, 16).ok()?;
                is_hex.then_some((byte, rest))
            });
            let (byte, rest) = escaped.unwrap_or((b'%', part));
            bytes.push(byte);
            bytes.extend_from_slice(rest.as_bytes());
        }
        String::from_utf8(bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_percent_encoding_is_decoded() {
        for (segment, key) in [
            ("name", "name"),
            ("a%20b%2Fc", "a b/c"),
            ("%e2%9c%93", "✓"),
            ("100%", "100%"),
            ("%4%+f%zz", "%4%+f%zz"),
        ] {
            assert_eq!(segment.parse(), Ok(Key(key.to_owned())), "{segment}");
        }
        assert!("%ff".parse::<Key>().is_err());
    }
}
