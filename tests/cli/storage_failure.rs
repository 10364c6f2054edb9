//! A disk that is full or read-only: a clear error, and nothing acknowledged that is not there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::crash::Connection;
use crate::program::{Ended, PROGRAM, Place};
use crate::tool;

const EVENT: &str = r#"{"type":"a","source":"b","data":{"text":"TEXT"}}"#;

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a server behind shell commands and returns it with its gateway.
fn start_behind(place: &Place, commands: &str) -> (Stopped, Connection) {
    let script = format!("{commands}; exec {PROGRAM} start --port-base=0 --ready-fd=1 --data=data");
    let mut command = place.command(&[]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(command.get_current_dir().unwrap());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command = shell;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let gateway = ready["gateway"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    (Stopped(child), Connection::open(gateway).unwrap())
}

fn count(connection: &mut Connection) -> u64 {
    let body = json!({ "sql": "SELECT count(*) FROM events" }).to_string();
    connection.post("/api/v1/query", &[], &body).unwrap().1["rows"][0][0].as_u64().unwrap()
}

// A limit on the size of files stands in for the disk's end: the write fails half-way in the same manner, and no
// privileges are needed. The signal that comes with it is ignored, as the kernel sends none for a full disk.
#[test]
fn a_full_disk_refuses_what_it_can_not_keep() {
    let place = Place::new();
    let (server, mut connection) = start_behind(&place, "trap '' XFSZ; ulimit -f 200");
    // Incompressible, so that the file grows as fast as events are sent.
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    };
    let mut acknowledged = 0;
    let mut refusals = Vec::new();
    for _ in 0..60 {
        let text: String = (0..20_000).map(|_| letter()).collect();
        let (status, answer) = connection.post("/events", &[], &EVENT.replace("TEXT", &text)).unwrap();
        match status {
            201 => acknowledged += 1,
            _ => refusals.push((status, answer["error"]["code"].clone())),
        }
    }
    assert!(acknowledged > 0, "{refusals:?}");
    assert!(!refusals.is_empty(), "the file grew past its limit");
    assert!(refusals.iter().all(|refusal| *refusal == (503, json!("storage_unavailable"))), "{refusals:?}");
    assert_eq!(count(&mut connection), acknowledged);
    drop(server);
    let (_server, mut connection) = start_behind(&place, "true");
    let after = count(&mut connection);
    assert!(after >= acknowledged, "{acknowledged} were acknowledged, {after} are there after the start");
    assert_eq!(connection.post("/events", &[], EVENT).unwrap().0, 201, "there is room again");
}

#[test]
fn nothing_is_taken_below_the_space_that_is_kept_free() {
    let place = Place::new();
    let (_server, mut connection) = start_behind(&place, "export STREAMFLOW_STORAGE_MIN_FREE=1000TB");
    let (status, answer) = connection.post("/events", &[], EVENT).unwrap();
    assert_eq!((status, &answer["error"]["code"]), (503, &json!("storage_unavailable")), "{answer}");
    assert_eq!(count(&mut connection), 0);
}

#[test]
fn a_server_does_not_start_on_a_read_only_folder() {
    const NAME: &str = "a_server_does_not_start_on_a_read_only_folder";
    let Some(unshare) = tool::find("unshare", NAME) else { return };
    let place = Place::new();
    let script = format!(
        "mkdir data && mount --bind data data && mount -o remount,ro,bind data && exec {PROGRAM} start --port-base=0 --data=data"
    );
    let mut command = std::process::Command::new(unshare);
    command.args(["--mount", "--map-root-user", "sh", "-c", &script]).current_dir(place.dir());
    let ended = Ended::of(&command.output().unwrap());
    if ended.err.contains("unshare") || ended.err.contains("mount:") {
        // Some systems let nobody but root make a mount; the simulation covers the rest.
        assert!(std::env::var("STREAMFLOW_TEST_REQUIRE_TOOLS").is_err(), "{}", ended.err);
        return;
    }
    assert_ne!(ended.code, 0, "{}", ended.err);
    ended.says("error: ").says("data");
}
