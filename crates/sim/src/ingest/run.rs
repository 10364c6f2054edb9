//! One simulated life of a server, decided by its seed from beginning to end.

use std::fmt;
use std::time::Duration;

use streamflow_engine::disk::Disk;
use streamflow_engine::ingest::{AppendError, Appended};
use streamflow_engine::journal::{JournalError, OnDamage};

use super::machine::{Answers, Machine};
use super::model::{Model, Strictness};
use super::observed::Observed;
use super::requests::{Requests, Sending};
use crate::{Chance, Crash, Faults};

/// What happened in a run that kept all promises.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub acknowledged: u64,
    pub refused: u64,
    pub crashes: u64,
    pub starts: u64,
    pub faults: u64,
    pub disk_operations: u64,
    /// Whether the run ended with damage to the journal that was found.
    pub damage_found: bool,
    /// Checksum of everything that was visible at the end.
    pub fingerprint: u64,
}

/// A promise that was not kept.
#[derive(Debug)]
pub struct Violation {
    pub seed: u64,
    pub step: usize,
    pub what: String,
    /// What happened until then, one line a step.
    pub history: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, step {}: {}", self.seed, self.step, self.what)?;
        // The alternate form tells the whole story: `{:#}`.
        if f.alternate() {
            self.history.iter().try_for_each(|line| write!(f, "\n  {line}"))?;
        }
        Ok(())
    }
}

impl std::error::Error for Violation {}

const STEPS: u64 = 50;
const GROUP_REQUESTS_MAX: u64 = 6;
/// An answer that is lost on its way makes the sender repeat what was stored.
const ANSWER_LOST_ONE_IN: u64 = 6;
const CLOCK_JUMP_SECONDS_MAX: u64 = 6 * 3600;
/// Operations of one commit that rolls over to a new file, and a few more.
const FUSE_OPERATIONS_MAX: u64 = 14;

/// Whether syncs may claim what they did not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Device {
    Honest,
    Lying,
}

struct Run {
    chance: Chance,
    device: Device,
    machine: Machine,
    requests: Requests,
    model: Model,
    /// Requests whose senders try again: refused ones, and some whose answer never reached them.
    to_repeat: Vec<Sending>,
    report: Report,
    history: Vec<String>,
}

/// Lives through the run that `seed` decides.
///
/// # Errors
/// When a promise was not kept.
pub fn run(seed: u64) -> Result<Report, Violation> {
    let mut chance = Chance::new(seed);
    let machine = Machine::new(chance.fork());
    let requests = Requests::new(chance.fork());
    let device = if chance.one_in(8) { Device::Lying } else { Device::Honest };
    let (model, to_repeat, report, history) = (Model::default(), Vec::new(), Report::default(), Vec::new());
    let mut run = Run { chance, device, machine, requests, model, to_repeat, report, history };
    let mut step = 0;
    match run.live(&mut step) {
        Ok(()) => Ok(run.report),
        Err(what) => Err(Violation { seed, step, what, history: run.history }),
    }
}

impl Run {
    fn live(&mut self, step: &mut usize) -> Result<(), String> {
        self.start()?;
        for number in 1..=STEPS {
            *step = usize::try_from(number).unwrap_or(usize::MAX);
            self.step()?;
            if self.machine.disk.has_lied() && self.report.crashes > 0 {
                return self.end();
            }
        }
        *step += 1;
        self.calm();
        self.crash(Crash::Power)?;
        self.probe()?;
        if self.device == Device::Honest && self.chance.one_in(2) {
            self.damage()?;
        }
        self.end()
    }

    fn step(&mut self) -> Result<(), String> {
        match self.chance.below(100) {
            0..58 => self.commit(),
            58..66 => {
                self.machine.clock.advance(Duration::from_millis(self.chance.below(5_000)));
                Ok(())
            }
            66..70 => {
                self.jump();
                Ok(())
            }
            70..76 => {
                self.machine.fill_ahead();
                Ok(())
            }
            76..86 => {
                self.change_weather();
                Ok(())
            }
            86..90 => self.restart(),
            90..93 => self.crash(Crash::Process),
            93..95 => self.crash(Crash::Power),
            95..99 => self.lose_power_within_a_commit(),
            _ => self.heal(),
        }
    }

