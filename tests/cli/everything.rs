//! Every command, run through what scripts do to it: JSON into a validator, streams that are closed, terminals that can
//! nothing, servers that are away or say no.

use std::collections::BTreeSet;
use std::process::Command;

use crate::help::pages;
use crate::program::{Ended, PROGRAM, Place};
use crate::server::Server;

/// How a command is called.
struct Call {
    args: &'static [&'static str],
    /// Name of the schema that its JSON follows; none for a command that prints no data.
    schema: Option<&'static str>,
    talks: Talks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "they are read after the name of a call")]
enum Talks {
    ToNobody,
    ToTheServer,
    /// Reads the project's data itself when no server is there.
    ToTheServerOrTheData,
}

use Talks::{ToNobody, ToTheServer, ToTheServerOrTheData};

const fn call(args: &'static [&'static str], schema: Option<&'static str>, talks: Talks) -> Call {
    Call { args, schema, talks }
}

#[rustfmt::skip]
const CALLS: &[Call] = &[
    call(&["completion", "bash"], None, ToNobody),
    call(&["config", "check"], None, ToNobody),
    call(&["config", "path"], Some("config_files"), ToNobody),
    call(&["config", "schema"], None, ToNobody),
    call(&["config", "view"], Some("config"), ToNobody),
    call(&["context", "list"], Some("contexts"), ToNobody),
    call(&["context", "show"], Some("context"), ToNobody),
    call(&["context", "validate"], Some("context_validation"), ToTheServer),
    call(&["doctor"], Some("doctor"), ToNobody),
    call(&["errors"], Some("errors"), ToNobody),
    call(&["events", "rejected"], Some("rejected-events"), ToTheServerOrTheData),
    call(&["funnel", "web.view,web.click"], Some("funnel"), ToTheServerOrTheData),
    call(&["health"], Some("health"), ToTheServer),
    call(&["help", "exit-codes"], None, ToNobody),
    call(&["man"], None, ToNobody),
    call(&["paths"], Some("paths"), ToTheServerOrTheData),
    call(&["query", "SELECT type, count(*) AS n FROM events GROUP BY type"], Some("query"), ToTheServerOrTheData),
    call(&["retention"], Some("retention"), ToTheServerOrTheData),
    call(&["schema", "list"], Some("schemas"), ToTheServer),
    call(&["send", "web.view", "-d", "page=/"], Some("sent"), ToTheServer),
    call(&["sessions"], Some("sessions"), ToTheServerOrTheData),
    call(&["setup-completion", "--shell", "elvish", "--dry-run"], Some("setup_completion"), ToNobody),
    call(&["status"], Some("status"), ToTheServer),
    call(&["storage", "segments"], Some("storage-segments"), ToTheServerOrTheData),
    call(&["storage", "stats"], Some("storage-stats"), ToTheServerOrTheData),
    call(&["tail", "--last", "2", "--count", "2"], Some("event"), ToTheServer),
    call(&["top"], Some("top"), ToTheServerOrTheData),
    call(&["trends"], Some("trends"), ToTheServerOrTheData),
    call(&["version"], Some("version"), ToNobody),
];

/// Commands that are not called here, each with the place where they are.
const ELSEWHERE: &[(&str, &str)] = &[
    ("backup", "a group"),
    ("backup create", "needs a folder; backup.rs"),
    ("backup list", "needs a folder; backup.rs"),
    ("backup restore", "needs a folder; backup.rs"),
    ("backup verify", "needs a folder; backup.rs"),
    ("bench", "a group"),
    ("bench echo", "bench.rs"),
    ("bench ingest", "bench.rs"),
    ("bench latency", "bench.rs"),
    ("bench query", "bench.rs"),
    ("bundle", "a group"),
    ("bundle export", "writes files; bundle.rs"),
    ("bundle open", "reads files; bundle.rs"),
    ("config", "a group"),
    ("context", "a group"),
    ("context add", "changes whom commands talk to; context.rs"),
    ("context rm", "changes whom commands talk to; context.rs"),
    ("context use", "changes whom commands talk to; context.rs"),
    ("demo", "demo.rs"),
    ("events", "a group"),
    ("events get", "needs an id; http.rs"),
    ("events resend", "needs rejected events; examples.rs"),
    ("export", "writes files; moves.rs"),
    ("import", "reads files; moves.rs"),
    ("init", "makes projects; project.rs"),
    ("k8s", "a group"),
    ("k8s events", "needs a cluster; cluster/"),
    ("k8s logs", "needs a cluster; cluster/"),
    ("k8s pods", "needs a cluster; cluster/"),
    ("k8s restart", "needs a cluster; cluster/"),
    ("logs", "needs a detached server; lifecycle.rs"),
    ("schema", "a group"),
    ("schema check", "reads files; project.rs"),
    ("schema put", "reads files; http.rs"),
    ("schema rm", "needs a schema; http.rs"),
    ("schema show", "needs a schema; http.rs"),
    ("sql", "reads statements; sql.rs"),
    ("start", "lifecycle.rs"),
    ("stop", "lifecycle.rs"),
    ("storage", "a group"),
    ("storage compact", "changes files; storage.rs"),
    ("storage retention", "changes files; storage.rs"),
    ("storage seal", "changes files; storage.rs"),
    ("storage verify", "storage.rs"),
    ("tui", "needs a terminal; tui.rs"),
    ("webhook", "a group"),
    ("webhook audit", "needs a cluster; cluster/"),
    ("webhook certs", "webhook.rs"),
    ("webhook install", "needs a cluster; cluster/"),
    ("webhook manifests", "webhook.rs"),
    ("webhook serve", "webhook.rs"),
    ("webhook status", "needs a cluster; cluster/"),
    ("webhook test", "webhook.rs"),
    ("webhook uninstall", "needs a cluster; cluster/"),
    ("webhook policy", "webhook.rs"),
];

