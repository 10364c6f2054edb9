//! Reads what a process takes of its machine, where the system tells.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The unit of `/proc/<pid>/stat`: `USER_HZ`, which Linux keeps at 100 on every architecture we build for.
const TICK: Duration = Duration::from_millis(10);

/// A process to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    Own,
    Pid(u32),
}

/// What a process takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// User and kernel time of all threads so far.
    pub cpu: Duration,
    /// Memory that is resident, files that are mapped included.
    pub memory_bytes: u64,
    pub threads: u64,
    /// Open files, connections included, and how many there may be.
    pub open_files: u64,
    pub open_files_max: u64,
}

impl Process {
    /// Returns user and kernel time of all threads so far; none where there is no `/proc` or no such process.
    #[must_use]
    pub fn cpu(self) -> Option<Duration> {
        Some(parse_stat(&self.read("stat")?)?.0)
    }

    /// Returns all that is told of a process; none where there is no `/proc`, no such process, or no leave to look.
    #[must_use]
    pub fn usage(self) -> Option<Usage> {
        let (cpu, threads) = parse_stat(&self.read("stat")?)?;
        let resident = line_of(&self.read("status")?, "VmRSS:")?.first()?.parse::<u64>().ok()?;
        let open_files_max = line_of(&self.read("limits")?, "Max open files")?.first()?.parse().unwrap_or(u64::MAX);
        let open_files = fs::read_dir(self.folder().join("fd")).ok()?.count() as u64;
        Some(Usage { cpu, memory_bytes: resident * 1_024, threads, open_files, open_files_max })
    }

    fn folder(self) -> PathBuf {
        match self {
            Self::Own => PathBuf::from("/proc/self"),
            Self::Pid(pid) => PathBuf::from(format!("/proc/{pid}")),
        }
    }

    fn read(self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder().join(name)).ok()
    }
}

/// Returns the time and the number of threads. The name of the process is the second field, in parentheses, and may hold
/// blanks and parentheses itself.
fn parse_stat(stat: &str) -> Option<(Duration, u64)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11); // from state, the third field, to utime, the fourteenth
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    let threads = fields.nth(4)?.parse().ok()?; // past times of children, priority and nice
    Some((TICK * user.saturating_add(system), threads))
}

/// Returns the words behind the name of a line.
fn line_of<'a>(text: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.split_ascii_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_kernel_time_are_added_whatever_the_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 5 0 99 0 0";
        assert_eq!(parse_stat(stat), Some((Duration::from_secs(3), 5)));
        assert_eq!(parse_stat("7 (a"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_process_takes_shows() {
        let before = Process::Own.usage().unwrap();
        let started = std::time::Instant::now();
        let file = fs::File::open("/proc/self/stat").unwrap();
        let mut sum = 0u64;
        while started.elapsed() < Duration::from_millis(200) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        let after = Process::Own.usage().unwrap();
        assert!(after.cpu > before.cpu && after.cpu <= Process::Own.cpu().unwrap());
        assert!(after.memory_bytes > 1 << 20 && after.threads >= 1, "{after:?}");
        assert!((1..after.open_files_max).contains(&after.open_files), "{after:?}");
        drop(file);
    }
}
