//! Numbers the questions, so that only the answer to the last one of each slot counts.

use std::collections::BTreeMap;

use crate::tui::action::{Action, Question};
use crate::tui::event::{Micros, Slot, Ticket};

/// A refresh starts at most so often.
const PAUSE_MIN: Micros = 1_000_000;
/// However slow the server is, what is shown is not older than this.
const PAUSE_MAX: Micros = 30_000_000;
/// Of the server's time, dashboards take at most one part in so many.
const SHARE: Micros = 8;

/// Questions that are open.
#[derive(Debug, Clone, Default)]
pub struct Asks {
    last: u64,
    open: BTreeMap<Slot, u64>,
    /// When the running round of questions began, and how long the last one took.
    began: Micros,
    took: Micros,
}

impl Asks {
    /// Returns the question with its number.
    pub fn ask(&mut self, slot: Slot, question: Question) -> Action {
        self.last += 1;
        self.open.insert(slot, self.last);
        Action::Ask { ticket: Ticket { slot, number: self.last }, question }
    }

    /// Tells whether this is the last question of its slot, and open.
    #[must_use]
    pub fn is_last(&self, ticket: Ticket) -> bool {
        self.open.get(&ticket.slot) == Some(&ticket.number)
    }

    /// Tells whether this answers the last question of its slot, which is closed then.
    pub fn take(&mut self, ticket: Ticket, now: Micros) -> bool {
        if !self.is_last(ticket) {
            return false;
        }
        self.open.remove(&ticket.slot);
        if self.open.is_empty() {
            self.took = now - self.began;
        }
        true
    }

    /// Forgets the question of a slot.
    pub fn give_up(&mut self, slot: Slot) -> Option<Action> {
        self.open.remove(&slot).map(|number| Action::GiveUp { ticket: Ticket { slot, number } })
    }

    #[must_use]
    pub fn is_open(&self, slot: Slot) -> bool {
        self.open.contains_key(&slot)
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Notes that a round of questions begins.
    pub fn begin(&mut self, now: Micros) {
        self.began = now;
    }

    /// Returns when the next round may begin: the longer the last one took, the later.
    #[must_use]
    pub fn next_round(&self) -> Micros {
        self.began + (self.took * SHARE).clamp(PAUSE_MIN, PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(action: &Action) -> Ticket {
        let Action::Ask { ticket, .. } = action else { panic!("a question") };
        *ticket
    }

    #[test]
    fn only_the_answer_to_the_last_question_counts() {
        let mut asks = Asks::default();
        let first = ticket(&asks.ask(Slot::Rate, Question::Status));
        let second = ticket(&asks.ask(Slot::Rate, Question::Status));
        assert!(!asks.take(first, 0));
        assert!(asks.take(second, 0));
        assert!(!asks.take(second, 0), "an answer counts once");
    }

    #[test]
    fn a_slow_server_is_asked_less_often() {
        let mut asks = Asks::default();
        asks.begin(0);
        let quick = ticket(&asks.ask(Slot::Rate, Question::Status));
        asks.take(quick, 10_000);
        assert_eq!(asks.next_round(), PAUSE_MIN);
        asks.begin(0);
        let slow = ticket(&asks.ask(Slot::Rate, Question::Status));
        asks.take(slow, 2_000_000);
        assert_eq!(asks.next_round(), 16_000_000);
    }
}
