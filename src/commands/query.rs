//! Runs one SQL statement and prints its rows.

mod expectation;
pub(super) mod parameter;
mod report;
pub(super) mod statement;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::expectation::Expectation;
use self::report::Report;
use super::chart::{self, Canvas};
use super::observed;
use super::tree::examples;
use super::{Session, bundle, emptiness, range, remote};
use crate::api::TRUNCATED_HEADER;
use crate::api::query::{ColumnInfo, QueryAnswer, QueryRequest, QueryStats};
use crate::client::{Client, ClientError, PATIENCE, Request, Response};
use crate::printer::{
    Column, CommandError, ExitStatus, Form, Format, Kind, Listing, Place, Printer, Shape, first_rows_note,
};
use crate::settings::{parse_duration, spell_bytes_roughly};

pub(super) const SHAPES: &[&Shape] = &[&ROWS];

/// Its fields are the statement's own columns.
const ROWS: Shape = Shape { name: "streamflow.query/1", form: Form::Listing, fields: &[] };

/// How much longer than the server's own limit the client waits, so that the server's better explained error comes first.
const PATIENCE_EXTRA: Duration = Duration::from_secs(5);

/// Ask with SQL
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow query 'SELECT type, count(*) AS events FROM events GROUP BY type ORDER BY events DESC'",
    "streamflow query \"SELECT data.page, count(*) FROM events WHERE type = 'web.click' GROUP BY 1\" -o csv",
    "streamflow query 'SELECT type, count(*) AS events FROM events GROUP BY type' --chart",
    "streamflow query 'SELECT * FROM events WHERE user_id = $user' --param user=user_7",
    "streamflow query \"SELECT count(*) FROM events WHERE severity = 'critical'\" --expect 'value=0'",
    "streamflow query 'SELECT count(*) FROM events' --as-of 1h",
))]
pub(super) struct QueryArgs {
    /// The statement; `-` reads it from a pipe
    #[arg(required_unless_present = "file", conflicts_with = "file", add = observed::expression())]
    sql: Option<String>,
    /// Read the statement from a file
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Ask what is in a bundle, instead of a server or the project's data
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Value for $KEY in the statement; KEY:=JSON for anything but a text, a number or true and false
    #[arg(long, value_name = "KEY=VALUE")]
    param: Vec<String>,
    /// Ask again and again, this often, until Ctrl-C
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "2s", value_parser = parse_duration)]
    watch: Option<Duration>,
    /// Fail with exit code 1 unless this holds: 'rows>0', 'rows=0', 'value<5'
    #[arg(long, value_name = "CONDITION", conflicts_with = "watch")]
    expect: Option<Expectation>,
    /// Write what became of --expect to a file, as junit=FILE
    #[arg(long, value_name = "FORM=FILE", requires = "expect")]
    report: Option<Report>,
    /// Draw the rows instead of listing them: a line over time, or bars
    #[arg(long, conflicts_with = "explain")]
    chart: bool,
    /// Show how the statement would run instead of running it
    #[arg(long)]
    explain: bool,
    /// Say what the statement cost: rows and bytes read, time
    #[arg(long)]
    cost: bool,
    /// Answer from what had arrived by then; a table with AS OF of its own keeps that
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Give up after this long; the server has a limit of its own
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Rows to fetch at most, 100000 unless given
    #[arg(long, value_name = "ROWS", hide_short_help = true)]
    max_rows: Option<u64>,
}

pub(super) fn run(args: QueryArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let statement = statement::read(args.sql.as_deref(), args.file.as_deref())?;
    let printer = session.printer();
    if printer.format() == Format::Parquet && printer.width().is_some() {
        return Err(CommandError::usage("parquet is not for terminals")
            .with_hint("send it to a file: … -o parquet > file.parquet"));
    }
    if args.chart && !(printer.format() == Format::Table && printer.options().is_plain()) {
        return Err(
            CommandError::usage("a chart has no other form").with_hint("leave out --chart, or what shapes the data")
        );
    }
    let started = Instant::now();
    let question = Question {
        client: match &args.bundle {
            Some(file) => bundle::reader(file, session)?,
            None => remote::reader(session)?,
        },
        request: request(&statement, &args, session)?,
        patience: args.timeout.map_or(PATIENCE, |timeout| timeout + PATIENCE_EXTRA),
        printer,
        canvas: args.chart.then(|| Canvas::anywhere(session)),
    };
    let answer = async {
        match args.watch {
            None => question.answer(&args).await,
            Some(period) => question.watch(&args, period).await,
        }
    };
    let outcome = session.block_on(async { answer.await.map_err(|failure| failure.placed(&statement)) });
    if let (Some(report), Some(expected)) = (&args.report, &args.expect) {
        report.write(&statement.text, expected.written(), started.elapsed(), &outcome)?;
    }
    outcome
}

