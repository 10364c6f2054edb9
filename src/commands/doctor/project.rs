//! Looks at settings and at the folder of events.

use std::fs;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use super::Finding;
use crate::commands::{Session, geoip, session};
use crate::settings::{Settings, spell_bytes, spell_bytes_roughly};

pub(super) fn settings(session: &Session) -> Finding {
    match session.settings() {
        Ok(settings) => match settings.project_dir() {
            Some(dir) => Finding::ok("settings", format!("project {}", dir.display())),
            None => Finding::ok("settings", "no project here; defaults and environment hold"),
        },
        Err(error) => {
            let place = error.place.map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column));
            let hint = error.hint.unwrap_or_else(|| "see `streamflow config check`".to_owned());
            Finding::failed("settings", format!("{}{}", place.unwrap_or_default(), error.message), hint)
        }
    }
}

pub(super) fn notes(session: &Session) -> Vec<Finding> {
    let notes = session.settings().map(|settings| settings.notes().to_vec()).unwrap_or_default();
    notes.into_iter().map(|note| Finding::warning("settings", note, "mend it, or unset it")).collect()
}

/// Nothing is said where no database is configured.
pub(super) fn geoip(settings: &Settings, session: &Session) -> Option<Finding> {
    let opened = session.current_dir().and_then(|dir| geoip::open(settings, &dir));
    match opened {
        Ok(None) => None,
        Ok(Some(database)) => {
            let seconds = i64::try_from(database.built_at_seconds()).unwrap_or(i64::MAX);
            let built = jiff::Timestamp::from_second(seconds).map(|time| time.strftime("%F").to_string());
            Some(Finding::ok("geoip", format!("{} of {}", database.kind(), built.unwrap_or_default())))
        }
        Err(error) => Some(Finding::failed("geoip", error.message, error.hint.unwrap_or_default())),
    }
}

pub(super) fn folder(data_dir: &Path) -> Finding {
    let shown = session::shortened(data_dir);
    let Some(existing) = data_dir.ancestors().find(|dir| dir.exists()) else {
        return Finding::failed("folder", format!("no part of {shown} exists"), "choose another storage.path");
    };
    if !existing.is_dir() {
        return Finding::failed(
            "folder",
            format!("{} is no folder", existing.display()),
            "choose another storage.path",
        );
    }
    if access(existing, Access::WRITE_OK).is_err() {
        let hint = format!("let this user write to {}", existing.display());
        return Finding::failed("folder", format!("{shown} cannot be written"), hint);
    }
    let is_new = fs::metadata(data_dir).is_err();
    Finding::ok("folder", if is_new { format!("{shown} will be made at the start") } else { shown })
}

pub(super) fn space(settings: &Settings, data_dir: &Path) -> Finding {
    let wanted = settings.bytes("storage.min_free");
    let existing = data_dir.ancestors().find(|dir| dir.exists()).unwrap_or(data_dir);
    let Ok(numbers) = statvfs(existing) else {
        return Finding::warning("space", "the file system does not say how much is free", "look with df");
    };
    let free = numbers.f_bavail.saturating_mul(numbers.f_frsize);
    let message = format!("{} free", spell_bytes_roughly(free));
    if free < wanted {
        let hint = format!("make room: below storage.min_free ({}) no event is taken", spell_bytes(wanted));
        return Finding::failed("space", message, hint);
    }
    // Ten times what stops the server leaves time to act.
    if free / 10 < wanted {
        let hint = format!("make room: below storage.min_free ({}) no event is taken", spell_bytes(wanted));
        return Finding::warning("space", message, hint);
    }
    Finding::ok("space", message)
}
