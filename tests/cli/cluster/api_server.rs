//! A small Kubernetes API server in this process that the real kubectl can talk to: discovery, objects, patches, watches, logs,
//! port-forward, and the admission step. On loopback, in plain HTTP or over TLS.
//!
//! It is simpler than the real one, and says so: over HTTP nobody is authenticated, and nobody is authorized; objects get no defaults
//! beside names, times and versions; match conditions (CEL) of webhooks are not evaluated, so that a webhook is asked more often
//! than by a real server and must say no by itself; server-side apply knows what each manager applied, not what others updated.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

mod access;
mod admission;
mod controller;
mod discovery;
mod failure;
mod patch;
mod pods;
mod protobuf;
mod query;
mod resource;
mod selector;
mod store;
mod watch;
mod write;

use access::{Access, Peer, TlsListener};
use failure::Failure;
use query::Query;
use resource::Path as ObjectPath;
pub(super) use store::Store;

/// Bodies that a test sends are far smaller.
const BODY_BYTES_MAX: usize = 32 << 20;

/// What all requests share.
pub(super) struct Cluster {
    pub(super) store: Mutex<Store>,
    /// Told at every change of an object or a log.
    changed: Notify,
    /// What serves a pod's port: (namespace, pod, port).
    backends: Mutex<BTreeMap<(String, String, u16), SocketAddr>>,
    /// What serves a Service's port: (namespace, service).
    services: Mutex<BTreeMap<(String, String), SocketAddr>>,
    logs: Mutex<BTreeMap<(String, String), Vec<String>>>,
    /// Why webhooks that may be ignored were.
    failed: Mutex<Vec<String>>,
    /// Requests by method and path, for tests that look at what was asked.
    asked: Mutex<Vec<String>>,
    /// Requests of this method wait, and so many do.
    held: Mutex<Option<Method>>,
    waiting: AtomicUsize,
    /// None: everybody may ask.
    access: Option<Access>,
}

