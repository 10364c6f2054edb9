//! Brings one batch to the server, again and again while that may help, and tells what became of its events.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::time::Instant;

use super::batch::Batch;
use crate::api::IDEMPOTENCY_KEY_HEADER;
use crate::api::ingestion::{BatchAccepted, EventError};
use crate::client::{Client, ClientError, Request};

/// How long one attempt may take. The server answers a batch in milliseconds; a disk that hangs for longer than this is
/// better asked anew.
const ATTEMPT_PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait between attempts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    /// Before the second attempt; it doubles with each further one.
    first: Duration,
    /// Longest wait, also when the server asks for more.
    most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), most: Duration::from_secs(10) }
    }
}

impl Backoff {
    fn pause(self, retries: u64, asked_for: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1 << retries.min(10));
        asked_for.unwrap_or(doubled).min(self.most)
    }
}

/// What the server should have done before it answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Ack {
    /// Put the events on disk
    #[default]
    Disk,
    /// Taken the events into memory; a crash may lose them
    Memory,
}

impl Ack {
    /// Returns the value of the request's parameter, which is left out for the default.
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Disk => None,
            Self::Memory => Some("memory"),
        }
    }
}

/// How batches are brought to the server.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) client: Client,
    pub(super) ack: Ack,
    /// Distinguishes this run's requests from any other's.
    pub(super) run_key: String,
    /// How long a batch is tried again after its first failure.
    pub(super) retry_for: Duration,
    pub(super) backoff: Backoff,
}

/// What became of a batch.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    pub(super) rejections: Vec<Rejection>,
    pub(super) retries: u64,
    pub(super) bytes: u64,
}

/// An event that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejection {
    /// `file:line`, or which event of a request it was.
    pub(super) place: String,
    pub(super) code: String,
    pub(super) message: String,
}

impl Delivery {
    /// Sends the batch with this number. An answer that was lost is asked for again under the same key, so that the
    /// events count once.
    pub(super) async fn deliver(&self, number: u64, batch: Batch) -> Result<Delivered, ClientError> {
        let body = Bytes::from(batch.body);
        let placed = Placed { origin: &batch.origin, lines: &batch.lines, number };
        let mut first_failure: Option<Instant> = None;
        let mut retries = 0;
        loop {
            let error = match self.attempt(number, body.clone()).await {
                Ok(answer) => return Ok(placed.delivered(answer, retries, body.len() as u64)),
                Err(error) => error,
            };
            if let Some(answer) = none_accepted(&error) {
                return Ok(placed.delivered(answer, retries, body.len() as u64));
            }
            // A server that was never reached is not waited for: it is probably not running.
            let never_reached = number == 0 && matches!(error, ClientError::Unreachable { .. });
            let waited = first_failure.get_or_insert_with(Instant::now).elapsed();
            if !error.is_transient() || never_reached || waited >= self.retry_for {
                return Err(error);
            }
            tokio::time::sleep(self.backoff.pause(retries, error.retry_after())).await;
            retries += 1;
        }
    }

    async fn attempt(&self, number: u64, body: Bytes) -> Result<BatchAccepted, ClientError> {
        let key =
            HeaderValue::from_str(&format!("{}-{number}", self.run_key)).expect("keys are made of letters and digits");
        let request = Request::post("/events")
            .query_opt("ack", self.ack.parameter())
            .header(IDEMPOTENCY_KEY_HEADER, key)
            .body("application/x-ndjson", body)
            .within(ATTEMPT_PATIENCE);
        self.client.send(request).await?.json().await
    }
}

/// Returns the counts of an answer that is an error because no event was good.
fn none_accepted(error: &ClientError) -> Option<BatchAccepted> {
    let ClientError::Refused(refusal) = error else { return None };
    if refusal.detail.code != "no_events_accepted" {
        return None;
    }
    serde_json::from_value(refusal.detail.details.clone()?).ok()
}

/// Knows where the events of a batch came from.
struct Placed<'a> {
    origin: &'a str,
    lines: &'a [u64],
    number: u64,
}

impl Placed<'_> {
    fn delivered(&self, answer: BatchAccepted, retries: u64, bytes: u64) -> Delivered {
        Delivered {
            accepted: answer.accepted,
            duplicates: answer.duplicates,
            rejected: answer.rejected,
            rejections: answer.errors.into_iter().map(|error| self.rejection(error)).collect(),
            retries,
            bytes,
        }
    }

    fn rejection(&self, error: EventError) -> Rejection {
        let line = usize::try_from(error.index).ok().and_then(|index| self.lines.get(index));
        let place = match line {
            Some(line) => format!("{}:{line}", self.origin),
            None => format!("request {}, event {}", self.number + 1, error.index + 1),
        };
        Rejection { place, code: error.code, message: without_line(&error.message).to_owned() }
    }
}

