//! Sends rejected events again, mended if asked to.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use serde_json::{Map, Value, json};
use streamflow_core::filter;

use super::rejected::{self, Rejected, Selection};
use crate::api::IDEMPOTENCY_KEY_HEADER;
use crate::api::query::QueryRequest;
use crate::client::{Client, ClientError, Request};
use crate::commands::tree::examples;
use crate::commands::{Consent, Session, field, remote};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, Stream};

pub(super) const RESENT: Shape = Shape {
    name: "streamflow.resent-event/1",
    form: Form::Listing,
    fields: &[
        Field::new("offset", Kind::Number, "number of the rejected event"),
        Field::new("result", Kind::Text, "accepted, stored_before, or the code for which it was rejected again"),
        Field::new("detail", Kind::Text, "where the event is stored, or what is wrong with it"),
    ],
};

/// Events that are asked for at a time.
const PAGE: u64 = 1_000;

/// Send rejected events again
///
/// What was rejected stays in the list. A mended event is stored under the id that it has, or else under rejected:OFFSET, and
/// is not sent again.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow events resend --id 3 --set source=till",
    "streamflow events resend --all --code schema_violation --last 1h",
))]
pub(super) struct ResendArgs {
    /// Number of the rejected event, from `events rejected`; may be given more than once
    #[arg(long, value_name = "OFFSET", required_unless_present = "all", conflicts_with = "all")]
    id: Vec<u64>,
    /// All that --code and the time flags select
    #[arg(long)]
    all: bool,
    /// Give a field another value before sending: source=till, data.n:=5
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Send to a protected context without being asked
    #[arg(long, hide_short_help = true)]
    yes: bool,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(args: ResendArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let changes = args.set.iter().map(|text| Change::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let consent = if args.yes { Consent::Given } else { Consent::Wanted };
    let client = remote::server_for_writing(session, "send events again", consent)?;
    let run_key = RandomState::new().build_hasher().finish();
    session.block_on(async {
        let mut resending = Resending {
            client: &client,
            changes: &changes,
            run_key,
            stream: session.printer().stream(RESENT.name, RESENT.columns())?,
            counts: Counts::default(),
        };
        if args.all {
            let range = args.selection.range(session)?;
            // What is rejected again gets a number beyond, and is not for this call.
            let mut offsets = rejected::offsets(&client).await?;
            loop {
                let page = rejected::page(&client, &args.selection, &range, offsets.clone(), PAGE).await?;
                let Some(last) = page.last() else { break };
                offsets.start = last.offset + 1;
                resending.send_all(&page).await?;
            }
        } else {
            let events = rejected::by_offset(&client, &args.id).await?;
            if let Some(absent) = args.id.iter().find(|offset| !events.iter().any(|event| event.offset == **offset)) {
                return Err(not_there(*absent));
            }
            resending.send_all(&events).await?;
        }
        let Counts { all, accepted, stored_before } = resending.counts;
        resending.stream.finish()?;
        let before = if stored_before > 0 { format!(", {stored_before} stored before") } else { String::new() };
        session.printer().talk(format_args!("{accepted} of {all} accepted{before}"));
        Ok(if accepted + stored_before < all { ExitStatus::Negative } else { ExitStatus::Ok })
    })
}

fn not_there(offset: u64) -> CommandError {
    let message = format!("no rejected event has the number {offset}");
    CommandError::new("event_not_found", message, ExitStatus::NotFound)
        .with_hint("`streamflow events rejected` lists them")
}

const ACCEPTED: &str = "accepted";
const STORED_BEFORE: &str = "stored_before";

#[derive(Debug, Default)]
struct Counts {
    all: u64,
    accepted: u64,
    stored_before: u64,
}

/// A call under way.
struct Resending<'a> {
    client: &'a Client,
    changes: &'a [Change],
    run_key: u64,
    stream: Stream<'a>,
    counts: Counts,
}

impl Resending<'_> {
    async fn send_all(&mut self, events: &[Rejected]) -> Result<(), CommandError> {
        let mended: Vec<_> = events.iter().map(|event| mended(event, self.changes)).collect();
        let ids = mended.iter().filter_map(|mended| mended.as_ref().ok()?.id.as_deref());
        let stored = stored(self.client, ids).await?;
        for (event, mended) in events.iter().zip(mended) {
            let outcome = match mended {
                Err(fault) => Outcome { result: "invalid_json".to_owned(), detail: fault },
                Ok(Mended { id: Some(id), .. }) if stored.contains(&id) => {
                    Outcome { result: STORED_BEFORE.to_owned(), detail: id }
                }
                Ok(Mended { body, .. }) => send(self.client, body, self.run_key, event.offset).await?,
            };
            self.counts.all += 1;
            self.counts.accepted += u64::from(outcome.result == ACCEPTED);
            self.counts.stored_before += u64::from(outcome.result == STORED_BEFORE);
            let human = format!("{} {} {}", event.offset, outcome.result, outcome.detail);
            self.stream.line(&outcome.object(event.offset), human)?;
        }
        Ok(())
    }
}

/// Returns those of the ids under which an event is stored: however long ago that was, it is not sent again.
async fn stored(client: &Client, ids: impl Iterator<Item = &str>) -> Result<HashSet<String>, ClientError> {
    let list: Vec<String> = ids.map(filter::text_sql).collect();
    if list.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!("SELECT DISTINCT id FROM events WHERE id IN ({})", list.join(", "));
    let answer = rejected::ask(client, QueryRequest { sql, ..QueryRequest::default() }).await?;
    Ok(answer.rows.iter().filter_map(|row| row.first()?.as_str().map(str::to_owned)).collect())
}

