# shellcheck shell=bash
# Aliases and functions for kubectl. Written by streamflow from one table; changes here are lost.
# Nothing is run when this is read: kubectl is asked at TAB only, for 2 seconds at most.

# Prints one name a line, the one in use with a star.
_streamflow_starred() {
    local name
    while IFS= read -r name; do
        if [ "$name" = "$1" ]; then
            printf '* %s\n' "$name"
        else
            printf '  %s\n' "$name"
        fi
    done
}

_streamflow_no_option() {
    case $2 in
        -?*)
            printf '%s: there is no option %s\n' "$1" "$2" >&2
            return 2
            ;;
    esac
}

_streamflow_kns() {
    local name current names
    name=${1-}
    _streamflow_no_option kns "$name" || return
    current=$(command kubectl config view --minify -o 'jsonpath={..namespace}' 2>/dev/null) || current=''
    current=${current:-default}
    if [ -z "$name" ]; then
        names=$(command kubectl get namespaces -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}') || return
        printf '%s\n' "$names" | _streamflow_starred "$current"
        return
    fi
    if [ "$name" = - ]; then
        name=${_streamflow_kns_before-}
        if [ -z "$name" ]; then
            printf '%s\n' 'kns: this shell was in no other namespace' >&2
            return 1
        fi
    fi
    # Says itself that there is no such namespace.
    command kubectl get namespace "$name" -o name >/dev/null || return
    command kubectl config set-context --current "--namespace=$name" >/dev/null || return
    _streamflow_kns_before=$current
    printf 'namespace %s\n' "$name"
}

_streamflow_kctx() {
    local name current names
    name=${1-}
    _streamflow_no_option kctx "$name" || return
    current=$(command kubectl config current-context 2>/dev/null) || current=''
    if [ -z "$name" ]; then
        names=$(command kubectl config get-contexts -o name) || return
        printf '%s\n' "$names" | _streamflow_starred "$current"
        return
    fi
    if [ "$name" = - ]; then
        name=${_streamflow_kctx_before-}
        if [ -z "$name" ]; then
            printf '%s\n' 'kctx: this shell was in no other context' >&2
            return 1
        fi
    fi
    # Says itself that there is no such context, and changes nothing then.
    command kubectl config use-context "$name" >/dev/null || return
    _streamflow_kctx_before=$current
    printf 'context %s\n' "$name"
}

