use serde_json::{Value, json};
use streamflow_engine::ingest::Duplicate;

use super::*;
use crate::api::ingestion::EventAccepted;

fn stored(client_id: Option<&str>) -> Appended {
    Appended { first_offset: Some(7), accepted: 1, client_id: client_id.map(str::to_owned), ..Appended::default() }
}

fn rejected(code: &'static str) -> Appended {
    Appended { rejections: vec![Rejection { index: 0, code, message: "why".to_owned() }], ..Appended::default() }
}

fn body(shape: Shape, appended: &Appended, ack: Ack) -> (u16, Value) {
    match answer(shape, appended, ack) {
        Ok(response) => (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap()),
        Err(error) => (error.http_status().as_u16(), serde_json::to_value(error.body("r")).unwrap()),
    }
}

#[test]
fn shape_follows_the_first_byte_and_the_layout() {
    let check =
        |framing, bytes: &str, expected| assert_eq!(Shape::of(framing, bytes.as_bytes()), expected, "{bytes:?}");
    check(Framing::Json, "{}", Shape::Single);
    check(Framing::Json, "\n\t [", Shape::List);
    check(Framing::Json, "", Shape::Single);
    check(Framing::Lines, "{}", Shape::List);
    check(Framing::Batch, "{}", Shape::List);
}

#[test]
fn single_event_is_answered_by_its_identity() {
    let check = |appended: &Appended, ack, expected: Value| {
        let (status, body) = body(Shape::Single, appended, ack);
        assert_eq!((status, &body), (201, &expected));
        serde_json::from_value::<EventAccepted>(body).unwrap();
    };
    check(&stored(None), Ack::Disk, json!({"id": "0:7", "partition": 0, "offset": 7}));
    check(&stored(Some("a\"b\n")), Ack::Disk, json!({"id": "a\"b\n", "partition": 0, "offset": 7}));
    check(&stored(None), Ack::Memory, json!({"id": "0:7", "partition": 0, "offset": 7, "ack": "memory"}));
    let first = Identity { partition: 0, offset: 3 };
    let known = Appended {
        duplicates: vec![Duplicate { index: 0, first }],
        client_id: Some("x".to_owned()),
        ..Appended::default()
    };
    check(&known, Ack::Disk, json!({"id": "x", "partition": 0, "offset": 3, "duplicate": true}));
}

#[test]
fn rejected_event_is_an_error_of_its_own_code() {
    let check = |code, expected: u16| {
        let (status, body) = body(Shape::Single, &rejected(code), Ack::Disk);
        assert_eq!((status, body["error"]["code"].as_str()), (expected, Some(code)));
    };
    check("missing_field", 422);
    check("event_too_large", 413);
}

#[test]
fn list_is_an_error_only_when_nothing_was_taken() {
    let (status, none) = body(Shape::List, &rejected("missing_field"), Ack::Disk);
    assert_eq!((status, none["error"]["code"].as_str()), (422, Some("no_events_accepted")));
    assert_eq!(none["error"]["details"]["errors"][0]["code"], "missing_field");

    let mixed = Appended { accepted: 2, first_offset: Some(1), ..rejected("invalid_json") };
    let expected = json!({"accepted": 2, "duplicates": 0, "rejected": 1,
        "errors": [{"index": 0, "code": "invalid_json", "message": "why"}]});
    assert_eq!(body(Shape::List, &mixed, Ack::Disk), (200, expected));

    let empty = json!({"accepted": 0, "duplicates": 0, "rejected": 0, "errors": []});
    assert_eq!(body(Shape::List, &Appended::default(), Ack::Disk), (200, empty));
}
