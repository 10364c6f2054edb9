//! `bench` measures what it says, and says when what was acknowledged is not what is there.

use serde_json::Value;

use crate::program::Place;
use crate::server::Server;

const SHORT: [&str; 6] = ["--duration", "800ms", "--warm-up", "50ms", "--rounds", "1"];

fn rows(document: &Value) -> &Vec<Value> {
    document["rows"].as_array().unwrap()
}

/// Returns the figure of a row, which must be there.
#[track_caller]
fn figure(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"))
}

#[test]
fn load_of_every_kind_is_measured_and_counted() {
    let check = |what: &[&str], steps: &[&str]| {
        let args = [&["bench"], what, &["--spawn", "-o", "json"], &SHORT].concat();
        let ended = Place::new().run(&args).exits(0);
        // Echoes are no events: nothing is there, and nothing was acknowledged.
        let ended = ended.says("exactly the acknowledged events");
        let document = ended.json();
        assert_eq!(document["schema"], "streamflow.bench/1");
        let named: Vec<&str> = rows(&document).iter().map(|row| row["step"].as_str().unwrap()).collect();
        assert_eq!(named, steps, "{what:?}");
        for row in rows(&document) {
            assert!(figure(row, "requests_per_second") > 0.0 && figure(row, "events_per_second") > 0.0, "{row}");
            let of_latency = ["p50_ms", "p90_ms", "p99_ms", "p99_9_ms", "max_ms"].map(|name| figure(row, name));
            assert!(of_latency[0] > 0.0 && of_latency.is_sorted(), "{row}");
            assert_eq!((figure(row, "refused"), figure(row, "unanswered")), (0.0, 0.0), "{row}");
            assert!(figure(row, "seconds") > 0.0 && figure(row, "of_echo") > 0.0, "{row}");
            if cfg!(target_os = "linux") {
                assert!(figure(row, "server_cpu_us") >= 0.0 && figure(row, "client_cpu_us") >= 0.0, "{row}");
            }
        }
    };
    check(&["ingest", "--batch", "10", "--connections", "2"], &["echo", "batch"]);
    check(&["ingest", "--batch", "10", "--with-ids"], &["echo", "batch"]);
    check(&["latency", "--rate", "max,echo/2,100", "--connections", "4"], &["echo", "single", "single", "single"]);
    check(&["echo", "--connections", "2"], &["echo"]);
}

#[test]
fn questions_are_asked_of_the_events_that_were_sent() {
    let args = ["bench", "query", "--spawn", "--events", "2000", "--runs", "2", "-o", "json"];
    let document = Place::new().run(&args).exits(0).json();
    assert_eq!(document["schema"], "streamflow.bench-query/1");
    assert!(rows(&document).len() > 3, "{document}");
    for row in rows(&document) {
        assert_eq!((figure(row, "events"), figure(row, "runs")), (2_000.0, 2.0), "{row}");
        assert!(figure(row, "median_ms") > 0.0 && figure(row, "first_ms") <= figure(row, "max_ms"), "{row}");
        assert!(figure(row, "rows") > 0.0 && row["sql"].as_str().unwrap().contains("events"), "{row}");
    }
}

#[test]
fn server_that_is_there_is_measured_with_what_it_holds() {
    let server = Server::start();
    server.run(&["send", "web.click"]).exits(0);
    let args = ["bench", "ingest", "--rate", "50", "--batch", "3", "--count", "30", "-o", "json"];
    let document = server.run(&[&args[..], &SHORT].concat()).exits(0).json();
    assert_eq!(rows(&document).len(), 1, "no echo route was asked for: {document}");
    assert_eq!(figure(&rows(&document)[0], "offered_per_second"), 50.0);
    server.run(&["bench", "query", "--runs", "1", "--only", "count", "-o", "none"]).exits(0);
    server.run(&["bench", "query", "--only", "cuont"]).exits(2).says("the questions are:");
    server.run(&["bench", "ingest", "--rate", "soon"]).exits(2);
    Place::new().run(&["bench", "ingest", "--server", "127.0.0.1:1"]).exits(3);
}