#[test]
fn every_command_is_called_or_said_where() {
    let place = Place::new();
    let known: BTreeSet<String> = pages(&place).into_iter().map(|words| words.join(" ")).collect();
    let called = |name: &str| {
        CALLS.iter().any(|call| call.args.join(" ").starts_with(name))
            || ELSEWHERE.iter().any(|(other, _)| *other == name)
    };
    let missing: Vec<&String> = known.iter().filter(|name| !called(name)).collect();
    assert!(missing.is_empty(), "add these to CALLS: {missing:?}");
}

/// A server with two events in its project.
fn server() -> Server {
    let server = Server::start();
    for event_type in ["web.view", "web.click"] {
        server.run(&["send", event_type, "-d", "page=/", "--user", "u1", "--session", "s1"]).exits(0);
    }
    server
}

#[test]
fn json_of_every_command_is_valid_by_its_own_schema() {
    let server = server();
    for Call { args, schema, .. } in CALLS {
        let ended = server.run(&[args, &["-o", "json"] as &[&str]].concat());
        assert!(ended.code == 0 || args[0] == "doctor", "{args:?}: {}", ended.err);
        let Some(schema) = schema else { continue };
        let schema = server.run(&["help", "schema", schema]).exits(0).json();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<String> = validator.iter_errors(&ended.json()).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{args:?}: {faults:?}\n{}", ended.out);
    }
}

/// Runs a call under a shell that changes its streams first.
fn under(server: &Server, redirection: &str, args: &[&str]) -> Ended {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("exec \"$@\" {redirection}"), "sh", PROGRAM]).args(args);
    command.current_dir(server.place.dir()).env_clear().env("HOME", server.place.home());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    Ended::of(&command.output().unwrap())
}

#[test]
fn closed_streams_are_no_failure_of_ours() {
    let server = server();
    for Call { args, .. } in CALLS {
        for redirection in ["<&-", "2>&-", "| true", "| head -c 1 > /dev/null"] {
            let ended = match redirection.starts_with('|') {
                // What the program itself ended with, not the reader.
                true => piped(&server, redirection, args),
                false => under(&server, redirection, args),
            };
            assert!(ended.code == 0 || args[0] == "doctor", "{args:?} {redirection}: {} {}", ended.code, ended.err);
            assert!(!ended.err.contains("panicked"), "{args:?} {redirection}: {}", ended.err);
        }
        // Nowhere to write to at all: an error at worst, never a fault that ends in a trace.
        let ended = under(&server, ">&-", args);
        assert!(!ended.err.contains("panicked"), "{args:?}: {}", ended.err);
    }
}

fn piped(server: &Server, reader: &str, args: &[&str]) -> Ended {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{{ \"$@\"; echo $? >&3; }} 3>&2 2>/dev/null {reader}"), "sh", PROGRAM]).args(args);
    command.current_dir(server.place.dir()).env_clear().env("HOME", server.place.home());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    let ended = Ended::of(&command.output().unwrap());
    let code = ended.err.trim().parse().unwrap_or(-1);
    Ended { code, ..ended }
}

#[test]
fn nothing_is_painted_for_who_can_not_see_it() {
    let server = server();
    for Call { args, .. } in CALLS {
        for (variable, value) in [("TERM", "dumb"), ("NO_COLOR", "1"), ("CI", "1")] {
            let ended = server.place.run_with(&[(variable, value), ("TERM", "dumb")], args);
            assert!(ended.code == 0 || args[0] == "doctor", "{args:?} {variable}: {}", ended.err);
            assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{args:?} {variable}");
        }
    }
}

#[test]
fn server_that_is_away_is_3_and_says_what_to_do() {
    let place = Place::new();
    for Call { args, .. } in CALLS.iter().filter(|call| call.talks != ToNobody) {
        // `status` of a server that is away is an answer.
        if args[0] == "status" {
            continue;
        }
        let flags: &[&str] = if args[0] == "tail" { &["--retry-for", "0s"] } else { &[] };
        let flags = if args[0] == "send" { &["--retry-for", "0s"] } else { flags };
        let ended = place.run(&[args, flags, &["--server", "http://127.0.0.1:1"]].concat());
        assert_eq!(ended.code, 3, "{args:?}: {} {}", ended.out, ended.err);
        assert!(ended.err.contains("hint:"), "{args:?}: {}", ended.err);
    }
}

#[test]
fn token_that_is_refused_is_4() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  token: right\n");
    let server = Server::start_in(place, &[]);
    for Call { args, .. } in CALLS.iter().filter(|call| call.talks != ToNobody) {
        // Open to everybody, as probes are.
        if ["health", "status"].contains(&args[0]) {
            continue;
        }
        let ended = server.run(&[args, &["--token", "wrong"] as &[&str]].concat());
        assert_eq!(ended.code, 4, "{args:?}: {} {}", ended.out, ended.err);
        assert!(!ended.err.contains("wrong") || ended.err.contains("token"), "{args:?}: {}", ended.err);
    }
}
