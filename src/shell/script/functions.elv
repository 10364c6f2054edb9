use str

fn -starred {|current|
  each {|name| if (eq $name $current) { echo '* '$name } else { echo '  '$name } }
}

fn -namespace {
  var found = (e:kubectl config view --minify -o 'jsonpath={..namespace}' 2>/dev/null | slurp)
  if (eq $found '') { put default } else { put $found }
}

var kns-before = ''
fn -kns {|@words|
  var current = (-namespace)
  if (eq $words []) {
    e:kubectl get namespaces -o name | each {|name| echo (str:trim-prefix $name namespace/) } | from-lines | -starred $current
    return
  }
  var name = $words[0]
  if (eq $name -) {
    if (eq $kns-before '') { fail '@kns@: this shell was in no other namespace' }
    set name = $kns-before
  }
  e:kubectl get namespace $name -o name >/dev/null
  e:kubectl config set-context --current --namespace=$name >/dev/null
  set kns-before = $current
  echo 'namespace '$name
}

var kctx-before = ''
fn -kctx {|@words|
  var current = ''
  try { set current = (str:trim-space (e:kubectl config current-context 2>/dev/null | slurp)) } catch _ { }
  if (eq $words []) {
    e:kubectl config get-contexts -o name | from-lines | -starred $current
    return
  }
  var name = $words[0]
  if (eq $name -) {
    if (eq $kctx-before '') { fail '@kctx@: this shell was in no other context' }
    set name = $kctx-before
  }
  e:kubectl config use-context $name >/dev/null
  set kctx-before = $current
  echo 'context '$name
}

fn -kwait {|what @rest|
  var condition = Ready
  if (or (str:has-prefix $what deploy/) (str:has-prefix $what deployment/) (str:has-prefix $what deployments/)) {
    set condition = Available
  } elif (or (str:has-prefix $what job/) (str:has-prefix $what jobs/)) {
    set condition = Complete
  }
  if (and (> (count $rest) 0) (not (str:has-prefix $rest[0] -))) {
    set condition = $rest[0]
    set rest = $rest[1..]
  }
  e:kubectl wait --for=condition=$condition --timeout=120s $what $@rest
}

fn -kscale {|name replicas @rest|
  e:kubectl scale deployment $name --replicas=$replicas $@rest
}

fn -krollout {|name @rest|
  var action = status
  if (and (> (count $rest) 0) (not (str:has-prefix $rest[0] -))) {
    set action = $rest[0]
    set rest = $rest[1..]
  }
  e:kubectl rollout $action deployment $name $@rest
}

fn -kstatus {|@rest|
  echo 'context    '(e:kubectl config current-context)
  echo 'namespace  '(-namespace)
  echo
  e:kubectl get deployments,pods $@rest
}

fn -ksf_pods {|@rest| e:kubectl get pods -l streamflow.io/managed=true -o wide $@rest }

fn -ksf_logs {|@rest|
  e:kubectl logs -l streamflow.io/managed=true --all-containers --prefix --max-log-requests=50 $@rest
}

fn -ksf_restart {|@words|
  var given = [(each {|word| if (not (has-value [-y --yes] $word)) { put $word } } $words)]
  var names = [(e:kubectl get deployments -l streamflow.io/managed=true -o name $@given)]
  if (eq $names []) {
    echo '@ksf-restart@: there is no deployment that streamflow manages here' >&2
    return
  }
  each $echo~ $names
  if (eq (count $given) (count $words)) {
    print 'Restart these? [y/N] ' >&2
    if (not (has-value [y Y yes] (read-line </dev/tty))) { fail 'nothing was restarted' }
  }
  e:kubectl rollout restart $@names $@given
}

# Completes kubectl and every name below. The words are rewritten to the call that the name stands for.
fn -complete {|first @asked|
  try {
    e:kubectl __complete --request-timeout=2s (all $first) $@asked[1..] 2>/dev/null | from-lines | each {|line|
      if (not (or (eq $line '') (str:has-prefix $line :) (str:has-prefix $line _activeHelp_))) {
        var value @about = (str:split &max=2 "\t" $line)
        edit:complex-candidate $value
      }
    }
  } catch _ { }
}

