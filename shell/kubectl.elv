# Aliases and functions for kubectl. Written by streamflow from one table; changes here are lost.
# Nothing is run when this is read: kubectl is asked at TAB only, for 2 seconds at most.

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
    if (eq $kns-before '') { fail 'kns: this shell was in no other namespace' }
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
    if (eq $kctx-before '') { fail 'kctx: this shell was in no other context' }
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
    echo 'ksf-restart: there is no deployment that streamflow manages here' >&2
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

if (not (or (has-external k) (has-key $edit:completion:arg-completer k))) {
  edit:add-var k~ {|@rest| e:kubectl $@rest }
  set edit:completion:arg-completer[k] = {|@words| -complete [] $@words }
}
if (not (or (has-external kgp) (has-key $edit:completion:arg-completer kgp))) {
  edit:add-var kgp~ {|@rest| e:kubectl get pods $@rest }
  set edit:completion:arg-completer[kgp] = {|@words| -complete [get pods] $@words }
}
if (not (or (has-external kgs) (has-key $edit:completion:arg-completer kgs))) {
  edit:add-var kgs~ {|@rest| e:kubectl get services $@rest }
  set edit:completion:arg-completer[kgs] = {|@words| -complete [get services] $@words }
}
if (not (or (has-external kgd) (has-key $edit:completion:arg-completer kgd))) {
  edit:add-var kgd~ {|@rest| e:kubectl get deployments $@rest }
  set edit:completion:arg-completer[kgd] = {|@words| -complete [get deployments] $@words }
}
if (not (or (has-external kga) (has-key $edit:completion:arg-completer kga))) {
  edit:add-var kga~ {|@rest| e:kubectl get all $@rest }
  set edit:completion:arg-completer[kga] = {|@words| -complete [get all] $@words }
}
if (not (or (has-external kl) (has-key $edit:completion:arg-completer kl))) {
  edit:add-var kl~ {|@rest| e:kubectl logs $@rest }
  set edit:completion:arg-completer[kl] = {|@words| -complete [logs] $@words }
}
if (not (or (has-external klf) (has-key $edit:completion:arg-completer klf))) {
  edit:add-var klf~ {|@rest| e:kubectl logs -f $@rest }
  set edit:completion:arg-completer[klf] = {|@words| -complete [logs -f] $@words }
}
if (not (or (has-external ke) (has-key $edit:completion:arg-completer ke))) {
  edit:add-var ke~ {|@rest| e:kubectl exec -it $@rest }
  set edit:completion:arg-completer[ke] = {|@words| -complete [exec -it] $@words }
}
if (not (or (has-external kpf) (has-key $edit:completion:arg-completer kpf))) {
  edit:add-var kpf~ {|@rest| e:kubectl port-forward $@rest }
  set edit:completion:arg-completer[kpf] = {|@words| -complete [port-forward] $@words }
}
if (not (or (has-external kdp) (has-key $edit:completion:arg-completer kdp))) {
  edit:add-var kdp~ {|@rest| e:kubectl describe pod $@rest }
  set edit:completion:arg-completer[kdp] = {|@words| -complete [describe pod] $@words }
}
if (not (or (has-external kds) (has-key $edit:completion:arg-completer kds))) {
  edit:add-var kds~ {|@rest| e:kubectl describe service $@rest }
  set edit:completion:arg-completer[kds] = {|@words| -complete [describe service] $@words }
}
if (not (or (has-external kdd) (has-key $edit:completion:arg-completer kdd))) {
  edit:add-var kdd~ {|@rest| e:kubectl describe deployment $@rest }
  set edit:completion:arg-completer[kdd] = {|@words| -complete [describe deployment] $@words }
}
if (not (or (has-external ksf) (has-key $edit:completion:arg-completer ksf))) {
  edit:add-var ksf~ {|@rest| e:kubectl get pods -l streamflow.io/managed=true $@rest }
  set edit:completion:arg-completer[ksf] = {|@words| -complete [get pods -l streamflow.io/managed=true] $@words }
}
if (not (or (has-external ksfl) (has-key $edit:completion:arg-completer ksfl))) {
  edit:add-var ksfl~ {|@rest| e:kubectl logs -l streamflow.io/managed=true $@rest }
  set edit:completion:arg-completer[ksfl] = {|@words| -complete [logs -l streamflow.io/managed=true] $@words }
}
if (not (or (has-external ksfm) (has-key $edit:completion:arg-completer ksfm))) {
  edit:add-var ksfm~ {|@rest| e:kubectl get pods -l streamflow.io/component=microservice $@rest }
  set edit:completion:arg-completer[ksfm] = {|@words| -complete [get pods -l streamflow.io/component=microservice] $@words }
}
if (not (or (has-external kwh) (has-key $edit:completion:arg-completer kwh))) {
  edit:add-var kwh~ {|@rest| e:kubectl get mutatingwebhookconfigurations $@rest }
  set edit:completion:arg-completer[kwh] = {|@words| -complete [get mutatingwebhookconfigurations] $@words }
}
if (not (or (has-external kwhd) (has-key $edit:completion:arg-completer kwhd))) {
  edit:add-var kwhd~ {|@rest| e:kubectl describe mutatingwebhookconfigurations streamflow-webhook $@rest }
  set edit:completion:arg-completer[kwhd] = {|@words| -complete [describe mutatingwebhookconfigurations streamflow-webhook] $@words }
}
if (not (or (has-external kwhl) (has-key $edit:completion:arg-completer kwhl))) {
  edit:add-var kwhl~ {|@rest| e:kubectl logs -n streamflow-webhook -l app=streamflow-webhook $@rest }
  set edit:completion:arg-completer[kwhl] = {|@words| -complete [logs -n streamflow-webhook -l app=streamflow-webhook] $@words }
}

