//! The seed's verbs, carried out by a session of ours.

use serde_json::Value;
use session_core::{RawValue, Session};

/// `["put", "key", value]` and the like.
pub(crate) struct Op(Vec<Box<RawValue>>);

/// What a value is put as.
#[derive(Clone, Copy)]
pub(crate) enum Values {
    /// The seed's own text.
    Text,
    /// A Rust value, written by us.
    Rust,
}

/// A verb's result as JSON text, or the message of the exception that ended the handler.
pub(crate) type Done = Result<String, String>;

impl Op {
    pub(crate) fn read(ops_json: &str) -> Vec<Self> {
        let ops: Vec<Vec<Box<RawValue>>> = serde_json::from_str(ops_json).unwrap();
        ops.into_iter().map(Self).collect()
    }

    pub(crate) fn verb(&self) -> String {
        serde_json::from_str(self.0[0].get()).unwrap()
    }

    /// The key, `None` where it is no valid Unicode and so nothing that Rust can name.
    pub(crate) fn key(&self) -> Option<String> {
        serde_json::from_str(self.0[1].get()).ok()
    }

    pub(crate) fn value(&self) -> &RawValue {
        &self.0[2]
    }

    pub(crate) fn run(&self, session: &Session, values: Values) -> Done {
        let key = || self.key().expect("a key that Rust can name");
        // JavaScript's `undefined` is written as `null`.
        let nothing = || "null".to_owned();
        let text = |raw: Option<Box<RawValue>>| raw.map(|raw| raw.get().to_owned());
        let value: Value;
        let typed = match (values, self.0.get(2)) {
            (Values::Rust, Some(raw)) => {
                // Rust's own reader of doubles is exact; that of `serde_json` need not be.
                value = match raw.get().parse::<f64>() {
                    Ok(number) => Value::from(number),
                    Err(_) => serde_json::from_str(raw.get()).unwrap(),
                };
                Some(&value)
            }
            _ => None,
        };
        Ok(match self.verb().as_str() {
            "put" => {
                match typed {
                    Some(value) => session.put(&key(), value),
                    None => session.put(&key(), self.value()),
                }
                .unwrap();
                nothing()
            }
            "flash" => {
                match typed {
                    Some(value) => session.flash(&key(), value),
                    None => session.flash(&key(), self.value()),
                }
                .unwrap();
                nothing()
            }
            "get" => text(session.get(&key()).unwrap()).unwrap_or_else(nothing),
            "getFlash" => text(session.get_flash(&key()).unwrap()).unwrap_or_else(nothing),
            "pull" => text(session.pull(&key()).unwrap())
                .or_else(|| Some(self.0.get(2)?.get().to_owned()))
                .unwrap_or_else(nothing),
            "forget" => {
                session.forget(&key()).unwrap();
                nothing()
            }
            "flush" => {
                session.flush().unwrap();
                nothing()
            }
            "reflash" => {
                session.reflash().unwrap();
                nothing()
            }
            "regenerate" => {
                session.regenerate().unwrap();
                nothing()
            }
            "throw" => return Err(key()),
            verb => panic!("the file has a verb that this test does not know: {verb}"),
        })
    }
}
