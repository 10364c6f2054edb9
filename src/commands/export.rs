//! Writes events, or the rows of a statement, to a file or to stdout, however many there are.

mod destination;
mod layout;
mod rows;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use streamflow_core::event::{COLUMNS, FIELDS};
use streamflow_core::filter;
use tokio::sync::mpsc;

use self::destination::{Destination, Overwrite};
use self::layout::Layout;
use self::rows::RowFile;
use super::observed;
use super::query::{parameter, place, statement};
use super::range::RangeArgs;
use super::tree::examples;
use super::{Session, remote};
use crate::api::query::QueryRequest;
use crate::client::{ClientError, Request};
use crate::printer::{CommandError, ExitStatus, Printer};
use crate::settings::{parse_duration, spell_bytes_roughly};

/// Pieces of the answer that wait to be written: one is written while the next arrives.
const PIECES_WAITING_MAX: usize = 16;

/// Write events, or the rows of a query, to a file
///
/// Without --sql the file has the fields that a client sends, so that `streamflow import` and `send -f` take it again. The
/// name of the file chooses its form: .parquet, .csv, .ndjson, the last two also with .gz or .zst behind. Rows come in no
/// particular order. A file appears under its name when it is whole.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow export events.parquet",
    "streamflow export clicks.csv --filter type=web.click --last 7d",
    "streamflow export pages.parquet --sql 'SELECT data.page, count(*) AS views FROM events GROUP BY 1'",
    "streamflow export - --since yesterday | zstd > yesterday.ndjson.zst",
    "streamflow export backup.ndjson.zst --force",
))]
pub(super) struct ExportArgs {
    /// File to write; `-` is stdout, in the form that -o names, NDJSON unless given
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only these events: a SQL condition, or words such as type=web.click
    #[arg(long, value_name = "FILTER", add = observed::filter())]
    filter: Option<String>,
    /// Write the rows of this statement
    #[arg(long, value_name = "SQL", add = observed::expression(), conflicts_with_all = ["filter", "since", "until", "last", "around"])]
    sql: Option<String>,
    /// Read the statement from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sql", "filter", "since", "until", "last", "around"])]
    sql_file: Option<PathBuf>,
    /// Value for $KEY in the statement; KEY:=JSON for anything but a text, a number or true and false
    #[arg(long, value_name = "KEY=VALUE")]
    param: Vec<String>,
    #[command(flatten)]
    range: RangeArgs,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
    /// Give up after this long; the server has a limit of its own, query.export_timeout
    #[arg(long, value_name = "TIME", value_parser = parse_duration, hide_short_help = true)]
    timeout: Option<Duration>,
}

