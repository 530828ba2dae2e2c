//! Adapters with one fault each, and the scenario that must catch it. A suite that passes everything proves nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use libtest_mimic::Trial;
use session_core::{DriverName, Exchange, SessionManager, Unfinished};
use tokio::net::TcpListener;

use crate::adapters::{Adapter, Axum, Serving};
use crate::scenarios;
use crate::suite::Suite;

/// Defines the faults of an adapter, and the scenario that catches each.
macro_rules! faults {
    ($($fault:ident => $module:ident::$scenario:ident,)*) => {
        #[derive(Clone, Copy, Debug)]
        enum Fault {
            $($fault,)*
        }

        const CAUGHT_BY: &[(Fault, &str)] = &[
            $((Fault::$fault, concat!(stringify!($module), "::", stringify!($scenario))),)*
        ];
    };
}

faults! {
    KeepsOnlyTheLastSetCookie => set_cookie::s20_other_cookies_are_kept_and_the_session_cookie_is_set_once,
    ForgetsTheCookieOfErrors => handlers::a_failing_handler_still_saves_the_session,
    SavesNothingAfterErrors => handlers::a_handled_error_still_saves_the_session,
    ForgetsVary => caching::s25_reading_the_session_adds_vary_cookie,
    ForgetsCacheControl => caching::s24_setting_or_removing_the_cookie_forbids_caching,
    OverwritesCacheControl => caching::s24_a_response_with_the_cookie_is_never_public,
    AlwaysVaries => caching::s25_ignoring_the_session_adds_no_headers,
    ReadsOneCookieHeader => cookies::s21_all_cookie_headers_are_read,
    ReadsTheLastCookie => cookies::s22_duplicate_cookies_never_lock_a_user_out,
    ReadsOnlyText => cookies::non_utf_8_headers_do_not_hide_the_session,
    AlwaysOpensLazily => flash::flash_expires_unread,
    HasNoCurrentSession => handlers::the_current_session_is_available_anywhere,
    CutsSavesShort => disconnect::hanging_up_during_a_save_does_not_stop_it,
    CommitsTwice => set_cookie::s20_a_second_layer_changes_nothing,
    LosesTheRemoval => set_cookie::s16_destroy_removes_a_cookie_with_a_nested_path,
}

/// Returns a trial for each fault.
pub(crate) fn trials(suite: &Arc<Suite>) -> impl Iterator<Item = Trial> {
    CAUGHT_BY.iter().map(|(fault, path)| {
        let suite = suite.clone();
        Trial::test(format!("faults::{fault:?}"), move || {
            let scenario = scenarios::all().find(|scenario| scenario.path() == *path);
            let scenario = scenario.ok_or_else(|| format!("there is no scenario {path}"))?;
            let faulty = Box::leak(Box::new(FaultyAdapter(*fault)));
            match suite.play(scenario, faulty, suite.memory()) {
                Ok(()) => Err(format!("{path} does not catch {fault:?}").into()),
                // A scenario must fail by its own assertion, and not because the server is gone.
                Err(report) if report.contains("/src/scenarios/") => Ok(()),
                Err(report) => Err(report.into()),
            }
        })
    })
}

/// axum's adapter with a fault.
#[derive(Debug)]
struct FaultyAdapter(Fault);

impl Adapter for FaultyAdapter {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let fault = self.0;
        let app: Router = Axum::app(manager.clone(), driver);
        // This middleware is the outer one, so that axum's own passes requests through.
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
    request.extensions_mut().insert(exchange.clone());
    if !matches!(fault, Fault::AlwaysOpensLazily) {
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
            _ => spawn,
        };
        let headers = response.headers_mut();
        exchange.commit(headers, finish).await.unwrap();
    }
    break_response(fault, is_error, response.headers_mut());
    response
}

fn spawn(unfinished: Unfinished) {
    tokio::spawn(unfinished);
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
        Fault::ReadsOnlyText => {
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
        (Fault::KeepsOnlyTheLastSetCookie, Some(last)) => {
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
        (Fault::AlwaysVaries, _) => {
            headers.insert(VARY, HeaderValue::from_static("Cookie"));
        }
        _ => {}
    }
}
