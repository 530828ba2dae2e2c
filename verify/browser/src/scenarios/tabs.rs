//! Two tabs at once.

use crate::scenario::{Scenario, scenario};
use crate::stage::{LOOPBACK, Server, Stage};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(two_tabs_have_one_session),
    scenario!(what_two_tabs_put_at_the_same_time_is_both_kept).in_redis_only(),
    scenario!(of_what_two_tabs_put_at_the_same_time_the_last_answer_is_kept).in_cookies_only(),
];

async fn two_tabs_have_one_session(stage: Stage) {
    let server = stage.open().await;
    let (first, before) = (stage.browser.tab().await, stage.browser.page().await);
    stage.browser.new_tab().await;
    let page = stage.browser.page_at(&server.at(LOOPBACK)).await;
    assert_eq!((&page.id, page.visits), (&before.id, 2));
    stage.browser.submit("/name", &[("name", "Mary")]).await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let second = stage.browser.tab().await;

    // The page of before has forms that still work.
    stage.browser.switch(&first).await;
    stage
        .browser
        .submit("/flash", &[("message", "Saved!")])
        .await;
    let page = stage.browser.page().await;
    assert_eq!(
        (&*page.name, page.notice.as_deref()),
        ("Mary", Some("Saved!"))
    );
    assert!(page.is_logged_in() && page.id != before.id, "{page:?}");
    stage.browser.submit("/logout", &[]).await;
    stage.browser.switch(&second).await;
    stage.browser.reload().await;
    assert!(!stage.browser.page().await.is_logged_in());
}

async fn what_two_tabs_put_at_the_same_time_is_both_kept(stage: Stage) {
    let _server = put_at_the_same_time(&stage).await;
    let data = &stage.browser.session().await["data"];
    assert_eq!((&data["slow"], &data["quick"]), (&1.into(), &2.into()));
}

/// The browser holds the only copy.
async fn of_what_two_tabs_put_at_the_same_time_the_last_answer_is_kept(stage: Stage) {
    let _server = put_at_the_same_time(&stage).await;
    let data = &stage.browser.session().await["data"];
    assert_eq!((&data["slow"], data.get("quick")), (&1.into(), None));
}

/// A slow request of one tab begins before and ends after a quick one of another tab.
async fn put_at_the_same_time(stage: &Stage) -> Server {
    let server = stage.open().await;
    let first = stage.browser.tab().await;
    stage.browser.new_tab().await;
    stage.browser.visit(&server.at(LOOPBACK)).await;
    let second = stage.browser.tab().await;

    stage.browser.switch(&first).await;
    let slow = "fetch('/api/slow/slow?ms=1000', { method: 'PUT', body: '1' }).then(() => { window.answered = true })";
    stage.browser.run::<()>(slow).await;
    stage.browser.switch(&second).await;
    let (status, _) = stage
        .browser
        .fetch("PUT", "/api/session/quick", Some("2"))
        .await;
    assert_eq!(status, 204);
    stage.browser.switch(&first).await;
    assert!(!stage.browser.run::<bool>("return !!window.answered").await);
    let answered = "return !!window.answered";
    stage.browser.until(answered, "the slow request").await;
    server
}
