//! The table `events` as SQL sees it: its columns, and which pieces a question has to look at. How rows are read is
//! the scan's part.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::piece::Piece;
use super::prune::{TimeRange, limits_time};
use super::scan::ScanExec;
use crate::encode::JSON_MARK;
use crate::segment::Segment;
use crate::tail::{Chunk, events_schema};

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

/// All events of one snapshot.
#[derive(Debug)]
pub(super) struct EventsTable {
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) chunks: Vec<Arc<Chunk>>,
    /// How many partitions a scan may have.
    pub(super) threads: usize,
}

#[async_trait]
impl TableProvider for EventsTable {
    fn schema(&self) -> SchemaRef {
        events_table_schema()
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
        let schema = self.schema();
        let range = TimeRange::of(filters);
        let groups = self
            .segments
            .iter()
            .flat_map(|segment| (0..segment.groups().len()).map(|group| Piece::Group(Arc::clone(segment), group)));
        let chunks = self.chunks.iter().map(|chunk| Piece::Chunk(Arc::clone(chunk)));
        let may_hold = |piece: &Piece| {
            let (first, last) = piece.times();
            range.overlaps(first, last)
        };
        let pieces = groups.chain(chunks).filter(may_hold).collect();
        let columns = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        Ok(Arc::new(ScanExec::new(pieces, schema, &columns, limit, self.threads)))
    }
}
