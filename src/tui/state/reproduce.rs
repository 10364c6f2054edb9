//! Takes what is shown out of the dashboard: as a command line, as a file, as a panel, into an editor.

use super::layer::Layer;
use super::panel::{Chart, PANELS_MAX, Panel, Written};
use super::place::View;
use super::sql::Focus;
use super::{Dirty, State};
use crate::api::query::QueryAnswer;
use crate::tui::action::Action;
use crate::tui::event::Slot;
use crate::tui::text::rfc3339;

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

    /// Keeps the result as a panel of the overview.
    pub(super) fn pin(&mut self, actions: &mut Vec<Action>) {
        let sheet = self.sql.sheet();
        let Some(result) = &sheet.result else { return self.say("run a statement first") };
        if self.panels.len() >= PANELS_MAX {
            return self.say(format!("there are {PANELS_MAX} panels already; remove some from dashboards/"));
        }
        let chart = if sheet.as_chart { Chart::Auto } else { Chart::Table };
        let title = result.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let title = super::super::text::cut(&title, 40);
        let written = Written { title, sql: result.sql.clone(), chart };
        let answer = result.answer.clone();
        if let Some(dir) = &self.setup.dashboards {
            let file = super::panel::File { panels: vec![written.clone()] };
            let path = dir.join(format!("pinned-{}.yaml", self.now / 1_000));
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
