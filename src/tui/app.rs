//! Runs the dashboard: one thread that waits on one channel, changes the state, draws it, and does what the state wants done.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::action::{Action, Ending};
use super::event::{Event, Micros, Signal};
use super::history;
use super::input::{self, Keyboard};
use super::state::{Dirty, Setup, State};
use super::terminal::Screen;
use super::theme::{Ability, Theme};
use super::worker::{Connect, Worker};
use crate::client::Client;

/// Events that wait for the dashboard; beyond them the server's own buffers fill, and it tells of a gap.
const EVENTS_MAX: usize = 1_024;
/// Events that are taken up before the screen is drawn, so that a burst of them does not hold up a key.
const BURST_MAX: usize = 256;
/// Frames a second for what nobody waits for.
const FRAME: Duration = Duration::from_millis(66);
/// On a slow terminal frames come less often: this many times as long as the last one took to send.
const FRAME_SHARE: u32 = 6;

/// What the dashboard is run with.
pub struct Options {
    pub setup: Setup,
    pub client: Client,
    /// Finds the server again.
    pub connect: Connect,
    pub ability: Ability,
    /// Returns the time.
    pub now: fn() -> Micros,
    /// The user's editor.
    pub editor: Option<String>,
    /// Where exports go.
    pub folder: PathBuf,
    /// Where statements are kept from one session to the next.
    pub history: Option<PathBuf>,
    /// Where every event is written down, one a line, to be played again.
    pub record: Option<PathBuf>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// Shows the dashboard until the user leaves. `runtime` carries the questions and the live events.
///
/// # Errors
/// When the terminal can not be taken, or goes.
pub fn run(mut options: Options, runtime: &Runtime) -> io::Result<Ending> {
    let mut screen = Screen::take()?;
    options.setup.size = crossterm::terminal::size()?;
    options.setup.history = options.history.as_deref().map(history::read).unwrap_or_default();
    let (sender, receiver) = channel(EVENTS_MAX);
    runtime.block_on(async { watch_signals(&sender) })?;
    let typed = sender.clone();
    let keyboard = Arc::new(Keyboard::default());
    let ours = Arc::clone(&keyboard);
    crate::telemetry::task::thread("terminal", move || input::read(&ours, &typed))?;
    let record = options.record.as_ref().map(fs::File::create).transpose()?;
    let worker = Worker::new(options.client.clone(), Arc::clone(&options.connect), sender.clone());
    let (state, actions) = State::new(options.setup.clone(), (options.now)());
    let mut app = App { options, state, worker, sender, record, keyboard, runtime, drawn: None };
    if let Some(ending) = app.perform(actions, &mut screen)? {
        return Ok(ending);
    }
    app.go_on(receiver, &mut screen)
}

struct App<'a> {
    options: Options,
    state: State,
    worker: Worker,
    sender: Sender<Event>,
    record: Option<fs::File>,
    keyboard: Arc<Keyboard>,
    runtime: &'a Runtime,
    /// When the last frame was sent, and how long that took.
    drawn: Option<(Instant, Duration)>,
}

