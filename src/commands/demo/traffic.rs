//! Sends the shop's events: its past at once, then what happens, as it happens.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::{Client, ClientError, Request};
use crate::generator::{Shop, Weather};

/// Events are sent so often.
const TICK: Duration = Duration::from_millis(100);
/// Events of the past that are sent together.
const BATCH: usize = 2_000;
/// What breaks breaks after so long.
pub(super) const INCIDENT_AFTER: Duration = Duration::from_secs(25);
/// It lasts so long, is well for so long, and breaks again.
const INCIDENT_LASTS: Duration = Duration::from_secs(300);
const CALM_LASTS: Duration = Duration::from_secs(180);

/// The traffic of one demo.
#[derive(Debug)]
pub(super) struct Traffic {
    shop: Shop,
    mean: f64,
    /// What is left over of an event after each tick.
    rest: f64,
}

impl Traffic {
    pub(super) fn new(seed: u64, mean: f64) -> Self {
        Self { shop: Shop::new(seed), mean, rest: 0.0 }
    }

    /// Sends everything that happened in the time before now. Returns how many events that were.
    pub(super) async fn write_past(&mut self, client: &Client, length: Duration) -> Result<u64, ClientError> {
        let now = now_micros();
        let mut time = now - i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 2);
        let (mut body, mut waiting, mut sent) = (Vec::new(), 0, 0);
        let tick = i64::try_from(TICK.as_micros()).unwrap_or(i64::MAX);
        while time < now {
            waiting += self.tick(time, Weather::Calm, &mut body);
            time += tick;
            if waiting >= BATCH || time >= now {
                sent += waiting as u64;
                send(client, std::mem::take(&mut body)).await?;
                waiting = 0;
            }
        }
        Ok(sent)
    }

    /// Sends what happens from now on, for ever. A server that is stopping ends it.
    pub(super) async fn go_on(mut self, client: Client) {
        let began = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let mut body = Vec::new();
            if self.tick(now_micros(), weather(began.elapsed()), &mut body) > 0 && send(&client, body).await.is_err() {
                return;
            }
        }
    }

    /// Writes the events of one tick. Returns how many they are.
    fn tick(&mut self, time: i64, weather: Weather, body: &mut Vec<u8>) -> usize {
        let rate = self.shop.rate_at(time as f64 / 1e6, self.mean);
        let events = rate * TICK.as_secs_f64() + self.rest;
        self.rest = events.fract();
        let count = events as usize;
        let step = TICK.as_micros() as i64 / (count as i64 + 1);
        (0..count).for_each(|n| self.shop.write_event(time - step * (count - n) as i64, weather, body));
        count
    }
}

/// Returns how the shop is after so much time.
fn weather(elapsed: Duration) -> Weather {
    let Some(since) = elapsed.checked_sub(INCIDENT_AFTER) else { return Weather::Calm };
    let cycle = (INCIDENT_LASTS + CALM_LASTS).as_millis();
    if since.as_millis() % cycle < INCIDENT_LASTS.as_millis() { Weather::Incident } else { Weather::Calm }
}

async fn send(client: &Client, body: Vec<u8>) -> Result<(), ClientError> {
    let request = Request::post("/events").body("application/x-ndjson", Bytes::from(body));
    client.send(request).await.map(drop)
}

fn now_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_breaks_within_a_minute_and_gets_well_again() {
        let at = |seconds| weather(Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(24), at(26), at(60), at(324)].map(|weather| weather == Weather::Incident),
            [false, false, true, true, true]
        );
        assert_eq!([at(326), at(504), at(506)].map(|weather| weather == Weather::Incident), [false, false, true]);
    }
}
