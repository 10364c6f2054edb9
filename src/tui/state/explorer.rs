//! Fields, the values of one of them, and the events that are left: three lists, each narrowed by the ones before.

use crate::api::query::QueryAnswer;
use crate::tui::event::Failure;
use crate::tui::row::Row;

use super::overview::Ranked;

/// The lists, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    #[default]
    Fields,
    Values,
    Events,
}

/// What the explorer knows.
#[derive(Debug, Clone, Default)]
pub struct Explorer {
    pub names: Vec<String>,
    /// For each name: about how many values it has, and how many events have it.
    pub sizes: Vec<(u64, u64)>,
    pub field: usize,
    pub values: Option<Vec<Ranked>>,
    pub value: usize,
    pub events: Option<Vec<Row>>,
    pub event: usize,
    pub pane: Pane,
    pub failure: Option<Failure>,
}

impl Explorer {
    /// Takes up the fields there are; the one that was chosen stays chosen.
    pub fn set_names(&mut self, names: Vec<String>) {
        if names == self.names {
            return;
        }
        let chosen = self.names.get(self.field).cloned();
        self.field = chosen.and_then(|chosen| names.iter().position(|name| *name == chosen)).unwrap_or(0);
        self.names = names;
        self.sizes.clear();
    }

    /// Reads a row with two numbers for each name.
    pub fn set_sizes(&mut self, answer: &QueryAnswer) {
        let Some(row) = answer.rows.first() else { return };
        let numbers: Vec<u64> = row.iter().map(|value| value.as_u64().unwrap_or_default()).collect();
        self.sizes = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    }

    #[must_use]
    pub fn field_name(&self) -> Option<&str> {
        self.names.get(self.field).map(String::as_str)
    }

    /// Takes up the values. They change places as events come; the one that was chosen stays chosen.
    pub fn set_values(&mut self, values: Vec<Ranked>) {
        let chosen = self.chosen_value().map(|value| &value.value);
        let at = chosen.and_then(|chosen| values.iter().position(|value| value.value == *chosen));
        self.value = at.unwrap_or(self.value).min(values.len().saturating_sub(1));
        self.values = Some(values);
    }

    /// Takes up the events; the one that was chosen stays chosen as long as it is among them, unless it was the newest.
    pub fn set_events(&mut self, events: Vec<Row>) {
        let chosen = self.chosen_event().filter(|_| self.event > 0).and_then(|event| event.offset);
        let at = chosen.and_then(|chosen| events.iter().position(|event| event.offset == Some(chosen)));
        self.event = at.unwrap_or(self.event).min(events.len().saturating_sub(1));
        self.events = Some(events);
    }

    /// Moves in the list that has the keys. Returns whether another field was chosen.
    pub fn step(&mut self, by: i64) -> bool {
        let (at, length) = match self.pane {
            Pane::Fields => (&mut self.field, self.names.len()),
            Pane::Values => (&mut self.value, self.values.as_ref().map_or(0, Vec::len)),
            Pane::Events => (&mut self.event, self.events.as_ref().map_or(0, Vec::len)),
        };
        let before = *at;
        *at = at.saturating_add_signed(isize::try_from(by).unwrap_or_default()).min(length.saturating_sub(1));
        self.pane == Pane::Fields && before != *at
    }

    pub fn left(&mut self) {
        self.pane = match self.pane {
            Pane::Fields | Pane::Values => Pane::Fields,
            Pane::Events => Pane::Values,
        };
    }

    pub fn right(&mut self) {
        self.pane = match self.pane {
            Pane::Fields => Pane::Values,
            Pane::Values | Pane::Events => Pane::Events,
        };
    }

    #[must_use]
    pub fn chosen_value(&self) -> Option<&Ranked> {
        self.values.as_ref()?.get(self.value)
    }

    #[must_use]
    pub fn chosen_event(&self) -> Option<&Row> {
        self.events.as_ref()?.get(self.event)
    }
}
