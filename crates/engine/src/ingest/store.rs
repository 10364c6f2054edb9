//! What the engine remembers of ingestion beside the journal: the tail, client ids, request keys, rejected events and
//! counters. Rebuilt from the journal at a start; shared by the journal thread, which changes it, and everybody who reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast;

use super::decoder::Decoder;
use super::dedup::Dedup;
use super::draft::Draft;
use super::fingerprint::Fingerprint;
use super::pending::Pending;
use super::rejected::RejectedStore;
use super::request::Identity;
use super::request_keys::{KeptKey, RequestKeys};
use super::schemas::Schemas;
use super::{rejected, request_keys};
use crate::clock::Micros;
use crate::geoip::GeoDatabase;
use crate::journal::Floor;
use crate::journal::{Frame, FrameKind, JournalStats};
use crate::segment::Segment;
use crate::snapshot::{SealedFiles, Snapshot};
use crate::tail::{Chunk, Tail};

/// Bounds on what is remembered.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    pub tail_bytes_max: usize,
    pub dedup_window: Duration,
    pub dedup_ids_max: usize,
    pub rejected_bytes_max: usize,
    /// Key of the fingerprints of client ids.
    pub seed: (u64, u64),
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            tail_bytes_max: 2_000_000_000,
            dedup_window: Duration::from_secs(24 * 3600),
            dedup_ids_max: 10_000_000,
            rejected_bytes_max: 64 << 20,
            seed: (0, 0),
        }
    }
}

/// What the engine remembers of ingestion beside the journal.
#[derive(Debug)]
pub struct Store {
    pub tail: Tail,
    pub(crate) options: StoreOptions,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) dedup: Mutex<Dedup>,
    pub(crate) keys: Mutex<RequestKeys>,
    pub(crate) rejected: Mutex<RejectedStore>,
    pub(crate) schemas: Schemas,
    /// Where addresses are, if anybody said.
    pub(crate) geo: Option<Arc<GeoDatabase>>,
    pub(crate) counters: Counters,
    /// Why the journal takes nothing, and its own counters.
    pub(crate) journal: Mutex<JournalState>,
    /// What is sealed. Held while files take the place of chunks, so that a snapshot sees each row once.
    sealed: RwLock<SealedFiles>,
    /// What is newer than the tail.
    pending: Pending,
    /// What need not be replayed.
    floor: Floor,
}

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) unknown_keys: AtomicU64,
    pub(crate) next_offset: AtomicU64,
    pub(crate) next_rejected: AtomicU64,
}

