//! A login while the page has other requests in flight.

use serde_json::json;

use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_page_with_six_fetches_in_flight_stays_logged_in).redis_only(),
    scenario!(a_page_with_six_fetches_in_flight_stays_logged_in_with_the_memory_driver)
        .redis_only(),
    scenario!(without_a_grace_period_a_fetch_in_flight_undoes_the_login).redis_only(),
];

async fn a_page_with_six_fetches_in_flight_stays_logged_in(setup: Setup) {
    assert_eq!(
        logins_that_last(&setup, "redis", "10", ROUNDS).await,
        ROUNDS
    );
}

/// Needs no Redis, but belongs to the drivers on the server.
async fn a_page_with_six_fetches_in_flight_stays_logged_in_with_the_memory_driver(setup: Setup) {
    assert_eq!(
        logins_that_last(&setup, "memory", "10", ROUNDS).await,
        ROUNDS
    );
}

/// Proof that the fetches can undo a login at all.
async fn without_a_grace_period_a_fetch_in_flight_undoes_the_login(setup: Setup) {
    let rounds = ROUNDS / 4;
    let lasting = logins_that_last(&setup, "redis", "0", rounds).await;
    assert!(lasting < rounds, "all {rounds} logins last");
}

/// Logs in `rounds` times, each time as a new guest whose page has six fetches in flight. Returns how often the user is
/// logged in after all responses.
async fn logins_that_last(setup: &Setup, driver: &str, grace: &str, rounds: usize) -> usize {
    let settings = [
        ("SESSION_DRIVER", driver),
        ("SESSION_GRACE", grace),
        // Every late write is a warning, and nobody reads the log: a full pipe would stop the server.
        ("RUST_LOG", "error"),
    ];
    let server = setup.serve(&settings).await;
    let page = server.at(LOOPBACK) + "api/untouched";
    setup.browser.visit(&page).await;
    let mut lasting = 0;
    for round in 0..rounds {
        setup
            .browser
            .devtools("Storage.clearCookies", json!({}))
            .await;
        let user = format!("user {round}");
        let found: Option<String> = setup.browser.run_async(ROUND, vec![json!(user)]).await;
        match found {
            Some(found) if found == user => lasting += 1,
            None => {}
            Some(problem) => panic!("round {round}: {problem}"),
        }
    }
    println!("browser: {lasting} of {rounds} logins last with {driver} and a grace of {grace} s");
    lasting
}

/// Returns the user of the session after one round.
///
/// All requests leave with the guest's cookie. The browser has six connections to a site, so the last request arrives when
/// another one is answered, which may be the login.
const ROUND: &str = r#"
    const [user, done] = arguments;
    const send = async (method, path, body) => {
        const answer = await fetch(path, { method, body });
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
        return answer;
    };
    const play = async () => {
        await send("PUT", "/api/session/guest", "true");
        const requests = [];
        for (let number = 0; number < 6; number++) {
            const wait = Math.floor(Math.random() * 40);
            requests.push(() => send("PUT", `/api/slow/key${number}?ms=${wait}`, number));
        }
        const place = Math.floor(Math.random() * 7);
        requests.splice(place, 0, () => send("POST", "/login", new URLSearchParams({ name: user })));
        await Promise.all(requests.map(request => request()));
        const { data } = await (await send("GET", "/api/session")).json();
        return data.user ?? null;
    };
    play().then(done, error => done(String(error)));"#;
const ROUNDS: usize = 200;
