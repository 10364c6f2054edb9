//! A dashboard over a server that is made up: always the same events, so that what is drawn can be compared.

use serde_json::{Value, json};

use super::action::{Action, Question};
use super::cursor::{Cursor, Range};
use super::event::{Answer, Event, Live, Micros, Slot};
use super::keymap::Keymap;
use super::row::Row;
use super::state::place::View;
use super::state::{Colours, Opening, Setup, Source, State};
use crate::api::query::{ColumnInfo, QueryAnswer, QueryFrame, QuerySchema, QueryStats, TableInfo};
use crate::api::state::{
    EventCounters, Health, HealthCheck, JournalState, PortState, ProcessState, QueriesState, RejectedEvent,
    RunningQuery, Status, TailState,
};
use crate::api::storage::StorageStats;

/// 2026-11-23T12:34:56.789Z
pub(super) const NOW: Micros = 1_795_437_296_789_000;

pub(super) fn setup() -> Setup {
    Setup {
        name: "shop".to_owned(),
        address: "127.0.0.1:8005".to_owned(),
        source: Source::Server,
        opening: Opening::Newest,
        version: "0.1.0",
        is_protected: false,
        keymap: Keymap::default(),
        colours: Colours::Dark,
        mouse: false,
        tour: false,
        cursor: Cursor::default(),
        panels: Vec::new(),
        history: Vec::new(),
        dashboards: None,
        size: (80, 24),
    }
}

/// Returns a dashboard that is connected and has an answer to everything it asked.
pub(super) fn dashboard() -> State {
    static MADE: std::sync::OnceLock<State> = std::sync::OnceLock::new();
    MADE.get_or_init(|| dashboard_of(setup())).clone()
}

pub(super) fn dashboard_of(setup: Setup) -> State {
    let (mut state, actions) = State::new(setup, NOW);
    settle(&mut state, actions);
    play(&mut state, Event::Live { live: Live::Up });
    play(&mut state, Event::Live { live: Live::Rows { rows: rows(40) } });
    play(&mut state, Event::Live { live: Live::Counters { matched: 40, sent: 40 } });
    state
}

/// Returns a connected dashboard that shows a view.
pub(super) fn showing(view: View) -> State {
    let mut state = dashboard();
    press(&mut state, &[["1", "2", "3", "4", "5", "6"][View::ALL.iter().position(|known| *known == view).unwrap()]]);
    state
}

pub(super) fn press(state: &mut State, keys: &[&str]) {
    for key in keys {
        play(state, Event::Key { key: key.parse().unwrap() });
    }
}

/// Types a text, key by key.
pub(super) fn type_text(state: &mut State, text: &str) {
    for c in text.chars() {
        let key = super::key::Key::plain(super::key::Code::Char(c));
        play(state, Event::Key { key });
    }
}

/// Lets an event happen, and everything that comes of it.
pub(super) fn play(state: &mut State, event: Event) {
    let actions = state.update(NOW, event);
    settle(state, actions);
}

/// Answers questions until none is left.
pub(super) fn settle(state: &mut State, mut actions: Vec<Action>) {
    while !actions.is_empty() {
        let mut next = Vec::new();
        for action in actions {
            if let Action::Ask { ticket, question } = action {
                for answer in answers(ticket.slot, &question, state.range()) {
                    next.extend(state.update(NOW, Event::Answered { ticket, answer: Box::new(answer) }));
                }
            }
        }
        actions = next;
    }
}

/// What the made-up server says.
fn answers(slot: Slot, question: &Question, range: Range) -> Vec<Answer> {
    let Question::Statement { sql, .. } = question else { return vec![answer(slot, question, range)] };
    let QueryAnswer { columns, rows, truncated, notes, stats } = table(slot, sql, range);
    let frames =
        [QueryFrame::Columns { columns, notes }, QueryFrame::Rows { rows }, QueryFrame::End { truncated, stats }];
    frames.into_iter().map(|frame| Answer::Part { frame }).collect()
}

fn answer(slot: Slot, question: &Question, range: Range) -> Answer {
    match (slot, question) {
        (_, Question::Schema) => Answer::Schema { schema: schema() },
        (_, Question::Status) => Answer::Status { status: status() },
        (_, Question::Health) => Answer::Health { health: health() },
        (_, Question::Storage) => Answer::Storage { storage: storage() },
        (_, Question::Rejected { .. }) => Answer::Rejected { rows: rejected() },
        (_, Question::Events { filter, .. }) if filter.contains("correlation_id") => Answer::Events { rows: rows(1) },
        (_, Question::Events { filter, .. }) if filter.contains("web.clik") => Answer::Events { rows: Vec::new() },
        (_, Question::Events { limit, .. }) => {
            let mut rows = rows(*limit as u64);
            rows.reverse();
            Answer::Events { rows }
        }
        (slot, Question::Sql { sql, .. } | Question::Statement { sql, .. }) => {
            Answer::Table { table: table(slot, sql, range) }
        }
    }
}

