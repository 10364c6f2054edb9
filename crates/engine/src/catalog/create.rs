//! Makes an empty catalog: DuckLake's tables, the first snapshots, and our own tables.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::columns;
use super::{FORMAT_VERSION, table_dir, table_id};
use crate::clock::Micros;
use crate::segment::Table;

/// DuckLake 1.0: readers expect every one of these, most of them empty.
const TABLES: &str = r#"
CREATE TABLE ducklake_metadata(key VARCHAR NOT NULL, value VARCHAR NOT NULL, scope VARCHAR, scope_id BIGINT);
CREATE TABLE ducklake_snapshot(snapshot_id BIGINT PRIMARY KEY, snapshot_time VARCHAR, schema_version BIGINT,
  next_catalog_id BIGINT, next_file_id BIGINT);
CREATE TABLE ducklake_snapshot_changes(snapshot_id BIGINT PRIMARY KEY, changes_made VARCHAR, author VARCHAR,
  commit_message VARCHAR, commit_extra_info VARCHAR);
CREATE TABLE ducklake_schema(schema_id BIGINT PRIMARY KEY, schema_uuid VARCHAR, begin_snapshot BIGINT,
  end_snapshot BIGINT, schema_name VARCHAR, path VARCHAR, path_is_relative BIGINT);
CREATE TABLE ducklake_table(table_id BIGINT, table_uuid VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT,
  schema_id BIGINT, table_name VARCHAR, path VARCHAR, path_is_relative BIGINT);
CREATE TABLE ducklake_view(view_id BIGINT, view_uuid VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT,
  schema_id BIGINT, view_name VARCHAR, dialect VARCHAR, sql VARCHAR, column_aliases VARCHAR);
CREATE TABLE ducklake_tag(object_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, key VARCHAR, value VARCHAR);
CREATE TABLE ducklake_column_tag(table_id BIGINT, column_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT,
  key VARCHAR, value VARCHAR);
CREATE TABLE ducklake_data_file(data_file_id BIGINT PRIMARY KEY, table_id BIGINT, begin_snapshot BIGINT,
  end_snapshot BIGINT, file_order BIGINT, path VARCHAR, path_is_relative BIGINT, file_format VARCHAR,
  record_count BIGINT, file_size_bytes BIGINT, footer_size BIGINT, row_id_start BIGINT, partition_id BIGINT,
  encryption_key VARCHAR, mapping_id BIGINT, partial_max BIGINT);
CREATE TABLE ducklake_file_column_stats(data_file_id BIGINT, table_id BIGINT, column_id BIGINT,
  column_size_bytes BIGINT, value_count BIGINT, null_count BIGINT, min_value VARCHAR, max_value VARCHAR,
  contains_nan BIGINT, extra_stats VARCHAR);
CREATE TABLE ducklake_file_variant_stats(data_file_id BIGINT, table_id BIGINT, column_id BIGINT, variant_path VARCHAR,
  shredded_type VARCHAR, column_size_bytes BIGINT, value_count BIGINT, null_count BIGINT, min_value VARCHAR,
  max_value VARCHAR, contains_nan BIGINT, extra_stats VARCHAR);
CREATE TABLE ducklake_delete_file(delete_file_id BIGINT PRIMARY KEY, table_id BIGINT, begin_snapshot BIGINT,
  end_snapshot BIGINT, data_file_id BIGINT, path VARCHAR, path_is_relative BIGINT, format VARCHAR, delete_count BIGINT,
  file_size_bytes BIGINT, footer_size BIGINT, encryption_key VARCHAR, partial_max BIGINT);
CREATE TABLE ducklake_column(column_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, table_id BIGINT,
  column_order BIGINT, column_name VARCHAR, column_type VARCHAR, initial_default VARCHAR, default_value VARCHAR,
  nulls_allowed BIGINT, parent_column BIGINT, default_value_type VARCHAR, default_value_dialect VARCHAR);
CREATE TABLE ducklake_table_stats(table_id BIGINT, record_count BIGINT, next_row_id BIGINT, file_size_bytes BIGINT);
CREATE TABLE ducklake_table_column_stats(table_id BIGINT, column_id BIGINT, contains_null BIGINT, contains_nan BIGINT,
  min_value VARCHAR, max_value VARCHAR, extra_stats VARCHAR);
CREATE TABLE ducklake_partition_info(partition_id BIGINT, table_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT);
CREATE TABLE ducklake_partition_column(partition_id BIGINT, table_id BIGINT, partition_key_index BIGINT,
  column_id BIGINT, transform VARCHAR);
CREATE TABLE ducklake_file_partition_value(data_file_id BIGINT, table_id BIGINT, partition_key_index BIGINT,
  partition_value VARCHAR);
CREATE TABLE ducklake_files_scheduled_for_deletion(data_file_id BIGINT, path VARCHAR, path_is_relative BIGINT,
  schedule_start VARCHAR);
CREATE TABLE ducklake_inlined_data_tables(table_id BIGINT, table_name VARCHAR, schema_version BIGINT);
CREATE TABLE ducklake_column_mapping(mapping_id BIGINT, table_id BIGINT, type VARCHAR);
CREATE TABLE ducklake_name_mapping(mapping_id BIGINT, column_id BIGINT, source_name VARCHAR, target_field_id BIGINT,
  parent_column BIGINT, is_partition BIGINT);