fn request(
    statement: &statement::Statement,
    args: &QueryArgs,
    session: &Session,
) -> Result<QueryRequest, CommandError> {
    let limit = session.printer().limit().map(|limit| limit as u64);
    let sql = if args.explain { format!("EXPLAIN {}", statement.text) } else { statement.text.clone() };
    Ok(QueryRequest {
        sql,
        params: parameter::object(&args.param)?,
        timeout: args.timeout.map(|timeout| Value::from(timeout.as_secs_f64())),
        max_rows: args.max_rows.into_iter().chain(limit).min(),
        as_of: as_of(args.as_of.as_deref(), session)?,
    })
}

/// Reads the time of arrival as of which to answer, and says on stderr which it is.
fn as_of(text: Option<&str>, session: &Session) -> Result<Option<String>, CommandError> {
    let (Some(text), Some(time)) = (text, range::moment(text, session)?) else { return Ok(None) };
    if time > range::now(session) {
        return Err(CommandError::usage(format!("--as-of {text}: {time} is in the future")).with_hint(
            "nobody knows yet what will have arrived by then; name a time that is over, such as 1h or yesterday 9am",
        ));
    }
    session.printer().talk(format_args!("as of {time}"));
    Ok(Some(time.to_string()))
}

/// Why there are no rows to print.
enum Failure {
    /// The server's error may name a place in the statement.
    Client(ClientError),
    Command(CommandError),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl Failure {
    fn placed(self, statement: &statement::Statement) -> CommandError {
        let error = match self {
            Self::Command(error) => return error,
            Self::Client(error) => error,
        };
        let place = place(&error, statement);
        let error = CommandError::from(error);
        // The server knows of no flags.
        let parameter = error.message.rsplit('$').next().filter(|_| error.code == "missing_param").map(str::to_owned);
        let error = error.with_hint_maybe(parameter.map(|name| format!("give it with --param {name}=VALUE")));
        match place {
            Some(place) => error.at(place),
            None => error,
        }
    }
}

/// Returns the place in the statement that the server's error names.
pub(super) fn place(error: &ClientError, statement: &statement::Statement) -> Option<Place> {
    place_by(error, statement, |line| line)
}

/// Returns the place for a statement that was sent in another form: `line_typed` tells the line that a line came from.
pub(super) fn place_by(
    error: &ClientError,
    statement: &statement::Statement,
    line_typed: impl Fn(u64) -> u64,
) -> Option<Place> {
    let ClientError::Refused(refusal) = error else { return None };
    let details = refusal.detail.details.as_ref()?;
    let (line, column) = (details["line"].as_u64()?, details["column"].as_u64()?);
    let place = Place::in_text(statement.name.clone(), &statement.text, line_typed(line), column);
    let length = place.source.as_deref().map_or(1, |source| word_length(source, column));
    Some(place.covering(length))
}

/// Returns the characters of the name, number, parameter or text that begins at a column of the line; 1 for a sign.
fn word_length(line: &str, column: u64) -> usize {
    let before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut rest = line.chars().skip(before);
    let is_word = |c: &char| c.is_alphanumeric() || "_.$".contains(*c);
    match rest.next() {
        Some(quote @ ('\'' | '"')) => rest.position(|c| c == quote).map_or(1, |inside| inside + 2),
        Some(first) if is_word(&first) => 1 + rest.take_while(is_word).count(),
        _ => 1,
    }
}

/// A statement on its way to whoever answers it.
struct Question<'a> {
    client: Client,
    request: QueryRequest,
    patience: Duration,
    printer: &'a Printer,
    /// Where rows are drawn instead of being listed.
    canvas: Option<Canvas>,
}

