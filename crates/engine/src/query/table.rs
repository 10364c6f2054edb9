//! The tables as SQL sees them: their columns, and which pieces a question has to look at. How rows are read is
//! the scan's part.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::part::Part;
use super::piece::Piece;
use super::prune::{TimeRange, limits_time};
use super::scan::ScanExec;
use crate::encode::JSON_MARK;
use crate::segment::Segment;
use crate::snapshot::Snapshot;
use crate::tail::{events_schema, rejected_schema};

/// Columns that hold JSON text.
pub(super) const JSON_COLUMNS: [&str; 2] = ["data", "metadata"];

/// Returns the schema of `events` with its JSON columns marked as such.
pub(super) fn events_table_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mark = |field: &Arc<Field>| match JSON_COLUMNS.contains(&field.name().as_str()) {
            true => field.as_ref().clone().with_metadata([(JSON_MARK.0.to_owned(), JSON_MARK.1.to_owned())].into()),
            false => field.as_ref().clone(),
        };
        Arc::new(Schema::new(events_schema().fields().iter().map(mark).collect::<Vec<_>>()))
    });
    Arc::clone(&SCHEMA)
}

/// A table of one snapshot: sealed history and what is not sealed yet.
#[derive(Debug)]
pub(super) struct HistoryTable {
    schema: SchemaRef,
    pieces: Vec<Piece>,
    /// How many partitions a scan may have.
    threads: usize,
}

impl HistoryTable {
    /// Returns the table `events`.
    pub(super) fn events(snapshot: &Snapshot, threads: usize) -> Self {
        let chunks = snapshot.chunks.iter().map(|chunk| Piece::Chunk(Arc::clone(chunk)));
        Self { schema: events_table_schema(), pieces: groups(&snapshot.segments).chain(chunks).collect(), threads }
    }

    /// Returns the table `rejected_events`.
    pub(super) fn rejected_events(snapshot: &Snapshot, threads: usize) -> Self {
        let rows = snapshot.rejected.iter().cloned().map(Piece::Rows);
        let pieces = groups(&snapshot.rejected_segments).chain(rows).collect();
        Self { schema: rejected_schema(), pieces, threads }
    }
}

fn groups(segments: &[Arc<Segment>]) -> impl Iterator<Item = Piece> {
    segments
        .iter()
        .flat_map(|segment| (0..segment.groups().len()).map(|group| Piece::Part(Part::whole(segment, group))))
}

#[async_trait]
impl TableProvider for HistoryTable {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match limits_time(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let range = TimeRange::of(filters);
        let may_hold = |piece: &&Piece| {
            let (first, last) = piece.times();
            range.overlaps(first, last)
        };
        let pieces = self.pieces.iter().filter(may_hold).cloned().collect();
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        Ok(Arc::new(ScanExec::new(pieces, self.schema(), &columns, limit, self.threads)))
    }
}
