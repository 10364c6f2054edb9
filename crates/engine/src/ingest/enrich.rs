//! What is added to an event on admission: device, operating system and browser from `data.user_agent`, and country, region
//! and city from `data.ip` when there is a GeoIP database.
//!
//! A site sees some thousand different user agents and each of them a million times, so the answers are kept; so are those
//! of addresses.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use streamflow_core::user_agent;

use crate::geoip::{GeoDatabase, Place};
use crate::tail::view;

/// Answers kept. Beyond it all are forgotten and asked anew, so that a flood of made-up agents costs no memory.
const KEPT_MAX: usize = 4_096;
/// Longer user agents are not looked at.
const AGENT_BYTES_MAX: usize = 1_024;

/// Views of what a user agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AgentViews {
    pub(crate) device_type: u128,
    pub(crate) os: Option<u128>,
    pub(crate) browser: Option<u128>,
}

/// The longest spelling of an address.
const ADDRESS_BYTES_MAX: usize = 45;

const UNKNOWN: AgentViews = AgentViews { device_type: view::inline("unknown"), os: None, browser: None };

/// Remembers what user agents say, and where addresses are.
#[derive(Debug, Default)]
pub(crate) struct Enricher {
    kept: hashbrown::HashTable<(Box<[u8]>, AgentViews)>,
    hasher: hashbrown::DefaultHashBuilder,
    geo: Option<Arc<GeoDatabase>>,
    places: hashbrown::HashMap<IpAddr, Place>,
}

impl Enricher {
    pub(super) fn new(geo: Option<Arc<GeoDatabase>>) -> Self {
        Self { geo, ..Self::default() }
    }

    /// Returns where an address is; none when there is no database, or the text is no address.
    pub(crate) fn place(&mut self, address: &[u8]) -> Option<&Place> {
        let geo = self.geo.as_ref()?;
        let text = std::str::from_utf8(address).ok().filter(|text| text.len() <= ADDRESS_BYTES_MAX)?;
        let address: IpAddr = text.trim().parse().ok()?;
        if self.places.len() >= KEPT_MAX && !self.places.contains_key(&address) {
            self.places.clear();
        }
        Some(self.places.entry(address).or_insert_with(|| geo.place(address)))
    }

    /// Returns what a user agent says.
    #[inline]
    pub(crate) fn user_agent(&mut self, agent: Option<&[u8]>) -> AgentViews {
        let Some(agent) = agent.filter(|agent| agent.len() <= AGENT_BYTES_MAX) else { return UNKNOWN };
        let hash = self.hash(agent);
        if let Some((_, views)) = self.kept.find(hash, |(kept, _)| **kept == *agent) {
            return *views;
        }
        self.parse(agent, hash)
    }

    fn hash(&self, agent: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(agent);
        hasher.finish()
    }

    fn parse(&mut self, agent: &[u8], hash: u64) -> AgentViews {
        let parsed = user_agent::parse(std::str::from_utf8(agent).unwrap_or_default());
        let views = AgentViews {
            device_type: view::inline(parsed.device.as_str()),
            os: parsed.os.map(view::inline),
            browser: parsed.browser.map(view::inline),
        };
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        let hasher = &self.hasher;
        self.kept.insert_unique(hash, (Box::from(agent), views), |(kept, _)| {
            let mut state = hasher.build_hasher();
            state.write(kept);
            state.finish()
        });
        views
    }
}
