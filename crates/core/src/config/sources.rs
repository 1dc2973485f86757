//! The rows of the carrier table about our own addresses.

use std::net::IpAddr;

use serde::Deserialize;
use toml::Spanned;

use super::bounds::{Count, Rate};
use super::table::{Table, TableError};
use crate::route::{Source, SourceLimits};

/// `[[source]]`: one address of ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceToml {
    address: IpAddr,
    helo: Option<String>,
    #[serde(default)]
    carriers: Vec<Spanned<String>>,
    #[serde(default)]
    limits: SourceLimitsToml,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceLimitsToml {
    sessions_max: Option<Count>,
    mails_per_second_max: Option<Rate>,
    burst_mails: Option<Count>,
    connects_per_minute_max: Option<Count>,
}

impl SourceToml {
    /// The source, if the table knows every carrier it names.
    pub(super) fn build(self, table: &Table<'_>) -> Result<Source, TableError> {
        let most = |Count(count)| count;
        let limits = SourceLimits {
            sessions_max: self.limits.sessions_max.map(most),
            mails_per_second_max: self.limits.mails_per_second_max.map(|Rate(rate)| rate),
            burst_mails: self.limits.burst_mails.map(most),
            connects_per_minute_max: self.limits.connects_per_minute_max.map(most),
        };
        let carriers = table.carriers(self.carriers)?;
        Ok(Source { address: self.address, helo: self.helo, carriers, limits })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Carriers;

    const TABLE: &str = "[default]\n[[carrier]]\nname = \"docomo\"\ndomains = []\nsource = \"test\"\n";

    fn read(rows: &str) -> Result<Carriers, String> {
        Carriers::read(&format!("{TABLE}{rows}")).map_err(|e| e.to_string())
    }

    #[test]
    fn an_address_has_a_name_carriers_and_limits() {
        let rows = "[[source]]\naddress = \"192.0.2.7\"\nhelo = \"mail1.example.jp\"\ncarriers = [\"docomo\"]\n\
                    limits = { sessions_max = 3 }\n[[source]]\naddress = \"2001:db8::7\"\n";
        let carriers = read(rows).unwrap();
        let [one, two] = &carriers.sources[..] else { panic!("{:?}", carriers.sources) };
        assert_eq!((one.helo.as_deref(), one.limits.sessions_max), (Some("mail1.example.jp"), Some(3)));
        assert!(two.carriers.is_empty() && two.address.is_ipv6());
    }

    #[test]
    fn a_wrong_address_key_or_carrier_is_named_with_its_line() {
        for (rows, word, line) in [
            ("[[source]]\naddress = \"192.0.2.777\"\n", "IP address", "line 7"),
            ("[[source]]\naddres = \"192.0.2.7\"\n", "addres", "line 7"),
            ("[[source]]\naddress = \"192.0.2.7\"\ncarriers = [\"docomoo\"]\n", "docomoo", "line 8"),
        ] {
            let error = read(rows).unwrap_err();
            assert!(error.contains(word) && error.contains(line), "{error}");
        }
    }
}
