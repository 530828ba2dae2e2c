//! The body of a response.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

pin_project_lite::pin_project! {
    /// The body of a response from a [`SessionService`](crate::SessionService): the inner
    /// service's, or empty.
    ///
    /// It is empty if the layer answered instead of the inner service, because the session's store
    /// is down. So the inner service may use any body, including those that only the framework can
    /// create, such as hyper's `Incoming`.
    #[derive(Clone, Copy, Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: Option<B>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) const fn new(inner: B) -> Self {
        Self { inner: Some(inner) }
    }

    /// Returns the inner service's body, `None` if the layer answered.
    #[must_use]
    pub fn into_inner(self) -> Option<B> {
        self.inner
    }
}

/// An empty body.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self { inner: None }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().inner.as_pin_mut() {
            Some(inner) => inner.poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
