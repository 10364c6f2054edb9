//! Writes sample events of the last day, so that every question has an answer at once.

use crate::generator::{Generator, Ids, Options, Profile, Times};

/// Enough for charts with a shape, few enough to read.
const EVENTS: i64 = 400;
/// The same people and pages in every new project.
const SEED: u64 = 7;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// Real events are a little late and out of order.
const JITTER_MICROS: u32 = 2_000_000;

/// Returns events as NDJSON, spread over the day before `now`. They carry ids, so that sending them twice stores them once.
pub(super) fn events(profile: Profile, now: i64) -> Vec<u8> {
    let step_nanos = DAY_MICROS / EVENTS * 1_000;
    let times = Times::Spread { start_micros: now - DAY_MICROS, step_nanos, jitter_micros: JITTER_MICROS };
    let mut generator = Generator::new(Options { profile, seed: SEED, ids: Ids::Client, times });
    let mut lines = Vec::new();
    for _ in 0..EVENTS {
        generator.write_event(&mut lines);
        lines.push(b'\n');
    }
    lines
}
