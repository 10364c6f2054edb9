//! Finds the end of a value that is JSON but must not be stored, so that its neighbours in a list can be read.

use super::{JsonError, JsonErrorKind, Reader};

impl Reader<'_> {
    /// Passes over one value of any depth and any number of keys, minding only the grammar. Uses a byte of memory a level
    /// and no recursion.
    ///
    /// # Errors
    /// When the value is no JSON.
    pub fn skip_loosely(&mut self) -> Result<(), JsonError> {
        (self.nesting_left, self.keys_left) = (usize::MAX / 2, usize::MAX);
        let mut open = Vec::new();
        loop {
            if self.begin_loosely(&mut open)? {
                continue;
            }
            loop {
                let Some(close) = open.last() else { return Ok(()) };
                if self.next(*close)? {
                    if *close == b'}' {
                        self.loose_key()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// Takes a scalar or an empty container and returns false, or enters a container and returns true.
    fn begin_loosely(&mut self, open: &mut Vec<u8>) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b'{') if self.enter_object()? => {
                open.push(b'}');
                self.loose_key()?;
                Ok(true)
            }
            Some(b'[') if self.enter_array()? => {
                open.push(b']');
                Ok(true)
            }
            Some(b'{' | b'[') => Ok(false),
            _ => match self.scalar() {
                Err(error) if !self.took_anyway(error) => Err(error),
                _ => Ok(false),
            },
        }
    }

    fn loose_key(&mut self) -> Result<(), JsonError> {
        match self.key() {
            Err(error) if self.took_anyway(error) => self.expect(b':'),
            other => other.map(drop),
        }
    }

    /// Returns whether the token was read to its end although it is not stored.
    fn took_anyway(&self, error: JsonError) -> bool {
        matches!(error.kind, JsonErrorKind::Nul | JsonErrorKind::NumberOutOfRange)
    }
}
