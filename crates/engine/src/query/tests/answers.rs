//! What statements answer.

use serde_json::json;

use super::*;

#[test]
fn both_tables_answer_under_their_names() {
    check("SELECT count(*) FROM events", "count(*);4");
    check("SELECT count(*) AS n FROM events_stream", "n;4");
    check("SELECT count(*) AS n FROM public.events AS e", "n;4");
    check("SELECT count(*) AS n FROM rejected_events", "n;0");
    check("SELECT type, _offset FROM events ORDER BY _offset DESC LIMIT 2", "type,_offset;error,3;api.request,2");
    check("SELECT max(timestamp) AS last FROM events", "last;2026-11-23T12:00:00Z");
    check("VALUES (1, 'a')", "column1,column2;1,a");
    check("SELECT count(*) > 20 AS many FROM information_schema.columns", "many;true");
    check("SELECT 1 + 1, 'x'", "1 + 1,'x';2,x");
}

#[test]
fn paths_have_the_type_that_was_seen() {
    check("SELECT data.page FROM events ORDER BY timestamp", "data.page;/a;/b;/a;\"\"");
    check("SELECT data.n * 2 AS d FROM events WHERE data.n IS NOT NULL ORDER BY d", "d;2.0;4.0;5.0");
    check("SELECT data.n FROM events ORDER BY _offset", "data.n;1.0;2.0;2.5;\"\"");
    check("SELECT e.data.geo.city FROM events e WHERE e.data.geo.city = 'Oslo'", "e.data.geo.city;Oslo");
    check(
        "SELECT data->>'n', data->'geo', data->'geo'->>'city' FROM events LIMIT 1",
        "data ->> 'n',data -> 'geo',data -> 'geo' ->> 'city';1,\"{\"\"city\"\":\"\"Oslo\"\"}\",Oslo",
    );
    check(
        "SELECT data->>'a.b' AS dotted, data.\"a.b\" AS quoted FROM events WHERE data->>'page' = '/b'",
        "dotted,quoted;dotted,dotted",
    );
    check("SELECT data->'items'->1->>'k' AS k FROM events WHERE data->'items' IS NOT NULL", "k;v");
    check(
        "SELECT json_get_int(data, 'n') AS i, json_get_float(data, 'n') AS f, json_get_str(data, 'n') AS s, json_get_bool(data, 'ok') AS b, json_get(data, 'geo', 'city') AS c FROM events ORDER BY _offset",
        "i,f,s,b,c;1,1.0,1,true,Oslo;2,2.0,2,false,;,2.5,2.5,,;,,,,",
    );
    check("SELECT metadata.host FROM events WHERE metadata->>'host' IS NOT NULL", "metadata.host;h1");
    check("SELECT data.userAgent, data.PAGE FROM events LIMIT 1", "data.userAgent,data.PAGE;x,/a");
    check("SELECT count(*) AS n FROM events WHERE data.ok", "n;1");
    check("SELECT count(*) AS n FROM events WHERE NOT data.ok AND data.n > 1", "n;1");
    check("SELECT data.never, avg(data.never) AS a FROM events GROUP BY data.never", "data.never,a;,");
    check("SELECT (data->>'n')::float + 1 AS x FROM events WHERE data->>'n'::float = 2.5", "x;3.5");
}

#[test]
fn mixed_paths_are_numbers_beside_numbers_and_text_elsewhere() {
    check("SELECT data.mixed FROM events WHERE data.mixed > 4", "data.mixed;5");
    check("SELECT sum(data.mixed) AS s, avg(data.mixed) AS a FROM events", "s,a;5.0,5.0");
    check("SELECT count(*) AS n FROM events WHERE data.mixed = 'five'", "n;1");
    check("SELECT count(*) AS n FROM events WHERE data.mixed IN (5, 6)", "n;1");
    check("SELECT count(*) AS n FROM events WHERE data.mixed BETWEEN 4 AND 6", "n;1");
    check("SELECT data.mixed + 1 AS s FROM events WHERE data.mixed + 1 > 0", "s;6.0");
    check("SELECT count(*) AS n FROM events WHERE data.n LIKE '2%'", "n;2");
    check("SELECT count(*) AS n FROM events WHERE data.page LIKE '/%' AND data.n IN (1, 2)", "n;2");
    check("SELECT count(*) AS n FROM events WHERE data.n = '2'", "n;1");
}

