//! What the overview knows: counts by type and bucket, errors, percentiles, rankings, and the period before.

use serde_json::Value;

use crate::api::query::QueryAnswer;
use crate::tui::cursor::Range;
use crate::tui::event::{Failure, Micros};
use crate::tui::row::micros;
use crate::tui::text::visible;

/// Types that are told apart; the others are one.
pub const SERIES_MAX: usize = 6;

/// Everything on the overview.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    pub rate: Option<Rate>,
    pub latency: Option<Latency>,
    pub tops: [Option<Vec<Ranked>>; TOPS],
    /// The range that is shown.
    pub totals: Option<Totals>,
    /// The period before, when it is compared with.
    pub before: Option<Totals>,
    pub failure: Option<Failure>,
    /// The ranking that keys move in, and the place in it.
    pub focus: (usize, usize),
}

/// Rankings: sources, pages, devices.
pub const TOPS: usize = 3;

/// Events by bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    pub range: Range,
    /// The most frequent type first; `other` last, if there are more than are shown.
    pub series: Vec<Series>,
    pub events: Vec<u64>,
    pub errors: Vec<u64>,
}

/// One type.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub total: u64,
    pub counts: Vec<u64>,
}

/// Percentiles by bucket, milliseconds; none where nothing happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    pub field: String,
    pub p50: Vec<Option<f64>>,
    pub p95: Vec<Option<f64>>,
    pub p99: Vec<Option<f64>>,
}

/// One line of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    pub name: String,
    pub events: u64,
    pub errors: u64,
    pub p95: Option<f64>,
    /// The value itself, to filter by.
    pub value: Value,
}

/// A period in three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    pub events: u64,
    pub errors: u64,
    pub p95: Option<f64>,
}

impl Overview {
    /// Takes up a ranking. Lines change places as events come; the one that keys are on keeps them.
    pub fn set_top(&mut self, at: usize, lines: Vec<Ranked>) {
        let Some(top) = self.tops.get_mut(at) else { return };
        if self.focus.0 == at {
            let chosen = top.as_ref().and_then(|lines| lines.get(self.focus.1)).map(|line| &line.value);
            let found = chosen.and_then(|chosen| lines.iter().position(|line| line.value == *chosen));
            self.focus.1 = found.unwrap_or(self.focus.1).min(lines.len().saturating_sub(1));
        }
        *top = Some(lines);
    }
}

impl Rate {
    /// Reads rows of time, type, events, errors.
    #[must_use]
    pub fn of(answer: &QueryAnswer, range: Range) -> Self {
        let buckets = range.buckets();
        let mut series: Vec<Series> = Vec::new();
        let (mut events, mut errors) = (vec![0; buckets], vec![0; buckets]);
        for row in &answer.rows {
            let [time, name, count, bad] = row.as_slice() else { continue };
            let Some(bucket) = range.bucket_of(micros(time.as_str().unwrap_or_default())) else { continue };
            let (name, count) = (shown(name), count.as_u64().unwrap_or_default());
            events[bucket] += count;
            errors[bucket] += bad.as_u64().unwrap_or_default();
            let at = series.iter().position(|one| one.name == name).unwrap_or_else(|| {
                series.push(Series { name, total: 0, counts: vec![0; buckets] });
                series.len() - 1
            });
            series[at].total += count;
            series[at].counts[bucket] += count;
        }
        series.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
        Self { range, series: with_other(series), events, errors }
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.events.iter().sum()
    }

