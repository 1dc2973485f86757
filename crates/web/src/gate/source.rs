//! Where a request comes from: the other end of the connection, or what a trusted proxy says stands behind it.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Whose word about the client's address is believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// The networks of our proxies; none means that nobody's word is believed.
    pub networks: Vec<IpNet>,
    /// The header in which they say it, such as `x-forwarded-for`: addresses with commas, the nearest last.
    pub header: Option<HeaderName>,
}

impl Proxies {
    /// The client of a connection from `peer`: the last address that no trusted proxy has.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut at = peer.to_canonical();
        let Some(header) = &self.header else { return at };
        let said: Vec<&str> = headers.get_all(header).iter().filter_map(|value| value.to_str().ok()).collect();
        let mut said: Vec<&str> = said.iter().flat_map(|value| value.split(',')).map(str::trim).collect();
        while self.networks.iter().any(|network| network.contains(&at)) {
            let Some(next) = said.pop().and_then(|text| text.parse::<IpAddr>().ok()) else { break };
            at = next.to_canonical();
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, said: &str) -> String {
        let proxies = Proxies {
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            header: Some(HeaderName::from_static("x-forwarded-for")),
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", said.parse().unwrap());
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_its_own_neighbour() {
        assert_eq!(client("10.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(client("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(client("192.0.2.1", "203.0.113.9"), "192.0.2.1", "a stranger's word is not believed");
        assert_eq!(client("10.0.0.1", "nonsense"), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", "203.0.113.9"), "203.0.113.9");
    }
}
