//! What the common questions of core answer over events: by hand for a few, and against a slow and obvious reckoning for
//! many at random.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use streamflow_core::question::{
    Distribution, Funnel, Interval, PathOf, Paths, Period, Retention, Scope, SessionUsers, Sessions, Subject, Top,
    Trends, Zone,
};
use streamflow_core::time::Range;

use super::*;

const SINCE: &str = "2026-03-27T10:00:00Z";
const UNTIL: &str = "2026-04-02T10:00:00Z";
const HOUR: Duration = Duration::from_secs(3_600);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Six days, in the middle of which the clocks of Europe change.
fn scope() -> Scope {
    Scope::new(Range::new(at(SINCE), at(UNTIL)).unwrap())
}

fn zurich() -> Zone {
    Zone::new(TimeZone::get("Europe/Zurich").unwrap()).unwrap()
}

/// Returns the rows of the answer as text.
#[track_caller]
fn rows(snapshot: &Snapshot, sql: &str) -> Vec<Vec<String>> {
    static ENGINE: LazyLock<QueryEngine> = LazyLock::new(engine);
    let answer = match ask(&ENGINE, snapshot, Query { sql: sql.to_owned(), ..Query::default() }) {
        Ok(answer) => answer,
        Err(error) => panic!("{sql}: {error:?}"),
    };
    let cell = |array: &arrow::array::ArrayRef, row| arrow::util::display::array_value_to_string(array, row).unwrap();
    let batch_rows = |batch: &arrow::array::RecordBatch| {
        (0..batch.num_rows())
            .map(|row| batch.columns().iter().map(|array| cell(array, row)).collect())
            .collect::<Vec<_>>()
    };
    answer.batches.iter().flat_map(batch_rows).collect()
}

#[track_caller]
fn check_rows(snapshot: &Snapshot, sql: &str, expected: &[&str]) {
    let found: Vec<String> = rows(snapshot, sql).iter().map(|row| row.join(" ")).collect();
    assert_eq!(found, expected, "{sql}");
}

/// Makes one event: `day hour:minute:second type user page`, where `-` means none.
fn event(line: &str) -> Value {
    let mut words = line.split(' ');
    let mut word = || words.next().filter(|&word| word != "-");
    let (day, time) = (word().unwrap(), word().unwrap());
    let (kind, user, page) = (word(), word(), word());
    let device = if user == Some("u1") { "mobile" } else { "desktop" };
    let mut event =
        json!({"timestamp": format!("2026-03-{day}T{time}Z"), "type": kind, "source": "web", "device_type": device});
    if let Some(user) = user {
        event["user_id"] = json!(user);
    }
    event["data"] = page.map_or(json!({}), |page| json!({"page": page}));
    event
}

fn snapshot(lines: &[&str]) -> Snapshot {
    let events: Vec<Value> = lines.iter().map(|line| event(line)).collect();
    let (first, rest) = events.split_at(events.len() / 2);
    snapshot_of(&[first, rest])
}

fn shop() -> Snapshot {
    snapshot(&[
        "28 09:00:00 view u1 /",
        "28 09:00:10 cart u1 /cart",
        "28 09:00:40 buy u1 /done",
        "28 09:00:00 view u2 /",
        "28 12:00:00 cart u2 /cart",
        "29 12:00:00 view u2 /",
        "29 12:00:20 cart u2 /cart",
        "29 12:30:00 buy u3 /done",
        "30 08:00:00 view - /",
        "27 09:59:59 view u9 /",
        "30 08:00:00 view u1 /",
    ])
}

#[test]
fn a_funnel_counts_users_once_and_tries_every_start() {
    let ask = |steps: &[&str], within| Funnel::new(scope(), steps.iter().copied(), within).unwrap().sql();
    check_rows(
        &shop(),
        &ask(&["view", "cart", "buy"], HOUR),
        &["view 2 100.0 0.0", "cart 2 100.0 15.0", "buy 1 50.0 40.0"],
    );
    check_rows(&shop(), &ask(&["buy", "view"], HOUR), &["buy 2 100.0 0.0", "view 0 0.0 "]);
    check_rows(
        &shop(),
        &ask(&["type=view page=/", "type=cart"], Duration::from_secs(19)),
        &["type=view page=/ 2 100.0 0.0", "type=cart 1 50.0 10.0"],
    );
    check_rows(&snapshot(&[]), &ask(&["a", "b"], HOUR), &["a 0 0.0 ", "b 0 0.0 "]);
}

