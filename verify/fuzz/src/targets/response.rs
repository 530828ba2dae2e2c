//! The headers of a response after a commit, for any headers that the handler set.

use arbitrary::{Result, Unstructured};
use http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use pollster::block_on;
use session_core::{Caching, CookieOptions, MemoryDriver, Outcome};

use crate::oracle::set_cookie;
use crate::targets::common;

pub(crate) fn run(bytes: &[u8]) {
    let _ = commit(&mut Unstructured::new(bytes));
}

fn commit(input: &mut Unstructured<'_>) -> Result<()> {
    let caching = if input.ratio(1, 8)? {
        Caching::Off
    } else {
        Caching::Headers
    };
    let manager = common::manager(MemoryDriver::new(), |builder| {
        builder
            .cookie(CookieOptions::default().name(NAME))
            .caching(caching)
    });
    let act = input.int_in_range(0..=3)?;
    // A logout removes a cookie only if one came.
    let cookie = (act == 3).then_some("forged.x");
    let session = block_on(manager.open(cookie)).expect("no session");
    match act {
        0 => {}
        1 => drop(session.has("k")),
        2 => session.put("k", 1).expect("it fits"),
        _ => session.destroy().expect("it is open"),
    }
    let (is_used, sets) = (act > 0, act > 1);

    let mut headers = HeaderMap::new();
    while !input.is_empty() {
        let (name, value) = header(input)?;
        headers.append(name, value);
    }
    let before = headers.clone();
    block_on(manager.commit_headers(&session, &mut headers)).expect("memory does not fail");

    let mut others = texts(&before, &SET_COOKIE);
    let mut cookies = texts(&headers, &SET_COOKIE);
    if sets {
        others.retain(|line| !is_ours(line));
        let ours = cookies.pop().expect("a cookie");
        let line = std::str::from_utf8(ours).expect("text");
        let cookie = set_cookie::read(line).expect("a strict browser accepts it");
        assert_eq!((&*cookie.name, cookie.value.is_empty()), (NAME, act == 3));
        let last = headers.get_all(SET_COOKIE).iter().next_back();
        assert!(last.is_some_and(HeaderValue::is_sensitive));
    }
    assert_eq!(cookies, others, "others' cookies stay, in their order");

    let is_told = caching == Caching::Headers && (is_used || sets);
    let (mut old, new) = (varies(&before), varies(&headers));
    if is_told && !old.iter().any(|name| name == "*" || name == "cookie") {
        assert!(new.iter().any(|name| name == "cookie"));
        assert_eq!(new.len(), old.len() + 1);
        old.push("cookie".to_owned());
    }
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(new), sorted(old));

    let mut cache: Vec<&[u8]> = texts(&before, &CACHE_CONTROL);
    let is_private = cache.iter().any(|line| {
        let mut directives = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        directives.any(|name| [&b"private"[..], b"no-store"].contains(&&*name.to_ascii_lowercase()))
    });
    if caching == Caching::Headers && sets && !is_private {
        cache = vec![b"no-store"];
    }
    assert_eq!(texts(&headers, &CACHE_CONTROL), cache);

    // A second commit changes nothing.
    let after = headers.clone();
    assert_eq!(
        block_on(manager.commit(&session)).expect("it is closed"),
        Outcome::Keep
    );
    block_on(manager.commit_headers(&session, &mut headers)).expect("it is closed");
    assert_eq!(texts(&headers, &SET_COOKIE), texts(&after, &SET_COOKIE));
    Ok(())
}

fn header(input: &mut Unstructured<'_>) -> Result<(HeaderName, HeaderValue)> {
    let (name, likely): (_, &[&str]) = match input.int_in_range(0..=3)? {
        0 => (
            VARY,
            &[
                "Accept",
                "accept-encoding, COOKIE",
                "*",
                "Cookies",
                "",
                " , cookie ,",
            ],
        ),
        1 => (
            CACHE_CONTROL,
            &["public, max-age=60", "", "max-age=0, Private", "no-store"],
        ),
        _ => (
            SET_COOKIE,
            &[
                "sid=1",
                " sid = 1; Path=/",
                "sid",
                "sid;=",
                "SID=1",
                "sidx=1",
                "a=sid=1",
                "=sid",
                "\u{e9}=1",
            ],
        ),
    };
    let value = if input.ratio(1, 4)? {
        let len = usize::from(input.arbitrary::<u8>()?).min(input.len());
        let bytes = input.bytes(len)?;
        HeaderValue::from_bytes(bytes).unwrap_or(HeaderValue::from_static("sid=odd"))
    } else {
        HeaderValue::from_str(input.choose(likely)?).expect("a value")
    };
    Ok((name, value))
}

/// Returns `true` if a browser would store this cookie under the session's name.
fn is_ours(line: &[u8]) -> bool {
    let pair = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let mut parts = pair.splitn(2, |byte| *byte == b'=');
    let name = parts.next().unwrap_or_default();
    parts.next().is_some() && name.trim_ascii() == NAME.as_bytes()
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect()
}

/// Returns the names in all `Vary` headers, in lower case, without empty ones.
fn varies(headers: &HeaderMap) -> Vec<String> {
    let lines = texts(headers, &VARY);
    let names = lines
        .iter()
        .flat_map(|line| line.split(|byte| *byte == b','));
    names
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_lowercase())
        .filter(|name| !name.is_empty())
        .collect()
}

const NAME: &str = "sid";
