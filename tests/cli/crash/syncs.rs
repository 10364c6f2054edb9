//! What the server asks of the disk as seen from outside, and what it makes of a disk that is slow or fails.

use std::fs;
use std::time::Duration;

use super::load::{Connection, Naming, Sender, Shape, count_by_mark};
use super::traced::{Traced, strace};
use super::{check_complete, check_kept};
use crate::program::Place;
use crate::server::Server;

const POSTS: usize = 200;
/// Lists sent to a slow disk.
const LISTS: usize = 5;

#[test]
fn two_hundred_single_posts_make_two_hundred_syncs() {
    let Some(strace) = strace("two_hundred_single_posts_make_two_hundred_syncs") else { return };
    let place = Place::new();
    let trace = place.dir().join("trace.txt");
    let server = Traced::start(&strace, &place, &["-e", "trace=fdatasync,fsync", "-o", trace.to_str().unwrap()]);
    let mut connection = Connection::open(server.ingestion()).unwrap();
    let mut sender = Sender::new(0, Shape::Single, Naming::Id);
    for _ in 0..POSTS {
        sender.send_one(&mut connection).unwrap().expect_taken();
    }
    drop(connection);
    server.stop();
    let text = fs::read_to_string(&trace).unwrap();
    // Only those of journal files: the next file is filled ahead meanwhile, with syncs of its own.
    let syncs = text.lines().filter(|line| line.contains("sync(") && line.contains(".log>")).count();
    assert!(syncs >= POSTS, "{syncs} syncs for {POSTS} acknowledged events");
}

#[test]
fn slow_disk_makes_answers_wait_and_a_kill_meanwhile_loses_nothing_acknowledged() {
    let Some(strace) = strace("slow_disk_makes_answers_wait_and_a_kill_meanwhile_loses_nothing_acknowledged") else {
        return;
    };
    let place = Place::new();
    // Each sync takes 150 ms longer, before the bytes are on disk.
    let slow = ["-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=150000"];
    let server = Traced::start(&strace, &place, &slow);
    let mut senders = [
        Sender::new(0, Shape::Single, Naming::Id),
        Sender::new(1, Shape::List, Naming::Id),
        Sender::new(2, Shape::List, Naming::Key),
    ];
    let address = server.ingestion();
    for sender in &mut senders {
        sender.send_one(&mut Connection::open(address).unwrap()).unwrap().expect_taken();
    }
    std::thread::scope(|scope| {
        for sender in &mut senders {
            scope.spawn(move || sender.send_until_cut(address));
        }
        std::thread::sleep(Duration::from_millis(700));
        server.kill();
    });
    let server = Server::start_in(place, &[]);
    check_kept(&count_by_mark(&server), &senders);
    for sender in &mut senders {
        sender.resend(server.address("ingestion"));
    }
    check_complete(&count_by_mark(&server), &senders);
}

#[test]
fn failed_sync_is_said_and_what_comes_after_it_is_kept() {
    let Some(strace) = strace("failed_sync_is_said_and_what_comes_after_it_is_kept") else { return };
    let place = Place::new();
    // The first syncs are those of the start; one in five of the later ones fails.
    let failing = ["-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=6+5"];
    let server = Traced::start(&strace, &place, &failing);
    let mut sender = Sender::new(0, Shape::List, Naming::Id);
    let (mut taken, mut refused) = (0, 0);
    while taken < LISTS || refused == 0 {
        let answer = sender.send_one(&mut Connection::open(server.ingestion()).unwrap()).unwrap();
        if answer.is_taken() {
            taken += 1;
        } else {
            assert_eq!((answer.status, answer.error_code().as_str()), (503, "storage_unavailable"));
            refused += 1;
        }
        assert!(taken + refused < 100, "no sync failed");
    }
    server.kill();
    let server = Server::start_in(place, &[]);
    check_kept(&count_by_mark(&server), &[sender]);
}
