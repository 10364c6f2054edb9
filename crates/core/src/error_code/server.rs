//! Codes for a server that cannot or will not do what was rightly asked.

use super::ErrorCode;

pub(super) const CODES: [ErrorCode; 7] = [
    ErrorCode {
        code: "rate_limited",
        status: 429,
        exit: 3,
        summary: "more requests than the rate limit allows",
        explanation: "This client sent more than the limit that the server was set up with. Nothing of the request was \
                      stored. The limit is off unless somebody turned it on.",
        hint: "wait for the seconds in Retry-After, then send the same request again",
    },
    ErrorCode {
        code: "tail_full",
        status: 429,
        exit: 3,
        summary: "the memory for recent events is full",
        explanation: "Recent events are held in memory up to `analytics.max_memory` (2 GB), and the budget is used up. \
                      Nothing of the request was stored, and everything acknowledged before is safe and can be queried.",
        hint: "raise `analytics.max_memory`, or start with a new data folder",
    },
    ErrorCode {
        code: "internal",
        status: 500,
        exit: 70,
        summary: "a bug in StreamFlow",
        explanation: "Something happened that the program believed impossible. The log has the details under the \
                      request's id; the answer does not, so that nothing internal leaves the process.",
        hint: "report it with the request id and the log lines around it: `streamflow logs`",
    },
    ErrorCode {
        code: "not_built",
        status: 501,
        exit: 2,
        summary: "the route is documented but does not exist yet",
        explanation: "This version does not have the part of the product that answers here. The request was understood \
                      and nothing was done.",
        hint: "see CHANGELOG.md for what this version has",
    },
    ErrorCode {
        code: "storage_unavailable",
        status: 503,
        exit: 3,
        summary: "events cannot be stored right now",
        explanation: "The disk is full, read-only, below its reserve of free space, or failed while writing. Nothing of \
                      the request was stored, and nothing was acknowledged that is not on disk. After a failed write \
                      the server takes no events until it is started again.",
        hint: "see the cause in `streamflow status`, make room or repair the disk, then `streamflow start`",
    },
    ErrorCode {
        code: "shutting_down",
        status: 503,
        exit: 3,
        summary: "the server is stopping",
        explanation: "The server was told to stop, finishes what it has begun and takes nothing new. Nothing of the \
                      request was stored.",
        hint: "send the request again once the server is back",
    },
    ErrorCode {
        code: "too_many_connections",
        status: 503,
        exit: 3,
        summary: "the server has no room for another connection",
        explanation: "The number of open connections is limited, so that those that are open keep working. The limit is \
                      reached; clients that open a connection for each request get there first.",
        hint: "keep connections open and reuse them, or raise `server.limits.connections`",
    },
];
