//! The dashboard in a real terminal: what a person sees, and how it leaves the terminal behind.

use rustix::process::Signal;

use crate::program::Place;
use crate::screen::Screen;
use crate::server::Server;

const SIZE: (u16, u16) = (100, 30);

fn server_with_events() -> Server {
    let place = Place::new();
    place.write("config.yaml", "");
    let server = Server::start_in(place, &[]);
    server.run(&["send", "--generate", "2000", "--over", "10m"]).exits(0);
    server
}

fn dashboard(server: &Server) -> Screen {
    let screen = Screen::of_program(&server.place, SIZE, &["tui"]);
    screen.shows("Events by type");
    screen.shows("web.pageview");
    screen
}

#[test]
fn views_show_what_the_server_has() {
    let server = server_with_events();
    let mut screen = dashboard(&server);
    screen.shows("2,000");
    screen.press("2");
    screen.shows("Following");
    server.run(&["send", "till.opened", "-d", "page=/counter"]).exits(0);
    screen.shows("till.opened");
    screen.press("\x1b[A\r");
    screen.shows("ingested_at");
    // Escape by itself: with another key behind it, terminals take it for alt.
    screen.press("\x1b");
    screen.shows_no("ingested_at");
    screen.press("3");
    screen.shows("data.page");
    screen.press("4");
    screen.shows("GROUP BY type");
    screen.press("\x12");
    screen.shows("events read in");
    screen.press("5");
    screen.shows("data.latency_ms over time");
    screen.press("6");
    screen.shows("healthy");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    assert!(!screen.is_taken() && !screen.hides_cursor());
}

#[test]
fn a_filter_holds_in_every_view() {
    let server = server_with_events();
    let mut screen = dashboard(&server);
    screen.press("/");
    screen.shows("source!=web");
    screen.press("type=order.paid\r");
    screen.shows("/ type=order.paid");
    screen.shows_no("web.pageview");
    screen.press("2");
    screen.shows("order.paid");
    screen.shows_no("web.click");
}

#[test]
fn a_server_that_goes_and_comes_back_is_found_again() {
    let mut server = server_with_events();
    let screen = dashboard(&server);
    server.signal(Signal::TERM);
    server.wait();
    screen.shows("NO SERVER");
    screen.shows("Events by type");
    let _again = server.again(&[]);
    screen.shows_no("NO SERVER");
    screen.shows("live");
}

#[test]
fn a_server_that_hangs_is_not_called_live() {
    let server = server_with_events();
    let screen = dashboard(&server);
    screen.shows("live");
    server.signal(Signal::STOP);
    let text = screen.shows("no sign of life for 5 s");
    assert!(text.contains("NO SERVER since") && text.contains("Events by type"), "{text}");
    server.signal(Signal::CONT);
    screen.shows_no("NO SERVER");
    screen.shows("live");
}

#[test]
fn a_mistake_in_a_file_of_panels_is_shown_in_their_place() {
    let server = server_with_events();
    server.place.write("dashboards/bad.yaml", "panels:\n  - title: Orders\n    sqll: SELECT 1\n");
    server
        .place
        .write("dashboards/good.yaml", "panels:\n  - title: One\n    sql: SELECT 4242 AS n\n    chart: number\n");
    let screen = dashboard(&server);
    screen.shows("4242");
    let text = screen.shows("bad.yaml");
    assert_eq!(text.matches("line 3, column 5").count(), 1, "{text}");
    assert_eq!(text.matches("sqll").count(), 1, "{text}");
}

