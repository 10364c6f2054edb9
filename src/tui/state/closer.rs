//! Looks closer at what is selected: a value becomes a condition, an event opens, a cell shows its events.

use super::State;
use super::detail::{Branch, Detail};
use super::explorer::Pane;
use super::layer::Layer;
use super::place::{Place, View};
use super::sql::Focus;
use crate::tui::action::{Action, Question};
use crate::tui::cursor::Cursor;
use crate::tui::event::Slot;
use crate::tui::row::Row;
use crate::tui::statement;

/// Events that have to do with one that is looked at.
const RELATED: usize = 20;

impl State {
    pub(super) fn enter(&mut self, actions: &mut Vec<Action>) {
        match self.layers.last_mut() {
            Some(Layer::Detail(detail)) => {
                let Some(line) = detail.line() else { return };
                if line.branch != Branch::Leaf {
                    return detail.set_open(line.branch == Branch::Closed);
                }
                let Some(path) = line.path.clone().filter(|_| line.can_filter()) else {
                    return self.say("no filter can ask for this value");
                };
                self.layers.clear();
                return self.narrow(&statement::equals(&path, &line.value), actions);
            }
            Some(_) => return,
            None => {}
        }
        match self.place.view {
            View::Live => {
                if let Some(row) = self.tail.selected().cloned() {
                    self.tail.step(0);
                    self.look_at(row, actions);
                }
            }
            View::Explorer => self.enter_explorer(actions),
            View::Heatmap => self.drill_into_heat(actions),
            View::Overview => self.enter_overview(actions),
            View::Sql => self.sql.focus = Focus::Editor,
            View::Health => {}
        }
    }

    pub(super) fn enter_explorer(&mut self, actions: &mut Vec<Action>) {
        match self.explorer.pane {
            Pane::Fields => self.explorer.right(),
            Pane::Values => {
                if let (Some(field), Some(value)) = (self.explorer.field_name(), self.explorer.chosen_value()) {
                    let condition = statement::equals(field, &value.value);
                    self.narrow(&condition, actions);
                }
            }
            Pane::Events => {
                if let Some(row) = self.explorer.chosen_event().cloned() {
                    self.look_at(row, actions);
                }
            }
        }
    }

    pub(super) fn enter_overview(&mut self, actions: &mut Vec<Action>) {
        let (top, at) = self.overview.focus;
        let Some(line) = self.overview.tops[top].as_ref().and_then(|lines| lines.get(at)).cloned() else { return };
        let field = self.rankings()[top].1;
        if field.contains('(') {
            // Two columns in one: the device, then the system.
            let (device, os) = line.name.split_once(' ').unwrap_or((&line.name, ""));
            let mut condition = statement::equals("device_type", &device.into());
            if !os.is_empty() {
                condition = statement::and(&condition, &statement::equals("os", &os.into()));
            }
            return self.narrow(&condition, actions);
        }
        self.narrow(&statement::equals(field, &line.value), actions);
    }

    /// Opens an event, and asks for those that have to do with it.
    pub(super) fn look_at(&mut self, row: Row, actions: &mut Vec<Action>) {
        self.layers.push(Layer::Detail(Box::new(Detail::of(row))));
        self.ask_related(actions);
    }

    fn detail_mut(&mut self) -> Option<&mut Detail> {
        self.layers
            .iter_mut()
            .find_map(|layer| if let Layer::Detail(detail) = layer { Some(&mut **detail) } else { None })
    }

    fn ask_related(&mut self, actions: &mut Vec<Action>) {
        let Some((name, value)) = self.detail_mut().and_then(|detail| detail.tie()) else { return };
        let filter = statement::equals(name, &value.into());
        let question = Question::Events { since: None, until: None, filter, limit: RELATED };
        actions.push(self.asks.ask(Slot::Related, question));
    }

    /// Takes up the events that have to do with the one that is looked at. When it is alone, those that have less to do with it
    /// are asked for.
    pub(super) fn related(&mut self, rows: Vec<Row>, actions: &mut Vec<Action>) {
        let Some(detail) = self.detail_mut() else { return };
        if rows.len() <= 1 && detail.loosen() {
            return self.ask_related(actions);
        }
        let name = detail.tie().map_or("", |(name, _)| name).to_owned();
        detail.related = Some((name, rows));
    }

    /// Shows the events of the chosen cell.
    pub(super) fn drill_into_heat(&mut self, actions: &mut Vec<Action>) {
        let (Some(chosen), Some(map)) = (self.heat.chosen(), &self.heat.map) else {
            return self.say("choose a cell with the arrow keys first");
        };
        let condition = format!("{0}>={1:.3} {0}<{2:.3}", map.field, chosen.from, chosen.below);
        let filter = statement::and(&self.place.filter, &condition);
        let cursor = Cursor::between(chosen.since, chosen.until);
        self.explorer.pane = Pane::Events;
        self.explorer.event = 0;
        self.go(Place { view: View::Explorer, cursor, filter }, actions);
    }
}
