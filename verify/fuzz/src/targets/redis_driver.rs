//! `RedisDriver` with a server that holds any value and sometimes gives arbitrary answers. The
//! driver accepts only a possible record with the requested id.

use std::cell::RefCell;
use std::result::Result as StdResult;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use fred::clients::Pool;
use fred::mocks::{MockCommand, Mocks};
use fred::prelude::{
    Builder, ClientLike, Config, Error as FredError, ErrorKind as FredErrorKind, Value,
};
use session_core::{
    Driver, Error, ErrorKind, Expected, Loaded, ManualClock, Record, Saved, SessionId, Timestamp,
    Touched, Version,
};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use crate::oracle::record as oracle;
use crate::targets::common::NOW;

pub(crate) fn run(bytes: &[u8]) {
    thread_local! {
        static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
    }
    let mut input = Unstructured::new(bytes);
    BENCH.with_borrow_mut(|bench| {
        let bench = bench.get_or_insert_with(Bench::new);
        let _ = bench.ask(&mut input);
    });
}

struct Bench {
    runtime: Runtime,
    pool: Pool,
    server: Arc<Mutex<Server>>,
}

impl Bench {
    fn new() -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let server = Arc::new(Mutex::new(Server::default()));
        let pool = runtime.block_on(async {
            let mocks: Option<Arc<dyn Mocks>> = Some(Arc::new(Wire(server.clone())));
            let config = Config {
                mocks,
                ..Config::default()
            };
            let pool = Builder::from_config(config).build_pool(1).expect("a pool");
            pool.init().await.expect("a mock needs no connection");
            pool
        });
        Self {
            runtime,
            pool,
            server,
        }
    }

    fn ask(&self, input: &mut Unstructured<'_>) -> Result<()> {
        let verb = input.int_in_range(0..=6)?;
        let mut server = Server::from(input)?;
        server.is_touch = verb == 6;
        *self.server.lock().expect("one thread") = server.clone();
        // A new driver for each input, because a driver learns whether its server takes several
        // keys.
        let driver = RedisDriver::from_pool(self.pool.clone(), "p:", Duration::from_secs(60));
        let driver = driver.expect("a valid prefix");
        let driver = driver.with_clock(ManualClock::new(Timestamp::from_millis(NOW)));
        let id = SessionId::from_stored(ID).expect("not empty");
        let (version, ttl) = (Version::bytes("seen"), Duration::from_secs(60));
        self.runtime.block_on(async {
            match verb {
                0..=2 => server.check(driver.load(ID).await),
                3 => {
                    let expected = if server.is_same {
                        Expected::Version(&version)
                    } else {
                        Expected::Absent
                    };
                    let saved = driver.save(&Record::new(id), expected, ttl).await;
                    server.check_saved(saved);
                }
                4 => {
                    let saved = driver
                        .save(&Record::new(id), Expected::Version(&version), ttl)
                        .await;
                    server.check_saved(saved);
                }
                // After the first, which finds out whether the server takes several keys, the
                // driver sends them together.
                5 => {
                    let save = async || {
                        let (record, expected) =
                            (Record::new(id.clone()), Expected::Version(&version));
                        driver.save(&record, expected, ttl).await
                    };
                    for _ in 0..2 {
                        let (first, second, third) = tokio::join!(save(), save(), save());
                        for saved in [first, second, third] {
                            server.check_saved(saved);
                        }
                        for _ in 0..100 {
                            tokio::task::yield_now().await;
                        }
                    }
                }
                _ => match driver.touch(&Record::new(id.clone()), &version, ttl).await {
                    Ok(touched) => {
                        let expected = match &server.value {
                            Some(_) if server.is_same => Touched::Done,
                            Some(_) => Touched::MustSave,
                            None => Touched::Gone,
                        };
                        assert!(server.is_odd() || touched == expected);
                    }
                    Err(error) => server.check(Err(error)),
                },
            }
        });
        Ok(())
    }
}

/// A server that holds at most one key.
#[derive(Clone, Debug, Default)]
struct Server {
    value: Option<Vec<u8>>,
    left: i64,
    /// Whether the value has the requested version.
    is_same: bool,
    /// Whether the driver is asked for a touch, whose script has answers of its own.
    is_touch: bool,
    /// Answers to give before the honest ones, the last one first.
    odd: Vec<Odd>,
}

