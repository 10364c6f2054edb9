//! Mutations on their way to StreamFlow: they hold up no review, and those for which there is no room are counted.

use serde_json::json;

use super::serving::Webhook;
use super::{deployment, review};
use crate::door::Door;
use crate::server::Server;

/// Reviews of a test: more than wait for a server that does not answer (4,096, and 500 that are under way).
const REVIEWS: u64 = 5_000;
const CLIENTS: u64 = 4;
const WAITING_MOST: u64 = 4_096 + 500;

/// Sends the reviews, each of which is answered with a patch.
fn send_reviews(webhook: &Webhook) {
    let review = review(&deployment(), None);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = webhook.client();
                for _ in 0..REVIEWS / CLIENTS {
                    let (status, answer) = client.review(&review);
                    assert_eq!((status, &answer["response"]["patchType"]), (200, &json!("JSONPatch")));
                }
            });
        }
    });
}

#[test]
fn reviews_do_not_wait_for_a_server_that_is_slow_and_what_has_no_room_is_counted() {
    let server = Server::start();
    let door = Door::before(server.address("gateway"));
    let webhook = Webhook::start_with(&["--drain-delay", "0", "--events", &door.url()]);
    // The server takes connections and answers nothing, so that no review could wait for it and be answered.
    send_reviews(&webhook);
    assert!(door.came() > 0);
    assert_eq!(webhook.count("streamflow_admission_events_sent_total"), 0);
    let dropped = webhook.count("streamflow_admission_events_dropped_total");
    assert!((REVIEWS - WAITING_MOST..REVIEWS).contains(&dropped), "{dropped} were dropped");

    // What waited arrives when the server answers, each once.
    door.open();
    webhook.wait_for_count("streamflow_admission_events_sent_total", REVIEWS - dropped);
    assert_eq!(webhook.count("streamflow_admission_events_dropped_total"), dropped);
    let count = "SELECT count(*) AS n FROM events WHERE type = 'k8s.mutation'";
    let arrived = server.run(&["query", count, "--jq", ".rows[0].n"]).exits(0).out;
    assert_eq!(arrived.trim(), (REVIEWS - dropped).to_string());
}

#[test]
fn reviews_do_not_wait_for_a_server_that_is_away() {
    // Nothing listens at port 1.
    let webhook = Webhook::start_with(&["--drain-delay", "0", "--events", "http://127.0.0.1:1"]);
    send_reviews(&webhook);
    assert_eq!(webhook.count("streamflow_admission_events_sent_total"), 0);
    let dropped = webhook.count("streamflow_admission_events_dropped_total");
    assert!(dropped >= REVIEWS - WAITING_MOST, "{dropped} were dropped");
}
