//! What the engine remembers of ingestion beside the journal: the tail, client ids, request keys, rejected events and
//! counters. Rebuilt from the journal at a start; shared by the journal thread, which changes it, and everybody who reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::decoder::Decoder;
use super::dedup::Dedup;
use super::fingerprint::Fingerprint;
use super::rejected::RejectedStore;
use super::request::Identity;
use super::request_keys::RequestKeys;
use super::schemas::Schemas;
use super::{rejected, request_keys};
use crate::geoip::GeoDatabase;
use crate::journal::{Frame, FrameKind, JournalStats};
use crate::snapshot::Snapshot;
use crate::tail::Tail;

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
}

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) unknown_keys: AtomicU64,
    pub(crate) next_offset: AtomicU64,
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
        }
    }

    /// Lets every event from now on be enriched by where its address is.
    #[must_use]
    pub fn with_geo(self, geo: Option<Arc<GeoDatabase>>) -> Self {
        Self { geo, ..self }
    }

    /// Returns every acknowledged event and every rejected one that is remembered.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (chunks, paths) = self.tail.chunks();
        Snapshot { chunks, paths, rejected: vec![self.rejected.lock().batch()], ..Snapshot::default() }
    }

    /// Returns where the event with this client id is stored.
    #[must_use]
    pub fn find_client_id(&self, id: &str) -> Option<Identity> {
        let offset = self.dedup.lock().find(self.fingerprint.of(id.as_bytes()))?;
        Some(Identity { partition: 0, offset })
    }

    pub(crate) fn set_next_offset(&self, offset: u64) {
        self.counters.next_offset.store(offset, Ordering::Release);
    }

    /// Takes in one frame that the journal kept.
    ///
    /// # Errors
    /// When the frame's payload is not what its kind promises, which a right checksum rules out.
    pub(crate) fn replay(&self, frame: Frame<'_>, decoder: &mut Decoder) -> Result<(), String> {
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
        self.tail.push(draft.place(base_offset, appended_at));
        Ok(())
    }
}