fn table(slot: Slot, sql: &str, range: Range) -> QueryAnswer {
    let time = |bucket: usize| json!(super::text::rfc3339(range.start_of(bucket)));
    let buckets = 0..range.buckets();
    match slot {
        slot if sql.contains("'web.clik'") && slot != Slot::Why => answered(&[], Vec::new()),
        Slot::Rate => {
            let types =
                ["web.pageview", "web.click", "cart.add", "user.login", "order.paid", "error", "user.logout", "search"];
            let row = |bucket: usize, at: usize| {
                let events = wave(bucket, 400 / (at as u64 + 1));
                vec![time(bucket), json!(types[at]), json!(events), json!(if at == 5 { events } else { 0 })]
            };
            answered(
                &["time", "type", "events", "errors"],
                buckets.flat_map(|b| (0..8).map(move |at| (b, at))).map(|(b, at)| row(b, at)).collect(),
            )
        }
        Slot::Latency => {
            let row = |b: usize| {
                vec![time(b), json!(wave(b, 90)), json!(wave(b, 300)), json!(if b > 40 { 2_400 } else { wave(b, 700) })]
            };
            answered(&["time", "p50", "p95", "p99"], buckets.map(row).collect())
        }
        Slot::Heat => {
            let row = |(b, level): (usize, u64)| {
                vec![
                    time(b),
                    json!(level),
                    json!(wave(b, 1 << (20 - level.min(20))) / (1 + level % 3)),
                    json!(u64::from(level > 17)),
                ]
            };
            let cells = buckets.flat_map(|b| (8..if b > 40 { 21 } else { 16 }).map(move |level| (b, level)));
            answered(
                &["time", "level", "events", "errors"],
                cells
                    .map(row)
                    .map(|mut row| {
                        if row[2] == 0 {
                            row[2] = json!(1)
                        }
                        row
                    })
                    .collect(),
            )
        }
        Slot::Fields => answered(&[], vec![(1..=30).flat_map(|n| [json!(n * n * 3), json!(12_000 / n)]).collect()]),
        Slot::Sql(_) if sql.contains("nothing") => answered(&["type"], Vec::new()),
        Slot::Sql(_) | Slot::Panel(_) => {
            let mut table = answered(
                &["type", "events", "share"],
                ranks()
                    .into_iter()
                    .map(|(name, events, ..)| vec![json!(name), json!(events), json!(events as f64 / 30_000.0)])
                    .collect(),
            );
            table.stats = QueryStats { rows: 6, rows_scanned: 24_310, bytes_scanned: 1 << 20, elapsed_ms: 3.2 };
            table
        }
        Slot::Newest => {
            let times = [NOW - 60_000_000, NOW - 7_200_000_000].map(|time| json!(super::text::rfc3339(time)));
            answered(
                &["newest", "oldest"],
                vec![if sql.contains("min(") { times.to_vec() } else { times[..1].to_vec() }],
            )
        }
        Slot::Totals => answered(&["events", "errors", "p95"], vec![vec![json!(24_000), json!(937), json!(412.0)]]),
        Slot::Why if sql.contains("'web.click'") => {
            answered(&["value", "events"], vec![vec![json!("web.click"), json!(7)]])
        }
        Slot::Seen | Slot::Why => answered(
            &["value", "events"],
            ["web.click", "iOS", "Android", "/checkout"].map(|value| vec![json!(value), json!(7)]).to_vec(),
        ),
        Slot::Before => answered(&["events", "errors", "p95"], vec![vec![json!(20_000), json!(100), json!(300.0)]]),
        _ => answered(
            &["name", "events", "errors", "p95"],
            ranks()
                .into_iter()
                .map(|(name, events, errors, p95)| vec![json!(name), json!(events), json!(errors), json!(p95)])
                .collect(),
        ),
    }
}

fn ranks() -> Vec<(&'static str, u64, u64, f64)> {
    vec![
        ("/", 12_031, 12, 210.0),
        ("/checkout", 5_120, 922, 2_310.0),
        ("/products", 2_204, 0, 198.2),
        ("/products/espresso-machine", 802, 1, 240.0),
        ("/search", 61, 1, 88.0),
        ("/careers/\u{1b}[31mred", 3, 0, 12.0),
    ]
}

fn answered(columns: &[&str], rows: Vec<Vec<Value>>) -> QueryAnswer {
    let kind = |name: &str| if name == "time" { "timestamp" } else { "text" };
    let columns =
        columns.iter().map(|name| ColumnInfo { name: (*name).to_owned(), kind: kind(name).to_owned() }).collect();
    QueryAnswer { columns, rows, truncated: false, notes: Vec::new(), stats: QueryStats::default() }
}

/// A number that goes up and down.
fn wave(bucket: usize, size: u64) -> u64 {
    let phase = (bucket as f64 / 9.0).sin() * 0.4 + 1.0;
    (size as f64 * phase) as u64
}

