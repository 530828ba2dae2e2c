//! Sessions that `@rudderjs/session` wrote: we read them, and write the same ourselves.

use session_core::{Establish, KeyRing, Outcome, Secret, SessionManager};

use super::WRITES;
use super::service::{NAME, PREFIX, assert_ttl, builder, clear, manager, minutes, set, token};
use crate::support::{TestRedis, keys, value};
use test_support::vectors::json::{Json, Text};
use test_support::vectors::operation::{Operation, PassAs};
use test_support::vectors::{Vectors, Write, attributes, member, members, report};

#[tokio::test(flavor = "multi_thread")]
async fn every_record_opens_with_its_contents() {
    let (redis, seed) = (TestRedis::start().await, Vectors::read());
    let manager = manager(&redis, &seed.secret, PREFIX, minutes(120)).await;
    let mut versions = [0, 0];
    for write in each(&seed) {
        put(&redis, write).await;
        let session = manager.open([&*write.cookie_value]).await.unwrap();
        assert!(!session.is_new());
        let mut expected = Json::read(&write.redis_value);
        let expected = expected.object();
        let id = Text::from(session.id().unwrap().as_str());
        assert_eq!(Json::Text(id), expected[&Text::from("id")]);
        let data = session.all().to_json();
        assert_eq!(Json::read(&data), expected[&Text::from("data")]);
        let flash = session.all_flash().to_json();
        assert_eq!(Json::read(&flash), expected[&Text::from("flash_next")]);
        versions[usize::from(write.seed_version == "2.6.0")] += 1;
    }
    let [old, new] = versions;
    report(format_args!(
        "writes: {} redis entries opened, {new} of 2.6.0, {old} of 1.0.4",
        old + new
    ));
    assert_eq!(versions, [WRITES / 2, WRITES / 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_operations_store_the_same_record_and_ttl() {
    let (redis, seed) = (TestRedis::start().await, Vectors::read());
    let (mut ran, mut unnameable) = (0, 0);
    for write in each(&seed) {
        let ops = Operation::read(&write.ops_json);
        if ops
            .iter()
            .any(|op| op.verb() == "put" && op.key().is_none())
        {
            assert_passes_on_an_unnameable_key(&redis, &seed, write).await;
            unnameable += 1;
        } else {
            for values in [PassAs::Text, PassAs::Rust] {
                clear(&redis).await;
                assert_writes_the_same(&redis, &seed, write, &ops, values).await;
            }
            ran += 1;
        }
    }
    report(format_args!(
        "writes: {} redis entries written, {unnameable} passed on with a key that Rust cannot name",
        ran + unnameable
    ));
    assert_eq!((ran, unnameable), (WRITES - 2, 2));
}

#[test]
fn the_same_id_gets_the_same_signature() {
    let seed = Vectors::read();
    let keys = KeyRing::new(Secret::new(&*seed.secret).unwrap());
    let mut ran = 0;
    for write in each(&seed) {
        let id = write.redis_key.strip_prefix(PREFIX).unwrap();
        assert_eq!(keys.sign(id.to_owned()), write.cookie_value);
        ran += 1;
    }
    report(format_args!("writes: {ran} redis entries signed"));
    assert_eq!(ran, WRITES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_only_passed_on_stays_unchanged() {
    let (redis, seed) = (TestRedis::start().await, Vectors::read());
    let manager = manager(&redis, &seed.secret, PREFIX, minutes(120)).await;
    let mut ran = 0;
    for write in each(&seed) {
        put(&redis, write).await;
        let session = manager.open([&*write.cookie_value]).await.unwrap();
        session.put("ours", 1).unwrap();
        // The stored flash was not shown yet, so this request consumes it.
        let outcome = manager.commit(&session).await.unwrap();
        assert_eq!(token(&outcome), write.cookie_value);
        let stored = value(&redis.client, &write.redis_key).await.unwrap();
        let mut expected = members(&member(&write.redis_value, "data"));
        expected.push(r#""ours":1"#.to_owned());
        expected.sort();
        assert_eq!(members(&member(&stored, "data")), expected);
        ran += 1;
    }
    report(format_args!("writes: {ran} redis entries passed on"));
    assert_eq!(ran, WRITES);
}

async fn assert_writes_the_same(
    redis: &TestRedis,
    seed: &Vectors,
    write: &Write,
    ops: &[Operation],
    values: PassAs,
) {
    let mut builder = builder(redis, &seed.secret, PREFIX).await;
    if ops.is_empty() {
        // A visitor who writes nothing: we store no record, unless the option for that is set.
        let manager = manager(redis, &seed.secret, PREFIX, minutes(120)).await;
        let session = manager.open(None).await.unwrap();
        assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Keep);
        assert_eq!(keys(&redis.client).await, [""; 0]);
        builder = builder.establish(Establish::Always);
    }
    let manager = builder
        .lifetime(minutes(write.lifetime_minutes))
        .build()
        .unwrap();
    let session = manager.open(None).await.unwrap();
    for op in ops {
        op.run(&session, values).unwrap();
    }
    let outcome = manager.commit(&session).await.unwrap();
    let (id, _signature) = token(&outcome).split_once('.').unwrap();
    let key = format!("{PREFIX}{id}");
    assert_eq!(keys(&redis.client).await, [&*key]);
    let stored = value(&redis.client, &key).await.unwrap();
    assert_eq!(Json::read(&stored), expected(write, ops, id));
    assert_ttl(redis, &key, write.ttl_seconds).await;
    assert_sets_cookie(seed, &manager, write, &outcome, id);
}

/// The record of `@rudderjs/session` under our id.
fn expected(write: &Write, ops: &[Operation], id: &str) -> Json {
    let mut expected = Json::read(&write.redis_value);
    let members = expected.object();
    members.insert(Text::from("id"), Json::Text(Text::from(id)));
    for op in ops {
        // In JavaScript an assignment to `__proto__` sets no key, so `@rudderjs/session` lost the
        // value. Here it is a key like any other.
        if op.verb() == "put" && op.key().as_deref() == Some("__proto__") {
            let value = Json::read(op.value().get());
            let data = members.get_mut(&Text::from("data")).unwrap();
            assert_eq!(data.object().insert(Text::from("__proto__"), value), None);
        }
    }
    expected
}

fn assert_sets_cookie(
    seed: &Vectors,
    manager: &SessionManager,
    write: &Write,
    outcome: &Outcome,
    id: &str,
) {
    let keys = KeyRing::new(Secret::new(&*seed.secret).unwrap());
    assert_eq!(token(outcome), keys.sign(id.to_owned()));
    let line = manager.set_cookie(outcome).unwrap();
    let pair = format!("{NAME}={}", token(outcome));
    assert_eq!(line.split(';').next().unwrap(), pair);
    assert_eq!(attributes(&line), attributes(&write.set_cookie));
}

/// `"k\ud800"` is a key in JavaScript. No `&str` equals it, so it can be neither put nor read here,
/// but it must not be lost.
async fn assert_passes_on_an_unnameable_key(redis: &TestRedis, seed: &Vectors, write: &Write) {
    put(redis, write).await;
    let manager = manager(redis, &seed.secret, PREFIX, minutes(120)).await;
    let session = manager.open([&*write.cookie_value]).await.unwrap();
    session.put("ours", true).unwrap();
    let outcome = manager.commit(&session).await.unwrap();
    assert_eq!(token(&outcome), write.cookie_value);
    let stored = value(&redis.client, &write.redis_key).await.unwrap();
    let data = members(&member(&stored, "data"));
    assert_eq!(data, [r#""k\ud800":1"#, r#""ours":true"#]);
    let mut expected = Json::read(&write.redis_value);
    let data = expected.object().get_mut(&Text::from("data")).unwrap();
    data.object().insert(Text::from("ours"), Json::Bool(true));
    assert_eq!(Json::read(&stored), expected, "the id too");
}

/// Stores the record of `@rudderjs/session`, alone.
async fn put(redis: &TestRedis, write: &Write) {
    clear(redis).await;
    let (key, value) = (&write.redis_key, &write.redis_value);
    set(redis, key, value, write.ttl_seconds).await;
}

/// Every entry of this driver.
fn each(vectors: &Vectors) -> impl Iterator<Item = &Write> {
    assert_eq!(vectors.cookie_name, NAME);
    vectors.writes_of("redis")
}
