//! Writes a failure as an annotation for GitHub's runner: a line of `::error …::message`, which it takes out of both streams.

use super::{CommandError, Place};

/// Returns the line for a failure.
pub(super) fn of_failure(error: &CommandError) -> String {
    let text = match &error.hint {
        Some(hint) => format!("{}\n{hint}", error.message),
        None => error.message.clone(),
    };
    line(&format!("streamflow: {}", error.code), error.place.as_deref(), &text)
}

/// Returns the line for a check that says no. Only a file can be annotated: a statement on the command line has no place.
pub(super) fn line(title: &str, place: Option<&Place>, text: &str) -> String {
    let mut properties = format!("title={}", property(title));
    if let Some(place) = place.filter(|place| !place.file.starts_with('<')) {
        properties.push_str(&format!(",file={},line={},col={}", property(&place.file), place.line, place.column));
    }
    format!("::error {properties}::{}", data(text))
}

/// Escapes what ends a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what ends a property, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_that_nothing_in_it_ends() {
        let error = CommandError::usage("100% wrong::\r\nno").with_hint("mend it");
        let place = |file: &str| Place::in_text(file, "a\nb", 2, 1);
        assert_eq!(of_failure(&error), "::error title=streamflow%3A usage::100%25 wrong::%0D%0Ano%0Amend it");
        assert_eq!(
            of_failure(&error.clone().at(place("a,b.yaml"))),
            "::error title=streamflow%3A usage,file=a%2Cb.yaml,line=2,col=1::100%25 wrong::%0D%0Ano%0Amend it"
        );
        assert_eq!(of_failure(&error.clone().at(place("<sql>"))), of_failure(&error));
    }
}
