//! "Log out all other devices" while the other devices keep sending requests.

use std::sync::Arc;

use serde::Deserialize;
use test_support::RedisServer;

use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(busy_devices_are_logged_out_and_stay_logged_out).redis_only(),
    scenario!(busy_devices_are_logged_out_and_stay_logged_out_with_the_memory_driver).redis_only(),
];

async fn busy_devices_are_logged_out_and_stay_logged_out(setup: Setup) {
    // It holds no other sessions of the user.
    let redis = Arc::new(RedisServer::start());
    log_out_busy_devices(&setup.with_redis(&redis), "redis").await;
}

/// Needs no Redis, but belongs to the drivers on the server.
async fn busy_devices_are_logged_out_and_stay_logged_out_with_the_memory_driver(setup: Setup) {
    log_out_busy_devices(&setup, "memory").await;
}

async fn log_out_busy_devices(setup: &Setup, driver: &str) {
    // Every write to an ended session is a warning, and nobody reads the log: a full pipe would stop the server.
    let settings = [("SESSION_DRIVER", driver), ("RUST_LOG", "error")];
    let server = setup.serve(&settings).await;
    let (url, first) = (server.at(LOOPBACK), &setup.browser);
    let others = [setup.another_browser().await, setup.another_browser().await];
    first.log_in(&url, "Ada").await;
    for _ in 0..ROUNDS {
        let mut cookies = Vec::new();
        for other in &others {
            other.log_in(&url, "Ada").await;
            cookies.push(other.cookie().await);
            other.run::<()>(WORK).await;
        }
        for other in &others {
            other.until("return work.before >= 20", "the work").await;
            assert_eq!(other.session().await["data"]["user"], "ada");
        }
        first.reload().await;
        assert_eq!(first.page().await.devices.len(), 3);

        first.follow(LOG_OUT_OTHERS).await;
        for other in &others {
            other.run::<()>("work.isOver = true").await;
        }
        let page = first.page().await;
        assert!(page.is_logged_in() && page.devices.len() == 1, "{page:?}");
        for (other, cookie) in others.iter().zip(cookies) {
            other.until("return work.after >= 20", "the work").await;
            let work: Work = other.run_async(END, Vec::new()).await;
            assert_eq!(work.problems, [""; 0]);
            assert!(!other.page_at(&url).await.is_logged_in());
            other.restore(&cookie).await;
            assert!(!other.page_at(&url).await.is_logged_in());
        }
        first.reload().await;
        let page = first.page().await;
        assert!(page.is_logged_in() && page.devices.len() == 1, "{page:?}");
    }
}

/// What went wrong during the work of a device.
#[derive(Deserialize)]
struct Work {
    problems: Vec<String>,
}

const LOG_OUT_OTHERS: &str = r#"form:has(input[value="others"]) button"#;
/// Reads and writes without a pause, four requests at a time. No request that starts after `isOver` may find a user.
const WORK: &str = r#"
    window.work = { before: 0, isOver: false, after: 0, goesOn: true, problems: [] };
    const send = async (method, path, body) => {
        const isOver = work.isOver;
        const answer = await fetch(path, { method, body });
        const text = await answer.text();
        if (!answer.ok) work.problems.push(`${method} ${path}: ${answer.status} ${text}`);
        if (isOver && text.includes('"user"')) work.problems.push(`logged in again: ${text}`);
        work[isOver ? "after" : "before"]++;
    };
    const repeat = async (...request) => {
        while (work.goesOn) await send(...request);
    };
    work.loops = [
        repeat("GET", "/api/session"),
        repeat("PUT", "/api/session/written", "1"),
        repeat("PUT", "/api/slow/slowly?ms=50", "2"),
        repeat("PUT", "/api/background/polled", "3"),
    ];"#;
/// Ends the work, and returns it after the last response.
const END: &str = r#"
    const [done] = arguments;
    const end = error => {
        if (error) work.problems.push(String(error));
        done({ problems: work.problems });
    };
    work.goesOn = false;
    Promise.all(work.loops).then(() => end(), end);"#;
const ROUNDS: usize = 3;
