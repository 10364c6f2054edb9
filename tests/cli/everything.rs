//! Every command, run through what scripts do to it: JSON into a validator, streams that are closed, terminals that can
//! nothing, servers that are away, of another version, or say no.

mod calls;
mod other_version;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use self::calls::{CALLS, Call, ELSEWHERE, NO_JSON, Talks, fill, server, server_with};
use self::other_version::OtherVersion;
use crate::help::pages;
use crate::program::{Ended, PROGRAM, Place};
use crate::screen::Screen;
use crate::server::Server;

/// Returns the words of the next run of a call, with further ones behind them.
fn words(call: &Call, place: &Place, more: &[&str]) -> Vec<String> {
    call.prepare(place).into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
}

fn run(place: &Place, words: &[String]) -> Ended {
    place.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

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
    let gone: Vec<&str> = ELSEWHERE.iter().map(|(name, _)| *name).filter(|name| !known.contains(*name)).collect();
    assert!(gone.is_empty(), "there are no commands {gone:?}");
}

/// A server with what the calls need.
fn filled() -> Server {
    let server = server();
    fill(&server);
    server
}

/// Fails unless what a call printed follows its schema.
#[track_caller]
fn check_json(server: &Server, call: &Call, ended: &Ended) {
    let Some(schema) = call.schema.filter(|_| call.schema != NO_JSON) else { return };
    let schema = server.run(&["help", "schema", schema]).exits(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&ended.json()).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{:?}: {faults:?}\n{}", call.args, ended.out);
}

#[test]
fn json_of_every_command_is_valid_by_its_own_schema() {
    let server = filled();
    for call in CALLS {
        let ended = run(&server.place, &words(call, &server.place, call.json_flags()));
        assert!(call.may_end(ended.code), "{:?}: {} {}", call.args, ended.code, ended.err);
        check_json(&server, call, &ended);
    }
}

/// Runs a call under a shell that changes its streams first.
fn under(server: &Server, redirection: &str, words: &[String]) -> Ended {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("exec \"$@\" {redirection}"), "sh", PROGRAM]).args(words);
    command.current_dir(server.place.dir()).env_clear().env("HOME", server.place.home());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.stdin(std::process::Stdio::null());
    Ended::of(&command.output().unwrap())
}

#[test]
fn closed_streams_are_no_failure_of_ours() {
    let server = filled();
    for call in CALLS {
        for redirection in ["<&-", "2>&-", "| true", "| head -c 1 > /dev/null"] {
            let words = words(call, &server.place, &[]);
            let ended = match redirection.starts_with('|') {
                // What the program itself ended with, not the reader.
                true => piped(&server, redirection, &words),
                false => under(&server, redirection, &words),
            };
            assert!(call.may_end(ended.code), "{words:?} {redirection}: {} {}", ended.code, ended.err);
            assert!(!ended.err.contains("panicked"), "{words:?} {redirection}: {}", ended.err);
        }
        // Nowhere to write to at all: an error at worst, never a fault that ends in a trace.
        let words = words(call, &server.place, &[]);
        let ended = under(&server, ">&-", &words);
        assert!(!ended.err.contains("panicked"), "{words:?}: {}", ended.err);
    }
}

fn piped(server: &Server, reader: &str, words: &[String]) -> Ended {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{{ \"$@\"; echo $? >&3; }} 3>&2 2>/dev/null {reader}"), "sh", PROGRAM]).args(words);
    command.current_dir(server.place.dir()).env_clear().env("HOME", server.place.home());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.stdin(std::process::Stdio::null());
    let ended = Ended::of(&command.output().unwrap());
    let code = ended.err.trim().parse().unwrap_or(-1);
    Ended { code, ..ended }
}

/// Runs a call in a terminal with one variable set, and returns what the terminal got.
fn in_a_terminal(server: &Server, (name, value): (&str, &str), words: &[String]) -> String {
    let script = format!("{name}={value} \"$@\" </dev/null; echo \"ended:$?\"");
    let args: Vec<&str> = ["-c", &script, "sh", PROGRAM].into_iter().chain(words.iter().map(String::as_str)).collect();
    let screen = Screen::of(&server.place, (100, 30), Path::new("/bin/sh"), &args);
    screen.shows("ended:");
    screen.written()
}

