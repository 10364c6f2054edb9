use std::path::PathBuf;
use std::time::Duration;

use streamflow_engine::clock::Clock;

use super::*;

fn disk(seed: u64) -> SimDisk {
    SimDisk::new(Chance::new(seed), Arc::new(SimClock::starting_at(0)))
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/data/journal").join(name)
}

/// Makes `/data/journal` durable, as an opening engine has to.
fn make_dir(disk: &SimDisk) {
    disk.create_dir_all(Path::new("/data/journal")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk.sync_dir(Path::new("/data")).unwrap();
}

fn write(file: &mut dyn DiskFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(&mut [IoSlice::new(bytes)], offset)
}

fn read_all(disk: &SimDisk, name: &str) -> io::Result<Vec<u8>> {
    let file = disk.open_read(&path(name))?;
    let mut bytes = vec![0; usize::try_from(file.len()?).unwrap()];
    let count = file.read_at(&mut bytes, 0)?;
    assert_eq!(count, bytes.len());
    Ok(bytes)
}

#[test]
fn what_was_synced_with_its_name_survives_every_power_loss() {
    for seed in 0..200 {
        let disk = disk(seed);
        make_dir(&disk);
        let mut file = disk.create(&path("a")).unwrap();
        write(&mut *file, b"kept", 0).unwrap();
        file.sync().unwrap();
        disk.sync_dir(&path("")).unwrap();
        write(&mut *file, b"perhaps", 4).unwrap();
        disk.crash(Crash::Power);
        assert!(read_all(&disk, "a").unwrap().starts_with(b"kept"), "seed {seed}");
    }
}

/// Returns how many of 200 seeds end a power loss with what `found` looks for.
fn count(prepare: impl Fn(&SimDisk), found: impl Fn(&SimDisk) -> bool) -> usize {
    (0..200)
        .filter(|seed| {
            let disk = disk(*seed);
            make_dir(&disk);
            prepare(&disk);
            disk.crash(Crash::Power);
            found(&disk)
        })
        .count()
}

#[test]
fn a_name_without_a_synced_folder_is_lost_some_times() {
    let create = |disk: &SimDisk| disk.create(&path("a")).unwrap().sync().unwrap();
    let there = count(create, |disk| disk.open_read(&path("a")).is_ok());
    assert!((20..180).contains(&there), "{there}");
}

#[test]
fn unsynced_bytes_are_lost_kept_or_torn() {
    let unsynced = |disk: &SimDisk| {
        let mut file = disk.create(&path("a")).unwrap();
        disk.sync_dir(&path("")).unwrap();
        write(&mut *file, &[7; 4_000], 100).unwrap();
    };
    let kept = |disk: &SimDisk| read_all(disk, "a").unwrap().iter().filter(|byte| **byte == 7).count();
    let nothing = count(unsynced, |disk| kept(disk) == 0);
    let everything = count(unsynced, |disk| kept(disk) == 4_000);
    let gap = count(unsynced, |disk| read_all(disk, "a").unwrap().iter().skip(100).any(|byte| *byte == 0));
    assert!(nothing > 20 && everything > 20 && gap > 20, "{nothing} {everything} {gap}");
    assert!(nothing + everything < 180, "some are torn");
}

#[test]
fn a_killed_process_loses_nothing_that_was_written() {
    let disk = disk(1);
    disk.create_dir_all(&path("")).unwrap();
    let mut file = disk.create(&path("a")).unwrap();
    write(&mut *file, b"written", 0).unwrap();
    disk.crash(Crash::Process);
    assert_eq!(read_all(&disk, "a").unwrap(), b"written");
    assert!(file.sync().is_err(), "a handle does not outlive its process");
}

#[test]
fn a_failed_sync_forgets_what_a_second_one_then_claims_to_have_done() {
    let fail = |disk: &SimDisk| {
        let mut file = disk.create(&path("a")).unwrap();
        disk.sync_dir(&path("")).unwrap();
        write(&mut *file, &[7; 2_000], 0).unwrap();
        disk.set_faults(Faults { sync_error_one_in: 1, ..Faults::default() });
        assert!(file.sync().is_err());
        disk.set_faults(Faults::default());
        file.sync().unwrap();
    };
    let lost = count(fail, |disk| read_all(disk, "a").unwrap() != [7; 2_000]);
    assert!(lost > 20, "{lost}");
}

#[test]
fn a_lying_device_is_known_as_one() {
    let disk = disk(1);
    make_dir(&disk);
    disk.set_faults(Faults { lost_sync_one_in: 1, ..Faults::default() });
    let mut file = disk.create(&path("a")).unwrap();
    assert!(!disk.has_lied());
    file.sync().unwrap();
    assert!(disk.has_lied());
}

#[test]
fn a_full_disk_takes_what_fits_and_says_so() {
    let disk = disk(1);
    make_dir(&disk);
    disk.set_faults(Faults { capacity: 10, ..Faults::default() });
    let mut file = disk.create(&path("a")).unwrap();
    assert_eq!(write(&mut *file, b"0123456789abc", 0).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(read_all(&disk, "a").unwrap(), b"0123456789");
    assert_eq!(disk.free_bytes(&path("")).unwrap(), 0);
    write(&mut *file, b"over", 0).unwrap();
    disk.remove(&path("a")).unwrap();
    assert_eq!(disk.free_bytes(&path("")).unwrap(), 10);
}

#[test]
fn a_read_only_disk_changes_nothing() {
    let disk = disk(1);
    make_dir(&disk);
    let mut file = disk.create(&path("a")).unwrap();
    disk.set_faults(Faults { read_only: true, ..Faults::default() });
    for refused in [
        write(&mut *file, b"x", 0),
        file.set_len(1),
        disk.remove(&path("a")),
        disk.rename(&path("a"), &path("b")),
        disk.create(&path("b")).map(drop),
        disk.open(&path("a")).map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
    }
    assert_eq!(read_all(&disk, "a").unwrap(), b"");
}

#[test]
fn nothing_happens_without_power() {
    let disk = disk(1);
    make_dir(&disk);
    let mut file = disk.create(&path("a")).unwrap();
    disk.sync_dir(&path("")).unwrap();
    disk.cut_power_after(2);
    write(&mut *file, b"one", 0).unwrap();
    assert!(file.sync().is_err());
    assert!(disk.is_off());
    assert!(write(&mut *file, b"two", 3).is_err());
    disk.crash(Crash::Power);
    let after = read_all(&disk, "a").unwrap();
    assert!(!disk.is_off() && after.len() <= 3, "{after:?}");
}

#[test]
fn a_rename_is_there_or_not_but_never_half() {
    let rename = |disk: &SimDisk| {
        for name in ["a", "b"] {
            let mut file = disk.create(&path(name)).unwrap();
            write(&mut *file, name.as_bytes(), 0).unwrap();
            file.sync().unwrap();
        }
        disk.sync_dir(&path("")).unwrap();
        disk.rename(&path("a"), &path("b")).unwrap();
    };
    let state = |disk: &SimDisk| (disk.list(&path("")).unwrap(), read_all(disk, "b").unwrap());
    let before = count(rename, |disk| state(disk) == (vec!["a".into(), "b".into()], b"b".to_vec()));
    let after = count(rename, |disk| state(disk) == (vec!["b".into()], b"a".to_vec()));
    assert_eq!(before + after, 200);
    assert!(before > 20 && after > 20, "{before} {after}");
}

#[test]
fn a_slow_disk_lets_time_pass() {
    let clock = Arc::new(SimClock::starting_at(0));
    let disk = SimDisk::new(Chance::new(1), Arc::clone(&clock));
    disk.set_faults(Faults { slow_one_in: 1, slow: Duration::from_secs(2), ..Faults::default() });
    make_dir(&disk);
    assert_eq!(clock.monotonic(), Duration::from_secs(6));
}
