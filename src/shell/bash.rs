//! Writes the scripts of bash. They work under `set -eu`, in POSIX mode, from bash 3.2 on, and without the package of
//! completions.

use std::fmt::Write as _;

use super::{HEADER, Naming, Taken, named, quote};

const FUNCTIONS: &str = include_str!("script/functions.sh");
const COMPLETE: &str = include_str!("script/complete.bash");

/// Loads the completion of this program at the first TAB; 124 asks bash to try again with what is there then.
pub(super) const PROGRAM: &str = r#"_streamflow_load() {
    unset -f _streamflow_load
    complete -r streamflow 2>/dev/null
    eval "$(COMPLETE=bash streamflow)" && return 124
}
complete -F _streamflow_load streamflow
"#;

/// Tells whether a name is free, and defines an alias.
const KEEPING: &str = r#"
# A name that exists already is kept.
_streamflow_free() {
    ! type "$1" >/dev/null 2>&1
}

_streamflow_alias() {
    if ! _streamflow_free "$1" && [[ $(alias "$1" 2>/dev/null) != *"$1='$2'" ]]; then return 0; fi
    # shellcheck disable=SC2139
    alias "$1=$2"
    complete -o default -F _streamflow_kubectl "$1"
}
"#;

const REPLACING: &str = r#"
# A name that exists already is replaced.
_streamflow_free() {
    unalias "$1" 2>/dev/null || :
}

_streamflow_alias() {
    # shellcheck disable=SC2139
    alias "$1=$2"
    complete -o default -F _streamflow_kubectl "$1"
}
"#;

pub(super) fn kubectl(naming: &Naming) -> String {
    let mut text = format!("# shellcheck shell=bash\n{HEADER}\n{}", named(FUNCTIONS, naming));
    text += &COMPLETE.replace("@words@\n", &words(naming));
    text += match naming.taken {
        Taken::Kept => KEEPING,
        Taken::Replaced => REPLACING,
    };
    text.push('\n');
    // Writing to a string cannot fail.
    for (name, alias) in naming.aliases() {
        writeln!(text, "_streamflow_alias {name} {}", quote::posix(&alias.call())).unwrap_or_default();
    }
    for (name, function) in naming.functions() {
        let identifier = function.identifier();
        writeln!(text, "\n# {name} {}: {}", function.usage, function.about).unwrap_or_default();
        writeln!(text, "if _streamflow_free {name}; then").unwrap_or_default();
        if name.contains('-') {
            // POSIX mode takes no dash in the name of a function.
            writeln!(text, "    if shopt -qo posix; then").unwrap_or_default();
            writeln!(text, "        alias {name}=_streamflow_{identifier}").unwrap_or_default();
            writeln!(text, "    else").unwrap_or_default();
            writeln!(text, "        function {name} {{ _streamflow_{identifier} \"$@\"; }}").unwrap_or_default();
            writeln!(text, "    fi").unwrap_or_default();
        } else {
            writeln!(text, "    function {name} {{ _streamflow_{identifier} \"$@\"; }}").unwrap_or_default();
        }
        writeln!(text, "    complete -o default -F _streamflow_kubectl {name}\nfi").unwrap_or_default();
    }
    text + "\n# What completes kubectl already goes on doing so.\n\
            if ! complete -p kubectl >/dev/null 2>&1; then\n    \
                complete -o default -F _streamflow_kubectl kubectl\nfi\n\
            unset -f _streamflow_alias _streamflow_free\n"
}

/// Returns everything that is read at the start of the shell.
pub(super) fn installed(naming: Option<&Naming>) -> String {
    naming.map(|naming| kubectl(naming) + "\n").unwrap_or_default() + PROGRAM
}

/// Returns the lines of `case` that turn a name into the call it stands for.
fn words(naming: &Naming) -> String {
    let line = |(name, words): (String, &[&str])| match words {
        [] => format!("        {name}) words=(kubectl \"${{words[@]:1}}\") ;;\n"),
        words => format!("        {name}) words=(kubectl {} \"${{words[@]:1}}\") ;;\n", words.join(" ")),
    };
    naming.completed().map(line).collect()
}
