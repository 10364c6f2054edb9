//! Remembers what was sent and promised, and finds what contradicts it.

use std::collections::{BTreeMap, BTreeSet};

use streamflow_engine::ingest::Appended;

use super::observed::Observed;
use super::requests::Sending;

/// What was sent and what was promised.
#[derive(Debug, Default)]
pub(super) struct Model {
    sent: Vec<Sending>,
    /// Marker of the event at each acknowledged offset.
    acknowledged: BTreeMap<u64, u64>,
    /// Markers of rejected events that were reported as such.
    rejected: BTreeSet<u64>,
    /// Offset of each acknowledged id.
    ids: BTreeMap<u64, u64>,
    /// Offsets of the newest group, whose bytes nothing later vouches for.
    last_group: BTreeSet<u64>,
}

/// How much of what was promised must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    Everything,
    /// The newest group may be missing: one byte of it was changed, which looks as if it had never been whole.
    AllButTheNewestGroup,
    /// Only that what is there was sent, whole, once and in order: the device lied, or damage was reported.
    OrderOnly,
}

impl Model {
    /// Notes that requests are on their way, some of them not for the first time.
    pub(super) fn send(&mut self, sendings: &[Sending]) {
        for sending in sendings {
            let known = |other: &Sending| other.events[0].marker == sending.events[0].marker;
            if !self.sent.iter().any(known) {
                self.sent.push(sending.clone());
            }
        }
    }

    pub(super) fn events_acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Notes the answers to a group, checking that they add up.
    pub(super) fn acknowledge_group(&mut self, acknowledged: &[(&Sending, Appended)]) -> Result<(), String> {
        let mut group = BTreeSet::new();
        for (sending, appended) in acknowledged {
            self.acknowledge(sending, appended, &mut group).map_err(|what| format!("{what}: {appended:?}"))?;
        }
        if !group.is_empty() {
            self.last_group = group;
        }
        Ok(())
    }

    fn acknowledge(&mut self, sending: &Sending, answer: &Appended, group: &mut BTreeSet<u64>) -> Result<(), String> {
        let answered = answer.accepted + answer.duplicates.len() + answer.rejections.len();
        if answered != sending.events.len() {
            return Err(format!("{} events were sent and {answered} answered", sending.events.len()));
        }
        let mut next_offset = answer.first_offset;
        for (index, event) in sending.events.iter().enumerate() {
            let rejected = answer.rejections.iter().any(|rejection| rejection.index == index);
            if rejected == event.good {
                return Err(format!("event {index} is good: {}, rejected: {rejected}", event.good));
            }
            if rejected {
                self.rejected.insert(event.marker);
                continue;
            }
            if let Some(duplicate) = answer.duplicates.iter().find(|duplicate| duplicate.index == index) {
                let id = event.id.ok_or_else(|| format!("event {index} has no id and is no duplicate"))?;
                self.place_id(id, duplicate.first.offset)?;
                continue;
            }
            let offset = next_offset.ok_or("events were stored but no offset was answered")?;
            next_offset = Some(offset + 1);
            if let Some(other) = self.acknowledged.insert(offset, event.marker).filter(|other| *other != event.marker) {
                return Err(format!("offset {offset} was given to m{other} and m{}", event.marker));
            }
            if let Some(id) = event.id {
                self.place_id(id, offset)?;
            }
            group.insert(offset);
        }
        Ok(())
    }

    fn place_id(&mut self, id: u64, offset: u64) -> Result<(), String> {
        match self.ids.insert(id, offset) {
            Some(other) if other != offset => Err(format!("id-{id} was answered at offset {other} and {offset}")),
            _ => Ok(()),
        }
    }

    /// Compares what is there with what was promised.
    pub(super) fn check(&self, observed: &Observed, strictness: Strictness) -> Result<(), String> {
        check_order(observed, strictness)?;
        check_once(observed.events.iter().map(|event| event.marker), "m")?;
        check_once(observed.events.iter().filter_map(|event| event.id), "id-")?;
        check_once(observed.rejected.iter().map(|rejected| rejected.marker), "rejected m")?;
        if strictness != Strictness::OrderOnly {
            self.check_promises(observed, strictness)?;
        }
        self.check_wholeness(observed, strictness)
    }

    fn check_promises(&self, observed: &Observed, strictness: Strictness) -> Result<(), String> {
        let excused = |offset: u64| strictness == Strictness::AllButTheNewestGroup && self.last_group.contains(&offset);
        let there: BTreeMap<u64, u64> = observed.events.iter().map(|event| (event.offset, event.marker)).collect();
        for (offset, marker) in self.acknowledged.iter().filter(|(offset, _)| !excused(**offset)) {
            match there.get(offset) {
                Some(found) if found == marker => {}
                Some(found) => return Err(format!("m{marker} was acknowledged at {offset}, where m{found} is now")),
                None => return Err(format!("m{marker} was acknowledged at {offset} and is gone")),
            }
        }
        if strictness == Strictness::Everything {
            let kept: BTreeSet<u64> = observed.rejected.iter().map(|rejected| rejected.marker).collect();
            if let Some(lost) = self.rejected.difference(&kept).next() {
                return Err(format!("rejected m{lost} was reported and is gone"));
            }
        }
        Ok(())
    }

    /// Every request is there whole or not at all, but for events whose ids were there before, or are lost with damage.
    fn check_wholeness(&self, observed: &Observed, strictness: Strictness) -> Result<(), String> {
        let markers: BTreeSet<u64> = observed.events.iter().map(|event| event.marker).collect();
        let ids: BTreeSet<u64> = observed.events.iter().filter_map(|event| event.id).collect();
        let mut known = 0;
        for sending in &self.sent {
            let good = || sending.events.iter().filter(|event| event.good);
            let here = good().filter(|event| markers.contains(&event.marker)).count();
            known += here;
            let elsewhere = |id: u64| strictness != Strictness::Everything || ids.contains(&id);
            let missing = good().find(|event| !markers.contains(&event.marker) && !event.id.is_some_and(elsewhere));
            if let Some(missing) = missing.filter(|_| here > 0) {
                return Err(format!("m{} is missing, {here} others of its request are there", missing.marker));
            }
        }
        if known == markers.len() { Ok(()) } else { Err("events are there that nobody sent".to_owned()) }
    }
}

fn check_order(observed: &Observed, strictness: Strictness) -> Result<(), String> {
    for (index, event) in observed.events.iter().enumerate() {
        if strictness == Strictness::Everything && event.offset != index as u64 {
            return Err(format!("the event after {index} others has offset {}", event.offset));
        }
    }
    for pair in observed.events.windows(2) {
        if pair[0].offset >= pair[1].offset {
            return Err(format!("offset {} comes after {}", pair[1].offset, pair[0].offset));
        }
        if pair[0].ingested_at > pair[1].ingested_at {
            return Err(format!("the append time goes back at offset {}", pair[1].offset));
        }
    }
    match observed.rejected.windows(2).find(|pair| pair[0].number >= pair[1].number) {
        Some(pair) => Err(format!("rejected number {} comes after {}", pair[1].number, pair[0].number)),
        None => Ok(()),
    }
}

fn check_once(markers: impl Iterator<Item = u64>, prefix: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for marker in markers {
        if !seen.insert(marker) {
            return Err(format!("{prefix}{marker} is there twice"));
        }
    }
    Ok(())
}
