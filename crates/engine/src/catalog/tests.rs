use arrow::array::RecordBatch;

use super::*;
use crate::segment::{SegmentSummary, WriteOptions, write};

const SEED: (u64, u64) = (7, 9);

fn rejected(numbers: std::ops::Range<i64>, code: Option<&str>) -> RecordBatch {
    use arrow::array::{Int64Array, StringViewArray, TimestampMicrosecondArray};
    let rows = numbers.clone().count();
    let text = |text: &str| std::sync::Arc::new(StringViewArray::from(vec![text; rows]));
    let times = TimestampMicrosecondArray::from_iter_values(numbers.clone()).with_timezone("UTC");
    let columns: Vec<arrow::array::ArrayRef> = vec![
        std::sync::Arc::new(times),
        text(code.unwrap_or("invalid_field")),
        text("message"),
        text("raw"),
        std::sync::Arc::new(Int64Array::from_iter_values(numbers)),
    ];
    RecordBatch::try_new(crate::tail::rejected_schema(), columns).unwrap()
}

fn file(name: &str, numbers: std::ops::Range<i64>, code: &str) -> NewFile {
    let mut bytes = Vec::new();
    let batch = rejected(numbers, Some(code));
    let summary: SegmentSummary =
        write(Table::RejectedEvents, &[batch.into()], &mut bytes, &WriteOptions::default()).unwrap();
    NewFile { table: Table::RejectedEvents, name: name.to_owned(), summary }
}

fn open(dir: &Path) -> Catalog {
    Catalog::open(&dir.join("catalog.db"), &dir.join("lake"), SEED, 1_000_000).unwrap()
}

fn bounds(catalog: &Catalog, column: &str) -> (String, String) {
    let sql = "SELECT min_value, max_value FROM ducklake_table_column_stats s JOIN ducklake_column c
               ON c.table_id = s.table_id AND c.column_id = s.column_id WHERE s.table_id = 2 AND c.column_name = ?1";
    catalog.db.query_row(sql, [column], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn what_is_committed_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = Sealed { next_offset: 0, next_rejected: 12, last_appended_at: 11 };
    {
        let mut catalog = open(dir.path());
        assert_eq!(catalog.sealed().unwrap(), Sealed::default());
        let add = vec![file("a.parquet", 9..12, "b")];
        let request_keys = vec![("k".to_owned(), b"answer".to_vec(), 5), ("old".to_owned(), b"x".to_vec(), 1)];
        let change = Change { add, sealed: Some(sealed), request_keys, forget_keys_before: 2, ..Change::default() };
        catalog.commit(&change, 2_000_000).unwrap();
    }
    let catalog = open(dir.path());
    assert_eq!(catalog.sealed().unwrap(), sealed);
    assert_eq!(catalog.request_keys().unwrap(), [(b"answer".to_vec(), 5)]);
    let files = catalog.files(Table::RejectedEvents).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!((files[0].name.as_str(), files[0].rows, files[0].offset), ("a.parquet", 3, (9, 11)));
    assert!(catalog.files(Table::Events).unwrap().is_empty());
    assert_eq!(catalog.snapshot_id().unwrap(), 3);
}

#[test]
fn bounds_of_the_table_cover_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    for (name, numbers, code) in [("a", 9..12, "m"), ("b", 100..101, "c"), ("c", 20..30, "x")] {
        let change = Change { add: vec![file(name, numbers, code)], ..Change::default() };
        catalog.commit(&change, 2_000_000).unwrap();
    }
    assert_eq!(bounds(&catalog, "_offset"), ("9".to_owned(), "100".to_owned()));
    assert_eq!(bounds(&catalog, "code"), ("c".to_owned(), "x".to_owned()));
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    catalog.db.execute_batch("DROP TABLE streamflow_request_key").unwrap();
    let change = Change {
        add: vec![file("a", 0..3, "m")],
        request_keys: vec![("k".to_owned(), Vec::new(), 0)],
        ..Change::default()
    };
    assert!(catalog.commit(&change, 0).is_err());
    assert!(catalog.files(Table::RejectedEvents).unwrap().is_empty());
    assert_eq!(catalog.snapshot_id().unwrap(), 2);
}

