//! The playground's routes: a page for people, and an API by which tests drive every verb of a session.

mod api;
mod page;
mod request;

use playground::page::About;
use warp::{Filter, Rejection, Reply};

/// Returns the routes, for a layer around them. The page tells `about` its sessions.
#[must_use]
pub fn routes(about: About) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    request::exact_path().and(page::routes(about).or(api::routes()))
}
