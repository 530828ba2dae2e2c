//! Threads that act at the same moment.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::check::{Stop, panicked};

/// Runs `act` for each of `actors` on a thread of its own, in so many rounds, each of which all begin at the same
/// moment. Returns what each round gave, in the order of the actors.
pub(super) fn in_step<A: Sync, T: Send>(
    actors: &[A],
    rounds: usize,
    act: impl Fn(usize, usize, &A) -> Result<T, Stop> + Sync,
) -> Result<Vec<Vec<T>>, Stop> {
    let meeting = Meeting {
        parties: actors.len(),
        ..Meeting::default()
    };
    let one = |number: usize, actor: &A| {
        let _leave = Leave(&meeting);
        let run = |round| {
            meeting.meet(round);
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

/// A barrier whose parties wake up within less than one operation of a store in memory: they do not sleep.
#[derive(Default)]
struct Meeting {
    parties: usize,
    arrived: AtomicUsize,
    is_over: AtomicBool,
}

/// Whoever ends, in whatever way, lets nobody wait.
struct Leave<'a>(&'a Meeting);

impl Meeting {
    fn meet(&self, round: usize) {
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

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

/// There may be fewer processors than threads.
const SPINS: u32 = 100;
