//! What aliases and functions call kubectl with, word by word.

use std::path::Path;

use super::{Home, in_each_shell, script};

/// The table of the documentation, written out: what a name is, and the words that kubectl gets.
const ALIASES: [(&str, &str); 18] = [
    ("k", ""),
    ("kgp", "[get][pods]"),
    ("kgs", "[get][services]"),
    ("kgd", "[get][deployments]"),
    ("kga", "[get][all]"),
    ("kl", "[logs]"),
    ("klf", "[logs][-f]"),
    ("ke", "[exec][-it]"),
    ("kpf", "[port-forward]"),
    ("kdp", "[describe][pod]"),
    ("kds", "[describe][service]"),
    ("kdd", "[describe][deployment]"),
    ("ksf", "[get][pods][-l][streamflow.io/managed=true]"),
    ("ksfl", "[logs][-l][streamflow.io/managed=true]"),
    ("ksfm", "[get][pods][-l][streamflow.io/component=microservice]"),
    ("kwh", "[get][mutatingwebhookconfigurations]"),
    ("kwhd", "[describe][mutatingwebhookconfigurations][streamflow-webhook]"),
    ("kwhl", "[logs][-n][streamflow-webhook][-l][app=streamflow-webhook]"),
];

/// Lines, and the calls they become.
const LINES: [(&str, &[&str]); 13] = [
    ("kscale web 3 -n shop", &["[scale][deployment][web][--replicas=3][-n][shop]"]),
    ("krollout web", &["[rollout][status][deployment][web]"]),
    ("krollout web restart -n shop", &["[rollout][restart][deployment][web][-n][shop]"]),
    ("krollout web --watch=false", &["[rollout][status][deployment][web][--watch=false]"]),
    ("kwait pod/x", &["[wait][--for=condition=Ready][--timeout=120s][pod/x]"]),
    ("kwait deploy/x -n a", &["[wait][--for=condition=Available][--timeout=120s][deploy/x][-n][a]"]),
    ("kwait job/x", &["[wait][--for=condition=Complete][--timeout=120s][job/x]"]),
    ("kwait job/x Failed", &["[wait][--for=condition=Failed][--timeout=120s][job/x]"]),
    ("ksf-pods -A", &["[get][pods][-l][streamflow.io/managed=true][-o][wide][-A]"]),
    (
        "ksf-logs --tail=5",
        &["[logs][-l][streamflow.io/managed=true][--all-containers][--prefix][--max-log-requests=50][--tail=5]"],
    ),
    (
        "kns shop",
        &[
            "[config][view][--minify][-o][jsonpath={..namespace}]",
            "[get][namespace][shop][-o][name]",
            "[config][set-context][--current][--namespace=shop]",
        ],
    ),
    ("kctx prod", &["[config][current-context]", "[config][use-context][prod]"]),
    (
        "ksf-restart -y -n shop",
        &[
            "[get][deployments][-l][streamflow.io/managed=true][-o][name][-n][shop]",
            "[rollout][restart][deployment.apps/web][deployment.apps/api][-n][shop]",
        ],
    ),
];

