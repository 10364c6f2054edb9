//! Writes everything the program says: data to stdout, talk to stderr. No other module writes to either.
//!
//! Only decoration (colour, cutting to the terminal's width, progress) differs between a terminal and a pipe.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use parking_lot::Mutex;
use serde_json::{Map, Value};

mod annotation;
mod cell;
mod document;
mod exit;
mod failure;
mod fit;
mod jq;
mod listing;
mod options;
mod progress;
mod rows;
mod stream;
mod table;
mod template;

pub use exit::ExitStatus;
pub use failure::{CommandError, Place};
pub use listing::{Column, Field, Form, Kind, Listing, Shape, first_rows_note};
pub use options::{Color, Format, OutputArgs};
pub use progress::Progress;
pub use stream::Stream;

/// What prose on a terminal may be painted with. Colour adds to the words, it never replaces them.
pub mod paint {
    use super::{AnsiColor, Style};

    pub const HEADING: Style = Style::new().bold();
    pub const GOOD: Style = AnsiColor::Green.on_default();
    pub const WARNING: Style = AnsiColor::Yellow.on_default();
    pub const BAD: Style = AnsiColor::Red.on_default().bold();
    pub const ACCENT: Style = AnsiColor::Cyan.on_default();
    pub const FAINT: Style = Style::new().dimmed();
}

/// Puts a style around words. The printer takes it away again where colour is not wanted.
#[must_use]
pub fn painted(style: Style, words: impl Display) -> String {
    format!("{style}{words}{style:#}")
}

/// The two streams and how the user wants data to look.
#[derive(Debug)]
pub struct Printer {
    out: Sink,
    err: Sink,
    options: OutputArgs,
}

/// One stream: where it goes and what it can show.
struct Sink {
    to: Mutex<Box<dyn Write + Send>>,
    colour: bool,
    /// Columns of the terminal; none for a pipe or a file.
    width: Option<usize>,
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").field("colour", &self.colour).field("width", &self.width).finish_non_exhaustive()
    }
}

impl Sink {
    fn write(&self, text: &str) -> io::Result<()> {
        let mut to = self.to.lock();
        if self.colour {
            to.write_all(text.as_bytes())?;
        } else {
            write!(to, "{}", anstream::adapter::strip_str(text))?;
        }
        to.flush()
    }
}

impl Printer {
    /// Returns a printer on the process's own streams.
    #[must_use]
    pub fn new(options: OutputArgs) -> Self {
        let choice = options.color.choice();
        let (out, err) = (io::stdout(), io::stderr());
        let out_width = out.is_terminal().then(|| terminal_width(&out)).flatten();
        let err_width = err.is_terminal().then(|| terminal_width(&err)).flatten();
        let shows = |auto: ColorChoice| choice.unwrap_or(auto) != ColorChoice::Never;
        Self {
            out: Sink { colour: shows(AutoStream::choice(&out)), to: Mutex::new(Box::new(out)), width: out_width },
            err: Sink { colour: shows(AutoStream::choice(&err)), to: Mutex::new(Box::new(err)), width: err_width },
            options,
        }
    }

    /// Returns how data is wanted.
    #[must_use]
    pub const fn options(&self) -> &OutputArgs {
        &self.options
    }

