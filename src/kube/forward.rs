//! Carries HTTP requests to a Service of the cluster, by port-forward to one of its pods. Nothing listens on this machine.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::OnceCell;
use tower_service::Service;

use super::cluster::{Access, Cluster};
use super::error::KubeError;
use super::kinds::Kind;
use super::limits;
use crate::telemetry::task;

/// A Service of a cluster, as a place to send requests to. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Forward {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    access: Access,
    namespace: Option<String>,
    service: String,
    port: Option<u16>,
    cluster: OnceCell<Cluster>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Forward {
    /// Returns the place. Nothing is contacted yet.
    ///
    /// Without `namespace` it is that of the kubeconfig's context; without `port`, the Service's first.
    #[must_use]
    pub fn new(access: Access, namespace: Option<String>, service: String, port: Option<u16>) -> Self {
        let (cluster, idle) = (OnceCell::new(), Mutex::new(Vec::new()));
        Self { shared: Arc::new(Shared { access, namespace, service, port, cluster, idle }) }
    }
}

impl Service<http::Request<Full<Bytes>>> for Forward {
    type Response = http::Response<Incoming>;
    type Error = KubeError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), KubeError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Full<Bytes>>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.send(request).await })
    }
}

impl Shared {
    async fn send(&self, request: http::Request<Full<Bytes>>) -> Result<http::Response<Incoming>, KubeError> {
        let mut connection = match self.idle() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let response = connection.send_request(request).await.map_err(|error| self.broken(&error))?;
        // It is busy until the answer's body was read; until then nobody takes it.
        let mut idle = self.idle.lock();
        if idle.len() < limits::IDLE_MAX {
            idle.push(connection);
        }
        Ok(response)
    }

    fn idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock();
        idle.retain(|connection| !connection.is_closed());
        let free = idle.iter().position(SendRequest::is_ready)?;
        Some(idle.swap_remove(free))
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, KubeError> {
        let cluster = self.cluster.get_or_try_init(|| Cluster::connect(&self.access)).await?;
        let namespace = self.namespace.as_deref().unwrap_or(cluster.namespace());
        let (pod, port) = self.pod(cluster, namespace).await?;
        let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), namespace);
        let ports = [port];
        let opening = tokio::time::timeout(limits::REQUEST_TIMEOUT, pods.portforward(&pod, &ports));
        let mut forwarder = opening
            .await
            .map_err(|_late| KubeError::TimedOut {
                server: cluster.server().to_owned(),
                seconds: limits::REQUEST_TIMEOUT.as_secs(),
            })?
            .map_err(|error| KubeError::of(error, cluster.server()))?;
        let stream = forwarder.take_stream(port).ok_or_else(|| self.broken(&"it has no stream"))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(&error))?;
        task::spawn("port-forward", async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a forwarded connection ended early");
            }
            forwarder.abort();
        });
        Ok(sender)
    }

    /// Returns a pod of the Service that takes requests, and the port on it.
    async fn pod(&self, cluster: &Cluster, namespace: &str) -> Result<(String, u16), KubeError> {
        let missing = |what: String| KubeError::Refused { status: 404, reason: "NotFound".to_owned(), message: what };
        let name = format!("service {}/{}", namespace, self.service);
        let service = cluster.get(Kind::SERVICE, namespace, &self.service).await?;
        let service = service.ok_or_else(|| missing(format!("there is no {name}")))?;
        let selector = selector(&service).ok_or_else(|| missing(format!("{name} selects no pods")))?;
        let port = self.target_port(&service).ok_or_else(|| missing(format!("{name} has no such port")))?;
        let (pods, _) = cluster.list(Kind::POD, Some(namespace), Some(&selector)).await?;
        let found = pods
            .iter()
            .filter(|pod| is_ready(pod))
            .find_map(|pod| Some((pod.pointer("/metadata/name")?.as_str()?.to_owned(), number(&port, pod)?)));
        found.ok_or_else(|| missing(format!("none of the {} pods of {name} is ready", pods.len())))
    }

    fn target_port(&self, service: &Value) -> Option<Value> {
        let ports = service.pointer("/spec/ports")?.as_array()?;
        let wanted = |port: &&Value| match self.port {
            Some(number) => port.get("port").and_then(Value::as_u64) == Some(u64::from(number)),
            None => true,
        };
        let port = ports.iter().find(wanted)?;
        port.get("targetPort").or_else(|| port.get("port")).cloned()
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> KubeError {
        let server = format!("service {} through the cluster", self.service);
        KubeError::Unreachable { server, reason: error.to_string() }
    }
}

/// Returns the labels of a Service's pods as a query has them.
fn selector(service: &Value) -> Option<String> {
    let labels = service.pointer("/spec/selector")?.as_object()?;
    let pairs: Vec<String> =
        labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|conditions| {
        conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    })
}

/// Returns the number of a port that may be named by a container of the pod.
fn number(port: &Value, pod: &Value) -> Option<u16> {
    if let Some(number) = port.as_u64() {
        return u16::try_from(number).ok();
    }
    let containers = pod.pointer("/spec/containers")?.as_array()?;
    let ports = containers.iter().filter_map(|container| container.get("ports")?.as_array()).flatten();
    let named = ports.filter(|known| known.get("name") == Some(port)).find_map(|known| known.get("containerPort"))?;
    u16::try_from(named.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_named_port_is_looked_up_in_the_pod() {
        let pod = json!({"spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8005}]}]}});
        assert_eq!(number(&json!("http"), &pod), Some(8005));
        assert_eq!(number(&json!("grpc"), &pod), None);
        assert_eq!(number(&json!(80), &pod), Some(80));
        let service = json!({"spec": {"selector": {"app": "streamflow", "tier": "web"}}});
        assert_eq!(selector(&service).as_deref(), Some("app=streamflow,tier=web"));
    }
}
