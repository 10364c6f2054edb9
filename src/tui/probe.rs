//! Asks the terminal which one it is and whether its background is light, and takes no answer for one.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::state::Colours;

/// Terminals answer within a few milliseconds, also over a network; one that does not answer must not be waited for.
const PATIENCE: Duration = Duration::from_millis(100);
/// Answers are far shorter.
const ANSWER_BYTES_MAX: usize = 512;
/// Asks for the background and for the name, then for what every terminal answers: when that comes, the others will not come
/// any more.
const QUESTIONS: &[u8] = b"\x1b]11;?\x1b\\\x1b[>0q\x1b[c";

/// What a terminal said about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    is_light: Option<bool>,
    /// Name and version, such as `foot(1.20.2)`.
    pub name: Option<String>,
}

/// Returns what the terminal says about itself within a tenth of a second.
#[must_use]
pub fn ask() -> Told {
    answer().map(|answer| told(&answer)).unwrap_or_default()
}

impl Told {
    /// Returns the palette for the terminal's background: dark, unless it, or else `COLORFGBG`, says that it is light.
    #[must_use]
    pub fn colours(&self, of_variable: Option<&str>) -> Colours {
        let is_light = self.is_light.or_else(|| of_variable.and_then(is_light_variable)).unwrap_or(false);
        if is_light { Colours::Light } else { Colours::Dark }
    }
}

fn answer() -> io::Result<Vec<u8>> {
    enable_raw_mode()?;
    let answer = read_answer();
    disable_raw_mode()?;
    answer
}

fn read_answer() -> io::Result<Vec<u8>> {
    let mut out = io::stdout();
    out.write_all(QUESTIONS)?;
    out.flush()?;
    let stdin = rustix::stdio::stdin();
    let deadline = Instant::now() + PATIENCE;
    let mut answer = Vec::new();
    while answer.len() < ANSWER_BYTES_MAX && !is_whole(&answer) {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        if poll(&mut fds, Some(&left))? == 0 {
            break;
        }
        let mut bytes = [0; 64];
        match rustix::io::read(stdin, &mut bytes)? {
            0 => break,
            read => answer.extend_from_slice(&bytes[..read]),
        }
    }
    Ok(answer)
}

/// Tells whether the answer to the last question is there: `ESC [ ? … c`.
fn is_whole(answer: &[u8]) -> bool {
    let Some(body) = answer.strip_suffix(b"c") else { return false };
    let Some(start) = body.windows(3).rposition(|window| window == b"\x1b[?") else { return false };
    body[start + 3..].iter().all(|byte| byte.is_ascii_digit() || *byte == b';')
}

fn told(answer: &[u8]) -> Told {
    let text = String::from_utf8_lossy(answer);
    let name = text.split_once("\x1bP>|").map(|(_, rest)| rest.split('\x1b').next().unwrap_or_default());
    Told { is_light: is_light(&text), name: name.map(super::text::visible).filter(|name| !name.is_empty()) }
}

/// Reads `…rgb:RRRR/GGGG/BBBB…`.
fn is_light(text: &str) -> Option<bool> {
    let colour = text.split_once("rgb:")?.1;
    let mut parts = colour.split(|c: char| !c.is_ascii_hexdigit()).filter(|part| !part.is_empty());
    let mut part = || {
        let digits = parts.next()?;
        let most = 16_f64.powi(i32::try_from(digits.len()).ok()?) - 1.0;
        Some(f64::from(u32::from_str_radix(digits.get(..digits.len().min(4))?, 16).ok()?) / most)
    };
    let (red, green, blue) = (part()?, part()?, part()?);
    Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
}

/// Reads `COLORFGBG`, which is `15;0` for white on black.
fn is_light_variable(variable: &str) -> Option<bool> {
    let background: u8 = variable.rsplit(';').next()?.parse().ok()?;
    Some(matches!(background, 7 | 9..=15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_is_light_or_dark_or_not_told() {
        let check = |answer: &str, is_light, name: Option<&str>| {
            assert_eq!(told(answer.as_bytes()), Told { is_light, name: name.map(str::to_owned) }, "{answer:?}");
        };
        check("\x1b]11;rgb:ffff/ffff/eeee\x1b\\\x1b[?62c", Some(true), None);
        check("\x1b]11;rgb:1e/1e/2e\x07\x1bP>|kitty(0.40.1)\x1b\\\x1b[?62;c", Some(false), Some("kitty(0.40.1)"));
        check("\x1bP>|tmux 3.5a\x1b\\\x1b[?1;2c", None, Some("tmux 3.5a"));
        check("\x1b[?62;c", None, None);
        check("rgb:zz", None, None);
        assert_eq!(
            [is_light_variable("0;15"), is_light_variable("15;0"), is_light_variable("default")],
            [Some(true), Some(false), None]
        );
    }

    #[test]
    fn the_answer_is_whole_with_the_last_one() {
        let whole = "\x1b]11;rgb:1e/1e/2e\x07\x1bP>|contour 0.4.3\x1b\\\x1b[?62;4c";
        assert!(is_whole(whole.as_bytes()));
        // Wherever it is cut, also behind a letter c.
        assert!((0..whole.len()).all(|end| !is_whole(&whole.as_bytes()[..end])));
    }
}
