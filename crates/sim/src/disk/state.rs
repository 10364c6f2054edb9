//! What a simulated disk holds and how each operation on it may go wrong.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::contents::Contents;
use super::fault::Faults;
use super::names::Names;
use crate::{Chance, SimClock};

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// `kill -9`: the file system goes on, with everything that was written.
    Process,
    /// The machine stops: only what was synced is sure to be there.
    Power,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) names: Names,
    files: BTreeMap<u64, Contents>,
    files_made: u64,
    chance: Chance,
    clock: Arc<SimClock>,
    pub(super) faults: Faults,
    /// Operations until the power goes; 0 is without power.
    pub(super) fuse: Option<u64>,
    /// Counts starts of the machine.
    pub(super) epoch: u64,
    pub(super) operations: u64,
    pub(super) lied: bool,
    pub(super) faults_injected: u64,
}

impl State {
    pub(super) fn new(chance: Chance, clock: Arc<SimClock>) -> Self {
        Self {
            names: Names::default(),
            files: BTreeMap::new(),
            files_made: 0,
            chance,
            clock,
            faults: Faults::default(),
            fuse: None,
            epoch: 0,
            operations: 0,
            lied: false,
            faults_injected: 0,
        }
    }

    /// Begins an operation: it may be slow, and the power may be off.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.chance.one_in(self.faults.slow_one_in) {
            self.faults_injected += 1;
            self.clock.advance(self.faults.slow);
        }
        match &mut self.fuse {
            Some(0) => Err(power_is_off()),
            Some(left) => {
                *left -= 1;
                if *left == 0 { Err(power_is_off()) } else { Ok(()) }
            }
            None => Ok(()),
        }
    }

    /// Begins an operation that changes something.
    pub(super) fn begin_change(&mut self) -> io::Result<()> {
        self.begin()?;
        if self.faults.read_only { Err(ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        self.begin_change()?;
        let file = self.files_made;
        self.names.create(path, file)?;
        self.files_made += 1;
        self.files.insert(file, Contents::default());
        Ok(file)
    }

    /// Writes all of `bytes`, or a part of them and fails.
    pub(super) fn write(&mut self, file: u64, bytes: &[u8], offset: u64) -> io::Result<()> {
        let powered = self.fuse != Some(0);
        let failure = match self.begin_change() {
            Err(error) => Some(error),
            Ok(()) if self.fault(self.faults.write_error_one_in) => Some(device_error()),
            Ok(()) => None,
        };
        let room = self.free_bytes().saturating_add(self.file(file).len());
        let fits = usize::try_from(room.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
        let written = match &failure {
            Some(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => 0,
            Some(_) if !powered => 0,
            Some(_) => self.chance.index(fits + 1),
            None => fits,
        };
        self.file_mut(file).write(&bytes[..written], offset);
        match failure {
            Some(error) => Err(error),
            None if fits < bytes.len() => Err(ErrorKind::StorageFull.into()),
            None => Ok(()),
        }
    }

    pub(super) fn read(&mut self, file: u64, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.begin()?;
        if self.fault(self.faults.read_error_one_in) {
            return Err(device_error());
        }
        Ok(self.file(file).read(buffer, offset))
    }

    pub(super) fn sync(&mut self, file: u64) -> io::Result<()> {
        self.begin()?;
        if self.fault(self.faults.lost_sync_one_in) {
            self.lied = true;
            return Ok(());
        }
        if self.fault(self.faults.sync_error_one_in) {
            let contents = self.files.get_mut(&file).expect("an open file exists");
            contents.fail_sync(&mut self.chance);
            return Err(device_error());
        }
        self.file_mut(file).sync();
        Ok(())
    }

    pub(super) fn set_len(&mut self, file: u64, length: u64) -> io::Result<()> {
        self.begin_change()?;
        if length.saturating_sub(self.file(file).len()) > self.free_bytes() {
            return Err(ErrorKind::StorageFull.into());
        }
        self.file_mut(file).set_len(length);
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.begin()?;
        if self.fault(self.faults.sync_error_one_in) {
            return Err(device_error());
        }
        self.names.sync_dir(dir)
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.faults.capacity.saturating_sub(self.used_bytes())
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.names.files().map(|file| self.file(file).len()).sum()
    }

    pub(super) fn crash(&mut self, crash: Crash) {
        self.epoch += 1;
        self.fuse = None;
        if crash == Crash::Power {
            self.names.lose_power(&mut self.chance);
            for contents in self.files.values_mut() {
                contents.lose_power(&mut self.chance);
            }
        }
    }

    pub(super) fn corrupt(&mut self, path: &Path, offset: u64) -> bool {
        let Ok(file) = self.names.find(path) else { return false };
        self.file_mut(file).corrupt(offset)
    }

    pub(super) fn file(&self, file: u64) -> &Contents {
        self.files.get(&file).expect("an open file exists")
    }

    fn file_mut(&mut self, file: u64) -> &mut Contents {
        self.files.get_mut(&file).expect("an open file exists")
    }

    fn fault(&mut self, one_in: u64) -> bool {
        let happens = self.chance.one_in(one_in);
        self.faults_injected += u64::from(happens);
        happens
    }
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

fn device_error() -> io::Error {
    // EIO has no ErrorKind of its own.
    io::Error::from_raw_os_error(5)
}
