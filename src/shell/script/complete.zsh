
# Completes kubectl and every name above. The words are rewritten to the call that the name stands for.
_streamflow_kubectl() {
    # Until kubectl says something else: when it does not answer, files are no better answer.
    local line value about match directive=4
    local -a asked shown
    asked=("${(@Q)words[1,CURRENT-1]}")
    case $asked[1] in
@words@
        (*) asked=(kubectl "${(@)asked[2,-1]}") ;;
    esac
    match=${(Q)PREFIX}
    for line in "${(@f)$(_streamflow_ask "${(@)asked[2,-1]}" "$match")}"; do
        case $line in
            ('') ;;
            (:[0-9]*) directive=${line#:} ;;
            (_activeHelp_*) ;;
            (*)
                value=${line%%$'\t'*}
                about=''
                if [[ $line == *$'\t'* ]]; then about=:${line#*$'\t'}; fi
                shown+=("${value//:/\\:}$about")
                ;;
        esac
    done
    # Bits that kubectl sets: 1 an error, 2 no blank after the word, 4 no files instead.
    if (( directive & 1 )); then return 1; fi
    if [[ $match == -*=* ]]; then compset -P '*='; fi
    if (( $#shown )); then
        if (( directive & 2 )); then
            _describe -V kubectl shown -S ''
        else
            _describe -V kubectl shown
        fi
    elif (( ! (directive & 4) )); then
        _files
    else
        return 1
    fi
}
