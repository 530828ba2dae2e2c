//! Where random decisions come from.

/// A source of decisions: a seed, which gives the same ones again, or bytes that a fuzzer chose.
#[derive(Clone, Debug)]
pub struct Choices(Source);

#[derive(Clone, Debug)]
enum Source {
    Seed(u64),
    Bytes { bytes: Vec<u8>, at: usize },
}

impl Choices {
    /// Decides by a seed, without an end.
    pub const fn seeded(seed: u64) -> Self {
        Self(Source::Seed(seed))
    }

    /// Decides by bytes, as long as there are any.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self(Source::Bytes { bytes, at: 0 })
    }

    /// Says whether there is nothing left to decide by: from here on everything is zero.
    pub const fn is_over(&self) -> bool {
        match &self.0 {
            Source::Seed(_) => false,
            Source::Bytes { bytes, at } => *at >= bytes.len(),
        }
    }

    /// A number below `end`, which is at most 256 where bytes decide.
    pub fn below(&mut self, end: usize) -> usize {
        match &mut self.0 {
            Source::Seed(state) => {
                *state = next(*state);
                // The remainder is fair enough for numbers this small.
                (mixed(*state) % end as u64) as usize
            }
            Source::Bytes { bytes, at } => {
                let byte = bytes.get(*at).copied().unwrap_or(0);
                *at += 1;
                usize::from(byte) % end
            }
        }
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        // Zeros, with which bytes end, are the common case.
        self.below(times) == times - 1
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// The seed of the next world: one whose decisions have nothing to do with those of this one.
pub(crate) const fn following(seed: u64) -> u64 {
    mixed(next(seed))
}

const fn next(state: u64) -> u64 {
    state.wrapping_add(0x9e37_79b9_7f4a_7c15)
}

/// SplitMix64: every bit of the result depends on every bit of the state.
const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