pub(super) fn schema() -> QuerySchema {
    let column = |name: &&str| ColumnInfo { name: (*name).to_owned(), kind: "text".to_owned() };
    let columns = ["timestamp", "type", "source", "severity", "user_id", "session_id", "device_type", "os", "browser"];
    let path = |(name, kind): &(&str, &str)| ColumnInfo { name: (*name).to_owned(), kind: (*kind).to_owned() };
    let paths =
        [("data.page", "text"), ("data.latency_ms", "integer"), ("data.status", "integer"), ("data.product", "text")];
    let events = TableInfo {
        name: "events".to_owned(),
        columns: columns.iter().map(column).collect(),
        paths: paths.iter().map(path).collect(),
    };
    QuerySchema {
        tables: vec![events],
        functions: ["avg", "count", "date_bin", "max", "sum"].map(str::to_owned).to_vec(),
    }
}

fn status() -> Status {
    let port = |role: &str, port: u16| PortState {
        role: role.to_owned(),
        address: format!("127.0.0.1:{port}"),
        serving: true,
    };
    Status {
        status: "healthy".to_owned(),
        version: "0.1.0".to_owned(),
        uptime_seconds: 7_321,
        pid: 4_242,
        ports: vec![port("ingestion", 8_001), port("analytics", 8_002), port("gateway", 8_005)],
        events: EventCounters {
            stored: 1_204_331,
            accepted: 240_331,
            duplicates: 12,
            rejected: 7,
            ..EventCounters::default()
        },
        tail: TailState { rows: 61_020, bytes: 48_000_000, bytes_max: 2_000_000_000, chunks: 9 },
        journal: JournalState {
            bytes: 31_000_000,
            files: 2,
            syncs: 80_100,
            sync_micros_mean: 420,
            disk_free_bytes: 81_000_000_000,
            failure: None,
        },
        queries: QueriesState {
            running: vec![RunningQuery {
                sql: "SELECT data.page, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC".to_owned(),
                elapsed_ms: 12_340.0,
            }],
            running_max: 64,
            answered: 8_204,
            failed: 12,
            cancelled: 3,
            elapsed_ms_mean: 4.2,
            memory_bytes: 31_000_000,
            memory_bytes_max: 1_000_000_000,
        },
        process: ProcessState {
            cpu_seconds: Some(541.2),
            memory_bytes: Some(312_000_000),
            threads: Some(24),
            open_files: Some(41),
            open_files_max: Some(1_024),
        },
        connections: 4,
        live_subscribers: 1,
    }
}

fn health() -> Health {
    let check = |name: &str, status: &str, message: &str| HealthCheck {
        name: name.to_owned(),
        status: status.to_owned(),
        message: message.to_owned(),
    };
    Health {
        status: "healthy".to_owned(),
        version: "0.1.0".to_owned(),
        uptime_seconds: 7_321,
        checks: vec![
            check("storage", "ok", "writes reach the disk"),
            check("memory", "warning", "events take 2% of the memory"),
        ],
    }
}

fn storage() -> StorageStats {
    StorageStats {
        events: 1_143_311,
        files: 14,
        bytes: 92_000_000,
        bytes_per_event: Some(80.5),
        merge_waiting_files: 3,
        merge_waiting_bytes: 9_000_000,
        merges: 21,
        unsealed_events: 61_020,
        first_ingested_at: Some("2026-10-02T08:00:00Z".to_owned()),
        last_ingested_at: Some("2026-11-23T12:33:40Z".to_owned()),
        ..StorageStats::default()
    }
}

fn rejected() -> Vec<RejectedEvent> {
    vec![RejectedEvent {
        offset: 3,
        received_at: "2026-11-23T12:30:01Z".to_owned(),
        code: "schema_violation".to_owned(),
        message: "data.page is no text".to_owned(),
        raw: "{}".to_owned(),
    }]
}

/// Events, oldest first, one a quarter of a second.
pub(super) fn rows(count: u64) -> Vec<Row> {
    (0..count).map(|n| row(n, count)).collect()
}

fn row(n: u64, count: u64) -> Row {
    let kinds = ["web.pageview", "web.click", "cart.add", "error"];
    let kind = kinds[(n % 7 % 4) as usize];
    let time = NOW - Micros::try_from((count - n) * 250_000).unwrap();
    let page = ["/", "/checkout", "/products/espresso-machine"][(n % 3) as usize];
    let event = json!({
        "timestamp": super::text::rfc3339(time),
        "type": kind,
        "source": if kind == "error" { "api" } else { "web-app" },
        "severity": if kind == "error" { "high" } else { "medium" },
        "user_id": format!("user_{:05}", n % 13),
        "session_id": format!("s0-{}", n % 13),
        "data": {"page": page, "latency_ms": 20 + n * 37 % 400, "cart": {"items": [1, 2], "total": 7.5}},
        "tags": ["beta"],
        "os": "iOS",
        "ingested_at": super::text::rfc3339(time + 3_000),
        "_offset": 1_204_331 - count + n,
    });
    Row::of(event.as_object().unwrap())
}
