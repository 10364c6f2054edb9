//! Commits groups of requests: duplicates out, offsets on, journal, sync, tail, answer. One thread, no waiting inside, so
//! that the simulation can drive it step by step.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::decoder::{Decoder, Rejected};
use super::dedup::Dedup;
use super::draft::Draft;
use super::prepared::{Content, Many, One, Prepared};
use super::rejected::{self, StoredRejection};
use super::request::{Ack, AppendError, Appended, Duplicate, Identity, RequestKey};
use super::request_keys;
use super::store::{Counters, JournalState, Store};
use crate::clock::{Clock, Micros};
use crate::disk::Disk;
use crate::journal::{FrameBody, FrameKind, Journal, JournalError, JournalOptions, Recovered};

/// One request that waits for its group.
#[derive(Debug)]
pub struct Request {
    pub prepared: Prepared,
    pub ack: Ack,
    pub key: Option<RequestKey>,
}

/// How long a sender should wait when the tail is full, seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Commits groups of requests.
#[derive(Debug)]
pub struct Writer {
    journal: Journal,
    clock: Arc<dyn Clock>,
    store: Arc<Store>,
}

/// One request of the group that is being committed.
struct Member {
    ack: Ack,
    key: Option<RequestKey>,
    answer: Appended,
    /// The member with the same request key whose answer this one gets.
    same_as: Option<usize>,
    refusal: Option<AppendError>,
    unknown_keys: u64,
}

/// What the group will write.
#[derive(Default)]
struct Group {
    members: Vec<Member>,
    /// The single events, a line each.
    singles: Vec<u8>,
    single_rows: usize,
    /// Drafts with the member that each belongs to.
    lists: Vec<Draft>,
    frames: Vec<FrameBody>,
    rejected: Vec<Rejected>,
    /// How many ids this group has added to those that are remembered; taken back if the commit fails.
    new_ids: usize,
    next_offset: u64,
    now: Micros,
}

