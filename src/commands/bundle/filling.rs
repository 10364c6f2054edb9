//! Puts events into a store of their own by the same routes that a server has, so that a bundle is a store like any other.

use std::path::Path;

use bytes::Bytes;
use serde_json::{Map, Value};
use streamflow_engine::Engine;

use crate::api::ingestion::BatchAccepted;
use crate::client::{Client, Request};
use crate::commands::Session;
use crate::commands::engine_options::self_contained;
use crate::printer::{CommandError, Progress};
use crate::server::{Server, ServerOptions};

/// Bytes of a batch: far below what a request may have.
const BATCH_BYTES: usize = 512 << 10;
/// Name of the store's folder inside a bundle.
pub(super) const DATA_DIR: &str = "data";

/// Asks for events as NDJSON and stores them below `dir`; returns how many there are. The store is sealed and closed.
///
/// # Errors
/// When the answer ends early, or the store can not take the events.
pub(super) fn fill(
    client: &Client,
    request: Request,
    dir: &Path,
    session: &Session,
    progress: &Progress,
) -> Result<u64, CommandError> {
    let options = self_contained(session.settings()?, dir.join(DATA_DIR), &session.current_dir()?)?;
    let engine = Engine::open(options, session.clock())?;
    let store = Client::in_process(Server::in_process(engine.clone(), ServerOptions::default()));
    let filled = session.block_on(async {
        let mut lines = client.send(request).await?.lines();
        let (mut batch, mut events, mut stored) = (Vec::new(), 0, 0);
        while let Some(line) = lines.next().await? {
            batch.extend_from_slice(&without_nulls(&line)?);
            batch.push(b'\n');
            events += 1;
            if batch.len() >= BATCH_BYTES {
                stored += put(&store, std::mem::take(&mut batch)).await?;
                progress.set(stored);
            }
        }
        if !batch.is_empty() {
            stored += put(&store, batch).await?;
        }
        if stored == events {
            return Ok(stored);
        }
        Err(CommandError::bug(format!("{stored} of {events} events went into the bundle")))
    });
    // Seals what is there: a bundle has history, which opens at once.
    engine.close();
    filled
}

async fn put(store: &Client, batch: Vec<u8>) -> Result<u64, CommandError> {
    let request = Request::post("/events").body("application/x-ndjson", Bytes::from(batch));
    let answer: BatchAccepted = store.send(request).await?.json().await?;
    Ok(answer.accepted + answer.duplicates)
}

/// What an event does not have is left out: as null it would be a value.
fn without_nulls(line: &[u8]) -> Result<Vec<u8>, CommandError> {
    let broken = |error: serde_json::Error| CommandError::bug(format!("an exported event can not be read: {error}"));
    let mut event: Map<String, Value> = serde_json::from_slice(line).map_err(broken)?;
    event.retain(|_, value| !value.is_null());
    serde_json::to_vec(&event).map_err(broken)
}
