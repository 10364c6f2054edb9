//! What is sealed from the tail's columns is what would be sealed from the text of the events.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use streamflow_core::event::Limits;

use super::late;
use crate::catalog::{Catalog, Change, NewFile, Reason};
use crate::clock::SystemClock;
use crate::disk::LocalDisk;
use crate::ingest::{Ack, Body, Framing, Request, Store, StoreOptions, Writer, prepare};
use crate::journal::{Floor, JournalOptions, OnDamage};
use crate::segment::{Codec, Input, Segment, SegmentSummary, Table, WriteOptions, merge, write};

/// Takes in each group as one list, and returns the chunks of the tail.
fn taken_in(groups: &[Vec<String>]) -> Vec<Input> {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::new(StoreOptions::default()));
    let journal = JournalOptions {
        dir: dir.path().to_owned(),
        file_bytes_target: 1 << 20,
        min_free_bytes: 0,
        on_damage: OnDamage::Refuse,
        floor: Floor::default(),
    };
    let opened = Writer::open(Arc::new(LocalDisk), Arc::new(SystemClock::default()), journal, Arc::clone(&store));
    let mut writer = opened.unwrap().0;
    for group in groups {
        let event = |data: &String| format!(r#"{{"type":"t","source":"s","data":{data}}}"#);
        let lines = group.iter().map(event).collect::<Vec<_>>().join("\n");
        let body = Body { bytes: Bytes::from(lines), framing: Framing::Lines };
        let prepared = prepare(body, &store, Limits::default()).unwrap();
        let request = Request { prepared, ack: Ack::Disk, key: None };
        writer.commit(vec![request], &mut |_, answer| assert_eq!(answer.unwrap().rejections, []));
    }
    let chunks = store.snapshot().chunks;
    chunks.iter().map(|chunk| Input { batch: chunk.batch.clone(), leaves: Some(chunk.leaves.clone()) }).collect()
}

const OPTIONS: WriteOptions = WriteOptions { group_rows: 5, codec: Codec::Zstd(3) };

/// Returns the rows of a file, and the types of the columns that `data` has in it.
fn written(inputs: &[Input]) -> (Vec<arrow::array::RecordBatch>, Vec<String>) {
    let mut file = Vec::new();
    let summary = write(Table::Events, inputs, &mut file, &OPTIONS).unwrap();
    found(summary, file)
}

fn found(summary: SegmentSummary, file: Vec<u8>) -> (Vec<arrow::array::RecordBatch>, Vec<String>) {
    let segment = Segment::from_bytes(Table::Events, "test", file.into()).unwrap();
    let rows = (0..segment.groups().len()).flat_map(|group| segment.read_group(group, 1_024).unwrap());
    let leaves = summary.columns.iter().flat_map(|column| &column.leaves);
    (rows.map(Result::unwrap).collect(), leaves.map(|leaf| format!("{leaf:?}")).collect())
}

