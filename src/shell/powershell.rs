//! Writes the script of PowerShell. Its aliases take no arguments, so each name is a function.

use std::fmt::Write as _;

use super::{HEADER, Naming, Taken, named};

const FUNCTIONS: &str = include_str!("script/functions.ps1");

pub(super) fn kubectl(naming: &Naming) -> String {
    let mut text = format!("{HEADER}\n{}", named(FUNCTIONS, naming).replace("@words@\n", &words(naming)));
    for (name, alias) in naming.aliases() {
        define(&mut text, naming, &name, &alias.call());
    }
    for (name, function) in naming.functions() {
        writeln!(text, "\n# {name} {}: {}", function.usage, function.about).unwrap_or_default();
        define(&mut text, naming, &name, &format!("_streamflow_{}", function.identifier()));
    }
    text
}

// Writing to a string cannot fail.
fn define(text: &mut String, naming: &Naming, name: &str, call: &str) {
    let define = format!(
        "    function global:{name} {{ {call} @args }}\n    \
         Register-ArgumentCompleter -Native -CommandName {name} -ScriptBlock $_streamflow_completer\n"
    );
    match naming.taken {
        Taken::Kept => writeln!(text, "if (_streamflow_is_free {name}) {{\n{define}}}").unwrap_or_default(),
        // An alias goes before a function of the same name.
        Taken::Replaced => {
            writeln!(text, "if ($true) {{\n    Remove-Item -ErrorAction SilentlyContinue Alias:{name}\n{define}}}")
                .unwrap_or_default()
        }
    }
}

fn words(naming: &Naming) -> String {
    let line = |(name, words): (String, &[&str])| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        format!("    '{name}' = @({})\n", words.join(", "))
    };
    naming.completed().map(line).collect()
}
