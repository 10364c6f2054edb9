use proptest::prelude::*;

use super::*;

fn skip(text: &str) -> Result<(), JsonErrorKind> {
    let mut reader = Reader::new(text.as_bytes(), 0, 64, 1_000);
    reader.skip_value().and_then(|()| reader.end()).map_err(|error| error.kind)
}

#[test]
fn the_grammar_is_that_of_rfc_8259() {
    for good in [
        "{}",
        "[]",
        "0",
        "-0",
        "1.5e-7",
        "\"\"",
        "null",
        " [ 1 , {\"a\":true} ] ",
        r#""\u00e9\ud83d\ude00\/""#,
        "1E+2",
        "18446744073709551616",
        "\"aaaaaaaaaaaaaaaaaaaaaaaaé\"",
    ] {
        assert_eq!(skip(good), Ok(()), "{good}");
    }
    use JsonErrorKind as K;
    for (bad, kind) in [
        ("", K::UnexpectedEnd),
        ("{", K::UnexpectedEnd),
        ("{\"a\"", K::UnexpectedEnd),
        ("01", K::BadNumber),
        ("1.", K::UnexpectedEnd),
        ("1.x", K::BadNumber),
        ("-", K::UnexpectedEnd),
        ("+1", K::UnexpectedByte(b'+')),
        ("[1,]", K::UnexpectedByte(b']')),
        ("{\"a\":1,}", K::UnexpectedByte(b'}')),
        ("{a:1}", K::UnexpectedByte(b'a')),
        ("nul", K::UnexpectedEnd),
        ("nulx", K::UnexpectedByte(b'x')),
        ("'a'", K::UnexpectedByte(b'\'')),
        ("\"a\nb\"", K::ControlCharacter),
        (r#""\x""#, K::BadEscape),
        (r#""\ud800""#, K::BadEscape),
        (r#""\udc00""#, K::BadEscape),
        (r#""\u12""#, K::BadEscape),
        ("1 2", K::UnexpectedByte(b'2')),
        ("1e999", K::NumberOutOfRange),
        (r#""a\u0000b""#, K::Nul),
        (r#"{"a":1,"a":2}"#, K::DuplicateKey),
        (r#"{"a":1,"\u0061":2}"#, K::DuplicateKey),
    ] {
        assert_eq!(skip(bad), Err(kind), "{bad}");
    }
}

#[test]
fn an_integer_beyond_a_double_is_out_of_range() {
    assert_eq!(skip(&"9".repeat(300)), Ok(()));
    assert_eq!(skip(&"9".repeat(400)), Err(JsonErrorKind::NumberOutOfRange));
}

#[test]
fn limits_hold_at_the_limit_and_break_one_past_it() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(skip(&nested(64)), Ok(()));
    assert_eq!(skip(&nested(65)), Err(JsonErrorKind::TooDeep));
    let keys =
        |count: usize| format!("{{{}}}", (0..count).map(|i| format!("\"k{i}\":1")).collect::<Vec<_>>().join(","));
    assert_eq!(skip(&keys(1_000)), Ok(()));
    assert_eq!(skip(&keys(1_001)), Err(JsonErrorKind::TooManyKeys));
}

#[test]
fn a_duplicate_is_found_among_many_keys() {
    let mut text = (0..40).map(|i| format!("\"k{i}\":1")).collect::<Vec<_>>().join(",");
    text.push_str(",\"k3\":2");
    assert_eq!(skip(&format!("{{{text}}}")), Err(JsonErrorKind::DuplicateKey));
}

#[test]
fn the_end_of_an_unstorable_value_is_found() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for value in [r#"{"a":1,"a":2}"#, r#"{"a\u0000":["\u0000",1e999,{}]}"#, "{}", "[[],{}]", &deep] {
        let text = format!(" {value} , 1");
        let mut reader = Reader::new(text.as_bytes(), 0, 1, 1);
        assert_eq!(reader.skip_loosely(), Ok(()));
        assert_eq!(reader.position(), value.len() + 1);
    }
    for broken in ["[1,]", "{\"a\"}", "[", "{\"a\":1]", "[1 2]"] {
        assert!(Reader::new(broken.as_bytes(), 0, 1, 1).skip_loosely().is_err(), "{broken}");
    }
}

#[test]
fn places_are_told_in_lines_and_characters() {
    let text = "{\n  \"é\": x\n}".as_bytes();
    let mut reader = Reader::new(text, 0, 64, 64);
    let error = reader.skip_value().unwrap_err();
    assert_eq!(line_and_column(text, error.position), (2, 8));
}

fn without_surprises(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => !text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().all(without_surprises),
        serde_json::Value::Object(map) => map.iter().all(|(k, v)| !k.contains('\0') && without_surprises(v)),
        _ => true,
    }
}

proptest! {
    #[test]
    fn the_same_texts_are_json_here_and_for_serde_json(text in r#"[\[\]{}:,"\\a01.e+\-ntu ]{0,14}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match skip(&text) {
            Ok(()) => prop_assert!(theirs.is_ok()),
            Err(kind) if kind.is_json() => {}
            Err(kind) => prop_assert!(theirs.is_err(), "{kind:?}"),
        }
    }

    #[test]
    fn every_string_survives_escaping(text in any::<String>()) {
        prop_assume!(!text.contains('\0'));
        let json = serde_json::to_string(&text).unwrap();
        let mut reader = Reader::new(json.as_bytes(), 0, 64, 64);
        let Ok(Scalar::Text(span)) = reader.scalar() else { panic!("not read: {json}") };
        let unescaped = span.unescaped(json.as_bytes());
        prop_assert_eq!(unescaped.as_ref(), text.as_bytes());
    }

    #[test]
    fn numbers_are_read_as_serde_json_reads_them(value in any::<f64>(), int in any::<i64>()) {
        prop_assume!(value.is_finite());
        let text = serde_json::to_string(&value).unwrap();
        let read = Reader::new(text.as_bytes(), 0, 1, 1).scalar().unwrap();
        prop_assert_eq!(read, Scalar::Number(Number::Float(value)));
        let text = int.to_string();
        let read = Reader::new(text.as_bytes(), 0, 1, 1).scalar().unwrap();
        prop_assert_eq!(read, Scalar::Number(Number::Int(int)));
    }

    #[test]
    fn bytes_in_any_order_never_panic(text in any::<String>()) {
        let accepted = skip(&text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        if accepted {
            prop_assert!(theirs.is_ok_and(|value| without_surprises(&value)));
        }
    }
}
