//! Takes what is shown out of the dashboard: as a command line, as a file, as a panel, into an editor.

use super::layer::{Asked, Layer, Prompt};
use super::panel::{Chart, PANELS_MAX, Panel, Written};
use super::place::View;
use super::sql::Focus;
use super::{Dirty, State};
use crate::api::query::QueryAnswer;
use crate::tui::action::Action;
use crate::tui::event::Slot;
use crate::tui::text::{cut, rfc3339};

/// Columns of the title of a panel.
const TITLE_MAX: usize = 40;

impl State {
    /// Returns the command that shows the same in a shell.
    #[must_use]
    pub fn command_line(&self) -> String {
        let range = self.range();
        let time = format!("--since {} --until {}", rfc3339(range.since), rfc3339(range.until));
        let filter = Some(&self.place.filter).filter(|filter| !filter.is_empty());
        let query = |sql: String| format!("streamflow query {}", quoted(&sql));
        if let Some(Layer::Detail(detail)) = self.layers.last()
            && let Some(offset) = detail.row.offset
        {
            return query(format!("SELECT * FROM events WHERE _offset = {offset}"));
        }
        match (self.place.view, self.scope()) {
            (View::Overview, _) => {
                let filter = filter.map(|filter| format!(" --filter {}", quoted(filter))).unwrap_or_default();
                format!("streamflow trends --interval {}s {time}{filter}", range.bucket / 1_000_000)
            }
            (View::Live, _) => {
                format!("streamflow tail{}", filter.map(|filter| format!(" {}", quoted(filter))).unwrap_or_default())
            }
            (View::Explorer, Some(scope)) => match self.explorer.field_name() {
                Some(field) => query(scope.values(field, self.latency_field().as_deref())),
                None => "streamflow top".to_owned(),
            },
            (View::Heatmap, Some(scope)) => match self.latency_field() {
                Some(field) => query(scope.heat(&field)),
                None => "streamflow trends".to_owned(),
            },
            (View::Sql, _) => query(self.sql.sheet().editor.text()),
            (View::Health, _) | (_, None) => "streamflow status".to_owned(),
        }
    }

    pub(super) fn copy(&mut self, actions: &mut Vec<Action>) {
        let text = self.command_line();
        self.say(format!("copied: {text}"));
        actions.push(Action::Copy { text });
    }

    /// Writes what is shown to a file.
    pub(super) fn export(&mut self, actions: &mut Vec<Action>) {
        let (name, text) = match self.place.view {
            View::Live => ("events.ndjson", self.tail.lines()),
            View::Overview => ("rates.csv", self.rates_csv()),
            View::Explorer => ("values.csv", self.values_csv()),
            View::Sql => {
                ("result.csv", self.sql.sheet().result.as_ref().map(|result| csv(&result.answer)).unwrap_or_default())
            }
            View::Heatmap => ("heatmap.csv", self.heat_csv()),
            View::Health => {
                let status = self.status.as_ref().and_then(|status| serde_json::to_string_pretty(status).ok());
                ("status.json", status.map(|text| text + "\n").unwrap_or_default())
            }
        };
        if text.is_empty() {
            return self.say("there is nothing to export yet");
        }
        actions.push(Action::Export { name: format!("streamflow-{name}"), text });
    }

    fn rates_csv(&self) -> String {
        let Some(rate) = &self.overview.rate else { return String::new() };
        let mut text = "time,type,events\n".to_owned();
        for series in &rate.series {
            for (bucket, events) in series.counts.iter().enumerate().filter(|(_, events)| **events > 0) {
                text += &format!("{},{},{events}\n", rfc3339(rate.range.start_of(bucket)), field(&series.name));
            }
        }
        text
    }

    fn values_csv(&self) -> String {
        let Some(values) = &self.explorer.values else { return String::new() };
        let name = self.explorer.field_name().unwrap_or("value");
        let lines = values.iter().map(|value| {
            let p95 = value.p95.map(|p95| p95.to_string()).unwrap_or_default();
            format!("{},{},{},{p95}\n", field(&value.name), value.events, value.errors)
        });
        format!("{},events,errors,p95\n{}", field(name), lines.collect::<String>())
    }

