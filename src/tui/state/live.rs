//! The newest events, how many there were that are not among them, and which of them is looked at.

use std::collections::VecDeque;

use crate::tui::event::Micros;
use crate::tui::row::Row;

/// Events that are kept; older ones go. At 200 a second they reach ten seconds back, and further on calm days.
pub const ROWS_MAX: usize = 2_000;

/// The list of the live view.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    rows: VecDeque<Row>,
    /// Events that were ever taken up; the number of the first one in `rows` follows from it.
    taken: u64,
    /// The event that is looked at, by its number; none while the newest is followed.
    selected: Option<u64>,
    /// Events that went by unseen since the filter was set.
    pub missed: u64,
    /// Events that passed the filter, and those of them that were sent.
    pub matched: u64,
    pub sent: u64,
    /// From the server's taking the newest event to its arrival here.
    pub lag: Option<Micros>,
    /// Whether the rows go as soon as others come.
    is_over: bool,
}

impl Tail {
    /// Takes up events, oldest first. Those that came with the past already are passed over.
    pub fn extend(&mut self, mut rows: Vec<Row>, now: Micros) {
        self.drop_old();
        if let Some(newest) = rows.last().filter(|row| row.ingested > 0) {
            self.lag = Some((now - newest.ingested).max(0));
        }
        if let Some(last) = self.rows.back().and_then(|row| row.offset) {
            rows.retain(|row| row.offset.is_none_or(|offset| offset > last));
        }
        self.append(rows);
    }

    fn append(&mut self, rows: Vec<Row>) {
        self.taken += rows.len() as u64;
        self.rows.extend(rows);
        while self.rows.len() > ROWS_MAX {
            self.rows.pop_front();
        }
        let first = self.first();
        self.selected = self.selected.map(|number| number.max(first));
    }

    /// Puts events of the past before all others, newest first as the server lists them, without those that are there.
    pub fn prepend(&mut self, newest_first: Vec<Row>) {
        self.drop_old();
        let known = self.rows.iter().find_map(|row| row.offset);
        let is_older = |row: &Row| match (row.offset, known) {
            (Some(offset), Some(known)) => offset < known,
            _ => known.is_none(),
        };
        for row in newest_first.into_iter().filter(is_older) {
            if self.rows.len() >= ROWS_MAX {
                break;
            }
            self.rows.push_front(row);
            // The numbers of the others grow by one, so that what is looked at stays the same.
            self.taken += 1;
            self.selected = self.selected.map(|number| number + 1);
        }
    }

    /// Begins another list, for there would be a hole in this one. What is there stays until others come, so that nothing
    /// flickers.
    pub fn begin_anew(&mut self) {
        (self.missed, self.matched, self.sent, self.lag, self.is_over) = (0, 0, 0, None, true);
    }

    fn drop_old(&mut self) {
        if std::mem::take(&mut self.is_over) {
            self.rows.clear();
            self.selected = None;
        }
    }

    /// Forgets everything: the filter is another.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether the newest events are followed.
    #[must_use]
    pub const fn is_following(&self) -> bool {
        self.selected.is_none()
    }

    /// Events that passed the filter and are not here, for they were sampled away or came too fast.
    #[must_use]
    pub const fn unseen(&self) -> u64 {
        self.matched.saturating_sub(self.sent) + self.missed
    }

    fn first(&self) -> u64 {
        self.taken - self.rows.len() as u64
    }

    /// Moves the selection; the first move up stops following, a move below the newest follows again.
    pub fn step(&mut self, by: i64) {
        let Some(newest) = self.taken.checked_sub(1).filter(|_| !self.rows.is_empty()) else { return };
        let from = self.selected.unwrap_or(newest);
        if by > 0 && (self.selected.is_none() || from == newest) {
            self.selected = None;
            return;
        }
        self.selected = Some(from.saturating_add_signed(by).clamp(self.first(), newest));
    }

