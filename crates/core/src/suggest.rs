//! Finds the known word that somebody probably meant. Knows nothing of where the words come from.

use strsim::damerau_levenshtein;

/// Longest word that is compared, in characters: the comparison is quadratic, and nobody mistypes a whole page.
const WORD_CHARS_MAX: usize = 64;

/// Returns the candidate nearest to `word`, if one is near enough to be what was meant. Case does not count; of equally
/// near ones the first wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = Word::new(word)?;
    candidates
        .into_iter()
        .filter_map(|candidate| word.distance(candidate).map(|distance| (distance, candidate)))
        .reduce(|best, next| if next.0 < best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

/// Returns the candidates that are near enough to `word`, nearest first, at most `count`.
#[must_use]
pub fn ranked<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let Some(word) = Word::new(word) else { return Vec::new() };
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| word.distance(candidate).map(|distance| (distance, candidate)))
        .collect();
    near.sort_by_key(|&(distance, _)| distance);
    near.truncate(count);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The mistyped word, made ready for many comparisons.
struct Word {
    folded: String,
    chars: usize,
}

impl Word {
    fn new(word: &str) -> Option<Self> {
        let folded = fold(word);
        let chars = folded.chars().count();
        (1..=WORD_CHARS_MAX).contains(&chars).then_some(Self { folded, chars })
    }

    /// Returns how far the candidate is, in twentieths of a keystroke, or `None` when it is too far to be meant.
    ///
    /// A common start makes a candidate nearer, for people get the start of a word right; a word that is the start of
    /// the candidate was cut short and is near whatever its length.
    fn distance(&self, candidate: &str) -> Option<usize> {
        let folded = fold(candidate);
        let chars = folded.chars().count();
        if chars > WORD_CHARS_MAX {
            return None;
        }
        let common = self.folded.chars().zip(folded.chars()).take_while(|(a, b)| a == b).count();
        if common == self.chars && self.chars >= PREFIX_CHARS_MIN {
            return Some(chars - self.chars);
        }
        let edits = damerau_levenshtein(&self.folded, &folded);
        let allowed = edits_max(self.chars.max(chars));
        (edits <= allowed).then(|| edits * EDIT - common.min(PREFIX_BONUS_MAX))
    }
}

/// Weight of one edit: more than any bonus, so that fewer edits always win.
const EDIT: usize = 20;
/// Largest bonus for a common start.
const PREFIX_BONUS_MAX: usize = 15;
/// Characters from which the start of a word stands for the word.
const PREFIX_CHARS_MIN: usize = 2;

/// Returns how many edits a word of this length may be away: none for one or two characters, where anything would
/// match, then about one in three.
fn edits_max(chars: usize) -> usize {
    match chars {
        0..=2 => 0,
        3..=4 => 1,
        5..=7 => 2,
        8..=11 => 3,
        _ => 4,
    }
}

/// Lowercases and treats the three usual separators alike, so that `user-id` finds `user_id`.
fn fold(word: &str) -> String {
    word.trim().chars().flat_map(char::to_lowercase).map(|c| if c == '-' || c == '.' { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{nearest, ranked};
    use crate::event::COLUMNS;

    #[track_caller]
    fn check(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(word, candidates.iter().copied()), expected, "for {word:?}");
    }

    #[test]
    fn a_mistyped_column_finds_the_right_one() {
        check("usr_id", &COLUMNS, Some("user_id"));
        check("userid", &COLUMNS, Some("user_id"));
        check("user-id", &COLUMNS, Some("user_id"));
        check("USER_ID", &COLUMNS, Some("user_id"));
        check("tpye", &COLUMNS, Some("type"));
        check("sorce", &COLUMNS, Some("source"));
        check("sevrity", &COLUMNS, Some("severity"));
        check("timestmap", &COLUMNS, Some("timestamp"));
        check("devicetype", &COLUMNS, Some("device_type"));
        check("correlation", &COLUMNS, Some("correlation_id"));
        check("offset", &COLUMNS, Some("_offset"));
        check("contry", &COLUMNS, Some("country"));
    }

    #[test]
    fn a_mistyped_command_finds_the_right_one() {
        let commands = ["start", "stop", "status", "send", "tail", "query", "top", "trends", "funnel", "schema"];
        check("strat", &commands, Some("start"));
        check("stat", &commands, Some("status"));
        check("sned", &commands, Some("send"));
        check("qeury", &commands, Some("query"));
        check("tial", &commands, Some("tail"));
        check("funel", &commands, Some("funnel"));
        check("trend", &commands, Some("trends"));
        check("schemas", &commands, Some("schema"));
    }

    #[test]
    fn a_word_that_is_nothing_like_any_candidate_finds_none() {
        check("banana", &COLUMNS, None);
        check("x", &COLUMNS, None);
        check("", &COLUMNS, None);
        check("ab", &["cd"], None);
        check("type", &[], None);
        check("tea", &["top"], None);
        check(&"user_id".repeat(20), &COLUMNS, None);
    }

    #[test]
    fn of_equally_many_edits_the_longer_common_start_wins() {
        check("web.clack", &["web.click", "wep.clack"], Some("web.click"));
        check("stap", &["slap", "stop"], Some("stop"));
    }

    #[test]
    fn ranked_lists_the_nearest_first_and_no_more_than_asked() {
        let types = ["web.click", "web.clicks", "web.pageview", "api.request", "wb.click"];
        assert_eq!(ranked("web.clik", types, 2), ["web.click", "web.clicks"]);
        assert_eq!(ranked("web", types, 9), ["web.click", "web.clicks", "web.pageview"]);
        assert!(ranked("zzz", types, 9).is_empty());
    }
}
