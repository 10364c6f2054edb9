//! The Arrow schemas of the tables `events` and `rejected_events`.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// Returns the schema of `events`: the columns of `streamflow_core::event::COLUMNS`, in that order.
#[must_use]
pub fn events_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let text = |name: &str, nullable: bool| Field::new(name, DataType::Utf8View, nullable);
        let time = |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false);
        Arc::new(Schema::new(vec![
            time("timestamp"),
            text("type", false),
            text("source", false),
            text("severity", false),
            text("user_id", true),
            text("session_id", true),
            text("correlation_id", true),
            text("data", false),
            text("metadata", false),
            Field::new("tags", DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, false))), false),
            text("id", true),
            text("device_type", false),
            text("os", true),
            text("browser", true),
            text("country", true),
            text("region", true),
            text("city", true),
            time("ingested_at"),
            text("tenant", false),
            Field::new("_partition", DataType::Int32, false),
            Field::new("_offset", DataType::Int64, false),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// Returns the schema of `rejected_events`: when, the error's stable code, its message, and the first 64 KiB of what
/// came in.
#[must_use]
pub fn rejected_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("received_at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
            Field::new("code", DataType::Utf8View, false),
            Field::new("message", DataType::Utf8View, false),
            Field::new("raw", DataType::Utf8View, false),
            Field::new("_offset", DataType::Int64, false),
        ]))
    });
    Arc::clone(&SCHEMA)
}
