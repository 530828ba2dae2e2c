//! `Session::current` with futures that move between threads.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use pollster::block_on;
use session_core::Session;

use crate::{manager, times};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[test]
fn a_scope_follows_its_future_across_threads() {
    const TASKS: usize = 24;
    let manager = manager();
    let (send, receive) = mpsc::channel::<Task>();
    let (receive, done) = (Mutex::new(receive), AtomicUsize::new(0));
    for n in 0..TASKS {
        let session = block_on(manager.open(None)).unwrap();
        session.put("n", n).unwrap();
        send.send(Box::pin(session.scope(work(n)))).unwrap();
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            let (send, receive, done) = (send.clone(), &receive, &done);
            scope.spawn(move || {
                while done.load(Ordering::SeqCst) < TASKS {
                    let task = receive.lock().unwrap().try_recv();
                    let Ok(mut task) = task else {
                        thread::yield_now();
                        continue;
                    };
                    // The next poll may happen on another thread.
                    let step = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    assert!(
                        Session::try_current().is_none(),
                        "the thread kept a session"
                    );
                    match step {
                        Poll::Ready(()) => drop(done.fetch_add(1, Ordering::SeqCst)),
                        Poll::Pending => send.send(task).unwrap(),
                    }
                }
            });
        }
    });
    assert_eq!(done.into_inner(), TASKS);
}

async fn work(n: usize) {
    for step in 0..times(80) {
        let session = Session::current().unwrap();
        assert_eq!(session.get("n").unwrap(), Some(n));
        assert_eq!(
            session.update("steps", 0, |steps| steps + 1).unwrap(),
            step + 1
        );
        if step % 8 == 0 {
            let clone = session.clone();
            // A new thread has no session until it enters the scope.
            let inner = thread::spawn(move || {
                assert!(Session::try_current().is_none());
                clone.scope_sync(|| Session::current().unwrap().get("n").unwrap())
            });
            assert_eq!(inner.join().unwrap(), Some(n));
        }
        pause().await;
    }
}

async fn pause() {
    let mut is_over = false;
    poll_fn(|_| {
        if std::mem::replace(&mut is_over, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
