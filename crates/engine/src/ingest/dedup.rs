//! Remembers client ids: which were seen, and where the first event with each is stored.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::HashMap;

use crate::clock::Micros;

/// Maps grow one at a time, so that growing never stops the journal thread for long.
const SHARDS: usize = 256;
/// Ids share one note of their age in runs of up to this many.
const RUN_IDS_MAX: usize = 4_096;

/// Fingerprints are uniform already; the low bits choose the shard and the high ones the slot.
type Shard = HashMap<u128, u64, hashbrown::DefaultHashBuilder>;

/// Fingerprints of client ids, oldest forgotten first.
#[derive(Debug)]
pub(crate) struct Dedup {
    shards: Vec<Shard>,
    /// In the order in which they came.
    order: VecDeque<u128>,
    /// When ids came, and how many in a row.
    runs: VecDeque<(Micros, usize)>,
    window_micros: i64,
    ids_max: usize,
}

impl Dedup {
    pub(crate) fn new(window: Duration, ids_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            order: VecDeque::new(),
            runs: VecDeque::new(),
            window_micros: i64::try_from(window.as_micros()).unwrap_or(i64::MAX),
            ids_max: ids_max.max(1),
        }
    }

    /// Returns the offset of the first event with this id.
    pub(crate) fn find(&self, id: u128) -> Option<u64> {
        self.shards[id as usize % SHARDS].get(&id).copied()
    }

    /// Remembers an id that was not known.
    pub(crate) fn insert(&mut self, id: u128, offset: u64, now: Micros) {
        if self.shards[id as usize % SHARDS].insert(id, offset).is_some() {
            return;
        }
        self.order.push_back(id);
        match self.runs.back_mut() {
            Some((at, count)) if *at == now && *count < RUN_IDS_MAX => *count += 1,
            _ => self.runs.push_back((now, 1)),
        }
        if self.order.len() > self.ids_max {
            self.forget_one();
        }
    }

    /// Forgets the `count` ids that came last, for their events were not stored after all.
    pub(crate) fn take_back(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(id) = self.order.pop_back() {
                self.shards[id as usize % SHARDS].remove(&id);
            }
            if let Some((_, run)) = self.runs.back_mut() {
                *run -= 1;
                if *run == 0 {
                    self.runs.pop_back();
                }
            }
        }
    }

    /// Forgets ids older than the window.
    pub(crate) fn expire(&mut self, now: Micros) {
        while self.runs.front().is_some_and(|(at, _)| now.saturating_sub(*at) > self.window_micros) {
            self.forget_one();
        }
    }

    fn forget_one(&mut self) {
        if let Some(id) = self.order.pop_front() {
            self.shards[id as usize % SHARDS].remove(&id);
        }
        if let Some((_, count)) = self.runs.front_mut() {
            *count -= 1;
            if *count == 0 {
                self.runs.pop_front();
            }
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_until_its_window_has_passed() {
        let mut dedup = Dedup::new(Duration::from_micros(10), 100);
        dedup.insert(7, 70, 0);
        dedup.insert(8, 80, 5);
        dedup.expire(10);
        assert_eq!((dedup.find(7), dedup.find(8)), (Some(70), Some(80)));
        dedup.expire(11);
        assert_eq!((dedup.find(7), dedup.find(8)), (None, Some(80)));
    }

    #[test]
    fn ids_of_a_failed_commit_are_taken_back() {
        let mut dedup = Dedup::new(Duration::from_secs(1), 10);
        for id in 0..5 {
            dedup.insert(id, 0, i64::from(id > 2));
        }
        dedup.take_back(3);
        assert_eq!((dedup.find(1), dedup.find(2), dedup.len()), (Some(0), None, 2));
        dedup.take_back(3);
        assert_eq!((dedup.len(), dedup.runs.len()), (0, 0));
    }

    #[test]
    fn the_oldest_id_makes_room_when_there_are_too_many() {
        let mut dedup = Dedup::new(Duration::from_secs(1), 3);
        for id in 0..10_000 {
            dedup.insert(id, id as u64, 0);
        }
        assert_eq!(dedup.len(), 3);
        assert_eq!((dedup.find(9_996), dedup.find(9_997)), (None, Some(9_997)));
    }
}