    /// Commits a group of new requests, and with them perhaps one that is sent again.
    fn commit(&mut self) -> Result<(), String> {
        let mut sendings: Vec<Sending> =
            (0..self.chance.between(1, GROUP_REQUESTS_MAX)).map(|_| self.requests.next()).collect();
        if !self.to_repeat.is_empty() && self.chance.one_in(2) {
            let again = self.to_repeat.swap_remove(self.chance.index(self.to_repeat.len()));
            // Whoever sends again without ids or a key has to live with two of it; that is not what is tested here.
            if again.key.is_some() || again.events.iter().all(|event| event.id.is_some() && event.good) {
                sendings.insert(self.chance.index(sendings.len() + 1), again);
            }
        }
        self.send(&sendings).map(drop)
    }

    /// Commits `sendings` and returns why the first of them was refused, if any was.
    fn send(&mut self, sendings: &[Sending]) -> Result<Option<AppendError>, String> {
        self.model.send(sendings);
        let answers = self.machine.commit(sendings);
        self.tell(|| commit_line(sendings, &answers));
        let mut acknowledged: Vec<(&Sending, Appended)> = Vec::new();
        let mut refusal = None;
        for (sending, answer) in sendings.iter().zip(answers) {
            match answer.ok_or("a request was never answered")? {
                Ok(appended) => {
                    acknowledged.push((sending, appended));
                    if self.chance.one_in(ANSWER_LOST_ONE_IN) {
                        self.to_repeat.push(sending.clone());
                    }
                }
                Err(error) => {
                    self.report.refused += 1;
                    self.to_repeat.push(sending.clone());
                    refusal.get_or_insert(error);
                }
            }
        }
        self.model.acknowledge_group(&acknowledged)?;
        Ok(refusal)
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        let operations = self.machine.disk.operations();
        self.history.push(format!("after {operations} disk operations: {}", line()));
    }

    fn jump(&mut self) {
        let seconds = i64::try_from(self.chance.below(2 * CLOCK_JUMP_SECONDS_MAX)).unwrap_or(0);
        let offset = i64::try_from(CLOCK_JUMP_SECONDS_MAX).unwrap_or(0);
        self.machine.clock.jump((seconds - offset) * 1_000_000);
    }

    fn change_weather(&mut self) {
        let calm = Faults::default();
        let slow = Faults { slow_one_in: 3, slow: Duration::from_millis(700), ..calm.clone() };
        let faults = match self.chance.below(9) {
            0 => slow,
            1 => Faults { write_error_one_in: 4, ..calm },
            2 => Faults { sync_error_one_in: 4, ..calm },
            3 => Faults { write_error_one_in: 8, sync_error_one_in: 8, ..slow },
            4 => Faults { capacity: self.machine.disk.used_bytes() + self.chance.below(20_000), ..calm },
            5 => Faults { read_only: true, ..calm },
            6 if self.device == Device::Lying => Faults { lost_sync_one_in: 3, ..calm },
            _ => calm,
        };
        self.tell(|| format!("{faults:?}"));
        self.machine.disk.set_faults(faults);
    }

    fn calm(&self) {
        self.machine.disk.set_faults(Faults::default());
    }

    fn restart(&mut self) -> Result<(), String> {
        // A close that fails has already told what it could.
        let stopped = self.machine.stop();
        self.tell(|| format!("stop: {stopped:?}"));
        self.calm();
        self.start()
    }

    fn crash(&mut self, crash: Crash) -> Result<(), String> {
        self.report.crashes += 1;
        self.tell(|| format!("crash: {crash:?}"));
        self.machine.disk.crash(crash);
        self.calm();
        while self.chance.one_in(4) {
            self.fail_to_start()?;
        }
        self.start()
    }

    /// Starts on a disk that fails or a machine that stops again: whatever comes of it, nothing may be lost.
    fn fail_to_start(&mut self) -> Result<(), String> {
        let crash = if self.chance.one_in(2) {
            self.machine.disk.set_faults(Faults { read_error_one_in: 3, ..Faults::default() });
            Crash::Process
        } else {
            self.machine.disk.cut_power_after(self.chance.between(1, FUSE_OPERATIONS_MAX));
            Crash::Power
        };
        let started = self.machine.start(OnDamage::Refuse);
        self.tell(|| format!("a start that is disturbed and ends in a crash, {crash:?}: {started:?}"));
        if let Err(JournalError::Damaged(damage)) = &started
            && !self.machine.disk.has_lied()
        {
            return Err(format!("an interrupted start found damage: {damage:?}"));
        }
        self.machine.disk.crash(crash);
        self.calm();
        Ok(())
    }

