//! Asks a StreamFlow server, over HTTP or inside this process, through one interface.
//!
//! Knows how to ask and how to read an answer; which server to ask, and how an error is shown, is the caller's business.

mod error;
mod http;
mod in_process;
mod lines;
mod request;
mod response;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::http::StatusCode;
use bytes::Bytes;
use http_body_util::Full;
use tokio::time::Instant;
use tower_service::Service;

pub use self::error::{ClientError, Refusal};
use self::http::Http;
use self::in_process::InProcess;
pub use self::lines::{Lines, SseEvents};
pub use self::request::Request;
pub use self::response::Response;
use crate::api::VERSION_HEADER;

/// How long a request may take unless it says otherwise: a little longer than the server's own limit on a query, so
/// that the server's better explained error comes first.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A server that can be asked. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    other_version: OtherVersion,
}

/// The version of the server, once an answer told that it is another than this program's.
#[derive(Debug, Clone, Default)]
pub struct OtherVersion(Arc<OnceLock<String>>);

impl OtherVersion {
    /// Returns the version that the server has and this program has not.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    fn note(&self, head: &::http::response::Parts) {
        let version = head.headers.get(VERSION_HEADER).and_then(|value| value.to_str().ok());
        if let Some(version) = version.filter(|version| *version != env!("CARGO_PKG_VERSION")) {
            self.0.get_or_init(|| version.to_owned());
        }
    }
}

#[derive(Debug, Clone)]
enum Transport {
    Http(Http),
    InProcess(InProcess),
}

impl Client {
    /// Returns a client of the server at `url`, which is not contacted yet.
    ///
    /// # Errors
    /// When the address is no HTTP URL, or the token can not be sent in a header.
    pub fn http(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        Ok(Self { transport: Transport::Http(Http::new(url, token)?), other_version: OtherVersion::default() })
    }

    /// Lets the caller know when the server turns out to have another version.
    #[must_use]
    pub fn noting(self, other_version: &OtherVersion) -> Self {
        Self { other_version: other_version.clone(), ..self }
    }

    /// Returns a client of a router in this process.
    pub fn in_process<S, B>(service: S) -> Self
    where
        S: Service<::http::Request<Full<Bytes>>, Response = ::http::Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let transport = Transport::InProcess(InProcess::new(in_process::ADDRESS, None, service));
        Self { transport, other_version: OtherVersion::default() }
    }

    /// Returns a client of a server that is reached through a service; `address` stands for it in messages.
    ///
    /// # Errors
    /// When the token can not be sent in a header.
    pub fn through<S, B>(address: &str, token: Option<&str>, service: S) -> Result<Self, ClientError>
    where
        S: Service<::http::Request<Full<Bytes>>, Response = ::http::Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Error: std::fmt::Display + Send,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let token = token.map(http::bearer).transpose()?;
        let transport = Transport::InProcess(InProcess::new(address, token, service));
        Ok(Self { transport, other_version: OtherVersion::default() })
    }

    /// Returns the address of the server, or words that stand for it.
    #[must_use]
    pub fn address(&self) -> &str {
        match &self.transport {
            Transport::Http(http) => http.url(),
            Transport::InProcess(service) => service.address(),
        }
    }

    /// Sends a request and returns its answer, which is a success.
    ///
    /// # Errors
    /// When there is no answer in time, or the answer is an error.
    pub async fn send(&self, request: Request) -> Result<Response, ClientError> {
        let response = self.exchange(request).await?;
        if response.status().is_success() { Ok(response) } else { Err(response.into_refusal().await) }
    }

    /// Sends a request and returns its answer, whether success or error.
    ///
    /// # Errors
    /// When there is no answer in time.
    pub async fn exchange(&self, request: Request) -> Result<Response, ClientError> {
        let patience = request.patience();
        let deadline = patience.map(|patience| Instant::now() + patience);
        let answer = async {
            match &self.transport {
                Transport::Http(http) => http.send(request).await,
                Transport::InProcess(service) => service.send(request).await,
            }
        };
        let (head, body) = match patience {
            None => answer.await?,
            Some(patience) => tokio::time::timeout(patience, answer)
                .await
                .map_err(|_| ClientError::TimedOut { url: self.address().to_owned(), patience })??,
        };
        self.other_version.note(&head);
        Ok(Response::new(self.address().to_owned(), head, body, deadline.zip(patience)))
    }
}

/// Tells whether a request with this answer may succeed when it is sent again.
#[must_use]
pub fn is_worth_retrying(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}
