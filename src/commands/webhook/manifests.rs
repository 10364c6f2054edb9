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
use crate::commands::tree::examples;
use crate::printer::{CommandError, ExitStatus};

mod configuration;
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
    /// Image that has the streamflow program
    #[arg(long, value_name = "IMAGE", required_unless_present = "url", conflicts_with = "url")]
    image: Option<String>,
    /// File of the authority that the API server is to trust; without it, caBundle is left to cert-manager or another
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Webhook outside of the cluster: https://HOST:PORT/mutate; prints its configuration only
    #[arg(long, value_name = "URL", value_parser = outside_url)]
    url: Option<String>,
    /// What an API server does when the webhook does not answer
    #[arg(long, value_name = "POLICY", default_value = "ignore")]
    failure_policy: FailurePolicy,
    /// Pods of the webhook
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(i64).range(1..=REPLICAS_MAX))]
    replicas: i64,
    #[command(flatten)]
    injection: InjectionArgs,
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
    args.injection.injection()?;
    let ca_bundle = args.ca.as_deref().map(ca_bundle).transpose()?;
    let mut objects = match &args.image {
        Some(image) => workload::objects(args, checked_image(image)?),
        None => Vec::new(),
    };
    objects.push(configuration::object(args, ca_bundle));
    session.printer().text(&yaml(&objects)?)?;
    Ok(ExitStatus::Ok)
}

fn outside_url(url: &str) -> Result<String, String> {
    match url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) {
        Some((host, "mutate")) if !host.is_empty() && !host.contains(['?', '#', '@', ' ']) => Ok(url.to_owned()),
        _ => Err("not of the form https://HOST:PORT/mutate".to_owned()),
    }
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
fn ca_bundle(path: &Path) -> Result<String, CommandError> {
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

fn yaml(objects: &[Value]) -> Result<String, CommandError> {
    let mut text = String::new();
    for object in objects {
        let document = serde_saphyr::to_string(object)
            .map_err(|error| CommandError::bug(format!("cannot write yaml: {error}")))?;
        text.push_str("---\n");
        text.push_str(&document);
    }
    Ok(text)
}
