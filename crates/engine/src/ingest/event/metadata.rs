//! Joins `metadata` and the top-level keys that no field has into one object.

use streamflow_core::json::{JsonError, JsonErrorKind, Reader, SeenKeys, Text};

use super::{EventError, EventReader};
use crate::tail::view::{self, SIDE};

impl EventReader<'_> {
    /// Writes the metadata object anew, with the unknown top-level keys at its end.
    pub(super) fn merge_metadata(
        &mut self,
        metadata: Option<(usize, usize)>,
        unknown: &[(Text, (usize, usize))],
    ) -> Result<u128, EventError> {
        let mut seen = SeenKeys::default();
        if let Some((start, _)) = metadata {
            let mut reader = Reader::new(self.body, start, self.rules.limits.nesting, self.rules.limits.keys);
            let mut more = reader.enter_object()?;
            while more {
                seen.insert(self.body, reader.key()?);
                reader.skip_value()?;
                more = reader.next_in_object()?;
            }
        }
        let side_start = self.columns.side.len();
        let old = metadata.map_or(&b"{}"[..], |(start, end)| &self.body[start..end]);
        let inside = old[1..old.len() - 1].trim_ascii();
        self.columns.side.push(b'{');
        self.columns.side.extend_from_slice(inside);
        for (index, (key, (start, end))) in unknown.iter().enumerate() {
            if !seen.insert(self.body, *key) {
                return Err(JsonError { kind: JsonErrorKind::DuplicateKey, position: key.start }.into());
            }
            if index > 0 || !inside.is_empty() {
                self.columns.side.push(b',');
            }
            self.columns.side.extend_from_slice(&self.body[key.start - 1..=key.end]);
            self.columns.side.push(b':');
            self.columns.side.extend_from_slice(&self.body[*start..*end]);
        }
        self.columns.side.push(b'}');
        self.columns.unknown_keys += unknown.len() as u64;
        Ok(view::view(&self.columns.side, side_start, self.columns.side.len(), SIDE))
    }
}
