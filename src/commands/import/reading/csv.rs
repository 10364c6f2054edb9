//! Reads the rows of a table below a line of column names. An empty value is no value.

use std::io::BufRead;

use super::{End, Reading};
use crate::commands::import::mapping::{Cell, Dots, inferred};
use crate::commands::send::input::InputError;

pub(super) fn read(reader: Box<dyn BufRead + Send>, reading: &mut Reading) -> Result<End, InputError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(reader);
    let mut row = csv::ByteRecord::new();
    let mut header: Option<Vec<String>> = None;
    let mut values: Vec<Vec<u8>> = Vec::new();
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(End::Complete),
            Err(error) => return Err(reading.failed(std::io::Error::other(error.to_string()))),
        }
        let line = row.position().map_or(0, csv::Position::line);
        let Some(header) = &header else {
            header = Some(columns(&row).map_err(|reason| InputError::Malformed {
                name: reading.name.clone(),
                line,
                reason,
            })?);
            continue;
        };
        if row.len() != header.len() {
            reading.unreadable(line, &format!("{} values under {} column names", row.len(), header.len()));
            continue;
        }
        values.clear();
        let texts: Result<Vec<&str>, _> = row.iter().map(std::str::from_utf8).collect();
        let Ok(texts) = texts else {
            reading.unreadable(line, "it is not UTF-8");
            continue;
        };
        values.extend(texts.iter().map(|text| inferred(text)));
        let cells: Vec<Cell<'_>> = header
            .iter()
            .zip(&values)
            .zip(&texts)
            .filter(|(_, text)| !text.is_empty())
            .map(|((name, json), _)| Cell { name, json })
            .collect();
        if reading.row(line, &cells, Dots::Nest).is_err() {
            return Ok(End::Stopped);
        }
    }
}

fn columns(row: &csv::ByteRecord) -> Result<Vec<String>, String> {
    let mut columns: Vec<String> = Vec::new();
    for (index, name) in row.iter().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| "the column names are not UTF-8".to_owned())?;
        // Spreadsheets put this mark before the first name.
        let name = if index == 0 { name.trim_start_matches('\u{feff}') } else { name }.trim();
        if name.is_empty() {
            return Err(format!("column {} has no name", index + 1));
        }
        if columns.iter().any(|known| known == name) {
            return Err(format!("two columns are {name:?}"));
        }
        columns.push(name.to_owned());
    }
    Ok(columns)
}
