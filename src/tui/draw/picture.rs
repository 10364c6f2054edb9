//! Turns a screen into an SVG for the documentation, and keeps the two equal.

use std::fmt::Write as _;
use std::path::PathBuf;

use ratatui_core::buffer::Buffer;
use ratatui_core::style::{Color, Modifier};

use super::tests::drawn;
use crate::tui::event::{Event, Live};
use crate::tui::fixture::{play, press, setup, showing};
use crate::tui::state::place::View;
use crate::tui::state::{Colours, State};
use crate::tui::theme::{Ability, Depth, Dots, Glyphs};

const CELL: (f64, f64) = (8.4, 18.0);
const SIZE: (u16, u16) = (110, 34);

struct Paper {
    back: &'static str,
    front: &'static str,
}

const DARK: Paper = Paper { back: "#12151c", front: "#d8dee9" };
const LIGHT: Paper = Paper { back: "#fbfbfa", front: "#1f2430" };

fn svg(buffer: &Buffer, paper: &Paper) -> String {
    let (width, height) = (f64::from(buffer.area.width) * CELL.0, f64::from(buffer.area.height) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.1} {:.1}\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n",
        width + 16.0,
        height + 16.0,
        paper.back
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let first = &buffer[(x, y)];
            let look = |cell: &ratatui_core::buffer::Cell| (cell.fg, cell.bg, cell.modifier);
            let end =
                (x..buffer.area.width).find(|at| look(&buffer[(*at, y)]) != look(first)).unwrap_or(buffer.area.width);
            let text: String = (x..end).map(|at| buffer[(at, y)].symbol()).collect();
            run(&mut svg, (x, y, end - x), &text, look(first), paper);
            x = end;
        }
    }
    svg + "</svg>\n"
}

fn run(
    svg: &mut String,
    (x, y, width): (u16, u16, u16),
    text: &str,
    (fg, bg, modifier): (Color, Color, Modifier),
    paper: &Paper,
) {
    let (mut front, mut back) = (colour(fg).unwrap_or_else(|| paper.front.to_owned()), colour(bg));
    if modifier.contains(Modifier::REVERSED) {
        let was = back.unwrap_or_else(|| paper.back.to_owned());
        (front, back) = (was, Some(front));
    }
    let (left, top) = (8.0 + f64::from(x) * CELL.0, 8.0 + f64::from(y) * CELL.1);
    if let Some(back) = back {
        let wide = f64::from(width) * CELL.0;
        writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{back}\"/>",
            CELL.1
        )
        .unwrap();
    }
    // Blocks fill their cells in a terminal, and in few fonts of a browser.
    for (at, c) in text.chars().enumerate().filter_map(|(at, c)| Some((at, block(c)?))) {
        let (wide, high) = (CELL.0 * c.0, CELL.1 * c.1);
        let (x, y) = (left + at as f64 * CELL.0, top + CELL.1 - high);
        // A little over its edges, so that neighbours leave no seam.
        let over = if c == (1.0, 1.0) { 0.3 } else { 0.0 };
        writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{front}\"/>",
            wide + over,
            high + over
        )
        .unwrap();
    }
    let text: String = text.chars().map(|c| if block(c).is_some() { ' ' } else { c }).collect();
    if text.trim().is_empty() {
        return;
    }
    let weight = if modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let faint = if modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let long = f64::from(width) * CELL.0;
    writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{front}\"{weight}{faint} xml:space=\"preserve\" textLength=\"{long:.1}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>",
        top + 13.5
    )
    .unwrap();
}

/// Returns how much of its cell a block fills, of its width and, from below, of its height.
fn block(c: char) -> Option<(f64, f64)> {
    match c {
        '▁'..='█' => Some((1.0, f64::from(c as u32 - '▁' as u32 + 1) / 8.0)),
        '▉'..='▏' => Some((f64::from('▏' as u32 - c as u32 + 1) / 8.0, 1.0)),
        _ => None,
    }
}

fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Red => Some("#c62828".to_owned()),
        _ => None,
    }
}

fn keep(name: &str, state: &mut State, colours: Colours, paper: &Paper) {
    play(state, Event::Resize { width: SIZE.0, height: SIZE.1 });
    state.note = None;
    let picture = svg(
        &drawn(state, SIZE, colours, Ability { depth: Depth::True, glyphs: Glyphs::Blocks, dots: Dots::Braille }),
        paper,
    );
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/terminal").join(format!("{name}.svg"));
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &picture).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == picture, "run with UPDATE_DOCS=1 to draw docs/terminal/{name}.svg anew");
}

#[test]
fn pictures_of_the_documentation_are_what_is_drawn() {
    keep("overview", &mut showing(View::Overview), Colours::Dark, &DARK);
    keep("overview-light", &mut showing(View::Overview), Colours::Light, &LIGHT);
    let mut live = showing(View::Live);
    play(&mut live, Event::Live { live: Live::Counters { matched: 1_260, sent: 60 } });
    keep("live", &mut live, Colours::Dark, &DARK);
    let mut explorer = showing(View::Explorer);
    press(&mut explorer, &["j", "j", "l", "j"]);
    keep("explorer", &mut explorer, Colours::Dark, &DARK);
    let mut sql = showing(View::Sql);
    press(&mut sql, &["ctrl-r"]);
    keep("sql", &mut sql, Colours::Dark, &DARK);
    let mut heatmap = showing(View::Heatmap);
    press(&mut heatmap, &["up", "left", "left"]);
    keep("heatmap", &mut heatmap, Colours::Dark, &DARK);
    keep("health", &mut showing(View::Health), Colours::Dark, &DARK);
    let mut event = showing(View::Live);
    press(&mut event, &["enter", "j", "j"]);
    keep("event", &mut event, Colours::Dark, &DARK);
    let mut toured = setup();
    toured.tour = true;
    keep("tour", &mut crate::tui::fixture::dashboard_of(toured), Colours::Dark, &DARK);
}
