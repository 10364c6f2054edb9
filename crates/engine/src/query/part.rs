//! A part of a file that is read together: a group of rows, or those pages of one that are worth a look.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use parquet::arrow::arrow_reader::RowSelection;

use crate::clock::Micros;
use crate::segment::{PAGE_ROWS, Segment};

/// Rows of one group of a segment.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) segment: Arc<Segment>,
    pub(super) group: usize,
    /// Positions in the group, rising; neighbours are joined.
    ranges: Vec<Range<usize>>,
    /// Bounds of the event times.
    pub(super) times: (Micros, Micros),
}

impl Part {
    /// Returns all rows of a group.
    pub(super) fn whole(segment: &Arc<Segment>, group: usize) -> Self {
        let all = &segment.groups()[group];
        Self { segment: Arc::clone(segment), group, ranges: iter::once(0..all.rows).collect(), times: all.times }
    }

    pub(super) fn rows(&self) -> usize {
        self.ranges.iter().map(ExactSizeIterator::len).sum()
    }

    /// Returns whether these are all rows of the group.
    pub(super) fn is_whole(&self) -> bool {
        self.rows() == self.segment.groups()[self.group].rows
    }

    /// Returns the rows of each page, which is as little as can be read of a column.
    pub(super) fn pages(&self) -> Vec<Range<usize>> {
        let mut pages = Vec::with_capacity(self.rows().div_ceil(PAGE_ROWS) + self.ranges.len());
        for range in &self.ranges {
            let mut start = range.start;
            while start < range.end {
                let end = ((start / PAGE_ROWS + 1) * PAGE_ROWS).min(range.end);
                pages.push(start..end);
                start = end;
            }
        }
        pages
    }

    /// Returns these pages as a part of their own.
    pub(super) fn of_pages(&self, pages: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for page in pages {
            match ranges.last_mut() {
                Some(last) if last.end == page.start => last.end = page.end,
                _ => ranges.push(page),
            }
        }
        Self { ranges, ..self.clone() }
    }

    /// Returns about so many rows from one end, in whole pages, and the rest if there is any.
    pub(super) fn divided(self, rows: usize, from_end: bool) -> (Self, Option<Self>) {
        let pages = self.pages();
        let count = rows.div_ceil(PAGE_ROWS).max(1);
        if pages.len() <= count {
            return (self, None);
        }
        let (front, back) = pages.split_at(if from_end { pages.len() - count } else { count });
        let (front, back) = (self.of_pages(front.iter().cloned()), self.of_pages(back.iter().cloned()));
        if from_end { (back, Some(front)) } else { (front, Some(back)) }
    }

    /// Returns what to read of the group, where that is not all of it.
    pub(super) fn selection(&self) -> Option<RowSelection> {
        let rows = self.segment.groups()[self.group].rows;
        (!self.is_whole()).then(|| RowSelection::from_consecutive_ranges(self.ranges.iter().cloned(), rows))
    }
}
