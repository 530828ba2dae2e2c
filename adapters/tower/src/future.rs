//! The future of a request with a session.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use session_core::{Commit, Committed, Error, Scope};

use crate::Exchange;
use crate::adapter::spawn_unfinished;

/// Creates a framework's response.
pub type Respond<B, Answer> = fn(Result<Response<B>, Error>) -> Answer;

pin_project! {
    /// The future of a request with a session. Created by [`call`](crate::adapter::call).
    ///
    /// It is boxed only while a session is loaded from a store.
    #[must_use = "futures do nothing unless polled"]
    pub struct SessionFuture<F, B, E, Answer> {
        #[pin]
        stage: Stage<F, B, E, Answer>,
        respond: Respond<B, Answer>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, B, E, Answer> {
        // A middleware around this one gives the request its session.
        Passing { #[pin] handled: F },
        // Without a session, the request is refused.
        Refused { error: Option<Error> },
        // The store is asked for the session. Then all the rest follows.
        Opening { rest: Boxed<Answer, E> },
        Running { #[pin] handled: Scope<F>, exchange: Exchange },
        Committing { commit: Commit, handled: Option<Result<Response<B>, E>> },
    }
}

type Boxed<Answer, E> = Pin<Box<dyn Future<Output = Result<Answer, E>> + Send>>;

impl<F, B, E, Answer> SessionFuture<F, B, E, Answer> {
    pub(crate) const fn passing(handled: F, respond: Respond<B, Answer>) -> Self {
        let stage = Stage::Passing { handled };
        Self { stage, respond }
    }

    pub(crate) const fn refused(error: Error, respond: Respond<B, Answer>) -> Self {
        let stage = Stage::Refused { error: Some(error) };
        Self { stage, respond }
    }

    pub(crate) const fn opening(rest: Boxed<Answer, E>, respond: Respond<B, Answer>) -> Self {
        let stage = Stage::Opening { rest };
        Self { stage, respond }
    }

    pub(crate) const fn running(
        exchange: Exchange,
        handled: Scope<F>,
        respond: Respond<B, Answer>,
    ) -> Self {
        let stage = Stage::Running { handled, exchange };
        Self { stage, respond }
    }
}

impl<F, B, E, Answer> Future for SessionFuture<F, B, E, Answer>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Answer, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Answer, E>> {
        let mut this = self.project();
        match this.stage.as_mut().project() {
            StageProjection::Passing { handled } => {
                let response = ready!(handled.poll(cx));
                Poll::Ready(response.map(|response| (this.respond)(Ok(response))))
            }
            StageProjection::Refused { error } => {
                // A future that is done is not polled again.
                let Some(error) = error.take() else {
                    return Poll::Pending;
                };
                Poll::Ready(Ok((this.respond)(Err(error))))
            }
            StageProjection::Opening { rest } => rest.as_mut().poll(cx),
            StageProjection::Running { handled, exchange } => {
                let handled = ready!(handled.poll(cx));
                let mut commit = exchange.begin_commit(spawn_unfinished);
                if handled.is_err() {
                    commit = commit.without_response();
                }
                match Pin::new(&mut commit).poll(cx) {
                    Poll::Ready(committed) => {
                        Poll::Ready(answer(handled, committed, *this.respond))
                    }
                    Poll::Pending => {
                        let handled = Some(handled);
                        this.stage.set(Stage::Committing { commit, handled });
                        Poll::Pending
                    }
                }
            }
            StageProjection::Committing { commit, handled } => {
                let committed = ready!(Pin::new(commit).poll(cx));
                let Some(handled) = handled.take() else {
                    return Poll::Pending;
                };
                Poll::Ready(answer(handled, committed, *this.respond))
            }
        }
    }
}

fn answer<B, E, Answer>(
    handled: Result<Response<B>, E>,
    committed: Committed,
    respond: Respond<B, Answer>,
) -> Result<Answer, E> {
    let mut response = handled?;
    let written = committed.write(response.headers_mut());
    Ok(respond(written.map(|()| response)))
}

impl<F, B, E, Answer> fmt::Debug for SessionFuture<F, B, E, Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFuture").finish_non_exhaustive()
    }
}
