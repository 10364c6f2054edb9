//! Removes rows that became too old, by their time of arrival, and the oldest files when there are too many bytes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use super::Compactor;
use crate::catalog::{DataFile, Reason};
use crate::clock::Micros;
use crate::sealer::SealError;
use crate::segment::Table;

/// A file of which only some rows are too old is rewritten when the oldest of them is overdue by a day, or by a tenth of
/// what it may live; so that a file is rewritten once a day at most.
const OVERDUE_MAX: Duration = Duration::from_secs(86_400);
const OVERDUE_SHARE: u32 = 10;

/// How long rows stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Since their arrival; none is for ever. Rejected events go by it, too.
    pub age_max: Option<Duration>,
    /// For events of a type, instead of `age_max`.
    pub age_max_by_type: Vec<(String, Duration)>,
    /// Bytes of all files of history; none is no limit.
    pub bytes_max: Option<u64>,
}

/// What a removal of old rows did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionReport {
    pub events: u64,
    pub rejected_events: u64,
    /// Files that went as a whole.
    pub files_removed: u64,
    pub files_rewritten: u64,
    /// Bytes that history has less; they are free once the files may be deleted.
    pub bytes: u64,
}

/// Whether rows that are hardly too old may stay a little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    Some,
    None,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    /// That many of its rows are too old.
    Thinned(u64),
    Removed,
}

impl Compactor {
    /// Removes what is too old or too much.
    ///
    /// # Errors
    /// When the disk or the catalog fails. What was removed before that stays removed.
    pub(super) fn expire(&self, patience: Patience) -> Result<RetentionReport, SealError> {
        let mut report = RetentionReport::default();
        let rules = &self.options.retention;
        let now = self.clock.now();
        let mut removed = Vec::new();
        for table in [Table::Events, Table::RejectedEvents] {
            let Some(rule) = Rule::of(rules, table, now) else { continue };
            for file in self.files(table)? {
                if self.stopping.load(Ordering::Acquire) {
                    return Err(SealError::Stopped);
                }
                match self.fate(table, &file, &rule, patience)? {
                    Fate::Kept => {}
                    Fate::Removed => removed.push((table, file)),
                    Fate::Thinned(rows) => {
                        let keep = |batch: &RecordBatch| rule.kept(batch);
                        let new = self.rewrite(table, std::slice::from_ref(&file), &keep, Reason::Expiry)?;
                        report.files_rewritten += 1;
                        report.bytes += file.bytes.saturating_sub(new.summary.bytes);
                        report.count(table, rows);
                    }
                }
            }
        }
        self.drop_whole(&removed, &mut report)?;
        self.drop_whole(&self.surplus()?, &mut report)?;
        Ok(report)
    }

    /// Removes the oldest files while there are too many bytes.
    ///
    /// # Errors
    /// As [`Compactor::expire`].
    pub(super) fn trim(&self) -> Result<RetentionReport, SealError> {
        let mut report = RetentionReport::default();
        self.drop_whole(&self.surplus()?, &mut report)?;
        Ok(report)
    }

    fn drop_whole(&self, files: &[(Table, DataFile)], report: &mut RetentionReport) -> Result<(), SealError> {
        if files.is_empty() {
            return Ok(());
        }
        self.remove(files)?;
        for (table, file) in files {
            report.files_removed += 1;
            report.bytes += file.bytes;
            report.count(*table, file.rows);
        }
        Ok(())
    }

    fn fate(&self, table: Table, file: &DataFile, rule: &Rule, patience: Patience) -> Result<Fate, SealError> {
        if rule.end_of_all().is_some_and(|end| file.ingested_at.1 < end) {
            return Ok(Fate::Removed);
        }
        if file.ingested_at.0 >= rule.begin_of_any() {
            return Ok(Fate::Kept);
        }
        let segments = self.opened(table, std::slice::from_ref(file))?;
        let (mut old, mut overdue) = (0, 0);
        for segment in &segments {
            for batch in segment.columns_in_order(rule.columns())? {
                let (gone, late) = rule.count(&batch?);
                old += gone;
                overdue += late;
            }
        }
        Ok(match patience {
            _ if old == file.rows => Fate::Removed,
            Patience::Some if overdue == 0 => Fate::Kept,
            _ if old == 0 => Fate::Kept,
            Patience::Some | Patience::None => Fate::Thinned(old),
        })
    }

    /// Returns the files that arrived first, as many as there are too many bytes.
    fn surplus(&self) -> Result<Vec<(Table, DataFile)>, SealError> {
        let Some(bytes_max) = self.options.retention.bytes_max else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        for table in [Table::Events, Table::RejectedEvents] {
            files.extend(self.files(table)?.into_iter().map(|file| (table, file)));
        }
        files.sort_unstable_by_key(|(_, file)| (file.ingested_at.1, file.id));
        let mut bytes: u64 = files.iter().map(|(_, file)| file.bytes).sum();
        let is_surplus = |(_, file): &(Table, DataFile)| {
            let surplus = bytes > bytes_max;
            bytes -= file.bytes;
            surplus
        };
        Ok(files.into_iter().take_while(is_surplus).collect())
    }
}

impl RetentionReport {
    fn count(&mut self, table: Table, rows: u64) {
        match table {
            Table::Events => self.events += rows,
            Table::RejectedEvents => self.rejected_events += rows,
        }
    }
}

/// Which rows of one table are too old now.
#[derive(Debug)]
struct Rule {
    table: Table,
    others: Option<Cutoff>,
    by_type: Vec<(String, Cutoff)>,
}

