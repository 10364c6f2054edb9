//! Rows that come one by one, as from `tail`: each is printed and flushed at once.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::options::{Format, Header};
use super::{Column, CommandError, Listing, Printer, document, jq, rows, template};

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
}

impl<'printer> Stream<'printer> {
    pub(super) fn new(printer: &'printer Printer, name: &str, columns: Vec<Column>) -> Self {
        Self {
            printer,
            name: name.to_owned(),
            columns,
            header: printer.options.header(),
            room: printer.options.limit.unwrap_or(usize::MAX),
        }
    }

    pub(super) fn full(printer: &'printer Printer, name: &str, columns: Vec<Column>) -> Self {
        Self { room: 0, ..Self::new(printer, name, columns) }
    }

    /// Returns whether no further row will be printed, so that there is no use in going on.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Prints one row. The table form prints `human`, for rows under way cannot be aligned.
    ///
    /// # Errors
    /// As [`Printer::listing`].
    pub fn line(&mut self, object: &Map<String, Value>, human: impl Display) -> Result<(), CommandError> {
        if self.is_full() {
            return Ok(());
        }
        self.room -= 1;
        let text = self.row_text(object, human)?;
        self.header = Header::Hidden;
        self.printer.text(&text)
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
