//! Turns the bytes of a terminal into keys, pastes and what the mouse did.
//!
//! ```text
//!   a  ü                     characters            ESC [ 5 ; 5 ~    keys with a name, held with others
//!   0x01 … 0x1a              ctrl-a … ctrl-z       ESC O P          the same, as older terminals send them
//!   ESC a                    alt-a                 ESC [ 200 ~ … ESC [ 201 ~    a paste
//!   ESC, and nothing after   escape                ESC [ < 0 ; 7 ; 3 M          the mouse
//! ```
//!
//! The reader of crossterm is not used: when the size changes while a key is pressed, it leaves the key until the next one.

use crate::tui::event::{Event, Mouse};
use crate::tui::key::{Code, Key};

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";
/// Bytes of a paste; what is longer than a statement may be is not typed anyway.
const PASTE_BYTES_MAX: usize = 1 << 20;
/// Bytes of any other sequence. Longer ones are none.
const SEQUENCE_BYTES_MAX: usize = 4_096;

/// Holds what is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bytes: Vec<u8>,
    /// Whether nothing more will come that belongs to these bytes.
    is_over: bool,
}

/// What the first bytes are.
#[derive(Debug, PartialEq)]
enum Step {
    /// An event of so many bytes.
    Event(Event, usize),
    /// So many bytes that mean nothing here.
    Nothing(usize),
    /// The beginning of something.
    Part,
}

impl Decoder {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.is_over = false;
    }

    /// Returns whether more may belong to what is held.
    pub(super) fn is_waiting(&self) -> bool {
        !self.bytes.is_empty() && !self.is_over
    }

    /// Takes what is held for whole: nothing came that belongs to it.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
    }

    /// Returns the next event.
    pub(super) fn next(&mut self) -> Option<Event> {
        while !self.bytes.is_empty() {
            match self.step() {
                Step::Event(event, length) => {
                    self.bytes.drain(..length);
                    return Some(event);
                }
                Step::Nothing(length) => drop(self.bytes.drain(..length)),
                Step::Part => return None,
            }
        }
        None
    }

    fn step(&self) -> Step {
        match step(&self.bytes) {
            Step::Part if self.is_over => {
                // An escape by itself, or one with what happens to begin a sequence: alt and that.
                match self.bytes.as_slice() {
                    [ESC] => key(Code::Esc, 1),
                    [ESC, letter] => alt(typed(&[*letter])),
                    bytes => Step::Nothing(bytes.len()),
                }
            }
            Step::Part if self.bytes.len() > limit(&self.bytes) => Step::Nothing(self.bytes.len()),
            step => step,
        }
    }
}

fn limit(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\x1b[200~") { PASTE_BYTES_MAX } else { SEQUENCE_BYTES_MAX }
}

fn key(code: Code, length: usize) -> Step {
    Step::Event(Event::Key { key: Key::plain(code) }, length)
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [ESC] => Step::Part,
        // The first one stands by itself.
        [ESC, ESC, ..] => key(Code::Esc, 1),
        [ESC, b'[', rest @ ..] => control(rest),
        [ESC, b'O', rest @ ..] => match rest.first() {
            None => Step::Part,
            Some(letter) => named(*letter, 1, 3),
        },
        // Answers to questions, that came late.
        [ESC, b']' | b'P' | b'_' | b'^' | b'X', ..] => answer(bytes),
        [ESC, rest @ ..] => alt(typed(rest)),
        _ => typed(bytes),
    }
}

/// The same with alt held, and the escape before it.
fn alt(step: Step) -> Step {
    match step {
        Step::Event(Event::Key { key }, length) => {
            Step::Event(Event::Key { key: Key { alt: true, ..key } }, length + 1)
        }
        Step::Nothing(length) => Step::Nothing(length + 1),
        other => other,
    }
}

/// Reads one character.
fn typed(bytes: &[u8]) -> Step {
    let ctrl = |c: u8| Step::Event(Event::Key { key: Key { ctrl: true, ..Key::plain(Code::Char(c.into())) } }, 1);
    match bytes[0] {
        b'\r' | b'\n' => key(Code::Enter, 1),
        b'\t' => key(Code::Tab, 1),
        0x7f | 0x08 => key(Code::Backspace, 1),
        0 => ctrl(b' '),
        byte @ 0x01..=0x1a => ctrl(byte - 1 + b'a'),
        ESC => key(Code::Esc, 1),
        byte @ 0x1c..=0x1f => ctrl(byte - 0x1c + b'4'),
        _ => character(bytes),
    }
}

