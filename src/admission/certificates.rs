//! The certificate that the webhook shows, read anew when its files change. A file that cannot be used changes nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Shared, limits};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("{} is larger than 1 MiB", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} has no {expected}: {fault}", path.display())]
    Pem { path: PathBuf, expected: &'static str, fault: String },
    #[error("tls.crt and tls.key in {} do not fit: {fault}", dir.display())]
    Unfit { dir: PathBuf, fault: rustls::Error },
    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),
}

/// What the two files held.
#[derive(PartialEq, Eq)]
struct Files {
    chain: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate of a folder.
pub(super) struct Certificates {
    dir: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    read: RwLock<Files>,
}

/// The key never reaches a log.
impl std::fmt::Debug for Certificates {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Certificates").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Certificates {
    pub(super) fn load(dir: &Path) -> Result<Self, CertificateError> {
        let files = read(dir)?;
        let current = certified(dir, &files)?;
        Ok(Self { dir: dir.to_owned(), current: RwLock::new(Arc::new(current)), read: RwLock::new(files) })
    }

    /// Takes over what the files hold now. Returns whether it is another certificate than before.
    ///
    /// The chain and the key are two files, so that for a moment one may be new and the other old; they do not fit then, and
    /// the next look finds both.
    fn refresh(&self) -> Result<bool, CertificateError> {
        let files = read(&self.dir)?;
        if files == *self.read.read() {
            return Ok(false);
        }
        let new = certified(&self.dir, &files)?;
        *self.current.write() = Arc::new(new);
        *self.read.write() = files;
        Ok(true)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read()))
    }
}

fn read(dir: &Path) -> Result<Files, CertificateError> {
    Ok(Files { chain: read_file(&dir.join("tls.crt"))?, key: read_file(&dir.join("tls.key"))? })
}

fn read_file(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let failed = |error| CertificateError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(limits::PEM_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits::PEM_BYTES_MAX {
        return Err(CertificateError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

fn certified(dir: &Path, files: &Files) -> Result<CertifiedKey, CertificateError> {
    let pem = |name: &str, expected, fault: String| CertificateError::Pem { path: dir.join(name), expected, fault };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&files.chain)
        .collect::<Result<_, _>>()
        .map_err(|error| pem("tls.crt", "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(pem("tls.crt", "certificate", "no CERTIFICATE section".to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_slice(&files.key).map_err(|error| pem("tls.key", "private key", error.to_string()))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|fault| CertificateError::Unfit { dir: dir.to_owned(), fault })
}

/// Returns TLS 1.2 and 1.3 with the certificate of the moment, speaking HTTP/2 or 1.1.
pub(super) fn tls(certificates: Arc<Certificates>) -> Result<Arc<ServerConfig>, CertificateError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(CertificateError::Tls)?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Looks at the files until the webhook stops.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut complained = String::new();
    loop {
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            () = tokio::time::sleep(limits::CERTIFICATE_CHECK_EVERY) => {}
        }
        let certificates = Arc::clone(&shared.certificates);
        let Ok(outcome) = tokio::task::spawn_blocking(move || certificates.refresh()).await else { return };
        match outcome {
            Ok(false) => complained.clear(),
            Ok(true) => {
                complained.clear();
                shared.metrics.certificate_taken.inc();
                tracing::info!("the certificate was renewed");
            }
            Err(error) => {
                shared.metrics.certificate_refused.inc();
                // Once a fault, not once a second.
                let complaint = error.to_string();
                if complaint != complained {
                    tracing::warn!(%error, "the certificate's files cannot be used; the one before is kept");
                    complained = complaint;
                }
            }
        }
    }
}