    pub fn go_first(&mut self) {
        self.selected = (!self.rows.is_empty()).then(|| self.first());
    }

    pub fn follow(&mut self) {
        self.selected = None;
    }

    /// Looks at the n-th event of those that a list of this height shows.
    pub fn select_shown(&mut self, height: usize, line: usize) {
        let (start, shown, _) = self.window(height);
        if line < shown.len() {
            self.selected = Some(self.first() + (start + line) as u64);
        }
    }

    /// Returns the event that is looked at; the newest, while that is followed.
    #[must_use]
    pub fn selected(&self) -> Option<&Row> {
        match self.selected {
            None => self.rows.back(),
            Some(number) => self.rows.get(usize::try_from(number - self.first()).ok()?),
        }
    }

    /// Returns the rows of a list of so many lines: the index of the first, the rows, and which of them is looked at.
    #[must_use]
    pub fn window(&self, height: usize) -> (usize, Vec<&Row>, Option<usize>) {
        let last_start = self.rows.len().saturating_sub(height);
        let selected = self.selected.map(|number| usize::try_from(number - self.first()).unwrap_or_default());
        // The selection stands in the middle, so that it is seen what came before and after.
        let start = selected.map_or(last_start, |at| at.saturating_sub(height / 2).min(last_start));
        let shown = self.rows.iter().skip(start).take(height).collect();
        (start, shown, selected.map(|at| at - start))
    }

    /// Returns all rows as NDJSON.
    #[must_use]
    pub fn lines(&self) -> String {
        self.rows.iter().map(|row| format!("{}\n", row.json)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(offsets: std::ops::Range<u64>) -> Vec<Row> {
        offsets.map(|n| Row::of(json!({"type": format!("t{n}"), "_offset": n}).as_object().unwrap())).collect()
    }

    fn shown(tail: &Tail, height: usize) -> Vec<String> {
        tail.window(height).1.iter().map(|row| row.kind.clone()).collect()
    }

    #[test]
    fn the_newest_are_followed_until_somebody_looks_up() {
        let mut tail = Tail::default();
        tail.extend(rows(0..10), 0);
        assert_eq!(shown(&tail, 3), ["t7", "t8", "t9"]);
        tail.step(-1);
        assert!(!tail.is_following());
        tail.extend(rows(10..500), 0);
        assert_eq!(tail.selected().unwrap().kind, "t8", "what is looked at stays while others come");
        tail.follow();
        assert_eq!(shown(&tail, 2), ["t498", "t499"]);
        tail.step(-1);
        tail.step(1);
        tail.step(1);
        assert!(tail.is_following(), "below the newest there is only following");
    }

    #[test]
    fn memory_is_bounded_and_a_selection_that_leaves_it_moves() {
        let mut tail = Tail::default();
        tail.extend(rows(0..10), 0);
        tail.go_first();
        tail.extend(rows(10..ROWS_MAX as u64 + 100), 0);
        assert_eq!(tail.len(), ROWS_MAX);
        assert_eq!(tail.selected().unwrap().kind, "t100");
        assert_eq!(tail.window(5).2, Some(0));
    }

    #[test]
    fn the_past_goes_before_and_nothing_is_shown_twice() {
        let mut tail = Tail::default();
        tail.extend(rows(8..10), 0);
        tail.prepend(rows(5..10).into_iter().rev().collect());
        assert_eq!(shown(&tail, 10), ["t5", "t6", "t7", "t8", "t9"]);
        let mut empty = Tail::default();
        empty.prepend(rows(0..3).into_iter().rev().collect());
        empty.extend(rows(1..3), 0);
        assert_eq!(shown(&empty, 10), ["t0", "t1", "t2"]);
        empty.step(-1);
        assert_eq!(empty.selected().unwrap().kind, "t1");
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut tail = Tail { matched: 100, sent: 60, ..Tail::default() };
        tail.missed = 5;
        assert_eq!(tail.unseen(), 45);
    }
}
