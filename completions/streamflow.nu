def "nu-complete streamflow" [context: string] {
    let words = ($context | split row -r '\s+')
    let answer = (with-env { COMPLETE: fish } { ^streamflow -- ...$words | complete })
    $answer.stdout | lines | each {|line|
        let parts = ($line | split row -n 2 "\t")
        { value: ($parts | first), description: ($parts | get -o 1 | default '') }
    }
}

extern streamflow [...words: string@"nu-complete streamflow"]
