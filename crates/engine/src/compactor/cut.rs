//! Removes what came after a moment, for a folder that is restored as it was then.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::Compactor;
use crate::catalog::{DataFile, Reason};
use crate::clock::Micros;
use crate::sealer::SealError;
use crate::segment::Table;

/// Up to which moment a folder is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// What had arrived by then, microseconds since 1970 UTC.
    Time(Micros),
    /// Events below this offset; rejected events that arrived no later than the last of these.
    Offset(u64),
}

impl Compactor {
    /// Removes every row that came later, and the files that had it. Returns how many events and rejected events went.
    ///
    /// # Errors
    /// When the disk or the catalog fails.
    pub(crate) fn cut(&self, until: Until) -> Result<(u64, u64), SealError> {
        let (events, last) = self.cut_table(Table::Events, until)?;
        let time = match until {
            Until::Time(time) => time,
            Until::Offset(_) => last.unwrap_or(Micros::MIN),
        };
        let (rejected, _) = self.cut_table(Table::RejectedEvents, Until::Time(time))?;
        self.catalog.lock().forget_keys_after(time)?;
        self.delete_unused()?;
        Ok((events, rejected))
    }

    /// Returns how many rows went, and when the last that stayed had arrived.
    fn cut_table(&self, table: Table, until: Until) -> Result<(u64, Option<Micros>), SealError> {
        let (mut gone, mut last) = (0, None);
        let mut removed = Vec::new();
        for file in self.files(table)? {
            let (first, end) = bounds(&file, until);
            if first {
                gone += file.rows;
                removed.push((table, file));
            } else if end {
                let keep = |batch: &RecordBatch| kept(table, batch, until);
                let new = self.rewrite(table, std::slice::from_ref(&file), &keep, Reason::Expiry)?;
                gone += file.rows - new.summary.rows;
                last = last.max(Some(new.summary.ingested_at.1));
            } else {
                last = last.max(Some(file.ingested_at.1));
            }
        }
        if !removed.is_empty() {
            self.remove(&removed)?;
        }
        Ok((gone, last))
    }
}

/// Returns whether the first row of a file came too late, and whether the last one did.
fn bounds(file: &DataFile, until: Until) -> (bool, bool) {
    match until {
        Until::Time(time) => (file.ingested_at.0 > time, file.ingested_at.1 > time),
        Until::Offset(offset) => {
            let is_late = |row: i64| u64::try_from(row).is_ok_and(|row| row >= offset);
            (is_late(file.offset.0), is_late(file.offset.1))
        }
    }
}

fn kept(table: Table, batch: &RecordBatch, until: Until) -> BooleanArray {
    match until {
        Until::Time(time) => {
            let column = table.append_time_column().unwrap_or_else(|| table.time_column());
            let times = batch.column(column).as_primitive::<TimestampMicrosecondType>();
            times.values().iter().map(|arrived| Some(*arrived <= time)).collect()
        }
        Until::Offset(offset) => {
            let offsets = batch.column(table.offset_column()).as_primitive::<Int64Type>();
            offsets.values().iter().map(|row| Some(u64::try_from(*row).is_ok_and(|row| row < offset))).collect()
        }
    }
}
