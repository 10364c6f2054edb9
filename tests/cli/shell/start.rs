//! What a shell does when it starts with our script: nothing that can be noticed.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Home, in_each_shell};
use crate::program::Ended;
use crate::tool;

const TEST: &str = "shells_start_as_before";

/// Returns the shell's flags for a start with the user's configuration, without a terminal.
fn interactive(shell: &str) -> &'static [&'static str] {
    match shell {
        "fish" => &["-i"],
        // Neither the machine's own files nor a terminal's job control.
        "zsh" => &["-i", "+o", "globalrcs"],
        _ => &["-i"],
    }
}

#[test]
fn shells_start_as_before() {
    in_each_shell(TEST, |name, shell| {
        let home = Home::new();
        home.setup(&["--shell", name]).exits(0);
        let ended = home.sh(shell, interactive(name), "echo ready").exits(0);
        assert_eq!(ended.out, "ready\n", "{name}");
        assert_eq!(home.asked(), [""; 0], "{name}: kubectl was run at the start");
        // Without kubectl, and with it later.
        fs::rename(home.path("bin/kubectl"), home.path("kubectl")).unwrap();
        home.sh(shell, interactive(name), "echo ready").exits(0);
        fs::rename(home.path("kubectl"), home.path("bin/kubectl")).unwrap();
        home.sh(shell, interactive(name), "eval kgp").exits(0);
        assert_eq!(home.asked(), ["[get][pods]"], "{name}");
    });
}

#[test]
fn bash_takes_the_script_under_every_option() {
    let Some(bash) = tool::find("bash", "bash_takes_the_script_under_every_option") else { return };
    let home = Home::new();
    home.setup(&["--shell", "bash"]).exits(0);
    let file = home.path(".local/share/streamflow/shell/streamflow.bash");
    let script = format!(
        ". '{}'; shopt -s expand_aliases; eval 'kgp x'; eval 'ksf-pods'; kscale web 1; echo ready",
        file.display()
    );
    for flags in [&["-u"] as &[&str], &["-e"], &["-eu"], &["--posix"], &["--posix", "-eu"], &["--norc"]] {
        let ended = home.sh(&bash, flags, &script).exits(0);
        assert_eq!((ended.out.as_str(), ended.err.as_str()), ("ready\n", ""), "{flags:?}");
        assert_eq!(home.asked().len(), 3, "{flags:?}");
        // Read twice, as by a configuration that is read again.
        home.sh(&bash, flags, &format!(". '{0}'; . '{0}'", file.display())).exits(0);
    }
}

#[test]
fn names_that_exist_are_kept_and_told_unless_forced() {
    in_each_shell("names_that_exist_are_kept_and_told_unless_forced", |name, shell| {
        let home = Home::new();
        let (rc, own) = match name {
            "bash" => (".bashrc", "alias kgp='echo own'\nkns() { echo own; }\n"),
            "zsh" => (".zshrc", "alias kgp='echo own'\nkns() { echo own; }\n"),
            _ => (".config/fish/config.fish", "alias kgp 'echo own'\nfunction kns; echo own; end\n"),
        };
        fs::create_dir_all(home.path(rc).parent().unwrap()).unwrap();
        fs::write(home.path(rc), own).unwrap();
        home.setup(&["--shell", name]).exits(0).says("are kept as they are (--force replaces them): kgp, kns\n");
        let ended = home.sh(shell, interactive(name), "eval kgp; eval kns").exits(0);
        assert_eq!(ended.out, "own\nown\n", "{name}: {}", ended.err);
        home.setup(&["--shell", name, "--force"]).exits(0).says("are replaced: kgp, kns\n");
        home.asked();
        home.sh(shell, interactive(name), "eval kgp; eval kns shop").exits(0);
        assert_eq!(home.asked().first().map(String::as_str), Some("[get][pods]"), "{name}");
        assert!(fs::read_to_string(home.path(rc)).unwrap().starts_with(own));
    });
}

#[test]
fn scripts_are_of_good_grammar() {
    const TEST: &str = "scripts_are_of_good_grammar";
    let check = |tool: &str, args: &[&str], file: &Path| {
        let Some(tool) = tool::find(tool, TEST) else { return };
        let output = Command::new(tool).args(args).arg(file).output().unwrap();
        let ended = Ended::of(&output);
        assert!(
            ended.code == 0 && ended.out.is_empty() && ended.err.is_empty(),
            "{}: {}{}",
            file.display(),
            ended.out,
            ended.err
        );
    };
    let home = Home::new();
    for forced in [&[] as &[&str], &["--force", "--prefix", "my-"]] {
        for (shell, extension) in [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
            let file = home.path(&format!("script.{extension}"));
            let args = [&["--shell", shell, "--print"], forced].concat();
            fs::write(&file, home.setup(&args).exits(0).out).unwrap();
            check(shell, &["-n"], &file);
        }
        check("shellcheck", &["--shell=bash", "--severity=style"], &home.path("script.bash"));
    }
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    check("bash", &["-n"], &completions.join("streamflow.bash"));
    check("shellcheck", &["--shell=bash", "--severity=style"], &completions.join("streamflow.bash"));
    check("zsh", &["-n"], &completions.join("_streamflow"));
    check("fish", &["-n"], &completions.join("streamflow.fish"));
}
