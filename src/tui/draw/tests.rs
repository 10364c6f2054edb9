use std::collections::HashMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

use super::screen;
use crate::tui::command::ALL;
use crate::tui::event::{Event, Live, Mouse};
use crate::tui::fixture::{NOW, dashboard, play, press, rows, setup, showing, type_text};
use crate::tui::key::Key;
use crate::tui::row::Row;
use crate::tui::state::place::View;
use crate::tui::state::{Colours, Source, State};
use crate::tui::theme::{Ability, Depth, Dots, Glyphs, Theme};

const ABILITY: Ability = Ability { depth: Depth::Palette, glyphs: Glyphs::Blocks, dots: Dots::Braille };
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 15)];

pub(super) fn drawn(state: &State, size: (u16, u16), colours: Colours, ability: Ability) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    screen(state, &Theme::of(colours, ability), &mut buffer);
    buffer
}

fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

/// A letter for each style, as a grid, with what the letters mean below.
fn styles_of(buffer: &Buffer) -> String {
    let mut letters: HashMap<Style, char> = HashMap::new();
    let mut legend = String::new();
    let mut grid = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = Style::new().fg(cell.fg).bg(cell.bg).add_modifier(cell.modifier);
            let next = char::from_u32('a' as u32 + letters.len() as u32).unwrap();
            let letter = *letters.entry(style).or_insert_with(|| {
                writeln!(legend, "{next} {:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier).unwrap();
                next
            });
            line.push(
                if style == Style::new().fg(cell.fg).bg(cell.bg)
                    && cell.symbol() == " "
                    && cell.bg == ratatui_core::style::Color::Reset
                {
                    ' '
                } else {
                    letter
                },
            );
        }
        writeln!(grid, "{}", line.trim_end()).unwrap();
    }
    format!("{grid}{legend}")
}

/// Text and styles of a state in every size, and in dark, light and without colours.
fn check(name: &str, state: &State) {
    for size in SIZES {
        let mut state = state.clone();
        state.size = size;
        let dark = drawn(&state, size, Colours::Dark, ABILITY);
        let mono = drawn(&state, size, Colours::None, ABILITY);
        let light = drawn(&state, size, Colours::Light, ABILITY);
        assert_eq!(text_of(&dark), text_of(&light), "colours change no text");
        let picture = format!(
            "{}\n== without colours\n{}\n== styles, dark\n{}\n== styles, light\n{}\n== styles, without colours\n{}",
            text_of(&dark),
            text_of(&mono),
            styles_of(&dark),
            styles_of(&light),
            styles_of(&mono)
        );
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), picture);
    }
}

#[test]
fn overview_looks_as_it_did() {
    check("overview", &showing(View::Overview));
}

#[test]
fn live_looks_as_it_did() {
    let mut state = showing(View::Live);
    play(&mut state, Event::Live { live: Live::Counters { matched: 1_260, sent: 60 } });
    play(&mut state, Event::Live { live: Live::Gap { missed: 31 } });
    check("live", &state);
    press(&mut state, &["up", "up"]);
    check("live-standing", &state);
}

#[test]
fn explorer_looks_as_it_did() {
    let mut state = showing(View::Explorer);
    press(&mut state, &["j", "l", "j"]);
    check("explorer", &state);
}

#[test]
fn sql_looks_as_it_did() {
    let mut state = showing(View::Sql);
    press(&mut state, &["ctrl-r"]);
    check("sql", &state);
    press(&mut state, &["n"]);
    type_text(&mut state, "SELECT s");
    press(&mut state, &["tab"]);
    check("statements", &state);
}

#[test]
fn heatmap_looks_as_it_did() {
    let mut state = showing(View::Heatmap);
    press(&mut state, &["up", "left", "left"]);
    check("heatmap", &state);
}

#[test]
fn health_looks_as_it_did() {
    check("health", &showing(View::Health));
}

