//! Prints what a cluster needs to run the webhook, ready for kubectl or a GitOps repository.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use super::InjectionArgs;
use crate::commands::Session;
use crate::commands::target;
use crate::commands::tree::examples;
use crate::printer::{CommandError, ExitStatus};

pub(super) mod configuration;
mod rights;
mod workload;

/// Authorities of a cluster are a few kilobytes.
const CA_BYTES_MAX: u64 = 1 << 20;
/// More than this is a mistake.
const REPLICAS_MAX: i64 = 100;

/// Print the Kubernetes objects of the webhook as YAML
///
/// The certificate is not among them: it comes in the Secret streamflow-webhook-tls, as `kubectl create secret tls` or
/// cert-manager makes it.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook manifests --image registry.example.com/streamflow:0.1.0 --ca certs/ca.crt > webhook.yaml",
    "streamflow webhook manifests --url https://10.0.0.5:8443/mutate --ca certs/ca.crt",
))]
pub(super) struct ManifestsArgs {
    #[command(flatten)]
    objects: ObjectsArgs,
    /// File of the authority that the API server is to trust; without it, caBundle is left to cert-manager or another
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// What the objects are made of.
#[derive(Debug, clap::Args)]
pub(super) struct ObjectsArgs {
    /// Image that has the streamflow program
    #[arg(long, value_name = "IMAGE", required_unless_present = "url", conflicts_with = "url")]
    pub(super) image: Option<String>,
    /// Webhook outside of the cluster: https://HOST:PORT/mutate; its configuration only
    #[arg(long, value_name = "URL", value_parser = outside_url)]
    pub(super) url: Option<String>,
    /// What an API server does when the webhook does not answer
    #[arg(long, value_name = "POLICY", default_value = "ignore")]
    failure_policy: FailurePolicy,
    /// Pods of the webhook
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(i64).range(1..=REPLICAS_MAX))]
    replicas: i64,
    /// Let the pods renew their certificate, with the rights in the cluster that it takes
    #[arg(long, conflicts_with = "url")]
    renew: bool,
    /// Let the pods send each mutation as an event to this StreamFlow server; a token in the Secret streamflow-webhook-events
    #[arg(long, value_name = "URL", conflicts_with = "url", value_parser = events_url)]
    events: Option<String>,
    #[command(flatten)]
    pub(super) injection: InjectionArgs,
}

impl ObjectsArgs {
    /// Returns the objects in the order in which they are applied, the configuration last.
    pub(super) fn objects(&self, ca_bundle: Option<String>) -> Result<Vec<Value>, CommandError> {
        self.injection.injection()?;
        let mut objects = match &self.image {
            Some(image) => {
                let mut objects = workload::objects(self, checked_image(image)?);
                if self.renew {
                    objects.extend(rights::objects(&self.injection.namespace));
                }
                objects
            }
            None => Vec::new(),
        };
        objects.push(configuration::object(self, ca_bundle));
        Ok(objects)
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailurePolicy {
    Ignore,
    Fail,
}

impl FailurePolicy {
    const fn name(self) -> &'static str {
        match self {
            Self::Ignore => "Ignore",
            Self::Fail => "Fail",
        }
    }
}

pub(super) fn run(args: &ManifestsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let ca_bundle = args.ca.as_deref().map(ca_bundle).transpose()?;
    let objects = args.objects.objects(ca_bundle)?;
    session.printer().text(&yaml(&objects)?)?;
    Ok(ExitStatus::Ok)
}

fn outside_url(url: &str) -> Result<String, String> {
    match url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) {
        Some((host, "mutate")) if !host.is_empty() && !host.contains(['?', '#', '@', ' ']) => Ok(url.to_owned()),
        _ => Err("not of the form https://HOST:PORT/mutate".to_owned()),
    }
}

fn events_url(url: &str) -> Result<String, String> {
    target::normal_url(url).map_err(|error| error.to_string())
}

fn checked_image(image: &str) -> Result<&str, CommandError> {
    let fine = !image.is_empty() && image.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte));
    if fine {
        return Ok(image);
    }
    Err(CommandError::usage(format!("{image:?} is not a name of an image"))
        .with_hint("give one as the cluster pulls it, such as registry.example.com/streamflow:0.1.0"))
}

/// Returns the file as Kubernetes wants it, having seen a certificate in it.
pub(super) fn ca_bundle(path: &Path) -> Result<String, CommandError> {
    let unusable = |fault: String| {
        CommandError::usage(format!("cannot use {}: {fault}", path.display()))
            .with_hint("`streamflow webhook certs --out DIR` makes a ca.crt")
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
    file.take(CA_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| unusable(error.to_string()))?;
    CertificateDer::from_pem_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
    if bytes.windows(11).any(|window| window == b"PRIVATE KEY") {
        return Err(unusable("it holds a private key, which is not to leave this machine".to_owned()));
    }
    Ok(STANDARD.encode(bytes))
}

pub(super) fn yaml(objects: &[Value]) -> Result<String, CommandError> {
    let mut text = String::new();
    for object in objects {
        let document = serde_saphyr::to_string(object)
            .map_err(|error| CommandError::bug(format!("cannot write yaml: {error}")))?;
        text.push_str("---\n");
        text.push_str(&document);
    }
    Ok(text)
}
