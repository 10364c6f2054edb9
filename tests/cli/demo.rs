//! The demo: what a new user does, only by what is on the screen.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::Place;
use crate::screen::Screen;

const SIZE: (u16, u16) = (120, 40);
/// A short past, for tests need no long one.
const HISTORY: &str = "--history=3m";

/// From the first command to a chart of one's own: each step does what the screen says, and waits for what it promises.
#[test]
fn a_new_user_finds_the_slow_page() {
    let place = Place::new();
    let mut screen = Screen::of_program(&place, SIZE, &["demo", HISTORY]);
    screen.shows("tour 1 of 7");
    // The tour: something breaks, 5 shows when it got slow, 3 who has it.
    screen.press("5");
    screen.shows("data.latency_ms over time");
    // The incident: whole cells of errors, marked without colour.
    screen.until("a cell of errors", |text| text.lines().skip(3).take(30).any(|line| line.contains("!!")));
    screen.press("3");
    screen.shows("Who has the errors");
    // j to severity, l to its values, enter on high.
    screen.press("jjl");
    screen.press_until("j", "high");
    screen.shows("medium");
    let select_high = |screen: &mut Screen| {
        let lines: Vec<String> = screen.text().lines().map(str::to_owned).collect();
        let is_first = lines.iter().position(|line| line.contains(" high "))
            < lines.iter().position(|line| line.contains(" medium "));
        screen.press(if is_first { "kkkk\r" } else { "\r" });
    };
    select_high(&mut screen);
    screen.shows("/ severity=");
    screen.shows("What they have in common");
    // The events, and one of them.
    screen.press("ll");
    screen.press_until("\r", "One event, whole");
    // Escape by itself: with another key behind it, terminals take it for alt.
    screen.press("\x1b");
    screen.shows_no("ingested_at");
    screen.press("4");
    screen.shows("Ask anything");
    // SQL with completion, drawn.
    screen.press("i");
    screen.shows("esc leaves the editor");
    screen.press(
        "\x15SELECT data.pa\t, count(*) AS errors FROM events WHERE severity = 'high' GROUP BY 1 ORDER BY 2 DESC",
    );
    screen.shows("SELECT data.page, count(*)");
    // Asked again until the incident has begun.
    screen.press_until("\x12", "/checkout");
    screen.press("\x14");
    screen.shows("That was the tour");
    // Pinned, it is on the overview.
    // The first may end a statement that still runs.
    screen.press_until("\x1b", "i edits");
    screen.press("p");
    screen.shows("name of the panel: errors by");
    screen.press("\x15Errors of pages\r");
    screen.shows("kept in dashboards/errors-of-pages.yaml");
    screen.press("1");
    screen.shows("Slowest pages");
    screen.shows("Errors of pages");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    screen.shows("gone with it");
    screen.shows("streamflow init");
    let left = std::fs::read_dir(place.home())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("streamflow-demo"));
    assert_eq!(left.count(), 0, "the demo leaves nothing behind");
}

#[test]
fn without_the_dashboard_it_prints_addresses_and_ends_on_ctrl_c() {
    let place = Place::new();
    let mut command = place.command(&["demo", "--no-tui", "-o", "ndjson", "--history=10s"]);
    let mut child = command.env("TMPDIR", place.home()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let demo: Value = serde_json::from_str(&line).unwrap();
    let url = demo["gateway"].as_str().unwrap();
    let stored = || {
        place.run(&["status", "--server", url, "--jq", ".events.stored"]).exits(0).out.trim().parse::<u64>().unwrap()
    };
    assert!(stored() >= demo["history_events"].as_u64().unwrap());
    assert!(demo["incident_in_seconds"].as_u64().unwrap() <= 60);
    let pages = place.run(&["top", "pages", "--server", url, "-o", "json"]).exits(0).json();
    assert!(!pages["rows"].as_array().unwrap().is_empty());
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(demo["project"].as_str().unwrap()).exists());
}
