//! What keys and commands do, by where the user is.

use super::detail::{Branch, Detail};
use super::editor::Editor;
use super::explorer::Pane;
use super::layer::{Layer, matching};
use super::place::{Place, View};
use super::sql::Focus;
use super::{BACK_MAX, Colours, Dirty, State};
use crate::tui::action::{Action, Ending, Question};
use crate::tui::command::{Cmd, Context};
use crate::tui::cursor::Cursor;
use crate::tui::event::Slot;
use crate::tui::key::Key;
use crate::tui::row::Row;
use crate::tui::statement;

/// Lines of the screen that are no rows of a list: header, tabs, titles, footer.
const NO_ROWS: u16 = 6;
/// Lines of the screen above the body.
pub const BODY_TOP: u16 = 3;
/// Events that have to do with one that is looked at.
const RELATED: usize = 20;

impl State {
    /// Returns where keys go.
    #[must_use]
    pub fn context(&self) -> Context {
        match self.layers.last() {
            Some(layer) => layer.context(),
            None if self.place.view == View::Sql && self.sql.focus == Focus::Editor => Context::Editor,
            None => self.place.view.context(),
        }
    }

    pub(super) fn press(&mut self, key: Key, actions: &mut Vec<Action>) {
        self.touch(Dirty::Now);
        let context = self.context();
        match self.setup.keymap.find(context, key) {
            Some(cmd) => self.command(cmd, actions),
            None if context.is_text() => self.type_key(key),
            None => {}
        }
    }

