//! What the command line asks for.

use std::time::Duration;

/// The arguments of the program.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// How long each run takes.
    pub(crate) time: Duration,
    /// The playgrounds, which are driven at the same time.
    pub(crate) playgrounds: Vec<&'static str>,
    /// The drivers, one after the other.
    pub(crate) drivers: Vec<Driver>,
    /// What goes wrong with the store meanwhile.
    pub(crate) fault: Fault,
}

/// Where sessions live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Driver {
    Cookie,
    Redis,
}

/// What goes wrong with the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It answers late.
    Slow,
    /// It is killed in the middle of the run, and comes back.
    Restart,
}

impl Arguments {
    /// Reads them; the error is how to use the program.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
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
            // The other one has no store.
            arguments.drivers.retain(|known| *known == Driver::Redis);
        }
        if arguments.playgrounds.is_empty() || arguments.drivers.is_empty() {
            return Err(USAGE.to_owned());
        }
        Ok(arguments)
    }
}

impl Driver {
    /// As `SESSION_DRIVER` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Redis => "redis",
        }
    }
}

const PLAYGROUNDS: [&str; 3] = ["axum", "warp", "poem"];
const USAGE: &str = "usage: load-check [--seconds N] [--playground axum|warp|poem|all] \
    [--driver cookie|redis|all] [--fault slow|restart]";
