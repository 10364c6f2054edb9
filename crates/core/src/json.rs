//! Reads JSON text token by token, strictly and without copying. Knows the grammar of RFC 8259 and the limits on nesting
//! and keys; knows nothing of events.
//!
//! The reader accepts exactly what `serde_json` accepts, minus what would be ambiguous or unsafe to store: duplicate keys
//! and `\u0000`.

mod expected;
mod loose;
mod number;
mod string;

pub use expected::ExpectedKey;
pub use number::Number;
pub use string::{Text, unescape};

/// Why JSON text was refused, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    pub kind: JsonErrorKind,
    /// Byte position in the text given to [`Reader::new`].
    pub position: usize,
}

/// Why JSON text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// The text ends inside a value.
    UnexpectedEnd,
    /// A byte that no JSON value can have here.
    UnexpectedByte(u8),
    /// A control character inside a string that should be escaped.
    ControlCharacter,
    /// An escape that JSON does not know, or half of a surrogate pair.
    BadEscape,
    /// A number such as `01`, `1.` or `-`.
    BadNumber,
    /// A number that is beyond a double's range, such as `1e999`.
    NumberOutOfRange,
    /// An object that has the same key twice.
    DuplicateKey,
    /// The character U+0000.
    Nul,
    /// More levels of objects and arrays than allowed.
    TooDeep,
    /// More keys than allowed.
    TooManyKeys,
}

impl JsonErrorKind {
    /// Returns whether the text is JSON all the same, only of a kind that is not stored.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::NumberOutOfRange | Self::DuplicateKey | Self::Nul | Self::TooDeep | Self::TooManyKeys)
    }

    /// Returns a lowercase sentence without a period.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::UnexpectedEnd => "the text ends inside a value".to_owned(),
            Self::UnexpectedByte(byte) if byte.is_ascii_graphic() => format!("unexpected {:?}", char::from(byte)),
            Self::UnexpectedByte(byte) => format!("unexpected byte 0x{byte:02x}"),
            Self::ControlCharacter => "a control character inside a string must be escaped".to_owned(),
            Self::BadEscape => "unknown or incomplete escape in a string".to_owned(),
            Self::BadNumber => "malformed number".to_owned(),
            Self::NumberOutOfRange => "a number is out of range".to_owned(),
            Self::DuplicateKey => "an object has the same key twice".to_owned(),
            Self::Nul => "the character U+0000 can not be stored".to_owned(),
            Self::TooDeep => "objects and arrays are nested too deep".to_owned(),
            Self::TooManyKeys => "too many keys".to_owned(),
        }
    }
}

/// Returns line and column, from 1, of a byte position; columns count characters.
#[must_use]
pub fn line_and_column(text: &[u8], position: usize) -> (usize, usize) {
    let before = &text[..position.min(text.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let column = before[start..].iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
    (line, column)
}

/// What a value turned out to be. Objects and arrays are entered by the caller or skipped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    Text(Text),
    Number(Number),
    Bool(bool),
    Null,
}

/// A cursor over JSON text, which must be valid UTF-8.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a [u8],
    position: usize,
    nesting_left: usize,
    keys_left: usize,
}

impl<'a> Reader<'a> {
    /// Starts at `position` of `text`, which the caller knows to be UTF-8.
    #[must_use]
    pub fn new(text: &'a [u8], position: usize, nesting_max: usize, keys_max: usize) -> Self {
        Self { text, position, nesting_left: nesting_max, keys_left: keys_max }
    }

    /// Returns the byte position of the next token or character.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Goes on reading at `position`.
    pub fn go_to(&mut self, position: usize) {
        self.position = position;
    }

