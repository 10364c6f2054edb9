//! Makes a data folder again from a backup, whole or up to a moment, and looks whether it is sound.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::manifest::Manifest;
use super::{BackupError, BackupFault, objects};
use crate::catalog::Catalog;
use crate::clock::{Clock, Micros};
use crate::compactor::{Compactor, CompactorOptions, Until};
use crate::disk::{Disk, Folder, LocalDisk};
use crate::engine::{CATALOG_FILE, Engine, EngineOptions, LAKE_DIR};
use crate::ingest::{Store, StoreOptions};
use crate::journal::Floor;
use crate::sealer::open_history;
use crate::snapshot::SealedFiles;
use crate::verify::{VerifyReport, checksum};

/// Behind the name of a folder that is not whole yet.
const PART: &str = ".restoring";

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    pub backup: Manifest,
    pub files: u64,
    pub bytes: u64,
    /// Events of the backup that came after the moment that was asked for.
    pub cut_events: u64,
    pub cut_rejected_events: u64,
    /// What a look at the restored folder found: no fault.
    pub verified: VerifyReport,
}

/// Makes a new folder `target` from the backup `id`, or from the first that reaches `until`, or from the newest.
///
/// # Errors
/// When there is no such backup, the target exists, or anything of the backup is damaged. Then there is no such folder.
pub fn restore(
    place: &Folder,
    id: Option<&str>,
    until: Option<Until>,
    target: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<RestoreReport, BackupError> {
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
    let backup = choose(&*place.disk, &place.path, id, until)?;
    match disk.list(target) {
        Ok(names) if names.is_empty() => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Ok(_) | Err(_) => return Err(BackupError::TargetExists { path: target.to_owned() }),
    }
    let staging = staging(&*disk, target)?;
    copy_all(&*disk, place, &backup, &staging)?;
    forget_ended(&staging, target, clock.now())?;
    let (cut_events, cut_rejected_events) = match until {
        Some(until) => cut(&disk, &staging, until, clock)?,
        None => (0, 0),
    };
    // Other engines are told the place that the folder will have. What the folder goes on to write is its own: a store that
    // has the original's files is not taken for this one's.
    let mut catalog = open_catalog(&staging, target, clock.now())?;
    let original = catalog.id()?;
    let now = clock.now().cast_unsigned();
    catalog.become_another((u64::from(crc32c::crc32c(original.as_bytes())) << 32 | now >> 32, now))?;
    drop(catalog);
    let verified = crate::engine::verify_folder(&EngineOptions::new(&staging));
    let verified = verified.map_err(|error| BackupError::Unusable { reason: error.to_string() })?;
    if let Some(fault) = verified.faults.first() {
        return Err(BackupError::Damaged { path: staging.join(&fault.name), reason: fault.reason.clone() });
    }
    let place = || {
        disk.rename(&staging, target)?;
        target.parent().map_or(Ok(()), |parent| disk.sync_dir(parent))
    };
    place().map_err(|error| BackupError::io(target, &error))?;
    let (files, bytes) = (backup.files.len() as u64, backup.bytes());
    Ok(RestoreReport { backup, files, bytes, cut_events, cut_rejected_events, verified })
}

fn choose(disk: &dyn Disk, location: &Path, id: Option<&str>, until: Option<Until>) -> Result<Manifest, BackupError> {
    let mut all = Vec::new();
    for manifest in Manifest::list(disk, location)? {
        match (manifest, id) {
            (Ok(manifest), Some(id)) if manifest.id == id => return Ok(manifest),
            (Ok(manifest), _) => all.push(manifest),
            (Err(error), _) => tracing::warn!(%error, "a backup is passed over"),
        }
    }
    if let Some(id) = id {
        return Err(BackupError::NotFound { id: id.to_owned() });
    }
    let reaches = |manifest: &Manifest| match until {
        Some(Until::Time(time)) => manifest.created_at >= time,
        Some(Until::Offset(offset)) => manifest.next_offset >= offset,
        None => false,
    };
    let newest = all.last().cloned().ok_or_else(|| BackupError::None { location: location.to_owned() })?;
    match (until, all.into_iter().find(reaches)) {
        (None, _) => Ok(newest),
        (Some(_), Some(found)) => Ok(found),
        (Some(_), None) => Err(BackupError::TooOld { id: newest.id }),
    }
}

/// Makes the folder that becomes the target once it is whole.
fn staging(disk: &dyn Disk, target: &Path) -> Result<PathBuf, BackupError> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(PART);
    let staging = target.with_file_name(name);
    if disk.list(&staging).is_ok_and(|names| !names.is_empty()) {
        return Err(BackupError::TargetExists { path: staging });
    }
    disk.create_dir_all(&staging).map_err(|error| BackupError::io(&staging, &error))?;
    Ok(staging)
}

