//! Appends groups of frames and makes them durable. One thread owns a [`Journal`]; it is the only caller of `sync`.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::file::{FILE_HEADER_BYTES, FileHeader, VERSION};
use super::frame::{FRAME_HEADER_BYTES, Frame, FrameHeader, FrameKind, Payload};
use super::recovery::{Damage, Floor, OnDamage, Recovered, RecoveredFile, recover};
use crate::clock::{Clock, Micros};
use crate::disk::{Disk, DiskFile};

/// How a journal lays out its files.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// Folder of the partition.
    pub dir: PathBuf,
    /// A file that has grown to this size is followed by a new one.
    pub file_bytes_target: u64,
    /// Below this much free space nothing is taken.
    pub min_free_bytes: u64,
    pub on_damage: OnDamage,
    /// What need not be in the journal.
    pub floor: Floor,
}

/// Why nothing was appended, or why a journal can't be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("{}: {reason}", path.display())]
    Io { path: PathBuf, reason: String },
    #[error("{} bytes are free on the disk, {} are kept free", free, kept)]
    DiskFull { free: u64, kept: u64 },
    #[error("{} is damaged at byte {}: events {} to {} are missing", .0.path.display(), .0.at, .0.offsets.0, .0.offsets.1)]
    Damaged(Damage),
    #[error("{} has format {found}, this version reads up to {known}", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error("{}: a frame with a right checksum can not be replayed: {reason}", path.display())]
    Replay { path: PathBuf, reason: String },
}

impl JournalError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}

/// What one frame is to hold.
#[derive(Debug, Clone)]
pub struct FrameBody {
    pub(crate) kind: FrameKind,
    pub(crate) payload: Payload,
    pub(crate) count: u32,
}

impl FrameBody {
    /// Compresses and checksums a payload; done on the caller's thread, for it costs a third of all there is to do.
    #[must_use]
    pub fn new(kind: FrameKind, raw: &[u8], count: usize) -> Self {
        Self {
            kind,
            payload: Payload::new(raw),
            count: u32::try_from(count).expect("a body holds fewer than 2^32 events"),
        }
    }
}

/// Where a group was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Base offset (or number) of each frame of the group.
    pub base_offsets: Vec<u64>,
    pub appended_at: Micros,
    /// Offset after the last event.
    pub next_offset: u64,
}

/// Counters since the journal was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalStats {
    pub syncs: u64,
    pub sync_time: Duration,
}

/// One partition's journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    options: JournalOptions,
    current: Option<OpenFile>,
    next_offset: u64,
    next_rejected: u64,
    next_sequence: u32,
    last_appended_at: Micros,
    free_bytes: u64,
    free_checked_at: Option<Duration>,
    stats: JournalStats,
    /// Whether the file filled ahead was seen and not taken since.
    has_spare: bool,
}

#[derive(Debug)]
struct OpenFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    sequence: u32,
    group: u32,
    position: u64,
    filling: Filling,
}

/// How a file got its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filling {
    /// It grows with each write, so each sync also writes the file's length and extents.
    Growing,
    /// It was filled with zeros ahead, so a sync writes data only.
    Ahead,
}

/// The name of a file that was filled ahead and has no frames yet.
const SPARE: &str = "spare.zero";
const SPARE_PART: &str = "spare.part";
/// Zeros are written in steps of this size, so that other writes get their turn.
const FILL_STEP_BYTES: usize = 1 << 20;
/// How long an answer about free space is believed.
const FREE_CHECK_INTERVAL: Duration = Duration::from_millis(200);

impl Journal {
    /// Recovers what the folder holds, handing each frame to `replay`, and gets ready to append after it.
    ///
    /// # Errors
    /// When files can't be read, are newer than this program, or hold damaged acknowledged events.
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        options: JournalOptions,
        replay: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(Self, Recovered), JournalError> {
        let dir = options.dir.clone();
        make_dir(&*disk, &dir).map_err(|error| JournalError::io(&dir, &error))?;
        let recovered = recover(&*disk, &dir, options.on_damage, options.floor, replay)?;
        tidy(&*disk, &dir, &recovered)?;
        let journal = Self {
            disk,
            clock,
            options,
            current: None,
            next_offset: recovered.next_offset,
            next_rejected: recovered.next_rejected,
            next_sequence: recovered.next_sequence,
            last_appended_at: recovered.last_appended_at,
            free_bytes: u64::MAX,
            free_checked_at: None,
            stats: JournalStats::default(),
            has_spare: false,
        };
        Ok((journal, recovered))
    }

