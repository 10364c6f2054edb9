//! SQL statements, their answers, and what can be asked about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ErrorDetail;

/// Body of `POST /api/v1/query`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// One read-only statement.
    pub sql: String,
    /// Values for `$name`: an object; or for `$1`, `$2`, …: an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub params: Option<serde_json::Value>,
    /// `"5s"`, `"500ms"`, or a number of seconds. At most the server's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub timeout: Option<serde_json::Value>,
    /// Rows after which the answer is cut, 100,000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
    /// Time of arrival as of which to answer: RFC 3339, or `1h` for an hour ago. A table with `AS OF` of its own keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

/// Answer to a statement, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryAnswer {
    pub columns: Vec<ColumnInfo>,
    /// One array a row, in the order of `columns`.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Whether there were more rows than `max_rows`.
    pub truncated: bool,
    /// What to know although it is no error, such as a path that no event has; left out when there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    pub stats: QueryStats,
}

/// One frame of an answer as server-sent events. Its kind is also the SSE event name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum QueryFrame {
    /// Comes first, before any row is known.
    Columns {
        columns: Vec<ColumnInfo>,
        /// What to know although it is no error.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// Rows as they are found: one array a row, in the order of the columns.
    Rows {
        #[schema(value_type = Vec<Vec<Object>>)]
        rows: Vec<Vec<serde_json::Value>>,
    },
    /// Comes last, after all rows.
    End {
        /// Whether there were more rows than `max_rows`.
        truncated: bool,
        stats: QueryStats,
    },
    /// Comes last where the statement failed after it began: the rows before it are not all.
    Error { error: ErrorDetail },
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnInfo {
    pub name: String,
    /// `text`, `integer`, `float`, `boolean`, `timestamp`, `json`, …
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a statement cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryStats {
    pub rows: u64,
    pub rows_scanned: u64,
    pub bytes_scanned: u64,
    pub elapsed_ms: f64,
}

/// Everything a statement may name, for completion and suggestions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuerySchema {
    pub tables: Vec<TableInfo>,
    /// Names, in alphabetical order.
    pub functions: Vec<String>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableInfo {
    pub name: String,
    pub columns: Vec<ColumnInfo>,
    /// Paths seen inside `data`, as SQL spells them: `data.page`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<ColumnInfo>,
}
