//! Writes the first inputs for fuzzing to a folder, with a subfolder for each target: the texts of
//! the vectors that `@rudderjs/session` wrote, and a few texts that are hard to guess. `./minimize`
//! turns them into the corpus.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn main() {
    let mut corpus = Corpus::default();
    let vectors: Value = serde_json::from_str(include_str!("../../support/vectors/seed.json"))
        .expect("the vectors are JSON");
    corpus.walk(&vectors);
    for text in RECORDS {
        corpus.add("record", text.as_bytes());
        corpus.add("cookie_driver", text.as_bytes());
        for choices in [[0, 0, 0, 0], [1, 0, 30, 7]] {
            corpus.add("sealed", &[&choices, text.as_bytes()].concat());
        }
    }
    for text in SEALED {
        corpus.add("sealed", &[&[0; 4], text.as_bytes()].concat());
    }
    for text in HEADERS {
        for name in 0..4 {
            corpus.add("tokens", &[&[name], *text].concat());
        }
    }
    let folder = std::env::args().nth(1).expect("the folder to write to");
    corpus.write(Path::new(&folder));
}

/// The inputs of each target.
#[derive(Default)]
struct Corpus(BTreeMap<&'static str, Vec<Vec<u8>>>);

impl Corpus {
    fn add(&mut self, target: &'static str, bytes: &[u8]) {
        self.0.entry(target).or_default().push(bytes.to_vec());
    }

    /// Adds every text of the vectors to the targets that it fits.
    fn walk(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.sort_in(text),
            Value::Array(values) => values.iter().for_each(|value| self.walk(value)),
            Value::Object(members) => members.values().for_each(|value| self.walk(value)),
            _ => {}
        }
    }

    fn sort_in(&mut self, text: &str) {
        if text.contains("\"id\"") {
            self.add("record", text.as_bytes());
            self.add("cookie_driver", text.as_bytes());
        } else if text.starts_with('{') {
            self.add(
                "values",
                &[&[9, 0xff, text.len() as u8], text.as_bytes()].concat(),
            );
        }
        if text.contains("rudderjs_session=") {
            // The index of the name among those that the target uses.
            self.add("tokens", &[&[1], text.as_bytes()].concat());
        }
        if let Some((handle, _)) = text.rsplit_once('.') {
            let handle = handle.rsplit('=').next().unwrap_or(handle);
            self.add("cookie_driver", handle.as_bytes());
            self.add("verify", text.as_bytes());
        }
    }

    fn write(&self, folder: &Path) {
        for (target, all) in &self.0 {
            let folder = folder.join(target);
            fs::create_dir_all(&folder).expect("the folder is writable");
            for (n, bytes) in all.iter().enumerate() {
                fs::write(folder.join(format!("seed-{n}")), bytes).expect("the folder is writable");
            }
        }
    }
}

const RECORDS: &[&str] = &[
    r#"{"id":"a","data":{"a":1.0,"b":1E5,"c":-0,"d":1e400,"e":"\u00e9\/\ud800","k\ud800":[ 1, 2 ]},"flash_next":{}}"#,
    r#"{"id":"a","data":{"c":1,"a":2,"b":3,"a":4,"\u0061":5},"flash_next":{"n":"hi"},"exp":1.7e12,"iat":-1}"#,
    r#"{"id":"a","flash_next":{"x":1},"flash_from":{"x":"abcdefghijkl"},"exp":1700007200000}"#,
    " { \"id\" : \"a\\u0041\\ud83d\\ude00\" , \"data\" : null , \"extra\\ud800\" : [ { } , [ ] , true ] } ",
    r#"{"id":"a","data":{},"data":{"b":{}},"exp":18446744073709551616,"iat":1e999}"#,
    r#"{"id":"a","data":{"\"":"\"","\\":1,"\n":2},"flash_from":7}"#,
];

const SEALED: &[&str] = &[
    "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "v1.",
    r#"{"id":"a","sealed":"v1.AAAA","data":{"user":1}}"#,
    r#"{"sealed":null,"id":"a"}"#,
    r#" {"id":"a","sealed":{"sealed":[]}}"#,
];

/// Control bytes stand for tokens; see the target.
const HEADERS: &[&[u8]] = &[
    b"\x08\x01",
    b"\x08\x06; \x08\x04\x0e\x02",
    b"\x08\x05\x0e\x05\x0e\x05\x0e\x05\x0e\x05\x0e\x05\x0e\x05\x0e\x01\x0e\x02",
    b"theme=dark;\x08\x03\n a=b; \x08\x01",
    b"\x08\x07\x0e\x0f\n\xff\x08\x01",
    b"\x08 \x01 ; \x08\t\x02\t;\x08\"\x01\"",
];
