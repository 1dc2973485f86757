//! Pages that are fetched: what the running server tells monitoring, and the MTA-STS policy.

use hikyaku_feeds::edge::{Client, ClientSettings, Dial};
use hikyaku_feeds::poll::{Answer, Validators};

use crate::check::facts::{Names, Sources};
use crate::settings::Settings;

/// Longest page of metrics that is read, in bytes.
const METRICS_BYTES: usize = 4 << 20;
/// Longest policy that is read, in bytes (RFC 8461 §3.3).
const POLICY_BYTES: usize = 64 << 10;

/// How the sources of telegrams do, as the running server says.
pub async fn sources(settings: &Settings) -> Sources {
    let Some(site) = &settings.metrics else { return Sources::Unwatched };
    let mut listen = site.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    match fetch(Dial::Loopback, &format!("http://{listen}/metrics"), METRICS_BYTES).await {
        Ok(text) => Sources::Alarms(alarms(&text)),
        Err(problem) => Sources::Silent(problem),
    }
}

/// Source and kind of each alarm.
fn alarms(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("hikyaku_source_alarm{")?.strip_suffix("} 1"));
    let label = |labels: &str, name: &str| -> Option<String> {
        let (_, rest) = labels.split_once(&format!("{name}=\""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    lines.filter_map(|labels| Some((label(labels, "source")?, label(labels, "kind")?))).collect()
}

/// The policy of a domain that announces one.
pub async fn sts_policy(domain: &str, names: &Names) -> Option<Result<String, String>> {
    let is_announced = names.texts(&format!("_mta-sts.{domain}")).iter().any(|text| text.starts_with("v=STSv1"));
    if !is_announced {
        return None;
    }
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    Some(fetch(Dial::Internet, &url, POLICY_BYTES).await)
}

async fn fetch(dial: Dial, url: &str, bytes_max: usize) -> Result<String, String> {
    let client = Client::new(ClientSettings { dial, ..ClientSettings::default() })?;
    match client.fetch(url, &Validators::default(), bytes_max).await {
        Answer::Found { bytes, .. } => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Answer::Failed(failure) => Err(failure.to_string()),
        _ => Err("the server sent no page".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::alarms;

    #[test]
    fn alarms_are_read_from_the_page_for_monitoring() {
        let page =
            "hikyaku_source_failures{source=\"extra\"} 3\nhikyaku_source_alarm{source=\"eqvol\",kind=\"stale\"} 1\n";
        assert_eq!(alarms(page), [("eqvol".to_owned(), "stale".to_owned())]);
    }
}