pub(super) fn run(args: ExportArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let printer = session.printer();
    let layout = Layout::choose(&args.file, printer)?;
    let (statement, params) = args.statement(session)?;
    let overwrite = if args.force { Overwrite::Allowed } else { Overwrite::Refused };
    let destination = Destination::open(&args.file, overwrite, printer)?;
    let client = remote::reader(session)?;
    let request = QueryRequest {
        sql: statement.text.clone(),
        params,
        timeout: args.timeout.map(|timeout| Value::from(timeout.as_secs_f64())),
        max_rows: printer.limit().map(|limit| limit as u64),
        as_of: None,
    };
    let request =
        Request::post("/api/v1/export").json(&request).accept("application/vnd.apache.arrow.stream").without_deadline();
    let started = Instant::now();
    let progress = printer.progress("exporting", None);
    let file = RowFile::new(layout, destination);
    let (to, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    let (outcome, file) = std::thread::scope(|scope| {
        let writer = std::thread::Builder::new()
            .name("write rows".to_owned())
            .spawn_scoped(scope, || file.write_all(pieces, &progress))
            .map_err(|error| CommandError::bug(format!("cannot start a thread: {error}")))?;
        let outcome = session.block_on(async {
            let asked = async {
                let mut response = client.send(request).await?;
                while let Some(piece) = response.chunk().await? {
                    if to.send(piece).await.is_err() {
                        // The writer ended, and tells why.
                        break;
                    }
                }
                Ok(())
            };
            let answer: Result<(), ClientError> = asked.await;
            answer.map_err(|error| failure(error, &statement))
        });
        drop(to);
        let written = writer.join().map_err(|_| CommandError::bug("writing the rows failed"))?;
        Ok::<_, CommandError>((outcome, written))
    })?;
    // Whatever ended the answer early, the file is not whole: dropped, it leaves nothing behind.
    let file = match (outcome, file) {
        (Ok(()), file) => file?,
        (Err(error), Err(writing)) if error.is_silent() => return Err(writing),
        (Err(error), _) => return Err(error),
    };
    let written = file.finish()?;
    drop(progress);
    report(&args, &written, started.elapsed(), printer);
    Ok(ExitStatus::Ok)
}

impl ExportArgs {
    fn statement(&self, session: &Session) -> Result<(statement::Statement, Option<Value>), CommandError> {
        let params = parameter::object(&self.param)?;
        if self.sql.is_some() || self.sql_file.is_some() {
            return Ok((statement::read(self.sql.as_deref(), self.sql_file.as_deref())?, params));
        }
        if params.is_some() {
            return Err(CommandError::usage("--param is for the statement of --sql or --sql-file"));
        }
        let (since, until) = self.range.bounds(session)?;
        let (text, params) = events_sql(self.filter.as_deref(), since, until)?;
        Ok((statement::Statement { name: "<filter>".to_owned(), text }, params))
    }
}

/// Returns the statement that asks for events as a client sends them: what the server adds, it adds again.
pub(super) fn events_sql(
    filter: Option<&str>,
    since: Option<String>,
    until: Option<String>,
) -> Result<(String, Option<Value>), CommandError> {
    let columns: Vec<String> =
        COLUMNS.iter().filter(|column| FIELDS.contains(column)).map(|column| format!("\"{column}\"")).collect();
    let mut conditions = Vec::new();
    let mut params = Map::new();
    for (name, operator, moment) in [("since", ">=", since), ("until", "<", until)] {
        if let Some(moment) = moment {
            conditions.push(format!("\"timestamp\" {operator} ${name}"));
            params.insert(name.to_owned(), json!(moment));
        }
    }
    if let Some(filter) = filter {
        let condition = filter::to_sql(filter).map_err(|error| {
            CommandError::new("invalid_filter", error.to_string(), ExitStatus::Usage).with_hint(error.hint)
        })?;
        // The line break ends a comment in the filter, which would otherwise swallow what follows.
        conditions.push(format!("({condition}\n)"));
    }
    let condition = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let params = (!params.is_empty()).then_some(Value::Object(params));
    Ok((format!("SELECT {} FROM events{condition}", columns.join(", ")), params))
}

fn failure(error: ClientError, statement: &statement::Statement) -> CommandError {
    let place = place(&error, statement);
    let error = match error {
        ClientError::Broken { url, reason } => CommandError::new(
            "cannot_connect",
            format!("{url} ended the export before its last row: {reason}"),
            ExitStatus::Unreachable,
        )
        .with_hint("nothing was kept; the server's log has the reason, and is it still running? `streamflow status`"),
        error => error.into(),
    };
    match place {
        Some(place) => error.at(place),
        None => error,
    }
}

fn report(args: &ExportArgs, written: &rows::Written, elapsed: Duration, printer: &Printer) {
    let to = if args.file.as_os_str() == "-" { String::new() } else { format!(" to {}", args.file.display()) };
    let rows = if written.rows == 1 { "row" } else { "rows" };
    let seconds = elapsed.as_secs_f64();
    let bytes = spell_bytes_roughly(written.bytes);
    printer.talk(format_args!("{} {rows} written{to}, {bytes} in {seconds:.1} s", written.rows));
    if printer.limit().is_some_and(|limit| limit as u64 == written.rows) {
        printer.insist("no more rows were asked for than --limit says; there may be more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_asked_for_as_a_client_sends_them() {
        let check = |filter: Option<&str>, since: Option<&str>, expected_end: &str, params: Option<Value>| {
            let (sql, found) = events_sql(filter, since.map(str::to_owned), None).unwrap();
            let (columns, end) = sql.split_once(" FROM events").unwrap();
            assert!(columns.contains("\"user_id\"") && !columns.contains("_offset"), "{columns}");
            assert_eq!((end, found), (expected_end, params));
        };
        check(None, None, "", None);
        check(Some("type=a"), None, " WHERE (\"type\" = 'a'\n)", None);
        let since = json!({"since": "2026-01-01T00:00:00Z"});
        check(None, Some("2026-01-01T00:00:00Z"), " WHERE \"timestamp\" >= $since", Some(since));
        assert!(events_sql(Some("severity=huge"), None, None).is_err());
    }
}
