function _streamflow_starred($Current) {
    process { if ($_ -eq $Current) { "* $_" } else { "  $_" } }
}

function _streamflow_is_free($Name) {
    -not (Get-Command -Name $Name -ErrorAction SilentlyContinue)
}

function _streamflow_kns($Name) {
    if ($Name -like '-?*') { Write-Error "@kns@: there is no option $Name"; return }
    $current = kubectl config view --minify -o 'jsonpath={..namespace}' 2>$null
    if (-not $current) { $current = 'default' }
    if (-not $Name) {
        kubectl get namespaces -o name | ForEach-Object { $_ -replace '^namespace/', '' } | _streamflow_starred $current
        return
    }
    if ($Name -eq '-') {
        if (-not $global:_streamflow_kns_before) { Write-Error '@kns@: this shell was in no other namespace'; return }
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
    if ($Name -like '-?*') { Write-Error "@kctx@: there is no option $Name"; return }
    $current = kubectl config current-context 2>$null
    if (-not $Name) {
        kubectl config get-contexts -o name | _streamflow_starred $current
        return
    }
    if ($Name -eq '-') {
        if (-not $global:_streamflow_kctx_before) { Write-Error '@kctx@: this shell was in no other context'; return }
        $Name = $global:_streamflow_kctx_before
    }
    kubectl config use-context $Name | Out-Null
    if ($LASTEXITCODE -ne 0) { return }
    $global:_streamflow_kctx_before = $current
    "context $Name"
}

function _streamflow_kwait {
    if ($args.Count -eq 0) { Write-Error 'usage: @kwait@ KIND/NAME [CONDITION] [OPTION...]'; return }
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
    if ($args.Count -lt 2) { Write-Error 'usage: @kscale@ DEPLOYMENT REPLICAS [OPTION...]'; return }
    $rest = @($args | Select-Object -Skip 2)
    kubectl scale deployment $args[0] "--replicas=$($args[1])" @rest
}

function _streamflow_krollout {
    if ($args.Count -eq 0) {
        Write-Error 'usage: @krollout@ DEPLOYMENT [status|restart|undo|history|pause|resume] [OPTION...]'
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
        Write-Warning '@ksf-restart@: there is no deployment that streamflow manages here'
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
@words@
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

