//! Puts the webhook into a cluster, sees that it works, and takes everything back when it does not.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::check::{self, Found};
use super::manifests::{self, ObjectsArgs};
use super::{NAME, issue};
use crate::commands::Session;
use crate::commands::cluster::ClusterArgs;
use crate::commands::session::interrupted;
use crate::commands::tree::examples;
use crate::kube::{Apply, Cluster, Kind as KubeKind, Persist};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::settings;

mod changes;
pub(super) mod probe;
pub(super) mod ready;

use changes::Changes;
use probe::Probe;

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook-install/1",
    form: Form::Listing,
    fields: &[
        Field::new("kind", Kind::Text, "kind of the object"),
        Field::new("namespace", Kind::Text, "its namespace; null for one of the whole cluster"),
        Field::new("name", Kind::Text, "its name"),
        Field::new(
            "outcome",
            Kind::Text,
            "created, changed, unchanged, unchecked (its namespace is not there yet), deleted, kept",
        ),
    ],
};

/// Put the webhook into a cluster
///
/// Applies the objects of `streamflow webhook manifests` and a certificate, waits until the API server has asked the webhook and
/// been answered, and takes everything back if that does not happen in time, or on Ctrl-C. A second Ctrl-C leaves what is there
/// and tells what that is. Calling it again changes what is different.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook install --image registry.example.com/streamflow:0.1.0",
    "streamflow webhook install --image registry.example.com/streamflow:0.1.0 --dry-run=server",
    "streamflow webhook install --url https://10.0.0.5:8443/mutate --ca certs/ca.crt --kube-context staging",
))]
pub(super) struct InstallArgs {
    #[command(flatten)]
    objects: ObjectsArgs,
    /// File of the authority that the API server is to trust; without it one is made, and kept in the cluster's Secret
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Have the API server check everything and keep nothing
    #[arg(long, value_name = "WHERE", value_enum)]
    dry_run: Option<DryRun>,
    /// Take over fields that another tool manages
    #[arg(long)]
    take_over: bool,
    /// Namespace in which the webhook is tried, by a dry run
    #[arg(long, value_name = "NAME", default_value = "default")]
    try_in: String,
    /// Take everything back when the webhook does not work within this time
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = settings::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DryRun {
    Server,
}

pub(super) fn run(args: &InstallArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    if args.objects.url.is_some() && args.ca.is_none() {
        return Err(CommandError::usage("--url needs --ca")
            .with_hint("name the ca.crt of the certificate that the webhook at that address shows"));
    }
    session.block_on_whole(install(args, session))
}

async fn install(args: &InstallArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let cluster = args.cluster.connect().await?;
    let persist = if args.dry_run.is_some() { Persist::DryRun } else { Persist::Yes };
    let mut changes = Changes::new(&cluster, Apply { persist, take_over: args.take_over });
    let outcome = until_interrupted(args, session, &cluster, &mut changes).await;
    match outcome {
        Ok(()) => {
            session.printer().listing(&SHAPE.listing(changes.rows()))?;
            Ok(ExitStatus::Ok)
        }
        Err(error) if changes.are_kept() => {
            session.printer().insist("taking back what was done; Ctrl-C leaves it");
            let why = tokio::select! {
                undone = changes.undo() => undone.err().map(|error| error.to_string()),
                _ = interrupted() => Some("interrupted".to_owned()),
            };
            if let Some(why) = why {
                session.printer().insist(format_args!(
                    "not everything was taken back ({why}); left in the cluster: {}\n`streamflow webhook install` goes on \
                     from there, `streamflow webhook uninstall` takes it away",
                    changes.left().join(", ")
                ));
            }
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Goes on until Ctrl-C. A change that is under way then is still waited for, or it would come after it was taken back; a
/// second Ctrl-C does not wait.
async fn until_interrupted(
    args: &InstallArgs,
    session: &Session,
    cluster: &Cluster,
    changes: &mut Changes<'_>,
) -> Result<(), CommandError> {
    let stop = CancellationToken::new();
    let mut proceeding = std::pin::pin!(proceed(args, session, cluster, changes, &stop));
    tokio::select! {
        outcome = &mut proceeding => return outcome,
        _ = interrupted() => stop.cancel(),
    }
    tokio::select! {
        outcome = proceeding => outcome,
        interrupt = interrupted() => Err(interrupt),
    }
}

/// Waits for something that changes nothing, until Ctrl-C.
async fn unless<T>(
    stop: &CancellationToken,
    waiting: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    stop.run_until_cancelled(waiting).await.unwrap_or_else(|| Err(CommandError::interrupted()))
}

async fn proceed(
    args: &InstallArgs,
    session: &Session,
    cluster: &Cluster,
    changes: &mut Changes<'_>,
    stop: &CancellationToken,
) -> Result<(), CommandError> {
    let deadline = Instant::now() + args.timeout;
    let (ca_bundle, secret) = unless(stop, trust(args, session, cluster)).await?;
    let mut objects = args.objects.objects(Some(ca_bundle))?;
    let configuration = objects.pop().ok_or_else(|| CommandError::bug("there is no configuration"))?;
    // The pods mount the Secret, and the namespace comes first.
    if let Some(secret) = secret {
        objects.insert(objects.len().min(1), secret);
    }
    for object in &objects {
        if stop.is_cancelled() {
            return Err(CommandError::interrupted());
        }
        changes.apply(object).await?;
    }
    if args.dry_run.is_some() {
        changes.apply(&configuration).await?;
        return Ok(());
    }
    let printer = session.printer();
    if args.objects.image.is_some() {
        printer.talk("waiting for the webhook's pods");
        unless(stop, ready::wait(cluster, &args.objects.injection.namespace, deadline)).await?;
    }
    changes.apply(&configuration).await?;
    printer.talk(format_args!("waiting for the API server to ask the webhook, in namespace {}", args.try_in));
    match unless(stop, probe::until_injected(cluster, &args.try_in, deadline)).await? {
        Probe::Injected => Ok(()),
        Probe::Untouched => Err(CommandError::new(
            "timed_out",
            "the API server made a Deployment without asking the webhook, or got no answer from it",
            ExitStatus::TimedOut,
        )
        .with_hint(
            "can the API server reach the webhook? Its log says; and is the namespace of --try-in not opted out?",
        )),
        Probe::Failed(why) => Err(CommandError::new("timed_out", why, ExitStatus::TimedOut)
            .with_hint("the API server's words; check the address, the certificate's names and --ca")),
    }
}

/// Returns the authority for the configuration and, for a webhook inside of the cluster, the Secret that is to be applied.
async fn trust(
    args: &InstallArgs,
    session: &Session,
    cluster: &Cluster,
) -> Result<(String, Option<Value>), CommandError> {
    let given = args.ca.as_deref().map(manifests::ca_bundle).transpose()?;
    if let (Some(given), true) = (&given, args.objects.url.is_some()) {
        return Ok((given.clone(), None));
    }
    let namespace = &args.objects.injection.namespace;
    let there = cluster.get(KubeKind::SECRET, namespace, &format!("{NAME}-tls")).await?;
    let now = Timestamp::from_microsecond(session.now())
        .map_err(|error| CommandError::bug(format!("the clock is out of range: {error}")))?;
    if let Some(secret) = there {
        let mut found = found(&secret);
        if let Some(given) = &given {
            found.authority = STANDARD.decode(given).unwrap_or_default();
        }
        match check::fault(&found, now) {
            None => return Ok((STANDARD.encode(&found.authority), None)),
            Some(fault) if given.is_some() => {
                return Err(CommandError::usage(format!("the Secret {NAME}-tls does not fit --ca: {fault}"))
                    .with_hint(
                        "give the ca.crt of the run that made the Secret, or leave out --ca to have both made anew",
                    ));
            }
            Some(fault) => session.printer().talk(format_args!("the certificate is made anew: {fault}")),
        }
    } else if given.is_some() {
        return Err(CommandError::usage(format!("--ca is given, and there is no Secret {namespace}/{NAME}-tls"))
            .with_hint("make the Secret first, or leave out --ca to have both made"));
    }
    let seconds = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let issued = issue::issue(&issue::names(namespace, &[]), seconds)
        .map_err(|error| CommandError::usage(format!("cannot make the certificates: {error}")))?;
    let encoded = |text: &str| STANDARD.encode(text);
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": { "name": format!("{NAME}-tls"), "namespace": namespace, "labels": { "app": NAME } },
        "data": {
            "ca.crt": encoded(&issued.authority),
            "tls.crt": encoded(&issued.leaf),
            "tls.key": encoded(&issued.key),
        },
    });
    Ok((encoded(&issued.authority), Some(secret)))
}

/// Returns the certificates of a Secret.
pub(super) fn found(secret: &Value) -> Found {
    let part = |name: &str| {
        let text = secret.pointer("/data").and_then(|data| data.get(name)).and_then(Value::as_str).unwrap_or_default();
        STANDARD.decode(text).unwrap_or_default()
    };
    Found { authority: part("ca.crt"), chain: part("tls.crt"), key: part("tls.key") }
}
