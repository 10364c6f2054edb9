use proptest::prelude::*;

use super::*;

const LINE: &str = "if [ -r '/x' ]; then . '/x'; fi";

fn put_once(text: Option<&str>) -> String {
    String::from_utf8(put(text.map(str::as_bytes), LINE, LineEnd::AsThere).unwrap()).unwrap()
}

#[test]
fn block_goes_to_the_end_of_what_is_there() {
    assert_eq!(put_once(Some("a\n")), format!("a\n{BEGIN}\n{ABOUT}\n{LINE}\n{END}\n"));
    assert_eq!(put_once(Some("a")), format!("a\n{BEGIN}\n{ABOUT}\n{UNENDED}\n{LINE}\n{END}\n"));
    assert_eq!(put_once(None), format!("{BEGIN}\n{ABOUT}\n{UNWRITTEN}\n{LINE}\n{END}\n"));
    assert_eq!(put_once(Some("a\r\n")), format!("a\r\n{BEGIN}\r\n{ABOUT}\r\n{LINE}\r\n{END}\r\n"));
}

#[test]
fn shells_that_take_a_carriage_return_for_a_word_get_none() {
    let written = put(Some(b"a\r\n"), LINE, LineEnd::Lf).unwrap();
    assert_eq!(written, format!("a\r\n{BEGIN}\n{ABOUT}\n{LINE}\n{END}\n").into_bytes());
}

#[test]
fn block_is_replaced_where_it_is() {
    let text = put_once(Some("a\n")) + "b\n";
    let changed = put(Some(text.as_bytes()), "other", LineEnd::AsThere).unwrap();
    assert_eq!(String::from_utf8(changed).unwrap(), format!("a\n{BEGIN}\n{ABOUT}\nother\n{END}\nb\n"));
}

#[test]
fn what_came_behind_the_block_stays_a_line_of_its_own() {
    let text = put_once(Some("a")) + "b";
    assert_eq!(take_out(text.as_bytes()), Ok(Left::Text(b"a\nb".to_vec())));
}

#[test]
fn file_that_was_made_for_the_block_goes_with_it() {
    assert_eq!(take_out(put_once(None).as_bytes()), Ok(Left::NoFile));
    let kept = put_once(None) + "alias a=b\n";
    assert_eq!(take_out(kept.as_bytes()), Ok(Left::Text(b"alias a=b\n".to_vec())));
}

#[test]
fn marks_that_are_no_pair_are_refused() {
    let endless = format!("a\n{BEGIN}\n{LINE}\n");
    assert_eq!(take_out(endless.as_bytes()), Err(BlockError::Endless { line: 2 }));
    let twice = put_once(Some("a\n")) + &put_once(Some(""));
    assert_eq!(take_out(twice.as_bytes()), Err(BlockError::Twice { line: 6 }));
    assert!(put(Some(twice.as_bytes()), LINE, LineEnd::Lf).is_err());
}

proptest! {
    #[test]
    fn taking_the_block_out_gives_the_bytes_from_before(text in proptest::option::of("[a-z \r\n#>\u{e4}]{0,40}"), lf in any::<bool>()) {
        let line_end = if lf { LineEnd::Lf } else { LineEnd::AsThere };
        let bytes = text.as_deref().map(str::as_bytes);
        let once = put(bytes, LINE, line_end).unwrap();
        prop_assert_eq!(&put(Some(&once), LINE, line_end).unwrap(), &once);
        let left = match take_out(&once).unwrap() {
            Left::NoFile => None,
            Left::Text(text) => Some(text),
            Left::Unchanged => unreachable!("there is a block"),
        };
        prop_assert_eq!(left.as_deref(), bytes);
    }
}
