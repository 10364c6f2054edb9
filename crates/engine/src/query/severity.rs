//! The words that existing users write for severities: `level = 'warning'` means `severity = 'medium'`.

use datafusion::sql::sqlparser::ast::{Expr, Value};
use streamflow_core::event::Severity;

use super::QueryError;

/// The other name of the column `severity`.
pub(super) const LEVEL: &str = "level";

const LEVELS: [(&str, Severity); 3] =
    [("info", Severity::Low), ("warning", Severity::Medium), ("error", Severity::High)];

/// Turns a literal that is compared with `level` into a severity; what is no text literal stays.
pub(super) fn translate(expr: &mut Expr) -> Result<(), QueryError> {
    let Expr::Value(value) = expr else {
        return Ok(());
    };
    let Value::SingleQuotedString(word) = &mut value.value else {
        return Ok(());
    };
    let level = LEVELS.iter().find(|(level, _)| level == word).map(|(_, severity)| *severity);
    let Some(severity) = level.or_else(|| word.parse().ok()) else {
        let error = QueryError::new("sql_invalid", format!("unknown level {word:?}")).hint(
            "levels are info (low), warning (medium) and error (high); severities are low, medium, high, critical",
        );
        return Err(QueryError { place: Some((value.span.start.line, value.span.start.column)), ..error });
    };
    severity.as_str().clone_into(word);
    Ok(())
}
