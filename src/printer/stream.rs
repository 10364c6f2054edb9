//! Rows that come one by one, as from `tail`: each is printed and flushed at once.
//!
//! As JSON they are one document, a line a row, whose end is printed when the stream ends, however it does.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::options::{Format, Header};
use super::{Column, CommandError, Listing, Printer, document, jq, listing, rows, template};

/// A listing under way.
#[derive(Debug)]
pub struct Stream<'printer> {
    printer: &'printer Printer,
    name: String,
    columns: Vec<Column>,
    /// Whether the next row needs column names above it.
    header: Header,
    /// How many more rows may be printed.
    room: usize,
    /// Whether a row was left out.
    cut: bool,
    document: Document,
}

/// How far the document is that JSON rows are put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    /// The form is another one, or it was ended.
    None,
    Due,
    Begun,
}

impl<'printer> Stream<'printer> {
    pub(super) fn new(printer: &'printer Printer, name: &str, columns: Vec<Column>) -> Self {
        Self {
            printer,
            name: name.to_owned(),
            columns,
            header: printer.options.header(),
            room: printer.options.limit.unwrap_or(usize::MAX),
            cut: false,
            document: if printer.options.is_json_document() { Document::Due } else { Document::None },
        }
    }

    pub(super) fn full(printer: &'printer Printer, name: &str, columns: Vec<Column>) -> Self {
        let mut stream = Self::new(printer, name, columns);
        (stream.room, stream.document) = (0, Document::None);
        stream
    }

    /// Returns whether no further row will be printed, so that there is no use in going on.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Returns whether a row was left out.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Notes that there is a row that is not printed.
    pub const fn cut(&mut self) {
        self.cut = true;
    }

    /// Prints one row, or leaves it out when there is no room. The table form prints `human`, for rows under way cannot be aligned.
    ///
    /// # Errors
    /// As [`Printer::listing`].
    pub fn line(&mut self, object: &Map<String, Value>, human: impl Display) -> Result<(), CommandError> {
        if self.is_full() {
            self.cut();
            return Ok(());
        }
        self.room -= 1;
        let text = self.row_text(object, human)?;
        self.header = Header::Hidden;
        let before = match self.document {
            Document::None => String::new(),
            Document::Due => self.head(),
            Document::Begun => ",".to_owned(),
        };
        if self.document == Document::Due {
            self.document = Document::Begun;
        }
        self.printer.text(&(before + &text))
    }

    /// Ends the stream: a document that has no rows is one all the same. Says whether rows were left out.
    ///
    /// # Errors
    /// As [`Printer::text`].
    pub fn finish(mut self) -> Result<(), CommandError> {
        let options = &self.printer.options;
        // The names of fields alone are no rows.
        if let (true, Some(limit), false) = (self.cut, options.limit, options.asks_for_field_names()) {
            self.printer.talk(listing::first_rows_note(limit as u64));
        }
        let text = match std::mem::replace(&mut self.document, Document::None) {
            Document::None => return Ok(()),
            Document::Due => self.head() + &self.end(),
            Document::Begun => self.end(),
        };
        self.printer.text(&text)
    }

    /// Returns what closes the document of JSON rows.
    fn end(&self) -> String {
        format!("],\"truncated\":{}}}\n", self.cut)
    }

    fn head(&self) -> String {
        format!("{{\"schema\":{},\"rows\":[\n", Value::from(self.name.as_str()))
    }

    fn row_text(&self, object: &Map<String, Value>, human: impl Display) -> Result<String, CommandError> {
        let options = &self.printer.options;
        if let Some(program) = &options.jq {
            return jq::run(program, &Value::Object(object.clone()));
        }
        if let Some(source) = &options.template {
            return template::Template::parse(source)?.render(object);
        }
        if options.output == Format::Table && options.fields.is_none() {
            return Ok(format!("{human}\n"));
        }
        let mut row = self.row(object);
        row.select(&options.field_list())?;
        Ok(match options.output {
            Format::Json | Format::Ndjson if options.fields.is_none() => format!("{}\n", Value::Object(object.clone())),
            Format::Json | Format::Ndjson => document::ndjson(&row),
            Format::Yaml => {
                format!("---\n{}", document::yaml(&Value::Object(row.objects().next().unwrap_or_default()))?)
            }
            Format::Csv => rows::csv(&row, self.header)?,
            Format::Table | Format::Tsv => rows::tsv(&row, self.header),
            Format::Markdown => rows::markdown(&row, self.header),
            Format::Vertical => rows::vertical(&row, rows::Separator::Blank),
            Format::None => String::new(),
            Format::Parquet => return Err(CommandError::parquet_only_for_queries()),
        })
    }

    fn row(&self, object: &Map<String, Value>) -> Listing {
        let cell = |column: &Column| object.get(&column.name).cloned().unwrap_or_default();
        Listing {
            name: self.name.clone(),
            columns: self.columns.clone(),
            rows: vec![self.columns.iter().map(cell).collect()],
            truncated: false,
        }
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // Cut off by Ctrl-C or an error: what was printed can be read.
        if self.document == Document::Begun {
            self.printer.text(&self.end()).unwrap_or_default();
        }
    }
}
