//! Decides what to ask and when: as often as events come and the server can bear, and never while nothing happens.

use super::place::View;
use super::{Dirty, Link, Opening, Source, State};
use crate::tui::action::{Action, Question};
use crate::tui::cursor::Range;
use crate::tui::event::{Micros, Slot};
use crate::tui::statement::{self, Scope};

/// Rows of a question whose answer is cut into buckets: 92 buckets of some hundred types.
const SERIES_ROWS_MAX: u64 = 20_000;
/// Events of the past that the live view begins with.
const BACKLOG: usize = 200;
/// Events that the explorer lists.
const EVENTS: usize = 100;
/// Refused events that are shown.
const REJECTED: usize = 8;
/// While the server's own numbers are looked at, they are not older than this.
const HEALTH_EVERY: Micros = 5_000_000;
/// New events may have fields that no event had before.
const SCHEMA_EVERY: Micros = 10_000_000;
/// Questions that did not come back yet are not asked again so soon.
const BUSY_AGAIN: Micros = 250_000;

impl State {
    /// Asks for everything, for the server is there.
    pub(super) fn connected(&mut self, actions: &mut Vec<Action>) {
        self.link = Link::Up;
        self.touch(Dirty::Now);
        self.ask_schema(actions);
        if self.setup.source == Source::History && self.place.cursor.is_live() {
            self.ask_newest(actions);
        }
        if self.takes_rows() {
            self.listed_until = None;
            self.ask_backlog(actions);
        }
        self.refresh(actions);
    }

    /// Whether events that come belong into the list of the live view: nobody looks at the past, or at one of them.
    #[must_use]
    pub fn takes_rows(&self) -> bool {
        self.place.cursor.is_live() && self.tail.is_following()
    }

