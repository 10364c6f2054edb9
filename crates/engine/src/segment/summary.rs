//! What a catalog has to know about a segment: size, checksum, and for every column the bounds of its values in the text
//! form of DuckLake.

use jiff::Timestamp;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;

use super::Table;
use super::layout::{NodeLayout, TypedLayout, VariantLayout};
use super::paths::PathKinds;
use super::shape::LeafType;
use crate::clock::Micros;

/// What a catalog has to know about a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSummary {
    pub rows: u64,
    /// Length of the file.
    pub bytes: u64,
    /// Length of the footer, without the eight bytes behind it.
    pub footer_bytes: u64,
    /// Checksum of the whole file.
    pub crc32c: u32,
    /// Smallest and largest event time (for rejected events: time of arrival).
    pub timestamp: (Micros, Micros),
    /// Smallest and largest time of arrival.
    pub ingested_at: (Micros, Micros),
    /// Smallest and largest offset.
    pub offset: (i64, i64),
    /// One for each column of the table, in its order.
    pub columns: Vec<ColumnSummary>,
}

/// What a catalog has to know about one column of a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSummary {
    pub name: String,
    /// The field id in the file.
    pub field_id: i32,
    /// Compressed bytes.
    pub bytes: u64,
    pub values: u64,
    pub nulls: u64,
    /// Lower bound, in DuckLake's text form. Long texts are cut, so that it may be lower than any value.
    pub min: Option<String>,
    /// Upper bound, which may be higher than any value.
    pub max: Option<String>,
    /// Typed columns inside a VARIANT.
    pub leaves: Vec<LeafSummary>,
}

/// What a catalog has to know about one typed column inside a VARIANT.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafSummary {
    /// Keys from the column on.
    pub path: Vec<String>,
    /// DuckLake's name of the type: `varchar`, `int64`, `float64` or `boolean`.
    pub kind: &'static str,
    pub bytes: u64,
    pub values: u64,
    /// Rows that do not have the path.
    pub nulls: u64,
    pub min: Option<String>,
    pub max: Option<String>,
    /// Whether some rows have the path with a value of another type (or JSON null), which the bounds do not cover.
    pub partial: bool,
}

impl LeafSummary {
    /// Returns the path as DuckLake spells it: keys in double quotes, joined by dots.
    #[must_use]
    pub fn variant_path(&self) -> String {
        let keys = self.path.iter().map(|key| format!("\"{}\"", key.replace('"', "\"\"")));
        keys.collect::<Vec<_>>().join(".")
    }
}

/// Bounds of a segment's times and offsets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    times: (i64, i64),
    append_times: (i64, i64),
    offsets: (i64, i64),
}

impl Default for Span {
    fn default() -> Self {
        let empty = (i64::MAX, i64::MIN);
        Self { times: empty, append_times: empty, offsets: empty }
    }
}

impl Span {
    pub(crate) fn times(&mut self, values: &[i64]) {
        widen(&mut self.times, values);
    }

    pub(crate) fn append_times(&mut self, values: &[i64]) {
        widen(&mut self.append_times, values);
    }

    pub(crate) fn offsets(&mut self, values: &[i64]) {
        widen(&mut self.offsets, values);
    }
}

fn widen(bounds: &mut (i64, i64), values: &[i64]) {
    for value in values {
        bounds.0 = bounds.0.min(*value);
        bounds.1 = bounds.1.max(*value);
    }
}

impl SegmentSummary {
    pub(crate) fn of(
        table: Table,
        metadata: &ParquetMetaData,
        _kinds: &PathKinds,
        span: Span,
        footer_bytes: u64,
        bytes: u64,
        crc32c: u32,
    ) -> Self {
        let schema = metadata.file_metadata().schema_descr();
        let mut first = 0;
        let mut columns = Vec::new();
        for field in schema.root_schema().get_fields() {
            let leaves: Vec<usize> = (first..schema.num_columns())
                .take_while(|leaf| schema.column(*leaf).path().parts().first().is_some_and(|name| name == field.name()))
                .collect();
            let parts: Vec<Chunks> = leaves.iter().map(|leaf| Chunks::of(metadata, *leaf)).collect();
            let mut column = ColumnSummary {
                name: field.name().to_owned(),
                field_id: field.get_basic_info().id(),
                bytes: parts.iter().map(|part| part.bytes).sum(),
                values: parts.first().map_or(0, |part| part.values),
                nulls: 0,
                min: None,
                max: None,
                leaves: Vec::new(),
            };
            match (VariantLayout::of(field, first), parts.as_slice()) {
                (Some(layout), _) => leaves_of(metadata, &layout.root, &mut Vec::new(), &mut column.leaves),
                (None, [only]) => {
                    column.nulls = only.nulls;
                    (column.min, column.max) = only.bounds.clone();
                }
                (None, _) => {}
            }
            first += leaves.len();
            columns.push(column);
        }
        let append_times = if table.append_time_column().is_some() { span.append_times } else { span.times };
        Self {
            rows: u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0),
            bytes,
            footer_bytes,
            crc32c,
            timestamp: span.times,
            ingested_at: append_times,
            offset: span.offsets,
            columns,
        }
    }
}

