//! Who we are to others, read out of the configuration and the key files that it names.

use hikyaku_core::Config;
use hikyaku_core::time::Instant;
use jiff::Timestamp;

use crate::check::facts::{Helo, Identity, SigningKey};
use crate::settings::Settings;

/// Reads it.
///
/// # Errors
/// One line that names the key and what to mend.
pub fn identity(settings: &Settings, config: &Config, now: Timestamp) -> Result<Identity, String> {
    let sender = settings.mail.sender(&settings.answers.address)?;
    let return_path = sender.return_path.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
    let sources = config.carriers.sources();
    let mut addresses = settings.check.addresses.clone();
    addresses.extend(sources.iter().map(|source| source.address));
    addresses.sort_unstable();
    addresses.dedup();
    let now = Instant::from_micros(u64::try_from(now.as_microsecond()).unwrap_or_default());
    let keys = config.signing.dkim.iter().map(|key| SigningKey {
        domain: key.domain.to_ascii_lowercase(),
        selector: key.selector.clone(),
        record: key.record().map(|(_, text)| text).map_err(|e| e.to_string()),
        signs_now: key.from <= now && now < key.until,
    });
    Ok(Identity {
        from: sender.from.address.domain().to_string(),
        return_path,
        helo: helos(config, &addresses),
        is_relayed: config.relay.is_some(),
        keys: keys.collect(),
        web: host(&settings.answers.address).to_owned(),
        own: settings.check.own_domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
        addresses,
    })
}

/// The name of each address; those without one of their own share the usual one.
fn helos(config: &Config, addresses: &[std::net::IpAddr]) -> Vec<Helo> {
    let mut helos: Vec<Helo> = Vec::new();
    for address in addresses {
        let own = config.carriers.sources().iter().find(|source| source.address == *address);
        let name = own.and_then(|source| source.helo.clone()).unwrap_or_else(|| config.helo.clone());
        match helos.iter_mut().find(|helo| helo.name == name) {
            Some(helo) => helo.addresses.push(*address),
            None => helos.push(Helo { name, addresses: vec![*address] }),
        }
    }
    if helos.is_empty() {
        helos.push(Helo { name: config.helo.clone(), addresses: Vec::new() });
    }
    helos
}

/// The host of an address that begins with http:// or https://.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn the_host_of_the_links_is_found_with_and_without_a_port() {
        assert_eq!(host("https://anpi.example.go.jp/"), "anpi.example.go.jp");
        assert_eq!(host("http://127.0.0.1:8080/a/"), "127.0.0.1");
    }
}
