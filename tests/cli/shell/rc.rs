//! What `setup-completion` does to a shell's configuration, and that it can be undone to the byte.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::Home;

const RC: &str = ".bashrc";
const SCRIPT: &str = ".local/share/streamflow/shell/streamflow.bash";

/// Returns the files of a folder and what is below it, but for what tests put there.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

#[test]
fn second_run_changes_no_byte_and_uninstall_gives_the_first_ones_back() {
    for before in ["", "alias a=b\n", "alias a=b", "a\r\nb\r\n", "a\r\nb", "\n\n", "ä\n# >>> other >>>\n"] {
        let home = Home::new();
        let rc = home.path(RC);
        fs::write(&rc, before).unwrap();
        fs::set_permissions(&rc, fs::Permissions::from_mode(0o640)).unwrap();
        let untouched = files(&home.place.home());
        home.setup(&["--shell", "bash"]).exits(0);
        let once = fs::read(&rc).unwrap();
        assert_ne!(once, before.as_bytes());
        assert!(String::from_utf8_lossy(&once).contains(SCRIPT));
        assert_eq!(fs::metadata(&rc).unwrap().mode() & 0o7777, 0o640);
        let written = fs::metadata(&rc).unwrap().modified().unwrap();
        let again = home.setup(&["--shell", "bash", "-o", "json"]).exits(0).json();
        assert!(again["rows"].as_array().unwrap().iter().all(|row| row["change"] == "unchanged"), "{again}");
        assert_eq!(fs::read(&rc).unwrap(), once);
        assert_eq!(fs::metadata(&rc).unwrap().modified().unwrap(), written, "it was written again");
        home.setup(&["--shell", "bash", "--uninstall"]).exits(0);
        assert_eq!(fs::read_to_string(&rc).unwrap(), before);
        assert_eq!(fs::metadata(&rc).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(files(&home.place.home()), untouched, "something is left");
    }
}

#[test]
fn file_that_was_not_there_is_not_there_afterwards() {
    for (shell, rc) in [
        ("bash", ".bashrc"),
        ("zsh", ".zshrc"),
        ("fish", ".config/fish/config.fish"),
        ("elvish", ".config/elvish/rc.elv"),
    ] {
        let home = Home::new();
        home.setup(&["--shell", shell]).exits(0);
        assert!(home.path(rc).is_file(), "{rc}");
        home.setup(&["--shell", shell, "--uninstall"]).exits(0);
        assert!(!home.path(rc).exists(), "{rc}");
        // A second time there is nothing to do.
        home.setup(&["--shell", shell, "--uninstall"]).exits(0);
    }
}

#[test]
fn block_is_replaced_where_it_is_and_what_came_behind_it_stays() {
    let home = Home::new();
    let rc = home.path(RC);
    fs::write(&rc, "before\n").unwrap();
    home.setup(&["--shell", "bash"]).exits(0);
    let old = fs::read_to_string(&rc).unwrap().replace(SCRIPT, "old/place") + "behind\n";
    fs::write(&rc, &old).unwrap();
    home.setup(&["--shell", "bash"]).exits(0);
    let new = fs::read_to_string(&rc).unwrap();
    assert_eq!(new, old.replace("old/place", SCRIPT));
    home.setup(&["--shell", "bash", "--uninstall"]).exits(0);
    assert_eq!(fs::read_to_string(&rc).unwrap(), "before\nbehind\n");
    // What differs from what is left is kept.
    assert_eq!(fs::read_to_string(home.path(".local/share/streamflow/shell/bash.before")).unwrap(), "before\n");
}

#[test]
fn symbolic_link_stays_and_its_file_is_written() {
    let home = Home::new();
    fs::create_dir(home.path("dotfiles")).unwrap();
    let real = home.path("dotfiles/bashrc");
    fs::write(&real, "x\n").unwrap();
    symlink("dotfiles/bashrc", home.path(RC)).unwrap();
    home.setup(&["--shell", "bash"]).exits(0);
    assert_eq!(fs::read_link(home.path(RC)).unwrap(), Path::new("dotfiles/bashrc"));
    assert!(fs::read_to_string(&real).unwrap().contains(SCRIPT));
    home.setup(&["--shell", "bash", "--uninstall"]).exits(0);
    assert_eq!(fs::read_to_string(&real).unwrap(), "x\n");
    assert!(home.path(RC).is_symlink());
}

#[test]
fn read_only_file_is_left_alone() {
    let home = Home::new();
    let rc = home.path(RC);
    fs::write(&rc, "x\n").unwrap();
    fs::set_permissions(&rc, fs::Permissions::from_mode(0o444)).unwrap();
    home.setup(&["--shell", "bash"]).exits(2).says("is read-only").says("--print");
    assert_eq!(fs::read_to_string(&rc).unwrap(), "x\n");
    assert!(!home.path(SCRIPT).exists(), "half of it was done");
}

#[test]
fn half_a_block_is_not_guessed_at() {
    let home = Home::new();
    let text = "a\n# >>> streamflow >>>\nb\n";
    fs::write(home.path(RC), text).unwrap();
    for args in [&["--shell", "bash"] as &[&str], &["--shell", "bash", "--uninstall"]] {
        home.setup(args).exits(2).says("the block that begins in line 2 has no end");
    }
    assert_eq!(fs::read_to_string(home.path(RC)).unwrap(), text);
}

#[test]
fn dry_run_and_print_change_nothing() {
    let home = Home::new();
    let before = files(&home.place.home());
    let planned = home.setup(&["--shell", "bash", "--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!(planned["rows"][0]["change"], "created");
    let printed = home.setup(&["--shell", "bash", "--print"]).exits(0).out;
    assert_eq!(files(&home.place.home()), before);
    home.setup(&["--shell", "bash", "--rc", "mine"]).exits(0);
    assert_eq!(fs::read_to_string(home.path(SCRIPT)).unwrap(), printed);
    assert!(home.place.dir().join("mine").is_file());
    assert!(!home.path(RC).exists());
    let alone = home.setup(&["--shell", "bash", "--print", "--no-aliases"]).exits(0).out;
    assert!(!alone.contains("kubectl"), "{alone}");
    home.setup(&["--shell", "bash", "--print", "--prefix", "a b"]).exits(2).says("use letters");
}

#[test]
fn shell_is_found_and_it_is_said_how() {
    let home = Home::new();
    let call = |script: &str| home.sh(Path::new("/bin/sh"), &[], script);
    call("SHELL=/usr/bin/zsh streamflow setup-completion --dry-run; :")
        .says("shell: zsh (from $SHELL; the parent process is sh)");
    call("SHELL=/bin/nonsense streamflow setup-completion --dry-run && exit 9; :")
        .says("$SHELL is /bin/nonsense")
        .says("--shell");
    if let Some(bash) = crate::tool::find("bash", "shell_is_found_and_it_is_said_how") {
        home.sh(&bash, &[], "SHELL=/bin/zsh streamflow setup-completion --dry-run; :")
            .says("shell: bash (the parent process)");
    }
}
