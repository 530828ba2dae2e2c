//! `inspect` on several cookies of one name: the service takes the first that is valid, of the first eight.

use crate::run::{Ran, token_of, tool};

fn cookie(user: u8) -> String {
    token_of(&format!(
        r#"{{"id":"id-of-session-{user}","data":{{"user":{user}}},"exp":99999999999999}}"#
    ))
}

fn inspect(tokens: &[&str]) -> Ran {
    let pairs: Vec<String> = tokens
        .iter()
        .map(|token| format!("session={token}"))
        .collect();
    tool(&["inspect", &pairs.join("; ")]).run()
}

#[test]
fn the_first_valid_one_counts() {
    let (a, b) = (cookie(1), cookie(2));
    let ran = inspect(&["forged.x", &a, &b]);
    assert_eq!((ran.code, ran.headline()), (0, "valid"));
    assert!(
        ran.out.contains("cookie   number 2 of 3 of this name\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("data     user  1\n"), "{ran:?}");
}

#[test]
fn without_a_valid_one_the_signed_one_is_told() {
    let expired = token_of(r#"{"id":"a","exp":1}"#);
    let ran = inspect(&["forged.x", &expired]);
    assert_eq!(ran.code, 1);
    assert!(ran.headline().starts_with("not valid (expired)"), "{ran:?}");
    assert!(
        ran.out.contains("cookie   number 2 of 2 of this name\n"),
        "{ran:?}"
    );
}

#[test]
fn the_ninth_is_beyond_what_the_service_looks_at() {
    let good = cookie(1);
    assert_eq!(inspect(&[&["x.y"; 7], &[&*good][..]].concat()).code, 0);
    let ran = inspect(&[&["x.y"; 8], &[&*good][..]].concat());
    let expected =
        "not valid (too many): the service does not look at that many cookies of one name";
    assert_eq!((ran.code, ran.headline()), (1, expected));
    assert!(
        ran.out.contains("cookie   number 9 of 9 of this name\n"),
        "{ran:?}"
    );
}

#[test]
fn several_lines_of_a_response_are_read_in_their_order() {
    let (a, b) = (cookie(1), cookie(2));
    let lines = format!(
        "Set-Cookie: session={a}; Path=/a\nSet-Cookie: other=1\nSet-Cookie: session={b}; Path=/\n"
    );
    let ran = tool(&["inspect"]).input(lines).run();
    assert!(ran.out.contains("number 1 of 2 of this name\n"), "{ran:?}");
    assert!(ran.out.contains("data     user  1\n"), "{ran:?}");
}
