//! Set-Cookie lines: the attributes that belong to cookie options.

use session_core::CookieOptions;
use test_support::vectors::{Vectors, attributes, report};

use super::SHAPES;
use crate::common::{builder, clock, commit, keys, minutes, visit};

#[test]
fn the_same_options_give_the_same_attributes() {
    let vectors = Vectors::read();
    let mut ran = 0;
    for shape in &vectors.set_cookie_shapes {
        let cookie = &shape.cookie;
        let manager = builder(keys(&vectors.secret), &clock(1_700_000_000_000))
            .lifetime(minutes(shape.lifetime_minutes))
            .cookie(
                CookieOptions::default()
                    .name(&cookie.name)
                    .secure(cookie.secure)
                    .same_site(cookie.same_site)
                    .http_only(cookie.http_only)
                    .path(&cookie.path),
            )
            .build()
            .unwrap();
        let session = visit(&manager);
        session.put("a", 1).unwrap();
        let line = manager.set_cookie(&commit(&manager, &session)).unwrap();
        assert!(line.starts_with(&format!("{}=", cookie.name)), "{line}");
        assert_eq!(
            attributes(&line),
            attributes(&format!("value; {}", shape.attributes))
        );
        ran += 1;
    }
    report(format_args!("set_cookie_shapes: {ran} attribute lists"));
    assert_eq!((ran, vectors.set_cookie_shapes.len()), (SHAPES, SHAPES));
}
