//! How many events there are at each time and latency, and the cell that is looked at.

use std::collections::BTreeMap;

use crate::api::query::QueryAnswer;
use crate::tui::cursor::Range;
use crate::tui::event::Failure;
use crate::tui::row::micros;
use crate::tui::statement::LEVELS_PER_DECADE;

/// The heatmap.
#[derive(Debug, Clone, Default)]
pub struct Heat {
    pub map: Option<Map>,
    /// Bucket and level of the cell that is looked at.
    pub cell: Option<(usize, i64)>,
    pub failure: Option<Failure>,
}

/// Cells by level, then by bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    pub range: Range,
    pub field: String,
    levels: BTreeMap<i64, Vec<Cell>>,
    pub most: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    pub events: u64,
    pub errors: u64,
}

impl Map {
    /// Reads rows of time, level, events, errors.
    #[must_use]
    pub fn of(answer: &QueryAnswer, range: Range, field: &str) -> Self {
        let mut map = Self { range, field: field.to_owned(), levels: BTreeMap::new(), most: 0, total: 0 };
        for row in &answer.rows {
            let [time, level, events, errors] = row.as_slice() else { continue };
            let bucket = range.bucket_of(micros(time.as_str().unwrap_or_default()));
            let (Some(bucket), Some(level), Some(events)) = (bucket, level.as_i64(), events.as_u64()) else { continue };
            let cells = map.levels.entry(level).or_insert_with(|| vec![Cell::default(); range.buckets()]);
            cells[bucket] = Cell { events, errors: errors.as_u64().unwrap_or_default() };
            map.most = map.most.max(events);
            map.total += events;
        }
        map
    }

    /// Returns the lowest and the highest level that has events.
    #[must_use]
    pub fn bounds(&self) -> Option<(i64, i64)> {
        Some((*self.levels.keys().next()?, *self.levels.keys().next_back()?))
    }

    /// Returns the sum of the cells in these buckets and levels.
    #[must_use]
    pub fn sum(&self, buckets: std::ops::Range<usize>, levels: std::ops::RangeInclusive<i64>) -> Cell {
        if levels.is_empty() {
            return Cell::default();
        }
        let cells = self
            .levels
            .range(levels)
            .flat_map(|(_, cells)| &cells[buckets.start.min(cells.len())..buckets.end.min(cells.len())]);
        cells.fold(Cell::default(), |sum, cell| Cell {
            events: sum.events + cell.events,
            errors: sum.errors + cell.errors,
        })
    }
}

/// Returns the latency at which a level begins.
#[must_use]
pub fn floor_of(level: i64) -> f64 {
    10_f64.powf(level as f64 / LEVELS_PER_DECADE)
}

impl Heat {
    /// Takes up a map; a cell that is outside of it moves to its edge.
    pub fn set(&mut self, map: Map) {
        if let (Some((bucket, level)), Some((low, high))) = (self.cell, map.bounds()) {
            self.cell = Some((bucket.min(map.range.buckets() - 1), level.clamp(low, high)));
        }
        self.map = Some(map);
    }

    /// Moves the cell; the first move puts it onto the densest of the slowest level that has events, so that enter leads to some.
    /// Of equally dense ones it is the newest.
    pub fn step(&mut self, buckets: isize, levels: i64) {
        let Some(map) = &self.map else { return };
        let Some((low, high)) = map.bounds() else { return };
        let last = map.range.buckets() - 1;
        self.cell = Some(match self.cell {
            None => {
                let events = |bucket: &usize| map.sum(*bucket..*bucket + 1, high..=high).events;
                ((0..=last).max_by_key(events).unwrap_or(last), high)
            }
            Some((bucket, level)) => {
                (bucket.saturating_add_signed(buckets).min(last), (level + levels).clamp(low, high))
            }
        });
    }

    /// Returns the cell's time and latencies, from and to.
    #[must_use]
    pub fn chosen(&self) -> Option<Chosen> {
        let (bucket, level) = self.cell?;
        let map = self.map.as_ref()?;
        let since = map.range.start_of(bucket);
        Some(Chosen {
            since,
            until: since + map.range.bucket,
            from: floor_of(level),
            below: floor_of(level + 1),
            cell: map.sum(bucket..bucket + 1, level..=level),
        })
    }
}

/// One cell in the units of the events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    pub since: i64,
    pub until: i64,
    pub from: f64,
    pub below: f64,
    pub cell: Cell,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::query::QueryStats;

    #[test]
    fn a_cell_knows_its_time_and_its_latencies() {
        let rows = vec![
            vec![json!("1970-01-01T00:00:00Z"), json!(6), json!(3), json!(0)],
            vec![json!("1970-01-01T00:00:30Z"), json!(12), json!(5), json!(2)],
        ];
        let answer = QueryAnswer {
            columns: Vec::new(),
            rows,
            truncated: false,
            notes: Vec::new(),
            stats: QueryStats::default(),
        };
        let range = Range { since: 0, until: 60_000_000, bucket: 10_000_000 };
        let mut heat = Heat::default();
        heat.step(1, 1);
        assert_eq!(heat.cell, None, "nothing to look at yet");
        heat.set(Map::of(&answer, range, "data.x"));
        heat.step(0, 0);
        assert_eq!(heat.cell, Some((3, 12)), "where events are, not in the empty corner");
        heat.step(2, 0);
        assert_eq!(heat.cell, Some((5, 12)));
        heat.step(-2, 0);
        let chosen = heat.chosen().unwrap();
        assert_eq!(
            (chosen.since, chosen.until, chosen.cell.events, chosen.cell.errors),
            (30_000_000, 40_000_000, 5, 2)
        );
        assert!((chosen.from - 100.0).abs() < 1e-9);
        heat.step(-100, -100);
        assert_eq!(heat.cell, Some((0, 6)));
        assert_eq!(heat.map.as_ref().unwrap().sum(0..99, i64::MIN..=i64::MAX).events, 8);
    }
}
