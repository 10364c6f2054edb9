//! The engine as its callers see it: open, prepare and append, query, subscribe, close.

mod history;
mod lock;
mod options;
mod stats;
mod steps;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use parking_lot::Mutex;
use streamflow_core::schema::{EventSchema, Mode};
use tokio::sync::broadcast;

pub use lock::{LockHolder, read_lock};
pub use options::{EngineOptions, OpenError};
pub use stats::Stats;
pub use steps::{Steps, StepsOptions};
pub use storage::{HistoryFile, HistoryStats, verify_folder};

pub use crate::sealer::{SealError, SealReport};

use crate::backup::{BackupThread, Backups, Source};
use crate::clock::Clock;
use crate::compactor::{Compactor, CompactorThread, Progress};
use crate::disk::{Disk, Folder, LocalDisk};
use crate::geoip::{GeoDatabase, GeoError};
use crate::ingest::{
    self, Ack, AppendError, Appended, Body, BodyError, Decoder, Identity, Intake, Prepared, RequestKey, Store, Writer,
};
use crate::journal::{self, Floor, Journal, JournalError, JournalOptions, Recovered};
use crate::object::{self, ObjectDisk};
use crate::query::{Answer, Flow, Query, QueryEngine, QueryError};
use crate::sealer::{Sealer, Workshop, open_history, read_history, while_reading};
use crate::snapshot::Snapshot;
use crate::tail::Chunk;
use lock::FolderLock;

/// Folder of the journal of the only partition.
pub(crate) const JOURNAL_DIR: &str = "journal/0";
/// The catalog of history.
pub(crate) const CATALOG_FILE: &str = "catalog.db";
/// Folder of the files of history.
pub(crate) const LAKE_DIR: &str = "lake";
/// A journal file is followed by a new one at this size.
const JOURNAL_FILE_BYTES: u64 = 64 << 20;
/// Decoders kept for the next request. More than the threads that decode at the same time are never needed.
const DECODERS_KEPT_MAX: usize = 16;

/// A handle to one open data folder; clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: EngineOptions,
    store: Arc<Store>,
    query: QueryEngine,
    /// None when history is in a folder.
    object: Option<Arc<ObjectDisk>>,
    /// None when the folder was opened for reading only.
    intake: Option<Intake>,
    /// None when the folder was opened for reading only.
    sealer: Option<Arc<Sealer>>,
    /// None when the folder was opened for reading only.
    compactor: Option<CompactorThread>,
    compaction: Arc<Progress>,
    /// None when the folder was opened for reading only.
    backups: Option<Backups>,
    /// None when nobody wants backups to be made by themselves.
    backup_thread: Option<BackupThread>,
    decoders: Mutex<Vec<Decoder>>,
    recovered: Recovered,
    lock: Option<FolderLock>,
}

/// The threads that write.
struct Writing {
    intake: Intake,
    sealer: Arc<Sealer>,
    compactor: CompactorThread,
    compaction: Arc<Progress>,
    backups: Backups,
    backup_thread: Option<BackupThread>,
}

