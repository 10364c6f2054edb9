//! Writes the script of nushell. Names are known when a file is parsed, so one that exists already cannot be kept: a name
//! here goes before it.

use std::fmt::Write as _;

use super::{HEADER, Naming, named};

const FUNCTIONS: &str = include_str!("script/functions.nu");

/// The program is asked at each TAB, in the form it has for fish: a value, a tab, what it means.
pub(super) const PROGRAM: &str = r#"def "nu-complete streamflow" [context: string] {
    let words = ($context | split row -r '\s+')
    let answer = (with-env { COMPLETE: fish } { ^streamflow -- ...$words | complete })
    $answer.stdout | lines | each {|line|
        let parts = ($line | split row -n 2 "\t")
        { value: ($parts | first), description: ($parts | get -o 1 | default '') }
    }
}

extern streamflow [...words: string@"nu-complete streamflow"]
"#;

pub(super) fn kubectl(naming: &Naming) -> String {
    let mut text = format!("{HEADER}\n{}", named(FUNCTIONS, naming).replace("@words@\n", &words(naming)));
    // Writing to a string cannot fail.
    for (name, alias) in naming.aliases() {
        let call = alias.call().replacen("kubectl", "^kubectl", 1);
        writeln!(text, "def --wrapped {name} [...rest: string@\"streamflow kubectl complete\"] {{ {call} ...$rest }}")
            .unwrap_or_default();
    }
    for (name, function) in naming.functions() {
        let identifier = function.identifier();
        writeln!(text, "\n# {name} {}: {}", function.usage, function.about).unwrap_or_default();
        writeln!(
            text,
            "def --env --wrapped {name} [...rest: string@\"streamflow kubectl complete\"] {{ \
             streamflow kubectl {identifier} ...$rest }}"
        )
        .unwrap_or_default();
    }
    text
}

/// Returns everything that is read at the start of the shell.
pub(super) fn installed(naming: Option<&Naming>) -> String {
    naming.map(|naming| kubectl(naming) + "\n").unwrap_or_default() + PROGRAM
}

fn words(naming: &Naming) -> String {
    let line = |(name, words): (String, &[&str])| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        format!("        '{name}' => [{}]\n", words.join(" "))
    };
    naming.completed().map(line).collect()
}
