//! Shows how many users come back after the day or week in which they first came.

use serde_json::json;

use super::Session;
use super::chart::{Canvas, shaded};
use super::question::{MONTH, Question, ScopeArgs, Shown};
use super::tree::examples;
use crate::api::analytics::RetentionCohort;
use crate::client::Request;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) const SHAPES: &[&Shape] = &[&RETENTION];

const RETENTION: Shape = Shape {
    name: "streamflow.retention/1",
    form: Form::Listing,
    fields: &[
        Field::new("cohort", Kind::Time, "start of the period in which these users first came"),
        Field::new("cohort_users", Kind::Number, "how many they are"),
        Field::new("period", Kind::Number, "periods since then, from 0"),
        Field::new("users", Kind::Number, "users of the cohort who were active in it"),
        Field::new("percentage", Kind::Number, "their share of the cohort, 0 to 100"),
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
    Question::new(&args.scope, MONTH, session)?.ask(request, |cohorts: Vec<RetentionCohort>| Shown {
        listing: RETENTION.listing(cohorts.iter().flat_map(rows).collect()),
        chart,
        is_empty: false,
    })
}

fn rows(cohort: &RetentionCohort) -> impl Iterator<Item = Vec<serde_json::Value>> {
    cohort.periods.iter().map(|period| {
        vec![
            json!(cohort.cohort),
            json!(cohort.users),
            json!(period.period),
            json!(period.users),
            json!(period.percentage),
        ]
    })
}

/// Draws a line a cohort, a shaded percentage a period.
fn chart(listing: &Listing, canvas: Canvas) -> String {
    let mut text = String::new();
    for row in &listing.rows {
        if row[2].as_u64() == Some(0) {
            let cohort = row[0].as_str().unwrap_or_default();
            text.push('\n');
            text.push_str(cohort.get(..10).unwrap_or(cohort));
        }
        text.push_str("  ");
        text.push_str(&shaded(row[4].as_f64().unwrap_or_default(), canvas.glyphs));
    }
    text + "\n"
}