#[derive(Clone, Debug)]
enum Odd {
    Value(Value),
    Failure(&'static str),
}

impl Server {
    fn from(input: &mut Unstructured<'_>) -> Result<Self> {
        let value = if input.ratio(1, 8)? {
            None
        } else {
            Some(text(input)?)
        };
        let left = if input.arbitrary()? {
            input.int_in_range(-1..=3)?
        } else {
            input.arbitrary::<i64>()?.max(-1)
        };
        let is_same = input.ratio(1, 4)?;
        let mut odd = Vec::new();
        while input.ratio(1, 4)? && odd.len() < 3 {
            odd.push(Odd::from(input)?);
        }
        Ok(Self {
            is_touch: false,
            value,
            left,
            is_same,
            odd,
        })
    }

    fn is_odd(&self) -> bool {
        !self.odd.is_empty()
    }

    fn answer(&mut self, command: &MockCommand) -> StdResult<Value, FredError> {
        if command.args.iter().any(is_probe) {
            return Ok(match &*command.cmd {
                "EVAL" | "EVALSHA" => of_each(command, Value::Integer(1)),
                _ => Value::from_static_str("OK"),
            });
        }
        match self.odd.pop() {
            Some(Odd::Value(value)) => return Ok(value),
            Some(Odd::Failure(details)) => {
                return Err(FredError::new(FredErrorKind::Unknown, details));
            }
            None => {}
        }
        let Some(value) = &self.value else {
            return Ok(match &*command.cmd {
                "SET" => Value::from_static_str("OK"),
                "PTTL" => Value::Integer(-2),
                "EVAL" | "EVALSHA" => of_each(command, Value::Integer(0)),
                "DEL" => Value::Integer(0),
                _ => Value::Null,
            });
        };
        let held = Value::Bytes(value.clone().into());
        Ok(match &*command.cmd {
            "GET" => held,
            "PTTL" => Value::Integer(self.left),
            "DEL" => Value::Integer(1),
            "EVAL" | "EVALSHA" if self.is_same => of_each(command, Value::Integer(1)),
            "EVAL" | "EVALSHA" if self.is_touch => Value::Integer(-1),
            "EVAL" | "EVALSHA" => {
                of_each(command, Value::Array(vec![held, Value::Integer(self.left)]))
            }
            _ => Value::Null,
        })
    }

    /// Returns the record that an honest server holds, or why the value is not a record.
    fn record(&self) -> Option<(oracle::Record, Option<u64>)> {
        let value = self.value.as_deref()?;
        let (json, mark) = split(value).map_or((value, None), |(json, version, time)| {
            (json, Some((version, time)))
        });
        let mut record = oracle::Record::read(std::str::from_utf8(json).ok()?)?;
        match mark {
            Some((_, time)) => record.exp = Some(time),
            None => {
                let left = u64::try_from(self.left).ok();
                record.exp = left.map_or(record.exp, |left| Some(NOW.saturating_add(left)));
            }
        }
        (record.id == ID).then_some((record, mark.map(|(version, _)| version)))
    }

    fn check(&self, answer: StdResult<Option<Loaded>, Error>) {
        match answer {
            Ok(Some(loaded)) => {
                assert_eq!(
                    loaded.record.id().as_str(),
                    ID,
                    "never a session of another id"
                );
                if !self.is_odd() {
                    let (record, version) = self.record().expect("a record of this id");
                    assert_eq!(loaded.record.to_json(), record.write());
                    assert_eq!(loaded.version.as_number(), version);
                    let whole = loaded.version.as_bytes().map(|bytes| bytes.to_vec());
                    assert!(version.is_some() || whole == self.value);
                }
            }
            Ok(None) => assert!(self.is_odd() || self.record().is_none()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                assert!(self.is_odd(), "{error:?}");
            }
        }
    }

