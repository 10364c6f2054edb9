//! Puts what came back where it is shown.

use super::heat::Map;
use super::overview::{Latency, Rate, Totals, ranked};
use super::{Dirty, Link, Source, State};
use crate::api::state::Status;
use crate::tui::action::Action;
use crate::tui::cursor::Cursor;
use crate::tui::event::{Answer, Failure, Slot};
use crate::tui::row::micros;

/// Points of the server's own rate that are kept.
const TAKEN_MAX: usize = 240;

impl State {
    pub(super) fn answered(&mut self, slot: Slot, answer: Answer, actions: &mut Vec<Action>) {
        self.touch(Dirty::Soon);
        match (slot, answer) {
            (slot, Answer::Failed { failure }) => self.failed(slot, failure),
            (Slot::Rate, Answer::Table { table }) => {
                self.overview.failure = None;
                let rate = Rate::of(&table, self.asked);
                if rate.total() == 0 {
                    self.ask_why_nothing(actions);
                }
                self.overview.rate = Some(rate);
            }
            (Slot::Latency, Answer::Table { table }) => {
                let field = self.latency_field().unwrap_or_default();
                self.overview.latency = Some(Latency::of(&table, self.asked, &field));
            }
            (Slot::Totals, Answer::Table { table }) => self.overview.totals = Some(Totals::of(&table)),
            (Slot::Before, Answer::Table { table }) => self.overview.before = Some(Totals::of(&table)),
            (Slot::Top(at), Answer::Table { table }) => {
                self.overview.set_top(at, ranked(&table));
            }
            (Slot::Panel(at), Answer::Table { table }) => {
                if let Some(panel) = self.panels.get_mut(at) {
                    panel.answer = Some(Ok(table));
                }
            }
            (Slot::Fields, Answer::Table { table }) => {
                self.explorer.failure = None;
                self.explorer.set_sizes(&table);
            }
            (Slot::Values, Answer::Table { table }) => self.explorer.set_values(ranked(&table)),
            (Slot::Events, Answer::Events { rows }) => {
                if rows.is_empty() {
                    self.ask_why_nothing(actions);
                }
                self.explorer.set_events(rows);
            }
            (Slot::Heat, Answer::Table { table }) => {
                let field = self.latency_field().unwrap_or_default();
                self.heat.failure = None;
                let map = Map::of(&table, self.asked, &field);
                if map.total == 0 {
                    self.ask_why_nothing(actions);
                }
                self.heat.set(map);
            }
            (Slot::Sql(number), Answer::Part { frame }) => {
                self.sql.answered(number, frame);
                self.touch(Dirty::Now);
            }
            (Slot::Backlog, Answer::Events { rows }) => {
                if rows.is_empty() {
                    self.ask_why_nothing(actions);
                }
                self.tail.prepend(rows);
            }
            (Slot::Seen, Answer::Table { table }) => self.set_seen(table, actions),
            (Slot::Why, Answer::Table { table }) => self.set_why(&table, actions),
            (Slot::Related, Answer::Events { rows }) => self.related(rows, actions),
            (Slot::Newest, Answer::Table { table }) => {
                let row = table.rows.first().map(Vec::as_slice).unwrap_or_default();
                let time = |at: usize| row.get(at).and_then(serde_json::Value::as_str).map(micros);
                if let Some(newest) = time(0) {
                    let oldest = time(1).unwrap_or(newest + 1 - self.place.cursor.span());
                    self.place.cursor = Cursor::between(oldest, newest + 1);
                    self.refresh(actions);
                }
            }
            (Slot::Status, Answer::Status { status }) => self.set_status(status),
            (Slot::Health, Answer::Health { health }) => self.health = Some(health),
            (Slot::Storage, Answer::Storage { storage }) => self.storage = Some(storage),
            (Slot::Rejected, Answer::Rejected { rows }) => self.rejected = rows,
            (Slot::Schema, Answer::Schema { schema }) => {
                let known = (self.latency_field(), self.rankings());
                self.schema = Some(schema);
                // Other paths make other questions.
                if known != (self.latency_field(), self.rankings()) {
                    self.refresh(actions);
                }
            }
            // An answer of another form than the question has: nothing of ours sends one.
            _ => {}
        }
        self.plan_next();
    }

    fn failed(&mut self, slot: Slot, failure: Failure) {
        match slot {
            Slot::Sql(number) => {
                if failure.is_transient {
                    self.lost(failure.message.clone());
                }
                self.sql.failed(number, failure);
            }
            // That the server is away is told once, by the link.
            _ if failure.is_transient => self.lost(failure.message),
            Slot::Fields | Slot::Values | Slot::Events => self.explorer.failure = Some(failure),
            Slot::Heat => self.heat.failure = Some(failure),
            // Nothing is offered; the statement itself will say what is wrong with its column.
            Slot::Seen | Slot::Why => {}
            // A server may serve its other ports and not this one.
            Slot::Storage => self.storage = None,
            Slot::Panel(at) => {
                if let Some(panel) = self.panels.get_mut(at) {
                    panel.answer = Some(Err(failure));
                }
            }
            _ => self.overview.failure = Some(failure),
        }
    }

    /// Notes that the server is away, where nothing else does: the live subscription tells it by itself.
    fn lost(&mut self, reason: String) {
        if !self.follows && self.setup.source == Source::Server {
            self.link = Link::Down { since: self.now, reason };
            self.touch(Dirty::Now);
        }
    }

    fn set_status(&mut self, status: Status) {
        let accepted = status.events.accepted;
        if let Some((when, before)) = self.taken_before.filter(|(when, _)| *when < self.now) {
            // A server that was started anew counts from 0.
            let events = accepted.saturating_sub(before) as f64;
            self.taken.push(events * 1e6 / (self.now - when) as f64);
            if self.taken.len() > TAKEN_MAX {
                self.taken.remove(0);
            }
        }
        self.taken_before = Some((self.now, accepted));
        self.set_processor(&status);
        let own = self.setup.version;
        if status.version != own && !std::mem::replace(&mut self.told_version, true) {
            self.say(format!("the server has version {}, this program {own}", status.version));
        }
        self.status = Some(status);
    }

    /// Notes which share of a core the server took since it was last asked.
    fn set_processor(&mut self, status: &Status) {
        let Some(seconds) = status.process.cpu_seconds else { return };
        if let Some((when, pid, before)) = self.processor_before
            && when < self.now
        {
            // One that was started anew counts from 0.
            let is_same = pid == status.pid && before <= seconds;
            self.processor = is_same.then(|| (seconds - before) * 1e6 / (self.now - when) as f64);
        }
        self.processor_before = Some((self.now, status.pid, seconds));
    }
}