#[test]
fn paths_work_wherever_columns_do() {
    check(
        "SELECT data.page, count(*) FROM events GROUP BY data.page ORDER BY count(*) DESC, data.page NULLS LAST",
        "data.page,count(*);/a,2;/b,1;,1",
    );
    check("SELECT data.page AS p, count(*) AS n FROM events GROUP BY 1 HAVING count(*) > 1", "p,n;/a,2");
    check("SELECT DISTINCT data.page FROM events WHERE data.page IS NOT NULL ORDER BY data.page", "data.page;/a;/b");
    check(
        "SELECT a.data.page AS p FROM events a JOIN events b ON a.data.page = b.data.page AND a._offset < b._offset",
        "p;/a",
    );
    check(
        "WITH pages AS (SELECT data, user_id FROM events WHERE type = 'web.click') SELECT data.page, data.n FROM pages ORDER BY data.n DESC",
        "data.page,data.n;/b,2.0;/a,1.0",
    );
    check("SELECT p.d.page AS x FROM (SELECT data AS d FROM events LIMIT 1) p", "x;/a");
    check(
        "SELECT user_id FROM events e WHERE EXISTS (SELECT 1 FROM events f WHERE f.data.page = e.data.page AND f._offset > e._offset)",
        "user_id;u1",
    );
    check(
        "SELECT data.page, row_number() OVER (PARTITION BY data.page ORDER BY timestamp) AS i FROM events WHERE data.page = '/a' ORDER BY i",
        "data.page,i;/a,1;/a,2",
    );
    check(
        "SELECT data.page AS page FROM events UNION SELECT data.geo.city FROM events ORDER BY page NULLS LAST",
        "page;/a;/b;Oslo;\"\"",
    );
    check(
        "SELECT CASE WHEN data.n > 1 THEN data.page ELSE 'none' END AS x FROM events ORDER BY _offset",
        "x;none;/b;/a;none",
    );
    check(
        "SELECT coalesce(data.page, 'none') AS x, upper(data.page) AS u FROM events ORDER BY _offset DESC LIMIT 1",
        "x,u;none,",
    );
}

#[test]
fn other_names_mean_columns_unless_the_statement_has_its_own() {
    check("SELECT ts, event_type FROM events ORDER BY ts LIMIT 1", "ts,event_type;2026-11-23T10:00:00Z,web.click");
    check("SELECT level FROM events WHERE level = 'error'", "level;high");
    check("SELECT count(*) AS n FROM events WHERE level IN ('info', 'warning')", "n;2");
    check(
        "SELECT count(*) AS n FROM events WHERE 'critical' = level OR e.level <> 'info' IS NULL"
            .replace("e.level", "level")
            .as_str(),
        "n;1",
    );
    check("SELECT user_agent FROM events WHERE user_agent IS NOT NULL", "user_agent;curl");
    check("SELECT e.user_agent, e.ts FROM events e LIMIT 1", "e.user_agent,e.ts;curl,2026-11-23T10:00:00Z");
    check("SELECT ts FROM (SELECT 7 AS ts) x", "ts;7");
    check(
        "WITH t AS (SELECT 'own' AS level, type FROM events) SELECT DISTINCT level FROM t WHERE level = 'own'",
        "level;own",
    );
    check(
        "SELECT date_trunc('hour', timestamp) AS ts, count(*) AS n FROM events GROUP BY ts ORDER BY ts",
        "ts,n;2026-11-23T10:00:00Z,2;2026-11-23T11:00:00Z,1;2026-11-23T12:00:00Z,1",
    );
    check(
        "SELECT date_trunc('hour', ts) AS hour, count(*) AS n FROM events WHERE ts < '2026-11-23T11:00:00Z' GROUP BY hour",
        "hour,n;2026-11-23T10:00:00Z,2",
    );
    check("SELECT CASE level WHEN 'info' THEN 1 ELSE 0 END AS x FROM events ORDER BY ts LIMIT 1", "x;1");
    check("SELECT TYPE, Source FROM EVENTS LIMIT 1", "type,source;web.click,web");
    check("SELECT ts FROM (SELECT ts FROM events ORDER BY ts DESC LIMIT 1)", "ts;2026-11-23T12:00:00Z");
    check("SELECT events_stream.type FROM events_stream LIMIT 1", "type;web.click");
}

