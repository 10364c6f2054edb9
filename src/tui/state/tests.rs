use super::overview::SERIES_MAX;
use super::place::View;
use super::*;
use crate::tui::action::Question;
use crate::tui::command::Cmd;
use crate::tui::event::{Answer, Failure, Slot};
use crate::tui::fixture::{NOW, dashboard, play, press, rows, setup, showing, type_text};
use crate::tui::key::Key;

mod statements;

fn key(name: &str) -> Event {
    Event::Key { key: name.parse::<Key>().unwrap() }
}

fn questions(actions: &[Action]) -> Vec<Slot> {
    actions
        .iter()
        .filter_map(|action| if let Action::Ask { ticket, .. } = action { Some(ticket.slot) } else { None })
        .collect()
}

#[test]
fn a_connected_dashboard_has_asked_for_what_it_shows() {
    let state = dashboard();
    assert_eq!(state.overview.rate.as_ref().unwrap().series.len(), SERIES_MAX);
    assert_eq!(state.latency_field().as_deref(), Some("data.latency_ms"));
    assert!(
        state.overview.latency.is_some() && state.overview.tops.iter().all(Option::is_some) && state.status.is_some()
    );
    assert_eq!(state.tail.len(), 200, "the past and what came since, without doubles");
}

#[test]
fn nothing_happens_while_nothing_comes() {
    let (mut state, _) = State::new(setup(), NOW);
    state.take_dirty();
    assert_eq!((state.wake_at(), state.take_dirty()), (None, Dirty::Clean));
    // Connected, all answered, no events in the range: there is nothing to wake for.
    let mut state = dashboard();
    state.came = None;
    state.due = None;
    state.plan_next();
    state.note = None;
    state.take_dirty();
    assert_eq!((state.wake_at(), state.take_dirty()), (None, Dirty::Clean));
}

#[test]
fn a_paused_dashboard_does_not_ask_when_events_come() {
    let mut state = dashboard();
    press(&mut state, &["space"]);
    state.note = None;
    state.take_dirty();
    play(&mut state, Event::Live { live: Live::Rows { rows: rows(3) } });
    assert_eq!((state.wake_at(), state.take_dirty()), (None, Dirty::Clean));
}

/// What the dashboard does about the live subscription.
fn subscription(actions: &[Action]) -> Vec<&'static str> {
    let about = |action: &Action| match action {
        Action::Follow { .. } => Some("follow"),
        Action::Unfollow => Some("unfollow"),
        _ => None,
    };
    actions.iter().filter_map(about).collect()
}

#[test]
fn nothing_is_taken_from_the_server_while_everything_stands_still() {
    for view in View::ALL {
        let mut state = showing(view);
        // Text is typed into the editor.
        press(&mut state, &["esc"]);
        let mut pressed = |name| subscription(&state.update(NOW, key(name))).join(" ");
        assert_eq!([pressed("space"), pressed("j"), pressed("space")], ["unfollow", "", "follow"], "{view:?}");
        assert_eq!([pressed("["), pressed("]")], ["unfollow", "follow"], "{view:?}");
    }
}

#[test]
fn live_takes_no_events_while_one_of_them_is_looked_at() {
    let mut state = showing(View::Live);
    assert_eq!(subscription(&state.update(NOW, key("up"))), ["unfollow"]);
    let looked_at = state.tail.selected().cloned();
    state.take_dirty();
    // What was under way comes all the same.
    play(&mut state, Event::Live { live: Live::Rows { rows: rows(3) } });
    play(&mut state, Event::Live { live: Live::Counters { matched: 9, sent: 3 } });
    assert_eq!((state.tail.selected().cloned(), state.take_dirty()), (looked_at.clone(), Dirty::Clean));
    // Other views go on, and the event stays where it was.
    assert_eq!(subscription(&state.update(NOW, key("1"))), ["follow"]);
    play(&mut state, Event::Live { live: Live::Up });
    assert_eq!(subscription(&state.update(NOW, key("2"))), ["unfollow"]);
    assert_eq!(state.tail.selected().cloned(), looked_at);
    // Whoever goes on sees the newest, and no hole: the list is another, and there meanwhile.
    assert_eq!(subscription(&state.update(NOW, key("L"))), ["follow"]);
    let actions = state.update(NOW, Event::Live { live: Live::Up });
    assert!(questions(&actions).contains(&Slot::Backlog) && !state.tail.is_empty());
}

