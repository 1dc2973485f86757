//! The carriers' file of a simulation: read, checked, and turned into what the simulator plays.

use std::time::Duration;

use hikyaku_core::Policy;
use hikyaku_core::simulate::{CarrierScript, Group, Limits, Refusal, Ways};
use hikyaku_core::tls::TlsPolicy;
use serde::Deserialize;

/// The file that is taken if none is given, and the example with a word on every key.
pub const EXAMPLE: &str = include_str!("carriers.toml");

/// Most carriers in a file: the simulator gives each an address of its own.
const CARRIERS_MAX: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "carrier", default)]
    carriers: Vec<Row>,
}

/// One carrier as the file gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it is called.
    pub name: String,
    share: f64,
    rtt_ms: Option<f64>,
    service_ms: Option<f64>,
    sessions: Option<u32>,
    mails_per_second: Option<f64>,
    burst: Option<u32>,
    mails_per_session: Option<u32>,
    refusal: Option<String>,
    /// Our source addresses.
    pub sources: Option<u32>,
    /// Whether the engine is configured with its limits.
    pub told: Option<bool>,
    unknown_share: Option<f64>,
    greylist_s: Option<f64>,
}

/// What keeps a carrier from being faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Brake {
    /// The mails a second it takes.
    Rate,
    /// The sessions it allows, at the time that each mail takes in one.
    Sessions,
    /// Nothing that the file names: our own sessions.
    Ourselves,
}

/// Reads the carriers of a file.
///
/// # Errors
/// One line that names the place and what to write instead.
pub fn read(text: &str) -> Result<Vec<Row>, String> {
    let File { carriers } = toml::from_str(text).map_err(|e| e.to_string().trim_end().replace('\n', " "))?;
    if carriers.is_empty() || carriers.len() > CARRIERS_MAX {
        return Err(format!("there must be 1 to {CARRIERS_MAX} [[carrier]] sections"));
    }
    for row in &carriers {
        row.check().map_err(|problem| format!("carrier \"{}\": {problem}", row.name))?;
    }
    if carriers.iter().map(|row| row.share).sum::<f64>() <= 0.0 {
        return Err("no carrier has a share above 0".into());
    }
    for (at, row) in carriers.iter().enumerate() {
        if carriers[..at].iter().any(|other| other.name == row.name) {
            return Err(format!("carrier \"{}\" is there twice", row.name));
        }
    }
    Ok(carriers)
}

impl Row {
    fn check(&self) -> Result<(), String> {
        let within = |what: &str, value: Option<f64>, low: f64, high: f64| match value {
            Some(value) if !(low..=high).contains(&value) => Err(format!("{what} must be from {low} to {high}")),
            _ => Ok(()),
        };
        within("share", Some(self.share), 0.0, 1e9)?;
        within("rtt_ms", self.rtt_ms, 0.0, 60_000.0)?;
        within("service_ms", self.service_ms, 0.0, 60_000.0)?;
        within("mails_per_second", self.mails_per_second, 0.001, 1e6)?;
        within("unknown_share", self.unknown_share, 0.0, 1.0)?;
        within("greylist_s", self.greylist_s, 0.0, 86_400.0)?;
        let counts = [self.sessions, self.burst, self.mails_per_session, self.sources];
        if counts.iter().flatten().any(|count| !(1..=100_000).contains(count)) {
            return Err("sessions, burst, mails_per_session and sources must be from 1 to 100000".into());
        }
        self.refusal().map(drop)
    }

    fn refusal(&self) -> Result<Refusal, String> {
        match self.refusal.as_deref() {
            None | Some("421") => Ok(Refusal::Reply421),
            Some("reset") => Ok(Refusal::Reset),
            Some("silence") => Ok(Refusal::Silence),
            Some(other) => Err(format!("refusal = \"{other}\": write \"421\", \"reset\" or \"silence\"")),
        }
    }

    fn rtt(&self) -> f64 {
        self.rtt_ms.unwrap_or(20.0) / 1000.0
    }

    fn service(&self) -> f64 {
        self.service_ms.unwrap_or(30.0) / 1000.0
    }

    fn sources(&self) -> u32 {
        self.sources.unwrap_or(1)
    }

    /// Sessions over all sources, as the engine may open them.
    fn sessions(&self) -> u32 {
        self.sessions.unwrap_or(Policy::default().sessions_max).saturating_mul(self.sources())
    }

    /// What keeps it from being faster, by its own figures.
    pub fn brake(&self) -> Brake {
        let rate = self.mails_per_second.map_or(f64::INFINITY, |rate| rate * f64::from(self.sources()));
        // A session costs a round trip and the service for each mail, and three round trips to begin and end.
        let mails = f64::from(self.mails_per_session.unwrap_or(Policy::default().mails_per_session_max));
        let turn = self.rtt() + self.service() + 3.0 * self.rtt() / mails;
        let by_sessions = f64::from(self.sessions()) / turn.max(1e-6);
        match (rate <= by_sessions, self.sessions) {
            (true, _) => Brake::Rate,
            (false, Some(_)) => Brake::Sessions,
            (false, None) => Brake::Ourselves,
        }
    }

