//! Typed leaves, JSON text and sealed columns say the same, the spelling of whole doubles (`2.0`, `2`) aside.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::build::{sealed, snapshot_of, without_leaves};
use super::*;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![-5..5_i64, any::<i64>()].prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop_oneof![Just(2.0), Just(-0.0), Just(1e300), -10.0..10.0_f64].prop_map(Value::from),
        prop_oneof!["[a-z0-9\"\\\\é\n]{0,20}", Just("7".to_owned()), Just("true".to_owned())].prop_map(Value::from),
        Just(json!([1, "a"])),
        Just(json!({"in": 1})),
    ]
}

/// Rows of `a`, mostly of one kind, as events are.
fn column() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        proptest::collection::vec(value(), 1..6),
        proptest::collection::vec(prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from)], 1..6),
        proptest::collection::vec(
            prop_oneof![(-9..9_i64).prop_map(Value::from), (-9.0..9.0_f64).prop_map(Value::from)],
            1..6
        ),
        proptest::collection::vec(prop_oneof![Just(Value::Null), "[a-z\"]{0,20}".prop_map(Value::from)], 1..6),
    ]
}

/// Takes the fraction from whole numbers.
fn whole(text: &str) -> String {
    text.replace(".0;", ";").trim_end_matches(".0").to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn leaves_and_text_agree(first in column(), second in column()) {
        let events = |column: &[Value]| -> Vec<Value> { column.iter().map(|value| json!({"data": {"a": value}})).collect() };
        let with_leaves = snapshot_of(&[&events(&first), &events(&second)]);
        let mut from_text = with_leaves.clone();
        let sealed = sealed(&with_leaves, 2);
        from_text.chunks = with_leaves.chunks.iter().map(|chunk| Arc::new(without_leaves(chunk))).collect();
        static ENGINE: LazyLock<QueryEngine> = LazyLock::new(engine);
        for expression in [
            "data.a", "data->>'a'", "data->'a'", "json_get_int(data, 'a')", "json_get_float(data, 'a')",
            "json_get_bool(data, 'a')", "data.a.in", "data.a = 2",
        ] {
            let query = || Query { sql: format!("SELECT {expression} AS x FROM events ORDER BY _offset"), ..Query::default() };
            let (a, b) = (ask(&ENGINE, &with_leaves, query()), ask(&ENGINE, &from_text, query()));
            match (&a, ask(&ENGINE, &sealed, query())) {
                (Ok(a), Ok(b)) => prop_assert_eq!(whole(&shown(a)), whole(&shown(&b)), "sealed: {}", expression),
                (Err(a), Err(b)) => prop_assert_eq!(a, &b),
                (a, b) => prop_assert!(false, "{expression}: {a:?} {b:?}"),
            }
            match (a, b) {
                (Ok(a), Ok(b)) => prop_assert_eq!(shown(&a), shown(&b), "{}", expression),
                (Err(a), Err(b)) => prop_assert_eq!(a, b),
                (a, b) => prop_assert!(false, "{expression}: {a:?} {b:?}"),
            }
        }
    }
}
