//! Turns the one filter grammar of the API into the SQL condition that the engine compiles.

use streamflow_core::filter::{self, FilterError};
use streamflow_engine::query::check_condition;

use crate::server::error::ApiError;

/// Returns a SQL boolean expression over the columns of `events`, nothing when the filter lets everything pass.
///
/// # Errors
/// When the text is neither shorthand nor a condition.
pub(crate) fn condition(text: &str) -> Result<Option<String>, ApiError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let sql = filter::to_sql(text).map_err(|error| refused(text, error))?;
    // Else a bracket too many would end the one around it, and what follows would hold beside the other conditions.
    check_condition(&sql)?;
    Ok(Some(sql))
}

fn refused(text: &str, error: FilterError) -> ApiError {
    ApiError::new("invalid_filter", error.to_string())
        .details(serde_json::json!({ "parameter": "filter", "value": text }))
        .hint(error.hint)
}
