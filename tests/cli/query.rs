//! SQL from the command line: forms, mistakes, expectations, and reading without a server.

use crate::program::Place;
use crate::screen::Screen;
use crate::server::Server;

fn with_events() -> Server {
    let server = Server::start();
    let events: String = (0..50)
        .map(|n| format!("{{\"type\":\"web.click\",\"source\":\"shop\",\"user_id\":\"u{}\",\"data\":{{\"page\":\"/p{}\",\"n\":{n}}}}}\n", n % 5, n % 3))
        .collect();
    server.place.feed(events.as_bytes(), &["send", "-"]).exits(0);
    server
}

#[test]
fn rows_come_in_every_form() {
    let server = with_events();
    let sql = "SELECT data.page AS page, count(*) AS n FROM events GROUP BY 1 ORDER BY 1";
    let check = |form: &str, expected: &str| {
        assert_eq!(server.run(&["query", sql, "-o", form]).exits(0).out, expected, "{form}")
    };
    check("csv", "page,n\n/p0,17\n/p1,17\n/p2,16\n");
    check("tsv", "page\tn\n/p0\t17\n/p1\t17\n/p2\t16\n");
    check("ndjson", "{\"page\":\"/p0\",\"n\":17}\n{\"page\":\"/p1\",\"n\":17}\n{\"page\":\"/p2\",\"n\":16}\n");
    check("markdown", "| page | n |\n| --- | --- |\n| /p0 | 17 |\n| /p1 | 17 |\n| /p2 | 16 |\n");
    check("none", "");
    let json = server.run(&["query", sql, "-o", "json"]).exits(0).json();
    assert_eq!((json["schema"].as_str(), json["rows"][2]["n"].as_u64()), (Some("streamflow.query/1"), Some(16)));
    assert!(server.run(&["query", sql, "-o", "parquet"]).exits(0).out.starts_with("PAR1"));
    server.run(&["query", sql, "--fields", "pgae"]).exits(2).says("did you mean \"page\"?");
    assert_eq!(server.run(&["query", sql, "--fields", "n", "-o", "csv"]).exits(0).out, "n\n17\n17\n16\n");
}

#[test]
fn statement_comes_from_an_argument_a_file_or_a_pipe() {
    let server = with_events();
    server.place.write("q.sql", "-- how many\nSELECT count(*) AS n\nFROM events;\n");
    assert_eq!(server.run(&["query", "-f", "q.sql", "-o", "csv"]).exits(0).out, "n\n50\n");
    assert_eq!(server.place.feed(b"SELECT 7 AS n;", &["query", "-", "-o", "csv"]).exits(0).out, "n\n7\n");
    let filtered = ["query", "SELECT count(*) AS n FROM events WHERE user_id = $user AND data.n < $most", "-o", "csv"];
    let args = [&filtered[..], &["--param", "user=u1", "--param", "most:=10"]].concat();
    assert_eq!(server.run(&args).exits(0).out, "n\n2\n");
    server.run(&["query"]).exits(2).says("for example: streamflow query 'SELECT type, count(*)");
    server.run(&["query", "SELECT 1", "--since", "2h"]).exits(2).says("WHERE timestamp >= now() - INTERVAL '2 hours'");
    server.run(&["query", " ; "]).exits(2).says("empty");
}

#[test]
fn mistake_is_shown_where_it_is_with_the_nearest_right_word() {
    let server = with_events();
    let check = |sql: &str, exit: i32, words: &[&str]| {
        let ended = server.run(&["query", sql]).exits(exit);
        words.iter().for_each(|words| assert!(ended.err.contains(words), "no {words:?} in {}", ended.err));
    };
    check("SELECT\n  tpye FROM events", 2, &["<sql>:2:3", "   |   ^^^^\n", "did you mean \"type\"?"]);
    check("SELECT * FROM evnts", 2, &["did you mean \"events\"?"]);
    check("SELECT cuont(*) FROM events", 2, &["did you mean \"count\"?"]);
    check("SELEC 1", 2, &["<sql>:1:1"]);
    check("DROP TABLE events", 2, &["read"]);
    check("SELECT $user", 2, &["   | ", "^^^^^\n", "--param user=VALUE"]);
    server.place.write("bad.sql", "SELECT 1,\ntpye FROM events\n");
    server.run(&["query", "-f", "bad.sql"]).exits(2).says("bad.sql:2:1");
}