fn leaves_of(metadata: &ParquetMetaData, node: &NodeLayout, path: &mut Vec<String>, leaves: &mut Vec<LeafSummary>) {
    for child in node.children() {
        path.push(child.name.to_string());
        if let TypedLayout::Leaf(column, kind) = &child.typed {
            let typed = Chunks::of(metadata, *column);
            let value = child.value.map(|column| Chunks::of(metadata, column));
            let (min, max) = if *kind == LeafType::Bool { (None, None) } else { typed.bounds };
            leaves.push(LeafSummary {
                path: path.clone(),
                kind: match kind {
                    LeafType::Text => "varchar",
                    LeafType::Int => "int64",
                    LeafType::Float => "float64",
                    LeafType::Bool => "boolean",
                },
                bytes: typed.bytes,
                values: typed.values,
                nulls: typed.nulls,
                min,
                max,
                partial: value.is_some_and(|value| value.nulls < value.values),
            });
        }
        leaves_of(metadata, child, path, leaves);
        path.pop();
    }
}

/// What the groups of a file say about one leaf column.
struct Chunks {
    bytes: u64,
    values: u64,
    nulls: u64,
    bounds: (Option<String>, Option<String>),
}

impl Chunks {
    fn of(metadata: &ParquetMetaData, leaf: usize) -> Self {
        let chunks = || metadata.row_groups().iter().map(|group| group.column(leaf));
        let nulls = |chunk: &ColumnChunkMetaData| chunk.statistics().and_then(Statistics::null_count_opt).unwrap_or(0);
        Self {
            bytes: chunks().map(|chunk| u64::try_from(chunk.compressed_size()).unwrap_or(0)).sum(),
            values: chunks().map(|chunk| u64::try_from(chunk.num_values()).unwrap_or(0)).sum(),
            nulls: chunks().map(nulls).sum(),
            bounds: bounds(&chunks().collect::<Vec<_>>()),
        }
    }
}

/// Returns the bounds of a leaf column, as text. A group without any value has none and does not count; one whose
/// bounds are not known leaves the whole without.
fn bounds(chunks: &[&ColumnChunkMetaData]) -> (Option<String>, Option<String>) {
    let mut whole: Option<Statistics> = None;
    for chunk in chunks {
        let Some(statistics) = chunk.statistics() else { return (None, None) };
        if statistics.null_count_opt() == u64::try_from(chunk.num_values()).ok() {
            continue;
        }
        if statistics.min_bytes_opt().is_none() || statistics.max_bytes_opt().is_none() {
            return (None, None);
        }
        whole = Some(match &whole {
            None => statistics.clone(),
            Some(whole) => match wider(whole, statistics) {
                Some(wider) => wider,
                None => return (None, None),
            },
        });
    }
    let is_time = chunks.first().is_some_and(|chunk| {
        matches!(chunk.column_descr().logical_type_ref(), Some(parquet::basic::LogicalType::Timestamp(_)))
    });
    whole.map_or((None, None), |whole| texts(&whole, is_time))
}

fn wider(a: &Statistics, b: &Statistics) -> Option<Statistics> {
    use parquet::file::statistics::ValueStatistics;
    macro_rules! widest {
        ($kind:ident, $a:expr, $b:expr) => {{
            let min = if $a.min_opt()? <= $b.min_opt()? { $a.min_opt()? } else { $b.min_opt()? };
            let max = if $a.max_opt()? >= $b.max_opt()? { $a.max_opt()? } else { $b.max_opt()? };
            Some(Statistics::$kind(ValueStatistics::new(Some(min.clone()), Some(max.clone()), None, None, false)))
        }};
    }
    match (a, b) {
        (Statistics::Int32(a), Statistics::Int32(b)) => widest!(Int32, a, b),
        (Statistics::Int64(a), Statistics::Int64(b)) => widest!(Int64, a, b),
        (Statistics::Double(a), Statistics::Double(b)) => widest!(Double, a, b),
        (Statistics::ByteArray(a), Statistics::ByteArray(b)) => widest!(ByteArray, a, b),
        _ => None,
    }
}

fn texts(statistics: &Statistics, is_time: bool) -> (Option<String>, Option<String>) {
    match statistics {
        Statistics::Int32(values) => (values.min_opt().map(i32::to_string), values.max_opt().map(i32::to_string)),
        Statistics::Int64(values) if is_time => {
            (values.min_opt().and_then(|time| time_text(*time)), values.max_opt().and_then(|time| time_text(*time)))
        }
        Statistics::Int64(values) => (values.min_opt().map(i64::to_string), values.max_opt().map(i64::to_string)),
        Statistics::Double(values) => (values.min_opt().map(f64::to_string), values.max_opt().map(f64::to_string)),
        Statistics::ByteArray(values) => {
            let text = |bytes: &parquet::data_type::ByteArray| bytes.as_utf8().ok().map(str::to_owned);
            (values.min_opt().and_then(text), values.max_opt().and_then(text))
        }
        _ => (None, None),
    }
}

/// Returns a time as DuckLake writes it.
fn time_text(micros: i64) -> Option<String> {
    let time = Timestamp::from_microsecond(micros).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S%.6f+00").to_string())
}