/// Takes the line away that a message begins with: it counts from the start of the request, not of the file.
fn without_line(message: &str) -> &str {
    let after = message.strip_prefix("line ").and_then(|rest| rest.split_once(", "));
    match after {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use http_body_util::Full;
    use parking_lot::Mutex;
    use tower::service_fn;

    use super::*;

    const GOOD: (u16, &str) = (200, r#"{"accepted":2,"duplicates":0,"rejected":0,"errors":[]}"#);
    const BUSY: (u16, &str) = (429, r#"{"error":{"code":"rate_limited","message":"slow down"}}"#);
    const WRONG: (u16, &str) = (401, r#"{"error":{"code":"unauthorized","message":"no"}}"#);
    const PARTLY: (u16, &str) = (
        200,
        r#"{"accepted":1,"duplicates":0,"rejected":1,"errors":[{"index":1,"code":"missing_field","message":"no type"}]}"#,
    );
    const NONE: (u16, &str) = (
        422,
        r#"{"error":{"code":"no_events_accepted","message":"none","details":{"accepted":0,"duplicates":0,"rejected":2,"errors":[]}}}"#,
    );

    /// Delivers a batch of two events to a server that gives these answers, and returns the keys it saw.
    async fn deliver(
        answers: &[(u16, &'static str)],
        retry_for_ms: u64,
    ) -> (Result<Delivered, ClientError>, Vec<String>) {
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect::<VecDeque<_>>()));
        let keys = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&keys);
        let client = Client::in_process(service_fn(move |request: http::Request<Full<Bytes>>| {
            seen.lock().push(request.headers()[IDEMPOTENCY_KEY_HEADER].to_str().unwrap().to_owned());
            let (status, body) = answers.lock().pop_front().unwrap_or(BUSY);
            async move {
                let mut response = http::Response::new(Full::new(Bytes::from_static(body.as_bytes())));
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                Ok(response)
            }
        }));
        let retry_for = Duration::from_millis(retry_for_ms);
        let backoff = Backoff { first: Duration::from_millis(1), most: Duration::from_millis(4) };
        let delivery = Delivery { client, ack: Ack::Disk, run_key: "run".to_owned(), retry_for, backoff };
        let batch = Batch { origin: "f.ndjson".into(), body: b"{}\n{}\n".to_vec(), lines: vec![3, 9], events: 2 };
        let result = delivery.deliver(5, batch).await;
        let keys = keys.lock().clone();
        (result, keys)
    }

    #[tokio::test]
    async fn a_busy_server_is_asked_again_under_the_same_key() {
        let (delivered, keys) = deliver(&[BUSY, BUSY, GOOD], 60_000).await;
        assert_eq!(delivered.unwrap().retries, 2);
        assert_eq!(keys, ["run-5", "run-5", "run-5"]);
    }

    #[tokio::test]
    async fn a_busy_server_is_not_asked_for_ever() {
        let (delivered, keys) = deliver(&[], 20).await;
        assert!(matches!(delivered, Err(ClientError::Refused(_))));
        assert!(keys.len() > 2, "{} attempts", keys.len());
    }

    #[tokio::test]
    async fn an_answer_that_will_not_change_is_final() {
        let (delivered, keys) = deliver(&[WRONG, GOOD], 60_000).await;
        assert!(matches!(delivered, Err(ClientError::Refused(_))));
        assert_eq!(keys.len(), 1);
    }

    #[tokio::test]
    async fn a_rejected_event_is_placed_in_its_file() {
        let delivered = deliver(&[PARTLY], 0).await.0.unwrap();
        assert_eq!((delivered.accepted, delivered.rejected), (1, 1));
        assert_eq!(delivered.rejections[0].place, "f.ndjson:9");
    }

    #[tokio::test]
    async fn a_batch_without_a_good_event_is_an_answer_not_a_failure() {
        assert_eq!(deliver(&[NONE], 0).await.0.unwrap().rejected, 2);
    }

    #[test]
    fn a_line_of_the_request_is_not_taken_for_one_of_the_file() {
        let check = |message, expected| assert_eq!(without_line(message), expected);
        check("line 12, column 3: unexpected 'o'", "column 3: unexpected 'o'");
        check("line up, please", "line up, please");
        check("\"source\" is missing", "\"source\" is missing");
    }

    #[test]
    fn the_pause_doubles_up_to_a_limit_and_obeys_the_server() {
        let check = |retries, asked_for: Option<u64>, expected_ms| {
            let pause = Backoff::default().pause(retries, asked_for.map(Duration::from_secs));
            assert_eq!(pause, Duration::from_millis(expected_ms));
        };
        check(0, None, 100);
        check(3, None, 800);
        check(60, None, 10_000);
        check(0, Some(2), 2_000);
        check(0, Some(3_600), 10_000);
    }
}
