//! Reads how much processor time a process has used, where the system tells.

use std::fs;
use std::time::Duration;

/// The unit of `/proc/<pid>/stat`: `USER_HZ`, which Linux keeps at 100 on every architecture we build for.
const TICK: Duration = Duration::from_millis(10);

/// A process to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    Own,
    Pid(u32),
}

impl Process {
    /// Returns user and kernel time of all threads so far; none where there is no `/proc` or no such process.
    pub(super) fn cpu(self) -> Option<Duration> {
        let stat = match self {
            Self::Own => fs::read_to_string("/proc/self/stat"),
            Self::Pid(pid) => fs::read_to_string(format!("/proc/{pid}/stat")),
        };
        parse_stat(&stat.ok()?)
    }
}

/// The name of the process is the second field, in parentheses, and may hold blanks and parentheses itself.
fn parse_stat(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11); // from state, the third field, to utime, the fourteenth
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.saturating_add(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_kernel_time_are_added_whatever_the_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 5 0 99 0 0";
        assert_eq!(parse_stat(stat), Some(Duration::from_secs(3)));
        assert_eq!(parse_stat("7 (a"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_shows_as_processor_time() {
        let before = Process::Own.cpu().unwrap();
        let started = std::time::Instant::now();
        let mut sum = 0u64;
        while started.elapsed() < Duration::from_millis(200) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        assert!(Process::Own.cpu().unwrap() > before);
    }
}