#[test]
fn layers_look_as_they_did() {
    let mut state = showing(View::Live);
    press(&mut state, &["enter", "j", "j"]);
    check("event", &state);
    let mut state = dashboard();
    press(&mut state, &[":"]);
    type_text(&mut state, "zo");
    check("commands", &state);
    let mut state = dashboard();
    press(&mut state, &["?"]);
    check("help", &state);
}

#[test]
fn lines_are_made_of_what_the_terminal_has_and_are_the_same_lines() {
    // Of the latencies: the cells that a line goes through, whatever it is made of.
    let cells = |dots| {
        let buffer = drawn(&showing(View::Overview), (120, 40), Colours::Dark, Ability { dots, ..ABILITY });
        let text = text_of(&buffer);
        let used = |c: char| !c.is_ascii() && !"─■●▁▂▃▄▅▆▇█…".contains(c);
        let lines: Vec<String> = text.lines().map(|line| line.chars().skip(60).collect()).collect();
        lines.iter().map(|line| line.chars().map(used).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let count = |cells: &[Vec<bool>]| cells.iter().flatten().filter(|used| **used).count();
    let braille = cells(Dots::Braille);
    assert!(count(&braille) > 50, "{}", count(&braille));
    // Octants have the same dots. Some of their characters are blocks that bars are made of, too.
    let octants = cells(Dots::Octants);
    let is_within =
        |a: &[Vec<bool>], b: &[Vec<bool>]| a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| *b || !a);
    assert!(is_within(&octants, &braille) && count(&octants) * 10 > count(&braille) * 8);
    for dots in [Dots::Sextants, Dots::Quadrants] {
        assert!(count(&cells(dots)) > 30, "{dots:?}");
    }
}

#[test]
fn titles_can_be_read() {
    let state = dashboard();
    for colours in [Colours::Dark, Colours::Light] {
        let buffer = drawn(&state, (80, 24), colours, ABILITY);
        let theme = Theme::of(colours, ABILITY);
        let line = text_of(&buffer).lines().position(|line| line.contains("Events by type")).unwrap();
        let title = &buffer[(1, line as u16)];
        assert!(Some(title.fg) != theme.rule.fg && title.modifier.contains(ratatui_core::style::Modifier::BOLD));
    }
}

#[test]
fn ascii_is_ascii() {
    for view in View::ALL {
        let mut state = showing(view);
        press(&mut state, &["ctrl-r", "up", "left"]);
        for colours in [Colours::Dark, Colours::None] {
            let ability = Ability { depth: Depth::Sixteen, glyphs: Glyphs::Ascii, dots: Dots::Braille };
            let text = text_of(&drawn(&state, (100, 30), colours, ability));
            // Dots of an ellipsis and marks of text from events are letters, not drawing.
            let odd: String = text.chars().filter(|c| !c.is_ascii() && !"…·‼∅�".contains(*c)).collect();
            assert_eq!(odd, "", "{view:?}\n{text}");
        }
    }
}

#[test]
fn what_is_cut_off_by_the_server_going_is_set_back_and_told() {
    let mut state = dashboard();
    play(&mut state, Event::Live { live: Live::Down { reason: "cannot connect".to_owned() } });
    let buffer = drawn(&state, (80, 24), Colours::Dark, ABILITY);
    let text = text_of(&buffer);
    assert!(text.contains("NO SERVER since 12:34:56") && text.contains("cannot connect"), "{text}");
    assert!(text.contains("Events by type"), "the last state is still there");
    assert!(buffer[(1, 4)].modifier.contains(ratatui_core::style::Modifier::DIM));
}

#[test]
fn the_live_view_tells_what_it_does_not_show() {
    let mut state = showing(View::Live);
    play(&mut state, Event::Live { live: Live::Counters { matched: 10_000, sent: 200 } });
    let shown = |state: &State| text_of(&drawn(state, (100, 24), Colours::Dark, ABILITY));
    assert!(shown(&state).contains("9,800 of 10,000 not shown"), "{}", shown(&state));
    play(&mut state, Event::Live { live: Live::Gap { missed: 5 } });
    assert!(shown(&state).contains("9,805 of 10,005 not shown, 5 of them missed"));
}

/// The text of a state on a screen of 80 columns and 24 lines.
fn small(state: &State) -> String {
    let mut state = state.clone();
    state.size = (80, 24);
    text_of(&drawn(&state, (80, 24), Colours::Dark, ABILITY))
}

#[test]
fn free_space_that_nobody_looked_for_is_not_known() {
    let mut state = showing(View::Health);
    assert!(small(&state).contains("disk free       75 GiB"));
    for untold in [0, u64::MAX] {
        state.status.as_mut().unwrap().journal.disk_free_bytes = untold;
        assert!(small(&state).contains("disk free       not known yet"), "{}", small(&state));
    }
}

#[test]
fn numbers_on_the_overview_agree() {
    let text = small(&dashboard());
    let errors = text.lines().find_map(|line| line.split(" are ").nth(1)).unwrap().split_whitespace().next().unwrap();
    let tiles: Vec<&str> = text.lines().nth(4).unwrap().split_whitespace().collect();
    assert_eq!(tiles[1], errors, "{text}");
    assert!(text.contains("LAST 45 S") && tiles.iter().any(|tile| tile.ends_with("/s")), "{text}");
}

#[test]
fn a_filter_has_room_beside_the_tabs() {
    let mut state = dashboard();
    let filter = "source=web-app data.page=/checkout";
    press(&mut state, &["/"]);
    type_text(&mut state, filter);
    press(&mut state, &["enter"]);
    state.size = (80, 24);
    let text = small(&state);
    assert!(text.contains(&format!("/ {filter}")) && text.contains("1 Overview"), "{text}");
    // A click finds the tab where it is drawn.
    let x = text.lines().nth(1).unwrap().find(" 4 ").unwrap() + 1;
    play(&mut state, Event::Mouse { mouse: Mouse::Click { x: x as u16, y: 1 } });
    assert_eq!(state.place.view, View::Sql);
}

#[test]
fn a_list_of_commands_has_a_frame_and_nothing_shines_through() {
    let mut state = dashboard();
    press(&mut state, &[":"]);
    let text = small(&state);
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let top = lines.iter().position(|line| line.contains(&'┌')).unwrap();
    let (left, right) = (7, 72);
    assert_eq!((lines[top][left], lines[top][right]), ('┌', '┐'), "{text}");
    for line in &lines[top + 1..top + 13] {
        assert_eq!((line[left], line[right]), ('│', '│'), "{text}");
        assert_eq!((line[left - 1], line.get(right + 1).copied().unwrap_or(' ')), (' ', ' '), "{text}");
    }
    assert_eq!(lines[top + 13][left], '└', "{text}");
}

#[test]
fn an_event_has_room_for_those_of_its_session_beside_the_tour() {
    let mut setup = setup();
    setup.tour = true;
    let mut state = crate::tui::fixture::dashboard_of(setup);
    press(&mut state, &["2", "enter"]);
    assert!(small(&state).contains("Same session_id") && small(&state).contains("tour"), "{}", small(&state));
}

#[test]
fn a_filter_with_a_mistake_is_explained_in_every_view() {
    for view in [View::Overview, View::Live, View::Explorer, View::Heatmap] {
        let mut state = showing(view);
        press(&mut state, &["/"]);
        type_text(&mut state, "type=web.clik");
        press(&mut state, &["enter"]);
        let text = small(&state).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("did you mean"), "{view:?}: {}", small(&state));
    }
}

