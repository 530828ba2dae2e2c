//! `merge::Changes` on its own, as the author of a driver or a tool uses it.

use proptest::prelude::*;
use session_core::merge::Changes;
use session_core::{Loaded, Record, Values, Version};

use crate::common::raw;

fn loaded(json: &str, version: u64) -> Loaded {
    Loaded::new(Record::from_json(json).unwrap(), Version::number(version))
}

fn record(data: &[(String, u8)], flash: &[(String, u8)]) -> Loaded {
    let object = |pairs: &[(String, u8)]| {
        let mut values = Values::new();
        for (key, value) in pairs {
            values.insert(key, value).unwrap();
        }
        values.to_json()
    };
    let json = format!(
        r#"{{"id":"a","data":{},"flash_next":{}}}"#,
        object(data),
        object(flash)
    );
    loaded(&json, 1)
}

#[derive(Clone, Debug)]
enum Change {
    Put(String, u8),
    Forget(String),
    Flush,
    Flash(String, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let key = || "[a-c\"\\\\é]{1,2}";
    prop_oneof![
        (key(), 0..3u8).prop_map(|(key, value)| Change::Put(key, value)),
        key().prop_map(Change::Forget),
        Just(Change::Flush),
        (key(), 0..3u8).prop_map(|(key, value)| Change::Flash(key, value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Without other requests, replaying the changes gives what the session shows. Some keys need
    /// escapes.
    #[test]
    fn replaying_onto_an_unchanged_record_gives_the_session(
        data in prop::collection::vec(("[a-c]", 0..3u8), 0..4),
        flash in prop::collection::vec(("[a-c]", 0..3u8), 0..3),
        ops in prop::collection::vec(change(), 0..8),
    ) {
        let loaded = record(&data, &flash);
        let mut changes = Changes::since(&loaded);
        let (mut look, mut next) = (loaded.record.data().clone(), Values::new());
        for op in &ops {
            match op {
                Change::Put(key, value) => {
                    look.insert(key, value).unwrap();
                    changes.put(key, &raw(&value.to_string()));
                }
                Change::Forget(key) => {
                    let seen = look.get_raw(key).map(raw);
                    changes.forget(key, seen.as_deref());
                    look.remove(key);
                }
                Change::Flush => {
                    changes.flush(&look);
                    look = Values::new();
                }
                Change::Flash(key, value) => {
                    next.insert(key, value).unwrap();
                    changes.flash(key, &raw(&value.to_string()));
                }
            }
        }
        let merged = changes.onto(&loaded).unwrap();
        prop_assert_eq!(merged.data(), &look);
        prop_assert_eq!(merged.flash_next(), &next);
        // Nothing was carried along, so there are no tags.
        prop_assert!(!merged.to_json().contains("flash_from"));
    }
}

#[test]
fn no_changes_change_nothing() {
    let json = r#"{"id":"a","data":{"n":1.0},"flash_next":{},"exp":1700000000000}"#;
    let loaded = loaded(json, 1);
    let merged = Changes::since(&loaded).onto(&loaded).unwrap();
    assert_eq!(merged.to_json(), json);
}

/// Flash that a merge carries along keeps the version in which it first appeared, even through
/// JSON.
#[test]
fn flash_carried_along_twice_keeps_its_identity() {
    let start = loaded(r#"{"id":"a"}"#, 1);
    let with_flash = loaded(r#"{"id":"a","flash_next":{"x":1}}"#, 2);
    let reader = Changes::since(&with_flash);

    let mut slow = Changes::since(&start);
    slow.put("k", &raw("1"));
    let third = slow.onto(&with_flash).unwrap();
    assert!(third.to_json().contains("flash_from"));
    let third = loaded(&third.to_json(), 3);
    let fourth = loaded(&slow.onto(&third).unwrap().to_json(), 4);

    assert!(reader.onto(&third).unwrap().flash_next().is_empty());
    assert!(reader.onto(&fourth).unwrap().flash_next().is_empty());
    assert!(
        Changes::since(&third)
            .onto(&fourth)
            .unwrap()
            .flash_next()
            .is_empty()
    );
    // A request that never saw the flash keeps it.
    assert_eq!(
        slow.onto(&fourth).unwrap().flash_next().to_json(),
        r#"{"x":1}"#
    );
}
