//! Prints the logs of the monitored pods, each line with its pod; followed, those of pods that come later, too.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::api::LogParams;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::{PlaceArgs, selector};
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::kube::{Change, Cluster, Kind as KubeKind, KubeError, Watch};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings;
use crate::telemetry::task;

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.k8s-logs/1",
    form: Form::Listing,
    fields: &[
        Field::new("namespace", Kind::Text, "namespace of the pod"),
        Field::new("pod", Kind::Text, "name of the pod"),
        Field::new("line", Kind::Text, "line of its log"),
    ],
};

/// Lines that wait to be printed; beyond them the pods' logs wait.
const LINES_MAX: usize = 1_024;
/// Logs that are read at once; each is a request to the API server.
const PODS_MAX: usize = 100;

/// Print the logs of the monitored pods
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow k8s logs --tail 20",
    "streamflow k8s logs --follow -l app=shop",
    "streamflow k8s logs shop-6d4cf56db6-x2x7z -n web",
))]
pub(super) struct LogsArgs {
    /// Pods; otherwise all that are monitored
    #[arg(value_name = "POD")]
    pods: Vec<String>,
    /// Further labels that the pods must have, such as app=shop
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "pods")]
    selector: Option<String>,
    /// Go on with what the pods write, those that start later, too
    #[arg(short, long)]
    follow: bool,
    /// Last lines of each pod
    #[arg(long, value_name = "N")]
    tail: Option<i64>,
    /// Lines of the last while
    #[arg(long, value_name = "TIME", value_parser = settings::parse_duration)]
    since: Option<Duration>,
    /// Container of the pod, when it has many
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

struct Line {
    namespace: String,
    pod: String,
    text: Result<String, KubeError>,
}

/// Starts a reader a pod.
struct Readers {
    cluster: Cluster,
    params: LogParams,
    known: BTreeSet<(String, String)>,
    to: mpsc::Sender<Line>,
}

pub(super) fn run(args: &LogsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    session.block_on(async {
        let cluster = args.place.cluster.connect().await?;
        let (to, lines) = mpsc::channel(LINES_MAX);
        let params = LogParams {
            follow: args.follow,
            tail_lines: args.tail,
            since_seconds: args.since.map(|since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            container: args.container.clone(),
            ..LogParams::default()
        };
        let mut readers = Readers { cluster: cluster.clone(), params, known: BTreeSet::new(), to };
        let namespace = args.place.namespace(&cluster);
        if !args.pods.is_empty() {
            let namespace = namespace.ok_or_else(|| {
                CommandError::usage("pods are named in one namespace").with_hint("give it with -n, without -A")
            })?;
            for pod in &args.pods {
                readers.start(namespace, pod)?;
            }
            drop(readers);
            return print(lines, args.follow, session).await;
        }
        let selector = selector(args.selector.as_deref());
        let (pods, watch) = Watch::begin(&cluster, KubeKind::POD, namespace, Some(&selector)).await?;
        for pod in &pods {
            readers.start_of(pod)?;
        }
        if pods.is_empty() {
            session.printer().talk("no pod is monitored here");
        }
        if !args.follow {
            drop(readers);
            return print(lines, args.follow, session).await;
        }
        tokio::try_join!(print(lines, args.follow, session), readers.keep_up(watch)).map(|((), ())| ())
    })?;
    Ok(ExitStatus::Ok)
}

impl Readers {
    async fn keep_up(mut self, mut watch: Watch) -> Result<(), CommandError> {
        loop {
            for change in watch.next().await? {
                match change {
                    Change::Applied(pod) => self.start_of(&pod)?,
                    Change::Deleted(pod) => {
                        self.known.remove(&names(&pod));
                    }
                }
            }
            if self.to.is_closed() {
                return Ok(());
            }
        }
    }

    /// A pod has a log once a container of it runs, or ran.
    fn start_of(&mut self, pod: &Value) -> Result<(), CommandError> {
        let (namespace, name) = names(pod);
        if pod["status"]["phase"] == "Pending" {
            return Ok(());
        }
        self.start(&namespace, &name)
    }

    fn start(&mut self, namespace: &str, pod: &str) -> Result<(), CommandError> {
        if !self.known.insert((namespace.to_owned(), pod.to_owned())) {
            return Ok(());
        }
        if self.known.len() > PODS_MAX {
            return Err(CommandError::usage(format!("these are more than {PODS_MAX} pods"))
                .with_hint("choose fewer with -l, -n or by name"));
        }
        let (cluster, params, to) = (self.cluster.clone(), self.params.clone(), self.to.clone());
        let (namespace, pod) = (namespace.to_owned(), pod.to_owned());
        task::spawn("pod-log", async move { read(&cluster, &params, namespace, pod, &to).await });
        Ok(())
    }
}

fn names(pod: &Value) -> (String, String) {
    let of = |name: &str| pod["metadata"][name].as_str().unwrap_or_default().to_owned();
    (of("namespace"), of("name"))
}

async fn read(cluster: &Cluster, params: &LogParams, namespace: String, pod: String, to: &mpsc::Sender<Line>) {
    let line = |text| Line { namespace: namespace.clone(), pod: pod.clone(), text };
    let mut lines = match cluster.logs(&namespace, &pod, params).await {
        Ok(lines) => lines,
        Err(error) => {
            // Nobody is left to be told when the printer has ended.
            drop(to.send(line(Err(error))).await);
            return;
        }
    };
    loop {
        let text = match lines.next().await {
            Ok(Some(text)) => Ok(text),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let is_over = text.is_err();
        if to.send(line(text)).await.is_err() || is_over {
            return;
        }
    }
}

/// Prints until all readers have ended, or as many lines as `--limit` says; whether there are more is known only where an
/// end comes. A pod whose log cannot be read does not end the others'.
async fn print(mut lines: mpsc::Receiver<Line>, follow: bool, session: &Session) -> Result<(), CommandError> {
    let printer = session.printer();
    let mut stream = printer.stream(SHAPE.name, SHAPE.columns())?;
    let mut failed = None;
    while let Some(line) = lines.recv().await {
        let Line { namespace, pod, text } = line;
        match text {
            Ok(text) => {
                let values = [("namespace", &namespace), ("pod", &pod), ("line", &text)];
                let object: Map<_, _> =
                    values.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
                stream.line(&object, format_args!("[{namespace}/{pod}] {text}"))?;
            }
            Err(error) => {
                printer.insist(format_args!("{namespace}/{pod}: {error}"));
                failed = Some(error);
            }
        }
        if stream.is_full() && (follow || stream.is_cut()) {
            break;
        }
    }
    stream.finish()?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
