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
    _streamflow_no_option @kns@ "$name"; or return
    set -l current (command kubectl config view --minify -o 'jsonpath={..namespace}' 2>/dev/null)
    test -n "$current"; or set current default
    if test -z "$name"
        set -l names (command kubectl get namespaces -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'); or return
        printf '%s\n' $names | _streamflow_starred $current
        return
    end
    if test "$name" = -
        if not set -q _streamflow_kns_before
            echo '@kns@: this shell was in no other namespace' >&2
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
    _streamflow_no_option @kctx@ "$name"; or return
    set -l current (command kubectl config current-context 2>/dev/null)
    if test -z "$name"
        set -l names (command kubectl config get-contexts -o name); or return
        printf '%s\n' $names | _streamflow_starred "$current"
        return
    end
    if test "$name" = -
        if test -z "$_streamflow_kctx_before"
            echo '@kctx@: this shell was in no other context' >&2
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
        echo 'usage: @kwait@ KIND/NAME [CONDITION] [OPTION...]' >&2
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
        echo 'usage: @kscale@ DEPLOYMENT REPLICAS [OPTION...]' >&2
        return 2
    end
    command kubectl scale deployment $argv[1] --replicas=$argv[2] $argv[3..-1]
end

function _streamflow_krollout
    if test (count $argv) -eq 0
        echo 'usage: @krollout@ DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]' >&2
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
        echo '@ksf-restart@: there is no deployment that streamflow manages here' >&2
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
@words@
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
