//! Finds the frames of one file, and tells a torn end from damage. Pure: bytes in, places out.

use std::ops::Range;

use super::file::FILE_HEADER_BYTES;
use super::frame::{FrameHeader, decode_frame};

/// What is in a file after its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Where each intact frame is, up to the first place that does not check out, and beyond it too.
    pub(crate) frames: Vec<Range<usize>>,
    /// How many of `frames` come before anything that does not check out.
    pub(crate) sound: usize,
    pub(crate) ending: Ending,
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing but zeros after the last frame.
    Clean { at: usize },
    /// A group that was being written when the machine stopped.
    Torn { at: usize },
    /// Bytes that were synced once and do not check out any more.
    Damaged { at: usize },
}

impl Ending {
    /// Returns the position after the last sound frame.
    pub(crate) fn at(self) -> usize {
        match self {
            Self::Clean { at } | Self::Torn { at } | Self::Damaged { at } => at,
        }
    }
}

/// Finds the frames of a file with this sequence.
pub(crate) fn scan(bytes: &[u8], sequence: u32) -> Scan {
    let mut frames = Vec::new();
    let mut at = FILE_HEADER_BYTES.min(bytes.len());
    let (mut group, mut left) = (0, 0);
    // Where the newest group begins, as a position and as a number of frames.
    let mut group_start = (at, 0);
    while let Some(frame) = decode_frame(&bytes[at..], sequence) {
        if frame.header.group != group {
            group_start = (at, frames.len());
        }
        (group, left) = (frame.header.group, frame.header.left);
        frames.push(at..at + frame.len());
        at += frame.len();
    }
    let whole = left == 0;
    let nothing_follows = bytes[at..].iter().all(|byte| *byte == 0);
    if nothing_follows && whole {
        return Scan { sound: frames.len(), frames, ending: Ending::Clean { at } };
    }
    let later = if nothing_follows { Vec::new() } else { frames_after(bytes, at + 1, sequence) };
    let later_group =
        later.iter().filter_map(|place| FrameHeader::decode(&bytes[place.clone()])).map(|header| header.group);
    // A group is written only once the one before it is synced. So if a frame of a later group than that of the bad place
    // is there, the bad place was synced as well.
    let bad_group = if whole { group + 1 } else { group };
    if later_group.max().is_some_and(|later| later > bad_group) {
        let sound = frames.len();
        frames.extend(later);
        return Scan { frames, sound, ending: Ending::Damaged { at } };
    }
    if !whole {
        frames.truncate(group_start.1);
        at = group_start.0;
    }
    Scan { sound: frames.len(), frames, ending: Ending::Torn { at } }
}

fn frames_after(bytes: &[u8], mut at: usize, sequence: u32) -> Vec<Range<usize>> {
    let wanted = sequence.to_le_bytes();
    let mut frames = Vec::new();
    while let Some(found) = bytes.get(at + 16..).and_then(|rest| memchr::memmem::find(rest, &wanted)) {
        let start = at + found;
        match decode_frame(&bytes[start..], sequence) {
            Some(frame) => {
                frames.push(start..start + frame.len());
                at = start + frame.len();
            }
            None => at = start + 1,
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::frame::{FrameKind, Payload};

    fn file(groups: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0xAA; FILE_HEADER_BYTES];
        for (index, group) in groups.iter().enumerate() {
            let left = groups[index + 1..].iter().filter(|other| *other == group).count();
            let payload = Payload::new(format!("{{\"group\":{group},\"pad\":\"{}\"}}", "x".repeat(200)).as_bytes());
            let header = FrameHeader {
                kind: FrameKind::Events,
                compressed: payload.compressed,
                left: u16::try_from(left).unwrap(),
                sequence: 3,
                group: *group,
                base_offset: 0,
                appended_at: 0,
                count: 1,
                raw_bytes: payload.raw_bytes,
                payload_bytes: u32::try_from(payload.bytes.len()).unwrap(),
                payload_crc: payload.crc,
            };
            bytes.extend_from_slice(&header.encode());
            bytes.extend_from_slice(&payload.bytes);
        }
        bytes
    }

    fn check(groups: &[u32], edit: impl Fn(&mut Vec<u8>, &[Range<usize>]), sound: usize, kind: fn(usize) -> Ending) {
        let mut bytes = file(groups);
        let places = scan(&bytes, 3).frames;
        assert_eq!(places.len(), groups.len());
        edit(&mut bytes, &places);
        let scan = scan(&bytes, 3);
        assert_eq!(scan.sound, sound);
        assert_eq!(scan.ending, kind(scan.ending.at()));
    }

    #[test]
    fn a_bad_place_is_damage_only_if_a_later_group_was_written() {
        let clean = |at| Ending::Clean { at };
        let torn = |at| Ending::Torn { at };
        let damaged = |at| Ending::Damaged { at };
        check(&[], |_, _| {}, 0, clean);
        check(&[1, 2, 3], |_, _| {}, 3, clean);
        check(&[1, 2], |bytes, _| bytes.extend([0; 5_000]), 2, clean);
        check(&[1, 2], |bytes, places| bytes.truncate(places[1].end - 1), 1, torn);
        check(&[1, 2], |bytes, places| bytes[places[1].start + 60] ^= 1, 1, torn);
        check(&[1, 2, 2], |bytes, places| bytes[places[1].start] ^= 1, 1, torn);
        check(&[1, 2, 3], |bytes, places| bytes[places[0].start + 60] ^= 1, 0, damaged);
        check(&[1, 1, 2], |bytes, places| bytes[places[0].start + 60] ^= 1, 0, damaged);
        check(&[1, 2], |bytes, places| bytes[places[0].start + 60] ^= 1, 0, damaged);
        check(&[1, 2], |bytes, _| bytes.extend([9; 300]), 2, torn);
    }

    #[test]
    fn a_group_that_is_not_whole_counts_for_nothing() {
        let torn = |at| Ending::Torn { at };
        check(&[1, 2, 2], |bytes, places| bytes.truncate(places[2].start), 1, torn);
        check(&[1, 2, 2], |bytes, places| bytes[places[2].start..].fill(0), 1, torn);
        check(&[1, 2, 2], |bytes, places| bytes[places[2].start + 60] ^= 1, 1, torn);
    }

    #[test]
    fn frames_of_a_files_earlier_life_are_not_found() {
        assert!(scan(&file(&[1, 2, 3]), 4).frames.is_empty());
    }
}
