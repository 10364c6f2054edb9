//! Asks the terminal whether its background is light, and takes no answer for one.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::state::Colours;

/// Terminals answer within a few milliseconds, also over a network; one that does not answer must not be waited for.
const PATIENCE: Duration = Duration::from_millis(100);
/// An answer is far shorter.
const ANSWER_BYTES_MAX: usize = 256;
/// Asks for the background, then for what every terminal answers: when that comes, the first will not come any more.
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// Returns the palette for the terminal's background: dark, unless it says that it is light.
#[must_use]
pub fn colours(of_variable: Option<&str>) -> Colours {
    let light = asked().ok().flatten().or_else(|| of_variable.and_then(is_light_variable)).unwrap_or(false);
    if light { Colours::Light } else { Colours::Dark }
}

fn asked() -> io::Result<Option<bool>> {
    enable_raw_mode()?;
    let answer = ask();
    disable_raw_mode()?;
    Ok(answer?.as_deref().and_then(is_light_answer))
}

fn ask() -> io::Result<Option<Vec<u8>>> {
    let mut out = io::stdout();
    out.write_all(QUESTION)?;
    out.flush()?;
    let stdin = rustix::stdio::stdin();
    let deadline = Instant::now() + PATIENCE;
    let mut answer = Vec::new();
    while answer.len() < ANSWER_BYTES_MAX && !answer.ends_with(b"c") {
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
    Ok(Some(answer).filter(|answer| !answer.is_empty()))
}

/// Reads `…rgb:RRRR/GGGG/BBBB…`.
fn is_light_answer(answer: &[u8]) -> Option<bool> {
    let text = String::from_utf8_lossy(answer);
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
        assert_eq!(is_light_answer(b"\x1b]11;rgb:ffff/ffff/eeee\x1b\\\x1b[?62c"), Some(true));
        assert_eq!(is_light_answer(b"\x1b]11;rgb:1e/1e/2e\x07"), Some(false));
        assert_eq!(is_light_answer(b"\x1b[?62;c"), None);
        assert_eq!(is_light_answer(b"rgb:zz"), None);
        assert_eq!(
            [is_light_variable("0;15"), is_light_variable("15;0"), is_light_variable("default")],
            [Some(true), Some(false), None]
        );
    }
}
