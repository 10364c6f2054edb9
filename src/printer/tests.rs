//! The forms of a listing, compared as text.

use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::*;

/// A stream that keeps what is written to it.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

fn kept_printer(options: OutputArgs, width: Option<usize>) -> (Printer, Kept, Kept) {
    let (out, err) = (Kept::default(), Kept::default());
    let sink = |kept: &Kept, width| Sink { to: Mutex::new(Box::new(kept.clone())), colour: false, width };
    (Printer { out: sink(&out, width), err: sink(&err, None), options }, out, err)
}

fn sample() -> Listing {
    Listing {
        name: "streamflow.sample/1".into(),
        columns: vec![Column::new("name", Kind::Text), Column::new("n", Kind::Number), Column::new("data", Kind::Json)],
        rows: vec![vec![json!("a,b"), json!(1), json!({"k": 1})], vec![json!("tab\there"), json!(20.5), Value::Null]],
        truncated: false,
    }
}

fn printed(options: OutputArgs) -> String {
    let (printer, out, _) = kept_printer(options, None);
    printer.listing(&sample()).unwrap();
    out.text()
}

#[test]
fn every_form_of_a_listing_is_as_documented() {
    let check = |output: Format, expected: &str| {
        assert_eq!(printed(OutputArgs { output, ..Default::default() }), expected, "{output:?}");
    };
    check(Format::Table, "name          n  data\na,b           1  {\"k\":1}\ntab\\there  20.5  null\n");
    check(Format::Csv, "name,n,data\n\"a,b\",1,\"{\"\"k\"\":1}\"\ntab\there,20.5,\n");
    check(Format::Tsv, "name\tn\tdata\na,b\t1\t{\"k\":1}\ntab\\there\t20.5\t\n");
    check(
        Format::Ndjson,
        "{\"name\":\"a,b\",\"n\":1,\"data\":{\"k\":1}}\n{\"name\":\"tab\\there\",\"n\":20.5,\"data\":null}\n",
    );
    check(
        Format::Markdown,
        "| name | n | data |\n| --- | --- | --- |\n| a,b | 1 | {\"k\":1} |\n| tab\\there | 20.5 |  |\n",
    );
    check(
        Format::Vertical,
        "--- 1 ---\nname  a,b\nn     1\ndata  {\"k\":1}\n--- 2 ---\nname  tab\\there\nn     20.5\ndata  null\n",
    );
    check(Format::None, "");
}

#[test]
fn json_names_its_schema_and_truncation() {
    let (printer, out, err) =
        kept_printer(OutputArgs { output: Format::Json, limit: Some(1), ..Default::default() }, None);
    printer.listing(&sample()).unwrap();
    let document: Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!(document["schema"], "streamflow.sample/1");
    assert_eq!(document["truncated"], true);
    assert_eq!(document["rows"], json!([{"name": "a,b", "n": 1, "data": {"k": 1}}]));
    assert_eq!(err.text(), "showing 1 of 2 rows (--limit)\n");
}

#[test]
fn fields_select_order_and_suggest() {
    let with = |fields: &str| OutputArgs { output: Format::Csv, fields: Some(fields.into()), ..Default::default() };
    assert_eq!(printed(with("n,name")), "n,name\n1,\"a,b\"\n20.5,tab\there\n");
    assert_eq!(printed(with("")), "name\nn\ndata\n");
    let (printer, _, _) = kept_printer(with("nmae"), None);
    let error = printer.listing(&sample()).unwrap_err();
    assert_eq!(error.exit, ExitStatus::Usage);
    assert_eq!(error.hint.unwrap(), "did you mean \"name\"? All fields: name, n, data");
}

#[test]
fn templates_print_a_line_a_row_and_refuse_unknown_fields() {
    let with = |template: &str| OutputArgs { template: Some(template.into()), ..Default::default() };
    assert_eq!(printed(with("{{ name }}={{ n }}")), "a,b=1\ntab\there=20.5\n");
    let (printer, _, _) = kept_printer(with("{{ nmae }}"), None);
    let error = printer.listing(&sample()).unwrap_err();
    assert_eq!(error.place.unwrap().column, 4);
}

