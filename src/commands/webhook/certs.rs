//! Writes the certificates of the webhook to a folder, or looks at those that are there.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::issue::{AUTHORITY_DAYS, LEAF_DAYS, issue, names};
use super::{NAME, check};
use crate::commands::tree::examples;
use crate::commands::{Session, session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook-certs/1",
    form: Form::Listing,
    fields: &[
        Field::new("path", Kind::Text, "file that was written"),
        Field::new("holds", Kind::Text, "what is in it"),
        Field::new("until", Kind::Time, "when it ends; null for a key"),
    ],
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Make the certificates of the webhook
///
/// Writes ca.crt (10 years), tls.crt and tls.key (90 days, ECDSA P-256), named as in a Secret of type kubernetes.io/tls. The
/// authority's key is not kept: to renew, make all three anew and give the API server the new ca.crt.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook certs --out certs",
    "streamflow webhook certs --out certs --san webhook.example.com --force",
    "streamflow webhook certs --check certs --days 14",
))]
pub(super) struct CertsArgs {
    /// Folder to write to
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Look at the certificates of this folder instead: exit code 1 when one ends soon, 10 when they cannot be used
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "san", "force"])]
    check: Option<PathBuf>,
    /// With --check, how many days are soon
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(i64).range(0..=3_650))]
    days: i64,
    /// A further name or address that the certificate is for; may be given more than once
    #[arg(long, value_name = "NAME")]
    san: Vec<String>,
    /// Namespace of the webhook's Service
    #[arg(long, value_name = "NAME", default_value = NAME)]
    namespace: String,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &CertsArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let Some(out) = &args.out else {
        return check::run(args.check.as_deref().unwrap_or(Path::new(".")), args.days, session);
    };
    let seconds = u64::try_from(session.now() / 1_000_000).unwrap_or_default();
    let now = Duration::from_secs(seconds);
    let made = issue(&names(&args.namespace, &args.san), now).map_err(|error| {
        CommandError::usage(format!("cannot make the certificates: {error}"))
            .with_hint("a --san is a DNS name or an IP address, --namespace a name of a namespace")
    })?;
    let dir = session.current_dir()?.join(out);
    let files = [("ca.crt", &made.authority, 0o644), ("tls.crt", &made.leaf, 0o644), ("tls.key", &made.key, 0o600)];
    if !args.force
        && let Some((name, ..)) = files.iter().find(|(name, ..)| dir.join(name).exists())
    {
        let message = format!("{} has {name} already", session::shortened_or_dot(&dir));
        return Err(CommandError::usage(message).with_hint("--force replaces it"));
    }
    fs::create_dir_all(&dir).map_err(|error| unwritable(&dir, &error))?;
    for (name, text, mode) in files {
        write(&dir.join(name), text, mode).map_err(|error| unwritable(&dir.join(name), &error))?;
    }
    let until = |days: u32| {
        let end = now + DAY * days;
        jiff::Timestamp::from_second(end.as_secs().try_into().unwrap_or(i64::MAX)).map(|end| end.to_string()).ok()
    };
    let path = |name: &str| json!(session::shortened(&dir.join(name)));
    session.printer().listing(&SHAPE.listing(vec![
        vec![path("ca.crt"), json!("the authority, for caBundle"), json!(until(AUTHORITY_DAYS))],
        vec![path("tls.crt"), json!("the webhook's certificate"), json!(until(LEAF_DAYS))],
        vec![path("tls.key"), json!("its private key"), json!(null)],
    ]))?;
    Ok(ExitStatus::Ok)
}

/// Writes beside the file and renames, so that a webhook that is serving never reads half of one.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn unwritable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write {}: {error}", session::shortened(path)))
        .with_hint("check that you may write to the folder")
}
