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
    # Until kubectl says something else: when it does not answer, files are no better answer.
    local line value about match directive=4
    local -a asked shown
    asked=("${(@Q)words[1,CURRENT-1]}")
    case $asked[1] in
        (k) asked=(kubectl "${(@)asked[2,-1]}") ;;
        (kgp) asked=(kubectl get pods "${(@)asked[2,-1]}") ;;
        (kgs) asked=(kubectl get services "${(@)asked[2,-1]}") ;;
        (kgd) asked=(kubectl get deployments "${(@)asked[2,-1]}") ;;
        (kga) asked=(kubectl get all "${(@)asked[2,-1]}") ;;
        (kl) asked=(kubectl logs "${(@)asked[2,-1]}") ;;
        (klf) asked=(kubectl logs -f "${(@)asked[2,-1]}") ;;
        (ke) asked=(kubectl exec -it "${(@)asked[2,-1]}") ;;
        (kpf) asked=(kubectl port-forward "${(@)asked[2,-1]}") ;;
        (kdp) asked=(kubectl describe pod "${(@)asked[2,-1]}") ;;
        (kds) asked=(kubectl describe service "${(@)asked[2,-1]}") ;;
        (kdd) asked=(kubectl describe deployment "${(@)asked[2,-1]}") ;;
        (ksf) asked=(kubectl get pods -l streamflow.io/managed=true "${(@)asked[2,-1]}") ;;
        (ksfl) asked=(kubectl logs -l streamflow.io/managed=true "${(@)asked[2,-1]}") ;;
        (ksfm) asked=(kubectl get pods -l streamflow.io/component=microservice "${(@)asked[2,-1]}") ;;
        (kwh) asked=(kubectl get mutatingwebhookconfigurations "${(@)asked[2,-1]}") ;;
        (kwhd) asked=(kubectl describe mutatingwebhookconfigurations streamflow-webhook "${(@)asked[2,-1]}") ;;
        (kwhl) asked=(kubectl logs -n streamflow-webhook -l app=streamflow-webhook "${(@)asked[2,-1]}") ;;
        (kns) asked=(kubectl get namespaces "${(@)asked[2,-1]}") ;;
        (kctx) asked=(kubectl config use-context "${(@)asked[2,-1]}") ;;
        (kwait) asked=(kubectl wait "${(@)asked[2,-1]}") ;;
        (kscale) asked=(kubectl scale deployment "${(@)asked[2,-1]}") ;;
        (krollout) asked=(kubectl rollout status deployment "${(@)asked[2,-1]}") ;;
        (kstatus) asked=(kubectl get all "${(@)asked[2,-1]}") ;;
        (ksf-pods) asked=(kubectl get pods "${(@)asked[2,-1]}") ;;
        (ksf-logs) asked=(kubectl logs "${(@)asked[2,-1]}") ;;
        (ksf-restart) asked=(kubectl rollout restart deployment "${(@)asked[2,-1]}") ;;
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

# A name that exists already is kept.
_streamflow_free() {
    ! whence -- "$1" >/dev/null
}

_streamflow_alias() {
    if ! _streamflow_free "$1" && [[ ${aliases[$1]-} != "$2" ]]; then return 0; fi
    alias -- "$1=$2"
    _streamflow_names+=("$1")
}

typeset -ga _streamflow_names
_streamflow_names=()
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
    _streamflow_names+=(kns)
fi

# kctx [NAME|-]: list contexts, or use one from now on; - is the one before
if _streamflow_free kctx; then
    function kctx { _streamflow_kctx "$@"; }
    _streamflow_names+=(kctx)
fi

# kwait KIND/NAME [CONDITION] [OPTION…]: wait until it is ready, available or complete, whichever its kind has
if _streamflow_free kwait; then
    function kwait { _streamflow_kwait "$@"; }
    _streamflow_names+=(kwait)
fi

# kscale DEPLOYMENT REPLICAS [OPTION…]: run so many replicas
if _streamflow_free kscale; then
    function kscale { _streamflow_kscale "$@"; }
    _streamflow_names+=(kscale)
fi

# krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION…]: follow a rollout, or act on it
if _streamflow_free krollout; then
    function krollout { _streamflow_krollout "$@"; }
    _streamflow_names+=(krollout)
fi

# kstatus [OPTION…]: say which cluster and namespace this is, and what runs there
if _streamflow_free kstatus; then
    function kstatus { _streamflow_kstatus "$@"; }
    _streamflow_names+=(kstatus)
fi

# ksf-pods [OPTION…]: list the pods that streamflow manages, with their nodes
if _streamflow_free ksf-pods; then
    function ksf-pods { _streamflow_ksf_pods "$@"; }
    _streamflow_names+=(ksf-pods)
fi

# ksf-logs [OPTION…]: print the logs of all of them, each line with its pod
if _streamflow_free ksf-logs; then
    function ksf-logs { _streamflow_ksf_logs "$@"; }
    _streamflow_names+=(ksf-logs)
fi

# ksf-restart [-y] [OPTION…]: restart the deployments that streamflow manages, after showing them and asking
if _streamflow_free ksf-restart; then
    function ksf-restart { _streamflow_ksf_restart "$@"; }
    _streamflow_names+=(ksf-restart)
fi
unfunction _streamflow_alias _streamflow_free

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
