//! What keys and commands do, by where the user is.

use super::editor::Editor;
use super::layer::{Asked, Layer, Prompt, matching};
use super::place::View;
use super::sql::Focus;
use super::{Colours, Dirty, State};
use crate::tui::action::{Action, Ending, Question};
use crate::tui::command::{Cmd, Context};
use crate::tui::event::Slot;
use crate::tui::key::Key;
use crate::tui::statement;

/// Lines of the screen that are no rows of a list: header, tabs, titles, footer.
const NO_ROWS: u16 = 6;
/// Lines of the screen above the body.
pub const BODY_TOP: u16 = 3;

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
        let has_offer = self.offered_mut().is_some();
        match self.layers.last_mut() {
            Some(Layer::Prompt(prompt)) => {
                prompt.input.press(key);
                (prompt.fault, prompt.offered) = (None, None);
            }
            Some(Layer::Palette { input, selected }) => {
                input.press(key);
                *selected = 0;
            }
            _ => {
                let sheet = self.sql.sheet_mut();
                sheet.offered = None;
                sheet.editor.press(key);
            }
        }
        if has_offer {
            self.narrow_offer();
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.touch(Dirty::Now);
        let is_editor = self.context() == Context::Editor;
        let line = || text.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.layers.last_mut() {
            Some(Layer::Prompt(prompt)) => prompt.input.insert(&line()),
            Some(Layer::Palette { input, .. }) => input.insert(&line()),
            Some(_) => {}
            None if is_editor => self.sql.sheet_mut().editor.insert(&text.replace("\r\n", "\n").replace('\r', "\n")),
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
                self.layers.push(Layer::Prompt(Prompt::new(Asked::Filter, &self.place.filter)));
            }
            Cmd::DropCondition => self.set_filter(statement::without_last(&self.place.filter), actions),
            Cmd::ClearFilter => self.set_filter(String::new(), actions),
            Cmd::NextView => self.go_to(self.place.view.step(1), actions),
            Cmd::PreviousView => self.go_to(self.place.view.step(-1), actions),
            Cmd::PanBack => self.set_cursor(self.place.cursor.back(self.now), actions),
            Cmd::PanForward => self.set_cursor(self.place.cursor.forward(self.now), actions),
            Cmd::ZoomIn => self.set_cursor(self.place.cursor.closer(self.now), actions),
            Cmd::ZoomOut => self.set_cursor(self.place.cursor.wider(self.now), actions),
            Cmd::GoLive => self.go_live(actions),
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
            Cmd::Chart => {
                let sheet = self.sql.sheet_mut();
                sheet.as_chart = !sheet.as_chart;
            }
            Cmd::NewSheet => {
                if !self.sql.open() {
                    self.say("there are as many statements as can be; close one");
                }
            }
            Cmd::CloseSheet => {
                let number = self.sql.close();
                actions.extend(self.asks.give_up(Slot::Sql(number)));
            }
            Cmd::NextSheet => self.sql.turn(1),
            Cmd::PreviousSheet => self.sql.turn(-1),
            Cmd::Pin => self.ask_panel_name(),
            Cmd::Complete => self.complete(actions),
            Cmd::Older => self.sql.recall(-1),
            Cmd::Newer => self.sql.recall(1),
            Cmd::NewLine => {
                let sheet = self.sql.sheet_mut();
                if !sheet.accept() {
                    sheet.editor.split();
                }
            }
            Cmd::Overview | Cmd::Live | Cmd::Explorer | Cmd::Sql | Cmd::Heatmap | Cmd::Health => {}
        }
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
            Some(Layer::Prompt(_)) => {}
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
            View::Sql => self.sql.sheet_mut().step(by, 0),
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
            View::Sql => self.sql.sheet_mut().step(0, by as i64),
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

    fn leave(&mut self, actions: &mut Vec<Action>) {
        if let Some(Layer::Prompt(prompt)) = self.layers.last_mut()
            && prompt.offered.take().is_some()
        {
            return;
        }
        if self.layers.pop().is_some() {
            return;
        }
        let sheet = self.sql.sheet_mut();
        if sheet.offered.take().is_some() {
            return;
        }
        if !self.cancel(actions) {
            self.sql.focus = Focus::Results;
        }
    }

    /// Cancels the statement in front. Returns whether it ran.
    pub(super) fn cancel(&mut self, actions: &mut Vec<Action>) -> bool {
        let sheet = self.sql.sheet_mut();
        let ran = sheet.cancel();
        let slot = Slot::Sql(sheet.number);
        if ran {
            actions.extend(self.asks.give_up(slot));
            self.say("cancelled");
        }
        ran
    }

    fn accept(&mut self, actions: &mut Vec<Action>) {
        match self.layers.pop() {
            Some(Layer::Prompt(mut prompt)) => {
                if prompt.accept() {
                    return self.layers.push(Layer::Prompt(prompt));
                }
                let text = prompt.input.text().trim().to_owned();
                match prompt.asked {
                    Asked::Filter => match streamflow_core::filter::to_sql(&text) {
                        Ok(_) => self.set_filter(text, actions),
                        Err(error) => {
                            prompt.fault = Some(format!("{error}; {}", error.hint));
                            self.layers.push(Layer::Prompt(prompt));
                        }
                    },
                    Asked::PanelName => self.pin(&text, actions),
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
        if let Some((number, sql)) = self.sql.start(self.now) {
            actions.push(Action::Remember { sql: sql.clone() });
            actions.push(self.asks.ask(Slot::Sql(number), Question::Statement { sql, rows_max: super::sql::ROWS_MAX }));
        }
    }

    pub(super) fn click(&mut self, x: u16, y: u16, actions: &mut Vec<Action>) {
        self.touch(Dirty::Now);
        if y == 1 {
            let tabs = crate::tui::draw::tab_at(x, self);
            if let Some(view) = tabs {
                self.go_to(view, actions);
            }
        } else if self.layers.is_empty() && self.place.view == View::Live && y > BODY_TOP {
            let height = usize::from(self.size.1.saturating_sub(BODY_TOP + 2));
            self.tail.select_shown(height, usize::from(y - BODY_TOP - 1));
        }
    }
}
