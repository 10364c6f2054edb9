use std::io::Cursor;

use tokio::sync::mpsc;

use super::*;
use crate::printer::{OutputArgs, Printer};

/// Events with the lines they stand on.
type Events = Vec<(u64, String)>;

/// Reads rows and returns their events with the lines they stand on, and what was said of the others.
fn read(rows: Rows) -> Result<(Events, Vec<String>), String> {
    let progress = Arc::new(Printer::new(OutputArgs::default()).progress("", None));
    let (to, mut from) = mpsc::channel(1_000);
    let mapping = Mapping::default().with_defaults(Some("t".to_owned()), "s".to_owned());
    let mut reading = Reading::new(mapping, Batcher::new(to, 2), Bytes::default(), progress);
    let end = reading.read(Source { name: "f".to_owned(), rows });
    let read = reading.read.clone();
    // Nobody sends any more: what waits is all there is.
    drop(reading);
    assert!(matches!(end.map_err(|error| error.to_string())?, End::Complete));
    assert_eq!(read.unreadable, read.complaints.len() as u64);
    let mut events = Vec::new();
    while let Some(batch) = from.blocking_recv() {
        let body = String::from_utf8(batch.body).unwrap();
        events.extend(batch.lines.into_iter().zip(body.lines().map(str::to_owned)));
    }
    assert_eq!(read.rows, events.len() as u64 + read.unreadable);
    Ok((events, read.complaints))
}

fn ndjson(text: &[u8]) -> Rows {
    Rows::Ndjson(Box::new(Cursor::new(text.to_vec())))
}

fn csv(text: &[u8]) -> Rows {
    Rows::Csv(Box::new(Cursor::new(text.to_vec())))
}

fn check(rows: Rows, events: &[(u64, &str)], complaints: &[&str]) {
    let (found, said) = read(rows).unwrap();
    let events: Events = events.iter().map(|(line, event)| (*line, (*event).to_owned())).collect();
    assert_eq!((found, said), (events, complaints.iter().map(|words| (*words).to_owned()).collect()));
}

#[test]
fn values_of_json_are_carried_over_as_they_were_written() {
    check(
        ndjson(b"{\"n\": 1.10 ,\"big\":123456789012345678901234567890,\"k\\u0041\":null}\n\n{}"),
        &[
            (1, r#"{"type":"t","source":"s","data":{"n":1.10,"big":123456789012345678901234567890,"kA":null}}"#),
            (3, r#"{"type":"t","source":"s"}"#),
        ],
        &[],
    );
}

#[test]
fn lines_that_are_no_object_are_named_and_passed_over() {
    check(
        ndjson(b"nope\n{\"a\":1}\n[1]\n{\"a\":\n\xff\n{} x\n"),
        &[(2, r#"{"type":"t","source":"s","data":{"a":1}}"#)],
        &[
            "f:1: column 1: unexpected 'n'",
            "f:3: column 1: unexpected '['",
            "f:4: column 6: the text ends inside a value",
            "f:5: it is not UTF-8",
            "f:6: column 4: unexpected 'x'",
        ],
    );
}

#[test]
fn rows_of_a_table_that_do_not_fit_are_named_and_passed_over() {
    check(
        csv(b"\xef\xbb\xbfuser_id, n,data\n7,1,\n8\n9,2,nope\n\"1\n0\",,\n\xff,,\n"),
        &[
            (2, r#"{"user_id":"7","type":"t","source":"s","data":{"n":1}}"#),
            (5, r#"{"user_id":"1\n0","type":"t","source":"s"}"#),
        ],
        &["f:3: 1 values under 3 column names", "f:4: \"data\" is no JSON object", "f:7: it is not UTF-8"],
    );
    assert_eq!(read(csv(b"a,a\n")), Err("f:1: two columns are \"a\"".to_owned()));
    assert_eq!(read(csv(b"a,\n")), Err("f:1: column 2 has no name".to_owned()));
    check(csv(b""), &[], &[]);
}
