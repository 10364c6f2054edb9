# Aliases and functions for kubectl. Written by streamflow from one table; changes here are lost.
# Nothing is run when this is read: kubectl is asked at TAB only, for 2 seconds at most.

function _streamflow_starred --argument-names current
    while read -l name
        if test "$name" = "$current"
            printf '* %s\n' $name
        else
            printf '  %s\n' $name
        end
    end
end

function _streamflow_no_option --argument-names command name
    if string match -q -- '-?*' "$name"
        printf '%s: there is no option %s\n' $command $name >&2
        return 2
    end
end

function _streamflow_kns
    set -l name "$argv[1]"
    _streamflow_no_option kns "$name"; or return
    set -l current (command kubectl config view --minify -o 'jsonpath={..namespace}' 2>/dev/null)
    test -n "$current"; or set current default
    if test -z "$name"
        set -l names (command kubectl get namespaces -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'); or return
        printf '%s\n' $names | _streamflow_starred $current
        return
    end
    if test "$name" = -
        if not set -q _streamflow_kns_before
            echo 'kns: this shell was in no other namespace' >&2
            return 1
        end
        set name $_streamflow_kns_before
    end
    # Says itself that there is no such namespace.
    command kubectl get namespace $name -o name >/dev/null; or return
    command kubectl config set-context --current --namespace=$name >/dev/null; or return
    set -g _streamflow_kns_before $current
    echo "namespace $name"
end

function _streamflow_kctx
    set -l name "$argv[1]"
    _streamflow_no_option kctx "$name"; or return
    set -l current (command kubectl config current-context 2>/dev/null)
    if test -z "$name"
        set -l names (command kubectl config get-contexts -o name); or return
        printf '%s\n' $names | _streamflow_starred "$current"
        return
    end
    if test "$name" = -
        if test -z "$_streamflow_kctx_before"
            echo 'kctx: this shell was in no other context' >&2
            return 1
        end
        set name $_streamflow_kctx_before
    end
    # Says itself that there is no such context, and changes nothing then.
    command kubectl config use-context $name >/dev/null; or return
    set -g _streamflow_kctx_before $current
    echo "context $name"
end

function _streamflow_kwait
    if test (count $argv) -eq 0
        echo 'usage: kwait KIND/NAME [CONDITION] [OPTION...]' >&2
        return 2
    end
    set -l what $argv[1]
    set -l rest $argv[2..-1]
    set -l condition Ready
    if set -q rest[1]; and not string match -q -- '-*' "$rest[1]"
        set condition $rest[1]
        set rest $rest[2..-1]
    else
        switch $what
            case 'deploy/*' 'deployment/*' 'deployments/*'
                set condition Available
            case 'job/*' 'jobs/*'
                set condition Complete
        end
    end
    command kubectl wait --for=condition=$condition --timeout=120s $what $rest
end

function _streamflow_kscale
    if test (count $argv) -lt 2
        echo 'usage: kscale DEPLOYMENT REPLICAS [OPTION...]' >&2
        return 2
    end
    command kubectl scale deployment $argv[1] --replicas=$argv[2] $argv[3..-1]
end

function _streamflow_krollout
    if test (count $argv) -eq 0
        echo 'usage: krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]' >&2
        return 2
    end
    set -l rest $argv[2..-1]
    set -l action status
    if set -q rest[1]; and not string match -q -- '-*' "$rest[1]"
        set action $rest[1]
        set rest $rest[2..-1]
    end
    command kubectl rollout $action deployment $argv[1] $rest
end

function _streamflow_kstatus
    set -l context (command kubectl config current-context); or return
    set -l namespace (command kubectl config view --minify -o 'jsonpath={..namespace}'); or return
    test -n "$namespace"; or set namespace default
    printf 'context    %s\nnamespace  %s\n\n' "$context" "$namespace"
    command kubectl get deployments,pods $argv
end

function _streamflow_ksf_pods
    command kubectl get pods -l streamflow.io/managed=true -o wide $argv
end

function _streamflow_ksf_logs
    command kubectl logs -l streamflow.io/managed=true --all-containers --prefix --max-log-requests=50 $argv
end

function _streamflow_ksf_restart
    set -l yes
    set -l given
    for argument in $argv
        if contains -- $argument -y --yes
            set yes 1
        else
            set -a given $argument
        end
    end
    set -l names (command kubectl get deployments -l streamflow.io/managed=true -o name $given); or return
    if test (count $names) -eq 0
        echo 'ksf-restart: there is no deployment that streamflow manages here' >&2
        return 0
    end
    printf '%s\n' $names
    if test -z "$yes"
        set -l answer
        read --prompt-str 'Restart these? [y/N] ' answer; or set answer ''
        if not contains -- "$answer" y Y yes
            echo 'nothing was restarted' >&2
            return 1
        end
    end
    # Exactly those that were shown.
    command kubectl rollout restart $names $given
end

# Asks kubectl what may come next. A cluster that hangs does not hang TAB.
function _streamflow_ask
    if command -q timeout
        command timeout 2 kubectl __complete --request-timeout=2s $argv 2>/dev/null </dev/null
    else
        command kubectl __complete --request-timeout=2s $argv 2>/dev/null </dev/null
    end
end

# Completes kubectl and every name below. The words are rewritten to the call that the name stands for.
function _streamflow_kubectl
    set -l asked (commandline -opc)
    set -l current (commandline -ct)
    set -l words
    switch "$asked[1]"
        case kgp
            set words get pods
        case kgs
            set words get services
        case kgd
            set words get deployments
        case kga
            set words get all
        case kl
            set words logs
        case klf
            set words logs -f
        case ke
            set words exec -it
        case kpf
            set words port-forward
        case kdp
            set words describe pod
        case kds
            set words describe service
        case kdd
            set words describe deployment
        case ksf
            set words get pods -l streamflow.io/managed=true
        case ksfl
            set words logs -l streamflow.io/managed=true
        case ksfm
            set words get pods -l streamflow.io/component=microservice
        case kwh
            set words get mutatingwebhookconfigurations
        case kwhd
            set words describe mutatingwebhookconfigurations streamflow-webhook
        case kwhl
            set words logs -n streamflow-webhook -l app=streamflow-webhook
        case kns
            set words get namespaces
        case kctx
            set words config use-context
        case kwait
            set words wait
        case kscale
            set words scale deployment
        case krollout
            set words rollout status deployment
        case kstatus
            set words get all
        case ksf-pods
            set words get pods
        case ksf-logs
            set words logs
        case ksf-restart
            set words rollout restart deployment
    end
    set -l prefix (string match -r -- '^-[^=]*=' "$current")
    # Until kubectl says something else: when it does not answer, files are no better answer.
    set -l directive 4
    set -l found
    for line in (_streamflow_ask $words $asked[2..-1] "$current")
        switch $line
            case ''
            case ':*'
                set directive (string sub -s 2 -- $line)
            case '_activeHelp_*'
            case '*'
                set -a found "$prefix$line"
        end
    end
    # Bits that kubectl sets: 1 an error, 4 no files instead.
    if test (math "bitand($directive, 1)") -ne 0
        return 1
    end
    if set -q found[1]
        printf '%s\n' $found
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path "$current"
    end
end

# A name that exists already is kept.
if not type -q k
    function k --description 'alias k kubectl'
        command kubectl $argv
    end
    complete -c k -f -k -a '(_streamflow_kubectl)'
end
if not type -q kgp
    function kgp --description 'alias kgp kubectl get pods'
        command kubectl get pods $argv
    end
    complete -c kgp -f -k -a '(_streamflow_kubectl)'
end
if not type -q kgs
    function kgs --description 'alias kgs kubectl get services'
        command kubectl get services $argv
    end
    complete -c kgs -f -k -a '(_streamflow_kubectl)'
end
if not type -q kgd
    function kgd --description 'alias kgd kubectl get deployments'
        command kubectl get deployments $argv
    end
    complete -c kgd -f -k -a '(_streamflow_kubectl)'
end
if not type -q kga
    function kga --description 'alias kga kubectl get all'
        command kubectl get all $argv
    end
    complete -c kga -f -k -a '(_streamflow_kubectl)'
end
if not type -q kl
    function kl --description 'alias kl kubectl logs'
        command kubectl logs $argv
    end
    complete -c kl -f -k -a '(_streamflow_kubectl)'
end
if not type -q klf
    function klf --description 'alias klf kubectl logs -f'
        command kubectl logs -f $argv
    end
    complete -c klf -f -k -a '(_streamflow_kubectl)'
end
if not type -q ke
    function ke --description 'alias ke kubectl exec -it'
        command kubectl exec -it $argv
    end
    complete -c ke -f -k -a '(_streamflow_kubectl)'
end
if not type -q kpf
    function kpf --description 'alias kpf kubectl port-forward'
        command kubectl port-forward $argv
    end
    complete -c kpf -f -k -a '(_streamflow_kubectl)'
end
if not type -q kdp
    function kdp --description 'alias kdp kubectl describe pod'
        command kubectl describe pod $argv
    end
    complete -c kdp -f -k -a '(_streamflow_kubectl)'
end
if not type -q kds
    function kds --description 'alias kds kubectl describe service'
        command kubectl describe service $argv
    end
    complete -c kds -f -k -a '(_streamflow_kubectl)'
end
if not type -q kdd
    function kdd --description 'alias kdd kubectl describe deployment'
        command kubectl describe deployment $argv
    end
    complete -c kdd -f -k -a '(_streamflow_kubectl)'
end
if not type -q ksf
    function ksf --description 'alias ksf kubectl get pods -l streamflow.io/managed=true'
        command kubectl get pods -l streamflow.io/managed=true $argv
    end
    complete -c ksf -f -k -a '(_streamflow_kubectl)'
end
if not type -q ksfl
    function ksfl --description 'alias ksfl kubectl logs -l streamflow.io/managed=true'
        command kubectl logs -l streamflow.io/managed=true $argv
    end
    complete -c ksfl -f -k -a '(_streamflow_kubectl)'
end
if not type -q ksfm
    function ksfm --description 'alias ksfm kubectl get pods -l streamflow.io/component=microservice'
        command kubectl get pods -l streamflow.io/component=microservice $argv
    end
    complete -c ksfm -f -k -a '(_streamflow_kubectl)'
end
if not type -q kwh
    function kwh --description 'alias kwh kubectl get mutatingwebhookconfigurations'
        command kubectl get mutatingwebhookconfigurations $argv
    end
    complete -c kwh -f -k -a '(_streamflow_kubectl)'
end
if not type -q kwhd
    function kwhd --description 'alias kwhd kubectl describe mutatingwebhookconfigurations streamflow-webhook'
        command kubectl describe mutatingwebhookconfigurations streamflow-webhook $argv
    end
    complete -c kwhd -f -k -a '(_streamflow_kubectl)'
end
if not type -q kwhl
    function kwhl --description 'alias kwhl kubectl logs -n streamflow-webhook -l app=streamflow-webhook'
        command kubectl logs -n streamflow-webhook -l app=streamflow-webhook $argv
    end
    complete -c kwhl -f -k -a '(_streamflow_kubectl)'
end

# kns [NAME|-]
if not type -q kns
    function kns --description 'list namespaces, or use one from now on; - is the one before'
        _streamflow_kns $argv
    end
    complete -c kns -f -k -a '(_streamflow_kubectl)'
end

# kctx [NAME|-]
if not type -q kctx
    function kctx --description 'list contexts, or use one from now on; - is the one before'
        _streamflow_kctx $argv
    end
    complete -c kctx -f -k -a '(_streamflow_kubectl)'
end

# kwait KIND/NAME [CONDITION] [OPTION…]
if not type -q kwait
    function kwait --description 'wait until it is ready, available or complete, whichever its kind has'
        _streamflow_kwait $argv
    end
    complete -c kwait -f -k -a '(_streamflow_kubectl)'
end

# kscale DEPLOYMENT REPLICAS [OPTION…]
if not type -q kscale
    function kscale --description 'run so many replicas'
        _streamflow_kscale $argv
    end
    complete -c kscale -f -k -a '(_streamflow_kubectl)'
end

# krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION…]
if not type -q krollout
    function krollout --description 'follow a rollout, or act on it'
        _streamflow_krollout $argv
    end
    complete -c krollout -f -k -a '(_streamflow_kubectl)'
end

# kstatus [OPTION…]
if not type -q kstatus
    function kstatus --description 'say which cluster and namespace this is, and what runs there'
        _streamflow_kstatus $argv
    end
    complete -c kstatus -f -k -a '(_streamflow_kubectl)'
end

# ksf-pods [OPTION…]
if not type -q ksf-pods
    function ksf-pods --description 'list the pods that streamflow manages, with their nodes'
        _streamflow_ksf_pods $argv
    end
    complete -c ksf-pods -f -k -a '(_streamflow_kubectl)'
end

# ksf-logs [OPTION…]
if not type -q ksf-logs
    function ksf-logs --description 'print the logs of all of them, each line with its pod'
        _streamflow_ksf_logs $argv
    end
    complete -c ksf-logs -f -k -a '(_streamflow_kubectl)'
end

# ksf-restart [-y] [OPTION…]
if not type -q ksf-restart
    function ksf-restart --description 'restart the deployments that streamflow manages, after showing them and asking'
        _streamflow_ksf_restart $argv
    end
    complete -c ksf-restart -f -k -a '(_streamflow_kubectl)'
end

# What completes kubectl already goes on doing so.
set -l _streamflow_theirs
for dir in $fish_complete_path
    test -e $dir/kubectl.fish; and set _streamflow_theirs $dir
end
set -q _streamflow_theirs[1]; or complete -c kubectl -f -k -a '(_streamflow_kubectl)'
