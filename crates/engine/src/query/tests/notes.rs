//! What an answer says beside its rows.

use serde_json::json;

use super::{ask, build::snapshot_of, engine};
use crate::query::Query;

#[test]
fn a_path_that_no_event_has_is_named_with_the_nearest_that_one_has() {
    let event = json!({"timestamp": "2026-11-23T10:00:00Z", "type": "t", "source": "s",
                       "data": {"page": "/a", "geo": {"city": "Oslo"}}});
    let snapshot = snapshot_of(&[&[event]]);
    let engine = engine();
    for (sql, notes) in [
        ("SELECT data.page, data.geo, data.geo.city FROM events", &[][..]),
        ("SELECT data.pag FROM events WHERE data.pag = 'x'", &["no event has data.pag; did you mean data.page?"]),
        ("SELECT e.data.geo.ciyt FROM events e", &["no event has data.geo.ciyt; did you mean data.geo.city?"]),
        ("SELECT data.zzzzzzzz FROM events", &["no event has data.zzzzzzzz"]),
    ] {
        let answer = ask(&engine, &snapshot, Query { sql: sql.to_owned(), ..Query::default() }).unwrap();
        assert_eq!(answer.notes, notes, "{sql}");
    }
}
