//! Reads a partition's files after a start: what was acknowledged, in order, and what is wrong with the files.

use std::io;
use std::path::{Path, PathBuf};

use super::file::{FILE_HEADER_BYTES, FileHeader, VERSION, parse_name};
use super::frame::{Frame, FrameKind, decode_frame};
use super::reader::{Ending, scan};
use super::writer::JournalError;
use crate::clock::Micros;
use crate::disk::Disk;

/// Where a journal ends, and what was found on the way there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    pub next_offset: u64,
    pub next_rejected: u64,
    pub next_sequence: u32,
    pub last_appended_at: Micros,
    pub files: Vec<RecoveredFile>,
    /// Bytes of a group that was being written when the machine stopped; nothing of it was acknowledged.
    pub torn_bytes: u64,
    /// Acknowledged events that are lost; never empty only if the caller asked to go on without them.
    pub damages: Vec<Damage>,
}

/// A file of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredFile {
    pub path: PathBuf,
    /// Bytes up to the end of the last frame that counts.
    pub bytes: u64,
    /// Bytes that the file has on disk.
    pub length: u64,
    pub frames: usize,
    /// Where the last group that counts begins.
    pub last_group_at: u64,
}

/// Acknowledged bytes that do not check out any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub path: PathBuf,
    /// First byte that does not check out.
    pub at: u64,
    /// The first event that is missing, and the first one after it that is there.
    pub offsets: (u64, u64),
}

/// Whether to go on when acknowledged events are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDamage {
    #[default]
    Refuse,
    /// Go on without the damaged events, reporting them.
    Skip,
}

/// What is known from elsewhere: everything below is sealed, so that the journal need not hold it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Floor {
    pub next_offset: u64,
    pub next_rejected: u64,
    pub last_appended_at: Micros,
}

struct FoundFile {
    path: PathBuf,
    /// From its name.
    sequence: u32,
    header: Option<FileHeader>,
    bytes: Vec<u8>,
}

/// Reads all files of a partition and hands every frame that counts to `replay`, in order.
pub(super) fn recover(
    disk: &dyn Disk,
    dir: &Path,
    on_damage: OnDamage,
    floor: Floor,
    replay: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
) -> Result<Recovered, JournalError> {
    let Floor { next_offset, next_rejected, last_appended_at } = floor;
    let mut recovered =
        Recovered { next_sequence: 1, next_offset, next_rejected, last_appended_at, ..Recovered::default() };
    let names = list(disk, dir)?;
    let mut files = names.iter().map(|(sequence, path)| load(disk, *sequence, path)).peekable();
    while let Some(file) = files.next() {
        let file = file?;
        let next = match files.peek() {
            Some(Ok(next)) => next.header,
            _ => None,
        };
        let is_last = files.peek().is_none();
        recover_file(&file, next, is_last, on_damage, &mut recovered, replay)?;
    }
    Ok(recovered)
}

/// Returns sequence and path of each file, in the order of their offsets.
fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<(u32, PathBuf)>, JournalError> {
    let mut names: Vec<_> = match disk.list(dir) {
        Ok(names) => names.into_iter().filter_map(|name| Some((parse_name(&name)?, name))).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(JournalError::io(dir, &error)),
    };
    names.sort_unstable();
    Ok(names.into_iter().map(|((_, sequence), name)| (sequence, dir.join(name))).collect())
}

fn load(disk: &dyn Disk, sequence: u32, path: &Path) -> Result<FoundFile, JournalError> {
    let read = || -> io::Result<Vec<u8>> {
        let file = disk.open_read(path)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
        let length = file.read_at(&mut bytes, 0)?;
        bytes.truncate(length);
        Ok(bytes)
    };
    let bytes = read().map_err(|error| JournalError::io(path, &error))?;
    let header = FileHeader::decode(&bytes);
    if let Some(FileHeader { version, .. }) = header
        && version > VERSION
    {
        return Err(JournalError::Newer { path: path.to_owned(), found: version, known: VERSION });
    }
    Ok(FoundFile { path: path.to_owned(), sequence, header, bytes })
}

