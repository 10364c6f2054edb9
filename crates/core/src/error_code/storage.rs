//! Codes for what is done to history and its backups.

use super::ErrorCode;

pub(super) const CODES: [ErrorCode; 5] = [
    ErrorCode {
        code: "backup_not_configured",
        status: 409,
        exit: 2,
        summary: "no folder of backups is set",
        explanation: "Backups go to the folder that `storage.backup_location` names, and it is empty. The folder should be on \
                      another disk than the events.",
        hint: "set `storage.backup_location` in config.yaml and start the server again",
    },
    ErrorCode {
        code: "backup_not_found",
        status: 404,
        exit: 5,
        summary: "there is no such backup",
        explanation: "The folder of backups has none of this name, none that reaches the time or offset that was asked for, \
                      or none at all. A backup reaches up to the moment at which it was made.",
        hint: "list them with `streamflow backup list`",
    },
    ErrorCode {
        code: "backup_failed",
        status: 503,
        exit: 3,
        summary: "no backup was made",
        explanation: "A disk refused to be read or written, or a file of history is not what was written. The log of the \
                      server says which. Earlier backups are as they were.",
        hint: "look into `streamflow logs`, and check the data with `streamflow storage verify`",
    },
    ErrorCode {
        code: "backup_damaged",
        status: 0,
        exit: 10,
        summary: "the backup is damaged",
        explanation: "A file of the backup is missing or its bytes are not those that were copied. Nothing was restored: a \
                      folder that is half right would be taken for a whole one.",
        hint: "see which backups are sound with `streamflow backup verify`, and restore another with --backup",
    },
    ErrorCode {
        code: "target_exists",
        status: 0,
        exit: 2,
        summary: "the folder to restore into is there already",
        explanation: "A backup is restored into a new folder, so that nothing that is there is lost. The folder has something \
                      in it, or an earlier restore into it was broken off and left a folder that ends in `.restoring`.",
        hint: "name another folder, or remove this one",
    },
];