/// What became of one event.
struct Outcome {
    result: String,
    detail: String,
}

impl Outcome {
    fn object(&self, offset: u64) -> Map<String, Value> {
        Map::from_iter([
            ("offset".to_owned(), json!(offset)),
            ("result".to_owned(), json!(self.result)),
            ("detail".to_owned(), json!(self.detail)),
        ])
    }
}

/// A new value for a field.
struct Change {
    path: String,
    value: Value,
}

impl Change {
    fn parse(text: &str) -> Result<Self, CommandError> {
        let wrong = || {
            CommandError::usage(format!("{text:?} is no change"))
                .with_hint("write --set source=till, or --set data.n:=5")
        };
        let (path, value) = text.split_once('=').filter(|(path, _)| !path.is_empty()).ok_or_else(wrong)?;
        match path.strip_suffix(':') {
            None => Ok(Self { path: path.to_owned(), value: field::scalar(value) }),
            Some(path) => Ok(Self { path: path.to_owned(), value: serde_json::from_str(value).map_err(|_| wrong())? }),
        }
    }
}

/// An event that is ready to be sent again.
#[derive(Debug, PartialEq, Eq)]
struct Mended {
    body: Vec<u8>,
    /// The id under which it will be stored; none when what came in is no event at all.
    id: Option<String>,
}

/// Returns what came in with the changes made, and with an id by which it is known when this is done again.
fn mended(event: &Rejected, changes: &[Change]) -> Result<Mended, String> {
    let parsed: Result<Map<String, Value>, _> = serde_json::from_str(&event.raw);
    let own_id = |object: &Map<String, Value>| object.get("id").filter(|id| !id.is_null()).cloned();
    if changes.is_empty() {
        let raw = event.raw.trim_start();
        return Ok(match parsed {
            Ok(object) if object.contains_key("id") => Mended {
                body: raw.as_bytes().to_vec(),
                id: own_id(&object).and_then(|id| id.as_str().map(str::to_owned)),
            },
            // Written into the text: reading it and writing it anew would change numbers.
            Ok(object) if !object.is_empty() => {
                let id = made_id(event);
                Mended { body: format!("{{\"id\":\"{id}\",{}", &raw[1..]).into_bytes(), id: Some(id) }
            }
            _ => Mended { body: event.raw.clone().into_bytes(), id: None },
        });
    }
    let mut object =
        parsed.map_err(|error| format!("it is no JSON object, so that nothing can be set in it: {error}"))?;
    for change in changes {
        remove(&mut object, &change.path);
        field::insert(&mut object, &change.path, change.value.clone()).map_err(|error| error.to_string())?;
    }
    let id = match own_id(&object) {
        Some(id) => id.as_str().map(str::to_owned),
        None => {
            object.insert("id".to_owned(), json!(made_id(event)));
            Some(made_id(event))
        }
    };
    Ok(Mended { body: Value::Object(object).to_string().into_bytes(), id })
}

/// Returns the id of an event that came without one: the same at every call.
fn made_id(event: &Rejected) -> String {
    format!("rejected:{}", event.offset)
}

fn remove(object: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => drop(object.remove(path)),
        Some((outer, inner)) => {
            if let Some(Value::Object(within)) = object.get_mut(outer) {
                remove(within, inner);
            }
        }
    }
}

async fn send(client: &Client, body: Vec<u8>, run_key: u64, offset: u64) -> Result<Outcome, CommandError> {
    let key = http::HeaderValue::from_str(&format!("resend-{run_key:016x}-{offset}"))
        .expect("keys are made of letters and digits");
    let request = Request::post("/events").header(IDEMPOTENCY_KEY_HEADER, key).body("application/json", body.into());
    match client.send(request).await {
        Ok(response) => {
            let accepted: crate::api::ingestion::EventAccepted = response.json().await?;
            let result = if accepted.duplicate { STORED_BEFORE } else { ACCEPTED };
            let detail = format!("{}:{}", accepted.partition, accepted.offset);
            Ok(Outcome { result: result.to_owned(), detail })
        }
        Err(ClientError::Refused(refusal)) if matches!(refusal.status, 400 | 413 | 422) => {
            Ok(Outcome { result: refusal.detail.code, detail: refusal.detail.message })
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, changes: &[&str], expected: Result<&str, &str>) {
        let changes: Vec<Change> = changes.iter().map(|text| Change::parse(text).unwrap()).collect();
        let found = mended(&Rejected { offset: 7, raw: raw.to_owned() }, &changes)
            .map(|mended| String::from_utf8(mended.body).unwrap());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn changes_replace_what_was_there_and_leave_the_rest() {
        check(
            r#"{"type":"x","data":{"n":"1","m":2}}"#,
            &["source=till", "data.n:=5"],
            Ok(r#"{"type":"x","data":{"m":2,"n":5},"source":"till","id":"rejected:7"}"#),
        );
        check(r#" {"id":"own","n":1E+2}"#, &[], Ok(r#"{"id":"own","n":1E+2}"#));
        check(r#"{"n":1.0}"#, &[], Ok(r#"{"id":"rejected:7","n":1.0}"#));
        check("not json", &[], Ok("not json"));
        check(
            "[1]",
            &["a=1"],
            Err(
                "it is no JSON object, so that nothing can be set in it: invalid type: sequence, expected a map at line 1 column 0",
            ),
        );
        check(r#"{"data":1}"#, &["data.n=5"], Err(r#""data.n" is inside of "data", which has a value of its own"#));
    }

    #[test]
    fn a_change_names_a_field() {
        for text in ["source", "=5", "n:=oops"] {
            assert!(Change::parse(text).is_err(), "{text}");
        }
    }
}
