//! Requests to an application in this process, with any framework.

use session_bench::redis::{Turn, Work};

use crate::app::{Answer, App, FOUND, Route, pair};

/// A client that sends one request after the other.
pub trait Client {
    /// The framework's response.
    type Response;

    /// Sets the `Cookie` header of later requests.
    fn take_cookie(&mut self, cookie: Option<&str>);

    /// Sends a request.
    fn send(&mut self, route: Route) -> impl Future<Output = Self::Response>;

    /// Extracts the part of a response that matters.
    fn answer(response: &Self::Response) -> Answer;
}

/// An executor for a framework's futures, on this thread.
pub trait Executor {
    /// Runs a future to its end.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// A client and its executor.
pub struct InProcess<C, E> {
    client: C,
    executor: E,
}

impl<C: Client, E: Executor> InProcess<C, E> {
    /// Creates the client inside the executor, where a store can start background tasks.
    pub fn new(executor: E, client: impl AsyncFnOnce() -> C) -> Self {
        let client = executor.block_on(client());
        Self { client, executor }
    }
}

impl<C: Client, E: Executor> App for InProcess<C, E> {
    fn send(&mut self, route: Route, cookie: Option<&str>, times: usize) -> Answer {
        self.client.take_cookie(cookie);
        self.executor.block_on(async {
            let mut response = None;
            for _ in 0..times {
                response = Some(self.client.send(route).await);
            }
            C::answer(&response.expect("there was a request"))
        })
    }
}

/// Makes the requests of a task in the session of a new visitor.
pub async fn visit<C: Client>(mut client: C, turn: Turn) {
    let route = match turn.work {
        Work::Read => Route::Read,
        Work::ReadWrite => Route::Write,
    };
    let seeded = client.send(Route::Seed).await;
    let set_cookie = C::answer(&seeded).set_cookie;
    client.take_cookie(Some(pair(
        &set_cookie.expect("a new session sets its cookie"),
    )));
    for _ in 0..turn.requests {
        let response = client.send(route).await;
        assert_eq!(C::answer(&response).status, FOUND);
    }
}