    /// Reads what the folder holds without writing to it.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn read(
        disk: &dyn Disk,
        dir: &Path,
        on_damage: OnDamage,
        floor: Floor,
        replay: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<Recovered, JournalError> {
        recover(disk, dir, on_damage, floor, replay)
    }

    /// Returns the offset that the next event will get.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// Returns the number that the next rejected event will get.
    #[must_use]
    pub fn next_rejected(&self) -> u64 {
        self.next_rejected
    }

    /// Returns the counters.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        self.stats
    }

    /// Returns the free space of the disk as it was when last looked at.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.free_bytes
    }

    /// Writes a group to the file. It is in memory only until [`Journal::commit`] has succeeded.
    ///
    /// # Errors
    /// When the disk is full, read-only or failing. Nothing of the group counts then.
    pub fn append(&mut self, bodies: &[FrameBody]) -> Result<Commit, JournalError> {
        self.check_free_space()?;
        self.roll_over()?;
        let appended_at = self.clock.now().max(self.last_appended_at);
        let Self { current, next_offset, next_rejected, .. } = self;
        let file = current.as_mut().expect("roll_over leaves a file open");
        let (mut offset, mut rejected) = (*next_offset, *next_rejected);
        let mut base_offsets = Vec::with_capacity(bodies.len());
        let headers: Vec<_> = bodies
            .iter()
            .zip((0..bodies.len()).rev())
            .map(|(body, left)| {
                let base_offset = if body.kind == FrameKind::Rejected { rejected } else { offset };
                base_offsets.push(base_offset);
                match body.kind {
                    FrameKind::Events => offset += u64::from(body.count),
                    FrameKind::Rejected => rejected += u64::from(body.count),
                    FrameKind::RequestKeys => {}
                }
                file.header(body, left, base_offset, appended_at).encode()
            })
            .collect();
        let mut slices: Vec<IoSlice<'_>> = headers
            .iter()
            .zip(bodies)
            .flat_map(|(header, body)| [IoSlice::new(header), IoSlice::new(&body.payload.bytes)])
            .filter(|slice| !slice.is_empty())
            .collect();
        if let Err(error) = file.file.write_all_at(&mut slices, file.position) {
            let error = JournalError::io(&file.path, &error);
            self.abandon();
            return Err(error);
        }
        let written: u64 = bodies.iter().map(|body| (FRAME_HEADER_BYTES + body.payload.bytes.len()) as u64).sum();
        file.position += written;
        Ok(Commit { base_offsets, appended_at, next_offset: offset })
    }

    /// Makes the group that was appended last durable. Once this returns, its events may be acknowledged.
    ///
    /// # Errors
    /// When the device fails. The file is never written again, and nothing of the group counts.
    pub fn commit(&mut self, commit: &Commit, bodies: &[FrameBody]) -> Result<(), JournalError> {
        let file = self.current.as_mut().expect("a group was appended");
        let started = self.clock.monotonic();
        let synced = file.file.sync();
        self.stats.syncs += 1;
        self.stats.sync_time += self.clock.monotonic().saturating_sub(started);
        if let Err(error) = synced {
            let error = JournalError::io(&file.path, &error);
            self.abandon();
            return Err(error);
        }
        file.group += 1;
        self.next_offset = commit.next_offset;
        let rejected = bodies.iter().filter(|body| body.kind == FrameKind::Rejected);
        self.next_rejected += rejected.map(|body| u64::from(body.count)).sum::<u64>();
        self.last_appended_at = commit.appended_at;
        Ok(())
    }

    /// Never writes to the current file again: what is in it after the last commit is not known.
    fn abandon(&mut self) {
        self.current = None;
        self.free_checked_at = None;
    }

    fn check_free_space(&mut self) -> Result<(), JournalError> {
        let now = self.clock.monotonic();
        if self.free_checked_at.is_none_or(|at| now.saturating_sub(at) >= FREE_CHECK_INTERVAL) {
            let free = self.disk.free_bytes(&self.options.dir);
            self.free_bytes = free.map_err(|error| JournalError::io(&self.options.dir, &error))?;
            self.free_checked_at = Some(now);
        }
        if self.free_bytes < self.options.min_free_bytes {
            // Asked again next time: space may be made at any moment.
            self.free_checked_at = None;
            return Err(JournalError::DiskFull { free: self.free_bytes, kept: self.options.min_free_bytes });
        }
        Ok(())
    }

    /// Opens the next file if there is none, the current one is full, or a file filled ahead can take over from one that
    /// grows.
    fn roll_over(&mut self) -> Result<(), JournalError> {
        let spare = self.options.dir.join(SPARE);
        let stay = match &self.current {
            None => false,
            Some(file) if file.position >= self.options.file_bytes_target => false,
            Some(file) => file.filling == Filling::Ahead || file.position > self.options.file_bytes_target / 4,
        };
        if stay {
            return Ok(());
        }
        self.has_spare = false;
        let opened = match self.disk.open(&spare) {
            Ok(file) => self.begin(file, &spare, Filling::Ahead),
            Err(_) if self.current.as_ref().is_some_and(|file| file.position < self.options.file_bytes_target) => {
                return Ok(());
            }
            Err(_) => {
                let part = self.options.dir.join(format!("new-{}.part", self.next_sequence));
                let created = self.disk.create(&part).map_err(|error| JournalError::io(&part, &error));
                created.and_then(|file| self.begin(file, &part, Filling::Growing))
            }
        };
        // If this fails, the new file may be there under its name all the same, and frames that the current file got from now
        // on would lie behind its base offset, where they do not count.
        self.current = None;
        self.current = Some(opened?);
        Ok(())
    }

    fn begin(&mut self, mut file: Box<dyn DiskFile>, path: &Path, filling: Filling) -> Result<OpenFile, JournalError> {
        let header = FileHeader {
            version: VERSION,
            partition: 0,
            sequence: self.next_sequence,
            base_offset: self.next_offset,
            base_rejected: self.next_rejected,
            created_at: self.clock.now(),
        };
        // The number is used up even if this fails, so that no two files ever share one.
        self.next_sequence += 1;
        let name = self.options.dir.join(header.name());
        let begun = file
            .write_all_at(&mut [IoSlice::new(&header.encode())], 0)
            .and_then(|()| file.sync())
            .and_then(|()| self.disk.rename(path, &name))
            .and_then(|()| self.disk.sync_dir(&self.options.dir));
        if let Err(error) = begun {
            // What is left of it holds nothing; if it can't be removed now, the next start does.
            drop(self.disk.remove(path));
            return Err(JournalError::io(&name, &error));
        }
        let position = FILE_HEADER_BYTES as u64;
        Ok(OpenFile { file, path: name, sequence: header.sequence, group: 1, position, filling })
    }

    /// Closes the current file, giving back the space that was filled ahead.
    ///
    /// # Errors
    /// When the disk fails; what was acknowledged is safe all the same.
    pub fn close(&mut self) -> Result<(), JournalError> {
        let Some(mut file) = self.current.take() else { return Ok(()) };
        let closed = file.file.set_len(file.position).and_then(|()| file.file.sync());
        closed.map_err(|error| JournalError::io(&file.path, &error))?;
        remove_if_there(&*self.disk, &self.options.dir.join(SPARE))
    }

    /// Returns whether the next file should be filled ahead: there is no spare yet.
    #[must_use]
    pub fn wants_spare(&mut self) -> bool {
        // Asked after each commit; looking for the file takes as long as a small write.
        self.has_spare = self.has_spare || self.disk.open_read(&self.options.dir.join(SPARE)).is_ok();
        self.current.is_some() && !self.has_spare
    }

    /// Returns the work of filling the next file ahead, to be done on another thread.
    pub fn fill_ahead(&self) -> impl FnOnce() -> io::Result<()> + Send + 'static {
        let (disk, dir, bytes) = (Arc::clone(&self.disk), self.options.dir.clone(), self.options.file_bytes_target);
        move || fill_ahead(&*disk, &dir, bytes)
    }
}

