//! A server that is killed at random moments loses nothing that it acknowledged and stores nothing twice.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::Place;
pub(crate) use sender::Connection;
use sender::Sender;

mod sender;

/// Kills of an ordinary test run; `STREAMFLOW_CRASH_ROUNDS=50` asks for more.
const ROUNDS: u64 = 5;
/// Another number kills at other moments: `STREAMFLOW_CRASH_SEED=7`.
const SEED: u64 = 1;
/// The server lives at most so long under load.
const LIFE_MS_MAX: u64 = 500;

fn argument(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A server whose folder outlives it.
struct Running {
    child: Child,
    gateway: SocketAddr,
}

impl Running {
    fn start(place: &Place) -> Self {
        let mut command = place.command(&["start", "--port-base=0", "--ready-fd=1", "--data=data"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let output = child.wait_with_output().unwrap();
            panic!("the server does not start again: {}", String::from_utf8_lossy(&output.stderr));
        };
        let gateway = ready["gateway"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
        Self { child, gateway }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Returns how often each marker that begins with `prefix` is stored.
    fn markers(&self, prefix: &str) -> BTreeMap<String, u64> {
        let sql = format!(
            "SELECT correlation_id, count(*) FROM events WHERE correlation_id LIKE '{prefix}%' GROUP BY correlation_id"
        );
        let body = json!({ "sql": sql, "max_rows": 1_000_000 }).to_string();
        let mut connection = Connection::open(self.gateway).unwrap();
        let (status, answer) = connection.post("/api/v1/query", &[], &body).unwrap();
        assert_eq!((status, &answer["truncated"]), (200, &json!(false)), "{answer}");
        let row = |row: &Value| (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap());
        answer["rows"].as_array().unwrap().iter().map(row).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_killed_server_loses_nothing_and_doubles_nothing() {
    let (rounds, seed) = (argument("STREAMFLOW_CRASH_ROUNDS", ROUNDS), argument("STREAMFLOW_CRASH_SEED", SEED));
    let place = Place::new();
    let mut senders = Sender::one_of_each_kind();
    let mut chance = seed;
    let mut slowest_start = Duration::ZERO;
    for round in 1..=rounds {
        let started = Instant::now();
        let server = Running::start(&place);
        slowest_start = slowest_start.max(started.elapsed());
        // Knuth's multiplier: the moments only have to differ.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        senders = load_until_killed(server, senders, round, Duration::from_millis((chance >> 33) % LIFE_MS_MAX));
    }
    let server = Running::start(&place);
    for sender in &mut senders {
        sender.repeat_unanswered(&mut Connection::open(server.gateway).unwrap()).unwrap();
    }
    let acknowledged: usize = senders.iter().map(|sender| sender.acknowledged.len()).sum();
    assert!(acknowledged > 0, "nothing was acknowledged between the kills");
    for round in 1..=rounds {
        let stored = server.markers(&format!("r{round}-"));
        let twice: Vec<_> = stored.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "seed {seed}: stored more than once: {twice:?}");
        let prefix = format!("r{round}-");
        let promised =
            senders.iter().flat_map(|sender| &sender.acknowledged).filter(|marker| marker.starts_with(&prefix));
        let lost: Vec<_> = promised.filter(|marker| !stored.contains_key(*marker)).collect();
        assert!(lost.is_empty(), "seed {seed}: acknowledged and lost: {lost:?}");
    }
    server.kill();
    // Shown with --nocapture, and when the test fails.
    println!("{rounds} kills, {acknowledged} events acknowledged, slowest start {slowest_start:?}");
}

/// Lets every sender send until the server is killed, and returns them with what they were promised.
fn load_until_killed(server: Running, senders: Vec<Sender>, round: u64, life: Duration) -> Vec<Sender> {
    let gateway = server.gateway;
    let (connected, ready) = sync_channel(senders.len());
    let threads: Vec<_> = senders
        .into_iter()
        .map(|mut sender| {
            let connected = connected.clone();
            thread::spawn(move || {
                let connection = Connection::open(gateway).unwrap();
                connected.send(()).unwrap();
                sender.send_until_cut_off(connection, round);
                sender
            })
        })
        .collect();
    for _ in &threads {
        ready.recv().unwrap();
    }
    thread::sleep(life);
    server.kill();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}