fn recover_file(
    file: &FoundFile,
    next: Option<FileHeader>,
    is_last: bool,
    on_damage: OnDamage,
    recovered: &mut Recovered,
    replay: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let length = file.bytes.len() as u64;
    let Some(header) = file.header else {
        // A file gets its name once its header is synced. Only a device that lies leaves a name without a header, and then
        // nothing behind it; whatever has frames, or files after it, held acknowledged events once.
        recovered.files.push(RecoveredFile { path: file.path.clone(), bytes: 0, length, frames: 0, last_group_at: 0 });
        recovered.next_sequence = recovered.next_sequence.max(file.sequence + 1);
        if is_last && file.bytes.iter().skip(FILE_HEADER_BYTES).all(|byte| *byte == 0) {
            recovered.torn_bytes += length;
            return Ok(());
        }
        let upto = next.map_or(recovered.next_offset, |next| next.base_offset);
        return damage(file, 0, upto, on_damage, recovered);
    };
    recovered.next_sequence = recovered.next_sequence.max(header.sequence + 1);
    recovered.next_rejected = recovered.next_rejected.max(header.base_rejected);
    if header.base_offset > recovered.next_offset && !recovered.files.is_empty() {
        damage(file, FILE_HEADER_BYTES, header.base_offset, on_damage, recovered)?;
    }
    recovered.next_offset = recovered.next_offset.max(header.base_offset);

    let scan = scan(&file.bytes, header.sequence);
    let (mut end, mut frames, mut reported) = (FILE_HEADER_BYTES, 0, false);
    let (mut group, mut group_at) = (0, FILE_HEADER_BYTES);
    for (index, place) in scan.frames.iter().enumerate() {
        let Some(frame) = decode_frame(&file.bytes[place.clone()], header.sequence) else { continue };
        if next.is_some_and(|next| superseded(frame, next)) {
            continue;
        }
        let behind_damage = index >= scan.sound && !reported;
        let gap = frame.header.kind == FrameKind::Events && frame.header.base_offset > recovered.next_offset;
        if behind_damage || gap {
            reported = true;
            let at = if behind_damage { scan.ending.at() } else { place.start };
            let upto = if gap { frame.header.base_offset } else { recovered.next_offset };
            damage(file, at, upto, on_damage, recovered)?;
        }
        if frame.header.group != group {
            (group, group_at) = (frame.header.group, place.start);
        }
        advance(recovered, frame);
        (end, frames) = (place.end, frames + 1);
        replay(frame)?;
    }
    if is_last && matches!(scan.ending, Ending::Torn { .. }) {
        recovered.torn_bytes += length - scan.ending.at() as u64;
    }
    recovered.files.push(RecoveredFile {
        path: file.path.clone(),
        bytes: end as u64,
        length,
        frames,
        last_group_at: group_at as u64,
    });
    Ok(())
}

/// Returns whether a frame was never acknowledged, for the file after it begins at or before it.
fn superseded(frame: Frame<'_>, next: FileHeader) -> bool {
    match frame.header.kind {
        FrameKind::Events => frame.header.base_offset >= next.base_offset,
        // Keys come after the events of their group, with the offset that follows those.
        FrameKind::RequestKeys => frame.header.base_offset > next.base_offset,
        FrameKind::Rejected => frame.header.base_offset >= next.base_rejected,
    }
}

fn advance(recovered: &mut Recovered, frame: Frame<'_>) {
    let end = frame.header.base_offset + u64::from(frame.header.count);
    match frame.header.kind {
        FrameKind::Events => recovered.next_offset = recovered.next_offset.max(end),
        FrameKind::Rejected => recovered.next_rejected = recovered.next_rejected.max(end),
        FrameKind::RequestKeys => {}
    }
    recovered.last_appended_at = recovered.last_appended_at.max(frame.header.appended_at);
}

fn damage(
    file: &FoundFile,
    at: usize,
    upto: u64,
    on_damage: OnDamage,
    recovered: &mut Recovered,
) -> Result<(), JournalError> {
    let damage = Damage { path: file.path.clone(), at: at as u64, offsets: (recovered.next_offset, upto) };
    if on_damage == OnDamage::Refuse {
        return Err(JournalError::Damaged(damage));
    }
    recovered.next_offset = recovered.next_offset.max(upto);
    recovered.damages.push(damage);
    Ok(())
}