    /// Returns an error of this kind at the current position.
    #[must_use]
    pub fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { kind, position: self.position }
    }

    /// Passes over white space and returns the next byte without taking it.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.position)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.position += 1;
        }
    }

    fn unexpected(&self) -> JsonError {
        self.error(match self.text.get(self.position) {
            Some(byte) => JsonErrorKind::UnexpectedByte(*byte),
            None => JsonErrorKind::UnexpectedEnd,
        })
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.position += 1;
            return Ok(());
        }
        Err(self.unexpected())
    }

    /// Takes `{` and returns whether the object has a key to read.
    ///
    /// # Errors
    /// When there is no `{`, or the nesting limit is passed.
    #[inline]
    pub fn enter_object(&mut self) -> Result<bool, JsonError> {
        self.enter(b'{', b'}')
    }

    /// Takes `[` and returns whether the array has an element to read.
    ///
    /// # Errors
    /// When there is no `[`, or the nesting limit is passed.
    #[inline]
    pub fn enter_array(&mut self) -> Result<bool, JsonError> {
        self.enter(b'[', b']')
    }

    #[inline]
    fn enter(&mut self, open: u8, close: u8) -> Result<bool, JsonError> {
        self.expect(open)?;
        if self.nesting_left == 0 {
            return Err(self.error(JsonErrorKind::TooDeep));
        }
        if self.peek() == Some(close) {
            self.position += 1;
            return Ok(false);
        }
        self.nesting_left -= 1;
        Ok(true)
    }

    /// Reads a key and its colon.
    ///
    /// # Errors
    /// When there is none, or the limit on keys is passed.
    #[inline]
    pub fn key(&mut self) -> Result<Text, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        if self.keys_left == 0 {
            return Err(self.error(JsonErrorKind::TooManyKeys));
        }
        self.keys_left -= 1;
        let key = self.string()?;
        if self.text.get(self.position) == Some(&b':') {
            self.position += 1;
        } else {
            self.expect(b':')?;
        }
        Ok(key)
    }

    /// Takes `,` and returns true, or takes `}` and returns false.
    ///
    /// # Errors
    /// When there is neither.
    #[inline]
    pub fn next_in_object(&mut self) -> Result<bool, JsonError> {
        self.next(b'}')
    }

    /// Takes `,` and returns true, or takes `]` and returns false.
    ///
    /// # Errors
    /// When there is neither.
    #[inline]
    pub fn next_in_array(&mut self) -> Result<bool, JsonError> {
        self.next(b']')
    }

    #[inline]
    fn next(&mut self, close: u8) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b',') => {
                self.position += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.position += 1;
                self.nesting_left += 1;
                Ok(false)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Reads a string, number, `true`, `false` or `null`.
    ///
    /// # Errors
    /// When the next value is none of these, or malformed.
    #[inline]
    pub fn scalar(&mut self) -> Result<Scalar, JsonError> {
        match self.peek() {
            Some(b'"') => Ok(Scalar::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(Scalar::Number(self.number()?)),
            Some(b't') => self.word(b"true", Scalar::Bool(true)),
            Some(b'f') => self.word(b"false", Scalar::Bool(false)),
            Some(b'n') => self.word(b"null", Scalar::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &[u8], value: Scalar) -> Result<Scalar, JsonError> {
        for expected in word {
            match self.text.get(self.position) {
                Some(byte) if byte == expected => self.position += 1,
                _ => return Err(self.unexpected()),
            }
        }
        Ok(value)
    }

    /// Passes over one value of any kind, checking all of it.
    ///
    /// # Errors
    /// When the value is malformed, has a duplicate key, or passes a limit.
    pub fn skip_value(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'{') => self.skip_object(),
            Some(b'[') => {
                let mut more = self.enter_array()?;
                while more {
                    self.skip_value()?;
                    more = self.next_in_array()?;
                }
                Ok(())
            }
            _ => self.scalar().map(drop),
        }
    }

    fn skip_object(&mut self) -> Result<(), JsonError> {
        let mut seen = SeenKeys::default();
        let mut more = self.enter_object()?;
        while more {
            let key = self.key()?;
            if !seen.insert(self.text, key) {
                return Err(JsonError { kind: JsonErrorKind::DuplicateKey, position: key.start });
            }
            self.skip_value()?;
            more = self.next_in_object()?;
        }
        Ok(())
    }

    /// Checks that nothing but white space follows.
    ///
    /// # Errors
    /// When something does.
    pub fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected()),
        }
    }
}

/// The keys of one object so far.
#[derive(Debug, Default)]
pub struct SeenKeys {
    few: Vec<Text>,
    /// Made when there are too many to compare: even an empty set has a price, and most objects are small.
    many: Option<std::collections::HashSet<Vec<u8>>>,
}

/// Up to this many keys are compared one by one, which is faster than hashing them.
const COMPARED_KEYS_MAX: usize = 16;

impl SeenKeys {
    /// Adds a key of `text`; returns false if the object has it already.
    pub fn insert(&mut self, text: &[u8], key: Text) -> bool {
        if self.few.len() < COMPARED_KEYS_MAX {
            let new = !self.few.iter().any(|seen| seen.same(key, text));
            self.few.push(key);
            return new;
        }
        let few = &self.few;
        let many = self.many.get_or_insert_with(|| few.iter().map(|seen| seen.unescaped(text).into_owned()).collect());
        many.insert(key.unescaped(text).into_owned())
    }
}

#[cfg(test)]
mod tests;
