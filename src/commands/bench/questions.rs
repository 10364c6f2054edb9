//! The questions that `bench query` asks. Each stands for what people do with events.

/// A question with a name, so that runs can be compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

const fn question(name: &'static str, sql: &'static str) -> Question {
    Question { name, sql }
}

/// Every question, cheap ones first.
pub(super) const ALL: [Question; 9] = [
    question("count", "SELECT count(*) FROM events"),
    question("newest", "SELECT * FROM events ORDER BY _offset DESC LIMIT 20"),
    question("types", "SELECT type, count(*) AS events FROM events GROUP BY type ORDER BY events DESC"),
    question(
        "pages",
        "SELECT data.page AS page, count(*) AS events FROM events GROUP BY page ORDER BY events DESC LIMIT 10",
    ),
    question(
        "minutes",
        "SELECT date_trunc('minute', timestamp) AS minute, count(*) AS events FROM events GROUP BY minute ORDER BY minute",
    ),
    question(
        "latency",
        "SELECT data.button_id AS button, avg(data.latency_ms) AS mean, max(data.latency_ms) AS worst FROM events GROUP BY button ORDER BY mean DESC",
    ),
    question(
        "search",
        "SELECT timestamp, user_id, data.page AS page FROM events WHERE data.latency_ms > 2000 ORDER BY timestamp DESC LIMIT 100",
    ),
    question(
        "devices",
        "SELECT device_type, count(DISTINCT user_id) AS users, count(*) AS events FROM events GROUP BY device_type ORDER BY users DESC",
    ),
    question("users", "SELECT user_id, count(*) AS events FROM events GROUP BY user_id ORDER BY events DESC LIMIT 10"),
];
