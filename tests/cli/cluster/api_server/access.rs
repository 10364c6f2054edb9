//! Who may ask a server over TLS: who shows a certificate that its authority has signed, or a token that it knows.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, connect_info::Connected};
use axum::serve::{IncomingStream, Listener};
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{FuturesUnordered, StreamExt as _};
use http::header::AUTHORIZATION;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// An authority, and what it lets in.
pub(in crate::cluster) struct Access {
    authority: CertifiedIssuer<'static, KeyPair>,
    tokens: Mutex<BTreeSet<String>>,
}

impl Access {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        // Another name than those it signs, which OpenSSL would take to have signed themselves.
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { authority, tokens: Mutex::default() }
    }

    /// Returns the authority's certificate, PEM.
    pub(in crate::cluster) fn authority(&self) -> String {
        self.authority.pem()
    }

    /// Returns a user's certificate and key, PEM.
    pub(in crate::cluster) fn user(&self) -> [String; 2] {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.signed(params)
    }

    /// Lets in who shows this token.
    pub(in crate::cluster) fn admit(&self, token: &str) {
        self.tokens.lock().insert(token.to_owned());
    }

    fn signed(&self, params: CertificateParams) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        [params.signed_by(&key, &self.authority).unwrap().pem(), key.serialize_pem()]
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let [certificate, key] = self.signed(CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap());
        let mut users = RootCertStore::empty();
        users.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        // Who has no certificate may have a token.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(users), Arc::clone(&provider));
        let verifier = verifier.allow_unauthenticated().build().unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    pub(super) fn admits(&self, request: &Request) -> bool {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        if peer.is_some_and(|ConnectInfo(peer)| peer.is_certified) {
            return true;
        }
        let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        token.and_then(|token| token.strip_prefix("Bearer ")).is_some_and(|token| self.tokens.lock().contains(token))
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    is_certified: bool,
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        // One that the authority has not signed does not come as far.
        Self { is_certified: stream.io().get_ref().1.peer_certificates().is_some() }
    }
}

/// A connection after its handshake.
type Greeted = (TlsStream<TcpStream>, SocketAddr);

pub(super) struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    /// Handshakes that are under way: a client that opens a connection and keeps it for later does not keep the others waiting.
    greeting: FuturesUnordered<BoxFuture<'static, Option<Greeted>>>,
}

impl TlsListener {
    pub(super) fn new(tcp: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self { tcp, acceptor, greeting: FuturesUnordered::new() }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            tokio::select! {
                Ok((stream, address)) = self.tcp.accept() => {
                    let greeted = self.acceptor.accept(stream);
                    self.greeting.push(async move { Some((greeted.await.ok()?, address)) }.boxed());
                }
                // A client that does not trust us, or whom we do not trust, is none.
                Some(greeted) = self.greeting.next(), if !self.greeting.is_empty() => {
                    if let Some(greeted) = greeted {
                        return greeted;
                    }
                }
                else => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
