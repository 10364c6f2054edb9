//! The common questions: right answers, forms, ranges.

use crate::server::Server;

/// Three users: all look, two fill a cart, one pays; one comes back a day later.
fn shop() -> Server {
    let server = Server::start();
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
