//! Ingestion through its one door: requests in, answers and a snapshot out, over a real folder.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use bytes::Bytes;

use super::*;
use crate::clock::SystemClock;
use crate::disk::LocalDisk;
use crate::journal::{JournalOptions, OnDamage};
use crate::snapshot::Snapshot;
use crate::tail::Leaf;

struct Fixture {
    writer: Writer,
    store: Arc<Store>,
}

fn open_with(dir: &Path, options: StoreOptions) -> Fixture {
    let store = Arc::new(Store::new(options));
    let journal = JournalOptions {
        dir: dir.to_owned(),
        file_bytes_target: 1 << 20,
        min_free_bytes: 0,
        on_damage: OnDamage::Refuse,
    };
    let opened = Writer::open(Arc::new(LocalDisk), Arc::new(SystemClock::default()), journal, Arc::clone(&store));
    Fixture { writer: opened.unwrap().0, store }
}

fn open(dir: &Path) -> Fixture {
    open_with(dir, StoreOptions::default())
}

fn body(text: &str, framing: Framing) -> Body {
    Body { bytes: Bytes::copy_from_slice(text.as_bytes()), framing }
}

impl Fixture {
    fn request(&self, text: &str, framing: Framing) -> Request {
        let prepared = prepare(body(text, framing), &self.store, Limits::default()).unwrap();
        Request { prepared, ack: Ack::Disk, key: None }
    }

    fn commit(&mut self, requests: Vec<Request>) -> Vec<Result<Appended, AppendError>> {
        let mut answers: Vec<_> = requests.iter().map(|_| None).collect();
        self.writer.commit(requests, &mut |index, answer| answers[index] = Some(answer));
        answers.into_iter().map(|answer| answer.expect("every request is answered")).collect()
    }

    fn send(&mut self, text: &str, framing: Framing) -> Appended {
        let request = self.request(text, framing);
        self.commit(vec![request]).remove(0).unwrap()
    }
}

/// Returns one text column of all rows, in offset order.
fn column(snapshot: &Snapshot, name: &str) -> Vec<Option<String>> {
    let texts = |chunk: &Arc<crate::tail::Chunk>| {
        let array = chunk.batch.column_by_name(name).unwrap().as_string_view().clone();
        array.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
    };
    snapshot.chunks.iter().flat_map(texts).collect()
}

fn texts(snapshot: &Snapshot, name: &str) -> Vec<String> {
    column(snapshot, name).into_iter().map(|text| text.unwrap_or_else(|| "NULL".to_owned())).collect()
}