impl Engine {
    /// Opens `options.data_dir` for writing, replaying the journal into the tail.
    ///
    /// # Errors
    /// When the folder is locked by another process, was written by a newer version, is damaged, or can't be read or
    /// written.
    pub fn open(options: EngineOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
        let lock = FolderLock::take(&options.data_dir, &options.address)?;
        let mut store = Store::new(options.store).with_geo(geo(&options)?);
        let catalog_file = options.data_dir.join(CATALOG_FILE);
        let (lake, object) = lake(&options)?;
        let before = object.is_some().then(|| Folder::local(options.data_dir.join(LAKE_DIR)));
        let (catalog, found) = open_history(&lake, before.as_ref(), &catalog_file, options.store.seed, clock.now())?;
        let floor = history::restore(found, &mut store, clock.now())?;
        let store = Arc::new(store);
        let journal = JournalOptions {
            dir: options.data_dir.join(JOURNAL_DIR),
            file_bytes_target: JOURNAL_FILE_BYTES,
            min_free_bytes: options.min_free_bytes,
            on_damage: options.on_damage,
            floor,
        };
        let journal_dir = journal.dir.clone();
        let compactor = Compactor {
            store: Arc::clone(&store),
            catalog: Arc::new(Mutex::new(catalog)),
            clock: Arc::clone(&clock),
            lake,
            options: options.compactor.clone(),
            progress: Arc::default(),
            copying: Arc::default(),
            stopping: Arc::default(),
        };
        let mut workshop = Workshop {
            store: Arc::clone(&store),
            catalog: Arc::clone(&compactor.catalog),
            disk: Arc::clone(&disk),
            clock: Arc::clone(&clock),
            lake: compactor.lake.clone(),
            journal: journal_dir.clone(),
            write_options: options.compactor.write_options,
            interval: options.seal_interval,
        };
        let read = |relieve: &mut dyn FnMut()| {
            Writer::open_relieved(Arc::clone(&disk), Arc::clone(&clock), journal, Arc::clone(&store), relieve)
        };
        let opened = while_reading(&mut workshop, read).map_err(|error| OpenError::io(&options.data_dir, &error))?;
        let (writer, recovered) = opened?;
        let intake = Intake::start(writer, Arc::clone(&store), Arc::clone(&clock));
        let intake = intake.map_err(|error| OpenError::io(&options.data_dir, &error))?;
        let sealer = Sealer::start(workshop).map_err(|error| OpenError::io(&options.data_dir, &error))?;
        let sealer = Arc::new(sealer);
        let source = Source {
            store: Arc::clone(&store),
            disk,
            journal: journal_dir,
            catalog: catalog_file,
            lake: compactor.lake.clone(),
            clock: Arc::clone(&clock),
            copying: Arc::clone(&compactor.copying),
            stopping: Arc::default(),
        };
        let backups = Backups {
            options: options.backup.clone(),
            source,
            sealer: Arc::clone(&sealer),
            object: options.object.clone(),
            nearby: options.nearby(),
        };
        let compaction = Arc::clone(&compactor.progress);
        let failed = |error: std::io::Error| OpenError::io(&options.data_dir, &error);
        let compactor = CompactorThread::start(compactor).map_err(failed)?;
        let backup_thread = BackupThread::start(backups.clone()).map_err(failed)?;
        let writing = Writing { intake, sealer, compactor, compaction, backups, backup_thread };
        Self::assemble(options, store, object, Some(writing), recovered, Some(lock), clock)
    }

    /// Opens `options.data_dir` for reading only: no lock is taken, nothing is written.
    ///
    /// # Errors
    /// As [`Engine::open`], except that a lock does not matter.
    pub fn open_read_only(options: EngineOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let mut store = Store::new(options.store).with_geo(geo(&options)?);
        let catalog = options.data_dir.join(CATALOG_FILE);
        let (lake, object) = lake(&options)?;
        let floor = match read_history(&LocalDisk, &catalog, &lake)? {
            Some(found) => history::restore(found, &mut store, clock.now())?,
            None => Floor::default(),
        };
        let store = Arc::new(store);
        let dir = options.data_dir.join(JOURNAL_DIR);
        let mut decoder = Decoder::of(store.geo.clone());
        let recovered = Journal::read(&LocalDisk, &dir, options.on_damage, floor, &mut |frame| {
            let replayed = store.replay(frame, &mut decoder);
            replayed.map_err(|reason| JournalError::Replay { path: dir.clone(), reason })
        })?;
        while store.tail.merge_some() {}
        Self::assemble(options, store, object, None, recovered, None, clock)
    }