_streamflow_kwait() {
    local what condition
    if [ "$#" -eq 0 ]; then
        printf '%s\n' 'usage: kwait KIND/NAME [CONDITION] [OPTION...]' >&2
        return 2
    fi
    what=$1
    shift
    case ${1-} in
        '' | -*)
            case $what in
                deploy/* | deployment/* | deployments/*) condition=Available ;;
                job/* | jobs/*) condition=Complete ;;
                *) condition=Ready ;;
            esac
            ;;
        *)
            condition=$1
            shift
            ;;
    esac
    command kubectl wait "--for=condition=$condition" --timeout=120s "$what" "$@"
}

_streamflow_kscale() {
    local name replicas
    if [ "$#" -lt 2 ]; then
        printf '%s\n' 'usage: kscale DEPLOYMENT REPLICAS [OPTION...]' >&2
        return 2
    fi
    name=$1 replicas=$2
    shift 2
    command kubectl scale deployment "$name" "--replicas=$replicas" "$@"
}

_streamflow_krollout() {
    local name action
    if [ "$#" -eq 0 ]; then
        printf '%s\n' 'usage: krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]' >&2
        return 2
    fi
    name=$1 action=status
    shift
    case ${1-} in
        '' | -*) ;;
        *)
            action=$1
            shift
            ;;
    esac
    command kubectl rollout "$action" deployment "$name" "$@"
}

_streamflow_kstatus() {
    local context namespace
    context=$(command kubectl config current-context) || return
    namespace=$(command kubectl config view --minify -o 'jsonpath={..namespace}') || return
    printf 'context    %s\nnamespace  %s\n\n' "$context" "${namespace:-default}"
    command kubectl get deployments,pods "$@"
}

_streamflow_ksf_pods() {
    command kubectl get pods -l streamflow.io/managed=true -o wide "$@"
}

_streamflow_ksf_logs() {
    command kubectl logs -l streamflow.io/managed=true --all-containers --prefix --max-log-requests=50 "$@"
}

_streamflow_ksf_restart() {
    local yes argument name names answer
    local -a given chosen
    yes='' answer='' given=() chosen=()
    for argument in "$@"; do
        case $argument in
            -y | --yes) yes=1 ;;
            *) given+=("$argument") ;;
        esac
    done
    names=$(command kubectl get deployments -l streamflow.io/managed=true -o name ${given[@]+"${given[@]}"}) || return
    if [ -z "$names" ]; then
        printf '%s\n' 'ksf-restart: there is no deployment that streamflow manages here' >&2
        return 0
    fi
    printf '%s\n' "$names"
    if [ -z "$yes" ]; then
        printf 'Restart these? [y/N] ' >&2
        IFS= read -r answer || answer=''
        case $answer in
            y | Y | yes) ;;
            *)
                printf '%s\n' 'nothing was restarted' >&2
                return 1
                ;;
        esac
    fi
    # Exactly those that were shown.
    while IFS= read -r name; do chosen+=("$name"); done <<<"$names"
    command kubectl rollout restart "${chosen[@]}" ${given[@]+"${given[@]}"}
}

# Asks kubectl what may come next. A cluster that hangs does not hang TAB.
_streamflow_ask() {
    if command -v timeout >/dev/null 2>&1; then
        timeout 2 kubectl __complete --request-timeout=2s "$@" 2>/dev/null </dev/null
    else
        command kubectl __complete --request-timeout=2s "$@" 2>/dev/null </dev/null
    fi
}

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
        k) words=(kubectl "${words[@]:1}") ;;
        kgp) words=(kubectl get pods "${words[@]:1}") ;;
        kgs) words=(kubectl get services "${words[@]:1}") ;;
        kgd) words=(kubectl get deployments "${words[@]:1}") ;;
        kga) words=(kubectl get all "${words[@]:1}") ;;
        kl) words=(kubectl logs "${words[@]:1}") ;;
        klf) words=(kubectl logs -f "${words[@]:1}") ;;
        ke) words=(kubectl exec -it "${words[@]:1}") ;;
        kpf) words=(kubectl port-forward "${words[@]:1}") ;;
        kdp) words=(kubectl describe pod "${words[@]:1}") ;;
        kds) words=(kubectl describe service "${words[@]:1}") ;;
        kdd) words=(kubectl describe deployment "${words[@]:1}") ;;
        ksf) words=(kubectl get pods -l streamflow.io/managed=true "${words[@]:1}") ;;
        ksfl) words=(kubectl logs -l streamflow.io/managed=true "${words[@]:1}") ;;
        ksfm) words=(kubectl get pods -l streamflow.io/component=microservice "${words[@]:1}") ;;
        kwh) words=(kubectl get mutatingwebhookconfigurations "${words[@]:1}") ;;
        kwhd) words=(kubectl describe mutatingwebhookconfigurations streamflow-webhook "${words[@]:1}") ;;
        kwhl) words=(kubectl logs -n streamflow-webhook -l app=streamflow-webhook "${words[@]:1}") ;;
        kns) words=(kubectl get namespaces "${words[@]:1}") ;;
        kctx) words=(kubectl config use-context "${words[@]:1}") ;;
        kwait) words=(kubectl wait "${words[@]:1}") ;;
        kscale) words=(kubectl scale deployment "${words[@]:1}") ;;
        krollout) words=(kubectl rollout status deployment "${words[@]:1}") ;;
        kstatus) words=(kubectl get all "${words[@]:1}") ;;
        ksf-pods) words=(kubectl get pods "${words[@]:1}") ;;
        ksf-logs) words=(kubectl logs "${words[@]:1}") ;;
        ksf-restart) words=(kubectl rollout restart deployment "${words[@]:1}") ;;
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

_streamflow_alias k 'kubectl'
_streamflow_alias kgp 'kubectl get pods'
_streamflow_alias kgs 'kubectl get services'
_streamflow_alias kgd 'kubectl get deployments'
_streamflow_alias kga 'kubectl get all'
_streamflow_alias kl 'kubectl logs'
_streamflow_alias klf 'kubectl logs -f'
_streamflow_alias ke 'kubectl exec -it'
_streamflow_alias kpf 'kubectl port-forward'
_streamflow_alias kdp 'kubectl describe pod'
_streamflow_alias kds 'kubectl describe service'
_streamflow_alias kdd 'kubectl describe deployment'
_streamflow_alias ksf 'kubectl get pods -l streamflow.io/managed=true'
_streamflow_alias ksfl 'kubectl logs -l streamflow.io/managed=true'
_streamflow_alias ksfm 'kubectl get pods -l streamflow.io/component=microservice'
_streamflow_alias kwh 'kubectl get mutatingwebhookconfigurations'
_streamflow_alias kwhd 'kubectl describe mutatingwebhookconfigurations streamflow-webhook'
_streamflow_alias kwhl 'kubectl logs -n streamflow-webhook -l app=streamflow-webhook'

# kns [NAME|-]: list namespaces, or use one from now on; - is the one before
if _streamflow_free kns; then
    function kns { _streamflow_kns "$@"; }
    complete -o default -F _streamflow_kubectl kns
fi

# kctx [NAME|-]: list contexts, or use one from now on; - is the one before
if _streamflow_free kctx; then
    function kctx { _streamflow_kctx "$@"; }
    complete -o default -F _streamflow_kubectl kctx
fi

# kwait KIND/NAME [CONDITION] [OPTION…]: wait until it is ready, available or complete, whichever its kind has
if _streamflow_free kwait; then
    function kwait { _streamflow_kwait "$@"; }
    complete -o default -F _streamflow_kubectl kwait
fi

# kscale DEPLOYMENT REPLICAS [OPTION…]: run so many replicas
if _streamflow_free kscale; then
    function kscale { _streamflow_kscale "$@"; }
    complete -o default -F _streamflow_kubectl kscale
fi

# krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION…]: follow a rollout, or act on it
if _streamflow_free krollout; then
    function krollout { _streamflow_krollout "$@"; }
    complete -o default -F _streamflow_kubectl krollout
fi

# kstatus [OPTION…]: say which cluster and namespace this is, and what runs there
if _streamflow_free kstatus; then
    function kstatus { _streamflow_kstatus "$@"; }
    complete -o default -F _streamflow_kubectl kstatus
fi

# ksf-pods [OPTION…]: list the pods that streamflow manages, with their nodes
if _streamflow_free ksf-pods; then
    if shopt -qo posix; then
        alias ksf-pods=_streamflow_ksf_pods
    else
        function ksf-pods { _streamflow_ksf_pods "$@"; }
    fi
    complete -o default -F _streamflow_kubectl ksf-pods
fi

# ksf-logs [OPTION…]: print the logs of all of them, each line with its pod
if _streamflow_free ksf-logs; then
    if shopt -qo posix; then
        alias ksf-logs=_streamflow_ksf_logs
    else
        function ksf-logs { _streamflow_ksf_logs "$@"; }
    fi
    complete -o default -F _streamflow_kubectl ksf-logs
fi

# ksf-restart [-y] [OPTION…]: restart the deployments that streamflow manages, after showing them and asking
if _streamflow_free ksf-restart; then
    if shopt -qo posix; then
        alias ksf-restart=_streamflow_ksf_restart
    else
        function ksf-restart { _streamflow_ksf_restart "$@"; }
    fi
    complete -o default -F _streamflow_kubectl ksf-restart
fi

# What completes kubectl already goes on doing so.
if ! complete -p kubectl >/dev/null 2>&1; then
    complete -o default -F _streamflow_kubectl kubectl
fi
unset -f _streamflow_alias _streamflow_free
