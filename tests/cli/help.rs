//! Help: every page, every topic, every example.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::program::Place;
use crate::tool;

/// Returns the commands and subcommands that have a page of help, found by reading help itself.
pub(crate) fn pages(place: &Place) -> Vec<Vec<String>> {
    let front = place.run(&["--help"]).exits(0).out;
    let mut found = Vec::new();
    for name in names_below(&front, |line| line.ends_with(':') && !line.starts_with(' ') && !line.starts_with("Usage"))
    {
        let page = place.run(&[&name, "--help"]).exits(0).out;
        let below = names_below(&page, |line| line == "Commands:");
        found.push(vec![name.clone()]);
        found.extend(below.into_iter().map(|sub| vec![name.clone(), sub]));
    }
    found
}

/// Returns the first words of the indented lines below a heading.
fn names_below(text: &str, is_heading: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with(' ') {
            inside = is_heading(line) && line != "Start here:";
        } else if inside && !line.starts_with("   ") {
            names.extend(line.split_whitespace().next().map(str::to_owned));
        }
    }
    names
}

#[test]
fn every_command_has_a_page_with_examples_first() {
    let place = Place::new();
    let pages = pages(&place);
    assert!(pages.len() > 30, "{pages:?}");
    for words in pages {
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let page = place.run(&args).exits(0).out;
        let usage = page.find("Usage:").unwrap_or_else(|| panic!("{words:?} has no usage: {page}"));
        if let Some(examples) = page.find("Examples:") {
            assert!(examples < usage, "{words:?}: {page}");
        }
        if words == ["sql"] {
            // `help sql` is the topic.
            continue;
        }
        let same = place.run(&[&["help"], &args[..args.len() - 1]].concat()).exits(0).out;
        assert!(same.trim().starts_with(page.trim()), "{words:?}: help COMMAND and --help differ: {same}");
    }
}

#[test]
fn every_example_is_a_call_that_the_program_takes() {
    let place = Place::new();
    let mut checked = 0;
    for words in pages(&place) {
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let page = place.run(&args).exits(0).out;
        let examples = page.split("Examples:\n").nth(1).unwrap_or_default();
        for example in examples.lines().take_while(|line| line.starts_with("  ")) {
            check_example(&place, example.trim());
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked} examples");
}

/// An example is accepted by the argument parser when asking for its help works: an unknown flag or value would be said.
pub(crate) fn check_example(place: &Place, example: &str) {
    let Some(call) = example.split("streamflow ").nth(1) else { panic!("no call in {example:?}") };
    let words = shell_words(call);
    let mut args: Vec<&str> =
        words.iter().map(String::as_str).take_while(|word| !["|", ">", "#", "&&", "<"].contains(word)).collect();
    args.push("--help");
    let ended = place.run(&args);
    assert_eq!(ended.code, 0, "{example}: {}", ended.err);
}

/// Splits as a shell does, as far as examples need: blanks, single and double quotes.
fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn topics_answer_and_exit_codes_are_complete() {
    let place = Place::new();
    for topic in ["environment", "exit-codes", "flags", "formats", "time", "sql", "schema"] {
        assert!(place.run(&["help", topic]).exits(0).out.lines().count() > 3, "{topic}");
    }
    let codes = place.run(&["help", "exit-codes"]).exits(0).out;
    for code in [0, 1, 2, 3, 4, 5, 10, 70, 124, 130] {
        assert!(codes.lines().any(|line| line.trim().starts_with(&format!("{code} "))), "{code}: {codes}");
    }
}

/// What the JSON of each shape had once it has for ever: a field may be added, none removed.
#[test]
fn no_field_of_a_schema_is_removed() {
    let place = Place::new();
    let names = place.run(&["help", "schema"]).exits(0).out;
    let names = names.split("JSON Schemas of what commands print").nth(1).unwrap();
    let names: Vec<&str> = names.lines().filter(|line| line.starts_with("  ")).map(str::trim).collect();
    let mut now = BTreeSet::new();
    for name in names {
        let schema = place.run(&["help", "schema", name]).exits(0).json();
        let title = schema["title"].as_str().unwrap().to_owned();
        let rows = schema["properties"]["rows"]["items"]["properties"].as_object();
        for field in rows.or(schema["properties"].as_object()).unwrap().keys() {
            now.insert(format!("{title} {field}"));
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fields.txt");
    let promised = fs::read_to_string(&golden).unwrap_or_default();
    let promised: BTreeSet<String> = promised.lines().map(str::to_owned).collect();
    let removed: Vec<&String> = promised.difference(&now).collect();
    assert!(removed.is_empty(), "fields that scripts may rely on are gone: {removed:#?}");
    let added: Vec<&String> = now.difference(&promised).collect();
    assert!(added.is_empty(), "promise these in tests/cli/fields.txt: {added:#?}");
}

#[test]
fn shells_load_their_completions() {
    let place = Place::new();
    let check = |shell: &str, script: &str| {
        let Some(shell_path) = tool::find(shell, "shells_load_their_completions") else { return };
        place.write("completions/_streamflow", &place.run(&["completion", shell]).exits(0).out);
        let bin = Path::new(crate::program::PROGRAM).parent().unwrap();
        let output = std::process::Command::new(shell_path)
            .args(["-c", script])
            .current_dir(place.dir())
            .env("HOME", place.home())
            .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.contains("context"), "{shell}: {out} {}", String::from_utf8_lossy(&output.stderr));
    };
    check(
        "bash",
        "source completions/_streamflow; COMP_WORDS=(streamflow cont); COMP_CWORD=1; COMP_LINE='streamflow cont'; \
         COMP_POINT=15; COMP_TYPE=9; _streamflow_load streamflow cont streamflow; \
         f=$(complete -p streamflow | sed 's/.*-F \\([^ ]*\\).*/\\1/'); $f streamflow cont streamflow; \
         echo \"${COMPREPLY[@]}\"",
    );
    check("fish", "source completions/_streamflow; complete -C 'streamflow cont'");
    // zsh completes in a terminal only; the two functions of its completion system that matter are played.
    check(
        "zsh",
        "fpath=($PWD/completions $fpath); typeset -A _comps; compdef() { _comps[$2]=$1 }; \
         _describe() { print -l -- ${(P)@[-1]} }; words=(streamflow cont); CURRENT=2; \
         autoload -Uz _streamflow; _streamflow",
    );
}

#[test]
fn help_in_full_shows_every_option_of_its_command() {
    let place = Place::new();
    for (args, flag) in [
        (&["query"] as &[&str], "--max-rows"),
        (&["top"], "--around"),
        (&["top"], "--tz"),
        (&["tail"], "--around"),
        (&["tail"], "--retry-for"),
        (&["send"], "--yes"),
        (&["import"], "--yes"),
        (&["events", "resend"], "--yes"),
    ] {
        let full = place.run(&[args, &["--help"]].concat()).exits(0).out;
        assert!(full.contains(flag), "{args:?} --help does not show {flag}: {full}");
        let short = place.run(&[args, &["-h"]].concat()).exits(0).out;
        assert!(!short.contains(flag) && short.contains("--help"), "{args:?} -h: {short}");
    }
    let time = place.run(&["help", "time"]).exits(0).out;
    assert!(["--around", "--last"].iter().all(|flag| time.contains(flag)), "{time}");
}
