//! The machine: its disk, its clock, a folder for the catalog, and journal and history while it is up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use streamflow_core::event::Limits;
use streamflow_engine::backup::{self, BackupError, BackupReport};
use streamflow_engine::catalog::Borders;
use streamflow_engine::clock::{Clock, Micros};
use streamflow_engine::compactor::{CompactorOptions, Retention};
use streamflow_engine::disk::{Disk, Folder};
use streamflow_engine::ingest::{
    self, Ack, AppendError, Appended, Body, Framing, Request, Store, StoreOptions, Writer,
};
use streamflow_engine::journal::{JournalOptions, OnDamage};
use streamflow_engine::snapshot::Snapshot;
use streamflow_engine::{Engine, EngineOptions, Steps, StepsOptions};
use tempfile::TempDir;

use super::borders::Guard;
use crate::{Chance, Crash, SimClock, SimDisk};

/// 2026-01-01 UTC.
const START: Micros = 1_767_225_600_000_000;
/// Small, so that seals have files of the journal to remove.
const JOURNAL_FILE_BYTES: u64 = 16 << 10;
const FREE_BYTES_MIN: u64 = 4 << 10;
/// Of so many frames of the journal, what is replayed is sealed after about one.
const RELIEF_IN: u64 = 8;
/// How long events stay.
pub(super) const AGE_MAX: Duration = Duration::from_secs(3_600);
/// How long replaced files stay.
const REPLACED_GRACE: Duration = Duration::from_secs(600);

pub(super) struct Machine {
    pub(super) disk: SimDisk,
    pub(super) clock: Arc<SimClock>,
    /// Lets the catalog fail.
    pub(super) guard: Arc<Guard>,
    /// Of the machine's own file system: SQLite is real.
    folder: TempDir,
    /// Decides when what is replayed is sealed before the rest is.
    relief: Chance,
    /// Seals while the journal was read.
    pub(super) reliefs: u64,
    running: Option<Running>,
}

struct Running {
    writer: Writer,
    store: Arc<Store>,
    history: Steps,
}

/// A row as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) offset: i64,
    pub(super) marker: u64,
    pub(super) ingested_at: Micros,
    pub(super) timestamp: Micros,
}

/// A file's name and its rows.
pub(super) type FileRows = (String, Vec<Row>);

impl Machine {
    pub(super) fn new(mut chance: Chance) -> Self {
        let clock = Arc::new(SimClock::starting_at(START));
        let guard = Arc::new(Guard::new(chance.fork()));
        let relief = chance.fork();
        let disk = SimDisk::new(chance, Arc::clone(&clock));
        let folder = folder().expect("the machine that simulates has a folder for temporary files");
        Self { disk, clock, guard, folder, relief, reliefs: 0, running: None }
    }

    pub(super) fn start(&mut self) -> Result<(), String> {
        self.running = None;
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let journal = Path::new("/data/journal/0").to_owned();
        let retention = Retention { age_max: Some(AGE_MAX), ..Retention::default() };
        let options = StepsOptions {
            disk: Arc::clone(&disk),
            clock: Arc::clone(&clock),
            catalog: self.folder.path().join("catalog.db"),
            lake: PathBuf::from("/data/lake"),
            journal: journal.clone(),
            store: StoreOptions::default(),
            compactor: CompactorOptions { retention, replaced_grace: REPLACED_GRACE, ..CompactorOptions::default() },
            borders: Some(Arc::clone(&self.guard) as Arc<dyn Borders>),
        };
        let (mut history, store, floor) = Steps::open(options).map_err(|error| error.to_string())?;
        let options = JournalOptions {
            dir: journal,
            file_bytes_target: JOURNAL_FILE_BYTES,
            min_free_bytes: FREE_BYTES_MIN,
            on_damage: OnDamage::Refuse,
            floor,
        };
        let mut failure = None;
        let mut relieve = || {
            if failure.is_none() && self.relief.one_in(RELIEF_IN) {
                self.reliefs += 1;
                failure = history.seal_recovering().err();
            }
        };
        let opened = Writer::open_relieved(disk, clock, options, Arc::clone(&store), &mut relieve);
        let (writer, _) = opened.map_err(|error| error.to_string())?;
        if let Some(failure) = failure {
            return Err(format!("can't seal while the journal is read: {failure}"));
        }
        self.running = Some(Running { writer, store, history });
        Ok(())
    }