/// A server that runs until it is dropped.
pub(super) struct ApiServer {
    pub(super) cluster: Arc<Cluster>,
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl ApiServer {
    pub(super) fn start() -> Self {
        Self::start_for(None)
    }

    /// Starts a server that is asked over TLS, by those whom its access lets in.
    pub(super) fn start_tls() -> Self {
        Self::start_for(Some(Access::new()))
    }

    #[expect(clippy::disallowed_methods, reason = "it serves this process alone, and needs no limits")]
    fn start_for(access: Option<Access>) -> Self {
        // Another test may have chosen it already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let cluster = Arc::new(Cluster {
            store: Mutex::new(Store::with_namespaces(&["default", "kube-system", "kube-public", "kube-node-lease"])),
            changed: Notify::new(),
            backends: Mutex::default(),
            services: Mutex::default(),
            logs: Mutex::default(),
            failed: Mutex::default(),
            asked: Mutex::default(),
            held: Mutex::default(),
            waiting: AtomicUsize::new(0),
            access,
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&cluster));
        match &cluster.access {
            None => drop(runtime.spawn(async move { axum::serve(listener, router).await })),
            Some(access) => {
                let listener = TlsListener::new(listener, access.acceptor());
                let service = router.into_make_service_with_connect_info::<Peer>();
                drop(runtime.spawn(async move { axum::serve(listener, service).await }));
            }
        }
        Self { cluster, address, runtime: Some(runtime) }
    }

    pub(super) fn url(&self) -> String {
        let scheme = if self.cluster.access.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns who is let in.
    pub(super) fn access(&self) -> &Access {
        self.cluster.access.as_ref().unwrap()
    }

    /// Writes a kubeconfig to `home`, where both kubectl and the program look for it.
    pub(super) fn write_kubeconfig(&self, home: &Path) {
        let authority = self.cluster.access.as_ref().map(Access::authority);
        self.write_kubeconfig_of(home, authority.as_deref(), &json!({}));
    }

    /// Writes a kubeconfig of a user who trusts an authority.
    pub(super) fn write_kubeconfig_of(&self, home: &Path, authority: Option<&str>, user: &Value) {
        use base64::Engine as _;
        let mut cluster = json!({"server": self.url()});
        if let Some(authority) = authority {
            cluster["certificate-authority-data"] = json!(base64::engine::general_purpose::STANDARD.encode(authority));
        }
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": user}],
            "contexts": [
                {"name": "test", "context": {"cluster": "test", "user": "test"}},
                {"name": "web", "context": {"cluster": "test", "user": "test", "namespace": "web"}},
            ],
        });
        std::fs::create_dir_all(home.join(".kube")).unwrap();
        std::fs::write(home.join(".kube/config"), config.to_string()).unwrap();
    }

    /// Adds an object as if it had always been there: without admission.
    pub(super) fn put(&self, object: Value) {
        let resource = resource::of_object(&object).unwrap();
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        self.cluster.store.lock().put(resource, &namespace, &name, object);
        self.cluster.changed.notify_waiters();
    }

    /// Adds a Deployment without admission, and lets the controllers see it.
    pub(super) fn deploy(&self, deployment: Value) {
        let of = |name: &str| deployment["metadata"][name].as_str().unwrap().to_owned();
        let (namespace, name) = (of("namespace"), of("name"));
        self.put(deployment);
        controller::reconcile(&mut self.cluster.store.lock(), &namespace, &name);
        self.cluster.changed.notify_waiters();
    }

    pub(super) fn delete(&self, plural: &str, namespace: &str, name: &str) {
        let resource = resource::ALL.into_iter().find(|resource| resource.plural == plural).unwrap();
        self.cluster.store.lock().remove(resource, namespace, name);
        self.cluster.changed.notify_waiters();
    }

    /// Creates a Deployment in a dry run, with the admission step, and returns it.
    pub(super) fn create_dry_run(&self, deployment: &Value) -> Value {
        let request = http::Request::post("/apis/apps/v1/namespaces/default/deployments?dryRun=All");
        let request = request.body(Body::from(deployment.to_string())).unwrap();
        self.runtime.as_ref().unwrap().block_on(async {
            let response = route(&self.cluster, request).await.unwrap();
            serde_json::from_slice(&to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap()).unwrap()
        })
    }

    /// Returns an object; None when it is not there.
    pub(super) fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let resource = resource::ALL.iter().find(|resource| resource.plural == plural).unwrap();
        self.cluster.store.lock().get(resource, namespace, name).cloned()
    }

    /// Returns the names of all objects as `plural namespace/name`, those of Kubernetes itself aside.
    pub(super) fn names(&self) -> Vec<String> {
        self.cluster.store.lock().names()
    }

    pub(super) fn log(&self, namespace: &str, pod: &str, line: &str) {
        self.cluster.logs.lock().entry((namespace.to_owned(), pod.to_owned())).or_default().push(line.to_owned());
        self.cluster.changed.notify_waiters();
    }

    /// Lets a port of a pod be served by somebody on this machine.
    pub(super) fn serve_pod(&self, namespace: &str, pod: &str, port: u16, by: SocketAddr) {
        self.cluster.backends.lock().insert((namespace.to_owned(), pod.to_owned(), port), by);
    }

    /// Lets a Service be served by somebody on this machine.
    pub(super) fn serve_service(&self, namespace: &str, service: &str, by: SocketAddr) {
        self.cluster.services.lock().insert((namespace.to_owned(), service.to_owned()), by);
    }

    /// Forgets what changed so far, as a server does after some minutes.
    pub(super) fn forget_changes(&self) {
        self.cluster.store.lock().forget();
        self.cluster.changed.notify_waiters();
    }

    /// Returns why webhooks were ignored, of which a real server only logs.
    pub(super) fn failed(&self) -> Vec<String> {
        self.cluster.failed.lock().clone()
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.cluster.asked.lock().clone()
    }

    /// Lets requests of a method wait until another call releases them.
    pub(super) fn hold(&self, method: Option<Method>) {
        *self.cluster.held.lock() = method;
        self.cluster.changed.notify_waiters();
    }

    /// Returns how many requests are held. One whose client is gone is none any more.
    pub(super) fn waiting(&self) -> usize {
        self.cluster.waiting.load(Ordering::SeqCst)
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(cluster): State<Arc<Cluster>>, request: Request) -> Response {
    if cluster.access.as_ref().is_some_and(|access| !access.admits(&request)) {
        return Failure::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized").into_response();
    }
    cluster.asked.lock().push(format!("{} {}", request.method(), request.uri()));
    wait(&cluster, request.method()).await;
    route(&cluster, request).await.unwrap_or_else(|failure| failure.into_response())
}

