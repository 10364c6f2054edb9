//! What each form looks like, value by value.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int64Type, SchemaRef};

use super::*;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn sample() -> RecordBatch {
    batch(vec![
        ("t", Arc::new(TimestampMicrosecondArray::from(vec![1_795_428_000_500_000, 0]).with_timezone("UTC"))),
        ("i", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None]))),
        ("f", Arc::new(Float64Array::from(vec![f64::NAN, 1.5]))),
        ("s", Arc::new(StringViewArray::from(vec![Some("a,\"b\"\n"), Some("")]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("l", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None]))),
    ])
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn rows_are_arrays_whose_integers_keep_their_digits() {
    assert_eq!(
        written(|out| rows_json(&[sample()], out)),
        r#"[["2026-11-23T10:00:00.5Z",9007199254740993,null,"a,\"b\"\n",true,[1,null]],["1970-01-01T00:00:00Z",null,1.5,"",null,null]]"#
    );
    assert_eq!(written(|out| rows_json(&[], out)), "[]");
}

#[test]
fn columns_tell_name_and_type() {
    assert_eq!(
        written(|out| columns_json(&sample().schema(), out)),
        r#"[{"name":"t","type":"timestamp"},{"name":"i","type":"integer"},{"name":"f","type":"float"},{"name":"s","type":"text"},{"name":"b","type":"boolean"},{"name":"l","type":"list<integer>"}]"#
    );
}

#[test]
fn every_line_of_ndjson_has_every_key() {
    assert_eq!(
        written(|out| ndjson(&[sample().project(&[1, 3]).unwrap()], out)),
        "{\"i\":9007199254740993,\"s\":\"a,\\\"b\\\"\\n\"}\n{\"i\":null,\"s\":\"\"}\n"
    );
}

#[test]
fn csv_quotes_what_must_be_quoted_and_nothing_else() {
    assert_eq!(
        written(|out| csv(&sample().schema(), &[sample()], Header::Names, out)),
        "t,i,f,s,b,l\n2026-11-23T10:00:00.5Z,9007199254740993,NaN,\"a,\"\"b\"\"\n\",true,\"[1,null]\"\n\
         1970-01-01T00:00:00Z,,1.5,\"\",,\n"
    );
    assert_eq!(written(|out| csv(&sample().schema(), &[], Header::None, out)), "");
}

#[test]
fn text_marked_as_json_is_embedded_only_when_it_is_json() {
    let array: ArrayRef = Arc::new(StringViewArray::from(vec!["{\"a\":1}", "not json"]));
    let field = Field::new("data", array.data_type().clone(), true)
        .with_metadata([(JSON_MARK.0.to_owned(), JSON_MARK.1.to_owned())].into());
    let marked = RecordBatch::try_new(SchemaRef::new(Schema::new(vec![field])), vec![array]).unwrap();
    assert_eq!(written(|out| rows_json(&[marked], out)), r#"[[{"a":1}],["not json"]]"#);
}

#[test]
fn an_event_leaves_out_what_is_empty() {
    let tags = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(Vec::<Option<i64>>::new())]);
    let event = batch(vec![
        ("user_id", Arc::new(StringViewArray::from(vec![None::<&str>]))),
        ("type", Arc::new(StringViewArray::from(vec!["web.click"]))),
        ("data", Arc::new(StringViewArray::from(vec!["{\"page\":\"/a\"}"]))),
        ("metadata", Arc::new(StringViewArray::from(vec!["{}"]))),
        ("tags", Arc::new(tags)),
        ("_offset", Arc::new(Int64Array::from(vec![7]))),
    ]);
    assert_eq!(written(|out| event_json(&event, 0, out)), r#"{"type":"web.click","data":{"page":"/a"},"_offset":7}"#);
}

#[test]
fn binary_forms_read_back_as_the_same_rows() {
    let batch = sample();
    let stream = ipc_stream(&batch.schema(), std::slice::from_ref(&batch)).unwrap();
    let read = arrow::ipc::reader::StreamReader::try_new(stream.as_slice(), None).unwrap();
    let read: Vec<RecordBatch> = read.map(Result::unwrap).collect();
    assert_eq!(format!("{read:?}"), format!("{:?}", [&batch]));

    let file = bytes::Bytes::from(parquet(&batch.schema(), std::slice::from_ref(&batch)).unwrap());
    let read = parquet_rows(file);
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    assert_eq!(written(|out| rows_json(&read, out)), written(|out| rows_json(&[batch], out)));
}

fn parquet_rows(file: bytes::Bytes) -> Vec<RecordBatch> {
    let reader = ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}