fn from_text(inputs: &[Input]) -> Vec<Input> {
    inputs.iter().map(|input| input.batch.clone().into()).collect()
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{0,20}".prop_map(|text| format!("\"{text}\"")),
        1 => Just(r#""a \"quoted\" é\n""#.to_owned()),
        3 => any::<i64>().prop_map(|number| number.to_string()),
        3 => (-1000..1000_i32).prop_map(|number| number.to_string()),
        1 => (-1000..1000_i32).prop_map(|number| format!("{number}.5")),
        1 => any::<bool>().prop_map(|value| value.to_string()),
        1 => prop_oneof![Just("null"), Just("[1,2]"), Just("{}"), Just(r#"{"city":"Oslo"}"#), Just("123456789012345678901")]
            .prop_map(str::to_owned),
    ]
}

/// Objects of a few keys, most of whose values are of one type.
fn any_data() -> impl Strategy<Value = String> {
    let field = |key: &'static str, usual: BoxedStrategy<String>| {
        let value = prop_oneof![30 => usual, 1 => any_value()];
        proptest::option::weighted(0.8, value.prop_map(move |value| format!("\"{key}\":{value}")))
    };
    let page = field("page", "/[a-z]{0,16}".prop_map(|page| format!("\"{page}\"")).boxed());
    let count = field("n", (0..99_u8).prop_map(|n| n.to_string()).boxed());
    let share = field("share", (0..99_u8).prop_map(|n| format!("{n}.25")).boxed());
    let flag = field("on", any::<bool>().prop_map(|on| on.to_string()).boxed());
    let key = prop_oneof![3 => Just("r\\u0061re"), 1 => Just("dotted.key"), 1 => Just("")];
    let rare = (key, any_value()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
    let rare = proptest::option::weighted(0.05, rare);
    (page, count, share, flag, rare).prop_map(|(page, count, share, flag, rare)| {
        let fields: Vec<String> = [page, count, share, flag, rare].into_iter().flatten().collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn files_from_columns_and_from_text_are_the_same(
        groups in proptest::collection::vec(proptest::collection::vec(any_data(), 1..12), 1..6)
    ) {
        let inputs = taken_in(&groups);
        prop_assert_eq!(written(&inputs), written(&from_text(&inputs)));
    }

    #[test]
    fn files_merged_from_columns_and_written_from_their_text_are_the_same(
        groups in proptest::collection::vec(proptest::collection::vec(any_data(), 1..12), 1..6)
    ) {
        let sealed = |input: &Input| {
            let mut file = Vec::new();
            write(Table::Events, std::slice::from_ref(input), &mut file, &OPTIONS).unwrap();
            Arc::new(Segment::from_bytes(Table::Events, "test", file.into()).unwrap())
        };
        let segments: Vec<Arc<Segment>> = taken_in(&groups).iter().map(sealed).collect();
        let texts = segments.iter().flat_map(|segment| segment.rows_in_order().unwrap());
        let texts: Vec<Input> = texts.map(|batch| batch.unwrap().into()).collect();
        let mut file = Vec::new();
        let summary = merge(Table::Events, &segments, &mut file, &OPTIONS).unwrap();
        prop_assert_eq!(found(summary, file), written(&texts));
    }
}

#[test]
fn rows_that_columns_stand_for_are_not_read_from_text() {
    let group = |data: &str| vec![data.to_owned(); 20];
    let mut inputs = taken_in(&[group(r#"{"page":"/","n":1}"#), group(r#"{"page":"/a long page of its own","n":2}"#)]);
    let right = written(&inputs);
    for input in &mut inputs {
        let mut columns = input.batch.columns().to_vec();
        columns[7] = Arc::new(arrow::array::StringViewArray::from(vec!["{}"; 20]));
        let with_other_text = arrow::array::RecordBatch::try_new(input.batch.schema(), columns).unwrap();
        input.batch = with_other_text;
    }
    // The shape of the file comes from text, so that the first batch keeps its own.
    let untouched = taken_in(&[group(r#"{"page":"/","n":1}"#)]).remove(0).batch;
    let mut columns = inputs[0].batch.columns().to_vec();
    columns[7] = Arc::clone(untouched.column(7));
    inputs[0].batch = arrow::array::RecordBatch::try_new(inputs[0].batch.schema(), columns).unwrap();
    let from_columns = written(&inputs);
    assert_eq!(from_columns.1.len(), right.1.len());
    let data =
        |rows: &[arrow::array::RecordBatch]| rows.iter().map(|rows| Arc::clone(rows.column(7))).collect::<Vec<_>>();
    assert_eq!(data(&from_columns.0), data(&right.0));
}

#[test]
fn late_rows_take_their_columns_along() {
    let inputs = taken_in(&[vec![r#"{"page":"/a"}"#.to_owned(), r#"{"page":"/b"}"#.to_owned()]]);
    let mut columns = inputs[0].batch.columns().to_vec();
    columns[0] = Arc::new(arrow::array::TimestampMicrosecondArray::from(vec![0, i64::MAX / 2]).with_timezone("UTC"));
    let batch = arrow::array::RecordBatch::try_new(inputs[0].batch.schema(), columns).unwrap();
    let kinds = late::split(vec![Input { batch, leaves: inputs[0].leaves.clone() }]).unwrap();
    assert_eq!(kinds.len(), 2);
    for kind in kinds {
        assert_eq!(written(&kind), written(&from_text(&kind)));
    }
}

/// A path and its type; how many rows have it and how many have not; bounds of its values.
type Leaf = (String, String, i64, i64, Option<String>, Option<String>);

/// Returns what the catalog says of paths.
fn listed_leaves(catalog: &std::path::Path) -> Vec<Leaf> {
    let sql = "SELECT variant_path, shredded_type, value_count, null_count, min_value, max_value
               FROM ducklake_file_variant_stats ORDER BY 1";
    let db = rusqlite::Connection::open(catalog).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_catalog_bounds_the_paths_whose_column_has_every_value() {
    let data = |n: usize| match n {
        0 => r#"{"page":"/b","ms":7,"mixed":1,"deep":{"a.b":true}}"#.to_owned(),
        1 => r#"{"page":"/a","ms":1.5,"mixed":"one","rare":3}"#.to_owned(),
        _ => format!(r#"{{"page":"/c","ms":{n},"mixed":{n}}}"#),
    };
    let inputs = taken_in(&[(0..20).map(data).collect()]);
    let mut bytes = Vec::new();
    let summary = write(Table::Events, &inputs, &mut bytes, &WriteOptions::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let mut catalog = Catalog::open(&path, dir.path(), (1, 2), 0).unwrap();
    let file = NewFile { table: Table::Events, name: "a".to_owned(), summary };
    catalog.commit(&Change { add: vec![file], ..Change::default() }, 0).unwrap();
    let text = |text: &str| Some(text.to_owned());
    let row =
        |path: &str, kind: &str, values, nulls, min, max| (path.to_owned(), kind.to_owned(), values, nulls, min, max);
    assert_eq!(
        listed_leaves(&path),
        [
            row("\"deep\".\"a.b\"", "boolean", 1, 19, None, None),
            row("\"ms\"", "float64", 20, 0, text("1.5"), text("19")),
            row("\"page\"", "varchar", 20, 0, text("/a"), text("/c")),
            row("\"rare\"", "int64", 1, 19, text("3"), text("3")),
        ],
        "one value of \"mixed\" is text, which bounds of numbers would hide"
    );
    assert_eq!(catalog.check().unwrap().0, []);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE ducklake_file_variant_stats SET max_value = '/b' WHERE variant_path = '\"page\"'", []).unwrap();
    assert_eq!(catalog.check().unwrap().0.len(), 1, "a bound that changed by itself is noticed");
    let change = Change { end: vec![0], reason: Reason::Expiry, ..Change::default() };
    catalog.commit(&change, 1).unwrap();
    assert_eq!(catalog.forget_ended(2, 3).unwrap(), 1);
    assert_eq!(listed_leaves(&path), []);
}
