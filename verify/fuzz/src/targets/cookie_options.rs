//! Cookie options. A strict browser reads the line of every accepted combination as intended, and
//! only invalid combinations are rejected.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use pollster::block_on;
use session_core::{
    Clock, CookieOptions, Driver, Error, ErrorKind, Expected, KeyRing, Loaded, ManualClock,
    Outcome, Record, SameSite, Saved, Secret, SessionId, SessionManager, Timestamp, Version,
    async_trait,
};

use crate::oracle::set_cookie::{Cookie, is_token_byte, read};
use crate::oracle::token;
use crate::targets::common::SECRET;

pub(crate) fn run(bytes: &[u8]) {
    let _ = set_and_clear(&mut Unstructured::new(bytes));
}

fn set_and_clear(input: &mut Unstructured<'_>) -> Result<()> {
    let wanted = Wanted::from(input)?;
    let handle = text(
        input,
        &["11111111-1111-4111-8111-111111111111", "a=b/c+d", ""],
    )?;
    let clock = ManualClock::new(Timestamp::from_millis(input.arbitrary()?));
    let secret = Secret::new(SECRET).expect("a good secret");
    let built = SessionManager::builder(Echo(handle.clone()), KeyRing::new(secret))
        .cookie(wanted.options())
        .lifetime(wanted.lifetime)
        .clock(clock.clone())
        .build();
    let manager = match built {
        Ok(manager) => manager,
        Err(error) => {
            assert!(!wanted.is_valid(), "{error}, for {wanted:?}");
            return Ok(());
        }
    };
    assert!(wanted.is_valid(), "accepted: {wanted:?}");

    let clear = manager.set_cookie(&Outcome::Clear).expect("a line");
    let removal = Cookie {
        max_age: Some(0),
        expires: Some("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
        ..wanted.cookie(String::new())
    };
    assert_eq!(read(&clear), Ok(removal));

    let session = block_on(manager.open(None)).expect("no cookie");
    session.put("k", 1).expect("it fits");
    let value = token::sign(SECRET.as_bytes(), &handle);
    let size = wanted.name.len() + value.len();
    let is_fit = handle
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
    match block_on(manager.commit(&session)) {
        Ok(outcome @ Outcome::Set(_)) => {
            assert!(is_fit && size <= 4096);
            let line = manager.set_cookie(&outcome).expect("a line");
            let cookie = Cookie {
                max_age: wanted.persistent.then(|| wanted.max_age(&clock)),
                ..wanted.cookie(value)
            };
            assert_eq!(read(&line), Ok(cookie), "{line}");
        }
        Ok(outcome) => panic!("{outcome:?}"),
        Err(error) if is_fit => match error.kind() {
            ErrorKind::TooLarge {
                size: told, limit, ..
            } => assert_eq!((told, limit), (size, 4096)),
            kind => panic!("{kind:?}"),
        },
        Err(error) => assert_eq!(error.kind(), ErrorKind::Encode),
    }
    Ok(())
}

#[derive(Debug)]
struct Wanted {
    name: String,
    path: String,
    domain: Option<String>,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
    partitioned: bool,
    persistent: bool,
    lifetime: Duration,
}

impl Wanted {
    fn from(input: &mut Unstructured<'_>) -> Result<Self> {
        let domain = if input.arbitrary()? {
            Some(text(
                input,
                &["example.com", ".example.com", "a.b-c.example", "."],
            )?)
        } else {
            None
        };
        Ok(Self {
            name: text(input, &["session", "__Host-s", "__secure-S", "__HOST-"])?,
            path: text(input, &["/", "/app", "/a b", "/a/../b?c#d"])?,
            domain,
            secure: input.arbitrary()?,
            http_only: input.arbitrary()?,
            same_site: *input.choose(&[SameSite::Strict, SameSite::Lax, SameSite::None])?,
            partitioned: input.arbitrary()?,
            persistent: input.arbitrary()?,
            lifetime: match input.int_in_range(0..=3)? {
                0 => Duration::MAX,
                1 => Duration::from_millis(input.arbitrary::<u32>()?.into()),
                2 => Duration::from_nanos(input.arbitrary()?),
                _ => Duration::from_secs(input.arbitrary::<u32>()?.into()),
            },
        })
    }

    fn options(&self) -> CookieOptions {
        let options = CookieOptions::default()
            .name(&self.name)
            .path(&self.path)
            .secure(self.secure)
            .http_only(self.http_only)
            .same_site(self.same_site)
            .partitioned(self.partitioned)
            .persistent(self.persistent);
        match &self.domain {
            Some(domain) => options.domain(domain),
            None => options,
        }
    }

    /// Applies the documented rules.
    fn is_valid(&self) -> bool {
        let is_secure = self.secure || self.same_site == SameSite::None;
        let name = self.name.to_lowercase();
        let has_prefix_right = if name.starts_with("__host-") {
            is_secure && self.path == "/" && self.domain.is_none()
        } else {
            is_secure || !name.starts_with("__secure-")
        };
        (1..=256).contains(&self.name.len())
            && self.name.bytes().all(is_token_byte)
            && (1..=1024).contains(&self.path.len())
            && self.path.starts_with('/')
            && !self.path.ends_with(' ')
            && self
                .path
                .bytes()
                .all(|byte| (b' '..=b'~').contains(&byte) && byte != b';')
            && self.domain.as_deref().is_none_or(is_domain)
            && (is_secure || !self.partitioned)
            && has_prefix_right
            && !self.lifetime.is_zero()
    }

    fn cookie(&self, value: String) -> Cookie {
        Cookie {
            name: self.name.clone(),
            value,
            path: Some(self.path.clone()),
            domain: self.domain.clone(),
            same_site: Some(format!("{:?}", self.same_site)),
            secure: self.secure || self.same_site == SameSite::None,
            http_only: self.http_only,
            partitioned: self.partitioned,
            ..Cookie::default()
        }
    }

    /// A clock counts whole milliseconds, a started second counts in full, and the latest possible
    /// time is a limit.
    fn max_age(&self, clock: &ManualClock) -> u64 {
        let left = u128::from(u64::MAX - clock.now().as_millis());
        let millis = self.lifetime.as_millis().min(left);
        u64::try_from(millis.div_ceil(1000))
            .unwrap_or(u64::MAX)
            .min(400 * 24 * 60 * 60)
    }
}

fn is_domain(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    domain.len() <= 254
        && name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// Returns one of the likely texts, sometimes with other text before or after it, and sometimes
/// repeated.
fn text(input: &mut Unstructured<'_>, likely: &[&str]) -> Result<String> {
    let base = *input.choose(likely)?;
    Ok(match input.int_in_range(0..=7)? {
        0 => base.to_owned() + &input.arbitrary::<String>()?,
        1 => input.arbitrary::<String>()? + base,
        2 => base.repeat(usize::from(input.arbitrary::<u16>()? % 600)),
        3 => base.to_owned() + " ",
        _ => base.to_owned(),
    })
}

/// A driver that answers every save with this handle.
#[derive(Debug)]
struct Echo(String);

#[async_trait]
impl Driver for Echo {
    async fn load(&self, _: &str) -> std::result::Result<Option<Loaded>, Error> {
        unreachable!("there is no cookie")
    }

    async fn save(
        &self,
        _: &Record,
        _: Expected<'_>,
        _: Duration,
    ) -> std::result::Result<Saved, Error> {
        Ok(Saved::Done {
            handle: self.0.clone(),
            version: Version::none(),
        })
    }

    async fn destroy(&self, _: &SessionId) -> std::result::Result<(), Error> {
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        false
    }
}