/// The journal as others see it.
#[derive(Debug, Default, Clone)]
pub(crate) struct JournalState {
    pub(crate) stats: JournalStats,
    pub(crate) free_bytes: u64,
    pub(crate) failure: Option<String>,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Store {
    /// Makes an empty store.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        Self {
            tail: Tail::default(),
            options,
            fingerprint: Fingerprint::new(options.seed),
            dedup: Mutex::new(Dedup::new(options.dedup_window, options.dedup_ids_max)),
            keys: Mutex::default(),
            rejected: Mutex::new(RejectedStore::new(options.rejected_bytes_max)),
            schemas: Schemas::default(),
            geo: None,
            counters: Counters::default(),
            journal: Mutex::default(),
            sealed: RwLock::default(),
            pending: Pending::new(Decoder::default()),
            floor: Floor::default(),
        }
    }

    /// Lets every event from now on be enriched by where its address is.
    #[must_use]
    pub fn with_geo(mut self, geo: Option<Arc<GeoDatabase>>) -> Self {
        self.geo = geo;
        self.pending = Pending::new(Decoder::of(self.geo.clone()));
        self
    }

    /// Keeps single events of one commit, which are on disk. Readers see them from here on.
    pub(crate) fn add_singles(&self, lines: Vec<u8>, rows: usize, base_offset: u64, appended_at: Micros) {
        self.pending.add(lines, rows, base_offset, appended_at);
        if self.tail.has_subscribers() || self.pending.is_full() {
            self.settle();
        }
    }

    /// Publishes a list that is on disk.
    pub(crate) fn publish(&self, draft: Draft, base_offset: u64, appended_at: Micros) {
        self.settle();
        let rows = draft.rows;
        self.tail.push(draft.place(base_offset, &[(rows, appended_at)]));
    }

    /// Makes columns of the single events that have none yet.
    pub(crate) fn settle(&self) {
        self.pending.settle(&self.tail, &self.fingerprint);
    }

    /// Returns whether single events wait in such a number that they should become columns.
    pub(crate) fn wants_settling(&self) -> bool {
        self.pending.has_enough()
    }

    /// Returns the chunk that holds an offset.
    pub(crate) fn find(&self, offset: u64) -> Option<Arc<Chunk>> {
        self.settle();
        self.tail.find(offset)
    }

    /// Returns a receiver of every chunk from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Chunk>> {
        self.settle();
        let receiver = self.tail.subscribe();
        // What came in between was kept without a look at this subscriber.
        self.settle();
        receiver
    }

    /// Returns all chunks of the tail, which stay as they are until they are sealed.
    pub(crate) fn begin_seal(&self) -> Vec<Arc<Chunk>> {
        self.settle();
        self.tail.begin_seal()
    }

    /// Returns every acknowledged event and every rejected one that is remembered.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.settle();
        let sealed = self.sealed.read();
        let (chunks, paths) = self.tail.chunks();
        Snapshot {
            segments: sealed.events.clone(),
            chunks,
            paths,
            rejected_segments: sealed.rejected.clone(),
            rejected: vec![self.rejected.lock().batch()],
        }
    }

    /// Returns where the event with this client id is stored.
    #[must_use]
    pub fn find_client_id(&self, id: &str) -> Option<Identity> {
        let offset = self.dedup.lock().find(self.fingerprint.of(id.as_bytes()))?;
        Some(Identity { partition: 0, offset })
    }

    /// Says where the journal ends: the offset after the last event, and the number after the last rejected event.
    pub(crate) fn set_journal_end(&self, offset: u64, rejected: u64) {
        self.counters.next_offset.store(offset, Ordering::Release);
        self.counters.next_rejected.store(rejected, Ordering::Release);
    }

    /// Puts history in its place before the journal is replayed: `floor` says what of the journal it holds.
    pub(crate) fn set_history(&mut self, sealed: SealedFiles, floor: Floor) {
        for segment in &sealed.events {
            let (paths, partial) = segment.paths();
            self.tail.absorb(paths, partial);
        }
        *self.sealed.get_mut() = sealed;
        self.floor = floor;
    }

    /// Lets files take the place of the rows that are in them.
    pub(crate) fn seal(&self, news: SealedFiles, next_offset: u64, next_rejected: u64) {
        for segment in &news.events {
            let (paths, partial) = segment.paths();
            self.tail.absorb(paths, partial);
        }
        let mut sealed = self.sealed.write();
        sealed.events.extend(news.events);
        sealed.rejected.extend(news.rejected);
        self.tail.forget_below(next_offset);
        self.rejected.lock().forget_below(next_rejected);
    }

    /// Lets files of history take the place of others.
    pub(crate) fn replace(&self, ended: &[Arc<Segment>], news: SealedFiles) {
        for segment in &news.events {
            let (paths, partial) = segment.paths();
            self.tail.absorb(paths, partial);
        }
        let mut sealed = self.sealed.write();
        let put = |files: &mut Vec<Arc<Segment>>, news: Vec<Arc<Segment>>| {
            let is_ended = |file: &Arc<Segment>| ended.iter().any(|other| Arc::ptr_eq(file, other));
            let at = files.iter().position(is_ended).unwrap_or(files.len());
            files.retain(|file| !is_ended(file));
            files.splice(at..at, news);
        };
        put(&mut sealed.events, news.events);
        put(&mut sealed.rejected, news.rejected);
    }

    /// Returns the files of history.
    pub(crate) fn sealed(&self) -> SealedFiles {
        self.sealed.read().clone()
    }

    /// Returns the rejected events that are not sealed, and the number after the last of them.
    pub(crate) fn rejected_batch(&self) -> Option<(RecordBatch, u64)> {
        let mut rejected = self.rejected.lock();
        let next = rejected.next_number()?;
        Some((rejected.batch(), next))
    }

    /// Returns when the oldest row came that is not sealed.
    pub(crate) fn oldest_unsealed(&self) -> Option<Micros> {
        self.settle();
        let event = self.tail.oldest();
        let rejected = self.rejected.lock().oldest();
        event.into_iter().chain(rejected).min()
    }

    pub(crate) fn take_fresh_keys(&self) -> Vec<KeptKey> {
        self.keys.lock().take_fresh()
    }

    pub(crate) fn give_back_fresh_keys(&self, keys: Vec<KeptKey>) {
        self.keys.lock().give_back(keys);
    }

    /// Adds an id and a request's key that history holds.
    pub(crate) fn restore_id(&self, id: &[u8], offset: u64, at: Micros) {
        self.dedup.lock().insert(self.fingerprint.of(id), offset, at);
    }

    /// Adds the answer to a request with a key, as the journal writes it; one that can't be read is passed over.
    pub(crate) fn restore_key(&self, line: &[u8], at: Micros) {
        if let Some((key, answer)) = request_keys::decode(line.trim_ascii_end(), at) {
            self.keys.lock().restore(key, answer);
        }
    }

    pub(crate) fn dedup_window(&self) -> Duration {
        self.options.dedup_window
    }

    /// Returns the offset after the last event, and the number after the last rejected event.
    pub(crate) fn journal_end(&self) -> (u64, u64) {
        (self.counters.next_offset.load(Ordering::Acquire), self.counters.next_rejected.load(Ordering::Acquire))
    }

    /// Returns whether history has all of a frame. Seals end where frames end.
    fn is_sealed(&self, frame: Frame<'_>) -> bool {
        let end = frame.header.base_offset + u64::from(frame.header.count);
        match frame.header.kind {
            FrameKind::Events => end <= self.floor.next_offset,
            FrameKind::Rejected => end <= self.floor.next_rejected,
            FrameKind::RequestKeys => false,
        }
    }

    /// Takes in one frame that the journal kept.
    ///
    /// # Errors
    /// When the frame's payload is not what its kind promises, which a right checksum rules out.
    pub(crate) fn replay(&self, frame: Frame<'_>, decoder: &mut Decoder) -> Result<(), String> {
        if self.is_sealed(frame) {
            return Ok(());
        }
        let raw = frame.raw().ok_or("the payload does not decompress")?;
        let header = frame.header;
        match header.kind {
            FrameKind::Events => self.replay_events(frame, raw, decoder),
            FrameKind::Rejected => {
                let rows = rejected::decode(&raw, header.appended_at, header.base_offset);
                let mut store = self.rejected.lock();
                rows.ok_or("not a list of rejected events")?.into_iter().for_each(|row| store.push(row));
                Ok(())
            }
            FrameKind::RequestKeys => {
                let mut keys = self.keys.lock();
                for line in raw.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let (key, answer) = request_keys::decode(line, header.appended_at).ok_or("not a request key")?;
                    keys.insert(key, answer);
                }
                Ok(())
            }
        }
    }

    fn replay_events(&self, frame: Frame<'_>, raw: Vec<u8>, decoder: &mut Decoder) -> Result<(), String> {
        let body = raw.into();
        decoder.decode_stored(&body, &self.fingerprint).map_err(|error| format!("{error:?}"))?;
        let draft = decoder.columns.finish(body);
        if draft.rows != frame.header.count as usize {
            return Err(format!("{} events where the header says {}", draft.rows, frame.header.count));
        }
        let (base_offset, appended_at) = (frame.header.base_offset, frame.header.appended_at);
        {
            let mut dedup = self.dedup.lock();
            for (row, id) in &draft.ids {
                dedup.insert(*id, base_offset + u64::from(*row), appended_at);
            }
        }
        let rows = draft.rows;
        self.tail.push(draft.place(base_offset, &[(rows, appended_at)]));
        Ok(())
    }
}
