//! The common questions: right answers, forms, ranges.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::program::Place;
use crate::server::Server;

/// Three users: all look, two fill a cart, one pays; one comes back a day later.
fn shop() -> Server {
    filled(Server::start())
}

fn filled(server: Server) -> Server {
    let event = |minutes_ago: i64, user: &str, kind: &str, page: &str| {
        let time = format!("-{minutes_ago}m");
        (time, user.to_owned(), kind.to_owned(), page.to_owned())
    };
    let day = 24 * 60;
    let events = [
        event(day + 100, "ann", "view", "/"),
        event(day + 90, "ann", "cart", "/cart"),
        event(day + 80, "ann", "paid", "/pay"),
        event(day + 70, "bob", "view", "/"),
        event(day + 60, "bob", "cart", "/cart"),
        event(day + 50, "cem", "view", "/"),
        event(10, "ann", "view", "/"),
    ];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let lines: String = events
        .iter()
        .map(|(ago, user, kind, page)| {
            let minutes: u64 = ago.trim_matches(['-', 'm']).parse().unwrap();
            let time = now - minutes * 60;
            let agent = if user == "bob" { "Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)" } else { "" };
            format!("{{\"type\":\"{kind}\",\"source\":\"shop\",\"user_id\":\"{user}\",\"timestamp\":{time},\"data\":{{\"page\":\"{page}\",\"user_agent\":\"{agent}\"}}}}\n")
        })
        .collect();
    server.place.feed(lines.as_bytes(), &["send", "-"]).exits(0);
    server
}

