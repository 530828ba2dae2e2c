//! The command line.

use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Arguments {
    /// The duration of each run.
    pub(crate) time: Duration,
    /// The playgrounds, which run at the same time.
    pub(crate) playgrounds: Vec<&'static str>,
    /// The drivers, which run one after the other.
    pub(crate) drivers: Vec<Driver>,
    /// The store's fault during each run.
    pub(crate) fault: Fault,
}

/// Where sessions live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Driver {
    Cookie,
    Redis,
}

/// A fault of the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    None,
    /// It answers slowly.
    Slow,
    /// It is killed during the run and restarted.
    Restart,
}

impl Arguments {
    /// Parses the arguments. The error is the usage.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self {
            time: Duration::from_secs(20),
            playgrounds: PLAYGROUNDS.to_vec(),
            drivers: vec![Driver::Cookie, Driver::Redis],
            fault: Fault::None,
        };
        while let Some(option) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match (&*option, &*value) {
                ("--seconds", seconds) => {
                    let seconds = seconds.parse().map_err(|_| USAGE)?;
                    arguments.time = Duration::from_secs(seconds);
                }
                ("--playground" | "--driver", "all") => (),
                ("--playground", name) => {
                    arguments.playgrounds.retain(|known| *known == name);
                }
                ("--driver", name) => arguments.drivers.retain(|known| known.name() == name),
                ("--fault", "slow") => arguments.fault = Fault::Slow,
                ("--fault", "restart") => arguments.fault = Fault::Restart,
                _ => return Err(USAGE.to_owned()),
            }
        }
        if arguments.fault != Fault::None {
            // The cookie driver has no store.
            arguments.drivers.retain(|known| *known == Driver::Redis);
        }
        if arguments.playgrounds.is_empty() || arguments.drivers.is_empty() {
            return Err(USAGE.to_owned());
        }
        Ok(arguments)
    }
}

impl Driver {
    /// The value of `SESSION_DRIVER`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Redis => "redis",
        }
    }
}

const PLAYGROUNDS: [&str; 4] = ["axum", "warp", "poem", "actix"];
const USAGE: &str = "usage: load-check [--seconds N] [--playground axum|warp|poem|actix|all] \
    [--driver cookie|redis|all] [--fault slow|restart]";