    fn assemble(
        options: EngineOptions,
        store: Arc<Store>,
        object: Option<Arc<ObjectDisk>>,
        writing: Option<Writing>,
        recovered: Recovered,
        lock: Option<FolderLock>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        store.set_journal_end(recovered.next_offset, recovered.next_rejected);
        let query = QueryEngine::with_clock(options.query.clone(), clock);
        let query = query.map_err(|error| OpenError::io(&options.data_dir, &error))?;
        let mut inner = Inner {
            options,
            store,
            query,
            object,
            intake: None,
            sealer: None,
            compactor: None,
            compaction: Arc::default(),
            backups: None,
            backup_thread: None,
            decoders: Mutex::default(),
            recovered,
            lock,
        };
        if let Some(Writing { intake, sealer, compactor, compaction, backups, backup_thread }) = writing {
            (inner.intake, inner.sealer, inner.compactor) = (Some(intake), Some(sealer), Some(compactor));
            (inner.compaction, inner.backups, inner.backup_thread) = (compaction, Some(backups), backup_thread);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns what was found in the journal at the start.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.inner.recovered
    }

    /// Writes the address under which the server is reached to the lock file.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn set_address(&self, address: &str) -> std::io::Result<()> {
        self.inner.lock.as_ref().map_or(Ok(()), |lock| lock.set_address(address))
    }

    /// Decodes, validates and enriches a body. Pure CPU work, about 0.3 µs an event: call it on the connection's task for
    /// bodies up to 1 MiB, on a blocking thread for larger ones.
    ///
    /// # Errors
    /// When the body as a whole is no list of events. Bad events inside a good list are in the answer of `append`.
    pub fn prepare(&self, body: Body) -> Result<Prepared, BodyError> {
        let mut decoder = self.inner.decoders.lock().pop().unwrap_or_else(|| Decoder::of(self.inner.store.geo.clone()));
        let prepared = ingest::prepare_with(&mut decoder, body, &self.inner.store, self.inner.options.limits);
        let mut decoders = self.inner.decoders.lock();
        if decoders.len() < DECODERS_KEPT_MAX {
            decoders.push(decoder);
        }
        prepared
    }

    /// Returns whether a body of so many bytes would be taken now, before work is spent on it.
    ///
    /// # Errors
    /// [`AppendError::Full`] when it would not.
    pub fn check_room(&self, body_bytes: usize) -> Result<(), AppendError> {
        self.inner.intake.as_ref().map_or(Ok(()), |intake| intake.check_room(body_bytes))
    }

    /// Lets these schemas hold for every event that is prepared from now on, and no others.
    pub fn set_schemas(&self, schemas: Vec<(Mode, EventSchema)>) {
        self.inner.store.schemas.replace(schemas);
    }

    /// Stores what was prepared and waits for `ack`.
    ///
    /// # Errors
    /// When nothing of it was stored.
    pub async fn append(
        &self,
        prepared: Prepared,
        ack: Ack,
        request_key: Option<RequestKey>,
    ) -> Result<Appended, AppendError> {
        match &self.inner.intake {
            Some(intake) => intake.append(prepared, ack, request_key).await,
            None => Err(AppendError::Storage { reason: "the data folder is open for reading only".to_owned() }),
        }
    }

