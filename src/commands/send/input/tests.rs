use std::io::Write as _;

use tokio::sync::mpsc;

use super::*;

/// Reads `bytes` in the given pace and returns each event with its line, or the error.
fn read(bytes: Vec<u8>, layout: Option<Layout>) -> Result<Vec<(u64, String)>, String> {
    let defaults = Defaults { event_type: Some("row".to_owned()), source: "cli".to_owned() };
    let (to, mut from) = mpsc::channel(1_000);
    let input = Input::new("events".to_owned(), Box::new(Cursor::new(bytes)), Pace::Bulk, layout);
    let mut batcher = Batcher::new(to, 2);
    let end = input.and_then(|input| input.read(&defaults, &mut batcher)).map_err(|error| error.to_string())?;
    assert!(matches!(end, End::Complete));
    drop(batcher);
    let mut events = Vec::new();
    while let Some(batch) = from.blocking_recv() {
        assert_eq!(batch.events, batch.lines.len());
        let body = String::from_utf8(batch.body).unwrap();
        events.extend(batch.lines.into_iter().zip(body.lines().map(str::to_owned)));
    }
    Ok(events)
}

fn check(text: &str, layout: Option<Layout>, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(line, event)| (*line, (*event).to_owned())).collect();
    assert_eq!(read(text.into(), layout).as_ref(), Ok(&expected), "{text:?}");
}

#[test]
fn one_event_a_line_keeps_its_line_number() {
    check("{\"a\":1}\n\n  {\"a\":2}  \r\n{\"a\":3}", None, &[(1, "{\"a\":1}"), (3, "  {\"a\":2}"), (4, "{\"a\":3}")]);
    check("", None, &[]);
    check("\n\n", None, &[]);
    check("{\"a\":1}\n{broken\n{\"a\":3}\n", None, &[(1, "{\"a\":1}"), (2, "{broken"), (3, "{\"a\":3}")]);
}

#[test]
fn an_array_is_cut_into_its_elements() {
    check(
        "[{\"a\":1},\n {\"a\":\n  [2]}\n,3, \"x,]\\\"\"]\n",
        None,
        &[(1, "{\"a\":1}"), (2, "{\"a\":   [2]}"), (4, "3"), (4, "\"x,]\\\"\"")],
    );
    check("[]", None, &[]);
}

#[test]
fn objects_may_span_lines() {
    check("{\n \"a\": \"}\"\n}\n{\n \"a\": 2 }", None, &[(1, "{  \"a\": \"}\" }"), (4, "{  \"a\": 2 }")]);
}

#[test]
fn an_input_that_ends_inside_an_event_says_where_it_began() {
    let error = "events:2: the input ends in the middle of an event";
    assert_eq!(read(b"[{\"a\":1},\n{\"a\":".to_vec(), None), Err(error.to_owned()));
}

#[test]
fn csv_rows_become_events() {
    let csv = Some(Layout::Csv);
    check(
        "type,user_id,page,n,geo.city,tags\nweb.click,7,/cart,5,Oslo,a;b\n,,,,,\n",
        csv,
        &[
            (
                2,
                r#"{"type":"web.click","user_id":"7","data":{"page":"/cart","n":5,"geo":{"city":"Oslo"}},"tags":["a","b"],"source":"cli"}"#,
            ),
            (3, r#"{"type":"row","source":"cli"}"#),
        ],
    );
    check(
        "event_type,source,data\nx,s,\"{\"\"a\"\":1}\"\n",
        csv,
        &[(2, r#"{"event_type":"x","source":"s","data":{"a":1}}"#)],
    );
    assert_eq!(read(b"a,b\n1,2\n1\n".to_vec(), csv), Err("events:3: 1 values under 2 column names".to_owned()));
}

#[test]
fn packed_files_are_unpacked_by_their_first_bytes() {
    let text = "{\"a\":1}\n{\"a\":2}\n".repeat(500);
    let expected = read(text.clone().into_bytes(), None);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    assert_eq!(read(gzip.finish().unwrap(), None), expected);
    assert_eq!(read(zstd::encode_all(text.as_bytes(), 1).unwrap(), None), expected);
    let error = "events is packed with bzip2; gzip and zstd are read";
    assert_eq!(read(b"BZh91AY".to_vec(), None), Err(error.to_owned()));
}

#[test]
fn the_name_says_the_layout_where_it_can() {
    let check = |name: &str, expected| assert_eq!(layout_of_name(Path::new(name)), expected, "{name}");
    check("a/events.csv", Some(Layout::Csv));
    check("events.CSV.gz", Some(Layout::Csv));
    check("events.jsonl.zst", Some(Layout::Ndjson));
    check("events.json", None);
    check("events", None);
}