    /// The carrier as the simulator plays it.
    pub fn script(&self, at: usize) -> CarrierScript {
        let sources = self.sources();
        let limits = Limits {
            sessions_max: self.sessions.map(|sessions| sessions.saturating_mul(sources)),
            refusal: self.refusal().unwrap_or(Refusal::Reply421),
            mails_per_second_max: self.mails_per_second.map(|rate| rate * f64::from(sources)),
            burst_mails: self.burst.unwrap_or(1).saturating_mul(sources),
            mails_per_session_max: self.mails_per_session,
            ..Limits::default()
        };
        let own = Policy::default();
        let policy = if self.told.unwrap_or(true) {
            let sessions_max = limits.sessions_max.unwrap_or(own.sessions_max.saturating_mul(sources));
            Policy {
                sessions_max,
                sessions_start: own.sessions_start.min(sessions_max),
                mails_per_second_max: limits.mails_per_second_max,
                burst_mails: limits.burst_mails,
                mails_per_session_max: limits.mails_per_session_max.unwrap_or(own.mails_per_session_max),
                ..own
            }
        } else {
            own
        };
        CarrierScript {
            policy: Policy { tls: TlsPolicy::Never, ..policy },
            rtt: Duration::from_secs_f64(self.rtt()),
            service: Duration::from_secs_f64(self.service()),
            limits,
            ways: Ways { greylist: self.greylist_s.map(Duration::from_secs_f64), ..Ways::default() },
            ..CarrierScript::new(&self.name, &domain(at))
        }
    }

    /// Its recipients: so many mails.
    pub fn group(&self, at: usize, mails: u32) -> Group {
        let unknown = self.unknown_share.filter(|share| *share > 0.0);
        // A share of at most 1 makes every first one or a later one.
        let unknown_every = unknown.map_or(0, |share| (1.0 / share).round().min(1e9) as u32);
        Group { unknown_every, ..Group::new(&domain(at), mails) }
    }
}

fn domain(at: usize) -> String {
    format!("c{at}.example")
}

/// So many people over the carriers by their shares, to the last one (largest remainders).
pub fn split(people: u32, rows: &[Row]) -> Vec<u32> {
    let total: f64 = rows.iter().map(|row| row.share).sum();
    let exact: Vec<f64> = rows.iter().map(|row| f64::from(people) * row.share / total).collect();
    // Each is at most `people`.
    let mut counts: Vec<u32> = exact.iter().map(|count| count.floor() as u32).collect();
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    let missing = people.saturating_sub(counts.iter().sum());
    for at in places.into_iter().cycle().take(missing as usize) {
        counts[at] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_read_and_every_key_of_a_row_is_explained_in_it() {
        let rows = read(EXAMPLE).unwrap();
        assert_eq!(rows.len(), 7);
        for key in [
            "name",
            "share",
            "rtt_ms",
            "service_ms",
            "sessions",
            "mails_per_second",
            "burst",
            "mails_per_session",
            "refusal",
            "sources",
            "told",
            "unknown_share",
            "greylist_s",
        ] {
            assert!(EXAMPLE.contains(&format!("#   {key} ")), "{key}");
        }
    }

    #[test]
    fn nobody_is_lost_in_splitting() {
        let rows = read(EXAMPLE).unwrap();
        for people in [1, 2, 99, 11_500, 1_000_003, 20_000_000] {
            assert_eq!(split(people, &rows).iter().sum::<u32>(), people);
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_carrier_and_what_to_write() {
        let wrong = |row: &str| read(&format!("[[carrier]]\nname = \"a\"\nshare = 1\n{row}")).unwrap_err();
        assert!(wrong("refusal = \"no\"").contains("carrier \"a\"") && wrong("refusal = \"no\"").contains("reset"));
        assert!(wrong("sessions = 0").contains("from 1"));
        assert!(wrong("mails_per_minute = 3").contains("mails_per_minute"));
        assert!(read("").unwrap_err().contains("[[carrier]]"));
    }

    #[test]
    fn the_brake_is_what_allows_the_least() {
        let row = |more: &str| read(&format!("[[carrier]]\nname = \"a\"\nshare = 1\n{more}")).unwrap().remove(0);
        assert_eq!(row("mails_per_second = 10").brake(), Brake::Rate);
        assert_eq!(row("sessions = 1\nmails_per_second = 100").brake(), Brake::Sessions);
        assert_eq!(row("").brake(), Brake::Ourselves);
    }
}