CREATE TABLE ducklake_schema_versions(begin_snapshot BIGINT, schema_version BIGINT, table_id BIGINT);
CREATE TABLE ducklake_macro(schema_id BIGINT, macro_id BIGINT, macro_name VARCHAR, begin_snapshot BIGINT,
  end_snapshot BIGINT);
CREATE TABLE ducklake_macro_impl(macro_id BIGINT, impl_id BIGINT, dialect VARCHAR, sql VARCHAR, type VARCHAR);
CREATE TABLE ducklake_macro_parameters(macro_id BIGINT, impl_id BIGINT, column_id BIGINT, parameter_name VARCHAR,
  parameter_type VARCHAR, default_value VARCHAR, default_value_type VARCHAR);
CREATE TABLE ducklake_sort_info(sort_id BIGINT, table_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT);
CREATE TABLE ducklake_sort_expression(sort_id BIGINT, table_id BIGINT, sort_key_index BIGINT, expression VARCHAR,
  dialect VARCHAR, sort_direction VARCHAR, null_order VARCHAR);

CREATE TABLE streamflow_state(format_version INTEGER NOT NULL, next_offset INTEGER NOT NULL,
  next_rejected INTEGER NOT NULL, last_appended_at INTEGER NOT NULL);
CREATE TABLE streamflow_file(data_file_id INTEGER PRIMARY KEY, crc32c INTEGER NOT NULL,
  timestamp_min INTEGER NOT NULL, timestamp_max INTEGER NOT NULL, ingested_min INTEGER NOT NULL,
  ingested_max INTEGER NOT NULL, offset_min INTEGER NOT NULL, offset_max INTEGER NOT NULL);
CREATE TABLE streamflow_request_key(key TEXT PRIMARY KEY, answer BLOB NOT NULL, answered_at INTEGER NOT NULL);
"#;

/// The first snapshot makes the schema, the next two a table each.
const FIRST_SNAPSHOTS: i64 = 3;

/// Makes all tables and the snapshots that describe two empty tables, or nothing.
pub(super) fn create(db: &Connection, seed: (u64, u64), now: Micros) -> rusqlite::Result<()> {
    let transaction = db.unchecked_transaction()?;
    let db = &transaction;
    db.execute_batch(TABLES)?;
    let metadata = [
        ("version", "1.0"),
        ("created_by", concat!("streamflow ", env!("CARGO_PKG_VERSION"))),
        ("data_path", ""),
        ("encrypted", "false"),
        ("data_inlining_row_limit", "0"),
        ("parquet_compression", "zstd"),
    ];
    for (key, value) in metadata {
        db.execute("INSERT INTO ducklake_metadata(key, value) VALUES (?1, ?2)", [key, value])?;
    }
    let time = snapshot_time(now);
    let snapshots =
        ["created_schema:\"main\"", "created_table:\"main\".\"events\"", "created_table:\"main\".\"rejected_events\""];
    for (id, changes) in (0..FIRST_SNAPSHOTS).zip(snapshots) {
        // Ids of tables are drawn from the same counter as those of schemas.
        db.execute("INSERT INTO ducklake_snapshot VALUES (?1, ?2, ?1, ?3, 0)", params![id, time, id + 1])?;
        db.execute(
            "INSERT INTO ducklake_snapshot_changes(snapshot_id, changes_made) VALUES (?1, ?2)",
            params![id, changes],
        )?;
    }
    db.execute("INSERT INTO ducklake_schema VALUES (0, ?1, 0, NULL, 'main', '', 1)", [uuid(seed, 0)])?;
    for (snapshot, table) in (1..).zip([Table::Events, Table::RejectedEvents]) {
        create_table(db, table, snapshot, &uuid(seed, table_id(table).unsigned_abs()))?;
    }
    db.execute("INSERT INTO streamflow_state VALUES (?1, 0, 0, 0)", [FORMAT_VERSION])?;
    transaction.commit()
}

fn create_table(db: &Connection, table: Table, snapshot: i64, uuid: &str) -> rusqlite::Result<()> {
    let (id, name) = (table_id(table), table_dir(table));
    db.execute(
        "INSERT INTO ducklake_table VALUES (?1, ?2, ?3, NULL, 0, ?4, ?5, 1)",
        params![id, uuid, snapshot, name, format!("{name}/")],
    )?;
    db.execute("INSERT INTO ducklake_table_stats VALUES (?1, 0, 0, 0)", [id])?;
    db.execute("INSERT INTO ducklake_schema_versions VALUES (?1, ?1, ?2)", [snapshot, id])?;
    for column in columns(table) {
        db.execute(
            "INSERT INTO ducklake_column VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6, NULL, 'NULL', ?7, ?8, 'literal', 'duckdb')",
            params![
                column.id,
                snapshot,
                id,
                column.order,
                column.name,
                column.kind,
                i64::from(column.nullable),
                column.parent
            ],
        )?;
    }
    Ok(())
}

/// Returns a time as DuckLake writes it.
pub(super) fn snapshot_time(now: Micros) -> String {
    let time = Timestamp::from_microsecond(now).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
}

/// Returns a UUID of version 4 whose bits come from the seed.
pub(super) fn uuid(seed: (u64, u64), number: u64) -> String {
    let high = seed.0 ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let low = seed.1.rotate_left(17) ^ number;
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        0x8000 | (low >> 48 & 0x3FFF),
        low & 0xFFFF_FFFF_FFFF
    )
}
