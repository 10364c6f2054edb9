//! Lists the monitored pods, and follows what becomes of them.

use serde_json::{Map, Value, json};

use super::{PlaceArgs, selector};
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::kube::{Change, Kind as KubeKind, Watch};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.k8s-pods/1",
    form: Form::Listing,
    fields: &[
        Field::new("namespace", Kind::Text, "namespace of the pod"),
        Field::new("name", Kind::Text, "name of the pod"),
        Field::new("ready", Kind::Text, "containers that are ready, of all"),
        Field::new("status", Kind::Text, "phase of the pod, or what a container waits for; Deleted once it is gone"),
        Field::new("restarts", Kind::Number, "how often its containers were started anew"),
        Field::new("component", Kind::Text, "value of the label streamflow.io/component"),
        Field::new("node", Kind::Text, "machine that it runs on"),
        Field::new("created", Kind::Time, "when it was made"),
    ],
};

/// List the monitored pods
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow k8s pods", "streamflow k8s pods -A -o json", "streamflow k8s pods --watch"))]
pub(super) struct PodsArgs {
    /// Further labels that the pods must have, such as app=shop
    #[arg(short = 'l', long, value_name = "LABELS")]
    selector: Option<String>,
    /// Go on with every change
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(args: &PodsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    session.block_on(async {
        let cluster = args.place.cluster.connect().await?;
        let (namespace, selector) = (args.place.namespace(&cluster), selector(args.selector.as_deref()));
        if args.watch {
            let (pods, watch) = Watch::begin(&cluster, KubeKind::POD, namespace, Some(&selector)).await?;
            return follow(pods, watch, session).await;
        }
        let (pods, _) = cluster.list(KubeKind::POD, namespace, Some(&selector)).await?;
        let rows = pods.iter().map(|pod| values(pod, None).to_vec()).collect();
        session.printer().listing(&SHAPE.listing(rows))
    })?;
    Ok(ExitStatus::Ok)
}

async fn follow(pods: Vec<Value>, mut watch: Watch, session: &Session) -> Result<(), CommandError> {
    let mut stream = session.printer().stream(SHAPE.name, SHAPE.columns())?;
    let mut changes: Vec<Change> = pods.into_iter().map(Change::Applied).collect();
    loop {
        for change in changes {
            let row = match &change {
                Change::Applied(pod) => values(pod, None),
                Change::Deleted(pod) => values(pod, Some("Deleted")),
            };
            let [namespace, name, ready, status, restarts, ..] = &row;
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pod = format!("{}/{}", text(namespace), text(name));
            let human = format!("{pod:<60} {:>5} {:<20} {restarts} restarts", text(ready), text(status));
            let names = SHAPE.fields.iter().map(|field| field.name.to_owned());
            stream.line(&names.zip(row.iter().cloned()).collect::<Map<_, _>>(), human)?;
        }
        if stream.is_full() {
            return stream.finish();
        }
        changes = watch.next().await?;
    }
}

fn values(pod: &Value, status: Option<&str>) -> [Value; 8] {
    let of = |pointer: &str| pod.pointer(pointer).cloned().unwrap_or_default();
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let containers = containers.map(Vec::as_slice).unwrap_or_default();
    let all = pod.pointer("/spec/containers").and_then(Value::as_array).map_or(containers.len(), Vec::len);
    let ready = containers.iter().filter(|container| container["ready"] == true).count();
    let restarts: u64 = containers.iter().filter_map(|container| container["restartCount"].as_u64()).sum();
    [
        of("/metadata/namespace"),
        of("/metadata/name"),
        json!(format!("{ready}/{all}")),
        status.map_or_else(|| state(pod, containers), |status| json!(status)),
        json!(restarts),
        pod["metadata"]["labels"]["streamflow.io/component"].clone(),
        of("/spec/nodeName"),
        of("/metadata/creationTimestamp"),
    ]
}

/// Returns what kubectl shows: what a container waits for says more than the phase.
fn state(pod: &Value, containers: &[Value]) -> Value {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return json!("Terminating");
    }
    let reason = |container: &Value| {
        let state = ["waiting", "terminated"].map(|state| container["state"][state]["reason"].clone());
        state.into_iter().find(|reason| reason.as_str().is_some_and(|reason| reason != "Completed"))
    };
    containers.iter().find_map(reason).unwrap_or_else(|| pod["status"]["phase"].clone())
}