#[test]
fn questions_are_answered_right() {
    let server = shop();
    let check = |args: &[&str], jq: &str, expected: &str| {
        let ended = server.run(&[args, &["--jq", jq]].concat()).exits(0).says("from 20");
        assert_eq!(ended.out.trim_end(), expected, "{args:?}");
    };
    let first = "[.rows[] | [.name, .events]] | tojson";
    check(&["top"], first, r#"[["view",4],["cart",2],["paid",1]]"#);
    check(&["top", "--last", "1h"], first, r#"[["view",1]]"#);
    check(&["top", "sources"], first, r#"[["shop",7]]"#);
    check(&["top", "pages", "--limit", "1"], first, r#"[["/",4]]"#);
    check(&["top", "users", "--filter", "type=cart"], "[.rows[].name] | sort | tojson", r#"["ann","bob"]"#);
    check(&["top", "devices"], "[.rows[] | select(.name == \"mobile\") | .users] | tojson", "[1]");
    check(&["trends", "--last", "2d"], "[.rows[].total] | add", "7");
    check(&["funnel", "view", "cart", "paid"], "[.rows[].users] | tojson", "[3,2,1]");
    check(&["funnel", "view,cart", "--within", "1m"], "[.rows[].users] | tojson", "[3,0]");
    check(&["retention"], "[.rows[].users] | add", "3");
    check(&["sessions", "--last", "3d"], ".rows[0].sessions", "4");
    let two = "[.rows[].path] | sort | tojson";
    check(&["paths", "--depth", "2", "--limit", "2"], two, r#"["view","view > cart"]"#);
    check(&["paths", "--of", "page", "--depth", "2", "--limit", "2"], two, r#"["/","/ > /cart"]"#);
}

#[test]
fn every_listing_parses_and_names_its_schema() {
    let server = shop();
    for args in [
        &["top"] as &[&str],
        &["top", "users"],
        &["top", "devices"],
        &["trends"],
        &["funnel", "view", "paid"],
        &["retention"],
        &["sessions"],
        &["paths"],
        &["events", "rejected"],
        &["events", "resend", "--all"],
    ] {
        let document = server.run(&[args, &["-o", "json"]].concat()).exits(0).json();
        let schema = document["schema"].as_str().unwrap();
        let short = schema.trim_start_matches("streamflow.").trim_end_matches("/1");
        let described = server.run(&["help", "schema", short]).exits(0).json();
        let fields = described["properties"]["rows"]["items"]["properties"].as_object().unwrap();
        for row in document["rows"].as_array().unwrap() {
            assert!(row.as_object().unwrap().keys().eq(fields.keys()), "{args:?}: {row}");
        }
    }
    for form in ["table", "ndjson", "csv", "yaml", "markdown", "vertical"] {
        assert!(server.run(&["top", "-o", form]).exits(0).out.contains("view"), "{form}");
    }
}

#[test]
fn wrong_scope_is_refused_with_a_hint() {
    let server = Server::start();
    let check = |args: &[&str], words: &str| drop(server.run(args).exits(2).says(words));
    check(&["top", "--since", "whenever"], "hint:");
    check(&["top", "--since", "1h", "--until", "2h"], "error:");
    check(&["top", "--last", "5parsecs"], "parsecs");
    check(&["top", "--tz", "Mars/Olympus"], "Europe/Oslo");
    check(&["top", "pags"], "did you mean \"pages\"?");
    check(&["trends", "--interval", "5parsecs"], "parsecs");
    check(&["funnel", "view"], "at least two steps");
    check(&["top", "--filter", "type = "], "error:");
}

#[test]
fn whatever_a_listing_leaves_out_is_said() {
    let place = Place::new();
    place.write("config.yaml", "");
    let server = filled(Server::start_in(place, &[]));
    server.place.write("a.json", "{\"type\": \"object\"}");
    for event_type in ["view", "cart"] {
        server.run(&["schema", "put", event_type, "a.json"]).exits(0);
    }
    // Of a user who came days before the others, whatever the time of day is.
    let earlier = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 3 * 86_400;
    let first = format!("{{\"type\":\"view\",\"source\":\"web\",\"user_id\":\"earlier\",\"timestamp\":{earlier}}}\n");
    server.place.feed(first.as_bytes(), &["send", "-"]).exits(0);
    // Nothing is known of their source.
    server.place.feed(b"{\"type\":\"a\"}\n{\"type\":\"b\"}\n", &["send", "-"]).exits(1);
    server.run(&["storage", "seal"]).exits(0);
    server.run(&["send", "view", "-d", "page=/more"]).exits(0);
    server.run(&["storage", "seal"]).exits(0);
    for args in [
        &["top"] as &[&str],
        &["top", "pages"],
        &["top", "users"],
        &["top", "devices"],
        &["trends"],
        &["retention"],
        &["paths"],
        &["schema", "list"],
        &["storage", "segments"],
        &["events", "rejected"],
        &["tail", "--last", "5", "--until", "now"],
        &["tail", "--last", "5", "--timeout", "30s"],
        &["query", "SELECT * FROM events"],
    ] {
        let cut = server.run(&[args, &["--limit", "1", "-o", "json"]].concat()).exits(0);
        let document = cut.json();
        assert_eq!(document["rows"].as_array().unwrap().len(), 1, "{args:?}");
        assert_eq!(document["truncated"], true, "{args:?}: {}", cut.err);
        assert!(cut.err.contains("there are more") || cut.err.contains("showing 1 of"), "{args:?}: {}", cut.err);
    }
    for args in
        [&["top", "pages"] as &[&str], &["paths"], &["schema", "list"], &["tail", "--last", "2", "--until", "now"]]
    {
        let whole = server.run(&[args, &["--limit", "50", "-o", "json"]].concat()).exits(0);
        assert_eq!(whole.json()["truncated"], false, "{args:?}");
        assert!(!whole.err.contains("showing"), "{args:?}: {}", whole.err);
    }
    let exact = server.run(&["top", "pages", "--limit", "4", "-o", "json"]).exits(0).json();
    assert_eq!((exact["rows"].as_array().unwrap().len(), exact["truncated"].as_bool()), (4, Some(false)));
}

#[test]
fn rows_beyond_the_usual_ten_are_announced() {
    let server = Server::start();
    let events: String = (0..12).map(|n| format!("{{\"type\":\"type.{n:02}\",\"source\":\"shop\"}}\n")).collect();
    server.place.feed(events.as_bytes(), &["send", "-"]).exits(0);
    let cut = server.run(&["top"]).exits(0).says("showing the first 10 rows; there are more").says("--limit");
    assert_eq!(cut.out.lines().count(), 11);
    let whole = server.run(&["top", "--limit", "12"]).exits(0);
    assert!(!whole.err.contains("there are more"), "{}", whole.err);
}

#[test]
fn tables_hold_plain_values() {
    let server = shop();
    let check = |args: &[&str], header: &[&str]| {
        let table = server.run(args).exits(0).out;
        assert_eq!(table.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(), header, "{table}");
        assert!(!table.contains(['{', '[']), "{table}");
    };
    check(&["trends", "--last", "2d"], &["timestamp", "total", "view", "cart", "paid"]);
    let table = server.run(&["retention", "--last", "3d"]).exits(0).out;
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert!(header.starts_with(&["cohort", "users", "+0", "+1"]) && !table.contains(['{', '[']), "{table}");
    server.run(&["trends", "--by", "bogus"]).exits(2).says("`DESCRIBE events` lists the columns");
    let json = server.run(&["trends", "--last", "2d", "-o", "json"]).exits(0).json();
    assert!(json["rows"][0]["types"].is_object());
}
