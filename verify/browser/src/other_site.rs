//! A site other than the playground.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SET_COOKIE};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A site on a free local port, with the same response to every request. It stops when dropped.
#[derive(Debug)]
pub(crate) struct OtherSite {
    port: u16,
    serving: JoinHandle<()>,
}

impl OtherSite {
    /// Serves this page.
    pub(crate) async fn with_page(html: &str) -> Self {
        Self::start(HeaderMap::new(), html).await
    }

    /// Serves an empty page, with these Set-Cookie headers.
    pub(crate) async fn with_cookies(lines: &[String]) -> Self {
        let lines = lines.iter().map(|line| (SET_COOKIE, line.parse().unwrap()));
        Self::start(lines.collect(), "").await
    }

    /// Serves an empty page, with this Cache-Control header.
    pub(crate) async fn with_caching(control: &'static str) -> Self {
        let header = (CACHE_CONTROL, HeaderValue::from_static(control));
        Self::start(HeaderMap::from_iter([header]), "").await
    }

    /// Returns the address of its page under a host name.
    pub(crate) fn at(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }

    async fn start(mut headers: HeaderMap, html: &str) -> Self {
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(CONTENT_TYPE, kind);
        let page = format!("<!doctype html><link rel=icon href=data:,>{html}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            port: listener.local_addr().unwrap().port(),
            serving: tokio::spawn(async {
                let app = Router::new().fallback(async move || (headers, page));
                axum::serve(listener, app).await.unwrap();
            }),
        }
    }
}

impl Drop for OtherSite {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
