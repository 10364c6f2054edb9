//! Shows everything at work: a server of its own in a temporary project, the traffic of a small shop, and an incident in it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::tree::examples;
use super::tui::{Look, Place, Tour, require_terminal, same, show};
use super::{Protection, Session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings::parse_duration;
use crate::tui::cursor::Cursor;
use crate::tui::state::{Opening, Source};

mod project;
mod server;
mod traffic;

use project::Project;
use server::Running;
use traffic::{INCIDENT_AFTER, Traffic};

pub(super) const SHAPES: &[&Shape] = &[&DEMO];

/// The dashboard begins with so much time, microseconds.
const SHOWN: i64 = 5 * 60 * 1_000_000;

const DEMO: Shape = Shape {
    name: "streamflow.demo/1",
    form: Form::Record,
    fields: &[
        Field::new("project", Kind::Text, "folder of the temporary project"),
        Field::new("ingestion", Kind::Text, "address of the ingestion API"),
        Field::new("analytics", Kind::Text, "address of the analytics API"),
        Field::new("gateway", Kind::Text, "address of every route"),
        Field::new("history_events", Kind::Number, "events of the past that it begins with"),
        Field::new("incident_in_seconds", Kind::Number, "when something breaks"),
    ],
};

/// See everything at work: a server, live traffic, an incident
///
/// Starts a server of its own in a temporary project, makes up the traffic of a small shop, breaks something within a minute,
/// and opens the dashboard with a guided tour. All of it is gone when you leave.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow demo", "streamflow demo --no-tui      # print the addresses and run until Ctrl-C"))]
pub(super) struct DemoArgs {
    /// Print the addresses instead of opening the dashboard, and run until Ctrl-C
    #[arg(long)]
    no_tui: bool,
    /// Events a second, on average
    #[arg(long, value_name = "EVENTS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Which traffic to make up
    #[arg(long, value_name = "NUMBER", default_value_t = 1, hide_short_help = true)]
    seed: u64,
    /// How much of the past there is at the start
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = parse_duration, hide_short_help = true)]
    history: Duration,
    #[command(flatten)]
    look: Look,
}

pub(super) fn run(args: DemoArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    if !args.no_tui {
        require_terminal(session, "streamflow demo --no-tui", "streamflow start")?;
    }
    let project = Project::make()?;
    let running = Running::start(&project, session)?;
    let printer = session.printer();
    printer.talk(format_args!("making {} of history …", crate::settings::spell_duration(args.history)));
    let mut traffic = Traffic::new(args.seed, f64::from(args.rate));
    let events = running.block_on(traffic.write_past(running.client(), args.history))?;
    running.spawn(traffic.go_on(running.client().clone()));
    let outcome = if args.no_tui {
        announce(&running, &project, events, session)
    } else {
        open(&running, &project, &args, session)
    };
    running.stop();
    outcome
}

fn open(running: &Running, project: &Project, args: &DemoArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let place = Place {
        name: "demo".to_owned(),
        address: running.client().address().trim_start_matches("http://").to_owned(),
        source: Source::Server,
        opening: Opening::Newest,
        protection: Protection::None,
        client: running.client().clone(),
        connect: same(running.client()),
        project: Some(project.dir().to_owned()),
    };
    let outcome = show(place, Cursor::last(SHOWN), &args.look, Tour::With, session)?;
    farewell(project, session);
    Ok(outcome)
}

/// Says what became of the demo, and what to do next.
fn farewell(project: &Project, session: &Session) {
    let printer = session.printer();
    printer.talk(format_args!("the demo's events were in {} and are gone with it", project.dir().display()));
    printer.talk("a project of your own: streamflow init shop --template web");
}

fn announce(running: &Running, project: &Project, events: u64, session: &Session) -> Result<ExitStatus, CommandError> {
    let printer = session.printer();
    let address = |role| running.address(role).map_or(Value::Null, |address| json!(format!("http://{address}")));
    let mut record = Map::new();
    record.insert("project".to_owned(), json!(project.dir().display().to_string()));
    record.insert("ingestion".to_owned(), address(crate::server::Role::Ingestion));
    record.insert("analytics".to_owned(), address(crate::server::Role::Analytics));
    record.insert("gateway".to_owned(), address(crate::server::Role::Gateway));
    record.insert("history_events".to_owned(), json!(events));
    record.insert("incident_in_seconds".to_owned(), json!(INCIDENT_AFTER.as_secs()));
    printer.record(DEMO.name, &record)?;
    printer.talk(format_args!(
        "\nlook at it from another terminal: streamflow tui --server {}",
        running.client().address()
    ));
    let seconds = INCIDENT_AFTER.as_secs();
    printer.talk(format_args!("something breaks in {seconds} seconds; Ctrl-C ends the demo and removes its events"));
    running.block_on(async {
        let broken = |error| CommandError::bug(format!("cannot wait for signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok::<_, CommandError>(())
    })?;
    farewell(project, session);
    Ok(ExitStatus::Ok)
}