impl App<'_> {
    fn go_on(&mut self, mut events: Receiver<Event>, screen: &mut Screen) -> io::Result<Ending> {
        let mut dirty = self.state.take_dirty();
        loop {
            if self.is_time_to_draw(dirty) {
                self.draw(screen)?;
                dirty = Dirty::Clean;
            }
            let mut next = self.wait(&mut events, dirty);
            for _ in 0..BURST_MAX {
                let Some(event) = next.take() else { break };
                if let Some(ending) = self.take(event, screen)? {
                    return Ok(ending);
                }
                next = events.try_recv().ok();
            }
            if let Some(event) = next
                && let Some(ending) = self.take(event, screen)?
            {
                return Ok(ending);
            }
            dirty = dirty.max(self.state.take_dirty());
        }
    }

    /// Blocks until something comes, a frame is due, or the state wants to be woken. Without any of them, for ever.
    fn wait(&self, events: &mut Receiver<Event>, dirty: Dirty) -> Option<Event> {
        let frame = (dirty > Dirty::Clean).then(|| self.frame_due());
        let wake = self.state.wake_at().map(|at| {
            let micros = u64::try_from(at - (self.options.now)()).unwrap_or_default();
            Instant::now() + Duration::from_micros(micros)
        });
        let Some(deadline) = [frame, wake].into_iter().flatten().min() else {
            // The state holds a sender, so that the channel never ends.
            return self.runtime.block_on(events.recv());
        };
        let waited = self.runtime.block_on(async { tokio::time::timeout_at(deadline.into(), events.recv()).await });
        match waited {
            Ok(event) => event,
            Err(_) if wake.is_some_and(|wake| wake <= Instant::now()) => Some(Event::Wake),
            Err(_) => None,
        }
    }

    fn is_time_to_draw(&self, dirty: Dirty) -> bool {
        match dirty {
            Dirty::Clean => false,
            Dirty::Now => true,
            Dirty::Soon => self.frame_due() <= Instant::now(),
        }
    }

    fn frame_due(&self) -> Instant {
        match self.drawn {
            None => Instant::now(),
            Some((when, took)) => when + FRAME.max(took * FRAME_SHARE),
        }
    }

    fn draw(&mut self, screen: &mut Screen) -> io::Result<()> {
        let began = Instant::now();
        let theme = Theme::of(self.state.colours, self.options.ability);
        screen.draw(&self.state, &theme)?;
        self.drawn = Some((Instant::now(), began.elapsed()));
        Ok(())
    }

    fn take(&mut self, event: Event, screen: &mut Screen) -> io::Result<Option<Ending>> {
        let now = (self.options.now)();
        if let Some(record) = &mut self.record {
            let line = serde_json::json!({ "at": now, "what": event });
            writeln!(record, "{line}")?;
        }
        let actions = self.state.update(now, event);
        self.perform(actions, screen)
    }

    fn perform(&mut self, actions: Vec<Action>, screen: &mut Screen) -> io::Result<Option<Ending>> {
        let _entered = self.runtime.enter();
        for action in actions {
            match action {
                Action::Ask { ticket, question } => self.worker.ask(ticket, question),
                Action::GiveUp { ticket } => self.worker.give_up(ticket.slot),
                Action::Follow { filter } => self.worker.follow(filter),
                Action::Unfollow => self.worker.unfollow(),
                Action::Copy { text } => screen.copy(&text)?,
                Action::CaptureMouse { on } => screen.capture_mouse(on)?,
                Action::Repaint => screen.take_again()?,
                Action::Suspend => self.suspend(screen)?,
                Action::Quit { why } => return Ok(Some(why)),
                Action::Export { name, text } => self.note(export(&self.options.folder, &name, &text)),
                Action::SavePanel { path, text } => self.note(save(&path, &text)),
                Action::Remember { sql } => self.remember(&sql),
                Action::Edit { text, extension } => self.edit(&text, extension, screen)?,
            }
        }
        Ok(None)
    }

    fn remember(&self, sql: &str) {
        let Some(path) = &self.options.history else { return };
        if let Err(error) = history::append(path, sql) {
            self.note(Ok(format!("nothing is remembered: cannot write {}: {error}", path.display())));
        }
    }

    /// Tells the state how something went. The channel has room unless the dashboard is flooded, and then a note is little
    /// loss.
    fn note(&self, outcome: io::Result<String>) {
        let note = outcome.unwrap_or_else(|error| format!("that did not work: {error}"));
        self.sender.try_send(Event::Done { note }).unwrap_or_default();
    }

    /// Gives the terminal back and stops, with the whole job, until the shell wants it to go on.
    fn suspend(&self, screen: &mut Screen) -> io::Result<()> {
        screen.lend();
        // Raw mode takes the terminal's own ctrl-z away, so the job stops itself. Everything in the job stops, or a wrapper
        // around this program would go on waiting for it.
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
        screen.take_again()
    }

    /// Lets the user's editor change the text, and takes it back.
    fn edit(&self, text: &str, extension: &str, screen: &mut Screen) -> io::Result<()> {
        let Some(editor) = &self.options.editor else {
            self.note(Ok("set $EDITOR to the editor you like".to_owned()));
            return Ok(());
        };
        let path = std::env::temp_dir().join(format!("streamflow-{}.{extension}", std::process::id()));
        fs::write(&path, text)?;
        self.keyboard.lend();
        screen.lend();
        // $EDITOR may have arguments, so the shell takes it apart.
        let script = format!("{editor} \"$1\"");
        let ended = Command::new("sh").args(["-c", &script, "sh"]).arg(&path).status();
        screen.take_again()?;
        self.keyboard.take_back();
        let edited = fs::read_to_string(&path);
        fs::remove_file(&path).unwrap_or_default();
        match (ended, edited) {
            (Ok(status), Ok(text)) if status.success() => {
                self.sender.try_send(Event::Edited { text }).unwrap_or_default();
            }
            _ => self.note(Ok(format!("{editor} left nothing behind"))),
        }
        Ok(())
    }
}

/// Writes a file, and returns what to tell.
fn export(folder: &Path, name: &str, text: &str) -> io::Result<String> {
    Ok(format!("wrote {}", write_new(folder, name, text)?))
}

/// Writes a file that is not there yet, and returns what it is called.
fn write_new(folder: &Path, name: &str, text: &str) -> io::Result<String> {
    const NAMES_MAX: u32 = 1_000;
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for number in 1..=NAMES_MAX {
        let name = if number == 1 { format!("{stem}.{extension}") } else { format!("{stem}-{number}.{extension}") };
        match fs::File::create_new(folder.join(&name)) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(name);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("there are a thousand of these files already"))
}

fn save(path: &Path, text: &str) -> io::Result<String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let (folder, name) = (path.parent().unwrap_or(path), path.file_name().unwrap_or_default());
    let name = write_new(folder, &name.to_string_lossy(), text)?;
    // The project is the one that is looked at; a line has no room for all of the path.
    let folder = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("pinned to the overview; kept in {folder}/{name}"))
}

/// Turns signals into events.
fn watch_signals(events: &Sender<Event>) -> io::Result<()> {
    let kinds = [
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::hangup(), Signal::Hangup),
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::quit(), Signal::Quit),
        (SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()), Signal::Stop),
        (SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), Signal::Continue),
    ];
    for (kind, meaning) in kinds {
        let mut signals = signal(kind)?;
        let events = events.clone();
        let watching = async move {
            while signals.recv().await.is_some() {
                if events.send(Event::Signal { signal: meaning }).await.is_err() {
                    return;
                }
            }
        };
        crate::telemetry::task::spawn("signal", watching);
    }
    let mut sizes = signal(SignalKind::window_change())?;
    let events = events.clone();
    let watching = async move {
        while sizes.recv().await.is_some() {
            let Ok((width, height)) = crossterm::terminal::size() else { continue };
            if events.send(Event::Resize { width, height }).await.is_err() {
                return;
            }
        }
    };
    crate::telemetry::task::spawn("size", watching);
    Ok(())
}
