//! A command's input, from an argument or standard input.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Read};

use session_core::SessionManager;

use crate::failure::Failure;
use crate::variables::Variables;

/// Returns the bytes of `argument`. If it is `-` or `None`, reads standard input.
pub(crate) fn read(
    argument: Option<&OsStr>,
    what: &str,
    variables: &Variables,
) -> Result<Vec<u8>, Failure> {
    if let Some(argument) = argument.filter(|argument| *argument != "-") {
        return Ok(argument.as_encoded_bytes().to_vec());
    }
    if let Some(other) = variables.took_stdin() {
        return Err(Failure::new(format!(
            "cannot read both the {what} and {other} from standard input; pass the {what} as an argument"
        )));
    }
    if argument.is_none() && io::stdin().is_terminal() {
        return Err(Failure::new(format!(
            "no {what} given; pass it as an argument or on standard input"
        )));
    }
    read_stdin(what)
}

/// Reads standard input to its end.
pub(crate) fn read_stdin(what: &str) -> Result<Vec<u8>, Failure> {
    let mut input = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_BYTES + 1)
        .read_to_end(&mut input)
        .map_err(|error| {
            Failure::new(format!(
                "cannot read the {what} from standard input ({error})"
            ))
        })?;
    if input.len() as u64 > MAX_BYTES {
        return Err(Failure::new(format!(
            "the {what} on standard input is larger than 16 MiB; is this the right file?"
        )));
    }
    Ok(input)
}

/// Finds the session's tokens in `input`, in order. It may be a bare value, `name=value` pairs, or the headers of a request
/// or a response, in which only Cookie and Set-Cookie lines count.
pub(crate) fn tokens(manager: &SessionManager, input: &[u8]) -> Vec<String> {
    let lines: Vec<&[u8]> = input
        .split(|byte| *byte == b'\n')
        .map(unmarked)
        .filter(|line| !line.is_empty())
        .collect();
    let headers: Vec<&[u8]> = lines.iter().filter_map(|line| cookies(line)).collect();
    let pairs = if headers.is_empty() { &lines } else { &headers };
    let tokens: Vec<String> = pairs
        .iter()
        .flat_map(|line| manager.tokens(*line))
        .map(str::to_owned)
        .collect();
    match lines[..] {
        [line] if tokens.is_empty() && headers.is_empty() && is_value(line) => {
            std::str::from_utf8(line)
                .map(str::to_owned)
                .into_iter()
                .collect()
        }
        _ => tokens,
    }
}

/// Trims a line and removes the mark that `curl --verbose` puts before a header.
fn unmarked(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    let header = line
        .strip_prefix(b"< ")
        .or_else(|| line.strip_prefix(b"> "));
    header.unwrap_or(line).trim_ascii()
}

/// Returns the cookies in a header line: all pairs of a Cookie line, the first pair of a Set-Cookie line. Returns `None`
/// for any other line.
fn cookies(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, rest) = (&line[..colon], &line[colon + 1..]);
    if name.eq_ignore_ascii_case(b"cookie") {
        Some(rest)
    } else if name.eq_ignore_ascii_case(b"set-cookie") {
        rest.split(|byte| *byte == b';').next()
    } else {
        None
    }
}

/// Returns `true` if this may be the bare value of a cookie. Equals signs at its end may be base64 padding.
fn is_value(line: &[u8]) -> bool {
    let end = line
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |at| at + 1);
    !line[..end].iter().any(|byte| b"=; \t".contains(byte))
}

/// Returns `true` if this looks like the id of a stored session.
pub(crate) fn is_uuid(handle: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    handle.len() == 36
        && handle.bytes().enumerate().all(|(at, byte)| {
            if dashes.contains(&at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

const MAX_BYTES: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use session_cookie::CookieDriver;
    use session_core::Secret;

    use super::*;

    fn found(input: &str) -> Vec<String> {
        let manager = SessionManager::builder(CookieDriver, Secret::generate().unwrap()).build();
        tokens(&manager.unwrap(), input.as_bytes())
    }

    #[test]
    fn a_bare_value_is_the_token() {
        assert_eq!(found("a.b"), ["a.b"]);
        assert_eq!(found("  a.b\r\n"), ["a.b"]);
        assert_eq!(found("a.b="), ["a.b="]);
    }

    #[test]
    fn pairs_and_header_lines_are_matched_by_name() {
        for line in [
            "session=a.b",
            "theme=dark; session=a.b",
            "Cookie: theme=dark; session=a.b",
            "cookie:session=a.b;theme=dark",
            "Set-Cookie: session=a.b; Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=7200",
            "< set-cookie: session=a.b; Path=/",
        ] {
            assert_eq!(found(line), ["a.b"], "{line}");
        }
        assert_eq!(found("session=a; session=b"), ["a", "b"]);
        assert_eq!(found("Set-Cookie: session=; Max-Age=0"), [""]);
    }

    #[test]
    fn only_set_cookie_lines_of_a_response_count() {
        let response = "HTTP/1.1 200 OK\r\nX-Note: session=not.this\r\nSet-Cookie: theme=dark\r\n\
                        Set-Cookie: session=a.b; Path=/\r\n\r\nsession=nor.this\r\n";
        assert_eq!(found(response), ["a.b"]);
    }

    #[test]
    fn other_cookies_are_ignored() {
        for line in [
            "",
            "other=a.b",
            "Set-Cookie: other=a.b; session=c.d",
            "SESSION=a.b",
            "two words",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
