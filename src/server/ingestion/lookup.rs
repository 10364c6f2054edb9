//! Finds one event by its identity or its client's id.

use streamflow_engine::ingest::Identity;
use streamflow_engine::{Engine, encode};

use crate::server::error::ApiError;

/// Returns an event as JSON.
///
/// # Errors
/// When there is none.
pub(super) async fn event(engine: &Engine, id: &str) -> Result<Vec<u8>, ApiError> {
    let not_found = || ApiError::new("event_not_found", format!("there is no event {id:?}"));
    let identity = engine.find_client_id(id).or_else(|| parse_identity(id)).ok_or_else(not_found)?;
    let batch = engine.find(identity).await?.ok_or_else(not_found)?;
    let mut json = Vec::with_capacity(1 << 10);
    encode::event_json(&batch, 0, &mut json);
    Ok(json)
}

/// Reads `partition:offset`.
fn parse_identity(id: &str) -> Option<Identity> {
    let (partition, offset) = id.split_once(':')?;
    Some(Identity { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
}
