//! Runs `--jq` programs over the JSON form.

use jaq_core::load::{Arena, File, Loader, lex, parse};
use jaq_core::{Compiler, Ctx, Vars, data, load, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use super::{CommandError, Place};

const NAME: &str = "<jq>";

/// Returns what the program gives, one value a line; strings are printed bare.
pub(super) fn run(program: &str, document: &Value) -> Result<String, CommandError> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(defs)
        .load(&arena, File { code: program, path: () })
        .map_err(|errors| unreadable(program, &errors))?;
    let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|errors| {
        let unknown = errors.iter().flat_map(|(_, errors)| errors).next();
        let (name, kind) = unknown.map_or(("", "name"), |(name, kind)| (*name, kind.as_str()));
        at(program, name, CommandError::usage(format!("unknown {kind} {name:?} in the jq program")))
    })?;
    let input = read::parse_single(document.to_string().as_bytes())
        .map_err(|error| CommandError::bug(format!("cannot hand json to jq: {error}")))?;
    let mut text = String::new();
    for result in filter.id.run((Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([])), input)).map(unwrap_valr) {
        let value = result.map_err(|error| CommandError::usage(format!("the jq program failed: {error}")))?;
        match &value {
            Val::TStr(string) => text.push_str(&String::from_utf8_lossy(string)),
            other => text.push_str(&other.to_string()),
        }
        text.push('\n');
    }
    Ok(text)
}

fn unreadable(program: &str, errors: &load::Errors<&str, ()>) -> CommandError {
    match errors.first().map(|(_, error)| error) {
        Some(load::Error::Lex(errors)) if !errors.is_empty() => {
            let (expected, rest): &lex::Error<&str> = &errors[0];
            at(
                program,
                rest,
                CommandError::usage(format!("the jq program cannot be read: expected {}", expected.as_str())),
            )
        }
        Some(load::Error::Parse(errors)) if !errors.is_empty() => {
            let (expected, found): &parse::Error<&str> = &errors[0];
            at(
                program,
                found,
                CommandError::usage(format!("the jq program cannot be read: expected {}", expected.as_str())),
            )
        }
        _ => CommandError::usage("the jq program cannot be read"),
    }
}

/// Adds the place of `part`, which is a slice of `program` unless it is empty.
fn at(program: &str, part: &str, error: CommandError) -> CommandError {
    let offset = (part.as_ptr() as usize).checked_sub(program.as_ptr() as usize);
    let before = offset.and_then(|offset| program.get(..offset)).unwrap_or(program);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    error.at(Place::in_text(NAME, program, line, column)).with_hint("the language is that of jq: '.rows[] | .name'")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_are_bare_and_other_values_json() {
        let document = json!({ "rows": [{ "a": "x", "b": 1 }, { "a": "y", "b": [2] }] });
        assert_eq!(run(".rows[] | .a, .b", &document).unwrap(), "x\n1\ny\n[2]\n");
    }

    #[test]
    fn wrong_programs_say_where() {
        let check = |program: &str, words: &str, column: u64| {
            let error = run(program, &json!({})).unwrap_err();
            assert!(error.message.contains(words), "{program}: {}", error.message);
            assert_eq!(error.place.map(|place| place.column), Some(column), "{program}");
        };
        check(".rows | lenght", "unknown filter \"lenght\"", 9);
        check(".rows[", "expected", 7);
        check(".a | | .b", "expected", 6);
    }
}
