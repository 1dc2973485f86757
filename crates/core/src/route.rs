//! The ways that lead to carriers, as configured: addresses of our own, and relays.

use std::net::IpAddr;
use std::sync::Arc;

use crate::carrier::Carrier;
use crate::policy::{Policy, Totals};
use crate::time::Span;

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

/// A relay through which the mails of some carriers go instead of to their MX hosts (特定接続, requirement A02).
#[derive(Clone, Debug, PartialEq)]
pub struct RelayRoute {
    /// What it is called in records and reports.
    pub name: String,
    /// Name or address of the host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The carriers for which it is used; each has a lane through it.
    pub carriers: Vec<Carrier>,
    /// What the relay bears: its carriers' lanes share the limits evenly, so that together they stay under them.
    pub policy: Policy,
    /// With which account, if it asks for one.
    pub login: Option<Arc<Login>>,
    /// What becomes of the mails while it is down.
    pub when_down: WhenDown,
    /// How long it must fail before it is called down.
    pub patience: Span,
}

impl RelayRoute {
    /// Whether the mails of this carrier go through it.
    #[must_use]
    pub fn serves(&self, carrier: &Carrier) -> bool {
        self.carriers.contains(carrier)
    }

    /// What the lane of one of its carriers may do.
    #[must_use]
    pub fn lane_policy(&self) -> Policy {
        let total = Totals {
            sessions_max: Some(self.policy.sessions_max),
            mails_per_second_max: self.policy.mails_per_second_max,
            connects_per_minute_max: self.policy.connects_per_minute_max,
        };
        share(&Policy { total, ..self.policy.clone() }, self.carriers.len()).1
    }
}

/// What becomes of a carrier's mails while its relay is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenDown {
    /// They wait, with an alarm.
    #[default]
    Wait,
    /// They go to the carrier's MX hosts, with an alarm, until the relay answers again.
    Mx,
}

/// An account at a relay (SMTP AUTH, RFC 4954). Its password is in no log and no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The account's name.
    pub user: String,
    password: String,
    /// Whether it may be told on a line that is not encrypted: for a relay on the same machine only.
    pub in_clear: bool,
}

impl Login {
    /// An account, told over TLS only.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Login { user: user.into(), password: password.into(), in_clear: false }
    }

    /// The password, for the wire alone.
    #[must_use]
    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl core::fmt::Debug for Login {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Login({}, in_clear: {})", self.user, self.in_clear)
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

/// What each of `lanes` addresses may do so that together they stay under the carrier's totals, and how many of them
/// may do anything: a total of two sessions leaves nothing to a third.
///
/// The shares are even and fixed, so that the sum is never exceeded, whatever happens in one of them.
#[must_use]
pub fn share(policy: &Policy, lanes: usize) -> (usize, Policy) {
    let total = policy.total;
    let whole = |most: Option<u32>| most.map_or(usize::MAX, |most| most.max(1) as usize);
    // Where mails are paced together, each share needs one mail of the burst.
    let bursts = total.mails_per_second_max.map(|_| policy.burst_mails);
    let connects = total.connects_per_minute_max;
    let used = lanes.min(whole(total.sessions_max)).min(whole(bursts)).min(whole(connects)).max(1);
    // Counts of lanes are far below a u32.
    let parts = u32::try_from(used).unwrap_or(u32::MAX);
    let limits = SourceLimits {
        sessions_max: total.sessions_max.map(|most| (most / parts).max(1)),
        mails_per_second_max: total.mails_per_second_max.map(|most| most / f64::from(parts)),
        burst_mails: bursts.map(|most| (most / parts).max(1)),
        connects_per_minute_max: connects.map(|most| (most / parts).max(1)),
    };
    (used, limits.under(policy))
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
    fn shares_of_a_total_never_add_up_to_more() {
        for sessions in 1..20 {
            for lanes in 1..8 {
                let total = Totals {
                    sessions_max: Some(sessions),
                    mails_per_second_max: Some(9.0),
                    connects_per_minute_max: None,
                };
                let policy = Policy { burst_mails: 5, total, ..Policy::default() };
                let (used, own) = share(&policy, lanes);
                let used_u32 = used as u32;
                assert!((1..=lanes).contains(&used));
                assert!(own.sessions_max * used_u32 <= sessions && own.burst_mails * used_u32 <= 5);
                assert!(own.mails_per_second_max.unwrap() * f64::from(used_u32) <= 9.0 + 1e-9);
            }
        }
        assert_eq!(share(&Policy::default(), 3), (3, Policy::default()));
    }

    #[test]
    fn a_password_is_not_printed() {
        let printed = format!("{:?}", Login::new("hikyaku", "geheim"));
        assert!(printed.contains("hikyaku") && !printed.contains("geheim"), "{printed}");
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