#[test]
fn live_lists_the_events_before_the_time_that_is_shown() {
    let mut state = showing(View::Live);
    let actions = state.update(NOW, key("["));
    let until = actions.iter().find_map(|action| match action {
        Action::Ask { question: Question::Events { until, .. }, .. } => until.clone(),
        _ => None,
    });
    assert_eq!(until.map(|until| crate::tui::row::micros(&until)), Some(state.range().until));
    // Standing still where it is asks nothing, and lists what was there.
    let mut state = showing(View::Live);
    assert!(questions(&state.update(NOW, key("space"))).is_empty());
    assert!(questions(&state.update(NOW, key("1"))).contains(&Slot::Rate));
    assert!(questions(&state.update(NOW, key("2"))).is_empty());
}

#[test]
fn a_server_that_goes_while_everything_stands_still_is_told_and_found_again() {
    let mut state = dashboard();
    press(&mut state, &["space"]);
    let asked = state.update(NOW, key("["));
    let Some(Action::Ask { ticket, .. }) = asked.first() else { panic!("{asked:?}") };
    let failure = Failure { message: "refused".to_owned(), hint: None, is_transient: true, place: None };
    let answer = Box::new(Answer::Failed { failure });
    let actions = state.update(NOW, Event::Answered { ticket: *ticket, answer });
    assert_eq!((state.is_stale(), subscription(&actions)), (true, vec!["follow"]));
    let actions = state.update(NOW, Event::Live { live: Live::Up });
    assert_eq!((state.is_stale(), subscription(&actions)), (false, vec!["unfollow"]));
}

#[test]
fn a_server_of_another_version_is_told_once() {
    let mut setup = setup();
    setup.version = "9.9.9";
    let mut state = crate::tui::fixture::dashboard_of(setup);
    let note = state.note.take().unwrap();
    assert_eq!(note.text, "the server has version 0.1.0, this program 9.9.9");
    press(&mut state, &["6"]);
    assert_eq!(state.note, None);
}

#[test]
fn a_history_stands_still_and_can_be_gone_through() {
    let mut setup = setup();
    setup.source = Source::History;
    let (mut state, actions) = State::new(setup, NOW);
    assert_eq!(subscription(&actions), Vec::<&str>::new());
    crate::tui::fixture::settle(&mut state, actions);
    press(&mut state, &["2"]);
    assert!(questions(&state.update(NOW, key("space"))).is_empty());
    assert!(questions(&state.update(NOW, key("["))).contains(&Slot::Backlog));
    assert!(questions(&state.update(NOW, key("L"))).contains(&Slot::Newest));
}

#[test]
fn events_are_asked_about_again_at_most_once_a_second() {
    let mut state = dashboard();
    state.due = None;
    state.update(NOW, Event::Live { live: Live::Counters { matched: 50, sent: 50 } });
    let due = state.wake_at().unwrap();
    assert!((NOW + 1_000_000..=NOW + 3_000_000).contains(&due), "{}", due - NOW);
    let asked = questions(&state.update(due, Event::Wake));
    assert!(asked.contains(&Slot::Rate) && asked.contains(&Slot::Status), "{asked:?}");
    let again = state.update(due + 1, Event::Live { live: Live::Counters { matched: 60, sent: 60 } });
    assert!(questions(&again).is_empty());
}

#[test]
fn an_old_answer_is_not_shown() {
    let mut state = dashboard();
    let first = state.update(NOW, key("+"));
    let second = state.update(NOW, key("+"));
    let ticket = |actions: &[Action]| {
        actions.iter().find_map(|action| match action {
            Action::Ask { ticket, .. } if ticket.slot == Slot::Rate => Some(*ticket),
            _ => None,
        })
    };
    let failed = |message: &str| {
        Box::new(Answer::Failed {
            failure: Failure { message: message.to_owned(), hint: None, is_transient: false, place: None },
        })
    };
    state.update(NOW, Event::Answered { ticket: ticket(&first).unwrap(), answer: failed("old") });
    assert_eq!(state.overview.failure, None);
    state.update(NOW, Event::Answered { ticket: ticket(&second).unwrap(), answer: failed("new") });
    assert_eq!(state.overview.failure.as_ref().unwrap().message, "new");
}

