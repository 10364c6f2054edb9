//! Shows the sequences of events with which sessions begin.

use serde_json::json;

use super::Session;
use super::chart::{Canvas, bars_of};
use super::question::{Question, ScopeArgs, Shown, WEEK, as_it_is};
use super::range::duration_argument;
use super::tree::examples;
use crate::api::analytics::PathCount;
use crate::client::Request;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) const SHAPES: &[&Shape] = &[&PATHS];

/// Rows unless `--limit` says otherwise.
const ROWS: usize = 10;

const PATHS: Shape = Shape {
    name: "streamflow.paths/1",
    form: Form::Listing,
    fields: &[
        Field::new("path", Kind::Text, "steps in order, with arrows between"),
        Field::new("sessions", Kind::Number, "sessions that began so"),
        Field::new("percentage", Kind::Number, "share of all sessions, 0 to 100"),
    ],
};

/// What a step of a path is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum StepKind {
    /// The event's type
    #[default]
    Type,
    /// The page that the event is about
    Page,
}

/// Show the ways that sessions begin
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow paths", "streamflow paths --depth 3 --last 24h --limit 5"))]
pub(super) struct PathsArgs {
    /// Steps of a path
    #[arg(long, value_name = "STEPS", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=20))]
    depth: u8,
    /// What a step is
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    of: StepKind,
    /// Silence that ends a session
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration_argument)]
    gap: String,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub(super) fn run(args: PathsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let of = match args.of {
        StepKind::Type => "type",
        StepKind::Page => "page",
    };
    let limit = session.printer().limit().unwrap_or(ROWS);
    let request = Request::get("/api/v1/analytics/paths")
        .query("depth", &args.depth.to_string())
        .query("of", of)
        .query("gap", &args.gap)
        .query("limit", &limit.to_string());
    Question::new(&args.scope, WEEK, session)?.ask(request, |paths: Vec<PathCount>| {
        let rows = paths
            .into_iter()
            .map(|path| vec![json!(path.path.join(" > ")), json!(path.sessions), json!(path.percentage)]);
        Shown { listing: PATHS.listing(rows.collect()), table: as_it_is, chart, is_empty: false }
    })
}

fn chart(listing: &Listing, canvas: Canvas) -> String {
    bars_of(listing, 0, 1, canvas)
}