    /// Returns the form that `-o` asks for.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.options.output
    }

    /// Returns whether no form of data was asked for, so that a command may answer in words.
    #[must_use]
    pub fn wants_words(&self) -> bool {
        self.format() == Format::Table && self.options.is_plain()
    }

    /// Returns the number of rows that `--limit` asks for, so that a command need not fetch more.
    #[must_use]
    pub const fn limit(&self) -> Option<usize> {
        self.options.limit
    }

    /// Returns the columns of the terminal that data goes to; none when it goes elsewhere.
    #[must_use]
    pub const fn width(&self) -> Option<usize> {
        self.out.width
    }

    /// Returns whether a person reads both streams, so that asking makes sense.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.err.width.is_some() && io::stdin().is_terminal()
    }

    /// Prints rows in the form that the user asked for.
    ///
    /// # Errors
    /// When a field of `--fields` does not exist, `--jq` or `--template` fails, or stdout does.
    pub fn listing(&self, listing: &Listing) -> Result<(), CommandError> {
        if self.options.asks_for_field_names() {
            return self.field_names(listing.columns.iter().map(|column| column.name.as_str()));
        }
        let mut shown = listing.clone();
        shown.limit(self.options.limit);
        shown.select(&self.options.field_list())?;
        if shown.truncated {
            self.talk(format_args!("{}", listing.truncation_note(shown.rows.len())));
        }
        let (shown, hidden) = match self.out.width.filter(|_| self.wants_words()) {
            Some(width) => fit::fitted(&shown, width),
            None => (shown, 0),
        };
        self.text(&self.listing_text(&shown)?)?;
        if hidden > 0 {
            self.talk(fit::note(hidden));
        }
        Ok(())
    }

    /// Returns rows as a table, as wide as it needs to be, for somebody who shows parts of it.
    #[must_use]
    pub fn whole_table(&self, listing: &Listing) -> String {
        table::render(listing, self.options.header(), None)
    }

    /// Returns whether what is said to the person at the terminal may have colour.
    #[must_use]
    pub const fn paints_talk(&self) -> bool {
        self.err.colour
    }

    /// Prints one object, such as the state of a server. Its fields are printed as name and value unless a form was asked.
    ///
    /// # Errors
    /// As [`Printer::listing`].
    pub fn record(&self, name: &str, object: &Map<String, Value>) -> Result<(), CommandError> {
        if self.options.asks_for_field_names() {
            return self.field_names(object.keys().map(String::as_str));
        }
        let mut listing = Listing::of_object(name, object);
        listing.select(&self.options.field_list())?;
        let object = listing.objects().next().unwrap_or_default();
        let text = match (&self.options.jq, self.options.template.as_deref(), self.format()) {
            (Some(program), _, _) => jq::run(program, &document::tagged(name, object))?,
            (None, None, Format::Table) => rows::vertical(&listing, rows::Separator::None),
            (None, None, Format::Json) => document::pretty(&document::tagged(name, object)),
            (None, None, Format::Yaml) => document::yaml(&document::tagged(name, object))?,
            _ => self.listing_text(&listing)?,
        };
        self.text(&text)
    }

    /// Starts a listing whose rows come one by one; each is flushed as it is printed. When only the names of fields are
    /// asked for, they are printed and the stream is full.
    ///
    /// # Errors
    /// When stdout fails.
    pub fn stream(&self, name: &str, columns: Vec<Column>) -> Result<Stream<'_>, CommandError> {
        if self.options.asks_for_field_names() {
            self.field_names(columns.iter().map(|column| column.name.as_str()))?;
            return Ok(Stream::full(self, name, columns));
        }
        Ok(Stream::new(self, name, columns))
    }

    /// Prints text that is the answer itself, such as a topic of help. Colour is removed where it is not wanted.
    ///
    /// # Errors
    /// When stdout fails; a reader who left is [`CommandError::closed_pipe`], which is success.
    pub fn text(&self, text: &str) -> Result<(), CommandError> {
        self.out.write(text).map_err(CommandError::from)
    }

    /// Prints one line that is the answer itself. `-o` does not change it.
    ///
    /// # Errors
    /// As [`Printer::text`].
    pub fn line(&self, line: impl Display) -> Result<(), CommandError> {
        self.text(&format!("{line}\n"))
    }

    /// Prints bytes as they are: Parquet, Arrow, a file's content.
    ///
    /// # Errors
    /// As [`Printer::text`].
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut to = self.out.to.lock();
        to.write_all(bytes).and_then(|()| to.flush()).map_err(CommandError::from)
    }

    /// Says something to the person at the terminal. It is not data; `--quiet` silences it.
    pub fn talk(&self, words: impl Display) {
        if !self.options.quiet {
            self.insist(words);
        }
    }

    /// Says what must be said even with `--quiet`.
    pub fn insist(&self, words: impl Display) {
        // Nobody is left to be told that stderr is gone.
        self.err.write(&format!("{words}\n")).unwrap_or_default();
    }

    /// Says why the command failed.
    pub fn fail(&self, error: &CommandError) {
        if !error.is_silent() {
            self.insist(error.rendered());
        }
    }

    /// Says why the command failed once more, for a runner that makes an annotation of it.
    pub fn annotate_failure(&self, error: &CommandError) {
        if !error.is_silent() {
            self.insist(annotation::of_failure(error));
        }
    }

    /// Says what a check found, for a runner that makes an annotation of it.
    pub fn annotate(&self, title: &str, place: Option<&Place>, text: &str) {
        self.insist(annotation::line(title, place, text));
    }

    /// Starts a progress display on stderr. `total` unknown: a counter. Nothing shows unless stderr is a terminal.
    #[must_use]
    pub fn progress(&self, label: &str, total: Option<u64>) -> Progress {
        let visible = self.err.width.is_some() && self.err.colour && !self.options.quiet;
        if visible { Progress::shown(label, total) } else { Progress::hidden() }
    }

    fn field_names<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<(), CommandError> {
        let mut text = String::new();
        for name in names {
            // Writing to a string cannot fail.
            writeln!(text, "{name}").unwrap_or_default();
        }
        self.text(&text)
    }

    fn listing_text(&self, listing: &Listing) -> Result<String, CommandError> {
        if let Some(program) = &self.options.jq {
            return jq::run(program, &document::of_listing(listing));
        }
        if let Some(source) = &self.options.template {
            return template::Template::parse(source)?.render_all(listing.objects());
        }
        let header = self.options.header();
        Ok(match self.format() {
            Format::Table => table::render(listing, header, self.out.width),
            Format::Json => document::pretty(&document::of_listing(listing)),
            Format::Ndjson => document::ndjson(listing),
            Format::Yaml => document::yaml(&document::of_listing(listing))?,
            Format::Csv => rows::csv(listing, header)?,
            Format::Tsv => rows::tsv(listing, header),
            Format::Markdown => rows::markdown(listing, header),
            Format::Vertical => rows::vertical(listing, rows::Separator::Numbered),
            Format::None => String::new(),
            Format::Parquet => return Err(CommandError::parquet_only_for_queries()),
        })
    }
}

fn terminal_width(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    // A terminal that does not know its width (a serial line) says 0.
    Some(if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
}

#[cfg(test)]
mod tests;
