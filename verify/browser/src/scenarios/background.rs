//! Requests that a page's script sends in the background.

use serde_json::json;

use crate::scenario::{Scenario, scenario};
use crate::setup::Setup;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_notice_survives_a_page_with_ten_background_fetches),
    scenario!(without_the_mark_ten_fetches_use_up_the_notice),
];

async fn a_notice_survives_a_page_with_ten_background_fetches(setup: Setup) {
    let _server = setup.open().await;
    flash(&setup).await;
    fetch_ten_times(&setup, "/api/background").await;
    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert_eq!(page.notice.as_deref(), Some("Saved!"));
    // What the fetches put is kept.
    assert_eq!(setup.browser.session().await["data"]["fetched"], true);
}

/// Proof that fetches can use up a notice at all.
async fn without_the_mark_ten_fetches_use_up_the_notice(setup: Setup) {
    let _server = setup.open().await;
    flash(&setup).await;
    fetch_ten_times(&setup, "/api/session").await;
    setup.browser.reload().await;
    assert_eq!(setup.browser.page().await.notice, None);
}

/// Sets a notice for the next page.
async fn flash(setup: &Setup) {
    let notice = Some(r#""Saved!""#);
    let (status, _) = setup
        .browser
        .fetch("PUT", "/api/flash/notice", notice)
        .await;
    assert_eq!(status, 204);
}

/// Sends five reads and five writes from the page, all at once.
async fn fetch_ten_times(setup: &Setup, path: &str) {
    let script = r#"
        const [path, done] = arguments;
        const requests = [];
        for (let pair = 0; pair < 5; pair++) {
            requests.push(fetch(path));
            requests.push(fetch(path + "/fetched", { method: "PUT", body: "true" }));
        }
        Promise.all(requests).then(answers => done(answers.map(answer => answer.status)));"#;
    let statuses: Vec<u16> = setup.browser.run_async(script, vec![json!(path)]).await;
    assert_eq!(statuses, [200, 204].repeat(5));
}
