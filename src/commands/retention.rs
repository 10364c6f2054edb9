//! Shows how many users come back after the day or week in which they first came.

use serde_json::{Value, json};

use super::Session;
use super::chart::{Canvas, shaded};
use super::question::{MONTH, Question, ScopeArgs, Shown};
use super::tree::examples;
use crate::api::analytics::RetentionCohort;
use crate::client::Request;
use crate::printer::{Column, CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) const SHAPES: &[&Shape] = &[&RETENTION];

const RETENTION: Shape = Shape {
    name: "streamflow.retention/1",
    form: Form::Listing,
    fields: &[
        Field::new("cohort", Kind::Time, "first day of the period in which these users first came"),
        Field::new("users", Kind::Number, "how many they are"),
        Field::new("active", Kind::Json, "how many of them were active in each period since, the first one included"),
        Field::new("percentages", Kind::Json, "the same as shares of the cohort, 0 to 100"),
    ],
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Period {
    #[default]
    Day,
    Week,
}

/// Show how many users come back in later days or weeks
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow retention", "streamflow retention --period week --last 90d"))]
pub(super) struct RetentionArgs {
    /// Length of a period
    #[arg(long, value_enum, value_name = "PERIOD", default_value_t)]
    period: Period,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub(super) fn run(args: RetentionArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let period = match args.period {
        Period::Day => "day",
        Period::Week => "week",
    };
    let request = Request::get("/api/v1/analytics/retention").query("period", period);
    Question::new(&args.scope, MONTH, session)?.ask(request, |cohorts: Vec<RetentionCohort>| {
        let rows: Vec<_> = cohorts.iter().map(row).collect();
        Shown { listing: RETENTION.listing(rows), table, chart, is_empty: false }
    })
}

fn row(cohort: &RetentionCohort) -> Vec<Value> {
    let active: Vec<u64> = cohort.periods.iter().map(|period| period.users).collect();
    let percentages: Vec<f64> = cohort.periods.iter().map(|period| period.percentage).collect();
    vec![json!(cohort.cohort), json!(cohort.users), json!(active), json!(percentages)]
}

/// Gives each period a column of its own, counted from the first.
fn table(listing: &Listing) -> Listing {
    let active = |row: &[Value]| row[2].as_array().cloned().unwrap_or_default();
    let periods = listing.rows.iter().map(|row| active(row).len()).max().unwrap_or_default();
    let mut table = listing.clone().without("active").without("percentages");
    for period in 0..periods {
        table.columns.push(Column::new(format!("+{period}"), Kind::Number));
        for (row, whole) in table.rows.iter_mut().zip(&listing.rows) {
            // A cohort that is younger has no such period yet.
            row.push(active(whole).get(period).cloned().unwrap_or_else(|| json!("")));
        }
    }
    table
}

/// Draws a line a cohort, a shaded percentage a period.
fn chart(listing: &Listing, canvas: Canvas) -> String {
    listing.rows.iter().fold("\n".to_owned(), |mut text, row| {
        text.push_str(row[0].as_str().unwrap_or_default());
        for percentage in row[3].as_array().into_iter().flatten() {
            text.push_str("  ");
            text.push_str(&shaded(percentage.as_f64().unwrap_or_default(), canvas.glyphs));
        }
        text + "\n"
    })
}