/// Waits for as long as a test holds requests of this method.
async fn wait(cluster: &Cluster, method: &Method) {
    struct Waiting<'a>(&'a AtomicUsize);
    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    cluster.waiting.fetch_add(1, Ordering::SeqCst);
    let _waiting = Waiting(&cluster.waiting);
    loop {
        let changed = cluster.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if cluster.held.lock().as_ref() != Some(method) {
            return;
        }
        changed.await;
    }
}

async fn route(cluster: &Arc<Cluster>, request: Request) -> Result<Response, Failure> {
    let path = request.uri().path().to_owned();
    if let Some(document) = discovery::document(&path) {
        return Ok(axum::Json(document).into_response());
    }
    let at = ObjectPath::parse(&path)
        .ok_or_else(|| Failure::not_found("the server could not find the requested resource"))?;
    let query = Query::parse(request.uri().query().unwrap_or_default());
    if at.subresource == "portforward" {
        let (mut parts, _) = request.into_parts();
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        let upgrade =
            upgrade.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", error.to_string()))?;
        return Ok(pods::forward(cluster, &at, &query, upgrade));
    }
    if at.subresource == "log" {
        return pods::log(cluster, &at, &query);
    }
    match *request.method() {
        Method::GET if at.name.is_empty() && query.is("watch") => watch::open(cluster, &at, &query),
        Method::GET if at.name.is_empty() => Ok(axum::Json(list(cluster, &at, &query)).into_response()),
        Method::GET => {
            let found = cluster.store.lock().get(at.resource, &at.namespace, &at.name).cloned();
            Ok(axum::Json(found.ok_or_else(|| Failure::no_object(&at))?).into_response())
        }
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => {
            let (method, kind) = (request.method().clone(), query::content_type(request.headers()));
            let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
            let body = body.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", error.to_string()))?;
            write::run(cluster, &at, &query, &method, &kind, &body).await
        }
        _ => Err(Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "the server does not allow this method",
        )),
    }
}

/// Lists by pages: the token tells how many objects were given out.
fn list(cluster: &Cluster, at: &ObjectPath, query: &Query) -> Value {
    let store = cluster.store.lock();
    let all = store.list(at.resource, &at.namespace, query);
    let begin: usize = query.get("continue").and_then(|token| token.parse().ok()).unwrap_or_default();
    let limit =
        query.get("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let mut items: Vec<Value> = all.iter().skip(begin).take(limit).map(|object| (*object).clone()).collect();
    // The objects of a list have no kind of their own.
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        item.remove("kind");
        item.remove("apiVersion");
    }
    let next = begin + items.len();
    let token = if next < all.len() { next.to_string() } else { String::new() };
    json!({
        "kind": format!("{}List", at.resource.kind), "apiVersion": at.resource.api_version(),
        "metadata": {"resourceVersion": store.version().to_string(), "continue": token}, "items": items,
    })
}

/// Answers with a document and the warnings of webhooks.
fn document(status: StatusCode, object: &Value, warnings: &[String]) -> Response {
    let mut response = (status, axum::Json(object)).into_response();
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('"', "\\\""));
        if let Ok(value) = text.parse() {
            response.headers_mut().append("warning", value);
        }
    }
    response
}

/// Lines as they come, until the stream ends.
fn streamed(kind: &'static str, stream: impl futures::Stream<Item = String> + Send + 'static) -> Response {
    use futures::StreamExt as _;
    let body = Body::from_stream(stream.map(Ok::<_, std::io::Error>));
    ([(http::header::CONTENT_TYPE, kind)], body).into_response()
}
