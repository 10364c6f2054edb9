//! Carries requests to a service in this process: the router's same routes without a server, or a way to a server that is no
//! address.

use std::fmt;
use std::sync::Arc;

use ::http::HeaderValue;
use ::http::header::{AUTHORIZATION, HOST};
use ::http::response::Parts;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::error::ClientError;
use super::request::Request;
use super::response::Body;

/// What stands for the address of the router in messages.
pub(super) const ADDRESS: &str = "the project's data";

type Call = dyn Fn(::http::Request<Full<Bytes>>) -> BoxFuture<'static, Result<(Parts, Body), String>> + Send + Sync;

/// A service, whatever its types.
#[derive(Clone)]
pub(super) struct InProcess {
    address: Arc<str>,
    token: Option<HeaderValue>,
    call: Arc<Call>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl InProcess {
    /// Returns the service under what stands for its address in messages. Its failure is that of reaching the server.
    pub(super) fn new<S, B>(address: &str, token: Option<HeaderValue>, service: S) -> Self
    where
        S: Service<::http::Request<Full<Bytes>>, Response = ::http::Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Error: fmt::Display + Send,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: fmt::Display,
    {
        let address: Arc<str> = Arc::from(address);
        let told = Arc::clone(&address);
        let call = move |request| -> BoxFuture<'static, Result<(Parts, Body), String>> {
            let (mut service, address) = (service.clone(), Arc::clone(&told));
            Box::pin(async move {
                let failed = |error: S::Error| error.to_string();
                futures::future::poll_fn(|context| service.poll_ready(context)).await.map_err(failed)?;
                let (head, body) = service.call(request).await.map_err(failed)?.into_parts();
                Ok((head, body.map_err(move |error| broken(&address, &error)).boxed_unsync()))
            })
        };
        Self { address, token, call: Arc::new(call) }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn send(&self, request: Request) -> Result<(Parts, Body), ClientError> {
        let (method, target, headers, body) = request.into_parts();
        let mut message = ::http::Request::new(Full::new(body));
        *message.method_mut() = method;
        *message.uri_mut() = target.parse().map_err(|error: ::http::uri::InvalidUri| broken(&self.address, &error))?;
        *message.headers_mut() = headers;
        // The router refuses requests that name no host of its own.
        message.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        if let Some(token) = &self.token {
            message.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        (self.call)(message).await.map_err(|reason| ClientError::Unreachable { url: self.address.to_string(), reason })
    }
}

fn broken(address: &str, error: &dyn fmt::Display) -> ClientError {
    ClientError::Broken { url: address.to_owned(), reason: error.to_string() }
}
