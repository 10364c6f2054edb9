//! Shows how many sessions there were and how long they lasted.

use serde_json::json;

use super::Session;
use super::question::{DAY, Question, ScopeArgs, Shown, as_it_is, no_chart};
use super::range::duration_argument;
use super::tree::examples;
use crate::api::analytics::SessionSummary;
use crate::client::Request;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPES: &[&Shape] = &[&SESSIONS];

const SESSIONS: Shape = Shape {
    name: "streamflow.sessions/1",
    form: Form::Listing,
    fields: &[
        Field::new("sessions", Kind::Number, "sessions in the time range"),
        Field::new("users", Kind::Number, "different users of these sessions"),
        Field::new("events", Kind::Number, "their events"),
        Field::new("avg_events", Kind::Number, "mean number of events of a session"),
        Field::new("avg_seconds", Kind::Number, "mean time from a session's first event to its last"),
        Field::new("median_seconds", Kind::Number, "median of that time"),
        Field::new("single_event_sessions", Kind::Number, "sessions of one event"),
    ],
};

/// Show how many sessions there were and how long they lasted
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow sessions", "streamflow sessions --gap 1h --last 7d"))]
pub(super) struct SessionsArgs {
    /// Silence that ends a session
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration_argument)]
    gap: String,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub(super) fn run(args: SessionsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let request = Request::get("/api/v1/analytics/sessions").query("gap", &args.gap);
    Question::new(&args.scope, DAY, session)?.ask(request, |summary: SessionSummary| {
        let row = vec![
            json!(summary.sessions),
            json!(summary.users),
            json!(summary.events),
            json!(summary.avg_events),
            json!(summary.avg_seconds),
            json!(summary.median_seconds),
            json!(summary.single_event_sessions),
        ];
        Shown {
            listing: SESSIONS.listing(vec![row]),
            table: as_it_is,
            chart: no_chart,
            is_empty: summary.sessions == 0,
        }
    })
}
