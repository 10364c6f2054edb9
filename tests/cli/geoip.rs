//! Events get a place by their address when a GeoIP database is configured, and a wrong one is named before anything serves.

#[path = "../../crates/engine/src/geoip/sample.rs"]
mod sample;

use std::fs;

use crate::program::Place;
use crate::server::Server;

fn place_with(file: &str, contents: &[u8]) -> Place {
    let place = Place::new();
    place.write("config.yaml", "enrichment:\n  geoip_database: geo/places.mmdb\n");
    let path = place.dir().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
    place
}

#[test]
fn events_are_counted_by_country() {
    let networks = [
        ([192, 0, 2, 0], 24, sample::place("DE", "Bavaria", "Munich")),
        ([198, 51, 100, 0], 24, sample::place("FR", "Brittany", "Rennes")),
    ];
    let place = place_with("geo/places.mmdb", &sample::database("Test-City", &networks));
    place.run(&["config", "check"]).exits(0);
    let doctor = place.run(&["doctor", "--jq", ".rows[] | select(.check == \"geoip\") | .message"]);
    assert_eq!(doctor.out, "Test-City of 2026-01-01\n");
    let server = Server::start_in(place, &[]);
    for (user, ip) in [("a", "192.0.2.1"), ("b", "192.0.2.2"), ("c", "198.51.100.3"), ("d", "203.0.113.4")] {
        server.run(&["send", "web.click", "--user", user, "-d", &format!("ip={ip}")]).exits(0);
    }
    let sql = "SELECT country, region, city, count(*) FROM events GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1 NULLS LAST";
    let rows = server.run(&["query", sql, "-o", "csv", "--no-header"]).exits(0).out;
    assert_eq!(rows, "DE,Bavaria,Munich,2\nFR,Brittany,Rennes,1\n,,,1\n");
    let top = server.run(&["top", "countries", "-o", "csv", "--no-header", "--fields", "name,events"]).exits(0).out;
    assert!(top.starts_with("DE,2\n"), "{top}");
}

#[test]
fn a_database_that_can_not_be_used_is_named() {
    let check = |place: Place, words: &str| {
        for args in [&["config", "check"] as &[&str], &["start", "--port-base=0"], &["query", "SELECT 1"]] {
            // A query opens the folder itself only if there is one.
            fs::create_dir_all(place.dir().join("data")).unwrap();
            place.run(args).exits(2).says("enrichment.geoip_database").says(words).says("hint:");
        }
        let failed = place.run(&["doctor", "--jq", ".rows[] | select(.check == \"geoip\") | .result"]).exits(10).out;
        assert_eq!(failed, "failed\n");
    };
    check(place_with("other.mmdb", b""), "places.mmdb can not be read");
    check(place_with("geo/places.mmdb", b"country,city\nDE,Munich\n"), "is no MaxMind database");
    let numbers = [([192, 0, 2, 0], 24, serde_json::json!({"autonomous_system_number": 64_496}))];
    check(place_with("geo/places.mmdb", &sample::database("Test-ASN", &numbers)), "calls itself \"Test-ASN\"");
}
