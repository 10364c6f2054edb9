//! Codes for SQL, filters and questions.

use super::ErrorCode;

pub(super) const CODES: [ErrorCode; 14] = [
    ErrorCode {
        code: "sql_syntax",
        status: 400,
        exit: 2,
        summary: "the statement is not SQL",
        explanation: "The parser stopped at the line and column that the message names. Usual causes are a missing comma, \
                      a string in double quotes (those are for names), or a keyword used as a name.",
        hint: "put strings in single quotes, and names that are keywords in double quotes",
    },
    ErrorCode {
        code: "several_statements",
        status: 400,
        exit: 2,
        summary: "there is more than one statement",
        explanation: "An answer is the rows of one statement, so a request has one; a semicolon at its end is fine. Where \
                      one of several statements would write, the code is `sql_read_only`.",
        hint: "send one statement at a time, or join them with WITH or UNION ALL",
    },
    ErrorCode {
        code: "unknown_table",
        status: 400,
        exit: 2,
        summary: "there is no table of this name",
        explanation: "The tables are `events` (also as `events_stream`) and `rejected_events`. Event types are not tables: \
                      they are values of the column `type`.",
        hint: "list tables with `SHOW TABLES`, and the columns of one with `DESCRIBE events`",
    },
    ErrorCode {
        code: "unknown_column",
        status: 400,
        exit: 2,
        summary: "there is no column of this name",
        explanation: "The table has no such column. What a client sent inside `data` is reached as `data.name` or \
                      `data->>'name'`, not as a column of its own. Names are in lowercase unless they are quoted.",
        hint: "write `data.name` for a value inside data",
    },
    ErrorCode {
        code: "unknown_function",
        status: 400,
        exit: 2,
        summary: "there is no function of this name",
        explanation: "The statement calls a function that does not exist here, or with arguments that no form of it \
                      takes. Other databases have the same thing under other names.",
        hint: "list the functions with `SHOW FUNCTIONS`",
    },
    ErrorCode {
        code: "sql_read_only",
        status: 400,
        exit: 2,
        summary: "the statement would write",
        explanation: "Queries read. Events come in by the ingestion API alone, so that each is checked, counted and \
                      journalled; INSERT, UPDATE, DELETE, CREATE, DROP, COPY and SET are refused.",
        hint: "send one SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE",
    },
    ErrorCode {
        code: "sql_invalid",
        status: 400,
        exit: 2,
        summary: "the statement is SQL but cannot be planned",
        explanation: "Names and grammar are right, but the statement makes no sense: a column outside GROUP BY, types \
                      that cannot be compared, or a feature that does not exist here. The message says which.",
        hint: "correct what the message names; see docs/sql.md for the dialect",
    },
    ErrorCode {
        code: "invalid_filter",
        status: 400,
        exit: 2,
        summary: "the filter is neither shorthand nor a SQL condition",
        explanation: "A filter is words like `type=error latency>100`, all of which must hold, or a SQL condition over \
                      the columns of `events`. The text was taken for one of the two and is not sound.",
        hint: "try `type=error`, or `type = 'error' AND data.status >= 500`",
    },
    ErrorCode {
        code: "missing_param",
        status: 400,
        exit: 2,
        summary: "the statement uses a parameter that was not given",
        explanation: "The statement has `$name` or `$1`, and no value of that name came with it. A dollar sign inside a \
                      shell's double quotes is replaced by the shell.",
        hint: "give it with `--param name=value`, or in `params` of the request",
    },
    ErrorCode {
        code: "query_timeout",
        status: 408,
        exit: 124,
        summary: "the query ran longer than it may",
        explanation: "A query has 30 seconds unless the setting or the request says otherwise. It was stopped and its \
                      memory is free again. Less time, fewer columns or an earlier filter make it faster.",
        hint: "narrow it with `WHERE timestamp > now() - INTERVAL '1 hour'`, or ask for more time with `timeout`",
    },
    ErrorCode {
        code: "query_memory",
        status: 422,
        exit: 2,
        summary: "the query needs more memory than queries may use",
        explanation: "All running queries share one budget, and this one would pass it. Sorting everything, joining \
                      without a narrow condition and grouping by nearly unique values are what costs memory.",
        hint: "narrow the time range, group by less, add LIMIT, or raise `query.memory`",
    },
    ErrorCode {
        code: "result_too_large",
        status: 422,
        exit: 2,
        summary: "the answer is larger than the server sends",
        explanation: "More rows were asked for than the server's cap allows, or one answer grew too large in bytes. \
                      Nothing was cut in silence: the query failed instead.",
        hint: "aggregate, add LIMIT, or ask page by page with a time range",
    },
    ErrorCode {
        code: "query_failed",
        status: 422,
        exit: 2,
        summary: "the query failed while it ran",
        explanation: "The statement was right, but a value was not: a division by zero, a text that is no number, an \
                      overflow. The message says which.",
        hint: "guard the value: TRY_CAST(x AS DOUBLE), NULLIF(x, 0)",
    },
    ErrorCode {
        code: "query_busy",
        status: 429,
        exit: 3,
        summary: "too many queries are running",
        explanation: "The server runs a limited number of queries at once and lets some more wait. Both places are \
                      taken. Nothing is wrong with the query.",
        hint: "try again after the seconds in Retry-After",
    },
];
