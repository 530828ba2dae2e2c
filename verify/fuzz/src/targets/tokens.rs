//!
//! Reading `Cookie` headers: which values are tokens, how many are tried, and which one opens the
//! session.
//!
//! The bytes are the `Cookie` headers of a request, one per line. Control bytes stand for tokens
//! with a valid signature, which a fuzzer cannot guess.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use http::header::{COOKIE, HeaderMap, HeaderValue};
use pollster::block_on;
use session_core::{
    CookieOptions, Driver, Error, Expected, Loaded, Record, Saved, SessionId, SessionManager,
    Timestamp, Version, async_trait,
};

use crate::oracle::token;
use crate::targets::common::{self, NOW, OLD_SECRET, SECRET};

pub(crate) fn run(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let site = &SITES[usize::from(*first) % SITES.len()];
    let (manager, driver) = (&site.manager, &site.driver);
    let name = manager.cookie_name();
    let mut headers = HeaderMap::new();
    let lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| spelled_out(line, name))
        .collect();
    let mut values = Vec::new();
    for line in &lines {
        let found: Vec<&str> = manager.tokens(line).collect();
        assert_eq!(found, cookies(line, name));
        if let Ok(header) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, header);
            values.extend(found);
        }
    }

    // Of the first eight, the first with a valid signature and a live session.
    let secrets = [SECRET.as_bytes(), OLD_SECRET.as_bytes()];
    let (mut asked, mut opened) = (Vec::new(), None);
    for value in values.iter().take(8) {
        let Some((handle, _)) = token::verify(&secrets, value) else {
            continue;
        };
        asked.push(handle.to_owned());
        if handle.starts_with("live") {
            opened = Some(handle);
            break;
        }
    }
    for by_headers in [true, false] {
        let attempt = match by_headers {
            true => block_on(manager.open_headers(&headers)),
            false => block_on(manager.open(values.iter().copied())),
        };
        let session = attempt.expect("hostile cookies are not an error");
        assert_eq!(*driver.0.lock().expect("one thread"), asked);
        assert_eq!(session.is_new(), opened.is_none());
        if let Some(handle) = opened {
            assert_eq!(session.id().expect("it has one").as_str(), handle);
        }
        driver.0.lock().expect("one thread").clear();
    }
}

/// Returns the values of the cookies with this name, read byte by byte.
fn cookies<'a>(line: &'a [u8], name: &str) -> Vec<&'a str> {
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c);
    let mut values = Vec::new();
    let mut start = 0;
    for end in 0..=line.len() {
        if end < line.len() && line[end] != b';' {
            continue;
        }
        let mut pair = &line[start..end];
        while let [first, rest @ ..] = pair
            && is_white(first)
        {
            pair = rest;
        }
        while let [rest @ .., last] = pair
            && is_white(last)
        {
            pair = rest;
        }
        start = end + 1;
        let Some(at) = pair.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        if &pair[..at] == name.as_bytes() {
            values.extend(std::str::from_utf8(&pair[at + 1..]).ok());
        }
    }
    values
}

/// Replaces control bytes with the tokens, names and long texts that they stand for.
fn spelled_out(line: &[u8], name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in line {
        match byte {
            0x01..=0x07 => out.extend_from_slice(TOKENS[usize::from(*byte) - 1].as_bytes()),
            0x08 => out.extend([name, "="].concat().bytes()),
            0x0e => out.extend(["; ", name, "="].concat().bytes()),
            0x0f => out.resize(out.len() + 1_000, b'x'),
            _ => out.push(*byte),
        }
    }
    out
}

/// A service whose cookie has one of a few names.
struct Site {
    manager: SessionManager,
    driver: Arc<Known>,
}

impl Site {
    fn new(name: &str) -> Self {
        let driver = Arc::new(Known::default());
        let cookie = CookieOptions::default().name(name);
        let manager = common::manager(driver.clone(), |builder| builder.cookie(cookie));
        Self { manager, driver }
    }
}

/// A driver that logs the handles that it is asked for. Each handle says what it stands for.
#[derive(Debug, Default)]
struct Known(Mutex<Vec<String>>);

#[async_trait]
impl Driver for Known {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.0.lock().expect("one thread").push(handle.to_owned());
        let ends_at = match handle.get(..4) {
            Some("live") => NOW + 1,
            Some("expi") => NOW,
            _ => return Ok(None),
        };
        let record = Record::new(SessionId::from_stored(handle).expect("not empty"));
        let record = record.expiring_at(Timestamp::from_millis(ends_at));
        Ok(Some(Loaded::new(record, Version::none())))
    }

    async fn save(&self, _: &Record, _: Expected<'_>, _: Duration) -> Result<Saved, Error> {
        unreachable!("nothing is committed")
    }

    async fn destroy(&self, _: &SessionId) -> Result<(), Error> {
        unreachable!("nothing is committed")
    }

    fn can_revoke(&self) -> bool {
        true
    }
}

static SITES: LazyLock<[Site; 4]> =
    LazyLock::new(|| ["s", "rudderjs_session", "__Host-s", "!#$%&'*+-.^_`|~"].map(Site::new));

static TOKENS: LazyLock<[String; 7]> = LazyLock::new(|| {
    [
        common::sign("live-1"),
        common::sign("live-2"),
        token::sign(OLD_SECRET.as_bytes(), "live-old-key"),
        common::sign("expired"),
        common::sign("unknown"),
        token::sign(b"a secret that this service never had", "live-1"),
        common::sign("live ; \u{e9} = \"odd\""),
    ]
});
