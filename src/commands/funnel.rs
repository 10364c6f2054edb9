//! Shows how many users went through a sequence of event types.

use serde_json::json;

use super::Session;
use super::chart::{Canvas, bars_of};
use super::observed;
use super::question::{Question, ScopeArgs, Shown, WEEK, as_it_is};
use super::range::duration_argument;
use super::tree::examples;
use crate::api::analytics::FunnelStep;
use crate::client::Request;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) const SHAPES: &[&Shape] = &[&FUNNEL];

const FUNNEL: Shape = Shape {
    name: "streamflow.funnel/1",
    form: Form::Listing,
    fields: &[
        Field::new("step", Kind::Text, "event type"),
        Field::new("users", Kind::Number, "users who came this far, having done the steps before in order"),
        Field::new("conversion", Kind::Number, "share of the first step's users, 0 to 100"),
        Field::new("median_seconds", Kind::Number, "median time since the first step"),
    ],
};

/// Show how many users go through a sequence of event types
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow funnel web.pageview cart.add order.paid",
    "streamflow funnel user.login,order.paid --within 30m --last 7d",
))]
pub(super) struct FunnelArgs {
    /// Event types in order, at least two
    #[arg(value_name = "STEP", required = true, value_delimiter = ',', add = observed::event_type())]
    steps: Vec<String>,
    /// Time from the first step to the last
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration_argument)]
    within: String,
    #[command(flatten)]
    scope: ScopeArgs,
}

pub(super) fn run(args: FunnelArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    if args.steps.len() < 2 {
        return Err(CommandError::usage("a funnel has at least two steps")
            .with_hint(format!("streamflow funnel {} order.paid", args.steps.concat())));
    }
    let request =
        Request::get("/api/v1/analytics/funnel").query("steps", &args.steps.join(",")).query("within", &args.within);
    Question::new(&args.scope, WEEK, session)?.naming(&args.steps).ask(request, |steps: Vec<FunnelStep>| {
        let is_empty = steps.iter().any(|step| step.users == 0);
        let rows = steps
            .into_iter()
            .map(|step| vec![json!(step.step), json!(step.users), json!(step.conversion), json!(step.median_seconds)]);
        Shown { listing: FUNNEL.listing(rows.collect()), table: as_it_is, chart, is_empty }
    })
}

fn chart(listing: &Listing, canvas: Canvas) -> String {
    bars_of(listing, 0, 1, canvas)
}
