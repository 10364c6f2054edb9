_streamflow_load() {
    unset -f _streamflow_load
    complete -r streamflow 2>/dev/null
    eval "$(COMPLETE=bash streamflow)" && return 124
}
complete -F _streamflow_load streamflow