    #[must_use]
    pub fn total_errors(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// Returns events a second over the newest buckets that are over, and how long these are.
    #[must_use]
    pub fn newest(&self) -> (f64, Micros) {
        const LATEST: usize = 3;
        let over = self.events.len().saturating_sub(1);
        let from = over.saturating_sub(LATEST);
        let events: u64 = self.events[from..over].iter().sum();
        let length = self.range.bucket * Micros::try_from(over - from).unwrap_or_default();
        (if length > 0 { events as f64 * 1e6 / length as f64 } else { 0.0 }, length)
    }
}

fn with_other(mut series: Vec<Series>) -> Vec<Series> {
    if series.len() <= SERIES_MAX {
        return series;
    }
    let rest = series.split_off(SERIES_MAX - 1);
    let mut other = Series { name: format!("{} others", rest.len()), total: 0, counts: vec![0; rest[0].counts.len()] };
    for one in rest {
        other.total += one.total;
        other.counts.iter_mut().zip(&one.counts).for_each(|(sum, count)| *sum += count);
    }
    series.push(other);
    series
}

impl Latency {
    /// Reads rows of time and three percentiles.
    #[must_use]
    pub fn of(answer: &QueryAnswer, range: Range, field: &str) -> Self {
        let empty = || vec![None; range.buckets()];
        let mut latency = Self { field: field.to_owned(), p50: empty(), p95: empty(), p99: empty() };
        for row in &answer.rows {
            let [time, p50, p95, p99] = row.as_slice() else { continue };
            let Some(bucket) = range.bucket_of(micros(time.as_str().unwrap_or_default())) else { continue };
            latency.p50[bucket] = p50.as_f64();
            latency.p95[bucket] = p95.as_f64();
            latency.p99[bucket] = p99.as_f64();
        }
        latency
    }

    /// Returns the newest value of a percentile.
    #[must_use]
    pub fn newest(values: &[Option<f64>]) -> Option<f64> {
        values.iter().rev().find_map(|value| *value)
    }
}

/// Reads rows of name, events, errors, latency.
#[must_use]
pub fn ranked(answer: &QueryAnswer) -> Vec<Ranked> {
    let rows = answer.rows.iter().filter_map(|row| {
        let [name, events, errors, p95] = row.as_slice() else { return None };
        Some(Ranked {
            name: shown(name),
            events: events.as_u64().unwrap_or_default(),
            errors: errors.as_u64().unwrap_or_default(),
            p95: p95.as_f64(),
            value: name.clone(),
        })
    });
    rows.collect()
}

impl Totals {
    /// Reads a row of events, errors, latency.
    #[must_use]
    pub fn of(answer: &QueryAnswer) -> Self {
        let Some([events, errors, p95]) = answer.rows.first().map(Vec::as_slice) else { return Self::default() };
        Self {
            events: events.as_u64().unwrap_or_default(),
            errors: errors.as_u64().unwrap_or_default(),
            p95: p95.as_f64(),
        }
    }
}

/// Returns how many of 100 are errors.
#[must_use]
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Returns a value of a row as a person reads it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "∅".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => visible(text),
        other => visible(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::query::QueryStats;

    fn answer(rows: Vec<Vec<Value>>) -> QueryAnswer {
        QueryAnswer { columns: Vec::new(), rows, truncated: false, notes: Vec::new(), stats: QueryStats::default() }
    }

    const RANGE: Range = Range { since: 0, until: 60_000_000, bucket: 10_000_000 };

    #[test]
    fn counts_find_their_buckets_and_small_types_are_one() {
        let at = |second: u32| json!(format!("1970-01-01T00:00:{second:02}Z"));
        let mut rows =
            vec![vec![at(0), json!("big"), json!(100), json!(1)], vec![at(50), json!("big"), json!(7), json!(0)]];
        rows.extend((0..9).map(|n| vec![at(10), json!(format!("small{n}")), json!(2), json!(1)]));
        rows.push(vec![json!("2026-01-01T00:00:00Z"), json!("elsewhere"), json!(5), json!(5)]);
        let rate = Rate::of(&answer(rows), RANGE);
        assert_eq!(rate.events, [100, 18, 0, 0, 0, 7]);
        assert_eq!(rate.errors, [1, 9, 0, 0, 0, 0]);
        assert_eq!((rate.series.len(), rate.series[0].name.as_str(), rate.series[5].total), (SERIES_MAX, "big", 10));
        assert_eq!(rate.series.iter().map(|one| one.total).sum::<u64>(), rate.total());
    }

    #[test]
    fn the_rate_of_now_leaves_out_the_bucket_that_is_not_over() {
        let rate = Rate {
            range: RANGE,
            series: Vec::new(),
            events: vec![0, 0, 10, 10, 10, 999],
            errors: vec![0, 0, 0, 0, 3, 999],
        };
        assert_eq!(rate.newest(), (1.0, 30_000_000));
    }
}