impl OpenFile {
    fn header(&self, body: &FrameBody, left: usize, base_offset: u64, appended_at: Micros) -> FrameHeader {
        FrameHeader {
            kind: body.kind,
            compressed: body.payload.compressed,
            left: u16::try_from(left).expect("a group has fewer frames than the queue holds requests"),
            sequence: self.sequence,
            group: self.group,
            base_offset,
            appended_at,
            count: body.count,
            raw_bytes: body.payload.raw_bytes,
            payload_bytes: u32::try_from(body.payload.bytes.len()).expect("a payload is within PAYLOAD_BYTES_MAX"),
            payload_crc: body.payload.crc,
        }
    }
}

/// Makes the folder of a partition, and its name and those of `journal` and the data folder durable: a file that was synced
/// in a folder whose own name is lost is lost with it. Done at every start, for an earlier one may have been cut short.
fn make_dir(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    disk.create_dir_all(dir)?;
    let mut parents = dir.ancestors().skip(1).take(3).filter(|parent| !parent.as_os_str().is_empty());
    parents.try_for_each(|parent| disk.sync_dir(parent))
}

fn fill_ahead(disk: &dyn Disk, dir: &Path, bytes: u64) -> io::Result<()> {
    let (part, spare) = (dir.join(SPARE_PART), dir.join(SPARE));
    let filled = fill(disk, &part, bytes);
    if filled.is_err() {
        // Half a file would hold space that events may need.
        drop(disk.remove(&part));
        return filled;
    }
    disk.rename(&part, &spare)?;
    disk.sync_dir(dir)
}