impl Writer {
    /// Opens the journal and rebuilds the store from it.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        options: JournalOptions,
        store: Arc<Store>,
    ) -> Result<(Self, Recovered), JournalError> {
        Self::open_relieved(disk, clock, options, store, &mut || {})
    }

    /// Opens the journal as [`Writer::open`] does. Between its frames `relieve` may take out of the store what is replayed so
    /// far; it must leave the journal's files.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_relieved(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        options: JournalOptions,
        store: Arc<Store>,
        relieve: &mut dyn FnMut(),
    ) -> Result<(Self, Recovered), JournalError> {
        let mut decoder = Decoder::of(store.geo.clone());
        let dir = options.dir.clone();
        let (journal, recovered) = Journal::open(disk, Arc::clone(&clock), options, &mut |frame| {
            let replayed = store.replay(frame, &mut decoder);
            replayed.map_err(|reason| JournalError::Replay { path: dir.clone(), reason })?;
            relieve();
            Ok(())
        })?;
        let writer = Self { journal, clock, store };
        writer.report(None);
        Ok((writer, recovered))
    }

    /// Stores a group of requests with one write and one sync, and answers each by its position. A request that does not
    /// wait for the disk is answered a second time after the sync; only the first answer counts.
    pub fn commit(&mut self, requests: Vec<Request>, answer: &mut dyn FnMut(usize, Result<Appended, AppendError>)) {
        let mut group = Group { next_offset: self.journal.next_offset(), now: self.clock.now(), ..Group::default() };
        self.admit(requests, &mut group);
        if let Err(error) = self.write(&mut group, answer) {
            self.store.dedup.lock().take_back(group.new_ids);
            self.report(Some(&error));
            let failure = AppendError::Storage { reason: error.to_string() };
            group.members.iter_mut().for_each(|member| member.refusal = Some(failure.clone()));
        }
        for index in 0..group.members.len() {
            let member = &group.members[index];
            let result = match (&member.refusal, member.same_as) {
                (Some(refusal), _) => Err(refusal.clone()),
                (None, Some(first)) => match &group.members[first].refusal {
                    Some(refusal) => Err(refusal.clone()),
                    None => Ok(Appended { replayed: true, ..group.members[first].answer.clone() }),
                },
                (None, None) => Ok(member.answer.clone()),
            };
            answer(index, result);
        }
    }

    /// Decides what of the requests is new, and gathers what has to be written.
    fn admit(&self, requests: Vec<Request>, group: &mut Group) {
        let mut dedup = self.store.dedup.lock();
        dedup.expire(group.now);
        let keys = self.store.keys.lock();
        let mut room = self.store.options.tail_bytes_max.saturating_sub(self.store.tail.bytes());
        let mut key_owner: HashMap<String, usize> = HashMap::new();
        let mut lists = Vec::new();
        for (index, Request { prepared, ack, key }) in requests.into_iter().enumerate() {
            let mut member = Member::new(ack, key);
            if let Some(RequestKey(key)) = &member.key {
                if let Some(answer) = keys.find(key) {
                    member.answer = answer;
                    group.members.push(member.without_key());
                    continue;
                }
                if let Some(owner) = key_owner.get(key) {
                    member.same_as = Some(*owner);
                    group.members.push(member.without_key());
                    continue;
                }
                key_owner.insert(key.clone(), index);
            }
            if prepared.bytes > room {
                member.refusal = Some(AppendError::Full { retry_after_seconds: RETRY_AFTER_SECONDS });
                group.members.push(member.without_key());
                continue;
            }
            room -= prepared.bytes;
            member.answer.rejections = prepared.rejected.iter().map(|r| r.rejection.clone()).collect();
            group.rejected.extend(prepared.rejected);
            match prepared.content {
                Content::Nothing => {}
                Content::One(one) => group.admit_single(&mut member, one, &mut dedup),
                // Lists follow the frame of the single events, so their offsets are not known before.
                Content::Many(many) => lists.push((index, *many)),
            }
            group.members.push(member);
        }
        for (index, many) in lists {
            group.admit_list(index, many, &mut dedup);
        }
    }

    fn write(
        &mut self,
        group: &mut Group,
        answer: &mut dyn FnMut(usize, Result<Appended, AppendError>),
    ) -> Result<(), JournalError> {
        let singles = std::mem::take(&mut group.singles);
        let mut bodies = Vec::with_capacity(group.frames.len() + 3);
        if group.single_rows > 0 {
            bodies.push(FrameBody::new(FrameKind::Events, &singles, group.single_rows));
        }
        bodies.append(&mut group.frames);
        if !group.rejected.is_empty() {
            let lines = rejected::encode(&group.rejected);
            bodies.push(FrameBody::new(FrameKind::Rejected, &lines, group.rejected.len()));
        }
        let (keys, count) = group.encode_keys();
        if count > 0 {
            bodies.push(FrameBody::new(FrameKind::RequestKeys, &keys, count));
        }
        if bodies.is_empty() {
            return Ok(());
        }
        let commit = self.journal.append(&bodies)?;
        group.answer_early(commit.appended_at, answer);
        let first_rejected = self.journal.next_rejected();
        self.journal.commit(&commit, &bodies)?;
        group.members.iter_mut().for_each(|member| member.answer.ingested_at = commit.appended_at);
        let mut base_offsets = commit.base_offsets.into_iter();
        if group.single_rows > 0 {
            let base_offset = base_offsets.next().expect("the first frame of events is that of the single ones");
            self.store.add_singles(singles, group.single_rows, base_offset, commit.appended_at);
        }
        for (draft, base_offset) in std::mem::take(&mut group.lists).into_iter().zip(base_offsets) {
            self.store.publish(draft, base_offset, commit.appended_at);
        }
        self.remember(group, commit.appended_at, first_rejected);
        self.report(None);
        Ok(())
    }

    fn remember(&self, group: &mut Group, now: Micros, first_rejected: u64) {
        let mut rejected = self.store.rejected.lock();
        for (Rejected { rejection, raw }, number) in group.rejected.drain(..).zip(first_rejected..) {
            rejected.push(StoredRejection {
                received_at: now,
                code: rejection.code.to_owned(),
                message: rejection.message,
                raw: String::from_utf8_lossy(&raw).into_owned(),
                number,
            });
        }
        drop(rejected);
        let mut keys = self.store.keys.lock();
        let counters = &self.store.counters;
        for member in &group.members {
            if let Some(RequestKey(key)) = &member.key {
                keys.insert(key.clone(), member.answer.clone());
            }
            if member.refusal.is_none() && !member.answer.replayed {
                Counters::add(&counters.accepted, member.answer.accepted);
                Counters::add(&counters.duplicates, member.answer.duplicates.len());
                Counters::add(&counters.rejected, member.answer.rejections.len());
                counters.unknown_keys.fetch_add(member.unknown_keys, Ordering::Relaxed);
            }
        }
    }

    /// Tells readers how the journal is.
    fn report(&self, failure: Option<&JournalError>) {
        self.store.set_journal_end(self.journal.next_offset(), self.journal.next_rejected());
        *self.store.journal.lock() = JournalState {
            stats: self.journal.stats(),
            free_bytes: self.journal.free_bytes(),
            failure: failure.map(ToString::to_string),
        };
    }

    /// Returns whether the next journal file should be filled ahead.
    #[must_use]
    pub fn wants_spare(&mut self) -> bool {
        self.journal.wants_spare()
    }

    /// Returns the work of filling the next journal file ahead, for another thread.
    pub fn fill_ahead(&self) -> impl FnOnce() -> std::io::Result<()> + Send + 'static {
        self.journal.fill_ahead()
    }

    /// Closes the journal file.
    ///
    /// # Errors
    /// When the disk fails; what was acknowledged is safe all the same.
    pub fn close(&mut self) -> Result<(), JournalError> {
        self.journal.close()
    }
}

