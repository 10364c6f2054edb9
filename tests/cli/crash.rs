//! Kills, full disks and read-only disks: what was acknowledged is there, once.
//!
//! `STREAMFLOW_CRASH_ROUNDS` asks for more rounds of kills, `STREAMFLOW_CRASH_SEED` repeats one.

mod disk;
mod load;
mod syncs;
mod traced;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustix::process::Signal;

use crate::program::Place;
use crate::server::Server;
use disk::SmallDisk;
use load::{Connection, Naming, Sender, Shape, count_by_mark};

const ROUNDS: u64 = 3;
/// The second one meets a journal that was recovered before.
const KILLS_A_ROUND: usize = 2;
/// When the kill comes, after the load has begun.
const KILL_MS: std::ops::Range<u64> = 50..400;
/// Full disks are noticed at once; this is only how long a slow machine may take to notice that there is room again.
const ROOM_NOTICED_MAX: Duration = Duration::from_secs(10);
/// Lists that fit into what is left of a full disk.
const LISTS_ON_FULL_DISK_MAX: usize = 100;

#[test]
fn no_acknowledged_event_is_lost_or_doubled_by_a_kill() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = variable("STREAMFLOW_CRASH_SEED", u64::from(now.subsec_nanos()));
    let rounds = variable("STREAMFLOW_CRASH_ROUNDS", ROUNDS);
    let mut acknowledged = 0;
    for round in seed..seed + rounds {
        println!("to repeat this round: STREAMFLOW_CRASH_SEED={round} STREAMFLOW_CRASH_ROUNDS=1");
        acknowledged += kill_under_load(&mut ChaCha8Rng::seed_from_u64(round));
    }
    assert!(acknowledged > 0, "every kill came before the first answer: nothing was checked");
}

/// Returns how many events were acknowledged before a kill.
fn kill_under_load(chance: &mut ChaCha8Rng) -> usize {
    let shapes = [
        (Shape::Single, Naming::Id),
        (Shape::List, Naming::Id),
        (Shape::Single, Naming::Key),
        (Shape::List, Naming::Key),
        (Shape::List, Naming::Both),
    ];
    let senders = shapes.into_iter().enumerate().map(|(name, (shape, naming))| Sender::new(name, shape, naming));
    let mut senders: Vec<_> = senders.collect();
    let mut server = Server::start();
    let mut before_kills = 0;
    for _ in 0..KILLS_A_ROUND {
        let delay = Duration::from_millis(KILL_MS.start + chance.next_u64() % (KILL_MS.end - KILL_MS.start));
        let address = server.address("ingestion");
        let before = acknowledged(&senders).count();
        std::thread::scope(|scope| {
            for sender in &mut senders {
                scope.spawn(move || sender.send_until_cut(address));
            }
            std::thread::sleep(delay);
            server.signal(Signal::KILL);
        });
        before_kills += acknowledged(&senders).count() - before;
        server = restart(server, &[]);
        check_kept(&count_by_mark(&server), &senders);
        for sender in &mut senders {
            sender.resend(server.address("ingestion"));
        }
        check_complete(&count_by_mark(&server), &senders);
    }
    before_kills
}

