//! Asks with SQL again and again: a shell on a terminal, one statement after another from a pipe.

mod complete;
mod dot;
mod editor;
mod highlight;
mod last;
mod menu;
mod names;
mod pager;
mod panel;
mod script;
mod word;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;

use self::complete::Shared;
use self::dot::Dot;
pub(super) use self::editor::history_file;
use self::last::Last;
use super::chart::Canvas;
use super::query::{self, statement::Statement};
use super::tree::examples;
use super::{Session, emptiness, remote};
use crate::api::query::{QueryAnswer, QueryRequest, QuerySchema};
use crate::client::{Client, ClientError, PATIENCE, Request};
use crate::printer::{Column, CommandError, ExitStatus, Format, Kind, Listing, OutputArgs, Printer};
use crate::settings::parse_duration;
use crate::tui::lexer;

/// How much longer than the server's own limit the client waits, so that the server's better explained error comes first.
const PATIENCE_EXTRA: Duration = Duration::from_secs(5);
/// Time to close the connection of a request that was given up, by which the server learns that nobody waits.
const CLOSING: Duration = Duration::from_millis(50);
/// Names for completion are asked for again after a statement, but not more often than this.
const NAMES_AGE_MAX: Duration = Duration::from_secs(20);
/// Name of the listings, as of `query`.
const ROWS: &str = "streamflow.query/1";

/// Ask with SQL in a shell of its own
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow sql",
    "streamflow sql < questions.sql",
    "echo 'SELECT count(*) FROM events; SELECT 1' | streamflow sql -o json",
))]
pub(super) struct SqlArgs {
    /// Give up a statement after this long; the server has a limit of its own
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
}

pub(super) fn run(args: SqlArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    if session.printer().format() == Format::Parquet {
        return Err(CommandError::usage("the shell does not write parquet")
            .with_hint("`streamflow query … -o parquet > file.parquet` does"));
    }
    let mut shell = Shell::new(&args, session)?;
    let on_terminal = std::io::stdin().is_terminal() && session.printer().width().is_some();
    match on_terminal && session.environment().get("TERM") != Some("dumb") {
        true => editor::run(&mut shell),
        false => script::run(&mut shell),
    }
}

/// What the shell knows between two statements.
struct Shell<'a> {
    session: &'a Session,
    client: Client,
    runtime: Arc<Runtime>,
    printer: Printer,
    names: Shared,
    names_asked: Option<Instant>,
    last: Option<Last>,
    timeout: Option<Duration>,
    timing: bool,
    /// Whether long results are paged.
    pages: bool,
}

/// Whether the shell goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Leave,
}

impl<'a> Shell<'a> {
    fn new(args: &SqlArgs, session: &'a Session) -> Result<Self, CommandError> {
        Ok(Self {
            session,
            client: remote::reader(session)?,
            runtime: Arc::new(session.runtime()?),
            printer: Printer::new(session.printer().options().clone()),
            names: Shared::default(),
            names_asked: None,
            last: None,
            timeout: args.timeout,
            timing: false,
            pages: false,
        })
    }

    /// Does what one statement or one dot command says.
    ///
    /// # Errors
    /// When it fails; [`CommandError::interrupted`] after Ctrl-C.
    fn execute(&mut self, statement: &Statement) -> Result<Next, CommandError> {
        if statement.text.starts_with('.') {
            return self.obey(dot::parse(&statement.text)?);
        }
        let expanded = match &self.last {
            Some(last) if last::is_named(&statement.text) => Some(last::expand(&statement.text, last)),
            None if last::is_named(&statement.text) => {
                return Err(CommandError::usage("there is no result yet that _ could stand for")
                    .with_hint("run a statement first"));
            }
            _ => None,
        };
        if expanded.as_ref().is_some_and(|expanded| expanded.asks_again) {
            self.printer.talk("note: the last result is large, so _ is computed anew");
        }
        let sent = expanded.as_ref().map_or(&statement.text, |expanded| &expanded.sql).clone();
        let asked = self.ask(&sent);
        self.session.tell_of_other_version();
        let asked = asked.map_err(|error| {
            let place = query::place_by(&error, statement, |line| {
                expanded.as_ref().map_or(line, |expanded| expanded.typed_line(line))
            });
            let error = CommandError::from(error);
            match place {
                Some(place) => error.at(place),
                None => error,
            }
        })?;
        let answer = asked.ok_or_else(CommandError::interrupted)?;
        self.show(&answer, &sent)?;
        let typed = if expanded.is_some() { sent.clone() } else { statement.text.clone() };
        self.last = Some(Last { sent, typed, answer });
        Ok(Next::GoOn)
    }

