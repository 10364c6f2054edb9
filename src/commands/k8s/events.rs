//! Shows what a cluster says of its objects, or sends it to StreamFlow as events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::PlaceArgs;
use crate::commands::send::batch::Batch;
use crate::commands::send::delivery::{Ack, Backoff, Delivery, Keys};
use crate::commands::tree::examples;
use crate::commands::{Consent, Session, remote};
use crate::kube::{Change, Kind as KubeKind, Watch};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.k8s-events/1",
    form: Form::Listing,
    fields: &[
        Field::new("time", Kind::Time, "when it happened, the last time"),
        Field::new("type", Kind::Text, "Normal or Warning"),
        Field::new("reason", Kind::Text, "one word for what happened, such as BackOff"),
        Field::new("namespace", Kind::Text, "namespace of the object"),
        Field::new("object", Kind::Text, "KIND/NAME of the object"),
        Field::new("count", Kind::Number, "how often it happened"),
        Field::new("message", Kind::Text, "what the cluster says"),
    ],
};

/// Events of one request.
const BATCH_EVENTS_MAX: usize = 500;
/// Events that wait to be sent; beyond them the watch waits.
const EVENTS_MAX: usize = 4_096;
/// How long a server that does not answer is tried again.
const RETRY_FOR: Duration = Duration::from_secs(300);