fn copy_all(disk: &dyn Disk, place: &Folder, backup: &Manifest, staging: &Path) -> Result<(), BackupError> {
    let nobody_stops = AtomicBool::new(false);
    for file in &backup.files {
        let from = objects::path(&place.path, file);
        let relative = Path::new(&file.path);
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(BackupError::Damaged { path: from, reason: format!("{} is no path", file.path) });
        }
        let to = staging.join(relative);
        if let Some(dir) = to.parent() {
            disk.create_dir_all(dir).map_err(|error| BackupError::io(dir, &error))?;
        }
        let copied = objects::copy((&*place.disk, &from), (disk, &to), file.bytes, &nobody_stops);
        let crc32c = copied.map_err(|error| error.into_error(&from))?;
        if crc32c != file.crc32c {
            return Err(BackupError::Damaged { path: from, reason: "its checksum is another".to_owned() });
        }
        if let Some(dir) = to.parent() {
            disk.sync_dir(dir).map_err(|error| BackupError::io(dir, &error))?;
        }
    }
    Ok(())
}

fn open_catalog(staging: &Path, target: &Path, now: Micros) -> Result<Catalog, BackupError> {
    Ok(Catalog::open(&staging.join(CATALOG_FILE), &target.join(LAKE_DIR), (0, 0), now)?)
}

/// A backup has the files that hold the tables, not those that did before.
fn forget_ended(staging: &Path, target: &Path, now: Micros) -> Result<(), BackupError> {
    let mut catalog = open_catalog(staging, target, now)?;
    catalog.forget_ended(now, now)?;
    let unused = catalog.unused_files()?;
    Ok(catalog.deleted(&unused)?)
}

/// Seals what the journal holds, then removes what came too late.
fn cut(disk: &Arc<dyn Disk>, staging: &Path, until: Until, clock: &Arc<dyn Clock>) -> Result<(u64, u64), BackupError> {
    let unusable = |error: &dyn std::fmt::Display| BackupError::Unusable { reason: error.to_string() };
    let engine = Engine::open(EngineOptions::new(staging), Arc::clone(clock)).map_err(|error| unusable(&error))?;
    engine.seal()?;
    engine.close();
    drop(engine);
    let lake = Folder { disk: Arc::clone(disk), path: staging.join(LAKE_DIR) };
    let now = clock.now();
    let (catalog, history) = open_history(&lake, None, &staging.join(CATALOG_FILE), (0, 0), now)?;
    let mut store = Store::new(StoreOptions::default());
    let events = history.events.into_iter().map(|(_, segment)| segment).collect();
    store.set_history(SealedFiles { events, rejected: history.rejected }, Floor::default());
    let compactor = Compactor {
        store: Arc::new(store),
        catalog: Arc::new(parking_lot::Mutex::new(catalog)),
        clock: Arc::clone(clock),
        lake,
        options: CompactorOptions { replaced_grace: Duration::ZERO, ..CompactorOptions::default() },
        progress: Arc::default(),
        copying: Arc::default(),
        stopping: Arc::default(),
    };
    Ok(compactor.cut(until)?)
}

/// Reads every file of the backups in a place, or of one, and returns how many backups and bytes were looked at and what is
/// wrong.
///
/// # Errors
/// When the folder can't be read, or there is no such backup.
pub fn verify_backups(place: &Folder, id: Option<&str>) -> Result<(u64, u64, Vec<BackupFault>), BackupError> {
    let (disk, location) = (&*place.disk, place.path.as_path());
    let (mut backups, mut bytes, mut faults) = (0, 0, Vec::new());
    let mut looked_at = std::collections::BTreeMap::new();
    for manifest in Manifest::list(disk, location)? {
        let manifest = match manifest {
            Ok(manifest) if id.is_some_and(|id| id != manifest.id) => continue,
            Ok(manifest) => manifest,
            Err(error) => {
                let (backup, reason) = ("?".to_owned(), error.to_string());
                faults.push(BackupFault { backup, path: None, reason });
                continue;
            }
        };
        backups += 1;
        for file in &manifest.files {
            let path = objects::path(location, file);
            let reason = looked_at.entry(path.clone()).or_insert_with(|| {
                bytes += file.bytes;
                match checksum(disk, &path) {
                    Ok(found) if found == (file.bytes, file.crc32c) => None,
                    Ok(_) => Some("its checksum is another".to_owned()),
                    Err(error) => Some(format!("it can not be read: {error}")),
                }
            });
            if let Some(reason) = reason {
                let (backup, path) = (manifest.id.clone(), Some(file.path.clone()));
                faults.push(BackupFault { backup, path, reason: reason.clone() });
            }
        }
    }
    match id {
        Some(id) if backups == 0 => Err(BackupError::NotFound { id: id.to_owned() }),
        _ => Ok((backups, bytes, faults)),
    }
}
