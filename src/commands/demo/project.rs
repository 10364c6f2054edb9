//! A project in a temporary folder that goes with the demo.

use std::fs;
use std::path::{Path, PathBuf};

use crate::printer::{CommandError, ExitStatus};

const CONFIG: &str = "# The project of `streamflow demo`. It is removed when the demo ends.\n";
const PANEL: &str = "panels:
  - title: Orders by minute
    sql: |
      SELECT date_bin($bucket, timestamp) AS time, count(*) AS orders
      FROM events WHERE type = 'order.paid' AND timestamp >= $since AND timestamp < $until
      GROUP BY 1 ORDER BY 1
  - title: Slowest pages, p95 in ms
    sql: |
      SELECT data.page AS page, approx_percentile_cont(data.latency_ms, 0.95) AS p95
      FROM events WHERE timestamp >= $since AND timestamp < $until AND data.page IS NOT NULL
      GROUP BY 1 HAVING count(*) >= 10 ORDER BY p95 DESC LIMIT 8
";

/// The folder. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Project {
    dir: PathBuf,
}

impl Project {
    pub(super) fn make() -> Result<Self, CommandError> {
        let dir = std::env::temp_dir().join(format!("streamflow-demo-{}", std::process::id()));
        fs::create_dir(&dir).map_err(|error| unwritable(&dir, &error))?;
        // From here on the folder is removed, whatever fails.
        let project = Self { dir };
        let written = fs::write(project.dir.join("config.yaml"), CONFIG)
            .and_then(|()| fs::create_dir(project.dir.join("dashboards")))
            .and_then(|()| fs::write(project.dir.join("dashboards/shop.yaml"), PANEL));
        written.map_err(|error| unwritable(&project.dir, &error))?;
        Ok(project)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Nothing of value is in it; what can not be removed the system removes with its temporary files.
        fs::remove_dir_all(&self.dir).unwrap_or_default();
    }
}

fn unwritable(dir: &Path, error: &std::io::Error) -> CommandError {
    CommandError::new("storage_unavailable", format!("cannot write {}: {error}", dir.display()), ExitStatus::Usage)
        .with_hint("name another folder for temporary files with TMPDIR")
}