/// Show what the cluster says of its objects
///
/// With --send each is sent to StreamFlow as an event k8s.event, until Ctrl-C. What was sent before is recognised, also by
/// another call, for as long as the server remembers ids.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow k8s events -n web",
    "streamflow k8s events --watch -o ndjson",
    "streamflow k8s events --send -A",
))]
pub(super) struct EventsArgs {
    /// Go on with what happens from now on
    #[arg(short, long)]
    watch: bool,
    /// Send to StreamFlow instead of printing, and go on
    #[arg(long, conflicts_with = "watch")]
    send: bool,
    /// With --send, end after those that are there
    #[arg(long, requires = "send")]
    once: bool,
    /// Do not ask before writing to a protected context
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(args: &EventsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let delivery = args.send.then(|| delivery(args, session)).transpose()?;
    session.block_on(async {
        let cluster = args.place.cluster.connect().await?;
        let (events, watch) = Watch::begin(&cluster, KubeKind::EVENT, args.place.namespace(&cluster), None).await?;
        let watch = (args.watch || args.send && !args.once).then_some(watch);
        let Some(delivery) = delivery else { return print(events, watch, session).await };
        let (to, waiting) = mpsc::channel(EVENTS_MAX);
        let sent = tokio::try_join!(send(&delivery, waiting, session), gather(events, watch, to))?.0;
        session.printer().talk(format_args!("sent {sent} events"));
        Ok(())
    })?;
    Ok(ExitStatus::Ok)
}

fn delivery(args: &EventsArgs, session: &Session) -> Result<Delivery, CommandError> {
    let consent = if args.yes { Consent::Given } else { Consent::Wanted };
    let client = remote::server_for_writing(session, "send events of a cluster", consent)?;
    let keys = Keys::Run(format!("k8s-events-{}-{}", std::process::id(), session.now()));
    Ok(Delivery { client, ack: Ack::Disk, keys, retry_for: RETRY_FOR, backoff: Backoff::default() })
}

async fn print(events: Vec<Value>, watch: Option<Watch>, session: &Session) -> Result<(), CommandError> {
    let mut events = events;
    events.sort_by_cached_key(|event| time(event).as_str().unwrap_or_default().to_owned());
    let printer = session.printer();
    let Some(mut watch) = watch else {
        return printer.listing(&SHAPE.listing(events.iter().map(|event| values(event).to_vec()).collect()));
    };
    let mut stream = printer.stream(SHAPE.name, SHAPE.columns())?;
    loop {
        for event in &events {
            let row = values(event);
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let words: Vec<String> = row.iter().map(text).collect();
            let human = format!("{} {} {}/{} {}: {}", words[0], words[1], words[3], words[4], words[2], words[6]);
            let names = SHAPE.fields.iter().map(|field| field.name.to_owned());
            stream.line(&names.zip(row.iter().cloned()).collect::<Map<_, _>>(), human)?;
        }
        if stream.is_full() {
            return stream.finish();
        }
        events = applied(watch.next().await?);
    }
}

/// The cluster forgets its events after an hour; that is no event.
fn applied(changes: Vec<Change>) -> Vec<Value> {
    let event = |change| match change {
        Change::Applied(event) => Some(event),
        Change::Deleted(_) => None,
    };
    changes.into_iter().filter_map(event).collect()
}

async fn gather(events: Vec<Value>, watch: Option<Watch>, to: mpsc::Sender<Value>) -> Result<(), CommandError> {
    let mut events = events;
    let mut watch = watch;
    loop {
        for event in events {
            if to.send(event).await.is_err() {
                return Ok(());
            }
        }
        let Some(watch) = &mut watch else { return Ok(()) };
        events = applied(watch.next().await?);
    }
}

/// Sends until nothing comes any more, and returns how many events were new to the server.
async fn send(delivery: &Delivery, mut waiting: mpsc::Receiver<Value>, session: &Session) -> Result<u64, CommandError> {
    let origin: Arc<str> = Arc::from("cluster");
    let mut sent = 0;
    for number in 0.. {
        let mut events = Vec::new();
        if waiting.recv_many(&mut events, BATCH_EVENTS_MAX).await == 0 {
            break;
        }
        let body = events.iter().map(|event| format!("{}\n", outgoing(event))).collect::<String>().into_bytes();
        let batch = Batch { origin: Arc::clone(&origin), body, lines: Vec::new(), events: events.len() };
        let delivered = delivery.deliver(number, batch).await?;
        sent += delivered.accepted;
        if let Some(rejection) = delivered.rejections.first() {
            session
                .printer()
                .insist(format_args!("{} events were not taken: {}", delivered.rejected, rejection.message));
        }
    }
    Ok(sent)
}

/// Returns when an event happened; the field that tells it differs by who reports it.
fn time(event: &Value) -> Value {
    let known =
        ["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    known.iter().find_map(|pointer| event.pointer(pointer).filter(|time| time.is_string())).cloned().unwrap_or_default()
}

fn count(event: &Value) -> Value {
    let known = ["/count", "/series/count"];
    known.iter().find_map(|pointer| event.pointer(pointer).filter(|count| count.is_u64())).cloned().unwrap_or(json!(1))
}

/// Newer reporters write the object as `regarding` and the message as `note`, and the core group shows both as before.
fn values(event: &Value) -> [Value; 7] {
    let object = &event["involvedObject"];
    let of = |name: &str| object[name].as_str().unwrap_or_default();
    let place = object["namespace"].as_str().or_else(|| event["metadata"]["namespace"].as_str());
    [
        time(event),
        event["type"].clone(),
        event["reason"].clone(),
        json!(place),
        json!(format!("{}/{}", of("kind"), of("name"))),
        count(event),
        json!(event["message"].as_str().unwrap_or_default().trim()),
    ]
}

fn outgoing(event: &Value) -> Value {
    let [time, kind, reason, namespace, object, count, message] = values(event);
    let severity = if kind == "Warning" { "medium" } else { "low" };
    let uid = event["metadata"]["uid"].as_str().unwrap_or_default();
    json!({
        "type": "k8s.event",
        "source": "kubernetes",
        "severity": severity,
        "timestamp": time,
        // The same report of the same count is one event, however often it is listed.
        "id": format!("{uid}-{count}"),
        "data": {
            "type": kind, "reason": reason, "namespace": namespace, "object": object, "count": count, "message": message,
        },
    })
}
