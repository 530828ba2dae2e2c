//! Server-sent events from a session that is saved while the response streams.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use session_core::{Error, Session};
use tokio::sync::mpsc;

use crate::api::Failure;

/// Reads how many events a stream has.
///
/// # Errors
///
/// Returns [`Failure::BadRequest`] unless `n` is a number from 1 to 1000.
pub fn count(n: Option<&str>) -> Result<u32, Failure> {
    match n.map_or(Ok(3), str::parse) {
        Ok(n @ 1..=1_000) => Ok(n),
        _ => Err(Failure::BadRequest(
            "n is not a number from 1 to 1000".to_owned(),
        )),
    }
}

/// Puts a counter and saves the session, `n` times. Each event shows the whole session, with what
/// other requests stored meanwhile.
///
/// # Errors
///
/// Returns [`Failure::Session`] if the first save fails. A later failure is the stream's last event.
pub async fn events(
    session: Session,
    n: u32,
) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + Send + Sync + 'static, Failure> {
    // Before the response begins, so that a new session gets its cookie.
    let first = event(&session, 1).await?;
    let (sender, mut receiver) = mpsc::channel(1);
    // A task, because warp wants a stream that is `Sync`. It ends when the client goes away.
    tokio::spawn(async move {
        let mut next = Ok(first);
        for number in 2..=n + 1 {
            let is_last = next.is_err() || number > n;
            let text = next.unwrap_or_else(failure);
            if sender.send(Ok(Bytes::from(text))).await.is_err() || is_last {
                return;
            }
            tokio::time::sleep(PAUSE).await;
            next = event(&session, number).await;
        }
    });
    Ok(stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

async fn event(session: &Session, number: u32) -> Result<String, Error> {
    if number > 1 {
        // Opens the session for writes, now that the response has begun.
        session.save().await?;
    }
    session.put(COUNTER, number)?;
    session.save().await?;
    Ok(format!("data: {}\n\n", session.all().to_json()))
}

fn failure(error: Error) -> String {
    format!("event: error\ndata: {}\n\n", Failure::from(error).json())
}

/// The data key of the counter.
const COUNTER: &str = "streamed";
const PAUSE: Duration = Duration::from_millis(100);
/// The content type of the response.
pub const EVENTS: &str = "text/event-stream";
