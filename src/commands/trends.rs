//! Shows how many events there were in each interval of time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Session;
use super::chart::{Canvas, bars_of, sparkline};
use super::observed;
use super::question::{DAY, Question, ScopeArgs, Shown};
use super::tree::examples;
use crate::api::analytics::TrendBucket;
use crate::client::Request;
use crate::printer::{Column, CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) const SHAPES: &[&Shape] = &[&TRENDS];

const TRENDS: Shape = Shape {
    name: "streamflow.trends/1",
    form: Form::Listing,
    fields: &[
        Field::new("timestamp", Kind::Time, "start of the interval"),
        Field::new("total", Kind::Number, "events in it"),
        Field::new("types", Kind::Json, "events by the values of the column that --by names"),
    ],
};

/// More intervals than this are drawn on one line instead of a line each.
const BARS_MAX: usize = 48;

/// Show events by hour, day or any other interval
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow trends",
    "streamflow trends --last 7d --interval 1d",
    "streamflow trends --by severity --filter 'source=web-app' -o csv",
))]
pub(super) struct TrendsArgs {
    /// Width of an interval: 15m, 1h, 1d, hourly, daily, weekly
    #[arg(long, value_name = "TIME", default_value = "1h")]
    interval: String,
    /// Column to split the counts by
    #[arg(long, value_name = "COLUMN", default_value = "type", add = observed::column())]
    by: String,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub(super) fn run(args: TrendsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let request =
        Request::get("/api/v1/analytics/event-trends").query("interval", &args.interval).query("by", &args.by);
    Question::new(&args.scope, DAY, session)?.grouped_by(&args.by).ask(request, |buckets: Vec<TrendBucket>| {
        // A column that no event has makes every group "unknown".
        let is_empty = buckets.iter().all(|bucket| bucket.types.keys().all(|name| name == "unknown"));
        let rows =
            buckets.into_iter().map(|bucket| vec![json!(bucket.timestamp), json!(bucket.total), json!(bucket.types)]);
        Shown { listing: TRENDS.listing(rows.collect()), table, chart, is_empty }
    })
}

/// Gives each value of the column a column of its own, those with the most events first.
fn table(listing: &Listing) -> Listing {
    let count = |row: &[Value], name: &str| row[2].get(name).and_then(Value::as_u64).unwrap_or_default();
    let names: BTreeSet<&String> =
        listing.rows.iter().filter_map(|row| row[2].as_object()).flat_map(serde_json::Map::keys).collect();
    let mut names: Vec<(u64, &String)> =
        names.into_iter().map(|name| (listing.rows.iter().map(|row| count(row, name)).sum(), name)).collect();
    names.sort_by_key(|(events, _)| std::cmp::Reverse(*events));
    let mut table = listing.clone().without("types");
    for (_, name) in names {
        table.columns.push(Column::new(name, Kind::Number));
        for (row, counted) in table.rows.iter_mut().zip(&listing.rows) {
            row.push(json!(count(counted, name)));
        }
    }
    table
}

fn chart(listing: &Listing, canvas: Canvas) -> String {
    if listing.rows.len() <= BARS_MAX {
        return bars_of(listing, 0, 1, canvas);
    }
    let totals: Vec<f64> = listing.rows.iter().map(|row| row[1].as_f64().unwrap_or_default()).collect();
    format!("\n{}\n", sparkline(&totals, canvas.width, canvas.glyphs))
}
