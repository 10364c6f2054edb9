//! The bytes of one file: as they read now, and as they would be after a power loss.

use std::ops::Range;

use crate::Chance;

/// What a device writes or does not write as a whole.
const SECTOR_BYTES: usize = 512;

/// One file's bytes.
#[derive(Debug, Default)]
pub(super) struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Changes since the last sync, oldest first.
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLen(usize),
}

impl Contents {
    pub(super) fn len(&self) -> u64 {
        self.now.len() as u64
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.now.len());
        let count = buffer.len().min(self.now.len() - start);
        buffer[..count].copy_from_slice(&self.now[start..start + count]);
        count
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        let offset = usize::try_from(offset).expect("simulated files are small");
        self.change(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, length: u64) {
        self.change(Change::SetLen(usize::try_from(length).expect("simulated files are small")));
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    /// Makes everything durable.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Does what a failed sync does: parts become durable, and the rest is forgotten although it can still be read. A
    /// later sync has nothing to do and succeeds.
    pub(super) fn fail_sync(&mut self, chance: &mut Chance) {
        self.settle(chance);
    }

    /// Loses what was not synced, or parts of it.
    pub(super) fn lose_power(&mut self, chance: &mut Chance) {
        self.settle(chance);
        self.now.clone_from(&self.durable);
    }

    /// Changes one byte in both images.
    pub(super) fn corrupt(&mut self, offset: u64) -> bool {
        let Ok(offset) = usize::try_from(offset) else { return false };
        let (Some(now), Some(durable)) = (self.now.get_mut(offset), self.durable.get_mut(offset)) else { return false };
        *now ^= 0x40;
        *durable ^= 0x40;
        true
    }

    /// Lets chance decide which pending changes reached the medium. Sectors are written in any order, so a later one may
    /// be there without an earlier one; the gap reads as zeros.
    fn settle(&mut self, chance: &mut Chance) {
        let fate = Fate::draw(chance);
        for change in std::mem::take(&mut self.pending) {
            change.apply_in_part(&mut self.durable, fate, chance);
        }
    }
}

/// How much of what was pending at a power loss is there afterwards.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Nothing,
    Everything,
    /// Each sector for itself.
    Sectors,
    /// Each change up to some byte.
    Prefix,
}

impl Fate {
    fn draw(chance: &mut Chance) -> Self {
        chance.pick(&[Self::Nothing, Self::Everything, Self::Sectors, Self::Sectors, Self::Prefix])
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write_part(to, *offset, bytes, 0..bytes.len()),
            Self::SetLen(length) => to.resize(*length, 0),
        }
    }

    fn apply_in_part(&self, to: &mut Vec<u8>, fate: Fate, chance: &mut Chance) {
        match (fate, self) {
            (Fate::Nothing, _) => {}
            (Fate::Everything, _) => self.apply(to),
            (_, Self::SetLen(_)) => {
                if chance.one_in(2) {
                    self.apply(to);
                }
            }
            (Fate::Prefix, Self::Write { offset, bytes }) => {
                let end = chance.index(bytes.len() + 1);
                write_part(to, *offset, bytes, 0..end);
            }
            (Fate::Sectors, Self::Write { offset, bytes }) => {
                for sector in sectors(*offset, bytes.len()) {
                    if chance.one_in(2) {
                        write_part(to, *offset, bytes, sector);
                    }
                }
            }
        }
    }
}

/// Returns the parts of a write that lie in one sector each, relative to its start.
fn sectors(offset: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    let first_end = SECTOR_BYTES - offset % SECTOR_BYTES;
    let ends = (0..).map(move |sector| (first_end + sector * SECTOR_BYTES).min(length));
    let mut start = 0;
    ends.map_while(move |end| {
        let part = start..end;
        start = end;
        (!part.is_empty()).then_some(part)
    })
}

fn write_part(to: &mut Vec<u8>, offset: usize, bytes: &[u8], part: Range<usize>) {
    if part.is_empty() {
        return;
    }
    let (start, end) = (offset + part.start, offset + part.end);
    if to.len() < end {
        to.resize(end, 0);
    }
    to[start..end].copy_from_slice(&bytes[part]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_cut_at_the_sectors_of_its_file() {
        let check = |offset, length, expected: &[Range<usize>]| {
            assert_eq!(sectors(offset, length).collect::<Vec<_>>(), expected, "{length} bytes at {offset}");
        };
        check(0, 0, &[]);
        check(0, 512, std::slice::from_ref(&(0..512)));
        check(500, 20, &[0..12, 12..20]);
        check(1024, 1100, &[0..512, 512..1024, 1024..1100]);
    }
}