impl Member {
    fn new(ack: Ack, key: Option<RequestKey>) -> Self {
        let answer = Appended::default();
        Self { ack, key, answer, same_as: None, refusal: None, unknown_keys: 0 }
    }

    /// A key that belongs to another request, or to one that was refused, is not remembered with this one.
    fn without_key(self) -> Self {
        Self { key: None, ..self }
    }
}

impl Group {
    fn admit_single(&mut self, member: &mut Member, one: One, dedup: &mut Dedup) {
        let offset = self.next_offset;
        if let Some((text, id)) = one.id {
            member.answer.client_id = Some(text);
            if let Some(first) = dedup.find(id) {
                let first = Identity { partition: 0, offset: first };
                member.answer.duplicates.push(Duplicate { index: 0, first });
                return;
            }
            dedup.insert(id, offset, self.now);
            self.new_ids += 1;
        }
        self.singles.extend_from_slice(&one.raw);
        self.singles.push(b'\n');
        self.single_rows += 1;
        self.next_offset += 1;
        member.unknown_keys = one.unknown_keys;
        member.answer.first_offset = Some(offset);
        member.answer.accepted = 1;
    }

    fn admit_list(&mut self, index: usize, many: Many, dedup: &mut Dedup) {
        let Many { mut draft, mut frame, indexes } = many;
        let answer = &mut self.members[index].answer;
        // Empty as long as every row is kept.
        let mut keep = Vec::new();
        for (row, id) in &draft.ids {
            let row = *row as usize;
            if let Some(first) = dedup.find(*id) {
                keep.resize(draft.rows, true);
                keep[row] = false;
                let index = indexes.as_ref().map_or(row, |indexes| indexes[row] as usize);
                answer.duplicates.push(Duplicate { index, first: Identity { partition: 0, offset: first } });
                continue;
            }
            let offset = self.next_offset + (row - answer.duplicates.len()) as u64;
            dedup.insert(*id, offset, self.now);
            self.new_ids += 1;
        }
        if !keep.is_empty() {
            let raw = draft.raw(|row| keep[row]);
            draft.retain(&keep);
            frame = FrameBody::new(FrameKind::Events, &raw, draft.rows);
        }
        let member = &mut self.members[index];
        member.unknown_keys = draft.unknown_keys;
        member.answer.accepted = draft.rows;
        if draft.rows == 0 {
            return;
        }
        member.answer.first_offset = Some(self.next_offset);
        self.next_offset += draft.rows as u64;
        self.lists.push(draft);
        self.frames.push(frame);
    }

    /// Returns the answers to requests with a key, as the journal keeps them, and how many there are.
    fn encode_keys(&self) -> (Vec<u8>, usize) {
        let mut lines = Vec::new();
        let mut count = 0;
        for member in &self.members {
            if let Some(RequestKey(key)) = &member.key {
                lines.extend(request_keys::encode(key, &member.answer));
                count += 1;
            }
        }
        (lines, count)
    }

    /// Answers those who do not wait for the disk.
    fn answer_early(&mut self, now: Micros, answer: &mut dyn FnMut(usize, Result<Appended, AppendError>)) {
        for (index, member) in self.members.iter_mut().enumerate() {
            let plain = member.refusal.is_none() && member.same_as.is_none();
            if member.ack == Ack::Memory && plain {
                member.answer.ingested_at = now;
                answer(index, Ok(member.answer.clone()));
            }
        }
    }
}
