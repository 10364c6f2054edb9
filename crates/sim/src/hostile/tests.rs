use streamflow_core::event::Limits;
use streamflow_engine::ingest::{self, Ack, Body, Framing, Request, Store, StoreOptions, Writer};
use streamflow_engine::journal::JournalOptions;

use super::*;

const MUTANTS: u64 = 3_000;

const JSON: [&str; 6] = [
    r#"{"type":"web.click","source":"web","timestamp":1700000000.25,"data":{"page":"/a","n":[1,-2.5e3,true,null]}}"#,
    r#"{"a":{"b":{"c":[[],{},[{}]]}},"d":"\u00e9\ud83d\ude00\n\\\"","e":18446744073709551615}"#,
    r#"[0,-0,1e5,0.1,12345678901234567890,"",false]"#,
    r#""a long string without any escape at all, to cross several words of eight bytes""#,
    "  {  \"spaced\" : [ 1 , 2 ] }  ",
    r#"{"k0":0,"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8,"k9":9,"k10":{"k0":0}}"#,
];

const FILTERS: [&str; 6] = [
    "type=error latency>100",
    "source='web app' AND page~\"check'out\"",
    "severity>=high tags=beta user_id!=null",
    "type = 'a''b' OR data.page LIKE '%x%'",
    "a.b.c=1e9 x!~y n<=-5",
    "message='it''s; DROP TABLE events --'",
];

/// Pieces that mean something to one of the grammars.
const TOKENS: [&str; 16] =
    ["\"", "'", "''", "{", "}", "[", "]", ",", ":", "\\u0000", "\\ud800", "1e999", ";", "--", "=", " "];

/// Changes good input in a few places.
fn mutant(good: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..chance.between(0, 5) {
        let at = chance.index(bytes.len() + 1);
        let end = (at + chance.index(9)).min(bytes.len());
        match chance.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
            3 => bytes.truncate(at.max(1)),
            _ => bytes.splice(at..at, chance.pick(&TOKENS).bytes()).for_each(drop),
        }
    }
    bytes
}

/// Runs a check over mutants of good input. The seed is in the message of a failure.
fn check_mutants(good: &[&[u8]], mutants: u64, check: fn(&[u8])) {
    for seed in 0..mutants {
        let mut chance = Chance::new(seed);
        let bytes = mutant(good[chance.index(good.len())], &mut chance);
        let outcome = std::panic::catch_unwind(|| check(&bytes));
        assert!(outcome.is_ok(), "seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    check_mutants(&JSON.map(str::as_bytes), MUTANTS, check_json);
}

#[test]
fn no_value_of_a_filter_gets_out_of_its_quotes() {
    check_mutants(&FILTERS.map(str::as_bytes), MUTANTS, check_filter);
}

/// Returns the bytes of a journal file with a few groups in it.
fn journal_file() -> Vec<u8> {
    let clock = Arc::new(SimClock::starting_at(0));
    let disk = SimDisk::new(Chance::new(0), Arc::clone(&clock));
    let dir = Path::new("/journal/0");
    let options = JournalOptions {
        dir: dir.to_owned(),
        file_bytes_target: 1 << 20,
        min_free_bytes: 0,
        on_damage: OnDamage::Refuse,
        floor: Floor::default(),
    };
    let store = Arc::new(Store::new(StoreOptions::default()));
    let (mut writer, _) = Writer::open(Arc::new(disk.clone()), clock, options, Arc::clone(&store)).unwrap();
    for count in [1, 3, 9] {
        let line =
            "{\"type\":\"a\",\"source\":\"b\",\"data\":{\"text\":\"some text to compress, some text to compress\"}}\n";
        let body = Body { bytes: line.repeat(count).into(), framing: Framing::Lines };
        let prepared = ingest::prepare(body, &store, Limits::default()).unwrap();
        writer.commit(vec![Request { prepared, ack: Ack::Disk, key: None }], &mut |_, answer| drop(answer.unwrap()));
    }
    writer.close().unwrap();
    let name = disk.list(dir).unwrap().pop().unwrap();
    let file = disk.open_read(&dir.join(name)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn any_bytes_are_read_as_a_journal_or_refused() {
    let file = journal_file();
    check_mutants(&[&file], MUTANTS / 10, check_journal_file);
    check_mutants(&[&file[64..]], MUTANTS, check_frame);
}
