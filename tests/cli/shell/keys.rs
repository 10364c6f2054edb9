//! TAB in real shells on a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::{Home, in_each_shell};
use crate::door::Door;
use crate::screen::Screen;
use crate::server::Server;
use crate::tool;

const PROMPT: &str = "ready> ";

/// Opens a shell of a new home after `setup-completion`, and waits for its prompt.
fn open(home: &Home, name: &str, shell: &Path, dir: &Path) -> Screen {
    let (rc, prompt) = match name {
        "bash" => (".bashrc", format!("PS1='{PROMPT}'\n")),
        "zsh" => (".zshrc", format!("PS1='{PROMPT}'\n")),
        _ => (
            ".config/fish/config.fish",
            format!("function fish_prompt; echo '{PROMPT}'; end\nfunction fish_greeting; end\n"),
        ),
    };
    fs::create_dir_all(home.path(rc).parent().unwrap()).unwrap();
    fs::write(home.path(rc), prompt).unwrap();
    home.setup(&["--shell", name]).exits(0);
    let terminal = Screen::answering(shell, &["-i"], dir, &home.variables());
    terminal.shows(PROMPT.trim());
    terminal
}

/// Types a line's beginning and TAB, and waits for what it becomes; then empties the line.
#[track_caller]
fn completes(terminal: &mut Screen, typed: &str, becomes: &str) {
    let mut presses = 0;
    terminal.press(typed);
    // A first answer may be too late for its TAB; bash lists at the second one.
    loop {
        terminal.press("\t");
        if terminal.shows_within(becomes, Duration::from_secs(3)) {
            break;
        }
        presses += 1;
        assert!(presses < 12, "{typed:?} becomes no {becomes:?}:\n{}", terminal.text());
    }
    // To the end, and everything before it away; the screen is cleared for the next one.
    terminal.press("\x05\x15\x0c");
    terminal.until("an empty line", |text| !text.contains(becomes) && text.trim_end().ends_with(PROMPT.trim()));
}

#[test]
fn tab_completes_kubectl_its_aliases_and_this_program() {
    in_each_shell("tab_completes_kubectl_its_aliases_and_this_program", |name, shell| {
        let home = Home::new();
        let mut terminal = open(&home, name, shell, &home.place.dir());
        completes(&mut terminal, "k desc", "k describe");
        completes(&mut terminal, "kgp --all-n", "kgp --all-namespaces");
        completes(&mut terminal, "k get pod", "podtemplates");
        completes(&mut terminal, "kgp -n sh", "kgp -n shop");
        completes(&mut terminal, "kns sh", "kns shop");
        completes(&mut terminal, "kctx pr", "kctx prod");
        completes(&mut terminal, "streamflow que", "streamflow query");
        completes(&mut terminal, "streamflow help exit-c", "streamflow help exit-codes");
        let asked = home.asked();
        let wanted = "[__complete][--request-timeout=2s][get][pods][--all-n]";
        assert!(asked.iter().any(|call| call == wanted), "{name}: {asked:#?}");
        // All names of ours that begin so.
        terminal.press("ksf\t\t");
        terminal.until("ksf-pods and ksfm", |text| text.contains("ksf-pods") && text.contains("ksfm"));
    });
}

#[test]
fn tab_completes_with_the_real_kubectl() {
    const TEST: &str = "tab_completes_with_the_real_kubectl";
    let Some(kubectl) = tool::find("kubectl", TEST) else { return };
    in_each_shell(TEST, |name, shell| {
        let home = Home::new();
        home.put_kubectl(&format!("#!/bin/sh\nexec {} \"$@\"\n", kubectl.display()));
        let mut terminal = open(&home, name, shell, &home.place.dir());
        completes(&mut terminal, "k desc", "k describe");
        completes(&mut terminal, "kgp --all-n", "kgp --all-namespaces");
    });
}

