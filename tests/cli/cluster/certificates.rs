//! Certificates are looked at, and change under load without a review that fails.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::program::Place;
use crate::webhook::serving::Webhook;

#[test]
fn certificates_are_told_apart_by_how_long_they_last_and_whether_they_fit() {
    let place = Place::new();
    place.run(&["webhook", "certs", "--out", "certs", "--san", "10.0.0.5"]).exits(0);
    let rows = place.run(&["webhook", "certs", "--check", "certs", "-o", "json"]).exits(0).json()["rows"].clone();
    // Whole days: a second after it was made, the first of them is begun.
    let left = |row: usize| rows[row]["days_left"].as_i64().unwrap();
    assert!((3_651..=3_652).contains(&left(0)) && (89..=90).contains(&left(1)), "{rows}");
    let names = rows[1]["names"].as_array().unwrap();
    assert!(names.contains(&json!("streamflow-webhook.streamflow-webhook.svc")) && names.contains(&json!("10.0.0.5")));
    place.run(&["webhook", "certs", "--check", "certs", "--days", "91"]).exits(1).says("renew within");

    // An authority of another run, and a key of another certificate.
    place.run(&["webhook", "certs", "--out", "other"]).exits(0);
    for (name, fault) in [("ca.crt", "invalid peer certificate"), ("tls.key", "tls.key is not that of tls.crt")] {
        place.run(&["webhook", "certs", "--out", "certs", "--force"]).exits(0);
        std::fs::copy(place.dir().join("other").join(name), place.dir().join("certs").join(name)).unwrap();
        let rows = place.run(&["webhook", "certs", "--check", "certs", "-o", "json"]).exits(10).json()["rows"].clone();
        assert!(rows[1]["fault"].as_str().unwrap().contains(fault), "{rows}");
    }
    place.run(&["webhook", "certs", "--check", "nowhere"]).exits(2).says("cannot read nowhere/ca.crt");
}

#[test]
fn no_review_fails_while_certificates_change_under_load() {
    let webhook = Webhook::start();
    let dir = webhook.place.dir();
    // An API server is told of both authorities before the certificate changes.
    std::fs::copy(dir.join("certs/ca.crt"), dir.join("bundle.crt")).unwrap();
    let review = crate::webhook::review(&crate::webhook::deployment(), None);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut reviews = 0_u32;
                    while !stop.load(Ordering::Relaxed) {
                        let mut client = webhook.client_trusting(&dir.join("bundle.crt"));
                        for _ in 0..5 {
                            assert_eq!(client.review(&review).0, 200);
                            reviews += 1;
                        }
                    }
                    reviews
                })
            })
            .collect();
        for taken in 1..=3 {
            webhook.place.run(&["webhook", "certs", "--out", "next", "--force"]).exits(0);
            let both = std::fs::read_to_string(dir.join("bundle.crt")).unwrap()
                + &std::fs::read_to_string(dir.join("next/ca.crt")).unwrap();
            std::fs::write(dir.join("bundle.new"), both).unwrap();
            std::fs::rename(dir.join("bundle.new"), dir.join("bundle.crt")).unwrap();
            for name in ["tls.crt", "tls.key"] {
                std::fs::rename(dir.join("next").join(name), dir.join("certs").join(name)).unwrap();
            }
            webhook.wait_for_count("streamflow_admission_certificate_taken_total", taken);
        }
        stop.store(true, Ordering::Relaxed);
        let reviews: u32 = clients.into_iter().map(|client| client.join().unwrap()).sum();
        assert!(reviews > 0);
    });
}
