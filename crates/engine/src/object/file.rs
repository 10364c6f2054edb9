//! An object that is open for reading.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IoSlice};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;

use super::cache::{BLOCK_BYTES, Cache};
use super::disk::Shared;
use crate::disk::DiskFile;

/// Blocks that one request asks for.
const RUN_BLOCKS_MAX: u64 = 8;
/// Blocks that are fetched before somebody reads them, at most.
const EXPECTED_BLOCKS_MAX: usize = 64;

/// An object that is open for reading.
#[derive(Debug)]
pub(super) struct ObjectFile {
    pub(super) shared: Arc<Shared>,
    pub(super) key: Key,
    /// What its blocks are called.
    pub(super) name: String,
    pub(super) length: u64,
    pub(super) reads: Reads,
}

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Blocks on this machine, and the store for those that are missing.
    Blocks,
    /// The store.
    Object,
}

impl ObjectFile {
    fn cache(&self) -> Option<&Cache> {
        self.shared.cache.as_ref().filter(|_| self.reads == Reads::Blocks)
    }

    fn block(&self, number: u64) -> String {
        block_name(&self.name, number)
    }

    fn block_range(&self, number: u64) -> Range<u64> {
        number * BLOCK_BYTES..((number + 1) * BLOCK_BYTES).min(self.length)
    }

    fn read_blocks(&self, cache: &Cache, out: &mut [u8], wanted: &Range<u64>) -> io::Result<()> {
        let mut missing = Vec::new();
        for number in wanted.start / BLOCK_BYTES..=(wanted.end - 1) / BLOCK_BYTES {
            let block = self.block_range(number);
            let part = overlap(&block, wanted);
            let place = &mut out[index(part.start - wanted.start)..index(part.end - wanted.start)];
            if !cache.read(&self.block(number), part.start - block.start, place) {
                missing.push(number);
            }
        }
        for (run, bytes) in self.fetch(cache, &missing)? {
            let part = overlap(&run, wanted);
            let bytes = &bytes[index(part.start - run.start)..index(part.end - run.start)];
            out[index(part.start - wanted.start)..index(part.end - wanted.start)].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Fetches blocks, neighbours together, and keeps them.
    fn fetch(&self, cache: &Cache, numbers: &[u64]) -> io::Result<Vec<(Range<u64>, Bytes)>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut runs: Vec<Range<u64>> = Vec::new();
        for number in numbers {
            let block = self.block_range(*number);
            match runs.last_mut() {
                Some(run) if run.end == block.start && run.end - run.start < RUN_BLOCKS_MAX * BLOCK_BYTES => {
                    run.end = block.end;
                }
                _ => runs.push(block),
            }
        }
        let parts = self.shared.client.parts(&self.key, runs.clone())?;
        for (run, bytes) in runs.iter().zip(&parts) {
            keep(cache, &self.name, run.start, bytes);
        }
        Ok(runs.into_iter().zip(parts).collect())
    }
}

/// Keeps bytes of an object that begin where a block does.
pub(super) fn keep(cache: &Cache, name: &str, start: u64, bytes: &[u8]) {
    for (number, block) in (start / BLOCK_BYTES..).zip(bytes.chunks(index(BLOCK_BYTES))) {
        cache.keep(&block_name(name, number), block);
    }
}

fn block_name(name: &str, number: u64) -> String {
    format!("{name}-{number}")
}

fn overlap(a: &Range<u64>, b: &Range<u64>) -> Range<u64> {
    a.start.max(b.start)..a.end.min(b.end)
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl DiskFile for ObjectFile {
    fn write_all_at(&mut self, _: &mut [IoSlice<'_>], _: u64) -> io::Result<()> {
        Err(ErrorKind::PermissionDenied.into())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let wanted = offset..offset.saturating_add(buffer.len() as u64).min(self.length);
        if wanted.is_empty() {
            return Ok(0);
        }
        let out = &mut buffer[..index(wanted.end - wanted.start)];
        match self.cache() {
            Some(cache) => self.read_blocks(cache, out, &wanted)?,
            None => {
                for bytes in self.shared.client.parts(&self.key, vec![wanted])? {
                    out.copy_from_slice(&bytes);
                }
            }
        }
        Ok(out.len())
    }

    fn expect(&self, ranges: &[Range<u64>]) {
        let Some(cache) = self.cache() else { return };
        let blocks = |range: &Range<u64>| {
            let end = range.end.min(self.length);
            if range.start < end { range.start / BLOCK_BYTES..end.div_ceil(BLOCK_BYTES) } else { 0..0 }
        };
        let missing: BTreeSet<u64> =
            ranges.iter().flat_map(blocks).filter(|number| !cache.has(&self.block(*number))).collect();
        let missing: Vec<u64> = missing.into_iter().take(EXPECTED_BLOCKS_MAX).collect();
        // One block comes as fast when it is read.
        if missing.len() > 1
            && let Err(error) = self.fetch(cache, &missing)
        {
            tracing::debug!(%error, object = %self.key, "what will be read was not fetched ahead");
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        Err(ErrorKind::PermissionDenied.into())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn set_len(&mut self, _: u64) -> io::Result<()> {
        Err(ErrorKind::PermissionDenied.into())
    }
}