#[test]
fn a_moved_folder_is_told_to_readers() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let moved = dir.path().join("elsewhere");
    drop(Catalog::open(&dir.path().join("catalog.db"), &moved, SEED, 0).unwrap());
    let catalog = Catalog::open_read_only(&dir.path().join("catalog.db")).unwrap();
    let sql = "SELECT value FROM ducklake_metadata WHERE key = 'data_path'";
    let place: String = catalog.db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(place, format!("{}/", moved.display()));
}

#[test]
fn newer_and_foreign_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    open(dir.path()).db.execute("UPDATE streamflow_state SET format_version = 99", []).unwrap();
    let newer = Catalog::open(&path, dir.path(), SEED, 0).unwrap_err();
    assert!(matches!(newer, CatalogError::Newer { found: 99, .. }), "{newer}");
    let foreign = dir.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    assert!(matches!(Catalog::open_read_only(&foreign), Err(CatalogError::Foreign { .. })));
}

/// Every table that this program writes rows to, and each of its columns.
fn cells(catalog: &Catalog) -> Vec<(String, String)> {
    let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
               AND m.name <> 'streamflow_digest'";
    let mut statement = catalog.db.prepare(sql).unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn any_changed_cell_is_noticed_and_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    let request_keys = vec![("k".to_owned(), b"answer".to_vec(), 5)];
    let change = Change { add: vec![file("a", 9..12, "m")], request_keys, ..Change::default() };
    catalog.commit(&change, 2_000_000).unwrap();
    let change = Change { add: vec![file("b", 9..12, "m")], end: vec![0], reason: Reason::Merge, ..Change::default() };
    catalog.commit(&change, 3_000_000).unwrap();
    assert_eq!(catalog.check().unwrap().0, []);
    let mut looked_at = 0;
    for (table, column) in cells(&catalog) {
        let rows: i64 = catalog.db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        if rows == 0 {
            continue;
        }
        looked_at += 1;
        let transaction = catalog.db.unchecked_transaction().unwrap();
        transaction
            .execute(
                &format!(
                    "UPDATE {table} SET \"{column}\" = CASE WHEN typeof(\"{column}\") = 'integer' THEN \"{column}\" + 77
                     ELSE ifnull(\"{column}\", '') || 'x' END WHERE rowid = (SELECT max(rowid) FROM {table})"
                ),
                [],
            )
            .unwrap();
        let (found, _) = catalog.check().unwrap();
        assert!(!found.is_empty(), "{table}.{column}");
        transaction.rollback().unwrap();
    }
    assert!(looked_at > 60, "{looked_at}");
    catalog.db.execute("UPDATE ducklake_table_column_stats SET max_value = '0' WHERE column_id = 5", []).unwrap();
    let change = Change { add: vec![file("c", 90..92, "m")], ..Change::default() };
    catalog.commit(&change, 4_000_000).unwrap();
    let (found, _) = catalog.check().unwrap();
    assert_eq!(found.len(), 1, "a later change does not make it right: {found:?}");
    assert!(found[0].what.contains("ducklake_table_column_stats"), "{found:?}");
}

#[test]
fn rows_that_vanish_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    let change = Change { add: vec![file("a", 9..12, "m")], ..Change::default() };
    catalog.commit(&change, 2_000_000).unwrap();
    for sql in [
        "DELETE FROM ducklake_data_file",
        "DELETE FROM streamflow_file",
        "DELETE FROM ducklake_file_column_stats WHERE column_id = 1",
        "DELETE FROM ducklake_snapshot WHERE snapshot_id = 1",
        "DELETE FROM streamflow_digest WHERE kind = 'file'",
    ] {
        let transaction = catalog.db.unchecked_transaction().unwrap();
        transaction.execute(sql, []).unwrap();
        assert!(!catalog.check().unwrap().0.is_empty(), "{sql}");
        transaction.rollback().unwrap();
    }
    assert_eq!(catalog.check().unwrap().0, []);
}

