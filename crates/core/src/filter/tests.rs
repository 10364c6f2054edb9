//! What each filter becomes as SQL, and which are left as they are.

use proptest::prelude::*;

use super::{column_sql, text_sql, to_sql};

#[track_caller]
fn check(filter: &str, expected: &str) {
    assert_eq!(to_sql(filter).as_deref(), Ok(expected), "for {filter}");
}

#[track_caller]
fn check_fault(filter: &str, message: &str, hint: &str) {
    let fault = to_sql(filter).unwrap_err();
    assert_eq!((fault.to_string().as_str(), fault.hint.as_str()), (message, hint), "for {filter}");
}

#[test]
fn words_become_conditions_that_all_hold() {
    check("type=error", r#""type" = 'error'"#);
    check("type=error source=web-app", r#""type" = 'error' AND "source" = 'web-app'"#);
    check("type=error AND source=web-app", r#""type" = 'error' AND "source" = 'web-app'"#);
    check("  type==error  ", r#""type" = 'error'"#);
    check("event_type=error ts>=2026-11-01", r#""type" = 'error' AND "timestamp" >= '2026-11-01'"#);
    check("user_id=12345", r#""user_id" = '12345'"#);
    check("_offset>=100", r#""_offset" >= 100"#);
    check("", "true");
    check(" \t ", "true");
}

#[test]
fn an_unknown_key_is_a_path_inside_data() {
    check("latency>100", r#"data."latency" > 100"#);
    check("data.page=/checkout", r#"data."page" = '/checkout'"#);
    check("cart.total<=99.5", r#"data."cart"."total" <= 99.5"#);
    check("Button-Id=7", r#"data."Button-Id" = 7"#);
    check("metadata.zone=eu", r#"metadata."zone" = 'eu'"#);
    check("ok=true", r#"data."ok" = true"#);
    check("ok='true'", r#"data."ok" = 'true'"#);
    check("code=007", r#"data."code" = '007'"#);
    check("n=99999999999999999999", r#"data."n" = '99999999999999999999'"#);
    check("größe>3", r#"data."größe" > 3"#);
}

#[test]
fn not_equal_holds_for_events_that_lack_the_value() {
    check("user_id!=u1", r#"coalesce("user_id" <> 'u1', true)"#);
    check("page!~admin", r#"coalesce(data."page" NOT ILIKE '%admin%', true)"#);
    check("user_id=null", r#""user_id" IS NULL"#);
    check("user_id!=null", r#""user_id" IS NOT NULL"#);
    check("user_id='null'", r#""user_id" = 'null'"#);
}

#[test]
fn contains_takes_wildcards_as_they_are() {
    check("data.page~checkout", r#"data."page" ILIKE '%checkout%'"#);
    check("_offset~12", r#"CAST("_offset" AS VARCHAR) ILIKE '%12%'"#);
    check("source~web", r#""source" ILIKE '%web%'"#);
    check(r"page~50%_\", r#"data."page" ILIKE '%50\%\_\\%'"#);
}

#[test]
fn severities_have_an_order() {
    check("severity=high", r#""severity" = 'high'"#);
    check("severity>=high", r#""severity" IN ('high', 'critical')"#);
    check("severity!=low", r#""severity" IN ('medium', 'high', 'critical')"#);
    check("severity<low", "false");
    check("level=warning", r#""severity" = 'medium'"#);
    check("level>=warning", r#""severity" IN ('medium', 'high', 'critical')"#);
    check_fault("severity=hihg", "\"severity=hihg\" names no severity", "did you mean \"high\"?");
    check_fault(
        "severity=error",
        "\"severity=error\" names no severity",
        "severities are low, medium, high and critical",
    );
}

#[test]
fn tags_are_looked_for_one_by_one() {
    check("tags=beta", "array_has(tags, 'beta')");
    check("tag!=beta", "NOT array_has(tags, 'beta')");
    check("tags~bet", "array_to_string(tags, ' ') ILIKE '%bet%'");
    check_fault("tags>beta", "\"tags>beta\" compares a list of tags by size", "use =, != or ~");
}

#[test]
fn quotes_hold_spaces_and_quotes() {
    check("page='/a b'", r#"data."page" = '/a b'"#);
    check(r#"page="it's""#, r#"data."page" = 'it''s'"#);
    check("page='it''s'", r#"data."page" = 'it''s'"#);
    check("type='error' source='web'", r#""type" = 'error' AND "source" = 'web'"#);
    check("page=''", r#"data."page" = ''"#);
    check("page=", r#"data."page" = ''"#);
}

#[test]
fn sql_stays_as_it_is() {
    for sql in [
        "type = 'error'",
        "type='error' OR type='metric'",
        "type = 'error' AND data.latency > 100",
        "data->>'page' = '/checkout'",
        "data->>'page'='/checkout'",
        "lower(type)='error'",
        "timestamp>now()",
        "type='a'||'b'",
        "NOT type='error'",
        "type IN ('a','b')",
        "true",
        "error",
        "type='open",
        "1=1; DROP TABLE events",
        "AND type=error",
        "type=error AND",
        "a=b and and c=d",
        "type:error",
    ] {
        check(sql, sql);
    }
}

#[test]
fn what_cannot_mean_anything_is_named() {
    check_fault(
        "_offset=abc",
        "\"_offset=abc\" compares a whole number with text",
        "write a number, such as _offset>1000",
    );
    check_fault("page~", "\"page~\" has nothing after the operator", "write a value, such as page~checkout");
    check_fault("page>null", "\"page>null\" compares with null by size", "use = or !=, or quote the word: 'null'");
    assert!(to_sql(&"a=b ".repeat(10_000)).unwrap_err().to_string().contains("too long"));
}

#[test]
fn a_column_is_named_like_a_key() {
    assert_eq!(column_sql("source").as_deref(), Ok("\"source\""));
    assert_eq!(column_sql("event_type").as_deref(), Ok("\"type\""));
    assert_eq!(column_sql("page").as_deref(), Ok("data.\"page\""));
    assert!(column_sql("1; DROP").is_err());
    assert_eq!(text_sql("it's"), "'it''s'");
}

/// Returns the SQL outside of quotes, or `None` when a quote stays open.
fn outside_quotes(sql: &str) -> Option<String> {
    let mut outside = String::new();
    let mut quote = None;
    for c in sql.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => outside.push(c),
        }
    }
    quote.is_none().then_some(outside)
}

proptest! {
    #[test]
    fn no_value_ends_its_quotes(value in "\\PC{0,40}", op in prop::sample::select(vec!["=", "!=", ">", "~", "!~"])) {
        let quoted = format!("source{op}'{}'", value.replace('\'', "''"));
        if let Ok(sql) = to_sql(&quoted) {
            let outside = outside_quotes(&sql).expect("quotes are closed");
            prop_assert!(outside.chars().all(|c| c.is_ascii_uppercase() || " =>(),<coalescetrue".contains(c)), "{}", sql);
        }
    }

    #[test]
    fn no_bare_word_becomes_more_than_one_condition(key in "[a-z_.]{1,8}", value in "[^\\s]{0,20}") {
        let word = format!("{key}={value}");
        if let Ok(sql) = to_sql(&word) && sql != word {
            let outside = outside_quotes(&sql).expect("quotes are closed");
            prop_assert!(!outside.contains(';') && !outside.contains("--") && !outside.contains(" OR "), "{}", sql);
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
        prop_assert!(to_sql(&text).is_ok_and(|sql| !sql.is_empty()) || to_sql(&text).is_err());
    }
}
