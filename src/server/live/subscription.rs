//! One viewer of the live tail: what it has seen, what it missed, what its rate lets through.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use streamflow_engine::encode;
use streamflow_engine::query::Filter;
use streamflow_engine::tail::Chunk;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::api::live::LiveParams;
use crate::server::app::App;
use crate::server::error::ApiError;
use crate::server::{filters, parameters};

/// Most events a second that a viewer may ask for.
const MAX_RATE_MAX: u64 = 100_000;

/// How often counters are sent to a viewer with a rate.
const COUNTERS_INTERVAL: Duration = Duration::from_secs(1);

/// Rows that are filtered on the viewer's own task; more go to a blocking thread.
const FILTER_INLINE_ROWS_MAX: usize = 512;

/// Something to send.
#[derive(Debug)]
pub(super) enum Frame {
    /// The event as JSON.
    Event(Vec<u8>),
    Gap {
        missed: u64,
    },
    Counters {
        matched: u64,
        sent: u64,
    },
}

impl Frame {
    /// Returns the frame's kind, as its JSON says it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "event",
            Self::Gap { .. } => "gap",
            Self::Counters { .. } => "counters",
        }
    }

    /// Appends the frame as `api::live::LiveFrame` has it.
    pub(super) fn append_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Event(event) => {
                out.extend_from_slice(b"{\"type\":\"event\",\"event\":");
                out.extend_from_slice(event);
                out.push(b'}');
            }
            Self::Gap { missed } => {
                out.extend_from_slice(format!("{{\"type\":\"gap\",\"missed\":{missed}}}").as_bytes())
            }
            Self::Counters { matched, sent } => {
                out.extend_from_slice(
                    format!("{{\"type\":\"counters\",\"matched\":{matched},\"sent\":{sent}}}").as_bytes(),
                );
            }
        }
    }
}

