//! Every example of every page of help is run, in one project with one server; those that are not say why.

use std::process::Command;

use crate::help::pages;
use crate::program::{Ended, PROGRAM, Place};

/// What is special about an example.
enum Rule {
    /// It is not run.
    Skip(&'static str),
    /// It ends with one of these codes.
    Ends(&'static [i32]),
    /// These words are put behind it, so that it ends.
    With(&'static str),
    /// This is done meanwhile, shell and all; `CALL` stands for the example.
    Around(&'static str),
}

/// The first rule whose words begin an example holds for it; without one it must succeed.
const RULES: &[(&str, Rule)] = &[
    ("streamflow start", Rule::Skip("the project has its server; tests of starting are in lifecycle.rs")),
    ("streamflow bench", Rule::Skip("takes minutes; bench.rs runs each kind for a moment")),
    ("streamflow context validate prod", Rule::Skip("asks a machine that is not there")),
    ("streamflow init", Rule::Skip("makes projects; run below, in folders of their own")),
    ("streamflow context", Rule::Skip("changes whom commands talk to; run below, with a home of its own")),
    ("streamflow stop", Rule::Skip("run last")),
    ("streamflow tui", Rule::Skip("needs a terminal; tui.rs runs it in one")),
    ("streamflow demo", Rule::Skip("needs a terminal, or runs until Ctrl-C; demo.rs runs both")),
    ("streamflow schema rm", Rule::Around("streamflow schema put web.click schemas/web.click.json; CALL")),
    ("streamflow schema show", Rule::Around("streamflow schema put web.click schemas/web.click.json; CALL")),
    ("streamflow backup restore", Rule::Around("rm -rf restored; streamflow backup create; CALL")),
    // What was rejected for good is rejected again.
    ("streamflow events resend", Rule::Ends(&[0, 1])),
    ("streamflow query \"SELECT count(*) FROM events WHERE severity = 'critical'\" --expect", Rule::Ends(&[0, 1])),
    ("streamflow logs --follow", Rule::Around("timeout 1 CALL || test $? -eq 124")),
    (
        "streamflow tail type=order.paid --count 1",
        Rule::Around("(while sleep 0.2; do streamflow send order.paid; done) & CALL; code=$?; kill $!; exit $code"),
    ),
    ("streamflow tail", Rule::With("--timeout 1s")),
    ("streamflow export events.parquet", Rule::With("--force")),
    // Packed by whoever has the tool; here it is about the pipe.
    ("streamflow export - --since", Rule::Around("zstd() { cat; }; CALL")),
    ("streamflow import events.parquet", Rule::Around("streamflow export events.parquet --force; CALL")),
    (
        "streamflow import access.csv",
        Rule::Around("printf 'time,status,path\\n2026-11-24T10:00:00Z,200,/a\\n' > access.csv; CALL"),
    ),
    (
        "streamflow import january",
        Rule::Around("for month in january february; do gzip -c events/sample.ndjson > $month.ndjson.gz; done; CALL"),
    ),
    ("streamflow import orders.csv", Rule::Around("printf 'order,total,password\\n7,19.5,x\\n' > orders.csv; CALL")),
    ("zcat old.csv.gz", Rule::Around("printf 'page,ms\\n/a,7\\n' | gzip -c > old.csv.gz; CALL")),
    ("streamflow k8s", Rule::Skip("needs a cluster; workloads.rs runs each kind")),
    ("streamflow webhook", Rule::Skip("needs certificates and objects of a cluster; webhook.rs runs each")),
    ("zcat old.ndjson.gz", Rule::Around("gzip -c events/sample.ndjson > old.ndjson.gz; CALL")),
    ("streamflow completion bash", Rule::Around("mkdir -p ~/.local/share/bash-completion/completions; CALL")),
    ("streamflow sql < questions.sql", Rule::Around("echo 'SELECT 1;' > questions.sql; CALL")),
    ("streamflow bundle export", Rule::With("--force")),
    ("streamflow bundle open", Rule::Around("streamflow bundle export incident.sfb --last 24h --force; CALL")),
    // Shown by whoever has the tool; here it is about the pipe.
    ("streamflow man", Rule::Around("man() { cat > /dev/null; }; CALL")),
    ("streamflow setup-completion", Rule::Around("export SHELL=/bin/bash; CALL")),
    ("streamflow completion", Rule::Around("mkdir -p ~/.zfunc ~/.config/fish/completions; CALL")),
];

/// Topics of help that have examples of their own.
const TOPICS: [&str; 3] = ["formats", "sql", "time"];

/// A project whose server is stopped when dropped.
struct Project(Place);

impl Drop for Project {
    fn drop(&mut self) {
        self.0.run(&["stop"]);
    }
}

/// Returns the examples of a page, comments aside.
fn examples(page: &str) -> impl Iterator<Item = String> {
    let calls = page.lines().filter(|line| line.starts_with("  ") && line.contains("streamflow "));
    let calls = calls.map(|line| line.split("   #").next().unwrap_or_default().trim().to_owned());
    calls.filter(|call| call.starts_with("streamflow ") || call.contains("| streamflow "))
}

fn all(place: &Place) -> Vec<String> {
    let mut found = Vec::new();
    for words in pages(place) {
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let page = place.run(&args).exits(0).out;
        let section = page.split("Examples:\n").nth(1).unwrap_or_default();
        let section = section.split("\n\n").next().unwrap_or_default();
        found.extend(examples(section));
    }
    for topic in TOPICS {
        found.extend(examples(&place.run(&["help", topic]).exits(0).out));
    }
    found
}

fn shell(place: &Place, script: &str) -> Ended {
    let program_dir = std::path::Path::new(PROGRAM).parent().unwrap();
    let path = format!("{}:{}", program_dir.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.arg("-c").arg(script).current_dir(place.dir()).env_clear();
    command.env("HOME", place.home()).env("PATH", path).env("PROD_TOKEN", "secret");
    Ended::of(&command.stdin(std::process::Stdio::null()).output().unwrap())
}

#[test]
fn every_example_of_help_does_what_it_shows() {
    let project = Project(Place::new());
    let place = &project.0;
    let prepared = shell(
        place,
        "set -e; streamflow init . --template web; printf 'storage:\n  backup_location: backups\n' >> config.yaml
         streamflow start --detach --port-base 0
         streamflow send -f events/sample.ndjson; streamflow send order.paid --id order-4711
         printf '{\"type\":\"t\"}\\n%.0s' 1 2 3 4 | streamflow send - || test $? -eq 1",
    );
    prepared.exits(0);
    let examples = all(place);
    let (mut run, mut skipped) = (0, 0);
    for example in &examples {
        let rule = RULES.iter().find(|(start, _)| example.starts_with(start)).map(|(_, rule)| rule);
        let (script, codes) = match rule {
            Some(Rule::Skip(reason)) => {
                assert!(!reason.is_empty());
                skipped += 1;
                continue;
            }
            Some(Rule::Ends(codes)) => (example.clone(), *codes),
            Some(Rule::With(words)) => (format!("{example} {words}"), &[0][..]),
            Some(Rule::Around(script)) => (script.replace("CALL", example), &[0][..]),
            None => (example.clone(), &[0][..]),
        };
        let ended = shell(place, &script);
        assert!(codes.contains(&ended.code), "{script}: {}\n{}{}", ended.code, ended.out, ended.err);
        run += 1;
    }
    for (start, _) in RULES {
        assert!(examples.iter().any(|example| example.starts_with(start)), "no example begins with {start:?} any more");
    }
    assert!(run > 50, "{run} examples were run, {skipped} were not");
    for example in examples.iter().filter(|example| example.starts_with("streamflow stop")) {
        shell(place, example).exits(0);
    }
}

#[test]
fn examples_that_make_projects_and_contexts_work_in_places_of_their_own() {
    for example in all(&Place::new()).iter().filter(|example| example.starts_with("streamflow init")) {
        shell(&Place::new(), example).exits(0);
    }
    let place = Place::new();
    shell(&place, "mkdir -p ~/shop && streamflow init ~/shop").exits(0);
    let mut contexts: Vec<String> =
        all(&place).into_iter().filter(|example| example.starts_with("streamflow context")).collect();
    // Those that add come first, those that remove last.
    let order = ["add", "use prod", "use", "list", "show", "validate", "rm"];
    contexts.sort_by_key(|example| order.iter().position(|word| example.contains(&format!("context {word}"))));
    assert!(contexts.len() > 8, "{contexts:?}");
    let mut added = std::collections::BTreeSet::new();
    for example in contexts {
        let name = example.split_whitespace().nth(3).unwrap_or_default().to_owned();
        if example.contains("context add") && !added.insert(name.clone()) {
            shell(&place, &format!("streamflow context rm {name}")).exits(0);
        }
        // Nothing listens at the addresses that examples name.
        let code = if example.contains("validate") { 3 } else { 0 };
        let ended = shell(&place, &example);
        assert_eq!(ended.code, code, "{example}: {}{}", ended.out, ended.err);
    }
}