#[test]
fn a_filter_is_one_for_all_views_and_is_taken_off_again() {
    let mut state = dashboard();
    press(&mut state, &["/"]);
    type_text(&mut state, "type=error latency_ms>5");
    let actions = state.update(NOW, key("enter"));
    assert!(actions.contains(&Action::Follow { filter: "type=error latency_ms>5".to_owned() }));
    let rate = actions.iter().find_map(|action| match action {
        Action::Ask { question: Question::Sql { sql, .. }, ticket } if ticket.slot == Slot::Rate => Some(sql.clone()),
        _ => None,
    });
    let rate = rate.unwrap();
    assert!(rate.contains("\"type\" = 'error' AND ") && rate.contains("latency_ms") && rate.contains("> 5)"), "{rate}");
    press(&mut state, &["backspace"]);
    assert_eq!(state.place.filter, "type=error");
    press(&mut state, &["esc"]);
    assert_eq!(state.place.filter, "type=error latency_ms>5", "esc goes back to where one was");
    press(&mut state, &["ctrl-u"]);
    assert_eq!(state.place.filter, "");
}

#[test]
fn a_wrong_filter_stays_in_its_line_and_says_why() {
    let mut state = dashboard();
    press(&mut state, &["/"]);
    type_text(&mut state, "tags>5");
    press(&mut state, &["enter"]);
    let Some(Layer::Prompt(prompt)) = state.layers.last() else { panic!("{:?}", state.layers) };
    let fault = prompt.fault.as_ref().unwrap();
    assert!(fault.contains("tags"), "{fault}");
    press(&mut state, &["ctrl-c"]);
    assert!(state.layers.is_empty(), "ctrl-c leaves the field and not the dashboard");
}

#[test]
fn values_narrow_what_is_shown_and_their_events_open() {
    let mut state = showing(View::Explorer);
    press(&mut state, &["j", "l", "j"]);
    assert_eq!(state.explorer.field_name(), Some("source"));
    press(&mut state, &["enter"]);
    assert_eq!(state.place.filter, "source=/checkout");
    press(&mut state, &["x"]);
    assert_eq!(state.place.filter, "source=/checkout source!=/checkout");
    press(&mut state, &["ctrl-u", "l", "enter"]);
    assert!(matches!(state.layers.last(), Some(Layer::Detail(detail)) if detail.related.is_some()));
    press(&mut state, &["j", "enter"]);
    assert!(state.layers.is_empty());
    assert!(state.place.filter.starts_with("type="));
}

#[test]
fn an_event_that_is_alone_in_its_request_is_shown_with_those_of_its_session() {
    let mut state = showing(View::Live);
    let event =
        serde_json::json!({"type": "api.request", "correlation_id": "c1", "session_id": "s0-1", "_offset": 9_999_999});
    let row = crate::tui::row::Row::of(event.as_object().unwrap());
    play(&mut state, Event::Live { live: Live::Rows { rows: vec![row] } });
    press(&mut state, &["enter"]);
    let Some(Layer::Detail(detail)) = state.layers.last() else { panic!("{:?}", state.layers) };
    let (name, rows) = detail.related.as_ref().unwrap();
    assert_eq!((name.as_str(), rows.len()), ("session_id", 20));
}

#[test]
fn a_cell_of_the_heatmap_leads_to_its_events_and_back() {
    let mut state = showing(View::Heatmap);
    let before = state.place.clone();
    press(&mut state, &["up", "left", "left", "enter"]);
    assert_eq!((state.place.view, state.explorer.pane), (View::Explorer, super::explorer::Pane::Events));
    assert!(state.place.filter.starts_with("data.latency_ms>=") && !state.place.cursor.is_live());
    press(&mut state, &["esc"]);
    assert_eq!(state.place, before);
}

#[test]
fn the_time_cursor_moves_all_views() {
    let mut state = dashboard();
    let live = state.range();
    press(&mut state, &["["]);
    assert!(state.range().until < live.until && !state.place.cursor.is_live());
    press(&mut state, &["5", "+"]);
    assert_eq!(state.range().until - state.range().since, 300_000_000);
    press(&mut state, &["L", "1"]);
    assert!(state.place.cursor.is_live());
}

#[test]
fn a_filter_that_nothing_passes_is_explained() {
    let mistake = |filter: &str| {
        let mut state = dashboard();
        press(&mut state, &["/"]);
        type_text(&mut state, filter);
        press(&mut state, &["enter"]);
        state.mistake().map(str::to_owned)
    };
    let told = "no event has type web.clik; did you mean web.click?";
    assert_eq!(mistake("type=web.clik").as_deref(), Some(told));
    assert_eq!(mistake("os=iOS type=web.clik").as_deref(), Some(told));
    let told = "no event has the field data.pgae; did you mean data.page?";
    assert_eq!(mistake("pgae=1 type=web.clik").as_deref(), Some(told));
    assert_eq!(mistake("type=error"), None, "there are such events");
}

