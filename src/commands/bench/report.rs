//! Turns what runs showed into rows: one a run, and one with the medians of a step's rounds.

use std::time::Duration;

use serde_json::{Value, json};

use super::load::Measured;
use crate::printer::{Field, Form, Kind, Shape};

/// What every bench of load prints.
pub(crate) const SHAPE: Shape = Shape { name: "streamflow.bench/1", form: Form::Listing, fields: &FIELDS };

const FIELDS: [Field; 19] = [
    Field::new("step", Kind::Text, "what was sent: echo, single, batch"),
    Field::new("rate", Kind::Text, "the pace as it was asked for"),
    Field::new("round", Kind::Text, "number of the round, or median over the rounds"),
    Field::new("offered_per_second", Kind::Number, "requests offered a second; null when as many as possible"),
    Field::new("requests_per_second", Kind::Number, "requests answered with success a second"),
    Field::new(
        "events_per_second",
        Kind::Number,
        "events acknowledged a second; for the echo, events sent and answered",
    ),
    Field::new("megabytes_per_second", Kind::Number, "bytes of their requests a second, in 10^6"),
    Field::new("of_echo", Kind::Number, "requests a second relative to the echo at its maximum in the same round"),
    Field::new("p50_ms", Kind::Number, "median latency from the intended beginning of a request to its whole answer"),
    Field::new("p90_ms", Kind::Number, "90th percentile"),
    Field::new("p99_ms", Kind::Number, "99th percentile"),
    Field::new("p99_9_ms", Kind::Number, "99.9th percentile"),
    Field::new("max_ms", Kind::Number, "longest latency"),
    Field::new("server_cpu_us", Kind::Number, "processor time of the server for an event, microseconds"),
    Field::new("client_cpu_us", Kind::Number, "processor time of this program for an event, microseconds"),
    Field::new("refused", Kind::Number, "answers that were no success, warm-up included"),
    Field::new("unanswered", Kind::Number, "requests that were due but had no answer five seconds after the end"),
    Field::new("acknowledged", Kind::Number, "events acknowledged, warm-up and late answers included"),
    Field::new("seconds", Kind::Number, "length of the measurement"),
];

/// Columns before the first figure.
const LABELS: usize = 3;
const FIGURES: usize = FIELDS.len() - LABELS;

/// One run, or the medians of many.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) step: &'static str,
    pub(super) rate: String,
    round: String,
    /// In the order of [`FIELDS`].
    figures: [Option<f64>; FIGURES],
}

/// Where a run belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) step: &'static str,
    pub(super) rate: &'a str,
    pub(super) round: usize,
    pub(super) offered: Option<f64>,
    /// Requests a second that the echo reached in this round.
    pub(super) echo: Option<f64>,
}

impl Row {
    pub(super) fn of_run(place: &Place<'_>, measured: &Measured) -> Self {
        let seconds = measured.elapsed.as_secs_f64();
        let a_second = |count: u64| (seconds > 0.0).then(|| count as f64 / seconds);
        let milliseconds = |quantile: f64| {
            let latency = &measured.latency;
            (!latency.is_empty()).then(|| latency.value_at_quantile(quantile) as f64 / 1e6)
        };
        let an_event = |cpu: Option<Duration>| {
            let micros = cpu?.as_secs_f64() * 1e6;
            (measured.events > 0).then(|| micros / measured.events as f64)
        };
        let requests = requests_per_second(measured);
        let figures = [
            place.offered,
            requests,
            a_second(measured.events),
            a_second(measured.bytes).map(|bytes| bytes / 1e6),
            place.echo.and_then(|echo| Some(requests? / echo)),
            milliseconds(0.5),
            milliseconds(0.9),
            milliseconds(0.99),
            milliseconds(0.999),
            milliseconds(1.0),
            an_event(measured.server_cpu),
            an_event(measured.own_cpu),
            Some(measured.refused as f64),
            Some(measured.unanswered as f64),
            Some(measured.acknowledged as f64),
            Some(seconds),
        ];
        Self { step: place.step, rate: place.rate.to_owned(), round: place.round.to_string(), figures }
    }

    /// Returns for each figure on its own the median of `rows`, which are the rounds of one step.
    pub(super) fn median(rows: &[&Self]) -> Option<Self> {
        let first = *rows.first()?;
        let figures = std::array::from_fn(|figure| median(rows.iter().filter_map(|row| row.figures[figure]).collect()));
        Some(Self { step: first.step, rate: first.rate.clone(), round: "median".to_owned(), figures })
    }

    pub(super) fn into_values(self) -> Vec<Value> {
        let mut values = vec![json!(self.step), json!(self.rate), json!(self.round)];
        values.extend(self.figures.map(|figure| figure.map_or(Value::Null, rounded)));
        values
    }
}

/// Returns successful requests a second, none when nothing was measured.
pub(super) fn requests_per_second(measured: &Measured) -> Option<f64> {
    let seconds = measured.elapsed.as_secs_f64();
    (seconds > 0.0).then(|| measured.requests as f64 / seconds)
}

/// Returns the middle of `figures`, the mean of the two middle ones when their number is even.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        _ if figures.is_empty() => None,
        0 => Some(f64::midpoint(figures[middle - 1], figures[middle])),
        _ => Some(figures[middle]),
    }
}

/// Returns a figure with the digits that a measurement can vouch for: whole from a thousand on, else three decimals.
pub(super) fn rounded(figure: f64) -> Value {
    if figure.fract() == 0.0 || figure.abs() >= 1_000.0 {
        return json!(figure.round() as i64);
    }
    json!((figure * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_round() {
        let check = |figures: &[f64], expected| assert_eq!(median(figures.to_vec()), expected, "{figures:?}");
        check(&[], None);
        check(&[5.0], Some(5.0));
        check(&[9.0, 1.0, 5.0], Some(5.0));
        check(&[9.0, 1.0], Some(5.0));
    }

    #[test]
    fn figures_carry_no_digits_that_were_not_measured() {
        let check = |figure, expected: Value| assert_eq!(rounded(figure), expected);
        check(1_234_567.89, json!(1_234_568));
        check(0.123_456, json!(0.123));
        check(3.0, json!(3));
    }

    #[test]
    fn a_row_has_a_value_for_every_column() {
        let row = Row { step: "echo", rate: "max".into(), round: "1".into(), figures: [None; FIGURES] };
        assert_eq!(row.into_values().len(), FIELDS.len());
    }
}
