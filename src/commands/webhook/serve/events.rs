//! Sends mutations as events to a StreamFlow server, beside the reviews and never in their way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::admission::{Mutation, Mutations};
use crate::client::Client;
use crate::commands::send::batch::Batch;
use crate::commands::send::delivery::{Ack, Backoff, Delivery, Keys};
use crate::commands::{Session, target};
use crate::printer::CommandError;
use crate::settings::Secret;

/// Mutations of one request.
const BATCH_MUTATIONS_MAX: usize = 500;
/// How long a server that does not answer is tried again. Meanwhile further mutations wait, up to their limit.
const RETRY_FOR: Duration = Duration::from_secs(60);
/// For the last mutations, when the webhook stops.
pub(super) const LAST_MAX: Duration = Duration::from_secs(5);

/// Brings mutations to a server.
pub(super) struct Courier {
    delivery: Delivery,
}

impl Courier {
    /// Returns a courier to the server at `url`, which is not contacted yet.
    pub(super) fn to(url: &str, session: &Session) -> Result<Self, CommandError> {
        let token = session.token();
        let client = Client::http(&target::normal_url(url)?, token.as_ref().map(Secret::reveal))?;
        // Keys are told apart from those of other webhooks, and of this one's last run.
        let keys = Keys::Run(format!("webhook-{}-{}", std::process::id(), session.now()));
        let backoff = Backoff::default();
        Ok(Self { delivery: Delivery { client, ack: Ack::Disk, keys, retry_for: RETRY_FOR, backoff } })
    }

    /// Sends until the webhook stops.
    pub(super) async fn run(self, mut mutations: Mutations) {
        let origin: Arc<str> = Arc::from("webhook");
        // From 1: the server may come later than the webhook, and is waited for.
        for number in 1.. {
            let batch = mutations.next(BATCH_MUTATIONS_MAX).await;
            if batch.is_empty() {
                return;
            }
            let events = batch.len();
            let body = batch.iter().map(|mutation| format!("{}\n", event(mutation))).collect::<String>().into_bytes();
            let batch = Batch { origin: Arc::clone(&origin), body, lines: Vec::new(), events };
            match self.delivery.deliver(number, batch).await {
                Ok(delivered) => {
                    mutations.sent(delivered.accepted + delivered.duplicates);
                    mutations.lost(delivered.rejected);
                    if let Some(rejection) = delivered.rejections.first() {
                        tracing::warn!(code = rejection.code, message = rejection.message, "mutations were not taken");
                    }
                }
                Err(error) => {
                    mutations.lost(events as u64);
                    tracing::warn!(%error, events, "mutations were not sent");
                }
            }
        }
    }
}

fn event(mutation: &Mutation) -> serde_json::Value {
    let summary = &mutation.summary;
    json!({
        "type": "k8s.mutation",
        "source": super::super::NAME,
        "timestamp": mutation.at.to_string(),
        "data": {
            "kind": mutation.kind(),
            "namespace": summary.namespace,
            "name": summary.name,
            "operation": summary.operation.name(),
            "additions": mutation.additions,
            "uid": summary.uid,
        },
    })
}
