//! Every metric of the server, declared once: `streamflow_<area>_<thing>_<unit>`.

mod engine;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use streamflow_engine::Engine;

/// Route of the requests that do not go through the router.
const EVENTS_ROUTE: &str = "/events";

/// Upper bounds of the request times, seconds: from a commit on a fast disk to the query limit.
const SECONDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// Which request.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

/// Which request and how it ended.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

/// Which error.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabels {
    code: &'static str,
}

type Histograms = Family<RouteLabels, Histogram, fn() -> Histogram>;

/// The counters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histograms,
    errors: Family<ErrorLabels, Counter>,
    /// Members of the families above that the ingestion path needs for each event, found once.
    event_created: Counter,
    event_seconds: Histogram,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    pub(crate) request_bytes: Counter,
    pub(crate) websocket_frames: Counter,
    pub(crate) live_subscribers: Gauge,
    pub(crate) live_events: Counter,
    pub(crate) live_missed: Counter,
    pub(crate) query_seconds: Counter<f64, AtomicU64>,
    pub(crate) query_rows: Counter,
}

impl Metrics {
    pub(crate) fn new(engine: Engine) -> Self {
        let requests = Family::<RequestLabels, Counter>::default();
        let request_seconds = Histograms::new_with_constructor(|| Histogram::new(SECONDS));
        let events = RouteLabels { method: "POST", route: EVENTS_ROUTE.to_owned() };
        let created = RequestLabels { method: "POST", route: EVENTS_ROUTE.to_owned(), status: 201 };
        let mut metrics = Self {
            event_created: requests.get_or_create_owned(&created),
            event_seconds: request_seconds.get_or_create_owned(&events),
            requests,
            request_seconds,
            errors: Family::default(),
            registry: Registry::with_prefix("streamflow"),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            request_bytes: Counter::default(),
            websocket_frames: Counter::default(),
            live_subscribers: Gauge::default(),
            live_events: Counter::default(),
            live_missed: Counter::default(),
            query_seconds: Counter::default(),
            query_rows: Counter::default(),
        };
        metrics.register();
        metrics.registry.register_collector(Box::new(engine::EngineCollector::new(engine)));
        metrics
    }

    fn register(&mut self) {
        let http = self.registry.sub_registry_with_prefix("http");
        http.register("requests", "Requests answered", self.requests.clone());
        http.register_with_unit(
            "request",
            "Time from a request's head to its answer",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        http.register("errors", "Error answers by code", self.errors.clone());
        http.register("connections", "Open connections", self.connections.clone());
        http.register("connections_refused", "Connections refused at the limit", self.connections_refused.clone());
        let ingest = self.registry.sub_registry_with_prefix("ingest");
        ingest.register_with_unit("body", "Bodies of events, decompressed", Unit::Bytes, self.request_bytes.clone());
        ingest.register(
            "websocket_frames",
            "Frames of events that came over WebSockets",
            self.websocket_frames.clone(),
        );
        let live = self.registry.sub_registry_with_prefix("live");
        live.register("subscribers", "Live tails that are open", self.live_subscribers.clone());
        live.register("events", "Events sent to live tails", self.live_events.clone());
        live.register("missed_events", "Events that passed unseen by slow live tails", self.live_missed.clone());
        let query = self.registry.sub_registry_with_prefix("query");
        query.register_with_unit("run", "Time spent on queries", Unit::Seconds, self.query_seconds.clone());
        query.register("rows", "Rows sent as answers to queries", self.query_rows.clone());
    }

    /// Counts one request to `/events`.
    pub(crate) fn event_request(&self, status: StatusCode, took: Duration) {
        self.event_seconds.observe(took.as_secs_f64());
        if status == StatusCode::CREATED {
            self.event_created.inc();
        } else {
            let labels = RequestLabels { method: "POST", route: EVENTS_ROUTE.to_owned(), status: status.as_u16() };
            self.requests.get_or_create(&labels).inc();
        }
    }

    /// Counts one request to any route.
    pub(crate) fn request(&self, method: &http::Method, route: &str, status: StatusCode, took: Duration) {
        let method = method_label(method);
        let labels = RouteLabels { method, route: route.to_owned() };
        self.request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        let labels = RequestLabels { method, route: labels.route, status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts one error answer.
    pub(crate) fn error(&self, code: &'static str) {
        self.errors.get_or_create(&ErrorLabels { code }).inc();
    }

    /// Returns all metrics as text that Prometheus reads.
    ///
    /// # Errors
    /// Never in practice: text grows without failing.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::with_capacity(16 << 10);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Returns a label from a closed set: clients can make up methods.
fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
