//! Codes for a request that is wrong before anybody looks at its events or its SQL.

use super::ErrorCode;

pub(super) const CODES: [ErrorCode; 19] = [
    ErrorCode {
        code: "invalid_json",
        status: 400,
        exit: 2,
        summary: "the body is not JSON",
        explanation: "The text stops being JSON at the line and column that the message names. Usual causes are a missing \
                      quote or bracket, a trailing comma, single quotes, or a shell that ate the double quotes. When the \
                      whole body is not JSON, nothing of it was stored; in NDJSON only the line at fault is rejected.",
        hint: "check the text at that line and column, for example with `jq . FILE`",
    },
    ErrorCode {
        code: "invalid_utf8",
        status: 400,
        exit: 2,
        summary: "the body is not UTF-8",
        explanation: "JSON is UTF-8 and the body has a byte that is not. This is usually a file in Latin-1 or UTF-16, or a \
                      compressed body whose Content-Encoding header is missing.",
        hint: "convert it (`iconv -f latin1 -t utf-8`), or name the compression in Content-Encoding",
    },
    ErrorCode {
        code: "invalid_encoding",
        status: 400,
        exit: 2,
        summary: "the compressed body cannot be decompressed",
        explanation: "Content-Encoding names gzip, zstd or deflate, but the bytes are not a whole, sound stream of that \
                      kind. The body was cut off, was damaged, or was not compressed at all. Nothing of it was stored.",
        hint: "send the header that fits the bytes, and the whole compressed stream",
    },
    ErrorCode {
        code: "truncated_body",
        status: 400,
        exit: 3,
        summary: "the connection ended before the body did",
        explanation: "The client promised more bytes than it sent. It was stopped, or something between the two cut the \
                      connection. Nothing of the body was stored, so that sending it again is safe.",
        hint: "send the request again",
    },
    ErrorCode {
        code: "invalid_parameter",
        status: 400,
        exit: 2,
        summary: "a parameter has a value that it cannot have",
        explanation: "A query parameter, header or flag is unknown, has the wrong form, or is outside its limits. The \
                      message names it together with the values that are allowed.",
        hint: "correct the parameter that the message names",
    },
    ErrorCode {
        code: "unauthorized",
        status: 401,
        exit: 4,
        summary: "the request carries no token, or a wrong one",
        explanation: "The server was given a token and answers only requests that carry it as `Authorization: Bearer \
                      TOKEN`. The token was missing or different.",
        hint: "set the token of the context: `streamflow context add NAME --url URL --token TOKEN`",
    },
    ErrorCode {
        code: "forbidden_host",
        status: 403,
        exit: 4,
        summary: "the Host header names a host that this server does not answer to",
        explanation: "A server without a token answers only to loopback names and to hosts that its settings name. \
                      Otherwise a web page could reach it by pointing a name of its own at this machine.",
        hint: "call it as localhost, or name the host in `server.hosts`",
    },
    ErrorCode {
        code: "forbidden_origin",
        status: 403,
        exit: 4,
        summary: "a web page of this origin may not write here",
        explanation: "The request came from a browser, from a page whose origin is not in the allowed list. Writes and \
                      WebSockets are refused then, so that a page somebody visits cannot talk to a local server.",
        hint: "add the page's origin to CORS_ORIGINS",
    },
    ErrorCode {
        code: "route_not_found",
        status: 404,
        exit: 5,
        summary: "there is no such route on this port",
        explanation: "Nothing answers at this path. Each port serves its own part: events on 8001, analytics on 8002, \
                      storage on 8004, and everything together on the gateway, 8005.",
        hint: "see the routes in /openapi.json of the gateway port",
    },
    ErrorCode {
        code: "method_not_allowed",
        status: 405,
        exit: 2,
        summary: "the route exists, but not with this method",
        explanation: "The path is right and the method is not. The Allow header of the answer lists the methods that the \
                      route has.",
        hint: "use a method from the Allow header",
    },
    ErrorCode {
        code: "not_acceptable",
        status: 406,
        exit: 2,
        summary: "no form of the answer fits the Accept header",
        explanation: "The Accept header leaves only forms that this route cannot write. Queries answer as JSON, NDJSON, \
                      CSV, Arrow IPC stream and Parquet; other routes answer as JSON.",
        hint: "send `Accept: application/json`, or no Accept header",
    },
    ErrorCode {
        code: "header_timeout",
        status: 408,
        exit: 3,
        summary: "the request's headers did not arrive in time",
        explanation: "The connection was open, but its headers were not complete within the limit, so that the server \
                      closed it to make room for others. A slow network or a client that opens connections ahead of use \
                      does this.",
        hint: "send the request again; open the connection when there is something to send",
    },
    ErrorCode {
        code: "body_timeout",
        status: 408,
        exit: 3,
        summary: "the request's body did not arrive in time",
        explanation: "The headers came, and then the body stalled for longer than the limit. Nothing of it was stored, so \
                      that sending it again is safe.",
        hint: "send the request again, in smaller batches if the network is slow",
    },
    ErrorCode {
        code: "body_too_large",
        status: 413,
        exit: 2,
        summary: "the body is larger than the server takes",
        explanation: "A body may have 16 MiB unless the setting says otherwise. The server stopped reading at the limit, \
                      and nothing of the body was stored.",
        hint: "send smaller batches, compress the body, or raise `server.limits.body`",
    },
    ErrorCode {
        code: "decompressed_too_large",
        status: 413,
        exit: 2,
        summary: "the body grows beyond the limit when it is decompressed",
        explanation: "A compressed body may grow to 64 MiB unless the setting says otherwise. Decompression stopped at \
                      the limit, which also protects the server from bodies made to explode; nothing was stored.",
        hint: "send smaller batches, or raise `server.limits.decompressed`",
    },
    ErrorCode {
        code: "uri_too_long",
        status: 414,
        exit: 2,
        summary: "the address of the request is too long",
        explanation: "Path and query string together pass the server's limit. Long filters and statements belong in a \
                      body.",
        hint: "send the statement to POST /api/v1/query",
    },
    ErrorCode {
        code: "unsupported_media_type",
        status: 415,
        exit: 2,
        summary: "the Content-Type is not one that this route reads",
        explanation: "Events are read as `application/json` and as `application/x-ndjson`; all other bodies are read as \
                      `application/json`. curl's own default for `-d`, `application/x-www-form-urlencoded`, is neither.",
        hint: "add `-H 'Content-Type: application/json'`",
    },
    ErrorCode {
        code: "unsupported_encoding",
        status: 415,
        exit: 2,
        summary: "the Content-Encoding is not one that the server can undo",
        explanation: "Bodies may be compressed with gzip, zstd or deflate, once. Any other encoding, and one encoding \
                      over another, is refused before the body is read.",
        hint: "compress with gzip or zstd, or not at all",
    },
    ErrorCode {
        code: "headers_too_large",
        status: 431,
        exit: 2,
        summary: "the request's headers are too large",
        explanation: "The headers together pass the server's limit. Cookies of a browser or a very long token are the \
                      usual reason.",
        hint: "send fewer or shorter headers",
    },
];
