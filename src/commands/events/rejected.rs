//! Lists the events that the server did not take.

use serde_json::{Value, json};

use crate::api::query::{QueryAnswer, QueryRequest};
use crate::client::{Client, ClientError, Request};
use crate::commands::question::MONTH;
use crate::commands::range::{Range, RangeArgs};
use crate::commands::tree::examples;
use crate::commands::{Session, remote};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const REJECTED: Shape = Shape {
    name: "streamflow.rejected-events/1",
    form: Form::Listing,
    fields: &[
        Field::new("offset", Kind::Number, "number of the rejected event, for `events resend --id`"),
        Field::new("received_at", Kind::Time, "when it came"),
        Field::new("code", Kind::Text, "why it was rejected; `streamflow errors CODE` explains it"),
        Field::new("message", Kind::Text, "what was wrong with it"),
        Field::new("raw", Kind::Text, "what came in, up to 64 KiB"),
    ],
};

/// Rows unless `--limit` says otherwise.
const ROWS: usize = 50;

/// List rejected events, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow events rejected", "streamflow events rejected --code missing_field --fields offset,message"))]
pub(super) struct RejectedArgs {
    #[command(flatten)]
    selection: Selection,
}

/// Which rejected events.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Only those that were rejected for this reason
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    range: RangeArgs,
}

impl Selection {
    /// Returns the time range in which the events were rejected.
    ///
    /// # Errors
    /// When a flag is wrong.
    pub(super) fn range(&self, session: &Session) -> Result<Range, CommandError> {
        self.range.resolve(MONTH, session)
    }
}

/// A rejected event.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) offset: u64,
    pub(super) raw: String,
}

pub(super) fn run(args: RejectedArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::reader(session)?;
    let range = args.selection.range(session)?;
    let limit = session.printer().limit().unwrap_or(ROWS);
    let printer = session.printer();
    session.block_on(async {
        let answer = select(&client, &args.selection, &range, "true", "DESC", limit as u64).await?;
        let is_empty = answer.rows.is_empty();
        let mut listing = REJECTED.listing(answer.rows);
        listing.truncated = answer.truncated;
        printer.listing(&listing)?;
        if is_empty {
            printer.talk("no event was rejected in this time range");
        }
        Ok(ExitStatus::Ok)
    })
}

async fn select(
    client: &Client,
    selection: &Selection,
    range: &Range,
    page: &str,
    order: &str,
    max_rows: u64,
) -> Result<QueryAnswer, ClientError> {
    let condition = if selection.code.is_some() { "code = $code" } else { "true" };
    let sql = format!(
        "SELECT _offset, received_at, code, message, raw FROM rejected_events \
         WHERE received_at >= $since AND received_at < $until AND {condition} AND {page} ORDER BY _offset {order}"
    );
    let mut params = json!({ "since": range.since(), "until": range.until() });
    if let Some(code) = &selection.code {
        params["code"] = json!(code);
    }
    ask(client, QueryRequest { sql, params: Some(params), max_rows: Some(max_rows), ..QueryRequest::default() }).await
}

pub(super) async fn ask(client: &Client, request: QueryRequest) -> Result<QueryAnswer, ClientError> {
    client.send(Request::post("/api/v1/query").json(&request)).await?.json().await
}

/// Returns the offsets of all rejected events there are.
pub(super) async fn offsets(client: &Client) -> Result<std::ops::Range<u64>, ClientError> {
    let sql = "SELECT max(_offset) FROM rejected_events".to_owned();
    let answer = ask(client, QueryRequest { sql, ..QueryRequest::default() }).await?;
    let last = answer.rows.first().and_then(|row| row.first()?.as_u64());
    Ok(0..last.map_or(0, |last| last + 1))
}

/// Returns the first `rows` of the selected events with these offsets, oldest first.
pub(super) async fn page(
    client: &Client,
    selection: &Selection,
    range: &Range,
    offsets: std::ops::Range<u64>,
    rows: u64,
) -> Result<Vec<Rejected>, ClientError> {
    let page = format!("_offset >= {} AND _offset < {}", offsets.start, offsets.end);
    Ok(rejected(select(client, selection, range, &page, "ASC", rows).await?))
}

/// Returns the events with these offsets.
pub(super) async fn by_offset(client: &Client, offsets: &[u64]) -> Result<Vec<Rejected>, ClientError> {
    let list: Vec<String> = offsets.iter().map(u64::to_string).collect();
    let sql = format!(
        "SELECT _offset, received_at, code, message, raw FROM rejected_events WHERE _offset IN ({}) ORDER BY _offset",
        list.join(", ")
    );
    Ok(rejected(ask(client, QueryRequest { sql, ..QueryRequest::default() }).await?))
}

fn rejected(answer: QueryAnswer) -> Vec<Rejected> {
    let row =
        |row: Vec<Value>| Some(Rejected { offset: row.first()?.as_u64()?, raw: row.get(4)?.as_str()?.to_owned() });
    answer.rows.into_iter().filter_map(row).collect()
}
