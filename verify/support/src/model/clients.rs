//! Clients, their cookies, and the releases of the service that they talk to.

use session_core::{Driver, KeyRing, ManualClock, Secret, SessionManager};

use super::choices::Choices;
use super::settings::Settings;
use super::transit::Login;

/// A cookie that the service issued.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) text: String,
    pub(crate) handle: String,
    /// The number of the secret that signed it.
    pub(crate) secret: usize,
}

/// The value of a cookie that a client sends, issued or forged.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) text: String,
    pub(crate) issued: Option<Issued>,
}

/// A browser, or a thief.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) cookie: Option<Issued>,
    /// The login whose response brought the cookie.
    pub(crate) login: Option<Login>,
}

/// A release of the service, with its settings and secrets. Old releases keep running during a
/// rollout.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) manager: SessionManager,
    pub(crate) settings: Settings,
    /// The numbers of its secrets, the primary one first.
    pub(crate) secrets: Vec<usize>,
    pub(crate) ring: KeyRing,
}

impl Release {
    pub(crate) fn new(
        driver: impl Driver,
        clock: ManualClock,
        settings: Settings,
        secrets: Vec<usize>,
    ) -> Self {
        let ring = secrets[1..]
            .iter()
            .fold(KeyRing::new(secret(secrets[0])), |ring, n| {
                ring.with_previous(secret(*n))
            });
        let builder = SessionManager::builder(driver, ring.clone()).clock(clock);
        let manager = settings.configure(builder).build().unwrap();
        Self {
            manager,
            settings,
            secrets,
            ring,
        }
    }

    /// Returns the position of the secret that signed a cookie.
    pub(crate) fn key(&self, sent: &Sent) -> Option<usize> {
        let issued = sent.issued.as_ref()?;
        self.secrets
            .iter()
            .position(|known| *known == issued.secret)
    }
}

impl Client {
    /// Returns the cookies of a request: the client's own, sometimes after others with the same
    /// name, sometimes a stolen one instead.
    pub(crate) fn sends(&self, all: &[Issued], choices: &mut Choices) -> Vec<Sent> {
        let mut sent = Vec::new();
        if choices.one_in(8) {
            for _ in 0..choices.below(10) {
                sent.push(duplicate(all, choices));
            }
        }
        let is_stolen = choices.one_in(16);
        match &self.cookie {
            Some(cookie) if !is_stolen => sent.push(Sent::from(cookie.clone())),
            _ if is_stolen && !all.is_empty() => sent.push(Sent::from(choices.pick(all))),
            _ => {}
        }
        sent
    }
}

impl From<Issued> for Sent {
    fn from(issued: Issued) -> Self {
        Self {
            text: issued.text.clone(),
            issued: Some(issued),
        }
    }
}

/// A cookie that another path, another domain or an attacker stored under the same name.
fn duplicate(all: &[Issued], choices: &mut Choices) -> Sent {
    let forged = |text: String| Sent { text, issued: None };
    if all.is_empty() {
        return forged("x.y".to_owned());
    }
    let issued = choices.pick(all);
    match choices.below(4) {
        0 => forged(String::new()),
        1 => forged(issued.handle),
        2 => {
            let (handle, signature) = issued.text.rsplit_once('.').unwrap();
            let swapped = if signature.starts_with('A') { "B" } else { "A" };
            forged(format!("{handle}.{swapped}{}", &signature[1..]))
        }
        _ => Sent::from(issued),
    }
}

fn secret(n: usize) -> Secret {
    Secret::new(format!("secret number {n} of the model's service")).unwrap()
}