#[test]
fn expectation_turns_an_answer_into_an_exit_code() {
    let server = with_events();
    let check = |expectation: &str, exit: i32| {
        let ended = server
            .run(&["query", "SELECT count(*) AS n FROM events", "-o", "csv", "--expect", expectation])
            .exits(exit);
        assert_eq!(ended.out, "n\n50\n", "the rows are printed all the same");
    };
    check("value=50", 0);
    check("value<50", 1);
    check("rows=1", 0);
    check("rows>1", 1);
    server.run(&["query", "SELECT 1", "--expect", "lines>1"]).exits(2).says("rows>0");
    server
        .run(&["query", "SELECT 1 FROM events", "--expect", "rows=0", "-o", "none"])
        .exits(1)
        .says("there are 50 rows");
}

#[test]
fn rows_left_out_are_said() {
    let server = with_events();
    let ended =
        server.run(&["query", "SELECT type FROM events", "--limit", "2", "-o", "json"]).exits(0).says("there are more");
    assert_eq!((ended.json()["rows"].as_array().unwrap().len(), ended.json()["truncated"].as_bool()), (2, Some(true)));
    let ended = server
        .run(&["query", "SELECT type FROM events", "--max-rows", "3", "-o", "ndjson"])
        .exits(0)
        .says("--max-rows");
    assert_eq!(ended.out.lines().count(), 3);
}

#[test]
fn empty_answer_says_why_it_is_empty() {
    let server = Server::start();
    let check = |args: &[&str], words: &str| drop(server.run(args).exits(0).says(words));
    check(&["query", "SELECT * FROM events"], "there are no events yet");
    check(&["top"], "there are no events yet");
    server.run(&["send", "web.click", "-d", "page=/", "--source", "shop"]).exits(0);
    check(&["query", "SELECT * FROM events WHERE type = 'web.clik'"], "did you mean \"web.click\" (1 event)?");
    check(&["query", "SELECT * FROM events WHERE source = 'shpo'"], "did you mean \"shop\"");
    check(&["query", "SELECT * FROM events WHERE data.pgae = '/'"], "did you mean data.page?");
    check(&["top", "--filter", "type=web.clik"], "did you mean \"web.click\"");
    check(&["top", "--filter", "pgae=/"], "did you mean data.page?");
    check(&["top", "--filter", "sorce=shop"], "did you mean source?");
    check(&["tail", "sorce=shop", "--last", "1", "--until", "now"], "did you mean source?");
    check(&["tail", "type=web.clik", "--last", "1", "--until", "now"], "did you mean \"web.click\"");
    check(&["tail", "sorce=shop", "--timeout", "500ms"], "did you mean source?");
    check(&["top", "--since", "2020-01-01", "--until", "2020-01-02"], "no event is in this time range; there are 1");
    check(&["funnel", "web.clik", "order.paid"], "did you mean \"web.click\"");
    server
        .run(&["trends", "--by", "pgae"])
        .exits(2)
        .says("no event has this column")
        .says("did you mean \"data.page\"?");
}

#[test]
fn cost_and_plan_are_told_on_request() {
    let server = with_events();
    server.run(&["query", "SELECT * FROM events", "--cost", "-o", "none"]).exits(0).says("50 rows");
    assert!(server.run(&["query", "SELECT type FROM events", "--explain"]).exits(0).out.contains("physical plan\n"));
}

