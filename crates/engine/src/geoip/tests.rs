use serde_json::json;

use super::sample::{database, place};
use super::*;
use crate::disk::LocalDisk;

fn open(contents: Vec<u8>) -> Result<GeoDatabase, GeoError> {
    GeoDatabase::new(contents, Path::new("places.mmdb"))
}

#[test]
fn addresses_are_found_in_their_network() {
    let database = open(database(
        "Test-City",
        &[
            ([192, 0, 2, 0], 24, place("DE", "Bavaria", "Munich")),
            ([198, 51, 100, 7], 32, json!({"country": {"iso_code": "FR"}})),
            ([203, 0, 113, 0], 24, json!({"country": "JP", "region": "Tokyo", "city": "Chiyoda"})),
        ],
    ))
    .unwrap();
    assert_eq!((database.kind(), database.built_at_seconds()), ("Test-City", 1_767_225_600));
    let check = |address: &str, expected: [Option<&str>; 3]| {
        let place = database.place(address.parse().unwrap());
        let found = [&place.country, &place.region, &place.city].map(Option::as_deref);
        assert_eq!(found, expected, "{address}");
    };
    check("192.0.2.1", [Some("DE"), Some("Bavaria"), Some("Munich")]);
    check("::ffff:192.0.2.255", [Some("DE"), Some("Bavaria"), Some("Munich")]);
    check("198.51.100.7", [Some("FR"), None, None]);
    check("198.51.100.8", [None; 3]);
    check("203.0.113.9", [Some("JP"), Some("Tokyo"), Some("Chiyoda")]);
    check("2001:db8::1", [None; 3]);
}

#[test]
fn what_is_no_database_of_places_is_refused() {
    let good = database("Test-City", &[([192, 0, 2, 0], 24, place("DE", "Bavaria", "Munich"))]);
    let check = |contents: Vec<u8>, expected: &str| {
        let error = open(contents).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(Vec::new(), "places.mmdb is no MaxMind database");
    check(b"country,city\nDE,Munich\n".to_vec(), "places.mmdb is no MaxMind database");
    check(good[good.len() - 100..].to_vec(), "is no MaxMind database");
    let networks = [([192, 0, 2, 0], 24, json!({"autonomous_system_number": 64_496}))];
    check(database("Test-ASN", &networks), "without countries and cities; it calls itself \"Test-ASN\"");
    let missing = GeoDatabase::open(&LocalDisk, Path::new("/nowhere/places.mmdb")).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/places.mmdb can not be read"), "{missing}");
}

#[test]
fn a_database_cut_anywhere_never_panics() {
    let good = database("Test-City", &[([192, 0, 2, 0], 24, place("DE", "Bavaria", "Munich"))]);
    for length in 0..good.len() {
        if let Ok(database) = open(good[..length].to_vec()) {
            drop(database.place(IpAddr::from([192, 0, 2, 1])));
        }
        let mut bent = good.clone();
        bent[length] ^= 0xFF;
        if let Ok(database) = open(bent) {
            drop(database.place(IpAddr::from([192, 0, 2, 1])));
        }
    }
}