    fn heat_csv(&self) -> String {
        let Some(map) = &self.heat.map else { return String::new() };
        let Some((low, high)) = map.bounds() else { return String::new() };
        let mut text = "time,from,below,events,errors\n".to_owned();
        for level in low..=high {
            for bucket in 0..map.range.buckets() {
                let cell = map.sum(bucket..bucket + 1, level..=level);
                if cell.events > 0 {
                    let (from, below) = (super::heat::floor_of(level), super::heat::floor_of(level + 1));
                    let time = rfc3339(map.range.start_of(bucket));
                    text += &format!("{time},{from:.3},{below:.3},{},{}\n", cell.events, cell.errors);
                }
            }
        }
        text
    }

    pub(super) fn edit_outside(&mut self, actions: &mut Vec<Action>) {
        if self.place.view == View::Sql && self.layers.is_empty() {
            return actions.push(Action::Edit { text: self.sql.sheet().editor.text(), extension: "sql" });
        }
        self.say("in SQL, e opens the statement in $EDITOR");
    }

    /// Asks what the result is called as a panel of the overview.
    pub(super) fn ask_panel_name(&mut self) {
        let Some(result) = &self.sql.sheet().result else { return self.say("run a statement first") };
        if self.panels.len() >= PANELS_MAX {
            return self.say(format!("there are {PANELS_MAX} panels already; remove some from dashboards/"));
        }
        let name = name_of(&result.answer);
        self.layers.push(Layer::Prompt(Prompt::new(Asked::PanelName, &name)));
    }

    /// Keeps the result as a panel of the overview.
    pub(super) fn pin(&mut self, name: &str, actions: &mut Vec<Action>) {
        let sheet = self.sql.sheet();
        let Some(result) = &sheet.result else { return };
        let chart = if sheet.as_chart { Chart::Auto } else { Chart::Table };
        let name = if name.is_empty() { name_of(&result.answer) } else { name.to_owned() };
        let file_name = file_name(&name);
        let written = Written { title: cut(&name, TITLE_MAX), sql: result.sql.clone(), chart };
        let answer = result.answer.clone();
        if let Some(dir) = &self.setup.dashboards {
            let file = super::panel::File { panels: vec![written.clone()] };
            let path = dir.join(file_name);
            match serde_saphyr::to_string(&file) {
                Ok(text) => actions.push(Action::SavePanel { path, text }),
                Err(error) => self.say(format!("cannot write the panel: {error}")),
            }
        } else {
            self.say("pinned to the overview until you leave: there is no project to keep it in");
        }
        let mut panel = Panel::new(written);
        panel.answer = Some(Ok(answer));
        self.panels.push(panel);
        self.sql.focus = Focus::Results;
        actions.extend(self.asks.give_up(Slot::Panel(self.panels.len() - 1)));
        self.touch(Dirty::Now);
    }
}

/// Returns a name for a result: its numbers, by what they are counted.
fn name_of(answer: &QueryAnswer) -> String {
    let is_number = |at: usize| answer.rows.iter().any(|row| row.get(at).is_some_and(serde_json::Value::is_number));
    let (numbers, others): (Vec<usize>, Vec<usize>) = (0..answer.columns.len()).partition(|at| is_number(*at));
    let names = |of: &[usize]| of.iter().map(|at| answer.columns[*at].name.clone()).collect::<Vec<_>>().join(", ");
    let name = match (names(&numbers), names(&others)) {
        (numbers, others) if numbers.is_empty() => others,
        (numbers, others) if others.is_empty() => numbers,
        (numbers, others) => format!("{numbers} by {others}"),
    };
    cut(&crate::tui::text::visible(&name), TITLE_MAX)
}

/// Returns a name as that of a file: what is neither letter nor digit becomes a hyphen.
fn file_name(name: &str) -> String {
    let letters = name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(TITLE_MAX).collect();
    format!("{}.yaml", if name.is_empty() { "panel" } else { &name })
}

/// Returns a result as CSV.
fn csv(answer: &QueryAnswer) -> String {
    let line = |fields: Vec<String>| fields.join(",") + "\n";
    let head = line(answer.columns.iter().map(|column| field(&column.name)).collect());
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => field(text),
        other => field(&other.to_string()),
    };
    head + &answer.rows.iter().map(|row| line(row.iter().map(cell).collect())).collect::<String>()
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Returns a word that a shell takes as it is.
fn quoted(text: &str) -> String {
    let line = crate::tui::text::visible(&text.replace('\n', " "));
    format!("'{}'", line.replace('\'', "'\\''"))
}