#[test]
fn top_lists_leave_out_what_has_no_value() {
    let ask = |subject, limit| Top::new(scope(), subject, limit).unwrap().sql();
    check_rows(&shop(), &ask(Subject::Pages, 2), &["/ 5 2 2026-03-30T08:00:00Z", "/cart 3 2 2026-03-29T12:00:20Z"]);
    check_rows(&shop(), &ask(Subject::Users, 1), &["u1 4 1 2026-03-30T08:00:00Z"]);
    check_rows(&shop(), &ask(Subject::EventTypes, 1), &["view 5 2 2026-03-30T08:00:00Z"]);
    check_rows(&shop(), &ask(Subject::Sources, 9), &["web 10 3 2026-03-30T08:00:00Z"]);
    check_rows(&snapshot(&[]), &ask(Subject::Pages, 2), &[]);
}

#[test]
fn shares_add_up_to_a_hundred() {
    let ask = |by| Distribution::new(scope(), by).unwrap().sql();
    check_rows(&shop(), &ask("device_type"), &["desktop 2 6 66.67", "mobile 1 4 33.33"]);
    check_rows(&shop(), &ask("browser"), &["unknown 3 10 100.0"]);
    check_rows(&snapshot(&["28 09:00:00 view - /"]), &ask("os"), &["unknown 0 1 0.0"]);
    check_rows(&snapshot(&[]), &ask("os"), &[]);
}

#[test]
fn sessions_and_paths_end_at_a_gap() {
    let sessions = || Sessions::new(scope(), HOUR).unwrap();
    check_rows(&shop(), &sessions().sql(), &["6 3 9 10.0 0.0 1.5 4"]);
    check_rows(&snapshot(&[]), &sessions().sql(), &["0 0 0 0.0 0.0 0.0 0"]);
    check_rows(
        &shop(),
        &SessionUsers::new(sessions(), 2).unwrap().sql(),
        &["u2 3 4 6.667 0.0 2026-03-29T12:00:20Z", "u1 2 4 20.0 20.0 2026-03-30T08:00:00Z"],
    );
    let paths = |of| Paths::new(sessions(), of, 2, 2).unwrap().sql();
    check_rows(&shop(), &paths(PathOf::Types), &["[view] 2 33.33", "[view, cart] 2 33.33"]);
    check_rows(&shop(), &paths(PathOf::Pages), &["[/] 2 33.33", "[/, /cart] 2 33.33"]);
    check_rows(&snapshot(&[]), &paths(PathOf::Types), &[]);
}

#[test]
fn retention_counts_who_comes_back() {
    let retention = Retention::new(scope(), Period::Day, Zone::utc()).unwrap();
    check_rows(&shop(), &retention.sql(), &["2026-03-28 0 2", "2026-03-28 1 1", "2026-03-28 2 1", "2026-03-29 0 1"]);
    let weeks = Retention::new(scope(), Period::Week, Zone::utc()).unwrap();
    check_rows(&shop(), &weeks.sql(), &["2026-03-23 0 3", "2026-03-23 1 1"]);
}