    /// Returns every event acknowledged so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.inner.store.snapshot()
    }

    /// Returns the event with this identity as a batch of one row, sealed or not.
    ///
    /// # Errors
    /// When history can't be read.
    pub async fn find(&self, identity: Identity) -> Result<Option<RecordBatch>, QueryError> {
        if identity.partition != 0 {
            return Ok(None);
        }
        if let Some(chunk) = self.inner.store.find(identity.offset) {
            let row = usize::try_from(identity.offset - chunk.base_offset).unwrap_or(usize::MAX);
            return Ok(Some(chunk.batch.slice(row, 1)));
        }
        let sql = format!("SELECT * FROM events WHERE _offset = {}", identity.offset);
        let answer = self.query(Query { sql, ..Query::default() }).await?;
        Ok(answer.batches.into_iter().find(|batch| batch.num_rows() > 0))
    }

    /// Seals everything acknowledged so far into history, and waits for it. Blocks: call it on a blocking thread.
    ///
    /// # Errors
    /// When the folder was opened for reading only, or the disk or the catalog fails.
    pub fn seal(&self) -> Result<SealReport, SealError> {
        self.inner.sealer.as_ref().ok_or(SealError::Stopped)?.seal()
    }

    /// Returns where the event with this client id is stored.
    #[must_use]
    pub fn find_client_id(&self, id: &str) -> Option<Identity> {
        self.inner.store.find_client_id(id)
    }

    /// Runs a read-only SQL statement over everything acknowledged before the call.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or passes a limit.
    pub async fn query(&self, query: Query) -> Result<Answer, QueryError> {
        self.inner.query.run(self.snapshot(), query).await
    }

    /// Runs a read-only SQL statement as [`Engine::query`] does, and returns its rows as they come, however many.
    ///
    /// # Errors
    /// When the statement is wrong, writes, or too many of this kind run.
    pub async fn export(&self, query: Query) -> Result<Flow, QueryError> {
        self.inner.query.export(self.snapshot(), query).await
    }

    /// Runs a read-only SQL statement inside the limits of [`Engine::query`], and returns its rows as they come.
    ///
    /// # Errors
    /// As [`Engine::query`]; what goes wrong after the first rows comes in place of rows.
    pub async fn stream(&self, query: Query) -> Result<Flow, QueryError> {
        self.inner.query.stream(self.snapshot(), query).await
    }

    /// Returns the query side alone, for filters and schema listings.
    #[must_use]
    pub fn query_engine(&self) -> &QueryEngine {
        &self.inner.query
    }

    /// Returns a receiver of every chunk from now on. A receiver that falls behind misses whole chunks, which shows as a
    /// jump in `base_offset`.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Chunk>> {
        self.inner.store.subscribe()
    }

    /// Returns the counters that metrics, `status` and `storage stats` show.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let journal = self.inner.options.data_dir.join(JOURNAL_DIR);
        // A folder that was never written to has no journal.
        let journal = journal::size_on_disk(&LocalDisk, &journal).unwrap_or_default();
        Stats::of(&self.inner.store, &self.inner.compaction, journal)
    }

    /// Returns the folder that was opened.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.inner.options.data_dir
    }

    /// Takes no more events, commits those that wait, closes the journal and seals what it holds. Blocks: call it on a blocking thread.
    pub fn close(&self) {
        if let Some(intake) = &self.inner.intake {
            intake.close();
        }
        if let Some(backups) = &self.inner.backups {
            backups.source.stopping.store(true, std::sync::atomic::Ordering::Release);
        }
        if let Some(thread) = &self.inner.backup_thread {
            thread.close();
        }
        if let Some(compactor) = &self.inner.compactor {
            compactor.close();
        }
        if let Some(sealer) = &self.inner.sealer {
            sealer.close();
        }
        if let Some(lock) = &self.inner.lock {
            lock.release();
        }
    }
}

/// Returns where history is.
fn lake(options: &EngineOptions) -> Result<(Folder, Option<Arc<ObjectDisk>>), OpenError> {
    let Some(address) = &options.location else {
        return Ok((Folder::local(options.data_dir.join(LAKE_DIR)), None));
    };
    let path = PathBuf::from(address.to_string());
    let opened = object::open(address, &options.object, &options.nearby());
    let disk = opened.map_err(|error| OpenError::io(&path, &error))?;
    Ok((Folder { disk: Arc::clone(&disk) as Arc<dyn Disk>, path }, Some(disk)))
}

fn geo(options: &EngineOptions) -> Result<Option<Arc<GeoDatabase>>, GeoError> {
    let open = |path: &PathBuf| GeoDatabase::open(&LocalDisk, path).map(Arc::new);
    options.geoip_database.as_ref().map(open).transpose()
}
