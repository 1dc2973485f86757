//! What `hikyaku check` holds the set-up against.

use std::net::IpAddr;

use serde::Deserialize;

/// The port of SNTP (RFC 4330).
const NTP: u16 = 123;

/// What only the operator can know.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSettings {
    /// Domains of the organisation, in lower case.
    pub own_domains: Vec<String>,
    /// The addresses from which mails leave, as others see them.
    pub addresses: Vec<IpAddr>,
    time_server: Option<String>,
    disk_free_mb: u64,
}

impl Default for CheckSettings {
    fn default() -> Self {
        CheckSettings { own_domains: Vec::new(), addresses: Vec::new(), time_server: None, disk_free_mb: 2048 }
    }
}

impl CheckSettings {
    /// The server whose clock ours is compared with, as HOST:PORT.
    pub fn time_server(&self) -> Option<String> {
        let server = self.time_server.as_deref()?;
        // An IPv6 address has colons too, and brackets where a port follows.
        let has_port = server.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
        Some(if has_port { server.to_owned() } else { format!("{server}:{NTP}") })
    }

    /// How much is to be free on the disk of the data, in bytes.
    pub fn disk_free_bytes(&self) -> u64 {
        self.disk_free_mb.saturating_mul(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_server_without_a_port_is_asked_at_that_of_ntp() {
        let server =
            |name: &str| CheckSettings { time_server: Some(name.into()), ..CheckSettings::default() }.time_server();
        assert_eq!(server("ntp.nict.jp").as_deref(), Some("ntp.nict.jp:123"));
        assert_eq!(server("127.0.0.1:9123").as_deref(), Some("127.0.0.1:9123"));
        assert_eq!(server("[2001:db8::1]:123").as_deref(), Some("[2001:db8::1]:123"));
    }
}