    /// Asks the server. Ctrl-C drops the request, which ends the statement over there, too; then there is no answer.
    fn ask(&self, sql: &str) -> Result<Option<QueryAnswer>, ClientError> {
        let request = QueryRequest {
            sql: sql.to_owned(),
            timeout: self.timeout.map(|timeout| Value::from(timeout.as_secs_f64())),
            max_rows: self.printer.limit().map(|limit| limit as u64),
            ..QueryRequest::default()
        };
        let patience = self.timeout.map_or(PATIENCE, |timeout| timeout + PATIENCE_EXTRA);
        let request = Request::post("/api/v1/query").json(&request).within(patience);
        self.runtime.block_on(async {
            let answer = tokio::select! {
                answer = async { self.client.send(request).await?.json().await } => answer.map(Some),
                _ = tokio::signal::ctrl_c() => Ok(None),
            };
            if let Ok(None) = &answer {
                // Nothing runs here between statements: the connection has to be closed before.
                tokio::time::sleep(CLOSING).await;
            }
            answer
        })
    }

    fn show(&self, answer: &QueryAnswer, sql: &str) -> Result<(), CommandError> {
        let listing = listing(answer);
        let paged = self.pages
            && self.printer.format() == Format::Table
            && self.printer.options().is_plain()
            && pager::is_needed(listing.rows.len() + 1, listing.columns.len());
        match paged {
            true => pager::show(&self.printer.whole_table(&listing), &self.printer)?,
            false => self.printer.listing(&listing)?,
        }
        answer.notes.iter().for_each(|note| self.printer.talk(note.as_str()));
        if answer.rows.is_empty() {
            let words = emptiness::Words::of_statement(sql);
            self.runtime.block_on(emptiness::explain(&self.client, &words, None, &self.printer));
        }
        if self.timing {
            self.printer.talk(query::cost(&answer.stats));
        }
        Ok(())
    }

    fn obey(&mut self, command: Dot) -> Result<Next, CommandError> {
        match command {
            Dot::Quit => return Ok(Next::Leave),
            Dot::Help => self.printer.text(&help(self.printer.width().unwrap_or(LINE)))?,
            Dot::Tables => self.tables()?,
            Dot::Schema(table) => self.schema(table.as_deref())?,
            Dot::Chart(columns) => self.chart(columns)?,
            Dot::Format(None) => self.printer.talk(format_args!("{}", format_name(self.printer.format()))),
            Dot::Format(Some(format)) => {
                self.printer = Printer::new(OutputArgs { output: format, ..self.printer.options().clone() });
            }
            Dot::Timing(wanted) => {
                self.timing = wanted.unwrap_or(!self.timing);
                self.printer.talk(if self.timing { "timing is on" } else { "timing is off" });
            }
            Dot::Pin(name) => panel::write(&name, self.last.as_ref(), self.session)?,
            Dot::Clear if self.pages => self.printer.bytes(b"\x1b[H\x1b[2J")?,
            Dot::Clear => {}
        }
        Ok(Next::GoOn)
    }

    fn known(&self) -> Result<QuerySchema, CommandError> {
        let asked = async { Ok(remote::data(self.client.send(Request::get("/api/v1/query/schema")).await?).await?) };
        self.runtime.block_on(asked)
    }

