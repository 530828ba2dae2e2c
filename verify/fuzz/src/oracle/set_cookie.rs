//! A `Set-Cookie` line as a strict browser reads it (RFC 6265bis, "The Set-Cookie Header Field" and
//! "Storage Model"), and as a strict server writes it ("Server Requirements", "Syntax").

/// The cookie that a browser stores. Missing attributes are `None` or `false`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) same_site: Option<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) expires: Option<String>,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) partitioned: bool,
}

/// Reads a line. `Err` names the broken rule: a browser would drop the cookie or a part of it, or a
/// strict server would not have written it.
pub(crate) fn read(line: &str) -> Result<Cookie, String> {
    if let Some(bad) = line.chars().find(|c| !(' '..='~').contains(c)) {
        return Err(format!("{bad:?} in a header"));
    }
    let mut parts = line.split("; ");
    let (name, value) = parts
        .next()
        .and_then(|pair| pair.split_once('='))
        .ok_or("no name and value")?;
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(format!("the name {name:?} is not a token"));
    }
    if let Some(bad) = value.chars().find(|c| " \",;\\".contains(*c)) {
        return Err(format!("{bad:?} in the value"));
    }
    if name.len() + value.len() > 4096 {
        return Err("name and value are over 4096 bytes".to_owned());
    }
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        ..Cookie::default()
    };
    for part in parts {
        cookie.attribute(part)?;
    }
    cookie.check()?;
    Ok(cookie)
}

impl Cookie {
    fn attribute(&mut self, part: &str) -> Result<(), String> {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        };
        let text = value.unwrap_or_default();
        if text.trim() != text || text.contains(';') {
            return Err(format!("a browser cuts {part:?}"));
        }
        if text.len() > 1024 {
            return Err(format!("{name} is over 1024 bytes"));
        }
        let is_new = match (name, value) {
            ("Path", Some(_)) => self.path.replace(text.to_owned()).is_none(),
            ("Domain", Some(_)) => self.domain.replace(text.to_owned()).is_none(),
            ("SameSite", Some(_)) => self.same_site.replace(text.to_owned()).is_none(),
            ("Expires", Some(_)) => self.expires.replace(text.to_owned()).is_none(),
            ("Max-Age", Some(_)) => {
                let age = text
                    .parse()
                    .map_err(|_| format!("{part:?} is not a number"))?;
                self.max_age.replace(age).is_none()
            }
            ("Secure", None) => !std::mem::replace(&mut self.secure, true),
            ("HttpOnly", None) => !std::mem::replace(&mut self.http_only, true),
            ("Partitioned", None) => !std::mem::replace(&mut self.partitioned, true),
            _ => return Err(format!("the attribute {part:?} is unknown")),
        };
        if is_new {
            Ok(())
        } else {
            Err(format!("{name} comes twice"))
        }
    }

    fn check(&self) -> Result<(), String> {
        let name = self.name.to_ascii_lowercase();
        let is_host_only = self.domain.is_none() && self.path.as_deref() == Some("/");
        if name.starts_with("__host-") && !(self.secure && is_host_only) {
            return Err("__Host- without what it demands".to_owned());
        }
        if name.starts_with("__secure-") && !self.secure {
            return Err("__Secure- without Secure".to_owned());
        }
        if !self.secure && (self.partitioned || self.same_site.as_deref() == Some("None")) {
            return Err("Partitioned or SameSite=None without Secure".to_owned());
        }
        if !self
            .path
            .as_deref()
            .is_some_and(|path| path.starts_with('/'))
        {
            return Err("a path that does not start with a slash".to_owned());
        }
        if self.max_age > Some(400 * 24 * 60 * 60) {
            return Err("Max-Age over 400 days".to_owned());
        }
        Ok(())
    }
}

/// RFC 9110, "Tokens".
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte)
}
