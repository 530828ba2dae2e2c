//! The playground's routes: a page for people, and an API with a route for every verb of a session.

mod api;
mod page;
mod request;

use playground::page::About;
use warp::{Filter, Rejection, Reply};

/// Creates the routes, for a layer around them. The page describes the sessions with `about`.
#[must_use]
pub fn routes(about: About) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    request::exact_path().and(page::routes(about).or(api::routes()))
}
