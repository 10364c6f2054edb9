# Completes kubectl and every name below. The words are rewritten to the call that the name stands for.
def "streamflow kubectl words" [name: string] {
    match $name {
@words@
        _ => []
    }
}

def "streamflow kubectl complete" [context: string] {
    let asked = ($context | split row -r '\s+')
    let words = (streamflow kubectl words ($asked | first)) ++ ($asked | skip 1)
    let answer = (^kubectl __complete --request-timeout=2s ...$words | complete)
    $answer.stdout | lines | where {|line| $line != '' and not ($line starts-with ':') and not ($line starts-with '_activeHelp_') } | each {|line|
        let parts = ($line | split row -n 2 "\t")
        { value: ($parts | first), description: ($parts | get -o 1 | default '') }
    }
}

def "streamflow kubectl starred" [current: string] {
    each {|name| if $name == $current { $"* ($name)" } else { $"  ($name)" } } | str join "\n"
}

def "streamflow kubectl namespace" [] {
    let found = (^kubectl config view --minify -o 'jsonpath={..namespace}' | complete | get stdout | str trim)
    if $found == '' { 'default' } else { $found }
}

def --env --wrapped "streamflow kubectl kns" [...words: string] {
    let name = ($words | get -o 0)
    let current = (streamflow kubectl namespace)
    if $name == null {
        return (^kubectl get namespaces -o name | lines | str replace 'namespace/' '' | streamflow kubectl starred $current)
    }
    let wanted = if $name == '-' { $env.STREAMFLOW_KNS_BEFORE? | default '' } else { $name }
    if $wanted == '' { error make { msg: '@kns@: this shell was in no other namespace' } }
    let found = (^kubectl get namespace $wanted -o name | complete)
    if $found.exit_code != 0 { error make { msg: ($found.stderr | str trim) } }
    let changed = (^kubectl config set-context --current $"--namespace=($wanted)" | complete)
    if $changed.exit_code != 0 { error make { msg: ($changed.stderr | str trim) } }
    $env.STREAMFLOW_KNS_BEFORE = $current
    $"namespace ($wanted)"
}

def --env --wrapped "streamflow kubectl kctx" [...words: string] {
    let name = ($words | get -o 0)
    let current = (^kubectl config current-context | complete | get stdout | str trim)
    if $name == null {
        return (^kubectl config get-contexts -o name | lines | streamflow kubectl starred $current)
    }
    let wanted = if $name == '-' { $env.STREAMFLOW_KCTX_BEFORE? | default '' } else { $name }
    if $wanted == '' { error make { msg: '@kctx@: this shell was in no other context' } }
    let changed = (^kubectl config use-context $wanted | complete)
    if $changed.exit_code != 0 { error make { msg: ($changed.stderr | str trim) } }
    $env.STREAMFLOW_KCTX_BEFORE = $current
    $"context ($wanted)"
}

def --wrapped "streamflow kubectl kwait" [...words: string] {
    if ($words | is-empty) { error make { msg: "usage: @kwait@ KIND/NAME [CONDITION] [OPTION...]" } }
    let what = ($words | first)
    let rest = ($words | skip 1)
    let kind = ($what | split row '/' | first)
    let condition = if $kind in [deploy deployment deployments] { 'Available' } else if $kind in [job jobs] { 'Complete' } else { 'Ready' }
    let own = ($rest | is-not-empty) and not (($rest | first) starts-with '-')
    let condition = if $own { $rest | first } else { $condition }
    let rest = if $own { $rest | skip 1 } else { $rest }
    ^kubectl wait $"--for=condition=($condition)" --timeout=120s $what ...$rest
}

def --wrapped "streamflow kubectl kscale" [...words: string] {
    if ($words | length) < 2 { error make { msg: "usage: @kscale@ DEPLOYMENT REPLICAS [OPTION...]" } }
    let name = ($words | first)
    let replicas = ($words | get 1)
    let rest = ($words | skip 2)
    ^kubectl scale deployment $name $"--replicas=($replicas)" ...$rest
}

def --wrapped "streamflow kubectl krollout" [...words: string] {
    if ($words | is-empty) { error make { msg: "usage: @krollout@ DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]" } }
    let name = ($words | first)
    let rest = ($words | skip 1)
    let own = ($rest | is-not-empty) and not (($rest | first) starts-with '-')
    let action = if $own { $rest | first } else { 'status' }
    let rest = if $own { $rest | skip 1 } else { $rest }
    ^kubectl rollout $action deployment $name ...$rest
}

def --wrapped "streamflow kubectl kstatus" [...rest: string] {
    print $"context    (^kubectl config current-context | str trim)"
    print $"namespace  (streamflow kubectl namespace)\n"
    ^kubectl get deployments,pods ...$rest
}

def --wrapped "streamflow kubectl ksf_pods" [...rest: string] {
    ^kubectl get pods -l streamflow.io/managed=true -o wide ...$rest
}

def --wrapped "streamflow kubectl ksf_logs" [...rest: string] {
    ^kubectl logs -l streamflow.io/managed=true --all-containers --prefix --max-log-requests=50 ...$rest
}

def --wrapped "streamflow kubectl ksf_restart" [...rest: string] {
    let given = ($rest | where {|word| $word not-in ['-y' '--yes'] })
    let names = (^kubectl get deployments -l streamflow.io/managed=true -o name ...$given | lines)
    if ($names | is-empty) {
        print -e '@ksf-restart@: there is no deployment that streamflow manages here'
        return
    }
    print ($names | str join "\n")
    if ($given | length) == ($rest | length) and (input 'Restart these? [y/N] ') not-in [y Y yes] {
        error make { msg: 'nothing was restarted' }
    }
    ^kubectl rollout restart ...$names ...$given
}

