//! Carries requests to a router in this process: the same routes, without a server.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use ::http::HeaderValue;
use ::http::header::HOST;
use ::http::response::Parts;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::error::ClientError;
use super::request::Request;
use super::response::Body;

/// What stands for an address in messages.
pub(super) const ADDRESS: &str = "the project's data";

type Call = dyn Fn(::http::Request<Full<Bytes>>) -> BoxFuture<'static, (Parts, Body)> + Send + Sync;

/// A router, whatever its types.
#[derive(Clone)]
pub(super) struct InProcess {
    call: Arc<Call>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl InProcess {
    pub(super) fn new<S, B>(service: S) -> Self
    where
        S: Service<::http::Request<Full<Bytes>>, Response = ::http::Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: fmt::Display,
    {
        let call = move |request| -> BoxFuture<'static, (Parts, Body)> {
            let mut service = service.clone();
            Box::pin(async move {
                let ready = futures::future::poll_fn(|context| service.poll_ready(context)).await;
                let response = match ready {
                    Ok(()) => service.call(request).await,
                    Err(never) => Err(never),
                };
                let (head, body) = match response {
                    Ok(response) => response.into_parts(),
                    Err(never) => match never {},
                };
                (head, body.map_err(|error| broken(&error)).boxed_unsync())
            })
        };
        Self { call: Arc::new(call) }
    }

    pub(super) async fn send(&self, request: Request) -> Result<(Parts, Body), ClientError> {
        let (method, target, headers, body) = request.into_parts();
        let mut message = ::http::Request::new(Full::new(body));
        *message.method_mut() = method;
        *message.uri_mut() = target.parse().map_err(|error: ::http::uri::InvalidUri| broken(&error))?;
        *message.headers_mut() = headers;
        // The router refuses requests that name no host of its own.
        message.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        Ok((self.call)(message).await)
    }
}

fn broken(error: &dyn fmt::Display) -> ClientError {
    ClientError::Broken { url: ADDRESS.to_owned(), reason: error.to_string() }
}
