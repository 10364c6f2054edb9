//! Finds one event by its identity or its client's id.

use streamflow_engine::ingest::Identity;
use streamflow_engine::query::Query;
use streamflow_engine::{Engine, encode};

use crate::server::error::ApiError;

/// Returns an event as JSON.
///
/// # Errors
/// When there is none, or it could not be read.
pub(super) async fn event(engine: &Engine, id: &str) -> Result<Vec<u8>, ApiError> {
    let identity = engine.find_client_id(id).or_else(|| parse_identity(id)).ok_or_else(|| not_found(id))?;
    let query = Query {
        sql: "SELECT * FROM events WHERE _partition = $partition AND _offset = $offset".to_owned(),
        params: vec![
            ("partition".to_owned(), identity.partition.into()),
            ("offset".to_owned(), identity.offset.into()),
        ],
        max_rows: Some(1),
        ..Query::default()
    };
    let answer = engine.query(query).await?;
    let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).ok_or_else(|| not_found(id))?;
    let mut json = Vec::with_capacity(1 << 10);
    encode::event_json(batch, 0, &mut json);
    Ok(json)
}

/// Reads `partition:offset`.
fn parse_identity(id: &str) -> Option<Identity> {
    let (partition, offset) = id.split_once(':')?;
    Some(Identity { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
}

fn not_found(id: &str) -> ApiError {
    ApiError::new("event_not_found", format!("there is no event {id:?}"))
}
