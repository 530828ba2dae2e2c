//! The source of random decisions.

/// A source of decisions: a random seed, which makes them repeatable, or bytes from a fuzzer.
#[derive(Clone, Debug)]
pub struct Choices(Source);

#[derive(Clone, Debug)]
enum Source {
    Seed(u64),
    Bytes { bytes: Vec<u8>, at: usize },
}

impl Choices {
    /// Makes endless decisions from a random seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(Source::Seed(seed))
    }

    /// Makes decisions from bytes until they run out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self(Source::Bytes { bytes, at: 0 })
    }

    /// Returns `true` if the bytes have run out. All further decisions are zero.
    pub const fn is_over(&self) -> bool {
        match &self.0 {
            Source::Seed(_) => false,
            Source::Bytes { bytes, at } => *at >= bytes.len(),
        }
    }

    /// Returns a number below `end`, which must be at most 256 if bytes decide.
    pub fn below(&mut self, end: usize) -> usize {
        match &mut self.0 {
            Source::Seed(state) => {
                *state = next(*state);
                // For numbers this small, the remainder is fair enough.
                (mixed(*state) % end as u64) as usize
            }
            Source::Bytes { bytes, at } => {
                let byte = bytes.get(*at).copied().unwrap_or(0);
                *at += 1;
                usize::from(byte) % end
            }
        }
    }

    /// Returns `true` once in `times` calls on average.
    pub fn one_in(&mut self, times: usize) -> bool {
        // Bytes end in zeros, which should mean the common case.
        self.below(times) == times - 1
    }

    /// Returns one of `all`.
    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// Returns the seed of the next world, whose decisions are unrelated to those of this one.
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