    fn check_saved(&self, saved: StdResult<Saved, Error>) {
        match saved {
            Ok(Saved::Done { handle, .. }) => {
                assert_eq!(handle, ID);
                assert!(self.is_odd() || self.is_same || self.value.is_none());
            }
            Ok(Saved::Conflict(held)) => self.check(Ok(held.map(|held| *held))),
            Err(error) => self.check(Err(error)),
        }
    }
}

/// Returns `true` for a key of the script with which the driver finds out whether a script may use
/// several keys.
fn is_probe(argument: &Value) -> bool {
    argument
        .as_bytes()
        .is_some_and(|key| key.starts_with(b"p:session-probe-"))
}

/// Returns the answer of a script that gets this answer for each of its keys.
fn of_each(command: &MockCommand, answer: Value) -> Value {
    match command.args.get(1).and_then(Value::as_usize) {
        Some(keys) if keys > 1 => Value::Array(vec![answer; keys]),
        _ => answer,
    }
}

impl Odd {
    fn from(input: &mut Unstructured<'_>) -> Result<Self> {
        if input.arbitrary()? {
            return Ok(Self::Value(value(input, 3)?));
        }
        Ok(Self::Failure(input.choose(&[
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "NOSCRIPT No matching script",
            "CROSSSLOT Keys in request don't hash to the same slot",
            "LOADING Redis is loading the dataset in memory",
            "Too many redirections.",
            "",
        ])?))
    }
}

/// Returns a stored text: usually a record of this id, usually with a mark.
fn text(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut text = match input.int_in_range(0..=3)? {
        0 | 1 => format!("{{\"id\":\"{ID}\",\"data\":{{\"k\":1.0}},\"exp\":5}}").into_bytes(),
        2 => [format!("{{\"id\":\"{ID}\",").as_bytes(), some(input)?].concat(),
        _ => some(input)?.to_vec(),
    };
    if input.ratio(3, 4)? {
        let (version, time): (u64, u64) = (input.arbitrary()?, input.arbitrary()?);
        let digits = (0..32)
            .map(|at| version >> (2 * at))
            .chain((0..22).map(|at| time >> (2 * at)));
        text.extend(digits.map(|digit| WHITE[(digit & 3) as usize]));
    }
    if input.ratio(1, 8)? {
        text.extend(some(input)?);
    }
    Ok(text)
}

/// Splits a marked value into JSON, version and time. The mark has 32 and 22 digits of two bits
/// each, least significant first, written in white space.
fn split(value: &[u8]) -> Option<(&[u8], u64, u64)> {
    let (json, mark) = value.split_at(value.len().checked_sub(54)?);
    let mut numbers = [0_u64; 2];
    for (at, byte) in mark.iter().enumerate().rev() {
        let digit = WHITE.iter().position(|white| white == byte)?;
        let number = &mut numbers[usize::from(at >= 32)];
        *number = *number << 2 | digit as u64;
    }
    Some((json, numbers[0], numbers[1]))
}

/// Returns any answer, nested at most this deep.
fn value(input: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    Ok(match input.int_in_range(0..=8)? {
        0 => Value::Null,
        1 => Value::Integer(input.int_in_range(-2..=2)?),
        2 => Value::Integer(input.arbitrary()?),
        3 => Value::Bytes(text(input)?.into()),
        4 => Value::String(String::from_utf8_lossy(some(input)?).into_owned().into()),
        5 => Value::Boolean(input.arbitrary()?),
        6 => Value::Double(input.arbitrary()?),
        _ if depth == 0 => Value::Null,
        _ => {
            let mut values = Vec::new();
            for _ in 0..input.int_in_range(0..=3)? {
                values.push(value(input, depth - 1)?);
            }
            Value::Array(values)
        }
    })
}

fn some<'a>(input: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let len = usize::from(input.arbitrary::<u8>()?).min(input.len());
    input.bytes(len)
}

/// The connection to the server.
#[derive(Debug)]
struct Wire(Arc<Mutex<Server>>);

impl Mocks for Wire {
    fn process_command(&self, command: MockCommand) -> StdResult<Value, FredError> {
        self.0.lock().expect("one thread").answer(&command)
    }
}

const ID: &str = "11111111-1111-4111-8111-111111111111";
const WHITE: [u8; 4] = *b" \t\n\r";
