//! Recognises a key that is probably next in one comparison: objects of the same shape list their keys in the same order.

use super::Reader;

/// Bytes that are compared at once.
const WORD_BYTES: usize = size_of::<u128>();

/// A key as it is written nearly always: quotes, no escapes, and a colon right after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedKey {
    /// `"key":`, little-endian, zeros after it.
    word: u128,
    /// Covers the bytes of `word` that count.
    mask: u128,
    length: usize,
}

impl ExpectedKey {
    /// Returns what to compare for a key of these characters, or none if it is too long or needs escapes.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let length = key.len() + 3;
        let plain = key.iter().all(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
        if length > WORD_BYTES || !plain {
            return None;
        }
        let mut bytes = [0; WORD_BYTES];
        bytes[0] = b'"';
        bytes[1..=key.len()].copy_from_slice(key);
        bytes[key.len() + 1] = b'"';
        bytes[key.len() + 2] = b':';
        let mask = u128::MAX >> (8 * (WORD_BYTES - length));
        Some(Self { word: u128::from_le_bytes(bytes), mask, length })
    }

    /// Returns how many bytes the key has, without its quotes.
    #[must_use]
    pub const fn key_bytes(&self) -> usize {
        self.length - 3
    }
}

impl Reader<'_> {
    /// Takes the key and its colon and returns true if they are next; otherwise takes nothing but white space.
    ///
    /// Near the end of the text and at the limit on keys it says no, and [`Reader::key`] decides.
    #[inline]
    pub fn take_expected(&mut self, expected: &ExpectedKey) -> bool {
        self.peek();
        let Some(bytes) = self.text.get(self.position..).and_then(<[u8]>::first_chunk) else { return false };
        if u128::from_le_bytes(*bytes) & expected.mask != expected.word || self.keys_left == 0 {
            return false;
        }
        self.position += expected.length;
        self.keys_left -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_key_is_taken() {
        let text = br#" "page":"/","pages":1,"pag\u0065":2, "page" : 3 }"#;
        let expected = ExpectedKey::new(b"page").unwrap();
        for (start, taken) in [(0, true), (1, true), (12, false), (22, false), (37, false), (45, false)] {
            let mut reader = Reader::new(text, start, 1, 1);
            assert_eq!(reader.take_expected(&expected), taken, "at {start}");
            assert!(!taken || reader.position() == 8);
        }
        assert!(!Reader::new(text, 0, 1, 0).take_expected(&expected), "the limit on keys holds");
    }

    #[test]
    fn keys_that_are_written_in_other_ways_are_not_expected() {
        for key in [&b"a\"b"[..], b"a\\b", b"a\nb", b"a_long_key_of_14"] {
            assert_eq!(ExpectedKey::new(key), None);
        }
        assert!(ExpectedKey::new(b"").is_some() && ExpectedKey::new(b"thirteen_long").is_some());
    }
}
