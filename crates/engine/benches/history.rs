//! Measures sealed history: bytes an event, the time to seal, and the time of common questions.
//!
//! `cargo bench -p streamflow-engine --bench history -- [events] [folder]`: without a folder the files are thrown away.
//! The events are made up but shaped like a shop's: jittered microsecond times, 50,000 users of whom few are busy,
//! sessions of some events, 84 user agents and seven fields in `data`.

#![expect(clippy::print_stdout, reason = "what was measured is what this prints")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use streamflow_engine::clock::{Clock, SystemClock};
use streamflow_engine::disk::{Disk, LocalDisk};
use streamflow_engine::ingest::{Ack, Body, Framing};
use streamflow_engine::query::{Query, QueryEngine, QueryLimits};
use streamflow_engine::segment::{self, Input, Segment, SegmentSummary, Table, WriteOptions};
use streamflow_engine::snapshot::Snapshot;
use streamflow_engine::tail::{Chunk, PathTypes};
use streamflow_engine::{Engine, EngineOptions};

/// Events of one segment.
const SEGMENT_ROWS: usize = 500_000;
/// Events of one request.
const REQUEST_ROWS: usize = 1_000;
/// Times that every question is asked.
const ROUNDS: usize = 5;

const QUESTIONS: [&str; 12] = [
    "SELECT count(*) FROM events",
    "SELECT min(timestamp), max(timestamp) FROM events",
    "SELECT type, count(*) FROM events GROUP BY type ORDER BY 2 DESC",
    "SELECT data.page, count(*) AS n FROM events GROUP BY 1 ORDER BY n DESC LIMIT 10",
    "SELECT source, count(*) AS n FROM events GROUP BY 1 ORDER BY n DESC LIMIT 10",
    "SELECT approx_percentile(data.latency_ms, 0.99) FROM events",
    "SELECT avg(data.latency_ms), max(data.latency_ms) FROM events WHERE type = 'api.request'",
    "SELECT count(DISTINCT user_id) FROM events",
    "SELECT user_id, count(*) AS n FROM events GROUP BY 1 ORDER BY n DESC LIMIT 10",
    "SELECT date_trunc('minute', timestamp) AS m, count(*) FROM events GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM events WHERE data.page LIKE '%/12%'",
    "SELECT timestamp, type, data FROM events WHERE user_id = 'user-031234' ORDER BY timestamp LIMIT 100",
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let events = arguments.next().and_then(|events| events.parse().ok()).unwrap_or(SEGMENT_ROWS);
    let kept: Option<PathBuf> = arguments.next().map(PathBuf::from);
    let scratch = tempfile::tempdir().expect("a scratch folder can be made");
    let folder = kept.clone().unwrap_or_else(|| scratch.path().to_owned());
    LocalDisk.create_dir_all(&folder).expect("the folder can be made");

    let mut source = Source::default();
    let mut segments = Vec::new();
    for number in 0..events.div_ceil(SEGMENT_ROWS) {
        let rows = SEGMENT_ROWS.min(events - number * SEGMENT_ROWS);
        segments.push(Arc::new(seal(&mut source, rows, number, &folder, kept.is_some())));
    }
    ask(segments);
}

/// Makes events and seals them into one segment.
fn seal(source: &mut Source, rows: usize, number: usize, folder: &std::path::Path, keep: bool) -> Segment {
    let clock = SystemClock::default();
    let (inputs, ndjson_bytes) = take_in(source, rows, folder, keep.then_some(number));
    let mut file = Vec::new();
    let start = clock.monotonic();
    let summary = segment::write(Table::Events, &inputs, &mut file, &WriteOptions::default()).expect("rows are sealed");
    let took = clock.monotonic() - start;
    if number == 0 {
        print_size(&summary, ndjson_bytes);
    }
    println!("segment {number}: {rows} rows, {} bytes, {} ms", summary.bytes, took.as_millis());
    if keep {
        let mut out = LocalDisk.create(&folder.join(format!("{number:06}.parquet"))).expect("the file can be made");
        out.write_all_at(&mut [std::io::IoSlice::new(&file)], 0).expect("the file can be written");
    }
    Segment::from_bytes(Table::Events, "bench", file.into()).expect("the segment opens")
}

