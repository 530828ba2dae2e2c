//! The verbs of `@rudderjs/session`, applied to a [`Session`].

use serde_json::Value;
use session_core::{RawValue, Session};

/// A verb with its arguments, such as `["put", "key", value]`.
#[derive(Debug)]
pub struct Operation(Vec<Box<RawValue>>);

/// How a value is passed to a verb.
#[derive(Clone, Copy, Debug)]
pub enum PassAs {
    /// As the JSON text in the file.
    Text,
    /// As a Rust value, which the library serializes.
    Rust,
}

impl Operation {
    /// Reads the JSON text of a list of operations.
    pub fn read(ops_json: &str) -> Vec<Self> {
        let ops: Vec<Vec<Box<RawValue>>> = serde_json::from_str(ops_json).unwrap();
        ops.into_iter().map(Self).collect()
    }

    /// Returns the verb.
    pub fn verb(&self) -> String {
        serde_json::from_str(self.0[0].get()).unwrap()
    }

    /// Returns the key, or `None` if it contains a lone surrogate, which no `&str` can.
    pub fn key(&self) -> Option<String> {
        serde_json::from_str(self.0[1].get()).ok()
    }

    /// Returns `true` if it puts a value under a key that no `&str` can name.
    pub fn has_unnameable_key(&self) -> bool {
        self.verb() == "put" && self.key().is_none()
    }

    /// Returns the value.
    pub fn value(&self) -> &RawValue {
        &self.0[2]
    }

    /// Applies the operation and returns its result as JSON text.
    ///
    /// # Errors
    ///
    /// Returns the message if the operation is `throw`.
    pub fn run(&self, session: &Session, pass_as: PassAs) -> Result<String, String> {
        let key = || self.key().expect("a key that a `&str` can name");
        // The file contains `null` for JavaScript's `undefined`.
        let nothing = || "null".to_owned();
        let text = |raw: Option<Box<RawValue>>| raw.map(|raw| raw.get().to_owned());
        let value: Value;
        let typed = match (pass_as, self.0.get(2)) {
            (PassAs::Rust, Some(raw)) => {
                // Rust's own parser of doubles is exact. The one in `serde_json` need not be.
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
            verb => panic!("the file contains an unknown verb: {verb}"),
        })
    }
}