#[test]
fn every_field_becomes_its_column() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open(dir.path());
    fixture.send(
        r#" {"type":"web.click","source":"web-app","timestamp":"2026-01-02T03:04:05.5+01:00","severity":"high",
            "user_id":"user_12345","session_id":"s1","correlation_id":"c\u0031","tags":["a","a tag that is not short"],
            "id":"the-id","data":{"page":"/dashboard","n":1,"user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)"},
            "metadata":{"k":1},"extra":[1,2]} "#,
        Framing::Json,
    );
    let snapshot = fixture.store.snapshot();
    for (name, expected) in [
        ("type", "web.click"),
        ("source", "web-app"),
        ("severity", "high"),
        ("user_id", "user_12345"),
        ("session_id", "s1"),
        ("correlation_id", "c1"),
        ("id", "the-id"),
        ("device_type", "mobile"),
        ("os", "iOS"),
        ("metadata", r#"{"k":1,"extra":[1,2]}"#),
        ("tenant", "default"),
        ("country", "NULL"),
    ] {
        assert_eq!(texts(&snapshot, name), [expected], "{name}");
    }
    let batch = &snapshot.chunks[0].batch;
    let time = batch.column_by_name("timestamp").unwrap().as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(time, "2026-01-02T02:04:05.5Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
    let tags = batch.column_by_name("tags").unwrap().as_list::<i32>().value(0);
    let tags: Vec<_> = tags.as_string_view().iter().flatten().collect();
    assert_eq!(tags, ["a", "a tag that is not short"]);
    for column in batch.columns() {
        column.to_data().validate_full().unwrap();
    }
}

#[test]
fn paths_of_data_become_typed_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open(dir.path());
    let event = |data: &str| format!(r#"{{"type":"t","source":"s","data":{data}}}"#);
    let lines = [
        r#"{"page":"/a","n":1,"f":1.5,"b":true,"geo":{"city":"Rome"},"mixed":1,"a.b":1}"#,
        r#"{"n":2,"f":2,"page":"/a\tb","mixed":"x","list":[1]}"#,
        "{}",
    ]
    .map(event)
    .join("\n");
    fixture.send(&lines, Framing::Lines);
    let snapshot = fixture.store.snapshot();
    let leaves = &snapshot.chunks[0].leaves;
    let typed = |path: &str| match leaves.get(path) {
        Leaf::Typed(array) => array,
        other => panic!("{path} is {other:?}"),
    };
    assert_eq!(typed("n").as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(1), Some(2), None]);
    let floats = typed("f").as_primitive::<arrow::datatypes::Float64Type>().iter().collect::<Vec<_>>();
    assert_eq!(floats, [Some(1.5), Some(2.0), None]);
    assert_eq!(typed("page").as_string_view().iter().collect::<Vec<_>>(), [Some("/a"), Some("/a\tb"), None]);
    assert_eq!(typed("geo.city").as_string_view().iter().collect::<Vec<_>>(), [Some("Rome"), None, None]);
    assert_eq!(typed("b").as_boolean().iter().collect::<Vec<_>>(), [Some(true), None, None]);
    for text in ["mixed", "list", "geo", "a.b", "never.seen"] {
        assert!(matches!(leaves.get(text), Leaf::Text), "{text}");
    }
}

