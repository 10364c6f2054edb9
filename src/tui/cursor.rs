//! The one range of time that all views look at: how it moves, widens, and follows the present.

use super::event::Micros;

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
const HOUR: Micros = 60 * MINUTE;
const DAY: Micros = 24 * HOUR;

/// Spans to zoom through, each with the width of its buckets: at most [`BUCKETS_MAX`] of them, and of a length that clocks
/// know.
const SPANS: [(Micros, Micros); 13] = [
    (MINUTE, SECOND),
    (5 * MINUTE, 5 * SECOND),
    (15 * MINUTE, 15 * SECOND),
    (30 * MINUTE, 30 * SECOND),
    (HOUR, MINUTE),
    (3 * HOUR, 3 * MINUTE),
    (6 * HOUR, 5 * MINUTE),
    (12 * HOUR, 10 * MINUTE),
    (DAY, 20 * MINUTE),
    (3 * DAY, HOUR),
    (7 * DAY, 3 * HOUR),
    (30 * DAY, 12 * HOUR),
    (90 * DAY, DAY),
];

/// Buckets of one range at most.
pub const BUCKETS_MAX: usize = 92;

/// Where the range ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Now, moving with it.
    Live,
    At(Micros),
}

/// A range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Index into [`SPANS`], or a span of its own after drilling down.
    zoom: Zoom,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zoom {
    Step(usize),
    Exact(Micros),
}

/// A range with its ends fixed, cut into buckets of the same width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub since: Micros,
    /// The first moment that is outside.
    pub until: Micros,
    pub bucket: Micros,
}

impl Default for Cursor {
    /// The last quarter of an hour.
    fn default() -> Self {
        Self { zoom: Zoom::Step(2), end: End::Live }
    }
}

impl Cursor {
    /// Returns the last `span`, or the next longer one that there is a step for.
    #[must_use]
    pub fn last(span: Micros) -> Self {
        let step = SPANS.iter().position(|(known, _)| *known >= span).unwrap_or(SPANS.len() - 1);
        Self { zoom: Zoom::Step(step), end: End::Live }
    }

    /// Returns exactly the time from `since` to `until`.
    #[must_use]
    pub fn between(since: Micros, until: Micros) -> Self {
        Self { zoom: Zoom::Exact((until - since).max(SECOND)), end: End::At(until) }
    }

    #[must_use]
    pub fn span(&self) -> Micros {
        match self.zoom {
            Zoom::Step(step) => SPANS[step].0,
            Zoom::Exact(span) => span,
        }
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.end == End::Live
    }

    /// Returns the range as it is at `now`. A live one begins at a whole bucket, so that charts do not flicker.
    #[must_use]
    pub fn range(&self, now: Micros) -> Range {
        let span = self.span();
        let bucket = self.bucket();
        match self.end {
            End::At(until) => {
                let until = round_up(until, if span < MINUTE { 1 } else { bucket });
                Range { since: until - span, until, bucket }
            }
            End::Live => {
                let until = round_up(now + 1, bucket);
                Range { since: until - span, until, bucket }
            }
        }
    }

    fn bucket(&self) -> Micros {
        match self.zoom {
            Zoom::Step(step) => SPANS[step].1,
            Zoom::Exact(span) => {
                // The finest of the known widths that gives few enough buckets.
                let known = SPANS.iter().map(|(_, bucket)| *bucket);
                known.into_iter().find(|bucket| span / bucket < 60).unwrap_or(DAY)
            }
        }
    }

    /// Moves half a span back; what was live stands still then.
    #[must_use]
    pub fn back(self, now: Micros) -> Self {
        let until = self.range(now).until - self.span() / 2;
        Self { end: End::At(until.max(self.span())), ..self }
    }

    /// Moves half a span forward; at the present it follows it again.
    #[must_use]
    pub fn forward(self, now: Micros) -> Self {
        match self.end {
            End::Live => self,
            End::At(until) if until + self.span() / 2 >= now => Self { end: End::Live, ..self },
            End::At(until) => Self { end: End::At(until + self.span() / 2), ..self },
        }
    }

    /// Shows less time, around the middle of what was shown.
    #[must_use]
    pub fn closer(self, now: Micros) -> Self {
        let step = match self.zoom {
            Zoom::Step(step) => step.saturating_sub(1),
            Zoom::Exact(span) => SPANS.iter().rposition(|(known, _)| *known < span).unwrap_or(0),
        };
        self.zoomed(step, now)
    }

    /// Shows more time.
    #[must_use]
    pub fn wider(self, now: Micros) -> Self {
        let step = match self.zoom {
            Zoom::Step(step) => (step + 1).min(SPANS.len() - 1),
            Zoom::Exact(span) => SPANS.iter().position(|(known, _)| *known > span).unwrap_or(SPANS.len() - 1),
        };
        self.zoomed(step, now)
    }

    fn zoomed(self, step: usize, now: Micros) -> Self {
        let end = match self.end {
            End::Live => End::Live,
            End::At(_) => {
                let range = self.range(now);
                let middle = range.since + self.span() / 2;
                let until = middle + SPANS[step].0 / 2;
                if until >= now { End::Live } else { End::At(until) }
            }
        };
        Self { zoom: Zoom::Step(step), end }
    }