#[test]
fn tab_completes_beside_the_package_of_completions() {
    const TEST: &str = "tab_completes_beside_the_package_of_completions";
    let Some(bash) = tool::find("bash", TEST) else { return };
    let Some(package) = tool::file("/usr/share/bash-completion/bash_completion", TEST) else { return };
    let home = Home::new();
    home.setup(&["--shell", "bash"]).exits(0);
    let block = fs::read_to_string(home.path(".bashrc")).unwrap();
    for rc in [format!(". {0}\n{block}", package.display()), format!("{block}. {0}\n", package.display())] {
        fs::write(home.path(".bashrc"), format!("PS1='{PROMPT}'\n{rc}")).unwrap();
        let mut terminal = Screen::answering(&bash, &["-i"], &home.place.dir(), &home.variables());
        terminal.shows(PROMPT.trim());
        completes(&mut terminal, "kgp --all-n", "kgp --all-namespaces");
        completes(&mut terminal, "kubectl desc", "kubectl describe");
        completes(&mut terminal, "streamflow que", "streamflow query");
    }
}

#[test]
fn tab_completes_what_the_server_knows_and_knew() {
    in_each_shell("tab_completes_what_the_server_knows_and_knew", |name, shell| {
        let home = Home::new();
        let server = Server::start();
        server.run(&["send", "checkout.paid", "-d", "page=/", "--source", "warehouse"]).exits(0);
        home.place.run(&["context", "add", "production", "--url", server.url("gateway")]).exits(0);
        home.place.run(&["context", "use", "production"]).exits(0);
        let mut terminal = open(&home, name, shell, &home.place.dir());
        completes(&mut terminal, "streamflow funnel chec", "streamflow funnel checkout.paid");
        completes(&mut terminal, "streamflow send x --source ware", "--source warehouse");
        completes(&mut terminal, "streamflow trends --by data.p", "--by data.page");
        completes(&mut terminal, "streamflow context show prod", "context show production");
        // What was known is offered when the server is gone.
        drop(server);
        completes(&mut terminal, "streamflow funnel chec", "streamflow funnel checkout.paid");
    });
}

/// Returns the answers that are kept for the time when a server is away.
fn kept(home: &Home) -> Vec<String> {
    let servers = fs::read_dir(home.path(".cache/streamflow/completion")).into_iter().flatten().map(Result::unwrap);
    let files = servers.flat_map(|server| fs::read_dir(server.path()).unwrap().map(Result::unwrap));
    files.map(|file| file.file_name().into_string().unwrap()).collect()
}

/// Types and presses TAB once, and returns when the shell takes the next line.
fn late_tab(terminal: &mut Screen, typed: &str) {
    terminal.press(&format!("{typed}\t"));
    terminal.press("\x05\x15echo go''es on\r");
    terminal.shows("goes on");
    terminal.press("\x0c");
    terminal.until("an empty line", |text| !text.contains("goes on") && text.trim_end().ends_with(PROMPT.trim()));
}

#[test]
fn tab_does_not_wait_for_a_slow_server_and_the_next_one_has_its_answer() {
    in_each_shell("tab_does_not_wait_for_a_slow_server_and_the_next_one_has_its_answer", |name, shell| {
        let home = Home::new();
        let server = Server::start();
        server.run(&["send", "checkout.paid", "-d", "page=/", "--source", "warehouse"]).exits(0);
        let door = Door::before(server.address("gateway"));
        home.place.run(&["context", "add", "production", "--url", &door.url()]).exits(0);
        home.place.run(&["context", "use", "production"]).exits(0);
        let mut terminal = open(&home, name, shell, &home.place.dir());
        // The server says nothing; the shell takes the next line all the same, and nothing is known.
        late_tab(&mut terminal, "streamflow funnel chec");
        assert!(!kept(&home).contains(&"types.json".to_owned()), "{name}: {:?}", kept(&home));
        // Somebody asks on who keeps nobody waiting, and keeps the answer for the next TAB.
        door.open();
        terminal.until("the late answer", |_| kept(&home) == ["types.json"]);
        door.close();
        completes(&mut terminal, "streamflow funnel chec", "streamflow funnel checkout.paid");
    });
}

