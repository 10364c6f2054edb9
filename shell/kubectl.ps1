# Aliases and functions for kubectl. Written by streamflow from one table; changes here are lost.
# Nothing is run when this is read: kubectl is asked at TAB only, for 2 seconds at most.

function _streamflow_starred($Current) {
    process { if ($_ -eq $Current) { "* $_" } else { "  $_" } }
}

function _streamflow_is_free($Name) {
    -not (Get-Command -Name $Name -ErrorAction SilentlyContinue)
}

function _streamflow_kns($Name) {
    if ($Name -like '-?*') { Write-Error "kns: there is no option $Name"; return }
    $current = kubectl config view --minify -o 'jsonpath={..namespace}' 2>$null
    if (-not $current) { $current = 'default' }
    if (-not $Name) {
        kubectl get namespaces -o name | ForEach-Object { $_ -replace '^namespace/', '' } | _streamflow_starred $current
        return
    }
    if ($Name -eq '-') {
        if (-not $global:_streamflow_kns_before) { Write-Error 'kns: this shell was in no other namespace'; return }
        $Name = $global:_streamflow_kns_before
    }
    kubectl get namespace $Name -o name | Out-Null
    if ($LASTEXITCODE -ne 0) { return }
    kubectl config set-context --current "--namespace=$Name" | Out-Null
    if ($LASTEXITCODE -ne 0) { return }
    $global:_streamflow_kns_before = $current
    "namespace $Name"
}

function _streamflow_kctx($Name) {
    if ($Name -like '-?*') { Write-Error "kctx: there is no option $Name"; return }
    $current = kubectl config current-context 2>$null
    if (-not $Name) {
        kubectl config get-contexts -o name | _streamflow_starred $current
        return
    }
    if ($Name -eq '-') {
        if (-not $global:_streamflow_kctx_before) { Write-Error 'kctx: this shell was in no other context'; return }
        $Name = $global:_streamflow_kctx_before
    }
    kubectl config use-context $Name | Out-Null
    if ($LASTEXITCODE -ne 0) { return }
    $global:_streamflow_kctx_before = $current
    "context $Name"
}

function _streamflow_kwait {
    if ($args.Count -eq 0) { Write-Error 'usage: kwait KIND/NAME [CONDITION] [OPTION...]'; return }
    $what = $args[0]
    $rest = @($args | Select-Object -Skip 1)
    $condition = switch -Wildcard ($what) {
        'deploy/*' { 'Available' }
        'deployment/*' { 'Available' }
        'deployments/*' { 'Available' }
        'job/*' { 'Complete' }
        'jobs/*' { 'Complete' }
        default { 'Ready' }
    }
    if ($rest.Count -gt 0 -and $rest[0] -notlike '-*') {
        $condition = $rest[0]
        $rest = @($rest | Select-Object -Skip 1)
    }
    kubectl wait "--for=condition=$condition" --timeout=120s $what @rest
}

function _streamflow_kscale {
    if ($args.Count -lt 2) { Write-Error 'usage: kscale DEPLOYMENT REPLICAS [OPTION...]'; return }
    $rest = @($args | Select-Object -Skip 2)
    kubectl scale deployment $args[0] "--replicas=$($args[1])" @rest
}

function _streamflow_krollout {
    if ($args.Count -eq 0) {
        Write-Error 'usage: krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]'
        return
    }
    $name = $args[0]
    $rest = @($args | Select-Object -Skip 1)
    $action = 'status'
    if ($rest.Count -gt 0 -and $rest[0] -notlike '-*') {
        $action = $rest[0]
        $rest = @($rest | Select-Object -Skip 1)
    }
    kubectl rollout $action deployment $name @rest
}

function _streamflow_kstatus {
    $namespace = kubectl config view --minify -o 'jsonpath={..namespace}'
    if (-not $namespace) { $namespace = 'default' }
    "context    $(kubectl config current-context)"
    "namespace  $namespace"
    ''
    kubectl get 'deployments,pods' @args
}

function _streamflow_ksf_pods { kubectl get pods -l streamflow.io/managed=true -o wide @args }