/// One viewer. Dropping it gives its place to another.
#[derive(Debug)]
pub(super) struct Subscription {
    app: Arc<App>,
    chunks: Receiver<Arc<Chunk>>,
    /// A chunk that came and is not shown yet.
    pending: Option<Arc<Chunk>>,
    filter: Option<Arc<Filter>>,
    /// The offset that comes next if nothing is missed.
    expected: Option<u64>,
    sampler: Option<Sampler>,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Subscription {
    /// Begins to listen.
    ///
    /// # Errors
    /// When a parameter is wrong or there are too many viewers.
    pub(super) fn open(app: &Arc<App>, asked: &LiveParams) -> Result<Self, ApiError> {
        let sampler = match asked.max_rate.as_deref() {
            None => None,
            text => Some(Sampler::new(parameters::number("max_rate", text, MAX_RATE_MAX, 1..=MAX_RATE_MAX)?)),
        };
        let filter = match filters::condition(asked.filter.as_deref().unwrap_or_default())? {
            None => None,
            Some(condition) => Some(Arc::new(app.engine.query_engine().filter(&app.engine.snapshot(), &condition)?)),
        };
        let place = Arc::clone(&app.subscribers).try_acquire_owned().map_err(|_| too_many(&app.subscribers))?;
        app.metrics.live_subscribers.inc();
        Ok(Self {
            app: Arc::clone(app),
            chunks: app.engine.subscribe(),
            pending: None,
            filter,
            expected: None,
            sampler,
            stopping: app.stopping.clone(),
            _place: place,
        })
    }

    /// Returns what there is to send, waiting for it; nothing when the server stops. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Vec<Frame>> {
        loop {
            if let Some(chunk) = self.pending.clone() {
                let matching = self.matching(&chunk).await;
                self.pending = None;
                let frames = self.frames(&chunk, matching);
                if !frames.is_empty() {
                    return Some(frames);
                }
            }
            let due = self.sampler.as_ref().and_then(Sampler::counters_due);
            let chunk = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return None,
                () = sleep_until(due) => return self.sampler.as_mut().map(|sampler| vec![sampler.counters(Instant::now())]),
                chunk = self.chunks.recv() => chunk,
            };
            match chunk {
                Ok(chunk) => self.pending = Some(chunk),
                // The next chunk's offset tells how many events were missed.
                Err(RecvError::Lagged(_chunks)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn frames(&mut self, chunk: &Chunk, matching: Result<RecordBatch, String>) -> Vec<Frame> {
        let mut frames = Vec::new();
        let missed = chunk.base_offset.saturating_sub(self.expected.unwrap_or(chunk.base_offset));
        self.expected = Some(chunk.base_offset + chunk.batch.num_rows() as u64);
        if missed > 0 {
            self.app.metrics.live_missed.inc_by(missed);
            frames.push(Frame::Gap { missed });
        }
        match matching {
            Ok(batch) => self.append_events(&batch, &mut frames),
            // A filter can fail on a value that it does not fit; the viewer learns that it did not see the chunk.
            Err(error) => {
                tracing::debug!(error, "a live filter failed");
                frames.push(Frame::Gap { missed: chunk.batch.num_rows() as u64 });
            }
        }
        frames
    }

    async fn matching(&self, chunk: &Arc<Chunk>) -> Result<RecordBatch, String> {
        let Some(filter) = &self.filter else { return Ok(chunk.batch.clone()) };
        if chunk.batch.num_rows() <= FILTER_INLINE_ROWS_MAX {
            return filter.apply(chunk).map_err(|error| error.to_string());
        }
        let (filter, chunk) = (Arc::clone(filter), Arc::clone(chunk));
        let applied = tokio::task::spawn_blocking(move || filter.apply(&chunk)).await;
        applied.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    fn append_events(&mut self, batch: &RecordBatch, frames: &mut Vec<Frame>) {
        let rows = batch.num_rows();
        let sent = self.sampler.as_mut().map_or(rows, |sampler| sampler.admit(rows, Instant::now()));
        self.app.metrics.live_events.inc_by(sent as u64);
        frames.extend((0..sent).map(|nth| {
            let mut json = Vec::with_capacity(512);
            // Evenly spread over the batch, the last one included.
            encode::event_json(batch, (nth + 1) * rows / sent - 1, &mut json);
            Frame::Event(json)
        }));
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.app.metrics.live_subscribers.dec();
    }
}

fn too_many(subscribers: &Semaphore) -> ApiError {
    tracing::debug!(free = subscribers.available_permits(), "no place for a live viewer");
    ApiError::new("rate_limited", "there are as many live viewers as the server allows").retry_after(5)
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

/// Lets so many events a second through and counts all. What it lets through comes evenly when there is more, and at once after
/// a calm second.
#[derive(Debug)]
struct Sampler {
    per_second: u64,
    /// Events that may pass now; they grow with time, up to those of one second.
    left: f64,
    /// When they last grew.
    grew: Instant,
    matched: u64,
    sent: u64,
    /// When counters were last told, and what `matched` was then.
    told: (Instant, u64),
}

impl Sampler {
    fn new(per_second: u64) -> Self {
        let now = Instant::now();
        Self { per_second, left: per_second as f64, grew: now, matched: 0, sent: 0, told: (now, 0) }
    }

    /// Returns how many of `rows` may be sent.
    fn admit(&mut self, rows: usize, now: Instant) -> usize {
        let most = self.per_second as f64;
        let since = now.saturating_duration_since(self.grew).as_secs_f64();
        (self.left, self.grew) = ((self.left + since * most).min(most), now);
        let sent = (self.left as u64).min(rows as u64);
        self.left -= sent as f64;
        self.matched += rows as u64;
        self.sent += sent;
        usize::try_from(sent).unwrap_or(rows)
    }

    /// Returns when the viewer should hear of counters it does not know.
    fn counters_due(&self) -> Option<Instant> {
        let (when, matched) = self.told;
        (self.matched != matched).then(|| when + COUNTERS_INTERVAL)
    }

    fn counters(&mut self, now: Instant) -> Frame {
        self.told = (now, self.matched);
        Frame::Counters { matched: self.matched, sent: self.sent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampler_keeps_the_rate_and_counts_all() {
        let mut sampler = Sampler::new(10);
        let start = sampler.grew;
        let mut admit = |rows: usize, millis: u64| sampler.admit(rows, start + Duration::from_millis(millis));
        // All of a calm second at once, then as time goes on, and after another calm one no more than of one second.
        assert_eq!([admit(4, 0), admit(100, 10), admit(5, 110), admit(100, 510)], [4, 6, 1, 4]);
        assert_eq!([admit(100, 620), admit(100, 720), admit(100, 820), admit(50, 9_000)], [1, 1, 1, 10]);
        assert!(sampler.counters_due().is_some());
        assert!(matches!(sampler.counters(start), Frame::Counters { matched: 559, sent: 28 }));
        assert!(sampler.counters_due().is_none(), "nothing new to tell");
    }

    #[test]
    fn frames_read_back_as_the_api_has_them() {
        use crate::api::live::LiveFrame;
        let check = |frame: Frame, expected: LiveFrame| {
            let mut json = Vec::new();
            frame.append_json(&mut json);
            assert_eq!(serde_json::from_slice::<LiveFrame>(&json).unwrap(), expected);
        };
        check(Frame::Gap { missed: 3 }, LiveFrame::Gap { missed: 3 });
        check(Frame::Counters { matched: 9, sent: 2 }, LiveFrame::Counters { matched: 9, sent: 2 });
        check(Frame::Event(b"{\"a\":1}".to_vec()), LiveFrame::Event { event: serde_json::json!({"a": 1}) });
    }
}
