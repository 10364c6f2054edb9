//! What the webhook counts. Labels have few values, whatever a cluster sends.

use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use streamflow_core::admission::{Outcome, Reviewed, Subject};

/// Upper bounds, seconds: from a small review to one of many megabytes.
const SECONDS: [f64; 10] = [0.0001, 0.0003, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 3.0];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReviewLabels {
    kind: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StatusLabels {
    status: u16,
}

/// The counters of one webhook.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    reviews: Family<ReviewLabels, Counter>,
    skipped: Family<ReasonLabels, Counter>,
    refused: Family<StatusLabels, Counter>,
    review_seconds: Histogram,
    pub(super) connections: Gauge,
    pub(super) connections_refused: Counter,
    pub(super) handshakes_failed: Counter,
    pub(super) certificate_taken: Counter,
    pub(super) certificate_refused: Counter,
    pub(super) events_sent: Counter,
    pub(super) events_dropped: Counter,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("streamflow_admission"),
            reviews: Family::default(),
            skipped: Family::default(),
            refused: Family::default(),
            review_seconds: Histogram::new(SECONDS),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            handshakes_failed: Counter::default(),
            certificate_taken: Counter::default(),
            certificate_refused: Counter::default(),
            events_sent: Counter::default(),
            events_dropped: Counter::default(),
        };
        let to = &mut metrics.registry;
        to.register("reviews", "Reviews answered, dry runs aside", metrics.reviews.clone());
        to.register("skipped", "Objects left alone, by reason", metrics.skipped.clone());
        to.register("refused", "Requests that were no review, by status", metrics.refused.clone());
        let seconds = metrics.review_seconds.clone();
        to.register_with_unit("review", "Time from a review's last byte to its answer", Unit::Seconds, seconds);
        to.register("connections", "Connections open now", metrics.connections.clone());
        to.register("connections_refused", "Connections above the limit", metrics.connections_refused.clone());
        to.register("handshakes_failed", "TLS handshakes that failed", metrics.handshakes_failed.clone());
        to.register("certificate_taken", "Renewed certificates taken over", metrics.certificate_taken.clone());
        to.register(
            "certificate_refused",
            "Looks at the certificate's files that found them unusable",
            metrics.certificate_refused.clone(),
        );
        to.register("events_sent", "Mutations sent as events", metrics.events_sent.clone());
        to.register(
            "events_dropped",
            "Mutations that were not sent: no room, or no answer",
            metrics.events_dropped.clone(),
        );
        metrics
    }

    /// Counts an answer. A dry run changes nothing, so that it counts as nothing.
    pub(super) fn reviewed(&self, reviewed: &Reviewed, took: Duration) {
        self.review_seconds.observe(took.as_secs_f64());
        if reviewed.summary.dry_run {
            return;
        }
        let kind = match reviewed.summary.subject {
            Some(Subject::Deployment) => "Deployment",
            Some(Subject::Service) => "Service",
            None => "other",
        };
        let (operation, outcome) = (reviewed.summary.operation.name(), reviewed.outcome.name());
        self.reviews.get_or_create(&ReviewLabels { kind, operation, outcome }).inc();
        if let Outcome::Skipped(skip) = reviewed.outcome {
            self.skipped.get_or_create(&ReasonLabels { reason: skip.name() }).inc();
        }
    }

    pub(super) fn refused(&self, status: StatusCode) {
        self.refused.get_or_create(&StatusLabels { status: status.as_u16() }).inc();
    }

    /// Returns everything in the text form of OpenMetrics.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