fn fill(disk: &dyn Disk, path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = disk.create(path)?;
    let zeros = vec![0; FILL_STEP_BYTES];
    let mut at = 0;
    while at < bytes {
        let step = (bytes - at).min(FILL_STEP_BYTES as u64);
        file.write_all_at(&mut [IoSlice::new(&zeros[..usize::try_from(step).unwrap_or(FILL_STEP_BYTES)])], at)?;
        // Synced step by step: one sync of everything would hold up the journal's own for as long as it takes.
        file.sync()?;
        at += step;
    }
    Ok(())
}

/// Removes what an earlier run left half made, cuts off torn ends, and drops files without a frame.
fn tidy(disk: &dyn Disk, dir: &Path, recovered: &Recovered) -> Result<(), JournalError> {
    let names = disk.list(dir).map_err(|error| JournalError::io(dir, &error))?;
    for name in names.iter().filter(|name| *name == SPARE || name.ends_with(".part")) {
        remove_if_there(disk, &dir.join(name))?;
    }
    // Damaged files stay as they are, for whoever wants to look into them.
    let sound = |path: &Path| recovered.damages.iter().all(|damage| damage.path != path);
    for file in recovered.files.iter().filter(|file| sound(&file.path)) {
        let tidied = if file.frames == 0 { disk.remove(&file.path) } else { settle(disk, file) };
        tidied.map_err(|error| JournalError::io(&file.path, &error))?;
    }
    disk.sync_dir(dir).map_err(|error| JournalError::io(dir, &error))
}

/// Cuts off what does not count and makes the rest durable: what comes now builds on it.
///
/// A process that was killed leaves frames that can be read but were never synced. After a sync that failed they can be
/// read for as long as the machine runs, and a second sync has nothing left to write. So the last group, the only one that
/// can be in that state, is written again.
fn settle(disk: &dyn Disk, file: &RecoveredFile) -> io::Result<()> {
    let mut open = disk.open(&file.path)?;
    if file.length > file.bytes {
        open.set_len(file.bytes)?;
    }
    let mut group = vec![0; usize::try_from(file.bytes - file.last_group_at).unwrap_or(usize::MAX)];
    let read = open.read_at(&mut group, file.last_group_at)?;
    open.write_all_at(&mut [IoSlice::new(&group[..read])], file.last_group_at)?;
    open.sync()
}

fn remove_if_there(disk: &dyn Disk, path: &Path) -> Result<(), JournalError> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io(path, &error)),
        _ => Ok(()),
    }
}
