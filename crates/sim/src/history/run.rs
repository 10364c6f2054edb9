//! One simulated life of history, decided by its seed from beginning to end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use streamflow_engine::catalog::ColumnBounds;
use streamflow_engine::clock::{Clock, Micros};
use streamflow_engine::disk::Disk;

use super::borders::{CatalogFailures, CatalogFaults};
use super::machine::{AGE_MAX, FileRows, Machine, Row};
use crate::{Chance, Crash, Faults};

const STEPS: u64 = 60;
const EVENTS_MAX: u64 = 40;
/// Operations of a seal or a merge, and a few more.
const FUSE_OPERATIONS_MAX: u64 = 60;

/// What happened in a run that kept all promises.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub acknowledged: u64,
    pub seals: u64,
    /// Seals while the journal was read after a crash.
    pub seals_recovering: u64,
    pub merges: u64,
    pub backups: u64,
    pub expired: u64,
    pub deleted_files: u64,
    pub crashes: u64,
    /// Steps that the disk or the catalog did not let end.
    pub failures: u64,
    pub catalog: CatalogFailures,
}

struct Run {
    chance: Chance,
    machine: Machine,
    next_marker: u64,
    /// Of each acknowledged event: its marker, and the earliest time at which it may have arrived.
    acknowledged: BTreeMap<i64, (u64, Micros)>,
    /// Events that arrived before this may be gone.
    expired_before: Micros,
    report: Report,
    history: Vec<String>,
}

/// Lives through the run that `seed` decides.
///
/// # Errors
/// When a promise was not kept: which, and what happened until then.
pub fn run(seed: u64) -> Result<Report, String> {
    let mut chance = Chance::new(seed);
    let machine = Machine::new(chance.fork());
    let mut run = Run {
        chance,
        machine,
        next_marker: 1,
        acknowledged: BTreeMap::new(),
        expired_before: Micros::MIN,
        report: Report::default(),
        history: Vec::new(),
    };
    match run.live() {
        Ok(()) => Ok(Report { catalog: run.machine.guard.failures(), ..run.report }),
        Err(what) => Err(format!("seed {seed}: {what}\n  {}", run.history.join("\n  "))),
    }
}

impl Run {
    fn live(&mut self) -> Result<(), String> {
        self.start()?;
        for _ in 0..STEPS {
            self.step()?;
        }
        self.calm();
        self.crash(Crash::Power)?;
        self.machine.history().seal().map_err(|error| format!("can't seal at the end: {error}"))?;
        self.machine.history().compact().map_err(|error| format!("can't merge at the end: {error}"))?;
        self.check()
    }

    fn step(&mut self) -> Result<(), String> {
        match self.chance.below(100) {
            0..40 => self.commit(),
            40..55 => self.work("seal"),
            55..65 => self.work("merge"),
            65..72 => self.work("expire"),
            72..78 => self.work("delete"),
            78..80 => self.back_up(),
            80..86 => {
                self.machine.clock.advance(Duration::from_secs(self.chance.below(3_600)));
                Ok(())
            }
            86..90 => {
                self.change_weather();
                Ok(())
            }
            90..93 => self.crash(Crash::Process),
            93..95 => self.crash(Crash::Power),
            _ => self.lose_power_within_work(),
        }
    }

    fn commit(&mut self) -> Result<(), String> {
        let first = self.next_marker;
        self.next_marker += self.chance.between(1, EVENTS_MAX);
        let markers: Vec<u64> = (first..self.next_marker).collect();
        let lateness = if self.chance.one_in(5) { 7_200 } else { 0 };
        let before = self.machine.clock.now();
        let answer = self.machine.commit(&markers, lateness);
        self.history.push(format!("commit m{first}..: {answer:?}"));
        if let Some(Ok(appended)) = answer {
            let offset = appended.first_offset.ok_or("events were stored but no offset was answered")?;
            for (offset, marker) in (i64::try_from(offset).unwrap_or(i64::MAX)..).zip(&markers) {
                self.acknowledged.insert(offset, (*marker, before));
            }
            self.report.acknowledged += markers.len() as u64;
        }
        Ok(())
    }

