use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::*;

fn options(profile: Profile) -> Options {
    Options { profile, seed: 7, ..Options::default() }
}

fn events(generator: &mut Generator, count: usize) -> Vec<Value> {
    let mut lines = Vec::new();
    generator.write_lines(count, &mut lines);
    let lines = String::from_utf8(lines).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn every_profile_writes_events_with_type_source_and_data() {
    for profile in [Profile::Web, Profile::Api, Profile::Iot, Profile::Click] {
        for event in events(&mut Generator::new(options(profile)), 20_000) {
            assert!(event["type"].is_string() && event["source"].is_string(), "{event}");
            assert!(event["data"].as_object().is_some_and(|data| data.len() >= 4), "{event}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let run = |options, stream| {
        let mut out = Vec::new();
        Generator::new(options).stream(stream).write_lines(500, &mut out);
        out
    };
    for profile in [Profile::Web, Profile::Api, Profile::Iot, Profile::Click] {
        let first = run(options(profile), 0);
        assert_eq!(first, run(options(profile), 0));
        assert_ne!(first, run(options(profile), 1));
        assert_ne!(first, run(Options { seed: 8, ..options(profile) }, 0));
    }
}

#[test]
fn a_click_is_as_large_and_as_varied_as_the_benchmark_promises() {
    let mut generator = Generator::new(options(Profile::Click));
    let mut line = Vec::new();
    let mut agents = HashSet::new();
    for _ in 0..300_000 {
        line.clear();
        generator.write_event(&mut line);
        assert!(line.len() >= 300, "{} bytes: {}", line.len(), String::from_utf8_lossy(&line));
        let start = line.windows(13).position(|at| at == b"\"user_agent\":").unwrap();
        let end = line[start + 14..].iter().position(|byte| *byte == b'"').unwrap();
        agents.insert(line[start + 14..start + 14 + end].to_vec());
    }
    let click: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(click["type"], "web.click");
    assert!(click["data"].as_object().unwrap().len() >= 6, "{click}");
    assert!(agents.len() > USER_AGENTS * 9 / 10, "{} user agents", agents.len());
}

#[test]
fn there_are_a_thousand_different_user_agents() {
    let all: HashSet<String> = super::user_agent::all().into_iter().collect();
    assert_eq!(all.len(), USER_AGENTS);
    assert!(all.iter().all(|agent| agent.starts_with("Mozilla/5.0 (") && !agent.contains(['{', '"', '\\'])));
}

#[test]
fn users_are_skewed_and_their_sessions_end() {
    let mut users: HashMap<String, usize> = HashMap::new();
    let mut sessions = HashSet::new();
    for event in events(&mut Generator::new(options(Profile::Web)), 50_000) {
        *users.entry(event["user_id"].as_str().unwrap().to_owned()).or_default() += 1;
        sessions.insert(event["session_id"].as_str().unwrap().to_owned());
    }
    let most = users["user_00000"];
    assert!((1_500..15_000).contains(&most), "the first user sent {most} of 50000");
    assert!(users.len() > 1_000, "{} users", users.len());
    assert!(sessions.len() > users.len(), "{} sessions of {} users", sessions.len(), users.len());
}

#[test]
fn client_ids_are_unique_over_streams() {
    let first = Generator::new(Options { ids: Ids::Client, ..options(Profile::Web) });
    let mut ids = HashSet::new();
    for stream in 0..4 {
        for event in events(&mut first.stream(stream), 1_000) {
            assert!(ids.insert(event["id"].as_str().unwrap().to_owned()));
        }
    }
}

#[test]
fn times_advance_by_the_step_and_stay_inside_the_jitter() {
    let start_micros = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z
    let times = Times::Spread { start_micros, step_nanos: 1_500_000_000, jitter_micros: 10 };
    let mut generator = Generator::new(Options { times, ..options(Profile::Iot) });
    for (number, event) in events(&mut generator, 1_000).iter().enumerate() {
        let time: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
        let late = time.as_microsecond() - start_micros - number as i64 * 1_500_000;
        assert!((0..=10).contains(&late), "event {number} is {late} µs late");
    }
}

#[test]
fn a_template_is_filled_in() {
    let text = r#"{"type":"till","source":"{{pick a b}}","id":"{{id}}","user_id":"{{user}}","data":{"n":{{seq}},"cents":{{int -5 5}}}}"#;
    let template = Template::parse(text).unwrap();
    let mut generator = Generator::from_template(options(Profile::Web), template);
    for (number, event) in events(&mut generator, 500).iter().enumerate() {
        assert_eq!(event["data"]["n"], number);
        assert_eq!(event["id"], format!("g7-0-{number}"));
        assert!((-5..=5).contains(&event["data"]["cents"].as_i64().unwrap()));
        assert!(["a", "b"].contains(&event["source"].as_str().unwrap()));
    }
}

#[test]
fn a_wrong_template_is_refused_before_anything_is_sent() {
    let check = |text: &str, expected: &str| assert_eq!(Template::parse(text).unwrap_err().to_string(), expected);
    check(r#"{"a":{{sequence}}}"#, "unknown placeholder {{sequence}} in the template");
    check(r#"{"a":{{seq}"#, "{{ without }} in the template at byte 5");
    check(r#"{"a":{{int 5 1}}}"#, "{{int 5 1}} needs two whole numbers, the lower first");
    check(r#"{"a":{{int 5}}}"#, "{{int 5}} needs two whole numbers, the lower first");
    check(r#"{"a":{{pick}}}"#, "{{pick}} needs words to pick from");
    check("{{seq}}", "the filled-in template is not a JSON object: 0");
    check(r#"{"a" {{seq}}}"#, "the filled-in template is not a JSON object: expected `:` at line 1 column 6");
}
