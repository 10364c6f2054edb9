//! Shells with our aliases and completion: real bash, zsh and fish, with a kubectl that writes down what it is asked.

mod calls;
mod keys;
mod rc;
mod start;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Ended, PROGRAM, Place};
use crate::tool;

/// Writes its words down, each in brackets, and answers as a cluster with a few things in it.
const KUBECTL: &str = r#"#!/bin/sh
for word in "$@"; do printf '[%s]' "$word"; done >>"$KUBECTL_LOG"
echo >>"$KUBECTL_LOG"
if [ "$1" = __complete ]; then
    last='' before=''
    for word in "$@"; do before=$last last=$word; done
    set -- describe delete get logs --all-namespaces --namespace
    case $before in
        -n | namespaces) set -- default shop streamflow-webhook ;;
        get) set -- pods podtemplates services ;;
        use-context) set -- dev prod ;;
        pods) set -- --all-namespaces --namespace ;;
    esac
    for word in "$@"; do case $word in "$last"*) printf '%s\tabout %s\n' "$word" "$word" ;; esac; done
    echo :4
    exit
fi
case $* in
    *'get namespace nope '*) echo 'Error from server (NotFound): namespaces "nope" not found' >&2; exit 1 ;;
    *'use-context nope'*) echo 'error: no context exists with the name: "nope"' >&2; exit 1 ;;
    *'get namespaces '*) printf 'default\nshop\n' ;;
    *'get-contexts '*) printf 'dev\nprod\n' ;;
    *'current-context'*) echo dev ;;
    *'config view '*) printf default ;;
    *'get deployments '*'-o name'*) printf 'deployment.apps/web\ndeployment.apps/api\n' ;;
esac
"#;

/// A home folder with a kubectl.
struct Home {
    place: Place,
}

impl Home {
    fn new() -> Self {
        let home = Self { place: Place::new() };
        home.put_kubectl(KUBECTL);
        home
    }

    fn put_kubectl(&self, script: &str) {
        let bin = self.place.home().join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("kubectl"), script).unwrap();
        fs::set_permissions(bin.join("kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.home().join(name)
    }

    fn log(&self) -> PathBuf {
        self.path("kubectl.log")
    }

    /// Returns what kubectl was asked since the last time, one call a line.
    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        fs::write(self.log(), "").unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn variables(&self) -> Vec<(&'static str, OsString)> {
        let program = Path::new(PROGRAM).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        vec![
            ("HOME", self.place.home().into()),
            ("PATH", format!("{}:{}:{path}", self.path("bin").display(), program.display()).into()),
            ("KUBECTL_LOG", self.log().into()),
            ("LANG", "C.UTF-8".into()),
        ]
    }

    /// Runs the program with the variables of this home.
    fn setup(&self, args: &[&str]) -> Ended {
        let args = [&["setup-completion"], args].concat();
        Ended::of(&self.place.command(&args).envs(self.variables()).output().unwrap())
    }

    /// Runs a script in a shell that is not on a terminal.
    fn sh(&self, shell: &Path, args: &[&str], script: &str) -> Ended {
        let mut command = Command::new(shell);
        command.args(args).arg("-c").arg(script).current_dir(self.place.dir()).env_clear().envs(self.variables());
        Ended::of(&command.output().unwrap())
    }
}

/// Runs a check in every shell that is there.
fn in_each_shell(test: &str, check: impl Fn(&str, &Path)) {
    for name in ["bash", "zsh", "fish"] {
        if let Some(path) = tool::find(name, test) {
            check(name, &path);
        }
    }
}

/// Returns a script of the repository.
fn script(shell: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("shell").join(format!("kubectl.{shell}")).display().to_string()
}
