//! The ways that lead to carriers, as configured: source addresses of our own.

use std::net::IpAddr;

use crate::carrier::Carrier;
use crate::policy::Policy;

/// One address of ours from which mails leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The address. Hosts of its family only can be reached from it.
    pub address: IpAddr,
    /// Our name in EHLO from this address, where it has one of its own (RFC 5321 §4.1.1.1).
    pub helo: Option<String>,
    /// The carriers for which it is used; none named means all of them.
    pub carriers: Vec<Carrier>,
    /// Ceilings for this address at each carrier, below those of the carrier.
    pub limits: SourceLimits,
}

impl Source {
    /// Whether mails for this carrier may leave from it.
    #[must_use]
    pub fn serves(&self, carrier: &Carrier) -> bool {
        self.carriers.is_empty() || self.carriers.contains(carrier)
    }
}

/// What one address may do at one carrier; `None` leaves the carrier's own ceiling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceLimits {
    /// Most sessions at once.
    pub sessions_max: Option<u32>,
    /// Most mails a second.
    pub mails_per_second_max: Option<f64>,
    /// Most mails at once after a pause.
    pub burst_mails: Option<u32>,
    /// Most new connections a minute.
    pub connects_per_minute_max: Option<u32>,
}

impl SourceLimits {
    /// The carrier's limits, lowered where these are lower.
    #[must_use]
    pub fn under(&self, policy: &Policy) -> Policy {
        let mut own = policy.clone();
        own.sessions_max = least(self.sessions_max, Some(own.sessions_max)).unwrap_or(1).max(1);
        own.sessions_start = own.sessions_start.min(own.sessions_max);
        own.mails_per_second_max = least(self.mails_per_second_max, own.mails_per_second_max);
        own.burst_mails = least(self.burst_mails, Some(own.burst_mails)).unwrap_or(1).max(1);
        own.connects_per_minute_max = least(self.connects_per_minute_max, own.connects_per_minute_max);
        own
    }
}

fn least<T: PartialOrd>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one < other { one } else { other }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_an_address_lower_those_of_the_carrier_and_never_raise_them() {
        let carrier = Policy { sessions_max: 10, mails_per_second_max: Some(5.0), ..Policy::default() };
        let limits = SourceLimits {
            sessions_max: Some(3),
            mails_per_second_max: Some(9.0),
            connects_per_minute_max: Some(6),
            ..SourceLimits::default()
        };
        let own = limits.under(&carrier);
        assert_eq!((own.sessions_max, own.mails_per_second_max, own.connects_per_minute_max), (3, Some(5.0), Some(6)));
        assert_eq!(own.sessions_start, 3);
        assert_eq!(SourceLimits::default().under(&carrier), carrier);
    }

    #[test]
    fn an_address_without_carriers_serves_all() {
        let mut source = Source {
            address: "192.0.2.7".parse().unwrap(),
            helo: None,
            carriers: Vec::new(),
            limits: SourceLimits::default(),
        };
        assert!(source.serves(&Carrier::new("au")));
        source.carriers = vec![Carrier::new("docomo")];
        assert!(source.serves(&Carrier::new("docomo")) && !source.serves(&Carrier::new("au")));
    }
}
