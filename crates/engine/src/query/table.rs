//! The table `events` as SQL sees it: its columns, and which chunks a question has to look at. How rows are read is
//! the source's part.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::prune::{TimeRange, limits_time};
use super::source::TailExec;
use crate::encode::JSON_MARK;
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
        let may_hold = |chunk: &&Arc<Chunk>| range.overlaps(chunk.timestamp_min, chunk.timestamp_max);
        let chunks = self.chunks.iter().filter(may_hold).cloned().collect();
        let columns = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        Ok(Arc::new(TailExec::new(chunks, schema, &columns, limit, self.threads)))
    }
}