impl Question<'_> {
    async fn ask(&self, media_type: &'static str) -> Result<Response, ClientError> {
        let request = Request::post("/api/v1/query").json(&self.request).accept(media_type).within(self.patience);
        self.client.send(request).await
    }

    async fn answer(&self, args: &QueryArgs) -> Result<ExitStatus, Failure> {
        let as_they_come = self.printer.options().is_plain() && args.expect.is_none() && !args.cost;
        match self.printer.format() {
            Format::Parquet => self.pass_on("application/vnd.apache.parquet").await?,
            Format::Ndjson if as_they_come => self.pass_on("application/x-ndjson").await?,
            Format::Csv if as_they_come && !self.printer.options().no_header => self.pass_on("text/csv").await?,
            _ => return self.show(args).await,
        }
        Ok(ExitStatus::Ok)
    }

    /// Prints what the server writes as it arrives, so that a large answer takes no memory.
    async fn pass_on(&self, media_type: &'static str) -> Result<(), Failure> {
        let mut response = self.ask(media_type).await?;
        let truncated = response.header(TRUNCATED_HEADER) == Some("true");
        while let Some(chunk) = response.chunk().await? {
            self.printer.bytes(&chunk)?;
        }
        if truncated {
            match self.request.max_rows.filter(|rows| self.printer.limit().is_some_and(|limit| limit as u64 == *rows)) {
                Some(rows) => self.printer.talk(first_rows_note(rows)),
                None => self.printer.insist("there are more rows than were fetched; ask for more with --max-rows"),
            }
        }
        Ok(())
    }

    async fn show(&self, args: &QueryArgs) -> Result<ExitStatus, Failure> {
        let answer: QueryAnswer = self.ask("application/json").await?.json().await?;
        let first = answer.rows.first().and_then(|row| row.first()).cloned();
        let (rows, stats, truncated) = (answer.rows.len(), answer.stats, answer.truncated);
        let notes = answer.notes.clone();
        let is_lone_zero = matches!(answer.rows.as_slice(), [row] if matches!(row.as_slice(), [zero] if *zero == 0));
        if args.explain && self.printer.format() == Format::Table && self.printer.options().is_plain() {
            self.printer.text(&plans(&answer))?;
        } else if let Some(canvas) = self.canvas {
            self.printer.text(&chart::of_listing(&listing(answer), None, canvas)?)?;
        } else {
            self.printer.listing(&listing(answer))?;
        }
        notes.iter().for_each(|note| self.printer.insist(note.as_str()));
        if truncated && self.printer.limit().is_none() {
            self.printer.talk("ask for more with --max-rows");
        }
        if args.cost {
            self.printer.insist(cost(&stats));
        }
        // A count of nothing is an answer; only a person wonders about it.
        let is_nothing = rows == 0 || is_lone_zero && self.printer.wants_words() && args.watch.is_none();
        if is_nothing && args.expect.is_none() && !args.explain {
            let words = emptiness::Words::of_request(&self.request);
            emptiness::explain(&self.client, &words, None, self.printer).await;
        }
        match args.expect.as_ref().and_then(|expectation| expectation.failure(rows, first.as_ref())) {
            None => Ok(ExitStatus::Ok),
            Some(message) => Err(CommandError::new("assertion_failed", message, ExitStatus::Negative).into()),
        }
    }

    /// Answers until the command is interrupted.
    async fn watch(&self, args: &QueryArgs, period: Duration) -> Result<ExitStatus, Failure> {
        loop {
            let started = Instant::now();
            if self.printer.width().is_some() && self.printer.format() == Format::Table {
                // Home, and clear to the end: the terminal shows one answer at a time.
                self.printer.text("\x1b[H\x1b[2J")?;
            }
            self.answer(args).await?;
            tokio::time::sleep(period.saturating_sub(started.elapsed())).await;
        }
    }
}

fn listing(answer: QueryAnswer) -> Listing {
    let columns = answer.columns.iter().map(|column| Column::new(column.name.clone(), kind(column))).collect();
    Listing { name: ROWS.name.to_owned(), columns, rows: answer.rows, truncated: answer.truncated }
}

/// Writes each plan under its name: it has lines of its own, which a table cannot show.
fn plans(answer: &QueryAnswer) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().trim_end().to_owned();
    answer.rows.iter().map(|row| format!("{}\n{}\n\n", text(row.first()).replace('_', " "), text(row.get(1)))).collect()
}

pub(super) fn kind(column: &ColumnInfo) -> Kind {
    match column.kind.as_str() {
        "integer" | "float" | "decimal" => Kind::Number,
        "boolean" => Kind::Bool,
        "timestamp" => Kind::Time,
        "json" => Kind::Json,
        _ => Kind::Text,
    }
}

pub(super) fn cost(stats: &QueryStats) -> String {
    let rows = |count: u64| format!("{count} {}", if count == 1 { "row" } else { "rows" });
    let read = match (stats.rows_scanned, stats.bytes_scanned) {
        // Counts and bounds stand in what is known of each file.
        (0, 0) => "nothing read".to_owned(),
        (scanned, bytes) => format!("{} read ({})", rows(scanned), spell_bytes_roughly(bytes)),
    };
    format!("{}, {read}, {:.1} ms", rows(stats.rows), stats.elapsed_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_covers_the_whole_word() {
        let line = "SELECT tpye, data.pgae FROM events WHERE a = 'x y' AND b = $u)";
        for (column, length) in [(8, 4), (12, 1), (14, 9), (46, 5), (60, 2), (62, 1), (99, 1)] {
            assert_eq!(word_length(line, column), length, "{column}");
        }
    }

    #[test]
    fn cost_is_told_in_words() {
        let stats =
            |rows, rows_scanned, bytes_scanned| QueryStats { rows, rows_scanned, bytes_scanned, elapsed_ms: 1.26 };
        assert_eq!(cost(&stats(1, 0, 0)), "1 row, nothing read, 1.3 ms");
        assert_eq!(cost(&stats(3, 1, 2_048)), "3 rows, 1 row read (2.0 KiB), 1.3 ms");
    }
}
