//! Shows how far a long command has come, on a terminal only.

use std::borrow::Cow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A person cannot read faster, and every draw costs a write.
const UPDATES_PER_SECOND_MAX: u8 = 10;

/// A progress display; it disappears when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    pub(super) fn shown(label: &str, total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{prefix} {bar:24} {human_pos}/{human_len} {per_sec} {msg}",
            None => "{prefix} {spinner} {human_pos} {per_sec} {msg}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let target = ProgressDrawTarget::stderr_with_hz(UPDATES_PER_SECOND_MAX);
        let bar = ProgressBar::with_draw_target(total, target).with_style(style).with_prefix(label.to_owned());
        Self { bar }
    }

    /// Says how much is done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Says that more is done.
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// Shows a few words behind the numbers.
    pub fn note(&self, words: impl Into<Cow<'static, str>>) {
        self.bar.set_message(words);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