#[test]
fn project_is_read_without_a_server() {
    let mut server = with_events();
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    let place = &server.place;
    assert_eq!(place.run(&["query", "SELECT count(*) AS n FROM events", "-o", "csv"]).exits(0).out, "n\n50\n");
    assert_eq!(place.run(&["top", "users", "--jq", ".rows | length"]).exits(0).out, "5\n");
    place.run(&["events", "get", "0:49"]).exits(0);
    assert_eq!(place.run(&["tail", "--last", "3", "--until", "now", "-o", "ndjson"]).exits(0).out.lines().count(), 3);
    place.run(&["send", "x"]).exits(3).says("streamflow start");
    Place::new().run(&["query", "SELECT 1", "--server", "127.0.0.1:1"]).exits(3).says("cannot connect");
}

#[test]
fn token_is_asked_for_with_its_own_exit_code() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  token: secret\n");
    let server = Server::start_in(place, &[]);
    let outside = Place::new();
    let url = server.url("gateway");
    outside.run(&["query", "SELECT 1", "--server", url]).exits(4);
    outside.run(&["query", "SELECT 1", "--server", url, "--token", "wrong"]).exits(4);
    outside.run(&["query", "SELECT 1", "--server", url, "--token", "secret"]).exits(0);
    server.run(&["query", "SELECT 1"]).exits(0);
}

#[test]
fn rows_are_drawn_in_eighty_columns_with_what_the_terminal_can_show() {
    let server = Server::start();
    for event_type in ["web.click", "web.click", "web.view"] {
        server.run(&["send", event_type]).exits(0);
    }
    let sql = "SELECT type, count(*) AS n FROM events GROUP BY type ORDER BY n DESC";
    let ascii = server.run(&["query", sql, "--chart"]).exits(0).out;
    assert!(ascii.starts_with("web.click  ####") && ascii.lines().all(|line| line.len() <= 80), "{ascii}");
    let blocks = server.place.run_with(&[("LANG", "C.UTF-8")], &["query", sql, "--chart"]).exits(0).out;
    assert!(blocks.starts_with("web.click  ████") && blocks.lines().all(|line| line.chars().count() <= 80), "{blocks}");
    server.run(&["query", sql, "--chart", "-o", "json"]).exits(2).says("leave out --chart");
    server.run(&["query", "SELECT type FROM events", "--chart"]).exits(2).says("no number to draw");
}

#[test]
fn expectation_is_reported_as_junit() {
    let server = Server::start();
    let report = |sql: &str, code: i32| {
        server.run(&["query", sql, "--expect", "rows=0", "--report", "junit=report.xml"]).exits(code);
        std::fs::read_to_string(server.place.dir().join("report.xml")).unwrap()
    };
    assert!(report("SELECT * FROM events", 0).contains("tests=\"1\" failures=\"0\" errors=\"0\""));
    assert!(report("SELECT 1", 1).contains("<failure message="));
    assert!(report("SELECT nme FROM events", 2).contains("<error message="));
    server.run(&["query", "SELECT 1", "--report", "junit=x"]).exits(2).says("--expect");
    server.run(&["query", "SELECT 1", "--expect", "rows=1", "--report", "html=x"]).exits(2).says("junit=report.xml");
}