    /// Does one step of the sealer or the compactor, and compares; whether it succeeds is the disk's affair.
    fn work(&mut self, what: &str) -> Result<(), String> {
        let before = if what == "merge" { self.all_rows().ok() } else { None };
        if what == "expire" {
            let age = Micros::try_from(AGE_MAX.as_micros()).unwrap_or(Micros::MAX);
            self.expired_before = self.expired_before.max(self.machine.clock.now() - age);
        }
        let report = &mut self.report;
        let history = self.machine.history();
        let outcome = match what {
            "seal" => history.seal().map(|done| report.seals += done.files),
            "merge" => history.compact().map(|done| report.merges += done.merges),
            "expire" => history.expire().map(|done| report.expired += done.events),
            _ => history.delete_unused().map(|files| report.deleted_files += files),
        };
        self.history.push(format!("{what}: {outcome:?}"));
        if let Err(error) = outcome {
            self.report.failures += 1;
            // A machine whose disk fails goes on as it is; what it shows is compared when the disk works.
            drop(error);
            return Ok(());
        }
        let disturbed = self.machine.disk.is_off();
        if let (Some(before), false) = (before, disturbed) {
            let after = self.all_rows();
            if after.as_ref().is_ok_and(|after| *after != before) {
                return Err("merging changed rows".to_owned());
            }
        }
        Ok(())
    }

    /// Makes a backup. If it succeeds, a folder made from it has every event that was acknowledged before, and none that was never
    /// committed.
    fn back_up(&mut self) -> Result<(), String> {
        let name = format!("backup-{}", self.report.backups);
        let outcome = self.machine.back_up(&name);
        self.history.push(format!("{name}: {:?}", outcome.as_ref().map(|backup| &backup.manifest.id)));
        if outcome.is_err() {
            self.report.failures += 1;
            return Ok(());
        }
        self.report.backups += 1;
        let mut there: BTreeMap<i64, u64> = BTreeMap::new();
        for row in self.machine.restored(&name)? {
            if there.insert(row.offset, row.marker).is_some() {
                return Err(format!("offset {} is in {name} twice", row.offset));
            }
        }
        self.compare(&there).map_err(|what| format!("{name}: {what}"))
    }

    /// Returns all rows by their offsets.
    fn all_rows(&mut self) -> Result<Vec<(i64, Row)>, String> {
        let (files, tail) = self.machine.observe()?;
        let rows = files.into_iter().flat_map(|(_, rows)| rows).chain(tail);
        let mut rows: Vec<(i64, Row)> = rows.map(|row| (row.offset, row)).collect();
        rows.sort_unstable_by_key(|(offset, _)| *offset);
        Ok(rows)
    }

    fn change_weather(&mut self) {
        let calm = Faults::default();
        let faults = match self.chance.below(6) {
            0 => Faults { write_error_one_in: 6, ..calm },
            1 => Faults { sync_error_one_in: 6, ..calm },
            2 => Faults { read_error_one_in: 8, ..calm },
            3 => Faults { capacity: self.machine.disk.used_bytes() + self.chance.below(40_000), ..calm },
            _ => calm,
        };
        let reliable = CatalogFaults::default();
        let catalog = match self.chance.below(6) {
            0 => CatalogFaults { begin_one_in: 3, ..reliable },
            1 => CatalogFaults { commit_one_in: 3, ..reliable },
            2 => CatalogFaults { committed_one_in: 3, ..reliable },
            3 => CatalogFaults { full_one_in: 2, ..reliable },
            _ => reliable,
        };
        self.history.push(format!("{faults:?} {catalog:?}"));
        self.machine.disk.set_faults(faults);
        self.machine.guard.set(catalog);
    }

    fn calm(&self) {
        self.machine.disk.set_faults(Faults::default());
        self.machine.guard.set(CatalogFaults::default());
    }

    fn lose_power_within_work(&mut self) -> Result<(), String> {
        self.machine.disk.cut_power_after(self.chance.between(1, FUSE_OPERATIONS_MAX));
        for _ in 0..20 {
            if self.machine.disk.is_off() {
                break;
            }
            self.commit()?;
            match self.chance.index(5) {
                4 => self.back_up()?,
                work => self.work(["seal", "merge", "expire", "delete"][work])?,
            }
        }
        self.crash(Crash::Power)
    }

    fn crash(&mut self, crash: Crash) -> Result<(), String> {
        self.report.crashes += 1;
        self.history.push(format!("crash: {crash:?}"));
        self.machine.crash(crash);
        self.calm();
        self.start()
    }