#[test]
fn a_panel_that_the_filter_does_not_reach_says_so() {
    use crate::tui::state::panel::{Chart, Panel, Written};
    let panel = |title: &str, sql: &str| {
        Panel::new(Written { title: title.to_owned(), sql: sql.to_owned(), chart: Chart::Auto })
    };
    let mut setup = setup();
    setup.panels = vec![panel("one", "SELECT 1"), panel("two", "SELECT 1 FROM events WHERE $filter")];
    let mut state = crate::tui::fixture::dashboard_of(setup);
    let told =
        |state: &State| text_of(&drawn(state, (120, 40), Colours::Dark, ABILITY)).matches("not filtered").count();
    assert_eq!(told(&state), 0);
    press(&mut state, &["/"]);
    type_text(&mut state, "os=iOS");
    press(&mut state, &["enter"]);
    assert_eq!(told(&state), 1);
}

#[test]
fn a_mistake_in_a_statement_says_where_it_is() {
    use crate::tui::event::{Answer, Failure};
    let mut state = showing(View::Sql);
    let asked = state.update(NOW, Event::Key { key: "ctrl-r".parse().unwrap() });
    let ticket = asked.iter().find_map(|action| match action {
        crate::tui::action::Action::Ask { ticket, .. } => Some(*ticket),
        _ => None,
    });
    let failure = Failure { message: "no nme".to_owned(), hint: None, is_transient: false, place: Some((2, 5)) };
    let answer = Box::new(Answer::Failed { failure });
    state.update(NOW, Event::Answered { ticket: ticket.unwrap(), answer });
    assert!(small(&state).contains("error: line 2, column 5: no nme"), "{}", small(&state));
    assert_eq!(state.sql.sheet().editor.cursor(), (1, 4));
}