/// Rows that arrived before `old` go; some before `overdue` are reason enough to rewrite a file.
#[derive(Debug, Clone, Copy)]
struct Cutoff {
    old: Micros,
    overdue: Micros,
}

impl Cutoff {
    fn of(age: Duration, now: Micros) -> Self {
        let micros = |time: Duration| Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX);
        let old = now.saturating_sub(micros(age));
        Self { old, overdue: old.saturating_sub(micros(OVERDUE_MAX.min(age / OVERDUE_SHARE))) }
    }
}

impl Rule {
    /// Returns the rule of a table; none if nothing of it becomes too old.
    fn of(retention: &Retention, table: Table, now: Micros) -> Option<Self> {
        let others = retention.age_max.map(|age| Cutoff::of(age, now));
        let by_type = match table {
            Table::Events => {
                retention.age_max_by_type.iter().map(|(name, age)| (name.clone(), Cutoff::of(*age, now))).collect()
            }
            Table::RejectedEvents => Vec::new(),
        };
        (others.is_some() || !by_type.is_empty()).then_some(Self { table, others, by_type })
    }

    fn cutoffs(&self) -> impl Iterator<Item = Cutoff> {
        self.by_type.iter().map(|(_, cutoff)| *cutoff).chain(self.others)
    }

    /// Returns the time before which every row is too old, whatever its type; none if some type stays for ever.
    fn end_of_all(&self) -> Option<Micros> {
        self.others?;
        self.cutoffs().map(|cutoff| cutoff.old).min()
    }

    /// Returns the time from which on no row is too old.
    fn begin_of_any(&self) -> Micros {
        self.cutoffs().map(|cutoff| cutoff.old).max().unwrap_or(Micros::MIN)
    }

    /// Returns the columns that say whether a row is too old.
    fn columns(&self) -> &'static [&'static str] {
        match self.table {
            Table::Events => &["type", "ingested_at"],
            Table::RejectedEvents => &["received_at"],
        }
    }

    /// Counts rows that are too old, and those that are overdue.
    fn count(&self, batch: &RecordBatch) -> (u64, u64) {
        self.each(batch).flatten().fold((0, 0), |(old, overdue), (arrived, cutoff)| {
            (old + u64::from(arrived < cutoff.old), overdue + u64::from(arrived < cutoff.overdue))
        })
    }

    fn kept(&self, batch: &RecordBatch) -> BooleanArray {
        let kept = |row: Option<(Micros, Cutoff)>| row.is_none_or(|(arrived, cutoff)| arrived >= cutoff.old);
        self.each(batch).map(kept).collect::<Vec<bool>>().into()
    }

    /// Returns when each row arrived and what holds for it; none for a row that stays for ever.
    fn each(&self, batch: &RecordBatch) -> impl Iterator<Item = Option<(Micros, Cutoff)>> {
        let column = |name: &str| batch.column_by_name(name).cloned();
        let types = column("type");
        let arrived = self.columns().last().and_then(|name| column(name));
        (0..batch.num_rows()).map(move |row| {
            let arrived = arrived.as_ref()?.as_primitive_opt::<TimestampMicrosecondType>()?;
            let named = types.as_ref().and_then(|types| {
                let name = types.as_string_view_opt().filter(|types| types.is_valid(row))?.value(row);
                self.by_type.iter().find(|(other, _)| other == name)
            });
            let cutoff = named.map(|(_, cutoff)| *cutoff).or(self.others)?;
            Some((arrived.value(row), cutoff))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringViewArray, TimestampMicrosecondArray};

    use super::*;

    const DAY: i64 = 86_400 * 1_000_000;

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * 86_400)
    }

    fn rows(rows: &[(&str, i64)]) -> RecordBatch {
        let types: ArrayRef = Arc::new(StringViewArray::from_iter_values(rows.iter().map(|(name, _)| name)));
        let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|(_, day)| day * DAY));
        RecordBatch::try_from_iter([("type", types), ("ingested_at", Arc::new(times) as ArrayRef)]).unwrap()
    }

    #[test]
    fn a_type_has_its_own_age_and_the_others_have_one_together() {
        let retention = Retention {
            age_max: Some(days(90)),
            age_max_by_type: vec![("debug".to_owned(), days(7)), ("order".to_owned(), days(400))],
            bytes_max: None,
        };
        let rule = Rule::of(&retention, Table::Events, 1_000 * DAY).unwrap();
        let batch =
            rows(&[("debug", 994), ("debug", 992), ("click", 911), ("click", 909), ("order", 601), ("order", 599)]);
        let kept: Vec<bool> = rule.kept(&batch).iter().flatten().collect();
        assert_eq!(kept, [true, false, true, false, true, false]);
        assert_eq!(rule.count(&batch), (3, 1), "only the debug event is overdue by more than its tenth of seven days");
        assert_eq!(rule.end_of_all(), Some(600 * DAY));
        assert_eq!(rule.begin_of_any(), 993 * DAY);
    }

    #[test]
    fn what_has_no_age_stays_for_ever() {
        assert!(Rule::of(&Retention::default(), Table::Events, 0).is_none());
        let retention = Retention { age_max_by_type: vec![("debug".to_owned(), days(7))], ..Retention::default() };
        let rule = Rule::of(&retention, Table::Events, 1_000 * DAY).unwrap();
        assert_eq!(rule.kept(&rows(&[("click", 0), ("debug", 0)])).iter().flatten().collect::<Vec<_>>(), [true, false]);
        assert_eq!(rule.end_of_all(), None, "a file may hold other types");
        assert!(Rule::of(&retention, Table::RejectedEvents, 0).is_none());
    }
}
