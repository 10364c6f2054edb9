//! The SQL shell: on a terminal, and fed from a pipe.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::program::{Ended, PROGRAM, Place};
use crate::screen::Screen;
use crate::server::Server;

fn server() -> Server {
    let place = Place::new();
    place.write("config.yaml", "");
    let server = Server::start_in(place, &[]);
    for page in ["/", "/", "/cart"] {
        server.run(&["send", "web.click", "-d", &format!("page={page}"), "--source", "shop"]).exits(0);
    }
    server.run(&["send", "order.paid", "-d", "total:=19.5"]).exits(0);
    server
}

fn open(place: &Place, args: &[&str]) -> Screen {
    let variables: [(&str, OsString); 3] =
        [("HOME", place.home().into()), ("PATH", std::env::var_os("PATH").unwrap()), ("LANG", "C.UTF-8".into())];
    let args = [&["sql"], args].concat();
    let shell = Screen::answering(Path::new(PROGRAM), &args, &place.dir(), &variables);
    shell.shows("local>");
    shell
}

fn feed(place: &Place, script: &str, args: &[&str]) -> Ended {
    place.feed(script.as_bytes(), &[&["sql"], args].concat())
}

#[test]
fn statements_of_a_pipe_run_one_after_another() {
    let server = server();
    let ended = feed(
        &server.place,
        "SELECT 1 AS a; SELECT ';' AS b;\n.format csv\nSELECT count(*) AS n\nFROM events",
        &["-o", "ndjson"],
    );
    assert_eq!(ended.exits(0).out, "{\"a\":1}\n{\"b\":\";\"}\nn\n4\n");
    // The first that fails ends it, with its own place and exit code.
    let ended =
        feed(&server.place, "SELECT 1 AS a;\nSELECT nme\nFROM events;\nSELECT 2 AS b;", &["-o", "csv"]).exits(2);
    assert_eq!(ended.out, "a\n1\n");
    assert!(ended.err.contains("--> <stdin>:2:8") && ended.err.contains("SELECT nme"), "{}", ended.err);
    feed(&server.place, ".tabels\n", &[]).exits(2).says("did you mean \".tables\"?");
    assert_eq!(feed(&server.place, "", &[]).exits(0).out, "");
    assert!(feed(&server.place, ".quit\nSELECT 1;", &[]).exits(0).out.is_empty());
}

#[test]
fn last_result_has_a_name() {
    let server = server();
    let script = "SELECT type, count(*) AS n, max(data.total) AS most, min(timestamp) AS first FROM events GROUP BY type ORDER BY type;\n\
                  SELECT type, n, most, first IS NOT NULL AS timed FROM _ WHERE n > 2;\n\
                  WITH more AS (SELECT type, n + 1 AS n FROM _) SELECT * FROM more;";
    let ended = feed(&server.place, script, &["-o", "csv", "--no-header"]).exits(0);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[2..], ["web.click,3,,true", "web.click,4"], "{}", ended.out);
    feed(&server.place, "SELECT * FROM _;", &[]).exits(2).says("there is no result yet that _ could stand for");
    // Places of errors are those that were typed.
    let ended = feed(&server.place, "SELECT 1 AS a;\nSELECT a,\n  b FROM _;", &["-o", "none"]).exits(2);
    assert!(ended.err.contains("<stdin>:3:3"), "{}", ended.err);
}

#[test]
fn shell_needs_no_server() {
    let mut server = server();
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    let ended = feed(&server.place, "SELECT count(*) AS n FROM events; SELECT n + 1 AS m FROM _;", &["-o", "csv"]);
    assert_eq!(ended.exits(0).out, "n\n4\nm\n5\n");
}

