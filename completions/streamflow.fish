COMPLETE=fish streamflow | source
