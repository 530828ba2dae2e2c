//! Threads that start at the same moment.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::check::{Stop, panicked};

/// Runs `act` for each of `actors` on its own thread, in several rounds. All threads start a round
/// at the same moment. Returns the results of each round, in the order of the actors.
pub(super) fn in_step<A: Sync, T: Send>(
    actors: &[A],
    rounds: usize,
    act: impl Fn(usize, usize, &A) -> Result<T, Stop> + Sync,
) -> Result<Vec<Vec<T>>, Stop> {
    let barrier = SpinBarrier {
        parties: actors.len(),
        ..SpinBarrier::default()
    };
    let one = |number: usize, actor: &A| {
        let _release = ReleaseOnDrop(&barrier);
        let run = |round| {
            barrier.wait(round);
            act(round, number, actor)
        };
        (0..rounds).map(run).collect::<Result<Vec<T>, Stop>>()
    };
    let ends: Vec<_> = thread::scope(|scope| {
        let (one, actors) = (&one, actors.iter().enumerate());
        let threads: Vec<_> = actors
            .map(|(number, actor)| scope.spawn(move || one(number, actor)))
            .collect();
        threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let mut of_rounds: Vec<Vec<T>> = (0..rounds).map(|_| Vec::new()).collect();
    for end in ends {
        let of_actor =
            end.unwrap_or_else(|payload| Err(Stop::broken("no panic", panicked(&*payload))))?;
        for (round, value) in of_rounds.iter_mut().zip(of_actor) {
            round.push(value);
        }
    }
    Ok(of_rounds)
}

/// A barrier without sleeping threads, which start a round within less than one operation of an
/// in-memory store.
#[derive(Default)]
struct SpinBarrier {
    parties: usize,
    arrived: AtomicUsize,
    is_over: AtomicBool,
}

/// Releases the other threads when one ends early.
struct ReleaseOnDrop<'a>(&'a SpinBarrier);

impl SpinBarrier {
    fn wait(&self, round: usize) {
        self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = self.parties * (round + 1);
        for turn in 0_u32.. {
            if self.arrived.load(Ordering::Acquire) >= all || self.is_over.load(Ordering::Acquire) {
                return;
            }
            if turn % SPINS == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }
}

impl Drop for ReleaseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

/// There may be fewer processors than threads.
const SPINS: u32 = 100;
