//! Numbers: integers that fit 64 bits stay exact, the others become the nearest double.

use super::{JsonError, JsonErrorKind, Reader};

/// A JSON number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Written without fraction and exponent, and within `i64`.
    Int(i64),
    /// Any other number, nearest double.
    Float(f64),
    /// An integer beyond `i64`: the nearest double would lose digits.
    BigInt(f64),
}

/// Integers of up to this many digits can't pass `i64`.
const SAFE_DIGITS: usize = 18;

impl Reader<'_> {
    /// Reads a number; the cursor is on `-` or a digit.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number, JsonError> {
        let start = self.position;
        let negative = self.text[start] == b'-';
        if negative {
            self.position += 1;
        }
        let digits_start = self.position;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.position) {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.position += 1;
        }
        let digits = self.position - digits_start;
        if digits == 0 {
            return Err(self.bad_number());
        }
        if digits > 1 && self.text[digits_start] == b'0' {
            return Err(JsonError { kind: JsonErrorKind::BadNumber, position: start });
        }
        if matches!(self.text.get(self.position), Some(b'.' | b'e' | b'E')) {
            return self.fraction(start);
        }
        if digits <= SAFE_DIGITS {
            return Ok(Number::Int(if negative { -value } else { value }));
        }
        let text = std::str::from_utf8(&self.text[start..self.position]).map_err(|_| self.bad_number())?;
        match text.parse() {
            Ok(value) => Ok(Number::Int(value)),
            Err(_) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Number::BigInt(value)),
                Ok(_) => Err(JsonError { kind: JsonErrorKind::NumberOutOfRange, position: start }),
                Err(_) => Err(self.bad_number()),
            },
        }
    }

    fn fraction(&mut self, start: usize) -> Result<Number, JsonError> {
        if self.text.get(self.position) == Some(&b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.text.get(self.position), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.text.get(self.position), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.text[start..self.position]).map_err(|_| self.bad_number())?;
        let value: f64 = text.parse().map_err(|_| self.bad_number())?;
        if value.is_finite() {
            return Ok(Number::Float(value));
        }
        Err(JsonError { kind: JsonErrorKind::NumberOutOfRange, position: start })
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while self.text.get(self.position).is_some_and(u8::is_ascii_digit) {
            self.position += 1;
        }
        if self.position == start { Err(self.bad_number()) } else { Ok(()) }
    }

    fn bad_number(&self) -> JsonError {
        self.error(match self.text.get(self.position) {
            Some(_) => JsonErrorKind::BadNumber,
            None => JsonErrorKind::UnexpectedEnd,
        })
    }
}