#[test]
fn history_opens_without_a_server() {
    let mut server = server_with_events();
    server.signal(Signal::TERM);
    server.wait();
    let mut screen = Screen::of_program(&server.place, SIZE, &["tui"]);
    screen.shows("HISTORY, read-only");
    screen.shows("web.pageview");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn nothing_to_show_says_what_to_type() {
    let place = Place::new();
    let mut screen = Screen::of_program(&place, SIZE, &["tui"]);
    assert_eq!(screen.ends(), 3);
    screen.shows("streamflow demo");
    place.run(&["tui"]).exits(2).says("needs a terminal").says("streamflow top");
    place.run(&["demo"]).exits(2).says("streamflow demo --no-tui");
    let shell = std::path::Path::new("/bin/sh");
    let mut screen = Screen::of(&place, SIZE, shell, &["-c", "TERM=dumb exec \"$PROGRAM\" tui"]);
    assert_eq!(screen.ends(), 2);
    screen.shows("streamflow top");
    assert!(screen.text().contains("TERM=dumb") && !screen.written().contains("\u{1b}[?1049h"));
}

#[test]
fn the_terminal_is_given_back_whatever_ends_it() {
    let server = server_with_events();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut screen = dashboard(&server);
        assert!(screen.is_taken());
        screen.signal(signal);
        assert_eq!(screen.ends(), 130, "{signal:?}");
        screen.until("the shell's screen", |_| !screen.is_taken() && !screen.hides_cursor());
    }
    let mut screen = dashboard(&server);
    screen.close();
    screen.ends();
}

#[test]
fn the_terminal_is_given_back_after_an_error() {
    let server = server_with_events();
    // Each event of the session is written down, and there is no room for any.
    let mut screen = Screen::of_program(&server.place, SIZE, &["tui", "--record", "/dev/full"]);
    assert_eq!(screen.ends(), 130);
    screen.shows("No space left");
    assert!(screen.written().contains("\u{1b}[?1049h") && !screen.is_taken() && !screen.hides_cursor());
}

#[test]
fn live_takes_nothing_from_the_server_while_it_stands_still() {
    let server = server_with_events();
    let mut screen = dashboard(&server);
    let viewers = || {
        let status = server.run(&["status", "-o", "json"]).exits(0).json();
        status["live_subscribers"].as_u64().unwrap()
    };
    screen.press("2");
    screen.shows("Following");
    assert_eq!(viewers(), 1);
    screen.press(" ");
    screen.shows("PAUSED");
    screen.until("nobody who follows", |_| viewers() == 0);
    server.run(&["send", "till.opened", "-d", "page=/counter"]).exits(0);
    assert!(!screen.text().contains("till.opened"));
    // What came meanwhile is there when it goes on.
    screen.press("L");
    screen.shows("till.opened");
    screen.until("one who follows", |_| viewers() == 1);
    // Looking at one event, and leaving it.
    screen.press("\x1b[A");
    screen.shows("Standing still");
    screen.until("nobody who follows", |_| viewers() == 0);
    screen.press("G");
    screen.shows("Following");
}

#[test]
fn a_bundle_is_looked_into_as_a_whole() {
    let server = server_with_events();
    server.run(&["bundle", "export", "incident.sfb", "--last", "20m"]).exits(0);
    let elsewhere = Place::new();
    std::fs::rename(server.place.dir().join("incident.sfb"), elsewhere.dir().join("incident.sfb")).unwrap();
    drop(server);
    let mut screen = Screen::of_program(&elsewhere, SIZE, &["tui", "incident.sfb"]);
    screen.shows("HISTORY, read-only");
    screen.shows("web.pageview");
    // All of it, not the last minutes only.
    let text = screen.shows("2,000");
    assert!(text.contains("incident.sfb") && text.contains("a bundle"), "{text}");
    screen.press("2");
    screen.shows("events before");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    elsewhere.write("none.sfb", "SELECT 1");
    let mut screen = Screen::of_program(&elsewhere, SIZE, &["tui", "none.sfb"]);
    assert_eq!(screen.ends(), 2);
    screen.shows("it is no bundle");
}

#[test]
fn lines_are_made_of_what_is_asked_for() {
    let server = server_with_events();
    for (glyphs, sign) in [("octants", '\u{1cd00}'..='\u{1cde5}'), ("sextants", '\u{1fb00}'..='\u{1fb3b}')] {
        let screen = Screen::of_program(&server.place, SIZE, &["tui", "--glyphs", glyphs]);
        screen.until(glyphs, |text| text.chars().any(|c| sign.contains(&c)));
    }
    // This terminal says no name.
    let screen = dashboard(&server);
    screen.until("braille", |text| text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)));
}

