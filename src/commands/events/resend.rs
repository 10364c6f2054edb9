//! Sends rejected events again, mended if asked to.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use serde_json::{Map, Value, json};

use super::rejected::{self, Rejected, Selection};
use crate::api::IDEMPOTENCY_KEY_HEADER;
use crate::client::Request;
use crate::commands::tree::examples;
use crate::commands::{Consent, Session, field, remote};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const RESENT: Shape = Shape {
    name: "streamflow.resent-event/1",
    form: Form::Listing,
    fields: &[
        Field::new("offset", Kind::Number, "number of the rejected event"),
        Field::new("result", Kind::Text, "accepted, or the code for which it was rejected again"),
        Field::new("detail", Kind::Text, "id of the stored event, or what is wrong with it"),
    ],
};

/// Events of one call. More are sent by calling again with a narrower time range.
const RESEND_MAX: u64 = 10_000;

/// Send rejected events again
///
/// What was rejected stays in the list; a mended event is stored as a new one.
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
        let events = if args.all {
            rejected::selected(&client, &args.selection, session, RESEND_MAX).await?
        } else {
            rejected::by_offset(&client, &args.id).await?
        };
        if let Some(absent) = args.id.iter().find(|offset| !events.iter().any(|event| event.offset == **offset)) {
            return Err(CommandError::new(
                "event_not_found",
                format!("no rejected event has the number {absent}"),
                ExitStatus::NotFound,
            )
            .with_hint("`streamflow events rejected` lists them"));
        }
        let mut stream = session.printer().stream(RESENT.name, RESENT.columns())?;
        let mut failures = 0_u64;
        for event in &events {
            let outcome = match mended(event, &changes) {
                Ok(body) => send(&client, body, run_key, event.offset).await?,
                Err(fault) => Outcome { result: "invalid_json".to_owned(), detail: fault },
            };
            failures += u64::from(outcome.result != ACCEPTED);
            let human = format!("{} {} {}", event.offset, outcome.result, outcome.detail);
            stream.line(&outcome.object(event.offset), human)?;
        }
        session.printer().talk(format_args!("{} of {} accepted", events.len() as u64 - failures, events.len()));
        Ok(if failures > 0 { ExitStatus::Negative } else { ExitStatus::Ok })
    })
}

const ACCEPTED: &str = "accepted";

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

/// Returns what came in with the changes made; without changes as it was, whatever it was.
fn mended(event: &Rejected, changes: &[Change]) -> Result<Vec<u8>, String> {
    if changes.is_empty() {
        return Ok(event.raw.clone().into_bytes());
    }
    let mut object: Map<String, Value> = serde_json::from_str(&event.raw)
        .map_err(|error| format!("it is no JSON object, so that nothing can be set in it: {error}"))?;
    for change in changes {
        remove(&mut object, &change.path);
        field::insert(&mut object, &change.path, change.value.clone()).map_err(|error| error.to_string())?;
    }
    Ok(Value::Object(object).to_string().into_bytes())
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

async fn send(
    client: &crate::client::Client,
    body: Vec<u8>,
    run_key: u64,
    offset: u64,
) -> Result<Outcome, CommandError> {
    use crate::client::ClientError;
    let key = http::HeaderValue::from_str(&format!("resend-{run_key:016x}-{offset}"))
        .expect("keys are made of letters and digits");
    let request = Request::post("/events").header(IDEMPOTENCY_KEY_HEADER, key).body("application/json", body.into());
    match client.send(request).await {
        Ok(response) => {
            let accepted: crate::api::ingestion::EventAccepted = response.json().await?;
            Ok(Outcome { result: ACCEPTED.to_owned(), detail: accepted.id })
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
        let found = mended(&Rejected { offset: 0, raw: raw.to_owned() }, &changes)
            .map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn changes_replace_what_was_there_and_leave_the_rest() {
        check(
            r#"{"type":"x","data":{"n":"1","m":2}}"#,
            &["source=till", "data.n:=5"],
            Ok(r#"{"type":"x","data":{"m":2,"n":5},"source":"till"}"#),
        );
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
