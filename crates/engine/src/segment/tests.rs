//! What is written can be read, joined and described.

use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;

use super::*;

/// Rejected events at these times, numbered from `first` on.
fn rejected(first: i64, times: &[i64]) -> RecordBatch {
    let text = |word: &str| Arc::new(StringViewArray::from(vec![word; times.len()]));
    let offsets = Int64Array::from_iter_values((0..).take(times.len()).map(|row: i64| first + row));
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let columns: Vec<arrow::array::ArrayRef> =
        vec![Arc::new(times), text("invalid_json"), text("not JSON"), text("{"), Arc::new(offsets)];
    RecordBatch::try_new(Table::RejectedEvents.schema(), columns).unwrap()
}

fn sealed(batches: &[RecordBatch], group_rows: usize) -> (Arc<Segment>, SegmentSummary) {
    let mut file = Vec::new();
    let options = WriteOptions { group_rows, ..WriteOptions::default() };
    let inputs: Vec<_> = batches.iter().cloned().map(Input::from).collect();
    let summary = write(Table::RejectedEvents, &inputs, &mut file, &options).unwrap();
    assert_eq!(summary.bytes, file.len() as u64);
    assert_eq!(summary.crc32c, crc32c::crc32c(&file));
    let tail = u64::from(u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap()));
    assert_eq!(summary.footer_bytes, tail);
    (Arc::new(Segment::from_bytes(Table::RejectedEvents, "test", file.into()).unwrap()), summary)
}

fn offsets(segment: &Segment) -> Vec<i64> {
    let batches = segment.rows_in_order().unwrap().map(|batch| batch.unwrap());
    batches.flat_map(|batch| batch.column(4).as_primitive::<Int64Type>().values().to_vec()).collect()
}

#[test]
fn rows_are_sorted_by_time_and_ties_keep_their_order() {
    let (segment, summary) = sealed(&[rejected(0, &[30, 10, 20, 10]), rejected(4, &[5, 30])], 2);
    assert_eq!(offsets(&segment), [4, 1, 3, 2, 0, 5]);
    assert_eq!((summary.rows, summary.timestamp, summary.offset), (6, (5, 30), (0, 5)));
    assert_eq!(segment.groups().len(), 3);
}

#[test]
fn a_summary_has_bounds_in_the_form_of_the_lake() {
    let (_, summary) = sealed(&[rejected(7, &[1_500_000, 0])], 100);
    let column = |index: usize| &summary.columns[index];
    assert_eq!(column(0).min.as_deref(), Some("1970-01-01 00:00:00.000000+00"));
    assert_eq!(column(0).max.as_deref(), Some("1970-01-01 00:00:01.500000+00"));
    assert_eq!((column(1).name.as_str(), column(1).field_id), ("code", 2));
    assert_eq!(column(1).min.as_deref(), Some("invalid_json"));
    assert_eq!((column(4).min.as_deref(), column(4).max.as_deref()), (Some("7"), Some("8")));
    assert!(summary.columns.iter().all(|column| column.values == 2 && column.nulls == 0 && column.bytes > 0));
}

#[test]
fn joined_segments_have_all_rows_in_the_order_of_time() {
    let (first, _) = sealed(&[rejected(0, &[10, 20, 30, 40])], 3);
    let (second, _) = sealed(&[rejected(4, &[20, 35, 36])], 3);
    let mut file = Vec::new();
    let options = WriteOptions { group_rows: 2, ..WriteOptions::default() };
    let summary = merge(Table::RejectedEvents, &[first, second], &mut file, &options).unwrap();
    let joined = Segment::from_bytes(Table::RejectedEvents, "test", file.into()).unwrap();
    assert_eq!(offsets(&joined), [0, 1, 4, 2, 5, 6, 3]);
    assert_eq!((summary.rows, summary.timestamp), (7, (10, 40)));
}

#[test]
fn nothing_is_no_segment() {
    let write = write(Table::RejectedEvents, &[], &mut Vec::new(), &WriteOptions::default());
    assert!(matches!(write, Err(SegmentError::Empty)));
    assert!(matches!(merge(Table::Events, &[], &mut Vec::new(), &WriteOptions::default()), Err(SegmentError::Empty)));
}

#[test]
fn a_cut_or_foreign_file_is_an_error() {
    let mut file = Vec::new();
    write(Table::RejectedEvents, &[rejected(0, &[1]).into()], &mut file, &WriteOptions::default()).unwrap();
    for length in [0, 4, file.len() / 2, file.len() - 1] {
        let cut = file[..length].to_vec();
        assert!(Segment::from_bytes(Table::RejectedEvents, "test", cut.into()).is_err(), "{length} bytes");
    }
    assert!(Segment::from_bytes(Table::Events, "test", file.into()).is_err(), "rejected events are no events");
}

#[test]
fn a_file_of_a_disk_holds_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.parquet");
    let disk = crate::disk::LocalDisk;
    let mut file = crate::disk::Disk::create(&disk, &path).unwrap();
    let inputs = [rejected(0, &[1, 2, 3]).into()];
    write(Table::RejectedEvents, &inputs, &mut FileSink::new(&mut *file), &WriteOptions::default()).unwrap();
    let file = crate::disk::Disk::open_read(&disk, &path).unwrap();
    assert_eq!(offsets(&Segment::open(Table::RejectedEvents, "1", file).unwrap()), [0, 1, 2]);
}

#[test]
fn a_file_is_compressed_as_it_is_asked_for_and_reads_the_same() {
    use parquet::basic::Compression;
    let inputs = [rejected(0, &(0..500).collect::<Vec<i64>>()).into()];
    let is = |codec: Codec, expected: fn(&Compression) -> bool| {
        let mut file = Vec::new();
        write(Table::RejectedEvents, &inputs, &mut file, &WriteOptions { codec, ..WriteOptions::default() }).unwrap();
        let segment = Segment::from_bytes(Table::RejectedEvents, "test", file.into()).unwrap();
        let group = segment.metadata().metadata().row_group(0);
        assert!(group.columns().iter().all(|column| expected(&column.compression())), "{codec:?}");
        assert_eq!(offsets(&segment), (0..500).collect::<Vec<i64>>(), "{codec:?}");
    };
    is(Codec::Nothing, |found| *found == Compression::UNCOMPRESSED);
    is(Codec::Zstd(19), |found| matches!(found, Compression::ZSTD(_)));
    is(Codec::Snappy, |found| *found == Compression::SNAPPY);
    is(Codec::Gzip, |found| matches!(found, Compression::GZIP(_)));
    is(Codec::Lz4, |found| *found == Compression::LZ4_RAW);
    let out = &mut Vec::new();
    let options = WriteOptions { codec: Codec::Zstd(99), ..WriteOptions::default() };
    assert!(write(Table::RejectedEvents, &inputs, out, &options).is_err());
}
