//! What the settings say about how long events stay.

use std::time::Duration;

use streamflow_engine::compactor::Retention;

use crate::printer::{CommandError, ExitStatus};
use crate::settings::{self, Settings};

const BY_TYPE: &str = "storage.retention_by_type";
const DAY: Duration = Duration::from_secs(86_400);

/// Returns how long events stay.
///
/// # Errors
/// When an age of a type is not written as `type=7d`.
pub(super) fn of(settings: &Settings) -> Result<Retention, CommandError> {
    let days = settings.number("storage.retention_days");
    let bytes = settings.bytes("storage.retention_size");
    Ok(Retention {
        age_max: (days > 0).then(|| DAY * u32::try_from(days).unwrap_or(u32::MAX)),
        age_max_by_type: settings.list(BY_TYPE).iter().map(|text| by_type(text)).collect::<Result<_, _>>()?,
        bytes_max: (bytes > 0).then_some(bytes),
    })
}

fn by_type(text: &str) -> Result<(String, Duration), CommandError> {
    let wrong = |reason: &str| {
        CommandError::new("config_invalid", format!("{BY_TYPE}: {text:?} {reason}"), ExitStatus::Usage)
            .with_hint("write a type and an age, such as web.click=7d")
    };
    let (name, age) = text.split_once('=').ok_or_else(|| wrong("has no ="))?;
    if name.trim().is_empty() {
        return Err(wrong("names no type"));
    }
    let age = settings::parse_duration(age.trim()).map_err(|reason| wrong(&reason))?;
    if age.is_zero() {
        return Err(wrong("would remove them at once"));
    }
    Ok((name.trim().to_owned(), age))
}