    fn lose_power_within_a_commit(&mut self) -> Result<(), String> {
        self.machine.disk.cut_power_after(self.chance.between(1, FUSE_OPERATIONS_MAX));
        while !self.machine.disk.is_off() {
            self.commit()?;
        }
        self.crash(Crash::Power)
    }

    /// Starts on a disk without faults, which must work, and compares.
    fn start(&mut self) -> Result<(), String> {
        self.report.starts += 1;
        match self.machine.start(OnDamage::Refuse) {
            Ok(()) => self.check(self.strictness()),
            Err(JournalError::Damaged(_)) if self.machine.disk.has_lied() => {
                self.report.damage_found = true;
                let skipped = self.machine.start(OnDamage::Skip);
                skipped.map_err(|error| format!("can't start without the damaged events: {error}"))?;
                self.check(Strictness::OrderOnly)
            }
            Err(error) => Err(format!("can't start: {error}")),
        }
    }

    fn strictness(&self) -> Strictness {
        if self.machine.disk.has_lied() { Strictness::OrderOnly } else { Strictness::Everything }
    }

    fn check(&self, strictness: Strictness) -> Result<(), String> {
        self.model.check(&self.machine.observe(), strictness)
    }

    /// The disk works again, and so must the journal.
    fn heal(&mut self) -> Result<(), String> {
        self.calm();
        // Free space is looked at a few times a second.
        self.machine.clock.advance(Duration::from_secs(1));
        self.probe()
    }

    fn probe(&mut self) -> Result<(), String> {
        let probe = self.requests.probe();
        match self.send(&[probe])? {
            None => self.check(self.strictness()),
            Some(error) => Err(format!("the disk works again but the journal does not: {error}")),
        }
    }

    /// Changes one byte of the journal: it must be noticed, unless it looks as if the newest group was never whole.
    fn damage(&mut self) -> Result<(), String> {
        self.machine.stop().map_err(|error| format!("can't stop: {error}"))?;
        let dir = Machine::dir();
        let names = self.machine.disk.list(&dir).map_err(|error| error.to_string())?;
        let logs: Vec<String> = names.into_iter().filter(|name| name.ends_with(".log")).collect();
        let path = dir.join(&logs[self.chance.index(logs.len())]);
        let length =
            self.machine.disk.open_read(&path).and_then(|file| file.len()).map_err(|error| error.to_string())?;
        let offset = self.chance.below(length);
        if !self.machine.disk.corrupt(&path, offset) {
            return Ok(());
        }
        let place = format!("byte {offset} of {}", path.display());
        match self.machine.start(OnDamage::Refuse) {
            Ok(()) => {
                let checked = self.check(Strictness::AllButTheNewestGroup);
                checked.map_err(|what| format!("damage to {place} went unnoticed: {what}"))
            }
            Err(_) => {
                self.report.damage_found = true;
                let started = self.machine.start(OnDamage::Skip);
                started.map_err(|error| format!("can't go on without {place}: {error}"))?;
                self.check(Strictness::OrderOnly).map_err(|what| format!("going on without {place}: {what}"))
            }
        }
    }

    fn end(&mut self) -> Result<(), String> {
        self.report.acknowledged = self.model.events_acknowledged() as u64;
        self.report.faults = self.machine.disk.faults_injected();
        self.report.disk_operations = self.machine.disk.operations();
        self.report.fingerprint = fingerprint(&self.machine.observe());
        Ok(())
    }
}

fn commit_line(sendings: &[Sending], answers: &Answers) -> String {
    let of_request = |(sending, answer): (&Sending, &Option<Result<Appended, AppendError>>)| {
        let (first, last) = (sending.events[0].marker, sending.events[sending.events.len() - 1].marker);
        let answer = match answer {
            Some(Ok(appended)) => format!("{} from {:?}", appended.accepted, appended.first_offset),
            Some(Err(error)) => error.to_string(),
            None => "no answer".to_owned(),
        };
        format!("m{first}..m{last} {:?} key {:?}: {answer}", sending.ack, sending.key)
    };
    sendings.iter().zip(answers).map(of_request).collect::<Vec<_>>().join("; ")
}

/// FNV-1a over what is visible, so that two runs of a seed can be compared.
fn fingerprint(observed: &Observed) -> u64 {
    let text = format!("{observed:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