    pub(super) fn crash(&mut self, crash: Crash) {
        self.running = None;
        self.disk.crash(crash);
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the machine was started")
    }

    pub(super) fn history(&mut self) -> &mut Steps {
        &mut self.running().history
    }

    /// Commits events with these markers; the answer that counts is the last.
    pub(super) fn commit(&mut self, markers: &[u64], lateness_seconds: u64) -> Option<Result<Appended, AppendError>> {
        let now = self.clock.now();
        let line = |marker: &u64| {
            let time =
                now / 1_000_000 - i64::try_from(lateness_seconds).unwrap_or(0) - i64::try_from(marker % 7).unwrap_or(0);
            format!(
                r#"{{"type":"sim.event","source":"sim","timestamp":{time},"correlation_id":"m{marker}","data":{{"marker":{marker},"half":{}}}}}"#,
                marker / 2
            )
        };
        let body = markers.iter().map(line).collect::<Vec<_>>().join("\n");
        let running = self.running();
        let body = Body { bytes: body.into(), framing: Framing::Lines };
        let prepared = ingest::prepare(body, &running.store, Limits::default());
        let prepared = prepared.expect("bodies of the simulation are lists of objects");
        let mut last = None;
        let request = Request { prepared, ack: Ack::Disk, key: None };
        running.writer.commit(vec![request], &mut |_, answer| last = Some(answer));
        last
    }

    /// Makes a backup in a folder of this name.
    pub(super) fn back_up(&mut self, name: &str) -> Result<BackupReport, BackupError> {
        let place = self.folder.path().join(name);
        self.history().back_up(&place)
    }

    /// Makes a data folder from a backup, opens it, and returns its rows. Both are removed.
    pub(super) fn restored(&mut self, name: &str) -> Result<Vec<Row>, String> {
        let place = self.folder.path().join(name);
        let target = place.with_extension("restored");
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        backup::restore(&Folder::local(&place), None, None, &target, &clock).map_err(|error| error.to_string())?;
        let engine = Engine::open_read_only(EngineOptions::new(&target), clock).map_err(|error| error.to_string())?;
        let (files, tail) = observed(&engine.snapshot())?;
        drop(engine);
        for folder in [&place, &target] {
            std::fs::remove_dir_all(folder).map_err(|error| error.to_string())?;
        }
        Ok(files.into_iter().flat_map(|(_, rows)| rows).chain(tail).collect())
    }

    /// Returns every row that a query would see: of each file, and of the tail.
    pub(super) fn observe(&mut self) -> Result<(Vec<FileRows>, Vec<Row>), String> {
        observed(&self.running().store.snapshot())
    }
}

fn observed(snapshot: &Snapshot) -> Result<(Vec<FileRows>, Vec<Row>), String> {
    let mut files = Vec::new();
    for segment in &snapshot.segments {
        let mut found = Vec::new();
        for batch in segment.rows_in_order().map_err(|error| error.to_string())? {
            found.extend(rows(&batch.map_err(|error| error.to_string())?));
        }
        files.push((segment.name().to_owned(), found));
    }
    Ok((files, snapshot.chunks.iter().flat_map(|chunk| rows(&chunk.batch)).collect()))
}

/// Returns a folder for SQLite, in memory if there is such a place: what is synced there costs nothing, and a crash of the
/// machine that simulates is no part of the simulation.
fn folder() -> std::io::Result<TempDir> {
    const IN_MEMORY: &str = "/dev/shm";
    tempfile::tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir())
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let column = |name: &str| batch.column_by_name(name).expect("the table has the columns of its schema");
    let times = |name: &str| column(name).as_primitive::<TimestampMicrosecondType>();
    let (ingested, timestamps) = (times("ingested_at"), times("timestamp"));
    let offsets = column("_offset").as_primitive::<Int64Type>();
    let markers = column("correlation_id").as_string_view();
    let row = |row: usize| Row {
        offset: offsets.value(row),
        marker: markers.value(row)[1..].parse().expect("markers are what was sent"),
        ingested_at: ingested.value(row),
        timestamp: timestamps.value(row),
    };
    (0..batch.num_rows()).map(row).collect()
}
