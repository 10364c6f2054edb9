//! A file system in memory that forgets what was not synced, tears what was being written, fills up and fails.
//!
//! Every file has two images: what a read returns now, and what would be there after the power went. Names likewise: a
//! file that was created but whose folder was not synced may be gone.

use std::io::{self, ErrorKind, IoSlice};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use streamflow_engine::disk::{Disk, DiskFile};

use crate::{Chance, SimClock};

mod contents;
mod fault;
mod names;
mod state;

pub use fault::Faults;
pub use state::Crash;

use state::State;

/// A simulated file system; clones are the same one.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// Returns an empty file system without faults. Slow operations let `clock` advance.
    #[must_use]
    pub fn new(chance: Chance, clock: Arc<SimClock>) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(chance, clock))) }
    }

    /// Sets what may go wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Lets the power go after `operations` more operations: from then on every one of them fails.
    pub fn cut_power_after(&self, operations: u64) {
        self.state.lock().fuse = Some(operations);
    }

    /// Returns whether the power went.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state.lock().fuse == Some(0)
    }

    /// Ends the machine or the process and starts it again: files that were open are no longer, and after a power loss
    /// what was not synced is there, not there, or there in part.
    pub fn crash(&self, crash: Crash) {
        self.state.lock().crash(crash);
    }

    /// Returns how many operations were asked for so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Returns whether a sync has claimed what it did not do. The loss of data is then nobody's fault.
    #[must_use]
    pub fn has_lied(&self) -> bool {
        self.state.lock().lied
    }

    /// Returns the bytes of all files that have a name.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.state.lock().used_bytes()
    }

    /// Returns how many faults were injected.
    #[must_use]
    pub fn faults_injected(&self) -> u64 {
        self.state.lock().faults_injected
    }

    /// Changes one byte of a file in both images, as a failing medium does. Returns false if there is no such byte.
    pub fn corrupt(&self, path: &Path, offset: u64) -> bool {
        self.state.lock().corrupt(path, offset)
    }

    fn handle(&self, file: u64, access: Access) -> Box<dyn DiskFile> {
        let epoch = self.state.lock().epoch;
        Box::new(SimFile { state: Arc::clone(&self.state), file, access, epoch })
    }
}

impl Disk for SimDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin_change()?;
        state.names.create_dir_all(dir);
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.state.lock().create(path)?;
        Ok(self.handle(file, Access::Write))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.begin_change()?;
        let file = state.names.find(path)?;
        drop(state);
        Ok(self.handle(file, Access::Write))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.begin()?;
        let file = state.names.find(path)?;
        drop(state);
        Ok(self.handle(file, Access::Read))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state.lock();
        state.begin()?;
        state.names.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin_change()?;
        state.names.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin_change()?;
        state.names.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.state.lock().sync_dir(dir)
    }

    fn free_bytes(&self, _path: &Path) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.begin()?;
        Ok(state.free_bytes())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

#[derive(Debug)]
struct SimFile {
    state: Arc<Mutex<State>>,
    file: u64,
    access: Access,
    /// Start of the machine in which the file was opened.
    epoch: u64,
}

impl SimFile {
    fn on<T>(&self, operation: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        if state.epoch != self.epoch {
            return Err(io::Error::other("the file was opened before the crash"));
        }
        operation(&mut state)
    }

    fn on_writable<T>(&self, operation: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        match self.access {
            Access::Read => Err(ErrorKind::PermissionDenied.into()),
            Access::Write => self.on(operation),
        }
    }
}

impl DiskFile for SimFile {
    fn write_all_at(&mut self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let slices: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        let bytes = slices.concat();
        self.on_writable(|state| state.write(self.file, &bytes, offset))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.on(|state| state.read(self.file, buffer, offset))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.on_writable(|state| state.sync(self.file))
    }

    fn len(&self) -> io::Result<u64> {
        self.on(|state| {
            state.begin()?;
            Ok(state.file(self.file).len())
        })
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.on_writable(|state| state.set_len(self.file, length))
    }
}

#[cfg(test)]
mod tests;
