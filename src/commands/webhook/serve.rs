//! Serves the webhook until a signal stops it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::InjectionArgs;
use crate::admission::{AdmissionOptions, RunningAdmission, StartError};
use crate::commands::tree::examples;
use crate::commands::{Session, session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings;
use crate::telemetry::{self, LogFormat, task};

mod events;
mod renewal;

use events::Courier;
use renewal::Renewal;

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook/1",
    form: Form::Record,
    fields: &[
        Field::new("reviews", Kind::Text, "address of the reviews, over TLS"),
        Field::new("probes", Kind::Text, "address of /healthz, /readyz and /metrics"),
    ],
};

/// Longest delay that makes sense: a cluster ends a pod after 30 s by default.
const DRAIN_DELAY_SECONDS_MAX: u64 = 300;

/// Serve the webhook
///
/// Renewed certificates are taken over without a restart. A signal ends it once the reviews under way are answered.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook serve --certs certs",
    "streamflow webhook serve --certs certs --listen 127.0.0.1:8443 --probes 127.0.0.1:8081",
    "streamflow webhook serve --certs certs --events http://streamflow.streamflow.svc:8005",
))]
pub(super) struct ServeArgs {
    /// Address of the reviews, over TLS
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Address of /healthz, /readyz and /metrics, in plain HTTP
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8080")]
    probes: SocketAddr,
    /// Folder with tls.crt and tls.key
    #[arg(long, value_name = "DIR")]
    certs: PathBuf,
    /// After a signal, take reviews for as long while /readyz says no
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=DRAIN_DELAY_SECONDS_MAX))]
    drain_delay: u64,
    /// Send each mutation as an event k8s.mutation to the StreamFlow server at this address, with --token or STREAMFLOW_TOKEN
    #[arg(long, value_name = "URL")]
    events: Option<String>,
    /// Renew the certificate in the Secret streamflow-webhook-tls at two thirds of its life, with the cluster's rights of this pod
    #[arg(long)]
    renew: bool,
    /// With --renew, how long API servers and pods are given to learn of a change
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = settings::parse_duration)]
    renew_settle: Duration,
    /// Write the log as lines of JSON
    #[arg(long)]
    log_json: bool,
    #[command(flatten)]
    injection: InjectionArgs,
}

pub(super) fn run(args: &ServeArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let courier = args.events.as_deref().map(|url| Courier::to(url, session)).transpose()?;
    let options = AdmissionOptions {
        tell_mutations: courier.is_some(),
        listen: args.listen,
        probes: args.probes,
        certs: args.certs.clone(),
        injection: args.injection.injection()?,
        drain_delay: Duration::from_secs(args.drain_delay),
    };
    telemetry::start("info", if args.log_json { LogFormat::Json } else { LogFormat::Text });
    session::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("io")
        .enable_all()
        .build()
        .map_err(|error| CommandError::bug(format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(serve(args, options, courier, session));
    runtime.shutdown_background();
    outcome
}

async fn serve(
    args: &ServeArgs,
    options: AdmissionOptions,
    courier: Option<Courier>,
    session: &Session,
) -> Result<ExitStatus, CommandError> {
    let listen = |kind| signal(kind).map_err(|error| CommandError::bug(format!("cannot wait for signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let renewal = match args.renew {
        true => Some(Renewal::new(&args.injection.namespace, args.renew_settle, Timestamp::now()).await?),
        false => None,
    };
    let mut running = RunningAdmission::start(options).await?;
    let renewing = renewal.map(|renewal| task::spawn("renewal", renewal.run()));
    let sending = running
        .take_mutations()
        .zip(courier)
        .map(|(mutations, courier)| task::spawn("mutations", courier.run(mutations)));
    let (reviews, probes) = (format!("https://{}/mutate", running.address), format!("http://{}", running.probes));
    tracing::info!(reviews, probes, "serving");
    let object = Map::from_iter([("reviews".to_owned(), json!(reviews)), ("probes".to_owned(), json!(probes))]);
    session.printer().record(SHAPE.name, &object)?;
    wait(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping");
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    tokio::select! {
        () = stop(running, sending) => tracing::info!("stopped"),
        () = wait(&mut terminate, &mut interrupt) => tracing::warn!("stopped at once by a second signal"),
    }
    Ok(ExitStatus::Ok)
}

/// What was mutated up to the end is still sent, within a limit.
async fn stop(running: RunningAdmission, sending: Option<JoinHandle<()>>) {
    running.shutdown().await;
    if let Some(sending) = sending
        && tokio::time::timeout(events::LAST_MAX, sending).await.is_err()
    {
        tracing::warn!("the last mutations were not sent");
    }
}

async fn wait(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        let hint = match error {
            StartError::Certificate(_) => "`streamflow webhook certs --out DIR` makes a certificate",
            StartError::Listen { .. } => "choose another address with --listen or --probes",
            StartError::Task(_) => return Self::bug(error.to_string()),
        };
        Self::usage(error.to_string()).with_hint(hint)
    }
}