#[test]
fn panels_of_a_file_with_a_mistake_are_not_asked_for() {
    let mut setup = setup();
    let written = panel::Written { title: "one".to_owned(), sql: "SELECT 1".to_owned(), chart: panel::Chart::Auto };
    let failure = Failure { message: "no".to_owned(), hint: None, is_transient: false, place: None };
    setup.panels = vec![Panel::broken("bad.yaml".to_owned(), failure), Panel::new(written)];
    let state = crate::tui::fixture::dashboard_of(setup);
    assert!(matches!(&state.panels[0].answer, Some(Err(failure)) if failure.message == "no"));
    assert!(matches!(state.panels[1].answer, Some(Ok(_))));
}

#[test]
fn text_is_typed_where_it_is_typed_and_nowhere_else() {
    let mut state = showing(View::Sql);
    press(&mut state, &["i", "ctrl-u"]);
    type_text(&mut state, "q1?:/ [x]");
    assert_eq!((state.sql.sheet().editor.text().as_str(), state.place.view), ("q1?:/ [x]", View::Sql));
    play(&mut state, Event::Paste { text: "\u{1b}[31mSELECT\r\n1".to_owned() });
    assert_eq!(state.sql.sheet().editor.text(), "q1?:/ [x][31mSELECT\n1");
}

#[test]
fn what_was_known_stays_when_the_server_goes() {
    let mut state = dashboard();
    play(&mut state, Event::Live { live: Live::Down { reason: "refused".to_owned() } });
    assert!(state.is_stale() && state.overview.rate.is_some());
    assert_eq!(state.due, None, "a server that is away is not asked");
    let actions = state.update(NOW, Event::Live { live: Live::Up });
    assert!(questions(&actions).contains(&Slot::Rate));
    assert!(!state.is_stale());
}

#[test]
fn signals_and_the_end_of_the_terminal_end_it() {
    for event in [
        Event::InputEnded,
        Event::Signal { signal: Signal::Terminate },
        Event::Signal { signal: Signal::Hangup },
        Event::Signal { signal: Signal::Interrupt },
        Event::Signal { signal: Signal::Quit },
    ] {
        assert_eq!(dashboard().update(NOW, event), [Action::Quit { why: Ending::Interrupted }]);
    }
    assert_eq!(dashboard().update(NOW, key("q")), [Action::Quit { why: Ending::Left }]);
    assert_eq!(dashboard().update(NOW, key("ctrl-c")), [Action::Quit { why: Ending::Left }]);
}

#[test]
fn a_session_that_was_written_down_plays_again() {
    let events = [
        Event::Live { live: Live::Up },
        Event::Live { live: Live::Rows { rows: rows(5) } },
        key("2"),
        key("up"),
        Event::Resize { width: 100, height: 30 },
        Event::Mouse { mouse: Mouse::Click { x: 3, y: 7 } },
    ];
    let written: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let run = |events: Vec<Event>| {
        let (mut state, _) = State::new(setup(), NOW);
        let actions: Vec<Vec<Action>> = events.into_iter().map(|event| state.update(NOW, event)).collect();
        (actions, state.tail.selected().cloned())
    };
    let again = written.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(run(events.to_vec()), run(again));
}

#[test]
fn every_command_that_has_keys_does_something_or_says_why_not() {
    for view in View::ALL {
        let mut shown = showing(view);
        shown.sql.focus = super::sql::Focus::Results;
        for (entry, keys) in setup().keymap.entries().filter(|(entry, _)| !entry.context.is_text()) {
            let mut state = shown.clone();
            state.take_dirty();
            state.update(NOW, Event::Key { key: keys[0] });
            assert_eq!(state.take_dirty(), Dirty::Now, "{} in {view:?}", entry.name);
        }
    }
}

#[test]
fn copied_commands_say_what_is_shown() {
    let mut state = dashboard();
    press(&mut state, &["/"]);
    type_text(&mut state, "data.page='it''s'");
    press(&mut state, &["enter"]);
    assert!(state.command_line().ends_with(r"--filter 'data.page='\''it'\'''\''s'\'''"), "{}", state.command_line());
    for view in View::ALL {
        let mut state = showing(view);
        let mut actions = Vec::new();
        state.command(Cmd::Copy, &mut actions);
        assert!(matches!(actions.as_slice(), [Action::Copy { text }] if text.starts_with("streamflow ")));
    }
}
