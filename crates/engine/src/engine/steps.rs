//! History worked one step at a time: what the threads of the sealer and the compactor do, for whoever decides when.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::history;
use super::storage::HistoryFile;
use crate::backup::{BackupError, BackupReport, Source};
use crate::catalog::{Borders, Catalog, CatalogError, ChangedRows, ColumnBounds, table_dir};
use crate::clock::Clock;
use crate::compactor::{CompactReport, Compactor, CompactorOptions, RetentionReport};
use crate::disk::{Disk, Folder};
use crate::ingest::{Store, StoreOptions};
use crate::journal::Floor;
use crate::sealer::{SealError, SealReport, Workshop, open_history};
use crate::segment::Table;

/// Where history is and what it goes by.
#[derive(Debug)]
pub struct StepsOptions {
    pub disk: Arc<dyn Disk>,
    pub clock: Arc<dyn Clock>,
    /// In the machine's own file system, whatever the disk is.
    pub catalog: PathBuf,
    pub lake: PathBuf,
    pub journal: PathBuf,
    pub store: StoreOptions,
    pub compactor: CompactorOptions,
    /// Lets transactions of the catalog fail; none does.
    pub borders: Option<Arc<dyn Borders>>,
}

/// History that does nothing by itself.
#[derive(Debug)]
pub struct Steps {
    workshop: Workshop,
    compactor: Compactor,
    /// Where the catalog is.
    catalog: PathBuf,
}

impl Steps {
    /// Opens history. The journal is to be opened over the store, with what is said not to be needed of it.
    ///
    /// # Errors
    /// When the catalog or a file of it can't be opened.
    pub fn open(options: StepsOptions) -> Result<(Self, Arc<Store>, Floor), SealError> {
        let StepsOptions { disk, clock, catalog, lake, journal, store, compactor, borders } = options;
        let seed = store.seed;
        let mut store = Store::new(store);
        let lake = Folder { disk: Arc::clone(&disk), path: lake };
        let path = catalog;
        let (mut catalog, found) = open_history(&lake, None, &path, seed, clock.now())?;
        if let Some(borders) = borders {
            catalog.guard(borders);
        }
        let floor = history::restore(found, &mut store, clock.now())?;
        let store = Arc::new(store);
        let compactor = Compactor {
            store: Arc::clone(&store),
            catalog: Arc::new(Mutex::new(catalog)),
            clock: Arc::clone(&clock),
            lake: lake.clone(),
            options: compactor,
            progress: Arc::default(),
            copying: Arc::default(),
            stopping: Arc::default(),
        };
        let workshop = Workshop {
            store: Arc::clone(&store),
            catalog: Arc::clone(&compactor.catalog),
            disk,
            clock,
            lake,
            journal,
            write_options: compactor.options.write_options,
            interval: Duration::ZERO,
        };
        Ok((Self { workshop, compactor, catalog: path }, store, floor))
    }

    /// Seals everything acknowledged so far.
    ///
    /// # Errors
    /// When the disk or the catalog fails.
    pub fn seal(&mut self) -> Result<SealReport, SealError> {
        self.workshop.seal_now()
    }

    /// Seals what of the journal is replayed so far.
    ///
    /// # Errors
    /// As [`Steps::seal`].
    pub fn seal_recovering(&mut self) -> Result<SealReport, SealError> {
        self.workshop.seal_recovering()
    }

    /// Makes a backup of everything acknowledged so far, in a folder of the machine's own file system.
    ///
    /// # Errors
    /// When a disk or the catalog fails. Then there is no backup.
    pub fn back_up(&mut self, to: &Path) -> Result<BackupReport, BackupError> {
        let source = Source {
            store: Arc::clone(&self.workshop.store),
            disk: Arc::clone(&self.workshop.disk),
            journal: self.workshop.journal.clone(),
            catalog: self.catalog.clone(),
            lake: self.workshop.lake.clone(),
            clock: Arc::clone(&self.workshop.clock),
            copying: Arc::clone(&self.compactor.copying),
            stopping: Arc::default(),
        };
        let _nothing_is_deleted = source.copying.lock();
        source.copy_to(&Folder::local(to), &mut || self.workshop.seal_now())
    }

    /// Merges whatever makes fewer files.
    ///
    /// # Errors
    /// As [`Steps::seal`].
    pub fn compact(&self) -> Result<CompactReport, SealError> {
        self.compactor.compact_whole()
    }

    /// Removes every sealed row that is too old.
    ///
    /// # Errors
    /// As [`Steps::seal`].
    pub fn expire(&self) -> Result<RetentionReport, SealError> {
        self.compactor.expire_now()
    }

    /// Deletes files that were replaced or removed long enough ago, and returns how many.
    ///
    /// # Errors
    /// As [`Steps::seal`].
    pub fn delete_unused(&self) -> Result<u64, SealError> {
        self.compactor.delete_unused()
    }

    /// Returns the files of history, and the names of all that have to be there.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn files(&self) -> Result<(Vec<HistoryFile>, Vec<PathBuf>), CatalogError> {
        let catalog = self.compactor.catalog.lock();
        let (mut files, mut names) = (Vec::new(), Vec::new());
        for table in [Table::Events, Table::RejectedEvents] {
            let dir = table_dir(table);
            files.extend(catalog.files(table)?.into_iter().map(|file| HistoryFile { table: dir, file }));
            names.extend(catalog.names(table)?.into_iter().map(|name| self.compactor.lake.path.join(dir).join(name)));
        }
        Ok((files, names))
    }

    /// Returns what other engines are told of the values of the columns of events.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn bounds(&self) -> Result<Vec<ColumnBounds>, CatalogError> {
        self.compactor.catalog.lock().bounds(Table::Events)
    }

    /// Returns the rows of the catalog that something else changed.
    ///
    /// # Errors
    /// When the catalog can't be read.
    pub fn changed_rows(&self) -> Result<Vec<ChangedRows>, CatalogError> {
        Ok(Catalog::check(&self.compactor.catalog.lock())?.0)
    }
}
