//! The registry is sound, and the page in `docs/` says the same.

use super::{ALL, GROUPS, find, markdown};

#[test]
fn every_code_is_found_by_its_name_and_no_name_is_used_twice() {
    for entry in ALL {
        assert_eq!(find(entry.code), Some(entry), "{} is hidden by another entry", entry.code);
    }
    assert_eq!(find("no_such_code"), None);
    assert_eq!(ALL.len(), GROUPS.iter().map(|group| group.codes.len()).sum::<usize>());
}

#[test]
fn texts_follow_the_style_of_messages() {
    for entry in ALL {
        let code = entry.code;
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()), "{code}");
        for line in [entry.summary, entry.hint] {
            assert!(!line.is_empty() && !line.ends_with('.') && !line.contains('\n'), "{code}: {line:?}");
        }
        let sentences = entry.explanation.matches(". ").count() + 1;
        assert!((2..=4).contains(&sentences) && entry.explanation.ends_with('.'), "{code}: {sentences} sentences");
        assert!(!entry.explanation.contains("  "), "{code} has a run of spaces");
    }
}

#[test]
fn status_and_exit_code_agree() {
    for entry in ALL {
        let expected: &[u8] = match entry.status {
            // A cluster may refuse who asks, or not have what is asked for.
            0 => &[1, 2, 3, 4, 5, 10, 124],
            401 | 403 => &[4],
            404 => &[5],
            408 => &[3, 124],
            429 | 503 => &[3],
            500 => &[70],
            400 => &[2, 3],
            status if (400..=501).contains(&status) => &[2],
            status => panic!("{} has the unexpected status {status}", entry.code),
        };
        assert!(expected.contains(&entry.exit), "{}: status {} exit {}", entry.code, entry.status, entry.exit);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test compares with a file, and rewrites it when asked to")]
fn the_documentation_is_this_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/error-codes.md");
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(path, markdown()).expect("docs/ can be written");
    }
    let page = std::fs::read_to_string(path).expect("docs/error-codes.md exists");
    assert_eq!(page, markdown(), "run with UPDATE_DOCS=1 to rewrite docs/error-codes.md");
}
