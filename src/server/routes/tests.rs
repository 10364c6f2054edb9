use std::collections::BTreeSet;

use super::*;
use crate::server::openapi;

#[test]
fn openapi_has_every_route_and_no_other() {
    let routed: BTreeSet<(String, String)> =
        all().iter().map(|route| (route.path.to_owned(), route.method.as_str().to_owned())).collect();
    let document = serde_json::to_value(openapi::document()).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| (path.clone(), method.to_ascii_uppercase()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(described, routed);
}