#[test]
fn statement_is_written_over_lines_completed_charted_and_pinned() {
    let server = server();
    let mut shell = open(&server.place, &[]);
    shell.press("SELECT typ\t, count(*) AS clicks\r");
    shell.press("FROM ev\t GROUP BY type ORDER BY clicks DESC;\r");
    shell.shows("order.paid");
    let text = shell.shows("web.click");
    assert!(text.contains("clicks"), "{text}");
    shell.press(".chart\r");
    shell.until("bars", |text| text.lines().any(|line| line.starts_with("web.click") && line.contains("██")));
    shell.press(".pin clicks\r");
    shell.shows("pinned to dashboards/clicks.yaml");
    let panel = fs::read_to_string(server.place.dir().join("dashboards/clicks.yaml")).unwrap();
    assert!(panel.contains("title: clicks") && panel.contains("GROUP BY type"), "{panel}");
    shell.press("SELECT 1 FROM events WHERE type = 'ord\t;\r");
    shell.shows("'order.paid';");
    // Values of any column, however they are written, and nothing where there are none.
    shell.press("SELECT 1 FROM events WHERE data.page = '/CA\t;\r");
    shell.shows("'/cart';");
    shell.press("SELECT 'no' AS such FROM events WHERE source = 'zzz\t' OR type = 'order.paid';\r");
    shell.until("the answer", |text| text.lines().any(|line| line.trim() == "no"));
    assert!(!shell.written().contains("NO RECORDS"));
    shell.press("SELECT 1 FROM events WHERE type = 'order.paid';\r");
    shell.shows("'order.paid';");
    shell.press(".quit\r");
    assert_eq!(shell.ends(), 0);
    let history = server.place.home().join(".local/state/streamflow/sql_history");
    assert!(fs::read_to_string(&history).unwrap().contains("GROUP BY type"));
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(&history).unwrap().mode() & 0o777, 0o600);
    // What was asked before comes back with the arrow.
    let mut shell = open(&server.place, &[]);
    shell.press("\x1b[A\x1b[A");
    shell.shows("'order.paid';");
    shell.press("\x03");
    // Between two lines the terminal is not the editor's.
    shell.until("an empty prompt", |text| text.trim_end().ends_with("local>"));
    shell.press("\x04");
    assert_eq!(shell.ends(), 0);
}

#[test]
fn errors_have_a_caret_and_the_shell_goes_on() {
    let server = server();
    let mut shell = open(&server.place, &[]);
    shell.press("SELECT nme FROM events;\r");
    shell.shows("<sql>:1:8");
    shell.press("SELECT 40 + 2 AS answer;\r");
    shell.shows("42");
}

#[test]
fn long_result_is_paged_and_leaves_the_screen_as_it_was() {
    let server = server();
    let mut shell = open(&server.place, &[]);
    shell.press("SELECT value AS n FROM generate_series(1, 500);\r");
    shell.shows("rows 1 to 28 of 500");
    shell.press("G");
    shell.shows("rows 473 to 500 of 500");
    shell.press("q");
    shell.until("the prompt", |text| !text.contains("of 500") && text.trim_end().ends_with("local>"));
}

#[test]
fn interrupt_cancels_the_statement_here_and_there() {
    // Longer than the test waits: it is the interrupt that ends the statement.
    let place = Place::new();
    place.write("config.yaml", "query:\n  timeout: 10m\n");
    let server = Server::start_in(place, &[]);
    let mut shell = open(&server.place, &["--timeout", "10m"]);
    shell.press("SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE (a.value + b.value) % 7 = 8;\r");
    shell.until("a server that works", |_| is_busy(&server));
    shell.press("\x03");
    shell.shows("cancelled");
    shell.until("a server at rest", |_| !is_busy(&server));
    shell.press("SELECT 40 + 2 AS answer;\r");
    shell.shows("42");
}

/// Tells whether the server computes: whether it uses more than a tenth of a processor for a moment.
fn is_busy(server: &Server) -> bool {
    let ticks = || -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks();
    std::thread::sleep(Duration::from_millis(500));
    ticks() - before > 5
}