#[test]
fn an_editor_has_the_keys_to_itself() {
    let server = server_with_events();
    // It asks for a line, as editors read keys from the terminal.
    let editor = "printf 'EDITOR> '; read -r line; printf \"SELECT '%s' AS typed\" \"$line\" > \"$1\"";
    server.place.write("editor.sh", editor);
    let call = "EDITOR='sh editor.sh' exec \"$PROGRAM\" tui";
    let mut screen = Screen::of(&server.place, SIZE, std::path::Path::new("/bin/sh"), &["-c", call]);
    screen.shows("web.pageview");
    screen.press("4");
    screen.shows("GROUP BY type");
    for word in ["every key of this", "and of that"] {
        screen.press("\x05");
        screen.shows("EDITOR> ");
        // One after the other, as fingers do.
        for key in word.chars() {
            screen.press(&key.to_string());
            screen.shows(&word[..=word.find(key).unwrap_or_default()]);
        }
        screen.press("\r");
        screen.shows(&format!("SELECT '{word}' AS typed"));
    }
    screen.press("\x12");
    screen.shows("and of that");
    screen.shows("1 row");
    // The statement is there in the next session, and in the shell.
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    let history = std::fs::read_to_string(server.place.home().join(".local/state/streamflow/sql_history")).unwrap();
    assert_eq!(history, "SELECT 'and of that' AS typed\n");
    let mut screen = dashboard(&server);
    screen.press("4");
    screen.shows("GROUP BY type");
    screen.press("\x10");
    screen.shows("SELECT 'and of that' AS typed");
}

#[test]
fn an_idle_dashboard_writes_nothing() {
    let place = Place::new();
    place.write("config.yaml", "");
    let server = Server::start_in(place, &[]);
    server.run(&["send", "--generate", "100", "--over", "30s"]).exits(0);
    let mut screen = Screen::of_program(&server.place, SIZE, &["tui"]);
    screen.shows("web.pageview");
    screen.press(" ");
    screen.shows("PAUSED");
    // What was asked before the pause may still come; then there is silence, whatever comes in.
    let quiet = |screen: &Screen| {
        let mut before = screen.bytes();
        for _ in 0..100 {
            std::thread::sleep(std::time::Duration::from_millis(500));
            let now = screen.bytes();
            if now == before {
                return now;
            }
            before = now;
        }
        panic!("it never comes to rest");
    };
    let before = quiet(&screen);
    server.run(&["send", "--generate", "500"]).exits(0);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(screen.bytes(), before);
}

/// Runs the dashboard as a job of a real shell: stopped by ctrl-z, brought back by fg.
#[test]
fn a_shell_can_stop_it_and_bring_it_back() {
    let server = server_with_events();
    let bash = std::path::Path::new("/bin/bash");
    let mut screen = Screen::of(&server.place, SIZE, bash, &["--norc", "--noprofile", "-i"]);
    screen.press("PS1='READY> '\r");
    screen.shows("READY>");
    screen.press("$PROGRAM tui\r");
    screen.shows("Events by type");
    screen.press("\x1a");
    screen.until("the shell", |text| !screen.is_taken() && text.contains("Stopped"));
    screen.press("stty -a | tr ' ' '\\n' | grep -c -e '^echo;*$' -e '^icanon;*$' -e '^isig;*$' | sed 's/^/modes:/'\r");
    screen.shows("modes:3");
    screen.press("fg\r");
    screen.until("the dashboard", |text| screen.is_taken() && text.contains("Events by type"));
    screen.press("3");
    screen.shows("Fields");
    screen.press("q");
    screen.until("the shell", |_| !screen.is_taken());
    screen.press("echo code:$?\r");
    screen.shows("code:0");
}
