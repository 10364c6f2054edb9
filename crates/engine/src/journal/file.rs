//! A journal file's name and header. The layout is drawn in `journal`.

use std::io;
use std::path::Path;

use crate::clock::Micros;
use crate::disk::Disk;

/// Bytes before the first frame.
pub(crate) const FILE_HEADER_BYTES: usize = 64;

const MAGIC: &[u8; 8] = b"SFJOURNL";

/// The version that this program writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;

/// What a journal file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) version: u32,
    pub(crate) partition: u32,
    pub(crate) sequence: u32,
    pub(crate) base_offset: u64,
    pub(crate) base_rejected: u64,
    pub(crate) created_at: Micros,
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; FILE_HEADER_BYTES] {
        let mut bytes = [0; FILE_HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.partition.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.base_offset.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.base_rejected.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.created_at.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; FILE_HEADER_BYTES] = bytes.get(..FILE_HEADER_BYTES)?.try_into().ok()?;
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if &bytes[..8] != MAGIC || u32_at(60) != crc32c::crc32c(&bytes[..60]) {
            return None;
        }
        Some(Self {
            version: u32_at(8),
            partition: u32_at(12),
            sequence: u32_at(16),
            base_offset: u64_at(24),
            base_rejected: u64_at(32),
            created_at: u64_at(40).cast_signed(),
        })
    }

    /// Returns the name that the file has in the folder of its partition.
    pub(crate) fn name(&self) -> String {
        format!("{:020}-{:010}.log", self.base_offset, self.sequence)
    }
}

/// Where a journal file begins. Files are in the order of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileStart {
    pub(crate) base_offset: u64,
    sequence: u32,
    pub(crate) base_rejected: u64,
}

/// Returns where a file of the journal's folder begins, or none if it is no journal file.
pub(crate) fn file_start(disk: &dyn Disk, path: &Path) -> io::Result<Option<FileStart>> {
    if path.file_name().and_then(|name| name.to_str()).and_then(parse_name).is_none() {
        return Ok(None);
    }
    let mut bytes = [0; FILE_HEADER_BYTES];
    disk.open_read(path)?.read_at(&mut bytes, 0)?;
    Ok(FileHeader::decode(&bytes).map(|header| FileStart {
        base_offset: header.base_offset,
        sequence: header.sequence,
        base_rejected: header.base_rejected,
    }))
}

/// Returns how many files the journal of a folder has, and what they take on the disk, room made ahead included.
pub(crate) fn size_on_disk(disk: &dyn Disk, dir: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for name in disk.list(dir)?.iter().filter(|name| parse_name(name).is_some()) {
        match disk.open_read(&dir.join(name)) {
            Ok(file) => {
                files += 1;
                bytes += file.len()?;
            }
            // It was given back in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok((files, bytes))
}

/// Returns base offset and sequence of a journal file's name.
pub(crate) fn parse_name(name: &str) -> Option<(u64, u32)> {
    let (offset, sequence) = name.strip_suffix(".log")?.split_once('-')?;
    let digits = offset.len() == 20 && sequence.len() == 10;
    if digits { Some((offset.parse().ok()?, sequence.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_its_name_sorts_by_offset() {
        let header = |base_offset, sequence| FileHeader {
            version: VERSION,
            partition: 0,
            sequence,
            base_offset,
            base_rejected: 9,
            created_at: 1_700_000_000_000_000,
        };
        let first = header(99, 12);
        assert_eq!(FileHeader::decode(&first.encode()), Some(first));
        assert_eq!(parse_name(&first.name()), Some((99, 12)));
        assert!(first.name() < header(100, 1).name());
        let mut damaged = first.encode();
        damaged[30] ^= 1;
        assert_eq!(FileHeader::decode(&damaged), None);
    }

    #[test]
    fn other_files_are_not_taken_for_journal_files() {
        for name in ["spare.zero", "1-2.log", "00000000000000000001-0000000001.log.bak", "x.log", ""] {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }
}
