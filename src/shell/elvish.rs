//! Writes the script of elvish. Names become variables of the interactive namespace, where rc.elv's own reach.

use std::fmt::Write as _;

use super::{HEADER, Naming, Taken, named};

const FUNCTIONS: &str = include_str!("script/functions.elv");

pub(super) fn kubectl(naming: &Naming) -> String {
    let mut text = format!("{HEADER}\n{}", named(FUNCTIONS, naming));
    // Writing to a string cannot fail.
    for (name, alias) in naming.aliases() {
        let body = format!("{{|@rest| {} $@rest }}", alias.call().replacen("kubectl", "e:kubectl", 1));
        define(&mut text, naming, &name, &body, alias.words);
    }
    for (name, function) in naming.functions() {
        writeln!(text, "\n# {name} {}: {}", function.usage, function.about).unwrap_or_default();
        define(&mut text, naming, &name, &format!("$-{}~", function.identifier()), function.completes_as);
    }
    text + "\nset edit:completion:arg-completer[kubectl] = {|@words| -complete [] $@words }\n"
}

fn define(text: &mut String, naming: &Naming, name: &str, body: &str, words: &[&str]) {
    let (open, close) = match naming.taken {
        Taken::Kept => {
            (format!("if (not (or (has-external {name}) (has-key $edit:completion:arg-completer {name}))) {{\n"), "}\n")
        }
        Taken::Replaced => (String::new(), ""),
    };
    let words = words.join(" ");
    write!(
        text,
        "{open}  edit:add-var {name}~ {body}\n  \
         set edit:completion:arg-completer[{name}] = {{|@words| -complete [{words}] $@words }}\n{close}"
    )
    .unwrap_or_default();
}
