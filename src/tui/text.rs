//! Makes text fit: without controls, within a width, with numbers and times as people read them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::event::Micros;

const SECOND: Micros = 1_000_000;

/// Returns the text with a mark in place of everything that could move a cursor, change colours or the direction of text.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    push_visible(&mut shown, text);
    shown
}

/// Appends the same.
pub fn push_visible(to: &mut String, text: &str) {
    if is_plain(text) {
        to.push_str(text);
    } else {
        to.extend(text.chars().map(|c| if is_shown(c) { c } else { '\u{fffd}' }));
    }
}

/// Whether each byte is a character of one column. Almost all text is, and looking each character up in tables is what drawing
/// would spend most of its time on.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns the columns that the text takes.
#[must_use]
pub fn width_of(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

fn is_shown(c: char) -> bool {
    let turns_text = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns_text && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Returns the text within `width` columns; one that is cut ends in `…`.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if width == 0 {
        return String::new();
    }
    // Of a long text only the beginning is looked at: when that is too long already, the rest does not matter.
    let beginning = text.get(..=width).unwrap_or(text);
    if is_plain(beginning) {
        return if text.len() <= width { text.to_owned() } else { text[..width - 1].to_owned() + "…" };
    }
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1; // of the dots
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// Returns the text in exactly `width` columns, with spaces behind it.
#[must_use]
pub fn fill(text: &str, width: usize) -> String {
    let mut cut = cut(text, width);
    let missing = width.saturating_sub(width_of(&cut));
    cut.extend(std::iter::repeat_n(' ', missing));
    cut
}

/// Returns the text in exactly `width` columns, with spaces before it.
#[must_use]
pub fn right(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    " ".repeat(width.saturating_sub(width_of(&cut))) + &cut
}

/// Returns a count with thousands apart: `12,345`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a count with its noun: `1 file`, `12 files`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Returns a number in at most five characters: `0.42`, `7.1`, `318`, `12.4k`, `3.1M`.
#[must_use]
pub fn short(number: f64) -> String {
    let (value, unit) = match number.abs() {
        size if size >= 999_500_000.0 => (number / 1e9, "G"),
        size if size >= 999_500.0 => (number / 1e6, "M"),
        size if size >= 10_000.0 => (number / 1e3, "k"),
        _ => (number, ""),
    };
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.995 => format!("{value:.2}"),
        size if size < 10.0 && value.fract() != 0.0 => format!("{value:.1}"),
        size if size < 100.0 && !unit.is_empty() => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    text + unit
}

/// Returns a size as commands spell it: `12.3 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while value >= 1_024.0 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1_024.0, next);
    }
    if value < 10.0 && unit != "B" { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// Returns milliseconds as a person reads them: `0.4 ms`, `12 ms`, `1.8 s`, `2.0 min`.
#[must_use]
pub fn millis(millis: f64) -> String {
    match millis {
        ms if ms < 1.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1_000.0),
        ms => format!("{:.1} min", ms / 60_000.0),
    }
}

/// Returns a span of time by its largest even unit: `15 min`, `3 h`, `7 d`.
#[must_use]
pub fn span(micros: Micros) -> String {
    let seconds = micros / SECOND;
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s >= 3_600 && s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        0 => format!("{} ms", micros / 1_000),
        s => format!("{s} s"),
    }
}

/// Returns an age roughly: `42 s`, `7 min`, `3 h`, `12 d`.
#[must_use]
pub fn age(seconds: u64) -> String {
    match seconds {
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s if s < 86_400 => format!("{} h", s / 3_600),
        s => format!("{} d", s / 86_400),
    }
}

/// Returns `14:05:32` in UTC.
#[must_use]
pub fn clock(time: Micros) -> String {
    moment(time, "%H:%M:%S")
}

/// Returns `14:05:32.123` in UTC.
#[must_use]
pub fn clock_millis(time: Micros) -> String {
    moment(time, "%H:%M:%S%.3f")
}

/// Returns a time as its neighbours `step` apart need it: with seconds, without them, or with the date.
#[must_use]
pub fn clock_of(time: Micros, step: Micros) -> String {
    match step {
        step if step < 60 * SECOND => clock(time),
        step if step < 86_400 * SECOND => moment(time, "%H:%M"),
        _ => moment(time, "%m-%d"),
    }
}

/// Returns `11-23 14:05`, for ranges of more than a day.
#[must_use]
pub fn date_clock(time: Micros) -> String {
    moment(time, "%m-%d %H:%M")
}

/// Returns RFC 3339, as the server reads it.
#[must_use]
pub fn rfc3339(time: Micros) -> String {
    timestamp(time).to_string()
}

fn moment(time: Micros, form: &str) -> String {
    timestamp(time).strftime(form).to_string()
}

fn timestamp(time: Micros) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_meaning() {
        let check = |number: f64, expected: &str| assert_eq!(short(number), expected);
        check(0.0, "0");
        check(0.42, "0.42");
        check(7.14, "7.1");
        check(318.2, "318");
        check(9_999.0, "9999");
        check(12_431.0, "12.4k");
        check(999_600.0, "1.0M");
        check(3_100_000.0, "3.1M");
        assert_eq!([count(0), count(999), count(1_000), count(12_345_678)], ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([counted(1, "file", "files"), counted(1_200, "file", "files")], ["1 file", "1,200 files"]);
        assert_eq!([bytes(0), bytes(999), bytes(1_536), bytes(64 << 20)], ["0 B", "999 B", "1.5 KiB", "64 MiB"]);
        assert_eq!(
            [millis(0.42), millis(12.0), millis(1_834.0), millis(120_000.0)],
            ["0.4 ms", "12 ms", "1.8 s", "2.0 min"]
        );
        assert_eq!([span(900 * SECOND), span(90 * SECOND), span(604_800 * SECOND)], ["15 min", "90 s", "7 d"]);
    }

    #[test]
    fn text_fits_and_wide_characters_count_twice() {
        assert_eq!([cut("abcü", 3), cut("abü", 3), cut("aü", 1), cut("abcdü日", 4)], ["ab…", "abü", "…", "abc…"]);
        assert_eq!([width_of("abc"), width_of("日本"), width_of("")], [3, 4, 0]);
        assert_eq!([cut("abc", 3), cut("abcd", 3), cut("日本語", 5), cut("x", 0)], ["abc", "ab…", "日本…", ""]);
        assert_eq!([fill("日", 4), right("7", 3), fill("abc", 2)], ["日  ", "  7", "a…"]);
    }

    #[test]
    fn times_show_what_tells_neighbours_apart() {
        let time = 1_795_437_296_789_000; // 2026-11-23T12:34:56.789Z
        assert_eq!(clock_millis(time), "12:34:56.789");
        assert_eq!(clock_of(time, 15 * SECOND), "12:34:56");
        assert_eq!(clock_of(time, 3_600 * SECOND), "12:34");
        assert_eq!(clock_of(time, 86_400 * SECOND), "11-23");
        assert_eq!(rfc3339(time), "2026-11-23T12:34:56.789Z");
    }
}
