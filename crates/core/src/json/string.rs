//! Strings: finding their end sixteen bytes at a time, and taking their escapes out.

use std::borrow::Cow;

use super::{JsonError, JsonErrorKind, Reader};

/// Where a string's characters are in the text, without the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    pub start: usize,
    pub end: usize,
    escapes: Escapes,
}

/// Whether there is a backslash in a string, so that the characters differ from the bytes.
///
/// As wide as a position: a single byte would leave padding, and values with padding are copied in overlapping pieces that
/// stall the processor, which was a third of the cost of reading an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Escapes {
    Absent,
    Present,
}

impl Text {
    /// A string without escapes.
    #[must_use]
    #[inline]
    pub const fn plain(start: usize, end: usize) -> Self {
        Self { start, end, escapes: Escapes::Absent }
    }

    /// Returns whether there is a backslash in it, so that the characters differ from the bytes.
    #[must_use]
    #[inline]
    pub const fn is_escaped(&self) -> bool {
        matches!(self.escapes, Escapes::Present)
    }

    /// Returns the bytes between the quotes, escapes as they were written.
    #[must_use]
    #[inline]
    pub fn raw<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start..self.end]
    }

    /// Returns the characters as UTF-8, escapes taken out.
    #[must_use]
    pub fn unescaped<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.is_escaped() {
            return Cow::Borrowed(self.raw(text));
        }
        let mut out = Vec::with_capacity(self.end - self.start);
        unescape(self.raw(text), &mut out);
        Cow::Owned(out)
    }

    pub(super) fn same(&self, other: Self, text: &[u8]) -> bool {
        if !self.is_escaped() && !other.is_escaped() {
            return self.raw(text) == other.raw(text);
        }
        self.unescaped(text) == other.unescaped(text)
    }
}

/// Appends `raw`, the inside of a string that [`Reader`] has accepted, with its escapes taken out.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..backslash]);
        let (character, used) = match rest[backslash + 1] {
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => unescape_unicode(&rest[backslash..]),
            other => (char::from(other), 2),
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[backslash + used..];
    }
    out.extend_from_slice(rest);
}

/// Returns the character of `\uXXXX` or `\uXXXX\uXXXX`, and how many bytes it took.
fn unescape_unicode(escape: &[u8]) -> (char, usize) {
    let high = hex4(&escape[2..]).unwrap_or(0xFFFD);
    if (0xD800..0xDC00).contains(&high) {
        let low = escape.get(8..).and_then(hex4).unwrap_or(0xDC00);
        let code = 0x1_0000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

fn hex4(digits: &[u8]) -> Option<u32> {
    let digits = digits.get(..4)?;
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// Bytes that are looked at in one step.
const STEP: usize = 16;

/// Returns the position of the first byte that is `"`, `\` or below 0x20, or [`STEP`] if there is none.
#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "a third of a string's cost is finding its end; SSE2 halves it")]
fn first_special(bytes: [u8; STEP]) -> usize {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let word = u128::from_le_bytes(bytes);
    // SAFETY: every x86-64 processor has SSE2, and none of these instructions touches memory.
    let marks = unsafe {
        let text = _mm_set_epi64x((word >> 64) as i64, word as i64);
        let quote = _mm_cmpeq_epi8(text, _mm_set1_epi8(b'"'.cast_signed()));
        let backslash = _mm_cmpeq_epi8(text, _mm_set1_epi8(b'\\'.cast_signed()));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control))
    };
    // A seventeenth mark ends the count where none of the sixteen is set.
    (marks | 1 << STEP).trailing_zeros() as usize
}

/// Returns the position of the first byte that is `"`, `\` or below 0x20, or [`STEP`] if there is none.
///
/// Each such byte is marked by its high bit. The lowest mark is exact; marks above it may be false, which does not matter
/// because only the lowest is used (the "haszero" of Sean Anderson's Bit Twiddling Hacks).
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn first_special(bytes: [u8; STEP]) -> usize {
    const ONES: u128 = u128::MAX / 0xFF;
    const HIGHS: u128 = ONES << 7;
    let word = u128::from_le_bytes(bytes);
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5C);
    let control = word.wrapping_sub(ONES * 0x20);
    let marks =
        (quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash | control & !word) & HIGHS;
    (marks.trailing_zeros() / 8) as usize
}

impl Reader<'_> {
    /// Reads the string whose opening quote [`Reader::peek`] has just returned.
    ///
    /// # Errors
    /// When the string is malformed or has a character that is not stored.
    #[inline]
    pub fn string(&mut self) -> Result<Text, JsonError> {
        self.position += 1;
        let start = self.position;
        self.find_special();
        if self.text.get(self.position) == Some(&b'"') {
            let end = self.position;
            self.position += 1;
            return Ok(Text::plain(start, end));
        }
        self.string_with_escapes(start)
    }

    #[inline]
    fn find_special(&mut self) {
        let mut at = self.position;
        while let Some(bytes) = self.text.get(at..).and_then(<[u8]>::first_chunk) {
            let first = first_special(*bytes);
            at += first;
            if first < STEP {
                self.position = at;
                return;
            }
        }
        while self.text.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
            at += 1;
        }
        self.position = at;
    }

    #[cold]
    fn string_with_escapes(&mut self, start: usize) -> Result<Text, JsonError> {
        let mut nul = None;
        loop {
            match self.text.get(self.position) {
                None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
                Some(b'"') => break,
                Some(b'\\') => {
                    let at = self.position;
                    if self.escape()? {
                        nul.get_or_insert(at);
                    }
                }
                Some(_) => return Err(self.error(JsonErrorKind::ControlCharacter)),
            }
            self.find_special();
        }
        let end = self.position;
        self.position += 1;
        match nul {
            Some(position) => Err(JsonError { kind: JsonErrorKind::Nul, position }),
            None => Ok(Text { start, end, escapes: Escapes::Present }),
        }
    }

    /// Passes over one escape and returns whether it stands for U+0000.
    fn escape(&mut self) -> Result<bool, JsonError> {
        let bad = self.error(JsonErrorKind::BadEscape);
        match self.text.get(self.position + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.position += 2;
                Ok(false)
            }
            Some(b'u') => {
                let code = self.text.get(self.position + 2..).and_then(hex4).ok_or(bad)?;
                self.position += 6;
                match code {
                    0xD800..0xDC00 => {
                        let low = self.text.get(self.position..self.position + 6).filter(|low| low.starts_with(b"\\u"));
                        let low = low.and_then(|low| hex4(&low[2..])).ok_or(bad)?;
                        if !(0xDC00..0xE000).contains(&low) {
                            return Err(bad);
                        }
                        self.position += 6;
                        Ok(false)
                    }
                    0xDC00..0xE000 => Err(bad),
                    code => Ok(code == 0),
                }
            }
            Some(_) => Err(bad),
            None => Err(JsonError { kind: JsonErrorKind::UnexpectedEnd, position: self.text.len() }),
        }
    }
}