    /// Whether nothing that is shown changes by itself.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        !self.place.cursor.is_live() || (self.place.view == View::Live && !self.tail.is_following())
    }

    /// Begins or ends the live subscription as what is shown needs it. While everything stands still nothing is taken from the
    /// server, unless it is away: the subscription is what finds it again.
    pub(super) fn follow_or_not(&mut self, actions: &mut Vec<Action>) {
        let wanted = self.setup.source == Source::Server && (!self.stands_still() || self.is_stale());
        if wanted == self.follows {
            return;
        }
        self.follows = wanted;
        actions.push(match wanted {
            true => Action::Follow { filter: self.place.filter.clone() },
            false => Action::Unfollow,
        });
    }

    /// Notes that events came, so that what is shown is asked for again soon.
    pub(super) fn traffic(&mut self) {
        self.came = Some(self.now);
        if self.place.view == View::Live && self.takes_rows() {
            self.touch(Dirty::Soon);
        }
        if self.place.cursor.is_live() && self.asks_anything() {
            self.due_at(self.asks.next_round().max(self.now));
        }
    }

    fn due_at(&mut self, time: Micros) {
        self.due = Some(self.due.map_or(time, |due| due.min(time)));
    }

    /// Whether the view shows answers that change as events come.
    fn asks_anything(&self) -> bool {
        self.link == Link::Up && !matches!(self.place.view, View::Live | View::Sql)
    }

    /// Asks again, if the last round is over.
    pub(super) fn round(&mut self, actions: &mut Vec<Action>) {
        self.due = None;
        if !self.asks_anything() {
            return;
        }
        if self.asks.is_idle() { self.refresh(actions) } else { self.due_at(self.now + BUSY_AGAIN) }
    }

    /// Plans the next round after one is over: while the range slides over events that came, it has to be drawn anew.
    pub(super) fn plan_next(&mut self) {
        let changes = self.setup.source == Source::Server && self.place.cursor.is_live();
        if !changes || !self.asks.is_idle() || !self.asks_anything() {
            return;
        }
        if self.place.view == View::Health {
            return self.due_at(self.asks.next_round().max(self.now + HEALTH_EVERY));
        }
        let range = self.range();
        if self.came.is_some_and(|came| came >= range.since - range.bucket) {
            self.due_at(self.asks.next_round().max(range.until));
        }
    }

    #[must_use]
    pub fn range(&self) -> Range {
        self.place.cursor.range(self.now)
    }

    /// Returns the events that all views are about; none while the filter means nothing.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        Scope::new(self.range(), &self.place.filter).ok()
    }

    #[must_use]
    pub fn latency_field(&self) -> Option<String> {
        self.schema.as_ref().and_then(statement::latency_field)
    }

    /// Asks for what the view shows.
    pub fn refresh(&mut self, actions: &mut Vec<Action>) {
        if self.is_stale() {
            return;
        }
        let Some(scope) = self.scope() else { return };
        self.due = None;
        self.asks.begin(self.now);
        self.asked = scope.range;
        if self.now - self.schema_asked >= SCHEMA_EVERY {
            self.ask_schema(actions);
        }
        match self.place.view {
            View::Overview => self.ask_overview(&scope, actions),
            View::Explorer => self.ask_explorer(&scope, actions),
            View::Heatmap => {
                if let Some(field) = self.latency_field() {
                    self.sql(Slot::Heat, scope.heat(&field), SERIES_ROWS_MAX, actions);
                }
            }
            View::Health => {
                actions.push(self.asks.ask(Slot::Status, Question::Status));
                actions.push(self.asks.ask(Slot::Health, Question::Health));
                actions.push(self.asks.ask(Slot::Rejected, Question::Rejected { limit: REJECTED }));
                actions.push(self.asks.ask(Slot::Storage, Question::Storage));
            }
            View::Live => self.list_past(scope.range.until, actions),
            View::Sql => {}
        }
    }

    /// Lists the events before a moment of the past, unless that is what is listed.
    fn list_past(&mut self, until: Micros, actions: &mut Vec<Action>) {
        if self.place.cursor.is_live() || self.listed_until == Some(until) {
            return;
        }
        self.listed_until = Some(until);
        self.tail.follow();
        self.tail.begin_anew();
        self.ask_backlog(actions);
    }

    /// Asks where a history ends, to go there.
    pub(super) fn ask_newest(&mut self, actions: &mut Vec<Action>) {
        let sql = match self.setup.opening {
            Opening::Newest => statement::NEWEST.to_owned(),
            Opening::Everything => statement::EXTENT.to_owned(),
        };
        actions.push(self.asks.ask(Slot::Newest, Question::Sql { sql, rows_max: 1 }));
    }

    fn ask_schema(&mut self, actions: &mut Vec<Action>) {
        self.schema_asked = self.now;
        actions.push(self.asks.ask(Slot::Schema, Question::Schema));
    }

    fn sql(&mut self, slot: Slot, sql: String, rows_max: u64, actions: &mut Vec<Action>) {
        actions.push(self.asks.ask(slot, Question::Sql { sql, rows_max }));
    }

    fn ask_overview(&mut self, scope: &Scope, actions: &mut Vec<Action>) {
        let latency = self.latency_field();
        let latency = latency.as_deref();
        self.sql(Slot::Rate, scope.rate(), SERIES_ROWS_MAX, actions);
        if let Some(field) = latency {
            self.sql(Slot::Latency, scope.latency(field), SERIES_ROWS_MAX, actions);
        }
        for (at, (_, name)) in self.rankings().into_iter().enumerate() {
            self.sql(Slot::Top(at), scope.top(name, latency), SERIES_ROWS_MAX, actions);
        }
        self.sql(Slot::Totals, scope.totals(latency), 1, actions);
        if self.compares {
            let before = scope.over(scope.range.before());
            self.sql(Slot::Before, before.totals(latency), 1, actions);
        }
        for at in 0..self.panels.len() {
            let Some(sql) = self.panels[at].statement(scope) else { continue };
            self.sql(Slot::Panel(at), sql, super::panel::ROWS_MAX, actions);
        }
        actions.push(self.asks.ask(Slot::Status, Question::Status));
    }

    /// Returns what is ranked on the overview: a title, and how SQL names it.
    #[must_use]
    pub fn rankings(&self) -> [(&'static str, &'static str); 3] {
        let page = self.schema.as_ref().and_then(statement::page_field);
        let page = page.map_or(("Types", "type"), |page| ("Pages", page));
        [("Sources", "source"), page, ("Devices", "concat(device_type, ' ', coalesce(os, ''))")]
    }

    fn ask_explorer(&mut self, scope: &Scope, actions: &mut Vec<Action>) {
        if let Some(schema) = &self.schema {
            self.explorer.set_names(statement::fields(schema));
        }
        if !self.explorer.names.is_empty() {
            let names = self.explorer.names.clone();
            self.sql(Slot::Fields, scope.fields(&names), 1, actions);
        }
        self.ask_values(actions);
        let question = Question::Events {
            since: Some(crate::tui::text::rfc3339(scope.range.since)),
            until: Some(crate::tui::text::rfc3339(scope.range.until)),
            filter: self.place.filter.clone(),
            limit: EVENTS,
        };
        actions.push(self.asks.ask(Slot::Events, question));
    }

    /// Asks for the values of the chosen field.
    pub(super) fn ask_values(&mut self, actions: &mut Vec<Action>) {
        let latency = self.latency_field();
        let (Some(scope), Some(field)) = (self.scope(), self.explorer.field_name()) else { return };
        let sql = scope.values(field, latency.as_deref().filter(|latency| *latency != field));
        self.sql(Slot::Values, sql, statement::VALUES_MAX as u64, actions);
    }

    /// Asks for the newest events there are, so that the live view does not begin empty; in the past, for those before its end.
    pub(super) fn ask_backlog(&mut self, actions: &mut Vec<Action>) {
        let filter = self.place.filter.clone();
        let until = (!self.place.cursor.is_live()).then(|| crate::tui::text::rfc3339(self.range().until));
        let question = Question::Events { since: None, until, filter, limit: BACKLOG };
        actions.push(self.asks.ask(Slot::Backlog, question));
    }
}
