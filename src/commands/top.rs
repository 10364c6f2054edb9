//! Ranks types, sources, pages, users, devices and the like by how much they do.

use serde_json::{Value, json};

use super::Session;
use super::chart::{Canvas, bars_of};
use super::question::{Question, ScopeArgs, Shown, WEEK, as_it_is};
use super::tree::examples;
use crate::api::analytics::{TopPage, TopSource, TopUser, TypeCount, UserShare};
use crate::client::Request;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) const SHAPES: &[&Shape] = &[&COUNTS, &USERS, &SHARES];

/// Rows unless `--limit` says otherwise.
const ROWS: usize = 10;

const COUNTS: Shape = Shape {
    name: "streamflow.top/1",
    form: Form::Listing,
    fields: &[
        Field::new("name", Kind::Text, "the type, source or page"),
        Field::new("events", Kind::Number, "events in the time range"),
        Field::new("users", Kind::Number, "different users of these events"),
        Field::new("last_seen", Kind::Time, "time of the newest event"),
    ],
};

const USERS: Shape = Shape {
    name: "streamflow.top-users/1",
    form: Form::Listing,
    fields: &[
        Field::new("name", Kind::Text, "id of the user"),
        Field::new("events", Kind::Number, "events in the time range"),
        Field::new("last_seen", Kind::Time, "time of the newest event"),
    ],
};

const SHARES: Shape = Shape {
    name: "streamflow.top-shares/1",
    form: Form::Listing,
    fields: &[
        Field::new("name", Kind::Text, "the kind of device, system, browser or country"),
        Field::new("users", Kind::Number, "different users in the time range"),
        Field::new("events", Kind::Number, "events in the time range"),
        Field::new("percentage", Kind::Number, "share of all users, 0 to 100"),
    ],
};

/// What to rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    #[default]
    Types,
    Sources,
    Pages,
    Users,
    Devices,
    #[value(alias = "os")]
    Systems,
    Browsers,
    Countries,
}

/// Rank types, sources, pages, users, devices or browsers
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow top",
    "streamflow top pages --last 24h --limit 5",
    "streamflow top users --filter 'severity=high'",
    "streamflow top devices -o json",
))]
pub(super) struct TopArgs {
    /// What to rank
    #[arg(value_enum, value_name = "WHAT", default_value_t)]
    subject: Subject,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub(super) fn run(args: TopArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let question = Question::new(&args.scope, WEEK, session)?;
    let limit = session.printer().limit().unwrap_or(ROWS).to_string();
    let ranked = |path| Request::get(path).query("limit", &limit);
    let shared = |by| Request::get("/api/v1/analytics/user-distribution").query("by", by);
    match args.subject {
        Subject::Types => question.ask(ranked("/api/v1/analytics/event-types"), |rows: Vec<TypeCount>| {
            counts(rows.into_iter().map(|row| {
                [json!(row.event_type), json!(row.event_count), json!(row.unique_users), json!(row.last_seen)]
            }))
        }),
        Subject::Sources => {
            question.ask(ranked("/api/v1/analytics/top-sources"), |rows: Vec<TopSource>| {
                counts(rows.into_iter().map(|row| {
                    [json!(row.source), json!(row.event_count), json!(row.unique_users), json!(row.last_seen)]
                }))
            })
        }
        Subject::Pages => {
            question.ask(ranked("/api/v1/analytics/top-pages"), |rows: Vec<TopPage>| {
                counts(rows.into_iter().map(|row| {
                    [json!(row.page), json!(row.event_count), json!(row.unique_users), json!(row.last_seen)]
                }))
            })
        }
        Subject::Users => question.ask(ranked("/api/v1/analytics/top-users"), |rows: Vec<TopUser>| {
            let rows =
                rows.into_iter().map(|row| vec![json!(row.user_id), json!(row.event_count), json!(row.last_seen)]);
            shown(USERS.listing(rows.collect()))
        }),
        Subject::Devices => question.ask(shared("device_type"), shares),
        Subject::Systems => question.ask(shared("os"), shares),
        Subject::Browsers => question.ask(shared("browser"), shares),
        Subject::Countries => question.ask(shared("country"), shares),
    }
}

fn counts(rows: impl Iterator<Item = [Value; 4]>) -> Shown {
    shown(COUNTS.listing(rows.map(Vec::from).collect()))
}

fn shares(rows: Vec<UserShare>) -> Shown {
    let rows =
        rows.into_iter().map(|row| vec![json!(row.name), json!(row.users), json!(row.events), json!(row.percentage)]);
    shown(SHARES.listing(rows.collect()))
}

fn shown(listing: Listing) -> Shown {
    Shown { listing, table: as_it_is, chart: first_number, is_empty: false }
}

fn first_number(listing: &Listing, canvas: Canvas) -> String {
    bars_of(listing, 0, 1, canvas)
}