#[test]
fn slow_server_is_asked_on_by_one_process_at_a_time() {
    let home = Home::new();
    let server = Server::start();
    server.run(&["send", "checkout.paid", "-d", "page=/"]).exits(0);
    let door = Door::before(server.address("gateway"));
    // As fish asks: the words, the last of them unfinished.
    let ask = || {
        let mut call = home.place.command(&["--", "streamflow", "--server", &door.url(), "funnel", "chec"]);
        let output = call.env("COMPLETE", "fish").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for _ in 0..4 {
        assert!(!ask().contains("checkout.paid"));
    }
    door.open();
    home.place.until(|| kept(&home) == ["types.json"]);
    // Each of the four asked once, and behind them one asked on.
    assert_eq!(door.came(), 5);
    assert_eq!(ask(), "checkout.paid\t1 event\n");
}

#[test]
fn tab_waits_for_nothing_that_holds_up_a_context() {
    let home = Home::new();
    // The kubeconfig's plugin hangs for far longer than the test waits.
    let plugin = home.path("plugin");
    fs::write(&plugin, "#!/bin/sh\necho $$ >>\"$HOME/pids\"\nexec sleep 600\n").unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "Never",
        }}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    fs::create_dir(home.path(".kube")).unwrap();
    fs::write(home.path(".kube/config"), kubeconfig.to_string()).unwrap();
    home.place.run(&["context", "add", "live", "--service", "streamflow", "--namespace", "default"]).exits(0);
    let mut call = home.place.command(&["--", "streamflow", "--context", "live", "funnel", "chec"]);
    let mut child = call.env("COMPLETE", "fish").stdout(Stdio::null()).spawn().unwrap();
    home.place.until(|| child.try_wait().unwrap().is_some());
    // It hangs where nobody waits for it, and cannot ask at the terminal.
    home.place.until(|| fs::read_to_string(home.path("pids")).is_ok_and(|pids| pids.ends_with('\n')));
    for pid in fs::read_to_string(home.path("pids")).unwrap().lines() {
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        // It was still there, so that the answer did not come by its end.
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

#[test]
fn zsh_starts_no_second_completion_system() {
    let Some(zsh) = tool::find("zsh", "zsh_starts_no_second_completion_system") else { return };
    for own in ["autoload -Uz compinit && compinit\n", ""] {
        let home = Home::new();
        home.setup(&["--shell", "zsh"]).exits(0);
        let block = fs::read_to_string(home.path(".zshrc")).unwrap();
        // Before the block or behind it: the user's own is the only one.
        for rc in [format!("{own}{block}"), format!("{block}{own}")] {
            let count = "functions -c compinit own_compinit 2>/dev/null\n";
            let prompt = format!("PS1='{PROMPT}'\n");
            fs::write(home.path(".zshrc"), format!("{prompt}{rc}{count}")).unwrap();
            let mut terminal = Screen::answering(&zsh, &["-i"], &home.place.dir(), &home.variables());
            terminal.shows(PROMPT.trim());
            if !own.is_empty() {
                terminal.press("compinit() { print SECOND }\r");
            }
            completes(&mut terminal, "kgp --all-n", "kgp --all-namespaces");
            assert!(!terminal.text().contains("SECOND"));
        }
    }
}

#[test]
fn cluster_that_hangs_does_not_hang_tab() {
    in_each_shell("cluster_that_hangs_does_not_hang_tab", |name, shell| {
        let home = Home::new();
        // Far longer than the test waits.
        home.put_kubectl("#!/bin/sh\nexec sleep 600\n");
        let mut terminal = open(&home, name, shell, &home.place.dir());
        // The only file is no name of a namespace.
        home.place.write("some-file", "");
        terminal.press("kgp -n \t");
        terminal.press("\x01echo al''ive \r");
        let text = terminal.shows("alive kgp -n");
        assert!(!text.contains("some-file"), "{name}: {text}");
    });
}
