//! Decides how a file of rows is laid out and packed: by its name, or by `-o`.

use std::path::Path;

use streamflow_engine::encode::{Header, RowForm};

use crate::printer::{CommandError, Format, Printer};

/// How rows are laid out, and what packs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) form: RowForm,
    pub(super) packing: Packing,
}

/// What makes a file smaller. Parquet packs itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Layout {
    /// Returns the layout of a file.
    ///
    /// # Errors
    /// When neither the name nor `-o` says one, both say another, or rows have no such form.
    pub(super) fn choose(path: &Path, printer: &Printer) -> Result<Self, CommandError> {
        if !printer.options().is_plain() {
            return Err(CommandError::usage("an export writes whole rows")
                .with_hint("choose and change columns with --sql 'SELECT …'"));
        }
        let header = if printer.options().no_header { Header::None } else { Header::Names };
        let is_stdout = path.as_os_str() == "-";
        if is_stdout && printer.format() == Format::Parquet && printer.width().is_some() {
            return Err(CommandError::usage("parquet is not for terminals").with_hint("name a file instead of -"));
        }
        let asked = asked(printer.format(), header)?;
        if is_stdout {
            return Ok(Self { form: asked.unwrap_or(RowForm::Ndjson), packing: Packing::None });
        }
        of_name(path, header, asked)
    }
}

/// Returns the form that `-o` asks for.
fn asked(format: Format, header: Header) -> Result<Option<RowForm>, CommandError> {
    match format {
        // Nobody asked for a table: it is what there is without -o.
        Format::Table => Ok(None),
        Format::Ndjson => Ok(Some(RowForm::Ndjson)),
        Format::Csv => Ok(Some(RowForm::Csv(header))),
        Format::Parquet => Ok(Some(RowForm::Parquet)),
        _ => Err(CommandError::usage("an export is -o ndjson, csv or parquet")
            .with_hint("other forms are for answers that fit into memory: streamflow query")),
    }
}

fn of_name(path: &Path, header: Header, asked: Option<RowForm>) -> Result<Layout, CommandError> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let (name, packing) = match name.rsplit_once('.') {
        Some((rest, "gz")) => (rest, Packing::Gzip),
        Some((rest, "zst" | "zstd")) => (rest, Packing::Zstd),
        _ => (name.as_str(), Packing::None),
    };
    let named = match name.rsplit_once('.').map(|(_, end)| end) {
        Some("ndjson" | "jsonl") => Some(RowForm::Ndjson),
        Some("csv") => Some(RowForm::Csv(header)),
        Some("parquet") => Some(RowForm::Parquet),
        _ => None,
    };
    let form = match (named, asked) {
        (Some(named), Some(asked)) if named != asked => {
            return Err(CommandError::usage(format!("the name {} says another form than -o", path.display()))
                .with_hint("leave -o out, or give the file another name"));
        }
        (Some(form), _) | (None, Some(form)) => form,
        (None, None) => {
            return Err(CommandError::usage(format!("{} does not say what form the file has", path.display()))
                .with_hint("end its name in .parquet, .csv or .ndjson, or say -o"));
        }
    };
    if form == RowForm::Parquet && packing != Packing::None {
        return Err(CommandError::usage("parquet is packed within, and not again as a whole")
            .with_hint("end the name in .parquet"));
    }
    Ok(Layout { form, packing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_chooses_its_layout() {
        let csv = RowForm::Csv(Header::Names);
        let check = |name: &str, asked: Option<RowForm>, expected: Option<(RowForm, Packing)>| {
            let found = of_name(Path::new(name), Header::Names, asked).ok();
            assert_eq!(found, expected.map(|(form, packing)| Layout { form, packing }), "{name} {asked:?}");
        };
        check("a.ndjson", None, Some((RowForm::Ndjson, Packing::None)));
        check("dir.csv/a.jsonl.gz", None, Some((RowForm::Ndjson, Packing::Gzip)));
        check("A.CSV.zst", None, Some((csv, Packing::Zstd)));
        check("a.parquet", Some(RowForm::Parquet), Some((RowForm::Parquet, Packing::None)));
        check("a", Some(csv), Some((csv, Packing::None)));
        check("a.parquet", Some(csv), None);
        check("a.parquet.gz", None, None);
        check("a", None, None);
        check("a.txt", None, None);
    }
}