# kns [NAME|-]: list namespaces, or use one from now on; - is the one before
if (not (or (has-external kns) (has-key $edit:completion:arg-completer kns))) {
  edit:add-var kns~ $-kns~
  set edit:completion:arg-completer[kns] = {|@words| -complete [get namespaces] $@words }
}

# kctx [NAME|-]: list contexts, or use one from now on; - is the one before
if (not (or (has-external kctx) (has-key $edit:completion:arg-completer kctx))) {
  edit:add-var kctx~ $-kctx~
  set edit:completion:arg-completer[kctx] = {|@words| -complete [config use-context] $@words }
}

# kwait KIND/NAME [CONDITION] [OPTION…]: wait until it is ready, available or complete, whichever its kind has
if (not (or (has-external kwait) (has-key $edit:completion:arg-completer kwait))) {
  edit:add-var kwait~ $-kwait~
  set edit:completion:arg-completer[kwait] = {|@words| -complete [wait] $@words }
}

# kscale DEPLOYMENT REPLICAS [OPTION…]: run so many replicas
if (not (or (has-external kscale) (has-key $edit:completion:arg-completer kscale))) {
  edit:add-var kscale~ $-kscale~
  set edit:completion:arg-completer[kscale] = {|@words| -complete [scale deployment] $@words }
}

# krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION…]: follow a rollout, or act on it
if (not (or (has-external krollout) (has-key $edit:completion:arg-completer krollout))) {
  edit:add-var krollout~ $-krollout~
  set edit:completion:arg-completer[krollout] = {|@words| -complete [rollout status deployment] $@words }
}

# kstatus [OPTION…]: say which cluster and namespace this is, and what runs there
if (not (or (has-external kstatus) (has-key $edit:completion:arg-completer kstatus))) {
  edit:add-var kstatus~ $-kstatus~
  set edit:completion:arg-completer[kstatus] = {|@words| -complete [get all] $@words }
}

# ksf-pods [OPTION…]: list the pods that streamflow manages, with their nodes
if (not (or (has-external ksf-pods) (has-key $edit:completion:arg-completer ksf-pods))) {
  edit:add-var ksf-pods~ $-ksf_pods~
  set edit:completion:arg-completer[ksf-pods] = {|@words| -complete [get pods] $@words }
}

# ksf-logs [OPTION…]: print the logs of all of them, each line with its pod
if (not (or (has-external ksf-logs) (has-key $edit:completion:arg-completer ksf-logs))) {
  edit:add-var ksf-logs~ $-ksf_logs~
  set edit:completion:arg-completer[ksf-logs] = {|@words| -complete [logs] $@words }
}

# ksf-restart [-y] [OPTION…]: restart the deployments that streamflow manages, after showing them and asking
if (not (or (has-external ksf-restart) (has-key $edit:completion:arg-completer ksf-restart))) {
  edit:add-var ksf-restart~ $-ksf_restart~
  set edit:completion:arg-completer[ksf-restart] = {|@words| -complete [rollout restart deployment] $@words }
}

set edit:completion:arg-completer[kubectl] = {|@words| -complete [] $@words }