    /// Follows the present.
    #[must_use]
    pub fn live(self) -> Self {
        Self { end: End::Live, ..self }
    }

    /// Stands still where it is.
    #[must_use]
    pub fn paused(self, now: Micros) -> Self {
        match self.end {
            End::Live => Self { end: End::At(self.range(now).until), ..self },
            End::At(_) => self,
        }
    }
}

impl Range {
    /// Returns the number of buckets.
    #[must_use]
    pub fn buckets(&self) -> usize {
        usize::try_from((self.until - self.since + self.bucket - 1) / self.bucket.max(1))
            .unwrap_or(1)
            .clamp(1, BUCKETS_MAX)
    }

    /// Returns the bucket that a moment is in.
    #[must_use]
    pub fn bucket_of(&self, time: Micros) -> Option<usize> {
        if time < self.origin() || time >= self.until {
            return None;
        }
        usize::try_from((time - self.origin()) / self.bucket).ok().filter(|bucket| *bucket < self.buckets())
    }

    /// Returns the start of the first bucket, which may lie a little before the range.
    #[must_use]
    pub fn origin(&self) -> Micros {
        self.since - self.since.rem_euclid(self.bucket)
    }

    /// Returns the start of a bucket.
    #[must_use]
    pub fn start_of(&self, bucket: usize) -> Micros {
        self.origin() + self.bucket * Micros::try_from(bucket).unwrap_or(Micros::MAX / 2 / self.bucket)
    }

    /// Returns the range of the same length just before.
    #[must_use]
    pub fn before(&self) -> Self {
        let span = self.until - self.since;
        Self { since: self.since - span, until: self.since, bucket: self.bucket }
    }

    /// Returns the width of a bucket as SQL writes it.
    #[must_use]
    pub fn interval(&self) -> String {
        format!("INTERVAL '{} seconds'", (self.bucket / SECOND).max(1))
    }
}

fn round_up(time: Micros, step: Micros) -> Micros {
    time + (-time).rem_euclid(step.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_795_437_296_789_000; // 2026-11-23T12:34:56.789Z

    #[test]
    fn a_live_range_ends_with_the_bucket_of_now() {
        let range = Cursor::default().range(NOW);
        assert_eq!((range.until - range.since, range.bucket), (15 * MINUTE, 15 * SECOND));
        assert!(range.until > NOW && range.until - NOW <= range.bucket);
        assert_eq!(range.bucket_of(NOW), Some(range.buckets() - 1));
        assert_eq!(
            [range.bucket_of(range.since), range.bucket_of(range.until), range.bucket_of(0)],
            [Some(0), None, None]
        );
    }

    #[test]
    fn every_span_has_few_buckets() {
        for (span, bucket) in SPANS {
            let range = Cursor::last(span).range(NOW);
            assert_eq!((range.until - range.since, range.bucket), (span, bucket));
            assert!(range.buckets() <= BUCKETS_MAX && range.buckets() >= 48, "{span}: {}", range.buckets());
        }
    }

    #[test]
    fn panning_leaves_the_present_and_comes_back_to_it() {
        let live = Cursor::default();
        let back = live.back(NOW).back(NOW);
        assert!(!back.is_live());
        assert_eq!(live.range(NOW).until - back.range(NOW).until, 15 * MINUTE);
        assert!(back.forward(NOW).forward(NOW).is_live());
        assert_eq!(live.forward(NOW), live);
        assert!(back.live().is_live());
    }

    #[test]
    fn zooming_keeps_the_middle_and_ends_at_the_steps() {
        let mut cursor = Cursor::default().back(NOW).back(NOW).back(NOW).back(NOW);
        let middle = |cursor: &Cursor| (cursor.range(NOW).since + cursor.range(NOW).until) / 2;
        let wanted = middle(&cursor);
        cursor = cursor.closer(NOW);
        assert!((middle(&cursor) - wanted).abs() <= 15 * SECOND);
        for _ in 0..40 {
            cursor = cursor.closer(NOW);
        }
        assert_eq!(cursor.span(), MINUTE);
        for _ in 0..40 {
            cursor = cursor.wider(NOW);
        }
        assert_eq!(cursor.span(), 90 * DAY);
        assert!(cursor.is_live(), "wider than the past reaches into the present");
    }

    #[test]
    fn a_pause_holds_what_is_shown() {
        let paused = Cursor::default().paused(NOW);
        let shown = paused.range(NOW);
        assert_eq!(shown, Cursor::default().range(NOW));
        assert_eq!(paused.range(NOW + HOUR), shown);
    }

    #[test]
    fn any_range_has_buckets_that_hold_it() {
        for span in [1, 999, SECOND, 7 * SECOND, 61 * SECOND, 5 * HOUR, 400 * DAY] {
            let range = Cursor::between(NOW - span, NOW).range(NOW);
            assert!(range.buckets() >= 1 && range.buckets() <= BUCKETS_MAX);
            assert!(range.bucket_of(range.since).is_some(), "{span}");
        }
    }
}
