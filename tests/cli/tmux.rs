//! The dashboard in a pane of tmux: a real terminal emulator between it and the screen, that people leave and come back to.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::program::{Ended, PROGRAM, Place};
use crate::screen::Screen;
use crate::server::Server;
use crate::tool;

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// A tmux of its own with one pane, in which a shell runs.
struct Tmux {
    program: PathBuf,
    place: Arc<Place>,
}

impl Tmux {
    /// Starts it; nothing where tmux is not installed.
    fn start(place: &Arc<Place>, test: &str) -> Option<Self> {
        let tmux = Self { program: tool::find("tmux", test)?, place: Arc::clone(place) };
        let shell = "exec bash --norc --noprofile -i";
        tmux.run(&["-f", "/dev/null", "new-session", "-d", "-s", "pane", "-x", "100", "-y", "30", shell]);
        // The pane stays as large as it is told, whoever looks at it.
        tmux.run(&["set-option", "-g", "window-size", "manual"]);
        tmux.type_keys(&["PS1='READY> '", "Enter"]);
        tmux.shows("READY>");
        Some(tmux)
    }

    fn socket(&self) -> String {
        self.place.home().join("tmux").display().to_string()
    }

    fn run(&self, args: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(["-u", "-S", &self.socket()]).args(args).current_dir(self.place.dir()).env_clear();
        command.env("HOME", self.place.home()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LANG", "C.UTF-8").env("TERM", "xterm-256color").env("TMPDIR", self.place.home());
        command.env("PROGRAM", PROGRAM);
        Ended::of(&command.output().unwrap()).exits(0).out
    }

    /// Types keys by the names that tmux has for them.
    fn type_keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys", "-t", "pane"], keys].concat());
    }

    fn resize(&self, columns: u16, lines: u16) {
        self.run(&["resize-window", "-t", "pane", "-x", &columns.to_string(), "-y", &lines.to_string()]);
    }

    /// Returns what the pane shows.
    fn text(&self) -> String {
        self.run(&["capture-pane", "-p", "-t", "pane"])
    }

    /// Returns what tmux knows about the pane: `alternate_on`, `cursor_flag`, `mouse_any_flag` and others.
    fn says(&self, variable: &str) -> String {
        self.run(&["display-message", "-p", "-t", "pane", &format!("#{{{variable}}}")]).trim().to_owned()
    }

    #[track_caller]
    fn until(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if is_there(&text) {
                return text;
            }
            assert!(Instant::now() < deadline, "the pane never shows {what}:\n{text}");
            std::thread::sleep(LOOK);
        }
    }

    #[track_caller]
    fn shows(&self, words: &str) -> String {
        self.until(&format!("{words:?}"), |text| text.contains(words))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // With it ends what runs in it.
        let mut command = Command::new(&self.program);
        drop(command.args(["-S", &self.socket(), "kill-server"]).env_clear().output());
    }
}

#[test]
fn dashboard_lives_in_a_pane_that_is_resized_left_and_come_back_to() {
    let place = Place::new();
    place.write("config.yaml", "");
    let server = Server::start_in(place, &[]);
    server.run(&["send", "--generate", "2000", "--over", "10m"]).exits(0);
    let Some(tmux) = Tmux::start(&server.place, "dashboard_lives_in_a_pane_that_is_resized_left_and_come_back_to")
    else {
        return;
    };
    tmux.type_keys(&["$PROGRAM tui", "Enter"]);
    tmux.shows("web.pageview");
    assert_eq!([tmux.says("alternate_on"), tmux.says("cursor_flag")], ["1", "0"]);

    // Keys, as the pane sends them on: letters, function keys, escape by itself.
    tmux.type_keys(&["3"]);
    tmux.shows("data.page");
    tmux.type_keys(&["?"]);
    tmux.shows("esc closes");
    tmux.type_keys(&["Escape"]);
    tmux.until("the explorer", |text| !text.contains("esc closes") && text.contains("Fields"));
    tmux.type_keys(&["BTab"]);
    tmux.shows("Following");
    tmux.type_keys(&["M"]);
    tmux.until("the mouse taken", |_| tmux.says("mouse_any_flag") == "1");

    // Sizes: everything is laid out anew, and nothing of before is left.
    tmux.type_keys(&["1"]);
    tmux.shows("Latency");
    tmux.resize(60, 18);
    tmux.until("the small layout", |text| text.contains("Events by type") && !text.contains("Latency"));
    tmux.resize(130, 45);
    tmux.until("the large layout", |text| {
        text.contains("Devices") && text.lines().any(|line| line.chars().count() > 120)
    });

    // Somebody attaches, sees it, and leaves; it goes on.
    let socket = tmux.socket();
    for _ in 0..2 {
        let attach = ["-u", "-S", &socket, "attach-session", "-t", "pane"];
        let mut screen = Screen::of(&server.place, (130, 46), &tmux.program, &attach);
        screen.shows("Events by type");
        screen.press("\x02d");
        assert_eq!(screen.ends(), 0);
        assert_eq!(tmux.says("pane_current_command"), "streamflow");
    }
    server.run(&["send", "till.opened", "-d", "page=/counter"]).exits(0);
    tmux.type_keys(&["2"]);
    tmux.shows("till.opened");

    // The pane is what it was.
    tmux.type_keys(&["q"]);
    tmux.until("the shell", |text| text.contains("READY>") && !text.contains("Following"));
    tmux.type_keys(&["echo code:$?", "Enter"]);
    tmux.shows("code:0");
    let flags = ["alternate_on", "cursor_flag", "mouse_any_flag"].map(|flag| tmux.says(flag));
    assert_eq!(flags, ["0", "1", "0"]);
    tmux.type_keys(&[
        "stty -a | tr ' ;' '\\n\\n' | grep -c -e '^echo$' -e '^icanon$' -e '^isig$' | sed 's/^/modes:/'",
        "Enter",
    ]);
    tmux.shows("modes:3");
}
