//! Brings one batch to the server, again and again while that may help, and tells what became of its events.

use std::hash::Hasher as _;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use tokio::time::Instant;

use super::batch::Batch;
use crate::api::ingestion::{BatchAccepted, EventError};
use crate::api::{IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_REPLAYED_HEADER};
use crate::client::{Client, ClientError, Request};

/// How long one attempt may take. The server answers a batch in milliseconds; a disk that hangs for longer than this is
/// better asked anew.
const ATTEMPT_PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait between attempts.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Backoff {
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
pub(in crate::commands) enum Ack {
    /// Put the events on disk
    #[default]
    Disk,
    /// Taken the events into memory; a crash may lose them
    Memory,
}

impl Ack {
    /// Returns the value of the request's parameter, which is left out for the default.
    pub(in crate::commands) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Disk => None,
            Self::Memory => Some("memory"),
        }
    }
}

/// What the server knows a request by when it comes again.
#[derive(Debug)]
pub(in crate::commands) enum Keys {
    /// Its number in this run, whose name no other run has.
    Run(String),
    /// What is in it and where that began, so that another run of the same input has the same keys. The text is part of
    /// the key: under another one the same content counts anew.
    Content(String),
}

impl Keys {
    fn of(&self, number: u64, batch: &Batch) -> String {
        match self {
            Self::Run(name) => format!("{name}-{number}"),
            Self::Content(name) => {
                // Fixed keys: the next run of the program must find the same hash.
                let mut hasher = SipHasher24::new();
                hasher.write(name.as_bytes());
                hasher.write(&[0]);
                hasher.write(&batch.lines.first().copied().unwrap_or_default().to_le_bytes());
                hasher.write(&batch.body);
                format!("content-{:032x}", hasher.finish128().as_u128())
            }
        }
    }
}

/// How batches are brought to the server.
#[derive(Debug)]
pub(in crate::commands) struct Delivery {
    pub(in crate::commands) client: Client,
    pub(in crate::commands) ack: Ack,
    pub(in crate::commands) keys: Keys,
    /// How long a batch is tried again after its first failure.
    pub(in crate::commands) retry_for: Duration,
    pub(in crate::commands) backoff: Backoff,
}

/// What became of a batch.
#[derive(Debug)]
pub(in crate::commands) struct Delivered {
    pub(in crate::commands) accepted: u64,
    pub(in crate::commands) duplicates: u64,
    /// Of the accepted events, those that an earlier request with the same key had stored.
    pub(in crate::commands) replayed: u64,
    pub(in crate::commands) rejected: u64,
    pub(in crate::commands) rejections: Vec<Rejection>,
    pub(in crate::commands) retries: u64,
    pub(in crate::commands) bytes: u64,
}

/// Whether an answer is the one that an earlier request with the same key got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Novelty {
    New,
    Replayed,
    /// Nothing was stored either way.
    Unknown,
}

/// An event that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Rejection {
    /// `file:line`, or which event of a request it was.
    pub(in crate::commands) place: String,
    pub(in crate::commands) code: String,
    pub(in crate::commands) message: String,
}

impl Delivery {
    /// Sends the batch with this number. An answer that was lost is asked for again under the same key, so that the
    /// events count once.
    pub(in crate::commands) async fn deliver(&self, number: u64, batch: Batch) -> Result<Delivered, ClientError> {
        let key = HeaderValue::from_str(&self.keys.of(number, &batch)).expect("keys are made of letters and digits");
        let body = Bytes::from(batch.body);
        let placed = Placed { origin: &batch.origin, lines: &batch.lines, number };
        let mut first_failure: Option<Instant> = None;
        let mut retries = 0;
        loop {
            let error = match self.attempt(key.clone(), body.clone()).await {
                Ok((answer, novelty)) => return Ok(placed.delivered(answer, novelty, retries, body.len() as u64)),
                Err(error) => error,
            };
            if let Some(answer) = none_accepted(&error) {
                return Ok(placed.delivered(answer, Novelty::Unknown, retries, body.len() as u64));
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

    async fn attempt(&self, key: HeaderValue, body: Bytes) -> Result<(BatchAccepted, Novelty), ClientError> {
        let request = Request::post("/events")
            .query_opt("ack", self.ack.parameter())
            .header(IDEMPOTENCY_KEY_HEADER, key)
            .body("application/x-ndjson", body)
            .within(ATTEMPT_PATIENCE);
        let response = self.client.send(request).await?;
        let is_replayed = response.header(IDEMPOTENCY_REPLAYED_HEADER).is_some();
        let novelty = if is_replayed { Novelty::Replayed } else { Novelty::New };
        Ok((response.json().await?, novelty))
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
    fn delivered(&self, answer: BatchAccepted, novelty: Novelty, retries: u64, bytes: u64) -> Delivered {
        Delivered {
            replayed: if novelty == Novelty::Replayed { answer.accepted } else { 0 },
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
pub(in crate::commands) fn without_line(message: &str) -> &str {
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
        let delivery = Delivery { client, ack: Ack::Disk, keys: Keys::Run("run".to_owned()), retry_for, backoff };
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

    #[test]
    fn another_run_of_the_same_content_has_the_same_keys() {
        let batch = |line, body: &[u8]| Batch { origin: "f".into(), body: body.to_vec(), lines: vec![line], events: 1 };
        let key = |name: &str, batch: &Batch| Keys::Content(name.to_owned()).of(7, batch);
        // Kept as it is: a key that changes with a version would store again what an older one imported.
        assert_eq!(key("", &batch(1, b"{}\n")), "content-79d0de4798ac5a90a41963a35cfe3994");
        assert_eq!(key("", &batch(1, b"{}\n")), Keys::Content(String::new()).of(8, &batch(1, b"{}\n")));
        for other in [key("again", &batch(1, b"{}\n")), key("", &batch(2, b"{}\n")), key("", &batch(1, b"{ }\n"))] {
            assert_ne!(other, key("", &batch(1, b"{}\n")));
        }
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
