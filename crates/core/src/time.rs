//! The grammar of time: what people write for a moment, a duration or a range, and what events carry as a timestamp.
//!
//! Reads no clock: `now` and the time zone are arguments. People get a forgiving grammar ([`parse_moment`]); events get a
//! strict and fast one ([`event_timestamp_text`]), for a wrong guess there would be stored for ever.

mod duration;
mod event;
mod moment;
mod range;

use std::fmt;

pub use duration::{DURATION_MAX, parse_duration, short_duration};
pub use event::{
    EVENT_MICROS_MAX, EVENT_MICROS_MIN, event_timestamp_float, event_timestamp_integer, event_timestamp_text,
};
pub use moment::parse_moment;
pub use range::{AROUND, Range, RangeWords};

/// Text that was to be a time and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError {
    /// What the text was to be.
    pub kind: Kind,
    /// The whole text.
    pub text: String,
    /// The part that is wrong, or the whole text.
    pub word: String,
    /// What is wrong with it, to follow the word: `is no time of day`.
    pub fault: &'static str,
    /// The next step.
    pub hint: String,
}

/// What a text was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Moment,
    Duration,
    Range,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.word, self.fault)?;
        if self.word == self.text { Ok(()) } else { write!(f, " (in {:?})", self.text) }
    }
}

impl std::error::Error for TimeError {}