fn character(bytes: &[u8]) -> Step {
    let most = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(most) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&most[..error.valid_up_to()]).unwrap_or_default(),
        Err(error) => return error.error_len().map_or(Step::Part, Step::Nothing),
    };
    valid.chars().next().map_or(Step::Nothing(1), |c| key(Code::Char(c), c.len_utf8()))
}

/// Reads what is behind `ESC [`.
fn control(rest: &[u8]) -> Step {
    const BEFORE: usize = 2;
    match rest {
        // Function keys of the Linux console.
        [b'[', letter @ b'A'..=b'E', ..] => return key(Code::F(letter - b'A' + 1), BEFORE + 2),
        [b'['] => return Step::Part,
        // The mouse as the oldest terminals tell of it: three bytes.
        [b'M', what, x, y, ..] => {
            let number = |byte: &u8| u16::from(byte.saturating_sub(32));
            return mouse(number(what), number(x), number(y), true, BEFORE + 4);
        }
        [b'M', ..] => return Step::Part,
        _ => {}
    }
    let Some(end) = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else { return Step::Part };
    // What can be neither inside nor at the end breaks it off.
    if !(0x40..=0x7e).contains(&rest[end]) {
        return Step::Nothing(BEFORE + end);
    }
    let length = BEFORE + end + 1;
    let (inside, last) = (&rest[..end], rest[end]);
    if inside == b"200" && last == b'~' {
        return paste(&rest[end + 1..], length);
    }
    let is_mouse = inside.first() == Some(&b'<');
    let numbers = inside.strip_prefix(b"<").unwrap_or(inside);
    let mut numbers = numbers.split(|byte| matches!(byte, b';' | b':')).map(number);
    let mut next = || numbers.next().flatten();
    if is_mouse {
        return match (next(), next(), next(), last) {
            (Some(what), Some(x), Some(y), b'M' | b'm') => mouse(what, x, y, last == b'M', length),
            _ => Step::Nothing(length),
        };
    }
    let (first, held) = (next(), next().unwrap_or(1));
    match (last, first) {
        (b'~', Some(number)) => match code_of(number) {
            Some(code) => held_with(code, held, length),
            None => Step::Nothing(length),
        },
        (b'u', Some(number)) => match char::from_u32(number.into()) {
            Some(c) => held_with(plain_code(c), held, length),
            None => Step::Nothing(length),
        },
        // Others are answers to questions, such as where the cursor is.
        (_, None | Some(1)) => named(last, held, length),
        _ => Step::Nothing(length),
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Keys that are sent as a number.
fn code_of(number: u16) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(u8::try_from(number - 10).ok()?),
        17..=21 => Code::F(u8::try_from(number - 11).ok()?),
        23 | 24 => Code::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

fn plain_code(c: char) -> Code {
    match c {
        '\r' => Code::Enter,
        '\t' => Code::Tab,
        '\u{1b}' => Code::Esc,
        '\u{7f}' => Code::Backspace,
        c => Code::Char(c),
    }
}

/// Keys that are sent as a letter.
fn named(letter: u8, held: u16, length: usize) -> Step {
    let code = match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        b'Z' => Code::BackTab,
        b'P'..=b'S' => Code::F(letter - b'P' + 1),
        _ => return Step::Nothing(length),
    };
    held_with(code, held, length)
}

/// One more than the sum of 1 for shift, 2 for alt, 4 for ctrl.
fn held_with(code: Code, held: u16, length: usize) -> Step {
    let held = held.saturating_sub(1);
    Step::Event(Event::Key { key: Key { code, ctrl: held & 4 != 0, alt: held & 2 != 0 } }, length)
}

fn paste(rest: &[u8], before: usize) -> Step {
    let Some(end) = rest.windows(PASTE_END.len()).position(|window| window == PASTE_END) else { return Step::Part };
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    Step::Event(Event::Paste { text }, before + end + PASTE_END.len())
}

/// What the mouse did, at a place that is counted from 1.
fn mouse(what: u16, x: u16, y: u16, is_press: bool, length: usize) -> Step {
    // Shift, alt and ctrl are 4, 8 and 16; a move is 32.
    let mouse = match (what & !28, is_press) {
        (0, true) => Mouse::Click { x: x.saturating_sub(1), y: y.saturating_sub(1) },
        (64, true) => Mouse::WheelUp,
        (65, true) => Mouse::WheelDown,
        _ => return Step::Nothing(length),
    };
    Step::Event(Event::Mouse { mouse }, length)
}

/// Passes over an answer, to its end.
fn answer(bytes: &[u8]) -> Step {
    let end = (2..bytes.len()).find_map(|at| match (bytes[at], bytes.get(at + 1)) {
        (0x07, _) => Some(at + 1),
        (ESC, Some(b'\\')) => Some(at + 2),
        _ => None,
    });
    end.map_or(Step::Part, Step::Nothing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of bytes, with nothing after them.
    fn decoded(bytes: &[u8]) -> Vec<Event> {
        let mut decoder = Decoder::default();
        decoder.feed(bytes);
        let mut events: Vec<Event> = std::iter::from_fn(|| decoder.next()).collect();
        decoder.give_up();
        events.extend(std::iter::from_fn(|| decoder.next()));
        assert!(!decoder.is_waiting(), "{bytes:?}");
        events
    }

    fn keys(bytes: &str) -> String {
        let names = decoded(bytes.as_bytes()).into_iter().map(|event| match event {
            Event::Key { key } => key.to_string(),
            other => format!("{other:?}"),
        });
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys_of_terminals_have_the_names_of_the_table() {
        let check = |bytes: &str, expected: &str| assert_eq!(keys(bytes), expected, "{bytes:?}");
        check("aLü日", "a L ü 日");
        check("\r\t\x7f\x08 ", "enter tab backspace backspace space");
        check("\x03\x12\x00\x1a", "ctrl-c ctrl-r ctrl-space ctrl-z");
        check("\x1b", "esc");
        check("\x1b\x1b", "esc esc");
        check("\x1bn\x1b\r\x1bL", "alt-n alt-enter alt-L");
        check("\x1b[A\x1bOB\x1b[C\x1bOD", "up down right left");
        check("\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[5~\x1b[6~\x1b[3~", "home end home end pgup pgdn delete");
        check("\x1b[Z", "shift-tab");
        check("\x1bOP\x1b[15~\x1b[17~\x1b[24~\x1b[[A", "f1 f5 f6 f12 f1");
        check("\x1b[1;5A\x1b[1;3D\x1b[5;5~\x1b[1;2P", "ctrl-up alt-left ctrl-pgup f1");
        check("\x1b[97;5u\x1b[27u", "ctrl-a esc");
        // Before another key it is that key with alt; with nothing after it, it is what was pressed.
        check("\x1b[", "alt-[");
        check("\x1bO", "alt-O");
    }

    #[test]
    fn what_is_no_key_is_passed_over() {
        let check = |bytes: &str| assert_eq!(keys(bytes), "", "{bytes:?}");
        check("\x1b[2~\x1b[I\x1b[O\x1b[?62;4c\x1b[12;40R\x1b[9999999~");
        check("\x1b]11;rgb:1e/1e/2e\x07\x1bP>|kitty(0.40.1)\x1b\\");
        check("\x1b]11;never ends");
        assert_eq!(decoded(b"\xff\xfea"), decoded(b"a"));
    }

    #[test]
    fn a_paste_is_one_piece() {
        let pasted = |text: &str| Event::Paste { text: text.to_owned() };
        assert_eq!(decoded(b"\x1b[200~SELECT 1\r\x1b[A\x1b[201~"), [pasted("SELECT 1\r\x1b[A")]);
        assert_eq!(decoded(b"\x1b[200~\x1b[201~"), [pasted("")]);
    }

    #[test]
    fn the_mouse_is_told_by_three_kinds_of_terminals() {
        let click = Event::Mouse { mouse: Mouse::Click { x: 6, y: 2 } };
        assert_eq!(decoded(b"\x1b[<0;7;3M\x1b[<0;7;3m"), std::slice::from_ref(&click));
        assert_eq!(decoded(b"\x1b[M \x27\x23"), std::slice::from_ref(&click));
        let wheel = |mouse| Event::Mouse { mouse };
        assert_eq!(
            decoded(b"\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<35;1;1M"),
            [wheel(Mouse::WheelUp), wheel(Mouse::WheelDown)]
        );
    }

    proptest! {
        #[test]
        fn bytes_mean_the_same_however_they_arrive(
            bytes in proptest::collection::vec(
                prop_oneof![Just(ESC), Just(b'['), Just(b';'), Just(b'~'), Just(b'O'), b'0'..=b'9', any::<u8>()], 0..40),
            cuts in proptest::collection::vec(0_usize..40, 0..5),
        ) {
            let mut decoder = Decoder::default();
            let mut events = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                decoder.feed(&bytes[pair[0]..pair[1]]);
                events.extend(std::iter::from_fn(|| decoder.next()));
            }
            decoder.give_up();
            events.extend(std::iter::from_fn(|| decoder.next()));
            prop_assert_eq!(events, decoded(&bytes));
        }
    }
}
