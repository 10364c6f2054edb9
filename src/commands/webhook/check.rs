//! Looks at certificates that are there: how long they last, whom they are for, whether they fit each other.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use serde_json::{Value, json};
use streamflow_core::certificate::{self, Facts};

use crate::commands::{Session, session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.webhook-certs-check/1",
    form: Form::Listing,
    fields: &[
        Field::new("path", Kind::Text, "file that was looked at"),
        Field::new("until", Kind::Time, "when it ends; null when it cannot be read"),
        Field::new("days_left", Kind::Number, "whole days until then, below 0 when it has ended"),
        Field::new("names", Kind::Json, "names and addresses that it is for"),
        Field::new("fault", Kind::Text, "why it cannot be used; null when it can"),
    ],
};

/// A file of certificates is a few kilobytes.
const PEM_BYTES_MAX: u64 = 1 << 20;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Certificates of one webhook, PEM.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Authorities that an API server is told to trust.
    pub(super) authority: Vec<u8>,
    /// What the webhook shows, its own certificate first.
    pub(super) chain: Vec<u8>,
    pub(super) key: Vec<u8>,
}

/// Looks at `ca.crt`, `tls.crt` and `tls.key` in a folder. Ends with 1 when one ends within `days`, with 10 when they cannot be
/// used.
pub(super) fn run(dir: &Path, days: i64, session: &Session) -> Result<ExitStatus, CommandError> {
    let dir = session.current_dir()?.join(dir);
    let now = Timestamp::from_microsecond(session.now())
        .map_err(|error| CommandError::bug(format!("the clock is out of range: {error}")))?;
    let [authority, chain, key] = ["ca.crt", "tls.crt", "tls.key"].map(|name| read(&dir.join(name)));
    let found = Found { authority: authority?, chain: chain?, key: key? };
    let fault = fault(&found, now);
    let mut left_least = i64::MAX;
    let mut rows = Vec::new();
    for (name, pem, fault) in [("ca.crt", &found.authority, None), ("tls.crt", &found.chain, fault.clone())] {
        let facts = facts(pem);
        let left = facts.as_ref().ok().map(|facts| days_left(facts, now));
        left_least = left_least.min(left.unwrap_or(i64::MIN));
        rows.push(vec![
            json!(session::shortened(&dir.join(name))),
            json!(facts.as_ref().ok().map(|facts| facts.until.to_string())),
            json!(left),
            facts.as_ref().map_or(Value::Null, |facts| json!(facts.names)),
            json!(facts.as_ref().err().cloned().or(fault)),
        ]);
    }
    session.printer().listing(&SHAPE.listing(rows))?;
    if fault.is_some() {
        return Ok(ExitStatus::Unhealthy);
    }
    if left_least < days {
        session
            .printer()
            .talk(format_args!("renew within {left_least} days: streamflow webhook certs --out DIR --force"));
        return Ok(ExitStatus::Negative);
    }
    Ok(ExitStatus::Ok)
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let cannot = |fault: String| {
        CommandError::usage(format!("cannot read {}: {fault}", session::shortened(path)))
            .with_hint("`streamflow webhook certs --out DIR` makes ca.crt, tls.crt and tls.key")
    };
    let length = fs::metadata(path).map_err(|error| cannot(error.to_string()))?.len();
    if length > PEM_BYTES_MAX {
        return Err(cannot("it is larger than 1 MiB".to_owned()));
    }
    fs::read(path).map_err(|error| cannot(error.to_string()))
}

/// Returns what the first certificate of a text says.
///
/// # Errors
/// In words, when there is none.
pub(super) fn facts(pem: &[u8]) -> Result<Facts, String> {
    let der = CertificateDer::from_pem_slice(pem).map_err(|error| format!("no certificate: {error}"))?;
    certificate::read(&der).map_err(|error| error.to_string())
}

/// Returns the whole days that are left, rounded down.
pub(super) fn days_left(facts: &Facts, now: Timestamp) -> i64 {
    (facts.until.as_second() - now.as_second()).div_euclid(SECONDS_A_DAY)
}

/// Returns why an API server would not take the webhook for what it says it is; None when it would.
pub(super) fn fault(found: &Found, now: Timestamp) -> Option<String> {
    check(found, now).err()
}

fn check(found: &Found, now: Timestamp) -> Result<(), String> {
    let provider = Arc::new(ring::default_provider());
    let chain: Vec<CertificateDer<'static>> = certificates(&found.chain)?;
    let (leaf, intermediates) = chain.split_first().ok_or("tls.crt has no certificate")?;
    let mut roots = RootCertStore::empty();
    for authority in certificates(&found.authority)? {
        roots.add(authority).map_err(|error| format!("ca.crt cannot be used: {error}"))?;
    }
    let facts = certificate::read(leaf).map_err(|error| error.to_string())?;
    let name = facts.names.first().ok_or("tls.crt is for no name")?;
    let name = ServerName::try_from(name.as_str()).map_err(|_| format!("tls.crt is for {name:?}, which is no name"))?;
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| format!("ca.crt cannot be used: {error}"))?;
    verifier.verify_server_cert(leaf, intermediates, &name, &[], time).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(&found.key).map_err(|error| format!("tls.key has no key: {error}"))?;
    CertifiedKey::from_der(chain, key, &provider)
        .map_err(|error| format!("tls.key is not that of tls.crt: {error}"))?;
    Ok(())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| format!("no certificate: {error}"))
}
