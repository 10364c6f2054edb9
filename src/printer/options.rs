//! The flags that say how data is printed; every command takes them.

use anstream::ColorChoice;

/// Form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Ndjson,
    Csv,
    Tsv,
    Yaml,
    Markdown,
    Vertical,
    None,
    /// Only for `query`.
    Parquet,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb says otherwise; CLICOLOR_FORCE for a pipe.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    pub(super) const fn choice(self) -> Option<ColorChoice> {
        match self {
            Self::Auto => None,
            Self::Always => Some(ColorChoice::Always),
            Self::Never => Some(ColorChoice::Never),
        }
    }
}

/// Whether column names are printed above rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    Shown,
    Hidden,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub struct OutputArgs {
    /// Form of the data
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT", default_value_t, hide_short_help = true)]
    pub output: Format,
    /// Print only these fields; without a value, list the fields there are
    #[arg(long, global = true, value_name = "A,B", num_args = 0..=1, default_missing_value = "", hide_short_help = true)]
    pub fields: Option<String>,
    /// Filter the JSON form with a jq program
    #[arg(long, global = true, value_name = "PROGRAM", hide_short_help = true)]
    pub jq: Option<String>,
    /// Print each row through a template, such as '{{ type }} {{ events }}'
    #[arg(long, global = true, value_name = "TEXT", conflicts_with = "jq", hide_short_help = true)]
    pub template: Option<String>,
    /// Leave out the line of column names
    #[arg(long, global = true, hide_short_help = true)]
    pub no_header: bool,
    /// Print at most this many rows
    #[arg(long, global = true, value_name = "ROWS", hide_short_help = true)]
    pub limit: Option<usize>,
    /// Use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_short_help = true)]
    pub color: Color,
    /// Say nothing but data and errors
    #[arg(short, long, global = true, hide_short_help = true)]
    pub quiet: bool,
}

impl OutputArgs {
    /// Returns whether nothing but `-o` changes the form.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.fields.is_none() && self.jq.is_none() && self.template.is_none()
    }

    /// Returns whether rows become one JSON document.
    pub(super) fn is_json_document(&self) -> bool {
        self.output == Format::Json && self.jq.is_none() && self.template.is_none()
    }

    pub(super) fn asks_for_field_names(&self) -> bool {
        self.fields.as_deref() == Some("")
    }

    pub(super) fn field_list(&self) -> Vec<&str> {
        let list = self.fields.as_deref().unwrap_or_default();
        list.split(',').map(str::trim).filter(|field| !field.is_empty()).collect()
    }

    pub(super) const fn header(&self) -> Header {
        if self.no_header { Header::Hidden } else { Header::Shown }
    }
}
