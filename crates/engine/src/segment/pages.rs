//! What the page index says about some rows of a group: bounds of their values, as the footer has them for whole groups.

use std::ops::Range;

use parquet::data_type::{ByteArray, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::page_index::column_index::{ByteArrayColumnIndex, ColumnIndexMetaData, PrimitiveColumnIndex};
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::Segment;

impl Segment {
    /// Returns bounds of the values that a leaf column has in these rows of a group, wider than needed where its pages reach
    /// beyond them. Nulls are counted where that is exact.
    pub(crate) fn statistics_of_rows(&self, group: usize, leaf: usize, rows: &Range<usize>) -> Option<Statistics> {
        let metadata = self.metadata().metadata();
        let index = metadata.column_index()?.get(group)?.get(leaf)?;
        let locations = metadata.offset_index()?.get(group)?.get(leaf)?.page_locations();
        let start = |page: usize| match locations.get(page) {
            Some(location) => usize::try_from(location.first_row_index).ok(),
            None => Some(self.groups().get(group)?.rows),
        };
        let mut pages = 0..0;
        for page in 0..locations.len() {
            if start(page)? < rows.end && start(page + 1)? > rows.start {
                pages = if pages.is_empty() { page..page + 1 } else { pages.start..page + 1 };
            }
        }
        let nulls = pages.clone().map(|page| index.null_count(page)).sum::<Option<i64>>()?;
        let is_exact = start(pages.start)? == rows.start && start(pages.end)? == rows.end;
        let nulls = u64::try_from(nulls).ok().filter(|nulls| is_exact || *nulls == 0);
        match index {
            ColumnIndexMetaData::INT32(index) => Some(Statistics::Int32(numbers::<Int32Type>(index, pages, nulls)?)),
            ColumnIndexMetaData::INT64(index) => Some(Statistics::Int64(numbers::<Int64Type>(index, pages, nulls)?)),
            ColumnIndexMetaData::DOUBLE(index) => Some(Statistics::Double(numbers::<DoubleType>(index, pages, nulls)?)),
            ColumnIndexMetaData::BYTE_ARRAY(index) => Some(Statistics::ByteArray(texts(index, pages, nulls)?)),
            _ => None,
        }
    }
}

/// Returns the bounds of some pages; nothing if a page has values and no bounds.
fn numbers<T: DataType>(
    index: &PrimitiveColumnIndex<T::T>,
    pages: Range<usize>,
    nulls: Option<u64>,
) -> Option<ValueStatistics<T::T>> {
    let (mut min, mut max): (Option<&T::T>, Option<&T::T>) = (None, None);
    for page in pages.filter(|page| !index.is_null_page(*page)) {
        let (low, high) = (index.min_value(page)?, index.max_value(page)?);
        min = Some(min.filter(|min| *min <= low).unwrap_or(low));
        max = Some(max.filter(|max| *max >= high).unwrap_or(high));
    }
    Some(ValueStatistics::new(min.cloned(), max.cloned(), None, nulls, false))
}

fn texts(index: &ByteArrayColumnIndex, pages: Range<usize>, nulls: Option<u64>) -> Option<ValueStatistics<ByteArray>> {
    let (mut min, mut max): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    for page in pages.filter(|page| !index.is_null_page(*page)) {
        let (low, high) = (index.min_value(page)?, index.max_value(page)?);
        min = Some(min.filter(|min| *min <= low).unwrap_or(low));
        max = Some(max.filter(|max| *max >= high).unwrap_or(high));
    }
    let owned = |bytes: &[u8]| ByteArray::from(bytes.to_vec());
    Some(ValueStatistics::new(min.map(owned), max.map(owned), None, nulls, false))
}
