//! Adapters with one fault each, and the scenarios that see it: a suite that passes everything would show nothing.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use session_core::{DriverName, Exchange, SessionManager};
use tokio::net::TcpListener;

use crate::adapters::Axum;
use crate::harness::Suite;
use crate::{Adapter, Serving, scenarios};

/// What an adapter may do wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Of several lines that set a cookie, the last one counts.
    FoldsSetCookie,
    ForgetsTheCookieOfErrors,
    SavesNothingAfterErrors,
    ForgetsVary,
    ForgetsCacheControl,
    OverwritesCacheControl,
    VariesAlways,
    ReadsOneCookieHeader,
    ReadsTheLastCookie,
    ReadsTextOnly,
    OpensLazilyInAnyCase,
    HasNoCurrentSession,
    CutsSavesShort,
    CommitsTwice,
    LosesTheRemoval,
}

/// axum's adapter with a fault.
#[derive(Debug)]
struct Broken(Fault);

impl Adapter for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let fault = self.0;
        let app: Router = Axum::app(manager.clone(), driver);
        // A middleware of its own around that of axum's adapter, which passes requests through then.
        let app = app.layer(from_fn(move |request: Request, next: Next| {
            respond(fault, manager.clone(), request, next)
        }));
        Box::pin(async { axum::serve(listener, app).await.unwrap() })
    }
}

async fn respond(
    fault: Fault,
    manager: SessionManager,
    mut request: Request,
    next: Next,
) -> Response {
    break_request(fault, request.headers_mut());
    let exchange = Exchange::new(&manager, request.headers());
    assert!(exchange.attach(request.extensions_mut()));
    if !matches!(fault, Fault::OpensLazilyInAnyCase) {
        exchange.open().await.unwrap();
    }
    let mut response = match fault {
        Fault::HasNoCurrentSession => next.run(request).await,
        _ => exchange.scope(next.run(request)).await,
    };
    let is_error = !response.status().is_success();
    if !(is_error && matches!(fault, Fault::SavesNothingAfterErrors)) {
        let finish = match fault {
            Fault::CutsSavesShort => drop,
            _ => session_tower::finish,
        };
        let headers = response.headers_mut();
        exchange.commit(headers, finish).await.unwrap();
    }
    break_response(fault, is_error, response.headers_mut());
    response
}

fn break_request(fault: Fault, headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    match fault {
        Fault::ReadsOneCookieHeader => {
            if let Some(first) = cookies.first() {
                headers.insert(COOKIE, first.clone());
            }
        }
        Fault::ReadsTheLastCookie => {
            let last = cookies.last().and_then(|line| line.to_str().ok());
            let last = last.and_then(|line| line.rsplit("; ").next());
            if let Some(last) = last.and_then(|cookie| cookie.parse().ok()) {
                headers.insert(COOKIE, last);
            }
        }
        Fault::ReadsTextOnly => {
            headers.remove(COOKIE);
            for line in cookies.iter().filter(|line| line.to_str().is_ok()) {
                headers.append(COOKIE, line.clone());
            }
        }
        _ => {}
    }
}

fn break_response(fault: Fault, is_error: bool, headers: &mut HeaderMap) {
    let last = headers.get_all(SET_COOKIE).iter().next_back().cloned();
    match (fault, last) {
        (Fault::FoldsSetCookie, Some(last)) => {
            headers.insert(SET_COOKIE, last);
        }
        (Fault::CommitsTwice, Some(last)) => {
            headers.append(SET_COOKIE, last);
        }
        (Fault::LosesTheRemoval, Some(last)) if last.as_bytes().starts_with(b"session=;") => {
            headers.remove(SET_COOKIE);
        }
        (Fault::ForgetsTheCookieOfErrors, Some(_)) if is_error => {
            headers.remove(SET_COOKIE);
        }
        (Fault::ForgetsVary, _) => {
            headers.remove(VARY);
        }
        (Fault::ForgetsCacheControl, _) => {
            headers.remove(CACHE_CONTROL);
        }
        (Fault::OverwritesCacheControl, Some(_)) => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        (Fault::VariesAlways, _) => {
            headers.insert(VARY, HeaderValue::from_static("Cookie"));
        }
        _ => {}
    }
}

/// The scenario that sees a fault, by its name.
const CAUGHT: [(Fault, &str); 15] = [
    (
        Fault::FoldsSetCookie,
        "set_cookie::s20_cookies_of_others_stay_and_ours_comes_once",
    ),
    (
        Fault::ForgetsTheCookieOfErrors,
        "handlers::a_handler_that_fails_has_its_session_saved",
    ),
    (
        Fault::SavesNothingAfterErrors,
        "handlers::an_error_of_the_applications_own_has_its_session_saved",
    ),
    (
        Fault::ForgetsVary,
        "caching::s25_a_response_that_read_the_session_varies_by_cookie",
    ),
    (
        Fault::ForgetsCacheControl,
        "caching::s24_a_response_that_sets_or_removes_the_cookie_is_not_stored",
    ),
    (
        Fault::OverwritesCacheControl,
        "caching::s24_s25_what_the_handler_chose_stays_and_its_vary_is_extended",
    ),
    (
        Fault::VariesAlways,
        "caching::s25_a_response_that_did_not_look_says_nothing",
    ),
    (
        Fault::ReadsOneCookieHeader,
        "cookies::s21_several_cookie_headers_are_read",
    ),
    (
        Fault::ReadsTheLastCookie,
        "cookies::s22_no_duplicate_locks_a_user_out_in_any_order",
    ),
    (
        Fault::ReadsTextOnly,
        "cookies::headers_that_are_not_utf_8_are_read_around",
    ),
    (Fault::OpensLazilyInAnyCase, "flash::goes_unread_as_well"),
    (
        Fault::HasNoCurrentSession,
        "handlers::code_far_from_the_handler_has_the_current_session",
    ),
    (
        Fault::CutsSavesShort,
        "connection::a_client_that_hangs_up_on_a_save_does_not_stop_it",
    ),
    (
        Fault::CommitsTwice,
        "set_cookie::s20_the_middleware_twice_is_the_middleware_once",
    ),
    (
        Fault::LosesTheRemoval,
        "set_cookie::s16_under_a_nested_path_a_destroy_removes_the_cookie_that_was_set",
    ),
];

#[test]
fn each_fault_is_seen_by_the_scenario_that_is_about_it() {
    let suite = Suite::new();
    for (fault, path) in CAUGHT {
        let scenario = scenarios::all().find(|scenario| scenario.path() == path);
        let scenario = scenario.expect(path);
        let sound = suite.play(scenario, &Axum, DriverName::Memory);
        assert_eq!(sound, Ok(()), "{fault:?}: {path} fails without it");
        let broken = Box::leak(Box::new(Broken(fault)));
        let failure = suite.play(scenario, broken, DriverName::Memory);
        let failure = failure.expect_err(path);
        // By what the scenario looks at, not by a server that is not there.
        assert!(failure.contains("/src/scenarios/"), "{failure}");
    }
}