#[test]
fn a_cancelled_statement_says_so() {
    let mut state = showing(View::Sql);
    state.update(NOW, Event::Key { key: "ctrl-r".parse().unwrap() });
    // Leaving it does not make it another.
    press(&mut state, &["esc", "esc"]);
    assert!(small(&state).contains("cancelled before there were rows"), "{}", small(&state));
    press(&mut state, &["r"]);
    state.update(NOW, Event::Key { key: "ctrl-r".parse().unwrap() });
    press(&mut state, &["esc"]);
    assert!(small(&state).contains("cancelled; the answer before it has 6 rows"), "{}", small(&state));
}

#[test]
fn the_cursor_is_seen_in_a_line_that_is_wider_than_the_screen() {
    let mut state = showing(View::Sql);
    press(&mut state, &["i", "ctrl-u"]);
    type_text(&mut state, &format!("SELECT '{}' AS the_end", "x".repeat(150)));
    let place = |state: &State| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        let place = screen(state, &Theme::of(Colours::Dark, ABILITY), &mut buffer).unwrap();
        let line: String = (0..80).map(|x| buffer[(x, place.1)].symbol()).collect();
        (place.0, line.trim_end().to_owned())
    };
    let (x, line) = place(&state);
    assert!(line.ends_with("AS the_end") && line.chars().count() == usize::from(x), "{x}: {line}");
    press(&mut state, &["home"]);
    let (x, line) = place(&state);
    assert!(x == 1 && line.trim_start().starts_with("SELECT '"), "{x}: {line}");
}

#[test]
fn a_context_that_is_protected_says_that_nothing_is_written() {
    let mut setup = setup();
    setup.is_protected = true;
    assert!(small(&crate::tui::fixture::dashboard_of(setup)).contains("PROTECTED, read-only"));
}