#[test]
fn a_bad_event_leaves_its_neighbours() {
    let good = r#"{"type":"t","source":"s","user_id":"u"}"#;
    for (bad, code) in [
        ("nonsense", "invalid_json"),
        (r#"{"type":"t","source":"s""#, "invalid_json"),
        (r#"{"type":"t","source":"s"} x"#, "invalid_json"),
        ("[]", "invalid_event"),
        ("1", "invalid_event"),
        (r#"{"source":"s"}"#, "missing_field"),
        (r#"{"type":"t"}"#, "missing_field"),
        (r#"{"type":"","source":"s"}"#, "invalid_field"),
        (r#"{"type":1,"source":"s"}"#, "invalid_field"),
        (r#"{"type":"t","source":"s","severity":"bad"}"#, "invalid_field"),
        (r#"{"type":"t","source":"s","timestamp":"yesterday"}"#, "invalid_field"),
        (r#"{"type":"t","source":"s","data":[]}"#, "invalid_field"),
        (r#"{"type":"t","source":"s","tags":[1]}"#, "invalid_field"),
        (r#"{"type":"t","source":"s","user_id":"x","tags":["y"],"id":""}"#, "invalid_field"),
        (r#"{"type":"t","source":"s","type":"u"}"#, "duplicate_key"),
        (r#"{"type":"t","source":"s","event_type":"u"}"#, "duplicate_key"),
        (r#"{"type":"t","source":"s","data":{"a":1,"a":2}}"#, "duplicate_key"),
        (r#"{"type":"t","source":"s","data":{"a.b":1,"a.b":2}}"#, "duplicate_key"),
        (r#"{"type":"t","source":"s","x":1,"metadata":{"x":2}}"#, "duplicate_key"),
        (r#"{"type":"t","source":"s","data":{"a":"\u0000"}}"#, "nul_byte"),
        (r#"{"type":"t","source":"s","data":{"a":1e999}}"#, "number_out_of_range"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut fixture = open(dir.path());
        let answer = fixture.send(&format!("{good}\n\n{bad}\r\n{good}"), Framing::Lines);
        assert_eq!(answer.accepted, 2, "{bad}");
        let [rejection] = &answer.rejections[..] else { panic!("{bad}: {:?}", answer.rejections) };
        assert_eq!((rejection.index, rejection.code), (1, code), "{bad}: {}", rejection.message);
        let snapshot = fixture.store.snapshot();
        assert_eq!(texts(&snapshot, "user_id"), ["u", "u"], "{bad}");
        let rejected = &snapshot.rejected[0];
        assert_eq!(rejected.column_by_name("code").unwrap().as_string_view().value(0), code);
        assert_eq!(rejected.column_by_name("raw").unwrap().as_string_view().value(0), bad);
    }
}

#[test]
fn a_body_that_is_no_list_is_refused_whole() {
    let store = Store::new(StoreOptions::default());
    for (text, framing, code, place) in [
        ("", Framing::Json, "invalid_json", "line 1, column 1"),
        ("{\n \"type\": x}", Framing::Json, "invalid_json", "line 2, column 10"),
        ("[{\"type\":\"t\",\"source\":\"s\"},", Framing::Json, "invalid_json", "line 1, column 28"),
        ("[] []", Framing::Json, "invalid_json", "line 1, column 4"),
        ("{\"events\":{}}", Framing::Batch, "invalid_event", "events"),
    ] {
        let error = prepare(body(text, framing), &store, Limits::default()).unwrap_err();
        assert_eq!(error.code, code, "{text}");
        assert!(error.message.contains(place), "{text}: {}", error.message);
    }
    let bytes = Bytes::from_static(b"{\"type\":\"\xff\"}");
    let error = prepare(Body { bytes, framing: Framing::Json }, &store, Limits::default()).unwrap_err();
    assert_eq!(error.code, "invalid_utf8");
}

#[test]
fn an_array_and_a_batch_keep_their_good_events() {
    let events = r#"[{"type":"a","source":"s"}, {"type":"b"}, {"type":"c","source":"s","data":{"x":1,"x":1}}, {"type":"d","source":"s"}]"#;
    for (text, framing) in
        [(events.to_owned(), Framing::Json), (format!(r#"{{"v":[{{}}],"events":{events}}}"#), Framing::Batch)]
    {
        let dir = tempfile::tempdir().unwrap();
        let mut fixture = open(dir.path());
        let answer = fixture.send(&text, framing);
        assert_eq!(answer.accepted, 2);
        let indexes: Vec<_> = answer.rejections.iter().map(|r| (r.index, r.code)).collect();
        assert_eq!(indexes, [(1, "missing_field"), (2, "duplicate_key")]);
        drop(fixture);
        assert_eq!(texts(&open(dir.path()).store.snapshot(), "type"), ["a", "d"]);
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open(dir.path());
    let single = |n: u32| format!(r#"{{"type":"single","source":"s","user_id":"u{n}","id":"id-{n}"}}"#);
    let requests = (0..5).map(|n| fixture.request(&single(n), Framing::Json)).collect();
    fixture.commit(requests);
    fixture.send(&format!("{}\nbad\n{}", single(5), single(3)), Framing::Lines);
    let before = fixture.store.snapshot();
    drop(fixture);
    let mut fixture = open(dir.path());
    let after = fixture.store.snapshot();
    for name in ["type", "user_id", "id", "data"] {
        assert_eq!(column(&before, name), column(&after, name));
    }
    assert_eq!(texts(&after, "id").len(), 6);
    assert_eq!(after.rejected[0].num_rows(), 1);
    let answer = fixture.send(&single(2), Framing::Json);
    assert_eq!((answer.accepted, answer.duplicates[0].first.offset), (0, 2));
}

#[test]
fn an_id_counts_once_wherever_it_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open(dir.path());
    let event = |id: &str| format!(r#"{{"type":"t","source":"s","id":"{id}"}}"#);
    let list = [event("a"), "bad".to_owned(), event("b"), event("a"), event("c")].join("\n");
    let requests = vec![
        fixture.request(&list, Framing::Lines),
        fixture.request(&event("c"), Framing::Json),
        fixture.request(&event("d"), Framing::Json),
        fixture.request(&event("d"), Framing::Json),
    ];
    let answers: Vec<_> = fixture.commit(requests).into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().map(|answer| answer.accepted).collect::<Vec<_>>(), [2, 1, 1, 0]);
    let duplicates: Vec<_> = answers[0].duplicates.iter().map(|d| (d.index, d.first.offset)).collect();
    assert_eq!(duplicates, [(3, 2), (4, 0)]);
    assert_eq!(answers[3].duplicates[0].first.offset, answers[2].first_offset.unwrap());
    let snapshot = fixture.store.snapshot();
    assert_eq!(texts(&snapshot, "id"), ["c", "d", "a", "b"]);
    for (offset, id) in [(0, "c"), (1, "d"), (2, "a"), (3, "b")] {
        assert_eq!(fixture.store.find_client_id(id).unwrap().offset, offset, "{id}");
    }
    drop(fixture);
    assert_eq!(texts(&open(dir.path()).store.snapshot(), "id"), ["c", "d", "a", "b"]);
}

#[test]
fn a_repeated_request_key_gets_the_first_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open(dir.path());
    let keyed = |fixture: &Fixture| Request {
        key: Some(RequestKey("k".to_owned())),
        ..fixture.request("{\"type\":\"t\",\"source\":\"s\"}\nbad", Framing::Lines)
    };
    let requests = vec![keyed(&fixture), keyed(&fixture)];
    let answers: Vec<_> = fixture.commit(requests).into_iter().map(Result::unwrap).collect();
    assert_eq!(answers[1], Appended { replayed: true, ..answers[0].clone() });
    drop(fixture);
    let mut fixture = open(dir.path());
    let request = keyed(&fixture);
    assert_eq!(fixture.commit(vec![request])[0], Ok(Appended { replayed: true, ..answers[0].clone() }));
    assert_eq!(fixture.store.snapshot().chunks.len(), 1);
}

#[test]
fn a_full_tail_takes_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open_with(dir.path(), StoreOptions { tail_bytes_max: 2_000, ..StoreOptions::default() });
    let line = r#"{"type":"t","source":"s"}"#;
    let lines = [line; 8].join("\n");
    let outcomes: Vec<_> = (0..4)
        .map(|_| {
            let request = fixture.request(&lines, Framing::Lines);
            fixture.commit(vec![request]).remove(0).is_ok()
        })
        .collect();
    assert_eq!(outcomes, [true, false, false, false]);
    assert!(fixture.store.tail.bytes() <= 2_000);
    assert_eq!(texts(&fixture.store.snapshot(), "type").len(), 8);
}

#[test]
fn merged_chunks_hold_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut fixture = open(dir.path());
    let line = |n: usize| {
        let extra = match n % 7 {
            0 => format!(r#","n":{n}"#),
            1 => r#","n":1.5,"late":"a string that is longer than twelve bytes""#.to_owned(),
            2 => r#","mixed":1"#.to_owned(),
            3 => r#","mixed":"one""#.to_owned(),
            _ => String::new(),
        };
        let user = if n.is_multiple_of(3) { String::new() } else { format!(r#","user_id":"a user with number {n}""#) };
        let tags = if n.is_multiple_of(5) { r#","tags":["x","a tag beyond twelve bytes"]"# } else { "" };
        format!(
            r#"{{"type":"type \u0041 of event {n}","source":"s"{user}{tags},"data":{{"page":"/page/{n}/with/a/tail"{extra}}}}}"#
        )
    };
    let mut next = 0;
    for size in std::iter::repeat_n(1, 300).chain([700; 20]).chain([9_000]).chain([100; 120]) {
        let lines: Vec<_> = (next..next + size).map(line).collect();
        next += size;
        fixture.send(&lines.join("\n"), Framing::Lines);
    }
    let before = fixture.store.snapshot();
    let bytes_before = fixture.store.tail.bytes();
    while fixture.store.tail.merge_some() {}
    let after = fixture.store.snapshot();
    assert!(after.chunks.len() < 50, "{} chunks", after.chunks.len());
    assert!(fixture.store.tail.bytes() < bytes_before * 2);
    assert_eq!(after.chunks.iter().map(|chunk| chunk.bytes).sum::<usize>(), fixture.store.tail.bytes());
    for name in ["type", "user_id", "data", "os"] {
        assert!(column(&before, name) == column(&after, name), "{name} differs");
    }
    let mut offset = 0;
    for chunk in &after.chunks {
        assert_eq!(chunk.base_offset, offset);
        let offsets = chunk.batch.column_by_name("_offset").unwrap().as_primitive::<Int64Type>();
        assert_eq!(offsets.value(chunk.batch.num_rows() - 1) as u64 + 1, chunk.end_offset());
        offset = chunk.end_offset();
        chunk.batch.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
        let Leaf::Typed(pages) = chunk.leaves.get("page") else { panic!("page has no leaf") };
        pages.to_data().validate_full().unwrap();
        for (row, page) in pages.as_string_view().iter().enumerate() {
            assert_eq!(page.unwrap(), format!("/page/{}/with/a/tail", chunk.base_offset as usize + row));
        }
        let tags = chunk.batch.column_by_name("tags").unwrap().as_list::<i32>();
        for row in 0..chunk.batch.num_rows() {
            let expected = if (chunk.base_offset as usize + row).is_multiple_of(5) { 2 } else { 0 };
            assert_eq!(tags.value(row).len(), expected);
        }
    }
    assert_eq!(offset as usize, next);
}

#[test]
fn addresses_give_events_a_place_also_after_a_restart() {
    use crate::geoip::{GeoDatabase, sample};
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("places.mmdb");
    let munich = sample::place("DE", "Free State of Bavaria", "Munich");
    std::fs::File::create_new(&file)
        .and_then(|mut out| {
            std::io::Write::write_all(&mut out, &sample::database("Test", &[([192, 0, 2, 0], 24, munich)]))
        })
        .unwrap();
    let geo = Arc::new(GeoDatabase::open(&LocalDisk, &file).unwrap());
    let open = || {
        let store = Arc::new(Store::new(StoreOptions::default()).with_geo(Some(Arc::clone(&geo))));
        let dir = dir.path().join("journal");
        let journal =
            JournalOptions { dir, file_bytes_target: 1 << 20, min_free_bytes: 0, on_damage: OnDamage::Refuse };
        let opened = Writer::open(Arc::new(LocalDisk), Arc::new(SystemClock::default()), journal, Arc::clone(&store));
        Fixture { writer: opened.unwrap().0, store }
    };
    let mut fixture = open();
    let event = |ip: &str| format!(r#"{{"type":"t","source":"s","data":{{"ip":{ip}}}}}"#);
    fixture.send(&event(r#""192.0.2.7""#), Framing::Json);
    let lines = [r#""192.0.2\u002e8""#, r#""10.0.0.1""#, r#""no address""#, "7", "null", r#"{"ip":"192.0.2.7"}"#];
    fixture.send(&lines.map(event).join("\n"), Framing::Lines);
    let check = |fixture: &Fixture| {
        let snapshot = fixture.store.snapshot();
        for (name, expected) in [("country", "DE"), ("region", "Free State of Bavaria"), ("city", "Munich")] {
            let expected = [expected, expected, "NULL", "NULL", "NULL", "NULL", "NULL"];
            assert_eq!(texts(&snapshot, name), expected, "{name}");
        }
    };
    check(&fixture);
    drop(fixture);
    check(&open());
}
