"""The questions. `{name}` stands for how an engine spells a path of `data` or a piece of SQL; see `peers.py`."""


def ask(name, sql, ordered=False):
    return {"name": name, "sql": sql, "ordered": ordered}


QUESTIONS = [
    ask("count", "SELECT count(*) FROM events"),
    ask("count of a type", "SELECT count(*) FROM events WHERE type = 'error'"),
    ask("first and last moment", "SELECT {us_min}, {us_max} FROM events"),
    ask("events by type", "SELECT type, count(*) FROM events GROUP BY type"),
    ask("events by source and type", "SELECT source, type, count(*) FROM events GROUP BY source, type"),
    ask("distinct users", "SELECT count(DISTINCT user_id) FROM events"),
    ask("distinct sessions", "SELECT count(DISTINCT session_id) FROM events"),
    ask("pages", "SELECT {page}, count(*) FROM events GROUP BY 1"),
    ask("top pages of clicks", "SELECT {page}, count(*) AS n FROM events WHERE type = 'web.click' GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10", True),
    ask("top users", "SELECT user_id, count(*) AS n FROM events GROUP BY user_id ORDER BY n DESC, user_id LIMIT 10", True),
    ask("top users of orders", "SELECT user_id, count(*) AS n FROM events WHERE type = 'order.paid' GROUP BY user_id ORDER BY n DESC, user_id LIMIT 10", True),
    ask("mean and largest latency", "SELECT avg({latency_ms}), max({latency_ms}) FROM events"),
    ask("latency by page", "SELECT {page}, avg({latency_ms}), count({latency_ms}) FROM events GROUP BY 1"),
    ask("slow clicks", "SELECT count(*) FROM events WHERE {latency_ms} > 500"),
    ask("slow clicks by page", "SELECT {page}, count(*) FROM events WHERE {latency_ms} > 500 GROUP BY 1"),
    ask("load time by language", "SELECT {language}, avg({load_ms}) FROM events WHERE type = 'web.pageview' GROUP BY 1"),
    ask("by hour", "SELECT {hour}, count(*) FROM events GROUP BY 1"),
    ask("by minute of a day", "SELECT {minute}, count(*) FROM events WHERE timestamp >= {day_begin} AND timestamp < {day_end} GROUP BY 1"),
    ask("errors by hour", "SELECT {hour}, count(*) FROM events WHERE type = 'error' GROUP BY 1"),
    ask("one hour", "SELECT type, count(*) FROM events WHERE timestamp >= {hour_begin} AND timestamp < {hour_end} GROUP BY 1"),
    ask("part of a string", "SELECT count(*) FROM events WHERE {user_agent} LIKE '%iPhone%'"),
    ask("part of a string by page", "SELECT {page}, count(*) FROM events WHERE {referrer} LIKE '%mail%' GROUP BY 1"),
    ask("one user", "SELECT type, {page}, {us} FROM events WHERE user_id = 'user_03000' ORDER BY timestamp LIMIT 100", True),
    ask("newest events", "SELECT type, user_id, {us} FROM events ORDER BY timestamp DESC LIMIT 20", True),
    ask("sessions by length", "SELECT n, count(*) FROM (SELECT session_id, count(*) AS n FROM events GROUP BY session_id) AS s GROUP BY n"),
    ask(
        "funnel",
        "SELECT count(*), count(clicked), count(paid) FROM (SELECT user_id, min(CASE WHEN type = 'web.pageview' THEN timestamp END) AS"
        " seen, min(CASE WHEN type = 'web.click' THEN timestamp END) AS clicked, min(CASE WHEN type = 'order.paid' THEN timestamp END)"
        " AS paid FROM events GROUP BY user_id) AS u WHERE seen IS NOT NULL",
    ),
]