#[test]
fn nothing_of_an_event_reaches_the_screen_as_a_control() {
    let mut state = showing(View::Live);
    let event = serde_json::json!({"timestamp": "2026-11-23T12:34:56Z", "type": "\u{1b}[2J\u{7}", "source": "a\u{202e}b", "severity": "high",
        "data": {"k\u{1b}": "v\r\n", "o": {"\u{9b}31m": 1}}, "_offset": 9_999_999});
    let row = Row::of(event.as_object().unwrap());
    play(&mut state, Event::Live { live: Live::Rows { rows: vec![row] } });
    for keys in [&[][..], &["enter"]] {
        press(&mut state, keys);
        let text = text_of(&drawn(&state, (120, 40), Colours::Dark, ABILITY));
        assert!(!text.chars().any(|c| c != '\n' && c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
    }
}

/// Something that may happen while somebody looks.
#[derive(Debug, Clone)]
enum Happening {
    Command(usize),
    Text(String),
    Resize(u16, u16),
    Rows(Vec<String>),
    Down,
    Up,
    Click(u16, u16),
    Gap(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..ALL.len()).prop_map(Happening::Command),
        2 => "\\PC{0,12}".prop_map(Happening::Text),
        2 => (0_u16..220, 0_u16..80).prop_map(|(w, h)| Happening::Resize(w, h)),
        2 => proptest::collection::vec(".{0,40}", 0..5).prop_map(Happening::Rows),
        1 => Just(Happening::Down),
        1 => Just(Happening::Up),
        1 => (0_u16..220, 0_u16..80).prop_map(|(x, y)| Happening::Click(x, y)),
        1 => any::<u64>().prop_map(|missed| Happening::Gap(missed >> 32)),
    ]
}

fn happen(state: &mut State, happening: Happening) {
    match happening {
        Happening::Command(at) => {
            if let Some(key) = state.setup.keymap.key_of(ALL[at].context, ALL[at].cmd) {
                play(state, Event::Key { key });
            }
        }
        Happening::Text(text) => {
            for c in text.chars() {
                play(state, Event::Key { key: Key::plain(crate::tui::key::Code::Char(c)) });
            }
        }
        Happening::Resize(width, height) => play(state, Event::Resize { width, height }),
        Happening::Rows(texts) => {
            let row = |text: &String| {
                let event = serde_json::json!({"type": text, "source": text, "user_id": text, "severity": text, "data": {text: text, "n": [text]}});
                Row::of(event.as_object().unwrap())
            };
            play(state, Event::Live { live: Live::Rows { rows: texts.iter().map(row).collect() } });
        }
        Happening::Down => play(state, Event::Live { live: Live::Down { reason: "gone".to_owned() } }),
        Happening::Up => play(state, Event::Live { live: Live::Up }),
        Happening::Click(x, y) => play(state, Event::Mouse { mouse: Mouse::Click { x, y } }),
        Happening::Gap(missed) => play(state, Event::Live { live: Live::Gap { missed } }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn drawing_never_panics(happenings in proptest::collection::vec(happening(), 1..12), width in 0_u16..200, height in 0_u16..60) {
        let mut state = crate::tui::fixture::dashboard();
        state.tour = (width % 2 == 0).then(Default::default);
        for happening in happenings {
            happen(&mut state, happening);
            for (colours, glyphs, dots) in [
                (Colours::Dark, Glyphs::Blocks, Dots::Octants),
                (Colours::Light, Glyphs::Blocks, Dots::Sextants),
                (Colours::Dark, Glyphs::Blocks, Dots::Quadrants),
                (Colours::None, Glyphs::Ascii, Dots::Braille),
            ] {
                drawn(&state, (width, height), colours, Ability { depth: Depth::True, glyphs, dots });
            }
            drawn(&state, state.size, Colours::Light, ABILITY);
        }
    }
}

#[test]
fn every_view_can_be_drawn_in_every_small_size() {
    for view in View::ALL {
        let mut state = showing(view);
        for width in (0..12).chain([20, 39, 71, 72, 73]) {
            for height in (0..9).chain([14, 19, 20, 21]) {
                state.size = (width, height);
                drawn(&state, (width, height), Colours::Dark, ABILITY);
            }
        }
    }
}

#[test]
fn a_history_says_that_it_is_one() {
    let mut setup = setup();
    setup.source = Source::History;
    let (mut state, actions) = State::new(setup, NOW);
    crate::tui::fixture::settle(&mut state, actions);
    play(&mut state, Event::Live { live: Live::Rows { rows: rows(1) } });
    assert!(text_of(&drawn(&state, (80, 24), Colours::Dark, ABILITY)).contains("HISTORY, read-only"));
}
