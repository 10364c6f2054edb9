//! Writes the traffic of the demo: a small shop whose days pass quickly, and in which one thing breaks.
//!
//! What breaks: the checkout turns slow and fails, for people with iPhones. Somebody who looks should find just that.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::{Generator, Options, Profile, write_time};

/// Length of a "day", seconds: short enough to see several of them.
const DAY_SECONDS: f64 = 600.0;
/// The page that breaks.
const CHECKOUT: &str = "/checkout";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
/// One person in so many has an iPhone.
const IPHONE_ONE_IN: u64 = 3;
/// Of a visit's usual errors, one in so many stays, so that the day is a quiet one.
const FAULT_ONE_IN: u32 = 8;
/// One step in so many leads to the checkout.
const CHECKOUT_ONE_IN: u32 = 8;
/// While it fails, people with iPhones try again.
const RETRY_ONE_IN: u32 = 3;

/// How the shop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Calm,
    Incident,
}

/// The shop and its visitors, the same ones for the same seed.
#[derive(Debug)]
pub struct Shop {
    visits: Generator,
    chance: Chance,
    line: Vec<u8>,
}

impl Shop {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let visits = Generator::new(Options { profile: Profile::Web, seed, ..Options::default() });
        Self { visits, chance: Chance::new(seed, 1 << 32), line: Vec::new() }
    }

    /// Returns events a second at a time, around `mean` of them: more by "day" than by "night", and never twice the same.
    pub fn rate_at(&mut self, seconds: f64, mean: f64) -> f64 {
        let wave = |period: f64| (seconds / period * std::f64::consts::TAU).sin();
        let noise = 0.85 + f64::from(self.chance.below(300)) / 1_000.0;
        mean * (1.0 + 0.45 * wave(DAY_SECONDS) + 0.12 * wave(DAY_SECONDS / 6.3)) * noise
    }

    /// Appends the next event, on a line of its own.
    pub fn write_event(&mut self, time_micros: i64, weather: Weather, out: &mut Vec<u8>) {
        self.line.clear();
        self.visits.write_event(&mut self.line);
        let mut event: Map<String, Value> = serde_json::from_slice(&self.line).expect("the generator writes objects");
        let mut time = Vec::with_capacity(32);
        write_time(time_micros, &mut time);
        event.insert("timestamp".to_owned(), String::from_utf8_lossy(&time).into());
        self.visit(&mut event, weather);
        out.extend_from_slice(Value::Object(event).to_string().as_bytes());
        out.push(b'\n');
    }

    fn visit(&mut self, event: &mut Map<String, Value>, weather: Weather) {
        let has_iphone = user_number(event).is_multiple_of(IPHONE_ONE_IN);
        if event["type"] == "error" && !self.chance.one_in(FAULT_ONE_IN) {
            event.insert("type".to_owned(), "web.pageview".into());
            event.remove("severity");
        }
        let is_error = event["type"] == "error";
        let Some(data) = event.get_mut("data").and_then(Value::as_object_mut) else { return };
        if has_iphone {
            data.insert("user_agent".to_owned(), IPHONE.into());
        }
        let retries = weather == Weather::Incident && has_iphone && self.chance.one_in(RETRY_ONE_IN);
        if retries || self.chance.one_in(CHECKOUT_ONE_IN) {
            data.insert("page".to_owned(), CHECKOUT.into());
        }
        for key in ["x", "y", "load_ms", "viewport"] {
            data.remove(key);
        }
        if !is_error {
            data.remove("message");
        }
        let breaks = weather == Weather::Incident && has_iphone && data["page"] == CHECKOUT;
        let latency_ms = if breaks { 1_400 + self.chance.below(2_800) } else { self.chance.latency_ms(60) };
        data.insert("latency_ms".to_owned(), latency_ms.into());
        let fails = breaks && self.chance.below(100) < 45;
        data.insert(
            "status".to_owned(),
            if fails {
                504
            } else if is_error {
                500
            } else {
                200
            }
            .into(),
        );
        if fails {
            data.insert("message".to_owned(), "TimeoutError: the payment gateway did not answer".into());
            event.insert("type".to_owned(), "error".into());
            event.insert("severity".to_owned(), json!("high"));
        }
    }
}

fn user_number(event: &Map<String, Value>) -> u64 {
    let id = event.get("user_id").and_then(Value::as_str).unwrap_or_default();
    id.rsplit('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(weather: Weather) -> Vec<Value> {
        let mut shop = Shop::new(7);
        let mut lines = Vec::new();
        (0..20_000).for_each(|n| shop.write_event(n * 1_000, weather, &mut lines));
        let lines = String::from_utf8(lines).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn is_hit(event: &Value) -> bool {
        event["data"]["page"] == CHECKOUT && event["data"]["user_agent"] == IPHONE
    }

    #[test]
    fn the_incident_is_one_page_for_one_kind_of_phone() {
        let (hit, others): (Vec<_>, Vec<_>) = events(Weather::Incident).into_iter().partition(is_hit);
        let slow =
            |events: &[Value]| events.iter().filter(|event| event["data"]["latency_ms"].as_u64() > Some(1_300)).count();
        let failed = |events: &[Value]| events.iter().filter(|event| event["severity"] == "high").count();
        assert_eq!(slow(&hit), hit.len());
        assert!(failed(&hit) * 100 / hit.len() > 35, "{} of {}", failed(&hit), hit.len());
        assert!(failed(&others) * 100 < others.len(), "{} of {}", failed(&others), others.len());
        assert!(slow(&others) * 50 < others.len());
        assert!(hit.len() * 20 > others.len(), "it is seen among the others");
    }

    #[test]
    fn calm_days_have_few_errors_and_the_same_page() {
        let events = events(Weather::Calm);
        let errors = events.iter().filter(|event| event["severity"] == "high").count();
        assert!(errors > 0 && errors * 100 < events.len());
        assert!(events.iter().filter(|event| is_hit(event)).count() > 500);
    }

    #[test]
    fn nights_are_quieter_than_days() {
        let mut shop = Shop::new(7);
        let mut mean = |from: u32| (0..60).map(|n| shop.rate_at(f64::from(from + n), 100.0)).sum::<f64>() / 60.0;
        assert!(mean(120) > 1.5 * mean(420));
    }
}
