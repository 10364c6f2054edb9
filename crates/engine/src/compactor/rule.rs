//! Decides which files are merged next. Pure: sizes in, a choice out.

use crate::catalog::DataFile;

/// A merged file has about this many bytes at most, and one of a quarter of it is left alone: what a query opens should be
/// few files, and what a merge rewrites should be little.
const TARGET_BYTES: u64 = 256 << 20;
/// From this size on a file is not merged any more.
const FULL_BYTES: u64 = TARGET_BYTES / 4;
/// Files below this size are of one kind; the next kind is eight times as large, and so on. A row is rewritten about once
/// a kind.
const SMALLEST_BYTES: u64 = 128 << 10;
const STEP: u64 = 8;
/// As many files of one kind are merged. With fewer a row is rewritten more often, with more a query opens more files.
const MERGED_FILES: usize = 8;
/// No merge reads more files at a time: each takes memory for a page of every column.
const MERGED_FILES_MAX: usize = 16;

/// How ready the compactor is to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeal {
    /// Files that are worth it, by the rule.
    Steady,
    /// Whatever makes fewer files: somebody asked for it.
    Whole,
}

/// Returns the files that are merged next, in the order of their times; none if all is well.
pub(super) fn next(files: &[DataFile], zeal: Zeal) -> Option<Vec<DataFile>> {
    match zeal {
        Zeal::Steady => kinds(files).find(|kind| kind.len() >= MERGED_FILES).and_then(first_that_fit),
        Zeal::Whole => {
            let mut small: Vec<&DataFile> = files.iter().filter(|file| file.bytes < FULL_BYTES).collect();
            small.sort_unstable_by_key(|file| (file.timestamp, file.id));
            first_that_fit(small)
        }
    }
}

/// Returns how many files wait to be merged by the rule, and their bytes.
pub(super) fn waiting(files: &[DataFile]) -> (u64, u64) {
    let kinds = kinds(files).filter(|kind| kind.len() >= MERGED_FILES);
    kinds.flatten().fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.bytes))
}

/// Returns the files that are not full by their kind, smallest first, each in the order of times.
fn kinds(files: &[DataFile]) -> impl Iterator<Item = Vec<&DataFile>> {
    let bounds = std::iter::successors(Some(0), |from| Some((from * STEP).max(SMALLEST_BYTES)));
    bounds.take_while(|from| *from < FULL_BYTES).map(|from| {
        let below = (from * STEP).clamp(SMALLEST_BYTES, FULL_BYTES);
        let mut kind: Vec<&DataFile> = files.iter().filter(|file| (from..below).contains(&file.bytes)).collect();
        kind.sort_unstable_by_key(|file| (file.timestamp, file.id));
        kind
    })
}

/// Returns the first neighbours that fit into one file, if there are two.
fn first_that_fit(files: Vec<&DataFile>) -> Option<Vec<DataFile>> {
    let mut bytes = 0;
    let fits = |file: &&&DataFile| {
        bytes += file.bytes;
        bytes <= TARGET_BYTES
    };
    let chosen: Vec<DataFile> =
        files.iter().take(MERGED_FILES_MAX).take_while(fits).map(|file| (*file).clone()).collect();
    (chosen.len() > 1).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(sizes: &[u64]) -> Vec<DataFile> {
        let file = |(id, bytes): (i64, &u64)| DataFile {
            id,
            snapshot: id,
            name: format!("{id}.parquet"),
            rows: 1,
            bytes: *bytes,
            crc32c: 0,
            timestamp: (id, id),
            ingested_at: (id, id),
            offset: (id, id),
        };
        (0..).zip(sizes).map(file).collect()
    }

    fn chosen(sizes: &[u64], zeal: Zeal) -> Option<Vec<i64>> {
        next(&files(sizes), zeal).map(|files| files.iter().map(|file| file.id).collect())
    }

    #[test]
    fn files_of_one_kind_are_merged_when_there_are_enough() {
        const MB: u64 = 1 << 20;
        assert_eq!(chosen(&[10; 7], Zeal::Steady), None);
        assert_eq!(chosen(&[10; 8], Zeal::Steady), Some((0..8).collect()));
        assert_eq!(chosen(&[10; 40], Zeal::Steady).map(|files| files.len()), Some(MERGED_FILES_MAX));
        assert_eq!(chosen(&[10, MB, 10, MB, 10, MB, 10, MB], Zeal::Steady), None, "two kinds, too few of each");
        assert_eq!(chosen(&[60 * MB; 8], Zeal::Steady), Some((0..4).collect()), "no file grows beyond the target");
        assert_eq!(chosen(&[64 * MB; 20], Zeal::Steady), None, "full files are left alone");
        assert_eq!(waiting(&files(&[10; 9])), (9, 90));
        assert_eq!(waiting(&files(&[10; 7])), (0, 0));
    }

    #[test]
    fn whoever_asks_gets_as_few_files_as_there_can_be() {
        assert_eq!(chosen(&[10, 70 << 20, 1 << 20], Zeal::Whole), Some(vec![0, 2]));
        assert_eq!(chosen(&[10], Zeal::Whole), None);
        assert_eq!(chosen(&[], Zeal::Whole), None);
    }

    /// Plays years of seals: the number of files stays small, and a row is rewritten a few times.
    #[test]
    fn rows_are_rewritten_a_few_times_and_files_stay_few() {
        for size in [20 << 10, 300 << 10, 5 << 20] {
            let (mut files, mut written, mut sealed, mut most) = (Vec::new(), 0, 0, 0);
            for id in 0..4_000_i64 {
                let mut file = self::files(&[size]).remove(0);
                (file.id, file.timestamp) = (id, (id, id));
                sealed += file.bytes;
                files.push(file);
                while let Some(merged) = next(&files, Zeal::Steady) {
                    let mut whole = merged[0].clone();
                    whole.bytes = merged.iter().map(|file| file.bytes).sum();
                    written += whole.bytes;
                    files.retain(|file| merged.iter().all(|other| other.id != file.id));
                    files.push(whole);
                }
                let open = files.iter().filter(|file| file.bytes < FULL_BYTES).count();
                most = most.max(open);
            }
            assert!(written <= 6 * sealed, "{size}: {written} bytes were written for {sealed}");
            assert!(most < 40, "{size}: {most} files waited");
        }
    }
}
