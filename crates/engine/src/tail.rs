//! The tail: acknowledged events that are not sealed yet, as Arrow columns in memory.
//!
//! Chunks are immutable once published; a query takes the list of them and works on it without any lock.

mod chunk;
pub(crate) mod constant;
mod merge;
mod paths;
mod schema;
pub(crate) mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use tokio::sync::broadcast;

pub(crate) use chunk::array_bytes;
pub use chunk::{Chunk, Leaf, Leaves};
pub use paths::{PathType, PathTypes};
pub use schema::{events_schema, rejected_schema};

use crate::clock::Micros;
use merge::{CHUNK_ROWS_TARGET, Span};

/// Chunks that a live subscriber may fall behind; beyond it a gap is reported. At the pace of one commit every 300 µs
/// this is a third of a second, and the reader of a gap knows how many events it missed.
const SUBSCRIBER_LAG_MAX: usize = 1_024;

/// Recent events in memory.
#[derive(Debug)]
pub struct Tail {
    state: RwLock<State>,
    bytes: AtomicUsize,
    live: broadcast::Sender<Arc<Chunk>>,
}

#[derive(Debug, Default)]
struct State {
    /// In offset order.
    chunks: Vec<Arc<Chunk>>,
    paths: Arc<PathTypes>,
    /// Chunks before this one need no merging any more.
    merged: usize,
    /// Chunks below this offset are being sealed as they are.
    sealing_below: u64,
}

impl Default for Tail {
    fn default() -> Self {
        let (live, _) = broadcast::channel(SUBSCRIBER_LAG_MAX);
        Self { state: RwLock::default(), bytes: AtomicUsize::new(0), live }
    }
}

impl Tail {
    /// Publishes a chunk: from here on queries and subscribers see it.
    pub(crate) fn push(&self, chunk: Chunk) {
        let chunk = Arc::new(chunk);
        self.bytes.fetch_add(chunk.bytes, Ordering::Relaxed);
        {
            let mut state = self.state.write();
            if let Some(paths) = state.paths.grown_by(&chunk.leaves) {
                state.paths = Arc::new(paths);
            }
            state.chunks.push(Arc::clone(&chunk));
        }
        if self.has_subscribers() {
            // Nobody listening any more is no failure.
            drop(self.live.send(chunk));
        }
    }

    /// Returns the memory that chunks hold on to, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns all chunks and the types of the paths in them.
    #[must_use]
    pub fn chunks(&self) -> (Vec<Arc<Chunk>>, Arc<PathTypes>) {
        let state = self.state.read();
        (state.chunks.clone(), Arc::clone(&state.paths))
    }

    /// Returns when the oldest chunk came.
    pub(crate) fn oldest(&self) -> Option<Micros> {
        self.state.read().chunks.first().map(|chunk| chunk.ingested_at())
    }

    /// Returns the chunk that holds an offset.
    #[must_use]
    pub fn find(&self, offset: u64) -> Option<Arc<Chunk>> {
        let state = self.state.read();
        let after = state.chunks.partition_point(|chunk| chunk.base_offset <= offset);
        let chunk = state.chunks.get(after.checked_sub(1)?)?;
        (offset < chunk.end_offset()).then(|| Arc::clone(chunk))
    }

    /// Returns whether anybody receives chunks as they are published.
    pub(crate) fn has_subscribers(&self) -> bool {
        self.live.receiver_count() > 0
    }

    /// Returns a receiver of every chunk from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Chunk>> {
        self.live.subscribe()
    }

    /// Adds what sealed files know of their paths.
    pub(crate) fn absorb(&self, paths: &[(Arc<str>, PathType)], partial: bool) {
        let mut state = self.state.write();
        Arc::make_mut(&mut state.paths).absorb(paths, partial);
    }

    /// Returns all chunks, which stay as they are until [`Tail::forget_below`] drops them.
    pub(crate) fn begin_seal(&self) -> Vec<Arc<Chunk>> {
        let mut state = self.state.write();
        state.sealing_below = state.chunks.last().map_or(0, |chunk| chunk.end_offset());
        state.merged = state.chunks.len();
        state.chunks.clone()
    }

    /// Drops the chunks below an offset: they are sealed.
    pub(crate) fn forget_below(&self, offset: u64) {
        let mut state = self.state.write();
        let gone = state.chunks.partition_point(|chunk| chunk.end_offset() <= offset);
        let bytes: usize = state.chunks.drain(..gone).map(|chunk| chunk.bytes).sum();
        state.merged = state.merged.saturating_sub(gone);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Merges one run of small neighbouring chunks, and returns whether there may be more. Runs beside publishing.
    pub(crate) fn merge_some(&self) -> bool {
        let run = {
            let state = self.state.read();
            merge::next_run(&state.chunks, state.merged)
        };
        match run {
            Span::Run(run) => {
                let merged = Arc::new(merge::merge(&run));
                self.replace(&run, merged);
                true
            }
            Span::SettledUpTo(index) => {
                self.state.write().merged = index;
                false
            }
        }
    }

    fn replace(&self, run: &[Arc<Chunk>], merged: Arc<Chunk>) {
        let before: usize = run.iter().map(|chunk| chunk.bytes).sum();
        let mut state = self.state.write();
        if run[0].base_offset < state.sealing_below {
            // Sealing began while these were being merged; the parts are on their way into a file.
            return;
        }
        let at = state.chunks.partition_point(|chunk| chunk.base_offset < run[0].base_offset);
        self.bytes.fetch_add(merged.bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
        state.chunks.splice(at..at + run.len(), [merged]);
        state.merged = at;
    }

    /// Returns whether enough small chunks wait for it to be worth waking the merger.
    pub(crate) fn wants_merging(&self, published_rows: usize) -> bool {
        published_rows >= CHUNK_ROWS_TARGET
    }
}