function _streamflow_ksf_logs {
    kubectl logs -l streamflow.io/managed=true --all-containers --prefix --max-log-requests=50 @args
}

function _streamflow_ksf_restart {
    $given = @($args | Where-Object { $_ -notin '-y', '--yes' })
    $names = @(kubectl get deployments -l streamflow.io/managed=true -o name @given)
    if ($LASTEXITCODE -ne 0) { return }
    if ($names.Count -eq 0) {
        Write-Warning 'ksf-restart: there is no deployment that streamflow manages here'
        return
    }
    $names
    if ($given.Count -eq $args.Count -and (Read-Host 'Restart these? [y/N]') -notin 'y', 'yes') {
        Write-Warning 'nothing was restarted'
        return
    }
    kubectl rollout restart @names @given
}

# Completes kubectl and every name below. The words are rewritten to the call that the name stands for.
$_streamflow_words = @{
    'k' = @()
    'kgp' = @('get', 'pods')
    'kgs' = @('get', 'services')
    'kgd' = @('get', 'deployments')
    'kga' = @('get', 'all')
    'kl' = @('logs')
    'klf' = @('logs', '-f')
    'ke' = @('exec', '-it')
    'kpf' = @('port-forward')
    'kdp' = @('describe', 'pod')
    'kds' = @('describe', 'service')
    'kdd' = @('describe', 'deployment')
    'ksf' = @('get', 'pods', '-l', 'streamflow.io/managed=true')
    'ksfl' = @('logs', '-l', 'streamflow.io/managed=true')
    'ksfm' = @('get', 'pods', '-l', 'streamflow.io/component=microservice')
    'kwh' = @('get', 'mutatingwebhookconfigurations')
    'kwhd' = @('describe', 'mutatingwebhookconfigurations', 'streamflow-webhook')
    'kwhl' = @('logs', '-n', 'streamflow-webhook', '-l', 'app=streamflow-webhook')
    'kns' = @('get', 'namespaces')
    'kctx' = @('config', 'use-context')
    'kwait' = @('wait')
    'kscale' = @('scale', 'deployment')
    'krollout' = @('rollout', 'status', 'deployment')
    'kstatus' = @('get', 'all')
    'ksf-pods' = @('get', 'pods')
    'ksf-logs' = @('logs')
    'ksf-restart' = @('rollout', 'restart', 'deployment')
}
$_streamflow_completer = {
    param($word, $ast, $cursor)
    $before = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { "$_" })
    $words = $_streamflow_words[$before[0]]
    $asked = @($words) + @($before | Select-Object -Skip 1)
    $answer = @(kubectl __complete --request-timeout=2s @asked "$word" 2>$null)
    foreach ($line in $answer) {
        if (-not $line -or $line -match '^(:\d+$|_activeHelp_)') { continue }
        $value, $about = $line -split "`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}.GetNewClosure()
Register-ArgumentCompleter -Native -CommandName kubectl -ScriptBlock $_streamflow_completer

if (_streamflow_is_free k) {
    function global:k { kubectl @args }
    Register-ArgumentCompleter -Native -CommandName k -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kgp) {
    function global:kgp { kubectl get pods @args }
    Register-ArgumentCompleter -Native -CommandName kgp -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kgs) {
    function global:kgs { kubectl get services @args }
    Register-ArgumentCompleter -Native -CommandName kgs -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kgd) {
    function global:kgd { kubectl get deployments @args }
    Register-ArgumentCompleter -Native -CommandName kgd -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kga) {
    function global:kga { kubectl get all @args }
    Register-ArgumentCompleter -Native -CommandName kga -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kl) {
    function global:kl { kubectl logs @args }
    Register-ArgumentCompleter -Native -CommandName kl -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free klf) {
    function global:klf { kubectl logs -f @args }
    Register-ArgumentCompleter -Native -CommandName klf -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free ke) {
    function global:ke { kubectl exec -it @args }
    Register-ArgumentCompleter -Native -CommandName ke -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kpf) {
    function global:kpf { kubectl port-forward @args }
    Register-ArgumentCompleter -Native -CommandName kpf -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kdp) {
    function global:kdp { kubectl describe pod @args }
    Register-ArgumentCompleter -Native -CommandName kdp -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kds) {
    function global:kds { kubectl describe service @args }
    Register-ArgumentCompleter -Native -CommandName kds -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kdd) {
    function global:kdd { kubectl describe deployment @args }
    Register-ArgumentCompleter -Native -CommandName kdd -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free ksf) {
    function global:ksf { kubectl get pods -l streamflow.io/managed=true @args }
    Register-ArgumentCompleter -Native -CommandName ksf -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free ksfl) {
    function global:ksfl { kubectl logs -l streamflow.io/managed=true @args }
    Register-ArgumentCompleter -Native -CommandName ksfl -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free ksfm) {
    function global:ksfm { kubectl get pods -l streamflow.io/component=microservice @args }
    Register-ArgumentCompleter -Native -CommandName ksfm -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kwh) {
    function global:kwh { kubectl get mutatingwebhookconfigurations @args }
    Register-ArgumentCompleter -Native -CommandName kwh -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kwhd) {
    function global:kwhd { kubectl describe mutatingwebhookconfigurations streamflow-webhook @args }
    Register-ArgumentCompleter -Native -CommandName kwhd -ScriptBlock $_streamflow_completer
}
if (_streamflow_is_free kwhl) {
    function global:kwhl { kubectl logs -n streamflow-webhook -l app=streamflow-webhook @args }
    Register-ArgumentCompleter -Native -CommandName kwhl -ScriptBlock $_streamflow_completer
}

# kns [NAME|-]: list namespaces, or use one from now on; - is the one before
if (_streamflow_is_free kns) {
    function global:kns { _streamflow_kns @args }
    Register-ArgumentCompleter -Native -CommandName kns -ScriptBlock $_streamflow_completer
}

# kctx [NAME|-]: list contexts, or use one from now on; - is the one before
if (_streamflow_is_free kctx) {
    function global:kctx { _streamflow_kctx @args }
    Register-ArgumentCompleter -Native -CommandName kctx -ScriptBlock $_streamflow_completer
}

# kwait KIND/NAME [CONDITION] [OPTION…]: wait until it is ready, available or complete, whichever its kind has
if (_streamflow_is_free kwait) {
    function global:kwait { _streamflow_kwait @args }
    Register-ArgumentCompleter -Native -CommandName kwait -ScriptBlock $_streamflow_completer
}

# kscale DEPLOYMENT REPLICAS [OPTION…]: run so many replicas
if (_streamflow_is_free kscale) {
    function global:kscale { _streamflow_kscale @args }
    Register-ArgumentCompleter -Native -CommandName kscale -ScriptBlock $_streamflow_completer
}

# krollout DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION…]: follow a rollout, or act on it
if (_streamflow_is_free krollout) {
    function global:krollout { _streamflow_krollout @args }
    Register-ArgumentCompleter -Native -CommandName krollout -ScriptBlock $_streamflow_completer
}

# kstatus [OPTION…]: say which cluster and namespace this is, and what runs there
if (_streamflow_is_free kstatus) {
    function global:kstatus { _streamflow_kstatus @args }
    Register-ArgumentCompleter -Native -CommandName kstatus -ScriptBlock $_streamflow_completer
}

# ksf-pods [OPTION…]: list the pods that streamflow manages, with their nodes
if (_streamflow_is_free ksf-pods) {
    function global:ksf-pods { _streamflow_ksf_pods @args }
    Register-ArgumentCompleter -Native -CommandName ksf-pods -ScriptBlock $_streamflow_completer
}

# ksf-logs [OPTION…]: print the logs of all of them, each line with its pod
if (_streamflow_is_free ksf-logs) {
    function global:ksf-logs { _streamflow_ksf_logs @args }
    Register-ArgumentCompleter -Native -CommandName ksf-logs -ScriptBlock $_streamflow_completer
}

# ksf-restart [-y] [OPTION…]: restart the deployments that streamflow manages, after showing them and asking
if (_streamflow_is_free ksf-restart) {
    function global:ksf-restart { _streamflow_ksf_restart @args }
    Register-ArgumentCompleter -Native -CommandName ksf-restart -ScriptBlock $_streamflow_completer
}