/// Tells whether colours or weights were asked for: `ESC [ … m`.
fn is_painted(seen: &str) -> bool {
    seen.split("\u{1b}[")
        .skip(1)
        .any(|rest| rest.find(|c: char| c.is_alphabetic()).is_some_and(|at| rest[at..].starts_with('m')))
}

#[test]
fn nothing_is_painted_for_who_can_not_see_it() {
    let server = filled();
    let mut painted = 0;
    for call in CALLS {
        // A terminal that can everything, for what would be painted there.
        let words = || words(call, &server.place, &[]);
        painted += usize::from(is_painted(&in_a_terminal(&server, ("LC_ALL", "C.UTF-8"), &words())));
        let seen = in_a_terminal(&server, ("TERM", "dumb"), &words());
        assert!(!seen.contains('\u{1b}'), "{:?} on a dumb terminal: {seen:?}", call.args);
        let seen = in_a_terminal(&server, ("NO_COLOR", "1"), &words());
        assert!(!is_painted(&seen), "{:?} without colours: {seen:?}", call.args);
        // In a pipe there is no colour whatever the variables say, and progress stays away.
        let words = words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = server.place.run_with(&[("CI", "1"), ("TERM", "xterm-256color")], &words);
        assert!(call.may_end(ended.code), "{words:?}: {} {}", ended.code, ended.err);
        assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{words:?}: {ended:?}");
    }
    assert!(painted > 10, "only {painted} calls paint anything, so this test sees little");
}

#[test]
fn server_that_is_away_is_3_and_says_what_to_do() {
    let server = filled();
    for call in CALLS.iter().filter(|call| call.talks != Talks::ToNobody) {
        let flags: &[&str] = match call.args[0] {
            // `status` of a server that is away is an answer.
            "status" => continue,
            "tail" | "send" | "import" => &["--retry-for", "0s", "--server", "http://127.0.0.1:1"],
            _ => &["--server", "http://127.0.0.1:1"],
        };
        let ended = run(&server.place, &words(call, &server.place, flags));
        assert_eq!(ended.code, 3, "{:?}: {} {}", call.args, ended.out, ended.err);
        assert!(ended.err.contains("hint:"), "{:?}: {}", call.args, ended.err);
    }
}

#[test]
fn server_of_another_version_is_told_once_and_changes_nothing_else() {
    let server = filled();
    let other = OtherVersion::before(server.address("gateway"));
    for call in CALLS.iter().filter(|call| call.talks != Talks::ToNobody) {
        let ended =
            run(&server.place, &words(call, &server.place, &[call.json_flags(), &["--server", &other.url()]].concat()));
        assert!(call.may_end(ended.code), "{:?}: {} {}", call.args, ended.code, ended.err);
        check_json(&server, call, &ended);
        let told = format!("the server has version {}", other.version());
        // `context validate` prints the version as its answer.
        let count = usize::from(call.args != ["context", "validate"]);
        assert_eq!(ended.err.matches(&told).count(), count, "{:?}: {}", call.args, ended.err);
        // Whoever wants no talk gets none.
        let ended = run(&server.place, &words(call, &server.place, &["-q", "--server", &other.url()]));
        assert!(call.may_end(ended.code) && !ended.err.contains(&told), "{:?}: {}", call.args, ended.err);
    }
    // The shell, whose statements are many.
    let script = b"SELECT 1 AS a; SELECT 2 AS b;";
    let ended = server.place.feed(script, &["sql", "-o", "csv", "--server", &other.url()]).exits(0);
    assert_eq!((ended.out.as_str(), ended.err.matches("the server has version").count()), ("a\n1\nb\n2\n", 1));
}

#[test]
fn token_that_is_refused_is_4() {
    let server = server_with("server:\n  token: right\n");
    fill(&server);
    for call in CALLS.iter().filter(|call| call.talks != Talks::ToNobody) {
        // Open to everybody, as probes are.
        if ["health", "status"].contains(&call.args[0]) {
            continue;
        }
        let flags: &[&str] = match call.args {
            // Its own folder is looked at before anybody is asked.
            ["backup", "list"] => &["--token", "wrong", "--server", server.url("gateway")],
            _ => &["--token", "wrong"],
        };
        let ended = run(&server.place, &words(call, &server.place, flags));
        assert_eq!(ended.code, 4, "{:?}: {} {}", call.args, ended.out, ended.err);
        assert!(!ended.err.contains("wrong") || ended.err.contains("token"), "{:?}: {}", call.args, ended.err);
    }
}
