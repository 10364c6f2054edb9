//! Draws the random numbers of a run from its seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A reproducible source of random numbers: the same on every machine for the same seed and stream.
#[derive(Debug, Clone)]
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut source = ChaCha8Rng::seed_from_u64(seed);
        source.set_stream(stream);
        Self(source)
    }

    /// Returns a number from 0 to `bound` - 1; 0 for a bound of 0.
    ///
    /// The multiplication is off by less than `bound` / 2^32 for each value, which no traffic shows.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let product = u64::from(self.0.next_u32()) * u64::from(bound);
        u32::try_from(product >> 32).expect("the upper half of 64 bits has 32")
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).expect("tables here are short")) as usize
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    pub(super) fn one_in(&mut self, bound: u32) -> bool {
        self.below(bound) == 0
    }

    /// Returns a waiting time in milliseconds: many short ones, a long tail, never 0.
    pub(super) fn latency_ms(&mut self, typical: u32) -> u32 {
        let base = 1 + typical / 2 + self.below(typical);
        match self.below(100) {
            0 => base * 20 + self.below(typical * 10),
            1..10 => base * 4,
            _ => base,
        }
    }
}

/// Ranks drawn so that rank n comes about 1/n as often as the first one.
#[derive(Debug, Clone)]
pub(super) struct Skew {
    ranks: Box<[u16]>,
}

/// Slots of a table of ranks; a rank whose share is under one slot still gets one.
const SKEW_SLOTS: usize = 1 << 16;

impl Skew {
    /// Returns the table for ranks from 0 to `count` - 1.
    pub(super) fn over(count: u16) -> Self {
        let total: f64 = (1..=u32::from(count)).map(|rank| 1.0 / f64::from(rank)).sum();
        let shared = (SKEW_SLOTS - usize::from(count)) as f64;
        let mut ranks = Vec::with_capacity(SKEW_SLOTS);
        for rank in 0..count {
            let share = shared / total / f64::from(u32::from(rank) + 1);
            ranks.extend(std::iter::repeat_n(rank, 1 + share as usize));
        }
        ranks.resize(SKEW_SLOTS, 0);
        Self { ranks: ranks.into() }
    }

    pub(super) fn draw(&self, chance: &mut Chance) -> usize {
        usize::from(self.ranks[chance.index(SKEW_SLOTS)])
    }
}
