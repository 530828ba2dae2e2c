//! A client with a cookie store.

use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, Request, RequestBuilder};
use serde_json::Value;

use super::transcript::shortened;
use super::{Answer, Transcript};

/// A client with a cookie store that does not follow redirects. Clones share the store, as browser
/// tabs do.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    plain: Client,
    jar: Arc<Jar>,
    base: String,
    transcript: Transcript,
}

impl Browser {
    /// Creates a browser for the server at `base`, such as `http://127.0.0.1:3000`.
    pub fn new(base: &str) -> Self {
        Self::with(base, Transcript::default(), |client| client)
    }

    /// Creates a browser that records its exchanges and whose client has further settings.
    pub fn with(
        base: &str,
        transcript: Transcript,
        set: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let jar = Arc::new(Jar::default());
        let build = |client: ClientBuilder| client.build().unwrap();
        Self {
            client: build(set(client().cookie_provider(jar.clone()))),
            plain: build(set(client())),
            jar,
            base: base.to_owned(),
            transcript,
        }
    }

    /// Returns the same browser at another server on the same host. It sends the same cookies,
    /// because cookies ignore ports.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        let base = base.to_owned();
        Self {
            base,
            ..self.clone()
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// Returns the client's error if the server does not respond.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> reqwest::Result<Answer> {
        let request = self.client.request(method, self.url(path));
        self.run(Some(&self.jar), request.body(body.into())).await
    }

    /// Sends a request.
    pub async fn send(&self, method: Method, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    /// Sends a `GET` request.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// Sends a `PUT` request.
    pub async fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    /// Sends a `POST` request.
    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Sends a `DELETE` request.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "").await
    }

    /// Submits a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.client.post(self.url(path)).form(fields);
        self.run(Some(&self.jar), request).await.unwrap()
    }

    /// Sends a `PUT` request with a JSON body.
    pub async fn put_json(&self, path: &str, body: &'static str) -> Answer {
        let request = self.client.put(self.url(path));
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        self.run(Some(&self.jar), request).await.unwrap()
    }

    /// Sends a `GET` request with this Cookie header instead of the stored cookies.
    pub async fn with_cookie(&self, path: &str, cookie: &str) -> Answer {
        self.with_headers(Method::GET, path, &[("cookie", cookie.as_bytes())])
            .await
    }

    /// Sends a request with these headers and no stored cookies.
    pub async fn with_headers(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &[u8])],
    ) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        let request = self.plain.request(method, self.url(path));
        self.run(None, request.headers(map)).await.unwrap()
    }

    /// Returns the Cookie header for a path.
    pub fn cookie(&self, path: &str) -> Option<String> {
        let url = self.url(path).parse().unwrap();
        let cookie = self.jar.cookies(&url)?;
        Some(cookie.to_str().unwrap().to_owned())
    }

    /// Returns the body of a playground's `GET /api/session`.
    pub async fn session(&self) -> Value {
        let answer = self.get("/api/session").await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()
    }

    /// Returns the session's id at a playground.
    pub async fn id(&self) -> String {
        self.session().await["id"].as_str().unwrap().to_owned()
    }

    /// Returns the page at a playground's `GET /`.
    pub async fn page(&self) -> String {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.body
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends a request, to which the client adds the cookies in `jar`.
    async fn run(&self, jar: Option<&Jar>, request: RequestBuilder) -> reqwest::Result<Answer> {
        let (client, request) = request.build_split();
        let request = request?;
        let asked = describe(&request, jar);
        let answer = match client.execute(request).await {
            Ok(response) => Answer::read(response).await,
            Err(error) => Err(error),
        };
        self.transcript.add(match &answer {
            Ok(answer) => format!("{asked}\n  {answer}"),
            Err(error) => format!("{asked}\n  {error:?}"),
        });
        answer
    }
}

/// Returns the request line, the cookies and the body.
fn describe(request: &Request, jar: Option<&Jar>) -> String {
    let url = request.url();
    let mut text = format!("{} {}", request.method(), url.path());
    if let Some(query) = url.query() {
        text = format!("{text}?{query}");
    }
    let given = request.headers().get_all(COOKIE).iter().cloned();
    let kept = jar.and_then(|jar| jar.cookies(url));
    for cookie in given.chain(kept) {
        text = format!("{text}\n    cookie: {}", shortened(cookie.as_bytes()));
    }
    match request.body().and_then(|body| body.as_bytes()) {
        None | Some([]) => text,
        Some(body) => format!("{text}\n    {}", shortened(body)),
    }
}

fn client() -> ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .no_proxy()
}

/// Longer than any request of a test takes.
const PATIENCE: Duration = Duration::from_secs(20);