#[test]
fn trends_keep_the_largest_series_apart() {
    let hours = |by| Trends::new(scope(), Interval::new(24 * HOUR).unwrap(), by, Zone::utc()).unwrap().sql();
    let expected = ["28", "28", "28", "29", "29", "29", "30"];
    let found: Vec<String> = rows(&shop(), &hours("type")).iter().map(|row| row[0][8..10].to_owned()).collect();
    assert_eq!(found, expected);
    let many: Vec<String> = (0..60).map(|n| format!("28 09:00:00 type{n:02} u1 /")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let found = rows(&snapshot(&many), &hours("type"));
    assert_eq!((found.len(), found[0][1].as_str(), found[0][2].as_str()), (51, "other", "10"));
    check_rows(
        &shop(),
        &hours("data.page").replace("ORDER BY bucket, events DESC, name", "ORDER BY 1, 2 LIMIT 1"),
        &["2026-03-28T00:00:00Z / 2"],
    );
}

#[test]
fn a_filter_narrows_the_question() {
    let scope = scope().with_filter("user_id!=u2 page~/").unwrap();
    check_rows(&shop(), &Top::new(scope, Subject::EventTypes, 1).unwrap().sql(), &["view 3 1 2026-03-30T08:00:00Z"]);
}

#[test]
fn every_question_reads_the_events_of_its_time_once() {
    let sessions = || Sessions::new(scope(), HOUR).unwrap();
    let questions = [
        Trends::new(scope(), Interval::Day, "type", zurich()).unwrap().sql(),
        Distribution::new(scope(), "os").unwrap().sql(),
        Top::new(scope(), Subject::Pages, 1).unwrap().sql(),
        Funnel::new(scope(), ["view", "cart", "buy"], HOUR).unwrap().sql(),
        Retention::new(scope(), Period::Week, zurich()).unwrap().sql(),
        sessions().sql(),
        SessionUsers::new(sessions(), 1).unwrap().sql(),
        Paths::new(sessions(), PathOf::Pages, 3, 1).unwrap().sql(),
    ];
    let before = snapshot(&["20 09:00:00 view u1 /", "21 09:00:00 view u1 /"]);
    for sql in questions {
        let plan = rows(&before, &format!("EXPLAIN FORMAT INDENT {sql}")).concat().concat();
        let scans: Vec<&str> = plan.split("EventsScan: ").skip(1).collect();
        assert_eq!(scans.len(), 1, "{sql}\n{plan}");
        assert!(scans[0].contains("chunks=0"), "{sql}\n{plan}");
    }
}

#[test]
fn every_statement_of_the_guide_runs() {
    let guide = include_str!("../../../../../docs/sql.md");
    let statements: Vec<&str> = guide.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(statements.len() >= 10);
    for statement in statements {
        rows(&shop(), statement);
    }
    // The names that the guide lists among the functions, each called once.
    check_rows(
        &shop(),
        "SELECT approx_distinct(user_id) AS a, approx_percentile(data.latency, 0.9) AS b, quantile(data.latency, 0.9) AS c,
           min(extract(hour FROM timestamp)) AS d, count(*) FILTER (WHERE contains(type, 'i')) AS e,
           count(*) FILTER (WHERE starts_with(type, 'v')) AS f, min(split_part(type, 'i', 2)) AS g,
           count(regexp_match(type, '^v')) AS h, min(regexp_replace(type, 'v', 'V')) AS i, max(array_length(tags)) AS j,
           count(*) FILTER (WHERE array_has(tags, 'x')) AS k, min(TRY_CAST(data.page AS DOUBLE)) AS l,
           max(to_timestamp('2026-01-01T00:00:00Z')) AS m, array_length(array_agg(type ORDER BY timestamp)) AS n
         FROM events WHERE user_id IS NOT NULL",
        &["4   8 5 5  5 View 0 0  2026-01-01T00:00:00Z 10"],
    );
}

#[test]
fn every_shorthand_of_the_guide_is_a_condition() {
    let guide = include_str!("../../../../../docs/sql.md");
    let filters = guide.split("| shorthand | means |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let spans: Vec<&str> = filters.split('`').skip(1).step_by(2).collect();
    assert!(spans.len() >= 10);
    for filter in spans.into_iter().filter(|filter| filter.contains(['=', '>', '~']) && *filter != "!~") {
        let scope = scope().with_filter(filter).unwrap();
        rows(&shop(), &Top::new(scope, Subject::Sources, 1).unwrap().sql());
    }
}

/// A small source of chance that prints its seed with every failure.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// What the reckoning needs to know of an event.
#[derive(Debug, Clone)]
struct Fact {
    micros: i64,
    kind: &'static str,
    user: Option<&'static str>,
}

fn random_facts(seed: u64) -> Vec<Fact> {
    let mut dice = Dice(seed * 2_654_435_761 + 88_172_645_463_325_252);
    // Half of the rounds crowd into a minute, so that many events share a second.
    let seconds = if seed.is_multiple_of(2) { 60 } else { 6 * 86_400 };
    let since = at(SINCE).as_microsecond();
    let fact = |dice: &mut Dice| Fact {
        micros: since + dice.below(seconds) as i64 * 1_000_000,
        kind: ["a", "b", "c", "d"][dice.below(4)],
        user: [None, Some("u1"), Some("u2"), Some("u3")][dice.below(4)],
    };
    (0..40 + dice.below(80)).map(|_| fact(&mut dice)).collect()
}

fn snapshot_of_facts(facts: &[Fact]) -> Snapshot {
    let events: Vec<Value> = facts
        .iter()
        .map(|fact| {
            let timestamp = Timestamp::from_microsecond(fact.micros).unwrap().to_string();
            json!({"timestamp": timestamp, "type": fact.kind, "source": "s", "user_id": fact.user, "data": {}})
        })
        .collect();
    let (first, rest) = events.split_at(events.len() / 3);
    snapshot_of(&[first, rest])
}

/// Returns each user's events in the order of time and then of storage.
fn by_user(facts: &[Fact]) -> BTreeMap<&'static str, Vec<&Fact>> {
    let mut users: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    facts.iter().for_each(|fact| users.entry(fact.user.unwrap_or("")).or_default().push(fact));
    users.remove("");
    users.values_mut().for_each(|facts| facts.sort_by_key(|fact| fact.micros));
    users
}

/// Returns the time of the user's fastest way to each step: from every start, always on to the next fitting event.
fn fastest_ways(facts: &[&Fact], steps: &[&str], within: i64) -> Vec<Option<i64>> {
    let mut fastest: Vec<Option<i64>> = vec![None; steps.len()];
    for start in (0..facts.len()).filter(|&start| facts[start].kind == steps[0]) {
        let mut place = start;
        for (step, best) in steps.iter().zip(&mut fastest).enumerate().map(|(step, (name, best))| ((step, *name), best))
        {
            if step.0 > 0 {
                let Some(next) = (place + 1..facts.len()).find(|&next| facts[next].kind == step.1) else { break };
                place = next;
            }
            let taken = facts[place].micros - facts[start].micros;
            if taken > within {
                break;
            }
            *best = Some(best.map_or(taken, |best| best.min(taken)));
        }
    }
    fastest
}

#[test]
fn funnels_agree_with_trying_every_way() {
    for seed in 1..=8 {
        let facts = random_facts(seed);
        let snapshot = snapshot_of_facts(&facts);
        for steps in [["a", "b", "c"], ["a", "a", "b"]] {
            for within in [5_000_000i64, 86_400_000_000] {
                let funnel = Funnel::new(scope(), steps, Duration::from_micros(within as u64)).unwrap();
                let ways: Vec<_> = by_user(&facts).values().map(|facts| fastest_ways(facts, &steps, within)).collect();
                for (step, row) in rows(&snapshot, &funnel.sql()).iter().enumerate() {
                    let mut taken: Vec<i64> = ways.iter().filter_map(|way| way[step]).collect();
                    taken.sort_unstable();
                    let middle = taken.len() / 2;
                    let median = match taken.len() {
                        0 => None,
                        odd if odd % 2 == 1 => Some(taken[middle] as f64 / 1e6),
                        _ => Some((taken[middle - 1] + taken[middle]) as f64 / 2e6),
                    };
                    assert_eq!(row[1], taken.len().to_string(), "seed {seed}, {steps:?} within {within}, step {step}");
                    assert_eq!(row[3].parse().ok(), median, "seed {seed}, {steps:?} within {within}, step {step}");
                }
            }
        }
    }
}

#[test]
fn trends_agree_with_counting_over_a_change_of_clocks() {
    for seed in [1, 3] {
        let facts = random_facts(seed);
        let snapshot = snapshot_of_facts(&facts);
        for (hours, zone) in [(24, zurich()), (7 * 24, zurich()), (6, zurich()), (24, Zone::utc())] {
            let trends = Trends::new(scope(), Interval::new(hours * HOUR).unwrap(), "type", zone).unwrap();
            let found = rows(&snapshot, &trends.sql());
            let found = found.iter().map(|row| (at(&row[0]).as_microsecond(), row[1].clone(), row[2].parse().unwrap()));
            let found: Vec<(i64, String, i64)> = found.collect();
            let starts: BTreeSet<i64> = trends.starts().iter().map(|start| start.as_microsecond()).collect();
            assert!(found.iter().all(|(start, ..)| starts.contains(start)), "seed {seed}, {hours} h");
            let ends = starts.iter().skip(1).copied().chain([i64::MAX]);
            for ((bucket, start), end) in trends.fill(found).iter().zip(&starts).zip(ends) {
                let counted = facts.iter().filter(|fact| (*start..end).contains(&fact.micros)).count();
                assert_eq!(bucket.total, counted as i64, "seed {seed}, {hours} h from {}", bucket.timestamp);
            }
        }
    }
}

#[test]
fn retention_agrees_with_counting_over_a_change_of_clocks() {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    for seed in [1, 3, 5] {
        let facts = random_facts(seed);
        let retention = Retention::new(scope(), Period::Day, zurich()).unwrap();
        let found = rows(&snapshot_of_facts(&facts), &retention.sql());
        let matrix = retention
            .matrix(found.iter().map(|row| (row[0].as_str(), row[1].parse().unwrap(), row[2].parse().unwrap())));
        let day = |fact: &&Fact| zone.to_datetime(Timestamp::from_microsecond(fact.micros).unwrap()).date();
        let seen: Vec<BTreeSet<Date>> = by_user(&facts).values().map(|facts| facts.iter().map(day).collect()).collect();
        for cohort in &matrix {
            let members = || seen.iter().filter(|days| days.first() == Some(&cohort.cohort));
            assert_eq!(cohort.users, members().count() as i64, "seed {seed}");
            for (later, users) in cohort.retained.iter().enumerate() {
                let date = cohort.cohort.checked_add(jiff::Span::new().days(later as i64)).unwrap();
                assert_eq!(*users, members().filter(|days| days.contains(&date)).count() as i64, "seed {seed}, {date}");
            }
        }
        assert_eq!(matrix.iter().map(|cohort| cohort.users).sum::<i64>(), seen.len() as i64);
    }
}