/// Takes events in as a server does, and returns them as the tail has them.
fn take_in(source: &mut Source, rows: usize, folder: &std::path::Path, keep: Option<usize>) -> (Vec<Input>, usize) {
    let journal = tempfile::tempdir_in(folder).expect("a scratch folder can be made");
    let engine = Engine::open(EngineOptions::new(journal.path()), Arc::new(SystemClock::default()));
    let engine = engine.expect("the engine opens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
    let mut ndjson = Vec::new();
    let mut taken = 0;
    while taken < rows {
        let count = REQUEST_ROWS.min(rows - taken);
        let body: String = (0..count).map(|_| source.event()).collect();
        ndjson.write_all(body.as_bytes()).expect("memory takes everything");
        let body = Body { bytes: body.into_bytes().into(), framing: Framing::Lines };
        let prepared = engine.prepare(body).expect("the events are events");
        runtime.block_on(engine.append(prepared, Ack::Memory, None)).expect("the events are taken");
        taken += count;
    }
    if let Some(number) = keep {
        let mut out = LocalDisk.create(&folder.join(format!("{number:06}.ndjson"))).expect("the file can be made");
        out.write_all_at(&mut [std::io::IoSlice::new(&ndjson)], 0).expect("the file can be written");
    }
    let chunks = engine.snapshot().chunks;
    let input = |chunk: &Arc<Chunk>| Input { batch: chunk.batch.clone(), leaves: Some(chunk.leaves.clone()) };
    let inputs = chunks.iter().map(input).collect();
    engine.close();
    (inputs, ndjson.len())
}

fn print_size(summary: &SegmentSummary, ndjson_bytes: usize) {
    let rows = summary.rows as f64;
    println!("bytes an event: {:.2} (as NDJSON {:.1})", summary.bytes as f64 / rows, ndjson_bytes as f64 / rows);
    println!("{:<28}{:>10.3}", "footer", summary.footer_bytes as f64 / rows);
    for column in &summary.columns {
        println!("{:<28}{:>10.3}", column.name, column.bytes as f64 / rows);
        for leaf in &column.leaves {
            println!("{:<28}{:>10.3}", format!("  {}", leaf.path.join(".")), leaf.bytes as f64 / rows);
        }
    }
}

/// Asks every question some times and prints the median.
fn ask(segments: Vec<Arc<Segment>>) {
    let clock = SystemClock::default();
    let limits = QueryLimits { timeout: Duration::from_secs(600), ..QueryLimits::default() };
    let engine = QueryEngine::new(limits).expect("threads can be made");
    let mut paths = PathTypes::default();
    for segment in &segments {
        let (known, partial) = segment.paths();
        paths.absorb(known, partial);
    }
    let snapshot = Snapshot { segments, paths: Arc::new(paths), ..Snapshot::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
    for sql in QUESTIONS {
        let mut times = Vec::new();
        let mut stats = None;
        for _ in 0..=ROUNDS {
            let query = Query { sql: sql.to_owned(), ..Query::default() };
            let start = clock.monotonic();
            let answer = runtime.block_on(engine.run(snapshot.clone(), query)).expect("the question is right");
            times.push(clock.monotonic() - start);
            stats = Some(answer.stats);
        }
        times.remove(0);
        times.sort_unstable();
        let stats = stats.unwrap_or_default();
        println!(
            "{:>9.2} ms {:>10} rows {:>11} bytes  {sql}",
            times[ROUNDS / 2].as_secs_f64() * 1e3,
            stats.rows_scanned,
            stats.bytes_scanned
        );
    }
}

/// Makes events from a fixed seed.
#[derive(Debug, Default)]
struct Source {
    state: u64,
    made: u64,
}

impl Source {
    /// Returns a number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }

    /// Returns a number below `limit`, small ones much more often.
    fn skewed(&mut self, limit: u64) -> u64 {
        let x = self.below(1 << 20) as f64 / f64::from(1 << 20);
        ((x * x * x) * limit as f64) as u64
    }

    fn event(&mut self) -> String {
        const TYPES: [&str; 6] = ["web.pageview", "web.click", "api.request", "api.response", "user.login", "error"];
        const SOURCES: [&str; 4] = ["shop", "checkout", "search", "mobile"];
        const REGIONS: [&str; 5] = ["eu-west", "eu-north", "us-east", "us-west", "ap-south"];
        self.made += 1;
        let micros = 1_790_000_000_000_000 + self.made * 1_000 + self.below(900);
        let time = jiff::Timestamp::from_microsecond(micros as i64).expect("the time is in range");
        let user = self.skewed(50_000);
        // A user has few sessions, which follow each other.
        let session = (user * 42_000 / 50_000 + self.below(3)) % 42_000;
        let agent = self.skewed(84);
        let mut line = String::with_capacity(480);
        let kind = TYPES[self.skewed(6) as usize];
        let source = SOURCES[self.skewed(4) as usize];
        let (page, latency, status) =
            (self.skewed(400), 5 + self.skewed(900), [200, 200, 200, 304, 404, 500][self.skewed(6) as usize]);
        let (bytes, region, cached) = (self.below(30_000), REGIONS[self.skewed(5) as usize], self.below(2) == 0);
        writeln!(
            line,
            r#"{{"timestamp":"{time}","type":"{kind}","source":"{source}","user_id":"user-{user:06}","session_id":"s-{session:08x}","data":{{"page":"/shop/item/{page}","latency_ms":{latency}.{},"status":{status},"bytes":{bytes},"region":"{region}","cached":{cached},"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"}}}}"#,
            self.below(10),
            40 + agent,
        )
        .expect("memory takes everything");
        line
    }
}
