//! The page for people, and its forms.

use playground::page::{self, About, Form, Location};
use session_warp::{Session, SessionManager, SessionRejection, session, sessions};
use warp::http::{StatusCode, Uri};
use warp::reply::with_status;
use warp::{Filter, Rejection, Reply};

use crate::request::{NoForm, Query, form, get, query};

pub(crate) fn routes(
    about: About,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let show = warp::path::end()
        .and(get())
        .and(query())
        .and(session())
        .and(sessions())
        .then(
            move |query: Query, session: Session, sessions: SessionManager| async move {
                let is_full = query.contains_key("full");
                let (status, page) = page::show(&session, &sessions, &about, is_full).await;
                with_status(warp::reply::html(page), status)
            },
        );
    let name = warp::path!("name")
        .and(warp::post())
        .and(session())
        .and(form())
        .map(|session: Session, form: Form| redirect(page::name(&session, &form)));
    let flash = warp::path!("flash")
        .and(warp::post())
        .and(session())
        .and(form())
        .map(|session: Session, form: Form| redirect(page::flash(&session, &form)));
    let login = warp::path!("login")
        .and(warp::post())
        .and(session())
        .and(warp::header::optional("user-agent"))
        .and(form())
        .map(|session: Session, user_agent: Option<String>, form: Form| {
            redirect(page::login(&session, &form, user_agent.as_deref()))
        });
    let logout = warp::path!("logout")
        .and(warp::post())
        .and(session())
        .map(|session: Session| redirect(page::logout(&session)));
    let devices = warp::path!("devices")
        .and(warp::post())
        .and(session())
        .and(sessions())
        .and(form())
        .then(
            |session: Session, sessions: SessionManager, form: Form| async move {
                redirect(page::end_device(&session, &sessions, &form).await)
            },
        );
    let forms = name.or(flash).or(login).or(logout).or(devices);
    show.or(forms.recover(recover))
}

async fn recover(rejection: Rejection) -> Result<impl Reply, Rejection> {
    match rejection.find::<NoForm>() {
        Some(NoForm) => Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        None => Err(rejection),
    }
}

fn redirect(location: Location) -> Result<impl Reply, SessionRejection> {
    Ok(warp::redirect::see_other(Uri::from_static(location?)))
}
