//! Lists the user agents that generated visitors have: real browsers on real systems, version by version.

/// User agents of a run, as many as [`all`] returns.
pub const USER_AGENTS: usize = 1_000;

/// A browser on a system, with `{v}` where the version stands, and the versions it came in.
struct Family {
    pattern: &'static str,
    versions: std::ops::Range<u32>,
}

const SAFARI: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

/// Desktop first, then phones and tablets, then what reads pages without a person.
const FAMILIES: [Family; 20] = [
    family(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36 Edg/{v}.0.0.0",
        80..140,
    ),
    family("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0", 78..138),
    family("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:{v}.0) Gecko/20100101 Firefox/{v}.0", 78..138),
    family("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0", 78..138),
    family("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {safari} Version/{v}.1 Safari/605.1.15", 11..19),
    family(
        "Mozilla/5.0 (iPhone; CPU iPhone OS {v}_2 like Mac OS X) {safari} Version/{v}.2 Mobile/15E148 Safari/604.1",
        10..19,
    ),
    family("Mozilla/5.0 (iPad; CPU OS {v}_3 like Mac OS X) {safari} Version/{v}.3 Mobile/15E148 Safari/604.1", 10..19),
    family(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {safari} CriOS/{v}.0.6478.54 Mobile/15E148 Safari/604.1",
        80..140,
    ),
    family(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        80..140,
    ),
    family("Mozilla/5.0 (Android 13; Mobile; rv:{v}.0) Gecko/{v}.0 Firefox/{v}.0", 78..138),
    family(
        "Mozilla/5.0 (Linux; Android 12; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{v}.0 Chrome/115.0.0.0 Mobile Safari/537.36",
        12..27,
    ),
    family(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36 OPR/106.0.0.0",
        80..140,
    ),
    family(
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        80..140,
    ),
    family(
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/{v}.0.0.0 Safari/537.36",
        80..140,
    ),
];

const fn family(pattern: &'static str, versions: std::ops::Range<u32>) -> Family {
    Family { pattern, versions }
}

/// Returns [`USER_AGENTS`] different user agents; neighbours are of different families, so that a skewed choice among
/// them still meets every kind of device.
pub(super) fn all() -> Vec<String> {
    let mut found = Vec::with_capacity(USER_AGENTS);
    let oldest = FAMILIES.iter().map(|family| family.versions.len()).max().unwrap_or_default();
    for age in 0..oldest {
        for family in &FAMILIES {
            let Some(version) = family.versions.clone().rev().nth(age) else { continue };
            found.push(family.pattern.replace("{v}", &version.to_string()).replace("{safari}", SAFARI));
        }
    }
    found.truncate(USER_AGENTS);
    found
}