#[test]
fn bounds_of_the_table_are_narrowed_when_rows_expire() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    for (name, numbers) in [("a", 9..12), ("b", 100..101), ("c", 20..30)] {
        let change = Change { add: vec![file(name, numbers, "m")], ..Change::default() };
        catalog.commit(&change, 2_000_000).unwrap();
    }
    let change = Change { end: vec![0, 1], reason: Reason::Expiry, ..Change::default() };
    catalog.commit(&change, 3_000_000).unwrap();
    assert_eq!(bounds(&catalog, "_offset"), ("20".to_owned(), "29".to_owned()));
    let sql = "SELECT record_count FROM ducklake_table_stats WHERE table_id = 2";
    assert_eq!(catalog.db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 10);
    assert_eq!(catalog.ended().unwrap().0, 2);
    assert!(catalog.commit(&change, 3_000_000).is_err(), "a file ends once");
    assert_eq!(catalog.check().unwrap().0, []);
}

#[test]
fn ended_files_are_forgotten_after_their_time_and_deleted_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    for (name, numbers, now) in [("a", 9..12, 2_000_000), ("b", 20..22, 3_000_000)] {
        catalog.commit(&Change { add: vec![file(name, numbers, "m")], ..Change::default() }, now).unwrap();
    }
    let merged =
        Change { add: vec![file("c", 9..22, "m")], end: vec![0, 1], reason: Reason::Merge, ..Change::default() };
    catalog.commit(&merged, 10_000_000).unwrap();
    assert_eq!(catalog.forget_ended(9_000_000, 11_000_000).unwrap(), 0, "it ended later");
    assert_eq!(catalog.names(Table::RejectedEvents).unwrap(), ["a", "b", "c"]);
    assert_eq!(catalog.forget_ended(10_000_000, 11_000_000).unwrap(), 2);
    assert_eq!(catalog.names(Table::RejectedEvents).unwrap(), ["c"]);
    let unused = catalog.unused_files().unwrap();
    let paths: Vec<&str> = unused.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["rejected_events/a", "rejected_events/b"]);
    let snapshots = "SELECT count(*) FROM ducklake_snapshot WHERE snapshot_id < 5";
    assert_eq!(catalog.db.query_row(snapshots, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "none names what is gone");
    catalog.deleted(&unused).unwrap();
    assert!(catalog.unused_files().unwrap().is_empty());
    assert_eq!(catalog.check().unwrap().0, []);
}

#[test]
fn a_catalog_of_the_first_format_is_brought_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    let request_keys = vec![("k".to_owned(), b"answer".to_vec(), 5)];
    catalog.commit(&Change { add: vec![file("a", 9..12, "m")], request_keys, ..Change::default() }, 2_000_000).unwrap();
    catalog
        .db
        .execute_batch(
            "DROP TABLE streamflow_digest; ALTER TABLE streamflow_request_key DROP COLUMN crc32c;
             UPDATE streamflow_state SET format_version = 1",
        )
        .unwrap();
    drop(catalog);
    let path = dir.path().join("catalog.db");
    assert_eq!(Catalog::open_read_only(&path).unwrap().files(Table::RejectedEvents).unwrap().len(), 1);
    let catalog = open(dir.path());
    assert_eq!(catalog.check().unwrap().0, []);
    assert_eq!(catalog.request_keys().unwrap(), [(b"answer".to_vec(), 5)]);
    let version: u32 =
        catalog.db.query_row("SELECT format_version FROM streamflow_state", [], |row| row.get(0)).unwrap();
    assert_eq!(version, FORMAT_VERSION);
}
