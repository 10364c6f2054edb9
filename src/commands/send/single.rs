//! Sends one event that is described by arguments, and prints its id.

use serde_json::{Map, Value, json};

use super::{SendArgs, count, record};
use crate::api::ingestion::EventAccepted;
use crate::client::Request;
use crate::commands::{Session, field, observed, remote};
use crate::printer::{CommandError, ExitStatus, Field, Format, Kind, Shape};

pub(super) const ANSWER: Shape = record(
    "streamflow.sent/1",
    &[
        Field::new("id", Kind::Text, "the id that was sent with --id, or partition:offset"),
        count("partition", "partition in which the event is stored"),
        count("offset", "offset of the event in its partition"),
        Field::new("duplicate", Kind::Bool, "true when an event with this id was stored before"),
    ],
);

/// What an event has beside its type.
#[derive(Debug, clap::Args)]
pub(super) struct EventArgs {
    /// Field of the event's data; KEY:=JSON for anything but a text, a number or true and false
    #[arg(short, long, value_name = "KEY=VALUE", conflicts_with = "generate")]
    pub(super) data: Vec<String>,
    /// Service or system that the event comes from
    #[arg(long, value_name = "NAME", default_value = "cli", add = observed::source())]
    pub(super) source: String,
    /// Id of the user who did it
    #[arg(long, value_name = "ID")]
    pub(super) user: Option<String>,
    /// Id of the session it belongs to
    #[arg(long, value_name = "ID")]
    pub(super) session: Option<String>,
    /// Id that ties events of one request together
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub(super) correlation: Option<String>,
    /// How much it matters
    #[arg(long, value_name = "SEVERITY", value_parser = ["low", "medium", "high", "critical"])]
    pub(super) severity: Option<String>,
    /// Tag; may be given more than once
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// Your own id: sending it again stores nothing new
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,
    /// When it happened: RFC 3339, or epoch seconds; now unless given
    #[arg(long, value_name = "TIME")]
    pub(super) timestamp: Option<String>,
}

impl EventArgs {
    /// Tells the first argument that describes one event, for a call that sends many.
    pub(super) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--data", !self.data.is_empty()),
            ("--user", self.user.is_some()),
            ("--session", self.session.is_some()),
            ("--correlation", self.correlation.is_some()),
            ("--severity", self.severity.is_some()),
            ("--tag", !self.tag.is_empty()),
            ("--id", self.id.is_some()),
            ("--timestamp", self.timestamp.is_some()),
        ];
        given.into_iter().find_map(|(name, given)| given.then_some(name))
    }

    fn event(&self, event_type: &str) -> Result<Map<String, Value>, CommandError> {
        let data = field::object(&self.data).map_err(|error| {
            CommandError::usage(error.to_string()).with_hint("write -d key=value, or -d 'key:={\"any\": [\"JSON\"]}'")
        })?;
        let mut event = Map::new();
        event.insert("type".to_owned(), json!(event_type));
        event.insert("source".to_owned(), json!(self.source));
        let optional = [
            ("user_id", self.user.as_ref().map(|id| json!(id))),
            ("session_id", self.session.as_ref().map(|id| json!(id))),
            ("correlation_id", self.correlation.as_ref().map(|id| json!(id))),
            ("severity", self.severity.as_ref().map(|severity| json!(severity))),
            ("tags", (!self.tag.is_empty()).then(|| json!(self.tag))),
            ("id", self.id.as_ref().map(|id| json!(id))),
            ("timestamp", self.timestamp.as_deref().map(field::scalar)),
            ("data", (!data.is_empty()).then_some(Value::Object(data))),
        ];
        event.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Ok(event)
    }
}

pub(super) fn run(args: &SendArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let event = args.event.event(args.event_type.as_deref().unwrap_or_default())?;
    let client = remote::server_for_writing(session, "send an event", args.consent())?;
    let answer: EventAccepted = session.block_on(async {
        let request = Request::post("/events").query_opt("ack", args.ack.parameter()).json(&event);
        Ok(client.send(request).await?.json().await?)
    })?;
    let printer = session.printer();
    if answer.duplicate {
        printer
            .talk(format_args!("an event with this id is stored already, at {}:{}", answer.partition, answer.offset));
    }
    if printer.format() == Format::Table && printer.options().is_plain() {
        printer.line(&answer.id)?;
        return Ok(ExitStatus::Ok);
    }
    let object = Map::from_iter([
        ("id".to_owned(), json!(answer.id)),
        ("partition".to_owned(), json!(answer.partition)),
        ("offset".to_owned(), json!(answer.offset)),
        ("duplicate".to_owned(), json!(answer.duplicate)),
    ]);
    printer.record(ANSWER.name, &object)?;
    Ok(ExitStatus::Ok)
}
