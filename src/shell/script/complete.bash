
# Completes kubectl and every name above. The words are rewritten to the call that the name stands for.
_streamflow_kubectl() {
    local rest word stripped match prefix line value directive i
    local -a words
    words=() rest=${COMP_LINE:0:COMP_POINT}
    # Until kubectl says something else: when it does not answer, files are no better answer.
    directive=4
    # Bash splits at = and : too; what has no blank between is one word.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        stripped=${rest#"${rest%%[![:space:]]*}"}
        if ((i == COMP_CWORD)); then word=$stripped; fi
        if ((i > 0)) && [[ $stripped == "$rest" ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        rest=${stripped#"$word"}
    done
    case ${words[0]} in
@words@
        *) words=(kubectl "${words[@]:1}") ;;
    esac
    match=${words[${#words[@]} - 1]} prefix=''
    if [[ $match == -*=* ]]; then
        if [[ $COMP_WORDBREAKS != *=* ]]; then prefix=${match%%=*}=; fi
        match=${match#*=}
    fi
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            '') ;;
            :[0-9]*) directive=${line#:} ;;
            _activeHelp_*) ;;
            *)
                value=${line%%$'\t'*}
                if [[ $value == "$match"* ]]; then COMPREPLY+=("$prefix$value"); fi
                ;;
        esac
    done <<<"$(_streamflow_ask "${words[@]:1}")"
    if [[ $match == *:* && $COMP_WORDBREAKS == *:* ]]; then
        prefix=${match%"${match##*:}"}
        for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$prefix"}; done
    fi
    # Bits that kubectl sets: 1 an error, 2 no blank after the word, 4 no files instead.
    if ((directive & 1)); then COMPREPLY=(); fi
    if type compopt >/dev/null 2>&1; then
        if ((directive & 2)); then compopt -o nospace; fi
        if ((directive & 4)); then compopt +o default; fi
    fi
    return 0
}