#[test]
fn full_disk_is_said_and_nothing_acknowledged_is_missing() {
    let Some(disk) = SmallDisk::mount("full_disk_is_said_and_nothing_acknowledged_is_missing") else { return };
    let place = Place::new();
    place.write("config.yaml", "storage:\n  min_free: 0B\n");
    let flags = ["--data", disk.path()];
    let server = Server::start_in(place, &flags);
    let mut senders = [Sender::new(0, Shape::List, Naming::Id), Sender::new(1, Shape::Single, Naming::Id)];
    for sender in &mut senders {
        sender.send_one(&mut Connection::open(server.address("ingestion")).unwrap()).unwrap().expect_taken();
    }
    for sender in &mut senders {
        send_until_refused(sender, &server, &disk);
    }
    let while_full = count_by_mark(&server);
    check_kept(&while_full, &senders);
    for id in senders.iter().flat_map(Sender::unacknowledged) {
        assert!(!while_full.contains_key(id), "{id} was refused and is there");
    }
    disk.make_room();
    let deadline = Instant::now() + ROOM_NOTICED_MAX;
    for sender in &mut senders {
        while !sender.send_one(&mut Connection::open(server.address("ingestion")).unwrap()).unwrap().is_taken() {
            assert!(Instant::now() < deadline, "there is room again and events are still refused");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    check_complete(&count_by_mark(&server), &senders);
    server.signal(Signal::KILL);
    let server = restart(server, &flags);
    check_complete(&count_by_mark(&server), &senders);
}

/// Sends until the disk has no place left, and checks that the answer says so.
fn send_until_refused(sender: &mut Sender, server: &Server, disk: &SmallDisk) {
    for _ in 0..LISTS_ON_FULL_DISK_MAX {
        // Each time, for the server gives back what it could not fill ahead.
        disk.fill();
        let answer = sender.send_one(&mut Connection::open(server.address("ingestion")).unwrap()).unwrap();
        if !answer.is_taken() {
            assert_eq!((answer.status, answer.error_code().as_str()), (503, "storage_unavailable"));
            return;
        }
    }
    panic!("the disk is full and events are still taken");
}

#[test]
fn read_only_disk_stops_the_start_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount("read_only_disk_stops_the_start_and_loses_nothing") else { return };
    let flags = ["--data", disk.path()];
    let place = Place::new();
    place.write("config.yaml", "storage:\n  min_free: 0B\n");
    let mut server = Server::start_in(place, &flags);
    let mut senders = [Sender::new(0, Shape::List, Naming::Id)];
    senders[0].send_one(&mut Connection::open(server.address("ingestion")).unwrap()).unwrap().expect_taken();
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
    disk.remount("ro");
    server.run(&["start", "--port-base=0", "--data", disk.path()]).exits(2).says("Read-only").says("hint:");
    disk.remount("rw");
    let server = restart(server, &flags);
    check_complete(&count_by_mark(&server), &senders);
}

/// Waits for the end of a server and starts another one on its folder.
fn restart(mut server: Server, flags: &[&str]) -> Server {
    server.wait();
    server.again(flags)
}

fn acknowledged(senders: &[Sender]) -> impl Iterator<Item = &String> {
    senders.iter().flat_map(|sender| &sender.acknowledged)
}

/// Fails unless every acknowledged event is there once, and every request that was cut off once or not at all.
#[track_caller]
fn check_kept(counts: &BTreeMap<String, u64>, senders: &[Sender]) {
    for id in acknowledged(senders) {
        assert_eq!(counts.get(id), Some(&1), "{id} was acknowledged");
    }
    for (id, count) in counts {
        assert_eq!(*count, 1, "{id} is there more than once");
    }
    for sender in senders {
        let there = sender.unacknowledged().filter(|id| counts.contains_key(*id)).count();
        let sent = sender.unacknowledged().count();
        assert!(there == 0 || there == sent, "{there} events of a request of {sent} are there");
    }
}

/// Fails unless what is there is what was acknowledged, once, and nothing else.
#[track_caller]
fn check_complete(counts: &BTreeMap<String, u64>, senders: &[Sender]) {
    check_kept(counts, senders);
    assert_eq!(counts.len(), acknowledged(senders).count(), "there are events that nobody sent");
}

fn variable<T: FromStr<Err: Display>>(name: &str, default: T) -> T {
    let Ok(value) = std::env::var(name) else { return default };
    value.parse().unwrap_or_else(|error| panic!("{name}={value}: {error}"))
}

/// Says loudly that a test checked nothing; a failure where `tool::find` would fail.
fn not_checked(test: &str, reason: &str) {
    let required = std::env::var("STREAMFLOW_TEST_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(!required, "{test}: {reason}");
    // Written past the test harness, which hides what a passing test prints.
    std::fs::write("/dev/stderr", format!("NOT CHECKED: {test}: {reason}\n")).unwrap_or_default();
}
