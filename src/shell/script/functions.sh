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
    _streamflow_no_option @kns@ "$name" || return
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
            printf '%s\n' '@kns@: this shell was in no other namespace' >&2
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
    _streamflow_no_option @kctx@ "$name" || return
    current=$(command kubectl config current-context 2>/dev/null) || current=''
    if [ -z "$name" ]; then
        names=$(command kubectl config get-contexts -o name) || return
        printf '%s\n' "$names" | _streamflow_starred "$current"
        return
    fi
    if [ "$name" = - ]; then
        name=${_streamflow_kctx_before-}
        if [ -z "$name" ]; then
            printf '%s\n' '@kctx@: this shell was in no other context' >&2
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
        printf '%s\n' 'usage: @kwait@ KIND/NAME [CONDITION] [OPTION...]' >&2
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
        printf '%s\n' 'usage: @kscale@ DEPLOYMENT REPLICAS [OPTION...]' >&2
        return 2
    fi
    name=$1 replicas=$2
    shift 2
    command kubectl scale deployment "$name" "--replicas=$replicas" "$@"
}

_streamflow_krollout() {
    local name action
    if [ "$#" -eq 0 ]; then
        printf '%s\n' 'usage: @krollout@ DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]' >&2
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
        printf '%s\n' '@ksf-restart@: there is no deployment that streamflow manages here' >&2
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