/// Runs a line in a shell that has read the script, as it would be typed.
fn typed(home: &Home, name: &str, shell: &Path, line: &str) -> crate::program::Ended {
    let line = line.replace('\'', r#"'"'"'"#);
    let file = script(name);
    match name {
        "bash" => home.sh(shell, &[], &format!("shopt -s expand_aliases; . '{file}'; eval '{line}'")),
        "zsh" => home.sh(shell, &["-f"], &format!(". '{file}'; eval '{line}'")),
        "nu" => home.sh(shell, &["-n"], &format!("source '{file}'; {line}")),
        _ => home.sh(shell, &["--no-config"], &format!("source '{file}'; eval '{line}'")),
    }
}

#[test]
fn aliases_call_kubectl_with_exactly_these_words() {
    in_each_shell("aliases_call_kubectl_with_exactly_these_words", |name, shell| {
        let home = Home::new();
        for (alias, words) in ALIASES {
            typed(&home, name, shell, &format!("{alias} --x \"a b\" '*'")).exits(0);
            assert_eq!(home.asked(), [format!("{words}[--x][a b][*]")], "{name}: {alias}");
        }
    });
}

#[test]
fn functions_arrange_their_words() {
    in_each_shell("functions_arrange_their_words", |name, shell| {
        let home = Home::new();
        for (line, calls) in LINES {
            typed(&home, name, shell, line).exits(0);
            assert_eq!(home.asked(), calls, "{name}: {line}");
        }
    });
}

#[test]
fn nushell_arranges_the_same_words() {
    let Some(shell) = crate::tool::find("nu", "nushell_arranges_the_same_words") else { return };
    let home = Home::new();
    for (alias, words) in ALIASES {
        typed(&home, "nu", &shell, &format!("{alias} --x \"a b\" \"*\"")).exits(0);
        assert_eq!(home.asked(), [format!("{words}[--x][a b][*]")], "{alias}");
    }
    for (line, calls) in LINES {
        typed(&home, "nu", &shell, line).exits(0);
        assert_eq!(home.asked(), calls, "{line}");
    }
    for line in ["kns nope", "kns -", "kctx nope", "kwait", "kscale web"] {
        assert_ne!(typed(&home, "nu", &shell, line).code, 0, "{line}");
    }
    let asked = home.asked().concat();
    assert!(!asked.contains("[set-context]") && !asked.contains("[scale]"), "{asked}");
}

#[test]
fn switching_goes_back_with_a_dash_and_nowhere_for_unknown_names() {
    in_each_shell("switching_goes_back_with_a_dash_and_nowhere_for_unknown_names", |name, shell| {
        let home = Home::new();
        let ended = typed(&home, name, shell, "kns shop; kns -; kctx prod; kctx -").exits(0);
        assert_eq!(
            ended.out, "namespace shop\nnamespace default\ncontext prod\ncontext dev\n",
            "{name}: {}",
            ended.err
        );
        let asked = home.asked();
        for call in ["[config][set-context][--current][--namespace=default]", "[config][use-context][dev]"] {
            assert!(asked.iter().any(|asked| asked == call), "{name}: {asked:?}");
        }
        for line in ["kns nope", "kns -", "kctx nope", "kctx -", "kns --help", "kwait", "kscale web", "krollout"] {
            let ended = typed(&home, name, shell, line);
            assert_ne!(ended.code, 0, "{name}: {line}");
            assert!(!ended.err.is_empty(), "{name}: {line} says nothing");
        }
        let asked = home.asked().concat();
        assert!(!asked.contains("[set-context]") && !asked.contains("[scale]"), "{name}: {asked}");
    });
}

#[test]
fn lists_mark_what_is_in_use() {
    in_each_shell("lists_mark_what_is_in_use", |name, shell| {
        let home = Home::new();
        assert_eq!(typed(&home, name, shell, "kns").exits(0).out, "* default\n  shop\n", "{name}");
        assert_eq!(typed(&home, name, shell, "kctx").exits(0).out, "* dev\n  prod\n", "{name}");
    });
}

#[test]
fn restart_shows_the_list_and_does_nothing_without_a_yes() {
    in_each_shell("restart_shows_the_list_and_does_nothing_without_a_yes", |name, shell| {
        let home = Home::new();
        let ended = typed(&home, name, shell, "echo n | ksf-restart").exits(1).says("nothing was restarted");
        assert!(ended.out.contains("deployment.apps/web"), "{name}: {}", ended.out);
        assert!(!home.asked().concat().contains("[rollout]"), "{name}");
        typed(&home, name, shell, "echo y | ksf-restart").exits(0);
        assert!(home.asked().concat().contains("[rollout][restart][deployment.apps/web]"), "{name}");
    });
}