#[test]
fn times_compare_with_text_and_now() {
    check("SELECT count(*) AS n FROM events WHERE timestamp > '2026-11-23T10:30:00Z'", "n;2");
    check(
        "SELECT count(*) AS n FROM events WHERE timestamp BETWEEN '2026-11-23 10:00:00' AND '2026-11-23T11:00:00+01:00'",
        "n;1",
    );
    check("SELECT count(*) AS n FROM events WHERE timestamp > TIMESTAMP '2026-11-23 11:30:00'", "n;1");
    check(
        "SELECT count(*) AS n FROM events WHERE timestamp > NOW() - INTERVAL '1 HOUR' AND timestamp < NOW() - INTERVAL '200 YEARS'",
        "n;0",
    );
    check(
        "SELECT date_bin(INTERVAL '1 hour', timestamp) AS b, count(*) AS n FROM events GROUP BY b ORDER BY b LIMIT 1",
        "b,n;2026-11-23T10:00:00Z,2",
    );
    check("SELECT extract(hour FROM timestamp) AS h FROM events ORDER BY h DESC LIMIT 1", "h;12");
}

#[test]
fn percentiles_have_the_names_people_know() {
    for call in [
        "approx_percentile_cont(data.n, 0.5)",
        "approx_percentile(data.n, 0.5)",
        "quantile(data.n, 0.5)",
        "median(data.n)",
    ] {
        check(&format!("SELECT {call} AS p FROM events"), "p;2.0");
    }
    check("SELECT approx_percentile(data.mixed, 0.5) AS p FROM events", "p;5.0");
    check("SELECT approx_distinct(user_id) AS n, count(DISTINCT user_id) AS m FROM events", "n,m;2,2");
}

#[test]
fn parameters_stand_for_values() {
    let query = |sql: &str, params: serde_json::Value| Query {
        sql: sql.to_owned(),
        params: params.as_object().unwrap().clone().into_iter().collect(),
        ..Query::default()
    };
    let check = |sql: &str, params: serde_json::Value, expected: &str| {
        assert_eq!(shown(&ask(&engine(), &sample(), query(sql, params)).unwrap()), expected, "{sql}");
    };
    check(
        "SELECT count(*) AS n FROM events WHERE type = $type AND data.n >= $min",
        json!({"type": "web.click", "min": 2}),
        "n;1",
    );
    check("SELECT count(*) AS n FROM events WHERE level = $1 LIMIT $2", json!({"1": "error", "2": 5}), "n;1");
    check("SELECT $x AS x, $y AS y, $z AS z", json!({"x": "it's", "y": null, "z": -1.5}), "x,y,z;it's,,-1.5");
    let missing = ask(&engine(), &sample(), query("SELECT $who", json!({}))).unwrap_err();
    assert_eq!((missing.code, missing.place), ("missing_param", Some((1, 8))));
    let list = ask(&engine(), &sample(), query("SELECT $who", json!({"who": [1]}))).unwrap_err();
    assert_eq!(list.code, "sql_invalid");
}

#[test]
fn json_columns_stay_json_in_answers() {
    let answer = ask_sql("SELECT e.data, data->'geo' AS geo FROM events e LIMIT 1").unwrap();
    let mut out = Vec::new();
    encode::rows_json(&answer.batches, &mut out);
    let rows: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(rows[0][0]["page"], "/a");
    assert_eq!(rows[0][1]["city"], "Oslo");
}

#[test]
fn statements_that_describe_are_possible() {
    for sql in [
        "SHOW TABLES",
        "DESCRIBE events",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT count(data.page) FROM events",
        "SHOW COLUMNS FROM events",
    ] {
        assert!(ask_sql(sql).is_ok_and(|answer| answer.stats.rows > 0), "{sql}");
    }
}

#[test]
fn an_answer_tells_what_it_cost() {
    let answer = ask_sql("SELECT sum(data.n) AS s FROM events WHERE timestamp >= '2026-11-23T11:00:00Z'").unwrap();
    assert_eq!((shown(&answer).as_str(), answer.stats.rows, answer.stats.rows_scanned), ("s;2.5", 1, 2));
    assert!(answer.stats.bytes_scanned > 0 && !answer.stats.elapsed.is_zero());
}

#[test]
fn the_catalog_lists_paths_beside_columns() {
    let catalog = engine().catalog(&sample()).unwrap();
    let kind = |name: &str| {
        catalog.tables[0].columns.iter().find(|column| column.name == name).map(|column| column.kind.as_str())
    };
    assert_eq!(kind("timestamp"), Some("timestamp"));
    assert_eq!(kind("data"), Some("json"));
    assert_eq!(kind("tags"), Some("list<text>"));
    assert_eq!(kind("data.n"), Some("float"));
    assert_eq!(kind("data.geo.city"), Some("text"));
    assert_eq!(kind("data.mixed"), Some("mixed"));
    for function in ["date_trunc", "count", "json_get_str", "approx_percentile", "generate_series", "row_number"] {
        assert!(catalog.functions.iter().any(|known| known == function), "{function}");
    }
}
