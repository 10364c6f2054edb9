//! Tells of changes as they happen.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::failure::Failure;
use super::query::Query;
use super::resource::Path;
use super::store::is_selected;
use super::{Cluster, streamed};

struct Watching {
    cluster: Arc<Cluster>,
    at: Path,
    query: Query,
    since: u64,
    due: VecDeque<String>,
    until: Instant,
    over: bool,
}

/// Opens a watch. Without a version, it begins with the objects that are there.
pub(super) fn open(cluster: &Arc<Cluster>, at: &Path, query: &Query) -> Result<Response, Failure> {
    let since = query.get("resourceVersion").and_then(|version| version.parse().ok()).unwrap_or(0);
    let seconds = query.get("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(300);
    let mut watching = Watching {
        cluster: Arc::clone(cluster),
        at: at.clone(),
        query: query.clone(),
        since,
        due: VecDeque::new(),
        until: Instant::now() + Duration::from_secs(seconds),
        over: false,
    };
    if since == 0 {
        let store = cluster.store.lock();
        watching.since = store.version();
        let there = store.list(at.resource, &at.namespace, query);
        watching.due = there.into_iter().map(|object| line("ADDED", object)).collect();
    }
    Ok(streamed("application/json", futures::stream::unfold(watching, next)))
}

async fn next(mut watching: Watching) -> Option<(String, Watching)> {
    loop {
        if let Some(line) = watching.due.pop_front() {
            return Some((line, watching));
        }
        if watching.over || Instant::now() >= watching.until {
            return None;
        }
        let cluster = Arc::clone(&watching.cluster);
        let changed = cluster.changed.notified();
        tokio::pin!(changed);
        // Before looking, so that no change falls between.
        changed.as_mut().enable();
        watching.look();
        if watching.due.is_empty() {
            drop(tokio::time::timeout_at(watching.until, changed).await);
        }
    }
}

impl Watching {
    fn look(&mut self) {
        let store = self.cluster.store.lock();
        let Some(changes) = store.since(self.since, self.at.resource.plural) else {
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "reason": "Expired", "code": 410, "message": "too old resource version",
            });
            self.due.push_back(line("ERROR", &status));
            self.over = true;
            return;
        };
        self.since = store.version();
        for change in changes {
            let namespace = change.object["metadata"]["namespace"].as_str().unwrap_or_default();
            let here = self.at.namespace.is_empty() || namespace == self.at.namespace;
            if here && is_selected(&change.object, &self.query) {
                self.due.push_back(line(change.what, &change.object));
            }
        }
    }
}

fn line(what: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": what, "object": object}))
}
