//! Counts and times what happens to sessions, for Prometheus:
//! `SESSION_SECRET=… SESSION_SECURE=false cargo run -p axum-metrics`, then open
//! `http://127.0.0.1:3000/` and `http://127.0.0.1:3000/metrics`.
use std::error::Error;

use axum::{Router, routing::get};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use session_axum::{Event, Session, SessionConfig, SessionLayer, SessionManager, SessionRejection};

/// Feeds the metrics. An owner or an id would be a label with too many values.
fn observe(event: &Event<'_>) {
    let name = event.kind().name();
    counter!("session_events_total", "event" => name).increment(1);
    if let Some(duration) = event.duration() {
        histogram!("session_store_seconds", "event" => name).record(duration);
    }
}

/// Keeps the metrics of this process, in buckets from a fast store to one that is down.
fn recorder() -> Result<PrometheusHandle, BuildError> {
    let buckets = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];
    PrometheusBuilder::new()
        .set_buckets(&buckets)?
        .install_recorder()
}

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}."))
}

fn app(manager: SessionManager, metrics: PrometheusHandle) -> Router {
    let pages = Router::new().route("/", get(visits));
    // Outside the layer: Prometheus has no session. Let only your own network reach this route.
    let metrics = Router::new().route("/metrics", get(async move || metrics.render()));
    pages.route_layer(SessionLayer::new(manager)).merge(metrics)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let builder = session_axum::builder(&SessionConfig::from_env()?).await?;
    let app = app(builder.observer(observe).build()?, recorder()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, header};
    use session_axum::{MemoryDriver, Secret};
    use tower::ServiceExt;

    use super::*;

    async fn page(app: &Router, path: &str, cookie: &str) -> (String, String) {
        let request = Request::get(path).header(header::COOKIE, cookie);
        let request = request.body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let set = response.headers().get(header::SET_COOKIE);
        let set = set.map_or("", |cookie| cookie.to_str().unwrap()).to_owned();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (set, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn prometheus_sees_what_happened_to_sessions() {
        let secret = Secret::generate().unwrap();
        let builder = SessionManager::builder(MemoryDriver::new(), secret);
        let app = app(
            builder.observer(observe).build().unwrap(),
            recorder().unwrap(),
        );
        let (cookie, _) = page(&app, "/", "").await;
        page(&app, "/", cookie.split(';').next().unwrap()).await;
        page(&app, "/", "session=forged").await;

        let (set, text) = page(&app, "/metrics", "").await;
        assert_eq!(set, "");
        for line in [
            r#"session_events_total{event="created"} 2"#,
            r#"session_events_total{event="loaded"} 1"#,
            r#"session_events_total{event="saved"} 1"#,
            r#"session_events_total{event="refused_invalid"} 1"#,
            r#"session_store_seconds_count{event="loaded"} 1"#,
            r#"session_store_seconds_bucket{event="saved",le="+Inf"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