    fn type_key(&mut self, key: Key) {
        match self.layers.last_mut() {
            Some(Layer::Prompt { input, fault }) => {
                input.press(key);
                *fault = None;
            }
            Some(Layer::Palette { input, selected }) => {
                input.press(key);
                *selected = 0;
            }
            _ => {
                self.sql.offered = None;
                self.sql.editor.press(key);
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.touch(Dirty::Now);
        let is_editor = self.context() == Context::Editor;
        let line = || text.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.layers.last_mut() {
            Some(Layer::Prompt { input, .. } | Layer::Palette { input, .. }) => input.insert(&line()),
            Some(_) => {}
            None if is_editor => self.sql.editor.insert(&text.replace("\r\n", "\n").replace('\r', "\n")),
            None => {}
        }
    }

    /// Does what a command says.
    pub(super) fn command(&mut self, cmd: Cmd, actions: &mut Vec<Action>) {
        if let Some(view) = View::of_command(cmd) {
            return self.go_to(view, actions);
        }
        match cmd {
            Cmd::Quit => actions.push(Action::Quit { why: Ending::Left }),
            Cmd::Help => self.layers.push(Layer::Help { scroll: 0 }),
            Cmd::Palette => self.layers.push(Layer::Palette { input: Editor::default(), selected: 0 }),
            Cmd::Filter => {
                self.layers.retain(|layer| !matches!(layer, Layer::Help { .. }));
                self.layers.push(Layer::Prompt { input: Editor::of(&self.place.filter), fault: None });
            }
            Cmd::DropCondition => self.set_filter(statement::without_last(&self.place.filter), actions),
            Cmd::ClearFilter => self.set_filter(String::new(), actions),
            Cmd::NextView => self.go_to(self.place.view.step(1), actions),
            Cmd::PreviousView => self.go_to(self.place.view.step(-1), actions),
            Cmd::PanBack => self.set_cursor(self.place.cursor.back(self.now), actions),
            Cmd::PanForward => self.set_cursor(self.place.cursor.forward(self.now), actions),
            Cmd::ZoomIn => self.set_cursor(self.place.cursor.closer(self.now), actions),
            Cmd::ZoomOut => self.set_cursor(self.place.cursor.wider(self.now), actions),
            Cmd::GoLive => {
                self.tail.follow();
                self.set_cursor(self.place.cursor.live(), actions);
            }
            Cmd::Pause => self.pause(actions),
            Cmd::Compare => self.compare(actions),
            Cmd::Copy => self.copy(actions),
            Cmd::Export => self.export(actions),
            Cmd::EditOutside => self.edit_outside(actions),
            Cmd::Theme => self.next_colours(),
            Cmd::Mouse => {
                self.mouse = !self.mouse;
                actions.push(Action::CaptureMouse { on: self.mouse });
                self.say(if self.mouse { "the mouse works here" } else { "the mouse belongs to the terminal" });
            }
            Cmd::Repaint => actions.push(Action::Repaint),
            Cmd::Suspend => actions.push(Action::Suspend),
            Cmd::Tour => match &mut self.tour {
                Some(tour) => tour.is_hidden = !tour.is_hidden,
                None => self.say("the tour is part of `streamflow demo`"),
            },
            Cmd::Up => self.step(-1, actions),
            Cmd::Down => self.step(1, actions),
            Cmd::PageUp => self.step(-self.page(), actions),
            Cmd::PageDown => self.step(self.page(), actions),
            Cmd::First => self.go_to_end(i64::MIN, actions),
            Cmd::Last => self.go_to_end(i64::MAX, actions),
            Cmd::Left => self.sideways(-1),
            Cmd::Right => self.sideways(1),
            Cmd::Enter => self.enter(actions),
            Cmd::Back => self.go_back(actions),
            Cmd::Leave => self.leave(actions),
            Cmd::Accept => self.accept(actions),
            Cmd::Exclude => {
                if let (Some(field), Some(value)) = (self.explorer.field_name(), self.explorer.chosen_value()) {
                    let condition = statement::differs(field, &value.value);
                    self.narrow(&condition, actions);
                }
            }
            Cmd::Events => self.drill_into_heat(actions),
            Cmd::Run => self.run(actions),
            Cmd::Write => self.sql.focus = Focus::Editor,
            Cmd::Chart => self.sql.as_chart = !self.sql.as_chart,
            Cmd::Pin => self.pin(actions),
            Cmd::Complete => self.complete(),
            Cmd::Older => self.sql.recall(-1),
            Cmd::Newer => self.sql.recall(1),
            Cmd::NewLine => {
                if !self.sql.accept() {
                    self.sql.editor.split();
                }
            }
            Cmd::Overview | Cmd::Live | Cmd::Explorer | Cmd::Sql | Cmd::Heatmap | Cmd::Health => {}
        }
    }

    /// Shows another view of the same events.
    fn go_to(&mut self, view: View, actions: &mut Vec<Action>) {
        self.layers.clear();
        if self.place.view != view {
            self.place.view = view;
            self.refresh(actions);
            self.plan_next();
        }
    }

    /// Goes to another place, to which `back` returns from.
    fn go(&mut self, place: Place, actions: &mut Vec<Action>) {
        self.back.push(self.place.clone());
        if self.back.len() > BACK_MAX {
            self.back.remove(0);
        }
        self.arrive(place, actions);
    }

    fn arrive(&mut self, place: Place, actions: &mut Vec<Action>) {
        let is_filtered_otherwise = place.filter != self.place.filter;
        self.place = place;
        if is_filtered_otherwise {
            self.follow_anew(actions);
        }
        self.refresh(actions);
    }

    fn follow_anew(&mut self, actions: &mut Vec<Action>) {
        self.tail.clear();
        if self.setup.source == super::Source::Server {
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
    fn narrow(&mut self, condition: &str, actions: &mut Vec<Action>) {
        self.say(format!("filter: {condition}"));
        self.set_filter(statement::and(&self.place.filter, condition), actions);
    }

    fn set_cursor(&mut self, cursor: Cursor, actions: &mut Vec<Action>) {
        if cursor != self.place.cursor {
            self.place.cursor = cursor;
            self.refresh(actions);
        }
    }

    fn pause(&mut self, actions: &mut Vec<Action>) {
        if self.place.view == View::Live {
            if self.tail.is_following() {
                self.tail.step(-1)
            } else {
                self.tail.follow()
            }
            return;
        }
        let cursor = self.place.cursor;
        self.set_cursor(if cursor.is_live() { cursor.paused(self.now) } else { cursor.live() }, actions);
    }

    fn compare(&mut self, actions: &mut Vec<Action>) {
        self.compares = !self.compares;
        self.overview.before = None;
        if self.place.view != View::Overview {
            self.say(if self.compares { "the overview compares with the period before" } else { "no comparison" });
        }
        self.refresh(actions);
    }

    fn next_colours(&mut self) {
        let (next, name) = match self.colours {
            Colours::Dark => (Colours::Light, "light"),
            Colours::Light => (Colours::None, "none"),
            Colours::None => (Colours::Dark, "dark"),
        };
        self.colours = next;
        self.say(format!("colours: {name}"));
    }

    fn page(&self) -> i64 {
        i64::from(self.size.1.saturating_sub(NO_ROWS).max(1))
    }

    fn step(&mut self, by: i64, actions: &mut Vec<Action>) {
        match self.layers.last_mut() {
            Some(Layer::Help { scroll }) => {
                *scroll = scroll.saturating_add_signed(by as isize).min(super::super::command::ALL.len())
            }
            Some(Layer::Palette { input, selected }) => {
                let last = matching(&input.text()).len().saturating_sub(1);
                *selected = selected.saturating_add_signed(by as isize).min(last);
            }
            Some(Layer::Detail(detail)) => detail.step(by),
            Some(Layer::Prompt { .. }) => {}
            None => self.step_in_view(by, actions),
        }
    }

    fn step_in_view(&mut self, by: i64, actions: &mut Vec<Action>) {
        match self.place.view {
            View::Live => self.tail.step(by),
            View::Explorer => {
                if self.explorer.step(by) {
                    self.explorer.values = None;
                    self.explorer.value = 0;
                    self.ask_values(actions);
                }
            }
            View::Sql => self.sql.step(by, 0),
            View::Heatmap => self.heat.step(0, -by.clamp(-8, 8)),
            View::Overview => {
                let (top, at) = self.overview.focus;
                let length = self.overview.tops[top].as_ref().map_or(0, Vec::len);
                self.overview.focus.1 = at.saturating_add_signed(by as isize).min(length.saturating_sub(1));
            }
            View::Health => {}
        }
    }

    fn go_to_end(&mut self, by: i64, actions: &mut Vec<Action>) {
        // Lists are far shorter than this; no sum of it with an index overflows.
        const FAR: i64 = 1 << 40;
        match (self.layers.is_empty(), self.place.view) {
            (true, View::Live) if by > 0 => self.tail.follow(),
            (true, View::Live) => self.tail.go_first(),
            _ => self.step(by.clamp(-FAR, FAR), actions),
        }
    }

    fn sideways(&mut self, by: isize) {
        if let Some(Layer::Detail(detail)) = self.layers.last_mut() {
            return detail.set_open(by > 0);
        }
        match self.place.view {
            View::Explorer if by < 0 => self.explorer.left(),
            View::Explorer => self.explorer.right(),
            View::Sql => self.sql.step(0, by as i64),
            View::Heatmap => self.heat.step(by, 0),
            View::Overview => {
                let tops = self.overview.tops.len() as isize;
                let top = (self.overview.focus.0 as isize + by).rem_euclid(tops) as usize;
                let length = self.overview.tops[top].as_ref().map_or(0, Vec::len);
                self.overview.focus = (top, self.overview.focus.1.min(length.saturating_sub(1)));
            }
            View::Live | View::Health => {}
        }
    }

    fn enter(&mut self, actions: &mut Vec<Action>) {
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

    fn enter_explorer(&mut self, actions: &mut Vec<Action>) {
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

    fn enter_overview(&mut self, actions: &mut Vec<Action>) {
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
        let detail = Detail::of(row);
        if let Some((name, value)) = detail.tie() {
            let filter = statement::equals(name, &value.into());
            let question = Question::Events { since: None, until: None, filter, limit: RELATED };
            actions.push(self.asks.ask(Slot::Related, question));
        }
        self.layers.push(Layer::Detail(Box::new(detail)));
    }

    /// Shows the events of the chosen cell.
    fn drill_into_heat(&mut self, actions: &mut Vec<Action>) {
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

    fn go_back(&mut self, actions: &mut Vec<Action>) {
        if self.layers.pop().is_some() {
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

    fn leave(&mut self, actions: &mut Vec<Action>) {
        if self.layers.pop().is_some() {
            return;
        }
        if self.sql.offered.take().is_some() {
            return;
        }
        if self.sql.running_since.take().is_some() {
            actions.extend(self.asks.give_up(Slot::Sql));
            return self.say("cancelled");
        }
        self.sql.focus = Focus::Results;
    }

    fn accept(&mut self, actions: &mut Vec<Action>) {
        match self.layers.pop() {
            Some(Layer::Prompt { input, .. }) => {
                let filter = input.text().trim().to_owned();
                match streamflow_core::filter::to_sql(&filter) {
                    Ok(_) => self.set_filter(filter, actions),
                    Err(error) => {
                        let fault = Some(format!("{error}; {}", error.hint));
                        self.layers.push(Layer::Prompt { input, fault });
                    }
                }
            }
            Some(Layer::Palette { input, selected }) => {
                if let Some(entry) = matching(&input.text()).get(selected) {
                    self.command(entry.cmd, actions);
                }
            }
            Some(other) => self.layers.push(other),
            None => {}
        }
    }

    fn run(&mut self, actions: &mut Vec<Action>) {
        if let Some(sql) = self.sql.start(self.now) {
            actions.push(self.asks.ask(Slot::Sql, Question::Sql { sql, rows_max: super::sql::ROWS_MAX }));
        }
    }

    fn complete(&mut self) {
        let names = self.overview.rate.iter().flat_map(|rate| &rate.series).map(|series| series.name.clone());
        let values = self.explorer.values.iter().flatten().map(|value| value.name.clone());
        let seen: Vec<String> = names.chain(values).collect();
        self.sql.complete(self.schema.as_ref(), &seen);
    }

    pub(super) fn click(&mut self, x: u16, y: u16, actions: &mut Vec<Action>) {
        self.touch(Dirty::Now);
        if y == 1 {
            let tabs = crate::tui::draw::tab_at(x, self.size.0);
            if let Some(view) = tabs {
                self.go_to(view, actions);
            }
        } else if self.layers.is_empty() && self.place.view == View::Live && y > BODY_TOP {
            let height = usize::from(self.size.1.saturating_sub(BODY_TOP + 2));
            self.tail.select_shown(height, usize::from(y - BODY_TOP - 1));
        }
    }
}