#[test]
fn tables_are_cut_only_on_a_terminal() {
    let mut listing = sample();
    listing.rows[0][0] = Value::from("x".repeat(200));
    let lines = |width| {
        let (printer, out, _) = kept_printer(OutputArgs::default(), width);
        printer.listing(&listing).unwrap();
        out.text().lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap()
    };
    assert!(lines(None) > 200);
    assert!(lines(Some(60)) <= 60);
}

#[test]
fn colour_codes_in_data_never_reach_the_terminal() {
    let mut listing = sample();
    listing.rows[0][0] = Value::from("\u{1b}[2Jgone");
    let (mut printer, out, _) = kept_printer(OutputArgs::default(), Some(100));
    printer.out.colour = true;
    printer.listing(&listing).unwrap();
    assert!(out.text().contains("\\u{1b}[2Jgone"), "{}", out.text());
}

#[test]
fn streamed_rows_come_one_by_one_with_one_header() {
    let object = |n: i64| Map::from_iter([("n".to_owned(), json!(n)), ("name".to_owned(), json!("a"))]);
    let run_rows = |options: OutputArgs, rows: i64| {
        let (printer, out, _) = kept_printer(options, None);
        let columns = vec![Column::new("name", Kind::Text), Column::new("n", Kind::Number)];
        let mut stream = printer.stream("streamflow.sample/1", columns).unwrap();
        for n in 0..rows {
            stream.line(&object(n), format_args!("row {n}")).unwrap();
        }
        stream.finish().unwrap();
        out.text()
    };
    let run = |options: OutputArgs| run_rows(options, 3);
    let form = |output| OutputArgs { output, ..Default::default() };
    assert_eq!(run(form(Format::Table)), "row 0\nrow 1\nrow 2\n");
    assert_eq!(run(form(Format::Csv)), "name,n\na,0\na,1\na,2\n");
    assert_eq!(run(OutputArgs { limit: Some(1), ..form(Format::Ndjson) }), "{\"n\":0,\"name\":\"a\"}\n");
    assert_eq!(run(OutputArgs { fields: Some(String::new()), ..form(Format::Csv) }), "name\nn\n");
    let document = "{\"schema\":\"streamflow.sample/1\",\"rows\":[\n{\"n\":0,\"name\":\"a\"}\n,{\"n\":1,\"name\":\"a\"}\n],\"truncated\":false}\n";
    assert_eq!(run_rows(form(Format::Json), 2), document);
    assert_eq!(
        run_rows(form(Format::Json), 0),
        "{\"schema\":\"streamflow.sample/1\",\"rows\":[\n],\"truncated\":false}\n"
    );
}

#[test]
fn streamed_rows_that_had_no_room_are_said() {
    let options = OutputArgs { output: Format::Json, limit: Some(1), ..Default::default() };
    for (rows, truncated, said) in [(1, false, ""), (2, true, "showing the first row; there are more\n")] {
        let (printer, out, err) = kept_printer(options.clone(), None);
        let mut stream = printer.stream("streamflow.sample/1", vec![Column::new("n", Kind::Number)]).unwrap();
        for n in 0..rows {
            stream.line(&Map::from_iter([("n".to_owned(), json!(n))]), "").unwrap();
        }
        stream.finish().unwrap();
        let document: Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!((document["rows"].clone(), document["truncated"].as_bool()), (json!([{"n": 0}]), Some(truncated)));
        assert_eq!(err.text(), said);
    }
}

#[test]
fn document_that_was_cut_off_is_closed() {
    let options = OutputArgs { output: Format::Json, ..Default::default() };
    let (printer, out, _) = kept_printer(options, None);
    let mut stream = printer.stream("streamflow.sample/1", vec![Column::new("n", Kind::Number)]).unwrap();
    stream.line(&Map::from_iter([("n".to_owned(), json!(1))]), "").unwrap();
    drop(stream);
    let document: Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!(document["rows"], json!([{"n": 1}]));
    let before = out.text().len();
    drop(printer.stream("streamflow.sample/1", Vec::new()).unwrap());
    assert_eq!(out.text().len(), before, "what failed before its first row prints nothing");
}
