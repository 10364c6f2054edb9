//! Writes the scripts of fish, from 3.1 on. The aliases are functions, which is what fish's own `alias` makes of them.

use std::fmt::Write as _;

use super::{HEADER, Naming, Taken, named, quote};

const FUNCTIONS: &str = include_str!("script/functions.fish");

/// Read by fish at the first TAB when it lies in its folder of completions.
pub(super) const PROGRAM: &str = "COMPLETE=fish streamflow | source\n";

/// For a script that is read at the start: the program is asked at the first TAB.
const LOADING: &str = "\
function _streamflow_load
    complete -e -c streamflow
    COMPLETE=fish streamflow | source
    complete -C (commandline -cp)
end
complete -c streamflow -f -a '(_streamflow_load)'
";

const KUBECTL_ITSELF: &str = "
# What completes kubectl already goes on doing so.
set -l _streamflow_theirs
for dir in $fish_complete_path
    test -e $dir/kubectl.fish; and set _streamflow_theirs $dir
end
set -q _streamflow_theirs[1]; or complete -c kubectl -f -k -a '(_streamflow_kubectl)'
";

pub(super) fn kubectl(naming: &Naming) -> String {
    let mut text = format!("{HEADER}\n{}", named(FUNCTIONS, naming).replace("@words@\n", &words(naming)));
    text += match naming.taken {
        Taken::Kept => "\n# A name that exists already is kept.\n",
        Taken::Replaced => "\n# A name that exists already is replaced.\n",
    };
    for (name, alias) in naming.aliases() {
        define(
            &mut text,
            naming,
            &name,
            &format!("alias {name} {}", alias.call()),
            &format!("command {} $argv", alias.call()),
        );
    }
    for (name, function) in naming.functions() {
        writeln!(text, "\n# {name} {}", function.usage).unwrap_or_default();
        let call = format!("_streamflow_{} $argv", function.identifier());
        define(&mut text, naming, &name, function.about, &call);
    }
    text + KUBECTL_ITSELF
}

// Writing to a string cannot fail.
fn define(text: &mut String, naming: &Naming, name: &str, about: &str, call: &str) {
    let about = quote::fish(about);
    match naming.taken {
        Taken::Kept => writeln!(text, "if not type -q {name}").unwrap_or_default(),
        Taken::Replaced => writeln!(text, "begin").unwrap_or_default(),
    }
    writeln!(text, "    function {name} --description {about}\n        {call}\n    end").unwrap_or_default();
    writeln!(text, "    complete -c {name} -f -k -a '(_streamflow_kubectl)'\nend").unwrap_or_default();
}

/// Returns everything that is read at the start of the shell.
pub(super) fn installed(naming: Option<&Naming>) -> String {
    naming.map(|naming| kubectl(naming) + "\n").unwrap_or_default() + LOADING
}

/// Returns the cases that turn a name into the words of kubectl it stands for.
fn words(naming: &Naming) -> String {
    let line = |(name, words): (String, &[&str])| match words {
        [] => String::new(),
        words => format!("        case {name}\n            set words {}\n", words.join(" ")),
    };
    naming.completed().map(line).collect()
}