    fn tables(&self) -> Result<(), CommandError> {
        let rows = self.known()?.tables.into_iter().map(|table| {
            vec![Value::from(table.name), Value::from(table.columns.len()), Value::from(table.paths.len())]
        });
        self.printer.listing(&named(&[("table", Kind::Text), ("columns", Kind::Number), ("paths", Kind::Number)], rows))
    }

    fn schema(&self, wanted: Option<&str>) -> Result<(), CommandError> {
        let tables = self.known()?.tables;
        if let Some(wanted) = wanted.filter(|wanted| !tables.iter().any(|table| table.name == *wanted)) {
            return Err(CommandError::new("not_found", format!("there is no table {wanted:?}"), ExitStatus::NotFound)
                .with_hint("see .tables"));
        }
        let tables = tables.into_iter().filter(|table| wanted.is_none_or(|wanted| table.name == wanted));
        let rows = tables.flat_map(|table| {
            let name = table.name;
            let columns = table.columns.into_iter().chain(table.paths);
            columns.map(move |column| vec![name.clone().into(), column.name.into(), column.kind.into()])
        });
        self.printer.listing(&named(&[("table", Kind::Text), ("column", Kind::Text), ("type", Kind::Text)], rows))
    }

    fn chart(&self, columns: Option<(String, String)>) -> Result<(), CommandError> {
        let Some(last) = &self.last else {
            return Err(CommandError::usage("there is no result yet").with_hint("run a statement first"));
        };
        let columns = columns.as_ref().map(|(label, value)| (label.as_str(), value.as_str()));
        let chart = super::chart::of_listing(&listing(&last.answer), columns, Canvas::anywhere(self.session))?;
        self.printer.text(&chart)
    }

    /// Asks what may be named, when what is known is old.
    fn refresh_names(&mut self) {
        if self.names_asked.is_some_and(|asked| asked.elapsed() < NAMES_AGE_MAX) {
            return;
        }
        if let Some(names) = self.runtime.block_on(names::ask(&self.client)) {
            *self.names.lock() = names;
        }
        self.names_asked = Some(Instant::now());
    }
}

fn listing(answer: &QueryAnswer) -> Listing {
    let columns = answer.columns.iter().map(|column| Column::new(column.name.clone(), query::kind(column))).collect();
    Listing { name: ROWS.to_owned(), columns, rows: answer.rows.clone(), truncated: answer.truncated }
}

fn named(columns: &[(&str, Kind)], rows: impl Iterator<Item = Vec<Value>>) -> Listing {
    let columns = columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect();
    Listing { name: ROWS.to_owned(), columns, rows: rows.collect(), truncated: false }
}

fn format_name(format: Format) -> String {
    use clap::ValueEnum as _;
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Columns of a line where nobody says how wide it may be.
const LINE: usize = 80;

/// Returns what `.help` says, in lines of so many columns.
fn help(width: usize) -> String {
    /// Columns of a command with its words, and before them.
    const COMMAND: usize = 26;
    let mut text = wrapped(
        "A statement ends with ; and may have many lines. _ is the last result, as in SELECT * FROM _.",
        width,
        0,
    );
    text += "\n";
    for command in &dot::COMMANDS {
        let call = format!("  {} {}", command.name, command.usage);
        text += &format!("{call:<COMMAND$} {}", wrapped(command.about, width, COMMAND + 1));
    }
    text += "\n";
    text + &wrapped("TAB completes, Ctrl-R searches what was asked before, Ctrl-C cancels a statement.", width, 0)
}

/// Breaks a text between its words into lines that begin behind so many columns; the first is there already.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    // Where there is too little room, lines are too long rather than words of one letter.
    const ROOM_MIN: usize = 20;
    let room = width.saturating_sub(indent).max(ROOM_MIN);
    let (mut lines, mut used) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines += &format!("\n{}", " ".repeat(indent));
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines += word;
        used += length;
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_broken_between_words() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for width in [60, 80, 200] {
            let help = help(width);
            assert!(help.lines().all(|line| line.chars().count() <= width), "{help}");
            assert_eq!(words(&help), words(&super::help(1_000)));
        }
        assert!(help(80).contains("keep the last statement as a panel in\n"));
    }
}
