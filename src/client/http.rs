//! Carries requests to a server over HTTP.

use std::error::Error as _;
use std::time::Duration;

use ::http::header::AUTHORIZATION;
use ::http::response::Parts;
use ::http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use reqwest::Url;
use reqwest::redirect::Policy;

use super::error::ClientError;
use super::request::Request;
use super::response::Body;

/// A server on this machine answers within microseconds, one across the world within a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("streamflow/", env!("CARGO_PKG_VERSION"));

/// A server at an address.
#[derive(Debug, Clone)]
pub(super) struct Http {
    /// Without a slash at its end.
    url: String,
    client: reqwest::Client,
}

impl Http {
    pub(super) fn new(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let parsed = parse(url)?;
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, bearer(token)?);
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            // A redirect would carry the token and the events to somebody else.
            .redirect(Policy::none());
        install_tls_provider();
        if parsed.scheme() == "http" {
            // Reading the system's certificates takes milliseconds that a plain connection need not spend.
            builder = builder.tls_certs_only([]);
        }
        if is_loopback(&parsed) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| unusable(url, &error))?;
        Ok(Self { url: parsed.as_str().trim_end_matches('/').to_owned(), client })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn send(&self, request: Request) -> Result<(Parts, Body), ClientError> {
        let (method, target, headers, body) = request.into_parts();
        let response = self
            .client
            .request(method, format!("{}{target}", self.url))
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(|error| explain(&self.url, &error))?;
        let (head, body) = ::http::Response::<reqwest::Body>::from(response).into_parts();
        let url = self.url.clone();
        Ok((head, body.map_err(move |error| explain(&url, &error)).boxed_unsync()))
    }
}

fn parse(url: &str) -> Result<Url, ClientError> {
    let parsed = Url::parse(url).map_err(|error| unusable(url, &error))?;
    if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() {
        return Ok(parsed);
    }
    Err(ClientError::Unusable { what: url.to_owned(), reason: "an address begins with http:// or https://".to_owned() })
}

fn unusable(url: &str, error: &dyn std::error::Error) -> ClientError {
    ClientError::Unusable { what: format!("the address {url:?}"), reason: error.to_string() }
}

pub(super) fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| ClientError::Unusable {
        what: "the token".to_owned(),
        reason: "it has characters that can not stand in a header".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A proxy from the environment is for the world outside; this machine reaches itself.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Makes ring the provider of TLS if the program has not chosen one yet.
fn install_tls_provider() {
    // Fails only when a provider is installed already, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
}

fn explain(url: &str, error: &reqwest::Error) -> ClientError {
    let url = url.to_owned();
    let reason = innermost(error);
    if error.is_connect() {
        ClientError::Unreachable { url, reason }
    } else if error.is_timeout() {
        ClientError::TimedOut { url, patience: CONNECT_TIMEOUT }
    } else if error.is_builder() {
        ClientError::Unusable { what: url, reason }
    } else {
        ClientError::Broken { url, reason }
    }
}

/// Returns the last cause, which is the one that tells a person something: "connection refused", not "error sending
/// request".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    // `Connection refused (os error 111)` is the system's spelling; the number tells nobody anything.
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