#[test]
fn empty_answer_names_the_condition_that_nothing_meets() {
    let server = with_events();
    let check = |condition: &str, words: &str| {
        let rows = format!("SELECT * FROM events WHERE {condition}");
        server.run(&["query", &rows, "-o", "json"]).exits(0).says(words);
        let count = format!("SELECT count(*) FROM events WHERE {condition}");
        server.run(&["query", &count]).exits(0).says(words);
    };
    check(
        "user_id = 'nobody'",
        "no event has the user_id \"nobody\"; there are \"u0\", \"u1\", \"u2\", \"u3\", \"u4\"",
    );
    check("type = 'web.click' AND data.page = '/p'", "no event has the data.page \"/p\"");
    check("data.page = '/pp1' AND user_id = 'u1'", "did you mean \"/p1\" (17 events)?");
    check("data.n > 1000 AND user_id = 'u1'", "no event meets data.n > 1000");
    check("user_id = 'u0' AND data.n = 1", "none meets all: user_id = 'u0' (10 events), data.n = 1 (1 event)");
    check("timestamp > '2100-01-01'", "timestamp > '2100-01-01' is in the future");
    check("timestamp < '2001-01-01'", "no event is so old: timestamp < '2001-01-01'; the first is of 20");
    let sql = "SELECT * FROM events WHERE user_id = $user";
    server.run(&["query", sql, "--param", "user=uu1"]).exits(0).says("did you mean \"u1\"");
    let expected = ["query", "SELECT count(*) FROM events WHERE user_id = 'nobody'", "--expect", "value=0"];
    assert!(!server.run(&expected).exits(0).err.contains("nobody"));
    let quiet = server.run(&["query", "SELECT * FROM events WHERE user_id = 'nobody'", "-q"]).exits(0);
    assert_eq!(quiet.err, "");
    server.run(&["top", "--filter", "user_id=nobody"]).exits(0).says("no event has the user_id \"nobody\"");
}

#[test]
fn time_of_arrival_is_said_and_is_over() {
    let server = with_events();
    let count = "SELECT count(*) FROM events";
    server.run(&["query", count, "--as-of", "2020-01-01"]).exits(0).says("as of 2020-01-01T00:00:00Z");
    server.run(&["query", count, "--as-of", "2020-01-01"]).exits(0).says("nothing had arrived by 2020-01-01T00:00:00Z");
    server.run(&["query", count, "--as-of", "2100-01-01"]).exits(2).says("is in the future").says("hint:");
}

#[test]
fn rows_that_were_not_wanted_are_not_offered() {
    let server = with_events();
    for form in ["table", "ndjson", "csv"] {
        let cut = server.run(&["query", "SELECT type FROM events", "--limit", "5", "-o", form]).exits(0);
        assert_eq!(cut.err, "showing the first 5 rows; there are more\n", "{form}");
    }
}

#[test]
fn what_a_check_found_becomes_an_annotation() {
    let server = with_events();
    let failing = ["query", "SELECT count(*) FROM events", "--expect", "value=0"];
    let annotated = server.place.run_with(&[("GITHUB_ACTIONS", "true")], &failing).exits(1);
    let line = annotated.err.lines().find(|line| line.starts_with("::error ")).unwrap();
    assert!(line.starts_with("::error title=streamflow%3A assertion_failed::"), "{line}");
    assert!(!annotated.out.contains("::error"));
    assert!(!server.run(&failing).exits(1).err.contains("::error"));
    let place = Place::new();
    place.write("config.yaml", "server:\n  prots: 1\n");
    let wrong = place.run_with(&[("GITHUB_ACTIONS", "true")], &["config", "check"]).exits(2);
    assert!(wrong.err.contains(",file=config.yaml,line=2,col=3::"), "{}", wrong.err);
    place.write("config.yaml", "");
    place.write("schemas/a.json", "{\"required\": [\"page\"]}");
    place.write("events.ndjson", "{\"type\":\"a\",\"data\":{}}\n");
    let violated = place.run_with(&[("GITHUB_ACTIONS", "true")], &["schema", "check", "events.ndjson"]).exits(1);
    assert!(violated.err.contains(",file=events.ndjson,line=1,col=1::"), "{}", violated.err);
}

#[test]
fn a_terminal_shows_the_columns_that_it_has_room_for() {
    let server = with_events();
    let wide = ["query", "SELECT * FROM events LIMIT 4"];
    let screen = Screen::of_program(&server.place, (80, 24), &wide);
    let text = screen.shows("more columns: -o vertical shows all");
    let header = text.lines().find(|line| line.contains("type")).unwrap();
    assert!(header.contains("timestamp") && header.contains("source"), "{text}");
    assert!(text.contains("web.cli"), "{text}");
    let piped = server.run(&wide).exits(0);
    assert!(piped.out.lines().next().unwrap().contains("city") && !piped.err.contains("more columns"));
}
