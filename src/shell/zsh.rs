//! Writes the scripts of zsh. The completion system is started only where the user's own configuration does not, and then
//! at the first TAB.

use std::fmt::Write as _;

use super::{HEADER, Naming, Taken, named, quote};

const FUNCTIONS: &str = include_str!("script/functions.sh");
const COMPLETE: &str = include_str!("script/complete.zsh");

/// Works as a file of `fpath` and as one that is read at the start.
pub(super) const PROGRAM: &str = r#"#compdef streamflow
_streamflow_load() {
    eval "$(COMPLETE=zsh streamflow)"
    (( ${+_comps[streamflow]} )) && ${_comps[streamflow]} "$@"
}
if [ "${funcstack[1]-}" = "_streamflow" ]; then
    _streamflow_load "$@"
elif (( ${+functions[compdef]} )); then
    compdef _streamflow_load streamflow
fi
"#;

const KEEPING: &str = r#"
# A name that exists already is kept.
_streamflow_free() {
    ! whence -- "$1" >/dev/null
}

_streamflow_alias() {
    if ! _streamflow_free "$1" && [[ ${aliases[$1]-} != "$2" ]]; then return 0; fi
    alias -- "$1=$2"
    _streamflow_names+=("$1")
}
"#;

const REPLACING: &str = r#"
# A name that exists already is replaced.
_streamflow_free() {
    unalias -- "$1" 2>/dev/null || :
}

_streamflow_alias() {
    alias -- "$1=$2"
    _streamflow_names+=("$1")
}
"#;

/// What is loaded at the first TAB after `streamflow`.
const LOADING: &str = r#"
_streamflow_load() {
    eval "$(COMPLETE=zsh streamflow)"
    (( ${+_comps[streamflow]} )) && ${_comps[streamflow]} "$@"
}
"#;

/// Hooks the completions in: now when the completion system runs, else at the first TAB. A second `compinit` would throw
/// away what the user's own has set up, so it runs only when there was none until then.
const HOOK: &str = r#"
_streamflow_hook() {
    if (( ${+functions[_streamflow_kubectl]} )); then
        (( ${+_comps[kubectl]} )) || compdef _streamflow_kubectl kubectl
        compdef _streamflow_kubectl $_streamflow_names
    fi
    if (( ${+functions[_streamflow_load]} && ! ${+_comps[streamflow]} )); then
        compdef _streamflow_load streamflow
    fi
}

if (( ${+functions[compdef]} )); then
    _streamflow_hook
elif [[ -o interactive ]]; then
    _streamflow_first_tab() {
        bindkey '^I' "$_streamflow_tab"
        if (( ! ${+functions[compdef]} )); then
            autoload -Uz compinit && compinit -i
        fi
        _streamflow_hook
        zle "${$(bindkey '^I')##* }"
    }
    _streamflow_tab="${$(bindkey '^I')##* }"
    zle -N _streamflow_first_tab
    bindkey '^I' _streamflow_first_tab
fi
"#;

/// Returns the script of a name table alone.
pub(super) fn kubectl(naming: &Naming) -> String {
    names(naming) + HOOK
}

/// Returns everything that is read at the start of the shell.
pub(super) fn installed(naming: Option<&Naming>) -> String {
    naming.map(names).unwrap_or_default() + LOADING + HOOK
}

fn names(naming: &Naming) -> String {
    let mut text = format!("{HEADER}\n{}", named(FUNCTIONS, naming));
    text += &COMPLETE.replace("@words@\n", &words(naming));
    text += match naming.taken {
        Taken::Kept => KEEPING,
        Taken::Replaced => REPLACING,
    };
    text += "\ntypeset -ga _streamflow_names\n_streamflow_names=()\n";
    // Writing to a string cannot fail.
    for (name, alias) in naming.aliases() {
        writeln!(text, "_streamflow_alias {name} {}", quote::posix(&alias.call())).unwrap_or_default();
    }
    for (name, function) in naming.functions() {
        let identifier = function.identifier();
        writeln!(text, "\n# {name} {}: {}", function.usage, function.about).unwrap_or_default();
        writeln!(text, "if _streamflow_free {name}; then").unwrap_or_default();
        writeln!(text, "    function {name} {{ _streamflow_{identifier} \"$@\"; }}").unwrap_or_default();
        writeln!(text, "    _streamflow_names+=({name})\nfi").unwrap_or_default();
    }
    text + "unfunction _streamflow_alias _streamflow_free\n"
}

/// Returns the lines of `case` that turn a name into the call it stands for. An alias arrives expanded, unless the user's
/// options say otherwise.
fn words(naming: &Naming) -> String {
    let line = |(name, words): (String, &[&str])| match words {
        [] => format!("        ({name}) asked=(kubectl \"${{(@)asked[2,-1]}}\") ;;\n"),
        words => format!("        ({name}) asked=(kubectl {} \"${{(@)asked[2,-1]}}\") ;;\n", words.join(" ")),
    };
    naming.completed().map(line).collect()
}
