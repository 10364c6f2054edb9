use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// Compares a file of the repository with what the code writes, or writes it anew.
fn check(file: &str, text: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{file} is not what the code writes: UPDATE_DOCS=1 cargo test --workspace");
}

#[test]
fn scripts_of_the_repository_are_what_the_table_says() {
    for shell in Shell::ALL {
        check(&format!("shell/kubectl.{}", shell.extension()), &shell.kubectl(&Naming::default()));
    }
}

#[test]
fn every_name_is_in_every_script_under_its_prefix() {
    let naming = Naming { prefix: "my".to_owned(), taken: Taken::Kept };
    for shell in Shell::ALL {
        let text = shell.kubectl(&naming);
        for name in
            names::ALIASES.map(|alias| alias.name).into_iter().chain(names::FUNCTIONS.map(|function| function.name))
        {
            assert!(text.contains(&format!("my{name}")), "{shell:?}: {name}");
        }
        assert!(!text.contains('@') || !names::FUNCTIONS.iter().any(|f| text.contains(&format!("@{}@", f.name))));
        assert!(!text.contains("@words@"), "{shell:?}");
    }
}

#[test]
fn no_name_is_given_twice() {
    let names: Vec<&str> = names::ALIASES
        .map(|alias| alias.name)
        .into_iter()
        .chain(names::FUNCTIONS.map(|function| function.name))
        .collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn shells_are_known_by_the_names_of_their_programs() {
    let check = |name: &str, shell: Option<Shell>| assert_eq!(Shell::of_program(name), shell, "{name}");
    check("/usr/bin/zsh", Some(Shell::Zsh));
    check("-bash", Some(Shell::Bash));
    check("nu", Some(Shell::Nushell));
    check("pwsh.exe", Some(Shell::Powershell));
    check("make", None);
    check("rbash2", None);
}

#[test]
fn path_of_the_script_is_quoted_for_each_shell() {
    let path = "/home/o'neil/a \"b\"/streamflow";
    let check =
        |shell: Shell, quoted: &str| assert!(shell.reading_line(path).contains(quoted), "{}", shell.reading_line(path));
    check(Shell::Bash, r#"'/home/o'\''neil/a "b"/streamflow'"#);
    check(Shell::Fish, r#"'/home/o\'neil/a "b"/streamflow'"#);
    check(Shell::Elvish, r#"'/home/o''neil/a "b"/streamflow'"#);
    check(Shell::Nushell, r#""/home/o'neil/a \"b\"/streamflow""#);
}
