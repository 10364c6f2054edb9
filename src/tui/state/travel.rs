//! Goes to other views, times and filters, and back to where the user came from.

use super::place::{Place, View};
use super::sql::Focus;
use super::{BACK_MAX, Source, State};
use crate::tui::action::Action;
use crate::tui::cursor::Cursor;
use crate::tui::statement;

impl State {
    /// Shows another view of the same events.
    pub(super) fn go_to(&mut self, view: View, actions: &mut Vec<Action>) {
        self.layers.clear();
        if self.place.view != view {
            // Whoever passes through SQL goes on with the keys of all views; the editor has them after `i` or enter.
            self.sql.focus = Focus::Results;
            self.place.view = view;
            self.refresh(actions);
            self.plan_next();
        }
    }

    /// Goes to another place, to which `back` returns from.
    pub(super) fn go(&mut self, place: Place, actions: &mut Vec<Action>) {
        self.back.push(self.place.clone());
        if self.back.len() > BACK_MAX {
            self.back.remove(0);
        }
        self.arrive(place, actions);
    }

    pub(super) fn arrive(&mut self, place: Place, actions: &mut Vec<Action>) {
        let is_filtered_otherwise = place.filter != self.place.filter;
        self.place = place;
        if is_filtered_otherwise {
            self.follow_anew(actions);
        }
        self.refresh(actions);
    }

    pub(super) fn follow_anew(&mut self, actions: &mut Vec<Action>) {
        self.tail.clear();
        if self.follows {
            actions.push(Action::Follow { filter: self.place.filter.clone() });
        }
        self.ask_backlog(actions);
    }

    pub(super) fn set_filter(&mut self, filter: String, actions: &mut Vec<Action>) {
        if filter != self.place.filter {
            self.go(Place { filter, ..self.place.clone() }, actions);
        }
    }

    /// Shows only events for which another condition holds, too.
    pub(super) fn narrow(&mut self, condition: &str, actions: &mut Vec<Action>) {
        self.say(format!("filter: {condition}"));
        self.set_filter(statement::and(&self.place.filter, condition), actions);
    }

    pub(super) fn set_cursor(&mut self, cursor: Cursor, actions: &mut Vec<Action>) {
        if cursor != self.place.cursor {
            self.place.cursor = cursor;
            self.refresh(actions);
        }
    }

    pub(super) fn pause(&mut self, actions: &mut Vec<Action>) {
        if self.setup.source == Source::History {
            return self.say("this is history: it stands still; [ and ] go through it");
        }
        let cursor = self.place.cursor;
        if self.stands_still() {
            self.tail.follow();
            self.set_cursor(cursor.live(), actions);
        } else {
            // What is shown is what was asked for: there is nothing to ask.
            self.place.cursor = cursor.paused(self.now);
            self.listed_until = Some(self.range().until);
            self.due = None;
        }
    }

    /// Goes to where events come, or came last.
    pub(super) fn go_live(&mut self, actions: &mut Vec<Action>) {
        self.tail.follow();
        match self.setup.source {
            Source::Server => self.set_cursor(self.place.cursor.live(), actions),
            Source::History => self.ask_newest(actions),
        }
    }

    pub(super) fn go_back(&mut self, actions: &mut Vec<Action>) {
        if self.layers.pop().is_some() {
            return;
        }
        if self.place.view == View::Sql && self.cancel(actions) {
            return;
        }
        if self.place.view == View::Live && !self.tail.is_following() {
            return self.tail.follow();
        }
        match self.back.pop() {
            Some(place) => self.arrive(place, actions),
            None => self.say("press q to leave"),
        }
    }
}
