//! Two tabs at the same time.

use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, Server, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(two_tabs_share_a_session),
    scenario!(concurrent_puts_of_two_tabs_are_both_kept).redis_only(),
    scenario!(the_last_response_wins_for_concurrent_puts_of_two_tabs).cookie_only(),
];

async fn two_tabs_share_a_session(setup: Setup) {
    let server = setup.open().await;
    let (first, before) = (setup.browser.tab().await, setup.browser.page().await);
    setup.browser.new_tab().await;
    let page = setup.browser.page_at(&server.at(LOOPBACK)).await;
    assert_eq!((&page.id, page.visits), (&before.id, 2));
    setup.browser.submit("/name", &[("name", "Mary")]).await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let second = setup.browser.tab().await;

    // The forms of the older page still work.
    setup.browser.switch(&first).await;
    setup
        .browser
        .submit("/flash", &[("message", "Saved!")])
        .await;
    let page = setup.browser.page().await;
    assert_eq!(
        (&*page.name, page.notice.as_deref()),
        ("Mary", Some("Saved!"))
    );
    assert!(page.is_logged_in() && page.id != before.id, "{page:?}");
    setup.browser.submit("/logout", &[]).await;
    setup.browser.switch(&second).await;
    setup.browser.reload().await;
    assert!(!setup.browser.page().await.is_logged_in());
}

async fn concurrent_puts_of_two_tabs_are_both_kept(setup: Setup) {
    let _server = put_concurrently(&setup).await;
    let data = &setup.browser.session().await["data"];
    assert_eq!((&data["slow"], &data["quick"]), (&1.into(), &2.into()));
}

/// The browser holds the only copy, so nothing can be merged.
async fn the_last_response_wins_for_concurrent_puts_of_two_tabs(setup: Setup) {
    let _server = put_concurrently(&setup).await;
    let data = &setup.browser.session().await["data"];
    assert_eq!((&data["slow"], data.get("quick")), (&1.into(), None));
}

/// Sends a slow request in one tab, and a quick one in another tab meanwhile.
async fn put_concurrently(setup: &Setup) -> Server {
    let server = setup.open().await;
    let first = setup.browser.tab().await;
    setup.browser.new_tab().await;
    setup.browser.visit(&server.at(LOOPBACK)).await;
    let second = setup.browser.tab().await;

    setup.browser.switch(&first).await;
    let slow = "fetch('/api/slow/slow?ms=1000', { method: 'PUT', body: '1' }).then(() => { window.answered = true })";
    setup.browser.run::<()>(slow).await;
    setup.browser.switch(&second).await;
    let (status, _) = setup
        .browser
        .fetch("PUT", "/api/session/quick", Some("2"))
        .await;
    assert_eq!(status, 204);
    setup.browser.switch(&first).await;
    assert!(!setup.browser.run::<bool>("return !!window.answered").await);
    let answered = "return !!window.answered";
    setup.browser.until(answered, "the slow request").await;
    server
}