    fn start(&mut self) -> Result<(), String> {
        self.machine.start().map_err(|error| format!("can't start: {error}"))?;
        self.report.seals_recovering = self.machine.reliefs;
        self.check()
    }

    fn check(&mut self) -> Result<(), String> {
        let (files, tail) = self.machine.observe()?;
        let mut there: BTreeMap<i64, u64> = BTreeMap::new();
        for row in files.iter().flat_map(|(_, rows)| rows).chain(&tail) {
            if there.insert(row.offset, row.marker).is_some() {
                return Err(format!("offset {} is there twice", row.offset));
            }
        }
        self.compare(&there)?;
        self.check_files(&files)
    }

    /// Compares markers by their offsets with those that were acknowledged.
    fn compare(&self, there: &BTreeMap<i64, u64>) -> Result<(), String> {
        for (offset, (marker, arrived)) in &self.acknowledged {
            match there.get(offset) {
                Some(found) if found == marker => {}
                Some(found) => return Err(format!("m{marker} was acknowledged at {offset}, where m{found} is")),
                None if *arrived < self.expired_before => {}
                None => return Err(format!("m{marker} was acknowledged at {offset} and is gone")),
            }
        }
        Ok(())
    }

    fn check_files(&mut self, open: &[FileRows]) -> Result<(), String> {
        let (named, paths) = self.machine.history().files().map_err(|error| error.to_string())?;
        for path in &paths {
            let found = self.machine.disk.open_read(path);
            found.map_err(|error| format!("the catalog names {}: {error}", path.display()))?;
        }
        let mut names = BTreeSet::new();
        for file in named.iter().filter(|file| file.table == "events").map(|file| &file.file) {
            names.insert(file.name.clone());
            let (_, rows) =
                open.iter().find(|(name, _)| *name == file.name).ok_or_else(|| format!("{} is not open", file.name))?;
            if rows.len() as u64 != file.rows {
                return Err(format!("{} has {} rows, the catalog says {}", file.name, rows.len(), file.rows));
            }
            let is_within = |row: &Row| {
                let within = |value: Micros, bounds: (Micros, Micros)| (bounds.0..=bounds.1).contains(&value);
                within(row.timestamp, file.timestamp)
                    && within(row.ingested_at, file.ingested_at)
                    && within(row.offset, file.offset)
            };
            if let Some(row) = rows.iter().find(|row| !is_within(row)) {
                return Err(format!("the bounds of {} rule out {row:?}", file.name));
            }
        }
        if open.iter().any(|(name, _)| !names.contains(name)) {
            return Err("a file is open that the catalog does not name".to_owned());
        }
        self.check_bounds(open)?;
        match self.machine.history().changed_rows() {
            Ok(changed) if changed.is_empty() => Ok(()),
            Ok(changed) => Err(format!("the catalog looks changed: {changed:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Other engines pass over a file, or the whole table, whose bounds do not have what they look for.
    fn check_bounds(&mut self, open: &[FileRows]) -> Result<(), String> {
        let all = self.machine.history().bounds().map_err(|error| error.to_string())?;
        let mut compared = 0;
        for bounds in &all {
            let rows = open.iter().filter(|(name, _)| bounds.file.as_ref().is_none_or(|file| file == name));
            for row in rows.flat_map(|(_, rows)| rows) {
                let Some(is_within) = is_within(bounds, row) else { continue };
                compared += 1;
                if !is_within {
                    return Err(format!("{bounds:?} hides {row:?}"));
                }
            }
        }
        // Two columns, of its file and of the table, and a path of its file.
        let rows: usize = open.iter().map(|(_, rows)| rows.len()).sum();
        if compared < 5 * rows {
            return Err(format!("bounds were compared {compared} times for {rows} rows: some are missing"));
        }
        Ok(())
    }
}

/// Returns whether bounds have the row's value; nothing for columns that are not looked at.
fn is_within(bounds: &ColumnBounds, row: &Row) -> Option<bool> {
    let (min, max) = (bounds.min.as_deref()?, bounds.max.as_deref()?);
    match bounds.column.as_str() {
        "_offset" => Some((min.parse().ok()?..=max.parse().ok()?).contains(&row.offset)),
        "data.\"marker\"" => Some((min.parse().ok()?..=max.parse().ok()?).contains(&row.marker)),
        "correlation_id" => Some((min..=max).contains(&format!("m{}", row.marker).as_str())),
        _ => None,
    }
}
