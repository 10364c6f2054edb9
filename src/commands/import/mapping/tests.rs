use super::*;

/// Maps one row, its columns given as an object of JSON, and returns the event.
fn event(maps: &[&str], dots: Dots, row: &[(&str, &str)]) -> Result<String, String> {
    let arguments: Vec<String> = maps.iter().map(|map| (*map).to_owned()).collect();
    let mut mapping = Mapping::parse(&arguments)?.with_defaults(Some("row".to_owned()), "import".to_owned());
    let cells: Vec<Cell<'_>> = row.iter().map(|(name, json)| Cell { name, json: json.as_bytes() }).collect();
    let mut out = Vec::new();
    mapping.event(&cells, dots, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn check(maps: &[&str], row: &[(&str, &str)], expected: Result<&str, &str>) {
    let found = event(maps, Dots::Nest, row);
    assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{maps:?} {row:?}");
}

#[test]
fn columns_that_are_no_field_become_data() {
    check(
        &[],
        &[("type", "\"a\""), ("page", "\"/x\""), ("n", "1.10"), ("user_id", "7")],
        Ok(r#"{"type":"a","user_id":"7","source":"import","data":{"page":"/x","n":1.10}}"#),
    );
    check(
        &[],
        &[("geo.city", "\"Oslo\""), ("x", "1"), ("geo.zip", "\"0150\""), ("metadata.a.b", "2")],
        Ok(
            r#"{"type":"row","source":"import","data":{"geo":{"city":"Oslo","zip":"0150"},"x":1},"metadata":{"a":{"b":2}}}"#,
        ),
    );
    let kept = event(&[], Dots::Keep, &[("geo.city", "1"), ("data.page", "2")]).unwrap();
    assert_eq!(kept, r#"{"type":"row","source":"import","data":{"geo.city":1,"page":2}}"#);
}

#[test]
fn a_column_goes_where_it_is_mapped() {
    check(
        &["time=timestamp", "kind=type", "secret=", "p=data.page.path"],
        &[("time", "1764000000"), ("kind", "\"k\""), ("secret", "1"), ("p", "\"/\"")],
        Ok(r#"{"timestamp":1764000000,"type":"k","source":"import","data":{"page":{"path":"/"}}}"#),
    );
    check(&["time"], &[], Err(r#""time" is not COLUMN=FIELD"#));
    check(&["a=type", "a=source"], &[], Err(r#"column "a" is mapped twice"#));
    check(&["a=data..b"], &[], Err(r#""data..b" has an empty step"#));
    check(&["t=timestamp"], &[("t", "1"), ("timestamp", "2")], Err(r#"two columns are "timestamp""#));
}

#[test]
fn data_that_is_there_is_kept_and_added_to() {
    check(&[], &[("data", r#"{"a":{}}"#), ("b", "1")], Ok(r#"{"type":"row","source":"import","data":{"a":{},"b":1}}"#));
    check(&[], &[("data", r#""{\"a\":\"x\\ny\"}""#)], Ok(r#"{"type":"row","source":"import","data":{"a":"x\ny"}}"#));
    check(&[], &[("data", "null"), ("metadata", "{}")], Ok(r#"{"type":"row","source":"import"}"#));
    check(&[], &[("data", "[1]")], Err(r#""data" is no JSON object"#));
    check(&[], &[("data", r#""{oops}""#)], Err(r#""data" is no JSON object"#));
}

#[test]
fn tags_are_a_list_or_a_text_that_is_cut() {
    let check = |tags: &str, expected: &str| {
        let found = event(&[], Dots::Nest, &[("tags", tags)]).unwrap();
        assert_eq!(found, format!(r#"{{"tags":{expected},"type":"row","source":"import"}}"#));
    };
    check(r#"["a"]"#, r#"["a"]"#);
    check(r#""a; b,c""#, r#"["a","b","c"]"#);
    check(r#""[\"a\"]""#, r#"["a"]"#);
    check(r#""[a""#, r#"["[a"]"#);
}

#[test]
fn what_another_server_added_is_left_out() {
    let row = [("os", "\"Linux\""), ("_partition", "0"), ("_offset", "5"), ("tenant", "\"default\"")];
    check(&[], &row, Ok(r#"{"type":"row","source":"import"}"#));
    check(&[], &row[..1], Ok(r#"{"type":"row","source":"import","data":{"os":"Linux"}}"#));
}

#[test]
fn a_text_of_a_table_is_a_number_where_it_is_one() {
    let check = |text: &str, expected: &str| assert_eq!(String::from_utf8(inferred(text)).unwrap(), expected);
    check("5", "5");
    check("-1.50", "-1.50");
    check("1e3", "1e3");
    check("true", "true");
    check("null", "\"null\"");
    check("01234", "\"01234\"");
    check("5 ", "\"5 \"");
    check(" 5", "\" 5\"");
    check("", "\"\"");
    check("{\"a\":1}", "\"{\\\"a\\\":1}\"");
    check("123456789012345678901234567890", "\"123456789012345678901234567890\"");
    check("1e999", "\"1e999\"");
}
