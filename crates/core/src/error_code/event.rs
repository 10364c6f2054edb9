//! Codes for JSON that is sound but is no event, or no event that can be taken.

use super::ErrorCode;

pub(super) const CODES: [ErrorCode; 13] = [
    ErrorCode {
        code: "invalid_event",
        status: 422,
        exit: 2,
        summary: "the JSON is no event",
        explanation: "An event is a JSON object. This was another value, such as a number, a string or a list within a \
                      list. In a batch the other events were taken, and this one is kept in `rejected_events`.",
        hint: "send an object with at least \"type\" and \"source\"",
    },
    ErrorCode {
        code: "missing_field",
        status: 422,
        exit: 2,
        summary: "a field that every event needs is not there",
        explanation: "Every event says what happened (`type`) and where (`source`). The message names the one that is \
                      missing, and the key that looks most like it if there is one.",
        hint: "add the field: {\"type\": \"web.click\", \"source\": \"web-app\"}",
    },
    ErrorCode {
        code: "invalid_field",
        status: 422,
        exit: 2,
        summary: "a field of the event has a value that it cannot have",
        explanation: "The message names the field and what it may hold. Names have 1 to 128 bytes, a source up to 256, \
                      `severity` is low, medium, high or critical, `timestamp` is RFC 3339 or epoch seconds, milli-, micro- \
                      or nanoseconds, `data` and `metadata` are objects, and `tags` is a list of strings.",
        hint: "correct the field, or put the value under \"data\", which holds anything",
    },
    ErrorCode {
        code: "duplicate_key",
        status: 422,
        exit: 2,
        summary: "an object has the same key twice",
        explanation: "JSON leaves open which of the two counts, so that two readers could see two different events. The \
                      event is refused rather than guessed at. `ts` beside `timestamp`, or `event_type` beside `type`, is \
                      the same field twice.",
        hint: "send each key once",
    },
    ErrorCode {
        code: "nul_byte",
        status: 422,
        exit: 2,
        summary: "a string has the character NUL in it",
        explanation: "The event holds `\\u0000`. Databases and tools that read the history later cannot store it, so that \
                      it is refused at the door.",
        hint: "remove the NUL, or send binary values as base64",
    },
    ErrorCode {
        code: "too_deep",
        status: 422,
        exit: 2,
        summary: "the event nests objects or lists too deeply",
        explanation: "An event may have 64 levels, itself being the first. More is nearly always a structure that \
                      contains itself.",
        hint: "flatten the event, or raise `ingest.limits.nesting`",
    },
    ErrorCode {
        code: "too_many_keys",
        status: 422,
        exit: 2,
        summary: "the event has too many keys",
        explanation: "An event may have 1,000 keys over all levels, and 100 tags. An object whose keys are themselves data \
                      (ids, dates) grows without end and makes every query slower.",
        hint: "use a list of objects instead of keys that are data, or raise `ingest.limits.keys`",
    },
    ErrorCode {
        code: "number_out_of_range",
        status: 422,
        exit: 2,
        summary: "a number is too large to be stored",
        explanation: "Numbers are stored as 64-bit integers or as doubles. This one is beyond both, such as 1e999, or is \
                      a timestamp outside the years 1970 to 2261.",
        hint: "send the number as a string, or check its unit",
    },
    ErrorCode {
        code: "event_too_large",
        status: 422,
        exit: 2,
        summary: "one event is larger than the limit",
        explanation: "One event may have 1 MiB of JSON unless the setting says otherwise. Sent alone, it is answered with \
                      413; in a list, the other events were taken and this one has its first 64 KiB kept in \
                      `rejected_events`.",
        hint: "store large contents elsewhere and send a link, or raise `ingest.limits.event`",
    },
    ErrorCode {
        code: "schema_violation",
        status: 422,
        exit: 2,
        summary: "the event's data does not fit the schema of its type",
        explanation: "A JSON Schema is registered for this type with mode `reject`, and the event's `data` breaks it. The \
                      details list each place and what the schema says there. The event is kept in `rejected_events` and \
                      can be sent again once the schema or the sender is corrected.",
        hint: "see the schema with `streamflow schema show TYPE`; mode `warn` accepts and counts",
    },
    ErrorCode {
        code: "no_events_accepted",
        status: 422,
        exit: 2,
        summary: "none of the events in the list was accepted",
        explanation: "The body was a list, and every event in it was rejected or there was none. `details` holds the \
                      first reasons with the index of each; the rejected ones are in `rejected_events`.",
        hint: "see `streamflow events rejected`, correct the cause, then `streamflow events resend`",
    },
    ErrorCode {
        code: "event_not_found",
        status: 404,
        exit: 5,
        summary: "there is no event with this id",
        explanation: "No event has this client id, nor this `partition:offset`. It was never accepted, its id is no longer \
                      remembered, or it has passed its retention.",
        hint: "look for it by what it says: `streamflow query \"SELECT * FROM events WHERE …\"`",
    },
    ErrorCode {
        code: "schema_not_found",
        status: 404,
        exit: 5,
        summary: "no schema is registered for this event type",
        explanation: "Schemas come from `schemas/TYPE.json` in the project's folder, or are registered over HTTP. There is \
                      none for this type, which means that events of the type are taken as they are.",
        hint: "list them with `streamflow schema list`",
    },
];
