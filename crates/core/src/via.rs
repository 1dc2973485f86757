//! By which way a mail goes to its carrier: from the system's address, from one of our own, or through a relay.

use std::net::IpAddr;
use std::sync::Arc;

use crate::carrier::Carrier;

/// The way of a lane. A carrier has one lane for each way that leads to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// To the carrier's MX hosts, from whichever address the system chooses.
    #[default]
    Direct,
    /// To the carrier's MX hosts, from this address of ours.
    Source(IpAddr),
    /// Through the relay of this name.
    Relay(String),
}

impl Via {
    /// Our own address on this way, where it is fixed.
    #[must_use]
    pub fn source(&self) -> Option<IpAddr> {
        match self {
            Via::Source(address) => Some(*address),
            Via::Direct | Via::Relay(_) => None,
        }
    }

    /// What the lane of a carrier is called: `docomo`, `docomo via 192.0.2.7`, `docomo via relay tokutei`.
    #[must_use]
    pub fn lane_name(&self, carrier: &Carrier) -> Arc<str> {
        match self {
            Via::Direct => carrier.as_str().into(),
            via => format!("{carrier} via {via}").into(),
        }
    }
}

impl core::fmt::Display for Via {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Via::Direct => f.write_str("MX"),
            Via::Source(address) => write!(f, "{address}"),
            Via::Relay(name) => write!(f, "relay {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_named_by_its_carrier_and_where_it_has_one_by_its_way() {
        let docomo = Carrier::new("docomo");
        let name = |via: Via| via.lane_name(&docomo).to_string();
        assert_eq!(name(Via::Direct), "docomo");
        assert_eq!(name(Via::Source("192.0.2.7".parse().unwrap())), "docomo via 192.0.2.7");
        assert_eq!(name(Via::Relay("tokutei".into())), "docomo via relay tokutei");
    }
}
